"""What becomes of a pending create: a task is ours by its labels or its computed name, never by likeness.

The command is in `test_import_pending.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione._api.client import Client
from pulumi_tione._schema.identity import (
    ENVIRONMENT,
    ENVIRONMENT_LABEL,
    TYPE,
    generated_name,
    labels,
    required_labels,
    suffixed_name,
)
from pulumi_tione.emulator import Emulator
from pulumi_tione.errors import TaskError
from pulumi_tione.stacks.pending_creates import PendingCreates, ResolvedCreate
from pulumi_tione.stacks.state import State
from pulumi_tione.stacks.state_secrets import marked_secret

OWNER = {"organization": "organization", "project": "nlp", "stack": "dev", "resource": "bert"}
NAME = generated_name(OWNER)
URN = f"urn:pulumi:dev::nlp::{TYPE}::bert"
INPUTS: dict[str, Any] = {
    "name": NAME,
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "frameworkName": "PYTORCH",
    "frameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
    "trainingMode": "DDP",
    "startCmdInfo": {"workerStartCmd": "sleep 36000"},
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1}],
    "owner": OWNER,
}
LABELS = [{"TagKey": key, "TagValue": value} for key, value in labels(OWNER).items()]

OTHERS: dict[str, str] = {}
"""In which state the tasks are that another stack has; a test adds to it."""

Create = Callable[..., str]
Resolve = Callable[..., list[ResolvedCreate]]


class Watch:
    """A clock that goes on only while somebody sleeps, and what happens meanwhile."""

    def __init__(self) -> None:
        self.time = self.begun = 100.0
        self.shown: list[str] = []
        self.events: list[tuple[float, Callable[[], object]]] = []

    def after(self, seconds: float, happens: Callable[[], object]) -> None:
        self.events.append((self.time + seconds, happens))

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        due = [event for event in self.events if event[0] <= self.time]
        self.events = [event for event in self.events if event not in due]
        for _, happens in due:
            happens()

    def clock(self) -> float:
        return self.time

    @property
    def waited(self) -> float:
        return self.time - self.begun


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def resolve(client: Callable[[str], Client], watch: Watch) -> Resolve:
    """Resolves the pending creates with these inputs, in a state with these tasks."""

    def run(*pending: dict[str, Any], tasks: tuple[dict[str, Any], ...] = ()) -> list[ResolvedCreate]:
        watch.begun = watch.time
        operations = [
            {"type": "creating", "resource": {"urn": URN, "type": TYPE, "custom": True, "inputs": inputs}}
            for inputs in pending
        ]
        state = State({"deployment": {"resources": list(tasks), "pending_operations": operations}})
        clients = functools.cache(lambda place: client(place.region))
        return PendingCreates(state, state, clients, OTHERS, watch.shown.append, watch.sleep, watch.clock).resolve()

    return run


def test_a_task_with_our_labels_becomes_the_resource(resolve: Resolve, create: Create, watch: Watch) -> None:
    task_id = create(NAME, Tags=LABELS, Remark="planted")
    (resolved,) = resolve({**INPUTS, "remark": marked_secret("planted")})
    assert resolved.resource
    assert resolved.resource["id"] == task_id
    assert resolved.resource["outputs"]["status"]
    assert resolved.resource["outputs"]["remark"] == marked_secret("planted")
    assert resolved.resource["inputs"]["remark"] == marked_secret("planted")
    assert resolved.replaced_for == ()
    assert (watch.waited, watch.shown) == (0, [])


def test_log_delivery_that_only_another_create_of_the_resource_asked_for_is_recorded(
    resolve: Resolve, create: Create
) -> None:
    config = {"LogsetId": "logset-1", "TopicId": "topic-1"}
    create(NAME, Tags=LABELS, LogEnable=True, LogConfig=config)
    (resolved,) = resolve(INPUTS)
    assert resolved.resource
    outputs = resolved.resource["outputs"]
    assert (outputs["logEnable"], outputs["logConfig"]) == (True, {"logsetId": "logset-1", "topicId": "topic-1"})
    assert "logEnable" not in resolved.resource["inputs"]


def test_a_task_that_the_service_left_without_tags_is_known_by_its_computed_name(
    resolve: Resolve, create: Create
) -> None:
    task_id = create(NAME)
    (resolved,) = resolve(INPUTS)
    assert resolved.resource
    assert resolved.resource["id"] == task_id


def test_a_suffixed_task_is_found_by_its_labels(resolve: Resolve, create: Create) -> None:
    create("something-else", Tags=LABELS)
    task_id = create(suffixed_name(NAME, 2), Tags=LABELS)
    (resolved,) = resolve(INPUTS)
    assert resolved.resource
    assert resolved.resource["id"] == task_id
    assert resolved.resource["outputs"]["name"] == suffixed_name(NAME, 2)


@pytest.mark.parametrize(
    "tags",
    [[], [{"TagKey": "pulumi:project", "TagValue": "another"}, {"TagKey": "pulumi:stack", "TagValue": "dev"}]],
)
def test_a_likeness_is_left_alone(resolve: Resolve, create: Create, tags: list[dict[str, str]]) -> None:
    task_id = create("named", Tags=tags)
    (resolved,) = resolve({**INPUTS, "name": "named"})
    assert resolved.resource is None
    assert resolved.reason.startswith(task_id)
    assert "not the labels of this resource" in resolved.reason


def test_the_task_of_another_environment_is_left_alone_although_its_owner_has_the_same_labels(
    resolve: Resolve, create: Create
) -> None:
    owner = {**OWNER, ENVIRONMENT: "3f9a"}
    inputs = {**INPUTS, "owner": owner}
    task_id = create(NAME, Tags=[*LABELS, {"TagKey": ENVIRONMENT_LABEL, "TagValue": "77aa"}])
    (resolved,) = resolve(inputs)
    assert resolved.resource is None
    assert resolved.reason.startswith(task_id)
    own_labels = [{"TagKey": key, "TagValue": value} for key, value in required_labels(owner).items()]
    own_id = create(suffixed_name(NAME, 2), Tags=own_labels)
    (resolved,) = resolve({**inputs, "name": suffixed_name(NAME, 2)})
    assert resolved.is_for(own_id)


def test_a_create_that_made_nothing_is_dropped_after_a_minute(resolve: Resolve, watch: Watch) -> None:
    (resolved,) = resolve({**INPUTS, "tiProjectId": "7"})
    assert resolved == ResolvedCreate(URN, f"no task named '{NAME}' is in ap-guangzhou (workspace 7)", may_change=True)
    assert 60 <= watch.waited < 66
    (shown,) = watch.shown
    assert "the tasks of bert. They may still appear: waiting up to 60 s" in shown


def test_several_creates_that_made_nothing_are_looked_for_together(resolve: Resolve, watch: Watch) -> None:
    resolve(INPUTS, {**INPUTS, "name": "other"}, {**INPUTS, "name": "third"})
    assert watch.waited < 66


def test_a_task_that_appears_within_the_minute_is_not_dropped(resolve: Resolve, create: Create, watch: Watch) -> None:
    watch.after(35, lambda: create(NAME, Tags=LABELS))
    (resolved,) = resolve(INPUTS)
    assert resolved.resource
    assert 35 <= watch.waited <= 40


def test_a_task_that_only_a_list_shows_any_more_was_deleted(
    resolve: Resolve, create: Create, emulator: Emulator, watch: Watch
) -> None:
    task_id = create(NAME, Tags=LABELS)
    emulator.faults.add("DescribeTrainingTask", code="ResourceNotFound", times=None)
    (resolved,) = resolve(INPUTS)
    assert resolved.resource is None
    assert resolved.reason == f"{task_id} does not exist any more, although it is listed"
    assert watch.waited >= 60


def test_a_detail_that_appears_later_than_the_list_is_waited_for(
    resolve: Resolve, create: Create, emulator: Emulator, watch: Watch
) -> None:
    create(NAME, Tags=LABELS)
    emulator.faults.add("DescribeTrainingTask", code="ResourceNotFound", times=None)
    watch.after(20, emulator.faults.clear)
    (resolved,) = resolve(INPUTS)
    assert resolved.resource
    assert 20 <= watch.waited <= 25


def test_nothing_is_dropped_while_the_service_does_not_answer_whether_the_task_exists(
    resolve: Resolve, create: Create, emulator: Emulator
) -> None:
    task_id = create(NAME, Tags=LABELS)
    emulator.faults.add("DescribeTrainingTask", members={"TrainingTaskDetail": None}, times=None)
    with pytest.raises(TaskError, match=f"{task_id} may or may not exist.*Nothing was changed"):
        resolve(INPUTS)


def test_labels_that_appear_later_than_the_task_are_waited_for(
    resolve: Resolve, client: Callable[[str], Client], create: Create, watch: Watch
) -> None:
    task_id = create("named")
    detail = client("ap-guangzhou").describe_training_task(task_id)
    assert detail
    tags = {tag["TagKey"]: tag["TagValue"] for tag in LABELS}
    watch.after(25, lambda: client("ap-guangzhou").tag_training_task(task_id, detail["Uin"], tags))
    (resolved,) = resolve({**INPUTS, "name": "named"})
    assert resolved.resource
    assert watch.waited <= 30


def test_a_task_that_another_stack_has_is_left_alone(
    resolve: Resolve, create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OTHERS, create(NAME, Tags=LABELS), "the state of nlp/prod, as urn:x")
    (resolved,) = resolve(INPUTS)
    assert resolved.resource is None
    assert "is in the state of nlp/prod, as urn:x, and is left alone" in resolved.reason


def test_what_differs_for_real_is_named_before_it_is_replaced(resolve: Resolve, create: Create) -> None:
    create(NAME, Tags=LABELS, Remark="earlier")
    (resolved,) = resolve({**INPUTS, "remark": "later"})
    assert resolved.resource
    assert resolved.replaced_for == ("remark",)


def test_a_task_of_the_state_is_not_taken_twice(resolve: Resolve, create: Create) -> None:
    task_id = create(NAME, Tags=LABELS)
    (resolved,) = resolve(INPUTS, tasks=({"urn": URN, "type": TYPE, "id": task_id},))
    assert resolved.resource is None
    assert "is in the state already" in resolved.reason
    (resolved,) = resolve(INPUTS, tasks=({"urn": URN, "type": TYPE, "id": "train-1"},))
    assert resolved.resource is None
    assert "is an orphan" in resolved.reason


def test_of_two_creates_of_a_resource_the_one_counts_that_made_the_task(resolve: Resolve, create: Create) -> None:
    create(NAME, Tags=LABELS, Remark="second")
    first, second = ({**INPUTS, "remark": remark} for remark in ("first", "second"))
    for pending in ((first, second), (second, first)):
        (resolved,) = resolve(*pending)
        assert resolved.resource
        assert resolved.resource["inputs"]["remark"] == "second"


def test_a_resolvement_asks_and_changes_nothing(resolve: Resolve, create: Create, emulator: Emulator) -> None:
    create(NAME, Tags=LABELS)
    before = emulator.tasks()
    resolve(INPUTS)
    assert [task["UpdateTime"] for task in emulator.tasks()] == [task["UpdateTime"] for task in before]
