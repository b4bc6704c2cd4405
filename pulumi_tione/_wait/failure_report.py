"""The report of a failed wait: in several lines, with the last log lines of the task.

What cannot be read is left out with a short remark, because the report is about the task's failure.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pulumi_tione._api.logs import RunLog, beginning_of
from pulumi_tione._api.pods import failed_first, short_pod
from pulumi_tione._api.protocols import LogApi
from pulumi_tione._api.status import TERMINAL
from pulumi_tione._text import sanitize, sanitize_line
from pulumi_tione._timestamps import rfc3339, shown_time
from pulumi_tione.errors import ApiError, MalformedResponseError, TioneError, is_transient

_MAX_LINES = 20
_MAX_WARNINGS = 5
"""How many of the last log lines and warning events are shown."""

_MAX_LINE_LENGTH = 500
"""How much of a log line is shown."""

_EXIT_CODE = re.compile(r"(?:exit(?:ed)?[ _-]?(?:with )?(?:code|status)|退出码)\D{0,3}(\d{1,3})\b", re.IGNORECASE)

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
) -> str:
    """Format all that is known of a task's failure, in several lines.

    Args:
        client: of the task's region.
        task_id: the task's id.
        workspace: the task's workspace.
        detail: what is known of the task, in case the service does not respond any more.
        headline: the first line.
        next_steps: what to do next, after reading the log.
    """
    try:
        lines = [*_Report(client, task_id, workspace, detail).lines(next_steps)]
    except Exception as error:  # noqa: BLE001  whatever it is: the report is about the failure of the task
        lines = [f"  the rest of this report failed ({type(error).__name__}: {sanitize(error)})"]
    return "\n".join((headline, *lines))


def exit_code(texts: Sequence[object]) -> str | None:
    """Return the exit code in the first of the texts that has one: no field of the API has it."""
    matches = (_EXIT_CODE.search(str(text)) for text in texts)
    return next((match[1] for match in matches if match), None)


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

    def lines(self, next_steps: Sequence[str]) -> Iterator[str]:
        warnings = self._request("events", self._warnings) or []
        pods = self._request("pods", lambda: self._client.pods(self._task_id, self._workspace)) or []
        pod = None if (first := failed_first(pods)) is None else str(first.get("Name"))
        yield from self._facts(warnings)
        yield from self._log(pod, first)
        if warnings:
            yield "  last warning events:"
            for event in warnings:
                at = sanitize(shown_time(event.get("LastTimestamp")) or "")
                yield f"    {at}  {_shortened(event.get('Message'))}"
        if self._remarks:
            yield f"  could not be read: {'; '.join(self._remarks)}"
        yield "  what to do next:"
        yield f"    {self._command(pod)}"
        yield from (f"    {step}" for step in next_steps)

    def _facts(self, warnings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        detail = self._detail
        code = exit_code(
            [detail.get("FailureReason"), detail.get("Message"), *(each.get("Message") for each in warnings)]
        )
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

    def _log(self, pod: str | None, pod_item: Mapping[str, Any] | None) -> Iterator[str]:
        lines = (self._request("log", lambda: self._log_of(pod).tail(_MAX_LINES)) or []) if self._run else []
        if not lines:
            return
        source = "" if pod is None else f" of {short_pod(self._run, pod)}"
        if pod_item is not None and pod_item.get("Status") == "FAILED":
            source += ", the pod that failed first"
        yield f"  last {len(lines)} log lines{source}:" if len(lines) > 1 else f"  last log line{source}:"
        yield from (f"    {_shortened(line.text)}" for line in lines)

    def _log_of(self, pod: str | None) -> RunLog:
        return RunLog(self._client, self._run, self._workspace, beginning_of(self._detail), pod)

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
