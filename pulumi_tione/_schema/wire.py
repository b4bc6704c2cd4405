"""Values on their way to the API and back: the request body, and what the service returns, in the form of inputs.

The service returns more than was sent: unset texts as `""`, unset lists as `[]`, unset structs as structs of empty
values, and much that it filled in itself. So null, `""`, `[]` and a struct of empty values are equal here, and only the
inputs that the program set are read back.

Create sends `request_body`. A refresh records `recorded_outputs`, and a diff compares with `values_equal`: what is
drift follows from these two. Which changes replace the task is in `lifecycle/diff.py`. The names on the wire are
derived in `fields.py`; a `Wire(…)` mark in `args.py` overrides one.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pulumi_tione._constraints import COMMANDS
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type
from pulumi_tione._schema.identity import BASE_NAME, UNCONFIRMED
from pulumi_tione._schema.secrets import SECRET_INPUTS
from pulumi_tione._schema.time_limit import limit_commands, unlimited_commands
from pulumi_tione._schema.walk import OMIT, Part, by_wire, is_of_type, rebuild
from pulumi_tione._timestamps import shown_time

SYSTEM_TAGS = ("qcs:", "tencentcloud:")
"""The prefixes of the tag keys that Tencent Cloud binds itself; such tags are never drift."""

REPLACEMENT = "\ufffd"
"""In the place of a character that was cut."""

_CUSTOM_WIRE_FORM = ("tags", "envs", "privateEnvs", "startCmdInfo", "encodedStartCmdInfo")
"""The inputs whose form on the wire does not follow from their type."""


def request_body(inputs: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of CreateTrainingTask; `tags` are all the tags that the task gets.

    What the program did not set is left out; zero, false and empty values are sent.
    """
    body = {
        field.wire: to_wire(field.type, inputs[field.property])
        for field in _fields_of_usual_form()
        if field.property in inputs
    }
    if "tags" in inputs or tags:
        body["Tags"] = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
    if "envs" in inputs or "privateEnvs" in inputs:
        private = inputs.get("privateEnvs", {})
        body["Envs"] = [{"Name": name, "Value": value} for name, value in inputs.get("envs", {}).items()]
        body["Envs"] += [{"Name": name, "Value": value, "IsPrivate": True} for name, value in private.items()]
    limit = inputs.get("maxDuration")
    if "startCmdInfo" in inputs:
        body["EncodedStartCmdInfo"] = {"StartCmdInfo": encoded_commands(inputs["startCmdInfo"], limit)}
    if "encodedStartCmdInfo" in inputs:
        field = TRAINING_TASK.fields["encodedStartCmdInfo"]
        body[field.wire] = encoded = to_wire(field.type, inputs[field.property])
        if limit and encoded.get("StartCmdInfo"):
            encoded["StartCmdInfo"] = _encoded(decoded_commands(encoded["StartCmdInfo"]), limit)
    return _merged(body, to_wire(Scalar.ANY, inputs.get("additionalParameters", {})))


@functools.cache
def _fields_of_usual_form() -> Sequence[Field]:
    """Return the inputs whose form on the wire follows from their type."""
    fields = TRAINING_TASK.fields.values()
    return [field for field in fields if field.sent and field.property not in _CUSTOM_WIRE_FORM]


def secrets_in(body: Mapping[str, Any]) -> list[str]:
    """Return the texts of any request body that are always secret."""
    private = [env.get("Value") for env in body.get("Envs", ()) if env.get("IsPrivate")]
    password = body.get("ImageInfo", {}).get("ImageSecret", {}).get("Password")
    return [secret for secret in (*private, password, body.get("CallbackUrl")) if secret]


def encoded_commands(commands: Mapping[str, str], limit: float | None = None) -> str:
    """Return the commands in the form of `EncodedStartCmdInfo`: base64 of a JSON object that has every key.

    Args:
        commands: the commands by property name.
        limit: their time limit in seconds, if they have one.
    """
    return _encoded(to_wire(TRAINING_TASK.fields["startCmdInfo"].type, commands), limit)


def _encoded(commands: Mapping[str, str], limit: float | None) -> str:
    every = {key: commands.get(key, "") for key in COMMANDS}
    text = json.dumps(limit_commands(every, int(limit)) if limit else every, ensure_ascii=False, separators=(",", ":"))
    # Commands that are already encoded may have half a character, which JSON can express.
    return base64.b64encode(text.encode("utf-8", "backslashreplace")).decode()


def decoded_commands(encoded: str) -> dict[str, Any]:
    """Return the commands of an `EncodedStartCmdInfo` that check has passed."""
    return dict(json.loads(base64.b64decode(encoded)))


def to_wire(kind: Type, value: Any) -> Any:
    """Return a checked value of a declared type in the form of the API.

    The engine turns every number into a float; a whole one is an integer.
    """
    if isinstance(value, float):
        return int(value) if kind in (Scalar.INTEGER, Scalar.ANY) and value.is_integer() else value
    return rebuild(kind, value, lambda part: to_wire(part.type, part.value), key="wire")


def _merged(body: Mapping[str, Any], additional: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(body)
    for key, value in additional.items():
        present = merged.get(key)
        both_maps = isinstance(present, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(present, value) if both_maps else value  # type: ignore[arg-type]
    return merged


def well_typed(detail: object) -> tuple[dict[str, Any], list[str]]:
    """Return a task's detail, or its item in a list, without members that are not of their declared types, and the
    names of these members: nothing is known of them.

    A list with one item of another type is left out as a whole. Without the item, the others would look like a change.
    """
    left_out: list[str] = []
    remote = _well_typed(TRAINING_TASK, detail, "", left_out)
    return ({} if remote is OMIT or remote is None else remote), left_out


_LISTS_OF_STRUCTS: dict[str, dict[str, type]] = {
    "Tags": {"TagKey": str, "TagValue": str},
    "Envs": {"Name": str, "Value": str, "IsPrivate": bool},
}
"""The members that are lists of structs on the wire where programs write maps, with the types of their parts."""

_EMPTY: dict[type, type] = {Struct: dict, ListOf: list}
"""The JSON type of an empty value; of the types without parts only a text can be empty."""


def _well_typed(kind: Type, remote: Any, path: str, left_out: list[str]) -> Any:
    """Return a value without its parts of other types, or `OMIT` if it is of another type itself.

    An empty value fits every type: the service sends null, an empty text, list or object for what is not set.
    """
    if remote is None or (isinstance(remote, (str, list, dict)) and not remote):
        empty = _EMPTY.get(type(kind), str if kind is Scalar.STRING else ())
        return remote if isinstance(remote, empty) else None
    # Where programs write maps, the wire has lists of structs.
    if isinstance(kind, MapOf) or not is_of_type(kind, remote):
        return OMIT
    if isinstance(kind, Scalar):
        return int(remote) if kind is Scalar.INTEGER else remote
    if isinstance(kind, Struct):
        return _well_typed_struct(kind, remote, path, left_out)
    items = [_well_typed(kind.item, item, path, left_out) for item in remote]
    return OMIT if any(item is OMIT or item is None for item in items) else items


def _well_typed_struct(kind: Struct, remote: Mapping[str, Any], path: str, left_out: list[str]) -> Any:
    def member(part: Part) -> Any:
        if part.field is None:
            return part.value
        name = f"{path}.{part.key}" if path else str(part.key)
        members = _LISTS_OF_STRUCTS.get(name, {})
        value = _well_typed_list(members, part.value) if members else _well_typed(part.type, part.value, name, left_out)
        is_input = kind.fields.get(part.field.property) is part.field
        if value is OMIT or (is_input and _is_cut(value, members)):
            left_out.append(name)
            return OMIT
        return value

    return rebuild(kind, remote, member, by_wire, key="wire")


def _is_cut(value: Any, members: Collection[str] = ()) -> bool:
    """Return whether a text, one in a list, or one of these members of its items has lost a character in transit.

    The original is not known then.
    """
    if isinstance(value, str):
        return REPLACEMENT in value
    if isinstance(value, list):
        return any(_is_cut(part, members) for part in value)
    return isinstance(value, dict) and any(_is_cut(value.get(name)) for name in members)


def _well_typed_list(members: Mapping[str, type], remote: Any) -> Any:
    if not remote:
        return None
    if not isinstance(remote, list) or not all(isinstance(item, dict) for item in remote):
        return OMIT
    fits = all(
        item.get(name) is None or isinstance(item[name], expected)
        for item in remote
        for name, expected in members.items()
    )
    return remote if fits else OMIT


def recorded_outputs(
    inputs: Mapping[str, Any], detail: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what is recorded of a task: its inputs as the service has them, and what only the service knows.

    Args:
        inputs: the task's inputs.
        detail: the task's detail. Members of other types than declared count as missing.
        before: what was recorded before. Account and tags stay recorded if the service does not return them.
    """
    detail, _ = well_typed(detail)
    outputs = dict(inputs)
    if inputs.get("maxDuration"):  # without it, a command that has a limit is the program's own
        detail, limit = _without_time_limit(detail)
        if limit is None:
            del outputs["maxDuration"]
        elif limit is not OMIT and limit != inputs["maxDuration"]:
            outputs["maxDuration"] = limit
    for field in TRAINING_TASK.fields.values():
        if field.property not in inputs:
            continue
        remote = remote_input(field, inputs[field.property], detail)
        if remote is OMIT:
            continue
        if remote is None:
            del outputs[field.property]
        else:
            outputs[field.property] = remote
    if not detail.get("Uin"):  # every task has an account
        detail = {name: value for name, value in detail.items() if name != "Uin"}
    known = {name: before[name] for name, wire in _KEPT.items() if before and name in before and wire not in detail}
    return {**outputs, **_service_side(detail), **known}


def remote_input(field: Field, desired: Any, remote: Mapping[str, Any]) -> Any:
    """Return an input as the service has it, or `OMIT` where it does not return it.

    Args:
        field: the input.
        desired: its value in the program, or the recorded one.
        remote: the task's detail, or its item in a list.
    """
    returned = _returned(field, remote)
    if returned is OMIT:
        return OMIT
    value = _remote(field.type, desired, returned)
    return value if field.property in _CHANGEABLE else _with_desired(desired, value)


_CHANGEABLE = ("tags", "logEnable", "logConfig")
"""The inputs that can become empty while the task lives. All others are fixed at creation: where the service returns
nothing for one that it accepted, its response is incomplete."""


def _with_desired(desired: Any, remote: Any) -> Any:
    """Return the remote value of a fixed input, with the desired values in place of empty ones."""
    if remote is None or (isinstance(remote, (str, list, dict)) and not remote):
        return desired
    if isinstance(desired, Mapping):
        return {**remote, **{name: _with_desired(part, remote.get(name)) for name, part in desired.items()}}
    if isinstance(desired, list) and isinstance(remote, list) and len(desired) == len(remote):
        return [*map(_with_desired, desired, remote)]
    return remote


_KEPT = {"uin": "Uin", "allTags": "Tags", "createRequestId": ""}
"""The outputs that stay recorded while the service does not return them, with their names on the wire."""


def imported_outputs(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is recorded of a task that this project did not create: everything that the service returns."""
    detail, limit = _without_time_limit(well_typed(detail)[0])
    outputs = {}
    for field in TRAINING_TASK.fields.values():
        returned = _returned(field, detail)
        remote = None if returned is OMIT else _from_wire(field.type, returned)
        if remote is not None:
            outputs[field.property] = remote
    if isinstance(limit, int):
        outputs["maxDuration"] = limit
    return {**outputs, **_service_side(detail)}


def _without_time_limit(detail: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Return a detail with the original commands, and their limit: None if they have none, `OMIT` if there are none."""
    commands = detail.get("StartCmdInfo") or {}
    if not any(commands.values()):
        return detail, OMIT
    originals, limit = unlimited_commands(commands)
    return {**detail, "StartCmdInfo": originals}, limit


def _returned(field: Field, detail: Mapping[str, Any]) -> Any:
    """Return what the service returned for an input, or `OMIT` where it never does."""
    if not (field.readable and field.sent and field.wire in detail):
        return OMIT
    value = detail[field.wire]
    match field.property:
        case "tags":
            return user_tags(value)
        case "envs":
            public = (env for env in value or () if not env.get("IsPrivate"))
            return {env["Name"]: env.get("Value") or "" for env in public if env.get("Name")}
        case _:
            return value


def user_tags(tags: object) -> dict[str, str]:
    """Return the tags of a detail as a map, without those that Tencent Cloud binds itself."""
    listed = _well_typed_list(_LISTS_OF_STRUCTS["Tags"], tags)
    items = listed if isinstance(listed, list) else []
    by_key = {tag["TagKey"]: tag.get("TagValue") or "" for tag in items if tag.get("TagKey")}
    return {key: value for key, value in by_key.items() if not key.startswith(SYSTEM_TAGS)}


def _service_side(detail: Mapping[str, Any]) -> dict[str, Any]:
    outputs = {field.property: output_of(field, detail) for field in TRAINING_TASK.outputs.values() if field.sent}
    return {**outputs, "allTags": user_tags(detail.get("Tags"))}


_EMPTY_OUTPUTS: dict[Type, Any] = {Scalar.STRING: "", Scalar.INTEGER: 0, Scalar.BOOLEAN: False}
"""Outputs are typed: a text that is missing is an empty one, a number is zero."""


def output_of(field: Field, remote: Mapping[str, Any]) -> Any:
    """Return an output in the form in which it is recorded."""
    value = remote.get(field.wire)
    if isinstance(field.type, Struct):
        return {part.property: output_of(part, value) for part in field.type.outputs.values()} if value else None
    if field.is_time:
        value = shown_time(value)
    return _EMPTY_OUTPUTS[field.type] if value is None else value


def from_wire(kind: Type, remote: Any) -> Any:
    """Return what the service returned in the form of inputs, without what is empty; None if nothing is left.

    What is not of its declared type counts as empty.
    """
    remote = _well_typed(kind, remote, "", [])
    return None if remote is OMIT else _from_wire(kind, remote)


def _from_wire(kind: Type, remote: Any) -> Any:
    if isinstance(kind, Struct):
        remote = rebuild(kind, remote, _member_from_wire, by_wire)
    elif isinstance(kind, ListOf):
        remote = rebuild(kind, remote, lambda part: _item_from_wire(part.type, part.value))
    return None if remote in ("", {}, []) else remote


def _member_from_wire(part: Part) -> Any:
    value = None if part.field is None else _from_wire(part.type, part.value)
    return OMIT if value is None else value


def _item_from_wire(kind: Type, remote: Any) -> Any:
    """Return an item of a list, which counts even if it is empty."""
    value = _from_wire(kind, remote)
    return ({} if isinstance(kind, Struct) else remote) if value is None else value


def _remote(kind: Type, desired: Any, remote: Any) -> Any:
    """Return what the service returned in the form of inputs: the desired value itself where that leaves it open.

    Of a struct only the parts that the program set are compared; its outputs are added.
    """
    match kind:
        case Struct():
            remote = remote or {}
            parts = {
                name: _remote(kind.fields[name].type, part, remote[kind.fields[name].wire])
                if kind.fields[name].readable and kind.fields[name].wire in remote
                else part
                for name, part in desired.items()
                if name in kind.fields
            }
            outputs = {
                field.property: _from_wire(field.type, remote.get(field.wire)) for field in kind.outputs.values()
            }
            return {name: part for name, part in {**parts, **outputs}.items() if part is not None}
        case ListOf(item=Struct()) if desired:
            return [*_remote_items(kind.item, desired, remote or [])]
        case MapOf():
            return {key: remote[key] for key in desired if key in (remote or {})}
        case _:
            return desired if _leaves_it_open(desired) else _from_wire(kind, remote)


def _leaves_it_open(desired: Any) -> bool:
    """Return whether a value means "not set" to the service, which may then fill in one of its own.

    Examples are the `Cpu: 0` and the `InstanceTypeAlias: ""` of a pay-as-you-go node. False is a value.
    """
    return desired in ("", []) or (desired == 0 and not isinstance(desired, bool))


def _remote_items(kind: Type, desired: Sequence[Any], remote: Sequence[Any]) -> Iterator[Any]:
    """Match the desired items with the remote ones: equal ones at any position, the others in their order."""
    matches = _equal_items(kind, desired, remote)
    unmatched = [item for position, item in enumerate(remote) if position not in matches.values()]
    for position, item in enumerate(desired):
        if position in matches:
            yield item
        elif unmatched:
            yield _remote(kind, item, unmatched.pop(0))
    for item in unmatched:
        yield _item_from_wire(kind, item)


def _equal_items(kind: Type, desired: Sequence[Any], remote: Sequence[Any]) -> dict[int, int]:
    """Match as many equal items as possible: the positions of remote items by those of desired ones.

    An item that sets few fields is equal to several. So a matched item moves to another match where it can.
    """
    matched_to: dict[int, int] = {}

    def find_match(position: int, tried: set[int]) -> bool:
        for candidate in range(len(remote)):
            if candidate in tried or not values_equal(
                kind, desired[position], _remote(kind, desired[position], remote[candidate])
            ):
                continue
            tried.add(candidate)
            if candidate not in matched_to or find_match(matched_to[candidate], tried):
                matched_to[candidate] = position
                return True
        return False

    for position in range(len(desired)):
        find_match(position, set())
    return {position: candidate for candidate, position in matched_to.items()}


def values_equal(kind: Type, left: Any, right: Any) -> bool:
    """Return whether two values of a type mean the same to the service. An unknown value equals no other one."""
    return bool(left == right or _normal(kind, left) == _normal(kind, right))


def _normal(kind: Type, value: Any) -> Any:
    if isinstance(kind, Struct):
        value = rebuild(kind, value, _normal_member)
    elif isinstance(kind, ListOf):
        value = rebuild(kind, value, lambda part: _normal(part.type, part.value))
    return None if value in ("", {}, []) else value


def _normal_member(part: Part) -> Any:
    normal = None if part.field is None else _normal(part.type, part.value)
    return OMIT if normal is None else normal


def inputs_among(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs among recorded outputs: whatever a program may set, at any depth.

    The name is the requested one, without a suffix.
    """
    hidden = (*TRAINING_TASK.outputs, BASE_NAME, SECRET_INPUTS, UNCONFIRMED)
    inputs = {
        name: _inputs_of(TRAINING_TASK.fields[name].type, value) if name in TRAINING_TASK.fields else value
        for name, value in outputs.items()
        if name not in hidden
    }
    return {**inputs, "name": outputs[BASE_NAME]} if BASE_NAME in outputs else inputs


def _inputs_of(kind: Type, value: Any) -> Any:
    def converted(part: Part) -> Any:
        is_output = isinstance(kind, Struct) and part.field is None
        return OMIT if is_output else _inputs_of(part.type, part.value)

    return rebuild(kind, value, converted)
