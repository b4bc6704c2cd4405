"""One thing has one word: words that the project no longer uses do not come back."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def scanner() -> types.ModuleType:
    specification = importlib.util.spec_from_file_location("scan_words", ROOT / "tools" / "vocabulary" / "scan.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


SCAN = scanner()


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("def is_told(): ...", "told"),
        ("class LookoutPoint: ...", "lookout"),
        ("_MOST_PAGES = 3", "MOST"),
        ("there = 1", "there"),
        ("# whoever asks", "whoever"),
        ("x = 'a task at rest'", "at rest"),
        ("# a look-up by name", "look-up"),
        ('def f():\n    """Give a value."""', "Give"),
        ("def f(_olds):\n    return _olds", "_olds"),
    ],
)
def test_a_word_that_is_no_longer_used_is_found(source: str, word: str) -> None:
    assert word in [finding.word for finding in SCAN.findings_of("pulumi_tione/example.py", source)]


@pytest.mark.parametrize(
    "source",
    ["import logging\nlogging.basicConfig(level=1)", "def look_up(): ...", "x = 'numberedFrom'", "def f(_unused): ..."],
)
def test_ordinary_words_and_names_in_states_are_not_found(source: str) -> None:
    assert [*SCAN.findings_of("pulumi_tione/example.py", source)] == []


def test_the_project_does_not_use_such_words() -> None:
    findings = [
        str(finding)
        for path in SCAN.files()
        for finding in SCAN.findings_of(path, (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert findings == []


def test_there_are_at_most_ten_exceptions_each_with_a_reason() -> None:
    assert len(SCAN.EXCEPTIONS) <= 10
    assert all(len(reason) > 10 for reason in SCAN.EXCEPTIONS.values())
