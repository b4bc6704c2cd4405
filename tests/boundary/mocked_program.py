"""A program that does what `_pulumi/` is for in programs: it reads config, waits and exports, and has secrets, Outputs
and a parent. Its engine is a mock.

TASK_ID=train-1 python mocked_program.py
"""

from __future__ import annotations

import asyncio
import os
import warnings
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

import pulumi_tione as tione
from pulumi_tione._pulumi.exports import keep_exports

registered: dict[str, Any] = {}


class Engine(Mocks):
    """Keeps the inputs of the task."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi-python:dynamic/tione:TrainingTask":
            registered.update(args.inputs)
        return os.environ["TASK_ID"], {**args.inputs, "name": "bert", "region": "ap-guangzhou", "status": "RUNNING"}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {}, None


def main() -> Any:
    task = tione.TrainingTask(
        "bert",
        charge_type="POSTPAID_BY_HOUR",
        resource_config_infos=[{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1}],
        start_cmd_info={"worker_start_cmd": "sleep 5"},
        private_envs={"PASSWORD": "a password"},
        envs={"TOKEN": pulumi.Output.secret("a token"), "EPOCHS": pulumi.Output.from_input("3")},
        opts=pulumi.ResourceOptions(parent=pulumi.ComponentResource("acme:nlp:Group", "group")),
    )
    pulumi.export("id", task.id)
    task.status.apply(lambda status: print(f"recorded as {status}"))
    return task.wait_for("SUCCEED").id.apply(lambda task_id: print(f"waited for {task_id}"))


def run() -> None:
    warnings.simplefilter("ignore")
    pulumi.runtime.set_mocks(Engine(), project="nlp", stack="dev", organization="acme")
    to_its_end: Any = pulumi.runtime.test
    to_its_end(main)()
    asyncio.run(keep_exports())
    print(registered["owner"]["stack"], registered["chargeType"], "__provider" in registered)
    print(registered["owner"]["resource"], sorted(registered["envs"]["value"]))
    print("envs.TOKEN" in registered["secretInputs"], registered["secretInputs"] != ["envs.TOKEN"])


run()
