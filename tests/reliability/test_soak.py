"""Random histories of a stack: in the end the account has what the state has, every time.

`make soak HISTORIES=2000` runs more of them, `make soak SEED=…` repeats one.

One history, and what must hold, is in `tools/reliability/soak/history.py`.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from engine_support import ROOT

HISTORIES = 200
RUN = ROOT / "tools" / "reliability" / "soak" / "run.py"
DELETES_NOTHING = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
from tools.reliability.soak import virtual_time
virtual_time.install()
from pulumi_tione._api.client import Client
Client.delete_training_task = lambda *_, **__: None
sys.argv = ["run.py", "--histories", "1"]
runpy.run_path({str(RUN)!r}, run_name="__main__")
"""

pytestmark = pytest.mark.long


def run(*command: str) -> tuple[int, str]:
    ran = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return ran.returncode, ran.stdout


def test_random_histories_end_with_the_account_as_the_state_has_it() -> None:
    code, output = run(str(RUN), "--histories", str(HISTORIES))
    assert code == 0, output
    assert f"{HISTORIES} histories" in output


def test_a_history_follows_from_its_seed() -> None:
    first, second = (run(str(RUN), "--histories", "1", "--seed", "7", "--verbose")[1] for _ in range(2))
    shown = [line for line in first.splitlines() if not line.startswith(" ")]
    assert len(shown) > 5
    assert shown[:-1] == [line for line in second.splitlines() if not line.startswith(" ")][:-1]


def test_a_delete_that_deletes_nothing_is_noticed() -> None:
    code, output = run("-c", DELETES_NOTHING)
    assert code == 1
    assert "seed 1: " in output
