from __future__ import annotations
import pytest
from engine_support import Stack
from pulumi_tione.emulator import Emulator
pytestmark = pytest.mark.engine

def test_replace_on(stack: Stack, emulator: Emulator) -> None:
    p = 'tione.TrainingTask("t", opts=pulumi.ResourceOptions(replace_on_changes=["tags"]), **(B | dict(tags={"team": "%s"})))'
    stack.program(p % "a")
    stack.up()
    stack.program(p % "b")
    print(stack.planned())
    print(stack.preview())
    print(stack.preview("--diff"))
    print(stack.preview("--json"))

def test_ignore(stack: Stack, emulator: Emulator) -> None:
    for path in ("remark", "resource_config_infos[0].instance_num", "resourceConfigInfos[0].instanceNum", "envs.A"):
        pass
    p = '''
tione.TrainingTask("t", opts=pulumi.ResourceOptions(ignore_changes=%r), **(B | dict(remark=%r, resource_config_infos=[{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": %d}])))'''
    stack.program(p % (["remark", "resource_config_infos[0].instance_num"], "a", 1))
    stack.up()
    stack.program(p % (["remark", "resource_config_infos[0].instance_num"], "b", 2))
    print(stack.planned())
    print(stack.preview("--diff"))
    stack.program(p % (["remark", "resourceConfigInfos[0].instanceNum"], "b", 2))
    print(stack.planned())

def test_retain(stack: Stack, emulator: Emulator) -> None:
    p = 'tione.TrainingTask("t", opts=pulumi.ResourceOptions(retain_on_delete=True), **(B | dict(remark="%s")))'
    stack.program(p % "a")
    print(stack.up())
    stack.program(p % "b")
    print(stack.preview("--diff"))
    print(stack.up())
    print([t["Name"] for t in emulator.tasks()])
    stack.program(p % "a")
    print(stack.pulumi("up", "--yes", "--skip-preview", fails=True))
    stack.program(p % "b")
    print(stack.up())
    print([t["Name"] for t in emulator.tasks()])
