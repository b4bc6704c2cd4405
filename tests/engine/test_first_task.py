"""The quickstart of the README and the page "Your first task" are followed word by word, from an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from engine_support import ROOT
from walkthrough import FIRST_TASK, QUICKSTART, Walkthrough
from workspace import Workspace

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

KEPT = (
    "PATH",
    "HOME",
    "PULUMI_PYTHON_CMD",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    "PULUMI_SKIP_UPDATE_CHECK",
)


def followed(walkthrough: Walkthrough, tmp_path: Path, emulator: Emulator) -> str:
    """Return what the commands of a page print."""
    folder = tmp_path / "my-training"
    walkthrough.write(folder, Path(sys.prefix))  # `make dist` installs the package instead
    workspace = Workspace(folder, tmp_path, emulator.endpoint, {})
    environment = {name: value for name, value in workspace.environment.items() if name in KEPT}
    environment["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{environment['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", walkthrough.script(emulator.endpoint)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_the_first_task_runs_as_the_page_shows(tmp_path: Path, emulator: Emulator) -> None:
    assert FIRST_TASK.example is None
    printed = followed(FIRST_TASK, tmp_path, emulator)
    assert 'status: "SUCCEED"' in printed  # of `up`
    assert "### TI-ONE review" in printed
    assert "master-0 | hello" in printed
    assert emulator.tasks() == []


def test_the_quickstart_runs_as_the_readme_shows(tmp_path: Path, emulator: Emulator) -> None:
    assert QUICKSTART.example == ROOT / "examples" / "quickstart"
    printed = followed(QUICKSTART, tmp_path, emulator)
    preview = (ROOT / "README.md").read_text(encoding="utf-8").partition("the preview shows:\n\n```\n")[2]
    assert preview.partition("```")[0] in printed
    assert 'status: "SUCCEED"' in printed
    assert emulator.tasks() == []
