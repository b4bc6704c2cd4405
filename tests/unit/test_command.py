"""Which command of Pulumi runs the program, by the processes of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_tione._pulumi import command
from pulumi_tione._pulumi.command import Process, is_without_update, is_without_update_among

PROGRAM = 40
HOST = ["/opt/pulumi/pulumi-language-python", "127.0.0.1:5000"]


def started_by(*cli: str, outer: tuple[str, ...] = ("bash",)) -> dict[int, Process]:
    """Return the processes of a program that a CLI has started."""
    return {
        1: Process(0, ["init"]),
        10: Process(1, outer),
        20: Process(10, cli),
        30: Process(20, HOST),
        PROGRAM: Process(30, ["python3", "-u", "pulumi-language-python-exec"]),
    }


@pytest.mark.parametrize(
    ("cli", "is_skipped"),
    [
        ("pulumi destroy --run-program --yes", True),
        ("/opt/pulumi/bin/pulumi --non-interactive --color=never destroy --yes --run-program", True),
        ("pulumi -C project -s dev down --run-program", True),
        ("pulumi --cwd up dn --run-program", True),
        ("pulumi.exe refresh --run-program", True),
        ("pulumi up --yes", False),
        ("pulumi up --refresh --target destroy", False),
        ("pulumi -s destroy up", False),
        ("pulumi --stack refresh update", False),
        ("pulumi preview", False),
        ("pulumi", False),
        ("pulumi-something destroy", False),
    ],
)
def test_the_command_line_of_the_cli_decides(cli: str, is_skipped: bool) -> None:
    assert is_without_update_among(started_by(*cli.split()), PROGRAM) == is_skipped


def test_the_nearest_cli_counts() -> None:
    outer = ("pulumi", "destroy", "--run-program")
    assert not is_without_update_among(started_by("pulumi", "up", outer=outer), PROGRAM)
    assert is_without_update_among(started_by("pulumi", "destroy", outer=("pulumi", "up")), PROGRAM)


def test_an_inline_program_is_run_by_a_child_of_its_process() -> None:
    processes = {
        1: Process(0, ["init"]),
        PROGRAM: Process(1, ["python3", "deploy.py"]),
        50: Process(PROGRAM, ["pulumi", "destroy", "--run-program", "--client=127.0.0.1:5000"]),
        51: Process(PROGRAM, ["git", "log"]),
    }
    assert is_without_update_among(processes, PROGRAM)
    processes[52] = Process(PROGRAM, ["pulumi", "up", "--client=127.0.0.1:5001"])
    assert not is_without_update_among(processes, PROGRAM), "either may run it: then it waits"
    processes[10] = Process(1, ["pulumi", "destroy"])
    del processes[50]
    assert not is_without_update_among(processes, PROGRAM)


def test_processes_that_cannot_be_seen_mean_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_without_update_among({}, PROGRAM)
    assert not is_without_update_among({PROGRAM: Process(PROGRAM, [])}, PROGRAM)
    monkeypatch.setattr(command, "_processes", lambda: 1 / 0)
    assert not is_without_update()


@pytest.mark.parametrize("verb", ["destroy", "up"])
def test_real_processes_are_read(verb: str, tmp_path: Path) -> None:
    cli = tmp_path / "pulumi"
    cli.symlink_to(shutil.which("bash") or "/bin/bash")
    program = "from pulumi_tione._pulumi.command import is_without_update; print(is_without_update())"
    script = tmp_path / "script"
    script.write_text(f"'{sys.executable}' -c '{program}'; true\n")
    # The name that a process was started with is its own: bash plays the CLI, and `destroy` is the script that it runs.
    (tmp_path / verb).write_text(script.read_text())
    shown = subprocess.run(
        [cli, verb, "--yes"], cwd=tmp_path, capture_output=True, text=True, timeout=60, env={**os.environ}, check=True
    )
    assert shown.stdout.strip() == str(verb == "destroy")


def test_the_list_of_ps_is_read_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "  1 0 init\n 20 1 pulumi destroy --stack 'a b'\n 30 20 host\n 40 30 python3 -c 'it''s\n  99 1\n"
    monkeypatch.setattr(Path, "exists", lambda _: False)
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=listed, stderr="")
    )
    processes = command._processes()
    assert processes[20] == Process(1, ["pulumi", "destroy", "--stack", "a b"])
    assert is_without_update_among(processes, PROGRAM)
