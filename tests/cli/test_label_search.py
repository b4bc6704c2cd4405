"""Where the tasks with certain labels are, when lists and details do not agree with the tag service."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from pulumi_tione._api.client import Client
from pulumi_tione._schema.identity import labels_of_stack
from pulumi_tione.emulator import Emulator
from pulumi_tione.stacks.label_search import LabelSearch
from pulumi_tione.stacks.locations import Location
from pulumi_tione.stacks.task_import import remote_envs

Create = Callable[..., str]


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that were made; none takes time."""
    return []


@pytest.fixture
def search(client: Callable[[str], Client], pauses: list[float]) -> LabelSearch:
    clients = functools.cache(lambda location: client(location.region))
    labels = labels_of_stack("nlp", "dev")
    return LabelSearch(labels, clients, sleep=pauses.append, clock=lambda: sum(pauses))


def test_a_task_that_no_list_shows_is_found_although_one_request_does_not_find_it(
    search: LabelSearch, create: Create, emulator: Emulator, pauses: list[float]
) -> None:
    task_id = create("lost", labels="nlp/dev/t")
    emulator.faults.add("DescribeTrainingTasks", members={"TrainingTaskSet": [], "TotalCount": 0}, times=None)
    emulator.faults.add("DescribeTrainingTask", code="ResourceNotFound", times=2)
    search.run([Location("ap-guangzhou")])
    assert set(search.tasks) == {task_id}
    assert "deleted since" not in str(search.tag_service)


def test_a_task_that_only_the_tag_service_names_is_gone_after_three_checks(
    search: LabelSearch, create: Create, emulator: Emulator, pauses: list[float]
) -> None:
    create("lost", labels="nlp/dev/t")
    emulator.faults.add("DescribeTrainingTasks", members={"TrainingTaskSet": [], "TotalCount": 0}, times=None)
    emulator.faults.add("DescribeTrainingTask", code="ResourceNotFound", times=None)
    search.run([Location("ap-guangzhou")])
    assert search.tasks == {}
    assert "1 of them deleted since" in str(search.tag_service)
    assert sum(pauses) >= 5
    assert sum(request["action"] == "DescribeTrainingTask" for request in emulator.requests()) >= 3


def test_nothing_is_waited_for_where_the_lists_show_all(
    search: LabelSearch, create: Create, pauses: list[float]
) -> None:
    create("lost", labels="nlp/dev/t")
    search.run([Location("ap-guangzhou")])
    assert len(search.tasks) == 1
    assert pauses == []


@pytest.mark.parametrize("envs", [None, "text", {}])
def test_variables_that_a_list_does_not_show_are_unknown_and_not_none(
    client: Callable[[str], Client], create: Create, emulator: Emulator, envs: object
) -> None:
    task_id = create("bert", Envs=[{"Name": "EPOCHS", "Value": "3"}])
    here = client("ap-guangzhou")
    assert [env["Name"] for env in remote_envs(here, task_id, None) or ()] == ["EPOCHS"]
    emulator.faults.add("DescribeTrainingTasks", members={"TrainingTaskSet.*.Envs": envs}, times=None)
    assert remote_envs(here, task_id, None) is None
