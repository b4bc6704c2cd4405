"""Every verb without each undocumented name of the vendor's SDK, urllib3 and http.client that `_api/` uses."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import sdk_internals
from boundary_support import SMALLEST, running_provider, update_after_a_failure

from pulumi_tione.emulator import Emulator

API = Path(__file__).parents[2] / "pulumi_tione" / "_api"


@pytest.mark.parametrize("name", sdk_internals.OWNERS)
def test_a_task_lives_and_dies_without_an_internal_name(emulator: Emulator, name: str) -> None:
    with running_provider(emulator, sdk_internals.__file__, name) as provider:
        inputs = provider.checked({**SMALLEST, "startCmdInfo": {"workerStartCmd": "sleep 36000"}})
        emulator.faults.add("CreateTrainingTask", effect=True, connection="close")
        task_id, outputs = provider.create(inputs)
        assert [task["Id"] for task in emulator.tasks()] == [task_id]
        log = {"logEnable": True, "logConfig": {"logsetId": "logset-1", "topicId": "topic-1"}}
        changed = provider.checked({**inputs, "tags": {"team": "cv"}, **log}, inputs)
        outputs = update_after_a_failure(provider, emulator, task_id, outputs, changed)
        found_id, found, _ = provider.read(task_id, outputs)
        assert (found_id, found["tags"]) == (task_id, {"team": "cv"})
        provider.delete(task_id, outputs)
    assert emulator.tasks() == []


def test_every_name_that_is_set_or_read_of_the_connection_is_removed() -> None:
    """Those of the SDK's connection and of urllib3's pools: what begins with an underscore, and what is set."""
    used = set()
    for module in ("sdk", "connection"):
        for node in ast.walk(ast.parse((API / f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and not ast.unparse(node.value).startswith(("self.", "cls.")):
                holder = ast.unparse(node.value)
                if holder in ("connection", "manager", "pool") or (node.attr.startswith("_") and holder != "self"):
                    used.add(node.attr)
    documented = {"connection_from_url", "__context__", "__cause__", "__name__", "__init__"}
    assert used - documented <= {*sdk_internals.OWNERS}
    assert {"_session", "proxy", "pool_classes_by_scheme", "ConnectionCls"} <= used
