"""The vendor's own kit, unmodified: all its calls about training tasks, as its documentation shows them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Json = dict[str, Any]
Kit = Callable[..., Any]

pytestmark = pytest.mark.long

DRIVER = Path(__file__).with_name("tikit_driver.py")


@pytest.fixture
def emulator(conforming: Callable[[Emulator], Emulator]) -> Iterator[Emulator]:
    with conforming(Emulator(manual_clock=True, requests_a_second=None, tls=True)) as emulator:
        yield emulator


@pytest.fixture
def kit(tikit_folder: Path, emulator: Emulator, tmp_path: Path) -> Iterator[Kit]:
    """Calls a method of the kit's client, in one process for the whole test; the kit trusts a copy of its certifi."""
    [certifi] = tikit_folder.glob("lib/python*/site-packages/certifi")
    bundle = Path(shutil.copytree(certifi, tmp_path / "trusting" / "certifi"), "cacert.pem")
    assert emulator.ca_file is not None
    bundle.write_bytes(bundle.read_bytes() + emulator.ca_file.read_bytes())
    own = {"HOME": str(tmp_path), "PATH": os.defpath, "PYTHONPATH": str(bundle.parents[1]), "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        [str(tikit_folder / "bin" / "python"), str(DRIVER)],
        env={**own, **emulator.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def call(method: str, *arguments: Any, **keywords: Any) -> Any:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([method, arguments, keywords]) + "\n")
            process.stdin.flush()
            result = json.loads(process.stdout.readline())
            return result["error"] if "error" in result else result["answer"]

        yield call
        process.stdin.close()


def new(kind: str, method: str, *arguments: Any) -> Json:
    """What one of the kit's static methods makes."""
    return {"new": [kind, method, *arguments]}


POSTPAID = new("ResourceConfigInfo", "new_postpaid", "TI.S.MEDIUM.POST", 1)
PYTORCH = new("FrameworkInfo", "new_system_framework", "PYTORCH", "torch2.1-py3.10-cuda12.1-gpu", "DDP")
TENSORFLOW = new("FrameworkInfo", "new_system_framework", "TENSORFLOW", "tf2.4-py3.8-cpu", "PS_WORKER")
SPARK = new("FrameworkInfo", "new_system_framework", "SPARK", "spark2.4-cpu", "SPARK")
RAY = new("FrameworkInfo", "new_custom", "RAY", "CCR", "ccr.example.com/a:1")
PRIVATE = new("FrameworkInfo", "new_custom", "DDP", "CUSTOM", "registry.example.com/a:1", None, None, "user", "planted")
MOUNTS = [
    new("TrainingDataConfig", "new_mount_cos", "corpus-1250000000/data/", "/cos"),
    new("TrainingDataConfig", "new_mount_cosfs", "corpus-1250000000/data/", "/cosfs"),
    new("TrainingDataConfig", "new_dataset_mount", "ds-1", "/dataset"),
    new("TrainingDataConfig", "new_mount_cfs", "cfs-1", "/", "/cfs"),
    new("TrainingDataConfig", "new_mount_cfs_turbofs", "cfs-2", "/", "/turbo"),
    new("TrainingDataConfig", "new_mount_hdfs", "emr-1", "/", "/hdfs"),
    new("TrainingDataConfig", "new_mount_wedata_hdfs", 5, "/a"),
    new("TrainingDataConfig", "new_algo_model", "algo-1", "group", "/model"),
    new("TrainingDataConfig", "new_ai_market_algo", "algo-2", "/market"),
    new("TrainingDataConfig", "new_mount_goosefs", "goose-1", "/", "space", "/goose"),
]


@pytest.mark.parametrize(
    ("framework", "more"),
    [
        (PYTORCH, {"worker_resource": POSTPAID}),
        (TENSORFLOW, {"worker_resource": POSTPAID, "ps_resource": POSTPAID, "ps_start_cmd": "true"}),
        (SPARK, {"worker_resource": POSTPAID}),
        (RAY, {"worker_resource": POSTPAID, "head_resource": POSTPAID, "worker_resource_group": [POSTPAID]}),
        (PRIVATE, {"worker_resource": POSTPAID}),
        (
            PYTORCH,
            {
                "worker_resource": new("ResourceConfigInfo", "new_prepaid", 4, 8, 1, "T4", 2),
                "resource_group_id": "rsg-1",
                "enable_rdma": True,
            },
        ),
    ],
    ids=["PYTORCH", "PS_WORKER", "SPARK", "RAY", "a private registry", "a resource group"],
)
def test_the_kit_creates_a_task(kit: Kit, emulator: Emulator, framework: Json, more: Json) -> None:
    created = kit("create_training_task", "bert", framework, worker_start_cmd="sleep 5", **more)
    [task] = emulator.tasks()
    assert task["Id"] == created["Id"]
    commands = task["StartCmdInfo"]
    assert "sleep 5" in (commands["WorkerStartCmd"], commands["StartCmd"])


def test_the_kit_sends_all_that_a_task_may_have(kit: Kit, emulator: Emulator) -> None:
    created = kit(
        "create_training_task",
        "bert",
        PYTORCH,
        "corpus-1250000000/out/",
        POSTPAID,
        "corpus-1250000000/code/",
        input_data_config=MOUNTS,
        worker_start_cmd="echo one; echo two; echo three",
        tuning_parameters_dict={"epochs": 3},
        remark="by the kit",
        log_enable=True,
        log_logset_id="set-1",
        log_topic_id="topic-1",
        vpc_id="vpc-1",
        sub_net_id="subnet-1",
        restart_limit=10,
    )
    assert created["Id"].startswith("train-"), created
    detail = kit("describe_training_task", created["Id"])["TrainingTaskDetail"]
    assert (detail["Name"], detail["Remark"], len(detail["DataConfigs"])) == ("bert", "by the kit", len(MOUNTS))
    assert "DataConfigs.6.WeDataHDFSSource" in emulator.requests()[0]["undocumented"]


def test_the_kit_takes_a_task_through_its_life(kit: Kit, emulator: Emulator) -> None:
    task_id = kit("create_training_task", "bert", PYTORCH, None, POSTPAID, worker_start_cmd="sleep 60")["Id"]
    emulator.advance(10)
    assert kit("describe_training_task", task_id)["TrainingTaskDetail"]["Status"] == "RUNNING"
    listed = kit("describe_training_tasks", [{"Name": "Name", "Values": ["bert"]}])
    assert [task["Id"] for task in listed["TrainingTaskSet"]] == [task_id]
    assert kit("describe_training_task_pods", task_id)["TotalCount"] == 1
    assert kit("stop_training_task", task_id)["RequestId"]
    emulator.advance(10)
    assert kit("delete_training_task", task_id)["RequestId"]
    assert kit("describe_training_task", task_id)["code"] == "ResourceNotFound"


def test_the_kit_reads_logs_to_their_end(kit: Kit, emulator: Emulator, tmp_path: Path) -> None:
    emulator.plan_runs(output=[(number / 1000, f"line {number}") for number in range(2500)])
    task_id = kit("create_training_task", "bert", PYTORCH, None, POSTPAID, worker_start_cmd="python a.py")["Id"]
    emulator.advance(60)
    lines = [f"line {number}" for number in range(2500)]
    assert kit("describe_train_logs", f"{task_id}*", order="ASC", limit=700, follow=True) == lines
    kit("save_log", str(tmp_path / "saved"), service="TRAIN", id=task_id)
    [saved] = (tmp_path / "saved").rglob("*.log")
    assert [line.partition(" ")[2] for line in saved.read_text().splitlines()] == lines


def test_the_kit_asks_what_there_is(kit: Kit, emulator: Emulator) -> None:
    emulator.register("resource_group", "rsg-1", name="group", cpu=1000, memory=1024)
    assert len(kit("describe_training_frameworks")["FrameworkInfos"]) > 1
    specs = kit("describe_postpaid_training_price")["Specs"]
    # The kit matches prices and specs by position, which nothing documents: here only the prices as a whole are right.
    assert "TI.S.MEDIUM.POST" in {spec["SpecName"] for spec in specs}
    assert "0.7" in {spec["SpecId"] for spec in specs}
    for method in ("describe_resource_groups", "describe_train_resource_groups"):
        assert kit(method)["TotalCount"] == 1


def test_what_the_kits_documentation_gets_wrong_is_refused(kit: Kit) -> None:
    """It shows a filter by TaskStatus, which the service has not, and tags by `TagValue`."""
    assert kit("describe_training_tasks", [{"Name": "TaskStatus", "Values": ["Running"]}])["code"] == "InvalidParameter"
    wrong = [{"TagKey": "TagKeyA", "TagValue": ["TagValueA"]}]
    assert kit("describe_training_tasks", None, wrong)["code"] == "UnknownParameter"
