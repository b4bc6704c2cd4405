"""`pulumi-tione logs` and `events`: what a task prints, and what happened to it.

The pages of a log are in `tests/unit/test_logs.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from engine_support import Stack
from local_tione import SMALLEST_BODY, client_of

from pulumi_tione.cli import logs as logs_command
from pulumi_tione.cli import main
from pulumi_tione.cli.options import start_time
from pulumi_tione.emulator import Emulator

Run = Callable[..., Result]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(speed=100, requests_a_second=None) as running:
        yield running


@pytest.fixture
def tione(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `pulumi-tione` outside of any project, with the settings of the environment. Pauses are short."""
    sleep = time.sleep
    monkeypatch.setattr(logs_command, "_sleep", lambda seconds: sleep(seconds / 20))

    def run(*arguments: str, exit_code: int = 0, color: bool = False) -> Result:
        others: dict[str, str | None] = dict.fromkeys(os.environ)
        environment = {"PATH": os.environ["PATH"], **emulator.environment}
        command = [*arguments, f"--cwd={tmp_path}"]
        result = CliRunner(env={**others, **environment}).invoke(main, command, color=color)
        assert result.exit_code == exit_code, result.output + repr(result.exception)
        return result

    return run


def create(emulator: Emulator, command: str = "sleep 5", nodes: int = 1, name: str = "bert", **members: Any) -> str:
    group = {**SMALLEST_BODY["ResourceConfigInfos"][0], "InstanceNum": nodes}
    commands = {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": command}
    body = {**SMALLEST_BODY, "Name": name, "StartCmdInfo": commands, "ResourceConfigInfos": [group], **members}
    return client_of(emulator).create_training_task(body)


def test_a_log_is_printed_by_id_and_by_name_each_line_with_its_pod(tione: Run, emulator: Emulator) -> None:
    emulator.plan_runs("bert", output=[(0.0, "one"), (1.0, "two \x1b[31mred"), (2.0, "a\tb")])
    task_id = create(emulator, nodes=2)
    emulator.advance(60)
    lines = tione("logs", task_id).stdout.splitlines()
    assert lines == tione("logs", "bert").stdout.splitlines()
    assert [line for line in lines if line.startswith("master-0 | ")] == [
        "master-0 | one",
        r"master-0 | two \x1b[31mred",
        "master-0 | a       b",
    ]
    assert len(lines) == 6


def test_pods_tails_times_and_patterns_can_be_chosen(tione: Run, emulator: Emulator) -> None:
    emulator.plan_runs("bert", output=[(float(number), f"epoch {number}") for number in range(5)], running_seconds=10)
    create(emulator, nodes=3)
    emulator.advance(60)
    assert tione("logs", "bert", "--pod", "worker-1").stdout == "".join(f"worker-1 | epoch {n}\n" for n in range(5))
    assert {line.split()[0] for line in tione("logs", "bert", "--pod", "worker-*").stdout.splitlines()} == {
        "worker-0",
        "worker-1",
    }
    assert tione("logs", "bert", "--pod", "master-0", "--tail", "2").stdout.split() == (
        ["master-0", "|", "epoch", "3", "master-0", "|", "epoch", "4"]
    )
    assert len(tione("logs", "bert", "--grep", "epoch [23]").stdout.splitlines()) == 6
    assert len(tione("logs", "bert", "--grep", "epoch [23]", "--tail", "4").stdout.splitlines()) == 4
    emulator.advance(86400)
    assert len(tione("logs", "bert").stdout.splitlines()) == 15
    long_after = f"{emulator.now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert tione("logs", "bert", "--since", long_after).stdout == ""
    assert len(tione("logs", "bert", "--since", "2d").stdout.splitlines()) == 15
    stamped = tione("logs", "bert", "--tail", "1", "--timestamps").stdout
    assert stamped.split()[0].endswith("Z")
    assert tione("logs", "bert", "--since", stamped.split()[0]).stdout.splitlines()[0].endswith("epoch 4")


def test_each_line_is_a_json_object_on_demand(tione: Run, emulator: Emulator) -> None:
    emulator.plan_runs("bert", output=[(0.0, "中文 \x1b")])
    create(emulator)
    emulator.advance(60)
    (record,) = (json.loads(line) for line in tione("logs", "bert", "--json").stdout.splitlines())
    assert record["message"] == "中文 \x1b"
    assert record["pod"] == f"{record['run']}-master-0"
    assert set(record) == {"time", "run", "pod", "message", "id"}


def test_each_pod_has_a_colour_where_there_are_colours(tione: Run, emulator: Emulator) -> None:
    create(emulator, "echo x", nodes=2)
    emulator.advance(60)
    assert tione("logs", "bert", color=True).stdout.splitlines() == [
        "\x1b[36mmaster-0\x1b[0m | x",
        "\x1b[33mworker-0\x1b[0m | x",
    ]


@pytest.mark.parametrize(
    ("how", "exit_code"),
    [({}, 0), ({"outcome": "FAILED"}, 1), ({"outcome": "SUBMIT_FAILED", "failure_reason": "no image"}, 1)],
)
def test_following_ends_with_the_task_and_its_exit_code_is_the_result(
    tione: Run, emulator: Emulator, how: dict[str, Any], exit_code: int
) -> None:
    output = [(float(number), f"line {number}") for number in range(100)]
    emulator.plan_runs("bert", output=output, running_seconds=100, **how)
    task_id = create(emulator)
    result = tione("logs", "bert", "--follow", exit_code=exit_code)
    status = emulator.tasks()[0]["Status"]
    assert f"{task_id} ended {status}" in result.stderr
    never_ran = status == "SUBMIT_FAILED"
    assert result.stdout.splitlines() == ([] if never_ran else [f"master-0 | line {n}" for n in range(100)])


def test_following_a_task_that_was_stopped_ends_with_three(tione: Run, emulator: Emulator) -> None:
    task_id = create(emulator, "echo x; sleep 36000")
    emulator.advance(10)
    emulator.platform_stop(task_id)
    emulator.advance(10)
    result = tione("logs", "bert", "--follow", "--tail", "0", exit_code=3)
    assert result.stdout == ""
    assert "ended STOPPED: Platform Stop" in result.stderr


def test_following_a_task_that_is_deleted_ends_with_four(emulator: Emulator, tione: Run) -> None:
    task_id = create(emulator, "sleep 36000")
    emulator.faults.add("DescribeTrainingTask", first=3, times=None, code="ResourceNotFound")
    assert "was deleted" in tione("logs", task_id, "--follow", exit_code=4).stderr


def test_who_follows_may_stop_reading_or_interrupt(emulator: Emulator, tmp_path: Path) -> None:
    create(emulator, "echo x; sleep 36000")
    emulator.advance(10)
    command = [sys.executable, "-m", "pulumi_tione.cli", "logs", "bert", "-f", f"--cwd={tmp_path}"]
    environment = {"PATH": os.environ["PATH"], **emulator.environment}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"master-0 | x\n"
        process.send_signal(2)
        assert process.wait(10) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_reader_that_goes_away_is_no_error(emulator: Emulator, tmp_path: Path) -> None:
    emulator.plan_runs("bert", output=[(0.0, "x" * 1000)] * 5000)
    create(emulator)
    emulator.advance(60)
    command = f"{sys.executable} -m pulumi_tione.cli logs bert --cwd={tmp_path} | head -1"
    environment = {"PATH": os.environ["PATH"], **emulator.environment}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=True)
    assert done.stdout.startswith(b"master-0 | xxx")
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("arguments", "violation"),
    [
        (["logs", "nobody"], "there is no training task 'nobody' in ap-guangzhou (default workspace)"),
        (["logs", "train-1"], "there is no training task 'train-1'"),
        (["events", "nobody"], "there is no training task 'nobody'"),
        (["logs", "bert", "--pod", "ps-0"], "has no pod 'ps-0': its latest run has master-0"),
        (["logs", "bert", "--region", "ap-shanghai"], "there is no training task 'bert' in ap-shanghai"),
        (["logs", "bert", "--workspace", "ws-1"], "(workspace ws-1)"),
        (["logs", "bert", "--since", "soon"], "use a duration such as 90s"),
        (["logs", "bert", "--since", "2025-08-01 10:00:00"], "use a duration such as 90s"),
        (["logs", "bert", "--grep", "("], "is not a regular expression"),
        (["logs", "bert", "--tail", "-1"], "-1"),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_code_two(
    tione: Run, emulator: Emulator, arguments: list[str], violation: str
) -> None:
    create(emulator)
    emulator.advance(60)
    result = tione(*arguments, exit_code=2)
    assert violation in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_events_are_shown_the_oldest_first(tione: Run, emulator: Emulator) -> None:
    emulator.plan_runs("bert", outcome="FAILED", failure_reason="loss is NaN\x1b[2J")
    create(emulator)
    emulator.advance(60)
    lines = tione("events", "bert").stdout.splitlines()
    assert lines[0].split() == ["LAST", "SEEN", "TYPE", "COUNT", "OBJECT", "MESSAGE"]
    assert "The task is SUBMITTING." in lines[1]
    assert r"The task is FAILED. loss is NaN\x1b[2J" in lines[-1]
    assert len(tione("events", "bert", "--warnings").stdout.splitlines()) == 2
    listed = json.loads(tione("events", "bert", "--json").stdout)
    assert [event["type"] for event in listed] == ["Normal"] * 4 + ["Warning"]
    emulator.advance(86400 * 3)
    assert len(tione("events", "bert").stdout.splitlines()) == len(lines)
    long_after = f"{emulator.now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%S+00:00}"
    assert "No events of train-" in tione("events", "bert", "--since", long_after).stdout


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("3d", 259_200)])
def test_a_beginning_may_be_a_length_of_time(text: str, seconds: int) -> None:
    parsed: list[datetime] = []

    @click.command()
    @click.option("--since", callback=start_time)
    def take(since: datetime) -> None:
        parsed.append(since)

    CliRunner().invoke(take, ["--since", text])
    assert abs((datetime.now(timezone.utc) - parsed[0]).total_seconds() - seconds) < 60


@pytest.mark.engine
def test_a_task_of_the_stack_is_found_by_the_name_of_its_resource_wherever_it_is(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program('tione.TrainingTask("t", region="ap-shanghai", **(B | dict(name="bert")))')
    stack.up()
    emulator.advance(60)
    others: dict[str, str | None] = dict.fromkeys(os.environ)
    runner = CliRunner(env={**others, **stack.environment})
    for name in ("t", "bert", str(emulator.tasks()[0]["Id"])):
        result = runner.invoke(main, ["events", name, f"--cwd={stack.workspace.project}"])
        assert "The task is SUCCEED." in result.stdout
    result = runner.invoke(main, ["logs", "other", f"--cwd={stack.workspace.project}"])
    assert result.exit_code == 2
    assert "nor in the state of test/dev. For another region or workspace, add --region or --workspace" in result.stderr


@pytest.mark.long
def test_a_hundred_thousand_lines_are_followed_though_every_tenth_answer_is_lost(
    emulator: Emulator, tmp_path: Path
) -> None:
    output = [(number / 200, f"line {number}") for number in range(20_000)]
    emulator.plan_runs("bert", output=output, running_seconds=101)
    create(emulator, nodes=5)
    for tenth in range(10, 4000, 10):
        emulator.faults.add("*", first=tenth, connection="close")
    command = [sys.executable, "-m", "pulumi_tione.cli", "logs", "bert", "--follow", f"--cwd={tmp_path}"]
    environment = {"PATH": os.environ["PATH"], **emulator.environment}
    begun = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    print(f"{time.monotonic() - begun:.0f} s, {len(emulator.requests())} requests")
    lines = done.stdout.splitlines()
    assert len(lines) == len(set(lines)) == 100_000
    of_pod: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines:
        pod, _, text = line.partition(" | ")
        of_pod[pod].append(text)
    assert len(of_pod) == 5
    assert all(texts == [text for _, text in output] for texts in of_pod.values())
    assert any("connection close" in str(request) for request in emulator.requests())


def test_no_colour_is_used_where_the_environment_asks_for_none(
    tione: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(emulator, "echo x")
    emulator.advance(60)
    assert "\x1b" in tione("logs", "bert", color=True).stdout
    monkeypatch.setattr(logs_command, "_sleep", time.sleep)
    runner = CliRunner(env={**emulator.environment, "PATH": os.environ["PATH"], "NO_COLOR": "1"})
    assert runner.invoke(main, ["logs", "bert"], color=True).stdout == "master-0 | x\n"


def test_a_log_without_lines_is_reported(tione: Run, emulator: Emulator) -> None:
    task_id = create(emulator, "sleep 200")
    assert tione("logs", "bert").stderr == f"{task_id} has no log lines\n"
    assert tione("logs", "bert", "--since", "1s").stderr == f"{task_id} has no log lines since that time\n"
    followed = tione("logs", "bert", "--follow").stderr
    assert followed.count(f"{task_id} has no log lines yet. Waiting for the first one") == 1


def test_times_have_a_zone(tione: Run, emulator: Emulator) -> None:
    create(emulator, "echo x")
    emulator.advance(60)
    record = json.loads(tione("logs", "bert", "--json").stdout)
    (event, *_) = json.loads(tione("events", "bert", "--json").stdout)
    for text in (record["time"], event["lastSeen"], tione("logs", "bert", "-t").stdout.split()[0]):
        assert datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
