"""What is understood of a start command, and what is left alone."""

from __future__ import annotations

import math

import pytest

from pulumi_tione.emulator.tasks.start_command import commands_of, deciding_command
from pulumi_tione.emulator.tasks.workload import parse_workload


@pytest.mark.parametrize(
    ("command", "seconds", "exit_code", "output"),
    [
        ("sleep 5", 5, 0, ()),
        ("sleep 0.5", 0.5, 0, ()),
        ("sleep 2m", 120, 0, ()),
        ("sleep infinity", math.inf, 0, ()),
        ("exit 3", 0, 3, ()),
        ("exit", 0, 0, ()),
        ("exit 256", 0, 0, ()),
        ('sh -c "exit 3"', 0, 3, ()),
        ("bash -c 'sleep 1; exit 2'", 1, 2, ()),
        ('sh -c "exit 3"; sleep 1', 1, 0, ()),
        ("true", 0, 0, ()),
        ("false", 0, 1, ()),
        ("false; true", 0, 0, ()),
        ("false && sleep 9", 0, 1, ()),
        ("false && sleep 9; sleep 1", 1, 0, ()),
        ("true && sleep 9", 9, 0, ()),
        ("exit 1; sleep 9", 0, 1, ()),
        ("sleep 1\nsleep 2\n", 3, 0, ()),
        ("echo epoch 1; sleep 2; echo 'epoch  2'", 2, 0, ((0, "epoch 1"), (2, "epoch  2"))),
        ("echo 中文", 0, 0, ((0, "中文"),)),
    ],
)
def test_a_simple_command_is_understood(
    command: str, seconds: float, exit_code: int, output: tuple[tuple[float, str], ...]
) -> None:
    workload = parse_workload(command)
    assert workload is not None
    assert (workload.seconds, workload.exit_code, workload.output) == (seconds, exit_code, output)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "\n",
        "python train.py",
        "sleep 5; python train.py",
        "sleep $N",
        "sleep `cat n`",
        "echo $HOME",
        "echo *",
        "sleep 5 | cat",
        "sleep 5 > /dev/null",
        "sleep 5 &",
        "sleep 5 || true",
        "(sleep 5)",
        "sleep five",
        "sleep",
        "sleep 1 2",
        "exit three",
        "sh -c",
        "sh train.sh",
        "sleep 5;;",
        "sleep 5 &&",
        "echo 'not closed",
        "sleep -5",
    ],
)
def test_anything_else_is_left_alone(command: str) -> None:
    assert parse_workload(command) is None


def test_the_workers_command_decides() -> None:
    assert (
        deciding_command(commands_of({"StartCmdInfo": {"StartCmd": "a", "PsStartCmd": "b", "WorkerStartCmd": "c"}}))
        == "c"
    )
    assert deciding_command(commands_of({"StartCmdInfo": {"StartCmd": "a", "PsStartCmd": "b"}})) == "a"
    assert deciding_command(commands_of({"StartCmdInfo": {"PsStartCmd": "b"}})) == "b"
    assert deciding_command(commands_of({})) == ""


def test_all_three_commands_are_shown_as_text() -> None:
    assert commands_of({"StartCmdInfo": {"StartCmd": "a"}}) == {"StartCmd": "a", "PsStartCmd": "", "WorkerStartCmd": ""}
