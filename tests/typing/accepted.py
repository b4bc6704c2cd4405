"""Programs that a type checker accepts: every form of the args, and outputs of the types that they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pulumi
from typing_extensions import assert_type

import pulumi_tione as tione
from pulumi_tione import outputs

name: pulumi.Output[str] = pulumi.Output.from_input("corpus-1250000000")
number: pulumi.Output[int] = pulumi.Output.from_input(2)


async def later() -> str:
    return "vpc-1"


# Args classes, called.
group = tione.ResourceConfigInfoArgs(role="WORKER", instance_type="TI.S.MEDIUM.POST", instance_num=number)
code = tione.CosPathInfoArgs(bucket=name, region="ap-guangzhou", paths=["code/", name])
mount = tione.DataConfigArgs(
    mapping_path="/data",
    cos_source=code,
    cfs_source={"id": "cfs-1", "path": "/"},
    goose_fs_source=pulumi.Output.from_input(tione.GooseFSArgs(name_space="n")),
    cbs_source=tione.CBSConfigArgs(volume_size_in_gb=50),
)
args = tione.TrainingTaskArgs(
    charge_type="POSTPAID_BY_HOUR",
    resource_config_infos=[group, {"role": "PS"}, pulumi.Output.from_input(group)],
    data_configs=[mount],
    tags={"team": "nlp", "bucket": name},
)

# A task by keyword arguments.
task = tione.TrainingTask(
    "bert",
    framework_name="PYTORCH",
    training_mode="DDP",
    charge_type="POSTPAID_BY_HOUR",
    resource_config_infos=[group, {"role": "WORKER", "instance_num": 2, "rdma_config": {"enable": True}}],
    code_package_path=code,
    start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd="python train.py"),
    image_info={
        "image_type": "CUSTOM",
        "image_url": "a/b:1",
        "image_secret": tione.ImageSecretArgs(username="u", password=pulumi.Output.secret("p")),
    },
    data_configs=[mount, {"mapping_path": "/more", "hdfs_source": {"id": "emr-1", "path": "/"}}],
    vpc_id=later(),
    remark=None,
    subnet_id=name,
    envs={"EPOCHS": "3", "DATA": name},
    private_envs={"TOKEN": pulumi.Output.secret("t")},
    tags=pulumi.Output.from_input({"team": "nlp"}),
    log_enable=True,
    queues=["q-1", name],
    triggers=[1, "a", name, None],
    max_duration=timedelta(hours=12),
    rerun_on_time_limit=True,
    additional_parameters={"SchedulePolicy": {"BackOffLimit": 3}},
    opts=pulumi.ResourceOptions(protect=True),
)

# By args, and by a plain dict.
tione.TrainingTask("by-args", args)
tione.TrainingTask("by-args", args, pulumi.ResourceOptions(protect=True))
tione.TrainingTask("by-args", args=args, opts=pulumi.ResourceOptions(protect=True))
tione.TrainingTask("options-first", pulumi.ResourceOptions(protect=True), **args)
tione.TrainingTask(
    "by-dict",
    {
        "charge_type": "PREPAID",
        "resource_group_id": "rsg-1",
        "resource_config_infos": [{"role": "WORKER", "cpu": 1000, "memory": 1024, "gpu": 0}],
        "expose_network_config": {"ssh_config": {"enable": True, "port": 22}},
    },
)
tione.TrainingTask("unpacked", **args)

# Outputs.
assert_type(task.id, pulumi.Output[str])
assert_type(task.status, pulumi.Output[str])
assert_type(task.name, pulumi.Output[str])
assert_type(task.region, pulumi.Output[str])
assert_type(task.charge_type, pulumi.Output[str])
assert_type(task.vpc_id, pulumi.Output[str | None])
assert_type(task.log_enable, pulumi.Output[bool | None])
assert_type(task.runtime_in_seconds, pulumi.Output[int])
assert_type(task.tags, pulumi.Output[Mapping[str, str] | None])
assert_type(task.all_tags, pulumi.Output[Mapping[str, str]])
assert_type(task.queues, pulumi.Output[Sequence[str] | None])
assert_type(task.resource_config_infos, pulumi.Output[Sequence[outputs.ResourceConfigInfo]])
assert_type(task.code_package_path, pulumi.Output[outputs.CosPathInfo | None])
task.resource_config_infos.apply(lambda groups: assert_type(groups[0].instance_num, int | None))
task.resource_config_infos.apply(lambda groups: assert_type(groups[0].role, str))
task.expose_network_config.apply(
    lambda network: assert_type(network.ssh_config, outputs.SSHConfig | None) if network else None
)

# Waits and lookups.
done = task.wait_for("SUCCEED")
assert_type(done, pulumi.Output[tione.TrainingTask])
assert_type(task.max_duration, pulumi.Output[int | None])
args["max_duration"] = "12h"
args["max_duration"] = 43_200
args["max_duration"] = number
task.wait_for(["SUCCEED", "STOPPED"], timeout=timedelta(hours=1), logs=True)
task.wait_for("SUCCEED", timeout=60)

# Values of the config, whose type is str, in place of literals.
config = pulumi.Config()
tione.TrainingTaskArgs(
    charge_type=config.require("chargeType"),
    resource_config_infos=[group],
    desired_status=config.get("desiredStatus"),
)
tione.TrainingTask("configured", charge_type=name, resource_config_infos=[group], desired_status=config.require("d"))
task.wait_for(config.require("status"))
task.wait_for([config.require("status"), "FAILED"])
tione.get_training_tasks(statuses=[config.require("status"), "FAILED"])
tione.get_training_tasks_output(statuses=name)
found = tione.TrainingTask.get("bert", "train-1", region="ap-guangzhou", ti_project_id=name)
assert_type(found, tione.TrainingTask)
tione.TrainingTask("after", args, pulumi.ResourceOptions(depends_on=[done, task]))

# What is looked up is typed, in both forms.
assert_type(tione.get_training_task("train-1"), tione.GetTrainingTaskResult)
assert_type(tione.get_training_task("train-1").resource_config_infos[0].instance_num, int | None)
assert_type(tione.get_training_task_output(task.id), pulumi.Output[tione.GetTrainingTaskResult])
assert_type(tione.get_training_tasks(tags={"team": "nlp"}), list[tione.TrainingTaskSummary])
assert_type(tione.get_training_task_logs_output(task.id, tail=number), pulumi.Output[list[tione.LogLine]])
