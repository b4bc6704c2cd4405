"""Tasks outside the region that the settings select, which no list of that region shows."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from environment_support import RUNNING, EnvironmentProject, own_processes, tasks_of

from pulumi_tione.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.long]

FAR = f"""
tione.TrainingTask("far", region="ap-shanghai", **(B | dict({RUNNING})))
tione.TrainingTask("own", region="ap-beijing", settings={{"profile": "other"}}, **(B | dict({RUNNING})))
"""


def kill_providers(project: EnvironmentProject) -> None:
    """Kill the providers while they wait for the response to a create: then no state records the task."""
    for pid in own_processes("PULUMI_HOME", project.environment["PULUMI_HOME"]):
        if b"pulumi.dynamic" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


def test_tasks_of_other_regions_are_found_where_the_tag_service_is_closed(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    profile = Path(project.environment["HOME"], ".tccli", "other.credential")
    profile.parent.mkdir()
    profile.write_text(json.dumps({"secretId": "AKIDemulator", "secretKey": "emulator"}), encoding="utf-8")
    project.branch("far", FAR)
    emulator.faults.add("GetResources", code="AuthFailure.UnauthorizedOperation", times=None)
    emulator.faults.add("CreateTrainingTask", delay_seconds=30, times=None)
    running = project.start("up", "--yes")
    end = time.monotonic() + 120
    while len(tasks_of(emulator)) < 2 and time.monotonic() < end and running.poll() is None:
        time.sleep(0.1)
    kill_providers(project)
    printed, _ = running.communicate(timeout=300)
    assert {str(task["Region"]) for task in emulator.tasks()} == {"ap-shanghai", "ap-beijing"}, printed
    (row,) = project.env_json("list")["environments"]
    assert len(row["orphans"]) == 2
    assert "was interrupted" in project.env("reap", "--yes")
    assert tasks_of(emulator) == []
    assert project.stacks() == set()
