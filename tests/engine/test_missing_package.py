"""`destroy` where the package is not installed: nothing is lost, and the remedy of the guide works."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_support import ROOT, Stack

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine


def test_a_destroy_without_the_package_deletes_nothing_and_works_once_it_is_installed(
    stack: Stack, emulator: Emulator, tmp_path: Path
) -> None:
    stack.program('tione.TrainingTask("bert", **B)')
    stack.up()
    missing = tmp_path / "missing"
    missing.mkdir()
    error = "No module named 'pulumi_tione'"
    (missing / "pulumi_tione.py").write_text(f'raise ModuleNotFoundError("{error}")\n', encoding="utf-8")
    stack.environment["PYTHONPATH"] = str(missing)
    shown = stack.pulumi("destroy", "--yes", "--skip-preview", fails=True)
    assert error in shown
    assert stack.resource("bert") is not None
    assert len(emulator.tasks()) == 1
    page = (ROOT / "docs" / "guide" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = page.partition("\n## The package is missing\n")[2].split("```")[1]
    assert [line for line in quoted.splitlines() if line.strip(" …") and line not in shown.splitlines()] == []
    assert quoted.splitlines()[-1].strip() == f"ModuleNotFoundError: {error}"

    del stack.environment["PYTHONPATH"]
    stack.destroy()
    assert emulator.tasks() == []
