"""Which inputs are secret: those that `args.py` declares as `Secret`, and those that the program marked.

The engine passes every value to a dynamic provider in clear text. So the program passes the paths of the values that it
marked as one more input. Check removes it again: it is in no state's inputs and never counts as a change.

An output is secret in the state if an input of its name is (`training_task.py`), or if it repeats a secret text
(`_pulumi/secret_values.py`); `_masking.py` masks secrets in texts; `stacks/state_secrets.py` reads the marks in a
state; `_config/secret_settings.py` has the secrets of a config. Decision 11 has the reasons.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pulumi_tione._masking import holds_secret
from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Scalar, Struct, Type, path_to
from pulumi_tione._schema.walk import parts, walk

SECRET_INPUTS = "secretInputs"  # noqa: S105  the name of a property
"""The property with the paths that the program marked, in the inputs of check and in the recorded outputs."""


def marked_paths(properties: Mapping[str, Any]) -> list[str]:
    """Return the paths that the program passed, or that are recorded."""
    paths = properties.get(SECRET_INPUTS)
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []


def secret_paths(inputs: Mapping[str, Any], marked: Collection[str]) -> frozenset[str]:
    """Return the paths of all secrets in inputs or outputs: those declared as secret, and those that are marked."""
    return frozenset((*marked, *_declared_paths(TRAINING_TASK, inputs, "")))


def _declared_paths(kind: Type, value: Any, path: str) -> Iterator[str]:
    """Yield the paths of what is declared as secret. Most of a task is not entered: every call of the engine does this
    with all inputs and outputs."""
    for part in parts(kind, value):
        is_secret = part.field is not None and part.field.secret
        if is_secret or _has_secrets(part.type):
            own_path = path_to(path, str(part.key) if isinstance(value, Mapping) else part.key)
            if is_secret:
                yield own_path
            yield from _declared_paths(part.type, part.value, own_path)


@functools.cache
def _has_secrets(kind: Type) -> bool:
    """Return whether a part of a type, at any depth, is declared as secret."""
    if isinstance(kind, (ListOf, MapOf)):
        return _has_secrets(kind.item)
    return isinstance(kind, Struct) and any(field.secret or _has_secrets(field.type) for field in kind.fields.values())


def is_secret(path: str, secret: Collection[str]) -> bool:
    """Return whether the value at a path is secret, or a part of something secret."""
    return any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in secret)


def secret_texts(inputs: Mapping[str, Any], secret: Collection[str]) -> Iterator[str]:
    """Yield the texts, and the longer numbers, that are at these paths or below."""
    for node in walk(Scalar.ANY, inputs) if secret else ():
        if node.path in secret:
            for part in walk(Scalar.ANY, node.value):
                yield from _text_of(part.value)


def paths_of_secrets(value: Any) -> Iterator[str]:
    """Yield the paths of the texts that contain a secret of the current call."""
    return (node.path for node in walk(Scalar.ANY, value) if isinstance(node.value, str) and holds_secret(node.value))


_MIN_DIGITS = 4
"""A shorter number is not masked: it would be found by chance in every message."""


def _text_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        digits = f"{value:.0f}" if isinstance(value, int) or value.is_integer() else str(value)
        if len(digits) >= _MIN_DIGITS:
            yield digits
