"""Every cell of the fault matrix, run with the real engine.

The expectations are data, in `tools/reliability/matrix.py`: exit code, the one line that is shown, and the commands
after which the account contains the tasks of the state, each created exactly once.

A new trouble is an entry in `TROUBLES` and a row in `MATRIX` there. Where a fault of the local TI-ONE is not enough,
what happens is a function in `_BEFORE`, `_MEANWHILE` or `_AFTER` below.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from engine_support import Stack, StackOf
from reliability_support import ANOTHER_KEY, Command, Service, wait_until, with_fast_time

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.emulator import DEFAULT_KEY, Lag
from tools.reliability import matrix, table
from tools.reliability.matrix import LAGGING, LAGS, MATRIX, NO_TROUBLE, OPERATIONS, TROUBLES, Cell, NotApplicable

HELD_SECONDS = 2.5
"""How long the service's answer is held back when something is to happen in the meantime."""

PROGRAM = """
tione.TrainingTask("t", **(B | dict(
    start_cmd_info={{"worker_start_cmd": "sleep 36000"}}, remark="{remark}", tags={{"team": "{team}"}}, {log}
)))
{look_up}
"""
ANOTHERS_TASK = {
    "Name": "anothers",
    "ChargeType": "POSTPAID_BY_HOUR",
    "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}],
    "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 36000"},
}


@dataclass
class Trial:
    """One cell: a stack on which an operation is done while something happens."""

    stack: Stack
    service: Service
    start: Callable[..., Command]
    operation: str
    what: str
    inputs: dict[str, str] = field(default_factory=lambda: {"remark": "a", "team": "nlp", "log": "", "look_up": ""})
    anothers_task: str | None = None
    lag: float = 0.0
    """For how many seconds reads lag."""

    @property
    def action(self) -> str:
        return OPERATIONS[self.operation].action

    def prepare(self) -> None:
        """Bring the stack to where the operation is what comes next."""
        if self.operation == "refresh":  # of an unchanged task without log delivery a list is enough
            self.write(log="log_enable=False")
        self.write()
        if self.operation != "create":
            self.stack.up()
            if self.lag and self.what != NO_TROUBLE:  # the state knows the task as it is once it has been seen
                time.sleep(self.lag)
                self.stack.refresh()
        if self.operation == "read":
            client = Client(Settings(lambda _: None, self.stack.environment), "ap-guangzhou")
            self.anothers_task = client.create_training_task(ANOTHERS_TASK)
            self.write(look_up=f'tione.TrainingTask.get("found", "{self.anothers_task}")')
        if self.operation == "update":
            self.write(team="cv")
        if self.operation == "replace":
            self.write(remark="b")

    def write(self, **inputs: str) -> None:
        self.inputs.update(inputs)
        self.stack.program(PROGRAM.format(**self.inputs))

    def strike(self) -> tuple[int, str]:
        """Run the operation's command during the trouble, and return how it ended."""
        arguments = self._arguments(OPERATIONS[self.operation].command)
        if self.what != NO_TROUBLE and TROUBLES[self.what].fault:
            self.service.emulator.faults.add(self.action, **TROUBLES[self.what].fault or {})
        happens_before = _BEFORE.get(self.what)
        if happens_before:
            happens_before(self)
        happens_meanwhile = _MEANWHILE.get((self.what, self.operation)) or _MEANWHILE.get((self.what, "*"))
        if happens_meanwhile is None:
            ended = self.stack.workspace.run(*arguments)
        else:
            seen = len(self.service.requests(self.action))
            self.service.emulator.faults.add(self.action, delay_seconds=HELD_SECONDS)
            command, begun = self.start(*arguments), time.monotonic()
            self.service.wait_for_another(self.action, seen)
            happens_meanwhile(self, command)
            ended = command.end()
            # A provider that has outlived the CLI gets its answer, and does what it does with it.
            time.sleep(max(0.0, begun + HELD_SECONDS + 1 - time.monotonic()) if ended[0] < 0 else 0)
            command.sweep()
        self._put_right()
        return ended

    def _put_right(self) -> None:
        """The trouble is over."""
        self.service.emulator.faults.clear()
        put_right = _AFTER.get(self.what)
        if put_right:
            put_right(self)

    def run(self, command: str) -> None:
        """Run one of the documented commands, which must succeed."""
        if command == matrix.IMPORT:
            command = self._printed_import()
        program, *arguments = shlex.split(command)
        if program == "pulumi":
            self.stack.pulumi(*self._arguments(command))
            return
        code, output = self.stack.tione(*arguments, "--yes")
        assert code == 0, output

    def _printed_import(self) -> str:
        """The command that the next `pulumi up` names for what a killed provider has created."""
        (printed,) = set(re.findall("`(pulumi-tione import [^`]+)`", self.stack.up(fails=True)))
        assert self.only_task()["Id"] in printed
        return str(printed)

    def _arguments(self, command: str) -> list[str]:
        """The command as a machine gives it, which nobody can ask."""
        _, verb, *options = shlex.split(command)
        return [verb, "--yes", *([] if verb == "cancel" else ["--skip-preview"]), *options]

    def tasks(self) -> list[dict[str, Any]]:
        """The tasks of the account, without the one that is only looked up."""
        return [task for task in self.service.emulator.tasks() if task["Id"] != self.anothers_task]

    def only_task(self) -> dict[str, Any]:
        (task,) = self.tasks()
        return task

    def assert_agreement(self, tasks: int, tasks_made: int) -> None:
        """The tasks in the account are those in the state, and each was created exactly once."""
        in_state = [r["id"] for r in self.stack.resources() if r["type"].endswith("tione:TrainingTask")]
        assert sorted(set(in_state) - {self.anothers_task}) == sorted(task["Id"] for task in self.tasks())
        assert len(in_state) == len(set(in_state))
        assert len(self.tasks()) == tasks
        created = [request for request in self.service.requests("CreateTrainingTask") if request["accepted"]]
        assert len([each for each in created if each["id"] != self.anothers_task]) == tasks_made


def _skew_the_clock(trial: Trial) -> None:
    trial.service.stop()
    trial.service.start(clock_offset_seconds=600)


def _set_the_clock(trial: Trial) -> None:
    trial.service.stop()
    trial.service.start()


def _use_another_account(trial: Trial) -> None:
    trial.stack.environment.update(
        TENCENTCLOUD_SECRET_ID=ANOTHER_KEY.secret_id, TENCENTCLOUD_SECRET_KEY=ANOTHER_KEY.secret_key
    )


def _use_the_right_account(trial: Trial) -> None:
    key = trial.service.emulator.key
    trial.stack.environment.update(TENCENTCLOUD_SECRET_ID=key.secret_id, TENCENTCLOUD_SECRET_KEY=key.secret_key)


def _revoke_the_credentials(trial: Trial) -> None:
    trial.service.emulator.keyring.revoke(trial.stack.environment["TENCENTCLOUD_SECRET_ID"])


def _use_a_new_key(trial: Trial) -> None:
    key = trial.service.emulator.keyring.add(replace(DEFAULT_KEY, secret_id="AKIDnew"))
    trial.stack.environment.update(TENCENTCLOUD_SECRET_ID=key.secret_id, TENCENTCLOUD_SECRET_KEY=key.secret_key)


def _delete_the_task(trial: Trial) -> None:
    if trial.operation != "create":
        trial.service.emulator.remove(trial.anothers_task or str(trial.only_task()["Id"]))
        # A task that is less than a minute old stays in the state: it may only be invisible.
        trial.service.emulator.advance(61)


def _preempt(trial: Trial) -> None:
    emulator, task_id = trial.service.emulator, str(trial.only_task()["Id"])
    wait_until(lambda: trial.only_task()["Status"] == "RUNNING", "a task that runs")
    emulator.plan_runs(task_id, seconds={"PENDING": "forever"})
    emulator.preempt(task_id)


def _restart(trial: Trial, _: Command) -> None:
    trial.service.stop()
    time.sleep(3)
    trial.service.start()


def _delete_what_is_being_made(trial: Trial, _: Command) -> None:
    trial.service.emulator.remove(str(trial.only_task()["Id"]))


def _interrupt(_: Trial, command: Command) -> None:
    command.interrupt()


def _interrupt_twice(_: Trial, command: Command) -> None:
    command.interrupt()
    time.sleep(0.5)
    command.interrupt()


def _kill(_: Trial, command: Command) -> None:
    command.kill()


def _kill_provider(_: Trial, command: Command) -> None:
    command.kill_provider()


_BEFORE: dict[str, Callable[[Trial], None]] = {
    "clock skew": _skew_the_clock,
    "credentials of another account": _use_another_account,
    "credentials revoked": _revoke_the_credentials,
    "deleted in the console": _delete_the_task,
    "preempted": _preempt,
}
_MEANWHILE: dict[tuple[str, str], Callable[[Trial, Command], None]] = {
    ("service restarted", "*"): _restart,
    ("deleted in the console", "create"): _delete_what_is_being_made,
    ("Ctrl-C once", "*"): _interrupt,
    ("Ctrl-C twice", "*"): _interrupt_twice,
    ("CLI killed", "*"): _kill,
    ("provider killed", "*"): _kill_provider,
}
_AFTER: dict[str, Callable[[Trial], None]] = {
    "clock skew": _set_the_clock,
    "credentials of another account": _use_the_right_account,
    "credentials revoked": _use_a_new_key,
}


def cells() -> Iterator[Any]:
    """The cells that make sense; those in which a command is cut off with each `pulumi up` that may follow."""
    for what, row in MATRIX.items():
        for operation, cell in row.items():
            for following in ("same", "changed") if TROUBLES[what].interrupts else (None,):
                if isinstance(cell, Cell):
                    name = "-".join(part for part in (what.replace(" ", "_"), operation, following) if part)
                    in_ci = operation == "create" or what == "answer lost after acceptance"
                    marks = () if in_ci else pytest.mark.exhaustive
                    yield pytest.param(what, operation, cell, following, id=name, marks=marks)


@pytest.mark.engine
@pytest.mark.parametrize(("what", "operation", "cell", "following"), [*cells()])
def test_nothing_is_lost_and_nothing_is_made_twice(
    what: str,
    operation: str,
    cell: Cell,
    following: str | None,
    stack: Stack,
    service: Service,
    start: Callable[..., Command],
) -> None:
    trial = Trial(stack, service, start, operation, what)
    trial.prepare()
    exit_code, shown = trial.strike()
    assert exit_code == cell.exit_code, shown
    assert_message(shown, cell.message)
    assert TROUBLES[what].interrupts or "Traceback" not in shown

    if cell.edit:
        trial.write(look_up="")
    for command in cell.next_steps:
        trial.run(command)
    tasks_made = OPERATIONS[operation].tasks_made + cell.tasks_made_again
    trial.assert_agreement(0 if operation == "delete" else 1, tasks_made)

    if following == "changed":
        trial.write(remark="changed")
    if following == "changed" or (following and operation == "delete"):
        trial.run(matrix.UP)
        trial.assert_agreement(1, tasks_made + 1)
    elif trial.tasks():
        trial.run(f"{matrix.UP_REFRESH} --expect-no-changes")


# --- where reads lag

TIME_FACTOR = 5
"""By which factor pauses and the lag of the service are shorter: the cells mostly wait."""


@pytest.fixture
def lag(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture
def lagging_service(tmp_path: Path, lag: float) -> Iterator[Service]:
    running = Service(tmp_path / "tione.sqlite", Lag.of_all(lag / TIME_FACTOR))
    yield running
    running.stop()


@pytest.fixture
def lagging_trial(
    stack_of: StackOf, lagging_service: Service, what: str, operation: str, lag: float
) -> Iterator[Trial]:
    stack = stack_of(endpoint=lagging_service.emulator.endpoint, **with_fast_time(TIME_FACTOR))
    started: list[Command] = []

    def start(*arguments: str) -> Command:
        started.append(Command(stack, *arguments))
        return started[-1]

    yield Trial(stack, lagging_service, start, operation, what, lag=lag / TIME_FACTOR)
    for command in started:
        command.sweep()


def lagging_cells() -> Iterator[Any]:
    for what, row in LAGGING.items():
        for operation, cell in row.items():
            for lag in LAGS[1:]:
                name = f"{what.replace(' ', '_')}-{operation}-{lag}_s"
                often = lag == 10 and what in ("answer lost after acceptance", "CLI killed")
                marks = pytest.mark.long if often else pytest.mark.exhaustive
                yield pytest.param(what, operation, cell, lag, id=name, marks=marks)


@pytest.mark.engine
@pytest.mark.parametrize(("what", "operation", "cell", "lag"), [*lagging_cells()], indirect=["lag"])
def test_nothing_is_lost_and_nothing_is_made_twice_where_reads_lag(
    what: str, operation: str, cell: Cell, lag: float, lagging_trial: Trial
) -> None:
    trial = lagging_trial
    trial.prepare()
    exit_code, shown = trial.strike()
    assert exit_code == cell.exit_code, shown
    assert_message(shown, cell.message)
    for command in cell.next_steps:
        trial.run(command)
    tasks_made = OPERATIONS[operation].tasks_made + cell.tasks_made_again
    trial.assert_agreement(0 if operation == "delete" else 1, tasks_made)
    if trial.tasks():
        trial.run(f"{matrix.UP_REFRESH} --expect-no-changes")
    trial.stack.destroy()
    assert trial.tasks() == []


def assert_message(shown: str, line: str) -> None:
    """Check that the line is shown, and that the diagnostics, which repeat earlier messages, contain it once."""
    pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
    assert pattern.search(shown), shown
    diagnostics = shown.partition("Diagnostics:")[2].splitlines()
    assert not line or sum(bool(pattern.search(each)) for each in diagnostics) <= 1, shown


# --- the data itself


def test_every_trouble_meets_every_operation() -> None:
    assert set(MATRIX) == set(TROUBLES)
    for row in MATRIX.values():
        assert list(row) == list(OPERATIONS)


def test_one_further_command_is_enough_and_two_where_the_cli_was_killed() -> None:
    for what, row in MATRIX.items():
        for cell in row.values():
            maximum = 2 if what == "CLI killed" else 1
            assert isinstance(cell, NotApplicable) or len(cell.next_steps) <= maximum


def test_the_page_shows_the_matrix() -> None:
    assert table.PAGE.read_text(encoding="utf-8") == table.page(), "run tools/reliability/table.py"
