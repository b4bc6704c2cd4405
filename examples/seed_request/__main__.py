"""The example of the vendor's page on CreateTrainingTask: what this program sends is equal to it.

The labels of this package would be tags that the example does not have: `tione:labels` turns them off. What the
program sets to an empty text or an empty list is sent as such.
"""

import pulumi

import pulumi_tione as tione

task = tione.TrainingTask(
    "zhangsan-lora",
    name="zhangsan-lora",
    framework_name="PYTORCH",
    framework_environment="tilearn-llm1.0-torch2.1-angel-vllm1.0-py3.10-cuda12.1-gpu",
    training_mode="DDP",
    charge_type="PREPAID",
    resource_config_infos=[
        tione.ResourceConfigInfoArgs(
            role="WORKER",
            cpu=1000,
            memory=1024,
            gpu_type="",
            gpu=0,
            instance_type="",
            instance_type_alias="",
            instance_num=1,
        ),
    ],
    resource_group_id="ersg-rf6p8zb8",
    tags={},
    remark="",
    code_package_path=tione.CosPathInfoArgs(bucket="test-gz-1256580188", region="ap-guangzhou", paths=["test/"]),
    start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd="sleep 10"),
    data_configs=[
        tione.DataConfigArgs(
            data_source_type="CFS",
            mapping_path="/opt/ml/input/data/",
            cfs_source=tione.CFSConfigArgs(id="cfs-pchxhlg9", path="/bin"),
        ),
    ],
    tuning_parameters='{"test":"test"}',
    output=tione.CosPathInfoArgs(bucket="test-gz-1256580188", region="ap-guangzhou", paths=["cos_test/"]),
    log_enable=False,
    vpc_id="vpc-a26qv3af",
    subnet_id="subnet-m7xhqcyc",
)

pulumi.export("task", task.id)
