"""The reaper's proof: `env up` is killed at some moment, and one `env reap` leaves nothing of it, and all the rest.

When an environment is due is in `tests/unit/test_reap_rules.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from environment_support import EnvironmentProject, own_processes, tags_of_task
from reliability_support import Service

from pulumi_tione.emulator import Lag
from pulumi_tione.environments import messages

pytestmark = pytest.mark.engine

MOMENTS = 20
"""At how many moments, spread over an `env up`, something is killed."""

OFTEN = (2, 6, 10, 13, 17)
"""Those that `make test-all` tries."""


class Scene:
    """A project with a stack made by hand and a kept environment, of which nothing may change."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.service = service
        self.project = EnvironmentProject(folder, service.emulator.endpoint)
        self.project.pulumi("stack", "init", "dev", "--no-select")
        self.project.git("checkout", "--quiet", "--", "Pulumi.dev.yaml")
        self.project.git("clean", "--quiet", "--force")
        config = str(self.project.folder / "Pulumi.dev.yaml")
        self.project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev", "--config-file", config)
        self.kept = self.project.branch("kept")
        self.project.env("up", "kept", "--keep", "--yes")
        self.project.git("checkout", "--quiet", "main")
        self.project.git("checkout", "--quiet", "--", ".")
        self.others = self.tasks()
        self.stacks = {"dev", self.kept}
        assert len(self.others) == 4

    def tasks(self) -> set[str]:
        return {str(task["Id"]) for task in self.service.emulator.tasks()}

    def ensure_only_others_are_left(self) -> None:
        """Check that there is nothing of the killed environment, and everything of the others."""
        left = [task for task in self.service.emulator.tasks() if str(task["Id"]) not in self.others]
        assert [(task["Name"], tags_of_task(task)) for task in left] == []
        assert self.tasks() == self.others
        assert self.project.stacks() == self.stacks
        assert self.project.locks() == []


@pytest.fixture
def scene(tmp_path: Path, service: Service) -> Iterator[Scene]:
    made = Scene(tmp_path, service)
    yield made
    for pid in own_processes("PULUMI_HOME", made.project.environment["PULUMI_HOME"]):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def command_of(pid: int) -> str:
    listed = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip()


IS_VICTIM: dict[str, Callable[[str], bool]] = {
    "command": lambda command: "pulumi_tione.cli env up" in command,
    "engine": lambda command: command.partition(" ")[0].endswith("/pulumi") and " up " in f"{command} ",
    "program": lambda command: "pulumi-language-python-exec" in command,
    "provider": lambda command: "-m pulumi.dynamic" in command,
    "everything": lambda _: True,
}


def kill(scene: Scene, victim: str) -> None:
    """Kill the processes of `env up` that are the victims now."""
    for pid in own_processes("PULUMI_HOME", scene.project.environment["PULUMI_HOME"]):
        if IS_VICTIM[victim](command_of(pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def moments(every: tuple[int, ...] = OFTEN) -> Iterator[Any]:
    victims = ("command", "provider", "engine", "everything", "program")
    for moment in range(MOMENTS):
        mark = pytest.mark.long if moment in every else pytest.mark.exhaustive
        yield pytest.param(
            moment,
            victims[moment % len(victims)],
            marks=mark,
            id=f"{moment}-{victims[moment % 5]}",
        )


def typical_seconds(scene: Scene) -> float:
    """Return how long an undisturbed `env up` takes here and now."""
    scene.project.branch("measured")
    begun = time.monotonic()
    scene.project.env("up", "measured", "--yes")
    took = time.monotonic() - begun
    scene.project.env("down", "measured", "--yes")
    return took


def kill_during_up(scene: Scene, moment: int, victim: str) -> None:
    """Start an `env up` and kill a part of it at one of the moments."""
    took = typical_seconds(scene)
    scene.project.branch("doomed")
    # Each create takes a while: otherwise hardly a moment would be in the middle of one.
    scene.service.emulator.faults.add("CreateTrainingTask", delay_seconds=1)
    running = scene.project.start("up", "doomed", "--yes")
    begun = time.monotonic()
    while time.monotonic() - begun < took * (moment + 0.5) / MOMENTS and running.poll() is None:
        time.sleep(0.02)
    kill(scene, victim)
    # The command notices that a part was killed, and ends; if nothing was hit, it goes on to its end.
    running.communicate(timeout=300)
    if is_complete(scene, "doomed"):
        scene.project.git("checkout", "--quiet", "main")
        scene.project.delete_branch("doomed")


def is_complete(scene: Scene, branch: str) -> bool:
    """Check whether the `env up` of a branch has recorded its end: what a kill hits after that is no update."""
    home = scene.project.environment["PULUMI_HOME"]
    while any(" stack tag " in command_of(pid) for pid in own_processes("PULUMI_HOME", home)):
        time.sleep(0.1)  # what the killed command has started may be writing that record
    stack = scene.project.stack(branch)
    heartbeat = scene.project.tags(stack).get("tione:heartbeat") if stack in scene.project.stacks() else None
    return heartbeat is not None and json.loads(heartbeat).get("result") == "ok"


@pytest.mark.parametrize(("moment", "victim"), [*moments()])
def test_after_a_kill_one_reap_leaves_nothing(moment: int, victim: str, scene: Scene) -> None:
    kill_during_up(scene, moment, victim)
    scene.service.emulator.faults.clear()
    printed = scene.project.env("reap", "--yes")
    scene.ensure_only_others_are_left()
    assert "kept" not in printed
    assert scene.project.env("reap", "--yes").strip() == messages.NOTHING_TO_TAKE_DOWN
    scene.project.ensure_untouched()


@pytest.mark.parametrize(("moment", "victim"), [*moments(every=(11,))])
def test_the_same_with_lost_answers_and_lagging_lists(moment: int, victim: str, tmp_path: Path) -> None:
    service = Service(tmp_path / "lagging.sqlite", Lag(lists=20))
    try:
        scene = Scene(tmp_path / "lagging", service)
        kill_during_up(scene, moment, victim)
        service.emulator.faults.clear()
        for action in ("DeleteTrainingTask", "StopTrainingTask"):
            service.emulator.faults.add(action, connection="close")
        scene.project.env("reap", "--yes")
        scene.ensure_only_others_are_left()
    finally:
        service.stop()
