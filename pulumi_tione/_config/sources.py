"""What a place that settings come from has: single values, and the ways to keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pulumi_tione.errors import SettingsError

_PAIR = ("secretId", "secretKey", "securityToken")
_ROLE, _IDENTITY = "assumeRole", "assumeRoleWithWebIdentity"
_TOKENS = ("webIdentityToken", "webIdentityTokenFile")
_PARTS = {
    _ROLE: ("roleArn", "sessionName", "sessionDuration", "policy", "externalId"),
    _IDENTITY: ("roleArn", "sessionName", "sessionDuration", "providerId", *_TOKENS),
}
_SESSION_SECONDS = 7200
_MOST_SESSION_SECONDS = 43200
_SESSION_NAME = "pulumi-tione"
_PROVIDER_ID = "OIDC"


@dataclass(frozen=True)
class Credentials:
    """The keys that requests are signed with. They never show in a text."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class AssumedRole:
    """A role that is assumed with other keys (`AssumeRole`)."""

    arn: str
    session_name: str = _SESSION_NAME
    session_seconds: int = _SESSION_SECONDS
    policy: str | None = None
    external_id: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class StaticCredentials:
    """Credentials that stand somewhere as they are, and the role that is assumed with them, if there is one."""

    source: str
    credentials: Credentials
    role: AssumedRole | None = None


@dataclass(frozen=True)
class WebIdentity:
    """A role that is assumed with the token of an identity provider (`AssumeRoleWithWebIdentity`)."""

    source: str
    arn: str
    session_name: str
    session_seconds: int
    provider_id: str
    token: str | None = field(repr=False)
    token_file: str | None
    """Read anew each time: what put it there renews it."""
    role: AssumedRole | None = None
    """Another role that is assumed with the keys of this one."""


@dataclass(frozen=True)
class MachineRole:
    """The role of the machine that this runs on (CVM), as its metadata service tells."""

    source: str
    name: str | None
    """The role's name; without one, the one that the machine has."""
    endpoint: str | None
    """Where the metadata service is, if it is not at its usual place."""
    role: AssumedRole | None = None


CredentialSource = StaticCredentials | WebIdentity | MachineRole


class Setting(NamedTuple):
    """A value that is set, and where."""

    value: str
    source: str


class SettingsSource(NamedTuple):
    """One place that settings come from.

    `get` gives what is set under a name, and `source` says in words where that is; both take the name of a setting, or
    that of one with parts, such as `assumeRole`, and of its part.
    """

    get: Callable[[str, str | None], str | None]
    source: Callable[[str, str | None], str]
    shares_names: bool = False
    """Whether both kinds of roles have their parts under the same names."""

    def setting(self, name: str, part: str | None = None) -> Setting | None:
        """Give what is set under a name; what is blank is not."""
        value = (self.get(name, part) or "").strip()
        return Setting(value, self.source(name, part)) if value else None


def of_config(space: str, config: Callable[[str], str | None], without: tuple[str, ...] = ()) -> SettingsSource:
    """Give what a stack's config has under `tione:` or `tencentcloud:`, but for some names."""

    def get(name: str, part: str | None) -> str | None:
        text = None if name in without else config(f"{space}:{name}")
        if part is None or not text or not text.strip():
            return text
        try:
            parts = json.loads(text)
        except ValueError:
            parts = None
        if not isinstance(parts, dict):
            raise SettingsError(f"{space}:{name} must be a map: `pulumi config set --path '{space}:{name}.{part}' …`")
        return None if parts.get(part) is None else str(parts[part])

    return SettingsSource(get, lambda name, part: f"{space}:{name}" + (f".{part}" if part else ""))


def of_environment(environment: Mapping[str, str], names: Mapping[str, str]) -> SettingsSource:
    """Give what the environment has; `names` are the variables by setting, or by `setting.part`."""

    def variable(name: str, part: str | None) -> str:
        return names.get(f"{name}.{part}" if part else name, "")

    return SettingsSource(
        lambda name, part: environment.get(variable(name, part)),
        lambda name, part: f"environment variable {variable(name, part)}",
        shares_names=True,
    )


def of_task(own: Mapping[str, Any]) -> SettingsSource:
    """Give what a task's property `settings` has."""

    def get(name: str, part: str | None) -> str | None:
        value = own.get(name)
        if part is not None:
            value = value.get(part) if isinstance(value, Mapping) else None
        return str(value) if isinstance(value, (str, int, float)) else None

    return SettingsSource(get, lambda name, part: f"the task's settings.{name}" + (f".{part}" if part else ""))


def static_credentials(level: SettingsSource) -> StaticCredentials | None:
    """Give the id and key that a place has, with their token.

    Raises:
        SettingsError: it has only one of them, or they are no keys.
    """
    found = {name: level.setting(name) for name in _PAIR}
    secret_id, secret_key, token = found.values()
    if not all(setting.value.isprintable() for setting in found.values() if setting):
        raise SettingsError(f"the keys of {level.source('…', None)} have signs that no key has, such as a line's end")
    if secret_id and secret_key:
        keys = Credentials(secret_id.value, secret_key.value, token.value if token else None)
        return StaticCredentials(secret_id.source, keys)
    if secret_id or secret_key:
        has, lacks = _PAIR[:2] if secret_id else _PAIR[1::-1]
        raise SettingsError(f"{level.source(has, None)} is set, but {level.source(lacks, None)} is not: set both")
    return None


def assumed_role(level: SettingsSource) -> AssumedRole | None:
    """Give the role that a place says is to be assumed with other keys.

    Raises:
        SettingsError: it does not say which, or for how long is no number.
    """
    found = _parts(level, _ROLE)
    if not found or (level.shares_names and _parts(level, _IDENTITY).keys() & {*_TOKENS}):
        return None
    policy, external_id = found.get("policy"), found.get("externalId")
    return AssumedRole(
        **_session(level, _ROLE, found),
        policy=policy.value if policy else None,
        external_id=external_id.value if external_id else None,
    )


def web_identity(level: SettingsSource) -> WebIdentity | None:
    """Give the role that a place says is to be assumed with a token.

    Raises:
        SettingsError: it does not say which, or for how long is no number, or there is no token.
    """
    found = _parts(level, _IDENTITY)
    tokens = [found[part] for part in _TOKENS if part in found]
    if not tokens:
        if found and not (level.shares_names and "providerId" not in found):
            given, lacks = next(iter(found.values())).source, level.source(_IDENTITY, _TOKENS[0])
            raise SettingsError(f"{given} is set, but {lacks} is not: set both")
        return None
    token, file, provider = (found.get(part) for part in (*_TOKENS, "providerId"))
    return WebIdentity(
        source=tokens[0].source,
        **_session(level, _IDENTITY, found),
        provider_id=provider.value if provider else _PROVIDER_ID,
        token=token.value if token else None,
        token_file=file.value if file else None,
    )


def _parts(level: SettingsSource, name: str) -> dict[str, Setting]:
    return {part: found for part in _PARTS[name] if (found := level.setting(name, part))}


def _session(level: SettingsSource, name: str, found: Mapping[str, Setting]) -> dict[str, Any]:
    """Give what both kinds of roles have: which one, under what name, for how long."""
    if "roleArn" not in found:
        given = next(iter(found.values())).source
        raise SettingsError(f"{given} is set, but {level.source(name, 'roleArn')} is not: set both")
    duration = found.get("sessionDuration")
    text = duration.value.removesuffix(".0") if duration else str(_SESSION_SECONDS)
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) <= _MOST_SESSION_SECONDS):
        where = level.source(name, "sessionDuration")
        raise SettingsError(f"{where} must be a number of seconds from 1 to {_MOST_SESSION_SECONDS}")
    session = found.get("sessionName")
    return {
        "arn": found["roleArn"].value,
        "session_name": session.value if session else _SESSION_NAME,
        "session_seconds": int(text),
    }
