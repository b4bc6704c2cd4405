"""A task in an image of a third party's registry, with everything around it.

pulumi config set --secret registryPassword …
pulumi config set --secret wandbKey …
"""

import base64

import pulumi

import pulumi_tione as tione

config = pulumi.Config()
bucket = config.get("bucket") or "corpus-1250000000"

# The service takes the password as base64. It stays a secret on its way.
password = config.require_secret("registryPassword").apply(lambda text: base64.b64encode(text.encode()).decode())

task = tione.TrainingTask(
    "bert",
    image_info=tione.ImageInfoArgs(
        image_type="CUSTOM",
        image_url="registry.example.com/nlp/bert:1.2",
        image_secret=tione.ImageSecretArgs(username="ci", password=password),
    ),
    training_mode="DDP",
    charge_type="POSTPAID_BY_HOUR",
    resource_config_infos=[
        tione.ResourceConfigInfoArgs(role="WORKER", instance_type="TI.GN10.2XLARGE40.POST", instance_num=1)
    ],
    start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd="python3 train.py --data /opt/ml/input/data/corpus"),
    envs={"EPOCHS": "3"},
    private_envs={"WANDB_API_KEY": config.require_secret("wandbKey")},  # hidden in the console, too
    data_source="COS",
    data_configs=[
        tione.DataConfigArgs(
            mapping_path="/opt/ml/input/data/corpus",
            data_source_type="COS",
            cos_source=tione.CosPathInfoArgs(bucket=bucket, region="ap-guangzhou", paths=["corpus/"]),
        ),
        tione.DataConfigArgs(
            mapping_path="/opt/ml/input/data/model",
            data_source_type="CFS",
            cfs_source=tione.CFSConfigArgs(id="cfs-pchxhlg9", path="/models/bert"),
            read_only=True,
        ),
    ],
    # A CFS is reached through its network.
    vpc_id=config.get("vpcId") or "vpc-a26qv3af",
    subnet_id=config.get("subnetId") or "subnet-m7xhqcyc",
    output=tione.CosPathInfoArgs(bucket=bucket, region="ap-guangzhou", paths=["out/"]),
    log_enable=True,
    log_config=tione.LogConfigArgs(
        logset_id=config.get("logsetId") or "6a4b0f5e-7d1a-4f0c-9b7e-2f6f3d8f5a10",
        topic_id=config.get("topicId") or "0c8d3f0a-3c1f-4a43-9d8e-6f0b9c4f7b21",
    ),
)

pulumi.export("task", task.id)
