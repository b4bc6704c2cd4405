#!/usr/bin/env python3
"""Run the mutation tester (mutmut) on the modules where a wrong value costs money, and list every survivor.

    python tools/mutants/run.py [MODULE …]      a module as `lifecycle/stop` or `_wait`; without one, all of MODULES
    python tools/mutants/run.py --report        the survivors of the last run, without running anything

The tests are those in `tests/unit`, `tests/component` and `tests/boundary`. A survivor is killed by a new test, or has
a reason in `reasons.toml`. Functions that mutmut cannot mutate (those with decorators) are listed too: they count as
survived. Exit code 1: a survivor has no reason.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / ".cache" / "mutants"
REASONS = Path(__file__).with_name("reasons.toml")
MODULES = ("lifecycle", "_wait", "_api/credentials", "_schema/wire")
TESTS = ("tests/unit", "tests/component", "tests/boundary")
NOT_FOR_MUTANTS = (
    "tests/unit/test_typing.py",  # reads the sources, not their behaviour
    "tests/unit/test_masking_removals.py",
    "tests/unit/test_vocabulary.py",
    "tests/unit/test_ensure_pulumi.py",
    "tests/boundary/test_neighbours.py",
)

CONFIGURATION = """

[tool.mutmut]
source_paths = ["pulumi_tione"]
only_mutate = {modules}
also_copy = ["tools", "docs", "examples", "setup.py", "README.md", "Makefile", "Pulumi.yaml"]
pytest_add_cli_args = ["-m", "not engine and not long and not exhaustive", "-x", "-p", "no:xdist", "-q", {ignored}]
pytest_add_cli_args_test_selection = {tests}
process_isolation = "forkserver"
use_git_change_detection = false
debug = {debug}
"""


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test notices, or a function without mutants."""

    name: str
    """`lifecycle/stop.py: stop_and_wait`, the class before the method."""
    change: str
    """The changed lines, old and new; empty if the function cannot be mutated."""

    def __str__(self) -> str:
        return (
            f"{self.name}\n    " + self.change.replace("\n", "\n    ") if self.change else f"{self.name}: not mutated"
        )


def files_of(modules: Sequence[str]) -> list[str]:
    """List the source files of some modules, relative to the repository."""
    found: list[Path] = []
    for module in modules:
        path = ROOT / "pulumi_tione" / module
        found += sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return [str(path.relative_to(ROOT)) for path in found]


def _copy(files: Sequence[str]) -> None:
    """Copy what git knows into a folder of its own, with the tester's configuration."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for old in COPY.glob("*"):
        if old.name != "mutants":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for path in listed.splitlines():
        if (ROOT / path).is_file():
            (COPY / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, COPY / path)
    ignored = ", ".join(f'"--ignore={path}"' for path in NOT_FOR_MUTANTS)
    with (COPY / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(CONFIGURATION.format(modules=list(files), tests=list(TESTS), ignored=ignored, debug="false"))


def _mutmut(*arguments: str, capture: bool = False) -> str:
    # Processes that a test starts import the mutated package as well.
    environment = {**os.environ, "PYTHONPATH": str(COPY / "mutants"), "HYPOTHESIS_PROFILE": "mutants"}
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(command, cwd=COPY, env=environment, check=False, text=True, capture_output=capture)
    if done.returncode:
        sys.exit(f"mutmut {arguments[0]} failed with exit code {done.returncode}\n{done.stderr or ''}")
    return done.stdout or ""


def survivors(files: Sequence[str]) -> Iterator[Survivor]:
    """List what the last run did not kill, and what it could not mutate."""
    modules = tuple(path.removesuffix(".py").replace("/", ".") for path in files)
    for line in _mutmut("results", capture=True).splitlines():
        mutant, _, status = line.strip().partition(": ")
        if mutant.startswith(modules) and status not in ("killed", "caught by type check"):
            shown = _mutmut("show", mutant, capture=True).splitlines()
            changed = [each for each in shown if re.match(r"[-+](?![-+])", each)]
            yield Survivor(_function_of(mutant), "\n".join([*changed, f"({status})"]))
    for path in files:
        yield from (Survivor(name, "") for name in _not_mutated(path))


def _function_of(mutant: str) -> str:
    """Return `lifecycle/stop.py: Class.method` for the tester's name of a mutant."""
    module, _, mangled = mutant.rpartition(".")
    name = re.sub(r"__mutmut_\d+$", "", mangled)
    name = name[1:].strip("ǁ").replace("ǁ", ".") if "ǁ" in name else name.removeprefix("x_")
    return f"{module.removeprefix('pulumi_tione.').replace('.', '/')}.py: {name}"


def _not_mutated(path: str) -> Iterator[str]:
    """List the functions with decorators, which mutmut leaves as they are."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    scopes: list[tuple[str, Sequence[ast.stmt]]] = [("", tree.body)]
    while scopes:
        prefix, body = scopes.pop()
        for node in body:
            if isinstance(node, ast.ClassDef):
                scopes.append((f"{prefix}{node.name}.", node.body))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list:
                kinds = {ast.unparse(each) for each in node.decorator_list}
                if not kinds <= {"staticmethod", "classmethod"}:
                    yield f"{path.removeprefix('pulumi_tione/')}: {prefix}{node.name}"


def reasons() -> dict[str, str]:
    """Read why some survivors stay: `"lifecycle/stop.py: f" = "…"`, or with the new line after ` => `."""
    found: dict[str, str] = {}
    for line in REASONS.read_text(encoding="utf-8").splitlines() if REASONS.exists() else ():
        if match := re.match(r'^(?:"([^"]+)"|\'([^\']+)\') = "(.+)"$', line):
            found[match[1] or match[2]] = match[3]
    return found


def reason_of(survivor: Survivor, known: dict[str, str]) -> str:
    """Return the reason of a survivor: one for its function, or for a part of its changed lines."""
    for key, reason in known.items():
        name, _, part = key.partition(" => ")
        if survivor.name == name and part in survivor.change:
            return reason
    return ""


def main(arguments: Sequence[str]) -> int:
    modules = [each for each in arguments if not each.startswith("-")] or list(MODULES)
    files = files_of(modules)
    if "--report" not in arguments:
        COPY.mkdir(parents=True, exist_ok=True)
        _copy(files)
        _mutmut("run", "--max-children", os.environ.get("CHILDREN", "2"))
    known = reasons()
    remaining = list(survivors(files))
    without = [each for each in remaining if not reason_of(each, known)]
    print(*without, sep="\n")
    print(f"{len(remaining)} survivors in {len(files)} files, {len(without)} of them without a reason")
    return 1 if without else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
