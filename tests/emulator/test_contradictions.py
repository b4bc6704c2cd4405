"""A service that contradicts itself: whatever a client must survive can be requested, and arrives as requested.

Failing calls are in `test_faults.py`.
"""

from __future__ import annotations

import http.client
import json
import math
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from pulumi_tione.emulator import Emulator

Json = dict[str, Any]
Call = Callable[..., Json]
Create = Callable[..., str]
Detail = Callable[..., Json]
Raw = Callable[..., Any]
Refusal = Callable[..., tuple[str, str]]

DESCRIBE, LIST, DELETE = "DescribeTrainingTask", "DescribeTrainingTasks", "DeleteTrainingTask"
HALF = "\ud83d"
"""The first half of many a pictograph in UTF-16."""


def _seen(call: Call, task_id: str, calls: int) -> list[str]:
    """What a number of calls for a task's detail show: its status, or the code of a refusal."""
    seen = []
    for _ in range(calls):
        try:
            detail = call(DESCRIBE, {"Id": task_id})["TrainingTaskDetail"]
            seen.append("null" if detail is None else detail["Status"])
        except TencentCloudSDKException as error:
            seen.append(str(error.code))
    return seen


def test_a_detail_can_be_not_found_every_other_time(create: Create, call: Call, emulator: Emulator) -> None:
    task_id = create()
    emulator.faults.add(DESCRIBE, code="ResourceNotFound", every=2, times=None)
    assert _seen(call, task_id, 5) == ["ResourceNotFound", "SUBMITTING"] * 2 + ["ResourceNotFound"]


def test_every_other_time_begins_with_the_first_that_is_meant_and_ends_after_so_many(
    create: Create, call: Call, emulator: Emulator
) -> None:
    task_id = create()
    emulator.faults.add(DESCRIBE, code="ResourceNotFound", first=2, every=3, times=2)
    seen = _seen(call, task_id, 9)
    assert [number for number, each in enumerate(seen, 1) if each == "ResourceNotFound"] == [2, 5]


def test_trouble_can_concern_one_task_alone(create: Create, call: Call, emulator: Emulator) -> None:
    first, second = create("one"), create("other")
    emulator.faults.add(DESCRIBE, code="ResourceNotFound", matching={"Id": first}, first=2, times=None)
    assert _seen(call, second, 2) == ["SUBMITTING"] * 2  # calls that are not meant do not count
    assert _seen(call, first, 3) == ["SUBMITTING", "ResourceNotFound", "ResourceNotFound"]
    assert _seen(call, second, 1) == ["SUBMITTING"]


@pytest.mark.parametrize(
    ("which", "nulls"),
    [({}, [True, False, False]), ({"every": 2, "times": None}, [True, False, True]), ({"times": None}, [True] * 3)],
)
def test_a_detail_can_be_null_once_every_other_time_or_always(
    which: Json, nulls: list[bool], create: Create, call: Call, emulator: Emulator
) -> None:
    task_id = create()
    emulator.faults.add(DESCRIBE, members={"TrainingTaskDetail": None}, **which)
    assert [each == "null" for each in _seen(call, task_id, 3)] == nulls


def test_the_run_of_a_task_that_is_submitting_can_be_unknown(
    create: Create, call: Call, detail: Detail, emulator: Emulator
) -> None:
    emulator.set(instance_id_while_submitting=False)
    task_id = create()
    assert detail(task_id)["LatestInstanceId"] == ""
    emulator.advance(0.5)
    first = detail(task_id)["LatestInstanceId"]
    assert (detail(task_id)["Status"], bool(first)) == ("PENDING", True)
    emulator.advance(60)
    call("StartTrainingTask", {"Id": task_id})
    assert (detail(task_id)["Status"], detail(task_id)["LatestInstanceId"]) == ("SUBMITTING", "")
    emulator.advance(0.5)
    assert detail(task_id)["LatestInstanceId"] not in ("", first)


def test_statuses_can_be_in_lower_case(create: Create, call: Call, emulator: Emulator) -> None:
    task_id = create()
    emulator.faults.add(lower_case=["TrainingTaskDetail.Status", "TrainingTaskSet.*.Status"], times=None)
    assert _seen(call, task_id, 1) == ["submitting"]
    assert [item["Status"] for item in call(LIST)["TrainingTaskSet"]] == ["submitting"]


def test_statuses_can_be_unknown(create: Create, call: Call, emulator: Emulator) -> None:
    task_id = create()
    emulator.faults.add(members={"TrainingTaskDetail.Status": "PAUSED", "TrainingTaskSet.*.Status": "PAUSED"}, times=2)
    assert _seen(call, task_id, 1) == ["PAUSED"]
    assert [item["Status"] for item in call(LIST)["TrainingTaskSet"]] == ["PAUSED"]
    assert _seen(call, task_id, 1) == ["SUBMITTING"]


@pytest.mark.parametrize("value", ["none", {"Id": "train-1"}, [None], None, 7])
def test_a_list_can_be_something_else(value: Any, create: Create, call: Call, emulator: Emulator) -> None:
    create()
    emulator.faults.add(LIST, members={"TrainingTaskSet": value})
    assert call(LIST)["TrainingTaskSet"] == value
    assert len(call(LIST)["TrainingTaskSet"]) == 1


def test_items_can_lack_their_id(create: Create, call: Call, emulator: Emulator) -> None:
    for name in ("one", "other"):
        create(name)
    emulator.faults.add(LIST, without=["TrainingTaskSet.*.Id"])
    emulator.faults.add(LIST, without=["TrainingTaskSet.1.Id", "TrainingTaskSet.7.Id", "NoSuchSet.*.Id"])
    assert ["Id" in item for item in call(LIST)["TrainingTaskSet"]] == [False, False]
    assert ["Id" in item for item in call(LIST)["TrainingTaskSet"]] == [True, False]


def test_items_can_be_missing_from_a_list(create: Create, call: Call, emulator: Emulator) -> None:
    for name in ("one", "other", "third"):
        create(name)
    emulator.faults.add(LIST, without=["TrainingTaskSet.*"])
    answer = call(LIST)
    assert (answer["TrainingTaskSet"], answer["TotalCount"]) == ([], 3)


def test_pages_can_be_short_with_the_true_total(create: Create, call: Call, emulator: Emulator) -> None:
    ids = [create(f"task-{number}") for number in range(5)]
    emulator.faults.add(LIST, at_most={"TrainingTaskSet": 2}, times=None)
    seen: list[str] = []
    while True:
        asked = {"Limit": 50, "Offset": len(seen), "OrderField": "CreateTime", "Order": "ASC"}
        answer = call(LIST, asked)
        assert answer["TotalCount"] == 5
        assert len(answer["TrainingTaskSet"]) <= 2
        if not answer["TrainingTaskSet"]:
            break
        seen += [item["Id"] for item in answer["TrainingTaskSet"]]
    assert seen == ids


@pytest.mark.parametrize("kind", ["repeating", "new"])
def test_a_list_can_be_endless(kind: str, create: Create, call: Call, emulator: Emulator) -> None:
    ids = {create("one"), create("other")}
    emulator.faults.add(LIST, endless=kind, times=None)
    seen: list[str] = []
    for offset in (0, 50, 1000):
        answer = call(LIST, {"Limit": 50, "Offset": offset})
        assert len(answer["TrainingTaskSet"]) == 50
        assert answer["TotalCount"] > offset + 50
        seen += [item["Id"] for item in answer["TrainingTaskSet"]]
    if kind == "repeating":
        assert set(seen) == ids
    else:
        assert len(set(seen)) == 150
        assert len({len(each) for each in seen}) == 1
    assert len(call(LIST)["TrainingTaskSet"]) == 10


def test_an_endless_list_can_have_a_true_total(create: Create, call: Call, emulator: Emulator) -> None:
    create()
    emulator.faults.add(LIST, endless="new", members={"TotalCount": 1}, times=None)
    answer = call(LIST, {"Limit": 50})
    assert (len(answer["TrainingTaskSet"]), answer["TotalCount"]) == (50, 1)


def test_other_lists_can_be_endless_too(create: Create, call: Call, detail: Detail, emulator: Emulator) -> None:
    emulator.plan_runs(output=[(0, "line")])
    about = {"Service": "TRAIN", "ServiceId": detail(create())["LatestInstanceId"], "Limit": 100}
    emulator.advance(3)
    emulator.faults.add(endless="new", times=None)
    lines: set[str] = set()
    contexts: set[str] = set()
    resources: set[str] = set()
    context = token = ""
    for _ in range(3):
        answer = call("DescribeLogs", {**about, "Context": context})
        context = answer["Context"]
        contexts.add(context)
        lines |= {line["Id"] for line in answer["Content"]}
        answer = call("GetResources", {"MaxResults": 20, "PaginationToken": token})
        token = answer["PaginationToken"]
        resources |= {mapping["Resource"] for mapping in answer["ResourceTagMappingList"]}
        assert token
    assert (len(lines), len(contexts), len(resources)) == (300, 3, 60)


def test_a_pagination_token_can_repeat(create: Create, call: Call, emulator: Emulator) -> None:
    for number in range(3):
        create(f"task-{number}")
    token = call("GetResources", {"MaxResults": 1})["PaginationToken"]
    emulator.faults.add("GetResources", members={"PaginationToken": token}, times=None)
    pages = [call("GetResources", {"MaxResults": 1, "PaginationToken": token}) for _ in range(3)]
    assert {page["PaginationToken"] for page in pages} == {token}
    assert len({page["ResourceTagMappingList"][0]["Resource"] for page in pages}) == 1


def test_texts_can_be_cut_within_a_character(create: Create, raw: Raw, detail: Detail, emulator: Emulator) -> None:
    task_id = create(Remark="ab😀c")
    asked = json.dumps({"Id": task_id}).encode()
    emulator.faults.add(DESCRIBE, at_most={"TrainingTaskDetail.Remark": 3}, times=2)
    answer = raw(DESCRIBE, asked)
    assert r'"Remark": "ab\ud83d"' in answer.text
    assert answer.response["TrainingTaskDetail"]["Remark"] == f"ab{HALF}"
    emulator.faults.clear()
    emulator.faults.add(DESCRIBE, at_most={"TrainingTaskDetail.Remark": 4})
    assert detail(task_id)["Remark"] == "ab😀"


def test_any_text_can_have_half_a_character(
    create: Create, raw: Raw, call: Call, detail: Detail, emulator: Emulator
) -> None:
    """Reasons, names of pods, lines of logs, and the messages of refusals."""
    emulator.plan_runs(outcome="FAILED", failure_reason=f"loss is {HALF}", output=[(0, f"step {HALF}")])
    task_id = create()
    run = detail(task_id)["LatestInstanceId"]
    emulator.advance(60)
    assert detail(task_id)["FailureReason"] == f"loss is {HALF}"
    [line] = call("DescribeLogs", {"Service": "TRAIN", "ServiceId": run})["Content"]
    assert line["Message"] == f"step {HALF}"
    emulator.faults.add("DescribeTrainingTaskPods", members={"PodNames.*": HALF, "PodInfoList.*.Name": HALF})
    answer = raw("DescribeTrainingTaskPods", json.dumps({"Id": task_id}).encode())
    assert answer.response["PodNames"] == [HALF]
    assert r'"Name": "\ud83d"' in answer.text
    emulator.faults.add(DESCRIBE, code="ResourceNotFound", message=f"no {HALF}")
    assert raw(DESCRIBE, json.dumps({"Id": task_id}).encode()).message == f"no {HALF}"


def test_numbers_can_be_none(create: Create, raw: Raw, emulator: Emulator) -> None:
    task_id = create()
    emulator.faults.add(DESCRIBE, members={"TrainingTaskDetail.RuntimeInSeconds": math.nan})
    answer = raw(DESCRIBE, json.dumps({"Id": task_id}).encode())
    assert '"RuntimeInSeconds": NaN' in answer.text


@pytest.mark.parametrize("code", ["FailedOperation.RecordNotFound", "ResourceNotFound"])
def test_a_delete_can_answer_not_found_while_the_task_stays(
    code: str, create: Create, call: Call, refusal: Refusal, emulator: Emulator
) -> None:
    task_id = create()
    emulator.advance(60)
    emulator.faults.add(DELETE, code=code)
    assert refusal(DELETE, {"Id": task_id})[0] == code
    assert _seen(call, task_id, 1) == ["SUCCEED"]


def test_a_delete_can_succeed_while_the_task_stays(create: Create, call: Call, emulator: Emulator) -> None:
    task_id = create()
    emulator.advance(60)
    emulator.faults.add(DELETE, effect=False)
    assert call(DELETE, {"Id": task_id}).keys() == {"RequestId"}
    assert _seen(call, task_id, 1) == ["SUCCEED"]
    call(DELETE, {"Id": task_id})
    assert emulator.tasks() == []


def test_an_answer_can_come_byte_by_byte(raw: Raw, emulator: Emulator) -> None:
    emulator.faults.add(bytes_every_seconds=0.002)
    before = time.monotonic()
    answer = raw()
    assert answer.response["TotalCount"] == 0
    assert time.monotonic() - before >= 0.002 * (len(answer.text) - 1)


def test_an_answer_that_comes_byte_by_byte_holds_up_neither_others_nor_the_end(raw: Raw, emulator: Emulator) -> None:
    emulator.faults.add(bytes_every_seconds=5)
    troubles: list[str] = []

    def wait() -> None:
        try:
            raw()
        except (OSError, http.client.HTTPException) as error:
            troubles.append(type(error).__name__)

    slow = threading.Thread(target=wait)
    slow.start()
    while not emulator.requests():
        time.sleep(0.001)
    before = time.monotonic()
    assert raw().code is None
    emulator.stop()
    slow.join()
    assert time.monotonic() - before < 4
    assert troubles != []


def test_a_client_may_go_before_all_bytes_have_come(
    raw: Raw, call: Call, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(_: http.client.HTTPResponse) -> bytes:
        raise TimeoutError

    emulator.faults.add(bytes_every_seconds=0.01)
    with monkeypatch.context() as patched:
        patched.setattr(http.client.HTTPResponse, "read", give_up)
        with pytest.raises(TimeoutError):
            raw()
    assert call(LIST)["TotalCount"] == 0


@pytest.mark.parametrize(
    ("fault", "parameter"),
    [
        ({"effect": "false"}, "effect"),
        ({"effect": 0}, "effect"),
        ({"times": "2"}, "times"),
        ({"times": True}, "times"),
        ({"times": 1.5}, "times"),
        ({"times": -1}, "times"),
        ({"first": 0}, "first"),
        ({"first": None}, "first"),
        ({"every": 0}, "every"),
        ({"every": True}, "every"),
        ({"seconds": "ten"}, "seconds"),
        ({"probability": 2}, "probability"),
        ({"probability": float("nan")}, "probability"),
        ({"seed": 1.5}, "seed"),
        ({"delay_seconds": -1}, "delay_seconds"),
        ({"delay_seconds": float("inf")}, "delay_seconds"),
        ({"bytes_every_seconds": "5"}, "bytes_every_seconds"),
        ({"bytes_every_seconds": -1}, "bytes_every_seconds"),
        ({"code": 5}, "code"),
        ({"message": ["x"]}, "message"),
        ({"status": "503"}, "status"),
        ({"status": 42}, "status"),
        ({"body": {}}, "body"),
        ({"content_type": 1}, "content_type"),
        ({"without": "Id"}, "without"),
        ({"without": [1]}, "without"),
        ({"members": []}, "members"),
        ({"matching": "Id"}, "matching"),
        ({"at_most": {"TrainingTaskSet": "2"}}, "at_most"),
        ({"at_most": {"TrainingTaskSet": -2}}, "at_most"),
        ({"lower_case": "Status"}, "lower_case"),
        ({"endless": "yes"}, "endless"),
        ({"connection": True}, "connection"),
        ({"hidden_list_calls": 1.5}, "hidden_list_calls"),
        ({"hidden_list_calls": -1}, "hidden_list_calls"),
        ({"action": "CreateTask"}, "CreateTask"),
        ({"action": None}, "action"),
        ({"number": 3}, "number"),
    ],
)
def test_a_fault_of_a_wrong_type_is_refused(fault: Json, parameter: str, emulator: Emulator, call: Call) -> None:
    request = urllib.request.Request(f"{emulator.endpoint}/_emulator/faults", json.dumps(fault).encode())
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as answer:
        assert answer.code == 400
        assert parameter in json.load(answer)["error"]
    with pytest.raises((ValueError, TypeError), match=parameter):
        emulator.faults.add(**fault)
    assert list(emulator.faults) == []
    call(LIST)
