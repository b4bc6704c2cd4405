"""Rules for the training tasks of TI-ONE. Each can be configured, made advisory or turned off: see README.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

TASK = "pulumi-python:dynamic/tione:TrainingTask"
MOVING_TAGS = ("latest", "main", "master", "dev", "develop", "edge", "nightly", "stable", "test")
TEXTS = {"type": "array", "items": {"type": "string"}}


def nodes(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(task.get("resourceConfigInfos") or ())


def allowed_specs(args: ResourceValidationArgs, report: ReportViolation) -> None:
    allowed = args.get_config()["specs"]
    for group in nodes(args.props) if args.resource_type == TASK else ():
        spec = group.get("instanceType")
        if spec and not any(spec.startswith(prefix) for prefix in allowed):
            report(f"{spec} is not allowed; choose one of {', '.join(allowed)}.")


def maximum_nodes(args: ResourceValidationArgs, report: ReportViolation) -> None:
    maximum = args.get_config()["maximum"]
    count = sum(int(group.get("instanceNum") or 1) for group in nodes(args.props)) if args.resource_type == TASK else 0
    if count > maximum:
        report(f"The task has {count} nodes; {int(maximum)} are allowed.")


def required_tags(args: ResourceValidationArgs, report: ReportViolation) -> None:
    tags = args.props.get("tags") or {}
    missing = [key for key in args.get_config()["keys"] if args.resource_type == TASK and not tags.get(key)]
    if missing:
        report(f"The task lacks the tags {', '.join(missing)}.")


def no_public_access(args: ResourceValidationArgs, report: ReportViolation) -> None:
    network = args.props.get("exposeNetworkConfig") or {} if args.resource_type == TASK else {}
    for name, way in (("sshConfig", "SSH"), ("exposePortConfig", "a port")):
        if (network.get(name) or {}).get("enable"):
            report(f"The task is reachable from outside by {way}; remove it from expose_network_config.")


def prepaid_only_in_production(args: ResourceValidationArgs, report: ReportViolation) -> None:
    stack = args.urn.removeprefix("urn:pulumi:").partition("::")[0]
    production = args.get_config()["stacks"]
    if args.resource_type == TASK and args.props.get("chargeType") == "PREPAID" and stack not in production:
        report(f"Resource groups are for {', '.join(production)}; in {stack}, use charge_type POSTPAID_BY_HOUR.")


def time_limit(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type == TASK and not args.props.get("maxDuration"):
        report("Nothing ends a run that hangs; set max_duration, for example 12h.")


def no_moving_image_tag(args: ResourceValidationArgs, report: ReportViolation) -> None:
    image = (args.props.get("imageInfo") or {}).get("imageUrl") if args.resource_type == TASK else None
    if not image or "@" in image:
        return
    tag = image.rpartition("/")[2].partition(":")[2]
    if not tag or tag.lower() in MOVING_TAGS:
        report(f"The image has {f'the tag {tag}, which moves' if tag else 'no tag'}; name a version or a digest.")


PolicyPack(
    name="tione",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(
            name="allowed-specs",
            description="Tasks run on allowed specs.",
            validate=allowed_specs,
            config_schema=PolicyConfigSchema(
                properties={"specs": {**TEXTS, "default": ["TI.S.", "TI.S6.", "TI.GN7.", "TI.GN10.2XLARGE40."]}}
            ),
        ),
        ResourceValidationPolicy(
            name="maximum-nodes",
            description="Tasks have a maximum number of nodes.",
            validate=maximum_nodes,
            config_schema=PolicyConfigSchema(properties={"maximum": {"type": "integer", "default": 8}}),
        ),
        ResourceValidationPolicy(
            name="required-tags",
            description="Tasks have the tags that bills are split by.",
            validate=required_tags,
            config_schema=PolicyConfigSchema(properties={"keys": {**TEXTS, "default": ["team"]}}),
        ),
        ResourceValidationPolicy(
            name="no-public-access",
            description="Tasks are not reachable from outside.",
            validate=no_public_access,
        ),
        ResourceValidationPolicy(
            name="prepaid-only-in-production",
            description="Resource groups are for production.",
            validate=prepaid_only_in_production,
            config_schema=PolicyConfigSchema(properties={"stacks": {**TEXTS, "default": ["prod", "production"]}}),
        ),
        ResourceValidationPolicy(
            name="time-limit",
            description="Each task has a time limit.",
            validate=time_limit,
        ),
        ResourceValidationPolicy(
            name="no-moving-image-tag",
            description="Images have a version.",
            validate=no_moving_image_tag,
        ),
    ],
)
