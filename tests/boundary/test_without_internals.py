"""Every verb and a whole program, without each internal name of Pulumi that `_pulumi/` uses.

Whether Pulumi still has each of them is in `test_pulumi_internals.py`.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import grpc
import pulumi_internals
import pytest
from boundary_support import SMALLEST, running_provider
from local_tione import SMALLEST_BODY, client_of
from pulumi_internals import FOLDER, Internal, imported_internals, internals, is_internal

from pulumi_tione.emulator import Emulator

ROOT = Path(__file__).parents[2]
SCRIPT = pulumi_internals.__file__
PROGRAM = str(Path(__file__).with_name("mocked_program.py"))

IN_PROGRAMS = {"exports", "lazy_outputs", "run_mode", "stack_config"}
"""The modules of `_pulumi/` that only a program uses."""


def names_in(modules: set[str]) -> list[Internal]:
    return [each for each in internals() if any(each in pulumi_internals.internals_of(module) for module in modules)]


def ways(names: list[Internal]) -> list[tuple[str, Internal]]:
    """Return each name as missing, and each import also as one that can no longer be called as it was."""
    return [
        (state, name)
        for name in names
        for state in ("missing", "failing")
        if state == "missing" or name.kind == "import"
    ]


MODULES = {file.stem for file in FOLDER.glob("*.py")}


@pytest.mark.parametrize(("state", "name"), ways(names_in(MODULES - IN_PROGRAMS)), ids=str)
def test_a_task_lives_and_dies_without_an_internal_name(emulator: Emulator, state: str, name: Internal) -> None:
    with running_provider(emulator, SCRIPT, state, name.kind, name.name, "plugin") as provider:
        inputs = provider.checked({**SMALLEST, "startCmdInfo": {"workerStartCmd": "sleep 36000"}})
        task_id, outputs = provider.create(inputs)
        assert provider.diff(task_id, outputs, inputs) == (False, [])
        log = {"logEnable": True, "logConfig": {"logsetId": "logset-1", "topicId": "topic-1"}}
        changed = provider.checked({**inputs, "tags": {"team": "cv"}, **log}, inputs)
        assert provider.diff(task_id, outputs, changed) == (True, [])
        emulator.faults.add("EnableTrainingTaskClsConfig", code="InternalError.NotAllow", message="the real error")
        with pytest.raises(grpc.RpcError, match="the real error"):
            provider.update(task_id, outputs, changed)
        emulator.faults.clear()
        outputs = provider.update(task_id, outputs, changed)
        found_id, found, _ = provider.read(task_id, outputs)
        assert (found_id, found["tags"], found["logConfig"]) == (task_id, {"team": "cv"}, log["logConfig"])
        provider.delete(task_id, outputs)
    assert emulator.tasks() == []


@pytest.mark.parametrize(("state", "name"), ways(names_in(IN_PROGRAMS)), ids=str)
def test_a_program_runs_without_an_internal_name(emulator: Emulator, state: str, name: Internal) -> None:
    task_id = client_of(emulator).create_training_task({**SMALLEST_BODY, "Name": "bert"})
    command = [sys.executable, SCRIPT, state, name.kind, name.name, PROGRAM]
    environment = {**os.environ, **emulator.environment, "TASK_ID": task_id}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    shown = ["recorded as RUNNING", f"waited for {task_id}", "dev POSTPAID_BY_HOUR True"]
    assert (ran.returncode, ran.stdout.splitlines()) == (0, shown), ran.stdout + ran.stderr


def test_the_decision_lists_every_internal_name() -> None:
    text = (ROOT / "docs" / "decisions" / "0005-internals-of-pulumi.md").read_text(encoding="utf-8")
    assert [name for name in internals() if name.name.rpartition(".")[2] not in text] == []


def test_no_internal_name_is_imported_when_a_module_is_loaded() -> None:
    for file in FOLDER.glob("*.py"):
        for statement in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.If)):
                assert [*imported_internals(statement)] == [], file.name


def test_internals_are_used_in_one_folder_alone() -> None:
    """The SDK is used in one module, and of `requests` only what is documented."""
    documented = {"requests", "requests.adapters", "requests.exceptions"}
    for file in (ROOT / "pulumi_tione").rglob("*.py"):
        if file.parent == FOLDER:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for module in _imported_modules(tree):
            assert not is_internal(module) or _is_for_types(tree, module), f"{file}: {module}"
            if file.name != "sdk.py":
                assert module.split(".")[0] not in ("tencentcloud", "urllib3"), f"{file}: {module}"
                assert module.split(".")[0] != "requests" or module in documented, f"{file}: {module}"
        names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert [name for name in names if name.startswith(("pulumi.runtime", "pulumi.output."))] == [], file


def _imported_modules(tree: ast.AST) -> set[str]:
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    return modules | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


def _is_for_types(tree: ast.Module, module: str) -> bool:
    checked = [each for each in tree.body if isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING"]
    return any(module in _imported_modules(each) for each in checked)
