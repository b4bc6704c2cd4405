"""Whether a value out of JSON has the type that an annotation names."""

from __future__ import annotations

import math
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

_WORDS = {bool: "true or false", int: "an integer", float: "a number", str: "text", dict: "an object", NoneType: "null"}

_UNIONS = (Union, UnionType)


def check_type(name: str, value: object, annotation: Any) -> None:
    """Raise a TypeError that names the value unless it is of the type; a number in place of a float is one."""
    if not _is_of(value, annotation):
        raise TypeError(f"{name} is {_described(annotation)}, not {value!r}")


def _is_of(value: object, annotation: Any) -> bool:
    origin, of = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return True
    if origin in _UNIONS:
        return any(_is_of(value, each) for each in of)
    if origin is Literal:
        return value in of and isinstance(value, str)
    if origin is list:
        return isinstance(value, list | tuple) and all(_is_of(each, of[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(_is_of(k, of[0]) and _is_of(v, of[1]) for k, v in value.items())
    if annotation is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if annotation is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, annotation)


def _described(annotation: Any) -> str:
    origin, of = get_origin(annotation), get_args(annotation)
    if origin in _UNIONS:
        return " or ".join(_described(each) for each in of)
    if origin is Literal:
        return " or ".join(of)
    if origin is list:
        return f"a list of {_described(of[0])}"
    return _WORDS.get(origin or annotation, str(annotation))
