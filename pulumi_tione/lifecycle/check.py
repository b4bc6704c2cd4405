"""Check: everything that is wrong with the inputs, all at once and each at its path, before anything is sent.

Only rules that the vendor documents are failures. Values that are unknown in a preview pass through, at any depth.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione._api.status import FAILED, status_of
from pulumi_tione._constraints import MAX_TAGS, Violation, suggestion, tag_violations
from pulumi_tione._pulumi.unknown import Unknown
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type, path_to
from pulumi_tione._schema.identity import LABELS, OWNER, RESERVED_LABELS
from pulumi_tione._schema.secrets import SECRET_INPUTS, is_secret, marked_paths, secret_paths
from pulumi_tione._text import sanitize
from pulumi_tione.lifecycle.diff import RERUN_OF
from pulumi_tione.lifecycle.names import computed_name

_TOO_LARGE = 2**53
"""From it on, a number that passed through the engine may have been another one before: it is a float there."""

_TEXT_OF_AN_OUTPUT = "Calling __str__ on an Output[T] is not supported"


@dataclass
class Checked:
    """What check found."""

    inputs: dict[str, Any] = field(default_factory=dict)
    """The inputs in their declared types, with what was computed: name, region, run."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Paths and reasons; none means that the inputs may be used."""
    warnings: list[str] = field(default_factory=list)
    """What may well be meant, but is worth a second look."""
    secret: Collection[str] = ()
    """The paths of what is secret: neither failures nor warnings tell it."""

    def fail(self, path: str, violation: Violation | None) -> None:
        """Note what a value breaks, if it breaks anything."""
        if violation is not None:
            self.failures.append((path, violation.shown(is_secret(path, self.secret))))


@dataclass(frozen=True)
class CheckContext:
    """What check knows beside the inputs."""

    region: str
    """The region of a task that names none."""
    labels_enabled: bool
    """Whether the task gets our labels, which count among its tags."""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    """Tags that a task gets which does not set them itself."""
    task_of: Callable[[Mapping[str, Any]], Mapping[str, Any] | None] = lambda _: None
    """Asks the service for the task with these inputs; called only for `rerun_on_failure`."""


def check(olds: Mapping[str, Any], news: Mapping[str, Any], around: CheckContext) -> Checked:
    """Check the inputs of a task.

    Args:
        olds: the inputs of the last time, empty when the task is new or replaced.
        news: the inputs of the program, and `owner`.
        around: what else decides.
    """
    found = Checked(secret=secret_paths(news, marked_paths(news)))
    owner = _owner(news.get("owner"), found)
    program = {name: value for name, value in news.items() if name not in ("owner", SECRET_INPUTS)}
    found.inputs = _struct(TRAINING_TASK, program, "", found)
    if around.default_tags and isinstance(found.inputs.get("tags", {}), Mapping):
        found.inputs["tags"] = {**around.default_tags, **found.inputs.get("tags", {})}
    _check_commands(found)
    _check_image(found)
    _check_disks(found)
    _check_envs(found)
    _check_tags(found, len(LABELS) if around.labels_enabled and owner else 0)
    _check_additional_parameters(found)
    _check_desired_status(olds, found)
    _check_settings(found)
    found.inputs.setdefault("region", around.region)
    if owner is not None:
        found.inputs["owner"] = owner
        # A computed name stays as long as the task does, also when this package would compute another one today.
        found.inputs.setdefault("name", olds.get("name") or computed_name(owner, found.inputs))
    _set_run(olds, found, around)
    # Some tell a value of the program's, which may hold anything.
    found.failures = [(path, sanitize(reason)) for path, reason in found.failures]
    found.warnings = [sanitize(warning) for warning in found.warnings]
    return found


def _owner(owner: Any, found: Checked) -> Mapping[str, Any] | None:
    """Give the owner that `TrainingTask` passes; whatever else stands in its place is a failure."""
    if owner is None:
        return None
    if isinstance(owner, Mapping) and all(isinstance(owner.get(part), (str, Unknown)) for part in OWNER):
        return owner
    found.failures.append(("owner", "is what TrainingTask passes, and nothing that a program sets"))
    return None


def _check_desired_status(olds: Mapping[str, Any], found: Checked) -> None:
    before, wanted = olds.get("desiredStatus"), found.inputs.get("desiredStatus")
    if wanted == "STOPPED" and not olds:
        reason = "a new task runs at once, and cannot be created STOPPED; leave it out, or set it after the first `up`"
        found.failures.append(("desiredStatus", reason))
    if wanted == "RUNNING" and olds and before != "RUNNING":
        found.warnings.append("desiredStatus: a task at rest is started again, and the new run is billed again")


def _check_settings(found: Checked) -> None:
    own = found.inputs.get("settings")
    if isinstance(own, Mapping) and own.get("camRoleName") and (own.get("profile") or own.get("sharedCredentialsDir")):
        found.failures.append(("settings.camRoleName", "would have no effect beside a profile: name one of the two"))


def _set_run(olds: Mapping[str, Any], found: Checked, around: CheckContext) -> None:
    """Count the runs of a task that may be run again: a higher number than the recorded one starts it anew.

    `rerunOf` names the run that failed. A list that lags still shows that failure after the re-run has been started:
    one failure is counted once.
    """
    found.inputs |= {name: olds[name] for name in ("run", RERUN_OF) if name in olds}
    allowed = found.inputs.get("rerunOnFailure")
    if not isinstance(allowed, int) or found.failures:
        return
    run = found.inputs["run"] = int(olds.get("run", 1))
    if not olds or run > allowed or found.inputs.get("desiredStatus") == "STOPPED":
        return
    # It is asked for with today's settings: the old ones may be what is to be mended.
    asked = {
        name: value for name, value in {**olds, "settings": found.inputs.get("settings")}.items() if value is not None
    }
    task = around.task_of(asked)
    if task is None or status_of(task) not in FAILED:
        return
    failed = str(task.get("LatestInstanceId") or "")
    if not failed or failed != olds.get(RERUN_OF):
        found.inputs |= {"run": run + 1, RERUN_OF: failed}


def _value(kind: Type, value: Any, path: str, found: Checked) -> Any:
    """Give the value in its declared type; what is wrong with it is noted, and the value kept as it is."""
    if isinstance(value, Unknown):
        return value
    match kind:
        case Struct():
            if isinstance(value, Mapping):
                return _struct(kind, value, path, found)
            expected = f"a struct with {', '.join(field.name for field in kind.fields.values())}"
        case ListOf():
            if isinstance(value, Sequence) and not isinstance(value, str):
                return [_value(kind.item, item, path_to(path, index), found) for index, item in enumerate(value)]
            expected = "a list"
        case MapOf():
            if isinstance(value, Mapping):
                return {key: _value(kind.item, item, path_to(path, key), found) for key, item in value.items()}
            expected = "a map"
        case Scalar.ANY:
            _check_anything(value, path, found)
            return value
        case Scalar.STRING:
            if isinstance(value, str):
                _check_text(value, path, found)
                return value
            expected = "text"
        case Scalar.BOOLEAN:
            if isinstance(value, bool):
                return value
            expected = "true or false"
        case Scalar.INTEGER:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return _whole_number(value, path, found)
            expected = "a whole number"
    found.failures.append((path, f"must be {expected}, got {_kind_of(value)}"))
    return value


def _check_anything(value: Any, path: str, found: Checked) -> None:
    """Check what the program may choose freely, at any depth: texts and numbers can go wrong on their way here."""
    if isinstance(value, str):
        _check_text(value, path, found)
    elif isinstance(value, float) and value.is_integer():
        _whole_number(value, path, found)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            _check_anything(part, path_to(path, key), found)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _check_anything(part, path_to(path, index), found)


def _check_text(value: str, path: str, found: Checked) -> None:
    if _TEXT_OF_AN_OUTPUT in value:
        hint = "pass the Output itself, or build the text with pulumi.Output.concat or .format"
        found.failures.append((path, f"is the text of an Output, not its value: {hint}"))


def _whole_number(value: Any, path: str, found: Checked) -> Any:
    if isinstance(value, float) and not value.is_integer():
        found.fail(path, Violation("must be a whole number", f", got {value}"))
        return value
    if abs(value) >= _TOO_LARGE:
        found.fail(path, Violation("must be a whole number below 2**53", f", got {value}"))
        return value
    return int(value)


def _kind_of(value: Any) -> str:
    """Name the kind of a value that is of the wrong one, and never the value: it may be a secret."""
    kinds = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a map"}
    return kinds.get(type(value), "nothing" if value is None else f"a {type(value).__name__}")


def _struct(kind: Struct, value: Mapping[str, Any], path: str, found: Checked) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for key, part in value.items():
        declared = kind.fields.get(key)
        here = path_to(path, key)
        if declared is None:
            found.failures.append(
                (here, f"there is no such field{suggestion(key, (f.name for f in kind.fields.values()))}")
            )
        elif part is not None:
            checked[key] = _value(declared.type, part, here, found)
            _apply_rules(declared, checked[key], here, found)
    for declared in kind.fields.values():
        if declared.required and declared.property not in checked:
            found.failures.append((path_to(path, declared.property), f"{declared.name} is required"))
    return checked


def _apply_rules(declared: Field, value: Any, path: str, found: Checked) -> None:
    if _is_of(declared.type, value):
        for rule in declared.rules:
            found.fail(path, rule.violation(value))
        warning = declared.known_values.warning(value) if declared.known_values else None
        if warning:
            found.warnings.append(f"{path}: {warning.shown(is_secret(path, found.secret))}")


def _is_of(kind: Type, value: Any) -> bool:
    """Tell whether a value is of the type that the rules of a field expect, after all that may be wrong with it."""
    match kind:
        case Scalar.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Scalar.STRING:
            return isinstance(value, str)
        case ListOf():
            return isinstance(value, list)
        case _:
            return True


def _check_commands(found: Checked) -> None:
    if "startCmdInfo" in found.inputs and "encodedStartCmdInfo" in found.inputs:
        reason = "would have no effect beside encoded_start_cmd_info: the service then runs the encoded commands alone"
        found.failures.append(("startCmdInfo", reason))


def _check_image(found: Checked) -> None:
    image = found.inputs.get("imageInfo")
    if not isinstance(image, Mapping) or "imageSecret" not in image:
        return
    image_type = image.get("imageType")
    if isinstance(image_type, str) and image_type != "CUSTOM":
        reason = "is for images of the type CUSTOM only"
        type_is_secret = is_secret("imageInfo.imageType", found.secret)
        is_another = "" if type_is_secret else f", this one is of the type {image_type}"
        found.failures.append(("imageInfo.imageSecret", f"{reason}{is_another}"))


def _check_disks(found: Checked) -> None:
    mounts = found.inputs.get("dataConfigs")
    if not isinstance(mounts, list):
        return
    for source, what in (("localDiskSource", "local disk"), ("cbsSource", "cloud disk")):
        holders = [index for index, mount in enumerate(mounts) if isinstance(mount, Mapping) and source in mount]
        for index in holders[1:]:
            path = path_to(path_to("dataConfigs", index), source)
            found.failures.append((path, f"is a second {what}: a task can have only one"))


def _check_envs(found: Checked) -> None:
    public, private = found.inputs.get("envs"), found.inputs.get("privateEnvs")
    for path, variables in (("envs", public), ("privateEnvs", private)):
        for name in variables if isinstance(variables, Mapping) else ():
            if not name or "=" in name or "\0" in name:
                reason = "is no name of a variable: it must not be empty, and must not contain `=` or a NUL"
                found.failures.append((path_to(path, name), reason))
    if isinstance(public, Mapping) and isinstance(private, Mapping):
        for name in sorted(public.keys() & private.keys()):
            found.failures.append((path_to("privateEnvs", name), "is set in envs already"))


def _check_tags(found: Checked, ours: int) -> None:
    tags = found.inputs.get("tags")
    if not isinstance(tags, Mapping):
        return
    reserved = "is a label of this package, which finds its tasks by it: use another key"
    found.failures += [(path_to("tags", key), reserved) for key in tags if key in RESERVED_LABELS]
    known = {key: value for key, value in tags.items() if isinstance(value, str)}
    for key, violation in tag_violations(known).items():
        found.fail(path_to("tags", key), violation)
    if len(tags) + ours > MAX_TAGS:
        reason = f"a task can have at most {MAX_TAGS} tags, got {len(tags)}"
        found.failures.append(("tags", f"{reason} and {ours} labels of this package" if ours else reason))


def _check_additional_parameters(found: Checked) -> None:
    additional = found.inputs.get("additionalParameters")
    if isinstance(additional, Mapping):
        _check_unknown_to_us(TRAINING_TASK, additional, "additionalParameters", "", found)


def _check_unknown_to_us(kind: Struct, additional: Mapping[str, Any], path: str, argument: str, found: Checked) -> None:
    """Refuse what has a proper argument; what the package does not know may stand at any depth."""
    by_wire = {declared.wire: declared for declared in reversed([*kind.fields.values()]) if declared.sent}
    for key, value in additional.items():
        declared = by_wire.get(key)
        if declared is None:
            continue
        here, name = path_to(path, key), f"{argument}{declared.name}"
        if isinstance(declared.type, Struct) and isinstance(value, Mapping) and declared.property != "startCmdInfo":
            _check_unknown_to_us(declared.type, value, here, f"{name}.", found)
        elif not (isinstance(declared.type, Struct) and isinstance(value, Unknown)):
            found.failures.append((here, f"this package knows this parameter: use the argument {name}"))
