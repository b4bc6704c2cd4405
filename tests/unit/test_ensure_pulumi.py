"""`tools/pulumi/ensure.py`: which Pulumi CLI is used, when one is built, and the error when neither is possible."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "pulumi" / "ensure.py"
SCRIPTS_OF_THE_SDK = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
OFFICIAL_INSTALLATION = (
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
)


def pin(module: str, word: str) -> str:
    """What follows a word in a go.mod of the tool: the version of a module, or of Go."""
    words = (SCRIPT.parent / module / "go.mod").read_text().split()
    return words[words.index(word) + 1]


CLI = pin("cli", "github.com/pulumi/pulumi/pkg/v3")
LANGUAGE_HOST = pin("language", "github.com/pulumi/pulumi/sdk/v3")
GO = pin("cli", "go")


@pytest.fixture
def ensure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, with a cache of its own and with nothing but the shell's commands on PATH."""
    specification = importlib.util.spec_from_file_location("ensure", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(shell_commands(tmp_path / "shell")))
    monkeypatch.delenv("GOFLAGS", raising=False)
    return module


def shell_commands(directory: Path) -> Path:
    """A directory with what the fake commands call, and without any Pulumi or Go of the machine."""
    directory.mkdir()
    for name in ("sh", "sleep"):
        found = next(Path(folder) / name for folder in ("/bin", "/usr/bin") if (Path(folder) / name).exists())
        (directory / name).symlink_to(found)
    return directory


def command(directory: Path, name: str, script: str = "") -> Path:
    """A fake command of the directory: a shell script."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def pulumi(directory: Path, version: str, *, without: str = "") -> Path:
    """A fake installation of the CLI; `without` leaves one of its commands out."""
    command(directory, "pulumi", f'[ "$1" = version ] && echo "{version}"')
    for name in OFFICIAL_INSTALLATION:
        if name != without:
            command(directory, name)
    return directory


def go(directory: Path, version: str = "go1.99.1", *, build: str = "") -> Path:
    """A fake Go toolchain. It notes each call in `calls`, and what it builds shows the directory of its module."""
    sdk = directory / "sdk"
    for script in SCRIPTS_OF_THE_SDK:
        (sdk / script).parent.mkdir(parents=True, exist_ok=True)
        (sdk / script).write_text(f"of the SDK: {script}")
        (sdk / script).chmod(0o444)
    script = f"""
echo "GOFLAGS=$GOFLAGS GOTOOLCHAIN=$GOTOOLCHAIN GOWORK=$GOWORK CGO_ENABLED=$CGO_ENABLED $PWD go $*" >> {directory}/calls
case "$1" in
version) echo "go version {version} linux/amd64" ;;
list) echo {sdk} ;;
build)
    {build or ":"}
    while [ "$1" != -o ]; do shift; done
    case "$PWD" in */cli) name=pulumi ;; *) name=pulumi-language-python ;; esac
    echo "built in $PWD" > "$2$name"
    chmod +x "$2$name" ;;
esac"""
    return command(directory, "go", script.replace("chmod", "/bin/chmod")).parent


def calls(directory: Path) -> list[str]:
    """The calls of the fake Go so far."""
    log = directory / "calls"
    return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def first_on_path(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Put a directory first on PATH."""

    def put(directory: Path) -> None:
        monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")

    return put


Put = Callable[[Path], None]


# --- Versions


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.274.1\n", (3, 274, 1)),
        ("3.260.0-alpha.12+dirty", (3, 260, 0)),
        ("go version go1.26.6 linux/amd64", (1, 26, 6)),
        ("go version go1.27 darwin/arm64", (1, 27, 0)),
        ("go version go1.26rc2 linux/amd64", (1, 26, 0)),
        ("", None),
        ("unknown", None),
    ],
)
def test_a_version_is_read_from_the_output_of_a_command(
    ensure: ModuleType, text: str, version: tuple[int, int, int] | None
) -> None:
    assert ensure.parse_version(text) == version


def test_the_versions_to_build_are_those_that_the_go_mods_pin(ensure: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(
        "module example\n\ngo 1.26.6\n\ntool example.com/a/cmd/a\n\n"
        "require (\n\texample.com/a/b v9.9.9 // indirect\n\texample.com/a v1.2.3 // indirect\n)\n"
    )

    assert ensure.pinned_version(tmp_path, "example.com/a") == "v1.2.3"
    assert ensure.go_minimum(tmp_path) == (1, 26, 6)


def test_what_is_built_would_be_accepted_if_it_were_installed(ensure: ModuleType) -> None:
    assert ensure.parse_version(ensure.pinned_version(ensure.CLI_MODULE, ensure.PKG)) >= ensure.MINIMUM


def test_the_plugin_scripts_come_from_the_sdk_of_the_cli(ensure: ModuleType) -> None:
    assert ensure.pinned_version(ensure.CLI_MODULE, ensure.SDK) == ensure.pinned_version(ensure.CLI_MODULE, ensure.PKG)


# --- The CLI on PATH


@pytest.mark.parametrize("version", ["v3.259.0", "v3.274.1", "v4.0.0", "3.1000.0-dev"])
def test_a_recent_cli_on_path_is_used(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = pulumi(tmp_path / "installed", version)
    first_on_path(installed)

    assert ensure.main() == 0
    assert capsys.readouterr() == (f"{installed}\n", "")


@pytest.mark.parametrize("version", ["v3.258.9", "v3.99.0", "v2.300.0", ""])
def test_an_old_cli_on_path_is_not_used(ensure: ModuleType, tmp_path: Path, first_on_path: Put, version: str) -> None:
    first_on_path(pulumi(tmp_path / "installed", version))
    first_on_path(go(tmp_path / "go"))

    assert ensure.engine_path() == tmp_path / "cache" / CLI / "bin"


def test_a_cli_that_does_not_run_is_not_used(ensure: ModuleType, tmp_path: Path, first_on_path: Put) -> None:
    command(pulumi(tmp_path / "installed", ""), "pulumi", "echo v3.274.1; exit 3")
    first_on_path(tmp_path / "installed")

    with pytest.raises(ensure.EngineError, match="does not report its version"):
        ensure.installed_path()


@pytest.mark.parametrize("missing", OFFICIAL_INSTALLATION)
def test_a_cli_without_its_python_commands_is_not_used(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put, missing: str
) -> None:
    first_on_path(pulumi(tmp_path / "elsewhere", "v3.274.1"))
    first_on_path(pulumi(tmp_path / "installed", "v3.274.1", without=missing))

    with pytest.raises(ensure.EngineError, match=f"has no {missing} next to it$"):
        ensure.installed_path()


def test_a_link_to_an_installed_cli_leads_to_its_installation(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put
) -> None:
    installed = pulumi(tmp_path / "installed", "v3.274.1")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "pulumi").symlink_to(installed / "pulumi")
    first_on_path(tmp_path / "links")

    assert ensure.engine_path() == installed


def test_what_was_built_does_not_hide_an_installed_cli(ensure: ModuleType, tmp_path: Path, first_on_path: Put) -> None:
    first_on_path(pulumi(tmp_path / "installed", "v3.274.1"))
    first_on_path(pulumi(tmp_path / "cache" / CLI / "bin", "v3.274.1"))

    assert ensure.engine_path() == tmp_path / "installed"


def test_the_version_is_asked_for_without_an_update_check(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_SKIP_UPDATE_CHECK", raising=False)
    command(pulumi(tmp_path / "installed", ""), "pulumi", '[ "$PULUMI_SKIP_UPDATE_CHECK" = true ] && echo v3.274.1')
    first_on_path(tmp_path / "installed")

    assert ensure.engine_path() == tmp_path / "installed"


# --- A build


def test_without_a_cli_everything_is_built_from_the_pinned_modules(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    first_on_path(go(tmp_path / "go"))

    assert ensure.main() == 0

    built = tmp_path / "cache" / CLI / "bin"
    output = capsys.readouterr()
    assert output.out == f"{built}\n"
    assert f"No pulumi is on PATH. Building {CLI} with Go 1.99.1" in output.err
    assert {file.name for file in built.iterdir()} == {"pulumi", *OFFICIAL_INSTALLATION}
    assert (built / "pulumi").read_text() == f"built in {SCRIPT.parent / 'cli'}\n"
    assert (built / "pulumi-language-python").read_text() == f"built in {SCRIPT.parent / 'language'}\n"
    for script in SCRIPTS_OF_THE_SDK:
        copied = built / Path(script).name
        assert copied.read_text() == f"of the SDK: {script}"
        assert stat.S_IMODE(copied.stat().st_mode) == 0o755


def test_a_build_keeps_to_go_sum_and_uses_the_pinned_versions(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put
) -> None:
    first_on_path(go(tmp_path / "go"))
    ensure.engine_path()

    builds = [call for call in calls(tmp_path / "go") if " go build " in call]
    assert len(builds) == 2
    assert all("-mod=readonly" in build and "-trimpath" in build for build in builds)
    assert f"/go/common/version.Version={CLI} " in builds[0]
    assert f"/go/common/version.Version={LANGUAGE_HOST} " in builds[1]


def test_the_users_goflags_hold_but_no_other_go_is_downloaded(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", "-p=1")
    monkeypatch.setenv("GOTOOLCHAIN", "auto")
    first_on_path(go(tmp_path / "go"))
    ensure.engine_path()

    held = "GOFLAGS=-p=1 GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0 "
    assert all(call.startswith(held) for call in calls(tmp_path / "go"))


def test_the_very_go_that_the_go_mods_ask_for_will_do(ensure: ModuleType, tmp_path: Path, first_on_path: Put) -> None:
    first_on_path(go(tmp_path / "go", f"go{GO}"))

    assert (ensure.engine_path() / "pulumi").exists()


def test_what_is_built_is_used_again_without_asking_go(ensure: ModuleType, tmp_path: Path, first_on_path: Put) -> None:
    first_on_path(go(tmp_path / "go"))
    built = ensure.engine_path()
    before = calls(tmp_path / "go")

    assert ensure.engine_path() == built
    assert calls(tmp_path / "go") == before


def test_a_changed_pin_is_built_anew(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_on_path(go(tmp_path / "go"))
    built = ensure.engine_path()
    language = tmp_path / "language"
    language.mkdir()
    for name in ("go.mod", "go.sum"):
        (language / name).write_text((SCRIPT.parent / "language" / name).read_text() + "\n// changed\n")
    monkeypatch.setattr(ensure, "LANGUAGE_MODULE", language)

    assert ensure.engine_path() == built
    assert (built / "pulumi-language-python").read_text() == f"built in {language}\n"


def test_a_build_that_lost_a_file_is_built_anew(ensure: ModuleType, tmp_path: Path, first_on_path: Put) -> None:
    first_on_path(go(tmp_path / "go"))
    built = ensure.engine_path()
    (built / "pulumi-language-python-exec").unlink()

    assert (ensure.engine_path() / "pulumi-language-python-exec").exists()


def test_a_failed_build_shows_gos_last_lines_and_leaves_nothing_to_use(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = 'i=1; while [ $i -le 40 ]; do echo "line $i" >&2; i=$((i + 1)); done; exit 7'
    first_on_path(go(tmp_path / "go", build=f'case "$PWD" in */language) {failing} ;; esac'))

    assert ensure.main() == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert "failed with exit code 7" in output.err
    assert output.err.endswith("\nline 39\nline 40\n")
    assert "line 20\n" not in output.err
    assert "Traceback" not in output.err
    assert not (tmp_path / "cache" / CLI).exists()


def test_what_a_killed_build_left_does_not_get_into_the_next(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put
) -> None:
    first_on_path(go(tmp_path / "go"))
    command(tmp_path / "cache" / "unfinished" / "bin", "left-over")

    assert not (ensure.engine_path() / "left-over").exists()


def test_two_processes_at_once_build_once(tmp_path: Path) -> None:
    tool = shutil.copytree(SCRIPT.parent, tmp_path / "tools" / "pulumi") / SCRIPT.name
    environment = {"PATH": f"{go(tmp_path / 'go', build='sleep 0.1')}{os.pathsep}{shell_commands(tmp_path / 'shell')}"}
    both = [
        subprocess.Popen(
            [sys.executable, str(tool)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outputs = [process.communicate()[0] for process in both]

    assert outputs == [f"{tmp_path}/.cache/pulumi/{CLI}/bin\n"] * 2
    assert sum(" go build " in call for call in calls(tmp_path / "go")) == 2


# --- Neither


def test_without_cli_and_go_one_message_names_the_ways_out(
    ensure: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ensure.main() == 1
    assert capsys.readouterr() == (
        "",
        "No pulumi is on PATH, and there is no Go to build one. Install the Pulumi CLI as "
        f"https://www.pulumi.com/docs/install/ describes, or Go {GO} or later, with which it is built here.\n",
    )


def test_an_old_cli_without_go_is_named_in_the_message(ensure: ModuleType, tmp_path: Path, first_on_path: Put) -> None:
    first_on_path(pulumi(tmp_path / "installed", "v3.200.0"))

    with pytest.raises(ensure.EngineError) as error:
        ensure.engine_path()

    assert str(error.value).startswith(
        f"{tmp_path}/installed/pulumi is 3.200.0, older than 3.259.0, and there is no Go to build one. "
    )


@pytest.mark.parametrize("version", ["go1.26.5", "go1.9.9", "devel"])
def test_a_go_too_old_is_reported_before_anything_is_built(
    ensure: ModuleType, tmp_path: Path, first_on_path: Put, version: str
) -> None:
    first_on_path(go(tmp_path / "go", version))

    with pytest.raises(ensure.EngineError, match=rf"too old to build one\. .* or Go {GO} or later"):
        ensure.engine_path()

    assert len(calls(tmp_path / "go")) == 1


def test_the_command_line_prints_the_directory_alone(tmp_path: Path) -> None:
    installed = pulumi(tmp_path / "installed", "v3.274.1")

    answer = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={"PATH": f"{installed}{os.pathsep}/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert (answer.stdout, answer.stderr) == (f"{installed}\n", "")
