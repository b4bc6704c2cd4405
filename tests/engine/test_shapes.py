"""Tasks of every kind in one program: made as they are meant, and not a trace of drift afterwards.

Every shape that the schema allows is in `tests/boundary/test_shapes.py`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.long]

MPIRUN = "mpirun -np $GPU_NUM -H $NODE_IP_SLOT_LIST python3 train.py"
TASKS: dict[str, dict[str, Any]] = {
    "ps": {
        "framework_name": "TENSORFLOW",
        "training_mode": "PS_WORKER",
        "start_cmd_info": {"ps_start_cmd": "python ps.py", "worker_start_cmd": "python worker.py"},
        "resource_config_infos": [
            {"role": "PS", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1},
            {"role": "WORKER", "instance_type": "TI.S.LARGE.POST", "instance_num": 2},
        ],
    },
    "mpi": {"training_mode": "MPI", "start_cmd_info": {"start_cmd": MPIRUN}},
    "spark": {
        "framework_name": "PYSPARK",
        "training_mode": "SPARK",
        "start_cmd_info": {"start_cmd": "spark-submit job.py"},
        "resource_config_infos": [
            {"role": role, "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1} for role in ("DRIVER", "EXECUTOR")
        ],
    },
    "ray": {
        "training_mode": "RAY",
        "framework_environment": "ray2.9-py3.10",
        "resource_config_infos": [
            {"role": "HEAD", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1},
            {"role": "WORKER", "instance_type": "TI.S.LARGE.POST", "instance_num": 2},
            {"role": "WORKER", "instance_type": "TI.GN10.2XLARGE40.POST", "instance_num": 1},
        ],
    },
    "mounts": {
        "data_configs": [
            {"mapping_path": "/a", "data_source_type": "CFS", "cfs_source": {"id": "cfs-1", "path": "/"}},
            {"mapping_path": "/b", "data_source_type": "CFS", "cfs_source": {"id": "cfs-1", "path": "/sub"}},
            *({"mapping_path": f"/h{i}", "hdfs_source": {"id": "emr-demo0001", "path": "/"}} for i in range(3)),
            *({"mapping_path": f"/d{i}", "data_set_source": {"id": "dataset-1"}} for i in range(2)),
            {
                "mapping_path": "/c",
                "cos_source": {"bucket": "corpus-1250000000", "region": "ap-beijing", "paths": [""]},
            },
        ]
    },
    "group": {
        "charge_type": "PREPAID",
        "resource_group_id": "rsg-demo0001",
        "resource_config_infos": [
            {"role": "WORKER", "cpu": 1000, "memory": 1024, "gpu": 0, "gpu_type": "V100", "instance_num": 1}
        ],
    },
    "image": {
        "framework_name": "",
        "framework_environment": "",
        "image_info": {
            "image_type": "CCR",
            "image_url": "ccr.ccs.tencentyun.com/nlp/bert:1",
            "registry_region": "ap-beijing",
        },
    },
    "empties": {"remark": "", "queues": [], "code_repos": [], "tags": {}, "envs": {}, "train_tool_config": {}},
    "set": {
        "log_enable": False,
        "train_tool_config": {"enable_hang_monitor": False, "hang_monitor_nodes": ["master-0"]},
        "resource_supply_attribute": {"supply_type": "SPOT"},
        "expose_network_config": {"ssh_config": {"enable": True, "port": 22}},
        "additional_parameters": {"SchedulePolicy": {"BackOffLimit": 3}},
        "tuning_parameters": "not JSON",
    },
    "secret": {"private_envs": {"TOKEN": "planted"}, "envs": {"A": "1"}, "callback_url": "https://u:p@example.com/x"},
    "elsewhere": {"region": "ap-beijing", "tags": {"team": "nlp"}},
    "zero": {
        "resource_config_infos": [
            {"role": "WORKER", "instance_type": "TI.GN10.2XLARGE40.POST", "instance_num": 1, "gpu": 0, "gpu_type": ""}
        ],
    },
}
COMMANDS = {
    "quotes": "python train.py --name \"bert\" --note 'it''s'",
    "shell": "echo $(id) `id` $HOME ${X:-y} \\ \\n %s",
    "blanks": "a\tb\r\nc\nd\r",
    "document": "cat <<'EOF'\nx\nEOF\n",
    "unicode": "中文 ✓ 𝔘",
    "newline": "sleep 1\n",
    "long": "#!/bin/bash\n" + "echo a line of a long script\n" * 2200,
    "base64": "c2xlZXAgMTA=",
    "json": '{"StartCmd":"x"}',
    "blank": " ",
}
PROGRAM = """
for name, fields in {tasks!r}.items():
    tione.TrainingTask(name, **(B | fields))
for name, command in {commands!r}.items():
    tione.TrainingTask(f"cmd-{{name}}", **(B | dict(start_cmd_info={{"worker_start_cmd": command}})))
"""


def commands_in(body: Mapping[str, Any]) -> dict[str, Any]:
    encoded = body["EncodedStartCmdInfo"]["StartCmdInfo"]
    return dict(json.loads(base64.b64decode(encoded, validate=True).decode("utf-8")))


def test_tasks_of_every_kind_are_made_as_meant_and_stay_unchanged(stack: Stack, emulator: Emulator) -> None:
    emulator.plan_runs(
        change={"NewThing": {"A": 1}},
        system_tags={"tencentcloud:autoscaling:auto-scaling-group-id": "asg-1"},
    )
    stack.program(PROGRAM.format(tasks=TASKS, commands=COMMANDS))
    stack.up()

    bodies = {str(body["Name"]): body for body in accepted(emulator, "CreateTrainingTask")}
    sent = {name: next(bodies[key] for key in bodies if key.startswith(f"dev-{name}-")) for name in TASKS}
    assert len(bodies) == len(TASKS) + len(COMMANDS)
    assert commands_in(sent["ps"]) == {
        "StartCmd": "",
        "PsStartCmd": "python ps.py",
        "WorkerStartCmd": "python worker.py",
    }
    assert commands_in(sent["mpi"])["StartCmd"] == MPIRUN
    assert [node["Role"] for node in sent["ray"]["ResourceConfigInfos"]] == ["HEAD", "WORKER", "WORKER"]
    assert [mount["MappingPath"] for mount in sent["mounts"]["DataConfigs"]] == [
        *("/a", "/b"),
        *("/h0", "/h1", "/h2"),
        *("/d0", "/d1"),
        "/c",
    ]
    assert "DataSource" not in sent["mounts"]
    for name, command in COMMANDS.items():
        (body,) = (bodies[key] for key in bodies if key.startswith(f"dev-cmd-{name}-"))
        assert commands_in(body) == {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": command}
    reported = {task["Name"]: task["StartCmdInfo"]["WorkerStartCmd"] for task in emulator.tasks()}
    assert reported[next(name for name in reported if name.startswith("dev-cmd-long-"))] == COMMANDS["long"]

    for task in emulator.tasks():  # the service may list groups and mounts of a task in another order
        groups = {member: task[member][::-1] for member in ("ResourceConfigInfos", "DataConfigs")}
        emulator.plan_runs(str(task["Id"]), change=groups)
    unchanged = f"{len(bodies) + 1} unchanged"
    assert unchanged in stack.refresh()
    assert stack.planned() == {}
    assert unchanged in stack.up()

    stack.destroy()
    assert emulator.tasks() == []


def test_a_change_of_tags_leaves_those_of_the_system_alone(stack: Stack, emulator: Emulator) -> None:
    system = {"tencentcloud:autoscaling:auto-scaling-group-id": "asg-1"}
    emulator.plan_runs(system_tags=system)
    program = 'tione.TrainingTask("t", **(B | dict(tags={"team": "%s"})))'
    stack.program(program % "nlp")
    stack.up()
    stack.refresh()
    stack.program(program % "cv")
    stack.up()
    assert [body["Tags"] for body in accepted(emulator, "TagResources")] == [[{"TagKey": "team", "TagValue": "cv"}]]
    assert accepted(emulator, "UnTagResources") == []
    tags = {tag["TagKey"]: tag["TagValue"] for tag in emulator.tasks()[0]["Tags"]}
    assert tags["team"] == "cv"
    assert tags.items() >= system.items()
    assert "qcs:tag:createdBy" in tags


def test_a_changed_group_of_several_with_one_role_shows_at_that_group(stack: Stack, emulator: Emulator) -> None:
    program = 'tione.TrainingTask("ray", **(B | %r))'
    stack.program(program % TASKS["ray"])
    stack.up()
    groups = [*TASKS["ray"]["resource_config_infos"]]
    groups[2] = {**groups[2], "instance_num": 4}
    stack.program(program % {**TASKS["ray"], "resource_config_infos": groups})
    assert stack.planned() == {"ray": "replace"}
    shown = stack.preview("--diff").partition("resourceConfigInfos")[2]
    assert "[2]" in shown
    assert "instanceNum: 1 => 4" in shown
    assert "[1]" not in shown
    stack.up()
    assert [node["InstanceNum"] for node in emulator.tasks()[0]["ResourceConfigInfos"]] == [1, 2, 4]


def test_what_cannot_be_mounted_is_shown_at_its_path(stack: Stack, emulator: Emulator) -> None:
    mounts = [{"mapping_path": f"/data/{index}", "hdfs_source": {"id": 123456, "path": "/"}} for index in range(11)]
    stack.program(f'tione.TrainingTask("t", **(B | dict(data_configs={mounts})))')
    shown = stack.preview(fails=True).partition("Diagnostics:")[2]
    assert "data_configs: must have at most 10 elements, got 11" in shown
    assert "data_configs[0].hdfs_source.id: must be text, got a number" in shown
    assert emulator.requests() == []
