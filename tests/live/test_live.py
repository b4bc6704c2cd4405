"""`make live`, which nobody here can run on the real service, runs on the local one so that it does not rot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
from local_tione import client_of

from pulumi_tione.emulator import Emulator, Status, Switches
from pulumi_tione.errors import TioneError
from tools.live import run as live
from tools.live.cheapest import RefusedError, cheapest, limit
from tools.live.observations import OBSERVATIONS, Evidence, is_refuted, table

ROOT = Path(__file__).parents[2]
QUICK = {
    **dict.fromkeys((Status.SUBMITTING, Status.PENDING, Status.STARTING, Status.STOPPING), 0.05),
    Status.RUNNING: 600.0,
}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(requests_a_second=None, durations=QUICK) as running:
        yield running


def start(emulator: Emulator, **environment: str) -> subprocess.Popen[str]:
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(("TENCENTCLOUD_", "TIONE_"))}
    return subprocess.Popen(
        [sys.executable, "tools/live/run.py"],
        cwd=ROOT,
        env={**foreign, **emulator.environment, "TIONE_LIVE": "1", "TIONE_LIVE_POLL_SECONDS": "0.02", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(emulator: Emulator, **environment: str) -> tuple[int, str]:
    process = start(emulator, **environment)
    output, _ = process.communicate(timeout=60)
    assert "Traceback" not in output
    return process.returncode, output


def requests(emulator: Emulator, action: str) -> int:
    return sum(request["action"] == action for request in emulator.requests())


def wait_for(emulator: Emulator, action: str) -> None:
    """Wait until the action has been asked for; a test that delays it is then in the middle of the call."""
    end = time.monotonic() + 30
    while not requests(emulator, action):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_life_confirms_what_the_local_service_was_made_to_do_and_leaves_nothing(emulator: Emulator) -> None:
    code, output = run(emulator)
    assert code == 0, output
    assert output.count("confirmed") == len(OBSERVATIONS), output
    assert "TI.S6.MEDIUM2.POST: 0.5 CNY an hour" in output
    assert emulator.tasks() == []


def test_what_the_service_does_otherwise_is_refuted() -> None:
    switches = Switches(deleted_names_are_free=False)
    with Emulator(requests_a_second=None, durations=QUICK, switches=switches) as emulator:
        code, output = run(emulator)
        assert emulator.tasks() == []
    assert code == 1
    assert "REFUTED    A deleted task's name is free again" in output
    assert "seen: InvalidParameterValue.DuplicateName" in output
    assert output.count("REFUTED") == 1


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        ("TagResources", {"code": "UnauthorizedOperation"}),
        ("StopTrainingTask", {"code": "UnauthorizedOperation"}),
        ("DescribeTrainingTaskPods", {"code": "UnauthorizedOperation"}),
        ("CreateTrainingTask", {"connection": "close", "hidden_list_calls": 3}),
        ("CreateTrainingTask", {"code": "InternalError", "effect": True}),
    ],
)
def test_a_life_that_fails_on_its_way_leaves_nothing(emulator: Emulator, action: str, fault: dict[str, object]) -> None:
    emulator.faults.add(action, **fault)
    process = start(emulator)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "FAILED: " in output
    assert requests(emulator, "CreateTrainingTask") >= 1
    assert emulator.tasks() == []


@pytest.mark.parametrize(
    ("action", "number"), [("CreateTrainingTask", signal.SIGINT), ("DescribeTrainingTaskPods", signal.SIGTERM)]
)
def test_an_interruption_in_the_middle_of_a_request_ends_the_life_and_leaves_nothing(
    emulator: Emulator, action: str, number: signal.Signals
) -> None:
    emulator.faults.add(action, delay_seconds=0.7)
    process = start(emulator)
    wait_for(emulator, action)
    process.send_signal(number)
    time.sleep(0.1)
    process.send_signal(number)  # the impatient do so twice
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert f"FAILED: interrupted by {number.name}" in output
    assert requests(emulator, "TagResources") == 0
    assert requests(emulator, "CreateTrainingTask") == 1
    assert emulator.tasks() == []


def test_a_signal_just_before_signals_are_ignored_does_not_keep_the_removal_from_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Ended:
        failures: ClassVar[list[str]] = []
        is_cleaned = False

        def run(self) -> None:
            raise TioneError("a step failed")

        def fail(self, why: str) -> None:
            self.failures.append(why)

        def clean(self) -> bool:
            self.is_cleaned = True
            return False

        client = SimpleNamespace(region="ap-guangzhou")
        seen = Evidence()

    def interrupted() -> None:
        raise live.Interruption("interrupted by SIGTERM")

    trial = Ended()
    monkeypatch.setattr(live, "prepared", lambda: trial)
    monkeypatch.setattr(live, "SIGNALS", ())
    monkeypatch.setattr(live, "ignore_signals", interrupted)
    assert live.main() == 3
    assert trial.is_cleaned
    assert trial.failures == ["a step failed", "interrupted by SIGTERM"]


def test_a_terminal_that_is_closed_keeps_nothing_from_being_removed(emulator: Emulator) -> None:
    emulator.faults.add("DescribeTrainingTaskPods", delay_seconds=0.7)
    process = start(emulator)
    wait_for(emulator, "DescribeTrainingTaskPods")
    assert process.stdout is not None
    process.stdout.close()
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=60) != 0
    assert requests(emulator, "TagResources") == 0
    assert emulator.tasks() == []


def test_what_cannot_be_removed_is_stated_loudly_and_removed_by_the_next_life(emulator: Emulator) -> None:
    emulator.faults.add("DeleteTrainingTask", code="UnauthorizedOperation", times=None)
    code, output = run(emulator)
    assert code == 3
    (task,) = emulator.tasks()
    assert f"LEFT OVER: task {task['Id']} ({task['Name']}), in ap-guangzhou" in output
    assert "MAY STILL RUN AND COST MONEY" in output
    emulator.faults.clear()
    code, output = run(emulator)
    assert code == 0, output
    assert f"an earlier run has left {task['Id']}: removing it" in output
    assert emulator.tasks() == []


def test_a_creation_that_can_neither_be_seen_nor_looked_up_is_stated_loudly(emulator: Emulator) -> None:
    emulator.faults.add("CreateTrainingTask", connection="close")
    emulator.faults.add("DescribeTrainingTasks", code="UnauthorizedOperation", first=2, times=None)
    code, output = run(emulator)
    assert code == 3
    (task,) = emulator.tasks()
    assert f"LEFT OVER: whether there is a task named {task['Name']} is not known" in output


def test_a_task_that_never_shows_up_is_stated_loudly(emulator: Emulator) -> None:
    emulator.faults.add("CreateTrainingTask", hidden_list_calls=1000)
    emulator.faults.add("DescribeTrainingTask", code="ResourceNotFound", times=None)
    code, output = run(emulator)
    assert code == 3
    (task,) = emulator.tasks()
    assert f"LEFT OVER: task {task['Id']} ({task['Name']})" in output


@pytest.mark.parametrize(
    ("environment", "result", "asked"),
    [
        ({"TIONE_LIVE": ""}, "set TIONE_LIVE=1", False),
        ({"TIONE_LIVE_MAX_HOURLY_COST": "0.4"}, "costs 0.5 CNY an hour, more than 0.4", True),
        ({"TENCENTCLOUD_SECRET_ID": "", "TENCENTCLOUD_SECRET_KEY": ""}, "there are no credentials", False),
    ],
)
def test_nothing_is_tried_unless_it_is_asked_for_and_affordable(
    emulator: Emulator, tmp_path: Path, environment: dict[str, str], result: str, asked: bool
) -> None:
    code, output = run(emulator, HOME=str(tmp_path), TIONE_METADATA_ENDPOINT="http://127.0.0.1:9", **environment)
    assert code == 2
    assert result in output.splitlines()[-1]
    assert len(output.splitlines()) == (2 if asked else 1)
    assert requests(emulator, "CreateTrainingTask") == 0
    assert asked or emulator.requests() == []


@pytest.mark.parametrize("result", ["much", "", "0", "-1", "NaN", "sNaN", "Infinity"])
def test_a_limit_is_an_amount_of_money(result: str) -> None:
    with pytest.raises(RefusedError, match="must be a number greater than 0"):
        limit(result)


@pytest.mark.parametrize("price", [{"RealTotalCost": 0}, {"RealTotalCost": None}, {}])
def test_what_has_no_price_is_not_tried(emulator: Emulator, price: dict[str, object]) -> None:
    emulator.faults.add(
        "DescribeBillingSpecsPrice", members={"SpecsPrice": [{"SpecName": "TI.S6.MEDIUM2.POST", **price}]}
    )
    with pytest.raises(RefusedError, match="no specification in ap-guangzhou is available and has a price"):
        cheapest(client_of(emulator), Decimal(5))


def test_where_frameworks_are_not_shown_any_more_the_usual_one_is_tried(emulator: Emulator) -> None:
    assert cheapest(client_of(emulator), Decimal(5)).frameworks_are_offered
    emulator.faults.add("DescribeTrainingFrameworks", code="InvalidAction")
    offer = cheapest(client_of(emulator), Decimal(5))
    assert not offer.frameworks_are_offered
    assert offer.environment == "torch2.1-py3.10-cuda12.1-gpu"


@pytest.mark.parametrize(
    ("text", "prices", "verdict"),
    [
        ("0.50元/小时 (按量计费)", ["0.50"], True),
        ("0.50元/小时 (按量计费)", ["0.40", "0.50"], True),
        ("10.50元/小时", ["0.50"], False),
        ("0.505元/小时", ["0.50"], False),
        ("0.50元/小时", [], None),
        ("", ["0.50"], None),
    ],
)
def test_the_price_is_compared_with_the_one_that_the_task_shows(
    text: str, prices: list[str], verdict: bool | None
) -> None:
    seen = Evidence(detail={"BillingInfo": text}, computed_prices=[Decimal(price) for price in prices])
    (row,) = (each for each in OBSERVATIONS if "has the task's price in it" in each.row)
    assert row.verdict(seen) is verdict


def test_of_what_was_not_seen_nothing_is_stated() -> None:
    assert [each.row for each in OBSERVATIONS if each.verdict(Evidence()) is not None] == []
    assert not is_refuted(Evidence())


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "RequestLimitExceeded"])
def test_a_tag_service_that_may_not_be_used_decides_no_row(code: str) -> None:
    seen = Evidence(code_of_binding=code, is_tag_bound=False, is_in_tag_service=False, code_of_second_unbinding=code)
    assert [each.row for each in OBSERVATIONS if each.verdict(seen) is not None] == []


def test_a_task_that_ends_by_itself_or_is_not_made_again_for_want_of_money_refutes_nothing() -> None:
    seen = Evidence(
        statuses=["SUBMITTING", "PENDING", "FAILED"],
        terminal_detail={"Status": "FAILED"},
        code_of_deleted_name="RequestLimitExceeded",
        code_of_delete_while_active="UnauthorizedOperation",
    )
    assert not is_refuted(seen)
    seen.code_of_delete_while_active = ""
    assert "seen: it was not refused" in table(seen)
    seen.statuses = ["SUBMITTING", "RUNNING", "PENDING"]
    assert "seen: ['SUBMITTING', 'RUNNING', 'PENDING']" in table(seen)


def test_every_observation_decides_a_row_of_the_table() -> None:
    lines = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8").splitlines()
    rows = {line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")}
    assert [each.row for each in OBSERVATIONS if each.row not in rows] == []
    assert len({each.row for each in OBSERVATIONS}) == len(OBSERVATIONS)
