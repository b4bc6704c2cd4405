"""Secrets in a state: how they are told from other values, opened, and sealed again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_SEAL_KEY = "4dabf18193072939515e22adb298388d"
_SEAL = "1b47061264138c4ac30d75fd1eb44270"
"""How a secret is told from a map: the same two constants in every state."""


def sealed(value: Any) -> dict[str, str]:
    """Give a value as a secret that `pulumi stack import` encrypts."""
    return {_SEAL_KEY: _SEAL, "plaintext": json.dumps(value)}


def unsealed(value: Any) -> Any:
    """Give a value of a state that was exported with its secrets shown, without the marks of secrets."""
    if is_sealed(value) and "plaintext" in value:
        return unsealed(json.loads(value["plaintext"]))
    if isinstance(value, dict):
        return {key: unsealed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [unsealed(part) for part in value]
    return value


def secrets_of(value: Any) -> Iterator[str]:
    """Return the texts that are secrets in a state that was exported with its secrets shown."""
    if is_sealed(value):
        yield from _texts(unsealed(value))
    elif isinstance(value, dict):
        for part in value.values():
            yield from secrets_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from secrets_of(part)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def sealed_as(pattern: Any, value: Any) -> Any:
    """Seal a value wherever the pattern has a secret: what follows from secret inputs is as secret as they are.

    As in the engine, a list is a secret as a whole when one of its elements is.
    """
    if is_sealed(pattern) or (isinstance(pattern, list) and any(has_secrets(part) for part in pattern)):
        return sealed(value)
    if isinstance(pattern, dict) and isinstance(value, dict):
        return {key: sealed_as(pattern.get(key), part) for key, part in value.items()}
    return value


def sealed_outputs(resource: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Seal the outputs of a resource whose inputs have their secrets shown, as the engine would: those of the same name
    where the inputs are secret, and as a whole those of another name that follow from them."""
    inputs = resource["inputs"]
    whole = {*resource.get("additionalSecretOutputs", ()), *(["allTags"] if has_secrets(inputs.get("tags")) else ())}
    return {
        name: sealed(value) if name in whole else sealed_as(inputs.get(name), value) for name, value in outputs.items()
    }


def is_sealed(value: Any) -> bool:
    """Tell whether a value of a state is a secret, shown or not."""
    return isinstance(value, dict) and value.get(_SEAL_KEY) == _SEAL


def has_secrets(value: Any) -> bool:
    """Tell whether a value of a state is a secret, or a part of it is."""
    if isinstance(value, dict):
        return is_sealed(value) or any(has_secrets(part) for part in value.values())
    return isinstance(value, list) and any(has_secrets(part) for part in value)
