"""`tools/mutants/run.py`: a module without mutants is an error, and not an empty list of survivors."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from mutate import other_values

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["pricing", "lifecycle/no_such_module"])
def test_a_module_of_which_no_mutants_are_made_is_refused(module: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / "mutants" / "run.py"), "--report", module]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"no mutants are made of {module}: add it to MODULES" in done.stderr


@pytest.mark.parametrize(
    ("constant", "mutated"),
    [
        ("60", ["120", "30"]),
        ("0.5", ["1.0", "0.25"]),
        ("('a', *B)", ["(*B,)", "('a',)"]),
        ("{'a': 1, **B}", ["{**B}", "{'a': 1}"]),
        ("frozenset({*A, 'b'})", ["frozenset(['b'])", "frozenset([*A])"]),
        ("True", []),
        ("'text'", []),
    ],
)
def test_a_constant_is_doubled_and_halved_and_a_collection_loses_each_element(
    constant: str, mutated: list[str]
) -> None:
    assert sorted(other_values(ast.parse(constant, mode="eval").body)) == sorted(mutated)
