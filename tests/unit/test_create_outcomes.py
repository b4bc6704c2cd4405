"""What a create requests and when, and what it records: what no other test of create would notice.

The usual cases are in `test_create.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from calls import INPUTS, NAME, OWNER, context_of
from fake_api import PROCEED, FakeApi, Lag, no_answer, refusal

from pulumi_tione._schema.identity import CREATE_LABEL, Owner, labels, suffixed_name
from pulumi_tione.errors import ApiError, RequestNotSentError, TaskError, TioneError
from pulumi_tione.lifecycle import existence
from pulumi_tione.lifecycle.create import Creation
from pulumi_tione.lifecycle.messages import (
    RUN_AGAIN,
    all_names_kept,
    create_failed,
    created_but_not_recorded,
    holder_unknown,
    name_has_no_holder,
    not_created,
)
from pulumi_tione.lifecycle.own_deletions import OwnDeletions

CUT = no_answer("CreateTrainingTask")
PROCEED_ONCE = lambda: PROCEED  # noqa: E731
OWN_TAGS = {"team": "nlp", **labels(OWNER), CREATE_LABEL: "a7"}


class Timed(FakeApi):
    """A fake that notes when it was requested to create a task."""

    def create_training_task(self, body: Mapping[str, Any]) -> str:
        self.sent_at = [*getattr(self, "sent_at", []), self.now]
        return super().create_training_task(body)


class Create:
    """One create, and what it shows."""

    def __init__(self, service: FakeApi, *, labels_enabled: bool = True, owner: Owner = OWNER, **changes: Any) -> None:
        self.rows: list[str] = []
        self.warnings: list[str] = []
        options = {name: changes.pop(name) for name in ("deleted", "deleted_names_are_kept") if name in changes}
        self.creation = Creation(
            client=service,
            owner=owner,
            inputs={**INPUTS, **changes},
            labels_enabled=labels_enabled,
            context=context_of(service, show_status=self.rows.append, warn=self.warnings.append),
            new_create_label=lambda: "a7",
            **options,
        )

    def run(self) -> tuple[str, dict[str, Any]]:
        return self.creation.run()

    def error(self) -> str:
        with pytest.raises(TioneError) as caught:
            self.run()
        return str(caught.value)


# When.


def test_a_request_without_an_answer_is_sent_again_after_a_look_up_of_fifteen_seconds() -> None:
    service = Timed()
    service.trouble("create", CUT, CUT)
    Create(service).run()
    pauses = [later - earlier for earlier, later in zip(service.sent_at, service.sent_at[1:], strict=False)]
    assert pauses == pytest.approx([16, 16], abs=0.01)


def test_a_request_whose_refusal_may_pass_is_sent_again_after_a_second() -> None:
    service = Timed()
    service.trouble("create", refusal("InternalError.QueryVPCInfoFailed"))
    Create(service).run()
    assert service.sent_at == [0, 1]


def test_where_names_are_kept_a_name_is_looked_for_three_seconds() -> None:
    service = Timed()
    service.taken_names.add(NAME)
    deleted = OwnDeletions()
    deleted.add("train-9", OWNER)
    _, outputs = Create(service, deleted=deleted, deleted_names_are_kept=True).run()
    assert outputs["name"] == suffixed_name(NAME, 2)
    first, second, third = service.sent_at
    assert (second - first, third - second) == pytest.approx((3, 0), abs=0.01)


# What is recorded.


def test_a_new_task_is_recorded_without_a_warning_whether_it_is_visible_or_not() -> None:
    for lag in (Lag(), Lag(details=30)):
        create = Create(FakeApi(lag=lag))
        _, outputs = create.run()
        assert create.warnings == []
        assert outputs["allTags"] == OWN_TAGS
        assert outputs["uin"] == "100"


def test_a_new_task_whose_detail_got_no_answer_is_recorded_without_a_warning() -> None:
    service = FakeApi()
    service.trouble("describe", no_answer("DescribeTrainingTask"))
    create = Create(service)
    _, outputs = create.run()
    assert create.warnings == []
    assert outputs["allTags"] == OWN_TAGS


def test_tags_that_were_bound_afterwards_are_recorded() -> None:
    service = FakeApi()
    service.trouble("create", lambda body: service.make({**body, "Tags": []}))
    create = Create(service)
    _, outputs = create.run()
    assert service.tags == outputs["allTags"] == OWN_TAGS
    assert outputs["tags"] == {"team": "nlp"}


def test_what_cannot_be_recorded_is_named_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    create = Create(FakeApi())
    monkeypatch.setattr(create.creation, "_outputs", lambda *_: {"odd": float("nan")})
    task_id, outputs = create.run()
    assert create.warnings == [created_but_not_recorded(task_id, ValueError())]
    assert outputs["uin"] == "100"


# What is looked up.


def test_without_labels_no_leftover_is_looked_for_even_if_the_name_is_refused() -> None:
    service = FakeApi()
    service.taken_names.add(NAME)
    Create(service, labels_enabled=False).error()
    assert not [call for call in service.calls if call.startswith("list")]


def test_a_leftover_that_this_process_has_deleted_is_none() -> None:
    service = FakeApi()
    task_id, _ = Create(service).run()
    service.history[task_id][-1][1]["Name"] = suffixed_name(NAME, 2)  # type: ignore[index]
    service.taken_names.clear()
    deleted = OwnDeletions()
    deleted.add(task_id, OWNER)
    assert Create(service, deleted=deleted).run()[0] != task_id


def test_an_active_task_of_the_same_name_and_owner_is_a_name_that_is_taken() -> None:
    service = FakeApi()
    Create(service).run()
    error = Create(service).error()
    assert error.startswith(f"{not_created(NAME)}: train-1 already exists")
    assert "cut off" not in error


@pytest.mark.parametrize("verb", ["list", "find"])
def test_a_look_up_that_fails_before_the_request_is_an_error_of_a_task_that_was_not_created(verb: str) -> None:
    service = FakeApi()
    service.trouble(verb, no_answer("DescribeTrainingTasks"))
    assert Create(service).error() == f"{not_created(NAME)}: {no_answer('DescribeTrainingTasks')}"
    assert service.bodies == []


# How it ends.


def test_ten_suffixes_are_tried() -> None:
    service = FakeApi()
    service.always("create", refusal("FailedOperation.DuplicateName"))
    assert Create(service, deleted_names_are_kept=True).error() == all_names_kept(NAME)
    names = [body["Name"] for body in service.bodies]
    assert names == [NAME, *(suffixed_name(NAME, number) for number in range(2, len(names) + 1))]
    assert len(names) == 11
    assert 60 <= service.now < 61  # a minute for the first name, and none for the others


def test_attempts_are_counted_in_the_error() -> None:
    service = FakeApi()
    service.always("create", CUT)
    with pytest.raises(TaskError) as caught:
        Create(service).run()
    assert str(caught.value) == create_failed(NAME, CUT, CUT, 3)
    assert len(service.bodies) == 3


def test_one_refusal_is_not_counted() -> None:
    service = FakeApi()
    refused = refusal("InvalidParameterValue")
    service.always("create", refused)
    assert Create(service).error() == create_failed(NAME, refused)


def not_sent() -> RequestNotSentError:
    return RequestNotSentError("CreateTrainingTask was not sent: http://127.0.0.1:9 cannot be reached")


def test_a_request_that_is_not_sent_after_one_without_an_answer_does_not_deny_that_there_may_be_a_task() -> None:
    service = FakeApi()
    service.trouble("create", CUT, not_sent())
    assert Create(service).error() == create_failed(NAME, not_sent(), CUT)


def test_a_name_that_is_taken_after_a_request_without_an_answer_is_a_task_that_may_exist() -> None:
    service = FakeApi()
    service.trouble("create", CUT, refusal("FailedOperation.DuplicateName"))
    assert Create(service).error() == create_failed(NAME, refusal("FailedOperation.DuplicateName"), CUT)
    assert 15 + 60 <= service.now < 15 + 60 + 3


def test_of_a_request_that_could_not_bind_labels_the_task_is_found_also_when_the_name_is_refused_next() -> None:
    """The task shows only after the second request, and never gets labels."""
    service = FakeApi(lag=Lag(20, 20, 20))
    failed = ApiError("CreateTrainingTask", "InternalError.BindingTagsFailed", "no", "r-1")

    def half(body: Mapping[str, Any]) -> None:
        service.make({**body, "Tags": []})
        raise failed

    service.trouble("create", half)
    task_id, _ = Create(service, name="bert-fixed", tags={}).run()
    assert [*service.existing] == [task_id]


def test_a_name_that_is_refused_twice_is_looked_for_a_minute_only_once() -> None:
    service = FakeApi(deleted_names_are_kept=True)
    service.taken_names.add(NAME)
    deleted = OwnDeletions()
    deleted.add("train-9", OWNER)
    Create(service, deleted=deleted).run()
    assert 60 <= service.now < 66


def test_a_holder_that_shows_only_after_the_refusal_is_named_with_the_refusal() -> None:
    service = FakeApi(lag=Lag(10, 10, 10))
    Create(service, owner={**OWNER, "resource": "gpt"}).run()
    error = Create(service).error()
    assert error.startswith(f"{not_created(NAME)}: train-1 already exists")
    assert error.endswith("(FailedOperation.DuplicateName: no, request id r-1)")


def test_a_response_without_a_request_id_leaves_none_in_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeApi()
    monkeypatch.setattr(service, "create_training_task_response", lambda body: {"Id": service.make(body)})
    _, outputs = Create(service).run()
    assert "createRequestId" not in outputs


def test_a_listed_task_whose_detail_got_no_answer_is_left_to_the_refusal_of_its_name() -> None:
    service = FakeApi()
    service.make({"Name": NAME})
    service.trouble("describe", no_answer("DescribeTrainingTask"))
    error = Create(service).error()
    assert error.startswith(f"{not_created(NAME)}: train-1 already exists")
    assert len(service.bodies) == 1


def test_a_look_up_that_fails_after_a_request_without_an_answer_shows_both_errors() -> None:
    service = FakeApi()
    service.trouble("find", PROCEED_ONCE)
    service.always("find", no_answer("DescribeTrainingTasks"))
    service.trouble("create", CUT)
    assert Create(service).error() == create_failed(NAME, no_answer("DescribeTrainingTasks"), CUT)


def test_a_look_up_that_fails_after_a_refused_name_shows_both_errors() -> None:
    service = FakeApi()
    service.taken_names.add(NAME)
    service.trouble("find", PROCEED_ONCE)
    service.always("find", no_answer("DescribeTrainingTasks"))
    error = Create(service).error()
    refused = refusal("FailedOperation.DuplicateName")
    assert error == holder_unknown(NAME, refused, no_answer("DescribeTrainingTasks"))


def test_a_found_task_whose_labels_cannot_be_looked_up_is_judged_by_what_it_has_shown() -> None:
    service = FakeApi()

    def half(body: Mapping[str, Any]) -> None:
        service.make({**body, "Tags": []})
        service.trouble("find", PROCEED_ONCE)
        service.always("find", no_answer("DescribeTrainingTasks"))
        raise CUT

    service.trouble("create", half)
    assert Create(service).run()[0] == "train-1"
    assert service.now >= existence.LAG_SECONDS


def test_every_look_up_of_a_create_is_in_its_workspace() -> None:
    service = FakeApi()
    service.taken_names.add(NAME)
    service.trouble("create", CUT)
    workspace = "1889353273052233728"
    Create(service, tiProjectId=workspace).error()
    of_taken_name = FakeApi()
    of_taken_name.taken_names.add(NAME)
    Create(of_taken_name, tiProjectId=workspace).error()
    assert {*service.asked_workspaces, *of_taken_name.asked_workspaces} == {workspace}
    assert {"find", "list", "create"} == {*of_taken_name.verbs}


def test_a_look_up_after_a_request_without_an_answer_takes_eight_requests() -> None:
    service = FakeApi()
    service.trouble("create", CUT)
    Create(service).run()
    first = service.verbs.index("create")
    assert service.verbs[first + 1 : service.verbs.index("create", first + 1)] == ["find"] * 8


def test_a_look_up_that_fails_for_a_moment_does_not_end_the_create() -> None:
    service = FakeApi()

    def happens(body: Mapping[str, Any]) -> None:
        service.make(body)
        service.trouble("find", no_answer("DescribeTrainingTasks"), refusal("InternalError", "DescribeTrainingTasks"))
        raise CUT

    service.trouble("create", happens)
    assert Create(service).run()[0] == "train-1"


def test_a_task_without_an_owner_has_no_leftovers() -> None:
    service = FakeApi()
    service.taken_names.add("bert")
    create = Create(service, name="bert")
    create.creation.owner = None
    refused = refusal("FailedOperation.DuplicateName")
    assert create.error() == name_has_no_holder("bert", refused, is_generated=False, are_names_kept=False)
    assert "list" not in service.verbs


def test_a_create_that_looks_for_the_holder_of_its_name_ends_when_it_is_cancelled() -> None:
    service = FakeApi()
    service.taken_names.add(NAME)
    create = Create(service)
    context = create.creation.context

    def pause(seconds: float) -> None:
        service.sleep(seconds)
        if service.now > 3:
            context.cancelled.set()

    context.pause = pause
    assert create.error() == f"{not_created(NAME)}: cancelled. {RUN_AGAIN}"
    assert service.now < 10


def test_a_deleted_task_of_another_create_that_reads_still_show_does_not_have_the_name() -> None:
    service = FakeApi(lag=Lag(30, 30, 30))
    old, _ = Create(service, owner={**OWNER, "resource": "gpt"}).run()
    service.now += 60
    service.put(old)
    deleted = OwnDeletions()
    deleted.add(old, {**OWNER, "resource": "gpt"})
    new, _ = Create(service, deleted=deleted).run()
    assert [*service.existing] == [new]
    assert service.verbs.count("find") == 2


def test_a_task_that_another_create_has_made_meanwhile_is_named_and_not_taken() -> None:
    service = FakeApi()

    def another(body: Mapping[str, Any]) -> None:
        tags = [{"TagKey": key, "TagValue": value} for key, value in {**OWN_TAGS, CREATE_LABEL: "b8"}.items()]
        service.make({**body, "Tags": tags})
        raise CUT

    service.trouble("create", another)
    assert Create(service).error().startswith(f"{not_created(NAME)}: train-1 already exists")
