"""Region, endpoint, keys and options: where they come from, and in which order.

For each setting the first source that has it wins: what the task says itself, the stack's config `tione:…`, the config
`tencentcloud:…` of the official provider, the environment, the files of `tccli` and of the SDK, the machine's role. Id,
key and token always come from one and the same source. Outer blanks, which come with copied keys and files, do not
count. Nothing here asks the network: which keys a role lends is `_api/credentials.py`'s business.
"""

from __future__ import annotations

import ipaddress
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pulumi_tione._config import credential_files
from pulumi_tione._config.sources import (
    AssumedRole,
    CredentialSource,
    MachineRole,
    Setting,
    SettingsSource,
    assumed_role,
    of_config,
    of_environment,
    of_task,
    static_credentials,
    web_identity,
)
from pulumi_tione.errors import SettingsError

DEFAULT_REGION = "ap-guangzhou"
"""The region where none is configured: the official provider's default."""

_DOMAIN = "tencentcloudapi.com"
_ENVIRONMENT_NAMES = {
    "region": "TENCENTCLOUD_REGION",
    "secretId": "TENCENTCLOUD_SECRET_ID",
    "secretKey": "TENCENTCLOUD_SECRET_KEY",
    "securityToken": "TENCENTCLOUD_SECURITY_TOKEN",
    "profile": "TENCENTCLOUD_PROFILE",
    "sharedCredentialsDir": "TENCENTCLOUD_SHARED_CREDENTIALS_DIR",
    "camRoleName": "TENCENTCLOUD_CAM_ROLE_NAME",
    "domain": "TENCENTCLOUD_DOMAIN",
    "protocol": "TENCENTCLOUD_PROTOCOL",
    "assumeRole.roleArn": "TENCENTCLOUD_ASSUME_ROLE_ARN",
    "assumeRole.sessionName": "TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME",
    "assumeRole.sessionDuration": "TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION",
    "assumeRole.externalId": "TENCENTCLOUD_ASSUME_ROLE_EXTERNAL_ID",
    "assumeRoleWithWebIdentity.roleArn": "TENCENTCLOUD_ASSUME_ROLE_ARN",
    "assumeRoleWithWebIdentity.sessionName": "TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME",
    "assumeRoleWithWebIdentity.sessionDuration": "TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION",
    "assumeRoleWithWebIdentity.providerId": "TENCENTCLOUD_ASSUME_ROLE_PROVIDER_ID",
    "assumeRoleWithWebIdentity.webIdentityToken": "TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN",
    "assumeRoleWithWebIdentity.webIdentityTokenFile": "TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN_FILE",
    "endpoint": "TIONE_ENDPOINT",
    "insecureHost": "TIONE_INSECURE_HOST",
    "caBundle": "TIONE_CA_BUNDLE",
    "metadataEndpoint": "TIONE_METADATA_ENDPOINT",
}
_OF_TKE = {
    "assumeRoleWithWebIdentity.roleArn": "TKE_ROLE_ARN",
    "assumeRoleWithWebIdentity.providerId": "TKE_PROVIDER_ID",
    "assumeRoleWithWebIdentity.webIdentityTokenFile": "TKE_WEB_IDENTITY_TOKEN_FILE",
}
"""What a pod of TKE finds in its environment."""

_OURS_ALONE = (
    "endpoint",
    "insecureHost",
    "caBundle",
    "metadataEndpoint",
    "labels",
    "defaultTags",
    "deletedNamesAreKept",
)
"""What the official provider has no setting for: the config `tencentcloud:` is not asked for it."""

_KEYS_OF_TASK = frozenset({"profile", "sharedCredentialsDir", "camRoleName"})
"""What names the keys of a task that has settings of its own."""

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
"""The settings that must be stored with `--secret`; some only where they have a certain part."""


class Endpoint(NamedTuple):
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
    """The settings of one process, read from a stack's config, the environment and files when they are needed.

    A preview needs neither keys nor endpoint, so that what is missing there is no error before a request is sent.

    Args:
        config: gives the value of a key such as `tione:region` of the stack's config.
        environment: the environment variables; `HOME` says where the files are.
        own: what a task says itself in its property `settings`, by property name.
    """

    def __init__(
        self, config: Callable[[str], str | None], environment: Mapping[str, str], own: Mapping[str, Any] | None = None
    ) -> None:
        self._config = config
        self._environment = environment
        self._own = {name: value for name, value in (own or {}).items() if value and str(value).strip()}
        self._derived: dict[str, Settings] = {}
        self._levels: list[SettingsSource] = [
            *([of_task(self._own)] if self._own else []),
            of_config("tione", config),
            of_config("tencentcloud", config, without=_OURS_ALONE),
            of_environment(environment, _ENVIRONMENT_NAMES),
        ]

    def of(self, own: Mapping[str, Any] | None) -> Settings:
        """Give the settings of a task that sets some of them itself: always the same ones for the same."""
        if not own:
            return self
        return self._derived.setdefault(
            json.dumps(own, sort_keys=True, default=str), Settings(self._config, self._environment, own)
        )

    @property
    def region(self) -> str:
        """The region of tasks that name none themselves."""
        return self.located_region.value

    @property
    def located_region(self) -> Setting:
        """The region of tasks that name none themselves, and where it comes from."""
        found = self._first("region")
        if found is None:
            profile = self._profile()
            told = credential_files.tccli_region(profile)
            found = Setting(told, f"profile {profile.name!r} of tccli") if told else None
        return found or Setting(DEFAULT_REGION, "the default")

    @property
    def labels(self) -> bool:
        """Whether tasks get the tags `pulumi:project`, `pulumi:stack` and `pulumi:resource`."""
        return self._truth("labels", default=True)

    @property
    def deleted_names_are_kept(self) -> bool:
        """Whether the user says that the service keeps the names of deleted tasks."""
        return self._truth("deletedNamesAreKept", default=False)

    def _truth(self, name: str, *, default: bool) -> bool:
        found = self._first(name)
        value = found.value.lower() if found else str(default).lower()
        if value not in ("true", "false"):
            raise SettingsError(f"tione:{name} must be true or false, got {value!r}")
        return value == "true"

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags that every task gets which does not set them itself."""
        found = self._first("defaultTags")
        try:
            tags = json.loads(found.value) if found else {}
        except json.JSONDecodeError:
            tags = None
        if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
            raise SettingsError(
                "tione:defaultTags must be a map of texts: `pulumi config set --path 'tione:defaultTags.team' nlp`"
            )
        return tags

    def endpoint(self, service: str) -> Endpoint:
        """Give the address of a service, as `located_endpoint` does."""
        return self.located_endpoint(service)[0]

    def located_endpoint(self, service: str) -> tuple[Endpoint, str]:
        """Give the address of a service and where it comes from.

        A configured address answers for all services, unless it is the vendor's own of one service: then the others
        are at its neighbours. Without one, protocol and domain make it.
        """
        configured = self._first("endpoint")
        if configured is None:
            protocol, domain = self._first("protocol"), self._first("domain")
            scheme = protocol.value.lower() if protocol else "https"
            source = " and ".join(found.source for found in (protocol, domain) if found) or "the default"
            host = f"{service}.{(domain.value if domain else _DOMAIN).lstrip('.')}"
            endpoint = _parsed_endpoint(f"{scheme}://{host}", source)
        else:
            address = configured.value if "://" in configured.value else f"https://{configured.value}"
            endpoint, source = _parsed_endpoint(address, configured.source), configured.source
            if endpoint.host.startswith("tione.") and endpoint.host.endswith(f".{_DOMAIN}"):
                endpoint = endpoint._replace(host=f"{service}.{endpoint.host.removeprefix('tione.')}")
        if endpoint.scheme == "http" and not endpoint.is_loopback and not self._may_be_insecure(endpoint):
            raise SettingsError(
                f"{source} says {endpoint}, which must use https: only this machine is spoken to in the clear, and a "
                "host that tione:insecureHost names"
            )
        return endpoint, source

    def _may_be_insecure(self, endpoint: Endpoint) -> bool:
        named = self._first("insecureHost")
        return named is not None and named.value in (endpoint.host, urlsplit(f"//{endpoint.host}").hostname)

    @property
    def ca_bundle(self) -> str | None:
        """The file of the authorities that are trusted in place of the usual ones."""
        found = self._first("caBundle")
        if found is None:
            return None
        path = credential_files.expanded(found.value, self._environment)
        if path is None or not path.exists():
            raise SettingsError(f"{found.source} names {found.value}, which does not exist")
        try:
            context = ssl.create_default_context()
            context.load_verify_locations(*((None, path) if path.is_dir() else (path, None)))
        except OSError:
            raise SettingsError(f"{found.source} names {found.value}, which holds no certificates") from None
        return str(path)

    def credential_sources(self) -> Iterator[CredentialSource]:
        """Give the sources of keys, in their order. The first that has some counts; the others are for when those have
        expired.

        Raises:
            SettingsError: a source has half of a pair, or a file that cannot be read.
        """
        role = self._role()
        if not self._own.keys() & _KEYS_OF_TASK:
            for level in self._levels:
                keys = static_credentials(level)
                if keys is not None:
                    yield replace(keys, role=role)
                identity = web_identity(level)
                if identity is not None:
                    yield replace(identity, role=role)
        cam_role = self._first("camRoleName")
        machine = MachineRole(
            source=f"the machine's role, which {cam_role.source} names" if cam_role else "the machine's role",
            name=cam_role.value if cam_role else None,
            endpoint=self._metadata_endpoint,
            role=role,
        )
        if "camRoleName" in self._own:
            yield machine
            return
        of_profile = credential_files.tccli_credentials(self._profile())
        if of_profile is not None:
            yield replace(of_profile, role=role or of_profile.role)
        if self._own.keys() & _KEYS_OF_TASK:
            return
        of_sdk = credential_files.sdk_credentials(self._environment)
        if of_sdk is not None:
            yield replace(of_sdk, role=role)
        yield machine
        pod = of_environment(self._environment, _OF_TKE)
        if all(self._environment.get(variable, "").strip() for variable in _OF_TKE.values()):
            identity = web_identity(pod)
            if identity is not None:
                yield replace(identity, role=role)

    def _role(self) -> AssumedRole | None:
        """Give the role that is to be assumed with the keys: the one that the first level names.

        A task that names its keys itself has nothing to do with a role that others are to assume.
        """
        levels = self._levels[:1] if self._own.keys() & _KEYS_OF_TASK else self._levels
        return next((role for level in levels if (role := assumed_role(level))), None)

    @property
    def _metadata_endpoint(self) -> str | None:
        """Where the metadata service of the machine is, if it is not at its usual place."""
        found = self._first("metadataEndpoint")
        return found.value.rstrip("/") if found else None

    def _profile(self) -> credential_files.Profile:
        name, folder = self._first("profile"), self._first("sharedCredentialsDir")
        return credential_files.Profile(
            name=name.value if name else "default",
            folder=credential_files.expanded(folder.value if folder else "~/.tccli", self._environment),
            named_by=name.source if name else folder.source if folder and "sharedCredentialsDir" in self._own else None,
        )

    def _first(self, name: str) -> Setting | None:
        return next((found for level in self._levels if (found := level.setting(name))), None)


def _parsed_endpoint(address: str, source: str) -> Endpoint:
    """Read an address; what is wrong with it is not shown, for it may hold a password."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # a property that complains
        is_plain = bool(parts.hostname) and "@" not in parts.netloc and not (parts.path.strip("/") or parts.query)
    except ValueError:
        is_plain = False
    if not is_plain or parts.scheme not in ("http", "https"):
        raise SettingsError(
            f"{source} must be an address such as https://tione.tencentcloudapi.com or http://127.0.0.1:9851"
        )
    return Endpoint(parts.scheme, parts.netloc)
