"""One task for each combination of hyperparameters, all at once; the stack's output is the best one.

Each task prints its result as the last line of its log. The program reads it when the task has succeeded.
"""

import itertools

import pulumi

import pulumi_tione as tione

LEARNING_RATES = [0.1, 0.01]
BATCH_SIZES = [16, 32]
COMMAND = "echo accuracy {accuracy:.2f}; sleep 1"
"""A stand-in for a training: `python3 train.py` would print such a line."""


def accuracy(lines: list[tione.LogLine]) -> float:
    """Return the number in the last line of a log."""
    return float(lines[-1].message.split()[-1])


results: dict[str, pulumi.Output[float]] = {}
for learning_rate, batch_size in itertools.product(LEARNING_RATES, BATCH_SIZES):
    name = f"lr{learning_rate}-bs{batch_size}".replace(".", "_")
    task = tione.TrainingTask(
        name,
        framework_name="PYTORCH",
        framework_environment="torch2.1-py3.10-cuda12.1-gpu",
        training_mode="DDP",
        charge_type="POSTPAID_BY_HOUR",
        resource_config_infos=[
            tione.ResourceConfigInfoArgs(role="WORKER", instance_type="TI.S.LARGE.POST", instance_num=1)
        ],
        tuning_parameters={"learning_rate": learning_rate, "batch_size": batch_size},
        start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd=COMMAND.format(accuracy=0.9 + batch_size / 1600)),
        tags={"sweep": pulumi.get_stack()},
    )
    done = task.wait_for("SUCCEED", timeout="12h")
    results[name] = tione.get_training_task_logs_output(done.id, tail=1).apply(accuracy)

accuracies = pulumi.Output.all(**results)
pulumi.export("accuracies", accuracies)
pulumi.export("best", accuracies.apply(lambda each: max(each, key=lambda name: (each[name], name))))
