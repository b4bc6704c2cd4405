"""Secrets in a state: how they are recognized, revealed and marked.

The provider marks its outputs in `_pulumi/secret_values.py`; which inputs are secret is in `_schema/secrets.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_MARK_KEY = "4dabf18193072939515e22adb298388d"
_MARK = "1b47061264138c4ac30d75fd1eb44270"
"""How Pulumi marks a secret: the same two constants in every state."""


def marked_secret(value: Any) -> dict[str, str]:
    """Return a value as a secret that `pulumi stack import` encrypts."""
    return {_MARK_KEY: _MARK, "plaintext": json.dumps(value)}


def is_secret(value: Any) -> bool:
    """Check whether a value of a state is a secret, encrypted or in plain text."""
    return isinstance(value, dict) and value.get(_MARK_KEY) == _MARK


def has_secrets(value: Any) -> bool:
    """Check whether a value of a state is a secret, or a part of it is."""
    if isinstance(value, dict):
        return is_secret(value) or any(has_secrets(part) for part in value.values())
    return isinstance(value, list) and any(has_secrets(part) for part in value)


def revealed(value: Any) -> Any:
    """Return a value of a state that was exported with its secrets in plain text, without the marks of secrets."""
    if is_secret(value) and "plaintext" in value:
        return revealed(json.loads(value["plaintext"]))
    if isinstance(value, dict):
        return {key: revealed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [revealed(part) for part in value]
    return value


def secret_texts(value: Any) -> Iterator[str]:
    """Yield the texts that are secrets in a state that was exported with its secrets in plain text."""
    if is_secret(value):
        yield from _texts(revealed(value))
    elif isinstance(value, dict):
        for part in value.values():
            yield from secret_texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from secret_texts(part)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def marked_as(pattern: Any, value: Any) -> Any:
    """Mark a value as secret wherever the pattern is: what derives from secret inputs is as secret as they are.

    As in the engine, a list is a secret as a whole when one of its elements is.
    """
    if is_secret(pattern) or (isinstance(pattern, list) and any(has_secrets(part) for part in pattern)):
        return marked_secret(value)
    if isinstance(pattern, dict) and isinstance(value, dict):
        return {key: marked_as(pattern.get(key), part) for key, part in value.items()}
    return value


def marked_outputs(resource: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Mark the outputs of a resource as the engine would: those of the same name where the inputs are secret, and as a
    whole those of another name that derive from them. The inputs must have their secrets in plain text."""
    inputs = resource["inputs"]
    whole = {*resource.get("additionalSecretOutputs", ()), *(["allTags"] if has_secrets(inputs.get("tags")) else ())}
    return {
        name: marked_secret(value) if name in whole else marked_as(inputs.get(name), value)
        for name, value in outputs.items()
    }
