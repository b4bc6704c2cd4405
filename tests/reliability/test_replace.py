"""`pulumi up --replace`, again and again: exactly one new task each time, and no old one.

Ten times each; `REPLACEMENTS=100` makes it a hundred.
"""

from __future__ import annotations

import os

import pytest
from engine_support import Stack
from reliability_support import Service

REPLACEMENTS = int(os.environ.get("REPLACEMENTS", "10"))

pytestmark = [pytest.mark.engine, pytest.mark.long, pytest.mark.timeout(300 + 20 * REPLACEMENTS)]

PROGRAM = 'tione.TrainingTask("t", **(B | dict({fields}start_cmd_info={{"worker_start_cmd": "sleep 36000"}})))'
NAMED = 'name="bert-fixed", '


def replace_again_and_again(stack: Stack, service: Service) -> list[str]:
    """Replace the one task of a stack this many times; return the names of its tasks."""
    stack.up()
    names, last_id = [str(service.emulator.tasks()[0]["Name"])], str(service.emulator.tasks()[0]["Id"])
    for number in range(1, REPLACEMENTS + 1):
        recorded = stack.resource("t")
        assert recorded
        stack.up("--replace", recorded["urn"])
        (task,) = service.emulator.tasks()
        assert task["Id"] != last_id
        assert len([each for each in service.requests("CreateTrainingTask") if each["accepted"]]) == 1 + number
        names, last_id = [*names, str(task["Name"])], str(task["Id"])
    assert "2 unchanged" in stack.up()
    assert "2 unchanged" in stack.refresh()
    assert stack.planned() == {}
    return names


@pytest.mark.parametrize("fields", ["", NAMED], ids=["computed_name", "explicit_name"])
def test_a_replaced_task_leaves_one_new_task_and_no_old_one(stack: Stack, service: Service, fields: str) -> None:
    stack.program(PROGRAM.format(fields=fields))
    assert len(set(replace_again_and_again(stack, service))) == 1


def test_where_the_service_keeps_deleted_names_a_computed_one_gets_a_suffix(stack: Stack, service: Service) -> None:
    service.emulator.set(deleted_names_are_free=False)
    stack.pulumi("config", "set", "tione:deletedNamesAreKept", "true")
    stack.program(PROGRAM.format(fields=""))
    first, *others = replace_again_and_again(stack, service)
    assert others == [f"{first}-{number}" for number in range(2, REPLACEMENTS + 2)]


def test_where_the_service_keeps_deleted_names_an_explicit_one_is_an_error(stack: Stack, service: Service) -> None:
    service.emulator.set(deleted_names_are_free=False)
    stack.program(PROGRAM.format(fields=NAMED))
    stack.up()
    recorded = stack.resource("t")
    assert recorded
    for options in (("--replace", recorded["urn"]), ()):
        shown = stack.up(*options, fails=True).partition("Diagnostics:")[2]
        assert "the service may keep the names of deleted tasks, choose another name" in " ".join(shown.split())
        assert service.emulator.tasks() == []

    stack.program(PROGRAM.format(fields='name="bert-fixed-2", '))
    stack.up()
    (task,) = service.emulator.tasks()
    assert task["Name"] == "bert-fixed-2"
    assert (stack.resource("t") or {})["id"] == task["Id"]
    assert stack.planned() == {}
