"""What each branch gets. The program knows nothing of branches: `pulumi-tione env` gives each its own stack."""

import pulumi

import pulumi_tione as tione

config = pulumi.Config()

task = tione.TrainingTask(
    "train",
    framework_name="PYTORCH",
    framework_environment="torch2.1-py3.10-cuda12.1-gpu",
    training_mode="DDP",
    charge_type="POSTPAID_BY_HOUR",
    resource_config_infos=[
        tione.ResourceConfigInfoArgs(
            role="WORKER", instance_type="TI.S.MEDIUM.POST", instance_num=config.get_int("instances") or 1
        ),
    ],
    start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd="sleep 36000"),
)

pulumi.export("task", task.id)
pulumi.export("status", task.status)
