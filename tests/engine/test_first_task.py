"""The page "Your first task" is followed word by word, from an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from engine_support import ROOT
from workspace import Workspace

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

PAGE = ROOT / "docs" / "guide" / "first-task.md"
FENCED = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_first_task_runs_as_the_page_shows(tmp_path: Path, emulator: Emulator) -> None:
    install, project, program, start, settings, *others = FENCED.findall(PAGE.read_text(encoding="utf-8"))
    assert [block[0] for block in (install, project, program, start, settings, *others)] == [
        *("sh", "yaml", "python"),
        *["sh"] * (2 + len(others)),
    ]
    assert start[1].splitlines()[-1] == "pulumi-tione emulator"
    folder = tmp_path / "my-training"
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)  # `make dist` installs it instead
    (folder / "Pulumi.yaml").write_text(project[1], encoding="utf-8")
    (folder / "__main__.py").write_text(program[1], encoding="utf-8")
    on_its_port = settings[1].replace("http://127.0.0.1:9851", emulator.endpoint)
    assert on_its_port != settings[1]
    workspace = Workspace(folder, tmp_path, emulator.endpoint, {})
    kept = (
        "PATH",
        "HOME",
        "PULUMI_PYTHON_CMD",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
        "PULUMI_SKIP_UPDATE_CHECK",
    )
    environment = {name: value for name, value in workspace.environment.items() if name in kept}
    environment["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{environment['PATH']}"

    script = "set -e\n" + on_its_port + "".join(block[1] for block in others)
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert 'status: "SUCCEED"' in ran.stdout  # of `up`
    assert "### TI-ONE review" in ran.stdout
    assert "master-0 | hello" in ran.stdout
    assert emulator.tasks() == []
