"""Which inputs are secret: those that are declared so, and those that the program marked.

The engine hands every value to a dynamic provider in clear. So the program passes the paths of what it marked as one
more input, which check takes out again: it is in no state's inputs, and nobody's change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pulumi_tione._masking import holds_secret
from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Struct, Type, path_to

SECRET_INPUTS = "secretInputs"  # noqa: S105  the name of a property
"""The paths of what the program marked: in what it passes to check, and in what is recorded of a task."""


def marked_paths(properties: Mapping[str, Any]) -> list[str]:
    """Return the paths that the program passed, or that are recorded."""
    paths = properties.get(SECRET_INPUTS)
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []


def secret_paths(inputs: Mapping[str, Any], marked: Collection[str]) -> frozenset[str]:
    """Return the paths of all that is secret in inputs or outputs, declared or marked."""
    return frozenset((*marked, *_declared(TRAINING_TASK, inputs, "")))


def is_secret(path: str, secret: Collection[str]) -> bool:
    """Return whether what stands at a path is secret, or a part of something secret."""
    return any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in secret)


def secret_texts(inputs: Mapping[str, Any], secret: Collection[str]) -> Iterator[str]:
    """Return the texts, and the longer numbers, that stand at these paths or below."""
    return _texts(inputs, "", secret, False)


def paths_of_secrets(value: Any, path: str = "") -> Iterator[str]:
    """Return where in a value the texts are that hold a secret of the current call."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from paths_of_secrets(part, path_to(path, str(key)))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from paths_of_secrets(part, path_to(path, index))
    elif isinstance(value, str) and holds_secret(value):
        yield path


def _declared(kind: Type, value: Any, path: str) -> Iterator[str]:
    if isinstance(kind, Struct) and isinstance(value, Mapping):
        for name, part in value.items():
            field = kind.fields.get(name)
            if field is not None and field.secret:
                yield path_to(path, name)
            elif field is not None:
                yield from _declared(field.type, part, path_to(path, name))
    elif isinstance(kind, MapOf) and isinstance(value, Mapping):
        for key, part in value.items():
            yield from _declared(kind.item, part, path_to(path, key))
    elif isinstance(kind, ListOf) and isinstance(value, list):
        for index, part in enumerate(value):
            yield from _declared(kind.item, part, path_to(path, index))


_LEAST_DIGITS = 4
"""A shorter number is not masked: it would be found by chance in every message."""


def _texts(value: Any, path: str, secret: Collection[str], inherited: bool) -> Iterator[str]:
    inherited = inherited or path in secret
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(part, path_to(path, str(key)), secret, inherited)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _texts(part, path_to(path, index), secret, inherited)
    elif inherited and isinstance(value, str):
        yield value
    elif inherited and isinstance(value, (int, float)) and not isinstance(value, bool):
        digits = f"{value:.0f}" if isinstance(value, int) or value.is_integer() else str(value)
        if len(digits) >= _LEAST_DIGITS:
            yield digits
