"""What becomes of a pending create: a task is ours by its labels or its computed name, never by likeness."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione._client import Client
from pulumi_tione._ownership import TYPE, automatic_name, labels, numbered
from pulumi_tione.cli._pending import Settled, Settlement
from pulumi_tione.cli._sealing import sealed
from pulumi_tione.cli._state import State
from pulumi_tione.emulator import Emulator

OWNER = {"organization": "organization", "project": "nlp", "stack": "dev", "resource": "bert"}
NAME = automatic_name(OWNER)
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

Create = Callable[..., str]
Settle = Callable[..., list[Settled]]


@pytest.fixture
def settle(client: Callable[[str], Client]) -> Settle:
    """Settles the pending creates with these inputs, in a state with these tasks."""

    def run(*pending: dict[str, Any], tasks: tuple[dict[str, Any], ...] = ()) -> list[Settled]:
        operations = [
            {"type": "creating", "resource": {"urn": URN, "type": TYPE, "custom": True, "inputs": inputs}}
            for inputs in pending
        ]
        state = State({"deployment": {"resources": list(tasks), "pending_operations": operations}})
        return Settlement(state, state, functools.cache(lambda place: client(place.region))).run()

    return run


def test_a_task_with_our_labels_becomes_the_resource(settle: Settle, create: Create) -> None:
    task_id = create(NAME, Tags=LABELS, Remark="planted")
    (settled,) = settle({**INPUTS, "remark": sealed("planted")})
    assert settled.entry
    assert settled.entry["id"] == task_id
    assert settled.entry["outputs"]["status"]
    assert settled.entry["outputs"]["remark"] == sealed("planted")
    assert settled.entry["inputs"]["remark"] == sealed("planted")
    assert settled.has_its_content


def test_a_task_that_the_service_left_without_tags_is_known_by_its_computed_name(
    settle: Settle, create: Create
) -> None:
    task_id = create(NAME)
    (settled,) = settle(INPUTS)
    assert settled.entry
    assert settled.entry["id"] == task_id


def test_a_numbered_task_is_found_by_its_labels(settle: Settle, create: Create) -> None:
    create("something-else", Tags=LABELS)
    task_id = create(numbered(NAME, 2), Tags=LABELS)
    (settled,) = settle(INPUTS)
    assert settled.entry
    assert settled.entry["id"] == task_id
    assert settled.entry["outputs"]["name"] == numbered(NAME, 2)


@pytest.mark.parametrize(
    "tags",
    [[], [{"TagKey": "pulumi:project", "TagValue": "another"}, {"TagKey": "pulumi:stack", "TagValue": "dev"}]],
)
def test_a_likeness_is_left_alone(settle: Settle, create: Create, tags: list[dict[str, str]]) -> None:
    task_id = create("named", Tags=tags)
    (settled,) = settle({**INPUTS, "name": "named"})
    assert settled.entry is None
    assert settled.why.startswith(task_id)
    assert "not the labels of this resource" in settled.why


def test_a_create_that_made_nothing_is_dropped(settle: Settle) -> None:
    (settled,) = settle({**INPUTS, "tiProjectId": "7"})
    assert settled == Settled(URN, f"no task named '{NAME}' is in ap-guangzhou (workspace 7)")


def test_a_task_of_the_state_is_not_taken_twice(settle: Settle, create: Create) -> None:
    task_id = create(NAME, Tags=LABELS)
    (settled,) = settle(INPUTS, tasks=({"urn": URN, "type": TYPE, "id": task_id},))
    assert settled.entry is None
    assert "is in the state already" in settled.why
    (settled,) = settle(INPUTS, tasks=({"urn": URN, "type": TYPE, "id": "train-1"},))
    assert settled.entry is None
    assert "is an orphan" in settled.why


def test_of_two_creates_of_a_resource_the_one_counts_that_made_the_task(settle: Settle, create: Create) -> None:
    create(NAME, Tags=LABELS, Remark="second")
    first, second = ({**INPUTS, "remark": remark} for remark in ("first", "second"))
    for pending in ((first, second), (second, first)):
        (settled,) = settle(*pending)
        assert settled.entry
        assert settled.entry["inputs"]["remark"] == "second"


def test_a_settlement_asks_and_changes_nothing(settle: Settle, create: Create, emulator: Emulator) -> None:
    create(NAME, Tags=LABELS)
    before = emulator.tasks()
    settle(INPUTS)
    assert [task["UpdateTime"] for task in emulator.tasks()] == [task["UpdateTime"] for task in before]
