"""The example requests that the vendor publishes: accepted, or refused for a reason that the fidelity table states."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.api.definition import definition

Json = dict[str, Any]
Call = Callable[..., Json]

TABLE = Path(__file__).parents[2] / "docs" / "fidelity.md"

EXISTING: list[tuple[str, str, Json]] = [
    ("resource_group", "ersg-rf6p8zb8", {"name": "hello-world", "cpu": 1000, "memory": 1024}),
    ("bucket", "test-gz-1256580188", {"region": "ap-guangzhou"}),
    ("cfs", "cfs-pchxhlg9", {"paths": ["/bin"]}),
    ("vpc", "vpc-a26qv3af", {}),
    ("subnet", "subnet-m7xhqcyc", {"vpc": "vpc-a26qv3af"}),
    ("workspace", "1889353273052233728", {"name": "测试空间"}),
    ("role", "qcs::cam::uin/100015158414:roleName/readOnlyRole", {}),
]
"""What the examples presuppose."""


@dataclass(frozen=True)
class Refused:
    """Why an example is refused, and what it is accepted with: by default, with a task that there is."""

    code: str
    reason: str
    instead: Json = field(default_factory=dict)


NO_SUCH_TASK = Refused("ResourceNotFound", "its id is made up: there is no such task")
NO_TASKS = Refused(
    "InvalidParameterValue.ResourceDescriptionError",
    "its resources are of other products, of which there are none here: they stand in `FailedResources`",
)

WITHOUT_AN_EXAMPLE = {"DescribeTrainingFrameworks", "DescribePublicKey"}

REFUSED: dict[str, Refused] = {
    "DescribeTrainingTask": NO_SUCH_TASK,
    "DescribeTrainingTaskPods": NO_SUCH_TASK,
    "EnableTrainingTaskClsConfig": NO_SUCH_TASK,
    "StopTrainingTask": NO_SUCH_TASK,
    "StartTrainingTask": NO_SUCH_TASK,
    "DeleteTrainingTask": NO_SUCH_TASK,
    "DescribeTrainingTasks": Refused(
        "InvalidParameter",
        "`string` is the name of no filter, no order and no field to order by",
        {
            "Filters": [{"Fuzzy": True, "Values": ["string"], "Name": "Name", "Negative": True}],
            "OrderField": "CreateTime",
            "Order": "DESC",
        },
    ),
    "TagResources": NO_TASKS,
    "UnTagResources": NO_TASKS,
    "AssumeRoleWithWebIdentity": Refused(
        "InvalidParameter",
        "its DurationSeconds is text, where an integer is documented; token and role are blanked",
        {
            "DurationSeconds": 1800,
            "WebIdentityToken": "e30.e30.e30",
            "RoleArn": "qcs::cam::uin/100015158414:roleName/readOnlyRole",
        },
    ),
}


def examples(folder: Path, action: str) -> list[Json]:
    """The bodies of an action's example requests, as the vendor's package has them."""
    known = definition().actions[action]
    place = f"tccli/services/{known.service}/v{known.version.replace('-', '')}/examples.json"
    [file] = folder.glob(f"lib/python*/site-packages/{place}")
    published = json.loads(file.read_text(encoding="utf-8"))["actions"].get(action, [])
    return [_body(example["input"]) for example in published]


def _body(request: str) -> Json:
    """The request of an example: most are POST with JSON; a few are in the form of GET, which the emulator refuses."""
    if request.startswith("POST "):
        _, _, body = request.partition("\n\n")
        result: Json = json.loads(body)
        return result
    query = parse_qsl("".join(urlsplit(request).query.split()))
    return _nested({name: value for name, value in query if name != "Action" and not name.startswith("<")})


def _nested(query: Json) -> Json:
    """`{"A.0.B": "1"}` as `{"A": [{"B": 1}]}`."""
    nested: Json = {}
    for name, value in query.items():
        *places, last = name.split(".")
        inner = nested
        for place in places:
            inner = inner.setdefault(place, {})
        inner[last] = int(value) if value.isdecimal() else value
    return {name: _lists(value) for name, value in nested.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    members = {name: _lists(member) for name, member in value.items()}
    return list(members.values()) if all(name.isdecimal() for name in members) else members


@pytest.mark.long
@pytest.mark.parametrize("action", sorted(definition().actions.keys() - WITHOUT_AN_EXAMPLE))
def test_an_example_is_accepted_or_refused_for_the_reason_that_is_stated(
    action: str,
    tccli_folder: Path,
    call: Call,
    create: Callable[..., str],
    emulator: Emulator,
) -> None:
    """Of a refused one all but what the reason names is right: with that put right, it is accepted."""
    for kind, resource_id, facts in EXISTING:
        emulator.register(kind, resource_id, **facts)
    published = examples(tccli_folder, action)
    assert published
    for body in published:
        refused = REFUSED.get(action)
        if refused is not None:
            assert _codes(call, action, body) == {refused.code}
            body = {**body, **(refused.instead or _about_a_task(action, body, create, emulator))}
        assert _codes(call, action, body) == set()
        assert emulator.requests()[-1]["undocumented"] == []


def _codes(call: Call, action: str, body: Json) -> set[str]:
    """The code of the refusal, or those of the failures in the response."""
    try:
        answer = call(action, body)
    except TencentCloudSDKException as error:
        return {error.code}
    return {failure["Code"] for failure in answer.get("FailedResources", [])}


def _about_a_task(action: str, body: Json, create: Callable[..., str], emulator: Emulator) -> Json:
    tags = [{"TagKey": key, "TagValue": "any"} for key in body.get("TagKeys", [])]
    task_id = create(StartCmdInfo={"StartCmd": "sleep 60"}, Tags=tags)
    emulator.advance(10 if action == "StopTrainingTask" else 100)
    if "ResourceList" in body:
        return {"ResourceList": [f"qcs::tione:ap-guangzhou:uin/{emulator.key.caller.uin}:trainingtask/{task_id}"]}
    return {"TaskId" if "TaskId" in body else "Id": task_id}


def test_the_fidelity_page_states_why_an_example_is_refused() -> None:
    _, _, section = TABLE.read_text(encoding="utf-8").partition("## The vendor's examples")
    rows = re.findall(r"^\| `(\w+)` \| [DI] \| `([\w.]+)` \| (.+) \|$", section.partition("\n## ")[0], re.MULTILINE)
    assert rows == [(action, refused.code, refused.reason) for action, refused in REFUSED.items()]
