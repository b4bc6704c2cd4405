"""The pods of a run: their short names, which are ready, which are not, which failed first.

`Client.pods` requests them. For how many tasks is up to the caller: 10 tasks between two polls of a program's waits
(`_wait/poller.py`), 10 tasks in `pulumi-tione status` (`stacks/task_status.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from pulumi_tione._timestamps import time_or_none

_READY = ("RUNNING", "SUCCEEDED")
"""The statuses of pods that run, or have succeeded."""


def short_pod(run: str, pod: str) -> str:
    """Return the part of a pod's name that is not its run's, such as `master-0`."""
    return pod.removeprefix(f"{run}-")


@dataclass(frozen=True)
class Readiness:
    """How many pods are ready, and one that is not."""

    ready: int
    total: int
    lagging: str
    """Role and number of the first pod that is not ready, such as `worker-1`, or nothing."""
    status_of_lagging: str


def readiness(pods: Sequence[Mapping[str, Any]]) -> Readiness:
    """Count the pods that are ready, and find the first one that is not."""
    lagging = next((pod for pod in pods if _status(pod) not in _READY), None)
    return Readiness(
        ready=sum(_status(pod) in _READY for pod in pods),
        total=len(pods),
        # The name of a pod is its run's, then its role and number.
        lagging="" if lagging is None else "-".join(str(lagging.get("Name")).split("-")[-2:]),
        status_of_lagging="" if lagging is None else _status(lagging),
    )


def failed_first(pods: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the pod that failed first; if none failed, the first that ended, or any."""
    failed = [pod for pod in pods if _status(pod) == "FAILED"]
    ended = [pod for pod in pods if pod.get("EndTime")]
    # Of several that ended in the same second, the first of the list counts. It is usually the master.
    return min(failed or ended or pods, key=_end_of, default=None)


def _status(pod: Mapping[str, Any]) -> str:
    """Return the status of a pod in the API's spelling."""
    return str(pod.get("Status")).upper()


def _end_of(pod: Mapping[str, Any]) -> datetime:
    return time_or_none(pod.get("EndTime")) or datetime.max.replace(tzinfo=timezone.utc)
