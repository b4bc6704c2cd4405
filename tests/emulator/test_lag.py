"""Reads that lag behind writes: each kind on its own, by seconds or by calls, and what they show was true once."""

from __future__ import annotations

import itertools
import json
import random
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from pulumi_tione.emulator import Calls, Emulator, Lag, Status
from pulumi_tione.emulator.accounts import Caller, Keyring
from pulumi_tione.emulator.actions import HANDLERS
from pulumi_tione.emulator.actions import Call as Request
from pulumi_tione.emulator.clock import Clock
from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.faults.lag import KINDS
from pulumi_tione.emulator.state.history import History
from pulumi_tione.emulator.state.service import Service

Json = dict[str, Any]
Call = Callable[..., Json]
Create = Callable[..., str]
Detail = Callable[..., Json]
Refusal = Callable[..., tuple[str, str]]

TEAM = [{"TagKey": "team", "TagValue": "nlp"}]


@pytest.fixture
def listed(call: Call) -> Callable[[], dict[str, Json]]:
    """The list, by the ids of its items."""

    def listed() -> dict[str, Json]:
        answer = call("DescribeTrainingTasks", {"Limit": 50})
        assert answer["TotalCount"] == len(answer["TrainingTaskSet"])
        return {item["Id"]: item for item in answer["TrainingTaskSet"]}

    return listed


@pytest.fixture
def shown(call: Call) -> Callable[[str], str]:
    """What Describe returns for a task: its status, or the code of a refusal."""

    def shown(task_id: str) -> str:
        try:
            return str(call("DescribeTrainingTask", {"Id": task_id})["TrainingTaskDetail"]["Status"])
        except TencentCloudSDKException as error:
            return str(error.code)

    return shown


def _own_tags(tags: list[Json]) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in tags if not tag["TagKey"].startswith("qcs:")}


def _resource(emulator: Emulator, task_id: str) -> str:
    task = emulator.gateway.service.find(task_id)
    assert task is not None
    return task.resource


def test_nothing_lags_unless_it_is_ordered(create: Create, emulator: Emulator, listed: Any, shown: Any) -> None:
    task_id = create()
    assert emulator.lag() == Lag()
    assert listed().keys() == {task_id}
    assert shown(task_id) == "SUBMITTING"


def test_a_created_task_is_missing_from_lists_for_thirty_seconds(
    create: Create, emulator: Emulator, listed: Any, shown: Any
) -> None:
    emulator.set_lag(Lag(lists=30))
    task_id = create()
    emulator.advance(29)
    assert listed() == {}
    assert shown(task_id) == "SUCCEED"
    emulator.advance(1)
    assert listed()[task_id]["Status"] == "SUBMITTING"
    emulator.advance(2)
    assert listed()[task_id]["Status"] == "STARTING"


def test_the_detail_of_a_created_task_is_not_found_for_three_seconds(
    create: Create, emulator: Emulator, listed: Any, shown: Any
) -> None:
    emulator.set_lag(Lag(details=3))
    task_id = create()
    assert shown(task_id) == "ResourceNotFound"
    assert listed().keys() == {task_id}
    emulator.advance(3)
    assert shown(task_id) == "SUBMITTING"


def test_a_deleted_task_is_still_listed_for_twenty_five_seconds(
    create: Create, call: Call, emulator: Emulator, listed: Any, shown: Any
) -> None:
    task_id = create()
    emulator.advance(60)
    emulator.set_lag(Lag(lists=25, details=10))
    call("DeleteTrainingTask", {"Id": task_id})
    emulator.advance(9)
    assert shown(task_id) == listed()[task_id]["Status"] == "SUCCEED"
    emulator.advance(1)
    assert shown(task_id) == "ResourceNotFound"
    emulator.advance(14)
    assert listed()[task_id]["Status"] == "SUCCEED"
    emulator.advance(1)
    assert listed() == {}


def test_a_stopped_task_is_shown_running_for_as_long_as_details_lag(
    create: Create, call: Call, emulator: Emulator, detail: Detail
) -> None:
    emulator.plan_runs(running_seconds="forever")
    task_id = create()
    emulator.advance(10)
    emulator.set_lag(Lag(details=20))
    call("StopTrainingTask", {"Id": task_id})
    emulator.advance(19)
    result = detail(task_id)
    assert (result["Status"], result["FailureReason"], result["ChargeStatus"]) == ("RUNNING", "", "BILLING")
    # Its run lasts on in what is shown: 7.5 s until the stop, as it is seen.
    assert result["RuntimeInSeconds"] == 7
    assert "OperatorInfo" not in result
    emulator.advance(2)
    result = detail(task_id)
    assert (result["Status"], result["FailureReason"]) == ("STOPPED", "User Stop")


def test_tags_are_visible_twenty_seconds_late_wherever_they_are_shown(
    create: Create, call: Call, emulator: Emulator, detail: Detail, listed: Any
) -> None:
    emulator.set_lag(Lag(tags=20))
    task_id = create(Tags=TEAM)
    filters = {"TagFilters": [{"TagKey": "team", "TagValues": ["nlp"]}]}

    def tags() -> list[dict[str, str]]:
        mapped = call("GetResources")["ResourceTagMappingList"]
        return [
            _own_tags(detail(task_id)["Tags"]),
            _own_tags(listed()[task_id]["Tags"]),
            *(_own_tags(mapping["Tags"]) for mapping in mapped),
        ]

    emulator.advance(19)
    assert tags() == [{}, {}]  # the tag service does not know the task at all
    assert call("DescribeTrainingTasks", filters)["TotalCount"] == 0
    emulator.advance(1)
    assert tags() == [{"team": "nlp"}] * 3
    assert call("DescribeTrainingTasks", filters)["TotalCount"] == 1
    resource = _resource(emulator, task_id)
    call("TagResources", {"ResourceList": [resource], "Tags": [{"TagKey": "team", "TagValue": "cv"}]})
    emulator.advance(19)
    assert tags() == [{"team": "nlp"}] * 3
    emulator.advance(1)
    assert tags() == [{"team": "cv"}] * 3
    call("UnTagResources", {"ResourceList": [resource], "TagKeys": ["team"]})
    assert tags() == [{"team": "cv"}] * 3
    emulator.advance(20)
    assert tags() == [{}] * 3


def test_log_delivery_is_shown_as_late_as_details(
    create: Create, call: Call, emulator: Emulator, detail: Detail
) -> None:
    task_id = create()
    emulator.set_lag(Lag(details=5))
    config = {"LogsetId": "set", "TopicId": "topic"}
    call("EnableTrainingTaskClsConfig", {"TaskId": task_id, "LogEnable": True, "LogConfig": config})
    emulator.advance(4)
    assert detail(task_id)["LogEnable"] is False
    emulator.advance(1)
    assert (detail(task_id)["LogEnable"], detail(task_id)["LogConfig"]) == (True, config)


def test_pods_logs_and_events_lag_on_their_own(
    create: Create, call: Call, emulator: Emulator, detail: Detail, refusal: Refusal
) -> None:
    emulator.set_lag(Lag(pods=10, logs=20))
    emulator.plan_runs(running_seconds="forever", output=[(0, "begins"), (30, "goes on")])
    task_id = create()
    emulator.advance(9)
    assert refusal("DescribeTrainingTaskPods", {"Id": task_id})[0] == "ResourceNotFound"
    about = {"Service": "TRAIN", "ServiceId": detail(task_id)["LatestInstanceId"]}
    emulator.advance(10)
    assert [pod["Status"] for pod in call("DescribeTrainingTaskPods", {"Id": task_id})["PodInfoList"]] == ["RUNNING"]
    emulator.advance(2)  # 21 s: in what is shown it is PENDING
    assert [event["Message"] for event in call("DescribeEvents", about)["Events"]] == [
        "The task is PENDING.",
        "The task is SUBMITTING.",
    ]
    assert call("DescribeLogs", about)["Content"] == []
    emulator.advance(31)
    assert [line["Message"] for line in call("DescribeLogs", about)["Content"]] == ["begins"]
    emulator.advance(1)
    assert [line["Message"] for line in call("DescribeLogs", about)["Content"]] == ["goes on", "begins"]


def test_writes_act_on_what_is_true(
    create: Create, call: Call, refusal: Refusal, body: Any, emulator: Emulator, listed: Any, shown: Any
) -> None:
    emulator.set_lag(Lag.of_all(30))
    task_id = create(Tags=TEAM)
    assert (listed(), shown(task_id)) == ({}, "ResourceNotFound")
    assert refusal("CreateTrainingTask", body())[0] == "FailedOperation.DuplicateNameTaskIsCreating"
    tag = {"ResourceList": [_resource(emulator, task_id)], "Tags": [{"TagKey": "team", "TagValue": "cv"}]}
    assert call("TagResources", tag)["FailedResources"] == []
    emulator.advance(2)
    call("StopTrainingTask", {"Id": task_id})
    emulator.advance(2)
    call("StartTrainingTask", {"Id": task_id})
    assert len(emulator.tasks()[0]["Runs"]) == 2
    emulator.advance(60)
    call("DeleteTrainingTask", {"Id": task_id})
    assert listed().keys() == {task_id}
    assert emulator.tasks() == []
    assert create() != task_id
    assert refusal("StopTrainingTask", {"Id": task_id})[0] == "ResourceNotFound"


def test_a_lag_by_calls_shows_what_was_to_so_many_calls_of_its_kind(
    create: Create, call: Call, emulator: Emulator, listed: Any, shown: Any
) -> None:
    emulator.set_lag(Lag(lists=Calls(3), details=Calls(1)))
    task_id = create()
    assert [shown(task_id) for _ in range(2)] == ["ResourceNotFound", "SUBMITTING"]
    assert [len(listed()) for _ in range(4)] == [0, 0, 0, 1]
    emulator.advance(60)
    call("DeleteTrainingTask", {"Id": task_id})
    assert [shown(task_id) for _ in range(2)] == ["SUBMITTING", "ResourceNotFound"]
    assert [len(listed()) for _ in range(4)] == [1, 1, 1, 0]


def test_tags_that_lag_by_calls_count_every_call_that_shows_tags(
    create: Create, call: Call, emulator: Emulator, detail: Detail, listed: Any
) -> None:
    task_id = create()
    emulator.set_lag(Lag(tags=Calls(3)))
    resource = _resource(emulator, task_id)
    call("TagResources", {"ResourceList": [resource], "Tags": TEAM})
    assert _own_tags(detail(task_id)["Tags"]) == {}
    assert _own_tags(listed()[task_id]["Tags"]) == {}
    assert _own_tags(call("GetResources")["ResourceTagMappingList"][0]["Tags"]) == {}
    assert _own_tags(detail(task_id)["Tags"]) == {"team": "nlp"}


def test_what_was_before_a_lag_is_not_shown_again_and_no_change_of_it_turns_time_back(
    create: Create, call: Call, emulator: Emulator, listed: Any
) -> None:
    first = create("first")
    emulator.set_lag(Lag(lists=10))
    assert listed().keys() == {first}
    second = create("second")
    emulator.advance(10)
    assert listed().keys() == {first, second}
    third = create("third")
    emulator.advance(5)
    emulator.set_lag(Lag(lists=3600))  # what was seen by now, 5 s ago, stays seen
    emulator.advance(3590)
    assert listed().keys() == {first, second}
    emulator.set_lag(Lag(lists=Calls(1)))
    assert listed().keys() == {first, second}
    assert listed().keys() == {first, second, third}
    emulator.set_lag(Lag(lists=10))
    fourth = create("fourth")
    assert listed().keys() == {first, second, third}
    emulator.set_lag()
    assert listed().keys() == {first, second, third, fourth}


def test_a_task_can_be_hidden_from_lists_that_lag_as_well(
    call: Call, body: Any, emulator: Emulator, listed: Any
) -> None:
    emulator.set_lag(Lag(lists=1))
    emulator.faults.add("CreateTrainingTask", hidden_list_calls=2)
    call("CreateTrainingTask", body())
    emulator.advance(1)
    assert [len(listed()) for _ in range(3)] == [0, 0, 1]


def test_a_lag_is_ordered_shown_and_ended_over_http(create: Create, emulator: Emulator, listed: Any) -> None:
    def order(method: str, order: Any = None) -> tuple[int, Json]:
        data = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(f"{emulator.endpoint}/_emulator/lag", data, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    none = {"lists": 0, "details": 0, "tags": 0, "pods": 0, "logs": 0}
    assert order("GET") == (200, none)
    result = {**none, "lists": 30, "details": {"calls": 2}}
    assert order("POST", {"lists": 30, "details": {"calls": 2}}) == (200, result)
    assert order("GET") == (200, result)
    create()
    assert listed() == {}
    assert order("POST", {"all": 3, "tags": 0}) == (200, {**dict.fromkeys(none, 3), "tags": 0})
    assert order("DELETE") == (200, none)
    assert len(listed()) == 1
    for wrong, parameter in [
        ({"list": 30}, "list"),
        ({"lists": "30"}, "lists"),
        ({"lists": True}, "lists"),
        ({"lists": -1}, "lists"),
        ({"lists": None}, "lists"),
        ({"lists": {"calls": 1.5}}, "1.5"),
        ({"lists": {"calls": True}}, "True"),
        ({"lists": {"seconds": 1}}, "lists"),
        ({"all": float("inf")}, "inf"),
        ({"all": float("nan")}, "nan"),
    ]:
        status, answer = order("POST", wrong)
        assert status == 400, wrong
        assert parameter in answer["error"]
    assert order("GET") == (200, none)


@pytest.mark.parametrize(
    ("text", "lag"),
    [
        ("3", Lag.of_all(3)),
        ("2calls", Lag.of_all(Calls(2))),
        ("lists=30,details=1call", Lag(lists=30, details=Calls(1))),
        ("3, lists=30, tags=0.5", Lag(lists=30, details=3, tags=0.5, pods=3, logs=3)),
    ],
)
def test_an_option_shows_how_far_reads_lag(text: str, lag: Lag) -> None:
    assert Lag.from_text(text) == lag


@pytest.mark.parametrize(
    "text", ["", "x", "lists", "lists=", "cats=3", "-1", "inf", "3,4", "lists=1,lists=2", "1.5calls"]
)
def test_an_option_that_shows_no_lag_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text differs
        Lag.from_text(text)
    assert str(caught.value)


def test_after_a_restart_what_is_true_is_shown_and_lags_from_then_on(tmp_path: Path, body: Any) -> None:
    def emulator() -> Emulator:
        return Emulator(manual_clock=True, state_file=tmp_path / "state", lag=30)

    with emulator() as first:
        _do(first.gateway.service, "CreateTrainingTask", body())
        assert _do(first.gateway.service, "DescribeTrainingTasks")["TotalCount"] == 0
    with emulator() as second:
        assert _do(second.gateway.service, "DescribeTrainingTasks")["TotalCount"] == 1
        _do(second.gateway.service, "CreateTrainingTask", body(Name="next"))
        assert _do(second.gateway.service, "DescribeTrainingTasks")["TotalCount"] == 1
    with Emulator(state_file=tmp_path / "state") as third:
        assert _do(third.gateway.service, "DescribeTrainingTasks")["TotalCount"] == 2


class _Wall:
    """A wall's clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


CALLER = Caller()


def _service(wall: _Wall, speed: float = 1.0, **lag: Any) -> Service:
    service = Service(Clock(wall, speed), Keyring())
    service.set_lag(Lag(**lag))
    return service


def _do(service: Service, action: str, body: Json | None = None) -> Json:
    """Carry out an action as the gateway does, without its checks."""
    return HANDLERS[action](Request(service, CALLER, "ap-guangzhou", body or {}, service.catch_up()))


@pytest.mark.parametrize("speed", [0.0, 1.0, 20.0])
def test_seconds_of_a_lag_are_those_of_the_wall_however_fast_tasks_live(speed: float, body: Any) -> None:
    wall = _Wall()
    service = _service(wall, speed, lists=30.0)
    _do(service, "CreateTrainingTask", body())
    wall.pass_by(29.9)
    assert _do(service, "DescribeTrainingTasks")["TotalCount"] == 0
    wall.pass_by(0.1)
    [item] = _do(service, "DescribeTrainingTasks")["TrainingTaskSet"]
    assert item["Status"] == "SUBMITTING"
    wall.pass_by(1)
    [item] = _do(service, "DescribeTrainingTasks")["TrainingTaskSet"]
    assert item["Status"] == {0.0: "SUBMITTING", 1.0: "PENDING", 20.0: "SUCCEED"}[speed]


def test_a_leap_of_the_clock_is_seen_second_by_second(body: Any) -> None:
    wall = _Wall()
    service = _service(wall, 0.0, details=30.0)
    body = body()
    task_id = _do(service, "CreateTrainingTask", body)["Id"]
    service.advance(32.0)  # what is shown is 2 s later than the creation
    seen = []
    for _ in range(7):
        seen.append(_do(service, "DescribeTrainingTask", {"Id": task_id})["TrainingTaskDetail"]["Status"])
        wall.pass_by(1)
    assert seen == ["STARTING", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "SUCCEED"]


def test_a_clock_that_is_not_moved_after_all_does_not_confuse_a_lag(body: Any) -> None:
    wall = _Wall()
    service = _service(wall, 0.0, lists=10.0)
    _do(service, "CreateTrainingTask", body())
    service.advance(2)
    with pytest.raises(ValueError, match="back"):
        service.advance(-60)
    wall.pass_by(11)
    assert [item["Status"] for item in _do(service, "DescribeTrainingTasks")["TrainingTaskSet"]] == ["STARTING"]


READS: dict[str, list[tuple[str, str]]] = {
    "lists": [("DescribeTrainingTasks", "")],
    "details": [("DescribeTrainingTask", "Id")],
    "tags": [("GetResources", "")],
    "pods": [("DescribeTrainingTaskPods", "Id")],
    "logs": [("DescribeLogs", "ServiceId"), ("DescribeEvents", "ServiceId")],
}


class _Twins:
    """Two services to which the same happens at the same time: one that lags, and one that shows the truth."""

    def __init__(self, seed: int, speed: float, monkeypatch: pytest.MonkeyPatch, **lag: Any) -> None:
        self.random = random.Random(seed)
        self.wall = _Wall()
        self.late, self.true = _service(self.wall, speed, **lag), _service(self.wall, speed)
        self.ids: list[str] = []
        self.runs: list[str] = []
        # Else what nobody needs is forgotten now and then: a mistake would show now and then.
        monkeypatch.setattr(History, "_sweep_if_due", History._sweep)
        self._steps = itertools.count()
        self._step = 0
        monkeypatch.setattr(
            "pulumi_tione.emulator.state.service.instance_id", lambda task_id: f"{task_id}-{self._step:012}"
        )

    def write(self) -> None:
        """Something at random happens to both, or is refused by both."""
        self._step = next(self._steps)
        task_id = self.random.choice([*self.ids, "train-none"])
        resource = [f"qcs::tione:ap-guangzhou:uin/{CALLER.uin}:trainingtask/{task_id}"]
        tag = {"TagKey": self.random.choice("ab"), "TagValue": str(self._step)}
        node = {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}
        name = f"task-{self.random.randrange(4)}"
        config = {"LogsetId": "set", "TopicId": str(self._step)}
        about = {"ChargeType": "POSTPAID_BY_HOUR", "ResourceConfigInfos": [node], "Name": name, "Tags": [tag]}
        choices: list[tuple[str, Json]] = [
            ("CreateTrainingTask", about),
            ("CreateTrainingTask", {**about, "StartCmdInfo": {"StartCmd": "sleep 3; echo a; exit 1"}}),
            ("StopTrainingTask", {"Id": task_id}),
            ("StartTrainingTask", {"Id": task_id}),
            ("DeleteTrainingTask", {"Id": task_id}),
            ("TagResources", {"ResourceList": resource, "Tags": [tag]}),
            ("UnTagResources", {"ResourceList": resource, "TagKeys": [tag["TagKey"]]}),
            ("EnableTrainingTaskClsConfig", {"TaskId": task_id, "LogEnable": True, "LogConfig": config}),
            ("preempt", {}),
        ]
        action, body = self.random.choice(choices)
        outcomes = [self._write(service, action, task_id, body) for service in (self.late, self.true)]
        assert outcomes[0] == outcomes[1]
        self.ids += [outcomes[0]["Id"]] if "Id" in outcomes[0] else []
        self.runs += [task.run.instance_id for task in self.true.tasks() if task.run.instance_id not in self.runs]

    def pass_a_second(self, *, leaps: bool = False) -> None:
        if leaps and self.random.random() < 0.5:
            for service in (self.late, self.true):
                service.advance(1)
        else:
            self.wall.pass_by(1)

    def _write(self, service: Service, action: str, task_id: str, body: Json) -> Json:
        try:
            if action != "preempt":
                return _do(service, action, json.loads(json.dumps(body)))
            task = service.find(task_id)
            if task is not None and task.status is Status.RUNNING:
                service.preempt(task, service.catch_up())
            return {}
        except ApiError as error:
            return {"Error": error.code}

    def read(self, service: Service, kind: str) -> Json:
        """All that one kind of read shows of everything that there ever was; what is not found is not there."""
        seen: Json = {}
        for action, parameter in READS[kind]:
            about: dict[str, Json] = {"": {"Limit": 50} if kind == "lists" else {}}
            if parameter == "Id":
                about = {task_id: {"Id": task_id} for task_id in self.ids}
            if parameter == "ServiceId":
                period = {"StartTime": "2025-01-01T00:00:00Z"}
                about = {run: {"Service": "TRAIN", "ServiceId": run, **period} for run in self.runs}
            for name, body in about.items():
                try:
                    result = _do(service, action, body)
                except ApiError:
                    continue
                if kind == "logs":
                    result = {"lines": result.get("Content") or result.get("Events") or []}
                if result != {"lines": []}:
                    seen[f"{action} {name}"] = json.loads(json.dumps(result))
        return seen


@pytest.mark.parametrize("speed", [1.0, 0.0, 4.0])
@pytest.mark.parametrize(
    "lags",
    [
        {"lists": 7, "details": 3, "tags": 0, "pods": 1, "logs": 12},
        {"lists": 5, "details": 5, "tags": 5, "pods": 5, "logs": 5},
        {"lists": 0, "details": 20, "tags": 0, "pods": 0, "logs": 2},
    ],
)
def test_what_is_shown_late_is_what_was_true_then(
    lags: dict[str, int], speed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any time, what a kind of read shows is what a service without a lag showed some seconds before."""
    twins = _Twins(1, speed, monkeypatch, **lags)
    before = {kind: twins.read(twins.true, kind) for kind in KINDS}
    was: list[dict[str, Json]] = []
    for second in range(60):
        for _ in range(twins.random.randrange(4)):
            twins.write()
        was.append({kind: twins.read(twins.true, kind) for kind in KINDS})
        for kind, lag in lags.items():
            assert twins.read(twins.late, kind) == (was[second - lag] if second >= lag else before)[kind], (
                second,
                kind,
            )
        twins.pass_a_second(leaps=speed == 0)
    assert len(twins.ids) > 5


@pytest.mark.parametrize(("details", "lists", "tags"), [(3, 0, 9), (0, 4, 6), (5, 8, 2)])
def test_tags_that_lag_on_their_own_are_what_was_bound_then(
    details: int, lists: int, tags: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = _Twins(2, 1.0, monkeypatch, details=details, lists=lists, tags=tags)
    was: list[dict[str, Json]] = []
    for second in range(60):
        for _ in range(twins.random.randrange(4)):
            twins.write()
        was.append({kind: twins.read(twins.true, kind) for kind in ("lists", "details")})
        if second >= 9:
            bound = was[second - max(details, tags)]["details"]
            expected = json.loads(json.dumps(was[second - details]["details"]))
            for name, result in expected.items():
                is_bound = name in bound
                result["TrainingTaskDetail"]["Tags"] = bound[name]["TrainingTaskDetail"]["Tags"] if is_bound else []
            assert twins.read(twins.late, "details") == expected
            bound = {item["Id"]: item for item in _items(was[second - max(lists, tags)])}
            items = [
                {**item, "Tags": bound[item["Id"]]["Tags"] if item["Id"] in bound else []}
                for item in _items(was[second - lists])
            ]
            assert _items({"lists": twins.read(twins.late, "lists")}) == items
        twins.pass_a_second()


def _items(was: Json) -> list[Json]:
    items: list[Json] = was["lists"]["DescribeTrainingTasks "]["TrainingTaskSet"]
    return items


@pytest.mark.parametrize("kind", ["lists", "tags"])
@pytest.mark.parametrize("number", [1, 2, 5])
def test_what_is_shown_to_a_call_is_what_was_true_so_many_calls_before(
    number: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = _Twins(3, 1.0, monkeypatch, **{kind: Calls(number)}, logs=Calls(0))
    was = [twins.read(twins.true, kind)] * number
    for _ in range(80):
        # Time may stand still between two calls.
        for _ in range(twins.random.randrange(3)):
            twins.write()
        if twins.random.random() < 0.5:
            twins.pass_a_second()
        was.append(twins.read(twins.true, kind))
        assert twins.read(twins.late, kind) == was[-1 - number]
        assert twins.read(twins.late, "logs") == twins.read(twins.true, "logs")
    assert len(twins.ids) > 5


@pytest.mark.parametrize("lag", [{"lists": 3}, {"pods": Calls(2)}, {"pods": Calls(1), "lists": 3, "tags": 1}])
def test_no_more_is_kept_than_reads_may_still_show(lag: Json, body: Any) -> None:
    """Thousands of writes leave no more behind than a hundred do, whether what lags is read or never."""
    wall = _Wall()
    service = _service(wall, 1.0, **lag)
    kept = []
    for number in range(600):
        task_id = _do(service, "CreateTrainingTask", body())["Id"]
        wall.pass_by(1)
        service.advance(0.5)
        _do(service, "StopTrainingTask", {"Id": task_id})
        wall.pass_by(1)
        _do(service, "DescribeTrainingTasks")
        _do(service, "DeleteTrainingTask", {"Id": task_id})
        if number % 50 == 49:
            history = service._history
            assert history is not None
            kept.append(sum(map(len, history._versions.values())) + len(history._marks))
    assert max(kept) < 200
    service.set_lag(Lag())
    assert service._history is None
