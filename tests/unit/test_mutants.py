"""`tools/mutants/run.py`: a module without mutants is an error, and not an empty list of survivors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["pricing", "lifecycle/no_such_module"])
def test_a_module_of_which_no_mutants_are_made_is_refused(module: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / "mutants" / "run.py"), "--report", module]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"no mutants are made of {module}: add it to MODULES" in done.stderr
