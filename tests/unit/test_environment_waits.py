"""What the commands on environments wait for: other commands, locks, processes, tasks of killed creates, new stacks.

Time is the test's. Which stacks are taken down is in `test_reap_rules.py`.

The commands themselves, with the real engine, are in `tests/environments/`.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pulumi_tione.environments import messages, processes, reap, session
from pulumi_tione.environments.down import NoLongerDueError
from pulumi_tione.environments.overview import Overview
from pulumi_tione.environments.processes import end_processes
from pulumi_tione.environments.reap import Branches, Rules
from pulumi_tione.environments.session import EnvironmentStack, InUseError, Session
from pulumi_tione.environments.tags import EnvironmentTags, Operation
from pulumi_tione.environments.teardown import Recovery, Teardown, TeardownResult
from pulumi_tione.environments.workspace import InterruptedRunError, Interrupts
from pulumi_tione.errors import TioneError
from pulumi_tione.lifecycle.existence import LAG_SECONDS
from pulumi_tione.stacks.pulumi_cli import LockedError, StackName
from pulumi_tione.stacks.state import State

ENDED = Operation("up", "ab12", "elsewhere/1", 1, "Thu", since=1, at=1, result="ok")
ALIVE = Operation("up", "ab12", "elsewhere/1", 1, "Thu", since=1, at=10**12)
OTHER_COMMAND = messages.other_command("up", "elsewhere/1")
CUT_OFF = replace(ENDED, result="")


class Time:
    """Time that passes only in pauses. What happens in the next ones can be planned."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.pauses: list[float] = []
        self.meanwhile: list[Callable[[], object]] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.pauses.append(seconds)
        assert len(self.pauses) < 1000, "it goes on for ever"
        self.now += seconds
        if self.meanwhile:
            self.meanwhile.pop(0)()


class StackOfTest(EnvironmentStack):
    """A stack without Pulumi, in a session without a project."""

    def __init__(self, home: Path, *tags: Operation) -> None:
        self.name, self.time, self.lines = "env-x", Time(), list[str]()
        self.session = object.__new__(Session)
        vars(self.session).update(
            show=self.lines.append,
            run="mine",
            interrupts=Interrupts(),
            sleep=self.time.sleep,
            clock=self.time,
            now=self.time,
            environment={"PULUMI_HOME": str(home)},
            backend="file:///backend",
            project=SimpleNamespace(name="nlp"),
        )
        self.tags_shown = [EnvironmentTags(operation=each) for each in tags]
        self.cancels = 0

    def environment_tags(self) -> EnvironmentTags:
        return self.tags_shown.pop(0) if len(self.tags_shown) > 1 else self.tags_shown[0]

    @property
    def stack(self) -> Any:
        return self

    def cancel(self) -> None:
        self.cancels += 1

    def interrupt(self) -> None:
        self.session.interrupts.is_set = True


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


# Other commands, anywhere.


def test_a_command_waits_until_the_other_one_has_ended_and_shows_that_once(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path, ALIVE, ALIVE, ALIVE, ENDED)
    assert stack.wait_for_others(minutes(10)).operation == ENDED
    assert stack.time.pauses == [1, 1, 1]
    assert stack.lines == [messages.waiting_for("env-x", OTHER_COMMAND, 600)]


@pytest.mark.parametrize("operation", [ENDED, CUT_OFF, replace(ALIVE, run="mine")], ids=["ended", "cut off", "mine"])
def test_a_command_does_not_wait_for_one_that_does_not_work_or_for_itself(operation: Operation, tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path, operation)
    assert stack.wait_for_others(timedelta(0)).operation == operation
    assert (stack.time.pauses, stack.lines) == ([], [])


def test_a_wait_ends_with_an_error_at_its_timeout(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path, ALIVE)
    with pytest.raises(InUseError, match=f"^{messages.waited_too_long('env-x', OTHER_COMMAND)}$"):
        stack.wait_for_others(minutes(1))
    assert sum(stack.time.pauses) == 60
    assert len(stack.lines) == 1


def test_a_command_that_may_not_wait_fails_at_once_and_announces_no_wait(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path, ALIVE)
    with pytest.raises(InUseError):
        stack.wait_for_others(timedelta(0))
    assert (stack.time.pauses, stack.lines) == ([], [])


def test_a_signal_ends_a_wait(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path, ALIVE)
    stack.time.meanwhile = [lambda: None, stack.interrupt]
    with pytest.raises(InterruptedRunError):
        stack.wait_for_others(minutes(10))
    assert stack.time.pauses == [1, 1]


# Other commands on this machine.


def is_free(path: Path) -> bool:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def test_commands_on_this_machine_follow_each_other(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    path = stack.session.exclusion_file("env-x")
    path.parent.mkdir(parents=True)
    holder = path.open("a")
    fcntl.flock(holder, fcntl.LOCK_EX)

    def remove_and_end() -> None:
        path.unlink()  # together with its environment
        holder.close()

    stack.time.meanwhile = [lambda: None, remove_and_end]
    with stack.exclusive(minutes(10)):
        assert json.loads(path.read_text(encoding="utf-8")) == {"run": "mine", "stack": "env-x"}
        assert not is_free(path)
        assert stack.time.pauses == [1, 1]
        assert stack.lines == [messages.waiting_for("env-x", messages.OTHER_COMMAND_HERE, 600)]
    assert is_free(path)


def test_a_file_that_is_removed_while_it_is_locked_protects_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = StackOfTest(tmp_path)
    path = stack.session.exclusion_file("env-x")
    removals = [path.unlink]
    lock = fcntl.flock

    def remove_first(file: Any, how: int) -> None:
        if removals:
            removals.pop()()
        lock(file, how)

    monkeypatch.setattr(session.fcntl, "flock", remove_first)  # type: ignore[attr-defined]
    with stack.exclusive(timedelta(0)):
        assert not is_free(path)
    assert stack.time.pauses == []


# The lock of Pulumi.


def retry(stack: StackOfTest, wait: timedelta, outcomes: Sequence[object], dead: Operation | None = None) -> object:
    """Do something whose attempts have these outcomes, the last one for ever."""
    remaining = [*outcomes]

    def action() -> object:
        outcome = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Recovery(stack, dead, wait, may_break_dead_locks=False).retry_while_locked(action)


LOCKED = LockedError("locked")
LOCKED_BY_ANOTHER = messages.is_locked("env-x", "another update")


def test_a_live_update_is_waited_for(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    assert retry(stack, minutes(10), [LOCKED, LOCKED, "done"]) == "done"
    assert stack.time.pauses == [2, 2]
    assert stack.lines == [f"{LOCKED_BY_ANOTHER}. Waiting until it is released"]
    assert stack.cancels == 0


@pytest.mark.parametrize("wait", [0.0, 1.0])
def test_a_lock_that_stays_is_an_error_at_the_timeout(wait: float, tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    with pytest.raises(LockedError, match=f"^{LOCKED_BY_ANOTHER}. {messages.WAIT_FOR_UPDATE}$"):
        retry(stack, minutes(wait), [LOCKED])
    assert sum(stack.time.pauses) == wait * 60
    assert len(stack.lines) == bool(wait)


def test_another_error_is_not_waited_for(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    with pytest.raises(TioneError, match="broken"):
        retry(stack, minutes(1), [LOCKED, TioneError("broken")])
    assert stack.time.pauses == [2]


def test_the_lock_of_a_dead_command_is_removed_and_the_action_repeated_at_once(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    assert retry(stack, timedelta(0), [LOCKED, "done"], CUT_OFF) == "done"
    assert (stack.time.pauses, stack.cancels) == ([], 1)
    assert stack.lines == [messages.lock_removed("env-x")]


def test_a_lock_that_cannot_be_removed_is_not_removed_for_ever(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    with pytest.raises(LockedError, match=LOCKED_BY_ANOTHER):
        retry(stack, timedelta(seconds=10), [LOCKED], CUT_OFF)
    assert (sum(stack.time.pauses), stack.cancels) == (10, 6)


def test_a_signal_ends_the_wait_for_a_lock_and_removes_none(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    stack.time.meanwhile = [stack.interrupt]
    with pytest.raises(InterruptedRunError):
        retry(stack, minutes(10), [LOCKED])
    assert stack.time.pauses == [2]
    with pytest.raises(InterruptedRunError):
        retry(stack, minutes(10), [LOCKED], CUT_OFF)
    assert stack.cancels == 0


# Tasks that no state knows.


class OrphansOfTest:
    """What each search finds, and what each delete does."""

    def __init__(self, stack: StackOfTest, searches: Sequence[Sequence[str]], refusals: int = 0) -> None:
        self._stack = stack
        self._searches = [*searches]
        self._refusals = refusals
        self.searched_at: list[float] = []
        self.deleted: list[str] = []

    def find(self, *_: object) -> tuple[list[Any], list[Any]]:
        self.searched_at.append(self._stack.time.now)
        ids = self._searches.pop(0) if self._searches else ()
        location = SimpleNamespace(region="ap-guangzhou")
        own = [SimpleNamespace(id=each, name=each, status="RUNNING", location=location) for each in ids]
        return [each for each in own if each.id not in self.deleted], []

    def delete(self, task: Any) -> None:
        if self._refusals:
            self._refusals -= 1
            raise TioneError("no answer")
        self.deleted.append(task.id)


def delete_orphans(stack: StackOfTest, orphans: OrphansOfTest, operation: Operation | None) -> TeardownResult:
    recovery, result = Recovery(stack, None, timedelta(0), may_break_dead_locks=False), TeardownResult("env-x", "x")
    teardown = Teardown(stack, EnvironmentTags(operation=operation), recovery, result)
    teardown._delete_orphans(orphans, State({}), [])  # type: ignore[arg-type]
    return result


@pytest.mark.parametrize("operation", [None, replace(ENDED, at=4990)], ids=["none", "ended"])
def test_after_an_update_that_has_ended_tasks_are_searched_for_once(
    operation: Operation | None, tmp_path: Path
) -> None:
    stack = StackOfTest(tmp_path)
    orphans = OrphansOfTest(stack, [["train-1"]])
    assert delete_orphans(stack, orphans, operation).deleted == ["train-1"]
    assert stack.time.pauses == []


def test_after_a_kill_tasks_are_searched_for_until_the_last_create_must_be_visible(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    orphans = OrphansOfTest(stack, [[], ["train-1"], [], ["train-2", "train-3"]], refusals=1)
    result = delete_orphans(stack, orphans, replace(CUT_OFF, at=4987))
    assert orphans.searched_at == [5000, 5005, 5010, 5015, 5020, 4987 + LAG_SECONDS]
    assert result.deleted == ["train-2", "train-3"]
    assert [(each.what, each.why) for each in result.left] == [("training task train-1", "no answer")]


def test_a_task_that_is_deleted_at_the_second_attempt_is_not_left(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    result = delete_orphans(stack, OrphansOfTest(stack, [["train-1"]] * 2, refusals=1), replace(CUT_OFF, at=5000))
    assert (result.deleted, result.left) == (["train-1"], [])


def test_a_signal_ends_the_search(tmp_path: Path) -> None:
    stack = StackOfTest(tmp_path)
    stack.time.meanwhile = [stack.interrupt]
    with pytest.raises(InterruptedRunError):
        delete_orphans(stack, OrphansOfTest(stack, []), replace(CUT_OFF, at=5000))
    assert stack.time.pauses == [5]


# Stacks that an `up` on another machine may have just created.


NAME = StackName("organization", "nlp", "env-x")
RULES = Rules(Branches(None, frozenset()), datetime(2026, 11, 26, tzinfo=timezone.utc))
RESOURCE = {"deployment": {"resources": [{"urn": "urn:pulumi:x::nlp::a:b:C::d", "type": "a:b:C"}]}}


class BareStack(StackOfTest):
    """A stack without tags and resources, until something is planned."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.tags_shown = [EnvironmentTags()]
        self.exported: dict[str, Any] = {}
        self.taken_down_after: list[float] = []

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def exists(self) -> bool:
        return True

    def state(self) -> State:
        return State(self.exported)

    def overview(self, last_update: datetime | None = None) -> Overview:
        return Overview(NAME, EnvironmentTags(), State({}), last_update, is_locked=False)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BareStack:
    stack = BareStack(tmp_path)
    vars(stack.session).update(repository=None)

    def take_down(*_: object, is_due: Callable[[EnvironmentTags], bool], **_more: object) -> TeardownResult:
        if not is_due(stack.environment_tags()):
            raise NoLongerDueError
        stack.taken_down_after.append(sum(stack.time.pauses))
        return TeardownResult("env-x", "")

    monkeypatch.setattr(reap, "EnvironmentStack", lambda *_: stack)
    monkeypatch.setattr(reap, "take_down", take_down)
    return stack


def reap_bare(stack: BareStack, *, may_be_new: bool = True) -> int:
    due = reap.DueEnvironment(stack.overview(), reap.WITHOUT_MARKS, may_be_new)
    return len(reap.reap(stack.session, [due], RULES, wait=timedelta(0)))


def test_a_bare_stack_of_unknown_age_is_taken_down_when_it_has_stayed_bare_for_a_minute(bare: BareStack) -> None:
    assert reap_bare(bare) == 1
    assert bare.taken_down_after == [60]
    assert max(bare.time.pauses) == 5


def test_a_bare_stack_that_is_not_new_is_taken_down_at_once(bare: BareStack) -> None:
    assert reap_bare(bare, may_be_new=False) == 1
    assert bare.taken_down_after == [0]


@pytest.mark.parametrize(
    "change",
    [
        lambda stack: setattr(stack, "tags_shown", [EnvironmentTags(environment="3f9a")]),
        lambda stack: setattr(stack, "tags_shown", [EnvironmentTags("3f9a", "x", operation=ALIVE)]),
        lambda stack: setattr(stack, "exported", RESOURCE),
    ],
    ids=["its first tag", "all tags", "a resource"],
)
@pytest.mark.parametrize("pause", [1, 5, 12])
def test_a_bare_stack_that_an_update_changes_meanwhile_stays(
    change: Callable[[BareStack], object], pause: int, bare: BareStack
) -> None:
    bare.time.meanwhile = [*[lambda: None] * (pause - 1), lambda: change(bare)]
    assert reap_bare(bare) == 0
    assert (bare.taken_down_after, len(bare.time.pauses)) == ([], pause)


def test_a_bare_stack_that_is_marked_between_the_last_check_and_its_lock_stays(
    bare: BareStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reap, "_stays_without_marks", lambda *_: True)
    bare.tags_shown = [EnvironmentTags(environment="3f9a", branch="x")]
    assert reap_bare(bare) == 0


def test_only_a_bare_stack_of_unknown_age_that_no_command_of_this_machine_made_may_be_new(
    bare: BareStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [bare.overview()]
    monkeypatch.setattr(reap, "read_overviews", lambda *_: shown)
    monkeypatch.setattr(Session, "end_dead_commands", lambda _: None)
    vars(bare.session).update(pulumi=None, backend_folder=None)

    def may_be_new() -> list[bool]:
        return [each.may_be_new for each in reap.due_environments(bare.session, None)[0]]

    assert may_be_new() == [True]
    shown[:] = [bare.overview(RULES.now - timedelta(hours=1))]
    assert may_be_new() == [False]
    shown[:] = [bare.overview()]
    file = bare.session.exclusion_file("env-x")
    file.parent.mkdir(parents=True)
    file.touch()
    assert may_be_new() == [False]


# Processes of dead commands.


@pytest.mark.parametrize(
    ("engine_ends", "program_ends", "killed_at"),
    [(0, 9, 0.2), (3, 3, None), (3, 9, 3), (99, 99, 30), (0, 0.2, None)],
    ids=["no engine", "in order", "a program that stays", "an engine that stays", "at once"],
)
def test_an_engine_has_time_to_end_in_order_and_what_is_left_is_killed(
    engine_ends: float, program_ends: float, killed_at: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time()
    begin = time.now
    ends = {1: begin + engine_ends, 2: begin + program_ends}
    signals: list[tuple[int, str, float]] = []

    def send(pid: int, number: Any) -> None:
        signals.append((pid, number.name, time.now - begin))
        if number.name == "SIGKILL":
            ends[pid] = time.now

    monkeypatch.setattr(processes, "processes_of", lambda _: [pid for pid, end in ends.items() if time.now < end])
    monkeypatch.setattr(processes, "_send", send)
    monkeypatch.setattr(processes, "_is_engine", lambda pid: pid == 1)
    running = sum(end > begin for end in ends.values())
    assert end_processes(["ab12"], sleep=time.sleep, clock=time) == running
    assert [number for _, number, at in signals if at == 0] == ["SIGINT"] * running
    kills = [(number, at) for _, number, at in signals if at]
    assert all(number == "SIGKILL" for number, _ in kills)
    assert [at for _, at in kills][:1] == ([] if killed_at is None else [pytest.approx(killed_at, abs=0.3)])
    assert max(time.pauses) == 0.2


def test_without_processes_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()
    monkeypatch.setattr(processes, "processes_of", lambda _: [])
    assert end_processes(["ab12"], sleep=time.sleep, clock=time) == 0
    assert time.pauses == []
