"""The real Pulumi CLI on a local TI-ONE.

The provider without an engine is in `boundary_support.py`, killed commands are in `reliability_support.py`,
environments in `environment_support.py`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from known_packages import python_command
from workspace import Workspace

from pulumi_tione.emulator import Emulator

ROOT = Path(__file__).parents[2]

PRELUDE = """\
import pulumi
import pulumi_tione as tione

B = dict(
    framework_name="PYTORCH",
    framework_environment="torch2.1-py3.10-cuda12.1-gpu",
    training_mode="DDP",
    charge_type="POSTPAID_BY_HOUR",
    start_cmd_info={"worker_start_cmd": "sleep 5"},
    resource_config_infos=[{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1}],
)
"""
"""How the programs of the tests begin: `B` is the smallest pay-as-you-go task."""


class Stack:
    """A stack of its own, with a program that a test may write anew."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        code, output = workspace.run("stack", "init", "dev")
        assert code == 0, output

    @property
    def environment(self) -> dict[str, str]:
        return self.workspace.environment

    def program(self, text: str) -> None:
        """Make this, after the prelude, the stack's program."""
        (self.workspace.project / "__main__.py").write_text(PRELUDE + text, encoding="utf-8")

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI, which must succeed, or fail, and give what it printed."""
        code, output = self.workspace.run(*arguments)
        assert (code != 0) == fails, output
        return output

    def tione(self, *arguments: str) -> tuple[int, str]:
        """Run `pulumi-tione` in a process of its own, and give its exit code and what it printed."""
        ran = subprocess.run(
            [sys.executable, "-m", "pulumi_tione.cli", *arguments],
            cwd=self.workspace.project,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ran.returncode, ran.stdout

    def up(self, *options: str, fails: bool = False) -> str:
        return self.pulumi("up", "--yes", "--skip-preview", *options, fails=fails)

    def preview(self, *options: str, fails: bool = False) -> str:
        return self.pulumi("preview", *options, fails=fails)

    def planned(self) -> dict[str, str]:
        """What a preview would do, by the resource's name; what stays the same is left out."""
        steps = json.loads(self.pulumi("preview", "--json", "--suppress-outputs"))["steps"]
        return {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"}

    def refresh(self, *options: str) -> str:
        return self.pulumi("refresh", "--yes", "--skip-preview", *options)

    def destroy(self, *options: str) -> str:
        return self.pulumi("destroy", "--yes", "--skip-preview", *options)

    def outputs(self) -> dict[str, Any]:
        return dict(json.loads(self.pulumi("stack", "output", "--json")))

    def exported(self) -> str:
        """The state as text."""
        return self.pulumi("stack", "export")

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state."""
        return list(json.loads(self.exported())["deployment"].get("resources", ()))

    def resource(self, name: str) -> dict[str, Any] | None:
        """The training task of this name in the state."""
        urn = f"pulumi-python:dynamic/tione:TrainingTask::{name}"
        return next((resource for resource in self.resources() if resource["urn"].endswith(urn)), None)


StackOf = Callable[..., Stack]


@pytest.fixture
def stack_of(tmp_path: Path, emulator: Emulator) -> StackOf:
    """Make a stack of a project's files, on the local TI-ONE or another address."""

    def make(files: Path | None = None, *, endpoint: str | None = None, **environment: str) -> Stack:
        project = tmp_path / "project"
        if files is None:
            project.mkdir()
            (project / "Pulumi.yaml").write_text("name: test\nruntime: python\n", encoding="utf-8")
        else:
            shutil.copytree(files, project)
        environment = {"PULUMI_PYTHON_CMD": python_command(), **environment}
        return Stack(Workspace(project, tmp_path, endpoint or emulator.endpoint, environment))

    return make


@pytest.fixture
def stack(stack_of: StackOf) -> Stack:
    """A stack whose program the test writes."""
    return stack_of()
