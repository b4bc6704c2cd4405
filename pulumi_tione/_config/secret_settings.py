"""The settings that hold secrets, and what is reported where a config has one in plain text.

In a program, one in plain text ends the run (`_pulumi/stack_config.py`); `pulumi-tione whoami` warns. The secrets of a
task's inputs are in `_schema/secrets.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

SECRET_SETTINGS: Mapping[str, str | None] = {
    f"{space}:{name}": part
    for space in ("tione", "tencentcloud")
    for name, part in (
        ("secretKey", None),
        ("securityToken", None),
        ("assumeRoleWithWebIdentity", "webIdentityToken"),
        ("assumeRole", "externalId"),
    )
}
"""The settings that must be stored with `--secret`; some only if they have a certain part."""


_SECRET_PARTS = frozenset(part or key.partition(":")[2] for key, part in SECRET_SETTINGS.items())


def holds_secrets(settings: Any) -> bool:
    """Check whether settings have a part that is a secret."""
    if not isinstance(settings, Mapping):
        return False
    return any(name in _SECRET_PARTS or holds_secrets(value) for name, value in settings.items())


def secrets_in_plain_text(
    value_of: Callable[[str], str | None], is_encrypted: Callable[[str], bool], stack: str
) -> Iterator[str]:
    """Yield a message for each secret that a stack's config has in plain text, with the command that encrypts it.

    Args:
        value_of: returns the value of a key in the config; None if it has none.
        is_encrypted: returns whether the value of a key is encrypted.
        stack: the stack's name.
    """
    for key, part in SECRET_SETTINGS.items():
        value = (value_of(key) or "").strip()
        if value and not is_encrypted(key) and (part is None or _has(value, part)):
            path, option = (key, "") if part is None else (f"{key}.{part}", "--path ")
            arguments = f"--stack {stack} {option}{path}"
            yield (
                f"{path} is stored in plain text, and the state of the stack would contain it. To encrypt it, run "
                f"`pulumi config get {arguments} | pulumi config set --secret {arguments}`"
            )


def _has(value: str, part: str) -> bool:
    try:
        return bool(json.loads(value).get(part))
    except (ValueError, AttributeError):
        return False  # reported when the setting is needed
