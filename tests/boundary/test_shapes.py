"""Every shape of input that the schema allows: made, read back, compared and deleted without a trace.

The shapes are drawn from the declarations themselves (`_schema/fields.py`), so that a field declared tomorrow takes
part. What is added here is what the service requires in addition to names and types: a spec that exists, a URL, one
cloud disk.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from boundary_support import OWNER, Provider
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulumi_tione._constraints import (
    MAX_DURATION_SECONDS,
    MAX_NAME_LENGTH,
    Base64,
    KnownValues,
    MaxItems,
    MaxLength,
    Minimum,
    OneOf,
    Range,
)
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type
from pulumi_tione.emulator import Emulator, Status

Shape = dict[str, Any]
Drawn = st.SearchStrategy[Any]

TRICKY_TEXTS = ["", " ", "0", "null", "中文 ✓ 𝔘", "a\tb\r\nc", "'\"\\$(id)`", "\x00", "<Unknown>", "[secret]"]
TEXTS = st.sampled_from(TRICKY_TEXTS) | st.text(st.characters(codec="utf-8"), max_size=12)
WORDS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
WHOLE_NUMBERS = st.sampled_from([0, 1, 2**31, 2**53 - 1]) | st.integers(0, 1000)
ANYTHING = st.recursive(
    st.booleans() | WHOLE_NUMBERS | TEXTS | st.sampled_from([0.5, -1]),
    lambda parts: st.lists(parts, max_size=2) | st.dictionaries(WORDS, parts, max_size=2),
    max_leaves=4,
)
NAMES = st.from_regex(rf"[0-9A-Za-z中][0-9A-Za-z文_-]{{0,{MAX_NAME_LENGTH - 1}}}", fullmatch=True)
SPECS = ["TI.S.MEDIUM.POST", "TI.S.LARGE.POST", "TI.GN10.2XLARGE40.POST"]
URLS = WORDS.map(lambda word: f"https://user:{word}@example.com/{word}?a=b")
TAG_TEXTS = st.text(string.ascii_letters + string.digits + "中文+-=.:/@()[],;><", min_size=1, max_size=10)


def tags() -> Drawn:
    keys = TAG_TEXTS.filter(lambda key: not key.startswith(("qcs:", "project", "项目", "tencentcloud:")))
    return st.dictionaries(keys, TAG_TEXTS, max_size=6)


ROLE = {"roleArn": "qcs::cam::uin/100000000001:roleName/train", "sessionDuration": 900.0, "externalId": "planted"}


def encoded_commands() -> Drawn:
    def encode(commands: tuple[str, str, str]) -> Shape:
        by_name = dict(zip(("StartCmd", "PsStartCmd", "WorkerStartCmd"), commands, strict=True))
        return {"startCmdInfo": base64.b64encode(json.dumps(by_name).encode()).decode()}

    return st.tuples(TEXTS, TEXTS, TEXTS).map(encode)


VARIABLES = (WORDS | TEXTS).filter(lambda name: name and not {"=", "\0"} & {*name})
"""Names of environment variables."""

BEYOND_THE_TYPES: Mapping[tuple[str, str], Drawn] = {
    ("TrainingTask", "name"): st.from_regex(
        rf"[0-9A-Za-z中][0-9A-Za-z文_-]{{0,{MAX_NAME_LENGTH - 1}}}", fullmatch=True
    ),
    ("TrainingTask", "frameworkVersion"): st.just(""),
    ("TrainingTask", "encodedStartCmdInfo"): encoded_commands(),
    ("TrainingTask", "envs"): st.dictionaries(VARIABLES, TEXTS, max_size=3),
    ("TrainingTask", "privateEnvs"): st.dictionaries(VARIABLES, TEXTS, max_size=3),
    ("TrainingTask", "callbackUrl"): st.just("") | URLS,
    ("TrainingTask", "tags"): tags(),
    ("TrainingTask", "vpcId"): WORDS.map("vpc-{}".format),
    ("TrainingTask", "subnetId"): WORDS.map("subnet-{}".format),
    ("TrainingTask", "region"): st.sampled_from(["ap-guangzhou", "ap-beijing"]),
    ("TrainingTask", "settings"): st.sampled_from([{}, {"profile": None}, {"camRoleName": ""}, {"assumeRole": ROLE}]),
    ("TrainingTask", "desiredStatus"): st.just("RUNNING"),
    ("TrainingTask", "rerunOnFailure"): st.integers(0, 3),
    ("TrainingTask", "additionalParameters"): st.sampled_from([{}, {"SchedulePolicy": {"BackOffLimit": 3}}]),
    ("ImageInfo", "imageUrl"): WORDS.map("registry.example.com/{}:1".format),
    ("CosPathInfo", "paths"): st.lists(TEXTS, min_size=1, max_size=1),
    ("GooseFS", "id"): WORDS,
    ("LocalDisk", "localPath"): WORDS.map("/{}".format),
    ("CodeRepoConfig", "id"): WORDS,
    ("LogConfig", "logsetId"): WORDS,
    ("LogConfig", "topicId"): WORDS,
    ("ResourceSupplyAttribute", "supplyType"): st.sampled_from(["", "TIDE", "SPOT"]),
    ("ResourceSupplyAttribute", "clusterType"): st.sampled_from(["", "DEFAULT", "THIRD"]),
}
"""The fields of which the service, as the local TI-ONE plays it, does not take any value of their type."""

NODES_OF_ANOTHER_KIND = ("instanceType", "instanceNum", "cpu", "memory", "gpu", "gpuType", "rdmaConfig")
"""What a node may have depends on the charge type, and is drawn with it."""


def values_of(struct: Struct, field: Field) -> Drawn:
    beyond = BEYOND_THE_TYPES.get((struct.name, field.property))
    return beyond if beyond is not None else _values(field.type, field)


def _values(kind: Type, field: Field | None = None) -> Drawn:
    rules = field.rules if field else ()
    match kind:
        case Struct():
            return shapes_of(kind)
        case ListOf():
            most = next((rule.items for rule in rules if isinstance(rule, MaxItems)), 3)
            return st.lists(_values(kind.item), max_size=min(most, 3))
        case MapOf():
            return st.dictionaries(WORDS | TEXTS, _values(kind.item), max_size=3)
        case Scalar.STRING:
            if any(isinstance(rule, Base64) for rule in rules):
                return st.binary(max_size=6).map(lambda value: base64.b64encode(value).decode())
            closed = [value for rule in rules if isinstance(rule, OneOf) for value in rule.values]
            known: KnownValues | None = field.known_values if field else None
            longest = next((rule.characters for rule in rules if isinstance(rule, MaxLength)), None)
            open_list = TEXTS if known is None else TEXTS | st.sampled_from(known.values)
            at_most = st.nothing() if longest is None else st.just("文" * longest)
            return st.sampled_from(closed) if closed else open_list | at_most
        case Scalar.INTEGER:
            limits = next((rule for rule in rules if isinstance(rule, Range)), None)
            if limits is not None:
                return st.integers(limits.minimum, limits.maximum)
            minimum = next((rule.minimum for rule in rules if isinstance(rule, Minimum)), -1000)
            return (WHOLE_NUMBERS | st.integers(-1000, -1)).filter(lambda number: number >= minimum)
        case Scalar.BOOLEAN:
            return st.booleans()
        case Scalar.DURATION:
            return st.integers(0, MAX_DURATION_SECONDS) | st.sampled_from(["12h", "1h30m", "365d"])
        case Scalar.ANY:
            return ANYTHING


@st.composite
def shapes_of(draw: st.DrawFn, struct: Struct, without: tuple[str, ...] = ()) -> Shape:
    """A struct with its required fields and any of the others, some of them null as a program may write them."""
    shape: Shape = {}
    for name, field in struct.fields.items():
        if name in without:
            continue
        if field.required:
            shape[name] = draw(values_of(struct, field))
        elif draw(st.integers(0, 2)) == 0:
            is_null = struct is not TRAINING_TASK and draw(st.integers(0, 9)) == 0
            shape[name] = None if is_null else draw(values_of(struct, field))
    return shape


@st.composite
def nodes(draw: st.DrawFn, charge_type: str) -> list[Shape]:
    """Groups of nodes, several of one role among them, and some that are equal."""
    groups = TRAINING_TASK.fields["resourceConfigInfos"].type
    assert isinstance(groups, ListOf)
    assert isinstance(groups.item, Struct)

    def group() -> Shape:
        assert isinstance(groups, ListOf)
        assert isinstance(groups.item, Struct)
        some: Shape = draw(shapes_of(groups.item, without=NODES_OF_ANOTHER_KIND))
        some["role"] = draw(st.sampled_from(["WORKER", "WORKER", "PS", "HEAD", "监督"]))
        some["instanceNum"] = draw(st.integers(1, 3))
        if charge_type == "POSTPAID_BY_HOUR":
            some["instanceType"] = draw(st.sampled_from(SPECS))
            some |= draw(st.sampled_from([{}, {"cpu": 0, "memory": 0, "gpu": 0, "gpuType": ""}]))
            return some | draw(st.sampled_from([{}, {"rdmaConfig": {}}, {"rdmaConfig": {"enable": False}}]))
        some |= {"cpu": draw(st.integers(1, 9000)), "memory": draw(st.integers(1, 9000))}
        some |= draw(st.sampled_from([{}, {"gpu": 0, "gpuType": "V100"}, {"gpu": 50, "gpuType": "V100"}]))
        return some | draw(st.sampled_from([{}, {"instanceType": ""}, {"rdmaConfig": {"enable": True}}]))

    several = [group() for _ in range(draw(st.integers(1, 3)))]
    return several + several[: draw(st.integers(0, 1))]


@st.composite
def tasks(draw: st.DrawFn) -> Shape:
    """The inputs of a task, as the engine has them from the resource."""
    shape: Shape = draw(shapes_of(TRAINING_TASK, without=("resourceConfigInfos",)))
    shape["resourceConfigInfos"] = draw(nodes(shape["chargeType"]))
    shape["owner"] = OWNER
    if shape["chargeType"] == "PREPAID":
        shape["resourceGroupId"] = draw(WORDS)
    if "startCmdInfo" in shape and "encodedStartCmdInfo" in shape:
        del shape[draw(st.sampled_from(["startCmdInfo", "encodedStartCmdInfo"]))]
    if not _has_command(shape):
        shape.pop("maxDuration", None)
    if "subnetId" in shape:
        shape.setdefault("vpcId", "vpc-1")
    if shape.get("logEnable"):
        shape.setdefault("logConfig", {"logsetId": "logset-1", "topicId": "topic-1"})
    if "imageInfo" in shape:
        _make_image_fit(draw, shape["imageInfo"])
    for name in shape.get("envs", {}):
        shape.get("privateEnvs", {}).pop(name, None)
    if "codeRepos" in shape:
        shape["codeRepos"] = [*{repository["id"]: repository for repository in shape["codeRepos"]}.values()]
    for index, mount in enumerate(shape.get("dataConfigs", ())):
        _make_mount_fit(mount, index)
    return shape


def _has_command(shape: Shape) -> bool:
    encoded = (shape.get("encodedStartCmdInfo") or {}).get("startCmdInfo")
    commands = json.loads(base64.b64decode(encoded)) if encoded else shape.get("startCmdInfo") or {}
    return any(commands.values())


def _make_image_fit(draw: st.DrawFn, image: Shape) -> None:
    image["imageType"] = draw(st.sampled_from(["TCR", "CCR", "PreSet", "CUSTOM"]))
    if image["imageType"] != "CUSTOM":
        image.pop("imageSecret", None)


def _make_mount_fit(mount: Shape, index: int) -> None:
    """A task has one local and one cloud disk at most, one mount at a path, and built-in code needs one of its own."""
    if mount.get("mappingPath"):
        mount["mappingPath"] += f"/{index}"
    if index > 0:
        mount.pop("localDiskSource", None)
        mount.pop("cbsSource", None)
    if mount.get("dataSourceUsage") == "BUILTIN_CODE":
        del mount["dataSourceUsage"]
    goose = mount.get("gooseFsSource")
    if goose is not None and not goose.get("id"):
        goose["id"] = "goosefs-1"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local TI-ONE whose tasks are over as soon as they are made: nothing here is about waiting."""
    at_once = dict.fromkeys((Status.SUBMITTING, Status.PENDING, Status.STARTING, Status.RUNNING), 0.0)
    with Emulator(durations=at_once, requests_a_second=None) as running:
        yield running


SYSTEM_TAGS = {"qcs:tag:createdBy": "somebody", "tencentcloud:autoscaling:auto-scaling-group-id": "asg-1"}


def ensure_no_trace(provider: Provider, emulator: Emulator, news: Shape, reordered: bool) -> None:
    """Take a task through its life: nothing that the service does to its inputs is a change."""
    for left in emulator.tasks():  # by an example that failed
        emulator.remove(str(left["Id"]))
    inputs = provider.checked(news)
    task_id, created = provider.create(inputs)
    assert provider.diff(task_id, created, inputs) == (False, [])

    (task,) = emulator.tasks()
    groups = task["ResourceConfigInfos"][::-1] if reordered else task["ResourceConfigInfos"]
    emulator.plan_runs(task_id, change={"ResourceConfigInfos": groups, "NewThing": {"A": 1}}, system_tags=SYSTEM_TAGS)
    same_id, outputs, read_inputs = provider.read(task_id, created)
    assert same_id == task_id
    assert read_inputs == inputs
    checked_again = provider.checked(news, read_inputs)
    assert checked_again == inputs
    assert provider.diff(task_id, outputs, checked_again) == (False, [])
    assert set(outputs) >= set(created)

    provider.delete(task_id, outputs)
    assert emulator.tasks() == []


WITH_ONE_PROVIDER = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=WITH_ONE_PROVIDER)
@given(news=tasks(), reordered=st.booleans())
def test_whatever_the_schema_allows_lives_and_goes_unchanged(
    provider: Provider, emulator: Emulator, news: Shape, reordered: bool
) -> None:
    ensure_no_trace(provider, emulator, news, reordered)


@pytest.mark.long
@settings(max_examples=500, deadline=None, suppress_health_check=WITH_ONE_PROVIDER)
@given(news=tasks(), reordered=st.booleans())
def test_whatever_the_schema_allows_lives_and_goes_unchanged_long(
    provider: Provider, emulator: Emulator, news: Shape, reordered: bool
) -> None:
    ensure_no_trace(provider, emulator, news, reordered)


EVERYTHING: Shape = {
    "chargeType": "PREPAID",
    "name": "bert",
    "owner": OWNER,
    "frameworkName": "PYTORCH",
    "frameworkVersion": "1.9",
    "frameworkEnvironment": "torch1.9-py3.8-cuda11.1-gpu",
    "imageInfo": {"imageType": "TCR", "imageUrl": "registry.example.com/bert:1", "supportDataPipeline": True},
    "trainingMode": "DDP",
    "startCmdInfo": {"startCmd": "echo", "workerStartCmd": "sleep 5"},
    "codePackagePath": {"bucket": "corpus-1250000000", "region": "ap-guangzhou", "paths": ["code/"]},
    "codeRepos": [{"id": "cr-1", "targetPath": "/opt/ml/code"}],
    "dataSource": "CFS",
    "dataConfigs": [
        {"mappingPath": "/a", "cfsSource": {"id": "cfs-1", "path": "/"}, "readOnly": True},
        {"mappingPath": "/b", "hdfsSource": {"id": "emr-1", "path": "/"}},
    ],
    "output": {"bucket": "corpus-1250000000", "region": "ap-guangzhou", "paths": ["out/"]},
    "tuningParameters": '{"epochs": 3}',
    "resourceGroupId": "rsg-1",
    "resourceConfigInfos": [
        {"role": "WORKER", "cpu": 1000, "memory": 1024, "gpu": 50, "gpuType": "V100", "instanceNum": 1},
        {"role": "WORKER", "cpu": 2000, "memory": 2048, "instanceNum": 2, "rdmaConfig": {"enable": True}},
    ],
    "vpcId": "vpc-1",
    "subnetId": "subnet-1",
    "exposeNetworkConfig": {"sshConfig": {"enable": True, "port": 22}, "exposePortConfig": {"vpcId": "vpc-1"}},
    "logEnable": True,
    "logConfig": {"logsetId": "logset-1", "topicId": "topic-1"},
    "remark": "as it should be",
    "tags": {"team": "nlp", "cost": "a"},
}
"""A task in which every parameter is set that the service returns."""


def places_in(returned: Any, desired: Any, kind: Type) -> Iterator[tuple[str | int, ...]]:
    """The places of the scalars in a detail that the program has set."""
    match kind:
        case Struct():
            for name, part in desired.items():
                field = kind.fields[name]
                if field.readable and field.sent and field.wire in returned:
                    yield from (
                        (field.wire, *remaining) for remaining in places_in(returned[field.wire], part, field.type)
                    )
        case ListOf():
            for index, part in enumerate(desired):
                yield from ((index, *remaining) for remaining in places_in(returned[index], part, kind.item))
        case Scalar():
            yield ()


def changed_at(value: Any, place: tuple[str | int, ...]) -> Any:
    """A copy of a value in which the scalar at a place is another one."""
    if not place:
        return not value if isinstance(value, bool) else value + ("x" if isinstance(value, str) else 1)
    first, *remaining = place
    if isinstance(value, list):
        return [changed_at(part, tuple(remaining)) if index == first else part for index, part in enumerate(value)]
    return {**value, first: changed_at(value[first], tuple(remaining))}


def test_what_somebody_changes_from_outside_is_seen_at_its_property(provider: Provider, emulator: Emulator) -> None:
    inputs = provider.checked(EVERYTHING)
    task_id, created = provider.create(inputs)
    (returned,) = emulator.tasks()
    properties = {field.wire: field.property for field in TRAINING_TASK.fields.values()}
    desired = {name: inputs[name] for name in inputs if name not in ("owner", "region", "name", "tags")}
    places = [*places_in(returned, desired, TRAINING_TASK)]
    assert len({place[0] for place in places}) == len(desired)
    for place in places:
        member = str(place[0])
        emulator.plan_runs(task_id, change={member: changed_at(returned[member], place[1:])})
        _, outputs, read_inputs = provider.read(task_id, created)
        emulator.plan_runs(task_id, change={member: returned[member]})
        is_changed, replacing = provider.diff(task_id, outputs, inputs)
        assert is_changed, place
        assert replacing in ([], [properties[member]]), place
        assert [name for name in inputs if read_inputs.get(name) != inputs[name]] == [properties[member]], place

    emulator.plan_runs(
        task_id, change={"Tags": [{"TagKey": "team", "TagValue": "cv"}, {"TagKey": "qcs:x", "TagValue": "y"}]}
    )
    _, outputs, _ = provider.read(task_id, created)
    assert outputs["tags"] == {"team": "cv"}
    assert provider.diff(task_id, outputs, inputs) == (True, [])
