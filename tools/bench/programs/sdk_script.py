"""What people write today, without this package: create tasks with the SDK, and poll each until it has ended.

python sdk_script.py COUNT
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

THREADS = 32
SECONDS_BETWEEN_POLLS = 5
TERMINAL = ("SUCCEED", "FAILED", "STOPPED", "SUBMIT_FAILED")


def new_client() -> CommonClient:
    scheme, _, host = os.environ["TIONE_ENDPOINT"].partition("://")
    profile = ClientProfile(httpProfile=HttpProfile(protocol=scheme, endpoint=host))
    credential = Credential(os.environ["TENCENTCLOUD_SECRET_ID"], os.environ["TENCENTCLOUD_SECRET_KEY"])
    return CommonClient("tione", "2021-11-11", credential, os.environ["TENCENTCLOUD_REGION"], profile)


def call(client: CommonClient, action: str, body: dict[str, Any]) -> dict[str, Any]:
    while True:
        try:
            response: dict[str, Any] = client.call_json(action, body)["Response"]
        except TencentCloudSDKException as error:
            if not str(error.get_code()).startswith("RequestLimitExceeded"):
                raise
            time.sleep(1)
        else:
            return response


def run(number: int) -> str:
    """Create a task, wait until it has ended, and return its status."""
    client = new_client()
    body = {
        "Name": f"task-{number}",
        "ChargeType": "POSTPAID_BY_HOUR",
        "FrameworkName": "PYTORCH",
        "FrameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
        "TrainingMode": "DDP",
        "StartCmdInfo": {"WorkerStartCmd": "sleep 20"},
        "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}],
    }
    task_id = call(client, "CreateTrainingTask", body)["Id"]
    while True:
        detail = call(client, "DescribeTrainingTask", {"Id": task_id})["TrainingTaskDetail"]
        if detail["Status"] in TERMINAL:
            return str(detail["Status"])
        time.sleep(SECONDS_BETWEEN_POLLS)


if __name__ == "__main__":
    with ThreadPoolExecutor(THREADS) as pool:
        statuses = [*pool.map(run, range(int(sys.argv[1])))]
    sys.exit(any(status != "SUCCEED" for status in statuses))
