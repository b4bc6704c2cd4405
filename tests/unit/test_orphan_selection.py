"""Which orphans are stopped or deleted: those that the question was about, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from pulumi_tione.cli.orphans import _acted_on, _Selection
from pulumi_tione.stacks.label_search import LabelledTask
from pulumi_tione.stacks.locations import Place
from pulumi_tione.stacks.orphan_scan import Orphan, OrphanScan

TASK = LabelledTask("train-1", "lost", "RUNNING", None, {}, Place("ap-guangzhou"))
LEFT_ALONE = Orphan(TASK, age=timedelta(seconds=59), is_pending=False, is_locked=False, is_retained=False)
"""Too young when the question was asked."""


class Later:
    """A survey that finds, when it looks again, that nothing speaks for the tasks any more."""

    def still_orphans(self, orphans: Sequence[Orphan]) -> list[Orphan]:
        return [replace(orphan, age=timedelta(hours=1), is_locked=False) for orphan in orphans]

    def account_of(self, _place: Any) -> str:
        raise AssertionError("the task was to be left alone")


@pytest.mark.parametrize(
    ("orphan", "selection", "reason"),
    [
        (LEFT_ALONE, _Selection(frozenset(), None), "less than a minute ago"),
        (LEFT_ALONE, _Selection(frozenset({"lost"}), timedelta(minutes=10)), "not older than"),
        (replace(LEFT_ALONE, age=timedelta(hours=1), is_locked=True), _Selection(frozenset(), None), "locked"),
    ],
)
@pytest.mark.parametrize("act", ["stop", "delete"])
def test_a_task_that_the_question_was_not_about_is_left_alone(
    act: str, orphan: Orphan, selection: _Selection, reason: str
) -> None:
    (outcome,) = _acted_on(act, cast(OrphanScan, Later()), [orphan], selection)
    assert outcome.error is None
    assert outcome.done is not None
    assert outcome.done.startswith("left alone: ")
    assert reason in outcome.done
