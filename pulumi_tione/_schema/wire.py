"""Values on their way to the API and back: the request body, and what the service tells, in the user's form.

On the way back the service says more than was asked for: unset texts as `""`, unset lists as `[]`, unset structs as
structs of empties, and much that it filled in by itself. So null, `""`, `[]` and a struct of empties are one and the
same here, and of the inputs only what the program set is read back.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_tione._constraints import COMMANDS
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type
from pulumi_tione._schema.identity import BASE_NAME, UNCONFIRMED
from pulumi_tione._schema.secrets import SECRET_INPUTS

SYSTEM_TAGS = ("qcs:", "tencentcloud:")
"""How the keys of tags begin that Tencent Cloud binds by itself: nobody's drift."""

REPLACEMENT = "\ufffd"
"""In the place of a character that was cut."""

_OWN_FORM = ("tags", "envs", "privateEnvs", "startCmdInfo", "encodedStartCmdInfo")
"""The inputs whose form on the wire is not simply that of their type."""


def request_body(inputs: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """Give the body of CreateTrainingTask, `tags` being all that the task is to have.

    What the program did not set is left out; zero, false and empty is sent.
    """
    body = {
        field.wire: to_wire(field.type, inputs[field.property])
        for field in TRAINING_TASK.fields.values()
        if field.sent and field.property in inputs and field.property not in _OWN_FORM
    }
    if "tags" in inputs or tags:
        body["Tags"] = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
    if "envs" in inputs or "privateEnvs" in inputs:
        private = inputs.get("privateEnvs", {})
        body["Envs"] = [{"Name": name, "Value": value} for name, value in inputs.get("envs", {}).items()]
        body["Envs"] += [{"Name": name, "Value": value, "IsPrivate": True} for name, value in private.items()]
    if "startCmdInfo" in inputs:
        body["EncodedStartCmdInfo"] = {"StartCmdInfo": encoded_commands(inputs["startCmdInfo"])}
    if "encodedStartCmdInfo" in inputs:
        field = TRAINING_TASK.fields["encodedStartCmdInfo"]
        body[field.wire] = to_wire(field.type, inputs[field.property])
    return _merged(body, to_wire(Scalar.ANY, inputs.get("additionalParameters", {})))


def secrets_in(body: Mapping[str, Any]) -> list[str]:
    """Return the texts of a request body that are secret by their nature, whoever built it."""
    private = [env.get("Value") for env in body.get("Envs", ()) if env.get("IsPrivate")]
    password = body.get("ImageInfo", {}).get("ImageSecret", {}).get("Password")
    return [secret for secret in (*private, password, body.get("CallbackUrl")) if secret]


def encoded_commands(commands: Mapping[str, str]) -> str:
    """Give the commands as `EncodedStartCmdInfo` wants them: base64 of a JSON object that has every key."""
    wire = to_wire(TRAINING_TASK.fields["startCmdInfo"].type, commands)
    text = json.dumps({key: wire.get(key, "") for key in COMMANDS}, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def to_wire(kind: Type, value: Any) -> Any:
    """Give a checked value of a declared type as the API takes it."""
    match kind:
        case Struct():
            return {kind.fields[name].wire: to_wire(kind.fields[name].type, part) for name, part in value.items()}
        case ListOf():
            return [to_wire(kind.item, part) for part in value]
        case Scalar.INTEGER | Scalar.ANY:
            return _with_whole_numbers(value)
        case _:
            return value


def _with_whole_numbers(value: Any) -> Any:
    """The engine turns every number into a float; a whole one is meant as an integer."""
    if isinstance(value, Mapping):
        return {key: _with_whole_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _merged(body: Mapping[str, Any], additional: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(body)
    for key, value in additional.items():
        here = merged.get(key)
        both_maps = isinstance(here, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(here, value) if both_maps else value  # type: ignore[arg-type]
    return merged


def well_typed(detail: object) -> tuple[dict[str, Any], list[str]]:
    """Return a task's detail, or its item in a list, without what has another type than it is declared with, and the
    names of what was left out: nothing is known of that.

    A list of which one item is of another type is left out as a whole. Without it, the rest would look like a change.
    """
    left_out: list[str] = []
    told = _well_typed(TRAINING_TASK, detail, "", left_out)
    return ({} if told is _WRONG or told is None else told), left_out


_WRONG = object()
"""In place of a value that has another type than it is declared with."""

_PAIRS: dict[str, dict[str, type]] = {
    "Tags": {"TagKey": str, "TagValue": str},
    "Envs": {"Name": str, "Value": str, "IsPrivate": bool},
}
"""The members whose form on the wire is not that of their type: lists of structs, where programs write maps."""


def _well_typed(kind: Type, told: Any, path: str, left_out: list[str]) -> Any:
    """Return a value without its parts of other types; `_WRONG` if it is of another type itself.

    What is empty fits every type: the service sends null, an empty text, list or object for what is not set.
    """
    if told is None or (isinstance(told, (str, list, dict)) and not told):
        return told if isinstance(told, _EMPTY.get(type(kind), str if kind is Scalar.STRING else ())) else None
    match kind:
        case Struct() if isinstance(told, dict):
            types, inputs = _types_on_the_wire(kind), _inputs_on_the_wire(kind)
            parts = {
                name: _well_typed_member(
                    types[name], part, f"{path}.{name}" if path else name, left_out, is_input=name in inputs
                )
                if name in types
                else part
                for name, part in told.items()
            }
            return {name: part for name, part in parts.items() if part is not _WRONG}
        case ListOf() if isinstance(told, list):
            items = [_well_typed(kind.item, part, path, left_out) for part in told]
            return _WRONG if any(item is _WRONG or item is None for item in items) else items
        case MapOf() if isinstance(told, dict):
            parts = {key: _well_typed(kind.item, part, path, left_out) for key, part in told.items()}
            return {key: part for key, part in parts.items() if part is not _WRONG and part is not None}
        case Scalar.ANY:
            return told
        case Scalar.STRING if isinstance(told, str):
            return told
        case Scalar.BOOLEAN if isinstance(told, bool):
            return told
        case Scalar.INTEGER if isinstance(told, int) and not isinstance(told, bool):
            return told
        case Scalar.INTEGER if isinstance(told, float) and told.is_integer():
            return int(told)
        case _:
            return _WRONG


_EMPTY: dict[type, type] = {Struct: dict, MapOf: dict, ListOf: list}
"""What an empty value of a type is in JSON; of a type without parts only a text can be empty."""


def _is_cut(value: Any) -> bool:
    """Check whether a text, or one in a list, has lost a character on its way: what it was is not known."""
    match value:
        case str():
            return REPLACEMENT in value
        case list():
            return any(_is_cut(part) for part in value)
        case {"TagKey": key, **rest}:
            return _is_cut(key) or _is_cut(rest.get("TagValue"))
        case _:
            return False


def _well_typed_member(kind: Type, told: Any, path: str, left_out: list[str], *, is_input: bool) -> Any:
    """Return the member of a struct as `_well_typed` does, and note it where it is left out."""
    found = _well_typed_pairs(_PAIRS[path], told) if path in _PAIRS else _well_typed(kind, told, path, left_out)
    if found is not _WRONG and is_input and _is_cut(found):
        found = _WRONG
    if found is _WRONG:
        left_out.append(path)
    return found


def _well_typed_pairs(members: Mapping[str, type], told: Any) -> Any:
    if not told:
        return None
    if not isinstance(told, list) or not all(isinstance(pair, dict) for pair in told):
        return _WRONG
    fits = all(
        pair.get(name) is None or isinstance(pair[name], expected)
        for pair in told
        for name, expected in members.items()
    )
    return told if fits else _WRONG


@functools.cache
def _inputs_on_the_wire(kind: Struct) -> frozenset[str]:
    return frozenset(field.wire for field in kind.fields.values() if field.sent)


@functools.cache
def _types_on_the_wire(kind: Struct) -> dict[str, Type]:
    return {field.wire: field.type for field in (*kind.fields.values(), *kind.outputs.values()) if field.sent}


def recorded_outputs(
    inputs: Mapping[str, Any], detail: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what is recorded of a task: its inputs as the service has them, and what only the service knows.

    Args:
        inputs: the task's inputs.
        detail: what the service tells of it. What has another type than it is declared with counts as not told.
        before: what has been recorded before. Account and tags stay if the service does not tell them.
    """
    detail, _ = well_typed(detail)
    outputs = dict(inputs)
    for field in TRAINING_TASK.fields.values():
        told = _told(field, detail)
        if field.property not in inputs or told is _NOTHING:
            continue
        seen = _observed(field.type, inputs[field.property], told)
        if field.property not in _CHANGEABLE:
            seen = _with_kept(inputs[field.property], seen)
        if seen is None:
            del outputs[field.property]
        else:
            outputs[field.property] = seen
    if not detail.get("Uin"):  # every task has an account
        detail = {name: told for name, told in detail.items() if name != "Uin"}
    known = {name: before[name] for name, wire in _KEPT.items() if before and name in before and wire not in detail}
    return {**outputs, **_service_side(detail), **known}


_CHANGEABLE = ("tags", "logEnable", "logConfig")
"""The inputs that can become empty while the task lives. All others are fixed at creation: where the service tells
nothing of what it has accepted, its answer is incomplete."""


def _with_kept(wanted: Any, seen: Any) -> Any:
    """Return what was seen of a fixed input, with what was wanted in the place of what is empty."""
    if seen is None or (isinstance(seen, (str, list, dict)) and not seen):
        return wanted
    if isinstance(wanted, Mapping) and isinstance(seen, Mapping):
        return {**seen, **{name: _with_kept(part, seen.get(name)) for name, part in wanted.items()}}
    if isinstance(wanted, list) and isinstance(seen, list) and len(wanted) == len(seen):
        return [_with_kept(*parts) for parts in zip(wanted, seen, strict=True)]
    return seen


_KEPT = {"uin": "Uin", "allTags": "Tags"}
"""The outputs that say whose a task is, by property name."""


def imported_outputs(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is recorded of a task that this project did not create: all that the service tells of it."""
    detail, _ = well_typed(detail)
    outputs = {}
    for field in TRAINING_TASK.fields.values():
        told = _told(field, detail)
        seen = None if told is _NOTHING else _from_wire(field.type, told)
        if seen is not None:
            outputs[field.property] = seen
    return {**outputs, **_service_side(detail)}


_NOTHING = object()


def _told(field: Field, detail: Mapping[str, Any]) -> Any:
    """What the service tells of an input, or `_NOTHING` where it never does."""
    if not (field.readable and field.sent and field.wire in detail):
        return _NOTHING
    told = detail[field.wire]
    match field.property:
        case "tags":
            return user_tags(told)
        case "envs":
            public = (env for env in told or () if not env.get("IsPrivate"))
            return {env["Name"]: env.get("Value") or "" for env in public if env.get("Name")}
        case _:
            return told


def user_tags(told: object) -> dict[str, str]:
    """Return the tags of a detail as a map, without those that Tencent Cloud binds by itself."""
    pairs = _well_typed_pairs(_PAIRS["Tags"], told)
    found = pairs if isinstance(pairs, list) else []
    tags = {tag["TagKey"]: tag.get("TagValue") or "" for tag in found if tag.get("TagKey")}
    return {key: value for key, value in tags.items() if not key.startswith(SYSTEM_TAGS)}


def _service_side(detail: Mapping[str, Any]) -> dict[str, Any]:
    outputs = {field.property: _output(field, detail) for field in TRAINING_TASK.outputs.values() if field.sent}
    return {**outputs, "allTags": user_tags(detail.get("Tags"))}


def _output(field: Field, told: Mapping[str, Any]) -> Any:
    """Outputs are typed: a text that is not there yet is an empty one, a number is zero."""
    value = told.get(field.wire)
    if isinstance(field.type, Struct):
        return {part.property: _output(part, value) for part in field.type.outputs.values()} if value else None
    return {Scalar.STRING: "", Scalar.INTEGER: 0, Scalar.BOOLEAN: False}[field.type] if value is None else value  # type: ignore[index]


def from_wire(kind: Type, told: Any) -> Any:
    """Return what the service tells in the user's form, without what is empty; nothing at all is None.

    What has another type than it is declared with counts as empty.
    """
    told = _well_typed(kind, told, "", [])
    return None if told is _WRONG else _from_wire(kind, told)


def _from_wire(kind: Type, told: Any) -> Any:
    match kind:
        case Struct():
            told = told or {}
            fields = {**kind.fields, **kind.outputs}.values()
            parts = {field.property: _from_wire(field.type, told.get(field.wire)) for field in fields}
            return {name: part for name, part in parts.items() if part is not None} or None
        case ListOf():
            return [_item_from_wire(kind.item, part) for part in told] if told else None
        case _:
            return told if told not in ("", {}) else None


def _item_from_wire(kind: Type, told: Any) -> Any:
    """Return an item of a list, which counts although it is empty."""
    found = _from_wire(kind, told)
    return ({} if isinstance(kind, Struct) else told) if found is None else found


def _observed(kind: Type, wanted: Any, told: Any) -> Any:
    """Return what the service tells, seen by what the program wanted: the same value where both agree.

    Of a struct only the parts that the program set are looked at; its outputs are added.
    """
    match kind:
        case Struct():
            told = told or {}
            parts = {
                name: _observed(kind.fields[name].type, part, told[kind.fields[name].wire])
                if kind.fields[name].readable and kind.fields[name].wire in told
                else part
                for name, part in wanted.items()
                if name in kind.fields
            }
            outputs = {field.property: _from_wire(field.type, told.get(field.wire)) for field in kind.outputs.values()}
            return {name: part for name, part in {**parts, **outputs}.items() if part is not None}
        case ListOf(item=Struct()) if wanted:
            return [*_observed_items(kind.item, wanted, told or [])]
        case MapOf():
            return {key: told[key] for key in wanted if key in (told or {})}
        case _:
            return wanted if _leaves_it_open(wanted) or values_equal(kind, wanted, told) else _from_wire(kind, told)


def _leaves_it_open(wanted: Any) -> bool:
    """Tell whether a value means "not set" to the service, which may then fill in one of its own.

    So it is with the `Cpu: 0` and the `InstanceTypeAlias: ""` of a pay-as-you-go node. False is a value.
    """
    return wanted in ("", []) or (wanted == 0 and not isinstance(wanted, bool))


def _observed_items(kind: Type, wanted: Sequence[Any], told: Sequence[Any]) -> Iterator[Any]:
    """Pair what was wanted with what there is: equal ones wherever they stand, the rest in their order."""
    pairs = _equal_pairs(kind, wanted, told)
    left = [there for position, there in enumerate(told) if position not in pairs.values()]
    for position, item in enumerate(wanted):
        if position in pairs:
            yield _observed(kind, item, told[pairs[position]])
        elif left:
            yield _observed(kind, item, left.pop(0))
    for there in left:
        yield _item_from_wire(kind, there)


def _equal_pairs(kind: Type, wanted: Sequence[Any], told: Sequence[Any]) -> dict[int, int]:
    """Pair as many equal items as can be: the positions of what there is, by those of what was wanted.

    An item that says little is equal to several. So one that has a partner gives it up where it can have another one.
    """
    taken_by: dict[int, int] = {}

    def find_partner(position: int, tried: set[int]) -> bool:
        in_order = sorted(range(len(told)), key=lambda there: there != position)
        for there in in_order:
            if there in tried or not values_equal(
                kind, wanted[position], _observed(kind, wanted[position], told[there])
            ):
                continue
            tried.add(there)
            if there not in taken_by or find_partner(taken_by[there], tried):
                taken_by[there] = position
                return True
        return False

    for position in range(len(wanted)):
        find_partner(position, set())
    return {position: there for there, position in taken_by.items()}


def values_equal(kind: Type, one: Any, other: Any) -> bool:
    """Tell whether two values of a type mean the same to the service. An unknown value is never the same."""
    return bool(_normal(kind, one) == _normal(kind, other))


def _normal(kind: Type, value: Any) -> Any:
    if value is None:
        return None
    match kind:
        case Struct() if isinstance(value, Mapping):
            parts = {name: _normal(field.type, value.get(name)) for name, field in kind.fields.items()}
            return {name: part for name, part in parts.items() if part is not None} or None
        case ListOf() if isinstance(value, list):
            return [_normal(kind.item, part) for part in value] or None
        case _:
            return value if value not in ("", {}, []) else None


def inputs_among(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the inputs that recorded outputs contain: whatever a program may set, at any depth.

    A name that was numbered is there as it was wanted.
    """
    inputs = {
        name: _inputs_of(TRAINING_TASK.fields[name].type, value) if name in TRAINING_TASK.fields else value
        for name, value in outputs.items()
        if name not in TRAINING_TASK.outputs and name not in (BASE_NAME, SECRET_INPUTS, UNCONFIRMED)
    }
    return {**inputs, "name": outputs[BASE_NAME]} if BASE_NAME in outputs else inputs


def _inputs_of(kind: Type, value: Any) -> Any:
    match kind:
        case Struct() if isinstance(value, Mapping):
            return {
                name: _inputs_of(kind.fields[name].type, part) for name, part in value.items() if name in kind.fields
            }
        case ListOf() if isinstance(value, list):
            return [_inputs_of(kind.item, part) for part in value]
        case _:
            return value
