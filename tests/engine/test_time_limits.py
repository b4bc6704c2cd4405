"""Time limits with the real engine: in previews, in a run that takes too long, in the state, in an import."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from engine_support import Stack, StackOf
from local_tione import accepted

from pulumi_tione._schema.time_limit import with_time_limit
from pulumi_tione._wait import messages
from pulumi_tione.emulator import Emulator, Status
from pulumi_tione.lifecycle import check_rules

pytestmark = pytest.mark.engine

COMMAND = "echo \"it's\" '中文' $HOME \\\\\n\n# done\n"
LIMITED = (
    f'tione.TrainingTask("t", **(B | dict(start_cmd_info={{"worker_start_cmd": {COMMAND!r}}})), max_duration="12h")\n'
)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local TI-ONE that really runs its tasks."""
    durations = {Status.SUBMITTING: 0.0, Status.PENDING: 0.0, Status.STOPPING: 0.5}
    with Emulator(run=True, requests_a_second=None, durations=durations) as running:
        yield running


@pytest.fixture
def stack(stack_of: StackOf, emulator: Emulator) -> Stack:
    # An emulator that runs commands has a key that nobody can guess.
    return stack_of(**emulator.environment)


def command_in(body: Mapping[str, Any]) -> str:
    return str(json.loads(base64.b64decode(body["EncodedStartCmdInfo"]["StartCmdInfo"]))["WorkerStartCmd"])


def test_a_run_that_takes_too_long_fails_its_wait_with_a_report_that_shows_why(
    stack: Stack, emulator: Emulator
) -> None:
    program = """
from datetime import timedelta
limited = B | dict(start_cmd_info={"worker_start_cmd": "echo begun; sleep 600"}, max_duration=timedelta(seconds=1))
task = tione.TrainingTask("t", **limited, rerun_on_failure=2)
pulumi.export("limit", task.max_duration)
task.wait_for("SUCCEED")
"""
    stack.program(program)
    shown = stack.up(fails=True)
    own_row = shown.partition("Diagnostics:")[2].partition("TrainingTask (t):")[2].partition("\n\n")[0]
    assert "ended FAILED instead of SUCCEED" in own_row
    assert f"exit code 124{messages.ended_by_time_limit(1)}" in own_row
    assert "pulumi-tione: time limit of 1 s reached, run ended" in own_row
    assert messages.RAISE_LIMIT in own_row
    assert stack.outputs() == {"limit": 1}

    # It is not started again, unless that is asked for.
    again = stack.up(fails=True)
    assert check_rules.ended_by_time_limit("1s") in again
    assert accepted(emulator, "StartTrainingTask") == []
    stack.program(program.replace("rerun_on_failure=2", "rerun_on_failure=2, rerun_on_time_limit=True"))
    stack.up(fails=True)
    assert len(accepted(emulator, "StartTrainingTask")) == 1
    assert len(accepted(emulator, "CreateTrainingTask")) == 1


def test_the_state_has_the_original_command_and_nothing_changes_by_itself(stack: Stack, emulator: Emulator) -> None:
    stack.program(LIMITED)
    stack.up()
    (body,) = accepted(emulator, "CreateTrainingTask")
    assert command_in(body) == with_time_limit(COMMAND, 43_200)
    assert "pulumi-tione-time-limit" not in stack.exported()
    stack.refresh("--expect-no-changes")
    stack.preview("--expect-no-changes", "--refresh")
    recorded = stack.resource("t")
    assert recorded
    assert recorded["outputs"]["startCmdInfo"] == {"workerStartCmd": COMMAND}
    assert recorded["outputs"]["maxDuration"] == 43_200

    stack.program(LIMITED.replace("12h", "720m"))
    stack.preview("--expect-no-changes")
    stack.program(LIMITED.replace("12h", "13h"))
    (step,) = [
        step
        for step in json.loads(stack.pulumi("preview", "--json", "--suppress-outputs"))["steps"]
        if step["op"] == "replace"
    ]
    assert step["replaceReasons"] == ["maxDuration"]
    assert [*step["detailedDiff"]] == ["maxDuration"]


@pytest.mark.long
def test_the_default_counts_for_new_tasks_only(stack: Stack, emulator: Emulator) -> None:
    before = 'tione.TrainingTask("before", **B)\n'
    stack.program(before)
    stack.up()
    stack.pulumi("config", "set", "tione:maxDuration", "2h")
    stack.preview("--expect-no-changes", "--refresh")
    stack.program(f'{before}tione.TrainingTask("after", **B)\ntione.TrainingTask("never", **B, max_duration=0)\n')
    stack.up()
    commands = {body["Name"].split("-")[1]: command_in(body) for body in accepted(emulator, "CreateTrainingTask")}
    assert commands == {"before": "sleep 5", "after": with_time_limit("sleep 5", 7200), "never": "sleep 5"}
    for change in (["set", "tione:maxDuration", "3h"], ["rm", "tione:maxDuration"]):
        stack.pulumi("config", *change)
        stack.preview("--expect-no-changes", "--refresh")


def test_a_preview_reports_a_limit_of_nothing_and_knows_no_unknown_command(stack: Stack) -> None:
    stack.program(
        """
first = tione.TrainingTask("first", **B)
tione.TrainingTask("later", **(B | dict(start_cmd_info={"worker_start_cmd": first.id})), max_duration="1h")
"""
    )
    stack.preview()
    stack.program('del B["start_cmd_info"]\ntione.TrainingTask("t", **B, max_duration="1h")\n')
    assert f"max_duration: {check_rules.NO_COMMAND_TO_LIMIT}" in " ".join(stack.preview(fails=True).split())


@pytest.mark.long
def test_a_secret_command_stays_secret(stack: Stack, emulator: Emulator) -> None:
    secret = "echo 'planted' \"it's\""
    stack.program(
        f"""
command = pulumi.Output.secret({secret!r})
tione.TrainingTask("t", **(B | dict(start_cmd_info={{"worker_start_cmd": command}})), max_duration="1h")
"""
    )
    shown = [stack.preview("--diff"), stack.up(), stack.refresh(), stack.exported()]
    assert not any("planted" in text for text in shown)
    (body,) = accepted(emulator, "CreateTrainingTask")
    assert command_in(body) == with_time_limit(secret, 3600)
    stack.preview("--expect-no-changes", "--refresh")


@pytest.mark.long
def test_an_imported_task_has_its_limit_and_its_original_command(stack: Stack, emulator: Emulator) -> None:
    stack.program(LIMITED)
    stack.up()
    (task,) = emulator.tasks()
    stack.pulumi("state", "delete", "--yes", stack.resources()[-1]["urn"])
    code, printed = stack.tione("import", "t", str(task["Id"]), "--yes")
    assert code == 0, printed
    declaration = printed[printed.index("tione.TrainingTask(") :].split("\n)\n")[0] + "\n)\n"
    assert 'max_duration="12h"' in declaration
    stack.program(declaration)
    stack.preview("--expect-no-changes", "--refresh")
    assert "up" in stack.up()
    stack.preview("--expect-no-changes", "--refresh")
    assert len(emulator.tasks()) == 1
