"""Output for a terminal: sanitized texts, tables, JSON; and questions.

Every text that is printed is masked and escaped here (`_text.py`). Errors are printed in `cli/__init__.py`.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import click

from pulumi_tione._masking import mask
from pulumi_tione._text import sanitize as sanitize


def is_attended() -> bool:
    """Check whether somebody can be asked."""
    return sys.stdin.isatty()


def is_confirmed(question: str, yes: bool) -> bool:
    """Ask for confirmation, unless `--yes` was given. The question goes to standard error."""
    return yes or click.confirm(question, err=True)


def show(line: str = "") -> None:
    """Show a line on standard error, apart from the command's result."""
    click.echo(sanitize(line), err=True)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of texts in columns, below their heads."""
    lines = [heads, *([sanitize(cell) for cell in row] for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _width(text: str) -> int:
    """Return how many columns a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def json_text(value: Any, indent: int | None = 2) -> str:
    """Return a value as JSON that is safe to show in a terminal, with its secrets masked."""
    text = json.dumps(_masked(value), indent=indent, ensure_ascii=False)
    return "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: _masked(part) for key, part in value.items()}
    return [_masked(part) for part in value] if isinstance(value, (list, tuple)) else value
