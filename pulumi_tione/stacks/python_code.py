"""The declaration of a task as Python code, formatted as the usual formatters do.

A line has at most 88 characters. What is declared is decided in `imported_task.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pulumi_tione._durations import duration_text
from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Scalar, Struct, Type

_WIDTH = 88
"""The maximum length of a line: the formatters' default."""


@dataclass(frozen=True)
class Argument:
    """A keyword argument of a call."""

    name: str
    value: Expression
    comment: str = ""


@dataclass(frozen=True)
class Call:
    """A call: positional arguments first, then keyword arguments, then comments."""

    function: str
    arguments: Sequence[Argument]
    positional: Sequence[Expression] = ()
    notes: Sequence[str] = ()
    """Lines of comment at the end of the arguments."""


@dataclass(frozen=True)
class Collection:
    """A list or a dict: its brackets, and its elements with their keys as text."""

    brackets: str
    elements: Sequence[tuple[str, Expression]]


Expression: TypeAlias = str | Call | Collection
"""A Python expression; a string is code that stays on one line."""


def expression(kind: Type, value: Any) -> Expression:
    """Return the value of a declared type as Python: structs by their args classes, all else by literals."""
    match kind:
        case Struct():
            return Call(f"tione.{kind.name}Args", _keywords(kind, value))
        case ListOf():
            return Collection("[]", [("", expression(kind.item, part)) for part in value])
        case MapOf():
            return Collection("{}", [(f"{literal(key)}: ", expression(kind.item, part)) for key, part in value.items()])
        case Scalar.DURATION:
            return literal(duration_text(int(value)))
        case _:
            return literal(value)


def _keywords(kind: Struct, value: Mapping[str, Any]) -> list[Argument]:
    """Return the members of a struct as keyword arguments, in the order of their declaration."""
    present = [field for field in kind.fields.values() if field.property in value]
    return [Argument(field.name, expression(field.type, value[field.property])) for field in present]


def literal(value: str | bool | int) -> str:
    """Return a string, a number or a boolean as Python, with the quotes that need the fewest escapes.

    Characters that do not print are escaped: the code goes to a terminal.
    """
    if not isinstance(value, str):
        return repr(value)
    quote = "'" if value.count('"') > value.count("'") else '"'
    escaped = "".join(
        character if character.isprintable() and character != "\\" else repr(character)[1:-1] for character in value
    )
    return quote + escaped.replace(quote, "\\" + quote) + quote


def declaration(
    inputs: Mapping[str, Any], resource: str, more_arguments: Sequence[Argument], notes: Sequence[str]
) -> str:
    """Return the declaration of a task.

    Args:
        inputs: its inputs, by property name.
        resource: the name of its resource.
        more_arguments: further arguments, which are no plain values.
        notes: lines of comment.
    """
    arguments = [*_keywords(TRAINING_TASK, inputs), *more_arguments]
    call = Call("tione.TrainingTask", arguments, [literal(resource)], notes)
    return "\n".join(_lines("", call, "", 0))


def _lines(prefix: str, part: Expression, suffix: str, indent: int) -> list[str]:
    """Return the lines of an expression: one where it fits, otherwise with its parts on lines of their own."""
    margin = " " * indent
    flat = margin + prefix + _flat(part) + suffix
    if isinstance(part, str) or (len(flat) <= _WIDTH and not _has_comments(part)):
        return [flat]
    if isinstance(part, Collection):
        elements = [line for key, value in part.elements for line in _lines(key, value, ",", indent + 4)]
        return [margin + prefix + part.brackets[0], *elements, margin + part.brackets[1] + suffix]
    return [f"{margin}{prefix}{part.function}(", *_arguments(part, indent + 4), f"{margin}){suffix}"]


def _arguments(call: Call, indent: int) -> list[str]:
    margin = " " * indent
    one_line = margin + _flat_arguments(call)
    if len(one_line) <= _WIDTH and not _has_comments(call):
        return [one_line]
    lines = [line for value in call.positional for line in _lines("", value, ",", indent)]
    for argument in call.arguments:
        of_argument = _lines(f"{argument.name}=", argument.value, ",", indent)
        if argument.comment:
            of_argument[-1] += f"  # {argument.comment}"
        lines += of_argument
    return [*lines, *(f"{margin}# {note}" for note in call.notes)]


def _flat(part: Expression) -> str:
    match part:
        case str():
            return part
        case Call():
            return f"{part.function}({_flat_arguments(part)})"
        case Collection():
            elements = ", ".join(key + _flat(value) for key, value in part.elements)
            return part.brackets[0] + elements + part.brackets[1]


def _flat_arguments(call: Call) -> str:
    keywords = [f"{argument.name}={_flat(argument.value)}" for argument in call.arguments]
    return ", ".join([*map(_flat, call.positional), *keywords])


def _has_comments(part: Expression) -> bool:
    match part:
        case str():
            return False
        case Call():
            values = [*part.positional, *(argument.value for argument in part.arguments)]
            return bool(part.notes) or any(a.comment for a in part.arguments) or any(map(_has_comments, values))
        case Collection():
            return any(_has_comments(value) for _, value in part.elements)
