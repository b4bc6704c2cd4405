#!/usr/bin/env python3
"""Build the sdist and the wheel, and try both as a user would, in empty environments.

    python tools/release/build.py [DIRECTORY]

The files are in `dist/`, or in the directory. The wheel is built from the sdist. `twine check` reads the metadata. Both
files are installed without extras and must need nothing of the emulator; with `[emulator]`, the wheel must run the
quickstart of the README. Exit code 1: something is wrong; what, is on standard error.

`make dist` runs it. How a release is made is in `CONTRIBUTING.md`; the tag is checked in `check_tag.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "pulumi"))

from ensure import engine_path  # noqa: E402  the folder is no package: it is found by the line above
from walkthrough import QUICKSTART  # noqa: E402

OF_THE_EMULATOR = ("aiohttp", "trustme", "cryptography")

CHECK_METADATA = """
import re, sys, zipfile
from email import message_from_bytes
from trove_classifiers import classifiers
wheel = zipfile.ZipFile(sys.argv[1])
[name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
metadata = message_from_bytes(wheel.read(name))
unknown = {*metadata.get_all("Classifier")} - classifiers
relative = re.findall(r"\\]\\(((?!https:)[^)\\s]*)\\)", metadata.get_payload())
sys.exit(f"classifiers: {unknown}; relative links: {relative}" if unknown or relative else 0)
"""
"""What `twine check` accepts: a classifier that the package index refuses, and a link that leads nowhere there."""


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0] if arguments else ROOT / "dist").resolve()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        tools = environment(scratch / "tools", "build>=1.3", "twine>=6.1", "trove-classifiers")
        run(tools, "-m", "build", "--outdir", str(folder), str(ROOT))
        wheel, sdist = newest(folder, "*.whl"), newest(folder, "*.tar.gz")
        run(tools, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
        check_content(wheel)
        run(tools, "-c", CHECK_METADATA, str(wheel))
        for name, file in (("wheel", wheel), ("sdist", sdist)):
            without_emulator(environment(scratch / name, str(file)))
        with_emulator(environment(scratch / "complete", f"{wheel}[emulator]"), scratch)
    print(f"{sdist.name} and {wheel.name} are in {folder}")
    return 0


def environment(folder: Path, *requirements: str) -> Path:
    """Make a virtual environment with these requirements, and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
    return python


def run(python: Path, *arguments: str) -> str:
    """Run a Python in an empty folder, so that it does not import from the clone, and return what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [str(python), *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if ran.returncode:
        raise SystemExit(f"python {' '.join(arguments)} ended with exit code {ran.returncode}:\n{ran.stdout}")
    return ran.stdout


def newest(folder: Path, pattern: str) -> Path:
    return max(folder.glob(pattern), key=lambda file: file.stat().st_mtime)


def check_content(wheel: Path) -> None:
    """Check that the wheel has the data files and the license, and neither tests nor tools."""
    names = zipfile.ZipFile(wheel).namelist()
    for needed in ("py.typed", "review/schema.json", "emulator/api/definition.json", "LICENSE"):
        if not any(name.endswith(needed) for name in names):
            raise SystemExit(f"{wheel.name} has no {needed}")
    foreign = [name for name in names if not re.match(r"pulumi_tione(-[^/]+\.dist-info)?/", name)]
    if foreign:
        raise SystemExit(f"{wheel.name} has files that do not belong in it: {', '.join(foreign[:5])}")


def without_emulator(python: Path) -> None:
    """Check that the package works without its extra."""
    run(python, "-c", "import pulumi_tione as tione; tione.TrainingTask; tione.get_training_tasks; tione.__version__")
    run(python, "-m", "pulumi_tione.cli", "--help")
    for name in OF_THE_EMULATOR:
        if "not found" not in run(
            python, "-c", f"import importlib.util as u; print(u.find_spec('{name}') or 'not found')"
        ):
            raise SystemExit(f"the package without extras installs {name}, which only the emulator needs")


def with_emulator(python: Path, scratch: Path) -> None:
    """Run the quickstart, with the installed package and the real engine."""
    folder = scratch / "my-training"
    QUICKSTART.write(folder, python.parents[1])
    path = os.pathsep.join([str(python.parent), str(engine_path()), os.environ["PATH"]])
    script = (
        'pulumi-tione emulator --port 0 > emulator.log & trap "kill $!" EXIT\n'
        "until grep -q 'ready at' emulator.log; do sleep 0.2; done\n"
        + QUICKSTART.script("$(sed -n 's/.*ready at //p' emulator.log)")
    )
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PATH": path, "HOME": str(scratch), "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_PYTHON_CMD": str(python)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode or 'status: "SUCCEED"' not in ran.stdout:
        raise SystemExit(f"the quickstart does not run with the installed package:\n{ran.stdout}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
