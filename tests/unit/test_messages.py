"""The sentences of `lifecycle/messages.py` that have parts: each whole text, with and without them."""

from __future__ import annotations

import pytest
from fake_api import no_answer, refusal

from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle import messages

TITLE = "training task 'bert' (train-1)"
EVENTS = "`pulumi-tione events train-1 --region ap-guangzhou`"


def test_a_create_that_failed_shows_whether_there_may_be_a_task() -> None:
    refused, lost = refusal("InvalidParameter"), no_answer("CreateTrainingTask")
    assert messages.create_failed("bert", refused) == f"training task 'bert' was not created: {refused}"
    assert messages.create_failed("bert", refused, None, 2) == (
        f"training task 'bert' was not created in 2 attempts: {refused}"
    )
    again = "Run `pulumi up` again: it finds the task by its name. `pulumi-tione orphans` also lists it"
    assert messages.create_failed("bert", lost, lost) == (
        f"training task 'bert' may or may not have been created: {lost}. {again}"
    )
    assert messages.create_failed("bert", refused, lost, 3) == (
        f"training task 'bert' may or may not have been created in 3 attempts: {lost}. The last error: {refused}. "
        f"{again}"
    )


@pytest.mark.parametrize(
    ("is_generated", "are_kept", "hint"),
    [
        (False, False, " If the service may keep the names of deleted tasks, choose another name"),
        (False, True, " If the service may keep the names of deleted tasks, choose another name"),
        (True, True, ""),
        (
            True,
            False,
            " If the service may keep the names of deleted tasks, run `pulumi config set tione:deletedNamesAreKept "
            "true`, and the name then gets a suffix such as `-2`",
        ),
    ],
)
def test_a_name_without_a_visible_task_has_the_remedy_that_helps(is_generated: bool, are_kept: bool, hint: str) -> None:
    refused = refusal("FailedOperation.DuplicateName")
    text = messages.name_has_no_holder("bert", refused, is_generated=is_generated, are_names_kept=are_kept)
    assert text == (
        "training task 'bert' was not created: the service reports that the name is taken, but shows no task with it. "
        f"If such a task was created or deleted just now, run `pulumi up` again in a minute.{hint} "
        "(FailedOperation.DuplicateName: no, request id r-1)"
    )


def test_a_refusal_is_shown_with_its_code_its_text_and_its_request() -> None:
    assert messages.refused_as(None) == ""
    assert messages.refused_as(refusal("Code")) == " (Code: no, request id r-1)"


def test_a_time_before_the_clock_is_none() -> None:
    assert messages.created_just_now(-3) == "was created only 0 s ago"
    assert messages.created_just_now(3.4) == "was created only 3 s ago"


def test_a_stop_shows_the_status_as_far_as_it_is_known() -> None:
    assert messages.stopping("RUNNING", is_known=True) == "RUNNING: waiting until it stops"
    assert messages.stopping("PAUSED", is_known=False) == "PAUSED, an unknown status: waiting until it stops"
    assert messages.stopping(None, is_known=True) == "active: waiting until it stops"
    assert messages.stop_progress("STOPPING", was_requested=True) == (
        "the task was asked to stop, and is STOPPING; it may still cost money"
    )
    assert messages.stop_progress(None, was_requested=False) == (
        "the task is in an unknown status; it may still cost money"
    )


@pytest.mark.parametrize("refused", ["", "refused"])
def test_a_task_that_does_not_stop_shows_the_refusal_if_there_was_one(refused: str) -> None:
    shown = f" {refused}" if refused else ""
    assert messages.does_not_stop(TITLE, "RUNNING", 30, refused, EVENTS) == (
        f"{TITLE} was asked to stop, but is RUNNING after 30 minutes, and may still cost money.{shown}"
        f" Try again, stop it in the console, or see {EVENTS}"
    )


def test_a_task_that_still_exists_shows_its_status_if_it_is_visible() -> None:
    for status, shown in (("STOPPED", "STOPPED"), (None, "its status is not visible")):
        assert messages.still_exists(TITLE, 4, status, EVENTS) == (
            f"{TITLE} was deleted 4 times, but still exists: {shown}. It stays in the state. Try again, or see {EVENTS}"
        )


@pytest.mark.parametrize(
    ("done", "left", "progress"),
    [
        ([], [], ""),
        ([], ["tags"], ""),
        ([], ["tags", "log delivery"], " (changed: nothing; not changed: tags, log delivery)"),
        (["settings", "tags"], ["run state"], " (changed: settings, tags; not changed: run state)"),
        (["tags"], [], " (changed: tags)"),
    ],
)
def test_an_update_that_failed_shows_what_is_done_where_it_has_several_steps(
    done: list[str], left: list[str], progress: str
) -> None:
    assert (
        messages.not_changed(TITLE, done, left, TaskError("no")) == f"{TITLE} was not changed completely{progress}: no"
    )
    assert messages.not_changed(TITLE, done, left, KeyError("Status")) == (
        f"{TITLE} was not changed completely{progress}: a response could not be used (KeyError)"
    )


def test_what_an_update_warns_of() -> None:
    lost = no_answer("StartTrainingTask")
    assert messages.labels_missing("train-1", {"b", "a"}, lost) == f"train-1 does not have the labels a, b yet: {lost}"
    assert messages.rerun_not_due("train-1", "RUNNING", "run-2") == (
        "train-1 was not started again: by now it is RUNNING, run run-2"
    )
    assert messages.rerun_not_due("train-1", "RUNNING", "") == "train-1 was not started again: by now it is RUNNING"
    assert messages.perhaps_started(lost, 35.0) == (
        f"it may or may not have been started again ({lost}); after 35 s no new run is visible. Run `pulumi up` again: "
        "it starts the task only if there is no new run by then"
    )
    assert messages.tags_not_shown(["a", "b"], "after 35 s") == (
        "the tags a, b were accepted, but are not visible after 35 s. Run `pulumi up` again"
    )
    assert messages.tags_not_changed({"set": ["a"], "not set": [], "removed": ["b", "c"]}, lost) == (
        f"not all tags were changed (set: a; removed: b, c): {lost}"
    )


def test_a_call_that_had_to_end_shows_why_during_what_and_what_to_do() -> None:
    assert messages.call_ended(TITLE, "cancelled", "waiting") == (
        f"{TITLE}: cancelled while waiting. Run the command again"
    )
    assert messages.call_ended(TITLE, "cancelled", "waiting", messages.STAYS_IN_STATE) == (
        f"{TITLE}: cancelled while waiting. It stays in the state. Run the command again"
    )
