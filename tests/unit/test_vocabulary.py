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
        ("def f(_):\n    return _", "_"),
        ("f = lambda _olds: _olds", "_olds"),
        ("@dataclass\nclass C:\n    _olds: int = 0", "_olds"),
        ("class Adoption: ...", "adoption"),
        ("_MAX_PAIRS = 3", "pairs"),
        ("def without_colours(): ...", "without_colours"),
        ("UNLABELLED = 1", "unlabelled"),
        ("# a task that was not labelled", "labelled"),
        ("# fewer answers than wanted", "wanted"),
        ("# observed by running it", "observed"),
        ("# in doubt it is sent again", "doubt"),
        ("# the presence of a task", "presence"),
        ("# at a slower pace", "pace"),
        ("# numbered names", "numbered names"),
        ("# the task is adopted", "adopted"),
        ("# a survey of the account", "survey"),
        ("# the goal of a wait", "goal"),
        ("# tasks rest at once", "tasks rest"),
        ("# orders for the service", "orders"),
        ("# a pair of a spec and a count", "pair"),
    ],
)
@pytest.mark.parametrize("path", ["pulumi_tione/example.py", "tests/unit/test_example.py"])
def test_a_word_that_is_no_longer_used_is_found(path: str, source: str, word: str) -> None:
    assert word in [finding.word for finding in SCAN.findings_of(path, source)]


@pytest.mark.parametrize("name", ["main.go", "Ask.java", "ask.js", "run.sh"])
def test_a_word_is_found_in_the_identifiers_of_other_languages(name: str) -> None:
    assert [finding.word for finding in SCAN.findings_of(name, "var isTold = other")] == ["told"]


@pytest.mark.parametrize(
    "name", ["page.md", "ci.yml", "schema.json", "list.txt", "reasons.toml", "image.svg", ".ci/run"]
)
def test_a_word_is_found_in_every_text(name: str) -> None:
    assert [finding.word for finding in SCAN.findings_of(name, "a task at rest")] == ["at rest"]


def test_every_text_that_is_written_here_is_read() -> None:
    paths = SCAN.files()
    assert {"tools/clients/go/main.go", "tools/clients/java/Ask.java", "tests/emulator/ask.js", "mkdocs.yml"} <= {
        *paths
    }
    assert {"docs/llms.txt", "pulumi_tione/review/schema.json", "docs/images/up.svg", ".ci/run", "Makefile"} <= {*paths}


@pytest.mark.parametrize(
    "source",
    [
        "import logging\nlogging.basicConfig(level=1)",
        "def look_up(): ...",
        "x = 'numberedFrom'",
        "def f(_unused): ...",
        "# the rest of the list, in the order of its names",
        "# half a surrogate pair, and a key pair",
        "@dataclass\nclass C:\n    _tags: Tags = field(default_factory=dict, init=False)\n    _KIND: ClassVar[str]",
    ],
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
