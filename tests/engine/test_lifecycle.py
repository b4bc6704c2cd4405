"""A task's life under the real engine: created, unchanged, replaced, destroyed.

Changes in place are in `test_changes.py`, resource options in `test_options.py`, faults in
`tests/reliability/test_fault_matrix.py`.
"""

from __future__ import annotations

import pytest
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine


def test_five_mistakes_are_five_failures_in_one_preview(stack: Stack) -> None:
    stack.program(
        """
tione.TrainingTask("t", **(B | dict(
    name="-bad",
    charge_type="POSTPAID",
    remark="x" * 1025,
    data_configs=[{"mapping_path": f"/data/{index}"} for index in range(11)],
    resource_config_infos=[{"role": "WORKER", "instance_nmu": 1}],
)))
"""
    )
    shown = stack.preview(fails=True).partition("Diagnostics:")[2]
    for path in ("name", "charge_type", "remark", "data_configs", "resource_config_infos[0].instance_nmu"):
        assert shown.count(f": {path}: ") == 1
    assert "did you mean instance_num?" in shown
    assert "Traceback" not in shown


def test_a_value_that_the_engine_cannot_take_is_one_line_at_its_path(stack: Stack) -> None:
    stack.program(
        """
first = tione.TrainingTask("first", **B)
tione.TrainingTask("second", **(B | dict(subnet_id=first, tuning_parameters=b"{}")))
"""
    )
    shown = stack.preview(fails=True)
    assert "subnetId: got the resource 'first' itself; pass its .id" in shown
    assert "tuningParameters: got bytes" in shown
    assert "Traceback" not in shown


def test_the_text_of_an_output_is_refused_at_its_path(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
first = tione.TrainingTask("first", **B)
tione.TrainingTask("second", **(B | dict(remark=f"after {first.id}")))
"""
    )
    shown = stack.preview(fails=True)
    assert ": remark: " in shown
    assert "pulumi.Output.concat" in shown
    assert emulator.requests() == []


def test_outputs_are_typed_in_the_program(stack: Stack) -> None:
    stack.program(
        """
task = tione.TrainingTask("t", **(B | dict(tags={"team": "nlp"})))
nodes = task.resource_config_infos[0].instance_num
pulumi.export("type", nodes.apply(lambda value: type(value).__name__))
pulumi.export("tags", task.all_tags)
pulumi.export("region", task.region)
"""
    )
    stack.up()
    outputs = stack.outputs()
    assert outputs["type"] == "int"
    assert outputs["region"] == "ap-guangzhou"
    assert outputs["tags"]["team"] == "nlp"
    assert outputs["tags"]["pulumi:resource"] == "t"


def test_a_running_task_is_stopped_and_deleted_on_destroy(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"})))')
    stack.up()
    stack.destroy()
    assert emulator.tasks() == []
    assert len(accepted(emulator, "StopTrainingTask")) == 1


def test_the_old_task_is_gone_before_the_new_one_is_made_under_replace(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **(B | dict(name="bert-fixed")))')
    stack.up()
    task = stack.resource("t")
    assert task
    stack.up("--replace", task["urn"])
    assert len(emulator.tasks()) == 1
    actions = [request["action"] for request in emulator.requests() if request["accepted"]]
    assert actions.count("CreateTrainingTask") == 2
    second_create = len(actions) - 1 - actions[::-1].index("CreateTrainingTask")
    assert actions.index("DeleteTrainingTask") < second_create


def test_delete_before_replace_cannot_be_turned_off(stack: Stack) -> None:
    stack.program('tione.TrainingTask("t", opts=pulumi.ResourceOptions(delete_before_replace=False), **B)')
    assert "two runs of one task would overlap" in stack.preview(fails=True)


def test_secrets_are_secrets_in_the_state(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
tione.TrainingTask("t", **(B | dict(
    private_envs={"TOKEN": "planted-1"},
    callback_url="https://user:planted-2@example.com",
    image_info={
        "image_type": "CUSTOM", "image_url": "registry.example.com/bert:1",
        "image_secret": {"username": "u", "password": "cGxhbnRlZC0z"},
    },
)))
"""
    )
    shown = stack.preview("--diff") + stack.up()
    (body,) = accepted(emulator, "CreateTrainingTask")
    assert body["Envs"][0]["IsPrivate"]
    for planted in ("planted-1", "planted-2", "cGxhbnRlZC0z"):
        assert planted not in shown + stack.exported()


def test_a_lost_answer_does_not_make_a_second_task(stack: Stack, emulator: Emulator) -> None:
    emulator.faults.add("CreateTrainingTask", connection="close")
    stack.program('task = tione.TrainingTask("t", **B)\npulumi.export("task", task.id)')
    stack.up()
    (task,) = emulator.tasks()
    assert stack.outputs()["task"] == task["Id"]


def test_looking_a_task_up_takes_no_charge_of_it(stack: Stack, emulator: Emulator) -> None:
    stack.program('task = tione.TrainingTask("t", **B)\npulumi.export("task", task.id)')
    stack.up()
    task_id = stack.outputs()["task"]
    stack.program(
        f"""
tione.TrainingTask("t", **B)
found = tione.TrainingTask.get("found", "{task_id}")
pulumi.export("name", found.name)
pulumi.export("nodes", found.resource_config_infos[0].instance_num)
"""
    )
    stack.up()
    (task,) = emulator.tasks()
    assert stack.outputs() == {"name": task["Name"], "nodes": 1}
    stack.program("")
    stack.up()
    assert emulator.tasks() == []


def test_a_value_next_to_the_known_ones_is_a_warning_on_the_tasks_own_row(stack: Stack) -> None:
    stack.program('tione.TrainingTask("t", **(B | dict(training_mode="DPP")))')
    own_row = stack.preview().partition("TrainingTask (t):")[2].partition("\n\n")[0]
    assert "training_mode: 'DPP' is not among the known values" in own_row
    assert "did you mean DDP?" in own_row
