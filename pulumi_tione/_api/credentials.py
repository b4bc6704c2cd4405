"""The credentials in use: static ones, or temporary ones of a role, renewed before they expire, replaced when refused.

All threads and regions of a process share the credentials of the same settings. A request about a task is never signed
with credentials of another account: before credentials replace expired ones, the service is asked for their account.

Where credentials come from, and in which order, is in `_config/settings.py` (`Settings.credential_sources`): the task's
own settings, config `tione:…`, config `tencentcloud:…`, `TENCENTCLOUD_…`, the profile of `tccli`, the SDK's file, the
machine's role, the web identity of TKE. A task whose own settings name a profile or the machine's role (`camRoleName`)
uses no other source.

Temporary credentials are renewed 300 seconds before they expire, short-lived ones in the last quarter of their life. A
source that failed is asked again after 30 seconds. How long a role's session lasts is in `_config/sources.py`.

A call that has to end does not wait for credentials. That is not a failure of their source: other calls may go on.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import requests
import tenacity

from pulumi_tione._api.connection import BoundedAdapter, exchanging
from pulumi_tione._api.sdk import SdkClient, ServiceVersion
from pulumi_tione._config.settings import Settings
from pulumi_tione._config.sources import (
    NO_CREDENTIALS,
    AssumedRole,
    Credentials,
    CredentialSource,
    InvalidSource,
    MachineRole,
    StaticCredentials,
    WebIdentity,
)
from pulumi_tione._masking import masking
from pulumi_tione.call_context import CallEndedError, current_call, sleep_in_call
from pulumi_tione.errors import (
    REFUSED_CREDENTIALS,
    ApiError,
    CredentialsRefusedError,
    RequestNotSentError,
    SettingsError,
    TioneError,
    is_transient,
)

STS: ServiceVersion = ("sts", "2018-08-13")
_METADATA = "http://metadata.tencentyun.com"
_ROLES = "/latest/meta-data/cam/security-credentials/"
_METADATA_TIMEOUTS = (1, 5)
"""For connecting to the metadata service, and for each read of its answer, in seconds."""

_METADATA_TOTAL_SECONDS = 15.0
"""How long its answers may take in total."""

_MAX_ATTEMPTS = 4
_MAX_RENEWAL_SECONDS = 300
"""How long before they expire credentials are renewed; short-lived ones in the last quarter of their life."""

_SECONDS_AFTER_FAILURE = 30
"""How long a failed source is not asked again."""


class ResolvedCredentials(NamedTuple):
    """Credentials in use."""

    credentials: Credentials
    origin: str
    """The setting, file or machine that they come from."""
    role: str | None = None
    """The role that they were obtained for."""
    renew_at: float | None = None
    expires: float | None = None
    """When they are to be renewed and when they expire, in seconds since 1970; None for static credentials."""

    @property
    def source(self) -> str:
        """Where they come from, in words."""
        return f"{self.origin} with the role {self.role}" if self.role else self.origin


class _Failure(NamedTuple):
    """When credentials could not be obtained, and why."""

    at: float
    error: TioneError


class CredentialResolver:
    """Resolves the credentials that settings lead to.

    Args:
        settings: where credentials come from.
        now: the time in seconds since 1970.
        sleep: how to pause between attempts; by default until the call that needs the credentials has to end.
    """

    def __init__(
        self, settings: Settings, now: Callable[[], float] = time.time, sleep: Callable[[float], None] = sleep_in_call
    ) -> None:
        self._settings = settings
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._current: dict[str | None, ResolvedCredentials] = {}
        """Those in use, by the account that they replace refused ones for; None for the usual ones."""
        self._failures: dict[str | None, _Failure] = {}
        """The last failure to obtain them."""

    def current(self, account: str | None = None) -> ResolvedCredentials:
        """Return the credentials to sign with, renewed if they expire soon.

        Args:
            account: the account of the task that the request is about, where that is known.

        Raises:
            SettingsError: there are no credentials, or a role cannot be assumed.
            CredentialsRefusedError: the credentials that assume a role are not accepted.
            RequestNotSentError: the service that issues the credentials cannot be reached.
            CallEndedError: new credentials are needed, but the call has to end.
        """
        with self._lock:
            owner = account if account in self._current else None
            credentials = self._current.get(owner)
            if credentials is None or (credentials.renew_at is not None and self._now() >= credentials.renew_at):
                credentials = self._current[owner] = self._renewed(owner, credentials)
            return credentials

    def instead_of(
        self, refused: ResolvedCredentials | None, account: str | None, account_of: Callable[[ResolvedCredentials], str]
    ) -> ResolvedCredentials | None:
        """Return credentials in place of some that the service no longer accepts; None if there are none.

        These are the ones that the same source has now, or else the next source's, if they are of the same account. A
        source that fails does not hide the ones after it.

        Args:
            refused: the credentials that were refused; None if that happened before they obtained those of a role.
            account: the account that others must belong to; without it only the same source is asked.
            account_of: asks the service for the account of credentials.

        Raises:
            CallEndedError: the call has to end.
        """
        with self._lock:
            owner = account if account in self._current else None
            used = self._current.get(owner)
            if refused is not None and used is not None and used.credentials != refused.credentials:
                return used  # another thread has replaced them
            current_call().raise_if_ended()

            def is_usable(candidate: ResolvedCredentials) -> bool:
                is_new = refused is None or candidate.credentials != refused.credentials
                return is_new and (account is None or account_of(candidate) == account)

            try:
                renewed = self._fetch(refused.origin if refused else None)
                if is_usable(renewed):
                    self._current[owner] = renewed
                    return renewed
            except CallEndedError:
                raise
            except TioneError:
                pass
            if account is None:
                return None
            for source in self._settings.credential_sources():
                try:
                    candidate = self._ask(source)
                    if candidate is not None and is_usable(candidate):
                        self._current[account] = candidate
                        return candidate
                except CallEndedError:
                    raise
                except TioneError:
                    continue
            return None

    def _renewed(self, owner: str | None, expiring: ResolvedCredentials | None) -> ResolvedCredentials:
        """Return new credentials; or the expiring ones as long as they are valid.

        After a failure the source is not asked again for a while: all threads wait here for one another. A call that
        was cancelled while it waited does not ask.
        """
        failure = self._failures.get(owner)
        if failure is None or self._now() - failure.at > _SECONDS_AFTER_FAILURE:
            try:
                current_call().raise_if_ended()
                return self._fetch(expiring.origin if expiring else None)
            except TioneError as error:
                failure = _Failure(self._now(), error)
                if not isinstance(error, CallEndedError):
                    self._failures[owner] = failure
        if expiring is None or expiring.expires is None or self._now() >= expiring.expires:
            raise failure.error
        return expiring

    def _fetch(self, origin: str | None) -> ResolvedCredentials:
        """Return what the source with this origin has now; without an origin, the first source that has any.

        Raises:
            SettingsError: no source has any, or one before it is invalid.
        """
        for source in self._settings.credential_sources():
            if origin is not None and (isinstance(source, InvalidSource) or source.source != origin):
                continue
            credentials = self._ask(source)
            if credentials is not None:
                return credentials
        raise SettingsError(NO_CREDENTIALS)

    def _ask(self, source: CredentialSource) -> ResolvedCredentials | None:
        """Return the credentials of a source; None if it turns out to have none.

        Raises:
            TioneError: the source is invalid, or does not issue credentials.
        """
        credentials: ResolvedCredentials | None
        match source:
            case InvalidSource():
                raise source.error
            case StaticCredentials():
                credentials = ResolvedCredentials(source.credentials, source.source)
            case WebIdentity():
                credentials = self._by_web_identity(source)
            case MachineRole():
                credentials = self._of_machine(source)
        if credentials is None or source.role is None:
            return credentials
        return self._by_assumed_role(source.role, credentials)

    def _by_assumed_role(self, role: AssumedRole, base: ResolvedCredentials) -> ResolvedCredentials:
        body = {
            "RoleArn": role.arn,
            "RoleSessionName": role.session_name,
            "DurationSeconds": role.session_seconds,
            **({"Policy": quote(role.policy, safe="")} if role.policy else {}),
            **({"ExternalId": role.external_id} if role.external_id else {}),
        }
        with masking([role.external_id] if role.external_id else []):
            return self._by_sts("AssumeRole", body, base.credentials, base.origin)

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
        self, action: str, body: Mapping[str, Any], signed_with: Credentials | None, origin: str
    ) -> ResolvedCredentials:
        """Request temporary credentials from the service `sts`. Transient errors are retried."""
        client = SdkClient(self._settings, STS, self._settings.region)
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_transient),
            wait=tenacity.wait_random_exponential(multiplier=0.5),
            stop=tenacity.stop_after_attempt(_MAX_ATTEMPTS),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            response = attempts(client.send, action, body, signed_with)
            credentials = _temporary_credentials(response["Credentials"])
            expires = float(response["ExpiredTime"])
        except CallEndedError:
            raise
        except TioneError as error:
            if isinstance(error, ApiError) and error.code in REFUSED_CREDENTIALS:
                raise CredentialsRefusedError(error, origin) from None
            reason = f"the role {body['RoleArn']} cannot be assumed with {origin}: {error}"
            # Neither may be mistaken for an answer to the request that the credentials are for.
            failure = RequestNotSentError(reason) if is_transient(error) else SettingsError(reason)
            raise failure from None
        except (KeyError, TypeError, ValueError):
            raise RequestNotSentError(f"{action} returned no credentials for the role {body['RoleArn']}") from None
        return self._until(expires, ResolvedCredentials(credentials, origin, str(body["RoleArn"])))

    def _of_machine(self, machine: MachineRole) -> ResolvedCredentials | None:
        """Ask the metadata service, never through a proxy. A machine without one has no role."""
        address = (machine.endpoint or _METADATA) + _ROLES
        with requests.Session() as session, exchanging(_METADATA_TOTAL_SECONDS):
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, BoundedAdapter())
            try:
                name = machine.name or session.get(address, timeout=_METADATA_TIMEOUTS).text.strip()
                content = session.get(address + quote(name, safe=""), timeout=_METADATA_TIMEOUTS).json()
                resolved = ResolvedCredentials(_temporary_credentials(content), machine.source)
                return self._until(float(content["ExpiredTime"]), resolved)
            except (requests.RequestException, KeyError, TypeError, ValueError) as error:
                if machine.name is None:
                    return None
                raise SettingsError(
                    f"the metadata service returned no credentials for {machine.source}, {machine.name!r} "
                    f"({type(error).__name__}). Attach the role to the machine, or correct its name"
                ) from None

    def _until(self, expires: float, credentials: ResolvedCredentials) -> ResolvedCredentials:
        before = min(_MAX_RENEWAL_SECONDS, max(expires - self._now(), 0) / 4)
        return credentials._replace(renew_at=expires - before, expires=expires)


def _temporary_credentials(content: Mapping[str, Any]) -> Credentials:
    """Read temporary credentials from what issued them.

    Raises:
        KeyError, TypeError, ValueError: there are none in it.
    """
    parts = [content[name] for name in ("TmpSecretId", "TmpSecretKey", "Token")]
    if not all(isinstance(part, str) and part for part in parts):
        raise ValueError
    return Credentials(*parts)


@functools.lru_cache(maxsize=256)
def resolver_of(settings: Settings) -> CredentialResolver:
    """Return the resolver that these settings have in this process."""
    return CredentialResolver(settings)
