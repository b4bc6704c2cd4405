#!/usr/bin/env python3
"""Run mutation tests on the modules where a wrong value costs money, and list every survivor.

    python tools/mutants/run.py [MODULE …]      a module as `lifecycle/stop` or `_wait`; without one, all of MODULES
    python tools/mutants/run.py --again …       only the mutants that no earlier run has killed
    python tools/mutants/run.py --constants …   only the constants
    python tools/mutants/run.py --report …      the survivors of the last run, without running anything

The mutations are mutmut's (`mutate.py`), and the tests those in `tests/unit`, `tests/component` and `tests/boundary`
(`forks.py`). A survivor is killed by a new test, or has a reason in `reasons.toml`. Code without mutants counts as
survived. Exit code 1: a survivor has no reason.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from mutate import Mutant, mutate

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "mutants"
REASONS = Path(__file__).with_name("reasons.toml")
# Not `_pulumi/lazy_outputs`: it looks at the frame of its caller, which the switch between mutants would be.
MODULES = (
    "lifecycle",
    "_wait",
    "_api/credentials",
    "_api/rate_limit",
    "_api/status_batcher",
    "_schema/listed",
    "_schema/wire",
)
TESTS = ("tests/unit", "tests/component", "tests/boundary")
NOT_FOR_MUTANTS = (  # these read files and not what the package does, or test other programs
    "tests/unit/test_architecture.py",
    "tests/unit/test_document_links.py",
    "tests/unit/test_docstrings.py",
    "tests/unit/test_documentation.py",
    "tests/unit/test_ensure_pulumi.py",
    "tests/unit/test_masking_removals.py",
    "tests/unit/test_mutants.py",
    "tests/unit/test_secret_scan.py",
    "tests/unit/test_typing.py",
    "tests/unit/test_version.py",
    "tests/unit/test_vocabulary.py",
    "tests/boundary/test_neighbours.py",
)

DEAD = ("killed", "timed out")

CONFIGURATION = """

[tool.mutmut]
source_paths = ["pulumi_tione"]
"""


def files_of(modules: Sequence[str]) -> list[str]:
    """List the source files of some modules, relative to the repository."""
    found: list[Path] = []
    for module in modules:
        path = ROOT / "pulumi_tione" / module
        found += sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return [str(path.relative_to(ROOT)) for path in found]


def _copy() -> Path:
    """Copy what git knows into a folder of its own, with the configuration of mutmut and the runner."""
    copy = CACHE / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for path in listed.stdout.splitlines():
        if (ROOT / path).is_file():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, copy / path)
    for runner in ("forks.py", "mutant_switch.py"):
        shutil.copy2(Path(__file__).with_name(runner), copy / runner)
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(CONFIGURATION)
    return copy


def _try(
    copy: Path, mutants: Sequence[Mutant], tests: Sequence[str], processes: int, seconds: float
) -> dict[str, dict[str, Any]]:
    """Run the tests on mutants, and return the outcome of each."""
    listed, outcomes, coverage = CACHE / "mutants.json", CACHE / "running.json", CACHE / "coverage.json"
    listed.write_text(json.dumps([{**mutant.json(), "id": mutant.id} for mutant in mutants]), encoding="utf-8")
    outcomes.unlink(missing_ok=True)
    # Processes that a test starts import the mutated package as well.
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ["-p", "forks", "-p", "no:xdist", "-p", "no:timeout", "-p", "no:terminal", "-s", "--assert=plain"]
    options += [
        f"--basetemp={CACHE / 'tmp'}",
        "-o",
        "tmp_path_retention_policy=none",
        "-m",
        "not engine and not long and not exhaustive",
    ]
    options += [f"--ignore={path}" for path in NOT_FOR_MUTANTS]
    options += [
        f"--mutants={listed}",
        f"--outcomes={outcomes}",
        f"--processes={processes}",
        f"--seconds={seconds}",
        f"--coverage={coverage}",
    ]
    done = subprocess.run([sys.executable, "-m", "pytest", *options, *tests], cwd=copy, env=environment, check=False)
    if done.returncode not in (0, 5):
        sys.exit(f"the tests failed with exit code {done.returncode}")
    return dict(json.loads(outcomes.read_text(encoding="utf-8")))


def reasons() -> list[tuple[str, str, str]]:
    """Read why some survivors stay: a pattern of names, a regular expression of the changed lines, the reason."""
    tomllib = importlib.import_module("tomllib")  # of Python 3.11; the package also supports 3.10
    entries = tomllib.loads(REASONS.read_text(encoding="utf-8"))["reason"]
    return [(entry["name"], entry.get("change", ""), entry["why"]) for entry in entries]


def reason_of(mutant: Mutant, known: Sequence[tuple[str, str, str]]) -> tuple[str, str, str] | None:
    """Return the reason of a survivor, if it has one."""
    for reason in known:
        name, change, _ = reason
        if fnmatch.fnmatchcase(mutant.name, name) and re.search(change, mutant.change):
            return reason
    return None


def report(mutants: Sequence[Mutant], outcomes: Mapping[str, Mapping[str, Any]], *, is_long: bool) -> int:
    """Print the survivors without a reason, and one line for each file; return how many have none."""
    known, without = reasons(), 0
    used = set()
    table: dict[str, list[int]] = {}
    for mutant in mutants:
        status = outcomes[mutant.id]["status"] if mutant.id in outcomes else "not tried" if mutant.key else "survived"
        row = table.setdefault(mutant.name.partition(":")[0], [0, 0, 0, 0])
        row[0] += 1
        if status in DEAD:
            row[1] += 1
            continue
        row[2] += 1
        reason = reason_of(mutant, known)
        used.add(reason)
        if not reason:
            row[3] += 1
            without += 1
        if not reason or is_long:
            print(f"{mutant.name} ({status}){f': {reason[2]}' if reason else ''}")
            print("    " + mutant.change.replace("\n", "\n    "))
    print(f"{'':32} mutants  killed survived  without a reason")
    for name, (total, killed, survived, open_ones) in table.items():
        print(f"{name:32} {total:7} {killed:7} {survived:8} {open_ones:8}")
    for name, change, why in (each for each in known if each not in used):
        if fnmatch.filter(table, name.partition(":")[0]) and not name.startswith("*"):
            print(f"a reason of no survivor: {name} ({change}): {why}")
    return without


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=list(MODULES))
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--constants", action="store_true")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--long", action="store_true", help="list the survivors that have a reason, too")
    parser.add_argument("--tests", nargs="+", default=list(TESTS))
    parser.add_argument("--seconds", type=float, default=math.inf, help="run only the fastest tests of each mutant")
    parser.add_argument("--processes", type=int, default=int(os.environ.get("CHILDREN", "2")))
    options = parser.parse_args()
    outside = [module for module in options.modules if not {*files_of([module])} <= {*files_of(MODULES)}]
    if outside:
        parser.error(f"no mutants are made of {', '.join(outside)}: add it to MODULES")
    CACHE.mkdir(parents=True, exist_ok=True)
    copy = _copy()
    chosen = {path.removeprefix("pulumi_tione/") for path in files_of(options.modules)}
    mutants = [
        each for each in mutate(copy, files_of(MODULES), CACHE / "generated") if each.name.partition(":")[0] in chosen
    ]
    if options.constants:
        mutants = [each for each in mutants if each.value]
    outcomes: dict[str, dict[str, Any]] = {}
    for recorded in (CACHE / "outcomes.json", CACHE / "running.json"):
        outcomes |= json.loads(recorded.read_text(encoding="utf-8")) if recorded.exists() else {}
    if not options.report:
        if not options.again:
            (CACHE / "coverage.json").unlink(missing_ok=True)
        killed = {key for key, outcome in outcomes.items() if outcome["status"] in DEAD}
        order = [path.removeprefix("pulumi_tione/") for path in files_of(options.modules)]
        mutants.sort(key=lambda each: order.index(each.name.partition(":")[0]))
        tried = [each for each in mutants if each.key and not (options.again and each.id in killed)]
        (CACHE / "outcomes.json").write_text(json.dumps(outcomes, indent=1), encoding="utf-8")
        if tried:
            outcomes |= _try(copy, tried, options.tests, options.processes, options.seconds)
            (CACHE / "outcomes.json").write_text(json.dumps(outcomes, indent=1), encoding="utf-8")
    return 1 if report(mutants, outcomes, is_long=options.long) else 0


if __name__ == "__main__":
    sys.exit(main())
