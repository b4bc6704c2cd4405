"""Secrets in a state: how they are told from other values, opened, and sealed again."""

from __future__ import annotations

import json
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


def sealed_as(pattern: Any, value: Any) -> Any:
    """Seal a value wherever the pattern has a secret: what follows from secret inputs is as secret as they are.

    As in the engine, a list is a secret as a whole when one of its elements is.
    """
    if is_sealed(pattern) or (isinstance(pattern, list) and any(has_secrets(part) for part in pattern)):
        return sealed(value)
    if isinstance(pattern, dict) and isinstance(value, dict):
        return {key: sealed_as(pattern.get(key), part) for key, part in value.items()}
    return value


def is_sealed(value: Any) -> bool:
    """Tell whether a value of a state is a secret, shown or not."""
    return isinstance(value, dict) and value.get(_SEAL_KEY) == _SEAL


def has_secrets(value: Any) -> bool:
    """Tell whether a value of a state is a secret, or a part of it is."""
    if isinstance(value, dict):
        return is_sealed(value) or any(has_secrets(part) for part in value.values())
    return isinstance(value, list) and any(has_secrets(part) for part in value)
