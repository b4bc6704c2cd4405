"""Texts from elsewhere, made safe to show.

`sanitize` masks secrets (`_masking.py`) and escapes control characters. What the engine displays passes
`_pulumi/display.py` as well.
"""

from __future__ import annotations

from pulumi_tione._masking import mask


def sanitize(text: object) -> str:
    """Return a text from elsewhere so that a terminal shows it and does nothing else.

    Names, tags, log lines and messages of the service may contain anything: control characters are escaped, and the
    secrets of the current call are masked.
    """
    return escape_control_characters(mask(str(text)))


def escape_control_characters(text: str) -> str:
    """Return a text with its control characters escaped and nothing masked, for values that decide something."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def sanitize_line(text: object) -> str:
    """Return a log line as `sanitize` does, with spaces for its tabs and without trailing spaces."""
    return sanitize(str(text).expandtabs().rstrip())


def kind_of(value: object) -> str:
    """Return the kind of a value in words, never its content, which may be a secret."""
    kinds = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a map"}
    return kinds.get(type(value), "nothing" if value is None else f"a {type(value).__name__}")
