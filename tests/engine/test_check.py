"""Invalid arguments, as `pulumi preview` reports them."""

from __future__ import annotations

import pytest
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

INVALID = """
cos = dict(bucket=pulumi.Output.from_input("corpus-1250000000"), region="ap-guangzhou", paths=[])
tione.TrainingTask(
    "bert",
    tags={"a.b": 1, "pulumi:stack": "mine"},
    resource_config_infos=[
        dict(instance_num="two", instanceType="TI.S.MEDIUM.POST", role="WORKER"),
        {"role": "WORKER", "instance_num": 0, "instanceType": 1},
    ],
    name="bert/v2",
    output=cos,
    envs={"A=B": "c"},
    charge_type="POSTPAID_BY_HOUR",
    start_cmd_info={"worker_start_cmd": "sleep 5"},
)
"""


def reasons(shown: str, name: str) -> list[str]:
    """Return what the diagnostics report of a task."""
    begin = f"resource '{name}' has a problem: "
    return [line.partition(begin)[2].strip() for line in shown.splitlines() if begin in line]


def test_all_failures_of_a_task_are_reported_at_once_with_the_programs_paths_in_its_order(stack: Stack) -> None:
    stack.program(INVALID)
    shown = stack.preview(fails=True)
    paths = [reason.partition(": ")[0] for reason in reasons(shown.partition("Diagnostics:")[2], "bert")]
    assert paths == [
        'tags["a.b"]',
        'tags["pulumi:stack"]',
        "resource_config_infos[0].instance_num",
        "resource_config_infos[1].instance_num",
        "resource_config_infos[1].instanceType",
        "name",
        "output.paths",
        'envs["A=B"]',
    ]
    assert "resource_config_infos[0].instance_num: must be a whole number, got text" in reasons(shown, "bert")
    assert "nil" not in shown
    assert "Error:" not in shown
    assert "Traceback" not in shown


def test_a_map_of_tuning_parameters_is_sent_as_json_and_its_order_is_no_change(
    stack: Stack, emulator: Emulator
) -> None:
    task = 'tione.TrainingTask("bert", **(B | dict(tuning_parameters={})))'
    stack.program(task.format('{"lr": 0.001, "epochs": 3, "data": pulumi.Output.secret("planted")}'))
    stack.up()
    (created,) = accepted(emulator, "CreateTrainingTask")
    assert created["TuningParameters"] == '{"data":"planted","epochs":3,"lr":0.001}'
    assert "planted" not in stack.pulumi("stack", "export")
    stack.program(task.format('{"epochs": 3, "data": pulumi.Output.secret("planted"), "lr": 0.001}'))
    assert stack.planned() == {}


def test_a_preview_warns_about_two_tasks_with_the_same_name(stack: Stack) -> None:
    stack.program(
        'tione.TrainingTask("first", **(B | dict(name="bert")))\n'
        'tione.TrainingTask("second", **(B | dict(name="bert")))'
    )
    warning = "name: 'bert' is also the name of the resource '"
    assert warning in stack.preview()
    stack.program(
        'tione.TrainingTask("first", **(B | dict(name="bert")))\n'
        'tione.TrainingTask("second", **(B | dict(name="bert", region="ap-shanghai")))'
    )
    assert warning not in stack.preview()
