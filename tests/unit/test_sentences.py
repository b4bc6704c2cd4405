"""The sentences that a user reads, in messages and help texts, are easy to read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pulumi_tione"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "outputs.py")
PUBLIC = ("training_task.py", "functions.py", "args.py", "outputs.py")
"""The modules whose docstrings `help()` shows, next to those of the commands."""

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|nothing|nobody|nowhere|without|cannot|\w+n't)\b", re.IGNORECASE
)
_END = re.compile(r"(?<=[.!?;:])\s+|\n\n")
_MAX_NEGATIONS = 2


def texts_in(module: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module that a user may read, with its line: what an f-string fills in is `X`."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    shows_docstrings = module.parent.name == "cli" or module.name in PUBLIC
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            filled = (part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
            yield node.lineno, "".join(str(part) for part in filled)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield from [(node.lineno, node.value)] if shows_docstrings or id(node) not in comments else ()


def negations_in(sentence: str) -> list[str]:
    return _NEGATION.findall(re.sub(r"`[^`]*`", "X", sentence))


def test_negations_are_counted() -> None:
    assert negations_in("Nothing is sent, and no task isn't there without it, `not this`.") == [
        "Nothing",
        "no",
        "isn't",
        "without",
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_sentence_has_three_negations(module: Path) -> None:
    wrong = [
        f"{module}:{line}: {' '.join(sentence.split())}"
        for line, text in texts_in(module)
        for sentence in _END.split(text)
        if len(negations_in(sentence)) > _MAX_NEGATIONS
    ]
    assert wrong == []


RUNS_THE_PROGRAM = re.compile(r"[^`\n]*pulumi (?:refresh|destroy|\{\w+\}|X)[^`\n]* --run-program")
DOCUMENTS = [PACKAGE.parent / "README.md", *sorted((PACKAGE.parent / "docs").rglob("*.md"))]


def test_every_recommended_command_that_runs_the_program_skips_the_waits() -> None:
    texts = [text for module in MODULES for _, text in texts_in(module)]
    texts += [document.read_text(encoding="utf-8") for document in DOCUMENTS]
    commands = [found.rpartition("`")[2].strip() for text in texts for found in RUNS_THE_PROGRAM.findall(text)]
    assert len(commands) >= 4
    assert [command for command in commands if "TIONE_WAIT=false pulumi " not in command] == []
