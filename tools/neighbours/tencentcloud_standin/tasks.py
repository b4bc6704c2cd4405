"""Which training tasks are where, from the local TI-ONE: a VPC or subnet that still has one is not deleted."""

from __future__ import annotations

import ipaddress
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

_PATH = "/_emulator/tasks"
_TIMEOUT_SECONDS = 10
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Without the proxy that the environment may name: loopback is never behind one."""


class NoAnswerError(Exception):
    """It is not known what runs where. To delete then would hide the mistake that the stand-in should show."""


class LocalTione:
    """The local TI-ONE at an endpoint. Without an endpoint there is none, and so there are no tasks."""

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint if endpoint and _is_loopback(endpoint) else None

    def tasks_in(self, field: str, place: str) -> list[str]:
        """The tasks, deleted ones aside, whose `field` (`VpcId`, `SubnetId`) names the place; each by id and status."""
        return [f"{task.get('Id')} ({task.get('Status')})" for task in self._tasks() if task.get(field) == place]

    def _tasks(self) -> list[dict[str, Any]]:
        if self._endpoint is None:
            return []
        url = self._endpoint.rstrip("/") + _PATH
        try:
            with _DIRECT.open(url, timeout=_TIMEOUT_SECONDS) as response:
                answer = json.load(response)
        except (OSError, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise NoAnswerError(_no_answer(url, str(reason))) from error
        tasks = answer.get("Tasks") if isinstance(answer, dict) else answer
        if not isinstance(tasks, list):
            raise NoAnswerError(_no_answer(url, "the answer has no list of tasks"))
        return tasks


def _is_loopback(endpoint: str) -> bool:
    """Only a local TI-ONE can be asked: the real service has no such page and is not to be bothered."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_answer(url: str, reason: str) -> str:
    return (
        f"cannot find out which training tasks are still there: GET {url}: {reason}. Start the local TI-ONE "
        "(`python -m pulumi_tione.emulator`), or unset TIONE_ENDPOINT if there is none"
    )
