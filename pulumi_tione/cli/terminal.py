"""What goes to the terminal: harmless whatever it says, in columns, and times as a reader wants them."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import click

from pulumi_tione._masking import mask
from pulumi_tione._text import sanitize as sanitize


def is_attended() -> bool:
    """Check whether somebody is there who can be asked."""
    return sys.stdin.isatty()


def is_confirmed(question: str, yes: bool) -> bool:
    """Ask, unless the answer is known to be yes. The question goes to standard error, beside what is printed."""
    return yes or click.confirm(question, err=True)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Give rows of texts in columns, with their heads."""
    lines = [heads, *([sanitize(cell) for cell in row] for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _width(text: str) -> int:
    """Chinese characters are two columns wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def json_text(value: Any, indent: int | None = 2) -> str:
    """Return a value as JSON that a terminal shows and does nothing else with, its secrets masked."""
    text = json.dumps(_masked(value), indent=indent, ensure_ascii=False)
    return "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: _masked(part) for key, part in value.items()}
    return [_masked(part) for part in value] if isinstance(value, (list, tuple)) else value


_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def age(since: timedelta) -> str:
    """Give a length of time in its two largest units: `2 h 10 min`."""
    left = max(int(since.total_seconds()), 0)
    parts: list[tuple[int, str]] = []
    for length, unit in _UNITS:
        count, left = divmod(left, length)
        if count or (parts and len(parts) < 2):
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"
