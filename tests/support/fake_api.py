"""A fake of the API, in memory: tasks, tags, logs, prices. The one fake of all tests; time is the test's.

Writes act on the truth at once. Reads show the truth as it was a while ago (`lag`), or what a test has set (`trouble`).

`trouble` plans what single calls do, such as failing once and then going on. A local TI-ONE over HTTP is
`local_tione.py`; prices are in `price_service.py`.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from pulumi_tione._api.protocols import MAX_TAGS_PER_CALL
from pulumi_tione._timestamps import parse_time
from pulumi_tione.errors import ApiError, IndeterminateResultError

BEGIN = datetime(2025, 8, 1, 3, 0, tzinfo=timezone.utc)
"""The time by the service's clock when a fake is made."""

PROCEED = object()
"""What a step of `trouble` returns to let the call take its course."""

TERMINAL = ("STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED")
MAX_TAGS = 50
MAX_LOG_LINES = 10_000
"""How many lines of a log can be paged through."""

_READS = ("describe", "find", "list", "pods", "logs", "events", "account")

Json = dict[str, Any]
Step = Exception | Callable[..., Any]
PrintedLine = tuple[float, str, str]
"""Seconds after `BEGIN`, pod, text."""


def refusal(code: str, action: str = "CreateTrainingTask") -> ApiError:
    return ApiError(action, code, "no", "r-1")


def no_answer(action: str) -> IndeterminateResultError:
    return IndeterminateResultError(f"{action} got no answer: the connection was cut")


@dataclass
class Lag:
    """By how many seconds each kind of read lags."""

    lists: float = 0
    details: float = 0
    tags: float = 0


@dataclass(eq=False)
class FakeApi:
    """Tasks with unique names, in one region of one account.

    Tasks never change by themselves, but for stopping: `seconds_to_stop` after StopTrainingTask they have the status
    `ends`.
    """

    lag: Lag = field(default_factory=Lag)
    seconds_to_stop: float = 10
    ends: str = "STOPPED"
    deleted_names_are_kept: bool = False
    region: str = "ap-guangzhou"
    account: str = "100"

    def __post_init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []
        """Every call: its verb, and what it was about."""
        self.asked_workspaces: list[str | None] = []
        """The workspace that each call named."""
        self.bodies: list[Mapping[str, Any]] = []
        """The bodies of all calls to create a task."""
        self.history: dict[str, list[tuple[float, Json | None]]] = {}
        self.taken_names: set[str] = set()
        self.printed: dict[str, list[PrintedLine]] = {}
        """What runs have printed, by run."""
        self.shown_pods: list[Json] = []
        self.failing: dict[str, tuple[Exception, bool]] = {}
        self._troubles: dict[str, list[Step]] = {}
        self._always: dict[str, Step] = {}
        self._sorted: dict[str, list[tuple[datetime, str, int, str]]] = {}

    # The test's side: time.

    def sleep(self, seconds: float) -> None:
        assert 0 <= seconds <= 120
        self.now += seconds

    def clock(self) -> float:
        return self.now

    def present(self) -> str:
        """Return the present as the service writes it in a detail."""
        return as_shown(self.service_now())

    # The test's side: what goes wrong.

    def trouble(self, verb: str, *steps: Step) -> None:
        """Let something else happen to the next calls of a verb: an error, or what a function returns instead.

        A function that returns `PROCEED` lets the call take its course.
        """
        self._troubles.setdefault(verb, []).extend(steps)

    def always(self, verb: str, step: Step | None) -> None:
        """Let something else happen to all calls of a verb from now on; with None, no longer."""
        if step is None:
            self._always.pop(verb, None)
        else:
            self._always[verb] = step

    def fail(self, call: str, error: Exception, *, has_effect: bool = False) -> None:
        """Let the calls that begin so end with an error until `failing` is cleared, whether they take effect or not."""
        self.failing[call] = (error, has_effect)

    # The test's side: tasks.

    @classmethod
    def with_task(cls, task_id: str = "train-1", facts: Mapping[str, Any] | None = None, **settings: Any) -> FakeApi:
        """Return a fake with one task, which has existed for long."""
        api = cls(**settings)
        task = {"Id": task_id, "Name": "bert", "Status": "RUNNING", "Uin": api.account, **(facts or {})}
        api.history[task_id] = [(float("-inf"), copy.deepcopy(task))]
        api.taken_names.add(task["Name"])
        return api

    @property
    def existing(self) -> dict[str, Json]:
        """The tasks that there really are."""
        return {task_id: task for task_id in self.history if (task := self.actual(task_id)) is not None}

    def actual(self, task_id: str) -> Json | None:
        self._let_time_act()
        return self.history[task_id][-1][1]

    @property
    def status(self) -> str | None:
        """The status of the only task; None if it is gone."""
        (task,) = self.existing.values() or [{"Status": None}]
        return task["Status"]

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the only task."""
        (task,) = self.existing.values()
        return _tags(task)

    def put(self, task_id: str, **changes: Any) -> None:
        """Change a task as somebody else does; without changes, delete it."""
        before = self.actual(task_id)
        if not changes and before is not None:
            self.taken_names.discard(before["Name"])
        self._write(task_id, {**(before or {}), **changes} if changes else None)

    def put_tags(self, task_id: str, **tags: str) -> None:
        """Bind tags to a task as somebody else does; `__` in a key stands for a colon."""
        task = self.actual(task_id) or {}
        renamed = {key.replace("__", ":"): value for key, value in tags.items()}
        self.put(
            task_id, Tags=[{"TagKey": key, "TagValue": value} for key, value in {**_tags(task), **renamed}.items()]
        )

    def make(self, body: Mapping[str, Any], **changes: Any) -> str:
        """Create a task, with other facts than the service would give it."""
        if body["Name"] in self.taken_names:
            raise refusal("FailedOperation.DuplicateName")
        task_id = f"train-{len(self.history) + 1}"
        facts = {
            "Id": task_id,
            "Status": "SUBMITTING",
            "Uin": self.account,
            "CreateTime": self.present(),
            "LatestInstanceId": "run-1",
        }
        task = {**json.loads(json.dumps(body)), **facts}
        if "EncodedStartCmdInfo" in body:
            task["StartCmdInfo"] = json.loads(base64.b64decode(body["EncodedStartCmdInfo"]["StartCmdInfo"]))
        self.taken_names.add(body["Name"])
        self.history[task_id] = [(float("-inf"), None)]
        self._write(task_id, {**task, **changes})
        return task_id

    @property
    def verbs(self) -> list[str]:
        """The verbs of all calls."""
        return [call.partition(" ")[0] for call in self.calls]

    @property
    def writes(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if call.partition(" ")[0] not in _READS]

    def shown(self, task_id: str, lag: float = 0) -> Json | None:
        """Return a task as a read shows it with this lag in seconds."""
        self._let_time_act()
        before = [task for at, task in self.history.get(task_id, []) if at <= self.now - lag]
        found = copy.deepcopy(before[-1]) if before else None
        if found is not None:
            older = [task for at, task in self.history[task_id] if task and at <= self.now - max(lag, self.lag.tags)]
            found["Tags"] = copy.deepcopy(older[-1].get("Tags")) if older else None
        return found

    # How calls go.

    def _called(
        self, verb: str, about: Sequence[str], workspace: str | None, effect: Callable[[], Any], *args: Any
    ) -> Any:
        """Record a call and return its result: what a test has laid down for it, or else that of `effect`."""
        call = " ".join((verb, *about))
        self.calls.append(call)
        self.asked_workspaces.append(workspace)
        step = self._troubles[verb].pop(0) if self._troubles.get(verb) else self._always.get(verb)
        if isinstance(step, Exception):
            raise step
        if step is not None and (instead := step(*args)) is not PROCEED:
            return instead
        failing = (failure for begin, failure in self.failing.items() if call.startswith(begin))
        error, has_effect = next(failing, (None, True))
        result = effect() if has_effect else None
        if error is not None:
            raise error
        return result

    def _write(self, task_id: str, task: Json | None) -> None:
        self.history[task_id].append((self.now, copy.deepcopy(task)))

    def _let_time_act(self) -> None:
        for versions in self.history.values():
            since, task = versions[-1]
            if task is not None and task["Status"] == "STOPPING" and self.now - since >= self.seconds_to_stop:
                versions.append((since + self.seconds_to_stop, {**task, "Status": self.ends}))

    def _existing(self, task_id: str, action: str) -> Json:
        task = self.actual(task_id) if task_id in self.history else None
        if task is None:
            raise refusal("ResourceNotFound", action)
        return task

    def _listed(self) -> list[Json]:
        shown = (self.shown(task_id, self.lag.lists) for task_id in self.history)
        return [item for item in shown if item is not None]

    # The service's side: tasks.

    def service_now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.now)

    def account_id(self) -> str:
        return str(self._called("account", (), None, lambda: self.account))

    def create_training_task_response(self, body: Mapping[str, Any]) -> Json:
        return {"Id": self.create_training_task(body), "RequestId": "r-create"}

    def create_training_task(self, body: Mapping[str, Any]) -> str:
        self.bodies.append(body)
        return str(self._called("create", (body["Name"],), body.get("TiProjectId"), lambda: self.make(body), body))

    def describe_training_task(
        self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
    ) -> Json | None:
        read = lambda: self.shown(task_id, self.lag.details)  # noqa: E731
        return self._called("describe", (task_id,), ti_project_id, read, task_id)  # type: ignore[no-any-return]

    def describe_training_task_response(self, task_id: str, ti_project_id: str | None = None) -> Json:
        return {"TrainingTaskDetail": self.describe_training_task(task_id, ti_project_id), "RequestId": "r-9"}

    def find_training_task(self, name: str, ti_project_id: str | None = None) -> Json | None:
        return next(iter(self.find_training_tasks([name], ti_project_id)), None)

    def find_training_tasks(self, names: Sequence[str], ti_project_id: str | None = None) -> list[Json]:
        items = self._called("find", names, ti_project_id, self._listed)
        newest = {item["Name"]: item for item in sorted(items, key=lambda item: str(item.get("CreateTime")))}
        return [newest[name] for name in names if name in newest]

    def training_tasks_with_name(self, name: str, ti_project_id: str | None = None) -> list[Json]:
        items = self._called("find", (name,), ti_project_id, self._listed)
        return [item for item in items if item["Name"] == name]

    def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
        items = self._called("list", task_ids, ti_project_id, self._listed)
        return {item["Id"]: item for item in items if item["Id"] in task_ids}

    def listed_training_tasks(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]:
        return self.training_tasks_by_id(task_ids, ti_project_id)

    def training_tasks(
        self,
        filters: Mapping[str, Sequence[str]],
        tags: Mapping[str, str],
        ti_project_id: str | None = None,
        *,
        is_proof: bool = False,
    ) -> Iterator[Json]:
        items = self._called("list", ("by", "tags"), ti_project_id, self._listed)
        assert not dict(filters)  # the fake has none
        return iter([item for item in items if tags.items() <= _tags(item).items()])

    def start_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        def start() -> None:
            task = self._existing(task_id, "StartTrainingTask")
            prefix, _, number = str(task.get("LatestInstanceId") or "run-0").rpartition("-")
            self._write(task_id, {**task, "Status": "SUBMITTING", "LatestInstanceId": f"{prefix}-{int(number) + 1}"})

        self._called("start", (task_id,), ti_project_id, start)

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        def stop() -> None:
            task = self._existing(task_id, "StopTrainingTask")
            if task["Status"] in (*TERMINAL, "STOPPING"):
                raise refusal("InternalError.NotAllow", "StopTrainingTask")
            self._write(task_id, {**task, "Status": "STOPPING"})

        self._called("stop", (task_id,), ti_project_id, stop, task_id)

    def delete_training_task(self, task_id: str, ti_project_id: str | None = None) -> bool:
        def delete() -> bool:
            task = self.actual(task_id) if task_id in self.history else None
            if task is None:
                return False
            if task["Status"] not in TERMINAL:
                raise refusal("InternalError.NotAllow", "DeleteTrainingTask")
            if not self.deleted_names_are_kept:
                self.taken_names.discard(task["Name"])
            self._write(task_id, None)
            return True

        return bool(self._called("delete", (task_id,), ti_project_id, delete, task_id))

    def enable_cls_config(
        self, task_id: str, enable: bool, config: Mapping[str, Any] | None, ti_project_id: str | None = None
    ) -> None:
        def write() -> None:
            task = self._existing(task_id, "EnableTrainingTaskClsConfig")
            self._write(task_id, {**task, "LogEnable": enable, "LogConfig": config})

        self._called("log", (str(enable), str(config and config["TopicId"])), ti_project_id, write)

    def workspaces(self) -> Iterator[str]:
        return iter(())

    # The service's side: tags.

    def tag_training_task(self, task_id: str, uin: str, tags: Mapping[str, str]) -> None:
        def bind() -> None:
            task = self._existing(task_id, "TagResources")
            assert task["Uin"] == uin
            bound = {**_tags(task), **tags}
            if len([key for key in bound if not key.startswith("qcs:")]) > MAX_TAGS:
                raise refusal("LimitExceeded.ResourceAttachedTags", "TagResources")
            self._write(task_id, {**task, "Tags": _as_tags(bound)})

        assert len(tags) <= MAX_TAGS_PER_CALL
        if tags:
            self._called("tag", (",".join(sorted(tags)),), None, bind, task_id)

    def untag_training_task(self, task_id: str, uin: str, keys: Sequence[str]) -> None:
        def remove() -> None:
            assert self._existing(task_id, "UnTagResources")["Uin"] == uin
            bound = _tags(self._existing(task_id, "UnTagResources"))
            if not {*keys} <= bound.keys():
                raise refusal("ResourceNotFound.AttachedTagKeyNotFound", "UnTagResources")
            kept = {key: value for key, value in bound.items() if key not in keys}
            self._write(task_id, {**self._existing(task_id, "UnTagResources"), "Tags": _as_tags(kept)})

        assert len(keys) <= MAX_TAGS_PER_CALL
        if keys:
            self._called("untag", (",".join(sorted(keys)),), None, remove, task_id)

    def tagged_training_tasks(self, tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        items = [item for item in self._listed() if tags.items() <= _tags(item).items()]
        return iter(
            self._called("list", ("of", "tag", "service"), None, lambda: [(self.region, i["Id"]) for i in items])
        )

    # The service's side: what runs did.

    def pods(self, task_id: str, ti_project_id: str | None = None) -> list[Json]:
        return list(self._called("pods", (task_id,), ti_project_id, lambda: self.shown_pods))

    def logs(self, run: str, **how: Any) -> tuple[list[Json], str]:
        def read() -> tuple[list[Json], str]:
            if run not in self.printed:
                raise refusal("ResourceNotFound", "DescribeLogs")
            begin, end = (parse_time(how[name]) if how.get(name) else None for name in ("StartTime", "EndTime"))
            found = [
                line
                for line in self._in_order(run)
                if (begin is None or line[0] >= begin)
                and (end is None or line[0] <= end)
                and how.get("PodName") in (None, line[1])
            ]
            if how["Order"] == "DESC":
                found.reverse()
            seen = int(how.get("Context") or 0)
            if seen >= MAX_LOG_LINES:
                raise refusal("FailedOperation.ContextLimitError", "DescribeLogs")
            page = found[seen : seen + how["Limit"]]
            lines = [
                {
                    "Id": f"{run}-{number}",
                    "Message": text,
                    "PodName": pod,
                    "Timestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}000Z",
                }
                for at, pod, number, text in page
            ]
            return lines, str(seen + len(page))

        return self._called("logs", (run,), how.get("TiProjectId"), read, how)  # type: ignore[no-any-return]

    def _in_order(self, run: str) -> list[tuple[datetime, str, int, str]]:
        printed = self.printed[run]
        if run not in self._sorted or len(self._sorted[run]) != len(printed):
            self._sorted[run] = sorted(
                (BEGIN + timedelta(seconds=after), pod, number, text)
                for number, (after, pod, text) in enumerate(printed)
            )
        return self._sorted[run]

    def events(self, run: str, **how: Any) -> Iterator[Json]:
        return iter(self._called("events", (run,), how.get("TiProjectId"), list))


def as_shown(moment: datetime) -> str:
    """Return a time as the service writes it in a detail."""
    return moment.astimezone(timezone(timedelta(hours=8))).strftime("%Y-%m-%dT%H:%M:%S+08")


def _tags(task: Mapping[str, Any]) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in task.get("Tags") or ()}


def _as_tags(tags: Mapping[str, str]) -> list[Json]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
