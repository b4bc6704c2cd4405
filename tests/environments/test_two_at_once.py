"""Two commands at once, on one backend and on two; and commands that are interrupted.

Locks, `--wait-lock` and Ctrl-C are here. When a command counts as dead is in `tests/unit/test_environment_tags.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from environment_support import PROGRAM, EnvironmentProject, own_processes, tags_of_task, tasks_of
from local_tione import accepted
from reliability_support import wait_until

from pulumi_tione.emulator import Emulator
from pulumi_tione.environments import messages

pytestmark = [pytest.mark.engine, pytest.mark.long]


def ids(emulator: Emulator, stack: str | None = None) -> set[str]:
    return {str(task["Id"]) for task in tasks_of(emulator, stack)}


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    printed, _ = process.communicate(timeout=500)
    assert "Traceback" not in printed
    return process.returncode, printed


@pytest.fixture
def project(project: EnvironmentProject) -> Iterator[EnvironmentProject]:
    yield project
    for pid in own_processes("PULUMI_HOME", project.environment["PULUMI_HOME"]):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def elsewhere(project: EnvironmentProject, tmp_path: Path) -> dict[str, str]:
    """Return what makes a command behave as on another machine: without the file locks of this one."""
    home = tmp_path / "other-home"
    home.mkdir(exist_ok=True)
    return {"PULUMI_HOME": str(home)}


@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["here", "elsewhere"])
def test_two_updates_follow_each_other(
    is_elsewhere: bool, project: EnvironmentProject, emulator: Emulator, tmp_path: Path
) -> None:
    stack = project.branch("both")
    emulator.faults.add("CreateTrainingTask", delay_seconds=1, times=None)
    first = project.start("up", "both", "--yes")
    second = project.start("up", "both", "--yes", **(elsewhere(project, tmp_path) if is_elsewhere else {}))
    for process in (first, second):
        code, printed = end(process)
        assert code == 0, printed
    assert len(ids(emulator)) == 2
    assert len(accepted(emulator, "CreateTrainingTask")) == 2
    assert {tags_of_task(task)["pulumi:environment"] for task in tasks_of(emulator)} == {
        project.tags(stack)["tione:environment"]
    }
    project.env("down", "both", "--yes")
    assert ids(emulator) == set()
    assert project.locks() == []


def test_a_reap_during_an_update_leaves_it_alone(project: EnvironmentProject, emulator: Emulator) -> None:
    stack = project.branch("busy")
    emulator.faults.add("CreateTrainingTask", delay_seconds=3, times=None)
    running = project.start("up", "busy", "--yes", "--ttl", "1s")
    wait_until(lambda: "CreateTrainingTask" in [each["action"] for each in emulator.requests()], "a create")
    assert project.env("reap", "--yes").strip() == messages.NOTHING_TO_TAKE_DOWN
    code, printed = end(running)
    assert code == 0, printed
    assert len(ids(emulator, stack)) == 2
    time.sleep(1)
    project.env("reap", "--yes")
    assert ids(emulator) == set()
    assert project.stacks() == set()


def test_two_reaps_share_the_work(project: EnvironmentProject, emulator: Emulator) -> None:
    project.branch("gone")
    project.env("up", "gone", "--yes")
    project.delete_branch("gone")
    both = [project.start("reap", "--yes"), project.start("reap", "--yes")]
    results = [end(process) for process in both]
    assert [code for code, _ in results] == [0, 0], results
    assert ids(emulator) == set()
    assert project.stacks() == set()
    assert project.locks() == []


def test_environments_of_one_branch_in_two_backends_leave_each_other_alone(
    project: EnvironmentProject, emulator: Emulator, tmp_path: Path
) -> None:
    namesake = EnvironmentProject(tmp_path / "other", emulator.endpoint)
    for each in (project, namesake):
        each.branch("same", PROGRAM)
    project.env("up", "same", "--yes")
    before = ids(emulator)
    # The names are taken: the second one fails, and must not touch the tasks of the first.
    namesake.env("up", "same", "--yes", code=1)
    assert ids(emulator) == before
    printed = namesake.env("down", "same", "--yes", code=1)
    assert all(task_id in printed for task_id in before)
    assert namesake.stacks() == set()
    namesake.env("reap", "--yes")
    assert ids(emulator) == before
    project.env("down", "same", "--yes")
    assert ids(emulator) == set()
    namesake.env("down", "same", "--yes")
    assert project.stacks() == namesake.stacks() == set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_update_ends_in_order_and_the_next_reap_clears_it(
    number: signal.Signals, project: EnvironmentProject, emulator: Emulator
) -> None:
    project.branch("interrupted")
    emulator.faults.add("CreateTrainingTask", delay_seconds=2, times=None)
    running = project.start("up", "interrupted", "--yes")
    wait_until(lambda: "CreateTrainingTask" in [each["action"] for each in emulator.requests()], "a create")
    running.send_signal(number)
    code, printed = end(running)
    assert code == 2, printed
    assert "interrupted" in printed
    assert project.locks() == []
    emulator.faults.clear()
    project.env("reap", "--yes")
    assert ids(emulator) == set()
    assert project.stacks() == set()


def test_the_lock_of_a_plain_update_is_named_and_never_broken(project: EnvironmentProject, emulator: Emulator) -> None:
    stack = project.branch("plain")
    project.env("up", "plain", "--yes")
    project.commit(PROGRAM + 'tione.TrainingTask("third", **B)')
    config = str(project.folder / "Pulumi.dev.yaml")
    emulator.faults.add("CreateTrainingTask", delay_seconds=60)
    plain = project.workspace.start(
        "up", "--yes", "--skip-preview", "--stack", stack, "--config-file", config, stdout=subprocess.DEVNULL
    )
    wait_until(lambda: len(accepted_or_running(emulator)) == 3, "a create")
    project.delete_branch("plain")
    (lock,) = project.locks()
    (report,) = project.env_json("reap", "--yes", code=1)["environments"]
    assert str(plain.pid) in json.dumps(report["left"])
    plain.kill()
    plain.wait()
    # Dead or not: it is not a lock of `env up`.
    (report,) = project.env_json("reap", "--yes", code=1)["environments"]
    assert str(plain.pid) in json.dumps(report["left"])
    assert lock.exists()
    emulator.faults.clear()
    # Only a person who names the branch may have it broken.
    printed = project.env("down", "plain", "--yes")
    assert messages.lock_removed("") in printed
    assert ids(emulator) == set()
    assert project.stacks() == set()


def accepted_or_running(emulator: Emulator) -> list[str]:
    return [each["action"] for each in emulator.requests() if each["action"] == "CreateTrainingTask"]
