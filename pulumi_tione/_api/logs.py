"""The log of a run, line by line: every line once, however many there are, and whatever fails on the way.

The service returns pages of a thousand lines, continues by a `Context`, and stops after ten thousand lines. From there
reading continues by time, and ids show which lines are repeated. Lines may arrive a little late, so each reading begins
a little before the end of the one before.

While a log is followed, the pauses are 1 to 10 seconds. Following ends with an error when the log could not be read for
1800 seconds. `cli/logs.py` prints, `_wait/failure_report.py` shows the last lines of a failed task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from pulumi_tione._api.pods import short_pod
from pulumi_tione._api.polling import Attempts
from pulumi_tione._api.protocols import LogApi, TaskAndLogApi
from pulumi_tione._api.status import is_terminal
from pulumi_tione._timestamps import rfc3339, time_or_none
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, TaskError, is_transient

_PAGE_SIZE = 1000
"""How many lines a call returns at most."""

_MAX_PAGES = 1000
"""How many pages of a period are read at most."""

_CONTEXT_LIMIT = "FailedOperation.ContextLimitError"
"""The service's refusal to page further, after ten thousand lines."""

_RESOLUTION = timedelta(microseconds=1)
"""The smallest difference between two times: each reading that continues by time begins at least as much further."""

_LATENESS = timedelta(seconds=5)
_MAX_LATE_LINES = 1000
"""Lines that arrive later than this, or after more lines than this, are missed."""

_NO_TIME = datetime.fromtimestamp(0, timezone.utc)
"""For a line whose time the service does not return."""

_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much a pod's clock may be behind the clock that the task's creation is read from."""

_MIN_SECONDS, _MAX_SECONDS = 1.0, 10.0
"""The pauses while a log is followed: they grow while no line arrives."""

_LAST_LINES_SECONDS = 2.0
"""How long the last lines of a run may take to arrive after its end is known."""

_MAX_FAILING_SECONDS = 1800.0
"""How long transient errors may keep a log unreadable before following it ends."""


@dataclass(frozen=True)
class Line:
    """A line that a pod printed."""

    id: str
    at: datetime
    """When it was printed, to the microsecond."""
    time: str
    """The same as the service returns it, usually with nine digits of a second."""
    pod: str
    text: str

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Line:
        moment, pod, text = (str(item.get(name) or "") for name in ("Timestamp", "PodName", "Message"))
        parts = [item.get("PkgId"), item.get("PkgLogId")] if item.get("PkgId") else [moment, pod, text]
        line_id = str(item.get("Id") or "") or " ".join(map(str, parts))
        return cls(line_id, time_or_none(moment) or _NO_TIME, moment, pod, text)


def beginning_of(detail: Mapping[str, Any]) -> datetime:
    """Return a time before which none of a task's runs can have printed anything."""
    created = time_or_none(detail.get("CreateTime"))
    return (created or datetime.now(timezone.utc) - timedelta(days=365)) - _CLOCKS_DIFFER


def newest_line(client: LogApi, detail: Mapping[str, Any], workspace: str | None) -> Line | None:
    """Return the last line that the latest run of a task has printed; None, if there is none."""
    run = str(detail.get("LatestInstanceId") or "")
    if not run:
        return None
    since = rfc3339(beginning_of(detail))
    items, _ = client.logs(run, Order="DESC", Limit=1, StartTime=since, TiProjectId=workspace)
    return Line.from_item(items[0]) if items else None


class RunLog:
    """The log of one run, read from its beginning, or from a given time, to the newest line.

    Args:
        client: of the task's region.
        run: the run's id, which is or has been the `LatestInstanceId` of its task.
        workspace: the task's workspace.
        since: the time to begin at.
        pod: the name of a pod, which may end in `*`; by default all.
        warn: called with a message when lines may be missing.
    """

    def __init__(
        self,
        client: LogApi,
        run: str,
        workspace: str | None,
        since: datetime,
        pod: str | None = None,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.run = run
        self._client = client
        self._workspace = workspace
        self._floor = since
        """Where the next reading begins."""
        self._pod = pod
        self._warn = warn
        self._newest: datetime | None = None
        self._seen: dict[str, datetime] = {}
        """The lines from `_floor` on that were read before, by id."""

    def new_lines(self) -> Iterator[Line]:
        """Yield the lines that were not read before, in the order of time. After an error, call it again.

        Raises:
            TioneError: the log cannot be read.
        """
        begin = self._floor
        while True:
            last: datetime | None = None
            try:
                for page in self._pages("ASC", begin, None):
                    last = page[-1].at
                    yield from filter(self._note, page)
                    if len(self._seen) > 10 * _MAX_LATE_LINES:
                        self._forget()
                break
            except ApiError as error:
                if error.code != _CONTEXT_LIMIT or last is None:
                    raise
            begin = max(self._further(last, begin, _RESOLUTION), self._floor)
        self._forget()

    def tail(self, count: int, is_included: Callable[[Line], bool] = lambda _: True) -> list[Line]:
        """Return the last lines that are included, `count` of them at most. `new_lines` then continues after them.

        Raises:
            TioneError: the log cannot be read.
        """
        lines: list[Line] = []
        for line in self._backwards():
            is_repeated = not self._note(line)
            if len(lines) >= count and self._is_before_late_lines(line):
                self._floor = max(self._floor, line.at + _RESOLUTION)
                break
            if len(lines) < count and not is_repeated and is_included(line):
                lines.append(line)
        self._forget()
        return lines[::-1]

    def _is_before_late_lines(self, line: Line) -> bool:
        """Check whether a line is so old that no later reading has to begin before it."""
        if self._newest is None or line.at >= self._newest:
            return False
        return line.at < self._newest - _LATENESS or len(self._seen) > _MAX_LATE_LINES

    def _backwards(self) -> Iterator[Line]:
        """Yield all lines, the newest first. Some are repeated where paging begins again."""
        end: datetime | None = None
        while True:
            last: datetime | None = None
            try:
                for page in self._pages("DESC", self._floor, None if end is None else end + _RESOLUTION):
                    last = page[-1].at
                    yield from page
                return
            except ApiError as error:
                if error.code != _CONTEXT_LIMIT or last is None:
                    raise
            end = self._further(last, end, -2 * _RESOLUTION)  # EndTime is one more: it may be included or not
            if end < self._floor:
                return

    def _further(self, last: datetime, begun_at: datetime | None, step: timedelta) -> datetime:
        """Return where reading continues by time: at the last line, and always a step beyond where it began.

        Without the step it would never end where more lines than can be paged through have one time.

        Raises:
            IndeterminateResultError: the lines are not of the time that was requested, so no step leads to their end.
        """
        if begun_at is None or (last > begun_at if step > timedelta(0) else last < begun_at):
            return last
        if abs(last - begun_at) > _RESOLUTION:
            raise IndeterminateResultError(f"DescribeLogs returned other lines than those of {rfc3339(begun_at)}")
        self._warn(f"the service does not return all lines of {rfc3339(begun_at)}: some may be missing")
        return begun_at + step

    def _pages(self, order: str, begin: datetime, end: datetime | None) -> Iterator[list[Line]]:
        """Yield the pages of a period that are not empty. It ends with an empty page, or one of repeated lines.

        Raises:
            IndeterminateResultError: the pages do not end, though the service documents an end after ten thousand
                lines.
        """
        context: str | None = None
        ids: set[str] = set()
        for _ in range(_MAX_PAGES):
            items, context = self._client.logs(
                self.run,
                Order=order,
                Limit=_PAGE_SIZE,
                StartTime=rfc3339(begin),
                EndTime=None if end is None else rfc3339(end),
                PodName=self._pod,
                Context=context,
                TiProjectId=self._workspace,
            )
            page = [Line.from_item(item) for item in items]
            if ids.issuperset(line.id for line in page):
                return
            ids.update(line.id for line in page)
            yield page
            if not context:
                return
        raise IndeterminateResultError(
            f"DescribeLogs still returned new lines on page {_MAX_PAGES} of a period: its log has no end"
        )

    def _note(self, line: Line) -> bool:
        """Note that a line was read, and return whether it is a new one."""
        if line.id in self._seen or _NO_TIME < line.at < self._floor:
            return False
        self._seen[line.id] = line.at
        if self._newest is None or line.at > self._newest:
            self._newest = line.at
        return True

    def _forget(self) -> None:
        """Drop what is remembered of lines that are older than any that may still arrive."""
        if self._newest is None:
            return
        limit = sorted(self._seen.values(), reverse=True)[_MAX_LATE_LINES - 1 : _MAX_LATE_LINES]
        self._floor = max(self._floor, self._newest - _LATENESS, *limit)
        self._seen = {line_id: at for line_id, at in self._seen.items() if at >= self._floor}


def _matches(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


class TaskLog:
    """The log of a task, whose runs follow one another.

    Args:
        client: of the task's region.
        task_id: the task's id.
        workspace: the task's workspace.
        pod: a pod, by its name or its short name (`master-0`), which may end in `*`.
        since: the time to begin at; by default the beginning.
        warn: called with a message when lines may be missing, or cannot be read at the moment.
        sleep: makes the pauses.
        clock: the time in seconds, from any beginning.
    """

    def __init__(
        self,
        client: TaskAndLogApi,
        task_id: str,
        workspace: str | None,
        pod: str | None = None,
        since: datetime | None = None,
        warn: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._task_id = task_id
        self._workspace = workspace
        self._pod = pod
        self._since = since
        self._warn = warn
        self._sleep = sleep
        self._clock = clock

    def of_latest_run(self) -> RunLog | None:
        """Return the log of the task's latest run; None, if it has none yet.

        Raises:
            TaskError: there is no such task, or no such pod.
            TioneError: the service cannot be reached, or refuses.
        """
        detail = self._detail()
        if detail is None:
            raise TaskError(f"training task {self._task_id} does not exist in {self._client.region}")
        log = self._of_run(detail)
        if log is not None and self._pod is not None:
            pods = self._pod_names()
            if pods and not any(_matches(name, self._pod_in(log.run)) for name in pods):
                names = ", ".join(short_pod(log.run, name) for name in pods)
                raise TaskError(f"training task {self._task_id} has no pod {self._pod!r}: its latest run has {names}")
        return log

    def follow(self, log: RunLog | None) -> Generator[tuple[str, Line], None, dict[str, Any] | None]:
        """Yield the lines of the log, and of the runs after it, each with its run, until the task's status is terminal.

        The generator's return value is the task's last detail, or None where the task is gone.

        Raises:
            TioneError: the log cannot be read, for a reason that will not pass, or for half an hour.
        """
        attempts = Attempts(
            timeout=None,
            first_pause=_MIN_SECONDS,
            max_pause=_MAX_SECONDS,
            is_tolerated=is_transient,
            on_error=self._on_error,
            clock=self._clock,
        )
        for _ in attempts.paced(self._sleep):
            with attempts:
                detail = self._detail()
                latest = log if detail is None else self._of_run(detail, log)
                if latest is not log:
                    yield from self._lines(log)
                log = latest
                for line in self._lines(log):
                    attempts.restart_backoff()
                    yield line
                if detail is None or is_terminal(str(detail.get("Status"))):
                    self._sleep(_LAST_LINES_SECONDS)
                    yield from self._lines(log)
                    return detail
        raise AssertionError("without a timeout the attempts do not end")

    def _on_error(self, error: Exception, seconds: float) -> None:
        if seconds > _MAX_FAILING_SECONDS:
            raise error
        self._warn(f"the log cannot be read at the moment: {error}")

    def _lines(self, log: RunLog | None) -> Iterator[tuple[str, Line]]:
        if log is None:
            return
        try:
            for line in log.new_lines():
                yield log.run, line
        except ApiError as error:
            if error.kind is not Kind.NOT_FOUND:  # a run may have no log yet, or its task may just have been deleted
                raise

    def _of_run(self, detail: Mapping[str, Any], known: RunLog | None = None) -> RunLog | None:
        """Return the log of the latest run: the known one, if it is that."""
        run = str(detail.get("LatestInstanceId") or "")
        if not run or (known is not None and known.run == run):
            return known
        since = self._since or beginning_of(detail)
        pod = None if self._pod is None else self._pod_in(run)
        return RunLog(self._client, run, self._workspace, since, pod, self._warn)

    def _pod_in(self, run: str) -> str:
        pod = self._pod or "*"
        return pod if pod.startswith((run, "*")) else f"{run}-{pod}"

    def _pod_names(self) -> list[str]:
        return [str(pod.get("Name")) for pod in self._client.pods(self._task_id, self._workspace)]

    def _detail(self) -> dict[str, Any] | None:
        return self._client.describe_training_task(self._task_id, self._workspace)
