"""Fine-tune a language model with the code that the platform brings along.

The model and the training data are on a CFS; the checkpoints go to COS. The platform's image reads its parameters
from `tuning_parameters`, and what is written to /opt/ml/output/data is copied to the output when the task ends.
"""

import pulumi

import pulumi_tione as tione

config = pulumi.Config()
bucket = config.get("bucket") or "corpus-1250000000"
file_system = config.get("fileSystem") or "cfs-pchxhlg9"


def mount(usage: str, source: str, target: str) -> tione.DataConfigArgs:
    """Return a mount of a folder of the file system."""
    return tione.DataConfigArgs(
        data_source_type="CFS",
        data_source_usage=usage,
        cfs_source=tione.CFSConfigArgs(id=file_system, path=source),
        mapping_path=target,
    )


task = tione.TrainingTask(
    "finetune",
    framework_name="PYTORCH",
    framework_environment="tilearn-llm1.0-torch2.1-angel-vllm1.0-py3.10-cuda12.1-gpu",
    training_mode="DDP",
    charge_type="POSTPAID_BY_HOUR",
    resource_config_infos=[
        tione.ResourceConfigInfoArgs(role="WORKER", instance_type="TI.GN10.2XLARGE40.POST", instance_num=1)
    ],
    data_source="CFS",
    data_configs=[
        mount("BUILTIN_MODEL", "/models/qwen-7b", "/opt/ml/pretrain_model"),
        mount("USER_DATA", "/datasets/dialogues", "/opt/ml/input/data"),
    ],
    tuning_parameters={"Stage": "sft", "FinetuningType": "lora", "Epoch": 3, "LearningRate": 1e-4},
    start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd="bash /opt/ml/code/start.sh"),
    output=tione.CosPathInfoArgs(bucket=bucket, region="ap-guangzhou", paths=["checkpoints/"]),
    vpc_id=config.get("vpcId") or "vpc-a26qv3af",
    subnet_id=config.get("subnetId") or "subnet-m7xhqcyc",
    tags={"model": "qwen-7b"},
)
done = task.wait_for("SUCCEED", timeout="2d", logs=True)

pulumi.export("task", task.id)
# The service adds the task's id to the path.
pulumi.export("checkpoints", pulumi.Output.format("cos://{0}/checkpoints/{1}/", bucket, done.id))
