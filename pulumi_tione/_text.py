"""Texts that came from elsewhere, as they may be shown, and lengths of time in words."""

from __future__ import annotations

from pulumi_tione._masking import mask


def sanitize(text: object) -> str:
    """Give a text that came from elsewhere so that a terminal shows it and does nothing else.

    Names, tags, log lines and messages of the service may hold anything: control characters are escaped, and what is
    secret in the current call is masked.
    """
    return escape_control_characters(mask(str(text)))


def escape_control_characters(text: str) -> str:
    """Return a text with its control characters escaped and nothing masked, for what decisions are made by."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def sanitize_line(text: object) -> str:
    """Give a line of a log as `sanitize` does, with its tabs as blanks and without the blanks at its end."""
    return sanitize(str(text).expandtabs().rstrip())


def format_duration(seconds: float) -> str:
    """Say how long, in seconds, minutes or hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
