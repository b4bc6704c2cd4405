"""The rules of CreateTrainingTask that depend on the request alone.

A new rule is a function in `RULES`; its test is in `tests/emulator/test_create_rules.py`. Names and types are checked
before, in `api/schema.py`. The provider's own rules are in `lifecycle/check_rules.py` and share no code with these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.resources.catalogue import framework_versions, instance_count
from pulumi_tione.emulator.tasks.start_command import decode

from .tags import TIONE_CODES, check_tags

Body = dict[str, Any]

CHARGE_TYPES = ("PREPAID", "POSTPAID_BY_HOUR")
IMAGE_TYPES = ("TCR", "CCR", "PreSet", "PRE_SET", "SYSTEM", "CUSTOM")
"""The documented types, and two spellings of the platform's own images that the vendor's responses have."""
SUPPLY_TYPES = ("", "TIDE", "SPOT")
CLUSTER_TYPES = ("", "DEFAULT", "THIRD")

MAX_NAME_LENGTH = 60
MAX_REMARK_LENGTH = 1024
MAX_TUNING_PARAMETERS_LENGTH = 2048
MAX_DATA_CONFIGS = 10
MAX_NODES = 1000
"""The limit of nodes in a task. No number is documented; here each is a pod, and one response lists all pods."""
HANG_TIMEOUT_MINUTES = range(1, 14401)
MAX_RESTARTS = 10
"""The limit of SchedulePolicy.BackOffLimit in the vendor's own kit."""

_NAME = re.compile(r"[\u4e00-\u9fa5A-Za-z0-9][\u4e00-\u9fa5A-Za-z0-9_-]*")


def check_parameters(body: Body) -> None:
    """Refuse a request for the first rule that it violates."""
    for rule in RULES:
        rule(body)


def _name(body: Body) -> None:
    name = body["Name"]
    if len(name) > MAX_NAME_LENGTH:
        _refuse_length("Name", name, MAX_NAME_LENGTH)
    if not _NAME.fullmatch(name):
        problem = "must consist of Chinese or English letters, digits, `_` and `-`, and begin with a letter or digit"
        _refuse("InvalidParameterValue", "Name", problem)


def _lengths(body: Body) -> None:
    for parameter, longest in (("Remark", MAX_REMARK_LENGTH), ("TuningParameters", MAX_TUNING_PARAMETERS_LENGTH)):
        text = body.get(parameter, "")
        if len(text) > longest:
            _refuse_length(parameter, text, longest)


def _charge_type(body: Body) -> None:
    _check_choice(body["ChargeType"], CHARGE_TYPES, "ChargeType")
    if body["ChargeType"] == "PREPAID" and not body.get("ResourceGroupId"):
        raise ApiError("MissingParameter", "`ResourceGroupId` is required where ChargeType is PREPAID.")


def _nodes(body: Body) -> None:
    nodes = body["ResourceConfigInfos"]
    if not nodes:
        _refuse_nodes("ResourceConfigInfos", "is empty: a task needs nodes")
    number = 0
    for index, node in enumerate(nodes):
        parameter = f"ResourceConfigInfos.{index}"
        if not node["Role"]:
            _refuse_nodes(f"{parameter}.Role", "is empty")
        if instance_count(node) < 1:
            _refuse_nodes(f"{parameter}.InstanceNum", "must be 1 or more")
        number += instance_count(node)
        if number > MAX_NODES:
            _refuse_nodes(f"{parameter}.InstanceNum", f"makes {number} nodes in all: {MAX_NODES} at most")
        if body["ChargeType"] == "POSTPAID_BY_HOUR":
            _pay_as_you_go_node(node, parameter)
        else:
            _resource_group_node(node, parameter)


def _pay_as_you_go_node(node: Body, parameter: str) -> None:
    instance_type = node.get("InstanceType", "")
    if not instance_type:
        _refuse_nodes(f"{parameter}.InstanceType", "is required where ChargeType is POSTPAID_BY_HOUR")
    if (node.get("RDMAConfig") or {}).get("Enable"):
        problem = "cannot be true: pay-as-you-go nodes have no RDMA"
        _refuse("InvalidParameterValue.RDMAConfigIllegal", f"{parameter}.RDMAConfig.Enable", problem)


def _resource_group_node(node: Body, parameter: str) -> None:
    for amount in ("Cpu", "Memory"):
        if node.get(amount, 0) < 1:
            _refuse_nodes(f"{parameter}.{amount}", "is required where ChargeType is PREPAID")
    if node.get("Gpu", 0) > 0 and not node.get("GpuType"):
        _refuse_nodes(f"{parameter}.GpuType", "is required where Gpu is not 0")
    if node.get("InstanceType"):
        _refuse_nodes(f"{parameter}.InstanceType", "must be empty where ChargeType is PREPAID")


def _framework(body: Body) -> None:
    name, version = body.get("FrameworkName", ""), body.get("FrameworkVersion", "")
    versions = framework_versions(name)
    if version and versions and version not in versions:
        problem = f"is not offered for {name}: {', '.join(versions)} are"
        _refuse("InvalidParameterValue.FrameworkVersionNotSupport", "FrameworkVersion", problem)


def _image(body: Body) -> None:
    image = body.get("ImageInfo")
    if image is None:
        return
    if image["ImageType"] not in IMAGE_TYPES:
        problem = f"must be one of {', '.join(IMAGE_TYPES)}"
        _refuse("InvalidParameterValue.ImageIllegal", "ImageInfo.ImageType", problem)
    url = image["ImageUrl"]
    if not url or "://" in url or any(character.isspace() for character in url):
        problem = "must be the address of an image, such as registry/namespace/image:tag"
        _refuse("InvalidParameterValue.ImageIllegal", "ImageInfo.ImageUrl", problem)
    if image.get("ImageSecret") and image["ImageType"] != "CUSTOM":
        _refuse("InvalidParameterValue", "ImageInfo.ImageSecret", "is for the ImageType CUSTOM only")


def _start_commands(body: Body) -> None:
    encoded = body.get("EncodedStartCmdInfo")
    if encoded is None:
        return
    if not encoded.get("StartCmdInfo"):
        _refuse("InvalidParameterValue", "EncodedStartCmdInfo.StartCmdInfo", "is empty")
    decode(encoded["StartCmdInfo"], "EncodedStartCmdInfo.StartCmdInfo")


def _cos_paths(body: Body) -> None:
    for parameter, cos in _cos_members(body):
        if len(cos["Paths"]) != 1:
            _refuse(
                "InvalidParameterValue",
                f"{parameter}.Paths",
                f"has {len(cos['Paths'])} elements: exactly one is supported",
            )


def _cos_members(body: Body) -> Iterator[tuple[str, Body]]:
    for parameter in ("CodePackagePath", "Output"):
        if body.get(parameter) is not None:
            yield parameter, body[parameter]
    for index, mount in enumerate(body.get("DataConfigs", ())):
        if mount.get("COSSource") is not None:
            yield f"DataConfigs.{index}.COSSource", mount["COSSource"]


def _mounts(body: Body) -> None:
    mounts = body.get("DataConfigs", [])
    if len(mounts) > MAX_DATA_CONFIGS:
        problem = f"has {len(mounts)} elements: {MAX_DATA_CONFIGS} at most"
        _refuse("InvalidParameterValue.DatasetNumLimitExceeded", "DataConfigs", problem)
    if sum(mount.get("LocalDiskSource") is not None for mount in mounts) > 1:
        _refuse("InvalidParameter", "DataConfigs", "has several local disks: one at most")
    if sum(mount.get("CBSSource") is not None for mount in mounts) > 1:
        _refuse("InvalidParameterValue", "DataConfigs", "has several CBS disks: one at most")
    mapped: dict[str, int] = {}
    for index, mount in enumerate(mounts):
        parameter = f"DataConfigs.{index}"
        path = mount.get("MappingPath")
        if path and mapped.setdefault(path, index) != index:
            problem = f"is also used by DataConfigs.{mapped[path]}"
            _refuse("InternalError.ValidateCreateTaskFailed", f"{parameter}.MappingPath", problem)
        local_path = (mount.get("LocalDiskSource") or {}).get("LocalPath")
        if local_path and not local_path.startswith("/"):
            _refuse(
                "InvalidParameterValue.PathIllegal", f"{parameter}.LocalDiskSource.LocalPath", "is not an absolute path"
            )
        goose = mount.get("GooseFSSource")
        if goose is not None and not goose.get("Id"):
            _refuse("InvalidParameterValue", f"{parameter}.GooseFSSource.Id", "is empty")


def _built_in_code(body: Body) -> None:
    """Check what the error's text documents: the platform's code needs a mount for its output."""
    mounts = body.get("DataConfigs", [])
    uses_built_in_code = any(mount.get("DataSourceUsage") == "BUILTIN_CODE" for mount in mounts)
    if uses_built_in_code and not any(
        mount.get("MappingPath", "").rstrip("/") == "/opt/ml/output/data" for mount in mounts
    ):
        problem = "has built-in code and no mount at /opt/ml/output/data"
        _refuse("InvalidParameterValue.AIMarketOutputConfigEmpty", "DataConfigs", problem)


def _code_repositories(body: Body) -> None:
    seen: set[str] = set()
    for index, repository in enumerate(body.get("CodeRepos", ())):
        if repository["Id"] in seen:
            _refuse("InvalidParameterValue", f"CodeRepos.{index}.Id", "occurs a second time")
        seen.add(repository["Id"])


def _log_delivery(body: Body) -> None:
    check_log_delivery(body.get("LogEnable", False), body.get("LogConfig"))


def check_log_delivery(enabled: bool, config: Body | None) -> None:
    """Refuse log delivery without a destination; EnableTrainingTaskClsConfig has the same rule."""
    if enabled and not (config and config["LogsetId"] and config["TopicId"]):
        problem = "must name LogsetId and TopicId where LogEnable is true"
        _refuse("InvalidParameterValue.ClsConfigRequired", "LogConfig", problem)


def _training_tool(body: Body) -> None:
    minutes = (body.get("TrainToolConfig") or {}).get("LogHangTimeoutInMinute")
    if minutes is not None and minutes not in HANG_TIMEOUT_MINUTES:
        problem = f"must be {HANG_TIMEOUT_MINUTES.start} to {HANG_TIMEOUT_MINUTES.stop - 1}"
        _refuse("InvalidParameterValue", "TrainToolConfig.LogHangTimeoutInMinute", problem)


def _supply(body: Body) -> None:
    supply = body.get("ResourceSupplyAttribute") or {}
    _check_choice(supply.get("SupplyType", ""), SUPPLY_TYPES, "ResourceSupplyAttribute.SupplyType")
    _check_choice(supply.get("ClusterType", ""), CLUSTER_TYPES, "ResourceSupplyAttribute.ClusterType")


def _restarts(body: Body) -> None:
    limit = (body.get("SchedulePolicy") or {}).get("BackOffLimit")
    if limit is not None and not 0 <= limit <= MAX_RESTARTS:
        parameter = "SchedulePolicy.BackOffLimit"
        _refuse("InvalidParameterValue.BackOffLimitIllegal", parameter, f"must be 0 to {MAX_RESTARTS}")


def _variables(body: Body) -> None:
    for index, variable in enumerate(body.get("Envs", ())):
        name = variable.get("Name") or ""
        if not name or "=" in name or "\0" in name:
            problem = "is empty" if not name else "contains a character that is not allowed in a variable name"
            _refuse("InvalidParameterValue", f"Envs.{index}.Name", problem)


def _callback(body: Body) -> None:
    url = body.get("CallbackUrl")
    if url:
        try:
            is_url = urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
        except ValueError:
            is_url = False
        if not is_url:
            _refuse("InvalidParameterValue", "CallbackUrl", "is not an http or https address")


def _tags(body: Body) -> None:
    check_tags([(tag["TagKey"], tag["TagValue"]) for tag in body.get("Tags", ())], "Tags", TIONE_CODES)


RULES: tuple[Callable[[Body], None], ...] = (
    _name,
    _lengths,
    _charge_type,
    _nodes,
    _framework,
    _image,
    _start_commands,
    _cos_paths,
    _mounts,
    _built_in_code,
    _code_repositories,
    _log_delivery,
    _training_tool,
    _supply,
    _restarts,
    _variables,
    _callback,
    _tags,
)
"""The order in which a request is checked; the first violated rule is reported."""


def _check_choice(value: str, choices: tuple[str, ...], parameter: str) -> None:
    if value not in choices:
        _refuse("InvalidParameterValue", parameter, f"must be one of {', '.join(choice or '``' for choice in choices)}")


def _refuse_nodes(parameter: str, problem: str) -> NoReturn:
    _refuse("InvalidParameterValue.ResourceConfigIllegal", parameter, problem)


def _refuse_length(parameter: str, text: str, longest: int) -> NoReturn:
    _refuse("InvalidParameterValue.ParamLengthExceedLimit", parameter, f"has {len(text)} characters: {longest} at most")


def _refuse(code: str, parameter: str, problem: str) -> NoReturn:
    raise ApiError(code, f"The value of parameter `{parameter}` {problem}.")
