"""Existence, read and update: how often and when each request is sent, what is recorded, and what you read.

The usual cases are in `test_existence.py`, `test_read.py` and `test_update.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from calls import recorded_task
from fake_api import PROCEED, FakeApi, no_answer, refusal

from pulumi_tione._schema.identity import (
    BASE_NAME,
    RETAINED,
    RETAINED_LABEL,
    UNCONFIRMED,
    Owner,
    generated_name,
    labels,
)
from pulumi_tione.errors import ApiError, TaskError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.existence import LAG_SECONDS, detail_or_gone, not_visible_yet
from pulumi_tione.lifecycle.imported import IMPORTED
from pulumi_tione.lifecycle.read import read
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.update import PartialUpdateError, update

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
NEWS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [{"role": "WORKER", "instanceNum": 1}],
    "tags": {"team": "nlp"},
}
OUTPUTS: dict[str, Any] = {
    **NEWS,
    "status": "RUNNING",
    "uin": "100",
    "createTime": "2025-08-01T10:00:00+08",
    "latestInstanceId": "run-1",
    "allTags": {"team": "nlp", **labels(OWNER)},
}
TITLE = "training task 'bert' (train-1)"
EVENTS = "`pulumi-tione events train-1 --region ap-guangzhou`"


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def fake(**facts: Any) -> FakeApi:
    shown = {
        "ChargeType": "POSTPAID_BY_HOUR",
        "ResourceConfigInfos": [{"Role": "WORKER", "InstanceNum": 1}],
        "LatestInstanceId": "run-1",
        "Tags": as_tags(OUTPUTS["allTags"]),
    }
    api = FakeApi.with_task(facts={**shown, **facts})
    api.now = 3600.0
    return api


def gone() -> FakeApi:
    api = fake()
    api.put("train-1")
    return api


class Call:
    """One call about the task, and what it shows and records."""

    def __init__(self, api: FakeApi, **outputs: Any) -> None:
        self.api = api
        self.rows: list[str] = []
        self.warnings: list[str] = []
        self.partial: list[tuple[Mapping[str, Any], Mapping[str, Any] | None, str]] = []
        values = {name: value for name, value in {**OUTPUTS, **outputs}.items() if value is not None}
        self.task: RecordedTask[Any] = recorded_task(
            api,
            "train-1",
            values,
            OWNER,
            show_status=self.rows.append,
            warn=self.warnings.append,
            record_partial_result=lambda *what: self.partial.append(what),
        )

    def seconds(self) -> float:
        return self.api.now - 3600

    def existence_error(self) -> str:
        with pytest.raises(TaskError) as caught:
            detail_or_gone(self.task)
        return str(caught.value)

    def update(self, owner: Owner = OWNER, *, labels_enabled: bool = True, **changes: Any) -> dict[str, Any]:
        news = {name: value for name, value in {**NEWS, **changes}.items() if value is not None}
        return update(self.task, news, owner=owner, labels_enabled=labels_enabled)

    def update_error(self, owner: Owner = OWNER, **changes: Any) -> PartialUpdateError:
        with pytest.raises(PartialUpdateError) as caught:
            self.update(owner, **changes)
        return caught.value


# Whether a task is gone.


def test_a_task_that_is_gone_takes_six_requests_and_a_list_over_seven_seconds() -> None:
    call = Call(gone(), tiProjectId="w-1")
    assert detail_or_gone(call.task) is None
    assert call.api.verbs == ["describe", "account", *["describe"] * 5, "list"]
    assert 5 <= call.seconds() < 7
    assert {*call.api.asked_workspaces} == {"w-1", None}
    assert call.api.asked_workspaces.count(None) == 1  # an account has no workspace
    assert call.rows == [messages.CHECKING_AGAIN]


def test_one_wrong_not_found_is_shown_and_followed_by_another_request() -> None:
    call = Call(fake())
    call.api.trouble("describe", lambda _: None)
    assert detail_or_gone(call.task) is not None
    assert call.rows == [messages.CHECKING_AGAIN]


def test_a_task_that_is_gone_takes_three_requests_where_each_takes_some_seconds() -> None:
    call = Call(gone())

    def slowly(_: str) -> None:
        call.api.sleep(2.6)

    call.api.always("describe", slowly)
    assert detail_or_gone(call.task) is None
    assert call.api.verbs.count("describe") == 3


def test_what_contradicts_itself_is_an_error_after_a_minute() -> None:
    call = Call(gone())
    call.api.always("list", lambda: [{"Id": "train-1", "Status": "RUNNING"}])
    assert call.existence_error() == messages.listed_but_not_found(TITLE, "RUNNING", EVENTS)
    assert 60 <= call.seconds() < 66


def test_a_list_without_an_answer_is_an_error_that_shows_it() -> None:
    call = Call(gone())
    error = no_answer("DescribeTrainingTasks")
    call.api.always("list", error)
    assert call.existence_error() == messages.existence_unknown(TITLE, EVENTS, error)
    assert 60 <= call.seconds() < 66


def test_a_list_that_is_refused_is_an_error_at_once() -> None:
    call = Call(gone())
    call.api.always("list", refusal("UnauthorizedOperation", "DescribeTrainingTasks"))
    with pytest.raises(ApiError, match="UnauthorizedOperation"):
        detail_or_gone(call.task)
    assert call.seconds() < 7


def test_a_task_that_may_be_too_new_is_looked_for_as_long_as_reads_may_lag() -> None:
    for age, is_new in ((59, True), (60, False)):
        call = Call(gone())
        created = call.api.present()
        call.api.now += age
        call.task = Call(call.api, createTime=created).task
        begun = call.api.now
        if is_new:
            error = messages.perhaps_too_new(TITLE, messages.created_just_now(age), EVENTS)
            assert call.existence_error() == error
            assert LAG_SECONDS <= call.api.now - begun < LAG_SECONDS + 6
        else:
            assert detail_or_gone(call.task) is None


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        ({"status": "", "createTime": ""}, messages.NEVER_VISIBLE),
        ({"status": ""}, messages.NEVER_VISIBLE),
        ({"status": "RUNNING", "createTime": ""}, None),
        ({"status": "", "createTime": "2025-08-01T10:00:00+08"}, None),
        ({}, None),
    ],
)
def test_only_a_task_of_which_nothing_was_ever_seen_has_never_been_visible(
    outputs: dict[str, str], reason: str | None
) -> None:
    assert not_visible_yet(fake(), outputs) == reason


def test_a_task_whose_account_is_not_recorded_or_is_another_one_is_never_gone() -> None:
    assert Call(gone(), uin="").existence_error() == messages.account_not_recorded(TITLE, "ap-guangzhou", "100")
    assert Call(gone(), uin="7").existence_error() == messages.other_account(TITLE, "ap-guangzhou", "7", "100")


def test_a_cancelled_check_names_the_task() -> None:
    call = Call(gone())
    call.task.context.cancelled.set()
    assert call.existence_error() == messages.call_ended(
        TITLE, "cancelled", messages.CHECKING_EXISTENCE, messages.STAYS_IN_STATE
    )


# Read.


def test_a_name_with_a_suffix_is_recorded_with_the_name_of_the_program() -> None:
    name = generated_name(OWNER)
    outputs = read(Call(fake(Name=f"{name}-2"), name=f"{name}-2", **{BASE_NAME: name}).task)
    assert outputs is not None
    assert outputs[0]["name"] == f"{name}-2"
    assert outputs[0][BASE_NAME] == name
    assert outputs[1]["name"] == name
    without = read(Call(fake(Name="seen"), name="").task)
    assert without is not None
    assert without[0]["name"] == "seen"


def test_a_name_without_a_suffix_is_recorded_once() -> None:
    for shown in ("bert", None):
        found = read(Call(fake(Name=shown)).task)
        assert found is not None
        assert found[0]["name"] == found[1]["name"] == "bert"
        assert BASE_NAME not in found[0]


@pytest.mark.parametrize(("workspace", "shown"), [(None, "default"), ("w-1", "w-1")])
def test_a_task_that_is_looked_up_and_absent_is_named_with_its_place(workspace: str | None, shown: str) -> None:
    api = gone()
    recorded = {"region": "ap-guangzhou", **({"tiProjectId": workspace} if workspace else {})}
    with pytest.raises(TaskError) as caught:
        read(recorded_task(api, "train-1", recorded))
    place = f"(region ap-guangzhou, workspace {shown})"
    assert str(caught.value) == f"there is no training task train-1 {place} in account 100"
    assert api.now - 3600 == 2
    assert api.verbs == ["describe"] * 3 + ["account"]


# Update.


def test_tags_take_one_request_and_two_reads() -> None:
    call = Call(fake())
    outputs = call.update(tags={"team": "vision"})
    assert call.api.verbs == ["describe", "tag", "describe"]
    assert outputs["allTags"] == {"team": "vision", **labels(OWNER)}
    assert outputs["tags"] == {"team": "vision"}
    assert outputs["status"] == "RUNNING"
    assert BASE_NAME not in outputs
    assert call.warnings == []


def test_an_update_that_fails_has_its_outputs_its_owner_and_its_error_recorded() -> None:
    call = Call(fake(), status="RUNNING")
    call.api.always("log", refusal("InternalError", "EnableTrainingTaskClsConfig"))
    renamed = {**OWNER, "resource": "gpt"}
    error = call.update_error(renamed, tags={"team": "vision"}, logEnable=True, settings={"profile": "p"})
    ((outputs, owner, text),) = call.partial
    assert (outputs, owner, text) == (error.outputs, renamed, str(error))
    assert text == messages.not_changed(
        TITLE, ["settings", "tags"], ["log delivery"], refusal("InternalError", "EnableTrainingTaskClsConfig")
    )
    assert outputs["tags"] == {"team": "vision"}
    assert outputs["allTags"] == {"team": "vision", **labels(renamed)}
    assert "logEnable" not in outputs


def test_an_update_that_fails_before_its_first_step_has_changed_nothing() -> None:
    call = Call(gone())
    error = call.update_error({**OWNER, "resource": "gpt"}, tags={"team": "vision"}, logEnable=True)
    ((outputs, owner, text),) = call.partial
    assert owner == OWNER
    assert outputs == OUTPUTS
    assert (
        text
        == str(error)
        == messages.not_changed(TITLE, [], ["tags", "log delivery"], TaskError(messages.NO_LONGER_EXISTS))
    )


def test_what_the_service_never_returns_is_recorded_as_the_program_has_it() -> None:
    outputs = Call(fake(), privateEnvs={"TOKEN": "planted"}).update(
        tags={"team": "vision"}, privateEnvs={"TOKEN": "planted"}
    )
    assert outputs["privateEnvs"] == {"TOKEN": "planted"}


def test_after_a_change_of_log_delivery_the_detail_is_read_again() -> None:
    call = Call(fake(FailureReason=""))
    config = {"logsetId": "l-1", "topicId": "t-1"}

    def enable(_: object = None) -> object:
        call.api.put("train-1", Status="SUCCEED", LogEnable=True)
        return None

    call.api.trouble("log", enable)
    outputs = call.update(logEnable=True, logConfig=config)
    assert outputs["status"] == "SUCCEED"
    assert (outputs["logEnable"], outputs["logConfig"]) == (True, config)
    assert call.api.verbs == ["describe", "log", "describe"]


def test_a_task_that_was_stopped_is_recorded_as_it_was_seen_to_end() -> None:
    call = Call(fake(Status="RUNNING"))
    call.api.ends = "FAILED"
    outputs = call.update(desiredStatus="STOPPED")
    assert outputs["status"] == "FAILED"
    assert outputs["desiredStatus"] == "STOPPED"


def test_a_read_from_before_the_stop_does_not_make_a_stopped_task_active() -> None:
    call = Call(fake(Status="RUNNING"))
    before = call.api.shown("train-1")
    call.api.trouble("describe", *[lambda _: PROCEED] * 2, lambda _: before)
    outputs = call.update(desiredStatus="STOPPED")
    assert call.api.verbs.count("describe") == 3
    assert outputs["status"] == "STOPPED"


def test_the_first_update_of_an_imported_task_records_what_its_program_declares() -> None:
    call = Call(fake(), **{IMPORTED: ["name", "region", "chargeType", "resourceConfigInfos", "tags"]}, remark="seen")
    outputs = call.update(tags={"team": "vision"}, frameworkName="PYTORCH", remark="seen")
    assert IMPORTED not in outputs
    assert outputs["frameworkName"] == "PYTORCH"


def test_a_start_that_is_not_confirmed_is_recorded_and_the_next_update_decides() -> None:
    call = Call(fake(Status="FAILED"), rerunOnFailure=1, run=1)
    error = no_answer("StartTrainingTask")
    call.api.always("start", error)
    failed = call.update_error(rerunOnFailure=1, run=2, rerunOf="run-1")
    assert failed.outputs[UNCONFIRMED] == {"start": "run-1"}
    assert failed.outputs["run"] == 2
    assert str(failed) == messages.not_changed(
        TITLE, [], ["run state"], TaskError(messages.perhaps_started(error, LAG_SECONDS))
    )
    assert LAG_SECONDS <= call.seconds() < LAG_SECONDS + 1
    assert messages.WAITING_FOR_RUN in call.rows


def test_a_start_that_was_accepted_and_does_not_show_is_a_warning() -> None:
    call = Call(fake(Status="FAILED"), rerunOnFailure=1, run=1)
    call.api.always("start", lambda: None)
    call.update(rerunOnFailure=1, run=2, rerunOf="run-1")
    assert call.warnings == [messages.no_new_run("train-1", "FAILED", LAG_SECONDS)]


def test_a_rerun_that_is_not_due_is_a_warning_with_the_run_that_there_is() -> None:
    call = Call(fake(Status="RUNNING", LatestInstanceId="run-2"), rerunOnFailure=1, run=1)
    call.update(rerunOnFailure=1, run=2, rerunOf="run-1")
    assert call.warnings == [messages.rerun_not_due("train-1", "RUNNING", "run-2")]
    assert call.api.writes == []


def test_a_task_that_does_not_stop_is_not_started() -> None:
    call = Call(fake(Status="STOPPING"), desiredStatus="STOPPED", status="STOPPING")
    call.api.seconds_to_stop = 10**6
    call.api.put("train-1", Status="STOPPING")
    error = call.update_error(desiredStatus="RUNNING")
    assert str(error) == messages.not_changed(TITLE, [], ["run state"], TaskError(messages.still_stopping(30)))
    assert 1800 <= call.seconds() < 1806
    assert call.api.writes == []


def test_a_start_that_is_cancelled_while_the_task_stops_shows_it() -> None:
    call = Call(fake(Status="STOPPING"), desiredStatus="STOPPED")
    call.api.seconds_to_stop = 10**6
    call.api.put("train-1", Status="STOPPING")

    def pause(seconds: float) -> None:
        call.api.sleep(seconds)
        call.task.context.cancelled.set()

    call.task.context.pause = pause
    error = call.update_error(desiredStatus="RUNNING")
    assert messages.stopped_waiting("cancelled", "STOPPING") in str(error)


def test_every_request_of_an_update_names_the_workspace() -> None:
    call = Call(fake(Status="FAILED"), tiProjectId="w-1", desiredStatus="STOPPED")
    call.update(tiProjectId="w-1", desiredStatus="RUNNING", logEnable=True)
    assert {*call.api.verbs} == {"describe", "log", "start"}
    assert {*call.api.asked_workspaces} == {"w-1"}


def test_a_start_whose_answer_was_lost_is_not_confirmed_by_reads_without_an_answer() -> None:
    call = Call(fake(Status="FAILED"), rerunOnFailure=1, run=1)

    def lost() -> None:
        call.api.always("describe", no_answer("DescribeTrainingTask"))
        raise no_answer("StartTrainingTask")

    call.api.trouble("start", lost)
    failed = call.update_error(rerunOnFailure=1, run=2, rerunOf="run-1")
    assert failed.outputs[UNCONFIRMED] == {"start": "run-1"}
    assert LAG_SECONDS <= call.seconds() < LAG_SECONDS + 1


def test_a_start_takes_one_read_after_it() -> None:
    call = Call(fake(Status="FAILED"), rerunOnFailure=1, run=1)
    outputs = call.update(rerunOnFailure=1, run=2, rerunOf="run-1")
    assert call.api.verbs == ["describe", "describe", "start", "describe"]
    assert outputs["latestInstanceId"] == "run-2"
    assert call.warnings == []


def test_a_stop_is_followed_by_a_read() -> None:
    call = Call(fake(Status="RUNNING"))
    outputs = call.update(desiredStatus="STOPPED")
    assert call.api.verbs[-1] == "describe"
    assert outputs["status"] == "STOPPED"
    vanishing = Call(fake(Status="RUNNING"))
    vanishing.api.trouble("stop", lambda task_id: vanishing.api.put(task_id))
    error = vanishing.update_error(desiredStatus="STOPPED")
    assert str(error) == messages.not_changed(TITLE, [], ["run state"], TaskError(messages.NO_LONGER_EXISTS))


def test_a_desired_status_acts_only_when_it_changes() -> None:
    call = Call(fake(Status="STOPPED"), desiredStatus="RUNNING")
    call.update(desiredStatus="RUNNING", rerunOnFailure=2)
    assert call.api.writes == []


@pytest.mark.parametrize(
    ("recorded", "unconfirmed", "is_started"),
    [
        ("run-1", None, True),
        ("run-0", None, False),  # somebody has started it since, and that run has failed as well
        ("", None, True),
        ("", "run-1", True),
        ("", "run-0", False),  # the start without an answer has made the run that has failed now
    ],
)
def test_a_rerun_that_an_earlier_version_has_counted_is_started_once(
    recorded: str, unconfirmed: str | None, is_started: bool
) -> None:
    outputs = {UNCONFIRMED: {"start": unconfirmed}} if unconfirmed else {}
    call = Call(fake(Status="FAILED"), latestInstanceId=recorded, rerunOnFailure=1, run=1, **outputs)
    call.update(rerunOnFailure=1, run=2)
    assert call.api.writes == ["start train-1"] * is_started


def test_the_account_of_the_state_is_used_where_the_service_does_not_return_it() -> None:
    call = Call(fake(Uin=None))
    accounts: list[str] = []

    def tag(task_id: str, uin: str, tags: Mapping[str, str]) -> None:
        accounts.append(uin)
        call.api.put_tags(task_id, **{key.replace(":", "__"): value for key, value in tags.items()})

    call.api.tag_training_task = tag  # type: ignore[method-assign]
    assert call.update(tags={"team": "vision"})["uin"] == "100"
    assert accounts == ["100"]
    call = Call(fake(), uin="7")
    call.api.tag_training_task = tag  # type: ignore[method-assign]
    accounts.clear()
    call.update(tags={"team": "audio"})
    assert accounts == ["100"]


def test_what_was_not_confirmed_is_forgotten_once_it_is_done_though_a_later_step_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call = Call(fake(), **{UNCONFIRMED: {"tags": ["team"]}})
    call.api.always("log", refusal("InternalError", "EnableTrainingTaskClsConfig"))
    assert UNCONFIRMED not in call.update_error(tags={"team": "vision"}, logEnable=True).outputs

    call = Call(fake(Status="FAILED"), rerunOnFailure=1, run=2, rerunOf="run-1", **{UNCONFIRMED: {"start": "run-1"}})

    def fail(*_: object) -> None:
        raise KeyError("Status")

    monkeypatch.setattr("pulumi_tione.lifecycle.update.recorded_outputs", fail)
    failed = call.update_error(rerunOnFailure=1, run=2, rerunOf="run-1")
    assert UNCONFIRMED not in failed.outputs
    assert call.api.writes == ["start train-1"]


def test_a_start_whose_answer_was_lost_and_that_shows_is_no_warning() -> None:
    call = Call(fake(Status="FAILED"), rerunOnFailure=1, run=1)
    call.api.fail("start", no_answer("StartTrainingTask"), has_effect=True)
    outputs = call.update(rerunOnFailure=1, run=2, rerunOf="run-1")
    assert call.warnings == []
    assert outputs["latestInstanceId"] == "run-2"


def test_newer_labels_that_cannot_be_bound_are_named_with_the_error() -> None:
    kept = {**OWNER, RETAINED: "true"}
    refused = refusal("UnauthorizedOperation", "TagResources")
    call = Call(fake())
    call.api.always("tag", refused)
    update(replace(call.task, owner=kept), {**NEWS, "logEnable": True}, owner=kept, labels_enabled=True)
    error = TaskError(messages.tags_not_changed({"not set": [RETAINED_LABEL]}, refused))
    assert call.warnings == [messages.labels_missing("train-1", {RETAINED_LABEL}, error)]
