"""The examples, each run as a user would."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from engine_support import ROOT, Stack, StackOf
from local_tione import accepted

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine


@pytest.fixture
def quickstart(tmp_path: Path, stack_of: StackOf) -> Stack:
    files = tmp_path / "quickstart"
    (files / "examples").mkdir(parents=True)
    shutil.copy(ROOT / "Pulumi.yaml", files)
    shutil.copytree(ROOT / "examples" / "quickstart", files / "examples" / "quickstart")
    return stack_of(files)


@pytest.mark.long
def test_the_quickstart_goes_from_nothing_to_nothing(quickstart: Stack, emulator: Emulator) -> None:
    preview = quickstart.preview("--diff")
    assert "warning" not in preview  # none of them would be explained
    assert re.search(r"vpcId +: \[unknown\]", preview)
    assert re.search(r'name +: "dev-bert-[0-9a-f]{8}"', preview)

    quickstart.up()
    outputs = quickstart.outputs()
    assert outputs["status"] == "SUCCEED"
    assert outputs["finished"]

    assert "5 unchanged" in quickstart.up()
    assert "5 unchanged" in quickstart.refresh()
    assert quickstart.planned() == {}

    (body,) = accepted(emulator, "CreateTrainingTask")
    ids = {resource["type"]: resource.get("id") for resource in quickstart.resources()}
    assert body["VpcId"] == ids["tencentcloud:Vpc/instance:Instance"]
    assert body["SubnetId"] == ids["tencentcloud:Subnet/instance:Instance"]
    assert body["CodePackagePath"]["Bucket"] == ids["tencentcloud:Cos/bucket:Bucket"]

    quickstart.destroy()
    assert emulator.tasks() == []
    assert quickstart.resources() == []


@pytest.mark.long
def test_a_changed_node_count_replaces_that_task_and_nothing_else(quickstart: Stack, emulator: Emulator) -> None:
    quickstart.up()
    (first,) = emulator.tasks()
    program = quickstart.workspace.project / "examples" / "quickstart" / "__main__.py"
    program.write_text(
        program.read_text(encoding="utf-8").replace("instance_num=2", "instance_num=3"), encoding="utf-8"
    )

    assert quickstart.planned() == {"bert": "replace"}

    quickstart.up()
    (second,) = emulator.tasks()
    assert second["Id"] != first["Id"]
    assert second["ResourceConfigInfos"][0]["InstanceNum"] == 3


def test_the_seed_request_is_equal_to_the_vendors_example(stack_of: StackOf, emulator: Emulator) -> None:
    stack = stack_of(ROOT / "examples" / "seed_request")
    stack.pulumi("config", "set", "tione:labels", "false")
    stack.up()
    (body,) = accepted(emulator, "CreateTrainingTask")
    assert body == json.loads((Path(__file__).parent / "seed_request.json").read_text(encoding="utf-8"))
    assert "2 unchanged" in stack.up()
    assert "2 unchanged" in stack.refresh()


def test_the_demo_leaves_the_record_of_one_task(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "demo" / "run.py")], stdout=subprocess.PIPE, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"task +train-\d+", ran.stdout)
    assert "RUNNING" in ran.stdout
    assert "SUCCEED" in ran.stdout
    record = ROOT / ".cache" / "demo" / "requests.jsonl"
    assert str(record.relative_to(ROOT)) in ran.stdout
    requests = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    (create,) = [r["body"] for r in requests if r["action"] == "CreateTrainingTask" and r["accepted"]]
    assert create["VpcId"].startswith("vpc-")
    assert create["SubnetId"].startswith("subnet-")
    assert create["Output"]["Bucket"] == "corpus-1250000000"
