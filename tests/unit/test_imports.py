"""What the package loads, and when: a name is imported when it is used."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

import pulumi_tione
from pulumi_tione import emulator

SETUP = Path(__file__).parents[2] / "setup.py"


def loaded_by(program: str, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> set[str]:
    """Return the modules that a new interpreter has loaded after a program."""
    program = f"import sys, json; known = {{*sys.modules}}; {program}; print(json.dumps([*{{*sys.modules}} - known]))"
    command = [sys.executable, "-c", program]
    ran = subprocess.run(
        command, capture_output=True, check=True, cwd=folder, env={**os.environ, **(environment or {})}
    )
    return {*json.loads(ran.stdout.splitlines()[-1])}


def test_the_package_itself_loads_nothing() -> None:
    assert {name for name in loaded_by("import pulumi_tione") if name.startswith(("pulumi", "grpc", "requests"))} == {
        "pulumi_tione"
    }


def test_the_pytest_plugin_loads_neither_pulumi_nor_the_emulator() -> None:
    """A user's test run, in which no test uses the fixture, loads three small modules."""
    loaded = loaded_by("import pytest; import pulumi_tione.emulator.pytest_plugin") - loaded_by("import pytest")
    plugin = {"pulumi_tione", "pulumi_tione.emulator", "pulumi_tione.emulator.pytest_plugin"}
    assert {name for name in loaded if not name.startswith("_")} == plugin


def test_the_emulator_loads_nothing_of_pulumi() -> None:
    loaded = loaded_by("from pulumi_tione.emulator import Emulator")
    assert {name for name in loaded if name.split(".")[0] in ("pulumi", "grpc", "google", "tencentcloud")} == set()
    assert {name.split(".")[1] for name in loaded if name.startswith("pulumi_tione.")} == {"emulator"}


def test_the_provider_loads_nothing_that_only_a_program_or_the_command_line_needs() -> None:
    loaded = loaded_by("import pulumi_tione.provider")
    unneeded = ("cli", "stacks", "functions", "lookups", "training_task", "outputs", "_wait", "emulator")
    assert {name for name in loaded if name.startswith(tuple(f"pulumi_tione.{part}" for part in unneeded))} == set()


def test_the_provider_loads_what_only_some_calls_need_when_they_need_it() -> None:
    loaded = loaded_by("import pulumi_tione.provider")
    verbs = [f"lifecycle.{verb}" for verb in ("create", "read", "update", "delete", "stop", "tagging", "account_rules")]
    requests = [f"_api.{module}" for module in ("transport", "sdk", "logs", "polling", "status_batcher", "credentials")]
    assert {f"pulumi_tione.{name}" for name in (*verbs, *requests)} & loaded == set()
    assert {name for name in loaded if name.split(".")[0] in ("requests", "tencentcloud", "tenacity")} == set()


def test_a_program_that_imports_the_resource_loads_nothing_that_only_some_programs_need() -> None:
    loaded = loaded_by("from pulumi_tione import TrainingTask")
    parts = ("_api", "_config", "_wait", "_constraints", "args", "functions", "lifecycle", "pricing", "provider")
    assert {name for name in loaded if name.startswith(tuple(f"pulumi_tione.{part}" for part in parts))} == set()
    assert {name for name in loaded if name.split(".")[0] in ("tencentcloud", "tenacity", "pyrate_limiter")} == set()


def test_a_program_that_declares_a_task_loads_nothing_that_sends_requests() -> None:
    declare = "import pulumi_tione; from pulumi_tione._schema.fields import TRAINING_TASK; TRAINING_TASK.fields"
    loaded = loaded_by(f"{declare}; import pulumi_tione.training_task, pulumi_tione._pulumi.stack_config")
    parts = ("_api", "_wait", "lifecycle", "pricing")
    assert {name for name in loaded if name.startswith(tuple(f"pulumi_tione.{part}" for part in parts))} == set()


def test_the_declarations_can_be_read_without_pulumi() -> None:
    loaded = loaded_by("from pulumi_tione._schema.fields import TRAINING_TASK; assert TRAINING_TASK.fields")
    assert "pulumi_tione.args" in loaded
    assert {name for name in loaded if name.split(".")[0] in ("pulumi", "grpc", "google")} == set()


def test_a_command_loads_neither_pulumi_nor_the_other_commands(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: nlp\nruntime: python\n", encoding="utf-8")
    backend = tmp_path / "backend"
    (backend / ".pulumi" / "stacks" / "nlp").mkdir(parents=True)
    (backend / ".pulumi" / "meta.yaml").write_text("version: 1\n", encoding="utf-8")
    run = "from pulumi_tione.cli import main; main(['env', 'list'], standalone_mode=False)"
    loaded = loaded_by(run, tmp_path, {"PULUMI_BACKEND_URL": backend.as_uri()})
    assert "pulumi_tione.environments.listing" in loaded
    assert {name for name in loaded if name.split(".")[0] in ("pulumi", "grpc", "google", "rich", "asyncio")} == set()
    others = (*(f"cli.{each}" for each in ("logs", "import_", "review", "status", "emulator")), "review", "lifecycle")
    assert {name for name in loaded if name.startswith(tuple(f"pulumi_tione.{part}" for part in others))} == set()


@pytest.mark.parametrize("package", [pulumi_tione, emulator], ids=lambda package: package.__name__)
def test_every_public_name_exists(package: object) -> None:
    names = package.__all__  # type: ignore[attr-defined]
    assert [name for name in names if getattr(package, name, None) is None] == []
    assert {*names} <= {*dir(package)}
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = package.nonsense  # type: ignore[attr-defined]


@pytest.mark.parametrize("package", ["pulumi_tione", "pulumi_tione.emulator"])
def test_a_star_import_has_every_public_name(package: str) -> None:
    names: dict[str, object] = {}
    exec(f"from {package} import *", names)  # noqa: S102
    assert {*sys.modules[package].__all__} <= {*names}


@pytest.mark.parametrize("package", [pulumi_tione, emulator], ids=lambda package: package.__name__)
def test_type_checkers_see_the_public_names(package: object) -> None:
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    checked = next(each for each in tree.body if isinstance(each, ast.If))
    imported = {alias.name for each in checked.body if isinstance(each, ast.ImportFrom) for alias in each.names}
    assert {*package.__all__} - imported <= {"Settings"}  # type: ignore[attr-defined]


def test_submodules_are_attributes() -> None:
    assert pulumi_tione.errors.TioneError.__name__ == "TioneError"
    assert pulumi_tione.outputs.ResourceConfigInfo.__name__ == "ResourceConfigInfo"


def test_the_version_is_that_of_the_package() -> None:
    assert pulumi_tione.__version__ == version("pulumi-tione")
    assert f'VERSION = "{pulumi_tione.__version__}"' in SETUP.read_text(encoding="utf-8")
