"""The call that is being handled: its log, its sleeps, and how cancelling or a time limit ends it.

Ctrl-C with the real engine is in `tests/reliability/test_fault_matrix.py`, in a program that waits in
`tests/engine/test_waits.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from calls import context_of, recorded_task
from fake_api import FakeApi, no_answer, refusal

from pulumi_tione.call_context import CallContext, CallEndedError, current_call, handling, sleep_in_call
from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.create import Creation
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.existence import detail_or_gone
from pulumi_tione.lifecycle.read import read
from pulumi_tione.lifecycle.recorded_task import RecordedTask, task_title
from pulumi_tione.lifecycle.stop import stop_and_wait
from pulumi_tione.lifecycle.update import PartialUpdateError, update

BODY = {"Name": "bert", "ChargeType": "POSTPAID_BY_HOUR", "ResourceConfigInfos": [{"Role": "WORKER"}]}
OUTPUTS = {
    "name": "bert",
    "region": "ap-guangzhou",
    "uin": "100",
    "status": "RUNNING",
    "createTime": "2025-08-01T10:00:00+08",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [{"role": "WORKER"}],
}


class Cancelling:
    """A context of a service, whose call is cancelled in the pause after this many seconds."""

    def __init__(self, service: FakeApi, after: float) -> None:
        self.rows: list[str] = []
        self.recorded: list[tuple[dict[str, Any], str]] = []
        self.cancelled = threading.Event()

        def pause(seconds: float) -> None:
            service.sleep(seconds)
            if service.now >= after:
                self.cancelled.set()

        self.context = context_of(
            service,
            pause=pause,
            cancelled=self.cancelled,
            show_status=self.rows.append,
            record_partial_result=lambda outputs, _, reason: self.recorded.append((dict(outputs), reason)),
        )


# The context.


def test_a_sleep_ends_when_the_call_is_cancelled() -> None:
    context = CallContext()
    threading.Timer(0.05, context.cancelled.set).start()
    begun = time.monotonic()
    with pytest.raises(CallEndedError, match=r"^cancelled$"):
        context.sleep(60)
    assert time.monotonic() - begun < 30


def test_a_sleep_that_nobody_interrupts_lasts_as_long_as_it_should() -> None:
    pauses: list[float] = []
    CallContext(pause=pauses.append).sleep(7)
    assert pauses == [7]


def test_a_cancelled_call_does_not_begin_to_sleep() -> None:
    pauses: list[float] = []
    context = CallContext(pause=pauses.append)
    context.cancelled.set()
    with pytest.raises(CallEndedError):
        context.sleep(7)
    assert pauses == []


def test_a_sleep_ends_at_the_deadline() -> None:
    service = FakeApi()
    context = context_of(service, deadline=10)
    context.sleep(8)
    with pytest.raises(CallEndedError, match="time limit"):
        context.sleep(8)
    assert service.now == 10


def test_a_call_that_ignores_its_end_sleeps_on() -> None:
    service = FakeApi()
    context = context_of(service, deadline=1)
    context.cancelled.set()
    context.ignore_cancellation()
    context.sleep(8)
    context.raise_if_ended()
    assert service.now == 8


def test_the_current_call_is_that_of_the_thread() -> None:
    assert current_call().urn == ""
    with handling(CallContext(urn="urn:a")):
        assert current_call().urn == "urn:a"
        with handling(CallContext(urn="urn:b")):
            assert current_call().urn == "urn:b"
        assert current_call().urn == "urn:a"
        in_a_thread: list[str] = []
        thread = threading.Thread(target=lambda: in_a_thread.append(current_call().urn))
        thread.start()
        thread.join()
        assert in_a_thread == [""]
    assert current_call().urn == ""


def test_what_calls_share_sleeps_for_the_current_call_and_without_one_in_real_time() -> None:
    service = FakeApi()
    with handling(context_of(service, deadline=10)):
        sleep_in_call(8)
        with pytest.raises(CallEndedError):
            sleep_in_call(8)
    assert service.now == 10
    begun = time.monotonic()
    sleep_in_call(0.05)
    assert time.monotonic() - begun >= 0.05


# The verbs.


def old_task(service: FakeApi) -> str:
    task_id = service.make(BODY)
    service.now += 600
    return task_id


def test_a_cancelled_stop_shows_what_the_task_is_doing() -> None:
    service = FakeApi(seconds_to_stop=600)
    task_id = old_task(service)
    call = Cancelling(service, service.now + 5)
    with pytest.raises(TaskError) as raised:
        stop_and_wait(recorded_task(service, task_id, OUTPUTS, pause=call.context.pause, cancelled=call.cancelled))
    activity = messages.waiting_until_stopped(messages.stop_progress("STOPPING", was_requested=True))
    assert str(raised.value) == messages.call_ended(task_title(task_id, OUTPUTS), "cancelled", activity)
    assert service.now < 620


def test_a_cancelled_delete_shows_what_the_task_is_doing_and_keeps_it() -> None:
    service = FakeApi(seconds_to_stop=600)
    task_id = old_task(service)
    call = Cancelling(service, service.now + 5)
    with pytest.raises(TaskError) as raised:
        delete(recorded_task(service, task_id, OUTPUTS, pause=call.context.pause, cancelled=call.cancelled))
    activity = messages.deleting(messages.stop_progress("STOPPING", was_requested=True))
    assert str(raised.value) == messages.call_ended(
        task_title(task_id, OUTPUTS), "cancelled", activity, messages.STAYS_IN_STATE
    )
    assert service.actual(task_id) is not None


def test_a_delete_that_is_cancelled_after_it_was_accepted_reports_it() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.put(task_id, Status="STOPPED")
    service.now += 60
    service.lag.details = 30
    call = Cancelling(service, service.now + 1)
    with pytest.raises(TaskError, match=messages.DELETION_ACCEPTED):
        delete(recorded_task(service, task_id, OUTPUTS, pause=call.context.pause, cancelled=call.cancelled))


@pytest.mark.parametrize("verb", [detail_or_gone, read], ids=["existence", "read"])
def test_a_cancelled_check_of_existence_reports_it_and_keeps_the_task(
    verb: Callable[[RecordedTask[Any]], object],
) -> None:
    service = FakeApi()
    call = Cancelling(service, 1)
    with pytest.raises(TaskError) as raised:
        verb(recorded_task(service, "train-9", OUTPUTS, pause=call.context.pause, cancelled=call.cancelled))
    assert str(raised.value) == messages.call_ended(
        task_title("train-9", OUTPUTS), "cancelled", messages.CHECKING_EXISTENCE, messages.STAYS_IN_STATE
    )


def test_a_cancelled_update_records_what_was_changed() -> None:
    service = FakeApi(seconds_to_stop=600)
    task_id = old_task(service)
    call = Cancelling(service, service.now + 5)
    task = recorded_task(service, task_id, OUTPUTS)
    news = {**OUTPUTS, "tags": {"team": "cv"}, "desiredStatus": "STOPPED"}
    with pytest.raises(PartialUpdateError) as raised:
        update(replace(task, context=call.context), news, owner=None, labels_enabled=False)
    assert "(changed: tags; not changed: run state)" in str(raised.value)
    assert messages.waiting_until_stopped("") in str(raised.value)
    ((outputs, reason),) = call.recorded
    assert outputs["tags"] == {"team": "cv"}
    assert "desiredStatus" not in outputs
    assert reason == str(raised.value)


def test_tags_that_were_accepted_before_the_call_was_cancelled_are_recorded_as_unconfirmed() -> None:
    service = FakeApi()
    task_id = old_task(service)
    service.lag.tags = 30
    call = Cancelling(service, service.now + 2)
    task = recorded_task(service, task_id, OUTPUTS)
    with pytest.raises(PartialUpdateError, match=r"team were accepted, but are not visible yet \(cancelled\)"):
        update(
            replace(task, context=call.context),
            {**OUTPUTS, "tags": {"team": "cv"}},
            owner=None,
            labels_enabled=False,
        )
    ((outputs, _),) = call.recorded
    assert outputs["unconfirmed"] == {"tags": ["team"]}


INPUTS = {
    "name": "bert",
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1}],
}


def test_a_create_whose_answer_was_lost_requests_for_its_task_although_it_was_cancelled() -> None:
    service = FakeApi()
    service.lag.lists = service.lag.details = 8
    call = Cancelling(service, 0)

    def cut(body: Mapping[str, Any]) -> None:
        service.make(body)
        call.cancelled.set()
        raise no_answer("CreateTrainingTask")

    service.trouble("create", cut)
    task_id, _ = Creation(service, None, INPUTS, call.context, labels_enabled=False).run()
    assert task_id == "train-1"
    assert service.now >= 8


def test_a_create_that_was_refused_ends_when_it_is_cancelled() -> None:
    service = FakeApi()
    service.trouble("create", *[refusal("InternalError.QueryResourceSpecFailed")] * 9)
    call = Cancelling(service, 0)
    with pytest.raises(TaskError) as raised:
        Creation(service, None, INPUTS, call.context, labels_enabled=False).run()
    assert str(raised.value) == f"{messages.not_created('bert')}: cancelled. {messages.RUN_AGAIN}"
    assert service.existing == {}
