"""What the process of a node is given: the text of its command, its folders, its variables, and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.emulator import Caller, Emulator, Status
from pulumi_tione.emulator.running.roles import nodes_of
from pulumi_tione.emulator.tasks.task import Run, Task
from pulumi_tione.emulator.tasks.transitions import RunPlan

Create = Callable[..., str]
Reach = Callable[..., dict[str, Any]]
Printed = Callable[..., list[str]]
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Emulator:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "planted")
    monkeypatch.setenv("BASH_ENV", "/planted")
    emulator: Emulator = request.getfixturevalue("executing")
    return emulator


@pytest.fixture
def left(cos: Path, create: Create, reach: Reach, place: Make) -> Callable[..., list[Path]]:
    """What a command leaves as its output; each node in a folder of its own, if asked."""

    def left(command: str, **members: Any) -> list[Path]:
        commands = json.dumps({"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": command})
        encoded = {"StartCmdInfo": base64.b64encode(commands.encode()).decode()}
        task_id = create(EncodedStartCmdInfo=encoded, Output=place("out"), **members)
        reach(task_id, "SUCCEED")
        return sorted(path for path in (cos / "data-125" / "out" / task_id).rglob("*") if path.is_file())

    return left


TEXTS = [
    "echo \"both 'kinds'\"; echo $(id -u) `pwd` \\\\ \\n",
    "a\tb\r\nc\nd",
    "cat <<'END'\nin a here-document\nEND\n",
    "中文 ✓ 𝔘",
    "x" * 60_000 + "\n",
    base64.b64encode(b"echo hello").decode(),
    '{"StartCmd":"x"}',
    " leading and trailing \n\n",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_process_gets_exactly_the_text_of_the_command(left: Callable[..., list[Path]], text: str) -> None:
    """Case C21."""
    command = f"cat /proc/$$/cmdline > $TI_LOCAL_ROOT/opt/ml/output/data/command; exit\n{text}"
    [file] = left(command)
    assert file.read_bytes() == b"bash\0-c\0" + command.encode() + b"\0"


@pytest.mark.parametrize(
    ("command", "result"),
    [("true \0", "null byte"), ("x" * 200_000, "Argument list too long")],
)
def test_a_command_that_no_process_can_be_given_is_a_failure(
    create: Create, reach: Reach, command: str, result: str
) -> None:
    reason = reach(create(StartCmdInfo={"WorkerStartCmd": command}), "FAILED")["FailureReason"]
    assert "could not be started" in reason
    assert result in reason


VARIABLES = "env -0 > $TI_LOCAL_ROOT/opt/ml/output/data/$TI_INSTANCE_ID-${INDEX:-0}"
ALWAYS = {"PATH", "HOME", "LANG", "TI_TASK_ID", "TI_INSTANCE_ID", "REGION", "TI_LOCAL_ROOT"}
OF_BASH = {"PWD", "SHLVL", "_", "OLDPWD"}


def _variables(file: Path) -> dict[str, str]:
    variables = (entry.partition("=") for entry in file.read_text().split("\0") if entry)
    return {name: value for name, _, value in variables if name not in OF_BASH}


def test_a_process_has_the_variables_of_its_task_and_none_of_the_emulators(left: Callable[..., list[Path]]) -> None:
    envs = [
        {"Name": "EPOCHS", "Value": "3"},
        {"Name": "TOKEN", "Value": "secret 中文\n", "IsPrivate": True},
        {"Name": "EMPTY"},
        {"Name": "LANG", "Value": "zh_CN.UTF-8"},
        {"Name": "REGION", "Value": "mine"},
    ]
    [file] = left(VARIABLES, Envs=envs)
    result = _variables(file)
    assert set(result) == ALWAYS | {"EPOCHS", "TOKEN", "EMPTY"}
    assert (result["EPOCHS"], result["TOKEN"], result["EMPTY"]) == ("3", "secret 中文\n", "")
    assert (result["LANG"], result["REGION"]) == ("zh_CN.UTF-8", "ap-guangzhou")
    assert result["HOME"].startswith(result["TI_LOCAL_ROOT"])
    assert file.name == f"{result['TI_INSTANCE_ID']}-0"
    assert result["TI_INSTANCE_ID"].startswith(result["TI_TASK_ID"])


def test_a_process_has_no_open_file_of_the_emulators(left: Callable[..., list[Path]]) -> None:
    [file] = left("ls -l /proc/$$/fd > $TI_LOCAL_ROOT/opt/ml/output/data/files")
    files = {line.split()[-3]: line.split()[-1] for line in file.read_text().splitlines()[1:]}
    assert files.pop("0") == "/dev/null"
    assert set(files) == {"1", "2"}


def test_a_variable_that_cannot_be_is_a_failure(create: Create, reach: Reach) -> None:
    envs = [{"Name": "A", "Value": "x\0"}]
    result = reach(create(StartCmdInfo={"WorkerStartCmd": "true"}, Envs=envs), "FAILED")["FailureReason"]
    assert "could not be started" in result


def test_nodes_under_ddp_know_each_other(left: Callable[..., list[Path]], group: Make) -> None:
    nodes = [group(1), group(2) | {"InstanceType": "TI.GN10.5XLARGE80.POST"}]
    result = [_variables(file) for file in left(VARIABLES, TrainingMode="DDP", ResourceConfigInfos=nodes)]
    assert [(each["INDEX"], each["RANK"]) for each in result] == [("0", "0"), ("1", "1"), ("2", "2")]
    assert [each["GPU_NUM_PER_NODE"] for each in result] == ["0", "2", "2"]
    assert {(each["NODE_NUM"], each["WORLD_SIZE"]) for each in result} == {("3", "3")}
    assert {each["CHIEF_IP"] for each in result} == {each["MASTER_ADDR"] for each in result} == {"127.0.0.1"}
    [port] = {each["MASTER_PORT"] for each in result}
    assert 1024 <= int(port) < 65536
    assert len({each["TI_LOCAL_ROOT"] for each in result}) == len({each["HOME"] for each in result}) == 3
    known = {"INDEX", "RANK", "GPU_NUM_PER_NODE", "NODE_NUM", "WORLD_SIZE", "CHIEF_IP", "MASTER_ADDR", "MASTER_PORT"}
    assert set(result[0]) == ALWAYS | known


@pytest.mark.parametrize("mode", ["MPI", "HOROVOD"])
def test_the_first_node_under_mpi_knows_the_others(
    left: Callable[..., list[Path]], group: Make, call: Callable[..., Any], mode: str
) -> None:
    nodes = [group(2) | {"InstanceType": "TI.GN10.5XLARGE80.POST"}, group(1)]
    [file] = left(VARIABLES, TrainingMode=mode, ResourceConfigInfos=nodes)
    result = _variables(file)
    assert set(result) == ALWAYS | {"GPU_NUM", "NODE_IP_SLOT_LIST", "NODE_LIST"}
    assert result["GPU_NUM"] == "5"
    assert result["NODE_IP_SLOT_LIST"] == "127.0.0.1:2,127.0.0.1:2,127.0.0.1:1"
    assert result["NODE_LIST"] == "127.0.0.1,127.0.0.1,127.0.0.1"
    pods = call("DescribeTrainingTaskPods", {"Id": result["TI_TASK_ID"]})["PodInfoList"]
    assert [pod["Status"] for pod in pods] == ["SUCCEEDED"] * 3


def test_a_node_that_waits_shows_so(create: Create, reach: Reach, printed: Printed, group: Make) -> None:
    commands = {"WorkerStartCmd": "echo launched"}
    task_id = create(TrainingMode="MPI", ResourceConfigInfos=[group(2)], StartCmdInfo=commands)
    reach(task_id, "SUCCEED")
    assert printed(task_id, "master-0") == ["launched"]
    [line] = printed(task_id, "worker-0")
    assert "waits" in line


DIFFERENT = {"StartCmd": "start", "PsStartCmd": "serve", "WorkerStartCmd": "work"}


@pytest.mark.parametrize(
    ("mode", "roles", "commands", "expected", "deciding"),
    [
        ("DDP", ["WORKER", "WORKER"], DIFFERENT, ["work", "work"], [0, 1]),
        ("DDP", ["WORKER"], {"StartCmd": "start"}, ["start"], [0]),
        ("", ["WORKER"], {}, [""], [0]),
        ("PS_WORKER", ["PS", "WORKER", "WORKER"], DIFFERENT, ["work", "serve", "work"], [0, 2]),
        ("PS_WORKER", ["PS"], DIFFERENT, ["serve"], [0]),
        ("MPI", ["WORKER", "WORKER"], DIFFERENT, ["work", None], [0]),
        ("HOROVOD", ["WORKER", "WORKER"], DIFFERENT, ["work", None], [0]),
        ("SPARK", ["EXECUTOR", "DRIVER"], {"StartCmd": "start"}, ["start", None], [0]),
        ("RAY", ["HEAD", "WORKER", "WORKER"], {"WorkerStartCmd": "work"}, ["work", None, None], [0]),
        ("MINE", ["OTHER"], DIFFERENT, ["start"], [0]),
    ],
)
def test_a_role_has_its_command(
    group: Make,
    mode: str,
    roles: list[str],
    commands: dict[str, str],
    expected: list[str | None],
    deciding: list[int],
) -> None:
    """Case C19. The first node leads, whatever the order of the groups."""
    now = datetime.now(timezone.utc)
    groups = [group(1, role) for role in roles]
    body = {"TrainingMode": mode, "StartCmdInfo": commands, "ResourceConfigInfos": groups}
    task = Task("train-1", "ap-guangzhou", Caller(), body, now, now)
    nodes = nodes_of(task, Run("train-1-x", RunPlan(), [(Status.PENDING, now)]))
    assert [node.command for node in nodes] == expected
    assert [node.index for node in nodes if node.decides] == deciding


def test_a_container_has_the_folders_of_the_real_one(left: Callable[..., list[Path]]) -> None:
    parameters = "{abc,}"
    command = "find . -type d | sort > opt/ml/output/data/folders; cp opt/ml/input/config/*.json opt/ml/output/data"
    folders, received = left(f"cd $TI_LOCAL_ROOT; {command}", TuningParameters=parameters)
    expected = {"code", "input", "input/config", "input/data", "output", "output/data"}
    assert {f"./opt/ml/{folder}" for folder in expected} <= set(folders.read_text().splitlines())
    assert (received.name, received.read_text()) == ("hyperparameters.json", parameters)


def test_a_role_is_no_path(create: Create, reach: Reach, printed: Printed, group: Make, executing: Emulator) -> None:
    nodes = [group(1, "../../../../escaped")]
    task_id = create(ResourceConfigInfos=nodes, StartCmdInfo={"StartCmd": "echo here"})
    reach(task_id, "SUCCEED")
    assert printed(task_id) == ["here"]
    assert executing.execution is not None
    assert list(executing.execution.folder.parent.glob("escaped*")) == []
