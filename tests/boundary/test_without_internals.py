"""Every verb and a whole program, without each internal name of Pulumi that `_pulumi/` uses.

Whether Pulumi still has each of them is in `test_pulumi_internals.py`.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pulumi_internals
import pytest
from boundary_support import SMALLEST, running_provider, update_after_a_failure
from local_tione import SMALLEST_BODY, client_of
from pulumi_internals import (
    FOLDER,
    Internal,
    accessed_internals,
    imported_internals,
    imported_names,
    internals,
    internals_of,
    undocumented_uses_of_output,
)

from pulumi_tione.emulator import Emulator

ROOT = Path(__file__).parents[2]
SCRIPT = pulumi_internals.__file__
PROGRAM = str(Path(__file__).with_name("mocked_program.py"))


def names_used_by(*modules: str) -> list[Internal]:
    """Return the internal names that these modules of the package use, or any that they import."""
    seen: set[str] = set()
    waiting = [*modules]
    while waiting:
        module = waiting.pop()
        path = ROOT / f"{module}.py"
        if module not in seen and path.is_file():
            seen.add(module)
            for name in imported_names(ast.parse(path.read_text(encoding="utf-8"))):
                waiting += (each.replace(".", "/") for each in (name, name.rpartition(".")[0]))
    folder = f"pulumi_tione/{FOLDER.name}/"
    used = {name for each in seen if each.startswith(folder) for name in internals_of(each.removeprefix(folder))}
    return sorted(used)


def ways(names: list[Internal]) -> list[tuple[str, Internal]]:
    """Return each name as missing, and each import also as one that can no longer be called as it was."""
    return [
        (state, name)
        for name in names
        for state in ("missing", "failing")
        if state == "missing" or name.kind in ("import", "method")
    ]


IN_PLUGIN = names_used_by("pulumi_tione/provider")
IN_PROGRAMS = names_used_by("pulumi_tione/training_task", "pulumi_tione/functions")


@pytest.mark.parametrize(("state", "name"), ways(IN_PLUGIN), ids=str)
def test_a_task_lives_and_dies_without_an_internal_name(emulator: Emulator, state: str, name: Internal) -> None:
    with running_provider(emulator, SCRIPT, state, name.kind, name.name, "plugin") as provider:
        inputs = provider.checked({**SMALLEST, "startCmdInfo": {"workerStartCmd": "sleep 36000"}})
        task_id, outputs = provider.create(inputs)
        assert provider.diff(task_id, outputs, inputs) == (False, [])
        log = {"logEnable": True, "logConfig": {"logsetId": "logset-1", "topicId": "topic-1"}}
        changed = provider.checked({**inputs, "tags": {"team": "cv"}, **log}, inputs)
        assert provider.diff(task_id, outputs, changed) == (True, [])
        outputs = update_after_a_failure(provider, emulator, task_id, outputs, changed)
        found_id, found, _ = provider.read(task_id, outputs)
        assert (found_id, found["tags"], found["logConfig"]) == (task_id, {"team": "cv"}, log["logConfig"])
        provider.delete(task_id, outputs)
    assert emulator.tasks() == []


@pytest.mark.parametrize(("state", "name"), ways(IN_PROGRAMS), ids=str)
def test_a_program_runs_without_an_internal_name(emulator: Emulator, state: str, name: Internal) -> None:
    task_id = client_of(emulator).create_training_task({**SMALLEST_BODY, "Name": "bert"})
    command = [sys.executable, SCRIPT, state, name.kind, name.name, PROGRAM]
    environment = {**os.environ, **emulator.environment, "TASK_ID": task_id}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    is_uncertain = name == Internal("method", "is_secret")  # then what is not secret counts as secret too
    shown = [
        *("recorded as RUNNING", f"waited for {task_id}", "dev POSTPAID_BY_HOUR True"),
        "pulumi:pulumi:Stack$acme:nlp:Group::bert ['EPOCHS', 'TOKEN']",
        f"True {is_uncertain}",
    ]
    assert (ran.returncode, ran.stdout.splitlines()) == (0, shown), ran.stdout + ran.stderr


def test_every_internal_name_is_removed_somewhere() -> None:
    assert {*IN_PLUGIN, *IN_PROGRAMS} == {*internals()}
    assert Internal("local", "server") in IN_PLUGIN
    assert Internal("method", "future") in {*IN_PROGRAMS} - {*IN_PLUGIN}


def test_the_decision_lists_every_internal_name() -> None:
    text = (ROOT / "docs" / "decisions" / "0005-internals-of-pulumi.md").read_text(encoding="utf-8")
    assert [name for name in internals() if name.name.rpartition(".")[2] not in text] == []


def test_no_internal_name_is_imported_when_a_module_is_loaded() -> None:
    for file in FOLDER.glob("*.py"):
        for statement in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.If)):
                assert [*imported_internals(statement)] == [], file.name


def test_no_internal_name_is_used_without_importing_it() -> None:
    """Only what is imported can be removed above."""
    for file in FOLDER.glob("*.py"):
        assert [*accessed_internals(ast.parse(file.read_text(encoding="utf-8")))] == [], file.name


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pulumi.runtime.rpc", ["pulumi.runtime.rpc"]),
        ("import pulumi.dynamic\npulumi.dynamic.dynamic.x", ["pulumi.dynamic.dynamic", "pulumi.dynamic.dynamic.x"]),
        ("from pulumi import runtime\nruntime.rpc.x", ["pulumi.runtime"]),
        ("from pulumi import dynamic\ndynamic.dynamic.x", ["pulumi.dynamic.dynamic", "pulumi.dynamic.dynamic.x"]),
        ("import pulumi as p\np.output.Unknown", ["pulumi.output", "pulumi.output.Unknown"]),
        ("from pulumi.output import Unknown", ["pulumi.output.Unknown"]),
        ("from grpc import _server", ["grpc._server"]),
        ("import pulumi\npulumi.Config('a').get('b')\npulumi.log.warn('c')\nfrom pulumi.dynamic import ReadResult", []),
    ],
)
def test_an_internal_name_is_found_in_every_spelling(source: str, found: list[str]) -> None:
    tree = ast.parse(source)
    assert sorted({*imported_internals(tree), *accessed_internals(tree)}) == found


def test_undocumented_names_of_outputs_are_found() -> None:
    source = "await a.b.future()\npulumi.Output.is_secret(c)\npulumi.Output[int](1)\npulumi.Output.all(d)"
    assert sorted(undocumented_uses_of_output(ast.parse(source))) == ["__init__", "future", "is_secret"]
