"""Three tasks, one after the other. A step that fails stops the rest, and shows its last log lines.

A step depends on the task that its predecessor has *become*: `wait_for` returns the task when it has succeeded.
"""

import pulumi

import pulumi_tione as tione

config = pulumi.Config()
bucket = config.get("bucket") or "corpus-1250000000"


def step(name: str, command: str, after: pulumi.Output[tione.TrainingTask] | None = None) -> tione.TrainingTask:
    """Declare a step. With `after`, it is created when that one has succeeded."""
    return tione.TrainingTask(
        name,
        framework_name="PYTORCH",
        framework_environment="torch2.1-py3.10-cuda12.1-gpu",
        training_mode="DDP",
        charge_type="POSTPAID_BY_HOUR",
        resource_config_infos=[
            tione.ResourceConfigInfoArgs(role="WORKER", instance_type="TI.S.LARGE.POST", instance_num=1)
        ],
        start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd=command),
        output=tione.CosPathInfoArgs(bucket=bucket, region="ap-guangzhou", paths=[f"{name}/"]),
        opts=pulumi.ResourceOptions(depends_on=[after] if after is not None else []),
    )


prepare = step("prepare", "echo prepared; sleep 1")
prepared = prepare.wait_for("SUCCEED", timeout="1h")

train = step("train", config.get("train") or "echo trained; sleep 1", after=prepared)
trained = train.wait_for("SUCCEED", timeout="1d", logs=True)

evaluate = step("evaluate", "echo 'accuracy 0.93'; sleep 1", after=trained)
evaluated = evaluate.wait_for("SUCCEED", timeout="1h")

pulumi.export("report", tione.get_training_task_logs_output(evaluated.id, tail=1)[0].message)
