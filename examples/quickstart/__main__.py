"""A training task, and a wait for its success. It needs no other package than Pulumi and this one."""

import pulumi

import pulumi_tione as tione

task = tione.TrainingTask(
    "hello",
    framework_name="PYTORCH",
    framework_environment="torch2.1-py3.10-cuda12.1-gpu",
    training_mode="DDP",
    charge_type="POSTPAID_BY_HOUR",
    resource_config_infos=[
        tione.ResourceConfigInfoArgs(role="WORKER", instance_type="TI.GN10.2XLARGE40.POST", instance_num=1)
    ],
    start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd="echo hello; sleep 5"),
)
done = task.wait_for("SUCCEED")

pulumi.export("task", task.id)
pulumi.export("status", done.status)
