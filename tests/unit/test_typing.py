"""Type checkers accept correct programs and find the errors in others. mypy checks them here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "typing"
ACCEPTED = PROGRAMS / "accepted.py"
REJECTED = PROGRAMS / "rejected.py"
_EXPECTED = re.compile(r"# E: (.+)$")
_MESSAGE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): (?P<severity>error|note): (?P<text>.*)$")

Errors = dict[str, dict[int, list[str]]]


@pytest.fixture(scope="module")
def errors() -> Errors:
    """What mypy finds, by file and line: one run for both programs."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--no-pretty",
        str(ACCEPTED),
        str(REJECTED),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: Errors = {ACCEPTED.name: {}, REJECTED.name: {}}
    for line in done.stdout.splitlines():
        message = _MESSAGE.match(line)
        assert message, line
        if message["severity"] == "error":
            of_the_file = found.setdefault(Path(message["file"]).name, {})
            of_the_file.setdefault(int(message["line"]), []).append(message["text"])
    return found


EXPECTED = {
    number: expected[1]
    for number, line in enumerate(REJECTED.read_text(encoding="utf-8").splitlines(), 1)
    if (expected := _EXPECTED.search(line))
}


def test_right_programs_are_accepted(errors: Errors) -> None:
    assert errors[ACCEPTED.name] == {}


def test_the_package_itself_is_clean_for_its_users(errors: Errors) -> None:
    assert set(errors) == {ACCEPTED.name, REJECTED.name}


@pytest.mark.parametrize("line", EXPECTED)
def test_what_is_wrong_in_a_program_is_found_at_its_line(errors: Errors, line: int) -> None:
    found = errors[REJECTED.name].get(line, [])
    assert any(EXPECTED[line] in text for text in found), found


def test_nothing_else_is_found(errors: Errors) -> None:
    assert set(errors[REJECTED.name]) == set(EXPECTED)
