"""What is published: the sdist and the wheel, installed as a user installs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from engine_support import ROOT

pytestmark = pytest.mark.engine


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_sdist_and_wheel_are_built_and_the_quickstart_runs_with_the_installed_wheel(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "release" / "build.py"), str(tmp_path)]
    built = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert built.returncode == 0, built.stdout
    assert {file.suffix for file in tmp_path.iterdir()} == {".whl", ".gz"}


def test_the_release_workflow_publishes_what_it_has_built_and_tried_without_a_token() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]
    assert workflow["permissions"] == {}
    assert build["permissions"] == {"contents": "read"}
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["needs"] == "build"
    targets = [step["run"].removeprefix("make ") for step in build["steps"] if step.get("run", "").startswith("make ")]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets == ["check", "test", "dist"]
    assert all(f"\n{target}: " in makefile for target in targets)
    assert "secrets." not in text
