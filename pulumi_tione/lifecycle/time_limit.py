"""Whether a time limit has ended a run: what its log shows, or else its exit code.

The last 20 lines of the log of the pod that failed first are read. The prefix that ends a run is in
`_schema/time_limit.py`. A run that its limit has ended is not started again unless `rerun_on_time_limit` is set
(`check.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_tione._api.logs import RunLog, beginning_of
from pulumi_tione._api.pods import failed_first
from pulumi_tione._api.protocols import LogApi
from pulumi_tione._schema.time_limit import EXIT_CODE, MARKED_LINE, unlimited_commands
from pulumi_tione._schema.wire import well_typed
from pulumi_tione.errors import TioneError

MAX_LINES = 20
"""How many of the last lines of a log are read: the line of the time limit comes last."""

_EXIT_CODE = re.compile(r"(?:exit(?:ed)?[ _-]?(?:with )?(?:code|status)|退出码)\D{0,3}(\d{1,3})\b", re.IGNORECASE)


def exit_code(texts: Sequence[object]) -> str | None:
    """Return the exit code in the first of the texts that has one: no field of the API has it."""
    matches = (_EXIT_CODE.search(str(text)) for text in texts)
    return next((match[1] for match in matches if match), None)


def limit_that_ended(detail: Mapping[str, Any], lines: Sequence[str], more_texts: Sequence[object] = ()) -> int | None:
    """Return the time limit in seconds that has ended the latest run of a failed task; None, if none has.

    Args:
        detail: the task's detail.
        lines: the last lines of the pod that failed first; none, if they could not be read.
        more_texts: further texts that may have the exit code.
    """
    for line in lines:
        match = re.search(MARKED_LINE, line)
        if match:
            return int(match[1])
    if lines or exit_code([detail.get("FailureReason"), detail.get("Message"), *more_texts]) != EXIT_CODE:
        return None
    return unlimited_commands(well_typed(detail)[0].get("StartCmdInfo") or {}).seconds


def read_limit_that_ended(client: LogApi, detail: Mapping[str, Any], workspace: str | None) -> int | None:
    """Read the log of a failed task, and return the time limit that has ended its latest run; None, if none has."""
    task_id, run = (str(detail.get(name) or "") for name in ("Id", "LatestInstanceId"))
    lines: list[str] = []
    try:
        pod = failed_first(client.pods(task_id, workspace)) if run else None
        if pod is not None:
            log = RunLog(client, run, workspace, beginning_of(detail), str(pod.get("Name")))
            lines = [line.text for line in log.tail(MAX_LINES)]
    except TioneError:
        pass  # without a log, the exit code decides
    return limit_that_ended(detail, lines)
