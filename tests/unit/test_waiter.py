"""Waits: when they end, what they show, and how few calls many of them need. No time passes.

How often the poller polls is here, too. The report of a failed wait is in `test_wait_report.py`, Ctrl-C is in
`tests/engine/test_waits.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from fake_api import BEGIN, FakeApi, as_shown

from pulumi_tione._api.protocols import PAGE_SIZE
from pulumi_tione._wait import messages, waiter
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione._wait.tracker import WaitTracker
from pulumi_tione._wait.waiter import WaitTarget, wait
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import (
    ApiError,
    IndeterminateResultError,
    RequestNotSentError,
    TaskError,
    TioneError,
    WaitFailedError,
)
from pulumi_tione.lifecycle import existence
from pulumi_tione.lifecycle.messages import other_account

Json = dict[str, Any]
RUN = "train-1-a"
OWN_ACCOUNT = "100000000001"
NOW = datetime(2025, 8, 1, 3, 0, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a task is gone is looked into by a thread, whose clock goes on by what is slept."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    context = functools.partial(CallContext, pause=sleep, clock=lambda: now[0])
    monkeypatch.setattr(waiter, "CallContext", context)
    monkeypatch.setattr(existence.STATUSES, "_sleep", lambda _: None)


class Service(FakeApi):
    """Lists at each poll the next of the statuses of a task, the last one for ever."""

    def __init__(self, *statuses: str) -> None:
        super().__init__(account=OWN_ACCOUNT)
        self.statuses = [*statuses]
        self.list_calls: list[int] = []
        self.errors: list[TioneError | None] = []
        self.is_gone = False
        self.detail: Json = {"LatestInstanceId": RUN, "CreateTime": "2025-08-01T10:59:53+08"}
        self.pod_statuses: Sequence[str] = ("RUNNING", "PENDING")
        self.lines: list[str] = []
        self.asked_for_pods = 0
        self.asked_for_lines = 0

    @property
    def listed(self) -> str:
        return self.statuses[0]

    def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
        self.list_calls.append(len(task_ids))
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        if len(self.list_calls) > 1 and len(self.statuses) > 1:
            self.statuses.pop(0)
        return {} if self.is_gone else {task_id: {"Id": task_id, "Status": self.listed} for task_id in task_ids}

    def describe_training_task(
        self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
    ) -> Json | None:
        assert task_id.startswith("train-")
        return None if self.is_gone else {**self.detail, "Id": task_id, "Status": self.listed}

    def service_now(self) -> datetime:
        return NOW + timedelta(hours=1)

    def pods(self, task_id: str, ti_project_id: str | None = None) -> list[Json]:
        assert task_id.startswith("train-")
        self.asked_for_pods += 1
        return [{"Name": f"{RUN}-worker-{number}", "Status": status} for number, status in enumerate(self.pod_statuses)]

    def logs(self, run: str, **how: Any) -> tuple[list[Json], str]:
        self.asked_for_lines += 1
        line = self.lines.pop(0) if len(self.lines) > 1 else "".join(self.lines)
        item = {"Id": line, "Message": line, "PodName": f"{RUN}-worker-0", "Timestamp": "2025-08-01T03:00:00Z"}
        return ([item] if line and not how.get("Context") else []), "c"


class Watch:
    """Wait for tasks of a service; the clock goes on by what is slept."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.now = 1000.0
        self.shown: list[str] = []
        self.poller = StatusPoller(service, None, sleep=self._sleep, jitter=lambda: 1.0)

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    async def wait(self, target: WaitTarget) -> Any:
        return await wait(target, self.poller, self.shown.append, lambda: self.now)


def target(*statuses: str, task_id: str = "train-1", **how: Any) -> WaitTarget:
    recorded = {"status": "RUNNING", "create_time": NOW.isoformat()}
    return WaitTarget(task_id, "bert", OWN_ACCOUNT, statuses or ("SUCCEED",), **{**recorded, **how})


def result(service: Service, awaited: WaitTarget | None = None) -> tuple[Json, Watch]:
    watch = Watch(service)
    return asyncio.run(watch.wait(awaited or target())), watch


def failure(service: Service, awaited: WaitTarget | None = None) -> tuple[Exception, Watch]:
    watch = Watch(service)
    with pytest.raises(TioneError) as caught:
        asyncio.run(watch.wait(awaited or target()))
    return caught.value, watch


def test_a_wait_gives_the_task_as_it_is_at_its_end() -> None:
    detail, watch = result(Service("SUBMITTING", "PENDING", "RUNNING", "SUCCEED"))
    assert detail["Status"] == "SUCCEED"
    assert watch.shown[0] == f"SUBMITTING, waiting for SUCCEED. {messages.HINT}"
    assert watch.shown[-1].startswith("SUCCEED after ")


def test_a_task_that_is_preempted_is_waited_for_to_the_end() -> None:
    detail, watch = result(Service("RUNNING", "PENDING", "STARTING", "RUNNING", "SUCCEED"))
    assert detail["Status"] == "SUCCEED"
    assert [message.split()[0] for message in watch.shown] == ["RUNNING", "PENDING", "STARTING", "RUNNING", "SUCCEED"]


@pytest.mark.parametrize("status", ["PAUSED", "Hibernating"])
def test_a_status_that_is_not_known_is_shown_as_such_and_is_no_end(status: str) -> None:
    detail, watch = result(Service("RUNNING", *[status] * 3, "RUNNING", "SUCCEED"))
    assert detail["Status"] == "SUCCEED"
    assert messages.progress(status, "SUCCEED", pods="", seconds=None, is_unknown=True) in watch.shown


@pytest.mark.parametrize("status", ["PAUSED", "", None])
def test_a_status_that_is_not_known_asks_for_the_detail_which_may_know_better(status: str | None) -> None:
    service = Split(lists=[status], details=["RUNNING", "RUNNING", "SUCCEED"])
    detail, watch = result(service)
    assert detail["Status"] == "SUCCEED"
    assert [message.split(",")[0] for message in watch.shown[:-1]] == ["RUNNING (1 of 2 pods ready"]
    assert watch.shown[-1] in ("SUCCEED after 2 s", "SUCCEED after 3 s")


def test_statuses_are_compared_without_regard_to_case() -> None:
    detail, watch = result(Service("running", "Running", "succeed"))
    assert detail["Status"] == "succeed"
    assert [message.split()[0] for message in watch.shown] == ["RUNNING", "SUCCEED"]


class Split(Service):
    """A task whose lists and details each lag on their own: they show one status after the other, the last for ever."""

    def __init__(self, lists: Sequence[str | None], details: Sequence[str | None]) -> None:
        super().__init__("unused")
        self.lists, self.details = [*lists], [*details]
        self.described = 0

    def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
        self.list_calls.append(len(task_ids))
        status = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        return {} if status == "nothing" else {task_id: {"Id": task_id, "Status": status} for task_id in task_ids}

    def describe_training_task(
        self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
    ) -> Json | None:
        self.described += 1
        status = self.details.pop(0) if len(self.details) > 1 else self.details[0]
        return None if status == "not found" else {**self.detail, "Id": task_id, "Status": status}

    def describe_training_task_response(self, task_id: str, ti_project_id: str | None = None) -> Json:
        return {"TrainingTaskDetail": {**self.detail, "Id": task_id, "Status": self.details[-1]}, "RequestId": "r-9"}


def test_the_outputs_come_from_a_detail_that_agrees_with_the_list() -> None:
    detail, watch = result(Split(lists=["RUNNING", "SUCCEED"], details=["RUNNING", "RUNNING", "SUCCEED"]))
    assert detail["Status"] == "SUCCEED"
    assert watch.now - 1000 < 15
    assert "ended" not in " ".join(watch.shown)


@pytest.mark.parametrize(
    ("status", "reruns", "step"),
    [
        ("FAILED", 0, messages.SET_RERUNS),
        ("SUBMIT_FAILED", 2, messages.use_reruns(2)),
        ("FAILED", 2, messages.use_reruns(2)),
    ],
)
def test_the_report_shows_how_to_get_another_run(status: str, reruns: int, step: str) -> None:
    error, _ = failure(Service(status), target(rerun_on_failure=reruns))
    assert isinstance(error, WaitFailedError)
    *_, replace, rerun = error.report.splitlines()
    assert [replace, rerun] == [f"    {messages.REPLACE}", f"    {step}"]


@pytest.mark.parametrize(("status", "expected"), [("SUCCEED", "FAILED"), ("STOPPED", "SUCCEED")])
def test_the_report_of_a_task_that_has_not_failed_names_no_cause_and_no_re_run(status: str, expected: str) -> None:
    error, _ = failure(Service(status), target(expected, rerun_on_failure=2))
    assert isinstance(error, WaitFailedError)
    first, *_, step, run_anew = error.report.splitlines()
    assert first.endswith(f" instead of {expected}")
    assert step.strip().startswith("pulumi-tione logs ")
    assert run_anew == f"    {messages.RUN_ANEW}"


@pytest.mark.parametrize(("listed", "is_over"), [("SUCCEED", True), ("FAILED", False)])
def test_a_detail_that_never_agrees_delays_the_end_of_a_wait_by_half_a_minute(listed: str, is_over: bool) -> None:
    service = Split(lists=["RUNNING", listed], details=["RUNNING"])
    watch = Watch(service)
    waiting = watch.wait(target())
    if is_over:
        assert asyncio.run(waiting)["Status"] == "SUCCEED"
    else:
        with pytest.raises(WaitFailedError, match="ended FAILED instead of SUCCEED"):
            asyncio.run(waiting)
    assert 30 < watch.now - 1000 < 65
    assert service.described < 25


@pytest.mark.parametrize("lag", range(0, 31, 10))
def test_a_failure_that_the_list_still_shows_of_the_run_before_is_no_failure(lag: int) -> None:
    class Restarted(Service):
        """Started again a moment ago: lists show it late."""

        def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
            self.list_calls.append(len(task_ids))
            status = "FAILED" if watch.now < 1000 + lag else "RUNNING" if watch.now < 1060 else "SUCCEED"
            return {"train-1": {"Id": "train-1", "Status": status}}

        def describe_training_task(
            self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
        ) -> Json | None:
            return {**self.detail, "Id": task_id, "Status": "RUNNING" if watch.now < 1060 else "SUCCEED"}

    watch = Watch(Restarted("unused"))
    assert asyncio.run(watch.wait(target()))["Status"] == "SUCCEED"
    assert not [message for message in watch.shown if message.startswith("FAILED")]


def test_a_list_that_lags_behind_a_success_is_no_failure_that_contradicts_itself() -> None:
    detail, _ = result(Split(lists=["FAILED"], details=["SUCCEED"]))
    assert detail["Status"] == "SUCCEED"


def test_a_task_that_was_running_as_awaited_and_has_ended_since_was_running() -> None:
    detail, _ = result(Split(lists=["RUNNING"], details=["FAILED"]), target("RUNNING"))
    assert detail["Status"] == "FAILED"


def test_a_detail_that_is_not_found_every_other_time_does_not_make_the_task_gone() -> None:
    flickering = ["not found", "RUNNING"] * 3
    detail, watch = result(Split(lists=["nothing"] * 4 + ["SUCCEED"], details=[*flickering, "not found", "SUCCEED"]))
    assert detail["Status"] == "SUCCEED"
    assert "no longer exists" not in " ".join(watch.shown)


@pytest.mark.parametrize("recorded", [("", ""), ("SUBMITTING", "now")])
def test_a_task_that_was_just_created_and_is_not_visible_yet_is_waited_for_quietly(recorded: tuple[str, str]) -> None:
    class New(Service):
        """Created a moment ago: neither lists nor details show it for half a minute."""

        def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
            self.list_calls.append(len(task_ids))
            is_shown = watch.now >= 1030
            return {"train-1": {"Id": "train-1", "Status": self._status()}} if is_shown else {}

        def describe_training_task(
            self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
        ) -> Json | None:
            return {**self.detail, "Id": task_id, "Status": self._status()} if watch.now >= 1030 else None

        def _status(self) -> str:
            return "RUNNING" if watch.now < 1060 else "SUCCEED"

        def service_now(self) -> datetime:
            return NOW

    watch = Watch(New("unused"))
    status, created = recorded
    awaited = target(status=status, create_time=NOW.isoformat() if created else "")
    assert asyncio.run(watch.wait(awaited))["Status"] == "SUCCEED"
    first, second, *_ = watch.shown
    assert first.startswith("not visible yet, waiting for SUCCEED")
    assert second.startswith("RUNNING")


def test_a_task_that_is_at_its_target_though_the_list_lags_is_in_time() -> None:
    service = Split(lists=["RUNNING"], details=["SUCCEED"])
    detail, watch = result(service, target(timeout=timedelta(seconds=5)))
    assert detail["Status"] == "SUCCEED"
    assert watch.shown[-1].startswith("SUCCEED after ")


@pytest.mark.parametrize("ends", ["STOPPED", "FAILED", "SUBMIT_FAILED", "SUCCEED"])
@pytest.mark.parametrize("before", [1, 10, 200])
def test_a_wait_ends_within_two_polls_after_the_end(ends: str, before: int) -> None:
    service = Service(*["RUNNING"] * before, ends)
    watch = Watch(service)
    with contextlib.suppress(WaitFailedError):
        asyncio.run(watch.wait(target()))
    assert len(service.list_calls) <= before + 2


def test_the_report_of_a_failure_is_not_held_back_by_a_service_that_does_not_answer() -> None:
    class Silent(Service):
        def describe_training_task_response(self, task_id: str, ti_project_id: str | None = None) -> Json:
            raise IndeterminateResultError("no answer")

    service = Silent("FAILED")
    error, _ = failure(service)
    assert isinstance(error, WaitFailedError)
    assert service.asked_for_pods == 0
    assert service.asked_for_lines == 0
    assert "could not be read: task (no response); events (not requested); pods (not requested)" in error.report


@pytest.mark.parametrize(
    ("operator", "account"),
    [
        ({"IsPlatformOperator": True, "SubUinName": "x"}, "the platform"),
        ({"IsPlatformOperator": False, "SubUinName": "eve\x1b[2J", "SubUin": "7"}, r"eve\x1b[2J"),
        ({"IsPlatformOperator": False, "SubUinName": "", "SubUin": "7"}, "7"),
        ({}, "a user"),
    ],
)
def test_a_stopped_task_fails_the_wait_which_names_the_account_that_stopped_it(operator: Json, account: str) -> None:
    service = Service("RUNNING", "STOPPED")
    service.detail |= {"OperatorInfo": operator, "FailureReason": "User Stop"}
    error, _ = failure(service)
    assert isinstance(error, WaitFailedError)
    assert str(error) == f"training task 'bert' (train-1) ended STOPPED by {account} instead of SUCCEED"
    assert error.report.splitlines()[0] == f"{error}: User Stop"
    assert "request id: r-9" in error.report


def test_a_task_that_ended_before_the_wait_fails_it_at_the_first_poll() -> None:
    service = Service("FAILED")
    error, watch = failure(service)
    assert "ended FAILED" in str(error)
    assert service.list_calls == [1]
    assert watch.now - 1000 < 1


def test_a_task_that_was_started_again_meanwhile_is_waited_for() -> None:
    class Lagging(Service):
        """Its first list is behind the detail."""

        def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
            items = super().training_tasks_by_id(task_ids)
            return {"train-1": {"Status": "FAILED"}} if len(self.list_calls) == 1 else items

    detail, _ = result(Lagging("RUNNING", "SUCCEED"))
    assert detail["Status"] == "SUCCEED"


def test_a_task_that_is_not_there_in_time_fails_the_wait_and_runs_on() -> None:
    error, watch = failure(Service("RUNNING"), target(timeout=timedelta(hours=3)))
    assert str(error) == messages.timed_out("training task 'bert' (train-1)", "RUNNING", 3 * 3600, "SUCCEED")
    assert isinstance(error, WaitFailedError)
    assert messages.STOP in error.report
    assert "pulumi-tione logs train-1 --pod worker-0 --region ap-guangzhou --follow" in error.report
    assert 3 * 3600 <= watch.now - 1000 < 3 * 3600 + 60


def test_a_task_that_no_list_shows_is_asked_for_and_one_that_is_gone_ends_the_wait() -> None:
    service = Service("RUNNING")
    service.is_gone = True
    error, watch = failure(service)
    assert str(error) == messages.gone("training task 'bert' (train-1)")
    assert service.list_calls[0] == 1
    assert watch.now - 1000 < 1  # by the clock of the program: the lookups themselves take five seconds


def test_transient_errors_are_tolerated_and_shown_once_a_minute() -> None:
    service = Service("RUNNING", "SUCCEED")
    service.errors = [IndeterminateResultError("no answer")] * 20
    _, watch = result(service)
    assert 3 <= len([message for message in watch.shown if message.startswith("status unknown")]) <= 7


def test_a_wait_ends_after_half_an_hour_of_transient_errors() -> None:
    service = Service("RUNNING")
    service.errors = [IndeterminateResultError("no answer")] * 1000
    error, watch = failure(service)
    assert isinstance(error, TaskError)
    assert str(error) == messages.unreadable("training task 'bert' (train-1)", watch.now - 1000.2, "no answer")
    assert 1800 <= watch.now - 1000 < 1830


def test_a_wait_ends_after_a_minute_if_the_service_never_responded() -> None:
    service = Service("RUNNING")
    service.errors = [RequestNotSentError("http://127.0.0.1:9 cannot be reached")] * 1000
    error, watch = failure(service)
    assert "could not be read for" in str(error)
    assert "cannot be reached" in str(error)
    assert 60 <= watch.now - 1000 < 90


def test_an_outage_of_a_service_that_has_responded_is_waited_through() -> None:
    service = Service("RUNNING", "RUNNING", "SUCCEED")
    service.errors = [None, *[RequestNotSentError("http://127.0.0.1:9 cannot be reached")] * 20]
    _, watch = result(service)
    assert watch.now - 1000 > 120


def test_an_error_that_will_not_pass_ends_the_wait() -> None:
    service = Service("RUNNING")
    service.errors = [ApiError("DescribeTrainingTasks", "AuthFailure.TokenFailure", "no", "r-1")]
    error, _ = failure(service)
    assert isinstance(error, ApiError)
    assert error.code == "AuthFailure.TokenFailure"


def test_an_unexpected_error_ends_all_waits_that_share_the_poll() -> None:
    class Broken(Service):
        def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
            raise KeyError("TrainingTaskSet")

    watch = Watch(Broken("RUNNING"))

    async def both() -> list[Any]:
        waits = (watch.wait(target(task_id=task_id)) for task_id in ("train-1", "train-2"))
        return await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), 10)

    assert [type(error) for error in asyncio.run(both())] == [KeyError, KeyError]


def test_messages_come_when_something_changes_and_once_a_minute_otherwise() -> None:
    _, watch = result(Service(*["RUNNING"] * 100, "SUCCEED"))
    minutes = (watch.now - 1000) / 60
    assert minutes - 3 <= len(watch.shown) <= minutes + 3
    assert watch.shown[2].startswith("RUNNING for ")


def test_a_new_status_is_shown_with_the_pods_that_are_ready_and_the_one_that_lags() -> None:
    service = Service("PENDING", "RUNNING", "RUNNING", "SUCCEED")
    _, watch = result(service)
    assert "PENDING (1 of 2 pods ready, worker-1 is PENDING), waiting for" in watch.shown[0]
    assert service.asked_for_pods == 2
    service = Service("RUNNING", "SUCCEED")
    service.pod_statuses = ("RUNNING", "SUCCEEDED")
    _, watch = result(service)
    assert "RUNNING (2 of 2 pods ready), waiting" in watch.shown[0]


def test_pods_that_cannot_be_read_are_left_out() -> None:
    service = Service("RUNNING", "SUCCEED")

    def refuse(task_id: str, ti_project_id: str | None = None) -> list[Json]:
        raise ApiError("DescribeTrainingTaskPods", "UnauthorizedOperation", "no", "r-1")

    service.pods = refuse  # type: ignore[method-assign]
    _, watch = result(service)
    assert watch.shown[0].startswith("RUNNING, waiting for SUCCEED")


def test_the_newest_line_is_shown_every_few_seconds_and_never_twice() -> None:
    service = Service(*["RUNNING"] * 20, "SUCCEED")
    service.lines = ["epoch 1", "epoch 1", "epoch 2\x1b[2J", "epoch 3" + "x" * 300]
    _, watch = result(service, target(logs=True))
    lines = [message for message in watch.shown if "epoch" in message]
    assert lines == [
        "RUNNING, worker-0: epoch 1",
        r"RUNNING, worker-0: epoch 2\x1b[2J",
        f"RUNNING, worker-0: epoch 3{'x' * 183} …",
    ]
    quiet = Service("RUNNING", "SUCCEED")
    result(quiet)
    assert quiet.asked_for_lines == 0


class Many(Watch):
    """A thousand waits for tasks that are all alike; each waits again before the next poll is made."""

    COUNT = 1000
    LIST_CALLS = COUNT // PAGE_SIZE

    async def _sleep(self, seconds: float) -> None:
        while sum(len(batch.keys) for batch in self.poller._batcher._open.values()) < self.COUNT:
            await asyncio.sleep(0.0001)
        await super()._sleep(seconds)

    async def wait_for_all(self, **how: Any) -> None:
        await asyncio.gather(*(self.wait(target(task_id=f"train-{number}", **how)) for number in range(self.COUNT)))


class Alike(Service):
    """The status changes from poll to poll, not from call to call."""

    def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
        self.list_calls.append(len(task_ids))
        if len(self.list_calls) % Many.LIST_CALLS == 1 < len(self.list_calls) and len(self.statuses) > 1:
            self.statuses.pop(0)
        return {task_id: {"Id": task_id, "Status": self.listed} for task_id in task_ids}


def test_a_thousand_waits_need_twenty_list_calls_a_poll_and_request_pods_of_ten_tasks() -> None:
    service = Alike("PENDING", *["RUNNING"] * 5, "SUCCEED")
    polls = len(service.statuses)
    asyncio.run(Many(service).wait_for_all(logs=True))
    assert service.list_calls == [PAGE_SIZE] * 20 * polls
    assert service.asked_for_pods == 10 * 2  # at the two polls that saw a new status
    assert 0 < service.asked_for_lines <= 10 * polls


def test_nothing_stays_in_memory_of_waits_that_have_ended() -> None:
    service = Alike("RUNNING")
    watch = Watch(service)

    async def waits(number: int) -> None:
        service.statuses = ["RUNNING", "SUCCEED"]
        await asyncio.gather(*(watch.wait(target(task_id=f"train-{number}-{each}")) for each in range(50)))
        service.list_calls.clear()
        watch.shown.clear()

    async def rounds() -> list[int]:
        blocks = []
        for number in range(20):
            await waits(number)
            gc.collect()
            blocks.append(sys.getallocatedblocks())
        return blocks

    blocks = asyncio.run(rounds())
    assert watch.poller._statuses == {}
    assert watch.poller._batcher._open == {}
    # What is kept of each wait would be several blocks of memory for each of the 750 tasks.
    assert blocks[-1] - blocks[4] < 375


def test_a_wait_that_fails_is_forgotten_as_well() -> None:
    _, watch = failure(Service("RUNNING", "FAILED"))
    assert watch.poller._statuses == {}


# What no value shows: pauses, the number of calls, and rare conditions.


def pauses_of(service: Service, jitter: float = 1.0) -> list[float]:
    """Return the pauses between the polls of one wait."""
    watch = Watch(service)
    watch.poller._jitter = lambda: jitter
    times: list[float] = []
    fetch = watch.poller._fetch

    async def noted(task_ids: Sequence[str]) -> Any:
        times.append(watch.now)
        return await fetch(task_ids)

    watch.poller._fetch = noted  # type: ignore[method-assign]
    asyncio.run(watch.wait(target()))
    return [after - before for before, after in pairwise(times)]


def test_the_pause_grows_while_nothing_changes_and_shrinks_after_a_change() -> None:
    pauses = pauses_of(Service(*["PENDING"] * 32, *["RUNNING"] * 4, "SUCCEED"))
    grown, after_the_change = pauses[:32], pauses[32:]
    assert grown[:4] == pytest.approx([1, 1.1, 1.21, 1.331])
    assert max(grown) == pytest.approx(15)
    assert after_the_change == pytest.approx([1, 1.1, 1.21, 1.331])


@pytest.mark.parametrize(("tasks", "shortest"), [(1, 1.0), (200, 1.0), (400, 2.0), (1000, 5.0)])
def test_the_shortest_pause_leaves_a_quarter_of_a_second_for_each_page(tasks: int, shortest: float) -> None:
    poller = StatusPoller(Alike("RUNNING"), None, jitter=lambda: 1.0)
    asyncio.run(poller._fetch([f"train-{number}" for number in range(tasks)]))
    assert poller._pause == shortest


@pytest.mark.parametrize(("tasks", "pause"), [(1, 1.0), (50, 1.0), (200, 4.0), (1000, 15.0), (4000, 20.0)])
def test_the_pause_for_new_tasks_is_a_second_for_each_page_and_never_below_the_shortest(
    tasks: int, pause: float
) -> None:
    poller = StatusPoller(Alike("RUNNING"), None)
    asyncio.run(poller._fetch([f"train-{number}" for number in range(tasks)]))
    assert poller._pause_for_new_task == pause


def test_the_pauses_of_two_programs_are_not_in_step() -> None:
    poller = StatusPoller(Service("RUNNING"), None)
    factors = {poller._jitter() for _ in range(100)}
    assert len(factors) > 50
    assert 1 <= min(factors) < max(factors) <= 1.2
    assert pauses_of(Service(*["RUNNING"] * 4, "SUCCEED"), jitter=1.2) == pytest.approx([1.2, 1.32, 1.452, 1.5972])


def test_an_end_is_noticed_within_a_tenth_of_the_time_that_the_task_ran_and_a_second() -> None:
    for seconds in (10, 20, 60, 100):
        passed, polls = 0.0, pauses_of(Service(*["RUNNING"] * 60, "SUCCEED"), jitter=1.2)
        while passed < seconds:
            passed += polls.pop(0)
        assert passed - seconds <= 1.2 + seconds / 10


@pytest.mark.parametrize(("tasks", "expected"), [(50, 1), (200, 4), (1000, 4)])
def test_at_most_four_pages_of_a_poll_are_requested_at_the_same_time(tasks: int, expected: int) -> None:
    class Slow(Alike):
        under_way, most = 0, 0

        def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
            assert len(task_ids) <= 50
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            threading.Event().wait(0.02)
            self.under_way -= 1
            return super().training_tasks_by_id(task_ids, ti_project_id)

    service = Slow("RUNNING")
    items = asyncio.run(StatusPoller(service, None)._fetch([f"train-{number}" for number in range(tasks)]))
    assert len(items) == tasks
    assert service.most == expected


@pytest.mark.parametrize("listed", ["STOPPED", "FAILED", "SUBMIT_FAILED"])
def test_a_list_that_disagrees_never_makes_a_success_fail(listed: str) -> None:
    for lists in ([listed], ["RUNNING", listed], ["RUNNING", listed, "SUCCEED"]):
        detail, watch = result(Split(lists=lists, details=["RUNNING", "SUCCEED"]))
        assert detail["Status"] == "SUCCEED"
        assert not [message for message in watch.shown if "instead of" in message]


def test_a_task_that_the_list_shows_at_its_target_ends_the_wait_only_with_its_detail() -> None:
    with pytest.raises(WaitFailedError) as caught:
        result(Split(lists=["SUCCEED"], details=["RUNNING", "FAILED"]))
    assert str(caught.value) == messages.ended("training task 'bert' (train-1)", "FAILED", "", "SUCCEED")


def test_at_the_timeout_a_success_that_only_the_detail_shows_counts_and_a_failure_is_named() -> None:
    detail, _ = result(Split(lists=["RUNNING"], details=["SUCCEED"]), target(timeout=timedelta(seconds=20)))
    assert detail["Status"] == "SUCCEED"
    error, _ = failure(Split(lists=["RUNNING"], details=["FAILED"]), target(timeout=timedelta(seconds=20)))
    assert str(error).endswith("ended FAILED instead of SUCCEED")


def test_a_log_line_is_requested_only_every_five_seconds() -> None:
    service = Service(*["RUNNING"] * 8, *["PENDING", "RUNNING"] * 10, "SUCCEED")  # each change makes the pause short
    service.lines = [f"epoch {number}" for number in range(100)]
    _, watch = result(service, target(logs=True))
    seconds = watch.now - 1000
    assert 2 <= service.asked_for_lines <= seconds / 5 + 1
    assert service.asked_for_lines < len(service.list_calls) / 2


def test_a_timeout_ends_a_wait_that_cannot_read_the_status() -> None:
    service = Service("RUNNING")
    service.errors = [None, *[IndeterminateResultError("no answer")] * 1000]
    error, watch = failure(service, target(timeout=timedelta(minutes=2)))
    assert isinstance(error, TaskError)
    assert "could not be read for" in str(error)
    assert 120 <= watch.now - 1000 < 140


def test_the_hint_comes_with_the_first_status_also_after_an_error() -> None:
    service = Service("RUNNING", "RUNNING", "SUCCEED")
    service.errors = [IndeterminateResultError("no answer")]
    _, watch = result(service)
    assert [message.endswith(messages.HINT) for message in watch.shown] == [False, True, False]


def test_a_wait_that_is_cancelled_leaves_the_others_their_poll() -> None:
    watch = Watch(Service("RUNNING", "SUCCEED"))

    async def first_is_cancelled() -> Any:
        waits = [asyncio.ensure_future(watch.wait(target(task_id=f"train-{number}"))) for number in (1, 2)]
        while not watch.poller._batcher._open:
            await asyncio.sleep(0)
        waits[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits[0]
        return await asyncio.wait_for(waits[1], 10)

    assert asyncio.run(first_is_cancelled())["Status"] == "SUCCEED"


def test_a_poll_of_an_event_loop_that_was_stopped_is_not_waited_for_by_the_next_loop() -> None:
    watch = Watch(Service("RUNNING", "SUCCEED"))
    stopped = asyncio.new_event_loop()
    waiting = stopped.create_task(watch.wait(target()))
    stopped.call_soon(lambda: stopped.call_soon(stopped.stop))
    stopped.run_forever()
    assert watch.poller._batcher._open, "the poll is not under way"
    assert asyncio.run(asyncio.wait_for(watch.wait(target()), 10))["Status"] == "SUCCEED"
    waiting.cancel()
    stopped.run_until_complete(asyncio.gather(waiting, return_exceptions=True))
    stopped.close()


# What is requested, and the boundaries of time.


PRINTING = {"LatestInstanceId": "run-1", "CreateTime": as_shown(BEGIN)}


def polled(api: FakeApi, workspace: str | None = None) -> StatusPoller:
    async def sleep(seconds: float) -> None:
        api.sleep(seconds)

    return StatusPoller(api, workspace, sleep=sleep, jitter=lambda: 1.0)


def test_every_request_of_a_wait_names_the_workspace_of_the_task() -> None:
    api = FakeApi.with_task(facts={**PRINTING, "Status": "SUCCEED"})
    api.printed["run-1"] = [(0, "run-1-worker-0", "epoch 1")]
    poller = polled(api, "1889353273052233728")

    async def requests() -> None:
        await wait(target("FAILED", "SUCCEED"), poller, lambda _: None, api.clock)
        await poller.pods("train-1")
        assert await poller.newest_line("train-1") == "worker-0: epoch 1"

    asyncio.run(requests())
    assert {*api.verbs} == {"list", "describe", "pods", "logs"}
    assert {*api.asked_workspaces} == {"1889353273052233728"}


@pytest.mark.parametrize(("length", "is_cut"), [(190, False), (191, True)])
def test_a_row_shows_two_hundred_characters_of_a_line(length: int, is_cut: bool) -> None:
    api = FakeApi.with_task(facts=PRINTING)
    api.printed["run-1"] = [(0, "run-1-worker-0", "x" * length)]
    line = asyncio.run(polled(api).newest_line("train-1"))
    assert line == f"worker-0: {'x' * 190}" + " …" * is_cut


@pytest.mark.parametrize("detail", [None, {"LatestInstanceId": ""}, {"LatestInstanceId": "run-2"}])
def test_a_task_without_a_log_has_no_newest_line(detail: Json | None) -> None:
    api = FakeApi.with_task(facts=detail)
    if detail is None:
        api.put("train-1")
    assert asyncio.run(polled(api).newest_line("train-1")) is None


def test_a_run_without_pods_is_shown_without_their_number() -> None:
    assert asyncio.run(polled(FakeApi.with_task()).pods("train-1")) == ""


def test_the_first_poll_comes_after_a_fifth_of_a_second_and_after_a_failure_the_longest_pause() -> None:
    api = FakeApi.with_task()
    poller = polled(api)

    async def polls() -> list[float]:
        times = []
        for _ in range(2):
            await poller.poll("train-1")
            times.append(api.now)
        poller.slow_down()
        await poller.poll("train-1")
        return [*times, api.now]

    assert asyncio.run(polls()) == pytest.approx([0.2, 1.2, 16.2])


def test_of_a_task_that_is_at_its_target_when_it_is_first_polled_nothing_is_shown() -> None:
    _, watch = result(Service("SUCCEED"))
    assert watch.shown == []


def test_a_wait_shows_how_long_it_took() -> None:
    _, watch = result(Service("RUNNING", "SUCCEED"))
    assert watch.shown[-1] == messages.arrived("SUCCEED", 1.2)


def test_list_and_detail_must_disagree_for_the_whole_time_without_a_break() -> None:
    """Each disagreement has its own lag: two short ones, minutes apart, do not end the wait."""

    class Flickering(Service):
        """The list shows the end of the run for half a minute, twice; the detail does not."""

        def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
            after = watch.now - 1000
            is_early = after < 30 or 120 < after < 150
            status = "SUCCEED" if is_early or after > 300 else "RUNNING"
            return {"train-1": {"Id": "train-1", "Status": status}}

        def describe_training_task(
            self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
        ) -> Json | None:
            return {**self.detail, "Id": task_id, "Status": "RUNNING" if watch.now < 1300 else "SUCCEED"}

    watch = Watch(Flickering("unused"))
    asyncio.run(watch.wait(target()))
    assert watch.now >= 1300


def test_a_task_of_another_account_is_not_taken_for_one_that_is_gone() -> None:
    service = Service("RUNNING")
    service.is_gone = True
    awaited = WaitTarget("train-1", "bert", "999", ("SUCCEED",), status="RUNNING", create_time=NOW.isoformat())
    error, _ = failure(service, awaited)
    assert other_account("training task 'bert' (train-1)", "ap-guangzhou", "999", "100000000001") in str(error)


def test_a_status_that_stays_unknown_is_shown_with_its_duration_each_minute() -> None:
    service = Service("RUNNING")
    service.errors = [None, *[IndeterminateResultError("no answer")] * 12]
    service.statuses = ["RUNNING", "SUCCEED"]
    _, watch = result(service)
    unknown = [message for message in watch.shown if message.startswith("status unknown")]
    assert unknown[0] == messages.status_unknown(1, "no answer")
    assert len(unknown) == 3


@pytest.mark.parametrize("message", ["", "out of memory"])
def test_a_failure_is_reported_with_the_reason_that_the_service_gives(message: str) -> None:
    service = Service("FAILED")
    service.detail["Message"] = message
    error, _ = failure(service)
    assert isinstance(error, WaitFailedError)
    reason = message or messages.NO_REASON
    assert error.report.splitlines()[0] == f"training task 'bert' (train-1) ended FAILED instead of SUCCEED: {reason}"


def test_a_timeout_counts_from_the_beginning_of_the_wait() -> None:
    service = Service("RUNNING")
    error, watch = failure(service, target(timeout=timedelta(seconds=90)))
    assert str(error) == messages.timed_out("training task 'bert' (train-1)", "RUNNING", watch.now - 1000, "SUCCEED")
    assert 90 <= watch.now - 1000 <= 105


def test_a_task_that_cannot_be_read_at_the_timeout_is_reported_as_it_was_read_last() -> None:
    class Silent(Service):
        def describe_training_task(
            self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
        ) -> Json | None:
            raise IndeterminateResultError("no answer")

    error, _ = failure(Silent("RUNNING"), target(timeout=timedelta(seconds=30)))
    assert isinstance(error, WaitFailedError)
    assert "is RUNNING after" in str(error)


def test_a_refusal_at_the_timeout_is_the_error() -> None:
    class Refusing(Service):
        def describe_training_task(
            self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
        ) -> Json | None:
            raise ApiError("DescribeTrainingTask", "UnauthorizedOperation", "no", "r-1")

    error, _ = failure(Refusing("RUNNING"), target(timeout=timedelta(seconds=30)))
    assert isinstance(error, ApiError)


def test_the_pods_are_shown_again_only_when_the_status_changes() -> None:
    service = Service(*["RUNNING"] * 30, "SUCCEED")
    result(service)
    assert service.asked_for_pods == 1


def test_pods_and_lines_of_ten_tasks_each_are_requested_between_two_polls() -> None:
    class Counting(Service):
        requests = 0

        def pods(self, task_id: str, ti_project_id: str | None = None) -> Any:
            self.requests += 1
            return []

        def describe_training_task(
            self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
        ) -> None:
            self.requests += 1

    async def test() -> None:
        service = Counting("RUNNING")
        poller = StatusPoller(service, None)
        for request in (poller.pods, poller.newest_line):
            for requested, expected in ((9, 9), (1, 10), (5, 10)):
                for _ in range(requested):
                    await request("train-1")
                assert service.requests == expected
            service.requests = 0
        await poller._fetch(["train-1"])
        for _ in range(12):
            await poller.pods("train-1")
        assert service.requests == 10

    asyncio.run(test())


class Joining:
    """Waits that begin one after the other: when each poll begins, and for which tasks."""

    def __init__(self, tasks: int = 1) -> None:
        self.service = Service("RUNNING")
        self.now = 0.0
        self.poller = StatusPoller(self.service, None, self._sleep, jitter=lambda: 1.0, clock=lambda: self.now)
        self.polls: list[tuple[float, list[str]]] = []
        self.joining: dict[float, str] = {}
        """The tasks that join, by the time after which they do."""
        self.waits: list[asyncio.Future[Any]] = []
        fetch = self.poller._fetch

        async def noted(task_ids: Sequence[str]) -> Any:
            self.polls.append((self.now, [*task_ids]))
            return await fetch(task_ids)

        self.poller._fetch = noted  # type: ignore[method-assign]
        self.first = [f"train-{number}" for number in range(tasks)]

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds
        for at in [at for at in self.joining if at <= self.now]:
            self.waits.append(asyncio.ensure_future(self._wait(self.joining.pop(at))))
        for _ in range(len(self.first) + 10):
            await asyncio.sleep(0)

    async def _wait(self, task_id: str) -> None:
        while True:
            await self.poller.poll(task_id)

    async def _until(self, seconds: float) -> None:
        self.waits += [asyncio.ensure_future(self._wait(task_id)) for task_id in self.first]
        while self.now < seconds:
            await asyncio.sleep(0)
        for each in asyncio.all_tasks() - {asyncio.current_task()}:
            each.cancel()

    def run(self, seconds: float) -> list[tuple[float, list[str]]]:
        asyncio.run(self._until(seconds))
        return self.polls


def test_a_wait_that_begins_while_others_pause_joins_their_poll_and_ends_the_pause_early() -> None:
    waits = Joining()
    waits.joining = {21.0: "late"}
    polls = waits.run(60)
    [joined] = [number for number, (_, task_ids) in enumerate(polls) if "late" in task_ids][:1]
    assert polls[joined][1] == ["train-0", "late"]
    assert 21 <= polls[joined][0] <= 23  # the pause was one of more than seven seconds
    assert all(len(task_ids) == 2 for _, task_ids in polls[joined:])


def test_polls_are_at_least_a_second_apart_however_many_waits_begin() -> None:
    waits = Joining()
    waits.joining = {number / 20: f"late-{number}" for number in range(200)}
    polls = waits.run(16)
    times = [at for at, _ in polls]
    assert min(after - before for before, after in pairwise(times)) > 0.999
    assert [len(task_ids) for _, task_ids in polls] == sorted(len(task_ids) for _, task_ids in polls)
    assert len({each for _, task_ids in polls for each in task_ids}) == 201


def test_while_new_tasks_come_the_polls_leave_the_list_calls_to_those_that_are_created() -> None:
    waits = Joining()
    waits.joining = {number / 20: f"late-{number}" for number in range(400)}
    polls = [(at, -(-len(task_ids) // 50)) for at, task_ids in waits.run(20) if at > 2]
    assert len(polls) >= 5
    assert sum(calls for _, calls in polls) <= 1.3 * 20


def test_a_wait_that_begins_while_a_poll_is_under_way_joins_the_next_one() -> None:
    waits = Joining()
    fetch, under_way, most = waits.poller._fetch, 0, 0

    async def slow(task_ids: Sequence[str]) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if len(waits.polls) == 1:
            waits.waits.append(asyncio.ensure_future(waits._wait("late")))
        for _ in range(100):
            await asyncio.sleep(0)
        items = await fetch(task_ids)
        under_way -= 1
        return items

    waits.poller._fetch = slow  # type: ignore[method-assign]
    polls = waits.run(10)
    assert most == 1
    assert [len(task_ids) for _, task_ids in polls[:4]] == [1, 1, 2, 2]


def test_a_poll_that_fails_does_not_stop_the_wait_that_joins_the_next_one() -> None:
    waits = Joining()
    fetch = waits.poller._fetch

    async def failing(task_ids: Sequence[str]) -> Any:
        if task_ids == ["train-0"]:
            waits.waits.append(asyncio.ensure_future(waits._wait("late")))
            await asyncio.sleep(0)
            raise IndeterminateResultError("no answer")
        return await fetch(task_ids)

    waits.poller._fetch = failing  # type: ignore[method-assign]
    assert ["late"] in [task_ids for _, task_ids in waits.run(10)]


def test_a_thousand_waits_have_the_pause_of_a_thousand_when_another_one_begins() -> None:
    waits = Joining(1000)
    waits.joining = {20.0: "late"}
    polls = waits.run(40)
    assert min(after - before for (before, _), (after, _) in pairwise(polls)) > 4.999
    [joined] = [number for number, (_, task_ids) in enumerate(polls) if "late" in task_ids][:1]
    assert len(polls[joined][1]) == 1001


def test_a_wait_that_begins_after_a_failure_does_not_shorten_the_pause() -> None:
    waits = Joining()
    waits.joining = {3.0: "late"}
    slow_down = waits.poller.slow_down
    errors = [IndeterminateResultError("no answer")]
    fetch = waits.poller._fetch

    async def failing(task_ids: Sequence[str]) -> Any:
        items = await fetch(task_ids)
        if errors:
            errors.pop()
            slow_down()
        return items

    waits.poller._fetch = failing  # type: ignore[method-assign]
    polls = waits.run(20)
    assert polls[1][0] - polls[0][0] == pytest.approx(15)


def test_waits_one_after_the_other_are_polled_a_second_apart() -> None:
    waits = Joining()

    async def one_by_one() -> None:
        for number in range(5):
            await waits.poller.poll(f"train-{number}")
            waits.poller.forget(f"train-{number}")

    asyncio.run(one_by_one())
    times = [at for at, _ in waits.polls]
    assert times[0] == pytest.approx(0.2)
    assert [after - before for before, after in pairwise(times)] == pytest.approx([1] * 4)


def test_waits_are_finished_when_the_last_of_them_has_ended() -> None:
    polls = 0

    async def sleep(_: float) -> None:
        nonlocal polls
        polls += 1
        await asyncio.sleep(0)

    tracker = WaitTracker(sleep)

    async def wait_until(number: int) -> None:
        with tracker.track():
            while polls < number:
                await asyncio.sleep(0)

    async def both() -> None:
        waits = [asyncio.ensure_future(wait_until(number)) for number in (5, 50)]
        await asyncio.sleep(0)
        await tracker.finished()
        await asyncio.gather(*waits)

    asyncio.run(both())
    assert polls >= 59


def test_waits_are_finished_after_ten_quiet_polls_in_a_row() -> None:
    pauses: list[float] = []
    tracker: WaitTracker

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 9:
            with tracker.track():
                await asyncio.sleep(0)
                late.append(asyncio.ensure_future(long_wait()))
        await asyncio.sleep(0)

    async def long_wait() -> None:
        with contextlib.suppress(KeyError), tracker.track():
            while len(pauses) < 20:
                await asyncio.sleep(0)
            raise KeyError  # a wait that fails has ended as well

    late: list[asyncio.Task[None]] = []
    tracker = WaitTracker(sleep)
    asyncio.run(tracker.finished())
    assert {*pauses} == {0.1}
    assert 29 <= len(pauses) <= 30


def test_a_target_of_several_statuses_is_shown_with_an_or() -> None:
    error, _ = failure(Service("FAILED"), target("RUNNING", "SUCCEED", "STOPPED"))
    assert str(error) == "training task 'bert' (train-1) ended FAILED instead of RUNNING or SUCCEED or STOPPED"


def test_a_status_that_cannot_be_read_until_the_timeout_is_reported_with_its_last_error() -> None:
    service = Service("RUNNING")
    service.errors = [None, *[IndeterminateResultError("no answer")] * 1000]
    error, watch = failure(service, target(timeout=timedelta(minutes=2)))
    seconds = watch.now - 1000 - 0.2
    assert str(error) == messages.unreadable("training task 'bert' (train-1)", seconds, "no answer")


def test_a_log_line_is_shown_every_five_seconds_while_polls_come_each_second() -> None:
    service = Service(*["PENDING", "RUNNING"] * 60, "SUCCEED")  # each change makes the pause short
    service.lines = [f"epoch {number}" for number in range(100)]
    _, watch = result(service, target(logs=True))
    shown = len([message for message in watch.shown if "epoch" in message])
    assert (watch.now - 1000) / 6.5 <= shown <= (watch.now - 1000) / 5


def test_the_polls_alone_make_the_pauses_of_a_wait() -> None:
    """A pause of its own, in real time, would delay each poll, and let waits miss the poll of others."""
    service = Service(*["RUNNING"] * 200, "SUCCEED")
    began = time.monotonic()
    result(service)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("listed", "detailed", "shown"),
    [
        ("PAUSED", "HIBERNATING", "PAUSED"),
        ("PAUSED", "RUNNING", "RUNNING (1 of 2 pods ready, worker-1 is PENDING)"),
        ("nothing", "PAUSED", "PAUSED"),
        ("nothing", "not found", messages.NOT_VISIBLE),
        ("PAUSED", "not found", "PAUSED"),
    ],
)
def test_of_two_statuses_the_one_that_is_known_is_shown_and_else_that_of_the_list(
    listed: str, detailed: str, shown: str
) -> None:
    service = Split(lists=[listed, "SUCCEED"], details=[detailed, "SUCCEED"])
    _, watch = result(service, target(status="", create_time=""))
    is_unknown = "; this version does not know that status" * (shown == "PAUSED")
    assert watch.shown[0] == f"{shown}, waiting for SUCCEED{is_unknown}. {messages.HINT}"


def test_a_status_that_does_not_change_is_shown_with_its_duration_once_a_minute() -> None:
    watch = Watch(Service(*["RUNNING"] * 35, "SUCCEED"))
    watch.poller._jitter = lambda: 1.0
    asyncio.run(watch.wait(target()))
    durations = [message.partition(",")[0] for message in watch.shown[1:-1]]
    assert durations == ["RUNNING for 64 s", "RUNNING for 2 min", "RUNNING for 3 min"]


def test_a_task_that_is_gone_was_looked_for_in_its_workspace() -> None:
    api = FakeApi.with_task()
    api.put("train-1")
    awaited = WaitTarget("train-1", "bert", "100", ("SUCCEED",), status="RUNNING", create_time=as_shown(BEGIN))
    api.now = 3600
    with pytest.raises(TaskError, match="no longer exists"):
        asyncio.run(wait(awaited, polled(api, "1889353273052233728"), lambda _: None, api.clock))
    assert {
        workspace for verb, workspace in zip(api.verbs, api.asked_workspaces, strict=True) if verb != "account"
    } == {"1889353273052233728"}


def test_a_new_task_may_be_invisible_for_a_minute_before_its_existence_is_checked() -> None:
    class New(Service):
        def service_now(self) -> datetime:
            return NOW

    service = New("RUNNING")
    service.is_gone = True
    error, watch = failure(service)
    assert "was created only 0 s ago, and the service does not find it: it may still run" in str(error)
    assert 60 <= watch.now - 1000 < 76


def test_the_report_of_a_timeout_has_what_is_known_of_the_task_even_if_it_cannot_be_read_again() -> None:
    class Half(Service):
        def describe_training_task_response(self, task_id: str, ti_project_id: str | None = None) -> Json:
            raise ApiError("DescribeTrainingTask", "UnauthorizedOperation", "no", "r-1")

    service = Half("RUNNING")
    watch = Watch(service)
    watch.poller.workspace = "w-1"
    with pytest.raises(WaitFailedError) as caught:
        asyncio.run(watch.wait(target(timeout=timedelta(minutes=1))))
    first, *lines = caught.value.report.splitlines()
    assert first == str(caught.value)
    assert f"  run: {RUN} in ap-guangzhou" in lines
    assert "    pulumi-tione logs train-1 --pod worker-0 --region ap-guangzhou --workspace w-1 --follow" in lines


def test_a_run_that_its_time_limit_has_ended_has_its_own_next_steps() -> None:
    service = Service("FAILED")
    service.pod_statuses = ("FAILED",)
    service.lines = ["pulumi-tione: time limit of 3600 s reached, run ended"]
    error, _ = failure(service)
    assert isinstance(error, WaitFailedError)
    first, *_, raise_limit, rerun = error.report.splitlines()
    assert first.endswith(messages.ended_by_time_limit(3600))
    assert [raise_limit, rerun] == [f"    {messages.RAISE_LIMIT}", f"    {messages.RERUN_AT_LIMIT}"]
