"""What a user of Pulumi writes without this package: a dynamic provider that creates a task, and waits in `create`."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from pulumi.dynamic import CreateResult, Resource, ResourceProvider

SECONDS_BETWEEN_POLLS = 5
TERMINAL = ("SUCCEED", "FAILED", "STOPPED", "SUBMIT_FAILED")


class WaitingProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        task_id = self._call("CreateTrainingTask", json.loads(props["body"]))["Id"]
        while True:
            detail = self._call("DescribeTrainingTask", {"Id": task_id})["TrainingTaskDetail"]
            if detail["Status"] in TERMINAL:
                break
            time.sleep(SECONDS_BETWEEN_POLLS)
        if detail["Status"] != "SUCCEED":
            raise RuntimeError(f"task {task_id}: {detail['Status']}")
        return CreateResult(task_id, {**props, "status": detail["Status"]})

    def _call(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        from tencentcloud.common.common_client import CommonClient
        from tencentcloud.common.credential import Credential
        from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile

        scheme, _, host = os.environ["TIONE_ENDPOINT"].partition("://")
        profile = ClientProfile(httpProfile=HttpProfile(protocol=scheme, endpoint=host))
        credential = Credential(os.environ["TENCENTCLOUD_SECRET_ID"], os.environ["TENCENTCLOUD_SECRET_KEY"])
        client = CommonClient("tione", "2021-11-11", credential, os.environ["TENCENTCLOUD_REGION"], profile)
        while True:
            try:
                response: dict[str, Any] = client.call_json(action, body)["Response"]
            except TencentCloudSDKException as error:
                if not str(error.get_code()).startswith("RequestLimitExceeded"):
                    raise
                time.sleep(1)
            else:
                return response


class WaitingTask(Resource):
    def __init__(self, name: str) -> None:
        body = {
            "Name": name,
            "ChargeType": "POSTPAID_BY_HOUR",
            "FrameworkName": "PYTORCH",
            "FrameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
            "TrainingMode": "DDP",
            "StartCmdInfo": {"WorkerStartCmd": "sleep 20"},
            "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}],
        }
        # As text: the engine turns every number into a floating-point one.
        super().__init__(WaitingProvider(), name, {"body": json.dumps(body), "status": None})
