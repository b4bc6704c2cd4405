"""The commands that documents show and that messages print, read from the documents and from the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

_COMMAND = r"(?:TIONE_WAIT=false )?(?:pulumi|pulumi-tione|pip) [^`]+"
_INLINE = re.compile(rf"`({_COMMAND})`")
_IN_A_SHELL = re.compile(rf"(?:\$ )?({_COMMAND})")


def documented_commands() -> dict[str, str]:
    """Return the commands in the documents, each with the file that shows it first."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")]
    for page in ("guide", "zh"):  # `test_first_task` runs it, from an empty folder
        files.remove(ROOT / "docs" / page / "first-task.md")
    return {command: str(file.relative_to(ROOT)) for file in reversed(files) for command in _in_document(file)}


def _in_document(file: Path) -> Iterator[str]:
    prose = []
    language: str | None = None
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            language = None if language is not None else line[3:].strip()
        elif language is None:
            prose.append(line)
        elif language in ("sh", "bash", "console") or line.startswith("$ "):
            match = _IN_A_SHELL.fullmatch(line.partition("  #")[0].strip())
            if match:
                yield match[1]
    yield from (" ".join(match[1].split()) for match in _INLINE.finditer("\n".join(prose)))


def printed_commands() -> dict[str, str]:
    """Return the commands in the messages of the package, with `{…}` for what a message fills in."""
    commands: dict[str, str] = {}
    for file in sorted((ROOT / "pulumi_tione").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) in docstrings | parts:
                continue
            for match in _INLINE.finditer(_text(node)):
                commands[" ".join(match[1].split())] = str(file.relative_to(ROOT))
    return commands


def _text(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(
                f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else _text(part)
                for part in values
            )
        case _:
            return ""
