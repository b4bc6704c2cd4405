"""A refresh by list: fifty tasks with one call, a detail where the list shows a change, and no list decides more."""

from __future__ import annotations

import copy
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from local_tione import SMALLEST_BODY, client_of

from pulumi_tione._api.client import Client
from pulumi_tione._api.status_batcher import ItemBatcher
from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import UNCONFIRMED
from pulumi_tione._schema.listed import LISTED, can_be_compared
from pulumi_tione._schema.wire import imported_outputs, inputs_among
from pulumi_tione.call_context import CallContext
from pulumi_tione.emulator import Emulator, Lag
from pulumi_tione.emulator.api.definition import definition
from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle import read as module
from pulumi_tione.lifecycle.messages import other_account
from pulumi_tione.lifecycle.read import read
from pulumi_tione.lifecycle.recorded_task import RecordedTask, task_title

Json = dict[str, Any]
Read = tuple[Json, Json] | None
LIST, DETAIL = "DescribeTrainingTasks", "DescribeTrainingTask"
LOG_CONFIG = {"LogsetId": "9f2b3c4d-1111-2222-3333-444455556666", "TopicId": "9f2b3c4d-5555-2222-3333-444455556666"}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local TI-ONE without limits, in which time passes only by `advance`."""
    with Emulator(manual_clock=True, requests_a_second=None) as running:
        running.plan_runs(running_seconds="forever")
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return client_of(emulator)


class Task:
    """A RUNNING task, and what is recorded of it."""

    def __init__(self, emulator: Emulator, client: Client, name: str = "bert", **body: Any) -> None:
        self.emulator = emulator
        self.client = client
        tags = [{"TagKey": "team", "TagValue": "nlp"}]
        self.body = {**copy.deepcopy(SMALLEST_BODY), "Name": name, "Tags": tags, **body}
        self.id = client.create_training_task(self.body)
        self.recorded: Json = {}

    def record(self) -> None:
        """Record the task as it is now, as a refresh with its detail does."""
        outputs = {"region": self.client.region, **imported_outputs(self.detail()), "createRequestId": "r-1"}
        fields = TRAINING_TASK.fields
        not_set = {
            name for name in outputs if name in fields and fields[name].sent and fields[name].wire not in self.body
        }
        self.recorded = {name: value for name, value in outputs.items() if name not in not_set - {"startCmdInfo"}}

    def detail(self) -> Json:
        detail = self.client.describe_training_task(self.id)
        assert detail is not None
        return detail

    def read(self) -> Read:
        now = [0.0]

        def pause(seconds: float) -> None:
            now[0] += seconds
            self.emulator.advance(seconds)

        context = CallContext(pause=pause, clock=lambda: now[0])
        return read(RecordedTask(self.client, self.id, self.recorded, context))

    def refreshed(self) -> tuple[Read, Counter[str]]:
        """Refresh alone, and return what that returns and how often each action was called."""
        self.emulator.forget_requests()
        result = self.read()
        return result, calls(self.emulator)

    def by_detail(self) -> Read:
        """Return what a refresh with the detail returns, without a list."""
        recorded, self.recorded = self.recorded, {**self.recorded, UNCONFIRMED: {}}
        try:
            result = self.read()
        finally:
            self.recorded = recorded
        if result is None:
            return None
        outputs, inputs = result
        return {name: value for name, value in outputs.items() if name != UNCONFIRMED}, inputs


def calls(emulator: Emulator) -> Counter[str]:
    return Counter(str(request["action"]) for request in emulator.requests())


@pytest.fixture
def task(emulator: Emulator, client: Client) -> Task:
    task = Task(emulator, client)
    emulator.advance(60)
    task.record()
    return task


ONE_LIST, AND_A_DETAIL = Counter({LIST: 1}), Counter({LIST: 1, DETAIL: 1})


# How many calls.


def all_at_once(tasks: Sequence[Task], monkeypatch: pytest.MonkeyPatch) -> list[Read]:
    """Refresh tasks from a thread each, as the engine does with a high PULUMI_PARALLEL."""
    lock, all_have_joined, left = threading.Lock(), threading.Event(), [len(tasks)]
    batcher = ItemBatcher(sleep=lambda _: None if all_have_joined.wait(60) else pytest.fail("a request is missing"))
    join = batcher._batcher._join

    def counted(*arguments: Any) -> Any:
        joined = join(*arguments)
        with lock:
            left[0] -= 1
            if left[0] == 0:
                all_have_joined.set()
        return joined

    monkeypatch.setattr(batcher._batcher, "_join", counted)
    monkeypatch.setattr(module, "ITEMS", batcher)
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [*pool.map(Task.read, tasks)]


def test_200_unchanged_tasks_cost_four_list_calls(
    emulator: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [Task(emulator, client, f"task-{number}") for number in range(200)]
    emulator.advance(60)
    for each in tasks:
        each.record()
    emulator.forget_requests()
    results = all_at_once(tasks, monkeypatch)
    assert calls(emulator) == Counter({LIST: 4})
    assert results == [(each.recorded, inputs_among(each.recorded)) for each in tasks]


def test_only_the_changed_ones_of_many_tasks_cost_a_detail(
    emulator: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [Task(emulator, client, f"task-{number}") for number in range(20)]
    emulator.advance(60)
    for each in tasks:
        each.record()
    changed = tasks[3::7]
    for each in changed:
        client.stop_training_task(each.id)
    emulator.forget_requests()
    results = all_at_once(tasks, monkeypatch)
    assert calls(emulator) == Counter({LIST: 1, DETAIL: len(changed)})
    statuses = [result and result[0]["status"] for result in results]
    assert statuses == ["STOPPING" if each in changed else "RUNNING" for each in tasks]


def test_a_task_alone_is_refreshed_without_a_noticeable_wait(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(module, "ITEMS", ItemBatcher(sleep=pauses.append))
    assert task.refreshed() == ((task.recorded, inputs_among(task.recorded)), ONE_LIST)
    assert 0 < sum(pauses) <= 0.05


def test_the_running_time_is_refreshed_without_a_detail_and_never_runs_back(task: Task) -> None:
    task.emulator.advance(1000)
    result, called = task.refreshed()
    assert called == ONE_LIST
    assert result is not None
    assert result == task.by_detail()
    assert result[0]["runtimeInSeconds"] >= task.recorded["runtimeInSeconds"] + 1000
    task.recorded["runtimeInSeconds"] = 99999
    [outputs, _], called = task.refreshed()  # type: ignore[misc]
    assert (outputs["runtimeInSeconds"], called) == (99999, ONE_LIST)


# What changes costs one detail, and is what that shows.


def stop(task: Task) -> None:
    task.client.stop_training_task(task.id)


def stop_completely(task: Task) -> None:
    stop(task)
    task.emulator.advance(60)


def run_again(task: Task) -> None:
    stop_completely(task)
    task.client.start_training_task(task.id)
    task.emulator.advance(60)


def fail(task: Task) -> None:
    task.emulator.plan_runs(task.id, outcome="FAILED", failure_reason="out of memory", running_seconds=1)


CHANGES: dict[str, Callable[[Task], object]] = {
    "stopping": stop,
    "stopped": stop_completely,
    "stopped by the platform": lambda task: task.emulator.platform_stop(task.id),
    "another run, which is RUNNING again": run_again,
    "preempted": lambda task: task.emulator.preempt(task.id),
    "failed": fail,
    "another value of a tag": lambda task: task.client.tag_training_task(task.id, task.recorded["uin"], {"team": "x"}),
    "another tag": lambda task: task.client.tag_training_task(task.id, task.recorded["uin"], {"owner": "ada"}),
    "a tag less": lambda task: task.client.untag_training_task(task.id, task.recorded["uin"], ["team"]),
    "a specification that the service has changed": lambda task: task.emulator.plan_runs(
        task.id, change={"FrameworkEnvironment": "torch2.2"}
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=[*CHANGES])
def test_each_change_costs_one_detail_and_is_recorded_as_that_shows_it(
    task: Task, change: Callable[[Task], object]
) -> None:
    change(task)
    result, called = task.refreshed()
    assert called == AND_A_DETAIL
    assert result == task.by_detail()
    assert result is not None
    assert result[0] != task.recorded
    task.recorded = result[0]
    assert task.refreshed() == (result, ONE_LIST)


def test_a_change_of_log_delivery_is_found_though_no_list_shows_it(emulator: Emulator, client: Client) -> None:
    task = Task(emulator, client, LogEnable=True, LogConfig=LOG_CONFIG)
    emulator.advance(60)
    task.record()
    client.enable_cls_config(task.id, False, None)
    result, called = task.refreshed()
    assert called == Counter({DETAIL: 1})
    assert result is not None
    assert result[0]["logEnable"] is False


@pytest.mark.parametrize(
    "recorded",
    [
        {"exposeNetworkConfig": {"sshConfig": {"enable": True}}},
        {"logEnable": False},
        {"latestInstanceId": ""},
        {"uin": ""},
        {UNCONFIRMED: {"tags": ["team"]}},
    ],
    ids=str,
)
def test_where_only_a_detail_shows_what_may_be_new_no_list_is_requested(task: Task, recorded: Json) -> None:
    task.recorded |= recorded
    _, called = task.refreshed()
    assert called == Counter({DETAIL: 1})


RECORDED = {field.property for field in TRAINING_TASK.outputs.values() if field.sent} | {"allTags"}


@pytest.mark.parametrize("missing", sorted(RECORDED - {"operatorInfo"}))
def test_what_an_earlier_version_has_not_recorded_is_read(task: Task, missing: str) -> None:
    del task.recorded[missing]
    assert not can_be_compared(task.recorded)
    if missing != "status":  # without it, this is a lookup
        result, called = task.refreshed()
        assert called == Counter({DETAIL: 1})
        assert result is not None
        assert missing in result[0]


def test_what_is_null_is_dropped_by_the_engine(task: Task) -> None:
    assert task.recorded["operatorInfo"] is None
    task.recorded = {name: value for name, value in task.recorded.items() if value is not None}
    assert task.refreshed() == ((task.recorded, inputs_among(task.recorded)), ONE_LIST)


def test_a_look_up_reads_the_detail(task: Task) -> None:
    task.recorded = {"region": task.client.region}
    result, called = task.refreshed()
    assert called == Counter({DETAIL: 1})
    assert result is not None
    assert result[0]["status"] == "RUNNING"


def test_no_workspace_answers_for_another(task: Task) -> None:
    task.recorded["tiProjectId"] = "p-1"
    _, called = task.refreshed()
    assert called[DETAIL]
    of_lists = [request["body"] for request in task.emulator.requests() if request["action"] == LIST]
    assert {body["TiProjectId"] for body in of_lists} == {"p-1"}


# A list that lies, shows less, or cannot be read: the detail decides.

OTHER_VALUES: Mapping[str, Any] = {
    "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 2}],
    "Tags": [{"TagKey": "team", "TagValue": "cv"}],
    "ImageInfo": {"ImageType": "TCR", "ImageUrl": "ccr.example/other"},
    "Output": {"Bucket": "other", "Region": "ap-beijing", "Paths": ["/"]},
    "CreateTime": "2020-01-01 00:00:00",
    "StartTime": "2020-01-01 00:00:00",
    "EndTime": "2020-01-01 00:00:00",
    "UpdateTime": "2020-01-01 00:00:00",
}
WRONG_TYPES: Mapping[str, Any] = {"RuntimeInSeconds": "long", "Tags": {"team": "nlp"}, "ResourceConfigInfos": "none"}
NOT_SET: Mapping[str, Any] = {
    "ImageInfo": {"ImageType": "CCR", "ImageUrl": "ccr.ccs.tencentyun.com/team/image:1"},
    "Output": {"Bucket": "results-1250000000", "Region": "ap-guangzhou", "Paths": ["/"]},
    "FrameworkVersion": "2.1",
}
"""Values of the inputs that the tasks of the other tests do not set: then it makes no difference what a list shows."""
COMPARED = sorted(LISTED - {"RuntimeInSeconds", "ResourceGroupId", *NOT_SET})


@pytest.mark.parametrize("member", COMPARED)
def test_an_item_that_differs_in_any_member_costs_a_detail_and_changes_nothing(task: Task, member: str) -> None:
    expected = task.by_detail()
    value = OTHER_VALUES.get(member, "OTHER")
    task.emulator.faults.add(LIST, members={f"TrainingTaskSet.*.{member}": value}, times=None)
    assert task.refreshed() == (expected, AND_A_DETAIL)


@pytest.mark.parametrize("member", NOT_SET)
def test_an_item_that_differs_in_what_few_tasks_set_costs_a_detail(
    emulator: Emulator, client: Client, member: str
) -> None:
    task = Task(emulator, client, **{member: NOT_SET[member]})
    emulator.advance(60)
    task.record()
    assert task.refreshed()[1] == ONE_LIST
    value = OTHER_VALUES.get(member, "OTHER")
    emulator.faults.add(LIST, members={f"TrainingTaskSet.*.{member}": value}, times=None)
    assert task.refreshed() == ((task.recorded, inputs_among(task.recorded)), AND_A_DETAIL)


@pytest.mark.parametrize("member", sorted(LISTED - {"Name", "Status"}))
@pytest.mark.parametrize("value", ["left out", "of another type"])
def test_an_item_without_a_member_costs_a_detail_and_changes_nothing(task: Task, member: str, value: str) -> None:
    expected = task.by_detail()
    path = f"TrainingTaskSet.*.{member}"
    if value == "left out":
        task.emulator.faults.add(LIST, without=[path], times=None)
    else:
        task.emulator.faults.add(LIST, members={path: WRONG_TYPES.get(member, 7)}, times=None)
    assert task.refreshed() == (expected, AND_A_DETAIL)


@pytest.mark.parametrize(
    "fault",
    [
        {"members": {"TrainingTaskSet": []}},
        {"members": {"TrainingTaskSet": [], "TotalCount": 0}},
        {"members": {"TrainingTaskSet": None}},
        {"members": {"TrainingTaskSet": "none"}},
        {"members": {"TrainingTaskSet.*.Id": "train-other"}},
        {"without": ["TrainingTaskSet.*.Id"]},
        {"without": ["TrainingTaskSet.*.Status"]},
        {"members": {"TrainingTaskSet.*.Name": ""}},
        {"members": {"TrainingTaskSet.*.SubUin": "200000000002"}},
        {"code": "UnauthorizedOperation"},
        {"code": "InternalError"},
        {"status": 502},
        {"connection": "close"},
        {"connection": "cut"},
        {"body": "{}"},
        {"endless": "repeating"},
        {"endless": "new"},
    ],
    ids=str,
)
def test_a_list_that_is_wrong_or_cannot_be_read_decides_nothing(task: Task, fault: Json) -> None:
    expected = task.by_detail()
    task.emulator.faults.add(LIST, times=None, **fault)
    result, called = task.refreshed()
    assert result == expected
    assert called == AND_A_DETAIL


def test_an_item_that_is_listed_twice_decides_nothing(task: Task) -> None:
    [item] = task.client.listed_training_tasks([task.id]).values()
    double = [{**item, "Tags": [{"TagKey": "team", "TagValue": "nlp"}]}, item]
    task.emulator.faults.add(LIST, members={"TrainingTaskSet": double}, times=None)
    assert task.refreshed()[1] == AND_A_DETAIL


def test_a_list_that_does_not_show_a_task_never_makes_it_gone(task: Task) -> None:
    task.emulator.faults.add(LIST, members={"TrainingTaskSet": [], "TotalCount": 0}, times=None)
    result, _ = task.refreshed()
    assert result is not None


def test_a_task_that_is_gone_is_gone_by_its_detail(task: Task) -> None:
    task.emulator.remove(task.id)
    result, called = task.refreshed()
    assert result is None
    assert called[DETAIL] >= 3


def test_the_credentials_of_another_account_never_make_a_task_gone(task: Task) -> None:
    task.recorded["uin"] = "100000000009"
    task.emulator.remove(task.id)
    with pytest.raises(TaskError) as raised:
        task.refreshed()
    title = task_title(task.id, task.recorded)
    assert str(raised.value) == other_account(title, "ap-guangzhou", "100000000009", "100000000001")


def test_a_lagging_list_leaves_the_state_as_it_was(task: Task) -> None:
    task.emulator.set_lag(Lag(lists=30))
    stop(task)
    task.emulator.advance(20)
    result, called = task.refreshed()
    assert called == ONE_LIST
    assert result is not None
    assert result[0]["status"] == "RUNNING"
    task.emulator.advance(30)
    result, called = task.refreshed()
    assert called == AND_A_DETAIL
    assert result is not None
    assert result[0]["status"] == "STOPPED"


def test_a_stale_list_does_not_undo_what_is_recorded_since(task: Task) -> None:
    task.emulator.set_lag(Lag(lists=30))
    stop(task)
    task.emulator.advance(20)
    task.record()
    assert task.recorded["status"] == "STOPPED"
    result, called = task.refreshed()
    assert called == AND_A_DETAIL
    assert result == (task.recorded, inputs_among(task.recorded))


# The table of what a list has.


def test_the_table_has_what_the_list_always_returns_according_to_the_definition() -> None:
    members = definition().struct("tione", "TrainingTaskSetItem")
    fields = (*TRAINING_TASK.fields.values(), *TRAINING_TASK.outputs.values())
    read_back = {field.wire for field in fields if field.readable and field.sent}
    assert {name for name, member in members.items() if member.returned and name in read_back} == LISTED
