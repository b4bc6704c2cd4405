"""The emulator is an oracle: what it knows, it knows by itself."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

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


def test_what_stands_beside_a_command_needs_the_standard_library_alone() -> None:
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
