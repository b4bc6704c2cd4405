"""The log of a run: every line once, in order, whatever the service does with its pages.

The command is in `tests/cli/test_logs.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from fake_api import BEGIN, PROCEED, FakeApi, PrintedLine

from pulumi_tione._api.logs import Line, RunLog, TaskLog, beginning_of, newest_line
from pulumi_tione._api.pods import short_pod
from pulumi_tione._timestamps import rfc3339
from pulumi_tione.errors import ApiError, IndeterminateResultError, RequestNotSentError, TaskError, TioneError

RUN = "train-1-a"


class Service(FakeApi):
    """The fake with one task, whose details show its statuses one after the other."""

    def __init__(self, printed: Sequence[PrintedLine] = (), statuses: Sequence[str] = ("RUNNING",)) -> None:
        super().__init__()
        self.printed[RUN] = [*printed]
        self.details: list[dict[str, Any] | None] = [detail(status) for status in statuses]
        self.always("describe", lambda _: self.details.pop(0) if len(self.details) > 1 else self.details[0])
        self.always("logs", self._note_request)
        self.always("pods", lambda: [{"Name": pod} for pod in dict.fromkeys(pod for _, pod, _ in self.printed[RUN])])
        self.requests: list[dict[str, Any]] = []
        self.errors: dict[int, TioneError] = {}
        """What goes wrong, by the number of the request for a page."""

    def _note_request(self, how: dict[str, Any]) -> object:
        self.requests.append(how)
        if len(self.requests) in self.errors:
            raise self.errors[len(self.requests)]
        return PROCEED


def detail(status: str, run: str = RUN) -> dict[str, Any]:
    return {"Status": status, "LatestInstanceId": run, "CreateTime": "2025-08-01T10:59:53+08"}


def spread(count: int, pods: int = 1, seconds_a_line: float = 0.01, begin: float = 0) -> list[PrintedLine]:
    return [(begin + number * seconds_a_line, f"{RUN}-worker-{number % pods}", f"{number}") for number in range(count)]


def log_of(service: FakeApi, **how: Any) -> RunLog:
    return RunLog(service, RUN, None, BEGIN - timedelta(minutes=5), **how)


def texts(lines: Iterator[Line] | Sequence[Line]) -> list[str]:
    return [line.text for line in lines]


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 9_999, 10_000, 10_001, 25_000])
def test_every_line_comes_once_and_in_order_however_many_pages_there_are(count: int) -> None:
    service = Service(spread(count))
    log = log_of(service)
    assert texts(log.new_lines()) == [str(number) for number in range(count)]
    assert texts(log.new_lines()) == []


def test_lines_that_the_service_does_not_return_are_warned_of_and_those_after_them_are_read() -> None:
    service = Service([*((1.0, f"{RUN}-worker-0", str(number)) for number in range(12_000)), (2.0, "p", "after")])
    warnings: list[str] = []
    lines = [*log_of(service, warn=warnings.append).new_lines()]
    assert len({line.id for line in lines}) == len(lines) == 10_001
    assert lines[-1].text == "after"
    (warning,) = warnings
    assert "2025-08-01T03:00:01.000000Z: some may be missing" in warning


def test_the_tail_also_warns_of_lines_that_the_service_does_not_return_and_reads_those_before_them() -> None:
    equally_old = [(2.0, f"{RUN}-worker-0", str(number)) for number in range(12_000)]
    service = Service([(1.0, "p", "before"), (1.999999, "p", "just before"), *equally_old, (3.0, "p", "after")])
    warnings: list[str] = []
    lines = log_of(service, warn=warnings.append).tail(20_000)
    assert len({line.id for line in lines}) == len(lines) >= 10_000
    assert [line.text for line in lines[:2]] == ["before", "just before"]
    assert lines[-1].text == "after"
    (warning,) = warnings
    assert "2025-08-01T03:00:02.000000Z: some may be missing" in warning
    assert len(service.requests) < 50


@pytest.mark.parametrize("read", [lambda log: [*log.new_lines()], lambda log: log.tail(20_000)], ids=["all", "tail"])
@pytest.mark.parametrize("shown_at", [None, "2025-08-01T02:00:00Z", "2025-08-02T00:00:00Z"])
def test_lines_of_another_time_than_the_requested_one_are_not_read_for_ever(
    read: Callable[[RunLog], list[Line]], shown_at: str | None
) -> None:
    """Each reading ends at the limit of what can be paged through, at the same lines."""
    service = FakeApi()

    def page(how: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        seen = int(how["Context"] or 0)
        if seen:
            raise ApiError("DescribeLogs", "FailedOperation.ContextLimitError", "no further", "r-1")
        assert len(service.calls) < 20, "it goes on for ever"
        return [{"Id": "1", "Message": "x", "Timestamp": shown_at}], "1"

    service.always("logs", page)
    with contextlib.suppress(IndeterminateResultError):
        read(log_of(service))
    assert len(service.calls) < 20


def test_a_page_that_begins_with_lines_of_the_page_before_repeats_none() -> None:
    class Shifting(Service):
        """A line arrives late before each page, which moves all others by one."""

        def logs(self, run: str, **how: Any) -> tuple[list[dict[str, Any]], str]:
            items, context = super().logs(run, **how)
            self.printed[RUN].insert(0, (0.0, "p", f"late {len(self.requests)}"))
            return items, context

        def _in_order(self, run: str) -> list[tuple[datetime, str, int, str]]:
            lines = [(BEGIN + timedelta(seconds=after), pod, text) for after, pod, text in self.printed[run]]
            # Ids do not change when a line arrives late.
            return [(at, pod, int(text) if text.isdigit() else hash(text), text) for at, pod, text in sorted(lines)]

    service = Shifting(spread(2_500, seconds_a_line=0.001, begin=1))
    lines = [line for line in log_of(service).new_lines() if line.text.isdigit()]
    assert texts(lines) == [str(number) for number in range(2_500)]


def test_only_what_is_new_comes_the_next_time_and_what_comes_in_late_is_not_lost() -> None:
    service = Service([(0.0, "p", "first"), (10.0, "p", "second")])
    log = log_of(service)
    assert texts(log.new_lines()) == ["first", "second"]
    service.printed[RUN] += [(12.0, "p", "third"), (8.0, "q", "late")]
    assert sorted(texts(log.new_lines())) == ["late", "third"]
    service.printed[RUN] += [(12.0, "p", "of the same moment")]
    assert texts(log.new_lines()) == ["of the same moment"]


@pytest.mark.parametrize("failing", [1, 2, 10, 11, 12, 14])
def test_an_error_in_the_middle_loses_nothing_and_repeats_nothing(failing: int) -> None:
    service = Service(spread(12_500, pods=3))
    service.errors[failing] = IndeterminateResultError("DescribeLogs got no answer")
    log, read = log_of(service), list[Line]()
    with pytest.raises(IndeterminateResultError):
        read.extend(log.new_lines())
    read += log.new_lines()
    assert texts(read) == [str(number) for number in range(12_500)]


def test_what_is_remembered_does_not_grow_with_the_log() -> None:
    service = Service(spread(30_000))
    log = log_of(service)
    largest = 0
    for _ in log.new_lines():
        largest = max(largest, len(log._seen))
    assert largest <= 11_000
    assert len(log._seen) <= 1_000


@pytest.mark.parametrize(
    ("count", "shown"), [(0, []), (2, ["98", "99"]), (500, [str(number) for number in range(100)])]
)
def test_the_tail_is_the_last_lines_and_reading_goes_on_after_them(count: int, shown: list[str]) -> None:
    service = Service(spread(100))
    log = log_of(service)
    assert texts(log.tail(count)) == shown
    service.printed[RUN] += [(1.2, "p", "new")]
    assert texts(log.new_lines()) == ["new"]


def test_lines_that_arrive_late_after_the_tail_are_not_lost() -> None:
    service = Service([(number, "p", str(number)) for number in range(21)])
    log = log_of(service)
    assert texts(log.tail(2)) == ["19", "20"]
    service.printed[RUN] += [(number + 0.5, "p", f"{number}.5") for number in (3, 15, 16, 18, 20)]
    assert texts(log.new_lines()) == ["15.5", "16.5", "18.5", "20.5"]


def test_the_tail_is_found_by_few_questions_and_beyond_ten_thousand_lines() -> None:
    service = Service(spread(40_000, seconds_a_line=0.0001))
    log = log_of(service)
    assert texts(log.tail(20)) == [str(number) for number in range(39_980, 40_000)]
    assert len(service.requests) <= 3
    assert texts(log.new_lines()) == []
    assert (
        texts(log_of(service).tail(3, lambda line: line.text.endswith("7777")))
        == ["7777", "17777", "27777", "37777"][1:]
    )


def test_one_pod_and_a_beginning_can_be_asked_for() -> None:
    service = Service(spread(10, pods=2, seconds_a_line=1))
    log = RunLog(service, RUN, "ws-1", BEGIN + timedelta(seconds=5), f"{RUN}-worker-1")
    assert texts(log.new_lines()) == ["5", "7", "9"]
    assert service.requests[0]["TiProjectId"] == "ws-1"
    assert service.requests[0]["StartTime"] == "2025-08-01T03:00:05.000000Z"


def test_a_line_without_an_id_or_a_time_is_shown_all_the_same() -> None:
    by_package = Line.from_item(
        {"PkgId": "A-1", "PkgLogId": "65536", "Message": "x", "PodName": "p", "Timestamp": None}
    )
    assert (by_package.id, by_package.text) == ("A-1 65536", "x")
    service = Service()
    items: list[dict[str, Any]] = [{"Message": "bare"}]
    service.always("logs", lambda how: ([] if how["Context"] else items, "c"))
    assert texts(log_of(service).new_lines()) == ["bare"]


def follow(
    service: Service, *, meanwhile: Callable[[int], None] = lambda _: None, **how: Any
) -> tuple[list[str], dict[str, Any] | None, list[float]]:
    """Follow to the end: the lines, the task's last detail, the pauses. `meanwhile` is called in each pause."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        assert len(pauses) < 500, "it goes on for ever"
        meanwhile(len(pauses))

    log = TaskLog(service, "train-1", None, sleep=sleep, clock=lambda: sum(pauses), **how)
    following, shown = log.follow(None), list[str]()
    while True:
        try:
            _, line = next(following)
        except StopIteration as end:
            return shown, end.value, pauses
        shown.append(line.text)


def test_following_ends_with_the_task_and_includes_lines_that_arrive_after_its_end() -> None:
    service = Service(statuses=["SUBMITTING", "PENDING", "RUNNING", "RUNNING", "RUNNING", "SUCCEED"])

    def meanwhile(pause: int) -> None:
        service.printed[RUN] += [(float(pause), "p", f"line {pause}")] if pause >= 2 else []

    shown, last, _ = follow(service, meanwhile=meanwhile)
    assert shown == [f"line {pause}" for pause in range(2, 7)]
    assert last is not None
    assert last["Status"] == "SUCCEED"


@pytest.mark.parametrize("status", ["STOPPED", "FAILED", "SUBMIT_FAILED", "SUCCEED"])
def test_following_ends_within_two_polls_after_the_end_of_the_task(status: str) -> None:
    service = Service([(0.0, "p", "x")], statuses=["RUNNING", status])
    shown, last, pauses = follow(service)
    assert shown == ["x"]
    assert last is not None
    assert last["Status"] == status
    assert len(pauses) == 2


def test_a_preempted_task_and_an_unheard_of_status_end_nothing() -> None:
    service = Service([(0.0, "p", "x")], statuses=["RUNNING", "PENDING", "PAUSED", "RUNNING", "SUCCEED"])
    _, last, pauses = follow(service)
    assert len(pauses) == 5
    assert last is not None


def test_a_restart_is_followed_and_the_last_lines_of_the_earlier_run_come_first() -> None:
    service = Service([(0.0, "p", "old")])
    service.details = [detail("RUNNING"), detail("RUNNING", "train-1-b"), detail("SUCCEED", "train-1-b")]
    service.printed["train-1-b"] = [(5.0, "p", "new")]

    def meanwhile(pause: int) -> None:
        service.printed[RUN] += [(1.0, "p", "old, at last")] if pause == 1 else []

    shown, _, _ = follow(service, meanwhile=meanwhile)
    assert shown == ["old", "old, at last", "new"]


def test_a_task_that_is_deleted_ends_it() -> None:
    service = Service([(0.0, "p", "x")])
    service.details = [detail("RUNNING"), None]

    def meanwhile(pause: int) -> None:
        service.printed.clear()

    shown, last, _ = follow(service, meanwhile=meanwhile)
    assert shown == ["x"]
    assert last is None


def test_transient_errors_are_tolerated_with_a_warning_and_others_are_raised() -> None:
    service = Service([(0.0, "p", "x")], statuses=["RUNNING", "RUNNING", "RUNNING", "SUCCEED"])
    service.errors = {1: IndeterminateResultError("no answer"), 2: RequestNotSentError("no connection")}
    warned: list[str] = []
    shown, _, _ = follow(service, warn=warned.append)
    assert shown == ["x"]
    assert len(warned) == 2
    service.errors = {len(service.requests) + 1: ApiError("DescribeLogs", "UnauthorizedOperation", "no", "r-1")}
    with pytest.raises(ApiError, match="UnauthorizedOperation"):
        follow(service)


def test_following_ends_after_half_an_hour_of_transient_errors() -> None:
    service = Service()
    service.errors = dict.fromkeys(range(1, 1000), IndeterminateResultError("no answer"))
    with pytest.raises(IndeterminateResultError):
        follow(service)


def test_the_pauses_grow_while_nothing_comes() -> None:
    service = Service(statuses=["RUNNING"] * 20 + ["SUCCEED"])
    _, _, pauses = follow(service)
    assert pauses[:19] == sorted(pauses[:19])
    assert max(pauses) == 10


def test_a_pod_is_known_by_what_follows_the_run_in_its_name() -> None:
    service = Service(spread(4, pods=2))
    for pod in ("worker-1", f"{RUN}-worker-1"):
        log = TaskLog(service, "train-1", None, pod=pod).of_latest_run()
        assert log is not None
        assert texts(log.new_lines()) == ["1", "3"]
    with pytest.raises(TaskError, match="no pod 'worker-2': its latest run has worker-0, worker-1"):
        TaskLog(service, "train-1", None, pod="worker-2").of_latest_run()
    assert short_pod(RUN, f"{RUN}-worker-1") == "worker-1"


def test_a_task_that_does_not_exist_has_no_log_and_one_without_a_run_none_yet() -> None:
    service = Service()
    service.details = [None]
    with pytest.raises(TaskError, match="train-1 does not exist in ap-guangzhou"):
        TaskLog(service, "train-1", None).of_latest_run()
    service.details = [detail("SUBMITTING", run="")]
    assert TaskLog(service, "train-1", None).of_latest_run() is None
    assert newest_line(service, detail("SUBMITTING", run=""), None) is None


def endless(different_pages: int | None) -> FakeApi:
    """Return a service whose pages never end: the same ones in turn, or ever new ones."""
    service = FakeApi()

    def page(_: object) -> tuple[list[dict[str, Any]], str]:
        number = len(service.calls) - 1
        number = number if different_pages is None else number % different_pages
        return [{"Id": f"{number}", "Message": f"{number}", "Timestamp": "2025-08-01T03:00:00Z"}], "more"

    service.always("logs", page)
    return service


@pytest.mark.parametrize("different_pages", [1, 3])
def test_a_log_ends_with_a_page_that_repeats_others(different_pages: int) -> None:
    service = endless(different_pages)
    assert texts(log_of(service).new_lines()) == [str(number) for number in range(different_pages)]
    assert len(service.calls) == different_pages + 1
    assert len(log_of(service).tail(10)) == different_pages


def test_a_log_without_an_end_is_an_error() -> None:
    service = endless(None)
    with pytest.raises(IndeterminateResultError, match="its log has no end"):
        list(log_of(service).new_lines())
    assert len(service.calls) == 1000


@pytest.mark.parametrize(
    "created", ["0001-01-01 00:00:00", "0001-01-01T00:00:00+08", "9999-12-31T23:59:59-08", 7, None, {}]
)
def test_a_time_that_is_none_of_a_task_is_no_time(created: object) -> None:
    begin = beginning_of({"CreateTime": created})
    assert datetime.now(timezone.utc) - begin < timedelta(days=366)
    assert rfc3339(begin)
