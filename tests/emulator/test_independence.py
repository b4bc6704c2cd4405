"""The emulator is an oracle: what it knows, it knows by itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pulumi_tione.emulator
from pulumi_tione.emulator.api.definition import definition

PACKAGE = Path(pulumi_tione.emulator.__file__).parent
ALLOWED = {*sys.stdlib_module_names, "aiohttp"}
ALLOWED_IN = {"pytest_plugin.py": {"pytest"}, "tls.py": {"trustme"}}


def _imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module)


def test_it_imports_neither_the_provider_nor_pulumi_nor_the_sdk() -> None:
    for module in PACKAGE.rglob("*.py"):
        allowed = ALLOWED | ALLOWED_IN.get(module.name, set())
        for name in _imports(module):
            assert name.startswith("pulumi_tione.emulator") or name.partition(".")[0] in allowed, f"{module}: {name}"


def test_what_stands_next_to_a_command_needs_the_standard_library_alone() -> None:
    """It is started without what is installed here, and without the package that it lies in."""
    modules = {"supervisor", "mounts", "spool"}
    for name in modules:
        tree = ast.parse((PACKAGE / "running" / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= sys.stdlib_module_names
            elif isinstance(node, ast.ImportFrom):
                assert node.module in (modules if node.level else sys.stdlib_module_names | {"collections.abc"})


def test_names_mean_something_within_their_service_only() -> None:
    known = definition()
    assert set(known.struct("sts", "Tag")) == {"Key", "Value"}
    assert set(known.struct("tione", "Tag")) == {"TagKey", "TagValue"}
    assert known.struct("tag", "Tag").keys() > known.struct("tione", "Tag").keys()


def test_what_no_public_definition_has_is_marked() -> None:
    request = definition().struct("tione", "CreateTrainingTaskRequest")
    assert {name for name, field in request.items() if not field.documented} == {
        "TaskType",
        "TaskId",
        "PreTrainModel",
        "TAIJITemplateId",
        "AIMarketTemplateId",
        "AIMarketTemplateGroup",
        "ResourceGroupAnnotationInfo",
        "SourceTaskId",
        "SchedulePolicy",
    }
    assert sum(field.documented for field in request.values()) == 30


ALONE = """
import importlib, sys, types
package = sys.modules["pulumi_tione"] = types.ModuleType("pulumi_tione")
package.__path__ = [sys.argv[1]]
importlib.import_module(sys.argv[2])
print(*sorted({name.partition(".")[0] for name in sys.modules}))
print(*sorted(name for name in sys.modules if name.startswith("pulumi_tione.emulator")))
"""
"""Imports a module of the emulator without what `pulumi_tione/__init__.py` may import."""


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("pulumi_tione.emulator", {"pulumi_tione.emulator"}),
        ("pulumi_tione.emulator.pytest_plugin", {"pulumi_tione.emulator", "pulumi_tione.emulator.pytest_plugin"}),
        ("pulumi_tione.emulator.emulator", None),
    ],
)
def test_an_import_loads_neither_pulumi_nor_aiohttp(module: str, imported: set[str] | None) -> None:
    """In a process of its own: every test run of a user imports the plugin."""
    command = [sys.executable, "-c", ALONE, str(PACKAGE.parent), module]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded, of_emulator = (set(line.split()) for line in done.stdout.splitlines())
    assert not loaded & {"pulumi", "aiohttp", "trustme", "tencentcloud", "grpc"}
    assert imported is None or of_emulator == imported


def test_every_public_name_can_be_imported() -> None:
    for name in pulumi_tione.emulator.__all__:
        assert name in dir(pulumi_tione.emulator)
        assert getattr(pulumi_tione.emulator, name) is not None
    with pytest.raises(AttributeError, match="Nothing"):
        _ = pulumi_tione.emulator.Nothing  # type: ignore[attr-defined]
