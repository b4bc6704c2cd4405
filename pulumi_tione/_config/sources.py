"""One source of settings: its single values, and the credentials that it leads to.

The order of the sources is in `settings.py` (`credential_sources`). The session of a role lasts 7200 seconds, or
`sessionDuration`, which may be at most 43200 seconds.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pulumi_tione.errors import SettingsError

_STATIC = ("secretId", "secretKey", "securityToken")
_ROLE, _IDENTITY = "assumeRole", "assumeRoleWithWebIdentity"
_TOKENS = ("webIdentityToken", "webIdentityTokenFile")
_PARTS = {
    _ROLE: ("roleArn", "sessionName", "sessionDuration", "policy", "externalId"),
    _IDENTITY: ("roleArn", "sessionName", "sessionDuration", "providerId", *_TOKENS),
}
_SESSION_SECONDS = 7200
_MAX_SESSION_SECONDS = 43200
_SESSION_NAME = "pulumi-tione"
_PROVIDER_ID = "OIDC"

NO_CREDENTIALS = (
    "there are no credentials. Run `pulumi config set --secret tione:secretId …` and `pulumi config set --secret "
    "tione:secretKey …`, or set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or run `tccli configure`; on a "
    "machine with a role, set tione:camRoleName"
)


@dataclass(frozen=True)
class Credentials:
    """What requests are signed with. It never shows in text."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class AssumedRole:
    """A role that is assumed with other credentials (`AssumeRole`)."""

    arn: str
    session_name: str = _SESSION_NAME
    session_seconds: int = _SESSION_SECONDS
    policy: str | None = None
    external_id: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class StaticCredentials:
    """A secret id and key as they are stored, and the role that is assumed with them, if there is one."""

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
    """Read again each time, because whatever wrote it renews it."""
    role: AssumedRole | None = None
    """Another role that is assumed with the credentials of this one."""


@dataclass(frozen=True)
class MachineRole:
    """The role of the machine that this runs on (CVM), whose metadata service returns credentials for it."""

    source: str
    name: str | None
    """The role's name; without one, the role that the machine has."""
    endpoint: str | None
    """The address of the metadata service, if it is not the usual one."""
    role: AssumedRole | None = None


@dataclass(frozen=True)
class InvalidSource:
    """A source with incomplete or unreadable credentials. It counts: the sources after it do not replace it."""

    error: SettingsError


CredentialSource = StaticCredentials | WebIdentity | MachineRole | InvalidSource


class Setting(NamedTuple):
    """A value, and where it is set."""

    value: str
    source: str


class SettingsSource(NamedTuple):
    """One source of settings.

    `get` returns the value of a setting and `source` describes in words where it is; both take the name of a setting
    and, for one with parts such as `assumeRole`, the name of the part.
    """

    get: Callable[[str, str | None], str | None]
    source: Callable[[str, str | None], str]
    shares_names: bool = False
    """Whether the parts of both kinds of roles have the same names."""

    def setting(self, name: str, part: str | None = None) -> Setting | None:
        """Return the value of a setting; None if it is not set, or blank."""
        value = (self.get(name, part) or "").strip()
        return Setting(value, self.source(name, part)) if value else None


def of_config(space: str, config: Callable[[str], str | None], without: tuple[str, ...] = ()) -> SettingsSource:
    """Return the source that is a stack's config under `tione:` or `tencentcloud:`, without some names."""

    def get(name: str, part: str | None) -> str | None:
        text = None if name in without else config(f"{space}:{name}")
        if part is None or not text or not text.strip():
            return text
        try:
            parts = json.loads(text)
        except ValueError:
            parts = None
        if not isinstance(parts, dict):
            raise SettingsError(
                f"{space}:{name} must be a map. Run `pulumi config set --path '{space}:{name}.{part}' …`"
            )
        return None if parts.get(part) is None else str(parts[part])

    return SettingsSource(get, lambda name, part: f"{space}:{name}" + (f".{part}" if part else ""))


def unknown_parts(name: str, text: str | None) -> Iterator[tuple[str, str]]:
    """Yield each part of a setting in a stack's config that does not exist, with the nearest one that does.

    Args:
        name: the setting.
        text: its value in the config.
    """
    parts: Any = None
    with contextlib.suppress(ValueError):
        parts = json.loads(text or "null") if name in _PARTS else None
    known = {part.lower(): part for part in _PARTS.get(name, ())}
    for part in parts if isinstance(parts, dict) else ():
        if part not in known.values():
            import difflib  # few stacks have a setting that does not exist

            near = difflib.get_close_matches(part.lower(), known, n=1)
            yield part, f"tione:{name}.{known[near[0]]}" if near else ""


def of_environment(environment: Mapping[str, str], names: Mapping[str, str]) -> SettingsSource:
    """Return the source that is the environment; `names` are the variables by setting, or by `setting.part`."""

    def variable(name: str, part: str | None) -> str:
        return names.get(f"{name}.{part}" if part else name, "")

    return SettingsSource(
        lambda name, part: environment.get(variable(name, part)),
        lambda name, part: f"environment variable {variable(name, part)}",
        shares_names=True,
    )


def of_task(own: Mapping[str, Any]) -> SettingsSource:
    """Return the source that is a task's property `settings`."""

    def get(name: str, part: str | None) -> str | None:
        value = own.get(name)
        if part is not None:
            value = value.get(part) if isinstance(value, Mapping) else None
        return str(value) if isinstance(value, (str, int, float)) else None

    return SettingsSource(get, lambda name, part: f"settings.{name}" + (f".{part}" if part else ""))


def static_credentials(source: SettingsSource) -> StaticCredentials | None:
    """Return the secret id and key that a source has, with their token.

    Raises:
        SettingsError: it has only one of them, or they contain characters that no credentials have.
    """
    found = {name: source.setting(name) for name in _STATIC}
    for setting in found.values():
        if setting and not setting.value.isprintable():
            raise SettingsError(
                f"{setting.source} contains characters that no credentials have, such as a line break. Set it again"
            )
    secret_id, secret_key, token = found.values()
    if secret_id and secret_key:
        credentials = Credentials(secret_id.value, secret_key.value, token.value if token else None)
        return StaticCredentials(secret_id.source, credentials)
    if secret_id or secret_key:
        present, missing = _STATIC[:2] if secret_id else _STATIC[1::-1]
        raise _incomplete(source.source(present, None), source.source(missing, None))
    return None


def assumed_role(source: SettingsSource) -> AssumedRole | None:
    """Return the role in a source that is to be assumed with other credentials.

    Raises:
        SettingsError: its ARN is missing, or its duration is not a number.
    """
    parts = _parts(source, _ROLE)
    if not parts or (source.shares_names and _parts(source, _IDENTITY).keys() & {*_TOKENS}):
        return None
    policy, external_id = parts.get("policy"), parts.get("externalId")
    return AssumedRole(
        **_session(source, _ROLE, parts),
        policy=policy.value if policy else None,
        external_id=external_id.value if external_id else None,
    )


def web_identity(source: SettingsSource) -> WebIdentity | None:
    """Return the role in a source that is to be assumed with a token.

    Raises:
        SettingsError: its ARN or its token is missing, or its duration is not a number.
    """
    parts = _parts(source, _IDENTITY)
    tokens = [parts[part] for part in _TOKENS if part in parts]
    if not tokens:
        if parts and not (source.shares_names and "providerId" not in parts):
            raise _incomplete(next(iter(parts.values())).source, source.source(_IDENTITY, _TOKENS[0]))
        return None
    token, file, provider = (parts.get(part) for part in (*_TOKENS, "providerId"))
    return WebIdentity(
        source=tokens[0].source,
        **_session(source, _IDENTITY, parts),
        provider_id=provider.value if provider else _PROVIDER_ID,
        token=token.value if token else None,
        token_file=file.value if file else None,
    )


def _incomplete(present: str, missing: str) -> SettingsError:
    return SettingsError(f"{present} is set, but {missing} is not. Set both")


def _parts(source: SettingsSource, name: str) -> dict[str, Setting]:
    return {part: setting for part in _PARTS[name] if (setting := source.setting(name, part))}


def _session(source: SettingsSource, name: str, parts: Mapping[str, Setting]) -> dict[str, Any]:
    """Return what both kinds of roles have: ARN, session name and duration."""
    if "roleArn" not in parts:
        raise _incomplete(next(iter(parts.values())).source, source.source(name, "roleArn"))
    duration = parts.get("sessionDuration")
    text = duration.value.removesuffix(".0") if duration else str(_SESSION_SECONDS)
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) <= _MAX_SESSION_SECONDS):
        where = source.source(name, "sessionDuration")
        raise SettingsError(f"{where} must be a number of seconds from 1 to {_MAX_SESSION_SECONDS}")
    session = parts.get("sessionName")
    return {
        "arn": parts["roleArn"].value,
        "session_name": session.value if session else _SESSION_NAME,
        "session_seconds": int(text),
    }
