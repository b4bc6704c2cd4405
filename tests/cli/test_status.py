"""`pulumi-tione status`: the tasks of a stack as they are now."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
import pytest
from click.testing import Result
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.cli import status as status_command
from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

Tione = Callable[..., Result]

PROGRAM = """
for name, command in dict(done="sleep 5", bad="exit 3", long="sleep 36000", gone="sleep 5").items():
    tione.TrainingTask(name, **(B | dict(name=name, start_cmd_info={"worker_start_cmd": command})))
"""


def test_every_task_of_the_state_is_shown_as_it_is_now(stack: Stack, emulator: Emulator, tione: Tione) -> None:
    assert "There are no training tasks in the state of test/dev" in tione("status").stdout
    stack.program(PROGRAM)
    stack.up()
    emulator.advance(60)
    emulator.remove("gone")
    emulator.forget_requests()
    rows = {line.split()[0]: line for line in tione("status").stdout.splitlines()}
    assert list(rows) == ["RESOURCE", "bad", "done", "gone", "long"]
    assert "FAILED" in rows["bad"]
    assert "exit code 3" in rows["bad"]
    assert " SUCCEED  5 s" in rows["done"]
    assert "GONE" in rows["gone"]
    assert rows["long"].rstrip().endswith("1/1")
    assert len(accepted(emulator, "DescribeTrainingTasks")) == 1
    shown = {task["resource"]: task for task in json.loads(tione("status", "--json").stdout)}
    assert shown["long"]["status"] == "RUNNING"
    assert shown["long"]["pods"] == {"ready": 1, "total": 1, "lagging": None}
    assert shown["bad"]["failureReason"] == "The start command ended with exit code 3."

    partly = tione("status", "done", "nope", exit_code=2)
    assert [line.split()[0] for line in partly.stdout.splitlines()] == ["RESOURCE", "done"]
    assert partly.stderr.startswith("Error: there is no training task 'nope' ")
    partly = tione("status", "nope", "done", "--json", exit_code=2)
    assert [task["resource"] for task in json.loads(partly.stdout)] == ["done"]
    assert tione("status", "nope", exit_code=2).stdout == ""


def test_in_a_terminal_the_table_stays_until_all_have_ended(
    stack: Stack, emulator: Emulator, tione: Tione, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.program('tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"})))')
    stack.up()
    monkeypatch.setattr(status_command, "_is_terminal", lambda: True)
    monkeypatch.setattr(status_command, "_sleep", lambda _: emulator.advance(18_000))
    shown = tione("status").stdout
    assert [line.split()[2] for line in shown.splitlines() if line.startswith("t ")][-1] == "SUCCEED"
    assert shown.count("RESOURCE") >= 2
    assert tione("status", "--once").stdout.count("RESOURCE") == 1

    stack.program(
        'tione.TrainingTask("t", triggers=[1], **(B | dict(start_cmd_info={"worker_start_cmd": "sleep inf"})))'
    )
    stack.up()

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(status_command, "_sleep", interrupt)
    assert "Ctrl-C ends this table, not the tasks" in tione("status").stdout


def test_outside_a_project_is_an_error(tione: Tione, stack: Stack) -> None:
    (stack.workspace.project / "Pulumi.yaml").unlink()
    assert "no Pulumi.yaml project file found" in tione("status", exit_code=2).stderr


def test_a_task_is_selected_by_any_of_its_names_or_looked_up(
    stack: Stack, emulator: Emulator, tione: Tione, create: Callable[..., str]
) -> None:
    stack.program('for n in "ab": tione.TrainingTask(n, **(B | dict(name=f"bert-{n}")))')
    stack.up()
    task_id = next(task["Id"] for task in emulator.tasks() if task["Name"] == "bert-a")
    for name in ("a", "bert-a", task_id):
        (task,) = json.loads(tione("status", name, "--json").stdout)
        assert (task["id"], task["resource"]) == (task_id, "a")
    assert [task["resource"] for task in json.loads(tione("status", "b", "a", "a", "--json").stdout)] == ["a", "b"]
    foreign = create("foreign", region="ap-shanghai")
    (task,) = json.loads(tione("status", "foreign", "--region", "ap-shanghai", "--json").stdout)
    assert (task["id"], task["resource"]) == (foreign, None)
    assert "add --region" in tione("status", "foreign", exit_code=2).stderr


def test_a_table_that_is_shown_once_does_not_clear_the_screen(
    stack: Stack, emulator: Emulator, tione: Tione, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared: list[bool] = []
    monkeypatch.setattr(status_command, "_is_terminal", lambda: True)
    monkeypatch.setattr(click, "clear", lambda: cleared.append(True))
    monkeypatch.setattr(status_command, "_sleep", lambda _: emulator.advance(18_000))
    stack.program('tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"})))')
    stack.up()
    tione("status", "--once")
    assert cleared == []
    tione("status")
    assert cleared
    cleared.clear()
    tione("status")
    assert cleared == []
