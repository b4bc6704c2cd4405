"""A task that runs on nodes that are already paid for.

pulumi config set group rsg-1368bcxs    # by default, the first group with a free card
"""

import pulumi

import pulumi_tione as tione

CARDS = 1


def group_with_a_free_card() -> str:
    """Return the id of the first resource group that has room for a node of this task."""
    for group in tione.get_resource_groups():
        if group.free_gpu >= CARDS * 100 and group.free_cpu >= 8000 and group.free_memory >= 32768:
            return group.id
    raise pulumi.RunError("no resource group has a free card: wait, or set `group`")


config = pulumi.Config()

task = tione.TrainingTask(
    "bert",
    framework_name="PYTORCH",
    framework_environment="torch2.1-py3.10-cuda12.1-gpu",
    training_mode="DDP",
    charge_type="PREPAID",
    resource_group_id=config.get("group") or group_with_a_free_card(),
    # A node takes 8 cores (in thousandths), 32 GB (in MB) and 1 card (in hundredths) of the group.
    resource_config_infos=[
        tione.ResourceConfigInfoArgs(
            role="WORKER", cpu=8000, memory=32768, gpu=CARDS * 100, gpu_type="V100", instance_num=1
        )
    ],
    start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd="python3 train.py"),
    # Many groups have rules that map a tag to a priority.
    tags={"priority": config.get("priority") or "P5"},
    # The service restarts a run by itself, up to three times, when a node fails.
    additional_parameters={"SchedulePolicy": {"BackOffLimit": 3}},
)

pulumi.export("task", task.id)
pulumi.export("group", task.resource_group_id)
