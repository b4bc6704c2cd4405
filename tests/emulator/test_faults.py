"""Faults on request: for which calls, and what becomes of action and response.

Distorted responses are in `test_contradictions.py`, lagging reads in `test_lag.py`.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.faults.faults import Faults

Call = Callable[..., dict[str, Any]]
Raw = Callable[..., Any]
Refusal = Callable[..., tuple[str, str]]
Body = Callable[..., dict[str, Any]]

CREATE = "CreateTrainingTask"


def _fails(call: Call, body: dict[str, Any]) -> str:
    """The kind of error that the official SDK raises."""
    try:
        call(CREATE, body)
    except TencentCloudSDKException as error:
        return str(error.code)
    except Exception as error:  # noqa: BLE001 - the SDK lets other kinds through
        return type(error).__name__
    return "no error"


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize(
    ("trouble", "seen"),
    [
        ({"connection": "close"}, "ClientNetworkError"),
        ({"connection": "cut"}, "ChunkedEncodingError"),
        ({"status": 503}, "ServerNetworkError"),
        ({"status": 500, "body": "oops"}, "ServerNetworkError"),
        ({"body": "<html>busy</html>", "content_type": "text/html"}, "JSONDecodeError"),
        ({"body": ""}, "JSONDecodeError"),
        ({"body": "{}"}, "KeyError"),
        ({"code": "InternalError"}, "InternalError"),
        ({"code": "RequestLimitExceeded"}, "RequestLimitExceeded"),
    ],
)
def test_an_answer_goes_wrong_with_and_without_effect(
    call: Call, body: Body, emulator: Emulator, trouble: dict[str, Any], seen: str, effect: bool
) -> None:
    emulator.faults.add(CREATE, effect=effect, **trouble)
    assert _fails(call, body()) == seen
    assert len(emulator.tasks()) == (1 if effect else 0)
    [entry] = emulator.requests()
    assert entry["accepted"] is effect
    assert entry["fault"]
    # The fault was for one call: the next one goes well.
    call(CREATE, body(Name="next"))


def test_refusals_have_no_effect_by_default(call: Call, body: Body, emulator: Emulator) -> None:
    for trouble in ({"code": "InternalError"}, {"status": 503}):
        emulator.faults.add(CREATE, **trouble)
        _fails(call, body())
    assert emulator.tasks() == []


def test_trouble_concerns_its_action_only(call: Call, body: Body, emulator: Emulator) -> None:
    emulator.faults.add("StopTrainingTask", code="InternalError")
    call(CREATE, body())


def test_trouble_can_concern_every_action(call: Call, body: Body, emulator: Emulator) -> None:
    emulator.faults.add(code="ServiceUnavailable", times=None)
    assert _fails(call, body()) == "ServiceUnavailable"
    with pytest.raises(TencentCloudSDKException):
        call("GetCallerIdentity")


def test_trouble_begins_with_the_nth_call_and_lasts_for_so_many(call: Call, body: Body, emulator: Emulator) -> None:
    emulator.faults.add(CREATE, code="InternalError", first=2, times=2)
    assert [_fails(call, body(Name=f"task-{n}")) for n in range(5)] == [
        "no error",
        "InternalError",
        "InternalError",
        "no error",
        "no error",
    ]


def test_trouble_without_end_lasts_until_it_is_withdrawn(call: Call, body: Body, emulator: Emulator) -> None:
    fault = emulator.faults.add(CREATE, code="InternalError", times=None)
    assert {_fails(call, body()) for _ in range(5)} == {"InternalError"}
    emulator.faults.remove(fault.number)
    call(CREATE, body())


def test_trouble_can_come_by_chance(call: Call, body: Body, emulator: Emulator) -> None:
    emulator.faults.add(CREATE, code="InternalError", times=None, probability=0.5, seed=1)
    seen = [_fails(call, body(Name=f"task-{n}")) for n in range(40)]
    assert 8 < seen.count("InternalError") < 32


def test_throttling_can_last_for_a_time(
    conforming: Callable[[Emulator], Emulator], raw: Raw, emulator: Emulator
) -> None:
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    faults = Faults()
    faults.add(CREATE, code="RequestLimitExceeded", times=None, seconds=10)
    met = [faults.match(CREATE, {}, start + timedelta(seconds=second)) is not None for second in (0, 5, 10, 11)]
    assert met == [True, True, True, False]


def test_of_several_faults_the_first_that_is_due_has_the_call(call: Call, body: Body, emulator: Emulator) -> None:
    emulator.faults.add(CREATE, code="InternalError", first=2)
    emulator.faults.add(CREATE, code="FailedOperation", times=3)
    seen = [_fails(call, body(Name=f"task-{n}")) for n in range(4)]
    assert seen == ["FailedOperation", "InternalError", "FailedOperation", "FailedOperation"]


def test_a_message_can_repeat_the_request(refusal: Refusal, body: Body, emulator: Emulator) -> None:
    emulator.faults.add(CREATE, code="InvalidParameterValue", message="not good: {body}")
    code, message = refusal(CREATE, body(Remark="planted"))
    assert code == "InvalidParameterValue"
    assert "planted" in message


def test_an_answer_can_lack_its_id(call: Call, body: Body, emulator: Emulator) -> None:
    emulator.faults.add(CREATE, without=["Id"])
    assert set(call(CREATE, body())) == {"RequestId"}
    assert len(emulator.tasks()) == 1


def test_an_error_under_another_content_type_is_sent_as_configured(raw: Raw, emulator: Emulator) -> None:
    emulator.faults.add(code="InternalError", content_type="application/json; charset=utf-8")
    answer = raw()
    assert (answer.content_type, answer.code) == ("application/json; charset=utf-8", "InternalError")


def test_a_slow_answer_comes_late(raw: Raw, emulator: Emulator) -> None:
    emulator.faults.add(delay_seconds=0.2)
    before = time.monotonic()
    assert raw().code is None
    assert time.monotonic() - before >= 0.2


def test_a_slow_answer_holds_up_neither_others_nor_the_end(raw: Raw, emulator: Emulator) -> None:
    emulator.faults.add(delay_seconds=30)
    waiting: list[str] = []

    def wait() -> None:
        try:
            raw()
        except (OSError, http.client.HTTPException) as error:
            waiting.append(type(error).__name__)

    slow = threading.Thread(target=wait)
    slow.start()
    while not emulator.requests():
        time.sleep(0.001)
    before = time.monotonic()
    assert raw().code is None
    emulator.stop()
    slow.join()
    assert time.monotonic() - before < 5
    assert waiting != []


def test_a_new_task_can_be_hidden_from_lists_for_a_while(call: Call, body: Body, emulator: Emulator) -> None:
    """The answer is lost, and the task shows up after three list calls: case C06 (k)."""
    emulator.faults.add(CREATE, connection="close", hidden_list_calls=3)
    assert _fails(call, body()) == "ClientNetworkError"
    filters = [{"Name": "Name", "Values": ["bert"]}]
    counts = [call("DescribeTrainingTasks", {"Filters": filters})["TotalCount"] for _ in range(5)]
    assert counts == [0, 0, 0, 1, 1]


def test_a_failure_to_bind_tags_leaves_the_task_without_them(refusal: Refusal, body: Body, emulator: Emulator) -> None:
    emulator.faults.add(CREATE, code="InternalError.BindingTagsFailed", effect=True)
    assert refusal(CREATE, body(Tags=[{"TagKey": "team", "TagValue": "nlp"}]))[0] == "InternalError.BindingTagsFailed"
    [task] = emulator.tasks()
    assert [tag["TagKey"] for tag in task["Tags"]] == ["qcs:tag:createdBy"]


def test_what_is_not_allowed_to_call_meets_no_trouble(raw: Raw, emulator: Emulator) -> None:
    emulator.faults.add(connection="close")
    assert raw(secret_key="guessed").code == "AuthFailure.SignatureFailure"


def _control(emulator: Emulator, path: str, body: Any, method: str = "POST") -> tuple[int, Any]:
    request = urllib.request.Request(f"{emulator.endpoint}/_emulator/{path}", json.dumps(body).encode(), method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_fault_is_added_listed_and_cleared_over_http(call: Call, body: Body, emulator: Emulator) -> None:
    status, fault = _control(emulator, "faults", {"action": CREATE, "code": "InternalError", "times": 2})
    assert (status, fault["times"]) == (200, 2)
    assert _fails(call, body()) == "InternalError"
    with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/faults") as answer:
        [listed] = json.load(answer)
    assert (listed["code"], listed["calls_met"]) == ("InternalError", 1)
    _control(emulator, "faults", {}, "DELETE")
    call(CREATE, body())


@pytest.mark.parametrize(
    ("path", "body", "result"),
    [
        ("faults", {"trouble": "x"}, "trouble"),
        ("faults", {"connection": "wobbly"}, "wobbly"),
        ("faults", [], "object"),
        ("tasks", {"outcome": "BORED"}, "BORED"),
        ("tasks", {"seconds": {"SLEEPING": 1}}, "SLEEPING"),
        ("tasks", {"running_seconds": -1}, "-1"),
        ("tasks", {"task": "nobody", "do": "remove"}, "nobody"),
        ("tasks", {"task": "nobody", "do": "dance"}, "do"),
        ("clock", {"advance_seconds": -1}, "-1"),
        ("registered", {"kind": "moon", "resource_id": "m-1"}, "moon"),
        ("registered", {"kind": "vpc", "resource_id": "vpc-1", "colour": "red"}, "colour"),
        ("settings", {"colour": "red"}, "colour"),
    ],
)
def test_an_impossible_request_is_refused_in_a_sentence(emulator: Emulator, path: str, body: Any, result: str) -> None:
    status, answer = _control(emulator, path, body)
    assert status == 400
    assert result in answer["error"]


def test_everything_else_can_be_controlled_over_http_too(call: Call, body: Body, emulator: Emulator) -> None:
    assert _control(emulator, "tasks", {"task": "bert", "outcome": "FAILED", "running_seconds": 1})[0] == 200
    task_id = call(CREATE, body())["Id"]
    _control(emulator, "clock", {"advance_seconds": 3})
    _control(emulator, "tasks", {"task": "bert", "do": "preempt"})
    assert emulator.tasks()[0]["Status"] == "PENDING"
    _control(emulator, "clock", {"advance_seconds": 3})
    assert emulator.tasks()[0]["Status"] == "FAILED"
    assert _control(emulator, "tasks", {"task": task_id, "do": "preempt"})[0] == 409
    _control(emulator, "tasks", {"task": task_id, "do": "remove"})
    assert emulator.tasks() == []
    _control(emulator, "registered", {"kind": "vpc", "resource_id": "vpc-1"})
    assert _fails(call, body(VpcId="vpc-2")) == "ResourceNotFound.VPCNotFound"
    _control(emulator, "registered", {"kind": "vpc", "resource_id": "vpc-1"}, "DELETE")
    call(CREATE, body(VpcId="vpc-2"))
    assert _control(emulator, "settings", {"requests_a_second": 5})[1]["requests_a_second"] == 5
