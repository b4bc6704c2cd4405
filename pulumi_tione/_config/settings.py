"""Region, endpoint, credentials and options: where they come from, and in which order.

The first source that has a setting wins: the task itself, the stack's config `tione:…`, the config `tencentcloud:…` of
the official provider, the environment, the files of `tccli` and of the SDK, the machine's role, the web identity that
TKE gives a pod. Secret id, key and token always come from one source. Leading and trailing blanks, which come with
copied values and files, are ignored. Nothing here uses the network: `_api/credentials.py` obtains the credentials of a
role.

A new setting is a property of `Settings`, its name in `_ENVIRONMENT_NAMES` (with its variable) or `_ONLY_TIONE`, and a
row in `docs/settings.md`. Its check before anything is sent is in `violations`.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from pulumi_tione._config import credential_files
from pulumi_tione._config.sources import (
    NO_CREDENTIALS,
    AssumedRole,
    CredentialSource,
    InvalidSource,
    MachineRole,
    Setting,
    SettingsSource,
    StaticCredentials,
    WebIdentity,
    assumed_role,
    of_config,
    of_environment,
    of_task,
    static_credentials,
    unknown_parts,
    web_identity,
)
from pulumi_tione._constraints import MaxDuration
from pulumi_tione._durations import DURATION_FORMS, parse_duration
from pulumi_tione.errors import SettingsError

if TYPE_CHECKING:
    from decimal import Decimal

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
    "wait": "TIONE_WAIT",
    "language": "TIONE_LANGUAGE",
    "estimateCost": "TIONE_ESTIMATE_COST",
    "maxHourlyCost": "TIONE_MAX_HOURLY_COST",
    "maxStackHourlyCost": "TIONE_MAX_STACK_HOURLY_COST",
    "allowedInstanceTypes": "TIONE_ALLOWED_INSTANCE_TYPES",
    "unknownPrice": "TIONE_UNKNOWN_PRICE",
    "validate": "TIONE_VALIDATE",
}
_OF_TKE = {
    "assumeRoleWithWebIdentity.roleArn": "TKE_ROLE_ARN",
    "assumeRoleWithWebIdentity.providerId": "TKE_PROVIDER_ID",
    "assumeRoleWithWebIdentity.webIdentityTokenFile": "TKE_WEB_IDENTITY_TOKEN_FILE",
}
"""The environment variables of a pod of TKE."""

_ONLY_TIONE = (
    "endpoint",
    "insecureHost",
    "caBundle",
    "metadataEndpoint",
    "labels",
    "defaultTags",
    "deletedNamesAreKept",
    "maxDuration",
    "language",
    "wait",
    "environment",
    "estimateCost",
    "maxHourlyCost",
    "maxStackHourlyCost",
    "allowedInstanceTypes",
    "unknownPrice",
    "validate",
)
"""Settings that the official provider does not have: they are not read from the config `tencentcloud:`."""

_SETTINGS = frozenset({name.partition(".")[0] for name in _ENVIRONMENT_NAMES} | {*_ONLY_TIONE})
"""The names of all settings."""

_CREDENTIALS_OF_TASK = frozenset({"profile", "sharedCredentialsDir", "camRoleName"})
"""The settings of a task that determine where its credentials come from."""

UNKNOWN_PRICE_CHOICES = ("warn", "refuse")
"""What a limit does with a price that is unknown, the default first."""

LANGUAGES = ("en-US", "zh-CN")
"""The languages that the service's messages can have, the default one first."""

_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,6})?", re.ASCII)
_REGION = re.compile(r"[a-z]+(-[a-z0-9]+)+")
_ZONE = re.compile(r"([a-z]+(?:-[a-z]+)+)-[0-9]+")
_VENDOR_OF_MACHINE = Path("/sys/class/dmi/id/sys_vendor")
"""The file in which Linux names the maker of the machine; on a CVM this is "Tencent Cloud"."""


class CostLimit(NamedTuple):
    """A limit of what may be spent in an hour."""

    amount: Decimal
    """In the currency of the site."""
    source: str
    """Where it is set."""


class Endpoint(NamedTuple):
    """The address of a service."""

    scheme: str
    host: str
    """Host with its port, where it has one."""

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine: then no proxy is used, and plain http is fine."""
        name = urlsplit(f"//{self.host}").hostname or ""
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}"


class Settings:
    """The settings of one process, read from the stack's config, the environment and files when they are needed.

    Args:
        config: returns the value of a key such as `tione:region` of the stack's config.
        environment: the environment variables; `HOME` is the folder of the files.
        own: what a task sets itself in its property `settings`, by property name.
    """

    def __init__(
        self, config: Callable[[str], str | None], environment: Mapping[str, str], own: Mapping[str, Any] | None = None
    ) -> None:
        self._config = config
        self._environment = environment
        self._own = {name: value for name, value in (own or {}).items() if value and str(value).strip()}
        self._derived: dict[str, Settings] = {}
        self._sources: list[SettingsSource] = [
            *([of_task(self._own)] if self._own else []),
            of_config("tione", config),
            of_config("tencentcloud", config, without=_ONLY_TIONE),
            of_environment(environment, _ENVIRONMENT_NAMES),
        ]

    def of(self, own: Mapping[str, Any] | None) -> Settings:
        """Return the settings of a task that sets some of them itself: the same object for the same settings."""
        if not own:
            return self
        return self._derived.setdefault(
            json.dumps(own, sort_keys=True, default=str), Settings(self._config, self._environment, own)
        )

    def violations(self, region: str | None = None) -> list[str]:
        """Return what is wrong with the settings as far as that can be known without the network.

        Args:
            region: the region of the task that they are for, if it sets one itself.
        """
        found = []
        for check in (
            lambda: self.check_region(region),
            lambda: self.endpoint("tione"),
            lambda: self.ca_bundle,
            lambda: self.language,
            lambda: self.waits,
            lambda: self.deleted_names_are_kept,
            lambda: self.estimates_cost,
            lambda: self.max_hourly_cost,
            lambda: self.max_stack_hourly_cost,
            lambda: self.allowed_instance_types,
            lambda: self.refuses_unknown_prices,
            lambda: self.validates,
            lambda: self.max_duration,
            self._check_credentials,
        ):
            try:
                check()
            except SettingsError as error:
                found.append(str(error))
        return list(dict.fromkeys(found))

    def check_region(self, region: str | None = None) -> None:
        """Check that a region, or else the one of the settings, has the form of one.

        Raises:
            SettingsError: it is not the name of a region.
        """
        setting = Setting(region, "region") if region else self.region_setting
        zone = _ZONE.fullmatch(setting.value)
        if zone:
            raise SettingsError(f"{setting.source} is {setting.value!r}, which is a zone. Use its region {zone[1]!r}")
        if not _REGION.fullmatch(setting.value):
            raise SettingsError(
                f"{setting.source} is {setting.value!r}, which is not the name of a region. Use one such as "
                "'ap-guangzhou'"
            )

    def _check_credentials(self) -> None:
        """Check that there is a source of credentials. Whether it has any may only be known by the network."""
        for source in self.credential_sources():
            match source:
                case InvalidSource():
                    raise source.error
                case StaticCredentials() | WebIdentity():
                    return
                case MachineRole(name=None, endpoint=None):
                    if _is_machine_of_vendor():
                        return
                case MachineRole():
                    return
        raise SettingsError(NO_CREDENTIALS)

    @property
    def region(self) -> str:
        """The region of tasks that set none themselves."""
        return self.region_setting.value

    @property
    def region_setting(self) -> Setting:
        """The region of tasks that set none themselves, and where it comes from."""
        setting = self._first("region")
        if setting is not None:
            return setting
        profile = self._profile()
        region = credential_files.tccli_region(profile)
        return (
            Setting(region, f"profile {profile.name!r} of tccli") if region else Setting(DEFAULT_REGION, "the default")
        )

    @property
    def language(self) -> str:
        """The language of the service's messages."""
        setting = self._first("language")
        if setting is None:
            return LANGUAGES[0]
        for language in LANGUAGES:
            if setting.value.lower() == language.lower():
                return language
        raise SettingsError(f"{setting.source} is {setting.value!r}. Set it to {' or '.join(LANGUAGES)}")

    @property
    def labels(self) -> bool:
        """Whether tasks get the tags `pulumi:project`, `pulumi:stack` and `pulumi:resource`."""
        return self._boolean("labels", default=True)

    @property
    def deleted_names_are_kept(self) -> bool:
        """Whether the service keeps the names of deleted tasks, according to the user."""
        return self._boolean("deletedNamesAreKept", default=False)

    @property
    def max_duration(self) -> int | None:
        """The time limit of new tasks that do not set one, in seconds; None, if they have none."""
        setting = self._first("maxDuration")
        if setting is None:
            return None
        try:
            seconds = parse_duration(setting.value).total_seconds()
        except ValueError:
            seconds = 0.5
        if not seconds.is_integer() or MaxDuration().violation(int(seconds)):
            raise SettingsError(
                f"{setting.source} is {setting.value!r}. Set it to a duration of at least 1s and at most 365d, such as "
                f"{DURATION_FORMS}"
            )
        return int(seconds) or None

    @property
    def waits(self) -> bool:
        """Whether `wait_for` waits."""
        return self._boolean("wait", default=True)

    @property
    def estimates_cost(self) -> bool:
        """Whether a preview shows what each changed task costs an hour."""
        return self._boolean("estimateCost", default=False)

    @property
    def validates(self) -> bool:
        """Whether check asks the service whether what a new task names exists."""
        return self._boolean("validate", default=False)

    @property
    def max_hourly_cost(self) -> CostLimit | None:
        """What a task may cost an hour, if that is limited."""
        return self._cost_limit("maxHourlyCost")

    @property
    def max_stack_hourly_cost(self) -> CostLimit | None:
        """What the tasks of the stack may cost an hour together, if that is limited."""
        return self._cost_limit("maxStackHourlyCost")

    @property
    def has_cost_options(self) -> bool:
        """Whether prices or limits are requested. A setting that check refuses requests nothing."""
        for name in ("estimates_cost", "max_hourly_cost", "max_stack_hourly_cost", "allowed_instance_types"):
            with suppress(SettingsError):
                if getattr(self, name):
                    return True
        return False

    @property
    def needs_prices(self) -> bool:
        """Whether prices are shown or limited."""
        return self.estimates_cost or any((self.max_hourly_cost, self.max_stack_hourly_cost))

    def _cost_limit(self, name: str) -> CostLimit | None:
        setting = self._first(name)
        if setting is None:
            return None
        if not _AMOUNT.fullmatch(setting.value):
            raise SettingsError(
                f"{setting.source} is {setting.value!r}. Set it to an amount an hour without a currency, such as 49.90"
            )
        from decimal import Decimal  # few stacks have a limit

        return CostLimit(Decimal(setting.value), setting.source)

    @property
    def allowed_instance_types(self) -> tuple[Sequence[str], str] | None:
        """The instance types that new tasks may have, and where they are set; None if all are allowed."""
        setting = self._first("allowedInstanceTypes")
        if setting is None:
            return None
        names: Any = setting.value.split(",")
        if setting.value[0] in '[{"':
            try:
                names = json.loads(setting.value)
            except json.JSONDecodeError:
                names = None
        if (
            not isinstance(names, list)
            or not names
            or not all(isinstance(name, str) and name.strip() for name in names)
        ):
            raise SettingsError(
                f"{setting.source} must be a list of instance types, such as TI.S.MEDIUM.POST,TI.GN7.*. Run `pulumi "
                "config set tione:allowedInstanceTypes TI.S.MEDIUM.POST,TI.GN7.*`"
            )
        return tuple(name.strip() for name in names), setting.source

    @property
    def refuses_unknown_prices(self) -> bool:
        """Whether a limit refuses a task whose price is unknown, instead of a warning."""
        setting = self._first("unknownPrice")
        if setting is None:
            return False
        choice = setting.value.lower()
        if choice not in UNKNOWN_PRICE_CHOICES:
            raise SettingsError(
                f"{setting.source} is {setting.value!r}. Set it to {' or '.join(UNKNOWN_PRICE_CHOICES)}"
            )
        return choice == "refuse"

    def _boolean(self, name: str, *, default: bool) -> bool:
        setting = self._first(name)
        if setting is None:
            return default
        if setting.value.lower() not in ("true", "false"):
            raise SettingsError(f"{setting.source} is {setting.value!r}. Set it to true or false")
        return setting.value.lower() == "true"

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags of every task that does not set them itself. Numbers, as `pulumi config set --path` stores `1234`, count
        as text."""
        setting = self._first("defaultTags")
        try:
            # Numbers stay as they are written.
            tags = json.loads(setting.value, parse_int=str, parse_float=str) if setting else {}
        except json.JSONDecodeError:
            tags = None
        if not isinstance(tags, dict) or not all(isinstance(value, (str, bool)) for value in tags.values()):
            raise SettingsError(
                "tione:defaultTags must be a map of texts. Run `pulumi config set --path 'tione:defaultTags.team' nlp`"
            )
        return {key: str(value).lower() if isinstance(value, bool) else value for key, value in tags.items()}

    def endpoint(self, service: str) -> Endpoint:
        """Return the address of a service."""
        return self.endpoint_and_source(service)[0]

    def endpoint_and_source(self, service: str) -> tuple[Endpoint, str]:
        """Return the address of a service and where it comes from.

        A configured address is the one of all services, unless it is the vendor's own address of one service: then the
        others are on the same domain. Without one, the address is made of protocol and domain.

        Raises:
            SettingsError: it is not an address, or not encrypted.
        """
        configured = self._first("endpoint")
        if configured is None:
            protocol, domain = self._first("protocol"), self._first("domain")
            scheme = protocol.value.lower() if protocol else "https"
            source = " and ".join(found.source for found in (protocol, domain) if found) or "the default"
            host = f"{service}.{(domain.value if domain else _DOMAIN).lstrip('.')}"
            endpoint = _parsed_endpoint(f"{scheme}://{host}", source)
        else:
            endpoint, source = _parsed_endpoint(configured.value, configured.source), configured.source
            if endpoint.host.startswith("tione.") and endpoint.host.endswith(f".{_DOMAIN}"):
                endpoint = endpoint._replace(host=f"{service}.{endpoint.host.removeprefix('tione.')}")
        if endpoint.scheme == "http" and not endpoint.is_loopback and not self._may_be_insecure(endpoint):
            raise SettingsError(
                f"{source} is {endpoint}, which is not encrypted. Use https, or set tione:insecureHost to "
                f"{urlsplit(f'//{endpoint.host}').hostname} if you trust the network to this host"
            )
        return endpoint, source

    def _may_be_insecure(self, endpoint: Endpoint) -> bool:
        setting = self._first("insecureHost")
        return setting is not None and setting.value in (endpoint.host, urlsplit(f"//{endpoint.host}").hostname)

    @property
    def ca_bundle(self) -> str | None:
        """The file of the certificate authorities that are trusted instead of the usual ones."""
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
            raise SettingsError(f"{found.source} names {found.value}, which has no certificates") from None
        return str(path)

    def credential_sources(self) -> Iterator[CredentialSource]:
        """Yield the sources of credentials in their order. The first one counts; the others replace refused ones."""
        try:
            role = self._role()
        except SettingsError as error:
            yield InvalidSource(error)
            return
        for read in self._credential_readers():
            try:
                source = read()
            except SettingsError as error:
                yield InvalidSource(error)
                continue
            if isinstance(source, StaticCredentials):
                yield replace(source, role=role or source.role)
            elif source is not None:
                yield replace(source, role=role)

    def _credential_readers(self) -> Iterator[Callable[[], StaticCredentials | WebIdentity | MachineRole | None]]:
        """Yield what reads each source of credentials."""
        is_named_by_task = bool(self._own.keys() & _CREDENTIALS_OF_TASK)
        if not is_named_by_task:
            for source in self._sources:
                yield functools.partial(static_credentials, source)
                yield functools.partial(web_identity, source)
        if "camRoleName" in self._own:
            yield self._machine_role
            return
        yield lambda: credential_files.tccli_credentials(self._profile())
        if is_named_by_task:
            return
        yield lambda: credential_files.sdk_credentials(self._environment)
        yield self._machine_role
        if all(self._environment.get(variable, "").strip() for variable in _OF_TKE.values()):
            yield lambda: web_identity(of_environment(self._environment, _OF_TKE))

    def _machine_role(self) -> MachineRole:
        setting = self._first("camRoleName")
        return MachineRole(
            source=f"the machine's role, which {setting.source} names" if setting else "the machine's role",
            name=setting.value if setting else None,
            endpoint=self._metadata_endpoint,
        )

    def _role(self) -> AssumedRole | None:
        """Return the role to assume: the one that the first source names.

        A task that names the source of its credentials does not assume the role of the other sources.
        """
        sources = self._sources[:1] if self._own.keys() & _CREDENTIALS_OF_TASK else self._sources
        return next((role for source in sources if (role := assumed_role(source))), None)

    @property
    def _metadata_endpoint(self) -> str | None:
        """The address of the machine's metadata service, if it is not the usual one."""
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
        return next((found for source in self._sources if (found := source.setting(name))), None)


def unknown_settings(keys: Iterable[str], config: Callable[[str], str | None] = lambda _: None) -> list[str]:
    """Return a warning for each key of a stack's config that looks like a setting `tione:…`, or like a part of one, and
    is none.

    Args:
        keys: the keys of the config, such as `tione:region`.
        config: returns the value of a key.
    """
    lowered = {name.lower(): name for name in _SETTINGS}
    warnings = []
    for key in sorted(keys):
        namespace, _, name = key.partition(":")
        if namespace != "tione":
            continue
        if name in _SETTINGS:
            warnings += [_not_a_setting(f"{key}.{part}", near) for part, near in unknown_parts(name, config(key))]
            continue
        import difflib  # few stacks have a setting that does not exist

        near = difflib.get_close_matches(name.lower(), lowered, n=1)
        warnings.append(_not_a_setting(key, f"tione:{lowered[near[0]]}" if near else ""))
    return warnings


def _not_a_setting(key: str, near: str) -> str:
    is_part = "." in key
    remove = f"pulumi config rm --path '{key}'" if is_part else f"pulumi config rm {key}"
    hint = f"Did you mean {near}?" if near else f"Run `{remove}`"
    return f"{key} is not a setting of pulumi_tione and has no effect. {hint}"


def _is_machine_of_vendor() -> bool:
    """Check whether this is a machine of Tencent Cloud, which may have a role, without asking its metadata service."""
    with suppress(OSError, ValueError):
        return "tencent" in _VENDOR_OF_MACHINE.read_text(encoding="utf-8").lower()
    return False


def _parsed_endpoint(address: str, source: str) -> Endpoint:
    """Read an address. An error does not show it, because it may contain a password."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises ValueError
        is_plain = bool(parts.hostname) and "@" not in parts.netloc and not (parts.path.strip("/") or parts.query)
    except ValueError:
        is_plain = False
    if not is_plain or parts.scheme not in ("http", "https"):
        raise SettingsError(
            f"{source} is not an address. Set it to one with a scheme and no path, such as "
            "https://tione.tencentcloudapi.com or http://127.0.0.1:9851"
        )
    return Endpoint(parts.scheme, parts.netloc)
