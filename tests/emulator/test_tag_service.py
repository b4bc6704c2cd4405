"""The service `tag`: tags bound and unbound after creation, and resources found by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pulumi_tione.emulator import Caller, Emulator, Key

Call = Callable[..., dict[str, Any]]
Create = Callable[..., str]
Detail = Callable[..., dict[str, Any]]
Refusal = Callable[..., tuple[str, str]]


def _resource(
    task_id: str, *, uin: str = "100000000001", region: str = "ap-guangzhou", kind: str = "trainingtask"
) -> str:
    return f"qcs::tione:{region}:uin/{uin}:{kind}/{task_id}"


def _tags(**tags: str) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _user_tags(detail: dict[str, Any]) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in detail["Tags"] if not tag["TagKey"].startswith("qcs:")}


def test_tags_are_bound_overwritten_and_unbound(create: Create, call: Call, detail: Detail) -> None:
    task_id = create(Tags=_tags(team="nlp", stage="dev"))
    bound = call("TagResources", {"ResourceList": [_resource(task_id)], "Tags": _tags(team="cv", owner="ann")})
    assert bound["FailedResources"] == []
    assert _user_tags(detail(task_id)) == {"team": "cv", "stage": "dev", "owner": "ann"}
    call("UnTagResources", {"ResourceList": [_resource(task_id)], "TagKeys": ["team", "stage"]})
    result = detail(task_id)
    assert _user_tags(result) == {"owner": "ann"}
    assert "qcs:tag:createdBy" in {tag["TagKey"] for tag in result["Tags"]}


def test_no_region_is_needed(create: Create, raw: Callable[..., Any]) -> None:
    body = f'{{"ResourceList": ["{_resource(create())}"], "Tags": [{{"TagKey": "a", "TagValue": "b"}}]}}'.encode()
    answer = raw("TagResources", body, version="2018-08-13", service="tag", changed_headers={"X-TC-Region": None})
    assert answer.code is None


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (lambda _: _resource("train-1"), "InvalidParameterValue.ResourceDescriptionError"),
        (lambda task_id: _resource(task_id, uin="200000000001"), "InvalidParameterValue.ResourceDescriptionError"),
        (lambda task_id: _resource(task_id, region="ap-nanjing"), "InvalidParameterValue.ResourceDescriptionError"),
        (lambda task_id: _resource(task_id, kind="notebook"), "InvalidParameterValue.ResourceDescriptionError"),
        (lambda _: "qcs::cvm:ap-beijing:uin/1:instance/ins-1", "InvalidParameterValue.ResourceDescriptionError"),
    ],
)
def test_what_goes_wrong_with_one_resource_stands_in_the_answer(
    create: Create, call: Call, detail: Detail, resource: Callable[[str], str], code: str
) -> None:
    task_id = create()
    wrong = resource(task_id)
    answer = call("TagResources", {"ResourceList": [wrong, _resource(task_id)], "Tags": _tags(a="b")})
    [failed] = answer["FailedResources"]
    assert (failed["Resource"], failed["Code"]) == (wrong, code)
    assert failed["Message"]
    assert _user_tags(detail(task_id)) == {"a": "b"}


def test_another_accounts_task_is_no_resource_of_the_callers(create: Create, call: Call, emulator: Emulator) -> None:
    stranger = emulator.keyring.add(Key("AKIDother", "other", Caller("200000000001")))
    stolen = _resource(create(), uin="200000000001")
    [failed] = call("TagResources", {"ResourceList": [stolen], "Tags": _tags(a="b")}, key=stranger)["FailedResources"]
    assert failed["Code"] == "InvalidParameterValue.ResourceDescriptionError"


def test_a_tag_that_is_not_there_cannot_be_unbound(create: Create, call: Call, detail: Detail) -> None:
    task_id = create(Tags=_tags(a="b"))
    [failed] = call("UnTagResources", {"ResourceList": [_resource(task_id)], "TagKeys": ["a", "c"]})["FailedResources"]
    assert failed["Code"] == "FailedOperation"
    assert _user_tags(detail(task_id)) == {"a": "b"}


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"": "b"}, "InvalidParameterValue.TagKeyEmpty"),
        ({"a": ""}, "InvalidParameterValue.TagValueEmpty"),
        ({"k" * 128: "b"}, "InvalidParameterValue.TagKeyLengthExceeded"),
        ({"a": "v" * 256}, "InvalidParameterValue.TagValueLengthExceeded"),
        ({"a*": "b"}, "InvalidParameterValue.TagKeyCharacterIllegal"),
        ({"a": "b "}, "InvalidParameterValue.TagValueCharacterIllegal"),
        ({"qcs:a": "b"}, "InvalidParameter.ReservedTagKey"),
        ({f"k{n}": "v" for n in range(11)}, "LimitExceeded.TagNumPerRequest"),
        ({}, "InvalidParameter"),
    ],
)
def test_a_tag_that_cannot_be_bound_refuses_the_call(
    create: Create, refusal: Refusal, tags: dict[str, str], code: str
) -> None:
    result = refusal("TagResources", {"ResourceList": [_resource(create())], "Tags": _tags(**tags)})
    assert result[0] == code
    assert "`Tags" in result[1]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"ResourceList": [], "TagKeys": ["a"]}, "InvalidParameter"),
        ({"ResourceList": ["train-1"], "TagKeys": ["a"]}, "InvalidParameterValue.ResourceDescriptionError"),
        ({"ResourceList": [_resource("train-1")] * 11, "TagKeys": ["a"]}, "LimitExceeded.ResourceNumPerRequest"),
        ({"ResourceList": [_resource("train-1")], "TagKeys": []}, "InvalidParameter"),
        ({"ResourceList": [_resource("train-1")], "TagKeys": ["a"] * 11}, "LimitExceeded.TagNumPerRequest"),
        (
            {"ResourceList": [_resource("train-1")], "TagKeys": ["qcs:tag:createdBy"]},
            "InvalidParameter.ReservedTagKey",
        ),
    ],
)
def test_a_call_that_cannot_be_is_refused(refusal: Refusal, request_: dict[str, Any], code: str) -> None:
    assert refusal("UnTagResources", request_)[0] == code


def test_a_resource_has_fifty_tags_at_most(create: Create, call: Call) -> None:
    task_id = create(Tags=_tags(**{f"k{n}": "v" for n in range(50)}))
    request = {"ResourceList": [_resource(task_id)], "Tags": _tags(k0="w", more="v")}
    [failed] = call("TagResources", request)["FailedResources"]
    assert failed["Code"] == "LimitExceeded.TagNumPerRequest"
    assert call("TagResources", {**request, "Tags": _tags(k0="w")})["FailedResources"] == []


def test_resources_are_found_by_their_tags(create: Create, call: Call) -> None:
    first = create("one", Tags=_tags(team="nlp", stage="dev"))
    two = create("two", Tags=_tags(team="cv", stage="dev"))
    create("three")

    def found(*filters: tuple[str, list[str]]) -> set[str]:
        request = {"TagFilters": [{"TagKey": key, "TagValue": values} for key, values in filters]}
        return {mapping["Resource"] for mapping in call("GetResources", request)["ResourceTagMappingList"]}

    assert found(("stage", ["dev"])) == {_resource(first), _resource(two)}
    assert found(("stage", []), ("team", ["cv"])) == {_resource(two)}
    assert found(("team", ["nlp", "cv"])) == {_resource(first), _resource(two)}
    assert found(("Team", ["nlp"])) == set()


def test_a_named_resource_is_shown_with_all_its_tags(create: Create, call: Call) -> None:
    resource = _resource(create(Tags=_tags(team="nlp")))
    [mapping] = call("GetResources", {"ResourceList": [resource]})["ResourceTagMappingList"]
    assert mapping["Resource"] == resource
    assert {(tag["TagKey"], tag["Category"]) for tag in mapping["Tags"]} == {
        ("team", "Custom"),
        ("qcs:tag:createdBy", "System"),
    }


def test_resources_come_in_pages(create: Create, call: Call, refusal: Refusal) -> None:
    made = {_resource(create(f"task-{n}", Tags=_tags(a="b"))) for n in range(5)}
    seen: list[str] = []
    token = ""
    for _ in range(3):
        answer = call("GetResources", {"MaxResults": 2, "PaginationToken": token, "TagFilters": [{"TagKey": "a"}]})
        seen += [mapping["Resource"] for mapping in answer["ResourceTagMappingList"]]
        token = answer["PaginationToken"]
    assert token == ""
    assert len(seen) == 5
    assert set(seen) == made
    assert refusal("GetResources", {"PaginationToken": "?"})[0] == "InvalidParameter.PaginationTokenInvalid"
    assert refusal("GetResources", {"MaxResults": 201})[0] == "InvalidParameter"
    seven = [{"TagKey": f"k{n}"} for n in range(7)]
    assert refusal("GetResources", {"TagFilters": seven})[0] == "InvalidParameter"


def test_tione_calls_values_what_the_tag_service_calls_value(create: Create, call: Call, refusal: Refusal) -> None:
    create(Tags=_tags(a="b"))
    assert refusal("GetResources", {"TagFilters": [{"TagKey": "a", "TagValues": ["b"]}]})[0] == "UnknownParameter"
    assert call("DescribeTrainingTasks", {"TagFilters": [{"TagKey": "a", "TagValues": ["b"]}]})["TotalCount"] == 1


def test_values_count_against_the_quota_even_when_they_are_bound_no_more(
    create: Create, call: Call, refusal: Refusal, emulator: Emulator
) -> None:
    emulator.set(tag_values_of_a_key=2)
    task_id = create(Tags=_tags(a="1"))
    request = {"ResourceList": [_resource(task_id)]}
    call("TagResources", {**request, "Tags": _tags(a="2")})
    code, message = refusal("TagResources", {**request, "Tags": _tags(a="3")})
    assert code == "LimitExceeded.TagValue"
    assert "`Tags`" in message
    call("TagResources", {**request, "Tags": _tags(a="1", b="1")})
    emulator.set(tag_values_of_a_key=None, tag_values_of_an_account=3)
    assert refusal("TagResources", {**request, "Tags": _tags(b="2")})[0] == "LimitExceeded.TagValue"


def test_a_quota_that_is_used_up_leaves_a_new_task_without_tags(
    refusal: Refusal, body: Callable[..., Any], emulator: Emulator
) -> None:
    emulator.set(tag_values_of_an_account=0)
    assert refusal("CreateTrainingTask", body(Tags=_tags(a="1")))[0] == "InternalError.BindingTagsFailed"
    [task] = emulator.tasks()
    assert _user_tags(task) == {}
    [entry] = emulator.requests()
    assert (entry["accepted"], entry["id"], entry["code"]) == (True, task["Id"], "InternalError.BindingTagsFailed")


def test_a_thousand_and_one_tasks_with_the_same_labels_use_up_nothing(emulator: Emulator) -> None:
    """Case C33: what counts is a value that is new for each task."""
    emulator.set(tag_values_of_a_key=1000)
    quota = emulator.gateway.service.tag_quota
    for number in range(1001):
        assert quota.has_room("1", {"pulumi:stack": "dev"})
        quota.use("1", {"pulumi:stack": "dev"})
        assert quota.has_room("1", {"each": str(number)}) is (number < 1000)
        quota.use("1", {"each": str(number)})


def test_members_of_an_answer_can_be_ordered(create: Create, call: Call, emulator: Emulator) -> None:
    resource = _resource(create())
    failure = {"Resource": resource, "Code": "FailedOperation.ResourceTagProcessing", "Message": "busy"}
    emulator.faults.add("TagResources", effect=False, members={"FailedResources": [failure]})
    assert call("TagResources", {"ResourceList": [resource], "Tags": _tags(a="b")})["FailedResources"] == [failure]
