"""Values on their way to the API and back: the body of a request, and what is made of a detail.

Values of other types than documented are in `test_wire_types.py`; every declared field is in
`tests/boundary/test_shapes.py`.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_tione._constraints import (
    Base64,
    EncodedCommand,
    MaxDuration,
    MaxItems,
    MaxLength,
    Minimum,
    NotEmpty,
    OneOf,
    Range,
    TaskName,
)
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type
from pulumi_tione._schema.identity import desired_tags
from pulumi_tione._schema.wire import (
    decoded_commands,
    encoded_commands,
    imported_outputs,
    inputs_among,
    recorded_outputs,
    request_body,
    secrets_in,
    values_equal,
)
from pulumi_tione.lifecycle.check import CheckContext, check
from pulumi_tione.lifecycle.diff import Difference
from pulumi_tione.lifecycle.diff import diff as diff_with_owner

STRUCTS: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "pulumi_tione" / "emulator" / "api" / "definition.json").read_text(encoding="utf-8")
)["services"]["tione"]["structs"]
PROPERTY = settings(max_examples=60, deadline=None, derandomize=True, database=None)

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
LABELS = {"pulumi:project": "nlp", "pulumi:stack": "dev", "pulumi:resource": "bert"}
GROUP: dict[str, Any] = {"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1}
INPUTS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [GROUP],
}
NO_DIFFERENCE = Difference(replacing=(), in_place=())
WITHOUT_LABELS = CheckContext(region="ap-guangzhou", labels_enabled=False)


def body_of(inputs: Mapping[str, Any], *, labels_enabled: bool = False) -> dict[str, Any]:
    return request_body(inputs, desired_tags(OWNER, inputs.get("tags"), labels_enabled))


def diff(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> Difference:
    has_labels = "pulumi:stack" in outputs["allTags"]
    return diff_with_owner(outputs, news, recorded_owner=OWNER, owner=OWNER, labels_enabled=has_labels)


def with_inputs(**changes: Any) -> dict[str, Any]:
    return {**INPUTS, **changes}


# Bodies.


def test_a_body_has_what_the_program_set_and_nothing_else() -> None:
    assert body_of(INPUTS) == {
        "Name": "bert",
        "ChargeType": "POSTPAID_BY_HOUR",
        "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}],
    }


def test_the_vendors_own_example_is_sent_as_it_stands() -> None:
    """The request of `CreateTrainingTask.txt`, the page that this project started from."""
    news = {
        "name": "zhangsan-lora",
        "frameworkName": "PYTORCH",
        "frameworkEnvironment": "tilearn-llm1.0-torch2.1-angel-vllm1.0-py3.10-cuda12.1-gpu",
        "trainingMode": "DDP",
        "chargeType": "PREPAID",
        "resourceConfigInfos": [
            {
                "role": "WORKER",
                "cpu": 1000.0,
                "memory": 1024.0,
                "gpuType": "",
                "gpu": 0.0,
                "instanceType": "",
                "instanceTypeAlias": "",
                "instanceNum": 1.0,
            }
        ],
        "resourceGroupId": "ersg-rf6p8zb8",
        "tags": {},
        "remark": "",
        "codePackagePath": {"bucket": "test-gz-1256580188", "region": "ap-guangzhou", "paths": ["test/"]},
        "startCmdInfo": {"workerStartCmd": "sleep 10"},
        "dataConfigs": [
            {
                "dataSourceType": "CFS",
                "mappingPath": "/opt/ml/input/data/",
                "cfsSource": {"id": "cfs-pchxhlg9", "path": "/bin"},
            }
        ],
        "tuningParameters": '{"test":"test"}',
        "output": {"bucket": "test-gz-1256580188", "region": "ap-guangzhou", "paths": ["cos_test/"]},
        "logEnable": False,
        "vpcId": "vpc-a26qv3af",
        "subnetId": "subnet-m7xhqcyc",
    }
    found = check({}, news, WITHOUT_LABELS, owner=OWNER)
    assert found.failures == []
    expected = json.loads(
        """
        {"Name": "zhangsan-lora", "FrameworkName": "PYTORCH",
         "FrameworkEnvironment": "tilearn-llm1.0-torch2.1-angel-vllm1.0-py3.10-cuda12.1-gpu",
         "TrainingMode": "DDP", "ChargeType": "PREPAID",
         "ResourceConfigInfos": [{"Role": "WORKER", "Cpu": 1000, "Memory": 1024, "GpuType": "", "Gpu": 0,
                                  "InstanceType": "", "InstanceTypeAlias": "", "InstanceNum": 1}],
         "ResourceGroupId": "ersg-rf6p8zb8", "Tags": [], "Remark": "",
         "CodePackagePath": {"Bucket": "test-gz-1256580188", "Region": "ap-guangzhou", "Paths": ["test/"]},
         "EncodedStartCmdInfo": {"StartCmdInfo":
             "eyJTdGFydENtZCI6IiIsIlBzU3RhcnRDbWQiOiIiLCJXb3JrZXJTdGFydENtZCI6InNsZWVwIDEwIn0="},
         "DataConfigs": [{"DataSourceType": "CFS", "MappingPath": "/opt/ml/input/data/",
                          "CFSSource": {"Id": "cfs-pchxhlg9", "Path": "/bin"}}],
         "TuningParameters": "{\\"test\\":\\"test\\"}",
         "Output": {"Bucket": "test-gz-1256580188", "Region": "ap-guangzhou", "Paths": ["cos_test/"]},
         "LogEnable": false, "VpcId": "vpc-a26qv3af", "SubnetId": "subnet-m7xhqcyc"}
        """
    )
    body = body_of(found.inputs)
    assert json.dumps(body, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_zero_false_and_empty_are_sent_when_the_user_wrote_them() -> None:
    body = body_of(
        with_inputs(
            remark="",
            logEnable=False,
            queues=[],
            codeRepos=[],
            tags={},
            envs={},
            trainToolConfig={},
            resourceConfigInfos=[{"role": "WORKER", "gpu": 0, "gpuType": "", "rdmaConfig": {"enable": False}}],
        ),
    )
    assert body["Remark"] == ""
    assert body["LogEnable"] is False
    assert (body["Queues"], body["CodeRepos"], body["Tags"], body["Envs"]) == ([], [], [], [])
    assert body["TrainToolConfig"] == {}
    assert body["ResourceConfigInfos"] == [
        {"Role": "WORKER", "Gpu": 0, "GpuType": "", "RDMAConfig": {"Enable": False}},
    ]


def test_options_of_the_provider_are_not_sent() -> None:
    body = body_of(with_inputs(triggers=[1, "a"], additionalParameters={}))
    assert set(body) == {"Name", "ChargeType", "ResourceConfigInfos"}


def test_all_tags_that_a_task_is_to_have_are_sent() -> None:
    body = request_body(with_inputs(tags={"team": "nlp"}), {"team": "nlp", **LABELS})
    assert {tag["TagKey"]: tag["TagValue"] for tag in body["Tags"]} == {"team": "nlp", **LABELS}
    assert len(body["Tags"]) == 4
    assert {tag["TagKey"] for tag in request_body(INPUTS, LABELS)["Tags"]} == set(LABELS)
    assert "Tags" not in request_body(INPUTS, {})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"envs": {"A": "1", "B": ""}}, [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": ""}]),
        ({"privateEnvs": {"T": "x"}}, [{"Name": "T", "Value": "x", "IsPrivate": True}]),
        (
            {"envs": {"A": "1"}, "privateEnvs": {"T": "x"}},
            [{"Name": "A", "Value": "1"}, {"Name": "T", "Value": "x", "IsPrivate": True}],
        ),
    ],
)
def test_variables_are_sent_as_one_list_and_private_ones_marked(
    changes: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    assert body_of(with_inputs(**changes))["Envs"] == expected


@pytest.mark.parametrize(
    ("body", "secrets"),
    [
        ({}, []),
        ({"Envs": [{"Name": "A", "Value": "a"}, {"Name": "B", "Value": "b", "IsPrivate": True}]}, ["b"]),
        ({"Envs": [{"Name": "B", "IsPrivate": True}, {"Name": "C", "Value": "", "IsPrivate": True}]}, []),
        ({"ImageInfo": {"ImageUrl": "u"}}, []),
        (
            {"ImageInfo": {"ImageSecret": {"Username": "u", "Password": "p"}}, "CallbackUrl": "http://c"},
            ["p", "http://c"],
        ),
        ({"ImageInfo": {"ImageSecret": {"Password": ""}}, "CallbackUrl": "", "Remark": "r"}, []),
    ],
    ids=str,
)
def test_the_secrets_of_a_body_are_private_variables_a_password_and_the_callback(
    body: dict[str, Any], secrets: list[str]
) -> None:
    assert secrets_in(body) == secrets


COMMANDS = [
    "python train.py --name \"bert\" --note 'it''s'",
    "echo $(id) `id` $HOME ${X:-y} \\ \\n %s",
    "a\tb\r\nc\nd\r",
    "cat <<'EOF'\nx\nEOF\n",
    "中文 ✓ 𝔘",
    "trailing newline\n",
    "#!/bin/bash\n" + "echo line of a long script\n" * 2300,
    "c2xlZXAgMTA=",
    '{"StartCmd":"x"}',
    "",
    "\x01\x7f\u2028\ufeff",
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[:12])
def test_any_command_arrives_as_it_is_written(command: str) -> None:
    body = body_of(with_inputs(startCmdInfo={"workerStartCmd": command, "psStartCmd": command}))
    assert "StartCmdInfo" not in body
    returned = json.loads(base64.b64decode(body["EncodedStartCmdInfo"]["StartCmdInfo"], validate=True))
    assert returned == {"StartCmd": "", "PsStartCmd": command, "WorkerStartCmd": command}


@given(command=st.text(), property_name=st.sampled_from(["startCmd", "psStartCmd", "workerStartCmd"]))
@PROPERTY
def test_an_encoded_command_is_one_that_check_lets_pass_and_has_all_three_keys(
    command: str, property_name: str
) -> None:
    encoded = encoded_commands({property_name: command})
    assert EncodedCommand().violation(encoded) is None
    returned = json.loads(base64.b64decode(encoded, validate=True))
    assert [*returned] == ["StartCmd", "PsStartCmd", "WorkerStartCmd"]
    assert returned[property_name[0].upper() + property_name[1:]] == command
    assert sorted(returned.values()) == sorted(["", "", command])


def test_an_encoded_command_is_readable_in_any_script() -> None:
    assert base64.b64decode(encoded_commands({"startCmd": "中文"})).decode() == (
        '{"StartCmd":"中文","PsStartCmd":"","WorkerStartCmd":""}'
    )


def test_a_command_that_is_encoded_already_is_sent_as_it_is() -> None:
    encoded = encoded_commands({"startCmd": "x"})
    body = body_of(with_inputs(encodedStartCmdInfo={"startCmdInfo": encoded}))
    assert body["EncodedStartCmdInfo"] == {"StartCmdInfo": encoded}


def test_additional_parameters_are_merged_at_any_depth_and_whole_numbers_sent_as_such() -> None:
    body = body_of(
        with_inputs(
            imageInfo={"imageType": "TCR", "imageUrl": "u"},
            additionalParameters={
                "SchedulePolicy": {"BackOffLimit": 3.0, "Share": 0.5, "Flag": True, "Steps": [1.0, {"At": 2.0}]},
                "ImageInfo": {"NewThing": {"A": 1.0}},
                "ExposeNetworkConfig": {"New": None},
            },
        ),
    )
    assert body["SchedulePolicy"] == {"BackOffLimit": 3, "Share": 0.5, "Flag": True, "Steps": [1, {"At": 2}]}
    assert body["ImageInfo"] == {"ImageType": "TCR", "ImageUrl": "u", "NewThing": {"A": 1}}
    assert body["ExposeNetworkConfig"] == {"New": None}
    text = json.dumps(body)
    assert '"BackOffLimit": 3,' in text
    assert "3.0" not in text


def test_a_body_is_made_without_changing_the_inputs() -> None:
    inputs = with_inputs(
        tags={"a": "b"}, imageInfo={"imageType": "TCR", "imageUrl": "u"}, additionalParameters={"ImageInfo": {"X": 1.0}}
    )
    before = copy.deepcopy(inputs)
    body_of(inputs, labels_enabled=True)
    assert inputs == before


# Whatever the schema allows.


@st.composite
def structs_of(draw: st.DrawFn, kind: Struct, most: int) -> dict[str, Any]:
    """Values of a struct: what is required, and a few of the other fields."""
    required = [field for field in kind.fields.values() if field.required]
    others = [field for field in kind.fields.values() if not field.required]
    chosen = draw(st.lists(st.sampled_from(others), max_size=most, unique_by=id)) if others else []
    return {field.property: draw(values_for(field)) for field in (*required, *chosen)}


def values_of(kind: Type) -> st.SearchStrategy[Any]:
    match kind:
        case Struct():
            return structs_of(kind, 4)
        case ListOf():
            return st.lists(values_of(kind.item), max_size=3)
        case MapOf():
            return st.dictionaries(st.text("ABab_1", min_size=1, max_size=3), values_of(kind.item), max_size=3)
        case Scalar.STRING:
            return st.text(max_size=8)
        case Scalar.INTEGER | Scalar.DURATION:
            return st.integers(0, 2**53 - 1).map(float)
        case Scalar.BOOLEAN:
            return st.booleans()
        case _:
            return st.none() | st.booleans() | st.integers(0, 9).map(float) | st.text(max_size=4)


def values_for(field: Field) -> st.SearchStrategy[Any]:
    """Values of a field that break no rule of its own."""
    if field.property == "tags":
        keys = st.from_regex(r"[a-oA-Z0-9中文][a-z0-9:./@ -]{0,6}[a-z]", fullmatch=True)
        return st.dictionaries(
            keys, st.from_regex(r"[a-z0-9中文](?:[a-z0-9:. -]{0,8}[a-z])?", fullmatch=True), max_size=3
        )
    if field.property == "desiredStatus":
        return st.just("RUNNING")
    if field.property == "additionalParameters":
        return st.just({"SchedulePolicy": {"BackOffLimit": 3.0}})
    for rule in field.rules:
        match rule:
            case OneOf():
                return st.sampled_from(rule.values)
            case MaxDuration():
                return st.integers(0, 9999).map(float) | st.sampled_from(["12h", "1h30m", "365d"])
            case Range():
                return st.integers(rule.minimum, rule.maximum).map(float)
            case Minimum():
                return st.integers(rule.minimum, 2**53 - 1).map(float)
            case MaxItems() | NotEmpty() if isinstance(field.type, ListOf):
                smallest = int(any(isinstance(each, NotEmpty) for each in field.rules))
                largest = min([3, *(each.items for each in field.rules if isinstance(each, MaxItems))])
                return st.lists(values_of(field.type.item), min_size=smallest, max_size=largest)
            case Base64():
                return st.binary(max_size=8).map(lambda password: base64.b64encode(password).decode())
            case MaxLength():
                return st.text(max_size=20)
            case TaskName():
                return st.from_regex(r"[0-9A-Za-z一-龥][0-9A-Za-z一-龥_-]{0,20}", fullmatch=True)
            case EncodedCommand():
                return st.builds(lambda command: encoded_commands({"startCmd": command}), st.text(max_size=8))
    return values_of(field.type)


def made_consistent(news: dict[str, Any]) -> dict[str, Any]:
    """Take out what contradicts another input."""
    if "encodedStartCmdInfo" in news:
        news.pop("startCmdInfo", None)
    if news.get("imageInfo", {}).get("imageType") != "CUSTOM":
        news.get("imageInfo", {}).pop("imageSecret", None)
    for source in ("localDiskSource", "cbsSource"):
        for mount in [mount for mount in news.get("dataConfigs", []) if source in mount][1:]:
            del mount[source]
    if news.get("settings", {}).keys() & {"profile", "sharedCredentialsDir"}:
        news["settings"].pop("camRoleName", None)
    for name in news.get("envs", {}):
        news.get("privateEnvs", {}).pop(name, None)
    encoded = news.get("encodedStartCmdInfo", {}).get("startCmdInfo")
    commands = decoded_commands(encoded) if encoded else news.get("startCmdInfo", {})
    if not any(commands.values()):
        news.pop("maxDuration", None)
    if news["chargeType"] == "POSTPAID_BY_HOUR":
        for group in news["resourceConfigInfos"]:
            group["instanceType"] = group.get("instanceType") or "TI.S.MEDIUM.POST"
    return news


NEWS = structs_of(TRAINING_TASK, 8).map(made_consistent)
"""Every shape of input that the schema allows, as it comes from the engine."""


def inputs_of(news: Mapping[str, Any]) -> dict[str, Any]:
    found = check({}, news, CheckContext(region="ap-guangzhou", labels_enabled=True), owner=OWNER)
    assert found.failures == []
    return found.inputs


def violations_of_the_definition(struct: str, returned: Any, path: str = "") -> list[str]:
    """What the vendor's definition has against a struct of a request."""
    if not isinstance(returned, dict):
        return [f"{path}: no struct"]
    fields = STRUCTS[struct]
    found = [f"{path}.{name}: unknown" for name in returned if name not in fields]
    found += [
        f"{path}.{name}: missing" for name, field in fields.items() if field.get("required") and name not in returned
    ]
    for name in returned.keys() & fields.keys():
        found += violations_of_a_value(fields[name]["type"], returned[name], f"{path}.{name}")
    return found


def violations_of_a_value(kind: str, returned: Any, path: str) -> list[str]:
    item = kind.removeprefix("list<").removesuffix(">")
    if item != kind:
        if not isinstance(returned, list):
            return [f"{path}: no list"]
        return [
            text for index, part in enumerate(returned) for text in violations_of_a_value(item, part, f"{path}.{index}")
        ]
    if kind in STRUCTS:
        return violations_of_the_definition(kind, returned, path)
    is_right = {
        "string": type(returned) is str,
        "bool": type(returned) is bool,
        "int64": type(returned) is int,
        "uint64": type(returned) is int and returned >= 0,
    }[kind]
    return [] if is_right else [f"{path}: {returned!r} is no {kind}"]


@given(news=NEWS)
@PROPERTY
def test_what_check_lets_pass_is_a_request_of_the_vendors_definition(news: dict[str, Any]) -> None:
    body = body_of(inputs_of(news), labels_enabled=True)
    assert ("SchedulePolicy" in body) == ("additionalParameters" in news)
    body.pop("SchedulePolicy", None)
    assert violations_of_the_definition("CreateTrainingTaskRequest", body) == []
    assert json.loads(json.dumps(body)) == body


EMPTY = {"string": "", "uint64": 0, "int64": 0, "bool": False}


def returned_for(kind: str, sent: Any, *, filled: bool) -> Any:
    """What a faithful service returns for a value that was sent: all its fields, those that were not sent empty."""
    item = kind.removeprefix("list<").removesuffix(">")
    if item != kind:
        return [returned_for(item, part, filled=filled) for part in sent or []]
    if kind not in STRUCTS:
        return EMPTY[kind] if sent is None else sent
    sent = sent or {}
    returned = {
        name: returned_for(field["type"], sent.get(name), filled=filled) for name, field in STRUCTS[kind].items()
    }
    if kind == "ImageInfo":
        returned["ImageSecret"] = None
    if kind == "ResourceConfigInfo" and filled:
        returned.update({name: 7 for name in ("Cpu", "Memory", "Gpu", "InstanceNum") if name not in sent})
        returned["InstanceTypeAlias"] = sent.get("InstanceTypeAlias", "8C40G V100*1")
    return returned


def detail_of(body: Mapping[str, Any], *, filled: bool = True) -> dict[str, Any]:
    """What a faithful service returns for a task that was made from a body; filled: with all that it adds by itself."""
    sent = {**body}
    encoded = body.get("EncodedStartCmdInfo", {}).get("StartCmdInfo")
    if encoded:
        sent["StartCmdInfo"] = json.loads(base64.b64decode(encoded))
    fields = STRUCTS["TrainingTaskDetail"]
    detail = {name: returned_for(field["type"], sent.get(name), filled=filled) for name, field in fields.items()}
    detail.update({"Id": "train-1", "Status": "RUNNING", "Uin": "100", "CreateTime": "2025-08-01T10:59:53+08"})
    if filled:
        detail["Tags"].insert(0, {"TagKey": "qcs:tag:createdBy", "TagValue": "100"})
        detail["Tags"].append({"TagKey": "tencentcloud:autoscaling:auto-scaling-group-id", "TagValue": "asg-1"})
        detail["NewThing"] = {"A": 1}
        if "ImageInfo" not in body:
            detail["ImageInfo"].update({"ImageType": "PRE_SET", "ImageUrl": "ccr/torch:2.1"})
        for name in ("FrameworkVersion", "TrainingMode", "DataSource"):
            detail[name] = detail[name] if name in body else "filled in"
        detail["OperatorInfo"] = None
    return detail


@given(news=NEWS, filled=st.booleans())
@PROPERTY
def test_what_check_lets_pass_sent_and_read_back_by_a_faithful_service_is_the_same(
    news: dict[str, Any], filled: bool
) -> None:
    inputs = inputs_of(news)
    detail = detail_of(body_of(inputs, labels_enabled=True), filled=filled)
    outputs = recorded_outputs(inputs, detail)
    assert diff(outputs, inputs) == NO_DIFFERENCE
    assert inputs_among(outputs) == inputs
    assert recorded_outputs(inputs_among(outputs), detail) == outputs


@given(news=NEWS)
@PROPERTY
def test_a_task_of_which_the_service_returns_nothing_keeps_what_was_set(news: dict[str, Any]) -> None:
    inputs = inputs_of(news)
    assert inputs_among(recorded_outputs(inputs, {})) == inputs


GROUPS = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["HEAD", "WORKER"])},
        optional={"instanceType": st.sampled_from(["S", "L"]), "instanceNum": st.integers(1, 3).map(float)},
    ),
    min_size=1,
    max_size=4,
)


@given(groups=GROUPS, data=st.data())
@PROPERTY
def test_groups_that_are_listed_in_another_order_are_no_change(
    groups: list[dict[str, Any]], data: st.DataObject
) -> None:
    inputs = inputs_of({"chargeType": "PREPAID", "resourceConfigInfos": groups})
    detail = detail_of(body_of(inputs))
    detail["ResourceConfigInfos"] = data.draw(st.permutations(detail["ResourceConfigInfos"]))
    assert inputs_among(recorded_outputs(inputs, detail)) == inputs


@st.composite
def structs_of_an_answer(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A struct as the definition allows it in an answer: a few fields with anything, the rest as empty as may be."""
    fields = STRUCTS[name]
    chosen = draw(st.sets(st.sampled_from(sorted(fields)), max_size=4))
    returned = {}
    for field, declared in fields.items():
        if field in chosen:
            value = of_an_answer(declared["type"])
            returned[field] = draw(st.none() | value if declared.get("nullable") else value)
        elif declared.get("returned") or declared.get("required"):
            returned[field] = None if declared.get("nullable") else returned_for(declared["type"], None, filled=False)
    return returned


def of_an_answer(kind: str) -> st.SearchStrategy[Any]:
    item = kind.removeprefix("list<").removesuffix(">")
    if item != kind:
        return st.lists(of_an_answer(item), max_size=2)
    scalars: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(max_size=4),
        "uint64": st.integers(0, 9),
        "int64": st.integers(-9, 9),
        "bool": st.booleans(),
    }
    return scalars[kind] if kind in scalars else structs_of_an_answer(kind)


@given(news=NEWS, detail=structs_of_an_answer("TrainingTaskDetail"))
@PROPERTY
def test_whatever_the_definition_allows_in_a_detail_can_be_recorded(
    news: dict[str, Any], detail: dict[str, Any]
) -> None:
    inputs = inputs_of(news)
    for outputs in (recorded_outputs(inputs, detail), imported_outputs(detail)):
        for field in TRAINING_TASK.outputs.values():
            if field.property == "createRequestId":
                continue  # only create knows it
            scalar = {Scalar.STRING: str, Scalar.INTEGER: int, Scalar.BOOLEAN: bool}
            expected = scalar[field.type] if isinstance(field.type, Scalar) else (dict, type(None))
            assert isinstance(outputs[field.property], expected)


@pytest.mark.parametrize(
    "detail",
    [
        {"Tags": [{"TagKey": None, "TagValue": None}]},
        {"Tags": [{"TagKey": "team", "TagValue": None}]},
        {"CodePackagePath": {"Bucket": None, "Region": None, "Paths": None}},
        {"DataConfigs": [{"MappingPath": "/", "COSSource": {"Bucket": None, "Region": None, "Paths": None}}]},
        {"ResourceConfigInfos": [{"Role": "WORKER", "RDMAConfig": None}, {"Role": "WORKER", "RDMAConfig": {}}]},
        {"ExposeNetworkConfig": {"SSHConfig": {"PodSSHInfo": None, "Port": None}}},
        {"OperatorInfo": {}},
    ],
    ids=lambda detail: next(iter(detail)),
)
def test_a_null_that_the_definition_allows_is_no_error(detail: dict[str, Any]) -> None:
    inputs = with_inputs(
        tags={"team": "nlp"},
        codePackagePath={"bucket": "b", "region": "r", "paths": ["c/"]},
        dataConfigs=[{"mappingPath": "/"}],
        exposeNetworkConfig={"sshConfig": {"enable": True}},
    )
    recorded_outputs(inputs, detail)
    imported_outputs(detail)


# Reading back.


def test_the_request_id_of_the_create_stays_recorded() -> None:
    assert recorded_outputs({}, {"Status": "RUNNING"}, {"createRequestId": "a-b"})["createRequestId"] == "a-b"
    assert "createRequestId" not in recorded_outputs({}, {"Status": "RUNNING"}, {"status": "PENDING"})


def test_what_only_the_service_knows_becomes_typed_outputs() -> None:
    detail: dict[str, Any] = {
        field.wire: {Scalar.STRING: f"value of {field.wire}", Scalar.INTEGER: 42}[field.type]
        for field in TRAINING_TASK.outputs.values()
        if field.sent and isinstance(field.type, Scalar)
    }
    detail["OperatorInfo"] = {
        "SubUin": "7",
        "SubUinName": "li",
        "IsPlatformOperator": True,
        "OperationType": "STOP",
        "New": 1,
    }
    detail["Tags"] = [
        {"TagKey": "team", "TagValue": "nlp"},
        {"TagKey": "pulumi:stack", "TagValue": "dev"},
        {"TagKey": "qcs:tag:createdBy", "TagValue": "100"},
        {"TagKey": "tencentcloud:x", "TagValue": "1"},
    ]
    outputs = recorded_outputs({}, detail)
    scalars = {name: outputs.pop(name) for name in [*outputs] if name not in ("operatorInfo", "allTags")}
    assert scalars == {
        field.property: detail[field.wire]
        for field in TRAINING_TASK.outputs.values()
        if field.sent and isinstance(field.type, Scalar)
    }
    assert len(scalars) == 16
    assert outputs == {
        "operatorInfo": {"subUin": "7", "subUinName": "li", "isPlatformOperator": True, "operationType": "STOP"},
        "allTags": {"team": "nlp", "pulumi:stack": "dev"},
    }


@pytest.mark.parametrize("detail", [{}, dict.fromkeys(STRUCTS["TrainingTaskDetail"])], ids=["absent", "null"])
def test_what_is_not_there_yet_is_an_empty_text_or_zero(detail: dict[str, Any]) -> None:
    outputs = recorded_outputs({}, detail)
    assert outputs["status"] == ""
    assert outputs["endTime"] == ""
    assert outputs["runtimeInSeconds"] == 0
    assert outputs["operatorInfo"] is None
    assert outputs["allTags"] == {}


def test_how_to_sign_in_is_an_output_of_the_struct_that_turned_it_on() -> None:
    inputs = with_inputs(exposeNetworkConfig={"sshConfig": {"enable": True, "publicKey": "ssh-rsa A"}})
    detail = detail_of(body_of(inputs))
    detail["ExposeNetworkConfig"]["SSHConfig"].update(
        {
            "LoginCommand": "ssh root@1.2.3.4",
            "IsAddressChanged": True,
            "Port": 40022,
            "PodSSHInfo": {"Host": "1.2.3.4", "Port": 40022, "LoginCommand": "ssh"},
        }
    )
    outputs = recorded_outputs(inputs, detail)
    assert outputs["exposeNetworkConfig"] == {
        "sshConfig": {
            "enable": True,
            "publicKey": "ssh-rsa A",
            "loginCommand": "ssh root@1.2.3.4",
            "isAddressChanged": True,
            "podSshInfo": {"host": "1.2.3.4", "port": 40022, "loginCommand": "ssh"},
        }
    }
    assert inputs_among(outputs) == inputs
    assert diff(outputs, inputs) == NO_DIFFERENCE


RAY: list[dict[str, Any]] = [
    {"role": "HEAD", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1},
    {"role": "WORKER", "instanceType": "TI.S.LARGE.POST", "instanceNum": 2},
    {"role": "WORKER", "instanceType": "TI.GN10.2XLARGE40.POST", "instanceNum": 1},
]


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))], ids=str)
def test_two_groups_of_one_role_are_matched_in_any_order(order: tuple[int, ...]) -> None:
    inputs = with_inputs(resourceConfigInfos=RAY)
    detail = detail_of(body_of(inputs))
    detail["ResourceConfigInfos"] = [detail["ResourceConfigInfos"][index] for index in order]
    assert recorded_outputs(inputs, detail)["resourceConfigInfos"] == RAY

    changed = next(
        group for group in detail["ResourceConfigInfos"] if group["InstanceType"] == "TI.GN10.2XLARGE40.POST"
    )
    changed["InstanceNum"] = 3
    found = recorded_outputs(inputs, detail)["resourceConfigInfos"]
    assert found[:2] == RAY[:2]
    assert found[2]["instanceNum"] == 3


def test_a_group_that_sets_less_does_not_take_the_place_of_one_that_sets_more() -> None:
    groups = [{"role": "WORKER"}, {"role": "WORKER", "instanceNum": 2}]
    inputs = with_inputs(resourceConfigInfos=groups)
    detail = {
        "ResourceConfigInfos": [
            {"Role": "WORKER", "InstanceNum": 2},
            {"Role": "WORKER", "InstanceNum": 1},
        ]
    }
    assert recorded_outputs(inputs, detail)["resourceConfigInfos"] == groups


def test_groups_with_a_field_of_another_version_are_matched_by_the_others() -> None:
    groups = [{"role": "WORKER", "fieldOfAnotherVersion": 1}, {"role": "PS", "fieldOfAnotherVersion": 2}]
    detail = {"ResourceConfigInfos": [{"Role": "PS"}, {"Role": "WORKER"}]}
    assert recorded_outputs(with_inputs(resourceConfigInfos=groups), detail)["resourceConfigInfos"] == groups


def test_the_requested_name_is_the_input_of_a_task_whose_name_has_a_suffix() -> None:
    assert inputs_among({**INPUTS, "name": "bert-2", "numberedFrom": "bert"}) == with_inputs(name="bert")


DRIFT: list[tuple[str, dict[str, Any], dict[str, Any], str, Any]] = [
    (
        "a tag's value",
        {"tags": {"team": "nlp"}},
        {"Tags": [{"TagKey": "team", "TagValue": "cv"}]},
        "tags",
        {"team": "cv"},
    ),
    (
        "a tag taken away",
        {"tags": {"team": "nlp", "a": "b"}},
        {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
        "tags",
        {"a": "b"},
    ),
    ("all tags taken away", {"tags": {"team": "nlp"}}, {"Tags": None}, "tags", {}),
    ("a text", {"remark": "mine"}, {"Remark": "yours"}, "remark", "yours"),
    (
        "log delivery taken away",
        {"logConfig": {"logsetId": "a", "topicId": "b"}},
        {"LogConfig": {"LogsetId": "", "TopicId": ""}},
        "logConfig",
        {},
    ),
    ("true to false", {"logEnable": True}, {"LogEnable": False}, "logEnable", False),
    (
        "the path of a struct",
        {"output": {"bucket": "b", "region": "r", "paths": ["a/"]}},
        {"Output": {"Bucket": "b", "Region": "r", "Paths": ["c/"]}},
        "output",
        {"bucket": "b", "region": "r", "paths": ["c/"]},
    ),
    (
        "a group less",
        {"resourceConfigInfos": RAY},
        {"ResourceConfigInfos": [{"Role": "HEAD", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}]},
        "resourceConfigInfos",
        RAY[:1],
    ),
    (
        "a group more",
        {"resourceConfigInfos": RAY[:1]},
        {
            "ResourceConfigInfos": [
                {"Role": "HEAD", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1},
                {"Role": "WORKER", "InstanceNum": 2, "GpuType": ""},
            ]
        },
        "resourceConfigInfos",
        [RAY[0], {"role": "WORKER", "instanceNum": 2}],
    ),
    (
        "the decoded command",
        {"startCmdInfo": {"startCmd": "mine"}},
        {"StartCmdInfo": {"StartCmd": "yours", "PsStartCmd": "", "WorkerStartCmd": ""}},
        "startCmdInfo",
        {"startCmd": "yours"},
    ),
]


@pytest.mark.parametrize(
    ("name", "returned"),
    [
        ("remark", None),
        ("remark", ""),
        ("remark", "cut \ufffd"),
        ("name", None),
        ("resourceConfigInfos", []),
        ("resourceConfigInfos", ""),
        ("output", {"Bucket": "", "Region": "", "Paths": []}),
        ("output", {"Bucket": "b", "Region": "r", "Paths": ["cut \ufffd"]}),
        ("startCmdInfo", {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": ""}),
        ("envs", [{"Name": "A", "Value": "cut \ufffd"}, {"Name": "B", "Value": "1"}]),
        ("envs", [{"Name": "A\ufffd", "Value": "cut 😀"}, {"Name": "B", "Value": "1"}]),
        ("tags", [{"TagKey": "team", "TagValue": "cut \ufffd"}]),
        ("tags", [{"TagKey": "te\ufffd", "TagValue": "cut 😀"}]),
    ],
    ids=str,
)
def test_what_is_fixed_at_creation_stays_as_it_was_set_where_the_service_returns_nothing(
    name: str, returned: Any
) -> None:
    output = {"bucket": "b", "region": "r", "paths": ["cut 😀"]}
    inputs = with_inputs(
        remark="cut 😀",
        output=output,
        startCmdInfo={"startCmd": "sleep 5"},
        envs={"A": "cut 😀", "B": "1"},
        tags={"team": "cut 😀"},
    )
    detail = {**detail_of(body_of(inputs)), TRAINING_TASK.fields[name].wire: returned}
    outputs = recorded_outputs(inputs, detail)
    assert outputs[name] == inputs[name]
    assert diff(outputs, inputs) == diff(recorded_outputs(inputs, detail_of(body_of(inputs))), inputs)


@pytest.mark.parametrize(
    ("changes", "detail", "name", "expected"), [row[1:] for row in DRIFT], ids=[row[0] for row in DRIFT]
)
def test_a_change_from_outside_in_what_the_program_set_is_seen_at_its_property(
    changes: dict[str, Any], detail: dict[str, Any], name: str, expected: Any
) -> None:
    inputs = with_inputs(**changes)
    outputs = recorded_outputs(inputs, {**detail_of(body_of(inputs)), **detail})
    assert outputs.get(name) == expected
    found = diff(outputs, inputs)
    assert {*found.replacing, *found.in_place} == {name}


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"remark": ""}, {"Remark": "filled in"}),
        ({"queues": []}, {"Queues": ["q-1"]}),
        ({"codeRepos": []}, {"CodeRepos": [{"Id": "cr-1", "TargetPath": "/"}]}),
        (
            {"resourceConfigInfos": [{**GROUP, "cpu": 0, "gpuType": "", "instanceTypeAlias": ""}]},
            {
                "ResourceConfigInfos": [
                    {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1, "Cpu": 2}
                ]
            },
        ),
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_the_program_set_to_nothing_may_be_filled_in(changes: dict[str, Any], detail: dict[str, Any]) -> None:
    inputs = with_inputs(**changes)
    assert inputs_among(recorded_outputs(inputs, {**detail_of(body_of(inputs)), **detail})) == inputs


def test_log_delivery_that_the_service_returns_as_null_is_not_recorded() -> None:
    assert "logEnable" not in recorded_outputs(with_inputs(logEnable=True), {"LogEnable": None})


def test_false_is_no_nothing() -> None:
    inputs = with_inputs(logEnable=False)
    assert recorded_outputs(inputs, {"LogEnable": True})["logEnable"] is True


def test_what_the_program_did_not_set_is_never_read_back_as_an_input() -> None:
    detail = detail_of(body_of(INPUTS, labels_enabled=True))
    detail.update({"Remark": "by somebody else", "VpcId": "vpc-1", "LogEnable": True})
    outputs = recorded_outputs(INPUTS, detail)
    assert inputs_among(outputs) == INPUTS


def test_secrets_are_never_compared_with_what_the_service_returns() -> None:
    inputs = with_inputs(
        privateEnvs={"T": "planted"},
        callbackUrl="http://planted",
        imageInfo={
            "imageType": "CUSTOM",
            "imageUrl": "u",
            "imageSecret": {"username": "u", "password": "planted", "keyId": "k"},
        },
    )
    detail = detail_of(body_of(inputs))
    detail["CallbackUrl"] = "http://***"
    detail["Envs"] = [{"Name": "T", "Value": "***", "IsPrivate": True}]
    detail["ImageInfo"]["ImageSecret"] = {"Username": "", "Password": "***"}
    assert inputs_among(recorded_outputs(inputs, detail)) == inputs


def test_a_task_that_is_only_looked_up_shows_all_that_is_not_empty() -> None:
    body = body_of(
        with_inputs(
            tags={"team": "nlp"},
            startCmdInfo={"workerStartCmd": "sleep 5"},
            output={"bucket": "b", "region": "r", "paths": ["out/"]},
            callbackUrl="http://planted",
        ),
    )
    outputs = imported_outputs(detail_of(body, filled=False))
    assert {name: outputs[name] for name in outputs if name in TRAINING_TASK.fields} == {
        "name": "bert",
        "chargeType": "POSTPAID_BY_HOUR",
        "resourceConfigInfos": [
            {**GROUP, "cpu": 0, "memory": 0, "gpu": 0, "rdmaConfig": {"enable": False}},
        ],
        "startCmdInfo": {"workerStartCmd": "sleep 5"},
        "output": {"bucket": "b", "region": "r", "paths": ["out/"]},
        "logEnable": False,
        "tags": {"team": "nlp"},
        "exposeNetworkConfig": outputs["exposeNetworkConfig"],
        "imageInfo": {"allowSaveAllContent": False, "supportDataPipeline": False},
    }
    assert outputs["status"] == "RUNNING"


# The same, and not the same.

OUTPUT_TYPE = TRAINING_TASK.fields["output"].type
GROUPS_TYPE = TRAINING_TASK.fields["resourceConfigInfos"].type


@pytest.mark.parametrize(
    "kind",
    [Scalar.STRING, Scalar.ANY, OUTPUT_TYPE, GROUPS_TYPE, MapOf(Scalar.STRING)],
    ids=["text", "anything", "struct", "list", "map"],
)
@pytest.mark.parametrize(("left", "right"), [*itertools.product([None, "", [], {}], repeat=2)])
def test_null_and_every_empty_are_the_same(kind: Type, left: Any, right: Any) -> None:
    assert values_equal(kind, left, right)


def test_a_struct_of_empties_is_empty_at_any_depth() -> None:
    assert values_equal(OUTPUT_TYPE, {"bucket": "", "region": None, "paths": []}, None)
    kind = TRAINING_TASK.fields["exposeNetworkConfig"].type
    assert values_equal(kind, {"sshConfig": {"publicKey": ""}, "exposePortConfig": {}}, None)
    group = {"role": "WORKER", "gpuType": "", "rdmaConfig": {}}
    assert values_equal(GROUPS_TYPE, [group, group], [{"role": "WORKER"}, {"role": "WORKER", "gpuType": None}])
    assert not values_equal(GROUPS_TYPE, [group], [{"role": "PS"}])


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        (Scalar.BOOLEAN, False, None),
        (Scalar.INTEGER, 0, None),
        (Scalar.STRING, "a", "A"),
        (Scalar.STRING, " ", ""),
        (ListOf(Scalar.STRING), ["a", "b"], ["b", "a"]),
        (ListOf(Scalar.STRING), ["a"], ["a", "a"]),
        (ListOf(Scalar.ANY), [""], []),
        (MapOf(Scalar.STRING), {"a": ""}, {}),
        (MapOf(Scalar.STRING), {"a": "1"}, {"a": "2"}),
    ],
)
def test_what_means_something_else_is_not_the_same(kind: Type, left: Any, right: Any) -> None:
    assert values_equal(kind, left, left)
    assert not values_equal(kind, left, right)
    assert not values_equal(kind, right, left)


def test_inputs_are_found_among_outputs_without_what_only_the_service_knows() -> None:
    outputs = {
        **INPUTS,
        "exposeNetworkConfig": {"sshConfig": {"enable": True, "loginCommand": "ssh", "podSshInfo": {"host": "h"}}},
        "status": "RUNNING",
        "allTags": {},
        "operatorInfo": {"subUin": "7"},
    }
    assert inputs_among(outputs) == with_inputs(exposeNetworkConfig={"sshConfig": {"enable": True}})


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("2025-08-01T10:59:53+08", "2025-08-01T10:59:53+08:00"),
        ("2025-08-01 10:59:53", "2025-08-01T10:59:53+08:00"),
        ("2025-08-01T02:59:53Z", "2025-08-01T02:59:53Z"),
        ("0001-01-01T00:00:00+08", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_all_times_among_the_outputs_are_in_rfc_3339_with_a_zone(remote: str | None, shown: str) -> None:
    times = [field for field in TRAINING_TASK.outputs.values() if field.name.endswith("_time")]
    assert len(times) == 4
    detail = {field.wire: remote for field in times}
    for outputs in (recorded_outputs({}, detail), imported_outputs(detail)):
        assert {field.property: outputs[field.property] for field in times} == {each.property: shown for each in times}
