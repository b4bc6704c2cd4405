"""A day in the life of an environment: open, push, push, stop, start, close, a lost close, reap."""

from __future__ import annotations

import pytest
from environment_support import PROGRAM, RUNNING, EnvironmentProject, tasks_of

from pulumi_tione.emulator import Emulator
from pulumi_tione.environments import messages

pytestmark = pytest.mark.engine


@pytest.fixture
def project(project_here: EnvironmentProject) -> EnvironmentProject:
    return project_here


ONE_MORE = PROGRAM + f'tione.TrainingTask("more", **(B | dict({RUNNING})))'


def statuses(emulator: Emulator, stack: str) -> dict[str, str]:
    return {str(task["Id"]): str(task["Status"]) for task in tasks_of(emulator, stack)}


def test_a_day_in_the_life_of_an_environment(project: EnvironmentProject, emulator: Emulator) -> None:
    stack = project.branch("feature/login")
    project.env("up", "--yes", "--ttl", "12h", "--max-hourly", "50")
    first = statuses(emulator, stack)
    assert len(first) == 2

    project.commit(ONE_MORE)
    project.git("push", "--quiet", "origin", "feature/login")
    project.env("up", "--yes", "--max-hourly", "50")
    second = statuses(emulator, stack)
    assert len(second) == 3
    assert {*first} < {*second}
    project.commit(ONE_MORE + "  # a comment")
    project.env("up", "--yes", "--max-hourly", "50")
    assert {*statuses(emulator, stack)} == {*second}

    (ended,) = {*second} - {*first}
    project.tione_stop(ended)
    emulator.advance(60)
    assert project.env_json("stop", "feature/login", "--yes")["stopped"] == sorted(first)
    assert set(statuses(emulator, stack).values()) == {"STOPPED"}
    refused = project.env("up", "--yes", code=2)
    assert "pulumi-tione env start feature/login" in refused
    assert project.env_json("stop", "feature/login", "--yes")["stopped"] == []
    assert project.env_json("start", "feature/login", "--yes")["started"] == sorted(first)
    emulator.advance(60)
    now = statuses(emulator, stack)
    assert {task_id for task_id, status in now.items() if status != "STOPPED"} == {*first}
    assert project.env_json("start", "feature/login", "--yes")["started"] == []
    project.env("up", "--yes")
    assert project.env_json("reap", "--yes") == {"environments": [], "left": 0}

    project.env("down", "feature/login", "--yes")
    assert tasks_of(emulator) == []

    lost = project.branch("feature/lost")
    project.env("up", "--yes")
    project.delete_branch("feature/lost")
    assert "its branch is gone" in project.env("reap", "--dry-run", code=1)
    assert len(tasks_of(emulator, lost)) == 3
    (report,) = project.env_json("reap", "--yes")["environments"]
    assert (report["stack"], report["gone"], report["left"]) == (lost, True, [])
    assert tasks_of(emulator) == []
    assert project.stacks() == set()
    assert project.locks() == []
    project.ensure_untouched()


def test_what_has_no_environment_is_neither_stopped_nor_started(project: EnvironmentProject) -> None:
    for command in ("stop", "start"):
        assert messages.no_environment("nobody") in project.env(command, "nobody", "--yes", code=2)
    assert project.stacks() == set()
