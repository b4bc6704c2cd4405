"""The keys in use: lent by roles where settings say so, renewed before they end, replaced when they are refused.

All threads and regions of a process share the keys of the same settings. A request is never signed with keys of another
account than its task's: keys that stand in for expired ones have been asked for their account first.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import requests
import tenacity

from pulumi_tione._api.connection import BoundedAdapter, exchanging
from pulumi_tione._api.sdk import Caller, Service
from pulumi_tione._config.settings import Settings
from pulumi_tione._config.sources import (
    AssumedRole,
    Credentials,
    CredentialSource,
    MachineRole,
    StaticCredentials,
    WebIdentity,
)
from pulumi_tione._masking import masking
from pulumi_tione.errors import (
    REFUSED_CREDENTIALS,
    ApiError,
    CredentialsRefusedError,
    RequestNotSentError,
    SettingsError,
    TioneError,
    is_transient,
)

STS: Service = ("sts", "2018-08-13")
_METADATA = "http://metadata.tencentyun.com"
_ROLES = "/latest/meta-data/cam/security-credentials/"
_METADATA_SECONDS = (1, 5)
"""How long the metadata service may take to be found, and how long nothing may come of its answer."""

_METADATA_ANSWER_SECONDS = 15.0
"""How long its answers may take, all in all."""

_ATTEMPTS = 4
_RENEWED_SECONDS_BEFORE = 300
"""How long before their end keys are renewed; those that live short, in the last quarter of their life."""

_SECONDS_AFTER_FAILURE = 30
"""How long keys that could not be had are not asked for again."""

_NO_KEYS = (
    "there are no keys to sign requests with: set tione:secretId and tione:secretKey "
    "(`pulumi config set --secret tione:secretKey …`), or TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or run "
    "`tccli configure`"
)


class ResolvedCredentials(NamedTuple):
    """Credentials in use."""

    credentials: Credentials
    origin: str
    """The setting, file or machine that they come from."""
    role: str | None = None
    """The role that they were lent for."""
    renew_at: float | None = None
    expires: float | None = None
    """When they are to be renewed and when they end, in seconds since 1970; nothing for those that stay."""

    @property
    def source(self) -> str:
        """Where they come from, in words."""
        return f"{self.origin} with the role {self.role}" if self.role else self.origin


class CredentialResolver:
    """The keys that settings lead to.

    Args:
        settings: where keys come from.
        now: the time in seconds since 1970.
        sleep: how pauses between attempts are made.
    """

    def __init__(
        self, settings: Settings, now: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._settings = settings
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._keys: dict[str | None, ResolvedCredentials] = {}
        """Those in use, and those that stand in for them for an account's tasks."""
        self._failures: dict[str | None, tuple[float, TioneError]] = {}
        """When they could not be had the last time, and why."""
        self._has_no_machine_role = False

    def current(self, account: str | None = None) -> ResolvedCredentials:
        """Give the keys to sign with, renewed where they end soon.

        Args:
            account: the account of the task that it is about, where that is known.

        Raises:
            SettingsError: there are no keys, or a role cannot be assumed.
            CredentialsRefusedError: the keys that a role is assumed with are not accepted.
            RequestNotSentError: whoever lends keys cannot be asked.
        """
        with self._lock:
            whose = account if account in self._keys else None
            keys = self._keys.get(whose)
            if keys is None or (keys.renew_at is not None and self._now() >= keys.renew_at):
                keys = self._keys[whose] = self._renewed(whose, keys)
            return keys

    def instead_of(
        self, refused: ResolvedCredentials | None, account: str | None, account_of: Callable[[ResolvedCredentials], str]
    ) -> ResolvedCredentials | None:
        """Give keys in place of some that the service does not accept any more, or nothing if there are none.

        They are those that the same source has now; or else the next source's, if they are of the same account.

        Args:
            refused: the keys that were refused; nothing if that happened before they lent the keys of a role.
            account: the account that others must belong to; without it there are no others.
            account_of: asks the service for the account of keys.
        """
        with self._lock:
            whose = account if account in self._keys else None
            used = self._keys.get(whose)
            if refused is not None and used is not None and used.credentials != refused.credentials:
                return used  # another thread was faster
            with suppress(TioneError):
                fresh = self._lent(refused.origin if refused else None)
                is_new = refused is None or fresh.credentials != refused.credentials
                if is_new and (account is None or account_of(fresh) == account):
                    self._keys[whose] = fresh
                    return fresh
            if account is None:
                return None
            sources = self._settings.credential_sources()
            while True:
                with suppress(TioneError):
                    source = next(sources, None)
                    if source is None:
                        return None
                    other = self._ask(source)
                    is_another = other is not None and (refused is None or other.credentials != refused.credentials)
                    if other and is_another and account_of(other) == account:
                        self._keys[account] = other
                        return other

    def _renewed(self, whose: str | None, keys: ResolvedCredentials | None) -> ResolvedCredentials:
        """Give new keys; or the old ones as long as they hold. After a failure nobody is asked for a while: all that
        wait here wait for one another."""
        failed_at, failure = self._failures.get(whose, (0.0, None))
        if failure is None or self._now() - failed_at > _SECONDS_AFTER_FAILURE:
            try:
                self._failures.pop(whose, None)
                return self._lent(keys.origin if keys else None)
            except TioneError as error:
                failure = error
                self._failures[whose] = (self._now(), error)
        if keys is None or keys.expires is None or self._now() >= keys.expires:
            raise failure
        return keys

    def _lent(self, wanted: str | None) -> ResolvedCredentials:
        """Give what a source lends now, or the first one that has keys."""
        for source in self._settings.credential_sources():
            keys = self._ask(source) if wanted is None or source.source == wanted else None
            if keys is not None:
                return keys
        raise SettingsError(_NO_KEYS)

    def _ask(self, source: CredentialSource) -> ResolvedCredentials | None:
        """Give the keys that a source lends; nothing where it turns out that it is none."""
        keys: ResolvedCredentials | None
        match source:
            case StaticCredentials():
                keys = ResolvedCredentials(source.credentials, source.source)
            case WebIdentity():
                keys = self._by_web_identity(source)
            case MachineRole():
                keys = self._of_machine(source)
        return keys if keys is None or source.role is None else self._assumed(source.role, keys)

    def _assumed(self, role: AssumedRole, keys: ResolvedCredentials) -> ResolvedCredentials:
        body = {
            "RoleArn": role.arn,
            "RoleSessionName": role.session_name,
            "DurationSeconds": role.session_seconds,
            **({"Policy": quote(role.policy, safe="")} if role.policy else {}),
            **({"ExternalId": role.external_id} if role.external_id else {}),
        }
        with masking([role.external_id] if role.external_id else []):
            return self._by_sts("AssumeRole", body, keys.credentials, keys.origin)

    def _by_web_identity(self, identity: WebIdentity) -> ResolvedCredentials:
        token = identity.token
        if token is None and identity.token_file is not None:
            try:
                token = Path(identity.token_file).read_text(encoding="utf-8").strip()
            except (OSError, ValueError):
                raise SettingsError(f"{identity.source} names a file that cannot be read") from None
        body = {
            "ProviderId": identity.provider_id,
            "WebIdentityToken": token,
            "RoleArn": identity.arn,
            "RoleSessionName": identity.session_name,
            "DurationSeconds": identity.session_seconds,
        }
        with masking([token] if token else []):
            return self._by_sts("AssumeRoleWithWebIdentity", body, None, identity.source)

    def _by_sts(
        self, action: str, body: Mapping[str, Any], keys: Credentials | None, origin: str
    ) -> ResolvedCredentials:
        """Have keys lent by the service `sts`, patiently: it does no harm to ask twice."""
        caller = Caller(self._settings, STS, self._settings.region)
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_transient),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=10),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            answer = attempts(caller.send, action, body, keys)
            credentials, expires = _lent_by(answer["Credentials"]), float(answer["ExpiredTime"])
        except TioneError as error:
            if isinstance(error, ApiError) and error.code in REFUSED_CREDENTIALS:
                raise CredentialsRefusedError(error, origin) from None
            reason = f"the role {body['RoleArn']} cannot be assumed with {origin}: {error}"
            # Neither must be taken for an answer to the request that the keys are for.
            failure = RequestNotSentError(reason) if is_transient(error) else SettingsError(reason)
            raise failure from None
        except (KeyError, TypeError, ValueError):
            raise RequestNotSentError(f"{action} was answered without keys") from None
        return self._until(expires, ResolvedCredentials(credentials, origin, str(body["RoleArn"])))

    def _of_machine(self, machine: MachineRole) -> ResolvedCredentials | None:
        """Ask the metadata service, which no proxy stands before. Where there is none, this machine has no role."""
        if machine.name is None and self._has_no_machine_role:
            return None
        address = (machine.endpoint or _METADATA) + _ROLES
        with requests.Session() as session, exchanging(_METADATA_ANSWER_SECONDS):
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, BoundedAdapter())
            try:
                name = machine.name or session.get(address, timeout=_METADATA_SECONDS).text.strip()
                told = session.get(address + quote(name, safe=""), timeout=_METADATA_SECONDS).json()
                return self._until(float(told["ExpiredTime"]), ResolvedCredentials(_lent_by(told), machine.source))
            except (requests.RequestException, KeyError, TypeError, ValueError) as error:
                if machine.name is None:
                    self._has_no_machine_role = isinstance(error, requests.ConnectionError)
                    return None
                reason = type(error).__name__
                raise SettingsError(
                    f"{machine.source}, {machine.name!r}: the metadata service of this machine lends no keys ({reason})"
                ) from None

    def _until(self, expires: float, keys: ResolvedCredentials) -> ResolvedCredentials:
        before = min(_RENEWED_SECONDS_BEFORE, max(expires - self._now(), 0) / 4)
        return keys._replace(renew_at=expires - before, expires=expires)


def _lent_by(told: Mapping[str, Any]) -> Credentials:
    """Read keys that were lent.

    Raises:
        KeyError, TypeError, ValueError: these are none.
    """
    parts = [told[name] for name in ("TmpSecretId", "TmpSecretKey", "Token")]
    if not all(isinstance(part, str) and part for part in parts):
        raise ValueError("a part of a key is no text")
    return Credentials(*parts)


@functools.lru_cache(maxsize=256)
def resolver_of(settings: Settings) -> CredentialResolver:
    """Give the supply of keys that these settings have in this process."""
    return CredentialResolver(settings)
