"""The config of the stack that a program runs for, in which no secret may be stored in plain text.

A setting that does not exist gets a warning. The settings themselves, and their order, are in `_config/settings.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import pulumi

from pulumi_tione._config.secret_settings import secrets_in_plain_text
from pulumi_tione._config.settings import Settings, unknown_settings
from pulumi_tione._constraints import suggestion
from pulumi_tione._pulumi.run_mode import is_mocked
from pulumi_tione._schema.fields import TRAINING_TASK, Struct, Type
from pulumi_tione._schema.walk import OMIT, Part, by_name, rebuild
from pulumi_tione.errors import TaskError


def program_settings() -> Settings:
    """Return the settings of this program's stack.

    Raises:
        pulumi.RunError: a secret is stored in plain text; only the program can detect that.
    """
    check_config()
    return Settings(_get, os.environ)


def settings_of(own: Mapping[str, Any] | None) -> Settings:
    """Return the settings of this program's stack, with those that a task or a lookup has itself.

    Raises:
        TaskError: there is no such setting.
        pulumi.RunError: a secret is stored in plain text.
    """
    return program_settings().of(_by_property(TRAINING_TASK.fields["settings"].type, own))


def _by_property(kind: Type, value: Any) -> Any:
    """Return a value, which may be by Python names, by property names."""
    if not isinstance(kind, Struct):
        return value

    def setting(part: Part) -> Any:
        if part.field is None:
            near = suggestion(str(part.key), [field.name for field in kind.fields.values()])
            raise TaskError(f"settings: there is no property {part.key!r}{near}")
        return OMIT if part.value is None else _by_property(part.type, part.value)

    return rebuild(kind, value, setting, by_name)


def check_config() -> None:
    """Check the stack's config: secrets must be encrypted, and a setting that does not exist gets a warning.

    Raises:
        pulumi.RunError: a secret is stored in plain text.
    """
    ensure_secrets_are_encrypted()
    warn_about_unknown_settings()


def ensure_secrets_are_encrypted() -> None:
    """Check that no secret is stored in plain text in the config: the engine would copy it to the state and to logs.

    Raises:
        pulumi.RunError: there is one; the message has the command that encrypts it.
    """
    for message in secrets_in_plain_text(_get, _is_secret, pulumi.get_stack()):
        raise pulumi.RunError(message)


def warn_about_unknown_settings() -> None:
    """Warn, once in this process for each, about settings `tione:…` in the stack's config that do not exist."""
    for warning in unknown_settings(_config_keys(), _get):
        if warning not in _WARNED:
            _WARNED.add(warning)
            pulumi.log.warn(warning)


_WARNED: set[str] = set()


def _config_keys() -> list[str]:
    """Return the keys of the stack's config; none where they cannot be found out."""
    with contextlib.suppress(Exception):
        from pulumi.runtime.config import CONFIG

        if CONFIG.get():
            return [*CONFIG.get()]
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return [*json.loads(os.environ["PULUMI_CONFIG"])]
    return []


def are_default_tags_secret() -> bool:
    """Return whether the default tags in the stack's config are secret, or a part of them is."""
    return _get("tione:defaultTags") is not None and _is_secret("tione:defaultTags")


_VALUES: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, str | None]] = WeakKeyDictionary()
"""The values that programs have read, each in its event loop: each of a thousand tasks needs twenty of them."""


def _get(key: str) -> str | None:
    """Return a value of the config, which does not change while a program runs; under mocks it may."""
    try:
        values = {} if is_mocked() else _VALUES.setdefault(asyncio.get_running_loop(), {})
    except RuntimeError:  # no loop is running
        values = {}
    if key not in values:
        namespace, _, name = key.partition(":")
        values[key] = pulumi.Config(namespace).get(name)
    return values[key]


def _is_secret(key: str) -> bool:
    """Return whether a value of the config is encrypted; True where that cannot be found out."""
    with contextlib.suppress(Exception):
        from pulumi.runtime.config import is_config_secret

        return is_config_secret(key)
    return True
