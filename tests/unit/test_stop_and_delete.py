"""Stop and delete: how often and when each request is sent, and the whole text of what you read.

The usual cases of a delete are in `test_delete.py`.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from calls import recorded_task
from fake_api import BEGIN, FakeApi, Lag, as_shown, no_answer, refusal

from pulumi_tione.errors import ApiError, TaskError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.existence import LAG_SECONDS
from pulumi_tione.lifecycle.own_deletions import OwnDeletions
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.stop import SECONDS_TO_STOP, stop_and_wait

OUTPUTS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "status": "RUNNING",
    "uin": "100",
    "createTime": "2025-08-01T10:00:00+08",
}
TITLE = "training task 'bert' (train-1)"
EVENTS = "`pulumi-tione events train-1 --region ap-guangzhou`"
NOT_ALLOWED = "InternalError.NotAllow"


class Timed(FakeApi):
    """A fake that has run for an hour, and notes when it was asked to delete and to stop."""

    sent: list[tuple[str, float]]

    def delete_training_task(self, task_id: str, ti_project_id: str | None = None) -> bool:
        self.sent.append(("delete", self.now - 3600))
        return super().delete_training_task(task_id, ti_project_id)

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        self.sent.append(("stop", self.now - 3600))
        super().stop_training_task(task_id, ti_project_id)

    @property
    def deletes(self) -> list[float]:
        return [at for what, at in self.sent if what == "delete"]


def fake(status: str, **settings: Any) -> Timed:
    api = Timed.with_task(facts={"Status": status}, **settings)
    assert isinstance(api, Timed)
    api.now, api.sent = 3600.0, []
    return api


def recorded(api: FakeApi, rows: list[str] | None = None, **outputs: Any) -> RecordedTask[Any]:
    return recorded_task(api, "train-1", {**OUTPUTS, **outputs}, show_status=([] if rows is None else rows).append)


def cancelled_after(api: FakeApi, task: RecordedTask[Any], seconds: float) -> RecordedTask[Any]:
    """Cancel the call of a task after some seconds."""
    begun = api.now

    def pause(length: float) -> None:
        api.sleep(length)
        if api.now - begun >= seconds:
            task.context.cancelled.set()

    task.context.pause = pause
    return task


def error_of(call: Any, task: RecordedTask[Any]) -> str:
    with pytest.raises(TaskError) as caught:
        call(task)
    return str(caught.value)


# Delete.


def test_a_delete_that_finds_no_task_which_is_visible_is_sent_again_after_growing_pauses() -> None:
    api = fake("STOPPED")
    api.always("delete", lambda _: False)
    text = error_of(delete, recorded(api))
    assert text == messages.still_exists(TITLE, 4, "STOPPED", EVENTS)
    pauses = [later - earlier for earlier, later in itertools.pairwise(api.deletes)]
    assert len(pauses) == 3
    assert [limit <= pause < limit + 5 for pause, limit in zip(pauses, (5, 10, 15), strict=True)] == [True] * 3


def test_a_delete_that_is_accepted_is_sent_again_only_when_reads_cannot_lag_behind_it_any_more() -> None:
    api = fake("STOPPED", lag=Lag(lists=30, details=30))
    api.put("train-1", Status="STOPPED")
    api.now += 60
    rows: list[str] = []
    assert delete(recorded(api, rows))
    assert len(api.deletes) == 1
    assert rows == [messages.STILL_SHOWN]

    stays = fake("STOPPED")
    stays.always("delete", lambda _: True)
    error_of(delete, recorded(stays))
    assert len(stays.deletes) == 4
    pauses = [later - earlier for earlier, later in itertools.pairwise(stays.deletes)]
    assert all(LAG_SECONDS <= pause < LAG_SECONDS + 6 for pause in pauses)


def test_a_check_after_a_delete_that_gets_no_answer_is_no_proof_that_the_task_is_gone() -> None:
    """The service has accepted the first delete and has not deleted the task."""
    api = fake("STOPPED")
    api.trouble("delete", lambda _: True)
    api.trouble("describe", no_answer("DescribeTrainingTask"))
    assert delete(recorded(api))
    assert len(api.deletes) == 2
    assert api.status is None


def test_a_task_of_which_nothing_is_visible_is_not_called_by_a_status() -> None:
    api = fake("STOPPED")
    api.always("list", list)
    api.always("describe", no_answer("DescribeTrainingTask"))
    api.always("delete", lambda _: True)
    text = error_of(delete, recorded(api, status="", createTime=""))
    assert text == messages.still_exists(TITLE, 4, None, EVENTS)


def test_a_deleted_task_that_runs_again_is_stopped_and_deleted_again() -> None:
    api = fake("STOPPED", seconds_to_stop=20)

    def start_instead(task_id: str) -> bool:
        api.put(task_id, Status="RUNNING")
        return True

    api.trouble("delete", start_instead)
    assert delete(recorded(api))
    assert [what for what, _ in api.sent] == ["delete", "stop", "delete"]
    assert api.status is None


def test_a_list_without_an_answer_leaves_it_to_the_detail_and_a_task_that_has_ended_is_not_stopped() -> None:
    for call in (delete, stop_and_wait):
        api = fake("FAILED")
        api.always("list", no_answer("DescribeTrainingTasks"))
        call(recorded(api))
        assert "stop" not in [what for what, _ in api.sent]


def test_a_new_task_that_lists_do_not_show_yet_is_stopped_before_it_is_deleted() -> None:
    api = fake("RUNNING")
    api.always("list", list)
    assert delete(recorded(api, createTime=api.present()))
    assert api.writes == ["stop train-1", "delete train-1"]
    assert api.verbs[:3] == ["list", "describe", "stop"]


def test_a_new_task_of_another_account_is_not_asked_to_be_deleted() -> None:
    api = fake("RUNNING")
    api.put("train-1")
    text = error_of(delete, recorded(api, uin="7", createTime=api.present()))
    assert text == messages.other_account(TITLE, "ap-guangzhou", "7", "100")
    assert api.writes == []


def test_a_task_whose_age_is_not_recorded_but_that_was_seen_may_be_gone() -> None:
    api = fake("RUNNING")
    api.put("train-1")
    assert not delete(recorded(api, createTime=""))
    assert api.writes == []


def test_a_delete_that_is_refused_while_the_task_is_active_is_no_refusal_for_good() -> None:
    """What counts is how long the refusals last after the task has ended."""
    api = fake("STOPPED")
    api.always("delete", refusal(NOT_ALLOWED, "DeleteTrainingTask"))
    api.always("stop", refusal(NOT_ALLOWED, "StopTrainingTask"))
    task = recorded(api)

    def pause(seconds: float) -> None:
        api.sleep(seconds)
        after = api.now - 3600
        api.put("train-1", Status="RUNNING" if 20 <= after < 60 else "STOPPED")

    task.context.pause = pause
    with pytest.raises(ApiError, match=NOT_ALLOWED):
        delete(task)
    assert 60 + LAG_SECONDS <= api.now - 3600 < 60 + LAG_SECONDS + 12


def test_what_this_process_has_deleted_is_known_by_id_and_by_owner() -> None:
    owner = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
    deleted = OwnDeletions()
    deleted.add("train-1", owner)
    deleted.add("train-2", None)
    assert [name in deleted for name in ("train-1", "train-2", "train-3")] == [True, True, False]
    assert deleted.has_task_of({**owner})
    assert not deleted.has_task_of({**owner, "organization": "other"})
    assert not deleted.has_task_of(None)


def test_a_delete_that_is_cancelled_reports_how_far_it_has_come() -> None:
    api = fake("RUNNING", seconds_to_stop=600)
    progress = messages.stop_progress("STOPPING", was_requested=True)
    assert error_of(delete, cancelled_after(api, recorded(api), 10)) == messages.call_ended(
        TITLE, "cancelled", messages.deleting(progress), messages.STAYS_IN_STATE
    )
    api = fake("STOPPED", lag=Lag(details=30))
    assert error_of(delete, cancelled_after(api, recorded(api), 10)) == messages.call_ended(
        TITLE, "cancelled", messages.deleting(messages.DELETION_ACCEPTED), messages.STAYS_IN_STATE
    )


# Stop.


@pytest.mark.parametrize("seconds", [5, 10, 20, 60, 600])
@pytest.mark.parametrize("call", [stop_and_wait, delete])
def test_a_task_that_has_stopped_is_noticed_within_a_fifth_of_the_time_that_it_took(call: Any, seconds: float) -> None:
    api = fake("RUNNING", seconds_to_stop=seconds)
    begun = api.now
    call(recorded(api))
    assert seconds <= api.now - begun <= seconds + min(0.2 * seconds, 5) + 0.5


def test_a_task_that_is_gone_has_no_status_after_it_was_stopped() -> None:
    api = fake("RUNNING")
    api.put("train-1")
    assert stop_and_wait(recorded(api)) is None


def test_the_status_while_a_task_stops_is_read_from_lists_which_tasks_share() -> None:
    api = fake("RUNNING", seconds_to_stop=60)
    rows: list[str] = []
    assert stop_and_wait(recorded(api, rows)) == "STOPPED"
    assert api.verbs.count("describe") == 1
    assert api.verbs.count("list") > 10
    assert rows == [messages.stopping("RUNNING", is_known=True)]


@pytest.mark.parametrize(
    ("call", "refused", "words"),
    [
        (stop_and_wait, None, ""),
        (delete, None, ""),
        (
            stop_and_wait,
            "InternalError.UnSubmittedStatusNotAllowStop",
            " StopTrainingTask: InternalError.UnSubmittedStatusNotAllowStop",
        ),
    ],
)
def test_a_task_that_does_not_stop_is_an_error_after_half_an_hour(call: Any, refused: str | None, words: str) -> None:
    api = fake("RUNNING", seconds_to_stop=7200)
    if refused is not None:
        api.always("stop", refusal(refused, "StopTrainingTask"))
    text = error_of(call, recorded(api))
    status = "STOPPING" if refused is None else "RUNNING"
    shown = "" if refused is None else str(refusal(refused, "StopTrainingTask"))
    assert text == messages.does_not_stop(TITLE, status, 30, shown, EVENTS)
    assert SECONDS_TO_STOP <= api.now - 3600 < SECONDS_TO_STOP + 6


def test_a_task_that_somebody_else_stops_and_that_never_stops_was_refused_nothing() -> None:
    api = fake("RUNNING", seconds_to_stop=7200)
    api.put("train-1", Status="STOPPING")
    assert error_of(stop_and_wait, recorded(api)) == messages.does_not_stop(TITLE, "STOPPING", 30, "", EVENTS)
    assert api.writes == []


def test_a_refusal_is_forgotten_when_the_stop_is_accepted() -> None:
    api = fake("RUNNING", seconds_to_stop=7200)
    api.trouble("stop", refusal("InternalError.UnSubmittedStatusNotAllowStop", "StopTrainingTask"))
    assert "UnSubmitted" not in error_of(stop_and_wait, recorded(api))


def test_a_stop_is_sent_again_when_the_status_still_shows_none_after_the_longest_lag() -> None:
    api = fake("RUNNING")
    api.always("stop", lambda _: None)
    error_of(stop_and_wait, recorded(api))
    times = [at for _, at in api.sent]
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) > 40
    assert all(LAG_SECONDS <= pause < LAG_SECONDS + 6 for pause in pauses)


@pytest.mark.parametrize(
    ("detailed", "sent", "row"),
    [
        ("STOPPED", [], None),
        ("PAUSED", ["stop"], messages.stopping("PAUSED", is_known=False)),
        ("RUNNING", ["stop"], messages.stopping("RUNNING", is_known=True)),
    ],
)
def test_the_detail_decides_where_a_list_shows_an_unknown_status(
    detailed: str, sent: list[str], row: str | None
) -> None:
    api = fake(detailed)
    item = [{"Id": "train-1", "Status": "PAUSED"}]
    for _ in range(3):
        api.trouble("list", lambda: item)
    rows: list[str] = []
    assert stop_and_wait(recorded(api, rows)) == "STOPPED"
    assert [what for what, _ in api.sent] == sent
    assert rows == ([] if row is None else [row])


def test_an_unknown_status_stays_where_the_detail_is_not_found() -> None:
    api = fake("RUNNING")
    item = [{"Id": "train-1", "Status": "PAUSED"}]
    api.trouble("list", lambda: item)
    api.trouble("describe", lambda _: None)
    rows: list[str] = []
    stop_and_wait(recorded(api, rows))
    assert rows[0] == messages.stopping("PAUSED", is_known=False)


def test_a_task_without_a_visible_status_is_shown_as_active_when_it_is_asked_to_stop() -> None:
    """It is too new to be visible, and its delete is refused because it runs."""
    api = fake("RUNNING")
    api.always("list", list)
    for _ in range(2):
        api.trouble("describe", lambda _: None)
    rows: list[str] = []
    assert delete(recorded(api, rows, createTime=api.present()))
    assert rows[0] == messages.stopping(None, is_known=True)
    assert api.writes[:2] == ["delete train-1", "stop train-1"]


def test_a_stop_that_is_cancelled_before_it_was_accepted_does_not_claim_it() -> None:
    api = fake("RUNNING")
    api.always("stop", refusal("InternalError.UnSubmittedStatusNotAllowStop", "StopTrainingTask"))
    progress = messages.stop_progress("RUNNING", was_requested=False)
    assert error_of(stop_and_wait, cancelled_after(api, recorded(api), 10)) == (
        messages.call_ended(TITLE, "cancelled", messages.waiting_until_stopped(progress))
    )
    api = fake("RUNNING")
    api.always("list", list)
    api.always("describe", no_answer("DescribeTrainingTask"))
    api.always("delete", refusal(NOT_ALLOWED, "DeleteTrainingTask"))
    text = error_of(delete, cancelled_after(api, recorded(api, createTime=as_shown(BEGIN)), 3))
    assert "cancelled" in text


def test_the_workspace_is_named_in_the_command_of_an_error() -> None:
    api = fake("RUNNING", seconds_to_stop=7200)
    text = error_of(stop_and_wait, recorded(api, tiProjectId="w-1"))
    assert text.endswith("`pulumi-tione events train-1 --region ap-guangzhou --workspace w-1`")
    assert {*api.asked_workspaces} == {"w-1"}
