"""The tables that follow from the declarations in `args.py`, and that everything else works from.

A field has three names: `vpc_id` in Python, `vpcId` as a Pulumi property, `VpcId` on the wire. Values travel through
the provider under their property names (`inputs`, `outputs`); only `_schema/wire.py` knows the wire.

A field is declared in `args.py` alone. Every walk over values of these types is made with `walk.py`.
"""

from __future__ import annotations

import enum
import functools
import json
import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import typing_extensions

if TYPE_CHECKING:
    from pulumi_tione._constraints import KnownValues, Rule


class Scalar(enum.Enum):
    """The types without parts."""

    STRING = "text"
    INTEGER = "a whole number"
    BOOLEAN = "true or false"
    DURATION = "a duration"
    ANY = "anything"


@dataclass(frozen=True)
class ListOf:
    """A list of elements of one type."""

    item: Type


@dataclass(frozen=True)
class MapOf:
    """A map from texts of the user's choice to values of one type."""

    item: Type


class Struct:
    """A struct of the API, or the task itself: what the program may set, and what only the service knows.

    Its tables are made on first use: reading all declarations takes as long as importing the rest of this package.

    Args:
        name: the API's name of the struct, which `<name>Args` and `<name>Outputs` declare, or one of them.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @functools.cached_property
    def fields(self) -> Mapping[str, Field]:
        """The inputs, by property name."""
        return _declared(f"{self.name}Args")

    @functools.cached_property
    def outputs(self) -> Mapping[str, Field]:
        """The outputs that are no inputs, by property name."""
        return _declared(f"{self.name}Outputs")

    @functools.cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The inputs by Python name and by property name: a plain dict may use either."""
        return {spelling: field for field in self.fields.values() for spelling in (field.name, field.property)}

    @functools.cached_property
    def attributes(self) -> Mapping[str, str]:
        """The names in Python of the inputs and outputs, by property name."""
        return {field.property: field.name for field in (*self.fields.values(), *self.outputs.values())}

    @functools.cached_property
    def by_wire(self) -> Mapping[str, Field]:
        """The inputs and outputs that the API knows, by its names."""
        fields = (*self.outputs.values(), *reversed([*self.fields.values()]))
        return {field.wire: field for field in fields if field.sent}


Type: TypeAlias = Scalar | ListOf | MapOf | Struct


@dataclass(frozen=True)
class Field:
    """One declared field."""

    name: str
    """Its name in Python: `vpc_id`."""
    property: str
    """Its name as a Pulumi property: `vpcId`."""
    wire: str
    """Its name in the API: `VpcId`."""
    type: Type
    required: bool
    rules: tuple[Rule, ...]
    known_values: KnownValues | None
    secret: bool
    """Whether it is a Pulumi secret in any case."""
    readable: bool
    """Whether the value that the service returns can be compared with the one that was set."""
    sent: bool
    """Whether the API knows it under its wire name."""
    is_json: bool = False
    """Whether a program may pass a map, of which the JSON is sent."""
    is_time: bool = False
    """Whether it is a time of the service, which outputs have in RFC 3339."""


def _property_name(name: str) -> str:
    first, *words = name.split("_")
    return first + "".join(word.capitalize() for word in words)


def _field(name: str, hint: Any) -> Field:
    from pulumi_tione._constraints import (
        JsonText,
        KnownValues,
        OneOf,
        ProviderSide,
        Rule,
        Secret,
        Timestamp,
        Wire,
        WriteOnly,
    )

    required = get_origin(hint) is typing_extensions.Required
    if required:
        (hint,) = get_args(hint)
    hint, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    property_name = _property_name(name)
    wire = next((mark.name for mark in marks if isinstance(mark, Wire)), property_name[0].upper() + property_name[1:])
    secret = any(isinstance(mark, Secret) for mark in marks)
    values = _closed_values(hint)
    closed = (OneOf(values),) if values else ()
    return Field(
        name=name,
        property=property_name,
        wire=wire,
        type=_type(hint),
        required=required,
        rules=(*closed, *(mark for mark in marks if isinstance(mark, Rule))),
        known_values=next((mark for mark in marks if isinstance(mark, KnownValues)), None),
        secret=secret,
        readable=not secret and not any(isinstance(mark, WriteOnly) for mark in marks),
        sent=not any(isinstance(mark, ProviderSide) for mark in marks),
        is_json=any(isinstance(mark, JsonText) for mark in marks),
        is_time=any(isinstance(mark, Timestamp) for mark in marks),
    )


_UNIONS = (Union, types.UnionType)
"""The origins of `T | None`, which depends on T."""


def _closed_values(hint: Any) -> tuple[str, ...]:
    """Return the values of a `Literal`, or of the one that a union begins with; of another type none."""
    if get_origin(hint) in _UNIONS:
        hint = get_args(hint)[0]
    return get_args(hint) if get_origin(hint) is Literal else ()


def _type(hint: Any) -> Type:
    origin, parts = get_origin(hint), get_args(hint)
    if typing_extensions.is_typeddict(hint):
        return struct(hint.__name__.removesuffix("Args").removesuffix("Outputs"))
    if origin is None:
        return {str: Scalar.STRING, int: Scalar.INTEGER, bool: Scalar.BOOLEAN}.get(hint, Scalar.ANY)
    if origin is Literal:
        return Scalar.STRING
    if origin in _UNIONS:
        return Scalar.DURATION if timedelta in parts else _type(parts[0])
    return MapOf(_type(parts[1])) if issubclass(origin, Mapping) else ListOf(_type(parts[0]))


@functools.cache
def struct(name: str) -> Struct:
    """Return the one struct of this name."""
    return Struct(name)


class _Value:
    """What stands for `pulumi.Input` in a declaration: `Input[T]` is T, which is all that the tables need."""

    def __class_getitem__(cls, item: Any) -> Any:
        return item


def _declared(class_name: str) -> dict[str, Field]:
    from pulumi_tione import (
        args,  # reading the declarations takes as long as importing all of this that a program needs
    )

    declaration = getattr(args, class_name, None)
    if declaration is None:
        return {}
    hints = typing_extensions.get_type_hints(declaration, localns={"Input": _Value}, include_extras=True)
    return {field.property: field for field in (_field(name, hint) for name, hint in hints.items())}


def path_to(parent: str, key: str | int) -> str:
    """Return the path of a part: `dataConfigs[0].cosSource`, or `tags["a.b"]` where a key is no plain word."""
    if isinstance(key, int):
        return f"{parent}[{key}]"
    if not key.replace("_", "").replace("-", "").isalnum():
        return f"{parent}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{parent}.{key}" if parent else key


TRAINING_TASK = struct("TrainingTask")
"""The task itself: its inputs are the parameters of CreateTrainingTask, its outputs come from TrainingTaskDetail."""
