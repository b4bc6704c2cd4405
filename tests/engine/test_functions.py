"""Looking up in a program that the real engine runs."""

from __future__ import annotations

import pytest
from engine_support import Stack

from pulumi_tione.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.long]


def test_look_ups_of_a_task_and_of_what_new_tasks_can_be_made_of(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
specs = [spec for spec in tione.get_instance_specs(resource_type="CPU") if spec.is_available]
cheapest = min(specs, key=lambda spec: spec.hourly_price)
B["resource_config_infos"] = [{"role": "WORKER", "instance_type": cheapest.name, "instance_num": 1}]
task = tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "echo hello"})))
done = task.wait_for("SUCCEED")
looked_up = tione.get_training_task_output(done.id)
pulumi.export("status", looked_up.status)
pulumi.export("role", looked_up.resource_config_infos[0].role)
pulumi.export("lines", tione.get_training_task_logs_output(done.id).apply(lambda all: [line.message for line in all]))
pulumi.export("others", len(tione.get_training_tasks(tags={"pulumi:stack": "other"})))
"""
    )
    shown = stack.preview()
    assert "train-" not in shown
    assert {request["action"] for request in emulator.requests()} & {"DescribeTrainingTask", "DescribeLogs"} == set()
    stack.up()
    assert stack.outputs() == {"status": "SUCCEED", "role": "WORKER", "lines": ["hello"], "others": 0}


def test_what_cannot_be_looked_up_fails_the_program_in_one_line(stack: Stack) -> None:
    stack.program('pulumi.export("x", tione.get_training_task("train-1").status)')
    shown = stack.preview(fails=True)
    assert "get_training_task: there is no training task 'train-1' in ap-guangzhou" in shown
    assert "Traceback" not in shown


def test_the_settings_are_those_of_the_stack(stack: Stack) -> None:
    stack.pulumi("config", "set", "tione:region", "ap-shanghai")
    stack.program('pulumi.export("x", tione.get_training_task_output("train-1").status)')
    assert "in ap-shanghai" in stack.preview(fails=True)
