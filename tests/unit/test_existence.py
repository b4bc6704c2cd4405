"""Gone only when it is gone: over a service whose reads lag, flicker and contradict each other.

The number and times of requests are in `test_existence_and_update.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from calls import recorded_task
from fake_api import BEGIN, FakeApi, Lag, no_answer, refusal

from pulumi_tione.errors import ApiError, TaskError
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.existence import detail_or_gone
from pulumi_tione.lifecycle.messages import STAYS_IN_STATE, stopping
from pulumi_tione.lifecycle.stop import stop_and_wait

BODY = {"Name": "bert"}


def old_task(service: FakeApi, **changes: Any) -> str:
    """A task that was created an hour ago."""
    task_id = service.make(BODY, **changes)
    service.now += 3600
    return task_id


def outputs_of(service: FakeApi, task_id: str, **changes: Any) -> dict[str, Any]:
    created = service.history[task_id][1][1]
    assert created is not None
    recorded = {"name": "bert", "region": "ap-guangzhou", "uin": "100", "status": "RUNNING"}
    return {**recorded, "createTime": created["CreateTime"], **changes}


def is_gone(service: FakeApi, task_id: str, **changes: Any) -> bool:
    recorded = outputs_of(service, task_id, **changes)
    return detail_or_gone(recorded_task(service, task_id, recorded)) is None


def deleted(service: FakeApi, task_id: str, **changes: Any) -> bool:
    recorded = outputs_of(service, task_id, **changes)
    was_there = delete(recorded_task(service, task_id, recorded))
    assert service.actual(task_id) is None
    return was_there


# Whether a task is gone.


def test_a_task_that_exists_costs_one_request() -> None:
    service = FakeApi()
    task_id = old_task(service)
    assert not is_gone(service, task_id)
    assert service.calls == ["describe train-1"]


def test_a_task_that_is_gone_is_looked_at_three_times_over_five_seconds_and_in_a_list_after_the_first() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.put(task_id)
    begun = service.now
    assert is_gone(service, task_id)
    assert service.now - begun >= 5
    assert service.calls.count("describe train-1") >= 3
    assert service.calls[0] == "describe train-1"
    assert "list train-1" in service.calls[1:]


def not_found(_task_id: str) -> None:
    """DescribeTrainingTask does not find the task, whether or not it is there."""


@pytest.mark.parametrize("wrong", [1, 2])
def test_a_wrong_not_found_is_no_proof(wrong: int) -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.trouble("describe", *[not_found] * wrong)
    assert not is_gone(service, task_id)


def test_a_task_that_a_list_shows_active_is_kept_however_often_it_is_not_found() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.trouble("describe", *[not_found] * 1000)
    with pytest.raises(TaskError, match=r"bert.*train-1.*shows it as SUBMITTING.*may still.*cost money") as caught:
        is_gone(service, task_id)
    assert STAYS_IN_STATE in str(caught.value)
    assert "`pulumi-tione events train-1 --region ap-guangzhou`" in str(caught.value)


def test_a_deleted_task_that_is_still_listed_is_gone_once_the_list_agrees() -> None:
    service = FakeApi(Lag(lists=25))
    task_id = old_task(service)
    service.now += 25
    service.put(task_id)
    begun = service.now
    assert is_gone(service, task_id)
    assert 25 <= service.now - begun < 35


def test_a_deleted_task_that_a_list_shows_in_a_terminal_status_is_gone() -> None:
    service = FakeApi(Lag(lists=1000))
    task_id = old_task(service, Status="STOPPED")
    service.put(task_id)
    assert is_gone(service, task_id)


def test_an_answer_that_shows_nothing_is_no_proof_however_often_it_comes() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.put(task_id)
    service.trouble("describe", *[no_answer("DescribeTrainingTask")] * 1000)
    with pytest.raises(TaskError, match=r"does not report whether it exists.*connection was cut"):
        is_gone(service, task_id)


def test_answers_that_show_nothing_in_between_do_not_keep_a_gone_task() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.put(task_id)
    empty = no_answer("DescribeTrainingTask")
    service.trouble("describe", not_found, empty, not_found, empty, empty)
    assert is_gone(service, task_id)


def test_a_list_that_cannot_be_read_is_no_proof() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.put(task_id)
    service.trouble("list", *[no_answer("DescribeTrainingTasks")] * 1000)
    with pytest.raises(TaskError, match="does not report whether it exists"):
        is_gone(service, task_id)


@pytest.mark.parametrize("age", [0, 10, 59])
def test_a_task_younger_than_a_minute_is_never_gone(age: float) -> None:
    service = FakeApi()
    task_id = service.make(BODY)
    service.put(task_id)
    service.now += age
    with pytest.raises(TaskError, match=rf"bert.*train-1.*was created only {age} s ago.*stays in the state"):
        is_gone(service, task_id)
    assert service.now <= age + 45


def test_a_task_that_is_visible_late_is_waited_for() -> None:
    service = FakeApi(Lag(lists=30, details=30))
    task_id = service.make(BODY)
    assert not is_gone(service, task_id)
    assert service.now == pytest.approx(30, abs=6)


def test_a_task_that_was_created_and_never_seen_is_never_gone() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.put(task_id)
    with pytest.raises(TaskError, match=r"has never been visible since.*pulumi state delete"):
        is_gone(service, task_id, status="", createTime="")


@pytest.mark.parametrize("created", ["", "yesterday"])
def test_a_task_whose_age_is_not_known_but_that_was_seen_may_be_gone(created: str) -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.put(task_id)
    assert is_gone(service, task_id, createTime=created)


def test_the_age_of_a_task_is_taken_by_the_services_clock() -> None:
    service = FakeApi()
    task_id = service.make(BODY)
    service.put(task_id)
    service.service_now = lambda: BEGIN.replace(hour=9)  # type: ignore[method-assign]
    assert is_gone(service, task_id)


# Deleting.


@pytest.mark.parametrize("lag", [Lag(), Lag(3, 3, 3), Lag(lists=10), Lag(details=10), Lag(30, 30, 30), Lag(30, 0, 0)])
@pytest.mark.parametrize("status", ["RUNNING", "STOPPING", "SUCCEED"])
def test_a_task_is_deleted_however_much_reads_lag(lag: Lag, status: str) -> None:
    service = FakeApi(lag)
    task_id = service.make(BODY, Status="RUNNING")
    service.now += 3600
    service.put(task_id, Status=status)
    assert deleted(service, task_id)
    assert service.calls.count("stop train-1") <= 2


@pytest.mark.parametrize("lag", [Lag(30, 30), Lag(0, 30), Lag(30, 0)], ids=str)
@pytest.mark.parametrize("seconds", [0, 5, 20])
def test_a_task_that_is_too_new_to_be_seen_is_stopped_and_deleted(lag: Lag, seconds: float) -> None:
    service = FakeApi(lag)
    task_id = service.make(BODY)
    service.now += seconds
    assert deleted(service, task_id)


def test_a_delete_that_was_accepted_is_confirmed_by_one_request() -> None:
    service = FakeApi()
    task_id = old_task(service, Status="STOPPED")
    assert deleted(service, task_id)
    assert service.calls == ["list train-1", "delete train-1", "describe train-1"]


def test_a_delete_that_is_accepted_while_the_task_stays_is_sent_again() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.trouble("delete", lambda _: True)
    assert deleted(service, task_id)
    assert service.calls.count("delete train-1") == 2


def test_a_delete_that_does_not_find_a_task_that_stays_is_sent_again() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.trouble("delete", lambda _: False)
    assert deleted(service, task_id)
    assert service.calls.count("delete train-1") == 2


@pytest.mark.parametrize("answer", [True, False], ids=["accepted", "not found"])
def test_a_task_that_stays_whatever_is_answered_is_an_error_that_keeps_it(answer: bool) -> None:
    service = FakeApi()
    task_id = old_task(service, Status="STOPPED")
    service.trouble("delete", *[lambda _: answer] * 1000)
    with pytest.raises(TaskError, match=r"bert.*train-1.*still exists: STOPPED.*stays in the state"):
        deleted(service, task_id)
    assert service.calls.count("delete train-1") <= 5


def test_a_task_that_somebody_else_deleted_is_not_deleted_again() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.put(task_id)
    assert not deleted(service, task_id)
    assert not [call for call in service.calls if call.startswith(("stop", "delete"))]


def test_a_running_task_that_lists_and_requests_miss_for_a_moment_is_stopped_and_deleted() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.trouble("list", list)
    service.trouble("describe", not_found, not_found)
    assert deleted(service, task_id)


def test_a_task_that_was_started_again_though_lists_show_its_end_is_stopped_before_it_is_deleted() -> None:
    service = FakeApi(Lag(lists=30, details=30))
    task_id = old_task(service, Status="SUCCEED")
    service.put(task_id, Status="RUNNING")
    assert deleted(service, task_id)
    assert "stop train-1" in service.calls


def test_a_delete_that_is_never_allowed_is_an_error_with_the_services_own_refusal() -> None:
    service = FakeApi()
    task_id = old_task(service, Status="FAILED")
    service.trouble("delete", *[refusal("InternalError.NotAllow", "DeleteTrainingTask")] * 1000)
    with pytest.raises(ApiError, match=r"DeleteTrainingTask was refused with InternalError\.NotAllow"):
        deleted(service, task_id)


# Stopping.


def test_a_task_of_unknown_status_is_asked_to_stop_once_and_waited_for() -> None:
    service = FakeApi(seconds_to_stop=1000)
    task_id = old_task(service, Status="PAUSED")
    rows: list[str] = []
    service.trouble("stop", lambda _: service.put(task_id, Status="HIBERNATING"))
    service.trouble("stop", *[lambda _: service.put(task_id, Status="STOPPED")])
    recorded = outputs_of(service, task_id)
    status = stop_and_wait(recorded_task(service, task_id, recorded, show_status=rows.append))
    assert status == "STOPPED"
    assert service.calls.count("stop train-1") == 2
    assert rows[0] == stopping("PAUSED", is_known=False)
    assert service.now - 3600 >= 35, "a second request is sent only when the first has had time to show"


def test_a_stop_is_not_sent_again_while_reads_lag_behind_it() -> None:
    service = FakeApi(Lag(lists=20, details=20))
    task_id = old_task(service)
    recorded = outputs_of(service, task_id)
    assert stop_and_wait(recorded_task(service, task_id, recorded)) == "STOPPED"
    assert service.calls.count("stop train-1") == 1


def test_a_task_whose_end_only_a_lagging_list_shows_is_stopped() -> None:
    service = FakeApi(Lag(lists=30))
    task_id = old_task(service, Status="FAILED")
    service.put(task_id, Status="RUNNING")
    recorded = outputs_of(service, task_id)
    stop_and_wait(recorded_task(service, task_id, recorded))
    task = service.actual(task_id)
    assert task is not None
    assert task["Status"] == "STOPPED"


@pytest.mark.parametrize("action", [delete, stop_and_wait])
def test_a_list_that_contradicts_itself_leaves_it_to_the_task_itself(action: Any) -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.trouble("list", *[no_answer("DescribeTrainingTasks")] * 3)
    action(recorded_task(service, task_id, outputs_of(service, task_id)))
    assert (service.actual(task_id) or {"Status": "STOPPED"})["Status"] == "STOPPED"


@pytest.mark.parametrize("lag", [Lag(details=10), Lag(lists=10), Lag(10, 10)], ids=str)
def test_a_task_that_was_not_visible_when_it_was_recorded_is_gone_when_this_delete_has_seen_it(lag: Lag) -> None:
    """The first DeleteTrainingTask takes effect, and its answer is lost: the second one finds no task."""
    service = FakeApi(lag)
    task_id = service.make(BODY)
    service.now += 120

    def done_and_not_found(_task_id: str) -> bool:
        service.put(task_id)
        return False

    service.trouble("delete", done_and_not_found)
    assert not deleted(service, task_id, status="", createTime="")


def test_a_young_task_that_this_delete_has_seen_is_gone_after_its_own_request_has_taken_effect() -> None:
    service = FakeApi()
    task_id = service.make(BODY)
    service.now += 20

    def done_and_not_found(_task_id: str) -> bool:
        service.put(task_id)
        return False

    service.trouble("delete", done_and_not_found)
    assert not deleted(service, task_id)


def test_a_young_task_that_only_lists_and_requests_miss_is_not_gone() -> None:
    service = FakeApi(Lag(30, 30))
    task_id = service.make(BODY)
    service.trouble("delete", *[lambda _: False] * 9)
    with pytest.raises(TaskError, match="stays in the state"):
        deleted(service, task_id)
