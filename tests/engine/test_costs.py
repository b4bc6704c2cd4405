"""Prices, limits and lookups in `pulumi preview` and `up`, with the real engine.

Each rule is in `tests/unit/test_costs.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

TASKS = """
def nodes(count, spec="TI.GN10.2XLARGE40.POST"):
    return [{{"role": "WORKER", "instance_type": spec, "instance_num": count}}]

F = {{**B, "start_cmd_info": {{"worker_start_cmd": "sleep 36000"}}}}
for name, changed in ({tasks}):
    tione.TrainingTask(name, **{{**F, **changed}})
"""


def nodes(**counts: int) -> str:
    """Return a program with tasks, each with its number of GPU nodes."""
    tasks = ", ".join(f'("{name}", dict(resource_config_infos=nodes({count})))' for name, count in counts.items())
    return TASKS.format(tasks=tasks + ",")


def configure(stack: Stack, **settings: str) -> None:
    for name, value in settings.items():
        stack.pulumi("config", "set", f"tione:{name}", value)


def lines(shown: str) -> dict[str, str]:
    """Return the first message of each task in the diagnostics."""
    found: dict[str, str] = {}
    name = ""
    for line in shown.partition("Diagnostics:")[2].partition("Resources:")[0].splitlines():
        if line.startswith("  pulumi"):
            name = line.partition("(")[2].partition(")")[0]
        elif line.strip():
            found.setdefault(name, line.strip())
    return found


def asked(emulator: Emulator) -> list[tuple[str, int]]:
    """Return the specs and counts that prices were asked for since the last time."""
    units: list[dict[str, Any]] = []
    for request in emulator.requests():
        if request["action"] == "DescribeBillingSpecsPrice":
            units += request["body"]["SpecsParam"]
    emulator.forget_requests()
    return sorted((unit["SpecName"], unit["SpecCount"]) for unit in units)


def test_a_preview_shows_what_each_change_costs_and_a_plan_with_it_is_carried_out(
    stack: Stack, emulator: Emulator
) -> None:
    configure(stack, estimateCost="true")
    emulator.set(discount=0.5)
    stack.program(nodes(bert=2, old=1, same=1))
    shown = stack.preview("--save-plan", "plan.json")
    assert lines(shown) == {
        "bert": "¥21.00 an hour (list price ¥42.00)",
        "old": "¥10.50 an hour (list price ¥21.00)",
        "same": "¥10.50 an hour (list price ¥21.00)",
    }
    assert "TrainingTask bert create ¥21.00 an hour" in shown
    assert asked(emulator) == [("TI.GN10.2XLARGE40.POST", 1), ("TI.GN10.2XLARGE40.POST", 2)]
    stack.up("--plan", "plan.json")
    assert "¥" not in stack.exported()

    emulator.set(discount=1)
    (old,) = (task["Id"] for task in emulator.tasks() if "old" in task["Name"])
    emulator.platform_stop(old)
    asked(emulator)
    stack.program(nodes(bert=4, old=2, same=1, new=3))
    assert lines(stack.preview()) == {
        "bert": "¥42.00 → ¥84.00 an hour",
        "old": "¥0.00 → ¥42.00 an hour",
        "new": "¥63.00 an hour",
    }
    assert asked(emulator) == [("TI.GN10.2XLARGE40.POST", count) for count in (1, 2, 3, 4)]


def test_without_permission_a_preview_shows_that_prices_are_unknown_and_goes_on(
    stack: Stack, emulator: Emulator
) -> None:
    for action in ("DescribeBillingSpecs", "DescribeBillingSpecsPrice", "DescribeTrainingTasks"):
        emulator.faults.add(action, code="AuthFailure.UnauthorizedOperation", times=None)
    configure(stack, estimateCost="true", maxHourlyCost="1")
    stack.program(nodes(bert=2))
    line = lines(shown := stack.preview())["bert"]
    assert line == (
        "price unknown: 2 × TI.GN10.2XLARGE40.POST: these credentials are not allowed to request it "
        "(AuthFailure.UnauthorizedOperation)"
    )
    assert "warning: resource_config_infos: price unknown" in shown
    configure(stack, unknownPrice="refuse")
    assert "tione:unknownPrice is refuse" in stack.preview(fails=True)


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("maxHourlyCost", "41.99", "resource_config_infos: the task would cost ¥42.00 an hour"),
        (
            "allowedInstanceTypes",
            "TI.S.*",
            "resource_config_infos[0].instance_type: 'TI.GN10.2XLARGE40.POST' is not an",
        ),
        ("maxHourlyCost", "forty", "tione:maxHourlyCost is 'forty'. Set it to an amount an hour"),
    ],
)
def test_what_a_limit_refuses_in_the_preview_an_update_refuses_too(
    stack: Stack, emulator: Emulator, setting: str, value: str, reason: str
) -> None:
    configure(stack, **{setting: value})
    stack.program(nodes(bert=2))
    for shown in (stack.preview(fails=True), stack.up(fails=True)):
        assert f"resource 'bert' has a problem: {reason}" in shown
        assert "Traceback" not in shown
    assert accepted(emulator, "CreateTrainingTask") == []


def test_limits_that_are_set_later_keep_nobody_from_refreshing_destroying_or_changing_other_tasks(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program(nodes(bert=2, eval=1))
    stack.up()
    configure(stack, maxHourlyCost="1", maxStackHourlyCost="1", allowedInstanceTypes="TI.S.MEDIUM.POST")
    stack.refresh()
    stack.program(
        nodes(bert=2, eval=1).replace(
            "dict(resource_config_infos=nodes(1))", "dict(resource_config_infos=nodes(1), tags={'a': 'b'})"
        )
    )
    stack.preview("--refresh")
    stack.up()
    stack.program(nodes(bert=3, eval=1))
    assert "resource 'bert' has a problem: resource_config_infos: the task would cost ¥63.00" in stack.up(fails=True)
    assert len(emulator.tasks()) == 2
    stack.destroy()
    assert emulator.tasks() == []


def test_the_limit_of_a_stack_names_the_task_that_crosses_it_the_sum_and_the_largest(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program(nodes(bert=2, old=1))
    stack.up()
    configure(stack, maxStackHourlyCost="84")
    stack.program(nodes(bert=3, old=1))
    stack.preview()
    stack.program(nodes(bert=4, old=1))
    shown = stack.preview(fails=True)
    assert "tasks of the stack would cost ¥105.00 an hour, more than tione:maxStackHourlyCost allows (¥84.00)" in shown
    assert "The largest: bert ¥84.00, old ¥21.00." in shown
    (old,) = (task["Id"] for task in emulator.tasks() if "old" in task["Name"])
    emulator.platform_stop(old)
    stack.preview()


def test_all_prices_of_a_program_are_asked_for_together(stack: Stack, emulator: Emulator) -> None:
    configure(stack, estimateCost="true", maxStackHourlyCost="100000")
    stack.program(nodes(**{f"task{number}": 1 + number % 8 for number in range(24)}))
    shown = stack.preview()
    assert len(lines(shown)) == 24
    calls = [request for request in emulator.requests() if request["action"] == "DescribeBillingSpecsPrice"]
    assert len(calls) <= 2
    assert asked(emulator) == [("TI.GN10.2XLARGE40.POST", count) for count in range(1, 9)]


def test_what_new_tasks_name_is_looked_up_if_the_setting_requests_it(stack: Stack, emulator: Emulator) -> None:
    program = """
for name in ("a", "b"):
    tione.TrainingTask(name, **{**B, "training_mode": "SPARK", "vpc_id": "vpc-1", "subnet_id": "subnet-1"})
"""
    emulator.register("subnet", "subnet-1", vpc="vpc-2")
    stack.program(program)
    stack.preview()
    assert emulator.requests() == []
    configure(stack, validate="true")
    shown = stack.preview(fails=True)
    assert (
        "training_mode: 'SPARK' is not a training mode of PYTORCH that the service lists; it lists DDP, MPI," in shown
    )
    assert "subnet_id: 'subnet-1' belongs to the VPC vpc-2, not to vpc-1" in shown
    stack.up(fails=True)
    assert emulator.tasks() == []
    stack.program(program.replace("SPARK", "DDP").replace("vpc-1", "vpc-2"))
    emulator.faults.add("DescribeTrainingFrameworks", code="AuthFailure.UnauthorizedOperation", times=None)
    emulator.forget_requests()
    assert stack.preview().partition("Diagnostics:")[2].count("tione:validate could not check frameworks") == 1
    assert sorted(request["action"] for request in emulator.requests()) == [
        "DescribeBillingSpecs",
        "DescribeSubnets",
        "DescribeTrainingFrameworks",
    ]
    stack.up()
    emulator.set(sold_out=["TI.S.MEDIUM.POST"])
    stack.up("--refresh")
    stack.destroy()


def test_a_running_task_that_comes_after_the_new_ones_may_cross_the_line(stack: Stack, emulator: Emulator) -> None:
    program = """
F = {**B, "start_cmd_info": {"worker_start_cmd": "sleep 36000"}}
GPU = [{"role": "WORKER", "instance_type": "TI.GN10.2XLARGE40.POST", "instance_num": 2}]
"""
    new = 'new = tione.TrainingTask("new", **{**F, "resource_config_infos": GPU})\n'
    after = "opts=pulumi.ResourceOptions(depends_on=new)"
    old = f'tione.TrainingTask("old", **{{**F, "resource_config_infos": GPU}}, {after})'
    stack.program(f"{program}new = []\n{old}")
    stack.up()
    configure(stack, maxStackHourlyCost="80")
    stack.program(f"{program}{new}{old}")
    shown = stack.preview(fails=True)
    assert "with old (¥42.00 an hour) the tasks of the stack would cost ¥84.00 an hour, more than" in shown
    assert "Counted so far: ¥42.00 for 1 task. The largest: new ¥42.00, old ¥42.00." in shown
    assert "Traceback" not in shown
    configure(stack, maxStackHourlyCost="84")
    stack.preview()
