"""Update: what changes while the task lives, step by step, and what is recorded when a step fails.

Lagging reads are in `tests/component/test_update_under_lag.py`, tags in `test_tagging.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from calls import recorded_task
from fake_api import PROCEED, FakeApi, Lag

from pulumi_tione._schema.identity import BASE_NAME, UNCONFIRMED, Owner, generated_name, labels, suffixed_name
from pulumi_tione.errors import ApiError, IndeterminateResultError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.diff import Difference, diff
from pulumi_tione.lifecycle.read import read
from pulumi_tione.lifecycle.update import PartialUpdateError, update

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
NEWS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [{"role": "WORKER", "instanceNum": 1}],
    "tags": {"team": "nlp", "old": "x"},
    "privateEnvs": {"TOKEN": "planted"},
}
OUTPUTS: dict[str, Any] = {
    **NEWS,
    "status": "RUNNING",
    "uin": "100",
    "latestInstanceId": "instance-1",
    "allTags": {"team": "nlp", "old": "x", "foreign": "f", **labels(OWNER)},
}
LOG = {"logsetId": "l-1", "topicId": "t-1"}


class Service(FakeApi):
    """The fake with one task. What details show lags behind by this many seconds."""

    def __init__(self, status: str = "RUNNING", lag: float = 0.0) -> None:
        super().__init__(lag=Lag(details=lag), seconds_to_stop=0)
        self.now = 1000.0
        self.runs = 1
        task = {
            "Id": "train-1",
            "Name": "bert",
            "Uin": "100",
            "Status": status,
            "LatestInstanceId": "instance-1",
            "ChargeType": "POSTPAID_BY_HOUR",
            "ResourceConfigInfos": [{"Role": "WORKER", "InstanceNum": 1}],
            "Tags": as_tags({**OUTPUTS["allTags"], "qcs:tag:createdBy": "100"}),
            "LogEnable": False,
            "LogConfig": None,
        }
        self.history["train-1"] = [(float("-inf"), task)]
        self.start: Callable[[], None] = self.started
        self.always("start", self._start)

    def _start(self) -> object:
        if "start" in self.failing:
            return PROCEED
        self.start()
        return None

    def started(self) -> None:
        self.runs += 1
        self.happen(Status="SUBMITTING", LatestInstanceId=f"instance-{self.runs}")

    def happen(self, **changes: Any) -> None:
        """Change the task as somebody else does."""
        self.put("train-1", **changes)

    def of_task(self, name: str) -> Any:
        """Return a fact of the task as it really is."""
        return (self.actual("train-1") or {})[name]

    @property
    def changes(self) -> list[str]:
        """The calls that change something, without the id of the only task."""
        return [call.removesuffix(" train-1") for call in self.writes]


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def refusal(code: str) -> ApiError:
    return ApiError("TagResources", code, "no", "r-1")


LOST = IndeterminateResultError("StartTrainingTask got no answer")


def inputs(**changes: Any) -> dict[str, Any]:
    """The inputs with some changed; None takes one away."""
    return {name: value for name, value in {**NEWS, **changes}.items() if value is not None}


def updated(
    service: Service,
    *,
    outputs: Mapping[str, Any] = OUTPUTS,
    recorded_owner: Owner = OWNER,
    owner: Owner = OWNER,
    labels_enabled: bool = True,
    warnings: list[str] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Update the task to the inputs with some changed. Afterwards nothing is left to be changed."""
    news = inputs(**changes)
    warn = (warnings if warnings is not None else []).append
    task = recorded_task(service, "train-1", outputs, recorded_owner, warn=warn)
    progress = update(task, news, owner=owner, labels_enabled=labels_enabled)
    left = diff(progress, news, recorded_owner=owner, owner=owner, labels_enabled=labels_enabled)
    assert left == Difference(replacing=(), in_place=())
    assert UNCONFIRMED not in progress
    return progress


def failed(service: Service, **how: Any) -> PartialUpdateError:
    """Update the task, which fails on its way."""
    with pytest.raises(PartialUpdateError) as caught:
        updated(service, **how)
    assert "\n" not in str(caught.value)
    return caught.value


def refreshed(service: Service, outputs: Mapping[str, Any]) -> dict[str, Any]:
    now = read(recorded_task(service, "train-1", outputs))
    assert now is not None
    assert UNCONFIRMED not in now[1]
    return now[0]


# Tags.


def test_tags_are_bound_before_others_are_removed_and_nobody_elses_are_touched() -> None:
    service = Service()
    outputs = updated(service, tags={"team": "cv", "new": "y"})
    assert service.changes == ["tag new,team", "untag old"]
    assert outputs["tags"] == {"team": "cv", "new": "y"}
    assert outputs["allTags"] == {"team": "cv", "new": "y", "foreign": "f", **labels(OWNER)}
    assert service.tags["qcs:tag:createdBy"] == "100"


def test_tags_that_are_all_taken_out_of_the_program_are_removed() -> None:
    service = Service()
    outputs = updated(service, tags=None)
    assert service.changes == ["untag old,team"]
    assert "tags" not in outputs


def test_a_renamed_resource_gets_its_labels_anew() -> None:
    service = Service()
    outputs = updated(service, owner={**OWNER, "resource": "renamed"})
    assert service.changes == ["tag pulumi:resource"]
    assert outputs["allTags"]["pulumi:resource"] == "renamed"


@pytest.mark.parametrize(("step", "are_tags_set"), [("tag", False), ("log", True)])
def test_an_update_that_fails_records_the_owner_that_the_labels_name(step: str, are_tags_set: bool) -> None:
    service, renamed = Service(), {**OWNER, "resource": "renamed"}
    service.fail(step, refusal("UnauthorizedOperation"))
    partial = failed(service, owner=renamed, logEnable=True)
    assert partial.owner == (renamed if are_tags_set else OWNER)


def test_labels_that_are_turned_off_are_removed() -> None:
    service = Service()
    updated(service, labels_enabled=False)
    assert service.changes == ["untag pulumi:project,pulumi:resource,pulumi:stack"]


def test_tags_that_are_accepted_but_never_shown_are_an_error_after_half_a_minute() -> None:
    service = Service()
    service.lag.tags = float("inf")
    error = failed(service, tags={"team": "cv", "new": "y"})
    assert messages.tags_not_shown(["team", "new", "old"], "after 35 s") in str(error)
    assert 30 < service.now - 1000 < 45
    assert error.outputs["tags"] == {"team": "nlp", "old": "x"}
    assert error.outputs[UNCONFIRMED]["tags"] == ["new"]


@pytest.mark.parametrize("lag", [1.0, 20.0, 30.0])
def test_tags_that_show_late_are_waited_for(lag: float) -> None:
    service = Service(lag=lag)
    outputs = updated(service, tags={"team": "cv", "new": "y"})
    assert service.changes == ["tag new,team", "untag old"]
    assert lag <= service.now - 1000 <= lag + 5
    assert outputs["allTags"] == {"team": "cv", "new": "y", "foreign": "f", **labels(OWNER)}


def test_tags_that_show_at_once_cost_no_time() -> None:
    service = Service()
    updated(service, tags={"team": "cv"})
    assert service.now == 1000


@pytest.mark.parametrize("seconds_between", [0.0, 10.0])
def test_a_change_that_is_taken_back_while_reads_lag_ends_with_the_tags_of_the_program(seconds_between: float) -> None:
    service = Service()
    outputs = updated(service, tags={"team": "cv", "new": "y"})
    service.lag.details = 30.0
    service.sleep(seconds_between)
    outputs = updated(service, outputs=outputs)
    assert {key: service.tags.get(key) for key in ("team", "old", "new")} == {"team": "nlp", "old": "x", "new": None}
    assert outputs["allTags"] == OUTPUTS["allTags"]


def test_another_change_does_not_record_tags_that_lag_behind() -> None:
    service = Service()
    outputs = updated(service, tags={"team": "cv"})
    service.lag.details = 30.0
    outputs = updated(service, outputs=outputs, tags={"team": "cv"}, logEnable=True, logConfig=LOG)
    assert outputs["tags"] == {"team": "cv"}
    assert outputs["allTags"]["team"] == "cv"
    assert (outputs["logEnable"], outputs["logConfig"]) == (True, LOG)
    assert service.now == 1000


MANY = {f"k{number:02}": "v" for number in range(25)}


def of_program(service: Service) -> dict[str, str]:
    """The tags that the task really has, without those of others."""
    return {key: value for key, value in service.tags.items() if key not in ("foreign", "qcs:tag:createdBy")}


@pytest.mark.parametrize("is_refreshed", [False, True])
@pytest.mark.parametrize("goes_on", [False, True])
@pytest.mark.parametrize("lag", [0.0, 30.0])
@pytest.mark.parametrize("has_effect", [None, False, True])
def test_the_second_call_for_tags_fails_and_any_next_update_ends_with_the_tags_of_the_program(
    has_effect: bool | None, lag: float, goes_on: bool, is_refreshed: bool
) -> None:
    service = Service(lag=lag)
    error = refusal("UnauthorizedOperation") if has_effect is None else LOST
    service.fail("tag k10", error, has_effect=bool(has_effect))
    tags = {"team": "cv", **MANY}
    service.failing["tag k09"] = service.failing.pop("tag k10")
    partial = failed(service, tags=tags)
    progress = partial.outputs
    really = {key: value for key, value in of_program(service).items() if not key.startswith("pulumi:")}
    assert progress["tags"] == really
    assert progress["allTags"] == {**really, "foreign": "f", **labels(OWNER)}
    assert "(set: k00, k01, k02, k03, k04, k05, k06, k07, k08" in str(partial)
    assert "not removed: old" in str(partial)
    assert str(error) in str(partial)

    service.failing.clear()
    if is_refreshed:
        service.sleep(60)
        progress = refreshed(service, progress)
    program = tags if goes_on else NEWS["tags"]
    outputs = updated(service, outputs=progress, tags=program)
    assert of_program(service) == {**program, **labels(OWNER)}
    assert outputs["tags"] == program
    assert service.tags["foreign"] == "f"


@pytest.mark.parametrize("is_refreshed", [False, True])
def test_a_tag_that_was_bound_later_than_anybody_looked_is_taken_away_again(is_refreshed: bool) -> None:
    service = Service()
    service.fail("tag", LOST)
    progress = failed(service, tags={**NEWS["tags"], "new": "y"}).outputs
    assert progress[UNCONFIRMED]["tags"] == ["new"]
    assert "perhaps set: new" in str(failed(service, tags={**NEWS["tags"], "new": "y"}))
    service.failing.clear()
    service.put_tags("train-1", new="y")
    if is_refreshed:
        progress = refreshed(service, progress)
    assert diff(progress, NEWS, recorded_owner=OWNER, owner=OWNER, labels_enabled=True).in_place == ("tags",)
    updated(service, outputs=progress)
    assert "new" not in service.tags


def test_a_tag_of_somebody_else_with_a_key_that_could_not_be_written_stays_theirs() -> None:
    service = Service()
    service.fail("tag", refusal("UnauthorizedOperation"))
    progress = failed(service, tags={**NEWS["tags"], "foreign": "mine"}).outputs
    service.failing.clear()
    updated(service, outputs=progress)
    assert service.tags["foreign"] == "f"


def test_a_tag_that_is_gone_already_does_not_stand_in_the_way_of_others_that_are_removed() -> None:
    service = Service()
    outputs = {**OUTPUTS, "tags": {"team": "nlp", "old": "x", "gone": "z"}}
    before = service.of_task("Tags")
    service.put_tags("train-1", gone="z")
    service.sleep(60)
    service.happen(Tags=before)
    service.lag.details = 30.0
    updated(service, outputs=outputs, tags={"team": "nlp"})
    assert "old" not in service.tags


def test_a_tag_that_is_removed_by_a_request_whose_answer_is_lost_is_removed() -> None:
    service = Service()
    service.fail("untag old", LOST, has_effect=True)
    partial = failed(service, tags={"team": "nlp"})
    assert "removed: old" in str(partial)
    assert partial.outputs["tags"] == {"team": "nlp"}
    assert "old" not in partial.outputs["allTags"]


@pytest.mark.parametrize("others", [0, 5])
def test_as_many_tags_as_there_is_room_for_are_changed_to_others(others: int) -> None:
    service = Service()
    first = {f"a{number:02}": "v" for number in range(46 - others)}
    foreign = {f"f{number}": "f" for number in range(others)}
    service.happen(Tags=as_tags({**first, **foreign, **labels(OWNER), "team": "nlp"}))
    outputs = {**OUTPUTS, "tags": {**first, "team": "nlp"}, "allTags": dict(service.tags)}
    second = {f"b{number:02}": "v" for number in range(46 - others)}
    updated(service, outputs=outputs, tags={**second, "team": "cv"})
    assert service.tags == {**second, "team": "cv", **foreign, **labels(OWNER)}
    assert service.changes[0].startswith("tag ")


def test_the_label_of_the_create_is_left_as_it_is() -> None:
    service = Service()
    service.put_tags("train-1", pulumi__create="7f")
    updated(service, tags={"team": "cv"})
    assert service.tags["pulumi:create"] == "7f"
    outputs = {**OUTPUTS, "allTags": {**OUTPUTS["allTags"], "pulumi:create": "7f"}}
    updated(service, outputs=outputs, labels_enabled=False)
    assert "pulumi:create" not in service.tags


RETAINED = {**OWNER, "retainOnDelete": True}


def test_a_task_of_an_earlier_version_gets_newer_labels_along_with_another_change() -> None:
    unchanged = diff(OUTPUTS, NEWS, recorded_owner=RETAINED, owner=RETAINED, labels_enabled=True)
    assert unchanged.in_place == ()
    service = Service()
    progress = updated(service, recorded_owner=RETAINED, owner=RETAINED, logEnable=True)
    assert service.changes == ["tag pulumi:retained", "log True None"]
    assert progress["allTags"]["pulumi:retained"] == "true"


def test_newer_labels_that_cannot_be_bound_are_no_reason_to_fail_another_change() -> None:
    warnings = list[str]()
    service = Service()
    service.fail("tag", refusal("UnauthorizedOperation"))
    updated(service, warnings=warnings, recorded_owner=RETAINED, owner=RETAINED, logEnable=True)
    assert (service.of_task("LogEnable"), service.of_task("LogConfig")) == (True, None)
    assert len(warnings) == 1
    assert "train-1 does not have the labels pulumi:retained yet" in warnings[0]


def test_the_label_of_a_retained_task_goes_when_the_option_does() -> None:
    service = Service()
    service.put_tags("train-1", pulumi__retained="true")
    outputs = {**OUTPUTS, "allTags": {**OUTPUTS["allTags"], "pulumi:retained": "true"}}
    updated(service, outputs=outputs, recorded_owner=RETAINED)
    assert "pulumi:retained" not in service.tags


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
    assert service.changes == [call]


def test_an_update_loses_no_output() -> None:
    outputs = updated(Service(), tags={"team": "cv"})
    assert set(OUTPUTS) <= set(outputs)
    assert outputs["privateEnvs"] == {"TOKEN": "planted"}
    assert outputs["latestInstanceId"] == "instance-1"


def test_a_computed_name_that_had_to_be_suffixed_stays() -> None:
    service, name = Service(), generated_name(OWNER)
    service.happen(Name=suffixed_name(name, 2))
    outputs = {**OUTPUTS, "name": service.of_task("Name"), BASE_NAME: name}
    progress = updated(service, outputs=outputs, name=name, tags={"team": "cv"})
    assert (progress["name"], progress[BASE_NAME]) == (service.of_task("Name"), name)


# Run state.


def test_stopped_stops_an_active_task() -> None:
    service = Service("RUNNING")
    outputs = updated(service, desiredStatus="STOPPED")
    assert service.changes == ["stop"]
    assert outputs["status"] == "STOPPED"


@pytest.mark.parametrize("status", ["STOPPED", "SUCCEED", "FAILED"])
def test_stopped_does_nothing_to_a_task_at_end(status: str) -> None:
    service = Service(status)
    updated(service, desiredStatus="STOPPED")
    assert service.changes == []


@pytest.mark.parametrize(
    ("status", "calls"),
    [("STOPPED", ["start"]), ("FAILED", ["start"]), ("SUCCEED", []), ("RUNNING", []), ("PENDING", [])],
)
def test_running_starts_a_task_that_has_ended_unless_it_has_finished(status: str, calls: list[str]) -> None:
    service = Service(status)
    updated(service, outputs={**OUTPUTS, "desiredStatus": "STOPPED"}, desiredStatus="RUNNING")
    assert service.changes == calls


def test_a_wish_that_does_not_change_does_nothing() -> None:
    service = Service("STOPPED")
    updated(service, outputs={**OUTPUTS, "desiredStatus": "RUNNING"}, desiredStatus="RUNNING", tags={"team": "nlp"})
    assert "start" not in service.changes


@pytest.mark.parametrize(
    ("status", "calls"),
    [("FAILED", ["start"]), ("SUBMIT_FAILED", ["start"]), ("SUCCEED", []), ("STOPPED", []), ("RUNNING", [])],
)
def test_a_further_run_is_started_only_of_a_task_that_failed(status: str, calls: list[str]) -> None:
    service = Service(status)
    outputs = updated(service, outputs={**OUTPUTS, "rerunOnFailure": 2, "run": 1}, rerunOnFailure=2, run=2)
    assert service.changes == calls
    assert outputs["run"] == 2


RERUN: dict[str, Any] = {"rerunOnFailure": 2, "run": 2, "rerunOf": "instance-1"}
COUNTED = {**OUTPUTS, "rerunOnFailure": 2, "run": 1}


def lost(effect: Callable[[], None] | None = None) -> Callable[[], None]:
    """A start whose answer is lost, with or without its effect."""

    def start() -> None:
        if effect is not None:
            effect()
        raise LOST

    return start


@pytest.mark.parametrize("recorded", ["", None, "instance-1", "instance-0"])
def test_a_rerun_that_was_announced_is_started_whatever_run_was_recorded(recorded: str | None) -> None:
    service = Service("FAILED")
    outputs = updated(service, outputs={**COUNTED, "latestInstanceId": recorded}, **RERUN)
    assert service.changes == ["start"]
    assert outputs["latestInstanceId"] == "instance-2"
    assert outputs["status"] == "SUBMITTING"


@pytest.mark.parametrize("recorded", ["", None, "instance-1"])
def test_a_rerun_that_an_earlier_version_has_counted_is_started(recorded: str | None) -> None:
    service = Service("FAILED")
    updated(service, outputs={**COUNTED, "latestInstanceId": recorded}, rerunOnFailure=2, run=2)
    assert service.changes == ["start"]


def test_a_task_whose_runs_have_no_ids_is_started_by_its_status() -> None:
    service = Service("FAILED")
    service.happen(LatestInstanceId="")

    def started() -> None:
        service.happen(Status="SUBMITTING")

    service.start = started
    updated(service, outputs={**COUNTED, "latestInstanceId": "instance-0"}, **{**RERUN, "rerunOf": ""})
    assert service.changes == ["start"]


@pytest.mark.parametrize("status", ["SUBMITTING", "PENDING", "RUNNING", "PAUSED"])
def test_a_rerun_of_a_task_that_is_active_already_is_not_started(status: str) -> None:
    service = Service("FAILED")
    service.happen(Status=status, LatestInstanceId="instance-2")
    warnings: list[str] = []
    updated(service, outputs=COUNTED, warnings=warnings, **RERUN)
    assert service.changes == []
    assert warnings == [messages.rerun_not_due("train-1", status, "instance-2")]


def test_a_rerun_that_somebody_has_started_meanwhile_and_that_failed_is_not_started_again() -> None:
    service = Service("FAILED")
    service.happen(LatestInstanceId="instance-2")
    outputs = updated(service, outputs=COUNTED, **RERUN)
    assert service.changes == []
    assert outputs["run"] == 2


def test_a_rerun_that_the_program_does_not_allow_any_more_is_not_started() -> None:
    service = Service("FAILED")
    updated(service, outputs=COUNTED, run=2, rerunOf="instance-1")
    assert service.changes == []


@pytest.mark.parametrize("lag", [0.0, 3.0, 10.0, 30.0])
@pytest.mark.parametrize("ends", [False, True])
def test_a_start_whose_answer_was_lost_has_happened_when_there_is_another_run(lag: float, ends: bool) -> None:
    service = Service("FAILED", lag=lag)

    def effect() -> None:
        service.started()
        if ends:
            service.happen(Status="FAILED")

    service.start = lost(effect)
    outputs = updated(service, outputs=COUNTED, **RERUN)
    assert service.changes == ["start"]
    assert lag <= service.now - 1000 <= lag + 5
    assert outputs["latestInstanceId"] == "instance-2"
    assert outputs["status"] == service.status


def test_a_run_whose_id_is_not_there_yet_is_known_by_its_status() -> None:
    service = Service("FAILED", lag=10.0)
    service.start = lost(lambda: service.happen(Status="SUBMITTING", LatestInstanceId=""))
    updated(service, outputs=COUNTED, **RERUN)
    assert service.changes == ["start"]


def test_a_read_from_before_the_failure_is_no_new_run() -> None:
    service = Service("FAILED")

    def flickering() -> None:
        service.happen(Status="RUNNING")  # the run that failed, as another replica still shows it
        raise LOST

    service.start = flickering
    failed(service, outputs=COUNTED, **RERUN)


def test_a_start_that_is_refused_because_the_task_is_active_already_has_happened() -> None:
    service = Service("FAILED", lag=30.0)
    service.happen(Status="RUNNING", LatestInstanceId="instance-2")
    service.fail("start", ApiError("StartTrainingTask", "InternalError.NotAllow", "no", "r-1"))
    outputs = updated(service, outputs=COUNTED, **RERUN)
    assert service.changes == ["start"]
    assert outputs["latestInstanceId"] == "instance-2"


def test_a_start_that_is_refused_is_an_error_and_started_by_the_next_update() -> None:
    service = Service("FAILED")
    service.fail("start", ApiError("StartTrainingTask", "InternalError.NotAllow", "no", "r-1"))
    partial = failed(service, outputs=COUNTED, **RERUN)
    assert "InternalError.NotAllow" in str(partial)
    assert UNCONFIRMED not in partial.outputs
    assert partial.outputs["run"] == 1
    service.failing.clear()
    updated(service, outputs=partial.outputs, **RERUN)
    assert service.changes == ["start", "start"]


def test_a_start_that_is_refused_for_want_of_capacity_is_not_looked_into() -> None:
    service = Service("FAILED")
    service.fail("start", ApiError("StartTrainingTask", "OperationDenied.ResourceGroupInsufficient", "no", "r-1"))
    failed(service, outputs=COUNTED, **RERUN)
    assert service.now == 1000


def test_a_start_whose_answer_was_lost_and_that_has_not_happened_is_an_error_after_half_a_minute() -> None:
    service = Service("FAILED")
    service.start = lost()
    partial = failed(service, outputs=COUNTED, **RERUN)
    assert "StartTrainingTask got no answer" in str(partial)
    assert "may or may not have been started again" in str(partial)
    assert 30 < service.now - 1000 < 45
    assert service.changes == ["start"]
    assert (partial.outputs["run"], partial.outputs[UNCONFIRMED]) == (2, {"start": "instance-1"})
    left = diff(partial.outputs, inputs(**RERUN), recorded_owner=OWNER, owner=OWNER, labels_enabled=True)
    assert left.in_place == ("run",)

    service.start = service.started
    updated(service, outputs=partial.outputs, **RERUN)
    assert service.changes == ["start", "start"]


def check_again(
    service: Service, outputs: Mapping[str, Any], inputs: Mapping[str, Any], allowed: int
) -> dict[str, Any]:
    """What check makes of the run for the next update; `inputs` are those that the state has."""
    run, of = int(inputs.get("run", 1)), inputs.get("rerunOf")
    if (
        service.status == "FAILED"
        and run <= allowed
        and (not service.of_task("LatestInstanceId") or of != service.of_task("LatestInstanceId"))
    ):
        run, of = run + 1, service.of_task("LatestInstanceId")
    return {"rerunOnFailure": allowed, "run": run, **({} if of is None else {"rerunOf": of})}


@pytest.mark.parametrize("is_refreshed", [False, True])
@pytest.mark.parametrize("allowed", [1, 2, 3])
@pytest.mark.parametrize("happened", ["nothing", "runs", "failed again", "succeeded"])
def test_a_start_that_nobody_knows_of_counts_once_however_it_turns_out(
    happened: str, allowed: int, is_refreshed: bool
) -> None:
    service = Service("FAILED")
    service.start = lost()
    outputs, news = {**COUNTED, "rerunOnFailure": allowed}, {**RERUN, "rerunOnFailure": allowed}
    outputs = failed(service, outputs=outputs, **news).outputs
    service.start = service.started
    if happened != "nothing":
        service.started()
        service.happen(Status={"runs": "RUNNING", "failed again": "FAILED", "succeeded": "SUCCEED"}[happened])
    if is_refreshed:
        outputs = refreshed(service, outputs)
        news = {name: outputs[name] for name in ("run", "rerunOf", "rerunOnFailure") if name in outputs}
    for _ in range(2 * allowed + 2):
        news = check_again(service, outputs, news, allowed)
        outputs = updated(service, outputs=outputs, **news)
        if happened in ("nothing", "failed again"):
            service.happen(Status="FAILED")
    # The first run, and each re-run once.
    assert service.runs == (1 + allowed if happened in ("nothing", "failed again") else 2)


def test_a_start_that_was_accepted_but_does_not_show_is_a_warning() -> None:
    service, warnings = Service("FAILED"), list[str]()
    service.start = lambda: None
    outputs = updated(service, outputs=COUNTED, warnings=warnings, **RERUN)
    assert service.changes == ["start"]
    assert len(warnings) == 1
    assert "after 35 s no new run is visible: the task is still FAILED" in warnings[0]
    assert outputs["run"] == 2


def test_a_start_that_shows_late_is_recorded_with_its_run() -> None:
    service, warnings = Service("FAILED", lag=30.0), list[str]()
    outputs = updated(service, outputs=COUNTED, warnings=warnings, **RERUN)
    assert service.changes == ["start"]
    assert warnings == []
    assert (outputs["status"], outputs["latestInstanceId"]) == ("SUBMITTING", "instance-2")


@pytest.mark.parametrize("lag", [0.0, 30.0])
def test_running_and_a_rerun_at_once_start_the_task_once(lag: float) -> None:
    service = Service("FAILED", lag=lag)
    service.start = service.started if lag else lambda: None
    updated(service, outputs={**COUNTED, "desiredStatus": "STOPPED"}, desiredStatus="RUNNING", **RERUN)
    assert service.changes == ["start"]


def test_a_task_that_is_desired_running_and_was_started_by_a_lost_request_is_not_started_again() -> None:
    service = Service("STOPPED")
    service.start = lost()
    outputs = {**OUTPUTS, "desiredStatus": "STOPPED"}
    progress = failed(service, outputs=outputs, desiredStatus="RUNNING").outputs
    service.started()
    service.happen(Status="FAILED")
    updated(service, outputs=progress, desiredStatus="RUNNING")
    assert service.changes == ["start"]


def test_a_task_that_is_stopping_is_started_once_it_has_stopped_and_not_stopped_again() -> None:
    service = Service("STOPPING", lag=10.0)
    service.happen(Status="STOPPED")
    updated(service, outputs={**OUTPUTS, "desiredStatus": "STOPPED"}, desiredStatus="RUNNING")
    assert service.changes == ["start"]


def test_a_stopped_task_is_recorded_as_such_though_its_detail_lags() -> None:
    service = Service("RUNNING", lag=30.0)
    outputs = updated(service, desiredStatus="STOPPED")
    assert outputs["status"] == "STOPPED"


# Failures.


@pytest.mark.parametrize(
    ("step", "reported"),
    [
        ("tag", "(changed: nothing; not changed: tags, log delivery, run state)"),
        ("log", "(changed: tags; not changed: log delivery, run state)"),
        ("stop", "(changed: tags, log delivery; not changed: run state)"),
    ],
)
def test_an_error_shows_what_is_done_and_what_is_not_and_the_next_update_goes_on_there(
    step: str, reported: str
) -> None:
    changes: dict[str, Any] = {
        "tags": {"team": "cv", "old": "x"},
        "logEnable": True,
        "logConfig": LOG,
        "desiredStatus": "STOPPED",
    }
    service = Service()
    service.fail(step, refusal("UnauthorizedOperation"))
    partial = failed(service, **changes)
    assert f"training task 'bert' (train-1) was not changed completely {reported}: " in str(partial)
    assert "UnauthorizedOperation" in str(partial)
    assert {*OUTPUTS} <= {*partial.outputs}
    every = ["tag team", "log True t-1", "stop"]
    at = next(index for index, call in enumerate(every) if call.startswith(step))
    assert service.changes == every[: at + 1]

    service.failing.clear()
    service.calls.clear()
    updated(service, outputs=partial.outputs, **changes)
    assert service.changes == every[at:]


@pytest.mark.parametrize("step", ["tag", "log", "stop"])
def test_a_program_that_is_rolled_back_after_a_failure_has_what_it_had(step: str) -> None:
    changes: dict[str, Any] = {
        "tags": {"team": "cv", "new": "y"},
        "logEnable": True,
        "logConfig": LOG,
        "desiredStatus": "STOPPED",
    }
    service = Service()
    service.fail(step, refusal("UnauthorizedOperation"))
    progress = failed(service, **changes).outputs
    service.failing.clear()
    outputs = updated(service, outputs=progress)
    assert of_program(service) == {**NEWS["tags"], **labels(OWNER)}
    assert service.of_task("LogEnable") is False
    assert service.status == "RUNNING"
    assert {name: outputs.get(name) for name in ("tags", "logEnable", "desiredStatus")} == {
        "tags": NEWS["tags"],
        "logEnable": None,
        "desiredStatus": None,
    }


def test_whatever_an_update_fails_with_what_was_done_is_recorded() -> None:
    service = Service()
    service.fail("log", KeyError("TagKey"))
    partial = failed(service, tags={"team": "cv", "old": "x"}, logEnable=True)
    assert "a response could not be used (KeyError)" in str(partial)
    assert partial.outputs["tags"] == {"team": "cv", "old": "x"}


def test_tags_that_could_not_be_removed_are_still_recorded_as_own() -> None:
    service = Service()
    service.fail("untag", refusal("InternalError"))
    partial = failed(service, tags={"team": "cv"})
    assert "old" in partial.outputs["tags"]

    service.failing = {}
    updated(service, outputs=partial.outputs, tags={"team": "cv"})
    assert "old" not in service.tags


def test_a_task_that_is_gone_is_an_error_with_the_way_out() -> None:
    service = Service()
    service.put("train-1")
    assert "pulumi refresh" in str(failed(service, tags={"team": "cv"}))


def test_a_task_that_cannot_be_read_afterwards_is_recorded_as_it_was_changed() -> None:
    service, warnings = Service(), list[str]()
    service.trouble("describe", lambda _: PROCEED)  # it is read once, before it is changed
    service.always("describe", IndeterminateResultError("no answer"))
    outputs = updated(service, warnings=warnings, logEnable=True)
    assert outputs["logEnable"] is True
    assert outputs["latestInstanceId"] == "instance-1"
    assert warnings == [messages.changed_but_unreadable("train-1", IndeterminateResultError("no answer"))]
