#!/usr/bin/env python3
"""Print a directory that holds the Pulumi CLI and all it needs to run Python programs.

Put that directory first on PATH:

    PATH="$(python tools/pulumi/ensure.py):$PATH" pulumi version

An installed CLI is used where there is one at least as new as MINIMUM. Otherwise CLI, language host and
plugin scripts are built once from the Go modules pinned in `cli/` and `language/`. Nothing but the directory
goes to stdout, and no release is ever downloaded.

Why MINIMUM is 3.259.0: it is the oldest CLI that this project has been run with; the newest is 3.274.1.
Pulumi itself asks for less. The Automation API of the Python SDK 3.272 is content with 3.1.0, and the
features used here (`--clear-pending-creates`, `--run-program`, `delete_before_replace`,
`ErrorResourceInitFailed`) are older: the last fix to one of them before 3.259 came in 3.231 (snapshots under
`refresh --run-program`). But an untried CLI that behaves differently shows as an odd failure of some test,
while a refusal here is a plain sentence. (`ResourceOptions(id=...)` on a dynamic resource needs 3.268 of the
Python SDK, not of the CLI.)
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":  # where nothing is built
    import fcntl

MINIMUM = (3, 259, 0)
HERE = Path(__file__).resolve().parent
CLI_MODULE = HERE / "cli"
LANGUAGE_MODULE = HERE / "language"
CACHE = HERE.parents[1] / ".cache" / "pulumi"

PKG = "github.com/pulumi/pulumi/pkg/v3"
SDK = "github.com/pulumi/pulumi/sdk/v3"
VERSION_VARIABLE = f"{SDK}/go/common/version.Version"
"""What the linker sets: the Automation API refuses a CLI that does not report its version."""

BUILT_FROM = "built-from"
"""The file next to `bin` that holds the fingerprint of what was built."""

PLUGIN_SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
"""Where the SDK's module keeps them."""

COMPANIONS = ("pulumi-language-python", *(Path(script).name for script in PLUGIN_SCRIPTS))
"""What an official installation keeps next to `pulumi`."""

OFFICIAL_WAY = "Install the Pulumi CLI as https://www.pulumi.com/docs/install/ describes"

Version = tuple[int, int, int]


class EngineError(Exception):
    """There is no Pulumi CLI to use. The message is written for the user and complete."""


def engine_path() -> Path:
    """The directory to put first on PATH: that of an installed CLI, otherwise that of a built one."""
    try:
        return installed_path()
    except EngineError as not_installed:
        return built_path(why=str(not_installed))


# --- An installed CLI


def installed_path() -> Path:
    """The directory of the `pulumi` on PATH, if it is usable. An EngineError gives the reason if it is not."""
    command = shutil.which("pulumi", path=path_without_builds())
    if command is None:
        raise EngineError("No pulumi is on PATH")
    version = installed_version(command)
    if version is None:
        raise EngineError(f"{command} does not report its version")
    if version < MINIMUM:
        raise EngineError(f"{command} is {shown(version)}, older than {shown(MINIMUM)}")
    return directory_with_companions(command)


def path_without_builds() -> str:
    """PATH without what this tool built: with that on PATH, a second call decides as the first one did."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if not Path(entry).is_relative_to(CACHE))


def installed_version(command: str) -> Version | None:
    """The output of `pulumi version`. None for a build without a version, or for one that does not run."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [command, "version"], env=environment, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(answer.stdout)


def directory_with_companions(command: str) -> Path:
    """The directory of the command, or of the file it links to, whichever has the language host next to it."""
    directories = (Path(command).absolute().parent, Path(command).resolve().parent)
    for directory in directories:
        if not missing_from(directory, COMPANIONS):
            return directory
    missing = ", ".join(missing_from(directories[0], COMPANIONS))
    raise EngineError(f"{command} has no {missing} next to it")


def missing_from(directory: Path, names: tuple[str, ...]) -> list[str]:
    """Those of the commands that the directory does not hold."""
    return [name for name in names if shutil.which(name, path=str(directory)) is None]


# --- A built CLI


def built_path(why: str) -> Path:
    """The directory of the CLI built from the pinned Go modules, built now if it is not there yet.

    `why` is the reason for not using an installed one; it begins the error where nothing can be built either.
    """
    target = CACHE / pinned_version(CLI_MODULE, PKG)
    if not is_built(target):
        go_version = usable_go(why)
        with only_one_builder():
            if not is_built(target):
                report(f"{why}. Building {target.name} with Go {shown(go_version)}: this takes minutes, once.")
                build(target)
    return target / "bin"


def is_built(target: Path) -> bool:
    """Whether the directory holds the whole of a build of what is pinned now."""
    try:
        built_from = (target / BUILT_FROM).read_text()
    except OSError:
        return False
    return built_from == fingerprint() and not missing_from(target / "bin", ("pulumi", *COMPANIONS))


def fingerprint() -> str:
    """Changes when a pinned module does, or when the checkout is shared with a machine of another kind."""
    digest = hashlib.sha256(f"{sys.platform} {os.uname().machine}".encode())
    for module in (CLI_MODULE, LANGUAGE_MODULE):
        for name in ("go.mod", "go.sum"):
            digest.update((module / name).read_bytes())
    return digest.hexdigest()


def usable_go(why: str) -> Version:
    """The version of the `go` on PATH, if it can build what is pinned."""
    minimum = max(go_minimum(CLI_MODULE), go_minimum(LANGUAGE_MODULE))
    way_out = f"{OFFICIAL_WAY}, or Go {shown(minimum)} or later, with which it is built here."
    if sys.platform == "win32":
        raise EngineError(f"{why}, and none is built on Windows. {OFFICIAL_WAY}.")
    if shutil.which("go") is None:
        raise EngineError(f"{why}, and there is no Go to build one. {way_out}")
    version = parse_version(run_go(HERE, "version"))
    if version is None or version < minimum:
        found = "of unknown version" if version is None else shown(version)
        raise EngineError(f"{why}, and the Go on PATH is {found}, too old to build one. {way_out}")
    return version


@contextlib.contextmanager
def only_one_builder() -> Iterator[None]:
    """Hold the cache's lock, after waiting while another process does. A killed process gives it back."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("Another process is building the Pulumi CLI: waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(target: Path) -> None:
    """Build everything aside, then move it into place at once. The lock is held."""
    started = time.monotonic()
    unfinished = CACHE / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    bin_directory = unfinished / "bin"
    bin_directory.mkdir(parents=True)
    compile_tool(CLI_MODULE, PKG, bin_directory)
    compile_tool(LANGUAGE_MODULE, SDK, bin_directory)
    copy_plugin_scripts(bin_directory)
    (unfinished / BUILT_FROM).write_text(fingerprint())
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    report(f"Built in {time.monotonic() - started:.0f} s.")


def compile_tool(module: Path, versioned_by: str, into: Path) -> None:
    """Build the `tool` that the module's go.mod names, under the version that it pins."""
    linker_flags = f"-s -w -X {VERSION_VARIABLE}={pinned_version(module, versioned_by)}"
    flags = ("-mod=readonly", "-trimpath", f"-ldflags={linker_flags}")
    run_go(module, "build", *flags, "-o", f"{into}{os.sep}", "tool")


def copy_plugin_scripts(into: Path) -> None:
    """Copy the scripts that start Python from the SDK module that the CLI was built with."""
    sdk = Path(run_go(CLI_MODULE, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", SDK).strip())
    for script in PLUGIN_SCRIPTS:
        copied = shutil.copyfile(sdk / script, into / Path(script).name)
        copied.chmod(0o755)


def run_go(module: Path, *arguments: str) -> str:
    """Run go in a module and answer its stdout. The user's own GOFLAGS and other settings hold."""
    fixed = {
        "GOTOOLCHAIN": "local",  # else an old Go quietly downloads a new one
        "GOWORK": "off",  # a workspace around the checkout would take part
        "CGO_ENABLED": "0",  # needs no C compiler
    }
    command = ["go", *arguments]
    done = subprocess.run(
        command, cwd=module, env={**os.environ, **fixed}, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        what = f"`{shlex.join(command)}` in {module} failed with exit code {done.returncode}; its last lines:"
        raise EngineError("\n".join([what, *done.stderr.splitlines()[-20:]]))
    return done.stdout


# --- Versions


def parse_version(text: str) -> Version | None:
    """The first version in a text such as `v3.274.1`, `3.275.0-alpha.1`, `go version go1.26 linux/amd64`."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def shown(version: Version) -> str:
    """A version as a reader expects it: `3.274.1`."""
    return ".".join(str(number) for number in version)


def pinned_version(module: Path, path: str) -> str:
    """The version of a Go module that a go.mod pins, the only place where it is written: `v3.274.1`."""
    return line_of_go_mod(module, rf"\s*{re.escape(path)} (v\S+)")


def go_minimum(module: Path) -> Version:
    """The Go that a go.mod asks for."""
    version = parse_version(line_of_go_mod(module, r"go (\S+)"))
    if version is None:
        raise ValueError(f"no Go version in {module}/go.mod")
    return version


def line_of_go_mod(module: Path, pattern: str) -> str:
    """What the pattern's group matches on a line of its own."""
    found = re.search(rf"^{pattern}", (module / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"nothing like {pattern} in {module}/go.mod")
    return found[1]


# --- The command line


def report(progress: str) -> None:
    """Print progress to stderr: stdout is for the directory alone."""
    print(progress, file=sys.stderr, flush=True)


def main() -> int:
    """Print the directory. Exit code 1 and one message where there is none."""
    try:
        print(engine_path())
    except (EngineError, OSError) as error:
        report(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
