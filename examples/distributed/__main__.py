"""A task with several nodes, in the training mode of your choice.

pulumi config set mode DDP    # or MPI, HOROVOD, PS_WORKER, SPARK, RAY
"""

from collections.abc import Sequence
from typing import NamedTuple

import pulumi

import pulumi_tione as tione

CPU_NODE = "TI.S.LARGE.POST"
GPU_NODE = "TI.GN10.2XLARGE40.POST"


class Shape(NamedTuple):
    """What differs from mode to mode: framework, groups of nodes, commands."""

    framework: tuple[str, str]
    nodes: Sequence[tuple[str, str, int]]
    command: tione.StartCmdInfoArgs


PYTORCH = ("PYTORCH", "torch2.1-py3.10-cuda12.1-gpu")
TENSORFLOW = ("TENSORFLOW", "tf2.4-py3.8-cpu")
PYSPARK = ("PYSPARK", "pyspark2.4-py3.7-cpu")

SHAPES = {
    # Every node runs the command. The platform sets MASTER_ADDR, MASTER_PORT, WORLD_SIZE and RANK.
    "DDP": Shape(PYTORCH, [("WORKER", GPU_NODE, 2)], tione.StartCmdInfoArgs(worker_start_cmd="python3 train.py")),
    # The first node runs the command. NODE_IP_SLOT_LIST has all nodes with their cards.
    "MPI": Shape(
        PYTORCH,
        [("WORKER", GPU_NODE, 2)],
        tione.StartCmdInfoArgs(worker_start_cmd='mpirun -np "$GPU_NUM" -H "$NODE_IP_SLOT_LIST" python3 train.py'),
    ),
    "HOROVOD": Shape(
        PYTORCH,
        [("WORKER", GPU_NODE, 2)],
        tione.StartCmdInfoArgs(worker_start_cmd='horovodrun -np "$GPU_NUM" -H "$NODE_IP_SLOT_LIST" python3 train.py'),
    ),
    # Parameter servers and workers have a command each.
    "PS_WORKER": Shape(
        TENSORFLOW,
        [("PS", CPU_NODE, 1), ("WORKER", CPU_NODE, 2)],
        tione.StartCmdInfoArgs(ps_start_cmd="python3 train.py", worker_start_cmd="python3 train.py"),
    ),
    # One driver and one executor; the driver runs `start_cmd`.
    "SPARK": Shape(
        PYSPARK,
        [("DRIVER", CPU_NODE, 1), ("EXECUTOR", CPU_NODE, 1)],
        tione.StartCmdInfoArgs(start_cmd="spark-submit train.py"),
    ),
    # One head, and workers that join it. Ray is no built-in framework: it needs an image of yours.
    "RAY": Shape(
        ("", ""),
        [("HEAD", CPU_NODE, 1), ("WORKER", GPU_NODE, 2)],
        tione.StartCmdInfoArgs(worker_start_cmd="python3 train.py"),
    ),
}

config = pulumi.Config()
mode = config.get("mode") or "DDP"
bucket = config.get("bucket") or "corpus-1250000000"
shape = SHAPES[mode]
framework, environment = shape.framework
image = config.get("image") or "ccr.ccs.tencentyun.com/nlp/ray:2.9"

task = tione.TrainingTask(
    "train",
    training_mode=mode,
    framework_name=framework or None,
    framework_environment=environment or None,
    image_info=None if framework else tione.ImageInfoArgs(image_type="CCR", image_url=image),
    charge_type="POSTPAID_BY_HOUR",
    resource_config_infos=[
        tione.ResourceConfigInfoArgs(role=role, instance_type=instance_type, instance_num=count)
        for role, instance_type, count in shape.nodes
    ],
    start_cmd_info=shape.command,
    code_package_path=tione.CosPathInfoArgs(bucket=bucket, region="ap-guangzhou", paths=["code/"]),
    output=tione.CosPathInfoArgs(bucket=bucket, region="ap-guangzhou", paths=["out/"]),
)
done = task.wait_for("SUCCEED", logs=True)

pulumi.export("task", task.id)
pulumi.export("status", done.status)
