"""The examples, each run as a user would."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_support import ROOT, Stack, StackOf
from local_tione import accepted

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine


@pytest.fixture
def example(stack_of: StackOf) -> Callable[..., Stack]:
    """Copy an example elsewhere and run it there."""

    def copied(name: str, **options: str) -> Stack:
        stack = stack_of(ROOT / "examples" / name, **options)
        (stack.workspace.project / ".venv").symlink_to(sys.prefix)  # which its user makes
        return stack

    return copied


@pytest.fixture
def network(example: Callable[..., Stack]) -> Stack:
    return example("network")


def test_the_quickstart_needs_no_other_package() -> None:
    program = (ROOT / "examples" / "quickstart" / "__main__.py").read_text(encoding="utf-8")
    imported = re.findall(r"^(?:import|from) (\w+)", program, re.MULTILINE)
    assert imported == ["pulumi", "pulumi_tione"]


@pytest.mark.long
def test_the_network_goes_from_nothing_to_nothing(network: Stack, emulator: Emulator) -> None:
    preview = network.preview("--diff")
    assert "warning" not in preview  # none of them would be explained
    assert re.search(r"vpcId +: \[unknown\]", preview)
    assert re.search(r'name +: "dev-bert-[0-9a-f]{8}"', preview)

    network.up()
    outputs = network.outputs()
    assert outputs["status"] == "SUCCEED"
    assert outputs["finished"]

    assert "5 unchanged" in network.up()
    assert "5 unchanged" in network.refresh()
    assert network.planned() == {}

    (body,) = accepted(emulator, "CreateTrainingTask")
    ids = {resource["type"]: resource.get("id") for resource in network.resources()}
    assert body["VpcId"] == ids["tencentcloud:Vpc/instance:Instance"]
    assert body["SubnetId"] == ids["tencentcloud:Subnet/instance:Instance"]
    assert body["CodePackagePath"]["Bucket"] == ids["tencentcloud:Cos/bucket:Bucket"]

    network.destroy()
    assert emulator.tasks() == []
    assert network.resources() == []


@pytest.mark.long
def test_a_changed_node_count_replaces_that_task_and_nothing_else(network: Stack, emulator: Emulator) -> None:
    network.up()
    (first,) = emulator.tasks()
    program = network.workspace.project / "__main__.py"
    program.write_text(
        program.read_text(encoding="utf-8").replace("instance_num=2", "instance_num=3"), encoding="utf-8"
    )

    assert network.planned() == {"bert": "replace"}

    network.up()
    (second,) = emulator.tasks()
    assert second["Id"] != first["Id"]
    assert second["ResourceConfigInfos"][0]["InstanceNum"] == 3


def test_the_seed_request_is_equal_to_the_vendors_example(example: Callable[..., Stack], emulator: Emulator) -> None:
    stack = example("seed_request")
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
    assert "warning" not in ran.stdout, "a count of warnings whose texts are shown nowhere"
    assert "CreateTrainingTask was accepted once" in ran.stdout
    record = ROOT / ".cache" / "demo" / "requests.jsonl"
    assert str(record.relative_to(ROOT)) in ran.stdout
    requests = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    (create,) = [r["body"] for r in requests if r["action"] == "CreateTrainingTask" and r["accepted"]]
    assert create["VpcId"].startswith("vpc-")
    assert create["SubnetId"].startswith("subnet-")
    assert create["Output"]["Bucket"] == "corpus-1250000000"


def statuses(emulator: Emulator) -> list[str]:
    return sorted(task["Status"] for task in emulator.tasks())


@pytest.mark.long
@pytest.mark.parametrize(
    ("mode", "roles"),
    [
        ("DDP", ["WORKER"]),
        ("MPI", ["WORKER"]),
        ("HOROVOD", ["WORKER"]),
        ("PS_WORKER", ["PS", "WORKER"]),
        ("SPARK", ["DRIVER", "EXECUTOR"]),
        ("RAY", ["HEAD", "WORKER"]),
    ],
)
def test_distributed_has_the_nodes_of_each_mode(
    example: Callable[..., Stack], emulator: Emulator, mode: str, roles: list[str]
) -> None:
    stack = example("distributed")
    stack.pulumi("config", "set", "mode", mode)
    stack.up()
    (task,) = emulator.tasks()
    assert [group["Role"] for group in task["ResourceConfigInfos"]] == roles
    assert stack.outputs()["status"] == "SUCCEED"
    assert stack.planned() == {}
    stack.destroy()
    assert emulator.tasks() == []


@pytest.mark.long
def test_distributed_really_runs_two_nodes(example: Callable[..., Stack], tmp_path: Path) -> None:
    bucket = tmp_path / "cos" / "corpus-1250000000"
    shutil.copytree(ROOT / "examples" / "distributed" / "code", bucket / "code")
    with Emulator(run=True, cos=tmp_path / "cos") as running:
        stack = example("distributed", endpoint=running.endpoint, **running.environment)
        shown = stack.up()
        (task,) = running.tasks()
        (result,) = bucket.glob(f"out/{task['Id']}/**/result.json")
        assert json.loads(result.read_text(encoding="utf-8")) == {"nodes": 2, "sum": 1}
        assert "SUCCEED" in shown
        stack.destroy()


@pytest.mark.long
def test_a_failing_step_of_the_pipeline_stops_the_steps_after_it(
    example: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = example("pipeline")
    stack.pulumi("config", "set", "train", "echo loss is NaN; exit 3")
    failed = stack.up(fails=True)
    assert "loss is NaN" in failed
    assert "ended FAILED" in failed
    assert statuses(emulator) == ["FAILED", "SUCCEED"]

    stack.pulumi("config", "rm", "train")
    stack.up()
    assert statuses(emulator) == ["SUCCEED", "SUCCEED", "SUCCEED"]
    assert stack.outputs()["report"] == "accuracy 0.93"
    creates = accepted(emulator, "CreateTrainingTask")
    assert len(creates) == 4  # the step that had succeeded was not run again
    stack.destroy()
    assert emulator.tasks() == []


@pytest.mark.long
@pytest.mark.parametrize("run", [True, False], ids=["executed", "simulated"])
def test_the_sweep_picks_the_best_combination(example: Callable[..., Stack], tmp_path: Path, run: bool) -> None:
    (tmp_path / "cos").mkdir()
    with Emulator(run=run, cos=tmp_path / "cos" if run else None) as running:
        stack = example("sweep", endpoint=running.endpoint, **running.environment)
        stack.up()
        outputs = stack.outputs()
        assert len(running.tasks()) == 4
        assert outputs["accuracies"] == {
            "lr0_1-bs16": 0.91,
            "lr0_1-bs32": 0.92,
            "lr0_01-bs16": 0.91,
            "lr0_01-bs32": 0.92,
        }
        assert outputs["best"] == "lr0_1-bs32"
        stack.destroy()
        assert running.tasks() == []


@pytest.mark.long
def test_the_secrets_of_the_custom_image_are_nowhere_in_plain_text(
    example: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = example("custom_image")
    stack.pulumi("config", "set", "--secret", "registryPassword", "hunter2-registry")
    stack.pulumi("config", "set", "--secret", "wandbKey", "hunter2-wandb")
    shown = stack.up() + stack.preview("--diff") + stack.exported()
    (body,) = accepted(emulator, "CreateTrainingTask")
    assert "hunter2" not in shown
    assert len(body["DataConfigs"]) == 2
    assert body["LogEnable"] is True
    stack.destroy()
    assert emulator.tasks() == []


@pytest.mark.long
def test_the_resource_group_with_a_free_card_is_used(example: Callable[..., Stack], emulator: Emulator) -> None:
    emulator.register("resource_group", "rsg-full0001", cpu=96000, memory=400000, gpu=50, gpu_type="V100", nodes=1)
    emulator.register("resource_group", "rsg-free0001", cpu=96000, memory=400000, gpu=800, gpu_type="V100", nodes=1)
    stack = example("resource_group")
    stack.up()
    (first,) = emulator.tasks()
    assert first["ChargeType"] == "PREPAID"
    assert stack.outputs()["group"] == "rsg-free0001"

    stack.pulumi("config", "set", "priority", "P1")
    stack.up()
    (second,) = emulator.tasks()
    assert second["Id"] == first["Id"]
    assert {"TagKey": "priority", "TagValue": "P1"} in second["Tags"]
    stack.destroy()


@pytest.mark.long
def test_finetune_shows_where_its_checkpoints_are(example: Callable[..., Stack], emulator: Emulator) -> None:
    stack = example("finetune")
    stack.up()
    (task,) = emulator.tasks()
    assert stack.outputs()["checkpoints"] == f"cos://corpus-1250000000/checkpoints/{task['Id']}/"
    assert stack.planned() == {}
    stack.destroy()
    assert emulator.tasks() == []


@pytest.mark.long
def test_changed_code_replaces_the_task_and_unchanged_code_does_not(
    example: Callable[..., Stack], emulator: Emulator
) -> None:
    stack = example("code_upload")
    stack.up()
    (first,) = emulator.tasks()
    assert stack.planned() == {}

    code = stack.workspace.project / "code" / "train.py"
    code.write_text(code.read_text(encoding="utf-8") + "print('more')\n", encoding="utf-8")
    assert stack.planned() == {"train.py": "replace", "train": "replace"}
    stack.up()
    (second,) = emulator.tasks()
    assert second["CodePackagePath"]["Paths"] != first["CodePackagePath"]["Paths"]
    stack.destroy()
    assert emulator.tasks() == []


@pytest.mark.long
def test_the_component_and_its_own_tests_work(
    example: Callable[..., Stack], emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = example("component")
    stack.up()
    assert len(emulator.tasks()) == 1
    stack.destroy()
    for file, passed in (("test_declaration.py", 3), ("test_deployment.py", 1)):
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file],
            cwd=stack.workspace.project,
            env=stack.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert f"{passed} passed" in ran.stdout


def test_every_example_has_a_readme_and_a_project_and_is_in_the_list() -> None:
    index = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    folders = [folder for folder in (ROOT / "examples").iterdir() if folder.is_dir() and folder.name != "__pycache__"]
    for folder in folders:
        assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {folder.name}\n")
        assert f"]({folder.name}/README.md)" in index


@pytest.mark.parametrize(
    "project", sorted((ROOT / "examples").glob("*/Pulumi.yaml")), ids=lambda file: file.parent.name
)
def test_every_example_lists_the_packages_that_it_needs(project: Path) -> None:
    requirements = (project.parent / "requirements.txt").read_text(encoding="utf-8")
    imported = {
        name
        for file in project.parent.glob("*.py")
        for name in re.findall(r"^(?:import|from) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        if name not in sys.stdlib_module_names and not (project.parent / f"{name}.py").exists()
    }
    listed = {re.split(r"[^\w-]", line)[0].replace("-", "_") for line in requirements.splitlines()}
    assert imported - listed == set()
