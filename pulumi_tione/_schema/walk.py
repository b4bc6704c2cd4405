"""The walk over values of declared types, which everything that goes through inputs or outputs is built on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from pulumi_tione._schema.fields import Field, ListOf, MapOf, Scalar, Struct, Type, path_to

Members: TypeAlias = Callable[[Struct], Mapping[str, Field]]
"""The fields of a struct by the names that a value has them under."""

OMIT: Any = object()
"""Returned in place of a part that is left out."""


class Part(NamedTuple):
    """A member of a struct, or an item of a list or a map."""

    key: str | int
    value: Any
    type: Type
    """Its declared type; `Scalar.ANY` where nothing is declared."""
    field: Field | None = None
    """The field of a member that is declared."""


class Node(NamedTuple):
    """A value at any depth, with its path."""

    path: str
    value: Any
    type: Type
    field: Field | None = None


def inputs(kind: Struct) -> Mapping[str, Field]:
    """Return the inputs of a struct by property name."""
    return kind.fields


def by_wire(kind: Struct) -> Mapping[str, Field]:
    """Return the inputs and outputs of a struct by the API's names."""
    return kind.by_wire


def is_of_type(kind: Type, value: Any) -> bool:
    """Return whether a value itself is of a type; its parts may be of others. A whole number may be a float."""
    match kind:
        case Struct() | MapOf():
            return isinstance(value, Mapping)
        case ListOf():
            return isinstance(value, (list, tuple))
        case Scalar.STRING:
            return isinstance(value, str)
        case Scalar.BOOLEAN:
            return isinstance(value, bool)
        case Scalar.INTEGER:
            is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return is_whole and not isinstance(value, bool)
        case Scalar.ANY:
            return True


_WITHOUT_PARTS = (str, bool, int, float, type(None))
"""The types of most values: they are recognized faster than those of the others are excluded."""


def parts(kind: Type, value: Any, members: Members = inputs) -> Iterator[Part]:
    """Yield the parts of a value; a value without parts, or of another type, has none."""
    if isinstance(value, _WITHOUT_PARTS):
        return
    if isinstance(value, Mapping):
        if isinstance(kind, Struct):
            declared = members(kind)
            for key, part in value.items():
                field = declared.get(key)
                yield Part(key, part, Scalar.ANY if field is None else field.type, field)
        elif isinstance(kind, MapOf) or kind is Scalar.ANY:
            item = kind.item if isinstance(kind, MapOf) else Scalar.ANY
            for key, part in value.items():
                yield Part(key, part, item)
    elif isinstance(value, (list, tuple)) and (isinstance(kind, ListOf) or kind is Scalar.ANY):
        item = kind.item if isinstance(kind, ListOf) else Scalar.ANY
        for index, part in enumerate(value):
            yield Part(index, part, item)


def rebuild(
    kind: Type,
    value: Any,
    convert: Callable[[Part], Any],
    members: Members = inputs,
    key: Literal["name", "property", "wire"] = "property",
) -> Any:
    """Return a value with each of its parts converted; a value without parts, or of another type, as it is.

    Args:
        kind: the declared type of the value.
        value: the value.
        convert: returns what takes the place of a part, or `OMIT`.
        members: the fields by the names that the value has them under.
        key: under which of its names each declared member stands in the result.
    """
    if isinstance(value, _WITHOUT_PARTS) or (kind is not Scalar.ANY and not is_of_type(kind, value)):
        return value
    if isinstance(value, (list, tuple)):
        return [new for part in parts(kind, value, members) if (new := convert(part)) is not OMIT]
    if not isinstance(value, Mapping):
        return value
    result = {}
    for part in parts(kind, value, members):
        new = convert(part)
        if new is not OMIT:
            result[getattr(part.field, key) if part.field else part.key] = new
    return result


def walk(kind: Type, value: Any, path: str = "", field: Field | None = None) -> Iterator[Node]:
    """Yield a value and everything in it with its path, each part after the whole."""
    pending = [Node(path, value, kind, field)]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node.value, _WITHOUT_PARTS):
            continue
        is_map = isinstance(node.value, Mapping)
        inner = [
            Node(path_to(node.path, str(part.key) if is_map else part.key), part.value, part.type, part.field)
            for part in parts(node.type, node.value)
        ]
        pending += reversed(inner)


class PartOfBoth(NamedTuple):
    """The same part of two values; a part that one of them lacks is None there."""

    key: str | int
    left: Any
    right: Any
    type: Type
    field: Field | None


def parts_of_both(kind: Type, left: Any, right: Any) -> Iterator[PartOfBoth]:
    """Yield the parts of two values of a type: members and items of maps by key, items of lists by position."""
    both = [{part.key: part for part in parts(kind, value)} for value in (left, right)]
    for key, part in {**both[0], **both[1]}.items():
        left_value, right_value = (side[key].value if key in side else None for side in both)
        yield PartOfBoth(key, left_value, right_value, part.type, part.field)
