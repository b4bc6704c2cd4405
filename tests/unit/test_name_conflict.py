"""A task that has the name of one that is being created: who made it, and the whole text that you read about it.

When such an error is raised is tested in `test_create.py` and `test_create_under_lag.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from fake_api import BEGIN, as_shown, refusal

from pulumi_tione._schema.identity import CREATE_LABEL, LABELS, RETAINED, Owner, generated_name, labels
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.name_conflict import CreateIdentity, Origin

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "my model"}
NAME = generated_name(OWNER)
WORKSPACE = "1889353273052233728"
INPUTS: dict[str, Any] = {"name": NAME, "region": "ap-guangzhou", "chargeType": "POSTPAID_BY_HOUR"}
OWN = {**labels(OWNER), CREATE_LABEL: "a7"}
CREATED = as_shown(BEGIN)


def identity(owner: Owner | None = OWNER, tags: Mapping[str, str] | None = None, **inputs: Any) -> CreateIdentity:
    return CreateIdentity("ap-guangzhou", owner, {**INPUTS, **inputs}, OWN if tags is None else tags)


def task(tags: Mapping[str, str], **facts: Any) -> dict[str, Any]:
    shown = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
    detail = {"Id": "train-1", "Name": NAME, "Status": "RUNNING", "CreateTime": CREATED, "Tags": shown}
    return {**detail, "ChargeType": "POSTPAID_BY_HOUR", **facts}


# Who made it.


@pytest.mark.parametrize(
    ("seconds_before", "origin"), [(0, Origin.THIS_CREATE), (300, Origin.THIS_CREATE), (301, Origin.OTHER)]
)
def test_a_task_that_is_older_than_the_difference_that_clocks_may_have_is_of_another_create(
    seconds_before: int, origin: Origin
) -> None:
    assert identity().origin_of(task(OWN), BEGIN + timedelta(seconds=seconds_before)) is origin


WITHOUT_ITS_OWN = {key: value for key, value in OWN.items() if key != CREATE_LABEL}


@pytest.mark.parametrize(
    ("own", "remote", "created", "origin"),
    [
        (OWN, OWN, CREATED, Origin.THIS_CREATE),
        (OWN, OWN, None, Origin.THIS_CREATE),  # no other create has the label
        (OWN, {**OWN, "team": "nlp"}, CREATED, Origin.THIS_CREATE),
        (OWN, {**OWN, CREATE_LABEL: "b8"}, CREATED, Origin.OTHER),
        (OWN, {LABELS[0]: "another"}, CREATED, Origin.OTHER),
        (OWN, {LABELS[0]: "nlp"}, CREATED, Origin.UNLABELED),  # its labels are still being bound
        (OWN, {}, CREATED, Origin.UNLABELED),
        (OWN, {}, None, Origin.UNDATED),
        (WITHOUT_ITS_OWN, WITHOUT_ITS_OWN, CREATED, Origin.THIS_CREATE),
        (WITHOUT_ITS_OWN, WITHOUT_ITS_OWN, None, Origin.UNDATED),  # an earlier create has the same labels
        (WITHOUT_ITS_OWN, OWN, CREATED, Origin.OTHER),
        ({}, {}, CREATED, Origin.THIS_CREATE),
        ({}, {}, None, Origin.UNDATED),
        ({}, OWN, CREATED, Origin.THIS_CREATE),  # labels are off: names are all that there is
    ],
)
def test_labels_and_age_show_who_made_a_task(
    own: dict[str, str], remote: dict[str, str], created: str | None, origin: Origin
) -> None:
    assert identity(tags=own).origin_of(task(remote, CreateTime=created), BEGIN) is origin


def test_a_task_of_other_content_is_of_another_create() -> None:
    assert identity().origin_of(task(OWN, ChargeType="PREPAID"), BEGIN) is Origin.OTHER


def test_only_a_computed_name_is_one_that_only_this_resource_has() -> None:
    assert identity().has_generated_name
    assert not identity(name="bert").has_generated_name
    assert not identity(owner=None).has_generated_name


# What you read.

SHOWN = "2025-08-01T11:00:00+08:00"


def existing(labels: str, *, is_same_content: bool = True, name: str = NAME) -> str:
    return messages.already_exists("train-1", name, "RUNNING", SHOWN, labels, is_same_content=is_same_content)


WITH_WORKSPACE = f"--region ap-guangzhou --workspace {WORKSPACE}"


@pytest.mark.parametrize(
    ("workspace", "place", "everywhere"),
    [(None, "--region ap-guangzhou", ""), (WORKSPACE, WITH_WORKSPACE, " --all-workspaces")],
)
def test_a_task_of_this_very_resource_can_be_kept_or_deleted(
    workspace: str | None, place: str, everywhere: str
) -> None:
    text = identity(tiProjectId=workspace).name_is_taken(NAME, task(OWN, TiProjectId=workspace))
    keep = f"`pulumi-tione import {place} 'my model' train-1`"
    delete = f"`pulumi-tione orphans --delete train-1 --region ap-guangzhou{everywhere}`"
    next_steps = messages.keep_or_delete(keep, delete)
    assert text == messages.name_is_taken(NAME, existing(messages.WITH_OWN_LABELS), next_steps)


@pytest.mark.parametrize(("owner", "resource"), [(OWNER, "'my model'"), (None, "RESOURCE")])
def test_a_task_without_labels_may_be_yours(owner: Owner | None, resource: str) -> None:
    refused = refusal("FailedOperation")
    text = identity(owner).name_is_taken(NAME, task({"team": "nlp"}, ChargeType="PREPAID"), refused)
    next_steps = messages.keep_if_yours(f"`pulumi-tione import --region ap-guangzhou {resource} train-1`")
    holder = existing(messages.WITHOUT_LABELS, is_same_content=False)
    assert text == messages.name_is_taken(NAME, holder, next_steps, refused)


def test_a_task_of_another_resource_of_this_stack_may_be_one_that_was_renamed() -> None:
    before = labels({**OWNER, "resource": "component$bert::bert"})
    text = identity().name_is_taken(NAME, task({**before, LABELS[2]: "component::bert"}))
    holder = existing(messages.with_labels_of("component::bert", "dev", "nlp"))
    assert text == messages.name_is_taken(NAME, holder, messages.name_of_another_resource("bert"))


@pytest.mark.parametrize(
    ("remote", "described"),
    [
        (labels({**OWNER, "stack": "prod"}), ("my model", "prod", "nlp")),
        ({LABELS[0]: "vision"}, ("unknown", "unknown", "vision")),
    ],
)
def test_a_task_of_another_stack_is_nothing_to_take(remote: dict[str, str], described: tuple[str, str, str]) -> None:
    text = identity(tiProjectId=WORKSPACE).name_is_taken(NAME, task(remote, TiProjectId=WORKSPACE))
    next_steps = messages.name_of_another_stack(f"`pulumi-tione events train-1 {WITH_WORKSPACE}`")
    assert text == messages.name_is_taken(NAME, existing(messages.with_labels_of(*described)), next_steps)


def test_a_task_that_stays_on_purpose_is_no_error_of_an_import() -> None:
    retained = {**OWNER, RETAINED: "true"}
    text = identity(retained).name_is_taken(NAME, task(WITHOUT_ITS_OWN))
    assert text == messages.name_is_taken(NAME, existing(messages.WITH_OWN_LABELS), messages.KEPT_BY_RETAIN_ON_DELETE)
    for text in (identity(retained).name_is_taken(NAME, task(labels({**OWNER, "stack": "prod"}))),):
        assert "retain_on_delete" not in text


def test_a_leftover_is_one_of_an_update_that_was_cut_off() -> None:
    text = identity().leftover_exists(task(OWN, Name="bert-2"))
    next_steps = messages.keep_or_delete(
        "`pulumi-tione import --region ap-guangzhou 'my model' train-1`",
        "`pulumi-tione orphans --delete train-1 --region ap-guangzhou`",
    )
    assert text == messages.leftover_exists(NAME, existing(messages.WITH_OWN_LABELS, name="bert-2"), next_steps)
