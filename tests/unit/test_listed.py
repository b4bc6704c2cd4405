"""What a list's item shows of a task, compared with what is recorded, without a service.

A refresh that uses it is in `tests/component/test_refresh_by_list.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_tione._schema import listed
from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Struct
from pulumi_tione._schema.listed import LISTED, can_be_compared, unchanged_outputs

EXPOSED = TRAINING_TASK.fields["exposeNetworkConfig"].type
WITHOUT_OUTPUTS = TRAINING_TASK.fields["codePackagePath"].type

ITEM: dict[str, Any] = {
    **dict.fromkeys(LISTED, ""),
    "Name": "bert",
    "Status": "RUNNING",
    "Tags": [{"TagKey": "team", "TagValue": "nlp"}],
    "ResourceConfigInfos": [],
    "RuntimeInSeconds": 60,
    "ImageInfo": None,
    "Output": None,
    "FrameworkEnvironment": None,
}
RECORDED: dict[str, Any] = {
    "name": "bert",
    "tags": {"team": "nlp"},
    "allTags": {"team": "nlp"},
    "status": "RUNNING",
    "uin": "100",
    "latestInstanceId": "train-1-1",
    "runtimeInSeconds": 60,
    "tensorBoardId": "",
    **dict.fromkeys(("createTime", "startTime", "endTime", "updateTime", "failureReason", "message"), ""),
    **dict.fromkeys(("chargeStatus", "billingInfo", "resourceGroupName", "subUin", "subUinName"), ""),
}


def test_a_task_of_which_all_is_recorded_can_be_compared() -> None:
    """A struct that is null and what no detail has may be absent."""
    assert {*TRAINING_TASK.outputs} - {*RECORDED} == {"operatorInfo", "createRequestId"}
    assert can_be_compared(RECORDED)


@pytest.mark.parametrize("missing", sorted({*RECORDED} - {"name", "tags"}))
def test_a_task_without_one_of_its_outputs_cannot_be_compared(missing: str) -> None:
    assert not can_be_compared({name: value for name, value in RECORDED.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "can_be"),
    [
        ("logEnable", False),
        ("logConfig", False),
        ("exposeNetworkConfig", False),
        ("remark", True),
        ("resourceConfigInfos", True),
        ("envs", True),
    ],
)
def test_what_a_detail_alone_may_show_anew_is_not_left_to_a_list(name: str, can_be: bool) -> None:
    assert can_be_compared({**RECORDED, name: {"any": "value"}}) is can_be
    assert can_be_compared({**RECORDED, name: None})


def test_outputs_are_found_at_any_depth_of_a_type() -> None:
    inner = EXPOSED.fields["sshConfig"].type if isinstance(EXPOSED, Struct) else EXPOSED
    assert isinstance(inner, Struct)
    assert inner.outputs
    for kind in (inner, EXPOSED):
        assert [listed._has_outputs(each) for each in (kind, ListOf(kind), MapOf(kind))] == [True, True, True]
    for kind in (WITHOUT_OUTPUTS, TRAINING_TASK.fields["remark"].type):
        assert [listed._has_outputs(each) for each in (kind, ListOf(kind), MapOf(kind))] == [False, False, False]


@pytest.mark.parametrize(
    ("recorded", "shown", "expected"),
    [(60, 90, 90), (60, 30, 60), (60, None, 60), (None, 30, 30), (None, None, 0), (0, 0, 0), (60, 0, 60), (0, 30, 30)],
)
def test_the_running_time_is_the_longer_one_that_is_known(
    recorded: int | None, shown: int | None, expected: int
) -> None:
    outputs = {**RECORDED, "runtimeInSeconds": recorded}
    assert unchanged_outputs(outputs, {**ITEM, "RuntimeInSeconds": shown}) == {**outputs, "runtimeInSeconds": expected}


def test_an_item_has_exactly_the_members_of_the_table_or_more() -> None:
    assert {*ITEM} == LISTED
    assert unchanged_outputs(RECORDED, ITEM) == RECORDED
    assert unchanged_outputs(RECORDED, {**ITEM, "NewThing": 1}) == RECORDED
    for member in LISTED:
        assert unchanged_outputs(RECORDED, {name: value for name, value in ITEM.items() if name != member}) is None


@pytest.mark.parametrize(
    ("member", "value"),
    [("Name", "other"), ("Status", "FAILED"), ("Tags", []), ("Message", "a message"), ("EndTime", "2026-11-26")],
)
def test_an_item_with_another_value_shows_a_change(member: str, value: Any) -> None:
    assert unchanged_outputs(RECORDED, {**ITEM, member: value}) is None


@pytest.mark.parametrize("name", ["chargeType", "imageInfo", "output", "trainingMode", "resourceGroupId"])
def test_an_input_that_the_item_shows_otherwise_is_a_change(name: str) -> None:
    field = TRAINING_TASK.fields[name]
    is_struct = isinstance(field.type, Struct)
    recorded: Any = {"imageUrl": "ccr/torch:2.1"} if name == "imageInfo" else {"bucket": "b-1"} if is_struct else "one"
    shown: Any = {"ImageUrl": "ccr/torch:2.2"} if name == "imageInfo" else {"Bucket": "b-2"} if is_struct else "two"
    assert unchanged_outputs({**RECORDED, name: recorded}, {**ITEM, field.wire: shown}) is None
