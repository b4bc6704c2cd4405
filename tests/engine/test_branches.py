"""The example with a stack for each git branch, three of them side by side."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from engine_support import ROOT
from local_tione import accepted
from workspace import Workspace

from pulumi_tione.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.long]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with three branches, and the example in it."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "examples" / "branch_environments", folder)
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--allow-empty", "-m", "first"),
        ("branch", "feature/login"),
        ("branch", "feature/logout"),
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def test_each_branch_has_an_environment_for_as_long_as_it_lives(
    tmp_path: Path, clone: Path, emulator: Emulator
) -> None:
    environment = Workspace(clone, tmp_path, emulator.endpoint).environment

    def environments(*arguments: str) -> str:
        command = [sys.executable, "environments.py", *arguments]
        ran = subprocess.run(
            command,
            cwd=clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def status_by_branch() -> dict[str, str]:
        tags = [({tag["TagKey"]: tag["TagValue"] for tag in task["Tags"]}, task["Status"]) for task in emulator.tasks()]
        return {tag["branch"]: status for tag, status in tags}

    environments("sync")
    assert set(status_by_branch()) == {"main", "feature/login", "feature/logout"}
    listed = environments("list")
    assert listed.count("train-") == 3
    assert "main: train-" in listed

    environments("stop", "feature/login")
    assert status_by_branch()["feature/login"] == "STOPPED"
    assert status_by_branch()["main"] != "STOPPED"
    environments("sync")
    assert status_by_branch()["feature/login"] == "STOPPED"
    environments("start", "feature/login")
    assert status_by_branch()["feature/login"] != "STOPPED"

    subprocess.run(["git", "branch", "--quiet", "-D", "feature/logout"], cwd=clone, check=True)
    assert "destroyed, its branch is gone" in environments("sync")
    assert set(status_by_branch()) == {"main", "feature/login"}
    assert len(accepted(emulator, "CreateTrainingTask")) == 3
