"""Conditions that are rare, about time, calls and names, in which a wrong branch costs a task or a run.

Decisions about names and re-runs are in `test_decisions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from calls import context_of, recorded_task
from fake_api import FakeApi, Lag, refusal

from pulumi_tione._schema.identity import BASE_NAME, SUFFIXES, SUFFIXES_TO_TRY, generated_name, labels, suffixed_name
from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.create import Creation
from pulumi_tione.lifecycle.diff import Difference
from pulumi_tione.lifecycle.diff import diff as diff_with_owner
from pulumi_tione.lifecycle.existence import detail_or_gone
from pulumi_tione.lifecycle.leftovers import Leftovers
from pulumi_tione.lifecycle.read import read
from pulumi_tione.lifecycle.update import PartialUpdateError, update
from pulumi_tione.provider import TrainingTaskProvider

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
GENERATED = generated_name(OWNER)
INPUTS: dict[str, Any] = {
    "name": GENERATED,
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1}],
}
OUTPUTS: dict[str, Any] = {
    **INPUTS,
    "status": "FAILED",
    "uin": "100",
    "createTime": "2025-08-01T10:00:00+08",
    "latestInstanceId": "run-1",
    "allTags": labels(OWNER),
    "rerunOnFailure": 2,
    "run": 1,
}


def tagged(owner: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in labels(owner).items()]


def diff(outputs: Mapping[str, Any], news: Mapping[str, Any], **options: Any) -> Difference:
    return diff_with_owner(outputs, news, recorded_owner=OWNER, owner=OWNER, labels_enabled=True, **options)


# Names with a suffix.


def test_a_suffix_hides_no_new_name_of_the_program() -> None:
    recorded = {**OUTPUTS, "name": suffixed_name(GENERATED, 2), BASE_NAME: GENERATED}
    news = {**INPUTS, "rerunOnFailure": 2, "run": 1}
    renamed = {**news, "name": "bert-2"}
    assert diff(recorded, news).replacing == ()
    assert diff(recorded, renamed).replacing == ("name",)
    assert diff({**recorded, "name": GENERATED}, renamed).replacing == ("name",)


def test_ten_names_with_a_suffix_are_tried_before_the_create_ends() -> None:
    service = FakeApi()
    names = [GENERATED, *(suffixed_name(GENERATED, number) for number in SUFFIXES_TO_TRY)]
    assert len(names) == 11
    service.taken_names |= {*names}
    with pytest.raises(TaskError) as caught:
        creation(service, deleted_names_are_kept=True).run()
    assert str(caught.value) == messages.all_names_kept(GENERATED)
    assert [body["Name"] for body in service.bodies] == names


@pytest.mark.parametrize("number", SUFFIXES_TO_TRY)
def test_a_task_with_any_suffix_that_create_tries_is_found_again_by_two_lists(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = suffixed_name(GENERATED, number)
    service = FakeApi.with_task(facts={"Name": name, "Status": "FAILED", "LatestInstanceId": "run-1"})
    monkeypatch.setattr(TrainingTaskProvider, "_client", lambda *_: service)
    announced = TrainingTaskProvider()._task_of({**INPUTS, "name": GENERATED}) or {}
    assert (announced["Id"], announced["LatestInstanceId"]) == ("train-1", "run-1")
    suffixed = " ".join(suffixed_name(GENERATED, number) for number in SUFFIXES_TO_TRY)
    assert service.calls == [f"find {GENERATED}", f"find {suffixed}", "describe train-1"]


def test_a_task_without_a_suffix_is_found_by_one_list_and_one_that_is_gone_hides_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = FakeApi(lag=Lag(lists=60))
    monkeypatch.setattr(TrainingTaskProvider, "_client", lambda *_: service)
    find = TrainingTaskProvider()._task_of
    for number in (3, 2, None):  # each is found before the ones with a higher number
        name = GENERATED if number is None else suffixed_name(GENERATED, number)
        service.make({**INPUTS, "Name": name}, Status="FAILED")
    service.sleep(60)
    assert (find(INPUTS) or {})["Id"] == "train-3"
    assert service.calls == [f"find {GENERATED}", "describe train-3"]
    service.put("train-3")
    assert (find(INPUTS) or {})["Id"] == "train-2"
    service.put("train-2")
    assert (find(INPUTS) or {})["Id"] == "train-1"
    service.put("train-1")
    assert find(INPUTS) is None


@pytest.mark.parametrize("number", [None, *SUFFIXES[:1], 10, 99, 100, *SUFFIXES[-1:]])
def test_a_task_with_the_generated_name_of_another_owner_is_no_leftover(number: int | None) -> None:
    """Labels have no organization: stacks of the same name in two organizations have the same ones."""
    namesake = {**OWNER, "organization": "globex"}
    for owner, is_leftover in ((namesake, False), (OWNER, True)):
        name = generated_name(owner)
        name = name if number is None else suffixed_name(name, number)
        service = FakeApi.with_task(facts={"Name": name, "Status": "RUNNING", "Tags": tagged(owner)})
        assert (Leftovers().find(service, OWNER, None) is not None) == is_leftover


# Leftovers.


@pytest.mark.parametrize("status", ["STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED"])
def test_a_leftover_that_has_ended_since_it_was_listed_blocks_no_create(status: str) -> None:
    service = FakeApi.with_task(facts={"Name": "left", "Status": "RUNNING", "Tags": tagged(OWNER)})
    leftovers = Leftovers()
    assert leftovers.find(service, OWNER, None) is not None
    service.put("train-1", Status=status)
    assert leftovers.find(service, OWNER, None) is None
    assert creation(service, leftovers=leftovers).run()[0] == "train-2"


def creation(service: FakeApi, **options: Any) -> Creation:
    return Creation(service, OWNER, INPUTS, context_of(service), labels_enabled=True, **options)


# Requests that are made, and requests that are not.


def test_diff_does_not_request_the_account_unless_the_settings_change() -> None:
    requested: list[Mapping[str, Any]] = []

    def account_of(inputs: Mapping[str, Any]) -> str:
        requested.append(inputs)
        return "100"

    news = {**INPUTS, "rerunOnFailure": 2, "run": 1}
    for changed in ({}, {"tags": {"team": "cv"}}, {"chargeType": "PREPAID"}):
        diff(OUTPUTS, {**news, **changed}, account_of=account_of)
    assert requested == []
    changed_settings = {**news, "settings": {"profile": "other"}}
    assert diff(OUTPUTS, changed_settings, account_of=account_of).in_place == ("settings",)
    assert requested == [changed_settings]


def test_a_missing_task_is_requested_three_times_over_five_seconds_before_it_counts_as_gone() -> None:
    service = FakeApi()
    times: list[float] = []
    service.always("describe", lambda _: times.append(service.now))
    assert detail_or_gone(recorded_task(service, "train-9", OUTPUTS)) is None
    assert len(times) >= 3
    assert times[-1] - times[0] >= 5


def test_a_missing_task_is_requested_three_times_however_long_each_response_takes() -> None:
    service = FakeApi()
    service.always("describe", lambda _: service.sleep(6))
    assert detail_or_gone(recorded_task(service, "train-9", OUTPUTS)) is None
    assert service.verbs.count("describe") == 3


@pytest.mark.parametrize("misses", [1, 2])
def test_a_task_that_is_missed_less_often_than_three_times_is_there(misses: int) -> None:
    service = FakeApi.with_task(facts={"Status": "RUNNING"})
    service.trouble("describe", *[lambda _: None] * misses)
    assert detail_or_gone(recorded_task(service, "train-1", OUTPUTS)) is not None


def test_a_task_that_is_looked_up_is_requested_three_times() -> None:
    service = FakeApi()
    with pytest.raises(TaskError, match="there is no training task train-9"):
        read(recorded_task(service, "train-9", {"region": "ap-guangzhou"}))
    assert service.verbs.count("describe") == 3
    assert service.now == 2


# A start without a clear answer.


@pytest.mark.parametrize("code", ["InternalError", "ServiceUnavailable"])
@pytest.mark.parametrize("has_effect", [True, False])
def test_a_start_that_was_answered_with_an_indeterminate_code_is_looked_up(code: str, has_effect: bool) -> None:
    service = FakeApi.with_task(facts={"Status": "FAILED", "LatestInstanceId": "run-1", "Tags": tagged(OWNER)})

    def answered(*_: str) -> None:
        if has_effect:
            service.put("train-1", Status="SUBMITTING", LatestInstanceId="run-2")
        raise refusal(code, "StartTrainingTask")

    service.trouble("start", answered)
    news = {**INPUTS, "rerunOnFailure": 2, "run": 2, "rerunOf": "run-1"}
    task = recorded_task(service, "train-1", OUTPUTS, OWNER)
    if has_effect:
        outputs = update(task, news, owner=OWNER, labels_enabled=True)
        assert outputs["latestInstanceId"] == "run-2"
        assert "unconfirmed" not in outputs
    else:
        with pytest.raises(PartialUpdateError, match="may or may not have been started again") as raised:
            update(task, news, owner=OWNER, labels_enabled=True)
        assert raised.value.outputs["unconfirmed"] == {"start": "run-1"}
    assert service.verbs.count("start") == 1
