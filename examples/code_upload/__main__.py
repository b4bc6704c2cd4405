"""Upload the folder `code` to COS and run it. Changed code is a visible change: the task is replaced.

The folder in the bucket is named by a hash of all files. So a task always runs the code that its preview showed, also
when somebody uploads other code meanwhile, and code that did not change uploads and replaces nothing.
"""

import hashlib
from pathlib import Path

import pulumi
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tione as tione

FOLDER = Path(__file__).parent / "code"

files = sorted(file for file in FOLDER.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
digest = hashlib.sha256()
for file in files:
    digest.update(f"{file.relative_to(FOLDER)}\0".encode() + file.read_bytes() + b"\0")
prefix = f"code/{digest.hexdigest()[:12]}/"

bucket = tencentcloud.cos.Bucket("code", bucket=pulumi.Config().get("bucket") or "corpus-1250000000")
uploads = [
    tencentcloud.cos.BucketObject(
        str(file.relative_to(FOLDER)),
        bucket=bucket.bucket,
        key=prefix + file.relative_to(FOLDER).as_posix(),
        source=str(file),
    )
    for file in files
]

task = tione.TrainingTask(
    "train",
    framework_name="PYTORCH",
    framework_environment="torch2.1-py3.10-cuda12.1-gpu",
    training_mode="DDP",
    charge_type="POSTPAID_BY_HOUR",
    resource_config_infos=[
        tione.ResourceConfigInfoArgs(role="WORKER", instance_type="TI.S.LARGE.POST", instance_num=1)
    ],
    code_package_path=tione.CosPathInfoArgs(bucket=bucket.bucket, region="ap-guangzhou", paths=[prefix]),
    start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd="python3 train.py"),
    opts=pulumi.ResourceOptions(depends_on=uploads),  # the code is there before the task starts
)

pulumi.export("task", task.id)
pulumi.export("code", prefix)
