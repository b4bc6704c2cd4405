"""The report of a failed wait: in several lines, with the last log lines of the task.

What cannot be read is left out with a short remark, because the report is about the task's failure.

It shows the last 20 log lines of the pod that failed first (`MAX_LINES` in `lifecycle/time_limit.py`), 500 characters
of each, and the last 5 warning events. The labels are here, the sentences in `messages.py`; `waiter.py` decides when a
wait has failed, and raises `WaitFailedError` with the report; the task stays as it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pulumi_tione._api.logs import Line, RunLog, beginning_of
from pulumi_tione._api.pods import failed_first, short_pod
from pulumi_tione._api.protocols import LogApi
from pulumi_tione._api.status import FAILED, TERMINAL, status_of
from pulumi_tione._text import sanitize, sanitize_line
from pulumi_tione._timestamps import rfc3339, shown_time
from pulumi_tione._wait import messages
from pulumi_tione.errors import ApiError, MalformedResponseError, TioneError, is_transient
from pulumi_tione.lifecycle.time_limit import MAX_LINES, exit_code, limit_that_ended

_MAX_WARNINGS = 5
"""How many of the last warning events are shown."""

_MAX_LINE_LENGTH = 500
"""How much of a log line is shown."""

_REGION_IDS = {"ap-guangzhou": 1, "ap-shanghai": 4, "ap-beijing": 8, "ap-nanjing": 33}
"""The numbers of regions in the addresses of the vendor's console."""

_T = TypeVar("_T")


def report(
    client: LogApi,
    task_id: str,
    workspace: str | None,
    detail: Mapping[str, Any],
    headline: str,
    next_steps: Sequence[str] = (),
    steps_at_limit: Sequence[str] = (),
) -> str:
    """Format all that is known of a task's failure, in several lines.

    Args:
        client: of the task's region.
        task_id: the task's id.
        workspace: the task's workspace.
        detail: what is known of the task, in case the service does not respond any more.
        headline: the first line.
        next_steps: what to do next, after reading the log.
        steps_at_limit: the same where the run's time limit has ended it.
    """
    try:
        found = _Report(client, task_id, workspace, detail)
        headline = f"{headline.rstrip('.')}{found.headline_end}" if found.headline_end else headline
        lines = [*found.lines(next_steps if found.limit is None else steps_at_limit)]
    except Exception as error:  # noqa: BLE001  whatever it is: the report is about the failure of the task
        lines = [f"  the rest of this report failed ({type(error).__name__}: {sanitize(error)})"]
    return "\n".join((headline, *lines))


def console_address(task_id: str, region: str) -> str:
    """Return the address of a task's page in the vendor's console."""
    number = _REGION_IDS.get(region)
    return f"https://console.cloud.tencent.com/tione/v2/job/detail/{task_id}" + (
        f"?regionId={number}" if number else ""
    )


class _Report:
    def __init__(self, client: LogApi, task_id: str, workspace: str | None, detail: Mapping[str, Any]) -> None:
        self._client = client
        self._task_id = task_id
        self._workspace = workspace
        self._remarks: list[str] = []
        self._is_unreachable = False
        response = self._request("task", lambda: client.describe_training_task_response(task_id, workspace)) or {}
        self._detail: Mapping[str, Any] = response.get("TrainingTaskDetail") or detail
        self._request_id = response.get("RequestId")
        self._run = str(self._detail.get("LatestInstanceId") or "")
        self._events = self._request("events", self._warnings) or []
        pods = self._request("pods", lambda: self._client.pods(task_id, workspace)) or []
        self._first = failed_first(pods)
        self._pod = None if self._first is None else str(self._first.get("Name"))
        self._log_lines = [line.text for line in self._request("log", self._tail) or ()] if self._run else []
        self.limit = None
        """The time limit in seconds that has ended the run, if one has."""
        if status_of(self._detail) in FAILED:
            self.limit = limit_that_ended(self._detail, self._log_lines, self._event_messages)

    @property
    def headline_end(self) -> str:
        """What the first line ends in."""
        return "" if self.limit is None else messages.ended_by_time_limit(self.limit)

    @property
    def _event_messages(self) -> list[object]:
        return [each.get("Message") for each in self._events]

    def lines(self, next_steps: Sequence[str]) -> Iterator[str]:
        yield from self._facts()
        yield from self._log()
        if self._events:
            yield "  last warning events:"
            for event in self._events:
                at = sanitize(shown_time(event.get("LastTimestamp")) or "")
                yield f"    {at}  {_shortened(event.get('Message'))}"
        if self._remarks:
            yield f"  could not be read: {'; '.join(self._remarks)}"
        yield "  what to do next:"
        yield f"    {self._command(self._pod)}"
        yield from (f"    {step}" for step in next_steps)

    def _facts(self) -> Iterator[str]:
        detail = self._detail
        code = exit_code([detail.get("FailureReason"), detail.get("Message"), *self._event_messages])
        facts = {
            "status": detail.get("Status"),
            "failure reason": detail.get("FailureReason"),
            "message": detail.get("Message"),
            "exit code": code,
            "started": shown_time(detail.get("StartTime")),
            "ended": shown_time(detail.get("EndTime")),
            "run": f"{self._run} in {self._client.region}" if self._run else f"none in {self._client.region}",
            "request id": self._request_id,
            "console": console_address(self._task_id, self._client.region),
        }
        yield from (f"  {name}: {sanitize(value)}" for name, value in facts.items() if value)

    def _log(self) -> Iterator[str]:
        lines, pod, first = self._log_lines, self._pod, self._first
        if not lines:
            return
        source = "" if pod is None else f" of {short_pod(self._run, pod)}"
        if first is not None and first.get("Status") == "FAILED":
            source += ", the pod that failed first"
        yield f"  last {len(lines)} log lines{source}:" if len(lines) > 1 else f"  last log line{source}:"
        yield from (f"    {_shortened(line)}" for line in lines)

    def _tail(self) -> list[Line]:
        log = RunLog(self._client, self._run, self._workspace, beginning_of(self._detail), self._pod)
        return log.tail(MAX_LINES)

    def _warnings(self) -> list[dict[str, Any]]:
        if not self._run:
            return []
        since = rfc3339(beginning_of(self._detail))
        filters = [{"Name": "Type", "Values": ["Warning"]}]
        events = self._client.events(self._run, StartTime=since, Filters=filters, TiProjectId=self._workspace)
        return [*itertools.islice(events, _MAX_WARNINGS)][::-1]  # the service returns the newest first

    def _command(self, pod: str | None) -> str:
        """Return the command that shows the whole log."""
        of_pod = "" if pod is None else f" --pod {short_pod(self._run, pod)}"
        in_workspace = f" --workspace {self._workspace}" if self._workspace else ""
        follow = "" if self._detail.get("Status") in TERMINAL else " --follow"
        return f"pulumi-tione logs {self._task_id}{of_pod} --region {self._client.region}{in_workspace}{follow}"

    def _request(self, what: str, request: Callable[[], _T]) -> _T | None:
        """Send a request. If it fails, leave a remark.

        A request that the service does not respond to has already been retried. Then no other is sent, so that they do
        not delay the report as well.
        """
        if self._is_unreachable:
            self._remarks.append(f"{what} (not requested)")
            return None
        try:
            return request()
        except TioneError as error:
            is_malformed = isinstance(error, MalformedResponseError)
            self._is_unreachable = is_transient(error) and not is_malformed
            why = error.code if isinstance(error, ApiError) else "malformed response" if is_malformed else "no response"
            self._remarks.append(f"{what} ({why})")
            return None


def _shortened(text: object) -> str:
    shown = sanitize_line(text)
    return shown if len(shown) <= _MAX_LINE_LENGTH else f"{shown[:_MAX_LINE_LENGTH]} …"
