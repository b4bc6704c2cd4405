"""Error messages in the language that the request asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Raw = Callable[..., Any]

CHINESE = re.compile("[\u4e00-\u9fff]")


def _message(raw: Raw, language: str | None, **how: Any) -> str:
    answer = raw("DescribeTrainingTask", b'{"Id": "train-1"}', changed_headers={"X-TC-Language": language}, **how)
    assert answer.code == "ResourceNotFound"
    message: str = answer.message
    return message


@pytest.mark.parametrize("language", ["en-US", None])
def test_messages_are_english_on_request_and_by_default(raw: Raw, language: str | None) -> None:
    message = _message(raw, language)
    assert "`train-1`" in message
    assert not CHINESE.search(message)


def test_messages_are_chinese_on_request_and_name_the_parameter(raw: Raw) -> None:
    message = _message(raw, "zh-CN")
    assert message.startswith("资源不存在")
    assert "`train-1` (Id)" in message


@pytest.mark.parametrize("language", ["en", "zh", "fr-FR", "EN-US"])
def test_another_language_is_refused(raw: Raw, language: str) -> None:
    answer = raw(changed_headers={"X-TC-Language": language})
    assert answer.code == "InvalidParameter"
    assert "`X-TC-Language`" in answer.message


def test_a_refusal_of_the_gateway_and_a_requested_error_are_in_that_language_too(raw: Raw, emulator: Emulator) -> None:
    chinese = {"X-TC-Language": "zh-CN"}
    assert raw(secret_id="AKIDunknown", changed_headers=chinese).message.startswith("签名或鉴权错误")
    emulator.faults.add("DescribeTrainingTasks", code="InternalError")
    assert raw(changed_headers=chinese).message.startswith("内部错误")
    emulator.faults.add("DescribeTrainingTasks", code="LimitExceeded.New", message="exactly this")
    assert raw(changed_headers=chinese).message == "exactly this"
    emulator.faults.add("DescribeTrainingTasks", code="Unheard.Of")
    assert raw(changed_headers=chinese).message.startswith("请求被拒绝")


def test_the_record_has_the_language(raw: Raw, emulator: Emulator) -> None:
    for language in ("zh-CN", "en-US", None):
        raw(changed_headers={"X-TC-Language": language})
    assert [request["language"] for request in emulator.requests()] == ["zh-CN", "en-US", None]
