"""Small decisions that cost money when they are wrong: a name, a re-run, another run.

They are in several modules of `lifecycle/`; `test_rare_conditions.py` has those about time and calls.
"""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_tione._pulumi.unknown import UNKNOWN
from pulumi_tione._schema.identity import RETAINED, generated_name
from pulumi_tione._schema.secrets import SECRET_INPUTS
from pulumi_tione.lifecycle.diff import announced_rerun, diff, is_rerun_counted
from pulumi_tione.lifecycle.messages import rerun_announced
from pulumi_tione.lifecycle.names import computed_name
from pulumi_tione.lifecycle.update import _is_another_run

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
KEPT = {**OWNER, RETAINED: "true"}


# Names.


def test_a_name_is_unknown_where_its_owner_is() -> None:
    assert computed_name({**OWNER, "stack": UNKNOWN}, {}) is UNKNOWN
    assert computed_name({**KEPT, "stack": UNKNOWN}, {}) is UNKNOWN


def test_the_inputs_are_in_the_name_of_a_retained_task_alone() -> None:
    inputs: dict[str, Any] = {"chargeType": "PREPAID", "resourceConfigInfos": [{"instanceNum": 1}]}
    assert computed_name(OWNER, inputs) == computed_name(OWNER, {}) == generated_name(OWNER)
    assert computed_name(OWNER, {"chargeType": UNKNOWN}) == generated_name(OWNER)
    assert computed_name(KEPT, inputs) != computed_name(KEPT, {})
    assert computed_name(KEPT, {"chargeType": UNKNOWN}) is UNKNOWN
    assert computed_name(KEPT, {"resourceConfigInfos": [{"instanceNum": UNKNOWN}]}) is UNKNOWN


@pytest.mark.parametrize(
    "ignored", [{"name": "x"}, {"tags": {"a": "b"}}, {"logEnable": True}, {"settings": {"a": "b"}}]
)
def test_what_changes_in_place_is_not_in_the_name(ignored: dict[str, Any]) -> None:
    assert computed_name(KEPT, {"chargeType": "PREPAID", **ignored}) == computed_name(KEPT, {"chargeType": "PREPAID"})


def test_a_name_is_the_same_in_check_and_create() -> None:
    """Check has integers, create has the floats that the engine made of them."""
    whole, floats = ({"resourceConfigInfos": [{"instanceNum": number, "cpu": None}]} for number in (2, 2.0))
    assert computed_name(KEPT, whole) == computed_name(KEPT, floats)


# Re-runs.


@pytest.mark.parametrize(
    ("outputs", "news", "is_counted"),
    [
        ({}, {}, False),
        ({}, {"rerunOnFailure": 1}, False),
        ({}, {"rerunOnFailure": 1, "run": 1}, False),
        ({}, {"rerunOnFailure": 1, "run": 2}, True),
        ({"run": 1}, {"rerunOnFailure": 1.0, "run": 2.0}, True),
        ({"run": 2}, {"rerunOnFailure": 1, "run": 2}, False),
        ({"run": 2, "unconfirmed": {"start": "run-1"}}, {"rerunOnFailure": 1, "run": 2}, True),
        ({"run": 2, "unconfirmed": {"tags": ["a"]}}, {"rerunOnFailure": 1, "run": 2}, False),
        ({"run": 1, "unconfirmed": {"start": "run-1"}}, {"rerunOnFailure": 1, "run": 1}, False),
        ({"run": 2}, {"rerunOnFailure": 1, "run": 3}, False),
        ({"run": 2}, {"rerunOnFailure": 2, "run": 3}, True),
        ({"run": 1}, {"run": 2}, False),
    ],
)
def test_a_rerun_is_counted_when_check_has_added_one_that_the_program_allows(
    outputs: dict[str, Any], news: dict[str, Any], is_counted: bool
) -> None:
    assert is_rerun_counted(outputs, news) is is_counted
    assert (announced_rerun(outputs, news) is not None) is is_counted
    assert announced_rerun(outputs, {**news, "desiredStatus": "STOPPED"}) is None


def test_a_rerun_is_announced_with_its_number_and_its_price() -> None:
    news = {"rerunOnFailure": 2.0, "run": 3.0}
    assert announced_rerun({"run": 2}, news) == rerun_announced(2, 2, is_unconfirmed=False)
    unconfirmed = {"run": 3, "unconfirmed": {"start": "run-1"}}
    assert announced_rerun(unconfirmed, news) == rerun_announced(2, 2, is_unconfirmed=True)


def run(run_id: str | None, status: str) -> dict[str, Any]:
    return {"LatestInstanceId": run_id, "Status": status}


@pytest.mark.parametrize(
    ("before", "now", "is_another"),
    [
        (run("run-1", "FAILED"), run("run-2", "FAILED"), True),
        (run("run-1", "FAILED"), run("run-1", "RUNNING"), False),  # a read from before the run ended
        (run("run-1", "FAILED"), run("", "SUBMITTING"), True),
        (run("run-1", "FAILED"), run(None, "FAILED"), False),
        (run("", "FAILED"), run("run-1", "RUNNING"), True),
        (run("", "FAILED"), run("run-1", "FAILED"), False),
        (run(None, "FAILED"), run(None, "FAILED"), False),
        (run(None, "FAILED"), run(None, "PENDING"), True),
    ],
)
def test_another_run_shows_by_its_id_and_else_by_the_status(
    before: dict[str, Any], now: dict[str, Any], is_another: bool
) -> None:
    assert _is_another_run(before, now) is is_another


# Differences.


@pytest.mark.parametrize(
    ("recorded", "declared", "in_place"),
    [
        ({SECRET_INPUTS: ["envs"]}, {SECRET_INPUTS: ["envs"]}, ()),
        ({SECRET_INPUTS: ["envs"]}, {SECRET_INPUTS: ["envs", "remark"]}, (SECRET_INPUTS,)),
        ({SECRET_INPUTS: ["envs"]}, {}, (SECRET_INPUTS,)),
        ({}, {SECRET_INPUTS: ["envs"]}, ()),  # a state of an earlier version, which the engine encrypts by itself
    ],
)
def test_inputs_that_are_marked_as_secret_later_change_in_place(
    recorded: dict[str, Any], declared: dict[str, Any], in_place: tuple[str, ...]
) -> None:
    found = diff(recorded, declared, recorded_owner=None, owner=None, labels_enabled=False)
    assert (found.replacing, found.in_place) == ((), in_place)
