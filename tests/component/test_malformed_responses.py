"""Whatever the service returns, each verb, wait, lookup and command raises nothing but an error of this package.

Single members of other types are in `tests/unit/test_wire_types.py`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pulumi
import pytest
from boundary_support import SMALLEST
from local_tione import SMALLEST_BODY

import pulumi_tione as tione
from pulumi_tione._api import transport
from pulumi_tione._api.client import Client
from pulumi_tione._api.logs import TaskLog
from pulumi_tione._api.rate_limit import RateLimiter
from pulumi_tione._config.settings import Settings
from pulumi_tione._schema.identity import split_owner
from pulumi_tione._schema.wire import recorded_outputs
from pulumi_tione._wait.failure_report import report
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione._wait.waiter import WaitTarget, wait
from pulumi_tione.call_context import CallContext
from pulumi_tione.cli import status, whoami
from pulumi_tione.emulator import Emulator
from pulumi_tione.errors import TaskError, TioneError
from pulumi_tione.lifecycle.check import CheckContext, Checked, check
from pulumi_tione.lifecycle.create import Creation
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.read import read
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.update import update
from pulumi_tione.provider import TrainingTaskProvider
from pulumi_tione.stacks.known_tasks import KnownTask
from pulumi_tione.stacks.label_search import LabelSearch
from pulumi_tione.stacks.locations import Clients, Location
from pulumi_tione.stacks.task_status import task_statuses

REGION = "ap-guangzhou"

BODIES: dict[str, str] = {
    "nothing": "",
    "html": "<html>portal</html>",
    "an object": "{}",
    "null": "null",
    "a list": "[]",
    "a number": "7",
    "half an object": '{"Response": {"RequestId"',
    "null response": '{"Response": null}',
    "a list as response": '{"Response": [{}]}',
    "nothing but a request id": '{"Response": {"RequestId": "r"}}',
    "a text as error": '{"Response": {"Error": "no", "RequestId": "r"}}',
    "an error without a code": '{"Response": {"Error": {}, "RequestId": 7}}',
    "a code that nobody knows": '{"Response": {"Error": {"Code": "Un\\ud800heard\\n.Of", "Message": null}}}',
    "a code with an odd message": '{"Response": {"Error": {"Code": "InternalError", "Message": {"a": 1}}}}',
    "brackets": "[" * 50_000,
}
VALUES: tuple[Any, ...] = (None, "x", "", 7, True, [], {}, [None], ["x"], [{}], [[]], {"a": 1}, "\ud800", "a\n\x1b[2J")


@dataclass
class Clock:
    """A time that passes in pauses alone, quickly. Nobody waits for ever."""

    now: float = 0.0
    pauses: int = 0

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 120)
        self.pauses += 1
        if self.pauses > 100:
            raise TaskError("that is enough")

    async def nap(self, seconds: float) -> None:
        self.sleep(seconds)

    def time(self) -> float:
        return self.now


OWNER, PROGRAM = split_owner(SMALLEST)


def checked(**program: Any) -> Checked:
    return check({}, {**PROGRAM, **program}, CheckContext(region=REGION, labels_enabled=True), owner=OWNER)


@dataclass
class Scene:
    """A task, a client that does not really sleep, and what is recorded of the task."""

    emulator: Emulator
    client: Client
    task_id: str
    outputs: dict[str, Any]
    clock: Clock = field(default_factory=Clock)

    @property
    def context(self) -> CallContext:
        return CallContext(pause=self.clock.sleep, clock=self.clock.time)

    @property
    def task(self) -> RecordedTask[Client]:
        return RecordedTask(self.client, self.task_id, self.outputs, self.context, OWNER)

    def changed(self, **news: Any) -> dict[str, Any]:
        """Update the task to other inputs."""
        inputs = {**self.inputs, **news}
        return update(self.task, inputs, owner=OWNER, labels_enabled=True)

    @property
    def inputs(self) -> dict[str, Any]:
        return checked().inputs


def _create(scene: Scene) -> object:
    inputs = checked(name="another").inputs
    return Creation(scene.client, OWNER, inputs, scene.context, labels_enabled=True).run()


def _wait(scene: Scene) -> object:
    poller = StatusPoller(scene.client, None, scene.clock.nap)
    target = WaitTarget(scene.task_id, "bert", "100000000001", ["SUCCEED"], timedelta(hours=1), logs=True)
    return asyncio.run(wait(target, poller, lambda _: None, scene.clock.time))


def _search(scene: Scene) -> None:
    LabelSearch({"pulumi:project": "nlp"}, lambda _: scene.client, every_workspace=True).run([Location(REGION)])


def _status(scene: Scene) -> object:
    clients = Clients(Settings(lambda _: None, scene.emulator.environment))
    statuses = [*task_statuses([KnownTask(scene.task_id, "bert", "bert", Location(REGION))], clients)]
    return status._table(statuses), [status._as_json(each) for each in statuses]


def _log(scene: Scene) -> object:
    log = TaskLog(scene.client, scene.task_id, None, sleep=scene.clock.sleep, clock=scene.clock.time)
    of_run = log.of_latest_run()
    return [] if of_run is None else [*of_run.new_lines(), *of_run.tail(3), *log.follow(of_run)]


def _events(scene: Scene) -> object:
    return [*scene.client.events("run")]


def _search_of_a_rerun(_: Scene) -> object:
    return TrainingTaskProvider()._task_of({"name": "bert", "region": REGION})


DEEDS: dict[str, Callable[[Scene], object]] = {
    "create": _create,
    "read": lambda scene: read(scene.task),
    "get": lambda scene: read(replace(scene.task, outputs={"region": REGION})),
    "update tags": lambda scene: scene.changed(tags={"team": "nlp"}),
    "update log": lambda scene: scene.changed(logEnable=True, logConfig={"logsetId": "l", "topicId": "t"}),
    "stop": lambda scene: scene.changed(desiredStatus="STOPPED"),
    "start": lambda scene: scene.changed(desiredStatus="RUNNING"),
    "delete": lambda scene: delete(scene.task),
    "wait": _wait,
    "report": lambda scene: report(scene.client, scene.task_id, None, {"Status": "FAILED"}, "failed"),
    "check": _search_of_a_rerun,
    "search": _search,
    "status": _status,
    "whoami": lambda scene: whoami._Identity.of(Settings(lambda _: None, scene.emulator.environment)),
    "logs": _log,
    "events": _events,
    "get_training_task": lambda scene: tione.get_training_task(scene.task_id),
    "get_training_task by name": lambda _: tione.get_training_task(name="bert"),
    "get_training_tasks": lambda _: tione.get_training_tasks(),
    "get_training_task_pods": lambda scene: tione.get_training_task_pods(scene.task_id),
    "get_training_task_logs": lambda scene: tione.get_training_task_logs(scene.task_id),
    "get_resource_groups": lambda _: tione.get_resource_groups(),
    "get_instance_specs": lambda _: tione.get_instance_specs(),
    "get_training_frameworks": lambda _: tione.get_training_frameworks(),
    "get_preset_images": lambda _: tione.get_preset_images(),
}

_LISTED = ("Id", "Name", "Status", "Uin", "Tags", "ResourceConfigInfos", "CreateTime", "RuntimeInSeconds")
_OF_TASK = (*_LISTED, "LatestInstanceId", "OperatorInfo", "FailureReason", "Envs", "ImageInfo", "StartCmdInfo")

ACTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "CreateTrainingTask": (("create",), ("Id",)),
    "DescribeTrainingTask": (
        ("create", "read", "get", "update tags", "start", "delete", "wait", "report", "logs", "get_training_task"),
        ("TrainingTaskDetail", *(f"TrainingTaskDetail.{name}" for name in _OF_TASK)),
    ),
    "DescribeTrainingTasks": (
        ("create", "delete", "wait", "check", "search", "status", "get_training_tasks", "get_training_task by name"),
        ("TrainingTaskSet", "TotalCount", *(f"TrainingTaskSet.*.{name}" for name in _LISTED)),
    ),
    "StopTrainingTask": (("stop", "delete"), ()),
    "DeleteTrainingTask": (("delete",), ()),
    "StartTrainingTask": (("start",), ()),
    "EnableTrainingTaskClsConfig": (("update log",), ()),
    "TagResources": (("update tags",), ("FailedResources",)),
    "GetCallerIdentity": (("whoami",), ("AccountId",)),
    "DescribeTrainingTaskPods": (
        ("report", "status", "wait", "get_training_task_pods"),
        ("PodInfoList", "PodInfoList.*.Name", "PodInfoList.*.Status", "PodInfoList.*.EndTime"),
    ),
    "DescribeLogs": (
        ("logs", "report", "get_training_task_logs"),
        ("Content", "Context", *(f"Content.*.{name}" for name in ("Id", "Message", "PodName", "Timestamp", "PkgId"))),
    ),
    "DescribeEvents": (("events", "report"), ("Events", "TotalCount", "Events.*.Message", "Events.*.LastTimestamp")),
    "DescribeBillingResourceGroups": (
        ("get_resource_groups",),
        ("ResourceGroupSet", "ResourceGroupSet.*.FreeInstance"),
    ),
    "DescribeBillingSpecs": (("get_instance_specs",), ("Specs", "Specs.*.SpecName", "Specs.*.Available")),
    "DescribeBillingSpecsPrice": (("get_instance_specs",), ("SpecsPrice", "SpecsPrice.*.RealTotalCost")),
    "DescribeTrainingFrameworks": (
        ("get_training_frameworks",),
        ("FrameworkInfos", "FrameworkInfos.*.VersionInfos", "FrameworkInfos.*.Name"),
    ),
    "DescribeBuildInImages": (("get_preset_images",), ("BuildInImageInfos", "BuildInImageInfos.*.ImageName")),
    "DescribeWorkspaces": (("search",), ("Workspaces", "Workspaces.*.TiProjectId")),
    "GetResources": (
        ("search",),
        ("ResourceTagMappingList", "PaginationToken", "ResourceTagMappingList.*.Resource"),
    ),
}


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    monkeypatch.setattr(RateLimiter, "wait", lambda *_: None)
    for name in ("OUTAGE", "FAILURE", "THROTTLING"):
        monkeypatch.setattr(transport, f"_{name}_TIMEOUT_SECONDS", 0)
    monkeypatch.setattr(transport, "_MAX_ATTEMPTS_IF_MALFORMED", 1)
    with Emulator(speed=1000, requests_a_second=None) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def scene_of(emulator: Emulator) -> Scene:
    clock = Clock()
    client = Client(Settings(lambda _: None, emulator.environment), REGION, sleep=clock.sleep)
    task_id = client.create_training_task({**SMALLEST_BODY, "Name": "bert"})
    detail = client.describe_training_task(task_id) or {}
    inputs = checked(name="bert").inputs
    return Scene(emulator, client, task_id, recorded_outputs(inputs, detail), clock)


def faults(members: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((name, {"body": body}) for name, body in BODIES.items())
    yield from ((f"{name}={value!r}", {"members": {name: value}}) for name in members for value in VALUES)
    yield from ((f"without {name}", {"without": [name]}) for name in members)


_BARE = re.compile(r"[\n\x1b]|\b(Type|Key|Attribute|Index|Unicode\w*|Recursion)Error")


def outcome(deed: str, scene: Scene) -> Exception | None:
    try:
        DEEDS[deed](scene)
    except Exception as error:  # noqa: BLE001  whatever it is: that is the question
        return error
    return None


CASES = [(action, deed) for action, (deeds, _) in ACTIONS.items() for deed in deeds]


@pytest.mark.long
@pytest.mark.parametrize(("action", "deed"), CASES)
def test_an_odd_response_raises_nothing_but_an_error_of_this_package(
    emulator: Emulator, action: str, deed: str
) -> None:
    scene = scene_of(emulator)
    for name, fault in faults(ACTIONS[action][1]):
        emulator.faults.add(action, times=None, **fault)
        scene.clock.pauses = 0
        error = outcome(deed, scene)
        emulator.faults.clear()
        assert error is None or isinstance(error, (TioneError, pulumi.RunError)), f"{name}: {error!r}"
        assert not _BARE.search(str(error)), f"{name}: {error}"
        assert len([task for task in emulator.tasks() if task["Name"] == "another"]) <= 1, name
        if deed in ("create", "delete", "stop"):
            for task in emulator.tasks():
                emulator.remove(str(task["Id"]))
            scene = scene_of(emulator)
