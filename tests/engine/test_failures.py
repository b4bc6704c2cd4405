"""A wait that ends badly, as the terminal shows it: on the task's own row, with all that is known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from engine_support import Stack
from local_tione import accepted, client_of

from pulumi_tione._timestamps import shown_time
from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

TASK = """
task = tione.TrainingTask("t", **(B | dict(name="bert", start_cmd_info={"worker_start_cmd": COMMAND})))
done = task.wait_for("SUCCEED")
tione.TrainingTask("report", opts=pulumi.ResourceOptions(depends_on=[done]), **B)
"""


def program(command: str) -> str:
    return f"COMMAND = {command!r}\n{TASK}"


def own_row(shown: str, name: str = "t") -> list[str]:
    """The lines of the diagnostics under the heading of a task."""
    diagnostics = shown.partition("Diagnostics:")[2]
    heading = f"TrainingTask ({name}):"
    assert heading in diagnostics, shown
    lines = diagnostics.partition(heading)[2].splitlines()[1:]
    end = next((number for number, line in enumerate(lines) if line.startswith("  pulumi")), len(lines))
    return [line.strip() for line in lines[:end]]


def once(emulator: Emulator, status: str, act: Callable[[str], object]) -> threading.Thread:
    """Do something to the one task as soon as it has a status."""

    def watch() -> None:
        for _ in range(2000):
            tasks = emulator.tasks()
            if tasks and tasks[0]["Status"] == status:
                act(str(tasks[0]["Id"]))
                return
            time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_a_failed_task_is_explained_on_its_own_row_and_stays_failed(stack: Stack, emulator: Emulator) -> None:
    emulator.plan_runs("bert", output=[(number / 10, f"line {number}") for number in range(25)], running_seconds=5)
    stack.program(program("sh -c 'exit 3'"))
    shown = stack.up(fails=True)
    task = emulator.tasks()[0]
    row = own_row(shown)
    who = f"training task 'bert' ({task['Id']})"
    assert row[0].startswith(f"error: {who} ended FAILED instead of SUCCEED: The start command ended with")
    assert "status: FAILED" in row
    assert "failure reason: The start command ended with exit code 3." in row
    assert "exit code: 3" in row
    assert f"ended: {shown_time(task['EndTime'])}" in row
    begin = row.index("last 20 log lines of master-0, the pod that failed first:")
    assert row[begin + 1 : begin + 21] == [f"line {number}" for number in range(5, 25)]
    assert "exit code 3" in row[row.index("last warning events:") + 1]
    assert any(line.startswith("request id: ") for line in row)
    assert any(line.startswith("console: https://") and task["Id"] in line for line in row)
    assert row[row.index("what to do next:") + 1].startswith(f"pulumi-tione logs {task['Id']} --pod master-0")
    assert "Traceback" not in shown
    diagnostics = shown.partition("Diagnostics:")[2]
    assert diagnostics.count(str(row[0]).removeprefix("error: ")) == 1, "the first line is repeated"
    assert f"error: {who} ended FAILED instead of SUCCEED\n" in diagnostics
    assert stack.resource("t")
    assert not stack.resource("report")

    again = own_row(stack.up(fails=True))
    assert again[0] == row[0]
    assert len(accepted(emulator, "CreateTrainingTask")) == 1
    assert accepted(emulator, "StartTrainingTask") == []


@pytest.mark.parametrize(
    "changed",
    [program("sh -c 'exit 4'"), program("sh -c 'exit 3'").replace("B | dict(", "B | dict(triggers=[1], ")],
    ids=["input", "triggers"],
)
def test_the_step_that_the_error_recommends_makes_exactly_one_new_run(
    stack: Stack, emulator: Emulator, changed: str
) -> None:
    stack.program(program("sh -c 'exit 3'"))
    assert any("change `triggers`" in line for line in own_row(stack.up(fails=True)))
    stack.program(changed)
    stack.up(fails=True)
    assert len(accepted(emulator, "CreateTrainingTask")) == 2
    assert len(emulator.tasks()) == 1


def test_a_task_that_the_platform_stops_fails_the_update_with_that_reason(stack: Stack, emulator: Emulator) -> None:
    stack.program(program("sleep 36000"))
    thread = once(emulator, "RUNNING", emulator.platform_stop)
    row = own_row(stack.up(fails=True))
    thread.join()
    assert "ended STOPPED by the platform instead of SUCCEED: Platform Stop" in row[0]


def test_a_task_that_somebody_stops_fails_the_update_with_the_name_of_the_user(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program(program("sleep 36000"))
    thread = once(emulator, "RUNNING", client_of(emulator).stop_training_task)
    row = own_row(stack.up(fails=True))
    thread.join()
    operator = emulator.tasks()[0]["OperatorInfo"]
    assert not operator["IsPlatformOperator"]
    assert f"ended STOPPED by {operator['SubUinName']} instead of SUCCEED: User Stop" in row[0]


def test_a_preempted_task_is_waited_for_to_the_end(stack: Stack, emulator: Emulator) -> None:
    stack.program(program("sleep 40"))
    thread = once(emulator, "RUNNING", emulator.preempt)
    stack.up()
    thread.join()
    runs = emulator.tasks()[0]["Runs"]
    assert len(runs) == 1
    assert stack.resource("report")


def test_a_task_that_was_never_submitted_is_explained_without_a_log(stack: Stack, emulator: Emulator) -> None:
    emulator.plan_runs("bert", outcome="SUBMIT_FAILED", failure_reason="the image cannot be pulled")
    stack.program(program("sleep 5"))
    row = own_row(stack.up(fails=True))
    assert "ended SUBMIT_FAILED instead of SUCCEED: the image cannot be pulled" in row[0]
    assert not any("log line" in line for line in row)
    assert any(line.startswith("pulumi-tione logs ") for line in row)


def test_what_a_log_holds_harms_neither_the_terminal_nor_the_engine(stack: Stack, emulator: Emulator) -> None:
    emulator.plan_runs(
        "bert", output=[(0.0, "\x1b]0;owned\x07 <{%no such colour%}> <{%reset"), (0.1, "the end")], running_seconds=5
    )
    stack.program(program("sh -c 'exit 3'"))
    shown = stack.up("--color=always", fails=True)
    assert r"\x1b]0;owned\x07 <{ %no such colour%}> <{ %reset" in shown
    assert "the end" in shown
    assert "\x1b]0;" not in shown
    assert "panic" not in shown


@pytest.mark.long
def test_the_newest_log_line_is_shown_on_the_row_while_it_is_waited(stack: Stack, emulator: Emulator) -> None:
    emulator.plan_runs("bert", output=[(10.0 * number, f"epoch {number}") for number in range(20)], running_seconds=200)
    stack.program(program("sleep 200").replace('"SUCCEED")', '"SUCCEED", logs=True)'))
    shown = stack.up()
    assert "RUNNING (1 of 1 pods ready), waiting for SUCCEED" in shown
    assert "RUNNING, master-0: epoch " in shown
    assert "not shown" not in shown


@pytest.mark.long
def test_one_failure_among_forty_waits_keeps_the_other_results(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
for number in range(40):
    command = "exit 3" if number == 7 else "sleep 5"
    task = tione.TrainingTask(f"t{number}", **(B | dict(start_cmd_info={"worker_start_cmd": command})))
    pulumi.export(f"t{number}", task.wait_for("SUCCEED").status)
"""
    )
    shown = stack.up(fails=True)
    assert "ended FAILED" in own_row(shown, "t7")[0]
    outputs = stack.outputs()
    assert {name for name, status in outputs.items() if status == "SUCCEED"} == {
        f"t{number}" for number in range(40) if number != 7
    }
    assert "t7" not in outputs
    assert all(stack.resource(f"t{number}") for number in (0, 7, 39))


@pytest.mark.long
def test_the_other_waits_go_on_to_their_end_and_their_exports_are_kept(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
bad = tione.TrainingTask("bad", **(B | dict(start_cmd_info={"worker_start_cmd": "exit 3"})))
good = tione.TrainingTask("good", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 60"})))
pulumi.export("bad", bad.wait_for("SUCCEED").status)
pulumi.export("good", pulumi.Output.secret(good.wait_for("SUCCEED").status))
pulumi.export("nested", {"ids": [bad.id, good.id]})
"""
    )
    stack.up(fails=True)
    assert {task["Status"] for task in emulator.tasks()} == {"FAILED", "SUCCEED"}
    outputs = stack.outputs()
    assert set(outputs) == {"good", "nested"}
    assert outputs["good"] == "[secret]"
    assert set(outputs["nested"]["ids"]) == {task["Id"] for task in emulator.tasks()}
