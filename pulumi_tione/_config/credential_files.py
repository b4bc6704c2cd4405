"""The credential files of the vendor's own tools: the profiles of `tccli`, and the file of the SDK.

An error names the file and never shows its content.

Read are `~/.tccli/PROFILE.credential` (`sharedCredentialsDir` names another folder), `~/.tencentcloud/credentials`, and
`/etc/tencentcloud/credentials` where the user has none. When they are read is decided in `settings.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pulumi_tione._config.sources import SettingsSource, StaticCredentials, assumed_role, static_credentials
from pulumi_tione.errors import SettingsError

_OF_ALL_USERS = "/etc/tencentcloud/credentials"
_SECTION = "default"


class Profile(NamedTuple):
    """A profile of `tccli`, which `tccli configure` writes."""

    name: str
    folder: Path | None
    """Where it is; None if the user has no home directory."""
    named_by: str | None
    """The setting that names it; without one the profile is optional."""


def expanded(path: str, environment: Mapping[str, str]) -> Path | None:
    """Return a path with `~` replaced by the user's home directory; None if that is not known."""
    if not path.startswith("~"):
        return Path(path)
    home = environment.get("HOME") or environment.get("USERPROFILE")
    return Path(home, path[1:].lstrip("/\\")) if home else None


def tccli_credentials(profile: Profile) -> StaticCredentials | None:
    """Return the credentials of a profile, with the role that it assumes.

    Raises:
        SettingsError: the file cannot be read, is incomplete, or is missing although a setting names the profile.
    """
    content = _json(profile, "credential")
    if content is None:
        if profile.named_by:
            raise SettingsError(
                f"{profile.named_by} names the profile {profile.name!r}, but {_path(profile, 'credential')} does not "
                f"exist. Run `tccli configure --profile {profile.name}`, or correct the name"
            )
        return None
    source = _source(f"{_path(profile, 'credential')}", content, _OF_TCCLI)
    found = static_credentials(source)
    if found is None and profile.named_by:
        raise SettingsError(
            f"{_path(profile, 'credential')} has no credentials. Run `tccli configure --profile {profile.name}`"
        )
    return found and StaticCredentials(found.source, found.credentials, assumed_role(source))


def tccli_region(profile: Profile) -> str | None:
    """Return the region of a profile, if it has one.

    Raises:
        SettingsError: the file cannot be read.
    """
    content = _json(profile, "configure") or {}
    parameters = content.get("_sys_param")
    region = parameters.get("region") if isinstance(parameters, dict) else None
    return str(region).strip() if region else None


def sdk_credentials(environment: Mapping[str, str]) -> StaticCredentials | None:
    """Return the credentials of the SDK's file: the user's, or else the one of all users.

    Raises:
        SettingsError: the file cannot be read, or is incomplete.
    """
    import configparser  # takes long to load, and few need it

    for name in ("~/.tencentcloud/credentials", _OF_ALL_USERS):
        path = expanded(name, environment)
        text = None if path is None else _text(path)
        if text is None:
            continue
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(text)
        except configparser.Error:
            raise SettingsError(f"{path} cannot be read: it is not an INI file") from None
        content = dict(parser[_SECTION]) if _SECTION in parser else {}
        return static_credentials(
            _source(f"{path}", {key: value.strip().strip('"') for key, value in content.items()}, _OF_SDK)
        )
    return None


_OF_TCCLI = {
    "secretId": "secretId",
    "secretKey": "secretKey",
    "securityToken": "token",
    "assumeRole.roleArn": "role-arn",
    "assumeRole.sessionName": "role-session-name",
}
_OF_SDK = {"secretId": "secret_id", "secretKey": "secret_key", "securityToken": "token"}


def _source(path: str, content: Mapping[str, Any], names: Mapping[str, str]) -> SettingsSource:
    def key(name: str, part: str | None) -> str:
        return names.get(f"{name}.{part}" if part else name, name)

    def get(name: str, part: str | None) -> str | None:
        value = content.get(key(name, part))
        return value if isinstance(value, str) else None

    return SettingsSource(get, lambda name, part: f"{key(name, part)} in {path}")


def _path(profile: Profile, kind: str) -> Path | None:
    return None if profile.folder is None else profile.folder / f"{profile.name}.{kind}"


def _json(profile: Profile, kind: str) -> dict[str, Any] | None:
    path = _path(profile, kind)
    text = None if path is None else _text(path)
    if text is None:
        return None
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SettingsError(f"{path} cannot be read: it is not a file that `tccli configure` writes")
    return content


def _text(path: Path) -> str | None:
    """Return the content of a file; None if there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{path} cannot be read: {reason}") from None
