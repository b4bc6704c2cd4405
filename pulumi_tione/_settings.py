"""Region, endpoint, keys and options: where they come from, and in which order.

For each setting the first source that has it wins: the stack's config `tione:…`, the config `tencentcloud:…` of the
official provider, the environment. Id, key and token always come from one and the same source. Outer blanks, which
come with copied keys and files, do not count.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pulumi_tione.errors import SettingsError

DEFAULT_REGION = "ap-guangzhou"
"""The region where none is configured: the official provider's default."""

_ENVIRONMENT_NAMES = {
    "region": "TENCENTCLOUD_REGION",
    "secretId": "TENCENTCLOUD_SECRET_ID",
    "secretKey": "TENCENTCLOUD_SECRET_KEY",
    "securityToken": "TENCENTCLOUD_SECURITY_TOKEN",
    "endpoint": "TIONE_ENDPOINT",
}
_OF_OFFICIAL_PROVIDER = ("region", "secretId", "secretKey", "securityToken")


@dataclass(frozen=True)
class Credentials:
    """The keys that requests are signed with. They never show in a text."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Endpoint:
    """The address of a service."""

    scheme: str
    host: str
    """Host with its port, where it has one."""

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine: then no proxy is asked, and plain http is fine."""
        name = urlsplit(f"//{self.host}").hostname or ""
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}"


class Settings:
    """The settings of one process, read from a stack's config and the environment when they are needed.

    A preview needs neither keys nor endpoint, so that what is missing there is no error before a request is sent.
    """

    def __init__(self, config: Callable[[str], str | None], environment: Mapping[str, str]) -> None:
        self._sources: list[tuple[str, Callable[[str], str | None]]] = [
            ("tione:{}", lambda name: config(f"tione:{name}")),
            ("tencentcloud:{}", lambda name: config(f"tencentcloud:{name}") if name in _OF_OFFICIAL_PROVIDER else None),
            ("environment variable {}", lambda name: environment.get(_ENVIRONMENT_NAMES.get(name, ""))),
        ]

    @property
    def region(self) -> str:
        """The region of tasks that name none themselves."""
        return self._first("region") or DEFAULT_REGION

    @property
    def labels(self) -> bool:
        """Whether tasks get the tags `pulumi:project`, `pulumi:stack` and `pulumi:resource`."""
        value = (self._first("labels") or "true").lower()
        if value not in ("true", "false"):
            raise SettingsError(f"tione:labels must be true or false, got {value!r}")
        return value == "true"

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags that every task gets which does not set them itself."""
        text = self._first("defaultTags") or "{}"
        try:
            tags = json.loads(text)
        except json.JSONDecodeError:
            tags = None
        if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
            raise SettingsError(
                "tione:defaultTags must be a map of texts: `pulumi config set --path 'tione:defaultTags.team' nlp`"
            )
        return tags

    def endpoint(self, service: str) -> Endpoint:
        """Give the address of a service: the configured one, which then answers for all, or the vendor's own."""
        configured = self._first("endpoint")
        if configured is None:
            return Endpoint("https", f"{service}.tencentcloudapi.com")
        endpoint = _parsed_endpoint(configured if "://" in configured else f"https://{configured}")
        if endpoint.scheme == "http" and not endpoint.is_loopback:
            raise SettingsError(
                f"tione:endpoint {endpoint} must use https: only this machine is spoken to in the clear"
            )
        return endpoint

    @property
    def credentials(self) -> Credentials:
        """The keys to sign with.

        Raises:
            SettingsError: none are configured, or only one of the two.
        """
        for label, source in self._sources:
            names = ("secretId", "secretKey", "securityToken")
            secret_id, secret_key, token = ((source(name) or "").strip() for name in names)
            if not all(part.isprintable() for part in (secret_id, secret_key, token)):
                raise SettingsError(f"the keys of {label.format('…')} have signs that no key has, such as a line's end")
            if secret_id and secret_key:
                return Credentials(secret_id, secret_key, token or None)
            if secret_id or secret_key:
                has, lacks = (names[0], names[1]) if secret_id else (names[1], names[0])
                spelled = [
                    label.format(_ENVIRONMENT_NAMES[name] if "environment" in label else name) for name in (has, lacks)
                ]
                raise SettingsError(f"{spelled[0]} is set, but {spelled[1]} is not: set both")
        raise SettingsError(
            "there are no keys to sign requests with: set tione:secretId and tione:secretKey "
            "(`pulumi config set --secret tione:secretKey …`), or TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"
        )

    def _first(self, name: str) -> str | None:
        values = ((source(name) or "").strip() for _, source in self._sources)
        return next((value for value in values if value), None)


def _parsed_endpoint(address: str) -> Endpoint:
    """Read an address; what is wrong with it is not shown, for it may hold a password."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # a property that complains
        is_plain = bool(parts.hostname) and "@" not in parts.netloc and not (parts.path.strip("/") or parts.query)
    except ValueError:
        is_plain = False
    if not is_plain or parts.scheme not in ("http", "https"):
        raise SettingsError(
            "tione:endpoint must be an address such as https://tione.tencentcloudapi.com or http://127.0.0.1:9851"
        )
    return Endpoint(parts.scheme, parts.netloc)
