#!/usr/bin/env python3
"""Run tests with the versions that `setup.py` allows: of Pulumi, of Python, and of the other dependencies.

    python tools/versions/run.py [pulumi] [python] [dependencies] [--pytest ARGUMENTS]

`pulumi` runs the boundary and engine tests, the long ones too, with the oldest and the newest Pulumi; `python` the unit
tests with every Python; `dependencies` the unit, component and boundary tests with the oldest and the newest
dependencies; without any of them, all run. A Python is used if pyenv has it or `python3.N` is on PATH; one that is not
there is reported, and is no failure. Environments are kept in `.cache/versions`. Exit code 1: a test failed.

`make test-versions` runs all of them.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
SETUP = ROOT / "setup.py"
CONSTRAINTS = ROOT / "tools" / "constraints.txt"
CACHE = ROOT / ".cache" / "versions"

PARTS = ["pulumi", "python", "dependencies"]

Version = tuple[int, ...]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--pytest", default="", help="other arguments of pytest, in place of the folders of tests")
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    results: dict[str, str] = {}
    if "pulumi" in parts:
        for version in pulumi_versions():
            environment = made(f"pulumi-{version}", Path(sys.executable), f"pulumi=={version}")
            folders = arguments.pytest or "tests/boundary tests/engine"
            results[f"Pulumi {version}"] = run_tests(environment, folders, "not exhaustive")
    if "python" in parts:
        for minor in python_versions():
            interpreter = python(minor)
            if interpreter is None:
                results[f"Python {minor}"] = "is not on this machine"
                continue
            environment = made(f"python-{minor}", interpreter)
            results[f"Python {minor}"] = run_tests(environment, arguments.pytest or "tests/unit")
    if "dependencies" in parts:
        # The oldest releases have wheels for the oldest Python only.
        interpreter = python(python_versions()[0]) or Path(sys.executable)
        for age, environment in (
            ("oldest", made("dependencies-oldest", interpreter, constraints=oldest_dependencies())),
            ("newest", made("dependencies-newest", Path(sys.executable))),
        ):
            folders = arguments.pytest or "tests/unit tests/component tests/boundary"
            results[f"the {age} dependencies"] = run_tests(environment, folders)
    print("\n".join(f"{name}: {result}" for name, result in results.items()))
    return int(any("failed" in result for result in results.values()))


def pulumi_versions() -> list[str]:
    """Return the oldest and the newest release of Pulumi that `setup.py` allows."""
    allowed = re.search(r'"pulumi>=([\d.]+),<(\d+)"', SETUP.read_text(encoding="utf-8"))
    assert allowed is not None
    oldest, limit = _version(allowed[1]), int(allowed[2])
    command = [sys.executable, "-m", "pip", "index", "versions", "pulumi"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    releases = [_version(each) for each in re.findall(r"\d+\.\d+\.\d+", printed.split("Available versions:")[1])]
    allowed_releases = sorted({each for each in releases if oldest <= each and each[0] < limit})
    return [".".join(map(str, each)) for each in (allowed_releases[0], allowed_releases[-1])]


def oldest_dependencies() -> list[str]:
    """Return the oldest release of each dependency that `setup.py` allows, as constraints."""
    requirements = map(Requirement, importlib.metadata.requires("pulumi-tione") or ())
    oldest = []
    for requirement in requirements:
        if requirement.marker is None or requirement.marker.evaluate({"extra": "emulator"}):
            [version] = [each.version for each in requirement.specifier if each.operator == ">="]
            oldest.append(f"{requirement.name}=={version}")
    return oldest


def python_versions() -> list[str]:
    """Return the versions of Python that `setup.py` claims: `3.10` and so on."""
    return re.findall(r"Programming Language :: Python :: (3\.\d+)", SETUP.read_text(encoding="utf-8"))


def python(minor: str) -> Path | None:
    """Return the interpreter of a version, if this machine has one."""
    candidates = sorted((Path.home() / ".pyenv" / "versions").glob(f"{minor}.*/bin/python"), reverse=True)
    on_path = shutil.which(f"python{minor}")
    return next(iter([*candidates, *([Path(on_path)] if on_path else [])]), None)


def made(name: str, interpreter: Path, *requirements: str, constraints: Iterable[str] = ()) -> Path:
    """Return an environment with this package, and with other versions than the pinned ones of some requirements.

    Without requirements nothing is pinned but the constraints.
    """
    environment = CACHE / name
    built_from = hashlib.sha256(SETUP.read_bytes() + CONSTRAINTS.read_bytes()).hexdigest()
    ready = environment / ".ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != built_from:
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run([interpreter, "-m", "venv", environment], check=True)
        # The pinned versions are those of one Python: another one gets the newest that setup.py allows.
        replaced = {re.split(r"[=<>]", each)[0] for each in requirements}
        file = environment / "constraints.txt"
        file.write_text("\n".join(_constraints(replaced) if requirements else constraints), encoding="utf-8")
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--constraint", str(file), "--editable", ".[dev]", *requirements], cwd=ROOT, check=True)
        ready.write_text(built_from, encoding="utf-8")
    return environment


def _constraints(replaced: set[str]) -> Iterator[str]:
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        if line.partition("==")[0].strip().lower() not in replaced:
            yield line


def run_tests(environment: Path, arguments: str, selected: str = "not long and not exhaustive") -> str:
    """Run tests in an environment. Return pytest's last line."""
    python = str(environment / "bin" / "python")
    command = [python, "-m", "pytest", "-q", "-n", "2", "-m", selected, *shlex.split(arguments)]
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PATH": path}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return last if process.returncode == 0 else f"failed: {last}"


def _version(text: str) -> Version:
    return tuple(map(int, text.split("."))) + (0,) * (2 - text.count("."))


if __name__ == "__main__":
    sys.exit(main())
