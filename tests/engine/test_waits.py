"""Waiting in the program, and how Ctrl-C ends it.

Ctrl-C during a call of the provider: `tests/unit/test_call_context.py` and `tests/boundary/test_pulumi_internals.py`;
during each operation of the real engine: the rows "Ctrl-C once" and "Ctrl-C twice" of
`tests/reliability/test_fault_matrix.py`.
"""

from __future__ import annotations

import re
import signal
import subprocess
import time

import pytest
from engine_support import Stack
from local_tione import accepted

from pulumi_tione._wait import messages
from pulumi_tione.emulator import Emulator, Lag
from pulumi_tione.lifecycle.messages import not_created, rerun_announced

pytestmark = pytest.mark.engine

FAILING = """
task = tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": 'sh -c "exit 3"'})))
done = task.wait_for("SUCCEED")
tione.TrainingTask("report", opts=pulumi.ResourceOptions(depends_on=[done]), **B)
"""


def test_a_failed_task_fails_the_update_on_its_own_row_and_stays(stack: Stack, emulator: Emulator) -> None:
    stack.program(FAILING)
    shown = stack.up(fails=True).partition("Diagnostics:")[2]
    own_row = shown.partition("TrainingTask (t):")[2].partition("\n\n")[0]
    assert "ended FAILED instead of SUCCEED" in own_row
    assert "Traceback" not in shown
    assert stack.resource("t")
    assert not stack.resource("report")

    stack.up(fails=True)
    assert len(accepted(emulator, "CreateTrainingTask")) == 1
    assert accepted(emulator, "StartTrainingTask") == []


def test_a_dependent_is_made_after_the_success(stack: Stack, emulator: Emulator) -> None:
    stack.program(FAILING.replace('sh -c "exit 3"', "sleep 5"))
    stack.up()
    first, second = sorted(emulator.tasks(), key=lambda task: str(task["CreateTime"]))
    assert first["Status"] == "SUCCEED"
    assert str(second["CreateTime"]) >= str(first["EndTime"])
    assert "3 unchanged" in stack.up()


def test_a_status_passed_on_the_way_ends_a_wait(stack: Stack) -> None:
    stack.program(
        """
task = tione.TrainingTask("t", **B)
done = task.wait_for("SUCCEED")
running = done.apply(lambda finished: finished.wait_for("RUNNING"))
pulumi.export("status", running.status)
"""
    )
    stack.up()
    assert stack.outputs()["status"] == "SUCCEED"


def test_a_task_that_somebody_deleted_ends_the_wait(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B).wait_for("SUCCEED")')
    stack.up()
    emulator.remove(str(emulator.tasks()[0]["Id"]))
    # A wait goes on looking for a task that is less than a minute old: it may only be invisible.
    emulator.advance(61)
    assert "no longer exists, so its result is unknown" in stack.up(fails=True)
    assert len(accepted(emulator, "CreateTrainingTask")) == 1


def test_a_preview_neither_waits_nor_asks(stack: Stack, emulator: Emulator) -> None:
    stack.program('pulumi.export("s", tione.TrainingTask("t", **B).wait_for("SUCCEED").status)')
    stack.up()
    seen = len(emulator.requests())
    stack.preview()
    assert len(emulator.requests()) == seen


def test_a_wait_that_takes_too_long_fails_and_the_task_runs_on(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
from datetime import timedelta
task = tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"})))
task.wait_for("SUCCEED", timeout=timedelta(seconds=1))
"""
    )
    assert "instead of SUCCEED; it keeps running" in stack.up(fails=True)
    assert emulator.tasks()[0]["Status"] == "RUNNING"


def test_an_interruption_ends_the_update_within_two_seconds_and_the_task_runs_on(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program(
        'tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"}))).wait_for("SUCCEED")'
    )
    with stack.workspace.start("up", "--yes", "--skip-preview", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        shown = [process.stdout.readline()]
        while "RUNNING (1 of 1 pods ready), waiting for SUCCEED" not in shown[-1]:
            shown.append(process.stdout.readline())
            assert shown[-1], "it ended by itself"
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        process.stdout.read()
        assert process.wait(30) != 0
        assert time.monotonic() - begun < 2
    assert any(messages.HINT in line for line in shown)
    assert emulator.tasks()[0]["Status"] == "RUNNING"
    assert stack.resource("t")


LONG = 'tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"})))'


def test_destroy_and_refresh_that_run_the_program_do_not_wait_for_the_task_to_end(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program(LONG)
    stack.up()
    stack.program(
        f"""
done = {LONG}.wait_for("SUCCEED")
tione.TrainingTask("report", opts=pulumi.ResourceOptions(depends_on=[done]), **B)
"""
    )
    for command in ("refresh", "destroy"):
        begun = time.monotonic()
        shown = stack.pulumi(command, "--run-program", "--yes", "--skip-preview")
        assert "waiting for SUCCEED" not in shown
        assert time.monotonic() - begun < 60
    assert emulator.tasks() == []
    assert len(accepted(emulator, "CreateTrainingTask")) == 1


def test_no_wait_waits_where_the_user_does_not_want_it(stack: Stack, emulator: Emulator) -> None:
    stack.program(f'pulumi.export("status", {LONG}.wait_for("SUCCEED").status)')
    stack.environment["TIONE_WAIT"] = "false"
    assert messages.SKIPPED in stack.up()
    assert stack.outputs()["status"] in ("SUBMITTING", "PENDING", "STARTING", "RUNNING")
    stack.environment["TIONE_WAIT"] = "sometimes"
    assert "Set it to true or false" in stack.up(fails=True)


@pytest.mark.parametrize(
    "arguments", ['"SUCCEED", timeout="soon"', '"SUCCEEDED"', '"SUCCEED", timout=60', "", '"SUCCEED", logs="yes"']
)
def test_a_wrong_argument_of_a_wait_is_refused_before_anything_is_created(
    stack: Stack, emulator: Emulator, arguments: str
) -> None:
    stack.program(f'tione.TrainingTask("t", **B).wait_for({arguments})')
    shown = stack.up(fails=True)
    assert f"{not_created('t')}: " in shown
    assert "Traceback" not in shown
    assert accepted(emulator, "CreateTrainingTask") == []


@pytest.mark.long
def test_waits_and_reruns_where_reads_lag(stack: Stack, emulator: Emulator) -> None:
    emulator.set_lag(Lag(lists=6.0, details=6.0, tags=6.0))
    stack.program(
        """
task = tione.TrainingTask(
    "t", **(B | dict(start_cmd_info={"worker_start_cmd": "exit 3"}, rerun_on_failure=1, tags={"team": "nlp"}))
)
task.wait_for("SUCCEED")
"""
    )
    shown = stack.up(fails=True)
    assert "not visible yet, waiting for SUCCEED" in shown
    assert "ended FAILED instead of SUCCEED" in shown
    shown = stack.up(fails=True)
    assert rerun_announced(1, 1, is_unconfirmed=False) in shown
    assert "ended FAILED instead of SUCCEED" in shown
    assert "started again" not in stack.up(fails=True)
    assert len(accepted(emulator, "StartTrainingTask")) == 1
    assert len(accepted(emulator, "CreateTrainingTask")) == 1
    stack.destroy()
    assert emulator.tasks() == []


def test_an_input_made_of_a_wait_that_is_over_is_no_change_in_the_preview(stack: Stack) -> None:
    stack.program(
        """
done = tione.TrainingTask("prepare", **B).wait_for("SUCCEED")
tione.TrainingTask("train", **(B | dict(envs={"PREPARED": done.end_time, "BY": done.id})))
pulumi.export("ended", done.end_time)
"""
    )
    stack.up()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", stack.outputs()["ended"])
    assert stack.planned() == {"train": "replace"}, "the state does not record yet that the wait is over"
    stack.refresh()
    assert stack.planned() == {}
