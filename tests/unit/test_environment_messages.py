"""The sentences of `environments/messages.py` that have parts: each whole text."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulumi_tione.environments import messages


def test_what_is_shown_about_another_command() -> None:
    assert messages.other_command("up", "host/1") == "`env up` works on it on host/1"
    assert messages.waiting_for("env-x", "REASON", 600) == "env-x: REASON. Waiting up to 10 min"
    assert messages.waited_too_long("env-x", "REASON") == (
        "env-x: REASON. Try again later, or wait longer with --wait-lock"
    )
    assert messages.is_locked("env-x", "alice") == "env-x is locked by alice"
    assert messages.lock_removed("env-x") == "env-x: the lock of a killed update is removed"


def test_what_is_not_done_and_why() -> None:
    assert messages.made_by_hand("env-x") == (
        "env-x has the name of an environment, but was made by hand: it has resources and no tags of an environment. "
        "It was left alone"
    )
    assert messages.no_environment("x") == "the branch 'x' has no environment. Nothing was changed"
    assert messages.not_a_branch("-x") == "'-x' is not the name of a branch"
    assert messages.preview_failed("") == "the preview failed. Nothing was changed. See its output"
    assert messages.preview_failed("a; b") == "the preview failed. Nothing was changed. a; b"
    assert messages.settings_from_variables(ValueError("no")) == (
        "the settings come from the environment variables alone: no"
    )
    assert messages.unreadable_files(ValueError("no")) == "its files cannot be read: no"
    assert messages.has_ended("FAILED") == "it has ended (FAILED)"


@pytest.mark.parametrize(
    "words",
    [
        messages.NOTHING_TO_TAKE_DOWN,
        messages.OTHER_COMMAND_HERE,
        messages.WAIT_FOR_UPDATE.partition(";")[0],
        messages.lock_removed("").removeprefix(": "),
        messages.made_by_hand("").partition(",")[0].strip(),
        messages.no_environment("").partition("'' ")[2].partition(".")[0],
        messages.not_a_branch("").removeprefix("'' "),
        messages.preview_failed("").partition(". ")[2],
        messages.settings_from_variables(ValueError()).rstrip(": "),
        messages.DOES_NOT_EXIST,
    ],
)
def test_other_tests_name_a_sentence_instead_of_repeating_it(words: str) -> None:
    tests = Path(__file__).parents[1]
    assert len(words.split()) >= 3
    assert [
        str(path.relative_to(tests))
        for path in sorted(tests.rglob("*.py"))
        if path != Path(__file__) and words in path.read_text(encoding="utf-8")
    ] == []
