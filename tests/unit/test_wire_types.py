"""What is recorded of a detail whose values are of other types than the API documents: never a value of such a type.

Malformed responses as a whole are in `tests/component/test_malformed_responses.py`.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime import rpc

from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Scalar, Struct, Type
from pulumi_tione._schema.wire import from_wire, imported_outputs, recorded_outputs, user_tags, well_typed
from pulumi_tione.lifecycle.diff import diff

PROPERTY = settings(max_examples=300, deadline=None, derandomize=True, database=None)

GROUP = {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 2, "RDMAConfig": {"Enable": False}}
DETAIL: dict[str, Any] = {
    "Id": "train-1",
    "Name": "bert",
    "Uin": "100",
    "Status": "RUNNING",
    "ChargeType": "POSTPAID_BY_HOUR",
    "ResourceConfigInfos": [GROUP, {**GROUP, "Role": "PS"}],
    "ImageInfo": {"ImageType": "CCR", "ImageUrl": "ccr.ccs.tencentyun.com/a/b:c", "ImageSecret": None},
    "Tags": [{"TagKey": "team", "TagValue": "nlp"}, {"TagKey": "qcs:tag:createdBy", "TagValue": "1"}],
    "Envs": [{"Name": "EPOCHS", "Value": "3"}, {"Name": "TOKEN", "Value": "", "IsPrivate": True}],
    "DataConfigs": [
        {"MappingPath": "/a", "DataSourceType": "COS", "COSSource": {"Bucket": "b", "Region": "r", "Paths": ["p/"]}}
    ],
    "Output": {"Bucket": "b", "Region": "r", "Paths": ["out/"]},
    "LogEnable": True,
    "LogConfig": {"LogsetId": "l", "TopicId": "t"},
    "StartCmdInfo": {"StartCmd": "python train.py", "PsStartCmd": "", "WorkerStartCmd": ""},
    "VpcId": "vpc-1",
    "RuntimeInSeconds": 12,
    "CreateTime": "2025-08-01T10:59:53+08",
    "LatestInstanceId": "train-1-abc",
    "OperatorInfo": {"IsPlatformOperator": False, "SubUin": "7", "SubUinName": "somebody"},
}
INPUTS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [
        {"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 2},
        {"role": "PS", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 2},
    ],
    "imageInfo": {"imageType": "CCR", "imageUrl": "ccr.ccs.tencentyun.com/a/b:c"},
    "tags": {"team": "nlp"},
    "envs": {"EPOCHS": "3"},
    "privateEnvs": {"TOKEN": "t"},
    "dataConfigs": [
        {"mappingPath": "/a", "dataSourceType": "COS", "cosSource": {"bucket": "b", "region": "r", "paths": ["p/"]}}
    ],
    "output": {"bucket": "b", "region": "r", "paths": ["out/"]},
    "logEnable": True,
    "logConfig": {"logsetId": "l", "topicId": "t"},
    "startCmdInfo": {"startCmd": "python train.py"},
    "vpcId": "vpc-1",
}

WRONG: dict[str, list[Any]] = {
    "Tags": [
        "team",
        {"team": "nlp"},
        [None],
        ["team"],
        [{"TagKey": 7, "TagValue": "nlp"}],
        [{"TagKey": "a", "TagValue": 7}],
    ],
    "Envs": ["EPOCHS", {"EPOCHS": "3"}, [None], [["EPOCHS"]], [{"Name": "E", "Value": 3}], [{"Name": 7}]],
    "ResourceConfigInfos": ["WORKER", {"Role": "WORKER"}, [None], [GROUP, None], ["WORKER"], 7],
    "ImageInfo": ["ccr", ["ccr"], 7, True],
    "Output": ["out/", [{}], {"Paths": "out/"}, {"Paths": [None]}, {"Paths": [7]}],
    "LogEnable": ["true", 1, 0, {"a": 1}],
    "VpcId": [7, ["vpc-1"], {"Id": "vpc-1"}, True],
    "StartCmdInfo": ["python", [None], {"StartCmd": 7}],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values], ids=repr
)
def test_an_input_of_another_type_stays_as_it_is_recorded(name: str, value: Any) -> None:
    outputs = recorded_outputs(INPUTS, DETAIL)
    assert recorded_outputs(INPUTS, {**DETAIL, name: value}, outputs) == outputs
    recorded = {**INPUTS, **recorded_outputs(INPUTS, {**DETAIL, name: value})}
    difference = diff(recorded, INPUTS, recorded_owner=None, owner=None, labels_enabled=False)
    assert difference.replacing == ()
    found, left_out = well_typed({**DETAIL, name: value})
    assert [path.split(".")[0] for path in left_out] == [name]
    assert well_typed(found) == (found, [])


@pytest.mark.parametrize(
    ("name", "property_name", "value", "empty"),
    [
        ("RuntimeInSeconds", "runtimeInSeconds", "12", 0),
        ("RuntimeInSeconds", "runtimeInSeconds", True, 0),
        ("RuntimeInSeconds", "runtimeInSeconds", 1.5, 0),
        ("RuntimeInSeconds", "runtimeInSeconds", float("nan"), 0),
        ("CreateTime", "createTime", 1754017193, ""),
        ("FailureReason", "failureReason", {"a": 1}, ""),
        ("OperatorInfo", "operatorInfo", "somebody", None),
        ("OperatorInfo", "operatorInfo", [None], None),
        ("Tags", "allTags", "team", {}),
        ("Uin", "uin", 100, ""),
    ],
)
def test_an_output_of_another_type_is_empty(name: str, property_name: str, value: Any, empty: Any) -> None:
    assert recorded_outputs(INPUTS, {**DETAIL, name: value})[property_name] == empty
    assert imported_outputs({**DETAIL, name: value})[property_name] == empty


def test_the_account_and_the_tags_stay_recorded_when_the_service_does_not_return_them() -> None:
    before = recorded_outputs(INPUTS, DETAIL)
    now = recorded_outputs(INPUTS, {**DETAIL, "Uin": 100, "Tags": "team"}, before)
    assert (now["uin"], now["allTags"]) == ("100", {"team": "nlp"})
    assert recorded_outputs(INPUTS, {**DETAIL, "Tags": None}, before)["allTags"] == {}
    for uin in (None, ""):
        assert recorded_outputs(INPUTS, {**DETAIL, "Uin": uin}, before)["uin"] == "100"


@pytest.mark.parametrize(
    ("member", "own"),
    [
        ("Remark", ""),
        ("RuntimeInSeconds", None),
        ("LogEnable", None),
        ("ResourceConfigInfos", []),
        ("Output", {}),
        ("Tags", None),
        ("Envs", None),
    ],
)
def test_an_empty_value_of_another_type_is_null(member: str, own: Any) -> None:
    empties: list[Any] = [None, "", [], {}]
    for returned in empties:
        found, left_out = well_typed({member: returned})
        assert left_out == []
        assert repr(found) == repr({member: returned if type(returned) is type(own) else None})


GROUPS_TYPE = TRAINING_TASK.fields["resourceConfigInfos"].type
OUTPUT_TYPE = TRAINING_TASK.fields["output"].type


@pytest.mark.parametrize(
    ("kind", "returned", "read"),
    [
        (Scalar.INTEGER, 3.0, 3),
        (Scalar.INTEGER, "3", None),
        (Scalar.STRING, "", None),
        (Scalar.BOOLEAN, False, False),
        (ListOf(Scalar.STRING), ["", "a"], ["", "a"]),
        (ListOf(Scalar.STRING), ["a", 7], None),
        (OUTPUT_TYPE, {"Bucket": 7, "Region": "r", "Paths": [], "New": 1}, {"region": "r"}),
        (OUTPUT_TYPE, {"Bucket": "", "Paths": []}, None),
        (
            GROUPS_TYPE,
            [{"Role": "WORKER", "InstanceNum": 2.0}, {"Role": ""}, {}],
            [{"role": "WORKER", "instanceNum": 2}, {}, {}],
        ),
        (GROUPS_TYPE, [{"Role": "WORKER"}, None], None),
        (MapOf(Scalar.STRING), {"a": "b"}, None),
    ],
)
def test_a_returned_value_is_read_in_the_form_of_inputs_without_what_is_empty_or_of_another_type(
    kind: Type, returned: Any, read: Any
) -> None:
    assert from_wire(kind, returned) == read


def test_a_part_that_is_left_out_is_named_with_its_path() -> None:
    detail: dict[str, Any] = {
        "Remark": "cut \ufffd",
        "FailureReason": "cut \ufffd",
        "New": "cut \ufffd",
        "Output": {"Bucket": 7, "Region": "r", "Paths": ["a/", "cut \ufffd"]},
        "DataConfigs": [{"MappingPath": "/a", "COSSource": {"Bucket": "b", "Region": ["r"]}}, {"MappingPath": "/b"}],
        "Envs": [{"Name": "A", "Value": "a"}, {"Name": "A", "Value": 1}],
    }
    found, left_out = well_typed(detail)
    assert found == {
        "FailureReason": "cut \ufffd",
        "New": "cut \ufffd",
        "Output": {"Region": "r"},
        "DataConfigs": [{"MappingPath": "/a", "COSSource": {"Bucket": "b"}}, {"MappingPath": "/b"}],
    }
    assert left_out == ["Remark", "Output.Bucket", "Output.Paths", "DataConfigs.COSSource.Region", "Envs"]


def test_a_whole_number_may_come_as_one_with_a_point() -> None:
    seconds = recorded_outputs(INPUTS, {**DETAIL, "RuntimeInSeconds": 12.0})["runtimeInSeconds"]
    assert (seconds, type(seconds)) == (12, int)


def test_only_the_member_of_another_type_is_unknown() -> None:
    groups = [{**GROUP, "InstanceNum": "2"}, {**GROUP, "Role": "PS", "InstanceNum": 3}]
    found = recorded_outputs(INPUTS, {**DETAIL, "ResourceConfigInfos": groups})["resourceConfigInfos"]
    assert [group["instanceNum"] for group in found] == [2, 3]
    assert well_typed({**DETAIL, "ResourceConfigInfos": groups})[1] == ["ResourceConfigInfos.InstanceNum"]


def test_a_tag_or_a_variable_without_a_name_or_a_value_is_no_error() -> None:
    tags = [{"TagKey": "a"}, {"TagKey": "b", "TagValue": None}, {"TagValue": "c"}, {"TagKey": None}, {"TagKey": ""}]
    assert user_tags(tags) == {"a": "", "b": ""}
    for odd in (None, {}, "", "a", {"a": "b"}, [None], ["a"], 7, [{"TagKey": ["a"]}]):
        assert user_tags(odd) == {}
    envs = [{"Name": "A"}, {"Name": "B", "Value": None}, {"Value": "c"}, {"Name": "C", "IsPrivate": None, "Value": "c"}]
    envs += [{"Name": "D", "Value": "d", "IsPrivate": True}]
    assert imported_outputs({**DETAIL, "Envs": envs})["envs"] == {"A": "", "B": "", "C": "c"}


@pytest.mark.parametrize("detail", [None, "x", 7, [], [{}], True])
def test_a_detail_that_is_no_object_leaves_the_inputs_as_they_are(detail: Any) -> None:
    outputs = recorded_outputs(INPUTS, detail)
    assert {name: outputs[name] for name in INPUTS} == INPUTS
    assert imported_outputs(detail)["status"] == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(max_size=5) | st.just("RUNNING"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """The detail with a few of its parts, at any depth, replaced by anything, doubled, or taken away."""
    detail = {"of": copy.deepcopy(DETAIL)}
    for _ in range(draw(st.integers(1, 4))):
        here: Any = detail
        while True:
            keys = [*here] if isinstance(here, dict) else [*range(len(here))]
            key = draw(st.sampled_from(keys))
            if not (isinstance(here[key], (dict, list)) and here[key]) or (here is not detail and draw(st.booleans())):
                break
            here = here[key]
        if here is detail:
            continue
        what = draw(st.sampled_from(("replace", "wrap", "remove")))
        if what == "replace":
            here[key] = draw(JSON)
        elif what == "wrap":
            here[key] = draw(st.sampled_from(([here[key]], {"Value": here[key]}, str(here[key]))))
        else:
            del here[key]
    return detail["of"]


def is_of(kind: Type, value: Any) -> bool:
    match kind:
        case Struct():
            parts = {**kind.fields, **kind.outputs}
            return isinstance(value, dict) and all(is_of(parts[name].type, part) for name, part in value.items())
        case ListOf():
            return isinstance(value, list) and all(is_of(kind.item, part) for part in value)
        case MapOf():
            return isinstance(value, dict) and all(is_of(kind.item, part) for part in value.values())
        case Scalar.STRING:
            return isinstance(value, str)
        case Scalar.INTEGER | Scalar.DURATION:
            return isinstance(value, int) and not isinstance(value, bool)
        case Scalar.BOOLEAN:
            return isinstance(value, bool)
        case _:
            return True


def assert_recordable(outputs: Mapping[str, Any]) -> None:
    fields = {**TRAINING_TASK.fields, **TRAINING_TASK.outputs}
    for name, value in outputs.items():
        assert value is None or is_of(fields[name].type, value), (name, value)
    asyncio.run(rpc.serialize_properties(outputs, {}))


@PROPERTY
@given(mutated())
def test_whatever_a_detail_holds_what_is_recorded_has_the_declared_types(detail: dict[str, Any]) -> None:
    for outputs in (recorded_outputs(INPUTS, detail), imported_outputs(detail)):
        assert_recordable(outputs)
        diff({**INPUTS, **outputs}, INPUTS, recorded_owner=None, owner=None, labels_enabled=True)


@PROPERTY
@given(st.sampled_from([*TRAINING_TASK.fields.values(), *TRAINING_TASK.outputs.values()]), JSON)
def test_whatever_comes_in_the_place_of_a_value_has_its_type_or_is_nothing(field: Any, returned: Any) -> None:
    seen = from_wire(field.type, returned)
    assert seen is None or is_of(field.type, seen)
