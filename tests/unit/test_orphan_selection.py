"""Which orphans are stopped or deleted: those that the question was about, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from pulumi_tione.stacks.label_search import TaskSummary
from pulumi_tione.stacks.locations import Location
from pulumi_tione.stacks.orphan_cleanup import Action, Result, Selection, clean_up
from pulumi_tione.stacks.orphan_scan import Orphan, OrphanScan

TASK = TaskSummary("train-1", "lost", "RUNNING", None, {}, Location("ap-guangzhou"))
LEFT_ALONE = Orphan(TASK, age=timedelta(seconds=59), is_pending=False, is_locked=False, is_retained=False)
"""Too young when the question was asked."""


class Later:
    """A scan that finds nothing that protects the tasks when it is repeated."""

    def still_orphans(self, orphans: Sequence[Orphan]) -> list[Orphan]:
        return [replace(orphan, age=timedelta(hours=1), is_locked=False) for orphan in orphans]

    def account_of(self, _place: Any) -> str:
        raise AssertionError("the task was to be left alone")


@pytest.mark.parametrize(
    ("orphan", "selection", "reason"),
    [
        (LEFT_ALONE, Selection(frozenset(), None), "less than a minute ago"),
        (LEFT_ALONE, Selection(frozenset({"lost"}), timedelta(minutes=10)), "not older than"),
        (replace(LEFT_ALONE, age=timedelta(hours=1), is_locked=True), Selection(frozenset(), None), "locked"),
    ],
)
@pytest.mark.parametrize("act", ["stop", "delete"])
def test_a_task_that_the_question_was_not_about_is_left_alone(
    act: Action, orphan: Orphan, selection: Selection, reason: str
) -> None:
    (outcome,) = clean_up(act, cast(OrphanScan, Later()), [orphan], selection)
    assert outcome.result is Result.LEFT_ALONE
    assert reason in outcome.detail
    assert str(outcome) == f"left alone: {outcome.detail}"
