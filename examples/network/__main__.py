"""A training task in the same program as the network and the bucket that it uses."""

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tione as tione

vpc = tencentcloud.vpc.Instance("train", cidr_block="10.0.0.0/16")
subnet = tencentcloud.subnet.Instance(
    "train", vpc_id=vpc.id, cidr_block="10.0.1.0/24", availability_zone="ap-guangzhou-3"
)
data = tencentcloud.cos.Bucket("data", bucket="corpus-1250000000")

task = tione.TrainingTask(
    "bert",
    framework_name="PYTORCH",
    framework_environment="torch2.1-py3.10-cuda12.1-gpu",
    training_mode="DDP",
    charge_type="POSTPAID_BY_HOUR",
    resource_config_infos=[
        tione.ResourceConfigInfoArgs(role="WORKER", instance_type="TI.GN10.2XLARGE40.POST", instance_num=2),
    ],
    code_package_path=tione.CosPathInfoArgs(bucket=data.bucket, region="ap-guangzhou", paths=["code/"]),
    start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd='python train.py --name "bert 中文"'),
    output=tione.CosPathInfoArgs(bucket=data.bucket, region="ap-guangzhou", paths=["out/"]),
    vpc_id=vpc.id,
    subnet_id=subnet.id,
    envs={"EPOCHS": "3"},
    tags={"team": "nlp"},
)
done = task.wait_for("SUCCEED")

pulumi.export("task", task.id)
pulumi.export("status", done.status)
pulumi.export("finished", done.end_time)
