#!/usr/bin/env python3
"""Build the sdist and the wheel, and try both as a user would, in empty environments.

    python tools/release/build.py [DIRECTORY]

The files are in `dist/`, or in the directory. The wheel is built from the sdist. `twine check` reads the metadata. The
package without extras must need nothing of the emulator; with `[emulator]` its first task must run. Exit code 1:
something is wrong; what, is on standard error.
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
FIRST_TASK = ROOT / "docs" / "guide" / "first-task.md"
sys.path.insert(0, str(ROOT / "tools" / "pulumi"))

from ensure import engine_path  # noqa: E402  the folder is no package: it is found by the line above

OF_THE_EMULATOR = ("aiohttp", "trustme", "cryptography")


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0] if arguments else ROOT / "dist").resolve()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        tools = environment(scratch / "tools", "build>=1.3", "twine>=6.1")
        run(tools, "-m", "build", "--outdir", str(folder), str(ROOT))
        wheel, sdist = newest(folder, "*.whl"), newest(folder, "*.tar.gz")
        run(tools, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
        check_content(wheel)
        without_emulator(environment(scratch / "plain", str(wheel)))
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
    """Run the first task of the guide, with the installed package and the real engine."""
    _, project, program, _, settings, *others = re.findall(
        r"^```\w+\n(.*?)^```", FIRST_TASK.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    folder = scratch / "my-training"
    folder.mkdir()
    (folder / ".venv").symlink_to(python.parents[1])
    (folder / "Pulumi.yaml").write_text(project, encoding="utf-8")
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    path = os.pathsep.join([str(python.parent), str(engine_path()), os.environ["PATH"]])
    script = (
        "set -e\n"
        'pulumi-tione emulator --port 0 > emulator.log & trap "kill $!" EXIT\n'
        "until grep -q 'ready at' emulator.log; do sleep 0.2; done\n"
        + settings.replace("http://127.0.0.1:9851", "$(sed -n 's/.*ready at //p' emulator.log)")
        + "".join(others)
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
        raise SystemExit(f"the first task does not run with the installed package:\n{ran.stdout}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
