"""Text for the engine to display: without secrets, without control characters, without the engine's colour codes.

`sanitize` in `_text.py` does all but the colour codes. Messages are sent to the engine in `log.py`.
"""

from __future__ import annotations

from pulumi_tione._masking import mask
from pulumi_tione._text import sanitize


def displayable(message: str) -> str:
    """Return a one-line message that is safe to display, whatever text of the service it contains.

    Secrets of the current call are masked and control characters are escaped. `<{%` starts a colour code: the engine
    crashes when it does not know the colour.
    """
    return sanitize(message).replace("<{%", "<{ %")


def displayable_report(report: str) -> str:
    """Return a report of several lines that is safe to display."""
    return "\n".join(displayable(line) for line in mask(report).split("\n"))
