"""When credentials are obtained, renewed and replaced, and what is requested for that. Time is the test's.

Requests to the services that issue credentials are in `tests/component/test_credentials.py`, the order of the sources
is in `test_settings.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from pulumi_tione._api import credentials as module
from pulumi_tione._api.connection import BoundedAdapter
from pulumi_tione._api.credentials import STS, CredentialResolver, ResolvedCredentials, resolver_of
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
from pulumi_tione._masking import mask
from pulumi_tione.call_context import CallContext, CallEndedError, handling
from pulumi_tione.errors import ApiError, CredentialsRefusedError, RequestNotSentError, SettingsError, TioneError

ROLE = "qcs::cam::uin/100000000001:roleName/train"
LONG = 7200.0
STATIC = StaticCredentials("the environment", Credentials("id", "key"))
ASSUMING = dataclasses.replace(STATIC, role=AssumedRole(ROLE))


class Sts:
    """The service that issues temporary credentials, and the clock."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.lifetime = LONG
        self.requests: list[tuple[str, dict[str, Any], Credentials | None]] = []
        self.troubles: list[TioneError] = []
        self.pauses: list[float] = []
        self.response: dict[str, Any] | None = None
        self.masked: list[str] = []

    def __call__(self, settings: Settings, service: object, region: str | None) -> Sts:
        assert (settings.region, service, region) == ("ap-guangzhou", STS, "ap-guangzhou")
        return self

    def send(self, action: str, body: Mapping[str, Any], signed_with: Credentials | None) -> dict[str, Any]:
        self.requests.append((action, dict(body), signed_with))
        self.masked.append(mask(" ".join(str(value) for value in body.values())))
        if self.troubles:
            raise self.troubles.pop(0)
        issued = {"TmpSecretId": f"tmp-{len(self.requests)}", "TmpSecretKey": "k", "Token": "t"}
        return self.response or {"Credentials": issued, "ExpiredTime": self.now + self.lifetime}


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Sts:
    service = Sts()
    monkeypatch.setattr(module, "SdkClient", service)
    return service


def resolver(sts: Sts, *sources: CredentialSource) -> CredentialResolver:
    resolving = sleeping_resolver(sts, *sources)
    resolving._sleep = sts.pauses.append
    return resolving


def sleeping_resolver(sts: Sts, *sources: CredentialSource) -> CredentialResolver:
    """Return a resolver that sleeps as that of a process does."""
    settings = types.SimpleNamespace(region="ap-guangzhou", credential_sources=lambda: iter(sources))
    return CredentialResolver(settings, now=lambda: sts.now)  # type: ignore[arg-type]


def broken() -> ApiError:
    return ApiError("AssumeRole", "InternalError", "no", "r-1")


# When credentials are renewed.


@pytest.mark.parametrize(("lifetime", "renewed_after"), [(7200, 6900), (1200, 900), (1000, 750), (40, 30)])
def test_credentials_are_renewed_five_minutes_before_their_end_or_in_the_last_quarter_of_a_short_life(
    sts: Sts, lifetime: float, renewed_after: float
) -> None:
    sts.lifetime = lifetime
    resolving = resolver(sts, ASSUMING)
    first = resolving.current()
    assert first.expires == sts.now + lifetime
    sts.now += renewed_after - 0.5
    assert resolving.current() is first
    sts.now += 0.5
    second = resolving.current()
    assert second.credentials != first.credentials
    assert resolving.current() is second
    assert len(sts.requests) == 2


def test_credentials_that_have_expired_when_they_are_issued_are_renewed_each_time(sts: Sts) -> None:
    sts.lifetime = -10
    resolving = resolver(sts, ASSUMING)
    assert resolving.current().renew_at == sts.now - 10
    resolving.current()
    assert len(sts.requests) == 2


def test_static_credentials_are_never_renewed(sts: Sts) -> None:
    asked: list[int] = []
    resolving = resolver(sts)

    def sources() -> Iterator[CredentialSource]:
        asked.append(1)
        yield STATIC

    resolving._settings.credential_sources = sources  # type: ignore[method-assign]
    first = resolving.current()
    sts.now += 10**9
    assert resolving.current() is first
    assert asked == [1]
    assert (first.renew_at, first.expires, first.role) == (None, None, None)


def test_after_a_failure_nobody_is_asked_for_half_a_minute(sts: Sts) -> None:
    resolving = resolver(sts, ASSUMING)
    sts.troubles = [broken() for _ in range(8)]
    for after in (0, 15, 15):
        sts.now += after
        with pytest.raises(RequestNotSentError):
            resolving.current()
        assert len(sts.requests) == 4
    sts.now += 0.5
    with pytest.raises(RequestNotSentError):
        resolving.current()
    assert len(sts.requests) == 8
    sts.now += 30.5
    assert resolving.current().role == ROLE


def test_a_failure_that_is_over_delays_no_later_renewal(sts: Sts) -> None:
    resolving = resolver(sts, ASSUMING)
    sts.troubles = [broken() for _ in range(4)]
    with pytest.raises(RequestNotSentError):
        resolving.current()
    for after in (31, LONG - 60, LONG - 60):
        sts.now += after
        requests = len(sts.requests)
        resolving.current()
        assert len(sts.requests) == requests + 1


def test_an_account_without_credentials_of_its_own_uses_the_usual_ones(sts: Sts) -> None:
    resolving = resolver(sts, ASSUMING)
    assert resolving.current() is resolving.current("300")
    assert len(sts.requests) == 1


@pytest.mark.parametrize("time_left", [300, 100, 0.5])
def test_credentials_that_cannot_be_renewed_are_used_until_they_expire(sts: Sts, time_left: float) -> None:
    resolving = resolver(sts, ASSUMING)
    first = resolving.current()
    sts.troubles = [broken() for _ in range(100)]
    sts.now += LONG - time_left
    assert resolving.current() is first
    sts.now += time_left
    with pytest.raises(RequestNotSentError, match=f"the role {ROLE} cannot be assumed with the environment"):
        resolving.current()


def test_a_renewal_asks_the_source_that_the_credentials_come_from(sts: Sts) -> None:
    sources: list[CredentialSource] = [ASSUMING]
    resolving = resolver(sts)
    resolving._settings.credential_sources = lambda: iter(sources)  # type: ignore[method-assign]
    resolving.current()
    sources.insert(0, dataclasses.replace(ASSUMING, source="a file", credentials=Credentials("other", "key")))
    sts.now += LONG - 60
    assert resolving.current().origin == "the environment"
    assert [signed_with and signed_with.secret_id for _, _, signed_with in sts.requests] == ["id", "id"]


def test_each_account_has_its_own_credentials_renewals_and_failures(sts: Sts) -> None:
    of_file = dataclasses.replace(ASSUMING, source="a file", credentials=Credentials("other", "key"))
    resolving = resolver(sts, ASSUMING, of_file)
    refused = resolving.current()
    replacement = resolving.instead_of(refused, "100", lambda each: "100" if each.origin == "a file" else "200")
    assert replacement is not None
    assert replacement.origin == "a file"
    sts.now += LONG - 60
    assert resolving.current("100").origin == "a file"
    assert resolving.current("100") is not replacement
    sts.now += LONG - 60
    sts.troubles = [broken() for _ in range(4)]
    kept = resolving.current("100")  # cannot be renewed, and is still valid
    assert kept.origin == "a file"
    assert resolving.current().origin == "the environment"  # is renewed in spite of that
    assert resolving.current("100") is kept
    assert [signed_with and signed_with.secret_id for _, _, signed_with in sts.requests[-5:]] == ["other"] * 4 + ["id"]


# Credentials that are refused.


def test_what_another_thread_has_put_in_place_is_used_without_a_request(sts: Sts) -> None:
    resolving = resolver(sts, ASSUMING)
    refused = resolving.current()
    first = resolving.instead_of(refused, None, lambda _: pytest.fail("no account is compared"))
    assert first is not None
    assert len(sts.requests) == 2
    assert resolving.instead_of(refused, None, lambda _: pytest.fail("no account is compared")) is first
    assert resolving.instead_of(refused, "100", lambda _: pytest.fail("no account is compared")) is first
    assert len(sts.requests) == 2


def test_a_replacement_that_is_refused_is_not_replaced_by_credentials_of_another_account(sts: Sts) -> None:
    of_file = dataclasses.replace(STATIC, source="a file", credentials=Credentials("other", "key"))
    third = dataclasses.replace(STATIC, source="another file", credentials=Credentials("third", "key"))

    def account_of(each: ResolvedCredentials) -> str:
        return "200" if each.origin == "the environment" else "100"

    resolving = resolver(sts, STATIC, of_file, third)
    first = resolving.instead_of(resolving.current(), "100", account_of)
    assert first is not None
    assert first.origin == "a file"
    second = resolving.instead_of(first, "100", account_of)
    assert second is not None
    assert second.origin == "another file"
    assert resolving.current("100") is second


def test_without_an_account_only_the_same_source_is_asked_even_if_another_one_goes_before_it_by_now(sts: Sts) -> None:
    sources: list[CredentialSource] = [STATIC]
    resolving = resolver(sts)
    resolving._settings.credential_sources = lambda: iter(sources)  # type: ignore[method-assign]
    refused = resolving.current()
    renewed = dataclasses.replace(STATIC, credentials=Credentials("renewed", "key"))
    sources[:] = [dataclasses.replace(STATIC, source="a file", credentials=Credentials("other", "key")), renewed]
    replacement = resolving.instead_of(refused, None, lambda _: pytest.fail("no account is compared"))
    assert replacement is not None
    assert replacement.credentials.secret_id == "renewed"


def test_a_refusal_before_a_role_was_assumed_tries_the_sources_from_the_first_on(sts: Sts) -> None:
    refused = ApiError("AssumeRole", "AuthFailure.SecretIdNotFound", "no", "r-1")
    later = dataclasses.replace(STATIC, source="a file", credentials=Credentials("other", "key"))
    resolving = resolver(sts, ASSUMING, later)
    sts.troubles = [refused]
    with pytest.raises(CredentialsRefusedError):
        resolving.current()
    sts.troubles = [refused, refused]
    replacement = resolving.instead_of(None, "100", lambda _: "100")
    assert replacement is not None
    assert replacement.origin == "a file"
    assert resolving.current("100") is replacement
    sts.troubles = []
    again = resolving.instead_of(None, None, lambda _: pytest.fail("no account is compared"))
    assert again is not None
    assert again.role == ROLE


def test_the_refused_credentials_are_no_replacement_for_themselves(sts: Sts) -> None:
    resolving = resolver(sts, STATIC)
    refused = resolving.current()
    assert resolving.instead_of(refused, None, lambda _: "100") is None
    assert resolving.instead_of(refused, "100", lambda _: "100") is None
    assert resolving.current() is refused


# What is requested.


def test_a_role_is_requested_with_all_that_the_settings_have_of_it(sts: Sts) -> None:
    policy = '{"version":"2.0"} /'
    role = AssumedRole(ROLE, "deploy", 3600, policy, "planted-external-id")
    resolved = resolver(sts, dataclasses.replace(STATIC, role=role)).current()
    assert sts.requests == [
        (
            "AssumeRole",
            {
                "RoleArn": ROLE,
                "RoleSessionName": "deploy",
                "DurationSeconds": 3600,
                "Policy": "%7B%22version%22%3A%222.0%22%7D%20%2F",
                "ExternalId": "planted-external-id",
            },
            Credentials("id", "key"),
        )
    ]
    assert "planted-external-id" not in sts.masked[0]
    assert resolved == ResolvedCredentials(
        Credentials("tmp-1", "k", "t"), "the environment", ROLE, sts.now + 6900, sts.now + LONG
    )
    assert resolved.source == f"the environment with the role {ROLE}"


def test_a_role_without_policy_and_external_id_is_requested_without_them(sts: Sts) -> None:
    resolver(sts, ASSUMING).current()
    ((_, body, _),) = sts.requests
    assert sorted(body) == ["DurationSeconds", "RoleArn", "RoleSessionName"]


@pytest.mark.parametrize("is_in_file", [False, True])
def test_a_web_identity_is_exchanged_without_a_signature(sts: Sts, tmp_path: Path, is_in_file: bool) -> None:
    file = tmp_path / "token"
    file.write_text(" planted-tök.en\n", encoding="utf-8")
    token, path = (None, str(file)) if is_in_file else ("planted-tök.en", None)
    identity = WebIdentity("the config", ROLE, "deploy", 3600, "OIDC", token, path)
    resolved = resolver(sts, identity).current()
    body = {
        "ProviderId": "OIDC",
        "WebIdentityToken": "planted-tök.en",
        "RoleArn": ROLE,
        "RoleSessionName": "deploy",
        "DurationSeconds": 3600,
    }
    assert sts.requests == [("AssumeRoleWithWebIdentity", body, None)]
    assert "planted-tök.en" not in sts.masked[0]
    assert (resolved.origin, resolved.role) == ("the config", ROLE)


def test_a_token_file_that_cannot_be_read_is_named_by_its_setting(sts: Sts, tmp_path: Path) -> None:
    unreadable = tmp_path / "token"
    unreadable.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "absent", unreadable):
        identity = WebIdentity("the config", ROLE, "deploy", 3600, "OIDC", None, str(path))
        with pytest.raises(SettingsError, match=r"^the config names a file that cannot be read$"):
            resolver(sts, identity).current()


def test_a_role_of_a_role_is_assumed_with_its_credentials(sts: Sts) -> None:
    identity = WebIdentity("the config", ROLE, "deploy", 3600, "OIDC", "token", None, AssumedRole("other"))
    resolved = resolver(sts, identity).current()
    assert [action for action, _, _ in sts.requests] == ["AssumeRoleWithWebIdentity", "AssumeRole"]
    assert sts.requests[1][2] == Credentials("tmp-1", "k", "t")
    assert (resolved.origin, resolved.role) == ("the config", "other")


def test_a_transient_error_of_sts_is_retried_three_times_with_growing_pauses(sts: Sts) -> None:
    longest = [0.0, 0.0, 0.0]
    for _ in range(40):
        sts.pauses.clear()
        sts.troubles = [broken() for _ in range(3)]
        assert resolver(sts, ASSUMING).current().role == ROLE
        assert len(sts.pauses) == 3
        longest = [max(pauses) for pauses in zip(longest, sts.pauses, strict=True)]
    assert all(limit / 2 < seconds <= limit for seconds, limit in zip(longest, (0.5, 1, 2), strict=True))


def test_an_error_that_will_not_pass_is_not_retried_and_is_one_of_the_settings(sts: Sts) -> None:
    sts.troubles = [ApiError("AssumeRole", "UnauthorizedOperation", "no", "r-1")]
    with pytest.raises(SettingsError, match=f"the role {ROLE} cannot be assumed with the environment: .*Unauth"):
        resolver(sts, ASSUMING).current()
    assert len(sts.requests) == 1


def test_credentials_that_sts_does_not_accept_are_named_by_their_source(sts: Sts) -> None:
    sts.troubles = [ApiError("AssumeRole", "AuthFailure.SecretIdNotFound", "no", "r-1")]
    with pytest.raises(CredentialsRefusedError, match="the credentials come from the environment"):
        resolver(sts, ASSUMING).current()
    assert len(sts.requests) == 1


ISSUED = {"TmpSecretId": "a", "TmpSecretKey": "b", "Token": "c"}


@pytest.mark.parametrize(
    "response",
    [
        {"ExpiredTime": 1},
        {"Credentials": ISSUED},
        {"Credentials": ISSUED, "ExpiredTime": "soon"},
        {"Credentials": ISSUED, "ExpiredTime": None},
        {"Credentials": None, "ExpiredTime": 1},
        {"Credentials": {**ISSUED, "Token": ""}, "ExpiredTime": 1},
        {"Credentials": {**ISSUED, "TmpSecretId": 7}, "ExpiredTime": 1},
    ],
)
def test_a_response_without_credentials_means_that_nothing_was_sent(sts: Sts, response: dict[str, Any]) -> None:
    sts.response = response
    with pytest.raises(RequestNotSentError, match=f"^AssumeRole returned no credentials for the role {ROLE}$"):
        resolver(sts, ASSUMING).current()


# The role of a machine.


class Metadata:
    """The metadata service of a machine, behind `requests`."""

    def __init__(self, content: object = None) -> None:
        self.content = content
        self.gets: list[tuple[str, object]] = []
        self.sessions: list[requests.Session] = []

    def get(self, session: requests.Session, address: str, timeout: object = None) -> Any:
        self.gets.append((address, timeout))
        self.sessions.append(session)
        if isinstance(self.content, Exception):
            raise self.content
        return types.SimpleNamespace(text=" my role/x\n", json=lambda: self.content)


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], Metadata]:
    def serve(content: object) -> Metadata:
        service = Metadata(content)
        monkeypatch.setattr(requests.Session, "get", lambda session, *args, **how: service.get(session, *args, **how))
        return service

    return serve


FOLDER = "/latest/meta-data/cam/security-credentials/"


def test_the_role_of_a_machine_is_asked_for_its_name_and_then_for_credentials(
    sts: Sts, metadata: Callable[[object], Metadata]
) -> None:
    service = metadata({**ISSUED, "ExpiredTime": sts.now + LONG})
    resolved = resolver(sts, MachineRole("the machine", None, None)).current()
    address = f"http://metadata.tencentyun.com{FOLDER}"
    assert service.gets == [(address, (1, 5)), (f"{address}my%20role%2Fx", (1, 5))]
    assert resolved == ResolvedCredentials(
        Credentials("a", "b", "c"), "the machine", None, sts.now + LONG - 300, sts.now + LONG
    )
    assert resolved.source == "the machine"
    session = service.sessions[0]
    assert not session.trust_env
    for scheme in ("http://x", "https://x"):
        assert isinstance(session.get_adapter(scheme), BoundedAdapter)


def test_a_named_role_is_asked_for_directly_at_the_address_that_is_set(
    sts: Sts, metadata: Callable[[object], Metadata]
) -> None:
    service = metadata({**ISSUED, "ExpiredTime": sts.now + LONG})
    resolver(sts, MachineRole("the config", "train", "http://10.0.0.1")).current()
    assert service.gets == [(f"http://10.0.0.1{FOLDER}train", (1, 5))]


@pytest.mark.parametrize(
    "content", [requests.ConnectTimeout("slow"), ISSUED, {**ISSUED, "ExpiredTime": "soon"}, None, {"ExpiredTime": 1}]
)
def test_a_machine_without_a_role_is_passed_over_and_a_named_role_is_an_error(
    sts: Sts, metadata: Callable[[object], Metadata], content: object
) -> None:
    metadata(content)
    assert resolver(sts, MachineRole("the machine", None, None), STATIC).current().origin == "the environment"
    with pytest.raises(SettingsError) as caught:
        resolver(sts, MachineRole("the config", "train", None), STATIC).current()
    kind = {dict: "KeyError", type(None): "TypeError"}.get(type(content), type(content).__name__)
    if content == {**ISSUED, "ExpiredTime": "soon"}:
        kind = "ValueError"
    assert str(caught.value) == (
        f"the metadata service returned no credentials for the config, 'train' ({kind}). "
        "Attach the role to the machine, or correct its name"
    )


def test_the_answers_of_the_metadata_service_may_take_fifteen_seconds_in_total(
    sts: Sts, metadata: Callable[[object], Metadata], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    def noted(seconds: float) -> contextlib.AbstractContextManager[None]:
        limits.append(seconds)
        return contextlib.nullcontext()

    monkeypatch.setattr(module, "exchanging", noted)
    metadata(None)
    resolver(sts, MachineRole("the machine", None, None), STATIC).current()
    assert limits == [15]


def test_all_clients_with_the_same_settings_share_one_resolver() -> None:
    settings = Settings({"tione:secretId": "id", "tione:secretKey": "key"}.get, {})
    own = {"region": "ap-shanghai"}
    assert resolver_of(settings.of(own)) is resolver_of(settings.of({**own}))
    assert resolver_of(settings.of(own)) is not resolver_of(settings.of(None))
    assert resolver_of(settings).current().credentials == Credentials("id", "key")


def test_an_invalid_source_is_an_error_and_so_is_none(sts: Sts) -> None:
    invalid = InvalidSource(SettingsError("half a source"))
    with pytest.raises(SettingsError, match="half a source"):
        resolver(sts, invalid, STATIC).current()
    with pytest.raises(SettingsError) as caught:
        resolver(sts).current()
    assert str(caught.value) == NO_CREDENTIALS


def test_a_token_in_the_settings_goes_before_one_in_a_file(sts: Sts) -> None:
    resolver(sts, WebIdentity("the config", ROLE, "deploy", 3600, "OIDC", "token", "/absent")).current()
    assert sts.requests[0][1]["WebIdentityToken"] == "token"


# A call that ends.


def cancelled_in_a_pause(sts: Sts) -> CallContext:
    """Return a call that is cancelled in its first pause."""

    def pause(seconds: float) -> None:
        sts.pauses.append(seconds)
        context.cancelled.set()

    context = CallContext(pause=pause)
    return context


def test_a_call_that_is_cancelled_while_a_role_is_assumed_ends_and_no_other_call_takes_that_for_a_failure(
    sts: Sts,
) -> None:
    resolving = sleeping_resolver(sts, ASSUMING)
    sts.troubles = [broken()]
    context = cancelled_in_a_pause(sts)
    with handling(context), pytest.raises(CallEndedError, match=r"^cancelled$"):
        resolving.current()
    assert (len(sts.requests), len(sts.pauses)) == (1, 1)
    for _ in range(2):  # those that waited for it ask nobody
        with handling(context), pytest.raises(CallEndedError, match=r"^cancelled$"):
            resolving.current()
    assert len(sts.requests) == 1
    context.ignore_cancellation()  # there may be a task
    with handling(context):
        assert resolving.current().role == ROLE


def test_a_cancelled_call_uses_credentials_that_are_still_valid(sts: Sts) -> None:
    resolving = sleeping_resolver(sts, ASSUMING)
    first = resolving.current()
    context = CallContext()
    context.cancelled.set()
    sts.now += LONG - 1
    with handling(context):
        assert resolving.current() is first
        sts.now += 1
        with pytest.raises(CallEndedError):
            resolving.current()
    assert len(sts.requests) == 1


@pytest.mark.parametrize("sources", [(ASSUMING,), (STATIC, ASSUMING)], ids=["the same source", "the next source"])
def test_a_call_that_is_cancelled_while_refused_credentials_are_replaced_ends(
    sts: Sts, sources: tuple[CredentialSource, ...]
) -> None:
    resolving = sleeping_resolver(sts, *sources)
    refused = resolving.current()
    sts.now += 1
    sts.troubles = [broken() for _ in range(8)]
    context = cancelled_in_a_pause(sts)
    before = len(sts.requests)
    for _ in range(2):
        with handling(context), pytest.raises(CallEndedError):
            resolving.instead_of(refused, "100", lambda _: "100")
    assert len(sts.requests) == before + 1
