"""`make live`, which nobody here can run on the real service, runs on the local one so that it does not rot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_tione.emulator import Emulator, Status, Switches
from tools.live.observations import OBSERVATIONS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    quick = dict.fromkeys((Status.SUBMITTING, Status.PENDING, Status.STARTING, Status.STOPPING), 0.05)
    with Emulator(requests_a_second=None, durations={**quick, Status.RUNNING: 600.0}) as running:
        yield running


def start(emulator: Emulator, **environment: str) -> subprocess.Popen[str]:
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(("TENCENTCLOUD_", "TIONE_"))}
    return subprocess.Popen(
        [sys.executable, "tools/live/run.py"],
        cwd=ROOT,
        env={**foreign, **emulator.environment, "TIONE_LIVE": "1", "TIONE_LIVE_POLL_SECONDS": "0.05", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(emulator: Emulator, **environment: str) -> tuple[int, str]:
    process = start(emulator, **environment)
    output, _ = process.communicate(timeout=60)
    assert "Traceback" not in output
    return process.returncode, output


def created(emulator: Emulator) -> int:
    return sum(request["action"] == "CreateTrainingTask" for request in emulator.requests())


def test_a_life_confirms_what_the_local_service_was_made_to_do_and_leaves_nothing(emulator: Emulator) -> None:
    code, output = run(emulator)
    assert code == 0, output
    assert output.count("confirmed") == len(OBSERVATIONS), output
    assert "TI.S6.MEDIUM2.POST: 0.5 CNY an hour" in output
    assert emulator.tasks() == []


def test_what_the_service_does_otherwise_is_refuted() -> None:
    quick = dict.fromkeys((Status.SUBMITTING, Status.PENDING, Status.STARTING, Status.STOPPING), 0.05)
    switches = Switches(deleted_names_are_free=False)
    with Emulator(requests_a_second=None, durations={**quick, Status.RUNNING: 600.0}, switches=switches) as emulator:
        code, output = run(emulator)
        assert emulator.tasks() == []
    assert code == 1
    assert "REFUTED    A deleted task's name is free again" in output
    assert output.count("REFUTED") == 1


@pytest.mark.parametrize(
    "action", ["DescribeTrainingTaskPods", "TagResources", "StopTrainingTask", "CreateTrainingTask"]
)
def test_a_life_that_fails_on_its_way_leaves_nothing(emulator: Emulator, action: str) -> None:
    if action == "CreateTrainingTask":
        emulator.faults.add(action, connection="close")
    else:
        emulator.faults.add(action, code="UnauthorizedOperation")
    code, output = run(emulator)
    assert code == 1, output
    assert "FAILED: " in output
    assert created(emulator) >= 1
    assert emulator.tasks() == []


def test_an_interruption_leaves_nothing(emulator: Emulator) -> None:
    emulator.faults.add("DescribeTrainingTaskPods", delay_seconds=1)
    process = start(emulator)
    while not emulator.tasks():
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "interrupted by SIGTERM" in output
    assert emulator.tasks() == []


def test_what_cannot_be_removed_is_said_loudly(emulator: Emulator) -> None:
    emulator.faults.add("DeleteTrainingTask", code="UnauthorizedOperation", times=None)
    code, output = run(emulator)
    assert code == 3
    (task,) = emulator.tasks()
    assert f"LEFT OVER: task {task['Id']}" in output
    assert "MAY STILL RUN AND COST MONEY" in output
    emulator.faults.clear()
    code, output = run(emulator)
    assert f"an earlier run has left {task['Id']}: removing it" in output
    assert emulator.tasks() == []


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"TIONE_LIVE": ""}, "say so with TIONE_LIVE=1"),
        ({"TIONE_LIVE_MAX_HOURLY_COST": "0.4"}, "costs 0.5 CNY an hour, more than 0.4"),
        ({"TIONE_LIVE_MAX_HOURLY_COST": "much"}, "must be a number of CNY"),
        ({"TENCENTCLOUD_SECRET_KEY": "wrong"}, "AuthFailure.SignatureFailure"),
    ],
)
def test_nothing_is_tried_unless_it_is_asked_for_and_affordable(
    emulator: Emulator, environment: dict[str, str], told: str
) -> None:
    code, output = run(emulator, **environment)
    assert code == 2
    assert told in output
    assert len(output.splitlines()) <= 2
    assert created(emulator) == 0
    assert environment != {"TIONE_LIVE": ""} or emulator.requests() == []


def test_every_observation_decides_a_row_of_the_table() -> None:
    lines = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8").splitlines()
    rows = {line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")}
    assert [each.row for each in OBSERVATIONS if each.row not in rows] == []
