"""The service `sts`: temporary keys, with a token."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.emulator import Caller, Emulator, Key
from pulumi_tione.emulator.accounts import Keyring
from pulumi_tione.emulator.clock import Clock, wall_clock
from pulumi_tione.emulator.state.service import Service
from pulumi_tione.emulator.state.storage import File

Call = Callable[..., dict[str, Any]]
Raw = Callable[..., Any]
Refusal = Callable[..., tuple[str, str]]

ROLE = {"RoleArn": "qcs::cam::uin/100000000001:roleName/train", "RoleSessionName": "ci-1"}


def _key(answer: dict[str, Any]) -> Key:
    issued = answer["Credentials"]
    return Key(issued["TmpSecretId"], issued["TmpSecretKey"], token=issued["Token"])


def _token(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.c2lnbmF0dXJl"


def test_temporary_credentials_are_honoured_with_their_token(call: Call) -> None:
    key = _key(call("AssumeRole", ROLE))
    who = call("GetCallerIdentity", key=key)
    assert (who["Type"], who["AccountId"]) == ("CAMRole", "100000000001")
    assert who["UserId"].endswith(":ci-1")
    assert who["Arn"].startswith("qcs::sts:100000000001:assumed-role/")


@pytest.mark.parametrize("token", [None, "token-guessed"])
def test_temporary_credentials_are_refused_without_their_token(call: Call, refusal: Refusal, token: str | None) -> None:
    key = replace(_key(call("AssumeRole", ROLE)), token=token)
    assert refusal("GetCallerIdentity", key=key)[0] == "AuthFailure.TokenFailure"


def test_temporary_credentials_expire_when_announced(call: Call, refusal: Refusal, emulator: Emulator) -> None:
    answer = call("AssumeRole", {**ROLE, "DurationSeconds": 600})
    expires = datetime.fromisoformat(answer["Expiration"].replace("Z", "+00:00"))
    assert int(expires.timestamp()) == answer["ExpiredTime"]
    assert timedelta(seconds=598) < expires - emulator.now() <= timedelta(seconds=600)
    key = _key(answer)
    emulator.advance(595)
    call("GetCallerIdentity", key=key)
    emulator.advance(5)
    code, message = refusal("GetCallerIdentity", key=key)
    assert code == "AuthFailure.TokenFailure"
    assert answer["Expiration"] in message


def test_temporary_credentials_last_two_hours_by_default(call: Call, emulator: Emulator) -> None:
    expires = call("AssumeRole", ROLE)["ExpiredTime"]
    assert 7198 < expires - emulator.now().timestamp() <= 7200


def test_a_role_acts_in_its_own_account(call: Call, emulator: Emulator, body: Callable[..., Any]) -> None:
    key = _key(call("AssumeRole", {**ROLE, "RoleArn": "qcs::cam::uin/200000000001:role/4611686018427397919"}))
    task_id = call("CreateTrainingTask", body(), key=key)["Id"]
    [task] = emulator.tasks()
    assert (task["Id"], task["Uin"]) == (task_id, "200000000001")
    assert call("DescribeTrainingTasks")["TotalCount"] == 0


@pytest.mark.parametrize(
    ("members", "code", "parameter"),
    [
        ({"RoleArn": "train"}, "InvalidParameter.ParamError", "RoleArn"),
        ({"RoleSessionName": "x"}, "InvalidParameter.ParamError", "RoleSessionName"),
        ({"RoleSessionName": "任务-1"}, "InvalidParameter.ParamError", "RoleSessionName"),
        ({"DurationSeconds": 0}, "InvalidParameter.OverTimeError", "DurationSeconds"),
        ({"DurationSeconds": 43201}, "InvalidParameter.OverTimeError", "DurationSeconds"),
        ({"Policy": "{"}, "InvalidParameter.StrategyFormatError", "Policy"),
        ({"Tags": [{"Key": str(n), "Value": "v"} for n in range(51)]}, "InvalidParameter.ParamError", "Tags"),
    ],
)
def test_a_role_that_cannot_be_assumed_is_refused(
    refusal: Refusal, members: dict[str, Any], code: str, parameter: str
) -> None:
    result = refusal("AssumeRole", {**ROLE, **members})
    assert result[0] == code
    assert f"`{parameter}`" in result[1]


def test_a_role_must_exist_once_one_is_registered(call: Call, refusal: Refusal, emulator: Emulator) -> None:
    emulator.register("role", ROLE["RoleArn"])
    call("AssumeRole", {**ROLE, "Policy": "%7B%22version%22%3A%222.0%22%7D"})
    unknown = {**ROLE, "RoleArn": "qcs::cam::uin/100000000001:roleName/other"}
    assert refusal("AssumeRole", unknown)[0] == "ResourceNotFound.RoleNotFound"


def _by_web_identity(raw: Raw, **members: Any) -> Any:
    body = {**ROLE, "ProviderId": "OIDC", "WebIdentityToken": _token(sub="ci"), **members}
    return raw(
        "AssumeRoleWithWebIdentity",
        json.dumps(body).encode(),
        version="2018-08-13",
        service="sts",
        changed_headers={"Authorization": "SKIP"},
    )


def test_a_web_identity_gets_temporary_credentials_without_a_signature(raw: Raw, call: Call) -> None:
    answer = _by_web_identity(raw)
    assert answer.code is None
    assert call("GetCallerIdentity", key=_key(answer.response))["Type"] == "CAMRole"


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "a.b", _token(exp=1)])
def test_a_token_that_is_none_or_has_expired_is_refused(raw: Raw, token: str) -> None:
    assert _by_web_identity(raw, WebIdentityToken=token).code == "InvalidParameter.WebIdentityTokenError"


def test_an_identity_provider_must_exist_once_one_is_registered(raw: Raw, emulator: Emulator) -> None:
    emulator.register("oidc_provider", "GitHub")
    assert _by_web_identity(raw).code == "InvalidParameter.ParamError"
    assert _by_web_identity(raw, ProviderId="GitHub").code is None


def test_a_duration_written_as_text_is_no_number(raw: Raw) -> None:
    """The vendor's own example does it; the definition has int64."""
    answer = _by_web_identity(raw, DurationSeconds="1800")
    assert answer.code == "InvalidParameter"
    assert "`DurationSeconds`" in answer.message


def test_the_web_identitys_token_is_not_in_the_record(raw: Raw, emulator: Emulator) -> None:
    _by_web_identity(raw)
    assert _token(sub="ci") not in json.dumps(emulator.requests())


def test_no_other_action_goes_unsigned(raw: Raw) -> None:
    assert raw(changed_headers={"Authorization": "SKIP"}).code == "AuthFailure.InvalidAuthorization"


def test_a_key_that_expired_an_hour_ago_is_forgotten(call: Call, refusal: Refusal, emulator: Emulator) -> None:
    old = _key(call("AssumeRole", {**ROLE, "DurationSeconds": 600}))
    emulator.advance(600 + 3590)
    call("AssumeRole", ROLE)
    assert refusal("GetCallerIdentity", key=old)[0] == "AuthFailure.TokenFailure"
    emulator.advance(20)
    call("AssumeRole", ROLE)
    assert refusal("GetCallerIdentity", key=old)[0] == "AuthFailure.SecretIdNotFound"
    call("GetCallerIdentity")  # a permanent key stays


def test_of_too_many_temporary_keys_the_first_to_expire_are_forgotten(
    call: Call, refusal: Refusal, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulumi_tione.emulator.accounts.MAX_TEMPORARY_KEYS", 3)
    issued = [_key(call("AssumeRole", {**ROLE, "DurationSeconds": 7200 - n})) for n in range(5)]
    assert len(list(emulator.keyring)) == 4
    for key in issued[:3]:
        call("GetCallerIdentity", key=key)
    for key in issued[3:]:
        assert refusal("GetCallerIdentity", key=key)[0] == "AuthFailure.SecretIdNotFound"


def test_forgotten_keys_are_in_no_state_file(tmp_path: Path) -> None:
    file = tmp_path / "state"
    service = Service(Clock(wall_clock()), Keyring(), storage=File(file))
    expired = service.issue_temporary_key(Caller(), datetime(2020, 1, 1, tzinfo=timezone.utc))
    valid = service.issue_temporary_key(Caller(), datetime(4000, 1, 1, tzinfo=timezone.utc))
    service.close()
    storage = File(file)
    assert {secret_id for secret_id, _ in storage.load("key")} == {valid.secret_id} != {expired.secret_id}
    storage.close()
