"""Who may call, and how a call is signed (case C30)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sts.v20180813 import models, sts_client

from pulumi_tione.emulator import Caller, Emulator, Key

Raw = Callable[..., Any]


def test_a_charset_in_the_content_type_and_raw_utf8_are_signed_as_sent(raw: Raw) -> None:
    body = '{"Filters": [{"Name": "Name", "Values": ["任务"]}]}'.encode()
    assert raw(body=body, content_type="application/json; charset=utf-8").code is None


@pytest.mark.parametrize("seconds", [299, -299])
def test_a_clock_that_is_nearly_five_minutes_off_is_right_enough(raw: Raw, seconds: int) -> None:
    assert raw(seconds_off=seconds).code is None


@pytest.mark.parametrize("seconds", [301, -302])
def test_a_clock_that_is_more_than_five_minutes_off_is_wrong(raw: Raw, seconds: int) -> None:
    # A second may begin between signing and receiving: hence 302 in the past.
    answer = raw(seconds_off=seconds)
    assert answer.code == "AuthFailure.SignatureExpire"
    assert "X-TC-Timestamp" in answer.message


def test_names_of_headers_may_be_in_lower_case(raw: Raw) -> None:
    assert raw(lower_case=True).code is None


def test_the_host_may_be_signed_without_its_port(raw: Raw) -> None:
    assert raw(signed_host="127.0.0.1").code is None


def test_the_host_may_be_sent_and_signed_without_its_port(raw: Raw) -> None:
    assert raw(host="127.0.0.1").code is None


def test_another_host_than_the_one_that_was_called_is_not_signed(raw: Raw) -> None:
    assert raw(signed_host="tione.tencentcloudapi.com").code == "AuthFailure.SignatureFailure"


def test_a_port_that_was_not_sent_is_not_signed(raw: Raw, emulator: Emulator) -> None:
    with_port = emulator.endpoint.removeprefix("http://")
    assert raw(host="127.0.0.1", signed_host=with_port).code == "AuthFailure.SignatureFailure"


def test_the_scope_may_name_the_first_label_of_the_host(raw: Raw) -> None:
    """So does the SDK for Node, which takes the service's name from the endpoint."""
    assert raw(service="127").code is None


def test_the_scope_may_name_a_host_without_a_dot_by_its_port_as_well(raw: Raw, emulator: Emulator) -> None:
    """To the SDK for Node the first label ends at the first dot, wherever that is."""
    host = f"localhost:{emulator.endpoint.rpartition(':')[2]}"
    assert raw(host=host, signed_host="localhost", service=host).code is None
    assert raw(host=host, service="localhost").code is None


@pytest.mark.parametrize("service", ["tag", "cvm", "0", "127.0.0.1"])
def test_the_scope_may_not_name_another_service(raw: Raw, service: str) -> None:
    answer = raw(service=service)
    assert answer.code == "AuthFailure.SignatureFailure"
    assert service in answer.message


def test_the_scope_has_the_date_of_the_timestamp_in_utc(raw: Raw) -> None:
    tomorrow = f"{datetime.now(timezone.utc) + timedelta(days=1):%Y-%m-%d}"
    answer = raw(date=tomorrow)
    assert answer.code == "AuthFailure.SignatureFailure"
    assert tomorrow in answer.message


def test_one_changed_byte_of_the_body_breaks_the_signature(raw: Raw) -> None:
    assert raw(body=b'{"Limit": 10}', signed_body=b'{"Limit": 11}').code == "AuthFailure.SignatureFailure"


def test_an_unsigned_body_is_not_signed(raw: Raw) -> None:
    unsigned, header = b"UNSIGNED-PAYLOAD", {"X-TC-Content-SHA256": "UNSIGNED-PAYLOAD"}
    assert raw(body=b'{"Limit": 10}', signed_body=unsigned, changed_headers=dict(header)).code is None
    for signed_body, changed_headers in [(unsigned, {}), (b'{"Limit": 10}', header)]:
        answer = raw(body=b'{"Limit": 10}', signed_body=signed_body, changed_headers=dict(changed_headers))
        assert answer.code == "AuthFailure.SignatureFailure"


def test_a_wrong_secret_key_breaks_the_signature(raw: Raw) -> None:
    assert raw(secret_key="guessed").code == "AuthFailure.SignatureFailure"


def test_an_unknown_secret_id_is_named(raw: Raw) -> None:
    answer = raw(secret_id="AKIDstranger")
    assert answer.code == "AuthFailure.SecretIdNotFound"
    assert "AKIDstranger" in answer.message


def test_a_permanent_key_has_no_token(raw: Raw) -> None:
    assert raw(changed_headers={"X-TC-Token": "made-up"}).code == "AuthFailure.TokenFailure"


@pytest.mark.parametrize("header", ["Authorization", "X-TC-Timestamp", "X-TC-Action", "X-TC-Version", "X-TC-Region"])
def test_a_missing_header_is_named(raw: Raw, header: str) -> None:
    answer = raw(changed_headers={header: None})
    assert answer.code == "MissingParameter"
    assert header in answer.message


@pytest.mark.parametrize(
    "authorization",
    [
        "TC3-HMAC-SHA256",
        "Bearer abc",
        "SKIP",
        "TC3-HMAC-SHA256 Credential=a/2026-01-01/tione/tc3_request, SignedHeaders=host, Signature=" + "0" * 64,
        "TC3-HMAC-SHA256 Credential=a/2026-01-01/tione/tc3_request, SignedHeaders=content-type;host, Signature=xyz",
    ],
)
def test_a_malformed_authorization_is_refused(raw: Raw, authorization: str) -> None:
    assert raw(changed_headers={"Authorization": authorization}).code == "AuthFailure.InvalidAuthorization"


def test_a_refusal_has_the_form_of_every_answer_and_changes_nothing(raw: Raw, emulator: Emulator) -> None:
    answer = raw("CreateTrainingTask", b'{"Name": "bert"}', secret_key="guessed")
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert set(answer.response) == {"Error", "RequestId"}
    assert set(answer.response["Error"]) == {"Code", "Message"}
    assert emulator.tasks() == []


@pytest.fixture
def shanghai() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Shanghai"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_the_sdk_is_understood_where_local_and_utc_dates_differ(
    shanghai: None, monkeypatch: pytest.MonkeyPatch, conforming: Callable[[Emulator], Emulator]
) -> None:
    """At one o'clock in the morning in Shanghai it is still yesterday in UTC."""
    one_in_the_morning = datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=8)))
    monkeypatch.setattr("tencentcloud.common.abstract_client.time.time", one_in_the_morning.timestamp)
    with conforming(Emulator(wall=lambda: one_in_the_morning.astimezone(timezone.utc))) as emulator:
        assert _identity(emulator) == emulator.key.caller.uin


def test_a_service_with_a_clock_is_wrong_refuses_right_clocks() -> None:
    with Emulator(clock_offset_seconds=600) as emulator, pytest.raises(TencentCloudSDKException) as caught:
        _identity(emulator)
    assert caught.value.code == "AuthFailure.SignatureExpire"


def test_each_of_several_keys_is_known_by_its_own_account(emulator: Emulator, call: Callable[..., Any]) -> None:
    emulator.keyring.add(Key("AKIDother", "other", Caller("200000000001", "200000000002", "other")))
    key = emulator.keyring.find("AKIDother")
    assert call("GetCallerIdentity")["AccountId"] == "100000000001"
    assert call("GetCallerIdentity", key=key)["AccountId"] == "200000000001"
    assert call("GetCallerIdentity", key=key)["Arn"] == "qcs::cam:200000000001:uin/200000000002"


def _identity(emulator: Emulator) -> str:
    profile = ClientProfile(
        httpProfile=HttpProfile(protocol="http", endpoint=emulator.endpoint.removeprefix("http://"))
    )
    credential = Credential(emulator.key.secret_id, emulator.key.secret_key)
    client = sts_client.StsClient(credential, "ap-guangzhou", profile)
    account: str = client.GetCallerIdentity(models.GetCallerIdentityRequest()).AccountId
    return account
