"""A leftover of a killed update in a list that is incomplete: no second task is created next to it.

Which tasks are leftovers is in `tests/unit/test_leftovers.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from boundary_support import SMALLEST
from local_tione import SMALLEST_BODY

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione._schema.identity import labels, split_owner
from pulumi_tione.call_context import CallContext
from pulumi_tione.emulator import Emulator
from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.check import CheckContext, check
from pulumi_tione.lifecycle.create import Creation

REGION = "ap-guangzhou"
OWNER, PROGRAM = split_owner(SMALLEST)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(manual_clock=True, requests_a_second=None) as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(Settings(lambda _: None, emulator.environment), REGION, sleep=lambda _: None)


def creation(client: Client) -> Creation:
    inputs = check({}, PROGRAM, CheckContext(region=REGION, labels_enabled=True), owner=OWNER).inputs
    return Creation(client, OWNER, inputs, CallContext(pause=lambda _: None), labels_enabled=True)


def leave_task(client: Client) -> str:
    assert OWNER is not None
    tags = [{"TagKey": key, "TagValue": value} for key, value in labels(OWNER).items()]
    return client.create_training_task({**SMALLEST_BODY, "Name": "left", "Tags": tags})


@pytest.mark.parametrize("incomplete_lists", [0, 1, 2])
def test_a_leftover_that_a_list_does_not_show_at_first_blocks_the_create(
    emulator: Emulator, client: Client, incomplete_lists: int
) -> None:
    left = leave_task(client)
    if incomplete_lists:
        emulator.faults.add("DescribeTrainingTasks", at_most={"TrainingTaskSet": 0}, times=incomplete_lists)
    with pytest.raises(TaskError, match=rf"{left} already exists.*{messages.LEFT_BY_INTERRUPTED_UPDATE}"):
        creation(client).run()
    assert [task["Id"] for task in emulator.tasks()] == [left]


def test_nothing_is_created_while_lists_show_less_than_they_count(emulator: Emulator, client: Client) -> None:
    left = leave_task(client)
    emulator.faults.add("DescribeTrainingTasks", at_most={"TrainingTaskSet": 0}, times=None)
    create = creation(client)
    with pytest.raises(TaskError, match=rf"its TotalCount is 1\. {messages.RUN_AGAIN}") as caught:
        create.run()
    assert str(caught.value).startswith(messages.not_created(create.inputs["name"]))
    assert [task["Id"] for task in emulator.tasks()] == [left]
