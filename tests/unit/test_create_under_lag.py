"""Create: exactly once also where reads lag behind writes, and where names are refused that no visible task has.

The usual cases are in `test_create.py`; killed providers are in `tests/reliability/test_after_a_kill.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from calls import INPUTS, NAME, OWNER, context_of, recorded_task
from fake_api import BEGIN, PROCEED, FakeApi, Lag, no_answer, refusal

from pulumi_tione._schema.identity import LABELS, RETAINED, Owner, labels, suffixed_name
from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.create import Creation
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.diff import Difference, diff
from pulumi_tione.lifecycle.names import computed_name
from pulumi_tione.lifecycle.own_deletions import OwnDeletions
from pulumi_tione.lifecycle.read import read

CUT = no_answer("CreateTrainingTask")
LAGS = [Lag(), Lag(3, 3, 3), Lag(10, 10, 10), Lag(30, 30, 30), Lag(lists=30), Lag(details=30), Lag(tags=30)]


def creation(service: FakeApi, *, owner: Owner = OWNER, rows: list[str] | None = None, **changes: Any) -> Creation:
    options = {
        name: changes.pop(name) for name in ("deleted", "deleted_names_are_kept", "new_create_label") if name in changes
    }
    rows = [] if rows is None else rows
    return Creation(
        client=service,
        owner=owner,
        inputs={name: value for name, value in {**INPUTS, **changes}.items() if value is not None},
        labels_enabled=True,
        context=context_of(service, show_status=rows.append, warn=rows.append),
        **{"new_create_label": lambda: "a7", **options},
    )


def then_cut(service: FakeApi, **changes: Any) -> Callable[[Mapping[str, Any]], None]:
    """The request takes effect, and its answer is lost."""

    def happens(body: Mapping[str, Any]) -> None:
        service.make(body, **changes)
        raise CUT

    return happens


def tags(**values: str) -> list[dict[str, str]]:
    return [{"TagKey": key.replace("__", ":"), "TagValue": value} for key, value in values.items()]


# An answer that is lost.


@pytest.mark.parametrize("lag", LAGS, ids=str)
@pytest.mark.parametrize("name", [NAME, "bert-fixed"])
def test_what_a_lost_answer_has_made_is_found_however_much_reads_lag(lag: Lag, name: str) -> None:
    service = FakeApi(lag)
    service.trouble("create", then_cut(service))
    task_id, outputs = creation(service, name=name).run()
    assert [*service.existing] == [task_id]
    assert outputs["name"] == name
    assert outputs["allTags"] == {"team": "nlp", **labels(OWNER), "pulumi:create": "a7"}


@pytest.mark.parametrize("lag", LAGS, ids=str)
def test_a_request_that_was_lost_is_sent_again_and_makes_one_task(lag: Lag) -> None:
    service = FakeApi(lag)
    service.trouble("create", CUT)
    task_id, _ = creation(service).run()
    assert [*service.existing] == [task_id]


@pytest.mark.parametrize("lag", LAGS, ids=str)
def test_the_task_of_a_stack_of_this_name_in_another_backend_is_never_taken(lag: Lag) -> None:
    """The request is lost, and somebody else makes the same task, under the same name and labels."""
    service = FakeApi(lag)

    def somebody_else_is_first(body: Mapping[str, Any]) -> None:
        others = [{**tag, "TagValue": "b8"} if tag["TagKey"] == "pulumi:create" else tag for tag in body["Tags"]]
        service.make({**body, "Tags": others})
        raise CUT

    service.trouble("create", somebody_else_is_first)
    with pytest.raises(TaskError, match="train-1 already exists"):
        creation(service).run()
    assert [*service.existing] == ["train-1"]


def test_a_found_task_that_has_a_label_of_a_create_though_this_one_had_no_room_for_it_is_not_own() -> None:
    service = FakeApi()
    many = {f"key{index}": "x" for index in range(47)}

    def somebody_else_is_first(body: Mapping[str, Any]) -> None:
        assert len(body["Tags"]) == 50
        service.make({**body, "Tags": [*body["Tags"][:-1], *tags(pulumi__create="b8")]})
        raise CUT

    service.trouble("create", somebody_else_is_first)
    with pytest.raises(TaskError, match="already exists"):
        creation(service, tags=many).run()


@pytest.mark.parametrize("error", [CUT, refusal("InternalError.BindingTagsFailed")], ids=["cut", "tags not bound"])
@pytest.mark.parametrize("name", [NAME, "bert-fixed"])
def test_a_task_that_never_gets_labels_is_own_by_its_computed_name_or_the_services_own_word(
    error: Exception, name: str
) -> None:
    service = FakeApi()

    def made_without_tags(body: Mapping[str, Any]) -> None:
        service.make({**body, "Tags": []})
        raise error

    service.trouble("create", made_without_tags)
    if error is CUT and name != NAME:
        with pytest.raises(TaskError, match=r"train-1 already exists.*`pulumi-tione import .*train-1`"):
            creation(service, name=name).run()
    else:
        assert creation(service, name=name).run()[0] == "train-1"
        task = service.actual("train-1")
        assert task is not None
        assert {tag["TagKey"] for tag in task["Tags"]} == {"team", *LABELS, "pulumi:create"}
    assert len(service.existing) == 1


def test_a_detail_that_is_not_found_every_other_time_hides_nothing() -> None:
    service = FakeApi()
    service.trouble("create", then_cut(service))
    service.trouble("describe", *[lambda _: None, lambda _: PROCEED] * 20)
    task_id, _ = creation(service).run()
    assert [*service.existing] == [task_id]


@pytest.mark.parametrize(
    "incomplete",
    [
        {"CreateTime": ""},
        {"CreateTime": None},
        {"CreateTime": 5},
        {"CreateTime": "x"},
        {"ResourceConfigInfos": None},
        {"ResourceConfigInfos": []},
        {"ResourceConfigInfos": ""},
        {"StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": ""}},
        {"Name": None},
        {"Remark": "run \ufffd"},
    ],
    ids=str,
)
@pytest.mark.parametrize("labels_enabled", [True, False])
def test_a_detail_that_is_incomplete_at_first_does_not_make_our_task_a_strangers(
    incomplete: dict[str, Any], labels_enabled: bool
) -> None:
    service = FakeApi()
    service.trouble("create", then_cut(service))

    def incompletely(task_id: str) -> Any:
        shown = {**(service.shown(task_id) or {}), **incomplete}
        return {**shown, "Tags": shown["Tags"] if labels_enabled else None}

    service.trouble("describe", *[incompletely] * 4)
    task_id, outputs = creation(service, remark="run 😀").run()
    assert [*service.existing] == [task_id]
    assert outputs["name"] == NAME
    assert outputs["remark"] == "run 😀"


def test_a_task_that_never_shows_since_when_it_is_there_nor_whose_it_is_is_not_own() -> None:
    service = FakeApi()
    service.trouble("create", then_cut(service, CreateTime="", Tags=None))
    with pytest.raises(TaskError, match="train-1 already exists"):
        creation(service).run()


def test_each_create_draws_a_label_of_its_own() -> None:
    service = FakeApi()
    context = context_of(service)
    labels = {Creation(service, OWNER, INPUTS, context, labels_enabled=True).new_create_label() for _ in range(200)}
    assert len(labels) > 50
    assert all(len(value) == 2 and int(value, 16) < 256 for value in labels)


# A name that is refused as taken.


@pytest.mark.parametrize("lag", [Lag(), Lag(6, 6, 6), Lag(10, 10, 10), Lag(30, 30, 30), Lag(lists=30), Lag(details=30)])
@pytest.mark.parametrize("kept", [False, True])
def test_what_a_killed_update_has_made_a_moment_ago_is_never_doubled(lag: Lag, kept: bool) -> None:
    service = FakeApi(lag)
    creation(service).run()
    with pytest.raises(TaskError) as caught:
        creation(service, new_create_label=lambda: "b8", deleted_names_are_kept=kept).run()
    text = str(caught.value)
    assert "train-1 already exists" in text
    assert "`pulumi-tione import --region ap-guangzhou bert train-1`" in text
    assert [*service.existing] == ["train-1"]


def test_a_name_that_no_visible_task_has_is_looked_for_a_minute_and_then_an_error_with_both_ways_on() -> None:
    service = FakeApi()
    service.taken_names.add(NAME)
    rows: list[str] = []
    with pytest.raises(TaskError) as caught:
        creation(service, rows=rows).run()
    text = str(caught.value)
    refused = refusal("FailedOperation.DuplicateName")
    assert text == messages.name_has_no_holder(NAME, refused, is_generated=True, are_names_kept=False)
    assert 60 <= service.now < 66
    assert service.calls.count(f"create {NAME}") == 1
    assert rows == [messages.looking_for_holder(NAME, 60)]


def deleted_before(service: FakeApi) -> OwnDeletions:
    """The resource had a task, which this process has deleted."""
    task_id, outputs = creation(service).run()
    service.now += 3600
    recorded = {**outputs, "createTime": "2025-08-01T11:00:00+08"}
    delete(recorded_task(service, task_id, recorded))
    deleted = OwnDeletions()
    deleted.add(task_id, OWNER)
    service.now += 100
    service.calls.clear()
    return deleted


def test_a_name_that_is_kept_for_a_task_that_this_process_has_deleted_gets_a_number_after_a_minute() -> None:
    service = FakeApi(deleted_names_are_kept=True)
    deleted = deleted_before(service)
    begun = service.now
    task_id, outputs = creation(service, deleted=deleted).run()
    assert outputs["name"] == suffixed_name(NAME, 2)
    assert outputs["numberedFrom"] == NAME
    assert [*service.existing] == [task_id]
    assert service.now - begun >= 60
    assert [call for call in service.calls if call.startswith("create")] == [
        f"create {NAME}",
        f"create {NAME}",  # the name might have become free
        f"create {suffixed_name(NAME, 2)}",
    ]


def test_a_name_that_becomes_free_late_is_used_as_it_is() -> None:
    service = FakeApi(deleted_names_are_kept=True)
    deleted = deleted_before(service)

    def refused_once(_: Mapping[str, Any]) -> None:
        service.taken_names.clear()
        raise refusal("FailedOperation.DuplicateName")

    service.trouble("create", refused_once)
    _, outputs = creation(service, deleted=deleted).run()
    assert outputs["name"] == NAME


def test_a_predecessor_of_another_resource_is_no_reason_for_a_number() -> None:
    service = FakeApi(deleted_names_are_kept=True)
    deleted = OwnDeletions()
    deleted.add("train-9", {**OWNER, "resource": "gpt"})
    service.taken_names.add(NAME)
    with pytest.raises(TaskError) as caught:
        creation(service, deleted=deleted).run()
    refused = refusal("FailedOperation.DuplicateName")
    assert str(caught.value) == messages.name_has_no_holder(NAME, refused, is_generated=True, are_names_kept=False)


def test_where_the_user_shows_that_names_are_kept_they_are_suffixed() -> None:
    service = FakeApi()
    service.taken_names |= {NAME, suffixed_name(NAME, 2)}
    _, outputs = creation(service, deleted_names_are_kept=True).run()
    assert outputs["name"] == suffixed_name(NAME, 3)
    assert 60 <= service.now < 66


def test_where_the_user_shows_that_names_are_kept_and_we_have_deleted_the_task_nobody_waits_a_minute() -> None:
    service = FakeApi(deleted_names_are_kept=True)
    deleted = deleted_before(service)
    begun = service.now
    _, outputs = creation(service, deleted=deleted, deleted_names_are_kept=True).run()
    assert outputs["name"] == suffixed_name(NAME, 2)
    assert service.now - begun < 10


def test_a_name_of_the_programs_own_is_never_suffixed() -> None:
    service = FakeApi()
    service.taken_names |= {"bert-fixed"}
    deleted = OwnDeletions()
    deleted.add("train-9", OWNER)
    with pytest.raises(TaskError) as caught:
        creation(service, name="bert-fixed", deleted=deleted, deleted_names_are_kept=True).run()
    refused = refusal("FailedOperation.DuplicateName")
    assert str(caught.value) == messages.name_has_no_holder(
        "bert-fixed", refused, is_generated=False, are_names_kept=True
    )
    assert not service.existing


def test_a_name_whose_task_is_being_created_is_never_suffixed() -> None:
    service = FakeApi()
    refused = refusal("FailedOperation.DuplicateNameTaskIsCreating")
    service.trouble("create", *[refused] * 5)
    deleted = OwnDeletions()
    deleted.add("train-9", OWNER)
    with pytest.raises(TaskError) as caught:
        creation(service, deleted=deleted, deleted_names_are_kept=True).run()
    # The setting is no remedy here: it is set already.
    assert str(caught.value) == messages.name_has_no_holder(NAME, refused, is_generated=True, are_names_kept=True)
    assert not service.existing


def test_a_suffixed_task_that_a_killed_update_has_made_is_found_by_its_labels() -> None:
    service = FakeApi(Lag(30, 30, 30), deleted_names_are_kept=True)
    deleted_before(service)
    creation(service, deleted_names_are_kept=True).run()  # the update that is killed
    assert len(service.existing) == 1
    with pytest.raises(TaskError, match=messages.LEFT_BY_INTERRUPTED_UPDATE):
        creation(service, deleted_names_are_kept=True, new_create_label=lambda: "b8").run()
    assert len(service.existing) == 1


def test_an_answer_that_is_lost_for_a_suffixed_name_is_looked_into_under_that_name() -> None:
    service = FakeApi()
    service.taken_names.add(NAME)
    service.trouble("create", lambda _: PROCEED, then_cut(service))
    task_id, outputs = creation(service, deleted_names_are_kept=True).run()
    assert outputs["name"] == suffixed_name(NAME, 2)
    assert [*service.existing] == [task_id]


def test_a_computed_name_of_a_task_whose_predecessor_stays_is_suffixed_too() -> None:
    owner = {**OWNER, RETAINED: True}
    name = computed_name(owner, INPUTS)
    service = FakeApi()
    service.taken_names.add(str(name))
    _, outputs = creation(service, owner=owner, name=name, deleted_names_are_kept=True).run()
    assert outputs["name"] == suffixed_name(str(name), 2)


# Whether a name is held.


@pytest.mark.parametrize("lag", [Lag(lists=25), Lag(lists=30, tags=30)], ids=str)
def test_a_deleted_task_that_a_list_still_shows_holds_no_name(lag: Lag) -> None:
    service = FakeApi(lag)
    old = service.make({"Name": NAME, "Tags": tags(pulumi__project="nlp")}, Status="STOPPED")
    service.now += 100
    service.put(old)
    begun = service.now
    task_id, outputs = creation(service).run()
    assert [*service.existing] == [task_id]
    assert outputs["name"] == NAME
    assert service.now - begun < 5


@pytest.mark.parametrize("lag", LAGS, ids=str)
def test_a_task_is_replaced_however_much_reads_lag(lag: Lag) -> None:
    service = FakeApi(lag)
    old, outputs = creation(service).run()
    service.now += 3600
    recorded = {**outputs, "status": "RUNNING", "createTime": "2025-08-01T11:00:00+08"}
    delete(recorded_task(service, old, recorded))
    new, outputs = creation(service, remark="b").run()
    assert [*service.existing] == [new]
    assert outputs["name"] == NAME


def test_a_task_that_this_process_has_deleted_holds_no_name_and_is_nobodys_leftover_whatever_reads_show() -> None:
    service = FakeApi()
    old, outputs = creation(service).run()
    shown = service.shown(old)
    deleted = OwnDeletions()
    deleted.add(old, OWNER)
    service.put(old)
    service.trouble("list", *[lambda: [shown]] * 9)
    service.trouble("describe", lambda task_id: shown if task_id == old else PROCEED)
    new, outputs = creation(service, remark="b", deleted=deleted).run()
    assert [*service.existing] == [new]
    assert outputs["name"] == NAME


def test_the_new_task_is_found_next_to_a_deleted_one_of_its_name_that_a_list_still_shows() -> None:
    service = FakeApi()
    old, _ = creation(service).run()
    shown = service.shown(old)
    service.put(old)
    service.trouble("create", then_cut(service))
    stale = [lambda: [shown, *(service.shown(each) for each in service.existing)]] * 9
    service.trouble("list", lambda: PROCEED, *stale)
    new, _ = creation(service).run()
    assert [*service.existing] == [new]


# Whose a task in the way is.


@pytest.mark.parametrize(
    ("tags", "words", "never"),
    [
        (
            labels({**OWNER, "resource": "before"}),
            ["the resource 'before' of stack 'dev'", "aliases=[pulumi.Alias(name='before')]", "choose another name"],
            ["pulumi-tione import", "console", "--delete"],
        ),
        (
            labels({**OWNER, "resource": "acme:Team::before"}),
            ["aliases=[pulumi.Alias(name='before')]"],
            ["pulumi-tione import"],
        ),
        (labels({**OWNER, "stack": "prod"}), ["stack 'prod'", "Choose another name"], ["pulumi-tione import", "alias"]),
        ({}, ["without labels", "Choose another name", "pulumi-tione import"], ["--take-over", "console"]),
    ],
    ids=["renamed", "renamed below a parent", "another stack", "no labels"],
)
def test_a_task_in_the_way_is_named_with_its_resource_and_the_right_way_out(
    tags: dict[str, str], words: list[str], never: list[str]
) -> None:
    service = FakeApi()
    service.make({"Name": "bert-fixed", "Tags": [{"TagKey": key, "TagValue": tags[key]} for key in tags]})
    with pytest.raises(TaskError) as caught:
        creation(service, name="bert-fixed").run()
    text = str(caught.value)
    assert all(word in text for word in ["train-1", *words])
    assert not [word for word in never if word in text]


# What is recorded.


@pytest.mark.parametrize("lag", [Lag(details=30), Lag(30, 30, 30)], ids=str)
def test_a_task_that_is_not_visible_yet_is_recorded_with_its_account_and_its_tags(lag: Lag) -> None:
    service = FakeApi(lag)
    task_id, outputs = creation(service).run()
    assert task_id == "train-1"
    assert outputs["uin"] == "100"
    assert outputs["allTags"] == {"team": "nlp", **labels(OWNER), "pulumi:create": "a7"}
    assert service.now == 0


@pytest.mark.parametrize("wrong", ["\ud83d", float("nan"), object(), b"x"], ids=["surrogate", "nan", "object", "bytes"])
def test_what_cannot_be_written_into_the_state_loses_no_task(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi_tione.lifecycle.create.recorded_outputs", lambda *_: {"name": "bert", "odd": wrong})
    service, rows = FakeApi(), list[str]()
    real = creation(service)._outputs_unseen
    assert real is not None
    creating = creation(service, rows=rows)
    monkeypatch.setattr(creating, "_outputs_unseen", lambda inputs: dict(inputs))
    task_id, outputs = creating.run()
    assert task_id == "train-1"
    assert outputs == {**INPUTS, "createRequestId": "r-create"}
    (warning,) = rows
    assert "train-1 was created, but" in warning


@pytest.mark.parametrize(
    "odd",
    [
        {"Name": None},
        {"Name": ""},
        {"Name": {}},
        {"Remark": "run \ufffd"},
        {"Remark": None},
        {"ChargeType": ""},
        {"ResourceConfigInfos": None},
        {"ResourceConfigInfos": ""},
        {"ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "", "InstanceNum": None}]},
        {"StartCmdInfo": None},
    ],
    ids=str,
)
def test_an_odd_detail_after_the_creation_does_not_make_the_next_update_replace_the_task(odd: dict[str, Any]) -> None:
    service = FakeApi()
    service.trouble("describe", lambda task_id: {**(service.shown(task_id) or {}), **odd})
    inputs = {**INPUTS, "remark": "run 😀"}
    task_id, outputs = creation(service, remark="run 😀").run()
    assert diff(outputs, inputs, recorded_owner=OWNER, owner=OWNER, labels_enabled=True) == Difference((), ())
    service.trouble("describe", lambda task_id: {**(service.shown(task_id) or {}), **odd})
    found = read(recorded_task(service, task_id, outputs))
    assert found is not None
    assert diff(found[0], inputs, recorded_owner=OWNER, owner=OWNER, labels_enabled=True) == Difference((), ())


def test_the_time_of_a_create_is_the_services() -> None:
    service = FakeApi()
    assert creation(service).client.service_now() == BEGIN
