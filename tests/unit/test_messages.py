"""The sentences of `lifecycle/messages.py` that have parts: each whole text, with and without them."""

from __future__ import annotations

from pathlib import Path

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


def test_what_the_provider_adds_to_an_error() -> None:
    assert messages.of_task(messages.new_task_title("bert"), "no") == "training task 'bert': no"
    assert messages.unexpected("create", KeyError("Id")) == (
        "create failed unexpectedly (KeyError: 'Id'). Please report it"
    )
    assert messages.set_newer_credentials("destroy") == (
        ". Set new ones and run your command again. A plain `pulumi destroy` uses the config of the last update: run "
        "`TIONE_WAIT=false pulumi destroy --run-program` instead, which uses the current one"
    )


def test_what_a_create_warns_of() -> None:
    assert messages.created_but_not_recorded("train-1", ValueError("x")) == (
        "train-1 was created, but what the service returned of it cannot be recorded: ValueError"
    )
    lost = no_answer("TagResources")
    assert messages.created_without_tags("train-1", lost) == (
        f"train-1 was created, but lacks tags; the next `pulumi up` tries again: {lost}"
    )
    refused = refusal("FailedOperation.DuplicateName")
    assert messages.holder_unknown("bert", refused, lost) == (
        f"training task 'bert' was not created: {refused}; what has the name: {lost}"
    )


def test_a_task_that_is_in_the_way_is_described_with_what_to_do() -> None:
    labels = messages.with_labels_of("bert", "dev", "nlp")
    assert labels == "with the labels of the resource 'bert' of stack 'dev', project 'nlp'"
    texts = [
        messages.already_exists("train-1", "bert-2", "RUNNING", "today", labels, is_same_content=is_same)
        for is_same in (True, False)
    ]
    assert texts == [
        f"train-1 already exists, named 'bert-2', status RUNNING, created today, {labels}, created with {inputs} inputs"
        for inputs in ("the same", "different")
    ]
    assert messages.name_is_taken("bert", "HOLDER", "STEPS.", refusal("Code")) == (
        "training task 'bert' was not created: HOLDER. STEPS. (Code: no, request id r-1)"
    )
    assert messages.name_is_taken("bert", "HOLDER", "STEPS.") == "training task 'bert' was not created: HOLDER. STEPS."
    assert messages.leftover_exists("bert", "TASK", "STEPS.") == (
        "training task 'bert' was not created: TASK. An interrupted update may have left it. STEPS."
    )
    assert messages.keep_if_yours("KEEP") == (
        "Choose another name; or, if it is yours, keep it: KEEP. Then run `pulumi up` again."
    )
    assert messages.keep_or_delete("KEEP", "DELETE") == (
        "To keep it: KEEP. To get rid of it: DELETE. Then run `pulumi up` again."
    )
    assert messages.name_of_another_resource("bert") == (
        "If your program still declares 'bert', choose another name for one of the two. If you have renamed it, add "
        "`aliases=[pulumi.Alias(name='bert')]` to the options of this resource, and the task is left as it is."
    )
    assert messages.name_of_another_stack("EVENTS") == (
        "It does not belong to this stack. Choose another name. EVENTS shows it."
    )
    assert messages.KEPT_BY_RETAIN_ON_DELETE == (
        "retain_on_delete keeps it. To create another task next to it, change `triggers`, or `name` if the program "
        "sets one."
    )
    assert (messages.WITHOUT_LABELS, messages.WITH_OWN_LABELS) == (
        "without labels",
        "with the labels of this resource",
    )


@pytest.mark.parametrize(("workspace", "shown"), [(None, "default"), ("", "default"), ("p-1", "p-1")])
def test_a_task_that_is_not_found_is_shown_with_where_it_was_looked_for(workspace: str | None, shown: str) -> None:
    assert messages.no_such_task("train-1", "ap-guangzhou", workspace, "100") == (
        f"there is no training task train-1 (region ap-guangzhou, workspace {shown}) in account 100"
    )
    assert messages.other_account(TITLE, "ap-guangzhou", "100", "200") == (
        f"{TITLE} belongs to account 100 in ap-guangzhou, but the credentials in use are of account 200: it may still "
        "run. Set credentials of account 100, then try again"
    )
    assert messages.account_not_recorded(TITLE, "ap-guangzhou", "200") == (
        f"{TITLE} is not visible in ap-guangzhou with the credentials of account 200, and the state does not record "
        "its account. Look for it in the console. If it is gone, run `pulumi state delete` with its URN"
    )


def test_a_start_is_announced_or_refused() -> None:
    assert messages.imported_fields_kept(["remark", "triggers"]) == (
        "this task was imported. These fields are recorded as in the program, and the task is not replaced: remark, "
        "triggers"
    )
    assert messages.start_refused("bert", ["a: b", "c: d"]) == "bert is started again: a: b; c: d"
    assert messages.rerun_announced(1, 3, is_unconfirmed=False) == (
        "the task failed and is started again: re-run 1 of 3, billed again"
    )
    assert messages.rerun_announced(1, 3, is_unconfirmed=True) == (
        "re-run 1 of 3 may or may not have been started; if it was not, it is started now, and billed again"
    )


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


def test_what_a_call_was_doing_shows_how_far_it_has_come() -> None:
    assert messages.waiting_until_stopped("PROGRESS") == "waiting until it stops; PROGRESS"
    assert messages.deleting("PROGRESS") == "deleting it; PROGRESS"
    assert messages.CHECKING_EXISTENCE == "checking whether it still exists"
    assert messages.STILL_SHOWN == "deleted; waiting until the service does not show it any more"


def test_a_call_that_had_to_end_shows_why_during_what_and_what_to_do() -> None:
    assert messages.call_ended(TITLE, "cancelled", "waiting") == (
        f"{TITLE}: cancelled while waiting. Run the command again"
    )
    assert messages.call_ended(TITLE, "cancelled", "waiting", messages.STAYS_IN_STATE) == (
        f"{TITLE}: cancelled while waiting. It stays in the state. Run the command again"
    )


@pytest.mark.parametrize(
    "words",
    [
        messages.not_created("x").partition("'x' ")[2],
        messages.perhaps_created("x").partition("'x' ")[2],
        messages.call_ended("", "cancelled", "").partition(": ")[2].partition(". ")[0].strip(),
        messages.other_account("", "", "", "").split("  ")[0].strip(),
        messages.already_exists("", "", "", "", "", is_same_content=True).partition(" ''")[0].strip(),
        messages.with_labels_of("", "", "").partition(" ''")[0],
        messages.WITH_OWN_LABELS,
        messages.LEFT_BY_INTERRUPTED_UPDATE,
        messages.waiting_until_stopped("").rstrip("; "),
        messages.CHECKING_EXISTENCE,
        messages.STILL_SHOWN,
        messages.rerun_announced(1, 2, is_unconfirmed=False).partition(": ")[0],
        messages.STAYS_IN_STATE,
    ],
)
def test_other_tests_name_a_sentence_instead_of_repeating_it(words: str) -> None:
    tests = Path(__file__).parents[1]
    assert len(words.split()) >= 2
    assert [
        str(path.relative_to(tests))
        for path in sorted(tests.rglob("*.py"))
        if path != Path(__file__) and words in path.read_text(encoding="utf-8")
    ] == []
