"""Represent a task in responses: the detail, and the item of the list. Unset members are empty, not absent.

What a read sees may lag: `state/view.py`. A test changes members with `plan_runs(change=...)` or a fault
(`faults/distortion.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from pulumi_tione.emulator.api.definition import definition
from pulumi_tione.emulator.resources.catalogue import Spec, hourly_price, image_url, instance_count
from pulumi_tione.emulator.resources.registry import Registry

from .task import Operator, Run, Task
from .transitions import BILLED

BEIJING = timezone(timedelta(hours=8))
"""The zone of the vendor's times, even where they do not name it."""


def detail_time(moment: datetime | None) -> str:
    """Format a time for the detail: with only the hours of the zone, which is not RFC 3339."""
    return "" if moment is None else f"{moment.astimezone(BEIJING):%Y-%m-%dT%H:%M:%S}+08"


def list_time(moment: datetime | None) -> str:
    """Format a time for the list: without a zone."""
    return "" if moment is None else f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def detail(task: Task, run: Run, now: datetime, registry: Registry) -> dict[str, Any]:
    """Return the TrainingTaskDetail of a task, for one of its runs."""
    body = task.body
    answer = {
        **_common(task, run, now, registry),
        "Uin": task.owner.uin,
        "SubUin": task.owner.sub_uin,
        "SubUinName": task.owner.name,
        "Region": task.region,
        "CodePackagePath": _filled("CosPathInfo", body.get("CodePackagePath")),
        "StartCmdInfo": dict(task.program.commands),
        "DataSource": body.get("DataSource", ""),
        "DataConfigs": [_mount(mount) for mount in body.get("DataConfigs", ())],
        "TuningParameters": body.get("TuningParameters", ""),
        "LogEnable": task.log_enable,
        "LogConfig": _filled("LogConfig", task.log_config),
        "VpcId": body.get("VpcId", ""),
        "SubnetId": body.get("SubnetId", ""),
        "LatestInstanceId": task.run.instance_id,
        "TensorBoardId": "",
        "Remark": body.get("Remark", ""),
        "CodeRepos": [dict(repository) for repository in body.get("CodeRepos", ())],
        "CreateTime": detail_time(task.created_at),
        "UpdateTime": detail_time(task.updated_at),
        "StartTime": detail_time(run.started_at),
        "EndTime": detail_time(run.ended_at),
    }
    if body.get("ExposeNetworkConfig") is not None:
        answer["ExposeNetworkConfig"] = _network(body["ExposeNetworkConfig"])
    if task.operator is not None:
        answer["OperatorInfo"] = _operator(task.operator)
    return {**answer, **task.overrides}


def item(task: Task, now: datetime, registry: Registry) -> dict[str, Any]:
    """Return the TrainingTaskSetItem of a task, for its latest run."""
    run = task.run
    answer = {
        **_common(task, run, now, registry),
        "SubUin": task.owner.sub_uin,
        "SubUinName": task.owner.name,
        "AppId": task.owner.app_id,
        "Envs": [_variable(variable) for variable in task.body.get("Envs", ())],
        "CreateTime": list_time(task.created_at),
        "UpdateTime": list_time(task.updated_at),
        "StartTime": list_time(run.started_at),
        "EndTime": list_time(run.ended_at),
    }
    if task.operator is not None:
        answer["LatestOperatorInfo"] = _operator(task.operator)
    known = definition().struct("tione", "TrainingTaskSetItem")
    return {**answer, **{name: value for name, value in task.overrides.items() if name in known}}


def _common(task: Task, run: Run, now: datetime, registry: Registry) -> dict[str, Any]:
    """Return the members that detail and list item share."""
    body = task.body
    group = body.get("ResourceGroupId", "")
    is_billed = body["ChargeType"] == "POSTPAID_BY_HOUR" and run.status in BILLED
    return {
        "Id": task.id,
        "Name": task.name,
        "FrameworkName": body.get("FrameworkName", ""),
        "FrameworkVersion": body.get("FrameworkVersion", ""),
        "FrameworkEnvironment": body.get("FrameworkEnvironment", ""),
        "TrainingMode": body.get("TrainingMode", ""),
        "ChargeType": body["ChargeType"],
        "ChargeStatus": "BILLING" if is_billed else "NOT_BILLING",
        "BillingInfo": f"{hourly_price(body, task.specs) / 100:.2f}元/小时 (按量计费)" if is_billed else "",
        "ResourceGroupId": group,
        "ResourceGroupName": registry.facts("resource_group", group).get("name", ""),
        "ResourceConfigInfos": [node(group, task.specs) for group in body["ResourceConfigInfos"]],
        "Tags": all_tags(task),
        "ImageInfo": _image(body),
        "Output": _filled("CosPathInfo", body.get("Output")),
        "Status": run.status.value,
        "RuntimeInSeconds": _runtime(run, now),
        "FailureReason": run.failure_reason,
        "Message": "",
        "CallbackUrl": body.get("CallbackUrl", ""),
    }


def all_tags(task: Task) -> list[dict[str, str]]:
    """Return the tags of a task, including those of the platform."""
    return [{"TagKey": key, "TagValue": value} for key, value in {**task.tags, **task.system_tags}.items()]


def node(group: dict[str, Any], specs: Mapping[str, Spec]) -> dict[str, Any]:
    """Return a group of nodes; the service fills in the size of a pay-as-you-go spec."""
    spec = specs.get(group.get("InstanceType", ""))
    size: dict[str, Any] = {}
    if spec is not None:
        size = {"Cpu": spec.cpu, "Memory": spec.memory, "GpuType": spec.gpu_type, "Gpu": spec.gpu}
        size["InstanceTypeAlias"] = spec.alias
    unset = {"RDMAConfig": {"Enable": False}, "InstanceNum": instance_count(group)}
    return _filled("ResourceConfigInfo", {**unset, **group, **size})


def _image(body: dict[str, Any]) -> dict[str, Any]:
    """Return the image of the request, or the built-in one of the framework's environment, without its secret."""
    environment = body.get("FrameworkEnvironment", "")
    image = body.get("ImageInfo")
    if image is None and environment:
        image = {"ImageType": "PRE_SET", "ImageUrl": image_url(environment), "ImageName": environment}
    return {**_filled("ImageInfo", image), "ImageSecret": None}


def _mount(mount: dict[str, Any]) -> dict[str, Any]:
    answer = _filled("DataConfig", mount)
    if answer["CFSSource"] is not None:
        defaults = {"MountType": "STORAGE", "Protocol": "NFS"}
        requested = {name: value for name, value in mount["CFSSource"].items() if value != ""}
        answer["CFSSource"] = _filled("CFSConfig", {**defaults, **requested})
    return answer


def _network(network: dict[str, Any]) -> dict[str, Any]:
    return {
        "SSHConfig": _filled("SSHConfig", network.get("SSHConfig")),
        "ExposePortConfig": _filled("ExposePortConfig", network.get("ExposePortConfig")),
    }


def _variable(variable: dict[str, Any]) -> dict[str, Any]:
    """Return an environment variable; the value of a private one cannot be read."""
    answer = _filled("EnvVar", variable)
    return {**answer, "Value": ""} if answer["IsPrivate"] else answer


def _operator(operator: Operator) -> dict[str, Any]:
    return {
        "SubUin": operator.sub_uin,
        "SubUinName": operator.name,
        "IsPlatformOperator": operator.is_platform,
        "OperationType": operator.operation,
    }


def _runtime(run: Run, now: datetime) -> int:
    if run.started_at is None:
        return 0
    return max(0, int(((run.ended_at or now) - run.started_at).total_seconds()))


_EMPTY = {"string": "", "bool": False, "int64": 0, "uint64": 0, "float": 0.0}


def _filled(struct: str, value: dict[str, Any] | None) -> dict[str, Any]:
    """Return a struct with all its scalars and lists, empty if unset; unset structs within it are null or absent."""
    fields = definition().struct("tione", struct)
    answer: dict[str, Any] = {}
    for name, field in fields.items():
        member = (value or {}).get(name)
        if field.element is not None:
            answer[name] = list(member or ())
        elif field.type in _EMPTY:
            answer[name] = _EMPTY[field.type] if member is None else member
        elif member is not None:
            answer[name] = _filled(field.type, member)
        elif field.nullable:
            answer[name] = None
    return answer
