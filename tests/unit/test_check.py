"""Check: everything that is wrong, all at once, each at its path; and what is right passes as it is meant.

A new rule gets its test here. Rules that ask the service are in `test_account_rules.py`, limits on costs in
`test_costs.py`; inputs that no schema allows are in `tests/boundary/test_check_fuzz.py`.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.output import Unknown

from pulumi_tione._constraints import Violation
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type
from pulumi_tione._schema.identity import RESERVED_LABELS, generated_name
from pulumi_tione._schema.paths import ANNOUNCED_TASKS, PROGRAM_NAMES
from pulumi_tione._schema.secrets import SECRET_INPUTS
from pulumi_tione.lifecycle import check_rules
from pulumi_tione.lifecycle.check import CheckContext, Checked, check


def id_of(value: object) -> str:
    """Return the id of a case, which must be the same in every process: without the addresses of objects."""
    return re.sub(r"<[^<>]*>", "unknown", str(value))


OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
GROUP: dict[str, Any] = {"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1.0}
SMALLEST: dict[str, Any] = {
    "chargeType": "POSTPAID_BY_HOUR",
    "frameworkName": "PYTORCH",
    "frameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
    "trainingMode": "DDP",
    "startCmdInfo": {"workerStartCmd": "sleep 5"},
    "resourceConfigInfos": [GROUP],
}
"""The smallest pay-as-you-go task, as it comes from the engine: numbers are floats."""
COS = {"bucket": "corpus-1250000000", "region": "ap-guangzhou", "paths": ["code/"]}
TEXT_OF_AN_OUTPUT = (
    "Calling __str__ on an Output[T] is not supported.\n\nTo get the value of an Output[T] as an Output[str] consider:"
)


AROUND = CheckContext(region="ap-guangzhou", labels_enabled=True)


def checked(
    olds: Mapping[str, Any] | None = None, *, around: CheckContext = AROUND, owner: object = OWNER, **changes: Any
) -> Checked:
    """Check the smallest task with some inputs changed; None takes one away."""
    news = {name: value for name, value in {**SMALLEST, **changes}.items() if value is not None}
    return check(olds or {}, news, around, owner=owner)


def failures(**changes: Any) -> dict[str, str]:
    found = checked(**changes).failures
    assert len(found) == len(dict(found)), f"a path has two failures: {found}"
    return dict(found)


def mounts(*sources: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"mappingPath": f"/opt/ml/input/data/{index}", **source} for index, source in enumerate(sources)]


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


unknown: Any = Unknown
"""Makes a value that a preview does not know."""

COMMANDS = {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 10"}


# What is right.


def test_a_right_program_has_no_failure_and_no_warning() -> None:
    found = checked()
    assert found.failures == []
    assert found.warnings == []
    assert found.inputs == {**SMALLEST, "name": generated_name(OWNER), "region": "ap-guangzhou"}


def test_whole_numbers_that_arrive_as_floats_become_integers() -> None:
    found = checked(
        resourceConfigInfos=[{**GROUP, "instanceNum": 2.0, "cpu": 1000.0}],
        dataConfigs=mounts({"cbsSource": {"volumeSizeInGb": 50.0}}),
        exposeNetworkConfig={"sshConfig": {"port": 22.0}},
        trainToolConfig={"logHangTimeoutInMinute": 14400.0},
    )
    assert found.failures == []
    numbers = [
        found.inputs["resourceConfigInfos"][0]["instanceNum"],
        found.inputs["resourceConfigInfos"][0]["cpu"],
        found.inputs["dataConfigs"][0]["cbsSource"]["volumeSizeInGb"],
        found.inputs["exposeNetworkConfig"]["sshConfig"]["port"],
        found.inputs["trainToolConfig"]["logHangTimeoutInMinute"],
    ]
    assert numbers == [2, 1000, 50, 22, 14400]
    assert {type(number) for number in numbers} == {int}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "中文-Task_1"},
        {"name": "0" * 60},
        {"name": "龥"},
        {"remark": "记" * 1024},
        {"remark": ""},
        {"tuningParameters": "{abc,}"},
        {"tuningParameters": "x" * 2048},
        {"dataConfigs": mounts(*[{"cfsSource": {"id": "cfs-1", "path": "/"}}] * 10)},
        {"dataConfigs": []},
        {
            "chargeType": "PREPAID",
            "resourceConfigInfos": [{"role": "WORKER", "cpu": 0.0, "gpu": 0.0, "gpuType": "", "instanceType": ""}],
        },
        {"resourceGroupId": "rsg-demo0001", "resourceConfigInfos": [{"role": "WORKER", "cpu": 1000.0}]},
        {"resourceSupplyAttribute": {"clusterType": "THIRD"}, "resourceConfigInfos": [{"role": "WORKER"}]},
        {"trainToolConfig": {"logHangTimeoutInMinute": 1.0}},
        {"exposeNetworkConfig": {"sshConfig": {"port": -1.0}}},
        {
            "frameworkName": None,
            "imageInfo": {"imageType": "CUSTOM", "imageUrl": "a/b:1", "imageSecret": {"username": "u"}},
        },
        {"frameworkName": "", "imageInfo": {"imageType": "CCR", "imageUrl": "a/b:1", "registryRegion": "ap-beijing"}},
        {"imageInfo": {"imageType": "PreSet", "imageUrl": "a/b:1"}},
        {"imageInfo": {"imageType": "", "imageUrl": ""}},
        {"frameworkName": None, "frameworkEnvironment": None, "trainingMode": None},
        {"startCmdInfo": None, "encodedStartCmdInfo": {"startCmdInfo": encoded(COMMANDS)}},
        {"callbackUrl": "http://user:password@callback"},  # pragma: allowlist secret
        {"vpcId": "subnet-1", "subnetId": "subnet.id"},
        {"vpcId": "vpc-1"},
        {"dataConfigs": mounts({"localDiskSource": {"instanceId": "i"}}, {"cbsSource": {"volumeSizeInGb": 1.0}})},
        {"envs": {"A": "1", "a": ""}, "privateEnvs": {"B": "2"}},
        {"tags": {}},
        {"triggers": [1.0, "a", None, {"b": [True]}]},
    ],
    ids=id_of,
)
def test_what_no_documented_rule_forbids_passes(changes: dict[str, Any]) -> None:
    found = checked(**changes)
    assert found.failures == []
    assert found.warnings == []


SHAPES_OF_THE_VENDORS_KIT: dict[str, dict[str, Any]] = {
    "PS_WORKER": {
        "trainingMode": "PS_WORKER",
        "startCmdInfo": {"psStartCmd": "python ps.py", "workerStartCmd": "python worker.py"},
        "resourceConfigInfos": [{**GROUP, "role": "PS"}, GROUP],
    },
    "MPI": {
        "trainingMode": "MPI",
        "startCmdInfo": {"startCmd": "mpirun -np $GPU_NUM -H $NODE_IP_SLOT_LIST python3 train.py"},
    },
    "SPARK": {
        "trainingMode": "SPARK",
        "frameworkName": "PYSPARK",
        "startCmdInfo": {"startCmd": "spark-submit job.py"},
        "resourceConfigInfos": [{**GROUP, "role": "DRIVER"}, {**GROUP, "role": "EXECUTOR"}],
    },
    "RAY": {
        "trainingMode": "RAY",
        "frameworkEnvironment": "ray2.9-py3.10",
        "resourceConfigInfos": [{**GROUP, "role": "HEAD"}, {**GROUP, "role": "HEAD"}, GROUP, GROUP],
    },
    "one CFS mounted twice at one path": {
        "dataConfigs": [
            {"mappingPath": "/a", "cfsSource": {"id": "cfs-1", "path": "/"}},
            {"mappingPath": "/a", "cfsSource": {"id": "cfs-1", "path": "/sub"}},
        ]
    },
    "one EMR cluster three times": {
        "dataConfigs": mounts(*[{"hdfsSource": {"id": "emr-demo0001", "path": "/"}}] * 3),
    },
    "one dataset twice, and mixed kinds without a data source": {
        "dataConfigs": mounts(
            {"dataSetSource": {"id": "ds-1"}},
            {"dataSetSource": {"id": "ds-1"}},
            {"cosSource": COS},
            {"cfsSource": {"id": "cfs-1", "path": "/"}},
        ),
    },
}


@pytest.mark.parametrize("changes", SHAPES_OF_THE_VENDORS_KIT.values(), ids=SHAPES_OF_THE_VENDORS_KIT)
def test_the_shapes_that_the_vendors_own_kit_sends_pass(changes: dict[str, Any]) -> None:
    found = checked(**changes)
    assert found.failures == []
    assert found.warnings == []
    assert "dataSource" not in found.inputs


def test_null_is_not_set() -> None:
    news = {**SMALLEST, "remark": None, "resourceConfigInfos": [{**GROUP, "gpu": None, "rdmaConfig": None}]}
    found = check({}, news, AROUND, owner=OWNER)
    assert found.failures == []
    assert "remark" not in found.inputs
    assert found.inputs["resourceConfigInfos"] == [GROUP]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"chargeType": unknown()}, ("chargeType",)),
        ({"name": unknown()}, ("name",)),
        ({"region": unknown()}, ("region",)),
        ({"vpcId": unknown()}, ("vpcId",)),
        ({"resourceConfigInfos": unknown()}, ("resourceConfigInfos",)),
        ({"resourceConfigInfos": [GROUP, unknown()]}, ("resourceConfigInfos", 1)),
        ({"resourceConfigInfos": [{**GROUP, "role": unknown()}]}, ("resourceConfigInfos", 0, "role")),
        ({"resourceConfigInfos": [{**GROUP, "instanceNum": unknown()}]}, ("resourceConfigInfos", 0, "instanceNum")),
        ({"codePackagePath": unknown()}, ("codePackagePath",)),
        ({"codePackagePath": {**COS, "paths": [unknown()]}}, ("codePackagePath", "paths", 0)),
        ({"codePackagePath": {**COS, "bucket": unknown()}}, ("codePackagePath", "bucket")),
        ({"dataConfigs": mounts({"localDiskSource": unknown()})}, ("dataConfigs", 0, "localDiskSource")),
        ({"imageInfo": unknown()}, ("imageInfo",)),
        (
            {"imageInfo": {"imageType": unknown(), "imageUrl": "u", "imageSecret": {"username": "u"}}},
            ("imageInfo", "imageType"),
        ),
        ({"envs": unknown(), "privateEnvs": {"A": "1"}}, ("envs",)),
        ({"envs": {"A": unknown()}}, ("envs", "A")),
        ({"privateEnvs": unknown()}, ("privateEnvs",)),
        ({"tags": unknown()}, ("tags",)),
        ({"tags": {"team": unknown()}}, ("tags", "team")),
        ({"tuningParameters": unknown()}, ("tuningParameters",)),
        ({"startCmdInfo": None, "encodedStartCmdInfo": {"startCmdInfo": unknown()}}, ("encodedStartCmdInfo",)),
        ({"triggers": [unknown()]}, ("triggers", 0)),
        ({"additionalParameters": unknown()}, ("additionalParameters",)),
        ({"additionalParameters": {"SchedulePolicy": unknown()}}, ("additionalParameters", "SchedulePolicy")),
        ({"additionalParameters": {"ImageInfo": unknown()}}, ("additionalParameters", "ImageInfo")),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_is_unknown_in_a_preview_passes_through_at_any_depth(
    changes: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    found = checked(**changes)
    assert found.failures == []
    assert found.warnings == []
    kept, given_value = found.inputs, changes
    for step in path:
        kept, given_value = kept[step], given_value[step]  # type: ignore[index]
    assert kept == given_value
    assert len(path) == 1 or kept is given_value


# Numbers.


def test_a_fraction_is_refused_at_its_path_and_never_rounded() -> None:
    group = {"role": "WORKER", "cpu": 1000.0, "memory": 2.2 * 1024, "gpu": 0.29 * 100, "instanceNum": 1.0}
    found = checked(chargeType="PREPAID", resourceGroupId="rsg-demo0001", resourceConfigInfos=[group])
    assert [path for path, _ in found.failures] == ["resourceConfigInfos[0].memory", "resourceConfigInfos[0].gpu"]
    fractions = [2.2 * 1024, 0.29 * 100]
    assert [reason for _, reason in found.failures] == [f"must be a whole number, got {each}" for each in fractions]


@pytest.mark.parametrize(
    "number",
    [
        float(2**53 + 1),
        float(2**53 + 2),
        -float(2**53 + 2),
        1e300,
        math.inf,
        -math.inf,
        math.nan,
        2**53 + 1,
    ],
    ids=id_of,
)
def test_a_number_that_the_engine_may_have_changed_is_refused(number: float) -> None:
    reason = failures(exposeNetworkConfig={"sshConfig": {"port": number}})["exposeNetworkConfig.sshConfig.port"]
    rule = "must be a whole number below 2**53" if math.isfinite(number) else "must be a whole number"
    assert reason == f"{rule}, got {number}"


@pytest.mark.parametrize("number", [float(2**53 - 1), -float(2**53 - 1), 0.0, -0.0])
def test_a_number_that_came_through_unchanged_passes(number: float) -> None:
    found = checked(exposeNetworkConfig={"sshConfig": {"port": number}})
    assert found.failures == []
    assert found.inputs["exposeNetworkConfig"]["sshConfig"]["port"] == int(number)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"resourceConfigInfos": [{**GROUP, "instanceNum": -1.0}]}, "resourceConfigInfos[0].instanceNum"),
        ({"resourceConfigInfos": [{**GROUP, "instanceNum": 0.0}]}, "resourceConfigInfos[0].instanceNum"),
        ({"resourceConfigInfos": [{**GROUP, "cpu": -1.0}]}, "resourceConfigInfos[0].cpu"),
        ({"trainToolConfig": {"logHangTimeoutInMinute": -1.0}}, "trainToolConfig.logHangTimeoutInMinute"),
        ({"trainToolConfig": {"logHangTimeoutInMinute": 0.0}}, "trainToolConfig.logHangTimeoutInMinute"),
        ({"trainToolConfig": {"logHangTimeoutInMinute": 14401.0}}, "trainToolConfig.logHangTimeoutInMinute"),
    ],
)
def test_a_number_out_of_its_range_is_refused(changes: dict[str, Any], path: str) -> None:
    assert [*failures(**changes)] == [path]


@pytest.mark.parametrize("number", [2.0**53 + 2, 2.5e20])
def test_a_number_that_may_have_been_changed_is_refused_among_additional_parameters_too(number: float) -> None:
    found = failures(additionalParameters={"SchedulePolicy": {"BackOffLimit": number}})
    assert [*found] == ["additionalParameters.SchedulePolicy.BackOffLimit"]


# Wrong kinds.

WRONG_KINDS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"chargeType": 5.0}, "chargeType", "text", "a number"),
    ({"vpcId": ["vpc-1"]}, "vpcId", "text", "a list"),
    ({"vpcId": {"id": "vpc-1"}}, "vpcId", "text", "a map"),
    ({"vpcId": True}, "vpcId", "text", "true or false"),
    ({"logEnable": "true"}, "logEnable", "true or false", "text"),
    ({"logEnable": 1.0}, "logEnable", "true or false", "a number"),
    ({"resourceConfigInfos": GROUP}, "resourceConfigInfos", "a list", "a map"),
    ({"resourceConfigInfos": "WORKER"}, "resourceConfigInfos", "a list", "text"),
    ({"resourceConfigInfos": ["WORKER"]}, "resourceConfigInfos[0]", "instance_num", "text"),
    ({"resourceConfigInfos": [GROUP, None]}, "resourceConfigInfos[1]", "a map", "nothing"),
    (
        {"resourceConfigInfos": [{**GROUP, "instanceNum": "2"}]},
        "resourceConfigInfos[0].instanceNum",
        "a whole number",
        "text",
    ),
    (
        {"resourceConfigInfos": [{**GROUP, "instanceNum": True}]},
        "resourceConfigInfos[0].instanceNum",
        "a whole number",
        "true or false",
    ),
    ({"imageInfo": []}, "imageInfo", "image_url", "a list"),
    ({"codePackagePath": {**COS, "paths": "code/"}}, "codePackagePath.paths", "a list", "text"),
    ({"codePackagePath": {**COS, "paths": [1.0]}}, "codePackagePath.paths[0]", "text", "a number"),
    (
        {"dataConfigs": mounts({"hdfsSource": {"id": 123456.0, "path": "/"}})},
        "dataConfigs[0].hdfsSource.id",
        "text",
        "a number",
    ),
    ({"dataConfigs": {"mappingPath": "/"}}, "dataConfigs", "a list", "a map"),
    ({"tags": [{"key": "team"}]}, "tags", "a map", "a list"),
    ({"tags": {"team": 1.0}}, "tags.team", "text", "a number"),
    ({"tags": {"a.b": None}}, 'tags["a.b"]', "text", "nothing"),
    ({"envs": {"EPOCHS": 3.0}}, "envs.EPOCHS", "text", "a number"),
    ({"triggers": "again"}, "triggers", "a list", "text"),
    ({"additionalParameters": ["SchedulePolicy"]}, "additionalParameters", "a map", "a list"),
    ({"trainToolConfig": {"logHangTimeoutInMinute": False}}, "trainToolConfig.logHangTimeoutInMinute", "whole", "true"),
    (
        {"startCmdInfo": None, "encodedStartCmdInfo": {"startCmdInfo": 1.0}},
        "encodedStartCmdInfo.startCmdInfo",
        "text",
        "a number",
    ),
]


@pytest.mark.parametrize(("changes", "path", "expected", "got"), WRONG_KINDS, ids=[row[1] for row in WRONG_KINDS])
def test_a_value_of_the_wrong_kind_is_refused_at_its_path(
    changes: dict[str, Any], path: str, expected: str, got: str
) -> None:
    found = failures(**changes)
    assert [*found] == [path]
    assert expected in found[path].partition(", got ")[0]
    assert got in found[path].partition(", got ")[2]


def fields_of(kind: Struct, path: str = "") -> Iterator[tuple[str, Field]]:
    """Yield all fields of a struct, at any depth, with their paths: each list has one item."""
    for field in kind.fields.values():
        own_path = f"{path}.{field.property}" if path else field.property
        yield own_path, field
        is_list = isinstance(field.type, ListOf)
        inner = field.type.item if isinstance(field.type, ListOf) else field.type
        if isinstance(inner, Struct):
            yield from fields_of(inner, f"{own_path}[0]" if is_list else own_path)


FIELDS = dict(fields_of(TRAINING_TASK))
KINDS: dict[str, Any] = {
    "text": "one",
    "a number": 1.0,
    "a fraction": 1.5,
    "true or false": True,
    "a list": [],
    "a map": {},
    "a list of lists": [[None]],
    "a map of maps": {"a.b": {}},
}


def is_right(kind: Type, value: Any) -> bool:
    match kind:
        case Struct() | MapOf():
            return isinstance(value, dict)
        case ListOf():
            return isinstance(value, list)
        case Scalar.STRING:
            return isinstance(value, str)
        case Scalar.BOOLEAN:
            return isinstance(value, bool)
        case Scalar.INTEGER | Scalar.DURATION:
            return value == 1.0 and not isinstance(value, bool)
        case _:
            return True


def expected_of(kind: Type) -> str:
    match kind:
        case Struct():
            return f"a map with {', '.join(field.name for field in kind.fields.values())}"
        case ListOf():
            return "a list"
        case MapOf():
            return "a map"
        case _:
            return "a whole number" if kind is Scalar.INTEGER else kind.value.split()[0]


@pytest.mark.parametrize("path", FIELDS)
def test_a_value_of_another_kind_has_one_failure_at_its_path_whatever_it_is(path: str) -> None:
    name, *steps = path.replace("[0]", ".0").split(".")
    for kind, wrong in KINDS.items():
        value = wrong
        for step in reversed(steps):
            value = [value] if step == "0" else {step: value}
        reasons = [reason for at, reason in checked(**{name: value}).failures if at == path]
        if not is_right(FIELDS[path].type, wrong):
            assert len(reasons) == 1, kind
            assert reasons[0].partition(", got ")[0].startswith(f"must be {expected_of(FIELDS[path].type)}")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"privateEnvs": ["planted"]}, "privateEnvs"),
        ({"privateEnvs": "planted"}, "privateEnvs"),
        ({"privateEnvs": {"TOKEN": ["planted"]}}, "privateEnvs.TOKEN"),
        ({"privateEnvs": {"TOKEN": {"planted": "planted"}}}, "privateEnvs.TOKEN"),
        ({"callbackUrl": ["planted"]}, "callbackUrl"),
        (
            {"imageInfo": {"imageType": "CUSTOM", "imageUrl": "u", "imageSecret": {"password": ["planted"]}}},
            "imageInfo.imageSecret.password",
        ),
        (
            {"imageInfo": {"imageType": "TCR", "imageUrl": "u", "imageSecret": {"password": "planted1"}}},
            "imageInfo.imageSecret",
        ),
        ({"envs": {"TOKEN": "planted"}, "privateEnvs": {"TOKEN": "planted"}}, "privateEnvs.TOKEN"),
    ],
    ids=id_of,
)
def test_a_failure_never_shows_a_secret(changes: dict[str, Any], path: str) -> None:
    found = checked(**changes)
    assert [where for where, _ in found.failures] == [path]
    assert "planted" not in str(found.failures) + str(found.warnings)
    assert ", got " not in str(found.failures)


WRONG: dict[str, Any] = {
    "name": "-plantedname",
    "remark": "plantedremark" * 100,
    "chargeType": "PLANTEDCHARGE",
    "trainingMode": "PLANTEDMODE",
    "tags.team": "plantedtag!",
    "tags.long": "plantedtag" * 40,
    "imageInfo.imageType": "PLANTEDIMAGE",
    "resourceConfigInfos[0].instanceNum": 77.25,
    "dataConfigs[0].mappingPath": 77,
    "rerunOnFailure": -77,
    "additionalParameters.Some.Number": 2.0**77,
}
"""A value that some rule, or no known value, fits, for each path."""


def with_value(path: str, value: Any) -> dict[str, Any]:
    name, *steps = path.replace("[0]", ".0").split(".")
    for step in reversed(steps):
        value = [value] if step == "0" else {step: value}
    if name == "resourceConfigInfos":
        return {name: [{**GROUP, **value[0]}]}
    return {name: {"imageUrl": "u", "imageSecret": {"password": "p"}, **value} if name == "imageInfo" else value}


def shown_for(path: str, *marked: str) -> str:
    found = checked(**with_value(path, WRONG[path]), secretInputs=list(marked))
    assert "secretInputs" not in found.inputs
    assert found.failures or found.warnings
    return repr((found.failures, found.warnings)).lower()


@pytest.mark.parametrize("path", WRONG)
def test_what_the_program_marked_as_secret_is_in_no_message_of_check(path: str) -> None:
    parents = {path.partition(end)[0] for end in (".", "[")} - {path}
    for marked in filter(None, ((path,), (*parents,))):
        shown = shown_for(path, *marked)
        assert "planted" not in shown
        assert "77" not in shown
        assert "1.51115" not in shown  # 2**77
        assert "400" not in shown
        assert "did you mean" not in shown


def test_what_is_no_secret_is_in_the_messages_of_check() -> None:
    others = [path for path in WRONG if path != "dataConfigs[0].mappingPath"]
    shown_by_path = {path: shown_for(path, "vpcId", f"{path}x", "tag") for path in others}
    shown = ("planted", "77", "1.51115", "400", "'!'", "1300")
    assert [path for path, text in shown_by_path.items() if not any(each in text for each in shown)] == []


# Missing and misspelt.


@pytest.mark.parametrize(
    ("changes", "path", "name"),
    [
        ({"chargeType": None}, "chargeType", "charge_type"),
        ({"resourceConfigInfos": None}, "resourceConfigInfos", "resource_config_infos"),
        ({"resourceConfigInfos": [{"instanceNum": 1.0}]}, "resourceConfigInfos[0].role", "role"),
        ({"output": {"bucket": "b", "region": "r"}}, "output.paths", "paths"),
        ({"imageInfo": {"imageType": "TCR"}}, "imageInfo.imageUrl", "image_url"),
        ({"logConfig": {"topicId": "t"}}, "logConfig.logsetId", "logset_id"),
        (
            {"dataConfigs": mounts({"cosSource": {"bucket": None, "region": "r", "paths": ["a/"]}})},
            "dataConfigs[0].cosSource.bucket",
            "bucket",
        ),
        ({"dataConfigs": mounts({"cbsSource": {}})}, "dataConfigs[0].cbsSource.volumeSizeInGb", "volume_size_in_gb"),
    ],
    ids=id_of,
)
def test_what_is_required_and_missing_is_named(changes: dict[str, Any], path: str, name: str) -> None:
    assert failures(**changes) == {path: check_rules.REQUIRED}
    (reason,) = checked(**changes).reasons
    assert reason.rpartition(":")[0].rpartition(".")[2] == name


@pytest.mark.parametrize(
    ("changes", "path", "meant"),
    [
        ({"frameworkNam": "PYTORCH"}, "frameworkNam", "framework_name"),
        ({"framework_version": "1.9"}, "framework_version", "framework_version"),
        (
            {"resourceConfigInfos": [{**GROUP, "instanceNums": 2.0}]},
            "resourceConfigInfos[0].instanceNums",
            "instance_num",
        ),
        (
            {"resourceConfigInfos": [{**GROUP, "InstanceNum": 2.0}]},
            "resourceConfigInfos[0].InstanceNum",
            "instance_num",
        ),
        ({"dataConfigs": mounts({"goosefsSource": {}})}, "dataConfigs[0].goosefsSource", "goose_fs_source"),
        ({"envVars": {}}, "envVars", "envs"),
        ({"status": "RUNNING"}, "status", None),
        ({"quitePeculiar": 1.0}, "quitePeculiar", None),
        ({"a.b": 1.0}, '["a.b"]', None),
    ],
)
def test_a_misspelt_key_is_answered_with_the_nearest_right_one(
    changes: dict[str, Any], path: str, meant: str | None
) -> None:
    found = failures(**changes)
    assert [*found] == [path]
    assert found[path].startswith("there is no such field")
    assert meant is None or found[path].endswith(f"did you mean {meant}?")
    assert meant is not None or path == "status" or "did you mean" not in found[path]


# Documented rules.


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"name": ""}, "name", "start with a letter or a digit"),
        ({"name": "x" * 61}, "name", "at most 60 characters, got 61"),
        ({"name": "-bert"}, "name", "start with a letter or a digit"),
        ({"name": "_bert"}, "name", "start with a letter or a digit"),
        ({"name": "bert v2"}, "name", "letters, digits"),
        ({"name": "bert/v2"}, "name", "letters, digits"),
        ({"name": "bert.v2"}, "name", "letters, digits"),
        ({"name": "bert\n"}, "name", "letters, digits"),
        ({"name": "тест"}, "name", "letters, digits"),
        ({"chargeType": "POSTPAID"}, "chargeType", "did you mean POSTPAID_BY_HOUR?"),
        ({"chargeType": "postpaid_by_hour"}, "chargeType", "did you mean POSTPAID_BY_HOUR?"),
        ({"chargeType": ""}, "chargeType", "PREPAID or POSTPAID_BY_HOUR"),
        ({"remark": "记" * 1025}, "remark", "at most 1024 characters, got 1025"),
        ({"tuningParameters": "x" * 2049}, "tuningParameters", "at most 2048 characters, got 2049"),
        (
            {"dataConfigs": mounts(*[{"cfsSource": {"id": "cfs-1", "path": "/"}}] * 11)},
            "dataConfigs",
            "at most 10 elements, got 11",
        ),
        ({"output": {**COS, "paths": ["a/", "b/"]}}, "output.paths", "at most 1 element, got 2"),
        ({"output": {**COS, "paths": []}}, "output.paths", "at least 1 element"),
        ({"output": {**COS, "bucket": unknown(), "paths": []}}, "output.paths", "at least 1 element"),
        (
            {"dataConfigs": [unknown(), {"cosSource": {"bucket": unknown(), "region": unknown(), "paths": []}}]},
            "dataConfigs[1].cosSource.paths",
            "at least 1 element",
        ),
        ({"resourceConfigInfos": []}, "resourceConfigInfos", "at least 1 element"),
        (
            {"resourceConfigInfos": [GROUP, {"role": "WORKER"}]},
            "resourceConfigInfos[1].instanceType",
            "where charge_type is POSTPAID_BY_HOUR",
        ),
        (
            {"resourceConfigInfos": [{**GROUP, "instanceType": "", "instanceNum": unknown()}]},
            "resourceConfigInfos[0].instanceType",
            "where charge_type is POSTPAID_BY_HOUR",
        ),
        *(
            (
                {"resourceConfigInfos": [{"role": "WORKER"}], "resourceSupplyAttribute": supply},
                "resourceConfigInfos[0].instanceType",
                check_rules.INSTANCE_TYPE_REQUIRED,
            )
            for supply in ({"supplyType": "SPOT"}, {"clusterType": ""}, {"clusterType": "DEFAULT"})
        ),
        (
            {"dataConfigs": mounts({}, {"cosSource": {**COS, "paths": ["a/", "b/", "c/"]}})},
            "dataConfigs[1].cosSource.paths",
            "at most 1 element, got 3",
        ),
        (
            {"imageInfo": {"imageType": "TCR", "imageUrl": "u", "imageSecret": {"username": "u"}}},
            "imageInfo.imageSecret",
            "CUSTOM",
        ),
        (
            {"dataConfigs": mounts(*[{"localDiskSource": {"instanceId": "i"}}] * 2)},
            "dataConfigs[1].localDiskSource",
            "is a second local disk; a task can have only one",
        ),
        (
            {"dataConfigs": mounts(*[{"cbsSource": {"volumeSizeInGb": 50.0}}, {}] * 2)},
            "dataConfigs[2].cbsSource",
            "is a second cloud disk; a task can have only one",
        ),
        ({"encodedStartCmdInfo": {"startCmdInfo": encoded(COMMANDS)}}, "startCmdInfo", "encoded_start_cmd_info"),
        ({"envs": {"A": "1"}, "privateEnvs": {"A": "2"}}, "privateEnvs.A", "envs"),
    ],
    ids=id_of,
)
def test_a_documented_rule_that_is_broken_is_a_failure_at_its_path(
    changes: dict[str, Any], path: str, reason: str
) -> None:
    found = failures(**changes)
    assert [*found] == [path]
    assert reason in found[path]


@pytest.mark.parametrize(
    "text",
    [
        "not base64!",
        "eyJ",
        "编码",
        "",
        base64.b64encode(b"\xff\xfe\x00").decode(),
        base64.b64encode(b"{not json").decode(),
        base64.b64encode(b"python train.py").decode(),
        encoded([]),
        encoded("text"),
        encoded(None),
        encoded({}),
        encoded({"StartCmd": "x"}),
        encoded({"Command": "x"}),
        encoded({**COMMANDS, "More": ""}),
        encoded({**COMMANDS, "StartCmd": None}),
        encoded({**COMMANDS, "StartCmd": ["x"]}),
        " " + encoded(COMMANDS),
    ],
    ids=repr,
)
def test_an_encoded_command_that_the_service_cannot_read_is_refused(text: str) -> None:
    found = failures(startCmdInfo=None, encodedStartCmdInfo={"startCmdInfo": text})
    assert [*found] == ["encodedStartCmdInfo.startCmdInfo"]


def test_all_failures_are_reported_at_once_each_at_its_path() -> None:
    found = failures(
        name="bert/v2",
        chargeType="MONTHLY",
        remark="x" * 1025,
        dataConfigs=mounts(*[{"cfsSource": {"id": "cfs-1", "path": "/"}}] * 11),
        resourceConfigInfos=[{"role": "WORKER", "instanceTyp": "TI.S.MEDIUM.POST"}],
    )
    assert set(found) == {"name", "chargeType", "remark", "dataConfigs", "resourceConfigInfos[0].instanceTyp"}


# Passwords of registries.


def with_password(password: Any, **more: Any) -> dict[str, Any]:
    image_secret = {"username": "u", "password": password, **more}
    return {"frameworkName": None, "imageInfo": {"imageType": "CUSTOM", "imageUrl": "u", "imageSecret": image_secret}}


@pytest.mark.parametrize("password", ["planted!", "planted", "plan ted1", "cGFz,planted", "cGFzc3dvcmQ", "密码"])
def test_a_password_of_a_registry_that_is_no_base64_is_a_failure_that_does_not_show_it(password: str) -> None:
    found = failures(**with_password(password))
    assert [*found] == ["imageInfo.imageSecret.password"]
    assert "must be base64" in str(found)
    assert password not in str(found)


@pytest.mark.parametrize(
    "password",
    [
        "cGFzc3dvcmQ=",  # pragma: allowlist secret
        "cGFzc3dvcmQ=\n",  # pragma: allowlist secret
        "",
        "cGFz,c3dv,cmQ=",
        unknown(),
    ],
    ids=id_of,
)
def test_a_password_in_base64_passes(password: Any) -> None:
    assert checked(**with_password(password)).failures == []
    assert checked(**with_password(password, keyId="key-1")).failures == []


# Likely mistakes.

IMAGE = {"imageType": "CCR", "imageUrl": "ccr.ccs.tencentyun.com/nlp/bert:1"}
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"imageInfo": IMAGE}, "image_info", check_rules.IMAGE_AND_FRAMEWORK),
    ({"subnetId": "subnet-1"}, "subnet_id", check_rules.SUBNET_WITHOUT_VPC),
    ({"subnetId": "subnet-1", "vpcId": ""}, "subnet_id", check_rules.SUBNET_WITHOUT_VPC),
    ({"subnetId": unknown()}, "subnet_id", check_rules.SUBNET_WITHOUT_VPC),
    ({"logEnable": True}, "log_enable", check_rules.LOG_WITHOUT_CONFIG),
    ({"logConfig": {"logsetId": "l", "topicId": "t"}}, "log_config", check_rules.CONFIG_WITHOUT_LOG),
    ({"startCmdInfo": {"startCmd": "", "workerStartCmd": " \n"}}, "start_cmd_info", check_rules.NO_COMMAND),
    (
        {
            "dataConfigs": mounts(
                {"dataSourceType": "CFS", "cfsSource": {"id": "i", "path": "/"}, "hdfsSource": unknown()}
            )
        },
        "data_configs[0].data_source_type",
        "'CFS' does not fit hdfs_source; expected cfs_source or cfs_turbo_source",
    ),
    ({"startCmdInfo": None}, "start_cmd_info", check_rules.NO_COMMAND),
    ({"startCmdInfo": {}}, "start_cmd_info", check_rules.NO_COMMAND),
    ({"startCmdInfo": {"startCmd": "", "workerStartCmd": ""}}, "start_cmd_info", check_rules.NO_COMMAND),
    (
        {"dataConfigs": mounts({"dataSourceType": "COS", "cfsSource": {"id": "cfs-1", "path": "/"}})},
        "data_configs[0].data_source_type",
        "'COS' does not fit cfs_source; expected cos_source",
    ),
    (
        {"dataConfigs": mounts({}, {"dataSourceType": "DATASET", "hdfsSource": unknown()})},
        "data_configs[1].data_source_type",
        "'DATASET' does not fit hdfs_source; expected data_set_source",
    ),
    (
        {"dataConfigs": mounts({"dataSourceType": "COS", "cbsSource": {"volumeSizeInGb": 1.0}})},
        "data_configs[0].data_source_type",
        "'COS' does not fit cbs_source; expected cos_source",
    ),
    (
        {"dataConfigs": mounts({"dataSourceType": "COS", "cfsSource": unknown(), "hdfsSource": unknown()})},
        "data_configs[0].data_source_type",
        "'COS' does not fit cfs_source, hdfs_source; expected cos_source",
    ),
]


@pytest.mark.parametrize(
    "changes",
    [
        {"logEnable": True, "logConfig": {"id": "cls-1"}},
        {"startCmdInfo": {"worker_start_command": "python train.py"}},
        {"subnetId": "subnet-1", "vpcId": 7},
        {"dataConfigs": mounts({"dataSourceType": "CFS", "cfsSource": {"idd": 1}})},
    ],
    ids=id_of,
)
def test_what_is_invalid_is_not_reported_as_missing_too(changes: dict[str, Any]) -> None:
    found = checked(**changes)
    assert found.failures
    assert found.warnings == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"instanceType": "TI.S.MEDIUM.POST"},
            "instanceType: there is no such field; it is a field of resource_config_infos",
        ),
        ({"bucket": "b"}, "bucket: there is no such field; it is a field of code_package_path and of output"),
        ({"logConfig": {"xyz": 1}}, "log_config.xyz: there is no such field; the fields are logset_id, topic_id"),
        ({"tag": {}}, "tag: there is no such field; did you mean tags?"),
        ({"unheardOf": 1}, "unheardOf: there is no such field"),
    ],
)
def test_a_field_that_does_not_exist_names_what_may_be_meant(changes: dict[str, Any], reason: str) -> None:
    assert reason in checked(**changes).reasons


def test_what_is_wrong_with_a_default_tag_names_the_setting() -> None:
    context = CheckContext(region="ap-guangzhou", labels_enabled=True, default_tags={"a%": "v", "team": "", "ok": "1"})
    reasons = checked(around=context, tags={"team": "nlp", "b%": "v"}).reasons
    default, own = sorted(reasons)
    assert own.startswith('tags["b%"]: a tag\'s key must consist of ')
    assert default.startswith('tags["a%"]: from tione:defaultTags: a tag\'s key must consist of ')
    (reason,) = checked(around=context, tags={"team": "nlp", "a%": "v"}).reasons
    assert reason.startswith('tags["a%"]: a tag\'s key must consist of ')
    assert len(checked(around=context).reasons) == 2


@pytest.mark.parametrize(("changes", "path", "text"), MISTAKES, ids=id_of)
def test_a_likely_mistake_is_a_warning_and_passes(changes: dict[str, Any], path: str, text: str) -> None:
    found = checked(**changes)
    assert found.failures == []
    assert found.warnings == [f"{path}: {text}"]


@pytest.mark.parametrize(
    "changes",
    [
        {"imageInfo": unknown()},
        {"imageInfo": {"imageType": unknown(), "imageUrl": "u"}},
        {"imageInfo": IMAGE, "frameworkName": unknown()},
        {"subnetId": "subnet-1", "vpcId": unknown()},
        {"subnetId": ""},
        {"logEnable": True, "logConfig": unknown()},
        {"logEnable": True, "logConfig": {"logsetId": unknown(), "topicId": unknown()}},
        {"logEnable": False},
        {"startCmdInfo": unknown()},
        {"startCmdInfo": {"startCmd": unknown()}},
        {
            "dataConfigs": [
                unknown(),
                *mounts({"dataSourceType": unknown(), "cosSource": COS}, {"dataSourceType": "COS"}),
            ]
        },
        {"dataConfigs": mounts({"dataSourceType": "CFS", "cfsTurboSource": {"id": "cfs-1", "path": "/"}})},
        {"dataConfigs": mounts({"dataSourceType": "WEDATA_HDFS", "hdfsSource": {"id": "emr-1", "path": "/"}})},
        {"dataConfigs": mounts({"dataSourceType": "COS", "cosSource": COS, "cbsSource": {"volumeSizeInGb": 1.0}})},
    ],
    ids=id_of,
)
def test_what_may_be_right_is_no_likely_mistake(changes: dict[str, Any]) -> None:
    found = checked(**changes)
    assert (found.failures, found.warnings) == ([], [])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("DATASET", "data_set_source"),
        ("COS", "cos_source"),
        ("COSFS", "cos_source"),
        ("CFS", "cfs_source or cfs_turbo_source"),
        ("CFSTurbo", "cfs_turbo_source or cfs_source"),
        ("HDFS", "hdfs_source"),
        ("GooseFS", "goose_fs_source"),
        ("GooseFSx", "goose_fs_source"),
        ("PUBLIC_DATA_SOURCE", "public_data_source"),
    ],
)
def test_each_type_of_data_source_has_its_own_source(kind: str, expected: str) -> None:
    wrong = "cosSource" if kind == "HDFS" else "hdfsSource"
    (warning,) = checked(dataConfigs=mounts({"dataSourceType": kind, wrong: unknown()})).warnings
    assert warning.endswith(f"; expected {expected}")


@pytest.mark.parametrize("name", [SECRET_INPUTS, PROGRAM_NAMES, ANNOUNCED_TASKS])
def test_what_the_program_passes_about_its_inputs_is_no_input(name: str) -> None:
    passed: dict[str, Any] = {name: {}}
    found = checked(**passed)
    assert found.failures == []
    assert name not in found.inputs


def test_a_warning_does_not_show_a_secret() -> None:
    changes: dict[str, Any] = MISTAKES[-4][0]
    (warning,) = checked(**changes, secretInputs=["dataConfigs"]).warnings
    assert warning == "data_configs[0].data_source_type: the value does not fit cfs_source; expected cos_source"


# How failures read.


def test_failures_have_the_paths_of_the_program_and_its_order() -> None:
    changes: dict[str, Any] = {
        "frameworkName": 1.0,
        "dataConfigs": [{"cosSource": {"paths": [], "bucket": 1.0, "region": "r"}}, {"mapingPath": "/"}],
        "resourceConfigInfos": [{"role": "WORKER", "instanceNum": "two", "instanceType": 2.0}],
        "tags": {"a.b": 1.0},
        "chargeType": "MONTHLY",
    }
    ordered = checked(**changes).reasons
    assert [reason.partition(":")[0] for reason in ordered] == [
        "charge_type",
        "resource_config_infos[0].instance_type",
        "resource_config_infos[0].instance_num",
        "framework_name",
        "data_configs[0].cos_source.bucket",
        "data_configs[0].cos_source.paths",
        "data_configs[1].mapingPath",
        'tags["a.b"]',
    ]
    assert ordered[2] == "resource_config_infos[0].instance_num: must be a whole number, got text"
    names = ["tags", "data_configs", "mapingPath", "cos_source", "paths", "bucket", "resourceConfigInfos"]
    names += ["instance_num", "instanceType", "framework_name", "chargeType"]
    shuffled = dict(reversed(changes.items()))
    as_written = checked(**shuffled, programNames="\n".join(names))
    assert "programNames" not in as_written.inputs
    assert [reason.partition(":")[0] for reason in as_written.reasons] == [
        'tags["a.b"]',
        "data_configs[0].cos_source.paths",
        "data_configs[0].cos_source.bucket",
        "data_configs[1].mapingPath",
        "resourceConfigInfos[0].instance_num",
        "resourceConfigInfos[0].instanceType",
        "framework_name",
        "chargeType",
    ]


@pytest.mark.parametrize("names", [None, "text", ["vpcId", 1.0, None, {}], unknown(), {"a": 1.0}], ids=id_of)
def test_names_of_another_form_are_ignored(names: Any) -> None:
    assert checked(programNames=names, vpcId=1.0).reasons == ["vpc_id: must be text, got a number"]


# Open lists of values.


@pytest.mark.parametrize(
    ("changes", "path", "nearest"),
    [
        ({"frameworkName": "PyTorch"}, "frameworkName", "PYTORCH"),
        ({"trainingMode": "DPP"}, "trainingMode", "DDP"),
        ({"resourceConfigInfos": [{**GROUP, "role": "worker"}]}, "resourceConfigInfos[0].role", "WORKER"),
        (
            {"imageInfo": {"imageType": "Custom", "imageUrl": "u"}, "frameworkName": ""},
            "imageInfo.imageType",
            "CUSTOM",
        ),
        ({"dataSource": "CFS_TURBO"}, "dataSource", "CFSTurbo"),
        ({"resourceSupplyAttribute": {"supplyType": "SPOTS"}}, "resourceSupplyAttribute.supplyType", "SPOT"),
        ({"frameworkName": "JAX"}, "frameworkName", None),
    ],
)
def test_an_unknown_value_of_an_open_list_is_a_warning_with_the_nearest_known_one_and_passes(
    changes: dict[str, Any], path: str, nearest: str | None
) -> None:
    found = checked(**changes)
    assert found.failures == []
    (warning,) = found.warnings
    assert found.likely[0][0] == path
    assert nearest is None or warning.endswith(f"did you mean {nearest}?")
    name = next(iter(changes))
    assert found.inputs[name] == changes[name]


@pytest.mark.parametrize(
    "changes",
    [{"frameworkName": ""}, {"trainingMode": ""}, {"dataSource": ""}, {"resourceSupplyAttribute": {"supplyType": ""}}],
    ids=id_of,
)
def test_the_empty_text_is_no_unknown_value(changes: dict[str, Any]) -> None:
    found = checked(**changes)
    assert found.failures == []
    assert found.warnings == []


# Tags.


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("project", "nlp", "tags.project"),
        ("project2", "nlp", "tags.project2"),
        ("项目", "nlp", "tags.项目"),
        ("qcs:x", "1", 'tags["qcs:x"]'),
        ("a", "", "tags.a"),
        ("", "a", 'tags[""]'),
        (" a", "b", 'tags[" a"]'),
        ("a", "b ", "tags.a"),
        ("a", "b|c", "tags.a"),
        ("a*", "b", 'tags["a*"]'),
        ("a", "b\nc", "tags.a"),
        ("a", "😀", "tags.a"),
        ("k" * 128, "v", "tags." + "k" * 128),
        ("k", "v" * 256, "tags.k"),
    ],
)
def test_a_tag_that_the_tag_service_refuses_fails_at_its_path(key: str, value: str, path: str) -> None:
    assert [*failures(tags={"team": "nlp", key: value})] == [path]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Project", "case matters"),
        ("my-project", "x"),
        ("团队", "自然语言（一组）"),
        ("a b", "c d"),
        ("+-=._:/@()[],;><", "+-=._:/@()[],;><"),
        ("k" * 127, "v" * 255),
        ("tencent", "x"),
    ],
)
def test_a_legal_tag_passes(key: str, value: str) -> None:
    assert failures(tags={key: value}) == {}


@pytest.mark.parametrize(
    ("count", "labels_enabled", "passes"), [(47, True, True), (48, True, False), (50, False, True), (51, False, False)]
)
def test_our_labels_count_among_the_fifty_tags_of_a_task(count: int, labels_enabled: bool, passes: bool) -> None:
    around = CheckContext(region="ap-guangzhou", labels_enabled=labels_enabled)
    found = checked(around=around, tags={f"k{index}": "v" for index in range(count)})
    if passes:
        assert found.failures == []
    else:
        ((path, reason),) = found.failures
        labels = " and 3 labels of this package" if labels_enabled else ""
        assert (path, reason) == ("tags", f"a task can have at most 50 tags, got {count}{labels}")


@pytest.mark.parametrize("key", RESERVED_LABELS)
@pytest.mark.parametrize("default", [False, True])
def test_a_tag_by_which_this_package_finds_its_tasks_is_a_failure(key: str, default: bool) -> None:
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, default_tags={key: "mine"} if default else {})
    found = checked(around=around, **({} if default else {"tags": {key: "mine"}}))
    ((path, reason),) = found.failures
    assert path == f'tags["{key}"]' or path == f"tags.{key}"
    assert "use another key" in reason


@pytest.mark.parametrize("name", ["", "A=B", "=", "A\0B"], ids=["empty", "A=B", "=", "NUL"])
@pytest.mark.parametrize("where", ["envs", "privateEnvs"])
def test_a_variable_that_no_process_can_have_is_a_failure_at_its_path(name: str, where: str) -> None:
    ((path, reason),) = failures(**{where: {name: "x", "GOOD": "y"}}).items()
    assert path.startswith(f"{where}[") or path == f"{where}.{name}"
    assert "has at least one character, and neither `=`" in reason


# What is no value at all.


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"vpcId": TEXT_OF_AN_OUTPUT}, "vpcId"),
        ({"output": {**COS, "bucket": f"prefix-{TEXT_OF_AN_OUTPUT}"}}, "output.bucket"),
        ({"output": {**COS, "paths": [TEXT_OF_AN_OUTPUT]}}, "output.paths[0]"),
        ({"envs": {"DATA": TEXT_OF_AN_OUTPUT}}, "envs.DATA"),
        ({"startCmdInfo": {"startCmd": f"train.py {TEXT_OF_AN_OUTPUT}"}}, "startCmdInfo.startCmd"),
        (
            {"additionalParameters": {"SchedulePolicy": {"PriorityClass": TEXT_OF_AN_OUTPUT}}},
            "additionalParameters.SchedulePolicy.PriorityClass",
        ),
        ({"triggers": [TEXT_OF_AN_OUTPUT]}, "triggers[0]"),
    ],
    ids=id_of,
)
def test_the_text_of_an_output_is_refused_with_a_hint(changes: dict[str, Any], path: str) -> None:
    found = failures(**changes)
    assert [*found] == [path]
    assert "Output.concat" in found[path]


def test_the_text_of_an_output_is_what_pulumi_makes_of_it() -> None:
    assert str(pulumi.Output.__str__(object.__new__(pulumi.Output))).startswith(TEXT_OF_AN_OUTPUT[:50])


# Additional parameters.


@pytest.mark.parametrize(
    ("parameters", "path", "argument"),
    [
        ({"Name": "bert"}, "Name", "name"),
        ({"VpcId": "vpc-1"}, "VpcId", "vpc_id"),
        ({"Tags": []}, "Tags", "tags"),
        ({"Envs": []}, "Envs", "envs"),
        ({"DataConfigs": []}, "DataConfigs", "data_configs"),
        ({"ImageInfo": {"ImageUrl": "u"}}, "ImageInfo.ImageUrl", "image_info.image_url"),
        (
            {"ExposeNetworkConfig": {"SSHConfig": {"Port": 1.0}}},
            "ExposeNetworkConfig.SSHConfig.Port",
            "expose_network_config.ssh_config.port",
        ),
        ({"StartCmdInfo": {"StartCmd": "x"}}, "StartCmdInfo", "start_cmd_info"),
        ({"ImageInfo": "u"}, "ImageInfo", "image_info"),
    ],
)
def test_an_additional_parameter_that_has_an_argument_is_refused_with_its_name(
    parameters: dict[str, Any], path: str, argument: str
) -> None:
    found = failures(additionalParameters={"SchedulePolicy": {"BackOffLimit": 3.0}, **parameters})
    assert [*found] == [f"additionalParameters.{path}"]
    assert found[f"additionalParameters.{path}"].endswith(f"use the argument {argument}")


@pytest.mark.parametrize(
    "parameters",
    [
        {"SchedulePolicy": {"BackOffLimit": 3.0, "PriorityClass": "high"}},
        {"TaskType": "x", "Anything": [1.0, None, {"Name": "not ours"}]},
        {"ImageInfo": {"NewThing": {"ImageUrl": "not ours"}}},
        {"ExposeNetworkConfig": {"SSHConfig": {"NewThing": True}}},
    ],
    ids=id_of,
)
def test_what_the_package_does_not_know_may_stand_at_any_depth(parameters: dict[str, Any]) -> None:
    found = checked(additionalParameters=parameters)
    assert found.failures == []
    assert found.inputs["additionalParameters"] == parameters


# What check adds.


def test_the_region_of_the_program_wins_over_the_configured_one() -> None:
    assert checked(region="ap-shanghai").inputs["region"] == "ap-shanghai"


def test_a_task_without_a_name_gets_the_one_of_its_owner() -> None:
    assert checked().inputs["name"] == generated_name(OWNER)
    assert checked(name="bert").inputs["name"] == "bert"


def test_a_name_in_the_state_stays_until_a_replacement() -> None:
    olds = {"name": "a-name-that-an-older-version-computed"}
    assert checked(olds).inputs["name"] == "a-name-that-an-older-version-computed"
    assert checked({}).inputs["name"] == generated_name(OWNER)


def test_a_name_of_the_program_wins_over_the_one_in_the_state() -> None:
    assert checked({"name": "old"}, name="new").inputs["name"] == "new"


def test_default_tags_stand_next_to_the_programs_own_which_win_and_count() -> None:
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, default_tags={"team": "all", "cost": "42"})
    assert checked(around=around).inputs["tags"] == {"team": "all", "cost": "42"}
    assert checked(around=around, tags={"team": "nlp"}).inputs["tags"] == {"team": "nlp", "cost": "42"}
    found = checked(around=around, tags={f"k{index}": "v" for index in range(46)})
    assert [path for path, _ in found.failures] == ["tags"]


def test_default_tags_do_not_hide_what_is_wrong_with_the_programs_own_or_unknown_in_them() -> None:
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, default_tags={"cost": "42"})
    tags = unknown()
    assert [path for path, _ in checked(around=around, tags=["team"]).failures] == ["tags"]
    assert checked(around=around, tags=tags).inputs["tags"] is tags


# Names of tasks whose predecessor stays.


def test_with_retain_on_delete_the_name_depends_on_the_inputs() -> None:
    owner = {**OWNER, "retainOnDelete": True}
    name = checked(owner=owner).inputs["name"]
    assert name != generated_name(OWNER)
    assert checked(owner=owner).inputs["name"] == name
    assert checked(owner=owner, tags={"team": "cv"}, logEnable=True).inputs["name"] == name
    assert checked(owner=owner, triggers=[1.0]).inputs["name"] != name
    assert checked(owner=owner, resourceConfigInfos=[{**GROUP, "instanceNum": 2.0}]).inputs["name"] != name
    assert checked({"name": name}, owner=owner, triggers=[1.0]).inputs["name"] == name
    assert isinstance(checked(owner=owner, vpcId=unknown()).inputs["name"], Unknown)
    assert isinstance(checked(owner=owner, envs={"A": unknown()}).inputs["name"], Unknown)


# Run state.


def test_a_task_cannot_be_created_stopped() -> None:
    assert failures(desiredStatus="STOPPED") == {"desiredStatus": check_rules.CREATED_STOPPED}
    assert checked({"name": "bert"}, desiredStatus="STOPPED").failures == []
    assert failures(desiredStatus="RUNNING") == {}
    assert [*failures(desiredStatus="PAUSED")] == ["desiredStatus"]


@pytest.mark.parametrize(
    ("replaced_for", "message"),
    [
        (("startCmdInfo", "vpcId"), check_rules.replaced_stopped(["start_cmd_info", "vpc_id"])),
        (("vpcId", "noInput"), check_rules.replaced_stopped(["vpc_id"])),
        (("noInput",), check_rules.CREATED_STOPPED),
    ],
)
def test_a_task_that_would_be_replaced_stopped_names_the_arguments_that_replace_it(
    replaced_for: tuple[str, ...], message: str
) -> None:
    assert "start_cmd_info, vpc_id changed" in check_rules.replaced_stopped(["start_cmd_info", "vpc_id"])
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, replaced_for=replaced_for)
    assert checked(around=around, desiredStatus="STOPPED").failures == [("desiredStatus", message)]
    assert checked(around=around, desiredStatus="RUNNING").failures == []


@pytest.mark.parametrize(
    ("before", "desired", "warned"),
    [
        ("STOPPED", "RUNNING", True),
        ("RUNNING", "RUNNING", False),
        (None, "RUNNING", True),
        ("RUNNING", "STOPPED", False),
    ],
)
def test_a_restart_warns_that_it_is_billed_again(before: str | None, desired: str, warned: bool) -> None:
    found = checked({"name": "bert", "desiredStatus": before}, desiredStatus=desired)
    assert found.failures == []
    assert found.warnings == ([f"desired_status: {check_rules.STARTED_AGAIN}"] if warned else [])


class Tasks:
    """What the service answers when it is asked for a task; it counts how often it is."""

    def __init__(self, status: str | None, run: str | None = "run-a") -> None:
        self.task = None if status is None else {"Id": "train-1", "Status": status, "LatestInstanceId": run}
        self.asked_for: list[Mapping[str, Any]] = []

    def __call__(self, inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
        self.asked_for.append(inputs)
        return self.task


@pytest.mark.parametrize(
    ("olds", "allowed", "status", "run"),
    [
        ({}, 2.0, "FAILED", 1),
        ({"name": "bert"}, 2.0, "FAILED", 2),
        ({"name": "bert"}, 2.0, "failed", 2),
        ({"name": "bert", "run": 1.0}, 2.0, "FAILED", 2),
        ({"name": "bert", "run": 2.0}, 2.0, "SUBMIT_FAILED", 3),
        ({"name": "bert", "run": 3.0}, 2.0, "FAILED", 3),
        ({"name": "bert", "run": 1.0}, 2.0, "SUCCEED", 1),
        ({"name": "bert", "run": 1.0}, 2.0, "STOPPED", 1),
        ({"name": "bert", "run": 1.0}, 2.0, "RUNNING", 1),
        ({"name": "bert", "run": 1.0}, 2.0, None, 1),
        ({"name": "bert", "run": 1.0}, 0.0, "FAILED", 1),
        ({"name": "bert", "run": 3.0}, None, "FAILED", 3),
        ({"name": "bert"}, None, "FAILED", None),
    ],
)
def test_a_failed_task_is_run_again_as_often_as_is_allowed(
    olds: dict[str, Any], allowed: float | None, status: str | None, run: int | None
) -> None:
    service = Tasks(status)
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, task_of=service)
    found = checked(olds, around=around, rerunOnFailure=allowed)
    assert found.failures == []
    assert found.inputs.get("run") == run
    is_raised = run is not None and run > olds.get("run", 1)
    assert found.inputs.get("rerunOf") == ("run-a" if is_raised else None)
    assert all(asked == olds for asked in service.asked_for)
    assert len(service.asked_for) <= (1 if olds and allowed is not None else 0)


@pytest.mark.parametrize("settings", [{"profile": "new"}, None], ids=id_of)
def test_a_task_that_may_be_run_again_is_looked_up_with_the_new_settings(settings: Any) -> None:
    service = Tasks("FAILED")
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, task_of=service)
    olds = {"name": "bert", "region": "ap-beijing", "settings": {"profile": "old"}}
    checked(olds, around=around, rerunOnFailure=2.0, settings=settings, region="ap-shanghai")
    (looked_up,) = service.asked_for
    assert looked_up == {"name": "bert", "region": "ap-beijing", **({"settings": settings} if settings else {})}


def test_a_failed_task_that_is_to_be_stopped_is_not_run_again() -> None:
    service = Tasks("FAILED")
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, task_of=service)
    found = checked({"name": "bert"}, around=around, rerunOnFailure=2.0, desiredStatus="STOPPED")
    assert (found.inputs["run"], service.asked_for) == (1, [])


@pytest.mark.parametrize(
    ("counted_of", "latest", "run", "of"),
    [
        ("run-a", "run-a", 2, "run-a"),  # the re-run was not started yet, or the read lags behind its start
        ("run-a", "run-b", 3, "run-b"),
        ("", "run-b", 3, "run-b"),
        (None, "run-b", 3, "run-b"),
        ("run-a", None, 3, ""),  # where the service returns no id, the status decides
        ("run-a", "", 3, ""),
    ],
)
def test_one_failure_is_counted_once(counted_of: str | None, latest: str | None, run: int, of: str) -> None:
    olds = {"name": "bert", "run": 2.0, **({} if counted_of is None else {"rerunOf": counted_of})}
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, task_of=Tasks("FAILED", latest))
    found = checked(olds, around=around, rerunOnFailure=5.0)
    assert (found.inputs["run"], found.inputs["rerunOf"]) == (run, of)


@pytest.mark.parametrize("allowed", [None, 2.0])
@pytest.mark.parametrize("status", [None, "RUNNING", "SUCCEED"])
def test_what_was_counted_stays_as_it_was(allowed: float | None, status: str | None) -> None:
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, task_of=Tasks(status))
    found = checked({"name": "bert", "run": 2.0, "rerunOf": "run-a"}, around=around, rerunOnFailure=allowed)
    assert (found.inputs["run"], found.inputs["rerunOf"]) == (2, "run-a")


def test_a_task_in_the_place_of_another_begins_to_count_anew() -> None:
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, task_of=Tasks("FAILED"))
    found = checked({}, around=around, rerunOnFailure=2.0)
    assert found.inputs["run"] == 1
    assert "rerunOf" not in found.inputs


def test_the_service_is_not_asked_about_a_program_that_has_failures() -> None:
    service = Tasks("FAILED")
    around = CheckContext(region="ap-guangzhou", labels_enabled=True, task_of=service)
    found = checked({"name": "bert", "run": 2.0}, around=around, rerunOnFailure=2.0, chargeType="MONTHLY")
    assert service.asked_for == []
    assert found.inputs["run"] == 2


# Whatever comes.

WILD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.builds(unknown),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["bucket", "paths", "role", "instanceNum", "imageType", "cbsSource", "startCmdInfo", "A"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
NAMES = [*SMALLEST, "name", "tags", "envs", "privateEnvs", "dataConfigs", "imageInfo", "output", "remark", "region"]
NAMES += [
    "desiredStatus",
    "rerunOnFailure",
    "encodedStartCmdInfo",
    "additionalParameters",
    "triggers",
    "trainToolConfig",
    "queues",
    "nonsense",
]


@given(changes=st.dictionaries(st.sampled_from(NAMES), WILD, max_size=5))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_whatever_comes_is_let_pass_or_refused_with_paths_and_reasons(changes: dict[str, Any]) -> None:
    found = check({}, {**SMALLEST, **changes}, AROUND, owner=OWNER)
    assert all(path and reason for path, reason in found.failures)
    again = check({}, {**SMALLEST, **changes}, AROUND, owner=OWNER)
    assert repr(again) == repr(found)
    if not found.failures:
        once_more = check(found.inputs, found.inputs, AROUND, owner=OWNER)
        assert once_more.failures == []
        assert once_more.inputs == found.inputs


@pytest.mark.parametrize("name", ["profile", "sharedCredentialsDir"])
def test_other_credentials_next_to_the_machines_role_are_refused(name: str) -> None:
    assert failures(settings={name: "a", "camRoleName": "b"}) == {"settings.camRoleName": check_rules.TWO_CREDENTIALS}
    assert failures(settings={"camRoleName": "b"}) == {}
    assert failures(settings={name: "a", "camRoleName": ""}) == {}


@pytest.mark.parametrize(
    "owner", ["nlp", [], {}, {**OWNER, "stack": 7.0}, {**OWNER, "resource": None}, {"project": "nlp"}, True], ids=id_of
)
def test_what_is_no_owner_is_a_failure_that_names_who_sets_it(owner: object) -> None:
    found = checked(owner=owner)
    assert found.failures == [("owner", check_rules.OWNER_IS_NO_ARGUMENT)]
    assert found.owner is None
    assert "name" not in found.inputs


def test_an_owner_may_have_parts_that_a_preview_does_not_know() -> None:
    owner = {**OWNER, "stack": unknown()}
    found = checked(owner=owner, name="bert")
    assert (found.failures, found.owner) == ([], owner)


def test_the_rules_that_need_the_service_get_the_old_inputs_and_add_to_what_is_found() -> None:
    olds = {"name": "bert"}

    def add(recorded: Mapping[str, Any], found: Checked) -> None:
        assert recorded is olds
        assert found.inputs["name"] == "bert"
        found.fail("vpcId", Violation("is gone"))
        found.warn("chargeType", Violation("is dear"))

    found = checked(olds, around=CheckContext(region="ap-guangzhou", labels_enabled=True, add_rules=add), remark=7.0)
    assert found.reasons == ["vpc_id: is gone", "remark: must be text, got a number"]
    assert found.warnings == ["charge_type: is dear"]
