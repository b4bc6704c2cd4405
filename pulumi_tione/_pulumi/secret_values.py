"""Secret values, as a provider returns them to the engine: outputs that repeat a secret, and tasks that are looked up.

`_schema/secrets.py` decides which inputs are secret, and `training_task.py` has the engine encrypt them in the state.
"""

from __future__ import annotations

from typing import Any

from pulumi_tione._masking import holds_secret
from pulumi_tione._schema.walk import with_leaves

_SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  the signature of every secret in Pulumi's protocol
"""How Pulumi's wire protocol distinguishes a secret from an ordinary map."""


def secret(value: Any) -> dict[str, Any]:
    """Return a value marked secret."""
    return {_SIGNATURE_KEY: _SECRET, "value": value}


def mark_secrets(value: Any) -> Any:
    """Return a value in which each text that contains a secret of the current call is marked secret."""
    return with_leaves(value, lambda leaf: secret(leaf) if isinstance(leaf, str) and holds_secret(leaf) else leaf)
