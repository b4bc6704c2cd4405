"""What is said of a task that did not become what it was awaited to be: in several lines, with its last log lines.

What cannot be read is left out with a short remark: the failure is that of the task.
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
from pulumi_tione._timestamps import rfc3339
from pulumi_tione.errors import ApiError, MalformedResponseError, TioneError, is_transient

_LINES = 20
_WARNINGS = 5
"""How many log lines and warning events are shown, the last ones."""

_LINE_LENGTH = 500
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
    ways_on: Sequence[str] = (),
) -> str:
    """Tell all that is known of a task's trouble, in several lines.

    Args:
        client: of the task's region.
        task_id: the task's id.
        workspace: the task's workspace.
        detail: what is known of the task, should the service not answer any more.
        headline: the first line.
        ways_on: what can be done now, beside reading the log.
    """
    try:
        lines = [*_Report(client, task_id, workspace, detail).lines(ways_on)]
    except Exception as error:  # noqa: BLE001  whatever it is: what has to be told is the failure of the task
        lines = [f"  nothing more can be told ({type(error).__name__}: {sanitize(error)})"]
    return "\n".join((headline, *lines))


def exit_code(texts: Sequence[object]) -> str | None:
    """Give the exit code that the first of the texts names which names one: no field of the API has it."""
    found = (_EXIT_CODE.search(str(text or "")) for text in texts)
    return next((match[1] for match in found if match), None)


def console_address(task_id: str, region: str) -> str:
    """Give the address of the page of a task in the vendor's console."""
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
        self._is_out_of_reach = False
        answer = self._asked("task", lambda: client.describe_training_task_response(task_id, workspace)) or {}
        self._detail: Mapping[str, Any] = answer.get("TrainingTaskDetail") or detail
        self._request_id = answer.get("RequestId")
        self._run = str(self._detail.get("LatestInstanceId") or "")

    def lines(self, ways_on: Sequence[str]) -> Iterator[str]:
        warnings = self._asked("events", self._warnings) or []
        pods = self._asked("pods", lambda: self._client.pods(self._task_id, self._workspace)) or []
        pod = None if (first := failed_first(pods)) is None else str(first.get("Name"))
        yield from self._facts(warnings)
        yield from self._log(pod, first)
        if warnings:
            yield "  last warning events:"
            yield from (f"    {event.get('LastTimestamp')}  {_shortened(event.get('Message'))}" for event in warnings)
        if self._remarks:
            yield f"  not shown, as it cannot be read: {'; '.join(self._remarks)}"
        yield "  what to do next:"
        yield f"    {self._command(pod)}"
        yield from (f"    {way}" for way in ways_on)

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
            "started": detail.get("StartTime"),
            "ended": detail.get("EndTime"),
            "run": f"{self._run} in {self._client.region}" if self._run else f"none in {self._client.region}",
            "request id": self._request_id,
            "console": console_address(self._task_id, self._client.region),
        }
        yield from (f"  {name}: {sanitize(value)}" for name, value in facts.items() if value)

    def _log(self, pod: str | None, facts_of_pod: Mapping[str, Any] | None) -> Iterator[str]:
        lines = (self._asked("log", lambda: self._log_of(pod).tail(_LINES)) or []) if self._run else []
        if not lines:
            return
        which = "" if pod is None else f" of {short_pod(self._run, pod)}"
        if facts_of_pod is not None and facts_of_pod.get("Status") == "FAILED":
            which += ", the pod that failed first"
        yield f"  last {len(lines)} log lines{which}:" if len(lines) > 1 else f"  last log line{which}:"
        yield from (f"    {_shortened(line.text)}" for line in lines)

    def _log_of(self, pod: str | None) -> RunLog:
        return RunLog(self._client, self._run, self._workspace, beginning_of(self._detail), pod)

    def _warnings(self) -> list[dict[str, Any]]:
        if not self._run:
            return []
        since = rfc3339(beginning_of(self._detail))
        only = [{"Name": "Type", "Values": ["Warning"]}]
        told = self._client.events(self._run, StartTime=since, Filters=only, TiProjectId=self._workspace)
        return [*itertools.islice(told, _WARNINGS)][::-1]  # the service tells the newest first

    def _command(self, pod: str | None) -> str:
        """Give the command that shows the whole log."""
        of_pod = "" if pod is None else f" --pod {short_pod(self._run, pod)}"
        in_workspace = f" --workspace {self._workspace}" if self._workspace else ""
        follow = "" if self._detail.get("Status") in TERMINAL else " --follow"
        return f"pulumi-tione logs {self._task_id}{of_pod} --region {self._client.region}{in_workspace}{follow}"

    def _asked(self, what: str, question: Callable[[], _T]) -> _T | None:
        """Put a question; when there is no answer, remark upon it.

        One question that the service does not answer has been repeated for as long as it is worth: the others are not
        put, so that the error is not held back any longer.
        """
        if self._is_out_of_reach:
            self._remarks.append(f"{what} (not asked)")
            return None
        try:
            return question()
        except TioneError as error:
            is_malformed = isinstance(error, MalformedResponseError)
            self._is_out_of_reach = is_transient(error) and not is_malformed
            why = error.code if isinstance(error, ApiError) else "a malformed answer" if is_malformed else "no answer"
            self._remarks.append(f"{what} ({why})")
            return None


def _shortened(text: object) -> str:
    shown = sanitize_line(text)
    return shown if len(shown) <= _LINE_LENGTH else f"{shown[:_LINE_LENGTH]} …"
