"""Errors that calls share: fifty tasks are looked at with one list call, and each row shows its own error."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_tione import provider
from pulumi_tione.errors import ApiError
from pulumi_tione.lifecycle import delete


def test_a_row_shows_no_other_task_although_the_error_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = ApiError("DescribeTrainingTasks", "UnauthorizedOperation", "no", "r-1")

    def refused(*_: Any, **__: Any) -> bool:
        raise shared

    monkeypatch.setattr(delete, "delete", refused)
    tasks = provider.TrainingTaskProvider()
    for task_id in ("train-1", "train-2", "train-3"):
        props = {"name": f"task {task_id}", "region": "ap-guangzhou", "uin": "100"}
        with pytest.raises(ApiError) as raised:
            tasks.delete(task_id, props)
        assert str(raised.value).startswith(f"training task 'task {task_id}' ({task_id}): DescribeTrainingTasks was")
        assert str(raised.value).count("training task '") == 1
        assert raised.value.code == "UnauthorizedOperation"
