"""The pages "An environment per branch" and "Stopping overnight", followed as a newcomer does."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from engine_support import ROOT
from environment_support import EnvironmentProject, tasks_of
from workspace import Workspace

from pulumi_tione.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.long]

PAGE = (ROOT / "docs" / "guide" / "environments.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)
OVERNIGHT = (ROOT / "docs" / "guide" / "stopping-overnight.md").read_text(encoding="utf-8")
LASTING = """
for name in ("bert", "gpt"):
    tione.TrainingTask(name, **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 3600"})))
"""


def test_the_commands_of_the_page_work_one_after_the_other(tmp_path: Path, emulator: Emulator) -> None:
    folder = tmp_path / "environments"
    shutil.copytree(ROOT / "examples" / "branch_environments", folder)
    environment = Workspace(folder, tmp_path, emulator.endpoint).environment
    environment |= {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.com"}
    environment |= {"GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.com"}
    skipped = ("python3 -m venv", "pip", "export", "cp", "cd", "pulumi-tione emulator")
    shown = {}
    for command in COMMANDS:
        if command.startswith(skipped):
            continue
        line = command.replace("pulumi-tione", f"{shlex.quote(sys.executable)} -m pulumi_tione.cli")
        if command.startswith("pulumi-tione env") and " list" not in command and "--dry-run" not in command:
            line += " --yes"
        ran = subprocess.run(
            ["sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == (1 if "--dry-run" in command else 0), f"{command}: {ran.stdout}{ran.stderr}"
        shown[command] = ran.stdout
        if " env up" in command:
            assert len(tasks_of(emulator)) == 1
    assert "feature/login" in shown["pulumi-tione env list"]
    assert "its branch is gone" in shown["pulumi-tione env reap --dry-run"]
    assert tasks_of(emulator) == []


def test_the_page_shows_all_commands() -> None:
    for name in ("up", "list", "stop", "start", "reap", "down"):
        assert f"pulumi-tione env {name}" in PAGE


def test_the_commands_that_stop_overnight_stop_every_environment(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    def run(script: str) -> str:
        ran = subprocess.run(
            ["sh", "-ec", script],
            cwd=project.folder,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def statuses() -> set[str]:
        return {str(task["Status"]) for task in tasks_of(emulator)}

    project.branch("feature/login", LASTING)
    project.env("up", "--yes")
    stop, listing, start = re.findall(r"^\$ (.+)$", OVERNIGHT, re.MULTILINE)
    assert "2 tasks stopped" in run(stop)
    assert statuses() == {"STOPPED"}
    assert "2 STOPPED (stopped)" in run(listing)
    assert "2 tasks started" in run(start)
    assert statuses() & {"STOPPED", "STOPPING"} == set()
    run(re.findall(r"^```sh\n(.*?)^```", OVERNIGHT, re.MULTILINE | re.DOTALL)[0])
    assert statuses() == {"STOPPED"}
