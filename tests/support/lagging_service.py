"""A service in memory whose reads lag behind its writes, and may lie. Time is the test's."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from pulumi_tione._api.client import Client
from pulumi_tione.errors import ApiError, IndeterminateResultError, TioneError

BEGIN = datetime(2025, 8, 1, 3, 0, tzinfo=timezone.utc)
PROCEED = object()
TERMINAL = ("STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED")


def refusal(code: str, action: str = "CreateTrainingTask") -> ApiError:
    return ApiError(action, code, "no", "r-1")


@dataclass
class Lag:
    """By how many seconds each kind of read lags."""

    lists: float = 0
    details: float = 0
    tags: float = 0


@dataclass
class LaggingService(Client):
    """Tasks with unique names. Writes act on the truth; reads show what was true a while ago.

    Tasks never change by themselves, but for stopping, which takes `seconds_to_stop`.
    """

    lag: Lag = field(default_factory=Lag)
    seconds_to_stop: float = 10
    deleted_names_are_kept: bool = False
    region: str = "ap-guangzhou"

    def __post_init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []
        self.history: dict[str, list[tuple[float, dict[str, Any] | None]]] = {}
        self.taken_names: set[str] = set()
        self.troubles: dict[str, list[TioneError | Callable[..., Any]]] = {}

    # The test's side.

    def sleep(self, seconds: float) -> None:
        assert 0 <= seconds <= 120
        self.now += seconds

    def clock(self) -> float:
        return self.now

    def trouble(self, action: str, *happens: TioneError | Callable[..., Any]) -> None:
        """Let something else happen to the next calls of an action: an error, or what a function answers instead.

        A function that returns `PROCEED` lets the call go its way.
        """
        self.troubles.setdefault(action, []).extend(happens)

    def truth(self, task_id: str) -> dict[str, Any] | None:
        self._settle()
        return self.history[task_id][-1][1]

    @property
    def existing(self) -> dict[str, dict[str, Any]]:
        """The tasks that there really are."""
        return {task_id: task for task_id in self.history if (task := self.truth(task_id)) is not None}

    def put(self, task_id: str, **changes: Any) -> None:
        """Change a task behind everybody's back; without changes, delete it."""
        before = self.truth(task_id)
        if not changes and before is not None:
            self.taken_names.discard(before["Name"])
        self._write(task_id, {**(before or {}), **changes} if changes else None)

    def make(self, body: Mapping[str, Any], **changes: Any) -> str:
        """Create a task, with other facts than the service would give it."""
        if body["Name"] in self.taken_names:
            raise refusal("FailedOperation.DuplicateName")
        task_id = f"train-{len(self.history) + 1}"
        facts = {
            "Id": task_id,
            "Status": "RUNNING",
            "Uin": "100",
            "CreateTime": self.told(),
            "LatestInstanceId": "run-1",
        }
        task = {**json.loads(json.dumps(body)), **facts}
        if "EncodedStartCmdInfo" in body:
            task["StartCmdInfo"] = json.loads(base64.b64decode(body["EncodedStartCmdInfo"]["StartCmdInfo"]))
        self.taken_names.add(body["Name"])
        self.history[task_id] = [(float("-inf"), None)]
        self._write(task_id, {**task, **changes})
        return task_id

    def told(self) -> str:
        """The present as the service tells it."""
        return (self.service_now() + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S+08")

    def _write(self, task_id: str, task: dict[str, Any] | None) -> None:
        self.history[task_id].append((self.now, copy.deepcopy(task)))

    def _settle(self) -> None:
        for versions in self.history.values():
            since, task = versions[-1]
            if task is not None and task["Status"] == "STOPPING" and self.now - since >= self.seconds_to_stop:
                versions.append((since + self.seconds_to_stop, {**task, "Status": "STOPPED"}))

    def _shown(self, task_id: str, lag: float) -> dict[str, Any] | None:
        self._settle()
        then = [task for at, task in self.history.get(task_id, []) if at <= self.now - lag]
        shown = copy.deepcopy(then[-1]) if then else None
        if shown is not None:
            tagged = [task for at, task in self.history[task_id] if task and at <= self.now - self.lag.tags]
            shown["Tags"] = copy.deepcopy(tagged[-1].get("Tags")) if tagged else None
        return shown

    def _call(self, action: str, *about: str) -> None:  # type: ignore[override]
        self.calls.append(" ".join((action, *about)))

    def _instead(self, action: str, *arguments: Any) -> Any:
        """Return what is answered instead of going on, or `PROCEED`."""
        if not self.troubles.get(action):
            return PROCEED
        happens = self.troubles[action].pop(0)
        if isinstance(happens, TioneError):
            raise happens
        return happens(*arguments)

    # The service's side.

    def service_now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.now)

    def account_id(self) -> str:
        return "100"

    def create_training_task(self, body: Mapping[str, Any]) -> str:
        self._call("create", body["Name"])
        instead = self._instead("create", body)
        return self.make(body) if instead is PROCEED else str(instead)

    def describe_training_task(
        self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
    ) -> dict[str, Any] | None:
        self._call("describe", task_id)
        instead = self._instead("describe", task_id)
        return self._shown(task_id, self.lag.details) if instead is PROCEED else instead

    def _listed(self) -> list[dict[str, Any]]:
        instead = self._instead("list")
        if instead is not PROCEED:
            return list(instead)
        return [item for task_id in self.history if (item := self._shown(task_id, self.lag.lists)) is not None]

    def training_tasks_with_name(self, name: str, ti_project_id: str | None = None) -> list[dict[str, Any]]:
        self._call("find", name)
        return [item for item in self._listed() if item["Name"] == name]

    def training_tasks_by_id(
        self, task_ids: Sequence[str], ti_project_id: str | None = None
    ) -> dict[str, dict[str, Any]]:
        self._call("list", *task_ids)
        return {item["Id"]: item for item in self._listed() if item["Id"] in task_ids}

    def training_tasks(
        self, filters: Mapping[str, Sequence[str]], tags: Mapping[str, str], ti_project_id: str | None = None
    ) -> Iterator[dict[str, Any]]:
        self._call("list by tags")
        for item in self._listed():
            if tags.items() <= {tag["TagKey"]: tag["TagValue"] for tag in item.get("Tags") or ()}.items():
                yield item

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        self._call("stop", task_id)
        if self._instead("stop", task_id) is not PROCEED:
            return
        task = self._existing(task_id, "StopTrainingTask")
        if task["Status"] in (*TERMINAL, "STOPPING"):
            raise refusal("InternalError.NotAllow", "StopTrainingTask")
        self._write(task_id, {**task, "Status": "STOPPING"})

    def delete_training_task(self, task_id: str, ti_project_id: str | None = None) -> bool:
        self._call("delete", task_id)
        instead = self._instead("delete", task_id)
        if instead is not PROCEED:
            return bool(instead)
        task = self.truth(task_id) if task_id in self.history else None
        if task is None:
            return False
        if task["Status"] not in TERMINAL:
            raise refusal("InternalError.NotAllow", "DeleteTrainingTask")
        if not self.deleted_names_are_kept:
            self.taken_names.discard(task["Name"])
        self._write(task_id, None)
        return True

    def tag_training_task(self, task_id: str, uin: str, tags: Mapping[str, str]) -> None:
        self._call("tag", task_id)
        if self._instead("tag", task_id) is not PROCEED:
            return
        task = self._existing(task_id, "TagResources")
        kept = [tag for tag in task.get("Tags") or () if tag["TagKey"] not in tags]
        self._write(task_id, {**task, "Tags": kept + [{"TagKey": key, "TagValue": tags[key]} for key in tags]})

    def untag_training_task(self, task_id: str, uin: str, keys: Sequence[str]) -> None:
        if keys:
            self._call("untag", task_id)
            task = self._existing(task_id, "UnTagResources")
            self._write(task_id, {**task, "Tags": [t for t in task.get("Tags") or () if t["TagKey"] not in keys]})

    def _existing(self, task_id: str, action: str) -> dict[str, Any]:
        task = self.truth(task_id) if task_id in self.history else None
        if task is None:
            raise refusal("ResourceNotFound", action)
        return task

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def no_answer(action: str) -> IndeterminateResultError:
    return IndeterminateResultError(f"{action} got no answer: the connection was cut")
