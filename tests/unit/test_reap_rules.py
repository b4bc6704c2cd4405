"""Which environments are taken down: those that nobody needs, and never one that may belong to somebody.

What taking down leaves is in `tests/environments/test_up_and_down.py`; a killed `up` is in
`tests/reliability/test_reaper.py`.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pulumi_tione.environments.names import environment_stack
from pulumi_tione.environments.overview import Overview
from pulumi_tione.environments.processes import process_start, this_host
from pulumi_tione.environments.reap import BRANCH_GONE, DEAD, TIME_IS_OVER, UNREADABLE, WITHOUT_MARKS, Branches, Rules
from pulumi_tione.environments.tags import EnvironmentTags, Operation
from pulumi_tione.stacks.pulumi_cli import StackName
from pulumi_tione.stacks.state import State

NOW = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
FULL = State({"deployment": {"resources": [{"urn": "urn:pulumi:x::nlp::a:b:C::d", "type": "a:b:C"}]}})
EMPTY = State({})
ENDED = Operation("up", "ab12", "elsewhere/1", 1, "Thu", since=1, at=1, result="ok", deployed=True)
ALIVE = Operation("up", "ab12", "elsewhere/1", 1, "Thu", since=1, at=int(time.time()) + 3600)
CUT_OFF = Operation("up", "ab12", "elsewhere/1", 1, "Thu", since=1, at=1)


class BranchesOfTest(Branches):
    def is_gone(self, branch: str) -> bool:
        return branch.startswith("gone")


RULES = Rules(BranchesOfTest(None, frozenset({"main"})), NOW)


def overview(
    branch: str = "feature", state: State = FULL, age: timedelta = timedelta(hours=2), **environment_tags: Any
) -> Overview:
    known = {"environment": "3f9a", "branch": branch, "template": "dev", "operation": ENDED, **environment_tags}
    name = StackName("organization", "nlp", environment_stack("nlp", branch))
    return Overview(name, EnvironmentTags(**known), state, NOW - age, is_locked=False)


def reason(of: Overview, rules: Rules = RULES, *, was_made_here: bool = False) -> str | None:
    return rules.reason(of, was_made_here=was_made_here)


def test_a_healthy_environment_stays() -> None:
    assert reason(overview()) is None
    assert reason(overview(time_to_live=timedelta(hours=3))) is None


def test_one_whose_branch_is_gone_goes_unless_it_never_had_one() -> None:
    assert reason(overview("gone/x")) == BRANCH_GONE
    assert reason(overview("gone/x", is_without_branch=True)) is None


def test_one_whose_time_is_over_goes() -> None:
    assert str(reason(overview(time_to_live=timedelta(hours=1)))).startswith(TIME_IS_OVER)


@pytest.mark.parametrize("kind", ["up", "down"])
def test_one_whose_command_was_cut_off_goes(kind: str) -> None:
    operation = Operation(**{**CUT_OFF.__dict__, "kind": kind})
    assert reason(overview(operation=operation)) == DEAD.format(kind=kind)


def test_one_whose_stop_was_cut_off_stays() -> None:
    assert reason(overview(operation=Operation(**{**CUT_OFF.__dict__, "kind": "stop"}))) is None


@pytest.mark.parametrize(
    "environment_tags",
    [{"time_to_live": timedelta(0)}, {"operation": CUT_OFF}, {"branch": "gone/x"}],
    ids=["ttl", "dead", "gone"],
)
def test_a_kept_one_and_that_of_the_default_branch_stay(environment_tags: dict[str, Any]) -> None:
    assert reason(overview(**environment_tags)) is not None
    assert reason(overview(**{**environment_tags, "is_kept": True})) is None
    assert reason(overview(**{**environment_tags, "branch": "main"})) is None


def test_one_that_is_being_updated_stays() -> None:
    assert reason(overview("gone/x", operation=ALIVE)) is None
    assert reason(overview(time_to_live=timedelta(0), operation=ALIVE)) is None


def test_a_stack_with_such_a_name_and_nothing_else_goes() -> None:
    bare: dict[str, Any] = {"environment": "", "branch": "", "template": "", "operation": None}
    assert reason(overview(state=EMPTY, **bare)) == WITHOUT_MARKS
    assert reason(overview(state=EMPTY, **{**bare, "environment": "3f9a"})) == WITHOUT_MARKS
    assert reason(overview(state=EMPTY, operation=None)) == WITHOUT_MARKS


def test_a_new_one_without_tags_may_be_of_another_machine() -> None:
    bare: dict[str, Any] = {"environment": "", "branch": "", "operation": None}
    new = overview(state=EMPTY, age=timedelta(seconds=5), **bare)
    assert reason(new) is None
    assert reason(new, was_made_here=True) == WITHOUT_MARKS


def test_a_stack_made_by_hand_stays_whatever_its_name_is() -> None:
    assert reason(overview(environment="", branch="", operation=None)) is None
    renamed = overview("gone/x")
    of_a_stack_alone = Overview(
        StackName("organization", "nlp", "env-x-12345678"), renamed.environment_tags, FULL, NOW, is_locked=False
    )
    assert reason(of_a_stack_alone) is None


def test_one_that_cannot_be_read_is_named_unless_its_tags_show_why_it_goes() -> None:
    broken = overview("gone/x")
    unreadable = Overview(
        broken.stack, EnvironmentTags(), EMPTY, None, is_locked=False, problem="its files cannot be read"
    )
    assert reason(unreadable) == UNREADABLE
    assert (
        reason(Overview(broken.stack, broken.environment_tags, EMPTY, None, is_locked=False, problem="no JSON"))
        == BRANCH_GONE
    )


def test_only_old_enough_ones_go() -> None:
    gone = overview("gone/x")
    assert reason(gone, Rules(RULES.branches, NOW, timedelta(hours=3))) is None
    assert reason(gone, Rules(RULES.branches, NOW, timedelta(hours=1))) == BRANCH_GONE


def test_the_process_of_this_test_is_alive() -> None:
    import os

    here = Operation("up", "ab12", this_host(), os.getpid(), process_start(os.getpid()) or "", since=1, at=1)
    assert reason(overview("gone/x", operation=here)) is None
