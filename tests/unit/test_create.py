"""Create: exactly once, whatever becomes of the response. The fake service does what each test plans for it.

How often and when requests are sent is in `test_create_outcomes.py`, lagging reads are in `test_create_under_lag.py`,
and a name that another task has is in `test_name_conflict.py`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from fake_api import BEGIN, PROCEED, FakeApi, as_shown, refusal

from pulumi_tione._schema.identity import RETAINED, Owner, generated_name, labels
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import (
    IndeterminateResultError,
    RequestNotSentError,
    SettingsError,
    TaskError,
    TioneError,
)
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.create import Creation
from pulumi_tione.lifecycle.leftovers import Leftovers
from pulumi_tione.lifecycle.read import read
from pulumi_tione.lifecycle.recorded_task import RecordedTask

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
COMPUTED = generated_name(OWNER)
INPUTS: dict[str, Any] = {
    "name": COMPUTED,
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "frameworkName": "PYTORCH",
    "trainingMode": "DDP",
    "startCmdInfo": {"workerStartCmd": "sleep 5"},
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1.0}],
    "tags": {"team": "nlp"},
}
"""What check has passed, as it comes from the engine: numbers are floats."""

CUT = IndeterminateResultError("CreateTrainingTask got no answer: the connection was cut")
DEAD = RequestNotSentError("CreateTrainingTask was not sent: http://127.0.0.1:9 cannot be reached")


Step = Callable[[FakeApi, Mapping[str, Any]], str]


def service_of(*steps: Step) -> FakeApi:
    """Return a service with unique names. Each request to create a task takes the next of the steps, or is accepted."""
    service = FakeApi()
    plan(service, *steps)
    return service


def plan(service: FakeApi, *steps: Step) -> None:
    service.trouble("create", *(functools.partial(step, service) for step in steps))


def hide(service: FakeApi, lookups: int) -> None:
    """Let this many lookups by name not show yet what is there."""
    service.trouble("find", *[list] * lookups)


def accepted_but(error: Exception, **shown: Any) -> Step:
    """The request takes effect, and its answer is lost."""

    def step(service: FakeApi, body: Mapping[str, Any]) -> str:
        service.make(body, **shown)
        raise error

    return step


def lost(error: Exception) -> Step:
    """The request takes no effect."""

    def step(service: FakeApi, body: Mapping[str, Any]) -> str:
        raise error

    return step


class Pauses(list[float]):
    """Sleeps that take no time, but not for ever."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)
        assert sum(self) < 240

    def clock(self) -> float:
        return sum(self)


def creation(
    service: FakeApi,
    *,
    owner: Owner = OWNER,
    labels_enabled: bool = True,
    warn: list[str] | None = None,
    **changes: Any,
) -> Creation:
    pauses = Pauses()
    return Creation(
        client=service,
        owner=owner,
        inputs={**INPUTS, **changes},
        labels_enabled=labels_enabled,
        context=CallContext(warn=(warn if warn is not None else []).append, pause=pauses, clock=pauses.clock),
        now=lambda: BEGIN,
        new_create_label=lambda: "a7",
    )


CREATED_BY_US = {**labels(OWNER), "pulumi:create": "a7"}
"""The labels that the tests' creates bind."""


# A clear answer.


def test_a_task_is_created_once_and_recorded_as_the_service_has_it() -> None:
    service = service_of()
    task_id, outputs = creation(service).run()
    assert task_id == "train-1"
    assert service.verbs == ["list", "find", "create", "describe"]
    assert {name: outputs[name] for name in INPUTS} == INPUTS
    assert outputs["status"] == "SUBMITTING"
    assert outputs["uin"] == "100"
    assert outputs["allTags"] == {"team": "nlp", **CREATED_BY_US}


def test_the_request_id_of_the_create_is_recorded_and_stays() -> None:
    service = service_of()
    task_id, outputs = creation(service).run()
    assert outputs["createRequestId"] == "r-create"
    refreshed = read(RecordedTask(service, task_id, outputs, CallContext()))
    assert refreshed is not None
    assert refreshed[0]["createRequestId"] == "r-create"
    assert "createRequestId" not in refreshed[1]


def test_a_task_that_was_found_by_a_look_up_has_no_request_id() -> None:
    _, outputs = creation(service_of(accepted_but(CUT))).run()
    assert "createRequestId" not in outputs


def test_a_task_that_cannot_be_described_is_recorded_with_its_request_id() -> None:
    service = service_of()
    service.trouble("describe", CUT)
    assert creation(service).run()[1]["createRequestId"] == "r-create"


def test_whole_numbers_are_sent_as_such() -> None:
    service = service_of()
    creation(service).run()
    assert '"InstanceNum": 1}' in json.dumps(service.bodies[0])


def test_without_labels_only_the_programs_tags_are_sent_and_nobody_is_looked_for() -> None:
    service = service_of()
    _, outputs = creation(service, labels_enabled=False).run()
    assert service.bodies[0]["Tags"] == [{"TagKey": "team", "TagValue": "nlp"}]
    assert service.verbs == ["find", "create", "describe"]
    assert outputs["allTags"] == {"team": "nlp"}


def test_the_workspace_is_named_in_every_question() -> None:
    service = service_of(accepted_but(CUT))
    creation(service, tiProjectId="p-1").run()
    assert service.bodies[0]["TiProjectId"] == "p-1"
    assert {*service.asked_workspaces} == {"p-1"}


# Once there is an id, nothing is raised any more.


@pytest.mark.parametrize(
    "error",
    [
        IndeterminateResultError("DescribeTrainingTask got no answer"),
        RequestNotSentError("DescribeTrainingTask was not sent"),
        refusal("AuthFailure.TokenFailure", "DescribeTrainingTask"),
        refusal("RequestLimitExceeded", "DescribeTrainingTask"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_task_that_cannot_be_looked_at_after_its_creation_is_recorded_all_the_same(error: TioneError) -> None:
    service = service_of()
    service.trouble("describe", error)
    task_id, outputs = creation(service).run()
    assert task_id == "train-1"
    assert {name: outputs[name] for name in INPUTS} == INPUTS
    assert outputs["status"] == ""


def test_a_task_that_is_not_to_be_seen_yet_is_recorded_all_the_same() -> None:
    service = service_of(lambda *_: "train-elsewhere")
    task_id, outputs = creation(service).run()
    assert task_id == "train-elsewhere"
    assert outputs["name"] == COMPUTED


@pytest.mark.parametrize(
    "shown",
    [
        {"Tags": [{"TagKey": None, "TagValue": None}]},
        {"Tags": "none"},
        {"Tags": [7]},
        {"ResourceConfigInfos": "WORKER"},
        {"OperatorInfo": "li"},
        {"StartCmdInfo": []},
        {"Uin": None},
    ],
    ids=str,
)
def test_a_strange_detail_after_the_creation_loses_no_task(shown: dict[str, Any]) -> None:
    task_id, outputs = creation(service_of(lambda service, body: service.make(body, **shown))).run()
    assert task_id == "train-1"
    assert outputs["name"] == COMPUTED
    assert outputs["region"] == "ap-guangzhou"


def test_tags_that_the_service_failed_to_bind_are_bound_afterwards() -> None:
    service = service_of(accepted_but(refusal("InternalError.BindingTagsFailed"), Tags=[]))
    task_id, outputs = creation(service).run()
    assert task_id == "train-1"
    assert service.verbs.count("create") == 1
    assert outputs["allTags"] == {"team": "nlp", **CREATED_BY_US}
    assert outputs["tags"] == {"team": "nlp"}


def test_tags_that_cannot_be_bound_are_a_warning_that_names_the_task() -> None:
    service = service_of(accepted_but(refusal("InternalError.BindingTagsFailed"), Tags=[]))
    service.always("tag", refusal("UnauthorizedOperation", "TagResources"))
    warnings: list[str] = []
    task_id, outputs = creation(service, warn=warnings).run()
    assert task_id == "train-1"
    assert outputs["allTags"] == {}
    (warning,) = warnings
    assert "train-1" in warning
    assert "UnauthorizedOperation" in warning


# An answer that is not clear.

INDETERMINATE = [
    CUT,
    refusal("InternalError"),
    refusal("FailedOperation"),
    refusal("ServiceUnavailable"),
    refusal("InternalError.BindingTagsFailed"),
]


@pytest.mark.parametrize("error", INDETERMINATE, ids=lambda error: getattr(error, "code", "cut"))
@pytest.mark.parametrize("name", [COMPUTED, "bert-fixed"])
def test_what_an_indeterminate_request_has_made_is_found_and_not_made_again(error: TioneError, name: str) -> None:
    service = service_of(accepted_but(error))
    task_id, outputs = creation(service, name=name).run()
    assert task_id == "train-1"
    assert outputs["name"] == name
    assert outputs["status"] == "SUBMITTING"
    assert service.verbs.count("create") == 1
    assert len(service.existing) == 1


@pytest.mark.parametrize("hidden", [1, 3, 5])
def test_what_is_shown_late_is_found_too(hidden: int) -> None:
    service = service_of(accepted_but(CUT))
    hide(service, hidden)
    creating = creation(service)
    assert creating.run()[0] == "train-1"
    assert service.verbs.count("create") == 1
    assert service.verbs.count("find") == hidden + 1
    pauses = creating.context.pause
    assert isinstance(pauses, Pauses)
    assert pauses == sorted(pauses)


@pytest.mark.parametrize("error", INDETERMINATE, ids=lambda error: getattr(error, "code", "cut"))
def test_a_request_that_has_made_nothing_is_sent_again_after_looking(error: TioneError) -> None:
    service = service_of(lost(error))
    assert creation(service).run()[0] == "train-1"
    assert service.verbs.count("create") == 2
    first, second = (index for index, call in enumerate(service.verbs) if call == "create")
    assert service.verbs[first + 1 : second] == ["find"] * (second - first - 1) != []
    assert len(service.existing) == 1


def test_attempts_end_although_a_later_refusal_is_of_a_kind_that_is_tried_less_often() -> None:
    taken, uncertain = (
        lost(refusal(code)) for code in ("InternalError.QueryVPCInfoFailed", "InvalidParameterValue.QueryVPCInfoFailed")
    )
    service = service_of(taken, taken, uncertain, uncertain, uncertain)
    with pytest.raises(TaskError, match="in 3 attempts: "):
        creation(service).run()
    assert service.verbs.count("create") == 3


def test_what_is_shown_only_after_the_request_was_sent_again_is_recognized_by_its_name() -> None:
    service = service_of(accepted_but(CUT))
    hide(service, 12)
    task_id, _ = creation(service).run()
    assert task_id == "train-1"
    assert service.verbs.count("create") == 2
    assert len(service.existing) == 1


def test_a_computed_name_is_never_suffixed_after_an_indeterminate_answer() -> None:
    service = service_of(accepted_but(CUT), lost(refusal("FailedOperation.DuplicateName")))
    hide(service, 100)
    with pytest.raises(TaskError, match=messages.perhaps_created(COMPUTED)):
        creation(service).run()
    assert {body["Name"] for body in service.bodies} == {COMPUTED}
    assert len(service.existing) == 1


def test_a_name_that_somebody_is_creating_is_never_suffixed() -> None:
    refused = refusal("FailedOperation.DuplicateNameTaskIsCreating")
    service = service_of(lost(refused))
    with pytest.raises(TaskError) as caught:
        creation(service).run()
    assert str(caught.value) == messages.name_has_no_holder(COMPUTED, refused, is_generated=True, are_names_kept=False)
    assert {body["Name"] for body in service.bodies} == {COMPUTED}


def test_what_appears_under_our_name_after_a_clear_refusal_is_not_own() -> None:
    def refused_while_somebody_makes_it(service: FakeApi, body: Mapping[str, Any]) -> str:
        service.make(body)
        raise refusal("InternalError.QueryVPCInfoFailed")

    service = service_of(refused_while_somebody_makes_it)
    with pytest.raises(TaskError, match="already exists"):
        creation(service).run()


def test_a_clear_refusal_after_an_indeterminate_answer_does_not_deny_that_there_may_be_a_task() -> None:
    service = service_of(accepted_but(CUT), lost(refusal("OperationDenied.BalanceInsufficient")))
    hide(service, 100)
    with pytest.raises(TaskError, match=messages.perhaps_created(COMPUTED)) as caught:
        creation(service).run()
    assert "BalanceInsufficient" in str(caught.value)


def test_after_three_indeterminate_answers_and_nothing_to_be_seen_it_is_shown_what_may_be() -> None:
    service = service_of(*[lost(CUT)] * 5)
    with pytest.raises(TaskError) as caught:
        creation(service).run()
    text = str(caught.value)
    assert f"training task '{COMPUTED}'" in text
    assert "the connection was cut" in text
    assert "pulumi up" in text
    assert "\n" not in text
    assert service.verbs.count("create") == 3


@pytest.mark.parametrize(
    "code",
    [
        "InvalidParameterValue.GetCFSMountIPFailed",
        "InvalidParameterValue.GetGooseFSFailed",
        "InvalidParameterValue.QueryVPCInfoFailed",
    ],
)
def test_a_refusal_that_may_be_the_callers_mistake_is_tried_once_more_at_most(code: str) -> None:
    service = service_of(*[lost(refusal(code))] * 5)
    with pytest.raises(TioneError, match=code):
        creation(service).run()
    assert service.verbs.count("create") <= 2


def test_a_dependency_that_failed_for_a_moment_is_no_failure() -> None:
    service = service_of(lost(refusal("InternalError.QueryVPCInfoFailed")))
    assert creation(service).run()[0] == "train-1"
    assert len(service.existing) == 1


@pytest.mark.parametrize(
    "error",
    [
        RequestNotSentError("DescribeTrainingTasks was not sent: http://127.0.0.1:9 cannot be reached"),
        IndeterminateResultError("DescribeTrainingTasks got no answer"),
        refusal("AuthFailure.TokenFailure", "DescribeTrainingTasks"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_when_what_an_indeterminate_request_has_made_cannot_be_looked_up_it_is_shown_that_it_may_exist(
    error: TioneError,
) -> None:
    service = service_of(accepted_but(CUT))

    def fail_once_sent() -> object:
        if service.bodies:
            raise error
        return PROCEED

    service.always("find", fail_once_sent)
    with pytest.raises(TioneError) as caught:
        creation(service).run()
    assert not isinstance(caught.value, RequestNotSentError), "that would mean that nothing has happened"
    assert f"training task '{COMPUTED}'" in str(caught.value)
    assert "may" in str(caught.value)
    assert service.verbs.count("create") == 1


SOMEBODY_ELSES: dict[str, dict[str, Any]] = {
    "made before": {"CreateTime": as_shown(BEGIN - timedelta(minutes=6))},
    "created at an unknown time, for an unknown owner": {"CreateTime": "", "Tags": None},
    "of another kind": {"ChargeType": "PREPAID"},
    "with other nodes": {
        "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 8}]
    },
    "with another command": {"StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 6"}},
    "with the labels of another stack": {
        "Tags": [{"TagKey": key, "TagValue": value} for key, value in labels({**OWNER, "stack": "prod"}).items()]
    },
}


@pytest.mark.parametrize("shown", SOMEBODY_ELSES.values(), ids=SOMEBODY_ELSES)
def test_what_is_found_under_our_name_but_not_made_by_this_request_is_never_taken(shown: dict[str, Any]) -> None:
    service = service_of(accepted_but(CUT, **shown))
    with pytest.raises(TaskError) as caught:
        creation(service).run()
    text = str(caught.value)
    assert text.startswith(messages.not_created(COMPUTED))
    assert "train-1" in text
    assert service.verbs.count("create") == 1


FILLED_IN_BY_THE_SERVICE: dict[str, dict[str, Any]] = {
    "a clock that is slow": {"CreateTime": as_shown(BEGIN - timedelta(minutes=4, seconds=50))},
    "a clock that is fast": {"CreateTime": as_shown(BEGIN + timedelta(hours=1))},
    "a time as lists have it": {"CreateTime": "2025-08-01 11:00:00"},
    "fields that nobody set": {"FrameworkEnvironment": "torch2.1", "DataSource": "COS", "VpcId": "vpc-default"},
    "nodes described": {
        "ResourceConfigInfos": [
            {
                "Role": "WORKER",
                "InstanceType": "TI.S.MEDIUM.POST",
                "InstanceNum": 1,
                "Cpu": 2000,
                "RDMAConfig": {"Enable": False},
            }
        ]
    },
    "no tags": {"Tags": None},
    "a system tag": {"Tags": [{"TagKey": "qcs:tag:createdBy", "TagValue": "100"}]},
    "an image": {"ImageInfo": {"ImageType": "PRE_SET", "ImageUrl": "ccr/torch:2.1"}},
}


@pytest.mark.parametrize("shown", FILLED_IN_BY_THE_SERVICE.values(), ids=FILLED_IN_BY_THE_SERVICE)
def test_what_the_service_adds_does_not_make_our_task_a_strangers(shown: dict[str, Any]) -> None:
    service = service_of(accepted_but(CUT, **shown))
    assert creation(service).run()[0] == "train-1"


# A clear refusal.

PLAIN = [
    "InvalidParameterValue.ImageIllegal",
    "InternalError.ValidateCreateTaskFailed",
    "OperationDenied.BalanceInsufficient",
    "OperationDenied.BillingStatusResourceInsufficient",
    "LimitExceeded",
    "AuthFailure.SignatureExpire",
    "UnauthorizedOperation",
    "RequestLimitExceeded",
    "Unheard.Of",
]


@pytest.mark.parametrize("code", PLAIN)
def test_a_refusal_ends_the_create_at_once_and_names_the_task(code: str) -> None:
    service = service_of(lost(refusal(code)))
    with pytest.raises(TioneError) as caught:
        creation(service).run()
    assert str(caught.value).startswith(f"{messages.not_created(COMPUTED)}: ")
    assert code in str(caught.value)
    assert "r-1" in str(caught.value)
    assert service.verbs == ["list", "find", "create"]


@pytest.mark.parametrize(
    "error", [DEAD, SettingsError("there are no credentials")], ids=lambda error: type(error).__name__
)
def test_a_request_that_was_never_sent_ends_the_create_at_once(error: TioneError) -> None:
    service = service_of(lost(error))
    with pytest.raises(type(error)) as caught:
        creation(service).run()
    assert str(caught.value) == messages.create_failed(COMPUTED, error)
    assert service.verbs == ["list", "find", "create"]


# A name that is taken.


def taken_by(**shown: Any) -> FakeApi:
    """A service in which a task has our name already."""
    service = service_of()
    creation(service, labels_enabled=False).run()
    service.put("train-1", **{"Tags": None, "CreateTime": "2025-07-01T11:00:00+08", "Status": "SUCCEED", **shown})
    service.calls.clear()
    return service


WITH_OUR_LABELS = {"Tags": [{"TagKey": key, "TagValue": value} for key, value in labels(OWNER).items()]}


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({}, ["train-1", "SUCCEED", "2025-07-01T11:00:00+08:00", messages.WITHOUT_LABELS, "the same inputs"]),
        ({"Status": "RUNNING", "ChargeType": "PREPAID"}, ["RUNNING", "different inputs"]),
        (WITH_OUR_LABELS, [messages.WITH_OWN_LABELS]),
    ],
    ids=["without labels", "other content", "with labels"],
)
def test_a_name_that_somebody_has_is_an_error_that_shows_who(shown: dict[str, Any], words: list[str]) -> None:
    service = taken_by(**shown)
    with pytest.raises(TaskError) as caught:
        creation(service).run()
    text = str(caught.value)
    assert text.startswith(f"{messages.not_created(COMPUTED)}: ")
    assert all(word in text for word in words)
    assert "\n" not in text
    assert service.verbs.count("create") == 0
    assert len(service.existing) == 1


@pytest.mark.parametrize(
    "code",
    [
        "FailedOperation.DuplicateName",
        "FailedOperation.DuplicateNameTaskIsCreating",
        "InvalidParameterValue.DuplicateName",
    ],
)
def test_the_three_codes_of_a_taken_name_are_alike(code: str) -> None:
    service = taken_by()
    plan(service, lost(refusal(code)))
    with pytest.raises(TaskError, match="train-1 already exists"):
        creation(service).run()


def test_a_taken_name_is_never_taken_over_however_alike_the_task_is() -> None:
    service = taken_by(**WITH_OUR_LABELS, CreateTime=as_shown(BEGIN), Status="RUNNING")
    with pytest.raises(TaskError, match="train-1"):
        creation(service).run()


def test_a_name_of_the_programs_own_that_is_refused_though_nobody_has_it_is_an_error() -> None:
    refused = refusal("InvalidParameterValue.DuplicateName")
    service = service_of(lost(refused))
    with pytest.raises(TaskError) as caught:
        creation(service, name="bert-fixed").run()
    assert str(caught.value) == messages.name_has_no_holder(
        "bert-fixed", refused, is_generated=False, are_names_kept=False
    )
    assert service.verbs.count("create") == 1


# What a killed update has left as leftovers.


def leftovers(**shown: Any) -> FakeApi:
    """A service with an active task of another name that has our labels."""
    service = service_of()
    creation(service, name="left").run()
    service.put("train-1", **{"Status": "RUNNING", **shown})
    service.calls.clear()
    return service


def test_an_active_task_with_our_labels_is_an_error_before_a_second_one_runs() -> None:
    service = leftovers()
    with pytest.raises(TaskError) as caught:
        creation(service).run()
    text = str(caught.value)
    assert all(word in text for word in ("train-1", "'left'", "RUNNING", messages.WITH_OWN_LABELS))
    assert "create" not in service.verbs


@pytest.mark.parametrize(
    "shown",
    [
        {"Status": "SUCCEED"},
        {"Status": "STOPPED"},
        {"Tags": [{"TagKey": key, "TagValue": value} for key, value in labels({**OWNER, "resource": "gpt"}).items()]},
        {"Tags": None},
    ],
    ids=str,
)
def test_a_task_at_end_or_of_another_resource_is_nothing_left_behind(shown: dict[str, Any]) -> None:
    service = leftovers(**shown)
    assert creation(service).run()[0] == "train-2"


def test_a_predecessor_that_stays_on_purpose_is_nothing_left_behind() -> None:
    service = leftovers()
    owner = {**OWNER, RETAINED: True}
    assert creation(service, owner=owner).run()[0] == "train-2"


def test_what_is_left_behind_is_looked_for_once_a_process() -> None:
    service, found = service_of(), Leftovers()
    for resource in ("bert", "gpt", "t5"):
        owner = {**OWNER, "resource": resource}
        creating = creation(service, owner=owner, name=resource)
        creating.leftovers = found
        creating.run()
    assert service.verbs.count("list") == 1
    assert len(service.existing) == 3


# Times.
