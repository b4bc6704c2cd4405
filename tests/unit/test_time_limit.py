"""The time limit of a command, run by real shells: with and without bash, `timeout` and `setsid`.

What becomes of `max_duration` on its way is in `test_max_duration.py`; whether a limit has ended a run is in
`test_ended_by_time_limit.py`.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulumi_tione._schema.time_limit import (
    MARKED_LINE,
    MAX_BYTES,
    limit_commands,
    unlimited_commands,
    with_time_limit,
    without_time_limit,
)

TOOLS = ("sh", "sleep", "true", "cat", "env")
LINE = "pulumi-tione: time limit of 1 s reached, run ended"

TRICKY = [
    "ls",
    "",
    " ",
    "\n\n",
    "echo 'it'\\''s' \"$HOME\" `id` \\ \\\\ $(id) $'\\n'",
    "cat <<'EOF'\na\n\n$b\nEOF\n",
    "python train.py --name '中文 ✓ 𝔘' && echo done\r\n",
    "'",
    "''",
    "\\",
    "'\\''",
    "#",
    "-c",
    with_time_limit("python train.py", 60),
    with_time_limit(with_time_limit("it's", 7), 60),
    with_time_limit("python train.py", 60) + " && echo more",
    with_time_limit("python train.py", 60)[:-1],
    "x" * 100_000,
]
"""Commands that are hard to quote, and some that have a limit already."""


IMAGES = ["bash timeout", "timeout", "bash", "setsid", "sh"]
"""What an image has besides the tools that every one has."""

with_groups = pytest.mark.parametrize("path", IMAGES[:-1], indirect=True)
"""Images in which something can make a process group."""

with_interrupts = pytest.mark.parametrize("path", IMAGES[:-2], indirect=True)
"""Images in which a process in the background does not ignore an interrupt."""


@pytest.fixture(params=IMAGES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a PATH with the tools that an image has."""
    for tool in {*TOOLS, *request.param.split()}:
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    return str(tmp_path)


def has(path: str, tool: str) -> bool:
    return (Path(path) / tool).exists()


def run(command: str, path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


Print = Callable[[str], tuple[int, list[str]]]


@pytest.fixture
def printed_by(path: str, tmp_path: Path) -> Print:
    """Run a command whose processes may outlive it, as those of a container do not: return its code and its output."""

    def run_to_file(command: str) -> tuple[int, list[str]]:
        log = tmp_path / "log"
        with log.open("w") as output:
            ran = subprocess.run(
                ["/bin/sh", "-c", command],
                env={"PATH": path},
                stdout=output,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=60,
            )
        return ran.returncode, log.read_text().splitlines()

    return run_to_file


@pytest.mark.parametrize("code", [0, 3, 124, 127, 137])
def test_a_command_that_ends_by_itself_keeps_its_output_and_its_code(path: str, code: int) -> None:
    ran = run(with_time_limit(f"echo 'it''s done'; echo wrong >&2; exit {code}", 60), path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (code, "its done\n", "wrong\n")


def test_a_command_that_a_signal_ends_has_the_code_of_a_shell(path: str) -> None:
    ran = run(with_time_limit("kill -KILL $$", 60), path)
    assert (ran.returncode, ran.stdout) == (137, "")


def test_a_command_that_takes_too_long_is_ended_with_one_line(printed_by: Print) -> None:
    begun = time.monotonic()
    assert printed_by(with_time_limit("echo begun; sleep 25; echo never", 1)) == (124, ["begun", LINE])
    assert 1 <= time.monotonic() - begun < 20


def test_a_command_may_save_what_it_has_done_when_its_time_is_over(printed_by: Print) -> None:
    command = "trap 'sleep 0.3; echo saved; exit 0' TERM; echo begun; while :; do sleep 0.1; done"
    assert printed_by(with_time_limit(command, 1)) == (124, ["begun", "saved", LINE])


@with_groups
def test_a_process_that_the_command_has_started_may_save_as_well(printed_by: Print) -> None:
    inner = shlex.quote("trap 'sleep 1; echo saved; exit 0' TERM; echo begun; while :; do sleep 0.1; done")
    command = with_time_limit(f"sh -c {inner}; echo never", 1)
    assert printed_by(command) == (124, ["begun", "saved", LINE])


def test_a_command_that_does_not_end_is_killed(printed_by: Print) -> None:
    command = with_time_limit("trap '' TERM; echo begun; while :; do sleep 0.1; done", 1)
    assert command.count("tl_grace=60;") == 1
    assert printed_by(command.replace("tl_grace=60;", "tl_grace=1;")) == (124, ["begun", LINE])


def ensure_signal_reaches_command(path: str, name: str) -> None:
    # The timeout of GNU loses a signal in the moment in which it has just started the command.
    trap = f"trap 'echo {name}; exit 5' {name}; sleep 0.3; echo ready; while :; do sleep 0.1; done"
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {with_time_limit(trap, 60)}"], env={"PATH": path}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(getattr(signal, f"SIG{name}"))
            assert process.stdout.readline() == f"{name}\n"
            assert process.wait(timeout=30) == 5
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("name", ["TERM", "HUP"])
def test_a_signal_reaches_the_command(path: str, name: str) -> None:
    ensure_signal_reaches_command(path, name)


@with_interrupts
def test_an_interrupt_reaches_the_command(path: str) -> None:
    ensure_signal_reaches_command(path, "INT")


def test_bash_runs_the_command_where_there_is_one(path: str) -> None:
    ran = run(with_time_limit("a=(1 2); echo ${#a[@]}", 60), path)
    assert (ran.stdout == "2\n") == has(path, "bash")


def test_an_image_without_what_keeps_the_limit_does_not_run_the_command(tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "")
    ran = run(with_time_limit("echo begun", 60), str(tmp_path))
    message = "pulumi-tione: the image has no sleep, which max_duration needs\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (125, "", message)


def test_another_shell_that_is_called_bash_is_not_used(tmp_path: Path) -> None:
    for tool in ("sh", "sleep", "setsid"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or "")
    refusing = tmp_path / "bash"
    refusing.write_text('#!/bin/sh\n[ $1 = -p ] && exit 2\nexec sh "$@"\n', encoding="utf-8")
    refusing.chmod(0o755)
    ran = run(with_time_limit("echo begun; exit 3", 60), str(tmp_path))
    assert (ran.returncode, ran.stdout) == (3, "begun\n")


def test_the_command_has_the_environment_of_the_task_alone(path: str) -> None:
    counted = ("SHLVL=", "_=")  # a shell counts those around it
    variables = {"tl": "1", "c": "2", "IFS": "x", "BASH_ENV": "/nowhere"}

    def lines(command: str) -> set[str]:
        return {line for line in run(command, path, **variables).stdout.splitlines() if not line.startswith(counted)}

    assert lines(with_time_limit("env", 60)) == lines(f"{'bash' if has(path, 'bash') else 'sh'} -c env")


@with_interrupts
def test_the_command_reacts_to_an_interrupt_as_without_a_limit(path: str) -> None:
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    ran = run(with_time_limit(shlex.join([sys.executable, "-c", code]), 60), path)
    assert ran.stdout == "True\n"


def test_the_original_is_one_word_of_the_limited_command() -> None:
    for command in TRICKY:
        assert shlex.split(with_time_limit(command, 90))[-2:] == ["90", command]


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(TRICKY), st.integers(1, 10**7))
@example("'", 1)
def test_the_limit_is_removed_exactly(command: str, seconds: int) -> None:
    assert without_time_limit(with_time_limit(command, seconds)) == (command, seconds)


@given(st.text(max_size=40) | st.sampled_from(TRICKY), st.integers(0, 3000))
def test_a_text_that_is_not_exactly_a_limited_command_stays_as_it_is(text: str, position: int) -> None:
    limited = with_time_limit("python train.py", 60)
    changed = limited[:position] + text + limited[position:]
    command, seconds = without_time_limit(changed)
    assert changed == (command if seconds is None else with_time_limit(command, seconds))


@pytest.mark.parametrize("seconds", ["0", "01", "-1", "1.5", "", "x", "1 1"])
def test_another_number_is_no_limit(seconds: str) -> None:
    limited = with_time_limit("python train.py", 60).replace(" 60 'python", f" {seconds} 'python")
    assert without_time_limit(limited) == (limited, None)


def test_the_commands_that_are_set_have_one_limit() -> None:
    commands = {"StartCmd": "", "PsStartCmd": "serve", "WorkerStartCmd": "it's"}
    limited = limit_commands(commands, 60)
    assert limited == {
        "StartCmd": "",
        "PsStartCmd": with_time_limit("serve", 60),
        "WorkerStartCmd": with_time_limit("it's", 60),
    }
    assert unlimited_commands(limited) == (commands, 60)


@pytest.mark.parametrize(
    "commands",
    [
        {},
        {"StartCmd": "", "WorkerStartCmd": None},
        {"StartCmd": "serve", "WorkerStartCmd": with_time_limit("train", 60)},
        {"StartCmd": with_time_limit("serve", 61), "WorkerStartCmd": with_time_limit("train", 60)},
    ],
)
def test_commands_without_a_common_limit_stay_as_they_are(commands: dict[str, str]) -> None:
    assert unlimited_commands(commands) == (commands, None)


def test_the_line_is_recognized_wherever_it_stands() -> None:
    found = re.search(MARKED_LINE, f"50%|#####     |{LINE}")
    assert found
    assert found[1] == "1"


def test_the_longest_command_is_one_that_a_process_can_take() -> None:
    longest = "true #" + "x" * (MAX_BYTES - len(with_time_limit("true #", 60)))
    command = with_time_limit(longest, 60)
    assert len(command) == MAX_BYTES
    assert subprocess.run(["/bin/sh", "-c", command], check=False).returncode == 0
    with pytest.raises(OSError, match="too long"):
        subprocess.run(["/bin/sh", "-c", command + " "], check=False)


def test_the_prefix_of_this_version_never_changes() -> None:
    """Tasks have it. Another prefix needs another name, and this one must still be read."""
    digest = hashlib.sha256(with_time_limit("x", 1).encode()).hexdigest()
    assert digest == "f9672ce392aca44f9754cab625a23dee20809bb6766bc91fc322da31c496f2da"
