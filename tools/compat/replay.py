"""Bring the tasks of a recorded stack about once more, by the requests that made them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione.emulator import Emulator

TIONE, TAG = ("tione", "2021-11-11"), ("tag", "2018-08-13")
WRITES: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("CreateTrainingTask", "StartTrainingTask", "StopTrainingTask", "DeleteTrainingTask"), TIONE),
    "EnableTrainingTaskClsConfig": TIONE,
    **dict.fromkeys(("TagResources", "UnTagResources"), TAG),
}
"""The actions that change tasks, and the service and version of each."""

_STEP_SECONDS = 10
_STEPS = 60
"""How long a task may take to come to a status in which a request is accepted: what is stopped has to run first."""


def replay(emulator: Emulator, recorded: Mapping[str, Any]) -> dict[str, str]:
    """Send the recorded requests again; return the ids of tasks and runs of then, with those of now."""
    ids: dict[str, str] = {}
    for request in recorded["requests"]:
        answer = _send(emulator, request["action"], _with_ids(request["body"], ids), request)
        if request["action"] == "CreateTrainingTask":
            ids[request["id"]] = answer["Id"]
    emulator.advance(_STEP_SECONDS * _STEPS)
    now = {task["Id"]: task["LatestInstanceId"] for task in emulator.tasks()}
    return {**{run: now[ids[task_id]] for task_id, run in recorded["runs"].items()}, **ids}


def _with_ids(value: Any, ids: Mapping[str, str]) -> Any:
    return json.loads(replaced(json.dumps(value), ids))


def replaced(text: str, ids: Mapping[str, str]) -> str:
    """Return a text with the ids of now in place of those of then; the id of a run begins with that of its task."""
    for then in sorted(ids, key=len, reverse=True):
        text = text.replace(then, ids[then])
    return text


def _send(emulator: Emulator, action: str, body: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    service, version = WRITES[action]
    key = next(key for key in emulator.keyring if key.caller.uin == request["account"])
    protocol, _, authority = emulator.endpoint.partition("://")
    profile = ClientProfile(httpProfile=HttpProfile(protocol=protocol, endpoint=authority))
    client = CommonClient(service, version, Credential(key.secret_id, key.secret_key), request["region"] or "", profile)
    for _ in range(_STEPS):
        try:
            answer: dict[str, Any] = client.call_json(action, body)["Response"]
        except TencentCloudSDKException as error:
            refusal = error
            emulator.advance(_STEP_SECONDS)
        else:
            return answer
    raise refusal
