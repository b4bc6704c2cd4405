"""Update: what changes while the task lives, step by step, and what is recorded when a step fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from pulumi_tione._client import Client
from pulumi_tione._ownership import NUMBERED_FROM, automatic_name, labels, numbered
from pulumi_tione.errors import ApiError, UnclearError
from pulumi_tione.lifecycle import presence
from pulumi_tione.lifecycle.diff import Difference, diff
from pulumi_tione.lifecycle.update import PartialUpdateError, update

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
NEWS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [{"role": "WORKER", "instanceNum": 1}],
    "tags": {"team": "nlp", "old": "x"},
    "privateEnvs": {"TOKEN": "planted"},
    "owner": OWNER,
}
OUTPUTS: dict[str, Any] = {
    **NEWS,
    "status": "RUNNING",
    "uin": "100",
    "latestInstanceId": "instance-1",
    "allTags": {"team": "nlp", "old": "x", "foreign": "f", **labels(OWNER)},
}
LOG = {"logsetId": "l-1", "topicId": "t-1"}


@pytest.fixture(autouse=True)
def no_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else asks: nobody is waited for."""
    monkeypatch.setattr(presence.STATUSES, "_sleep", lambda _: None)


class Service(Client):
    """One task, as it is told; it keeps what was asked of it, in order."""

    def __init__(self, status: str = "RUNNING") -> None:
        self.region = "ap-guangzhou"
        self.tags: dict[str, str] = {**OUTPUTS["allTags"], "qcs:tag:createdBy": "100"}
        self.name = "bert"
        self.status = status
        self.runs = 1
        self.log: tuple[bool, Any] = (False, None)
        self.is_gone = False
        self.shows_tags_late = False
        self.calls: list[str] = []
        self.failing: dict[str, Exception] = {}
        self.start: Callable[[], None] = self._start

    def _called(self, call: str) -> None:
        self.calls.append(call)
        for beginning, error in self.failing.items():
            if call.startswith(beginning):
                raise error

    def _start(self) -> None:
        self.runs += 1
        self.status = "SUBMITTING"

    def describe_training_task(
        self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
    ) -> dict[str, Any] | None:
        if self.is_gone:
            return None
        return {
            "Id": "train-1",
            "Name": self.name,
            "Uin": "100",
            "Status": self.status,
            "LatestInstanceId": f"instance-{self.runs}",
            "ChargeType": "POSTPAID_BY_HOUR",
            "ResourceConfigInfos": [{"Role": "WORKER", "InstanceNum": 1}],
            "Tags": [{"TagKey": key, "TagValue": value} for key, value in self.tags.items()],
            "LogEnable": self.log[0],
            "LogConfig": self.log[1],
        }

    def training_tasks_by_id(
        self, task_ids: Sequence[str], ti_project_id: str | None = None
    ) -> dict[str, dict[str, Any]]:
        return {} if self.is_gone else {"train-1": {"Id": "train-1", "Status": self.status}}

    def account_id(self) -> str:
        return "100"

    def tag_training_task(self, task_id: str, uin: str, tags: Mapping[str, str]) -> None:
        assert (task_id, uin) == ("train-1", "100")
        if tags:
            self._called(f"tag {','.join(sorted(tags))}")
            self.tags.update({} if self.shows_tags_late else tags)

    def untag_training_task(self, task_id: str, uin: str, keys: Sequence[str]) -> None:
        if keys:
            self._called(f"untag {','.join(sorted(keys))}")
            for key in keys:
                del self.tags[key]

    def enable_cls_config(
        self, task_id: str, enable: bool, config: Mapping[str, Any] | None, ti_project_id: str | None = None
    ) -> None:
        self._called(f"log {enable} {config and config['TopicId']}")
        self.log = (enable, config)

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        self._called("stop")
        self.status = "STOPPED"

    def start_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        self._called("start")
        self.start()


def refusal(code: str) -> ApiError:
    return ApiError("TagResources", code, "no", "r-1")


def updated(
    service: Service, *, outputs: Mapping[str, Any] = OUTPUTS, labelled: bool = True, **changes: Any
) -> dict[str, Any]:
    """Update the task to the inputs with some changed; None takes one away."""
    news = {name: value for name, value in {**NEWS, **changes}.items() if value is not None}
    reached = update(
        service, "train-1", outputs, news, labelled=labelled, sleep=lambda _: None, clock=iter(range(10**6)).__next__
    )
    assert diff(reached, news, labelled=labelled) == Difference(replacing=(), in_place=())
    return reached


# Tags.


def test_tags_are_bound_before_others_are_removed_and_nobody_elses_are_touched() -> None:
    service = Service()
    outputs = updated(service, tags={"team": "cv", "new": "y"})
    assert service.calls == ["tag new,team", "untag old"]
    assert outputs["tags"] == {"team": "cv", "new": "y"}
    assert outputs["allTags"] == {"team": "cv", "new": "y", "foreign": "f", **labels(OWNER)}
    assert service.tags["qcs:tag:createdBy"] == "100"


def test_tags_that_are_all_taken_out_of_the_program_are_removed() -> None:
    service = Service()
    outputs = updated(service, tags=None)
    assert service.calls == ["untag old,team"]
    assert "tags" not in outputs


def test_a_renamed_resource_gets_its_labels_anew() -> None:
    service = Service()
    outputs = updated(service, owner={**OWNER, "resource": "renamed"})
    assert service.calls == ["tag pulumi:resource"]
    assert outputs["allTags"]["pulumi:resource"] == "renamed"
    assert outputs["owner"]["resource"] == "renamed"


def test_labels_that_are_turned_off_are_removed() -> None:
    service = Service()
    updated(service, labelled=False)
    assert service.calls == ["untag pulumi:project,pulumi:resource,pulumi:stack"]


def test_tags_that_are_accepted_but_not_shown_are_an_error() -> None:
    service = Service()
    service.shows_tags_late = True
    with pytest.raises(PartialUpdateError, match="the tags team were accepted, but are not to be seen"):
        updated(service, tags={"team": "cv", "old": "x"})


# Log delivery and outputs.


@pytest.mark.parametrize(
    ("changes", "call"),
    [
        ({"logEnable": True, "logConfig": LOG}, "log True t-1"),
        ({"logEnable": False, "logConfig": LOG}, "log False t-1"),
        ({"logEnable": True}, "log True None"),
    ],
)
def test_log_delivery_is_changed_in_place(changes: dict[str, Any], call: str) -> None:
    service = Service()
    updated(service, **changes)
    assert service.calls == [call]


def test_an_update_loses_no_output() -> None:
    outputs = updated(Service(), tags={"team": "cv"})
    assert set(OUTPUTS) <= set(outputs)
    assert outputs["privateEnvs"] == {"TOKEN": "planted"}
    assert outputs["latestInstanceId"] == "instance-1"


def test_a_computed_name_that_had_to_be_numbered_stays() -> None:
    service, name = Service(), automatic_name(OWNER)
    service.name = numbered(name, 2)
    outputs = {**OUTPUTS, "name": service.name, NUMBERED_FROM: name}
    reached = updated(service, outputs=outputs, name=name, tags={"team": "cv"})
    assert (reached["name"], reached[NUMBERED_FROM]) == (service.name, name)


# Run state.


def test_stopped_stops_an_active_task() -> None:
    service = Service("RUNNING")
    outputs = updated(service, desiredStatus="STOPPED")
    assert service.calls == ["stop"]
    assert outputs["status"] == "STOPPED"


@pytest.mark.parametrize("status", ["STOPPED", "SUCCEED", "FAILED"])
def test_stopped_does_nothing_to_a_task_at_rest(status: str) -> None:
    service = Service(status)
    updated(service, desiredStatus="STOPPED")
    assert service.calls == []


@pytest.mark.parametrize(
    ("status", "calls"),
    [("STOPPED", ["start"]), ("FAILED", ["start"]), ("SUCCEED", []), ("RUNNING", []), ("PENDING", [])],
)
def test_running_starts_a_task_that_rests_unless_it_has_finished(status: str, calls: list[str]) -> None:
    service = Service(status)
    updated(service, outputs={**OUTPUTS, "desiredStatus": "STOPPED"}, desiredStatus="RUNNING")
    assert service.calls == calls


def test_a_wish_that_does_not_change_does_nothing() -> None:
    service = Service("STOPPED")
    updated(service, outputs={**OUTPUTS, "desiredStatus": "RUNNING"}, desiredStatus="RUNNING", tags={"team": "nlp"})
    assert "start" not in service.calls


@pytest.mark.parametrize(
    ("status", "calls"),
    [("FAILED", ["start"]), ("SUBMIT_FAILED", ["start"]), ("SUCCEED", []), ("STOPPED", []), ("RUNNING", [])],
)
def test_a_further_run_is_started_only_of_a_task_that_failed(status: str, calls: list[str]) -> None:
    service = Service(status)
    outputs = updated(service, outputs={**OUTPUTS, "rerunOnFailure": 2, "run": 1}, rerunOnFailure=2, run=2)
    assert service.calls == calls
    assert outputs["run"] == 2


def test_a_start_whose_answer_was_lost_has_happened_when_there_is_another_run() -> None:
    service = Service("FAILED")

    def accepted_but_lost() -> None:
        service.runs += 1
        service.status = "FAILED"
        raise UnclearError("StartTrainingTask got no answer")

    service.start = accepted_but_lost
    updated(service, outputs={**OUTPUTS, "rerunOnFailure": 2, "run": 1}, rerunOnFailure=2, run=2)
    assert service.calls == ["start"]


def test_a_start_whose_answer_was_lost_and_that_has_not_happened_is_an_error() -> None:
    service = Service("FAILED")

    def lost() -> None:
        raise UnclearError("StartTrainingTask got no answer")

    service.start = lost
    outputs = {**OUTPUTS, "rerunOnFailure": 2, "run": 1}
    with pytest.raises(PartialUpdateError, match="StartTrainingTask got no answer") as caught:
        updated(service, outputs=outputs, rerunOnFailure=2, run=2)
    assert service.calls == ["start"]
    assert caught.value.outputs["run"] == 1


# Failures.


def test_a_step_that_fails_leaves_recorded_what_was_reached_before() -> None:
    service = Service()
    service.failing = {"log": refusal("UnauthorizedOperation")}
    with pytest.raises(PartialUpdateError) as caught:
        updated(service, tags={"team": "cv"}, logEnable=True, logConfig=LOG)
    text = str(caught.value)
    assert "training task 'bert' (train-1)" in text
    assert "UnauthorizedOperation" in text
    assert "\n" not in text
    reached = caught.value.outputs
    assert reached["tags"] == {"team": "cv"}
    assert reached["allTags"]["team"] == "cv"
    assert "logEnable" not in reached
    assert set(OUTPUTS) <= set(reached)

    service.failing = {}
    service.calls.clear()
    updated(service, outputs=reached, tags={"team": "cv"}, logEnable=True, logConfig=LOG)
    assert service.calls == ["log True t-1"]


def test_tags_that_could_not_be_removed_are_still_recorded_as_ours() -> None:
    service = Service()
    service.failing = {"untag": refusal("InternalError")}
    with pytest.raises(PartialUpdateError) as caught:
        updated(service, tags={"team": "cv"})
    assert "old" in caught.value.outputs["tags"]

    service.failing = {}
    updated(service, outputs=caught.value.outputs, tags={"team": "cv"})
    assert "old" not in service.tags


def test_a_task_that_is_gone_is_an_error_with_the_way_out() -> None:
    service = Service()
    service.is_gone = True
    with pytest.raises(PartialUpdateError, match="pulumi refresh"):
        updated(service, tags={"team": "cv"})
