"""The log of a run, line by line: every line once, however many there are, whatever is asked again.

The service gives pages of a thousand lines, goes on by a `Context`, and stops after ten thousand; from there reading
goes on by time, and repeats are told by their ids. Lines may come in a little late, so that each reading begins a
little before the end of the one before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from pulumi_tione._api.pods import short_pod
from pulumi_tione._api.protocols import LogApi, TaskAndLogApi
from pulumi_tione._api.status import is_terminal
from pulumi_tione._timestamps import rfc3339, time_or_none
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, TaskError, TioneError, is_transient

_PAGE = 1000
"""How many lines a call gives at most."""

_MOST_PAGES = 1000
"""How many pages of a period are read at most."""

_PAGING_ENDS = "FailedOperation.ContextLimitError"
"""The refusal of the service to page further: after ten thousand lines."""

_MOMENT = timedelta(microseconds=1)
"""What two times that we tell apart differ by at least."""

_LATENESS = timedelta(seconds=5)
_LATE_LINES = 1000
"""How late a line may come in to be noticed: so long after, or so many lines after, whichever is less."""

_NO_TIME = datetime.fromtimestamp(0, timezone.utc)
"""In place of a time that the service does not tell."""

_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much the clock of a pod may be behind the one that tells when the task was created."""

_LEAST_SECONDS, _MOST_SECONDS = 1.0, 10.0
"""Between two readings while a log is followed: the pause grows while nothing comes."""

_LAST_LINES_SECONDS = 2.0
"""How long the last lines of a run may be under way when its end is known already."""

_PATIENCE_SECONDS = 1800.0
"""How long a log may stay unreadable, for reasons that may pass, before following it ends."""


@dataclass(frozen=True)
class Line:
    """A line that a pod printed."""

    id: str
    at: datetime
    """When it was printed, to the microsecond."""
    time: str
    """The same as the service tells it, mostly with nine digits of a second."""
    pod: str
    text: str

    @classmethod
    def told(cls, told: Mapping[str, Any]) -> Line:
        moment, pod, text = (str(told.get(name) or "") for name in ("Timestamp", "PodName", "Message"))
        parts = [told.get("PkgId"), told.get("PkgLogId")] if told.get("PkgId") else [moment, pod, text]
        line_id = str(told.get("Id") or "") or " ".join(map(str, parts))
        return cls(line_id, time_or_none(moment) or _NO_TIME, moment, pod, text)


def beginning_of(detail: Mapping[str, Any]) -> datetime:
    """Give a time before which none of a task's runs can have printed anything."""
    created = time_or_none(detail.get("CreateTime"))
    return (created or datetime.now(timezone.utc) - timedelta(days=365)) - _CLOCKS_DIFFER


def newest_line(client: LogApi, detail: Mapping[str, Any], workspace: str | None) -> Line | None:
    """Give the last line that the latest run of a task has printed, if there is one."""
    run = str(detail.get("LatestInstanceId") or "")
    if not run:
        return None
    since = rfc3339(beginning_of(detail))
    told, _ = client.logs(run, Order="DESC", Limit=1, StartTime=since, TiProjectId=workspace)
    return Line.told(told[0]) if told else None


class RunLog:
    """The log of one run, read from its beginning, or from a given time, to wherever it has come.

    Args:
        client: of the task's region.
        run: the run's id, which is or has been the `LatestInstanceId` of its task.
        workspace: the task's workspace.
        since: the time to begin at.
        pod: the name of a pod, which may end in `*`; by default all.
        pods: gives the names of all pods of the run; asked only where ten thousand lines share a moment.
        warn: told when lines cannot be reached.
    """

    def __init__(
        self,
        client: LogApi,
        run: str,
        workspace: str | None,
        since: datetime,
        pod: str | None = None,
        pods: Callable[[], Sequence[str]] = tuple,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.run = run
        self._client = client
        self._workspace = workspace
        self._floor = since
        self._pod = pod
        self._pods = pods
        self._warn = warn
        self._newest: datetime | None = None
        self._given: dict[str, datetime] = {}
        """The lines from `_floor` on that have been given, by id."""

    def new_lines(self) -> Iterator[Line]:
        """Give the lines that have not been given yet, in the order of time. After an error, ask again.

        Raises:
            TioneError: the log cannot be read.
        """
        yield from self._onwards(self._floor, None, self._pod)
        self._forget()

    def tail(self, count: int, is_wanted: Callable[[Line], bool] = lambda _: True) -> list[Line]:
        """Give the last so many lines of those that are wanted; what was before them counts as given.

        Raises:
            TioneError: the log cannot be read.
        """
        kept: list[Line] = []
        for line in self._backwards():
            is_repeated = not self._note(line)
            if len(kept) >= count and self._is_late(line):
                self._floor = max(self._floor, line.at + _MOMENT)
                break
            if len(kept) < count and not is_repeated and is_wanted(line):
                kept.append(line)
        self._forget()
        return kept[::-1]

    def _is_late(self, line: Line) -> bool:
        """Tell whether nothing that is older than this line has to be looked for any more."""
        if self._newest is None or line.at >= self._newest:
            return False
        return line.at < self._newest - _LATENESS or len(self._given) > _LATE_LINES

    def _onwards(self, begin: datetime, end: datetime | None, pod: str | None) -> Iterator[Line]:
        """Give the new lines of a period, the oldest first."""
        while True:
            last: datetime | None = None
            try:
                for page in self._pages("ASC", begin, end, pod):
                    last = page[-1].at
                    yield from filter(self._note, page)
                    self._forget_many()
                return
            except ApiError as error:
                if error.code != _PAGING_ENDS or last is None:
                    raise
            if last > begin:
                begin = max(last, self._floor)
            else:
                yield from self._crowded(begin, pod)
                begin += _MOMENT

    def _crowded(self, moment: datetime, pod: str | None) -> Iterator[Line]:
        """Give the new lines of a moment that has more than can be paged through: pod by pod, from both ends."""
        pods: list[str | None] = [name for name in self._pods() if pod is None or _matches(name, pod)]
        for each in pods or [pod]:
            first, is_all = self._paged(moment, each, "ASC")
            yield from filter(self._note, first)
            if is_all:
                continue
            last, is_all = self._paged(moment, each, "DESC")
            fresh = [*filter(self._note, reversed(last))]
            yield from fresh
            if not is_all and len(fresh) == len(last):
                self._warn(f"more lines share the time {rfc3339(moment)} than the service gives: some may be missing")

    def _paged(self, moment: datetime, pod: str | None, order: str) -> tuple[list[Line], bool]:
        """Give what a moment's pages give, and whether that is all."""
        lines: list[Line] = []
        try:
            for page in self._pages(order, moment, moment + _MOMENT, pod):
                lines += page
        except ApiError as error:
            if error.code != _PAGING_ENDS:
                raise
            return lines, False
        return lines, True

    def _backwards(self) -> Iterator[Line]:
        """Give all lines, the newest first; where ten thousand are paged through, some come twice."""
        end: datetime | None = None
        while True:
            last: datetime | None = None
            try:
                for page in self._pages("DESC", self._floor, end, self._pod):
                    last = page[-1].at + _MOMENT
                    yield from page
                return
            except ApiError as error:
                if error.code != _PAGING_ENDS or last is None:
                    raise
            end = last if end is None or last < end else end - _MOMENT
            if end < self._floor:
                return

    def _pages(self, order: str, begin: datetime, end: datetime | None, pod: str | None) -> Iterator[list[Line]]:
        """Yield the pages of a period that are not empty: the end is an empty one, or one that repeats others.

        Raises:
            IndeterminateResultError: the pages do not end, though the service documents an end after ten thousand
                lines.
        """
        context: str | None = None
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            told, context = self._client.logs(
                self.run,
                Order=order,
                Limit=_PAGE,
                StartTime=rfc3339(begin),
                EndTime=None if end is None else rfc3339(end),
                PodName=pod,
                Context=context,
                TiProjectId=self._workspace,
            )
            if not told:
                return
            page = [Line.told(each) for each in told]
            if seen.issuperset(line.id for line in page):
                return
            seen.update(line.id for line in page)
            yield page
            if not context:
                return
        raise IndeterminateResultError(
            f"DescribeLogs still had something new on page {_MOST_PAGES} of a period: its log has no end"
        )

    def _note(self, line: Line) -> bool:
        """Note that a line is given, and tell whether it had not been."""
        if line.id in self._given or _NO_TIME < line.at < self._floor:
            return False
        self._given[line.id] = line.at
        if self._newest is None or line.at > self._newest:
            self._newest = line.at
        return True

    def _forget_many(self) -> None:
        if len(self._given) > 10 * _LATE_LINES:
            self._forget()

    def _forget(self) -> None:
        """Drop what is remembered of lines that are too old for others to come in beside them."""
        if self._newest is None:
            return
        late = sorted(self._given.values(), reverse=True)[_LATE_LINES - 1 : _LATE_LINES]
        self._floor = max(self._floor, self._newest - _LATENESS, *late)
        self._given = {line_id: at for line_id, at in self._given.items() if at >= self._floor}


def _matches(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


class TaskLog:
    """The log of a task, whose runs follow one another.

    Args:
        client: of the task's region.
        task_id: the task's id.
        workspace: the task's workspace.
        pod: a pod, by its name or by the part of it that follows the run's (`master-0`), which may end in `*`.
        since: the time to begin at; by default the beginning.
        warn: told what is not as it should be.
        sleep: how pauses are made.
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
        """Give the log of the task's latest run, if it has one yet.

        Raises:
            TaskError: there is no such task, or no such pod.
            TioneError: the service cannot be asked.
        """
        detail = self._detail()
        if detail is None:
            raise TaskError(f"training task {self._task_id} does not exist in {self._client.region}")
        log = self._of_run(detail)
        if log is not None and self._pod is not None:
            pods = self._pod_names()
            if pods and not any(_matches(name, self._pod_in(log.run)) for name in pods):
                known = ", ".join(short_pod(log.run, name) for name in pods)
                raise TaskError(f"training task {self._task_id} has no pod {self._pod!r}: its latest run has {known}")
        return log

    def follow(self, log: RunLog | None) -> Generator[tuple[str, Line], None, dict[str, Any] | None]:
        """Give the lines of the log, and of the runs after it, as they come, each with its run, until the task rests.

        The generator's return value is the task's last detail, or None where the task is gone.

        Raises:
            TioneError: the log cannot be read, for a reason that will not pass, or for half an hour.
        """
        pause, failing_since = _LEAST_SECONDS, None
        while True:
            came = False
            try:
                detail = self._detail()
                latest = log if detail is None else self._of_run(detail, log)
                if latest is not log:
                    yield from self._lines(log)
                log = latest
                for line in self._lines(log):
                    came = True
                    yield line
                if detail is None or is_terminal(str(detail.get("Status"))):
                    self._sleep(_LAST_LINES_SECONDS)
                    yield from self._lines(log)
                    return detail
                failing_since = None
            except TioneError as error:
                failing_since = self._clock() if failing_since is None else failing_since
                if not is_transient(error) or self._clock() - failing_since > _PATIENCE_SECONDS:
                    raise
                self._warn(f"the log cannot be read at the moment: {error}")
            pause = _LEAST_SECONDS if came else min(pause * 1.5, _MOST_SECONDS)
            self._sleep(pause)

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
        """Give the log of the latest run: the one that is known, if it is that."""
        run = str(detail.get("LatestInstanceId") or "")
        if not run or (known is not None and known.run == run):
            return known
        since = self._since or beginning_of(detail)
        pod = None if self._pod is None else self._pod_in(run)
        return RunLog(self._client, run, self._workspace, since, pod, self._pod_names, self._warn)

    def _pod_in(self, run: str) -> str:
        pod = self._pod or "*"
        return pod if pod.startswith((run, "*")) else f"{run}-{pod}"

    def _pod_names(self) -> list[str]:
        return [str(pod.get("Name")) for pod in self._client.pods(self._task_id, self._workspace)]

    def _detail(self) -> dict[str, Any] | None:
        return self._client.describe_training_task(self._task_id, self._workspace)
