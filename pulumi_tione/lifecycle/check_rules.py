"""The rules of check that concern several fields: documented ones are violations, likely mistakes are warnings.

A new rule yields from `violations`, which fails the preview, or from `warnings`; its test is in
`tests/unit/test_check.py`. A rule about one value is in `_constraints.py`, one that asks the service in
`account_rules.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from pulumi_tione._constraints import MAX_TAGS, Violation, tag_violations
from pulumi_tione._pulumi.unknown import UNKNOWN, Unknown
from pulumi_tione._schema.fields import TRAINING_TASK, Struct, path_to, struct
from pulumi_tione._schema.identity import RESERVED_LABELS
from pulumi_tione._schema.time_limit import MAX_BYTES, with_time_limit
from pulumi_tione._schema.wire import decoded_commands

Found: TypeAlias = Iterator[tuple[str, Violation]]
"""Property paths, and what is wrong with the values there."""

NO_SUCH_FIELD = "there is no such field"
REQUIRED = "is required"
OWNER_IS_NO_ARGUMENT = "is set by TrainingTask, not by a program; remove it"
TEXT_OF_AN_OUTPUT = (
    "is the text of an Output, not its value; "
    "pass the Output itself, or build the text with pulumi.Output.concat or .format"
)
CREATED_STOPPED = "a new task runs at once and cannot be created STOPPED; leave it out, or set it after the first `up`"
STARTED_AGAIN = "a task that has ended is started again, and the new run is billed again"
INSTANCE_TYPE_REQUIRED = "is required where charge_type is POSTPAID_BY_HOUR, for example TI.GN10.2XLARGE40.POST"
TWO_CREDENTIALS = "has no effect together with a profile; set one of the two"
TWO_COMMANDS = "has no effect together with encoded_start_cmd_info, which the service runs alone; set one of the two"
IMAGE_SECRET = "is only for images with image_type CUSTOM"  # noqa: S105  a message
VARIABLE_NAME = "is not the name of a variable: a name has at least one character, and neither `=` nor a NUL"
TWO_VARIABLES = "is also set in envs; set it once"
RESERVED_TAG = "is a label of this package, which finds its tasks by it; use another key"

NO_COMMAND_TO_LIMIT = (
    "limits the start command, and none is set; set one in start_cmd_info, or max_duration=0 for no limit (the default "
    "of new tasks is tione:maxDuration)"
)
COMMAND_TOO_LONG = (
    f"is too long for max_duration: with the prefix that ends it in time, it must have at most {MAX_BYTES} bytes, the "
    "longest argument that Linux passes to a process; put the script into the code package and start it from there"
)

IMAGE_AND_FRAMEWORK = "a custom image and framework_name are both set; the service uses one of them"
NO_COMMAND = "no command is set, so the nodes may have nothing to run"
SUBNET_WITHOUT_VPC = "is set without vpc_id"
CONFIG_WITHOUT_LOG = "is set without log_enable=True, so no logs are delivered"
LOG_WITHOUT_CONFIG = "is true without log_config, so the logs have no destination"


def name_declared_twice(name: str, resource: str) -> Violation:
    """Return the warning about a task with the same name as another one of the program."""
    rule = f"is also the name of the resource {resource!r}, and the service accepts a name once; choose another one"
    return Violation(rule, subject=repr(name))


def ended_by_time_limit(limit: str) -> str:
    """Return the warning about a failed task that is not started again."""
    return (
        f"the task is not started again, because its time limit of {limit} has ended it; set rerun_on_time_limit=True "
        "to start it again, or another max_duration to replace it"
    )


_SOURCES = {
    "DATASET": ("dataSetSource",),
    "COS": ("cosSource",),
    "COSFS": ("cosSource",),
    "CFS": ("cfsSource", "cfsTurboSource"),
    "CFSTurbo": ("cfsTurboSource", "cfsSource"),
    "HDFS": ("hdfsSource",),
    "GooseFS": ("gooseFsSource",),
    "GooseFSx": ("gooseFsSource",),
    "PUBLIC_DATA_SOURCE": ("publicDataSource",),
}
"""The sources of each type of data source. The vendor's kit mounts CFS Turbo as CFS."""

_TYPED_SOURCES = frozenset(itertools.chain.from_iterable(_SOURCES.values()))

_PRESET_IMAGES = ("PreSet", "PRE_SET")
_COMMANDS = ("startCmdInfo", "encodedStartCmdInfo")


def violations(inputs: Mapping[str, Any], label_count: int, invalid: Collection[str]) -> Found:
    """Yield what breaks documented rules.

    Args:
        inputs: the inputs; those that do not have their declared type are left out.
        label_count: how many labels count among the tags of the task.
        invalid: the paths of what is invalid by itself.
    """
    yield from _instance_type_violations(inputs, invalid)
    yield from _command_violations(inputs)
    yield from _time_limit_violations(inputs, invalid)
    yield from _image_violations(inputs)
    yield from _disk_violations(inputs)
    yield from _variable_violations(inputs)
    yield from _tag_violations(inputs, label_count)
    yield from _settings_violations(inputs)
    additional = inputs.get("additionalParameters")
    if isinstance(additional, Mapping):
        yield from _known_parameters(TRAINING_TASK, additional, "additionalParameters", "")


def warnings(inputs: Mapping[str, Any], invalid: Collection[str] = ()) -> Found:
    """Yield likely mistakes. Unknown values may be right.

    Args:
        inputs: the inputs; those that do not have their declared type are left out.
        invalid: the paths of what is invalid by itself: whatever is below one of them counts as set.
    """

    def is_set(name: str) -> bool:
        return _is_set(inputs.get(name)) or any(path.startswith((f"{name}.", f"{name}[")) for path in invalid)

    image, framework = inputs.get("imageInfo"), inputs.get("frameworkName")
    if isinstance(image, Mapping) and _is_set(image) and isinstance(framework, str) and framework:
        image_type = image.get("imageType")
        if not isinstance(image_type, Unknown) and image_type not in _PRESET_IMAGES:
            yield "imageInfo", Violation(IMAGE_AND_FRAMEWORK)
    if not any(is_set(name) and not _is_blank(inputs.get(name)) for name in _COMMANDS):
        yield "startCmdInfo", Violation(NO_COMMAND)
    if is_set("subnetId") and not is_set("vpcId"):
        yield "subnetId", Violation(SUBNET_WITHOUT_VPC)
    if inputs.get("logEnable") is True and not is_set("logConfig"):
        yield "logEnable", Violation(LOG_WITHOUT_CONFIG)
    if is_set("logConfig") and inputs.get("logEnable") is None:
        yield "logConfig", Violation(CONFIG_WITHOUT_LOG)
    for path, mount in _items(inputs, "dataConfigs"):
        yield from _source_warnings(path, mount)


def _is_set(value: Any) -> bool:
    """Return whether a value is set, or may be: null, empty texts, lists and structs mean "not set" to the service."""
    if isinstance(value, Mapping):
        return any(_is_set(part) for part in value.values())
    return isinstance(value, Unknown) or value not in (None, "", [])


def _is_blank(commands: Any) -> bool:
    """Return whether commands are set that consist of blanks alone."""
    texts = [*commands.values()] if isinstance(commands, Mapping) else []
    return bool(texts) and all(isinstance(text, str) and not text.strip() for text in texts)


def _items(inputs: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the structs in a list of the inputs, with their paths."""
    items = inputs.get(name)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, Mapping):
            yield path_to(name, index), item


def _source_warnings(path: str, mount: Mapping[str, Any]) -> Found:
    kind = mount.get("dataSourceType")
    expected = _SOURCES.get(kind) if isinstance(kind, str) else None
    fields = struct("DataConfig").fields
    present = [name for name in fields if name.endswith("Source") and _is_set(mount.get(name))]
    if expected is None:
        return
    unfit = [name for name in present if name not in expected and (name in _TYPED_SOURCES or present == [name])]
    if unfit:
        names = " or ".join(fields[name].name for name in expected)
        rule = f"does not fit {', '.join(fields[name].name for name in unfit)}; expected {names}"
        yield path_to(path, "dataSourceType"), Violation(rule, subject=repr(kind))


def _instance_type_violations(inputs: Mapping[str, Any], invalid: Collection[str]) -> Found:
    supply = inputs.get("resourceSupplyAttribute")
    cluster = supply.get("clusterType") if isinstance(supply, Mapping) else supply
    # Which nodes a third party's cluster, or a group that is paid by the hour, has is not documented.
    is_elsewhere = cluster not in (None, "", "DEFAULT") or _is_set(inputs.get("resourceGroupId"))
    if inputs.get("chargeType") != "POSTPAID_BY_HOUR" or is_elsewhere:
        return
    for path, group in _items(inputs, "resourceConfigInfos"):
        if not _is_set(group.get("instanceType")) and not any(each.startswith(f"{path}.") for each in invalid):
            yield path_to(path, "instanceType"), Violation(INSTANCE_TYPE_REQUIRED)


def _command_violations(inputs: Mapping[str, Any]) -> Found:
    if all(name in inputs for name in _COMMANDS):
        yield "startCmdInfo", Violation(TWO_COMMANDS)


def _time_limit_violations(inputs: Mapping[str, Any], invalid: Collection[str]) -> Found:
    limit = inputs.get("maxDuration")
    if not isinstance(limit, int):
        return
    commands = [(path, command) for path, command in _commands(inputs, invalid) if _is_set(command)]
    if not commands:
        yield "maxDuration", Violation(NO_COMMAND_TO_LIMIT)
    for path, command in commands:
        if isinstance(command, str):
            size = len(with_time_limit(command, limit).encode("utf-8", "surrogatepass"))
            if size > MAX_BYTES:
                yield path, Violation(COMMAND_TOO_LONG, f", got {size}")


def _commands(inputs: Mapping[str, Any], invalid: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield the commands with their paths; what is unknown or invalid counts as one that is unknown."""
    plain, encoded = (inputs.get(name) for name in _COMMANDS)
    if isinstance(plain, Mapping):
        yield from ((path_to("startCmdInfo", name), command) for name, command in plain.items())
    elif plain is not None:
        yield "startCmdInfo", UNKNOWN
    text = encoded.get("startCmdInfo") if isinstance(encoded, Mapping) else encoded
    path = "encodedStartCmdInfo.startCmdInfo"
    if isinstance(text, str) and path not in invalid:
        yield from ((path, command) for command in decoded_commands(text).values())
    elif text is not None:
        yield path, UNKNOWN


def _image_violations(inputs: Mapping[str, Any]) -> Found:
    image = inputs.get("imageInfo")
    if isinstance(image, Mapping) and "imageSecret" in image:
        image_type = image.get("imageType")
        if isinstance(image_type, str) and image_type != "CUSTOM":
            yield "imageInfo.imageSecret", Violation(IMAGE_SECRET)


def _disk_violations(inputs: Mapping[str, Any]) -> Found:
    for source, disk in (("localDiskSource", "local disk"), ("cbsSource", "cloud disk")):
        paths = [path for path, mount in _items(inputs, "dataConfigs") if source in mount]
        for path in paths[1:]:
            yield path_to(path, source), Violation(f"is a second {disk}; a task can have only one")


def _variable_violations(inputs: Mapping[str, Any]) -> Found:
    public, private = inputs.get("envs"), inputs.get("privateEnvs")
    for path, variables in (("envs", public), ("privateEnvs", private)):
        for name in variables if isinstance(variables, Mapping) else ():
            if not name or "=" in name or "\0" in name:
                yield path_to(path, name), Violation(VARIABLE_NAME)
    if isinstance(public, Mapping) and isinstance(private, Mapping):
        for name in sorted(public.keys() & private.keys()):
            yield path_to("privateEnvs", name), Violation(TWO_VARIABLES)


def _tag_violations(inputs: Mapping[str, Any], label_count: int) -> Found:
    tags = inputs.get("tags")
    if not isinstance(tags, Mapping):
        return
    for key in tags:
        if key in RESERVED_LABELS:
            yield path_to("tags", key), Violation(RESERVED_TAG)
    for key, violation in tag_violations({key: tag for key, tag in tags.items() if isinstance(tag, str)}).items():
        yield path_to("tags", key), violation
    if len(tags) + label_count > MAX_TAGS:
        labels = f" and {label_count} labels of this package" if label_count else ""
        yield "tags", Violation(f"a task can have at most {MAX_TAGS} tags, got {len(tags)}{labels}")


def _settings_violations(inputs: Mapping[str, Any]) -> Found:
    own = inputs.get("settings")
    if isinstance(own, Mapping) and own.get("camRoleName") and (own.get("profile") or own.get("sharedCredentialsDir")):
        yield "settings.camRoleName", Violation(TWO_CREDENTIALS)


def _known_parameters(kind: Struct, additional: Mapping[str, Any], path: str, argument: str) -> Found:
    """Yield the additional parameters that have an argument; others may be at any depth."""
    by_wire = {declared.wire: declared for declared in reversed([*kind.fields.values()]) if declared.sent}
    for key, value in additional.items():
        declared = by_wire.get(key)
        if declared is None:
            continue
        own_path, name = path_to(path, key), f"{argument}{declared.name}"
        if isinstance(declared.type, Struct) and isinstance(value, Mapping) and declared.property != "startCmdInfo":
            yield from _known_parameters(declared.type, value, own_path, f"{name}.")
        elif not (isinstance(declared.type, Struct) and isinstance(value, Unknown)):
            yield own_path, Violation(f"this package knows this parameter; use the argument {name}")


def replaced_stopped(arguments: Sequence[str]) -> str:
    """Return the violation of a task that is to be stopped and is replaced, because these arguments changed."""
    changed = f"{', '.join(arguments)} changed, which replaces"
    return (
        f"is STOPPED, but {changed} the task, and a new task runs at once. Undo that change, or set desired_status to "
        "RUNNING or leave it out: the replacement runs and is billed. Set STOPPED again after that `up`"
    )
