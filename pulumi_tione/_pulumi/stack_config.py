"""The settings that a program runs with: those of its stack, none of whose secrets may stand in clear."""

from __future__ import annotations

import json
import os

import pulumi
from pulumi.runtime.config import get_config, is_config_secret

from pulumi_tione._config.settings import SECRET_SETTINGS, Settings


def program_settings() -> Settings:
    """Give the settings of this program's stack.

    Raises:
        pulumi.RunError: a secret is stored in clear; only the program can see that.
    """
    ensure_secrets_are_sealed()
    return Settings(get_config, os.environ)


def ensure_secrets_are_sealed() -> None:
    """Stop a program in whose config a secret stands in clear: the engine would keep it so, in the state and in logs.

    Raises:
        pulumi.RunError: there is one; it tells the command that mends it.
    """
    for key, part in SECRET_SETTINGS.items():
        value = (get_config(key) or "").strip()
        if value and not is_config_secret(key) and (part is None or _has(value, part)):
            path, option = (key, "") if part is None else (f"{key}.{part}", "--path ")
            stack = f"--stack {pulumi.get_stack()}"
            raise pulumi.RunError(
                f"{path} is stored in clear, and would stand so in the state of the stack. This mends it: "
                f"`pulumi config get {stack} {option}{path} | pulumi config set --secret {stack} {option}{path}`"
            )


def are_default_tags_secret() -> bool:
    """Return whether the stack's config has them as a secret, or a part of them."""
    return is_config_secret("tione:defaultTags")


def _has(value: str, part: str) -> bool:
    try:
        return bool(json.loads(value).get(part))
    except (ValueError, AttributeError):
        return False  # what is wrong with it is said when it is needed
