"""Check whether a JSON value has the type that an annotation names.

It is for the control endpoints. Bodies of the API are checked in `api/schema.py`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

P = ParamSpec("P")
T = TypeVar("T")

_WORDS = {bool: "true or false", int: "an integer", float: "a number", str: "text", dict: "an object", NoneType: "null"}

_UNIONS = (Union, UnionType)


def checked(method: Callable[P, T]) -> Callable[P, T]:
    """Make a method raise a TypeError for arguments of a wrong type before it does anything."""
    signature = inspect.signature(method)
    hints = cache(lambda: get_type_hints(method))

    @wraps(method)
    def call(*arguments: P.args, **keywords: P.kwargs) -> T:
        try:
            bound = signature.bind(*arguments, **keywords)
        except TypeError as error:
            known = [name for name in signature.parameters if name != "self"]
            raise TypeError(f"{error}; {method.__name__} takes {', '.join(known)}") from None
        for name, value in bound.arguments.items():
            if signature.parameters[name].kind is not inspect.Parameter.VAR_KEYWORD and name in hints():
                check_type(name, value, hints()[name])
        return method(*arguments, **keywords)

    return call


def check_type(name: str, value: object, annotation: Any) -> None:
    """Raise a TypeError that names the value if its type is wrong; an integer is a valid float."""
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
    if origin is tuple:
        return isinstance(value, list | tuple) and len(value) == len(of) and all(map(_is_of, value, of))
    if origin in (list, Sequence):
        return isinstance(value, list | tuple) and all(_is_of(each, of[0]) for each in value)
    if origin in (dict, Mapping):
        return isinstance(value, Mapping) and all(_is_of(k, of[0]) and _is_of(v, of[1]) for k, v in value.items())
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
    if origin in (list, Sequence):
        return f"a list of {_described(of[0])}"
    if origin is tuple:
        return f"[{', '.join(map(_described, of))}]"
    if origin in (dict, Mapping):
        return "an object" if of[1] is Any else f"an object with {_described(of[1])} for each name"
    return _WORDS.get(origin or annotation, str(annotation))
