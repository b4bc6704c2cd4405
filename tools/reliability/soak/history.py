"""One random history of a stack: what its user does, what happens to it meanwhile, and what must hold all the same.

All of a history follows from its seed. What must hold:

- Whenever the service accepts a create, it has no other task of that resource.
- Nothing is deleted, stopped or started that the command under way is not about.
- Between commands, the account has the tasks of the state. Where it has not, a create is pending in the state, or the
  last command that failed has named the task and a command to run; or the provider was killed and nobody has run the
  next `pulumi up` yet, because a killed process reports nothing.
- After an `up` that succeeds, each task is what the program declares; another `up` changes nothing.
- In the end, after the commands that the documentation names, nothing is left.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_tione.emulator import Lag, Status, Switches
from pulumi_tione.emulator.tasks.transitions import DURATIONS, FOREVER
from pulumi_tione.lifecycle.messages import DELETE_FROM_STATE
from tools.reliability.soak.engine import CommandFailedError, CommandKilledError, Engine
from tools.reliability.soak.provider import EOF
from tools.reliability.soak.service import Service
from tools.reliability.soak.virtual_time import TIME

TERMINAL = frozenset({Status.STOPPED, Status.FAILED, Status.SUCCEED, Status.SUBMIT_FAILED})
NAMES = ("a", "b")
"""The resources of a program. The second one has an explicit name, where the service does not keep those of deleted
tasks: a task of such a name could never be replaced."""

_LABEL = "pulumi:resource"
_COMMAND = re.compile(r"`(pulumi(?:-tione)? [^`]+)`")
_LONGEST_COMMAND_SECONDS = 3600
"""A command that takes longer, while nothing of it is meant to, hangs."""

_STABLE_AFTER_SECONDS = 60
"""After so long every read shows what is true."""

READS = ("DescribeTrainingTask", "DescribeTrainingTasks", "GetResources", "GetCallerIdentity")
WRITES = (
    *("CreateTrainingTask", "StartTrainingTask", "StopTrainingTask", "DeleteTrainingTask"),
    *("TagResources", "UnTagResources", "EnableTrainingTaskClsConfig"),
)
LOSSES: Mapping[str, Mapping[str, Any]] = {
    "answers lost": {"connection": "close"},
    "requests lost": {"connection": "close", "effect": False},
    "HTTP 502": {"status": 502},
    "throttled": {"code": "RequestLimitExceeded"},
    "internal errors": {"code": "InternalError"},
    "HTML under 200": {"body": "<html>proxy</html>"},
}


ODD_DETAILS: Mapping[str, Mapping[str, Any]] = {
    "null": {"members": {"TrainingTaskDetail": None}},
    "not found": {"code": "ResourceNotFound"},
}


class BrokenPromiseError(AssertionError):
    """Something does not hold that must."""


@dataclass
class Task:
    """What the program declares for one resource."""

    remark: str = "a"
    tags: dict[str, str] = field(default_factory=lambda: {"team": "nlp"})
    delivers_logs: bool = False
    desired_status: str | None = None
    reruns: int | None = None

    def inputs(self, explicit_name: str | None) -> dict[str, Any]:
        inputs: dict[str, Any] = {
            "chargeType": "POSTPAID_BY_HOUR",
            "frameworkName": "PYTORCH",
            "frameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
            "trainingMode": "DDP",
            "startCmdInfo": {"workerStartCmd": "sleep 360000"},
            "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1}],
            "remark": self.remark,
            "tags": dict(self.tags),
        }
        if explicit_name:
            inputs["name"] = explicit_name
        if self.delivers_logs:
            inputs |= {"logEnable": True, "logConfig": {"logsetId": "logset-1", "topicId": "topic-1"}}
        if self.desired_status:
            inputs["desiredStatus"] = self.desired_status
        if self.reruns:
            inputs["rerunOnFailure"] = self.reruns
        return inputs


class History:
    """A stack on a service of its own, and what happens to both."""

    def __init__(self, seed: int, folder: Path, show: Callable[[str], None] = lambda _: None) -> None:
        self._chance = random.Random(seed)
        random.seed(seed)  # the pauses between attempts are drawn as well
        self._show = show
        # Half of all services lag; in the others everything that is written shows at once.
        lags = [self._chance.choice((0.0, 3.0, 10.0, self._chance.uniform(0, 30))) for _ in range(3)]
        lag = Lag(*lags) if self._chance.random() < 0.6 else Lag()
        names_are_kept = self._chance.random() < 0.1
        durations = {
            **DURATIONS,
            Status.RUNNING: FOREVER,
            Status.PENDING: self._chance.choice((1.0, 1.0, 30.0)),
            Status.STOPPING: self._chance.choice((1.0, 1.0, 20.0)),
        }
        self.service = Service(self._chance, lag, Switches(deleted_names_are_free=not names_are_kept), durations)
        self.engine = Engine(self._chance, folder)
        self.program: dict[str, Task] = {}
        self._last_failure = ""
        self._shown = ""
        """All errors so far."""
        self._interrupted: set[str] = set()
        """The resources whose create was cut off, and has not been tried again since."""
        self._gone: set[str] = set()
        """The ids of the deleted tasks."""
        self._half_done: set[str] = set()
        """The resources whose change was cut off: what it has done is in no state, and may stay."""
        self._about: tuple[str, str, str | None] = ("", "", None)
        self._names_are_kept = names_are_kept
        self._explicit = {} if names_are_kept else {"b": "soak-explicit"}
        self._broken: list[str] = []
        """What was found in the middle of a call, whose caller may catch everything."""
        show(f"lag {lag}; the names of deleted tasks are {'kept' if names_are_kept else 'free'}")

    # --- the whole of it

    def run(self) -> None:
        self.service.on_change = self._check_change
        self.engine.on_call = self._note_call
        with self.service:
            for _ in range(self._chance.randint(3, 9)):
                self._happens()
            self._end()

    def _happens(self) -> None:
        what = self._chance.choices(
            (
                *(self._change_program, self._take_out, self._remove_behind_our_back),
                *(self._refresh, self._destroy, self._let_time_pass, self._import_pending, self._fail),
            ),
            weights=(12, 2, 1, 2, 1, 2, 1, 1),
        )[0]
        what()

    def _change_program(self) -> None:
        """Change the program in one way, and run it, mostly in peace."""
        name = self._chance.choice(NAMES)
        if name not in self.program:
            self.program[name] = Task()
        else:
            self._edit(self.program[name])
        self._up()

    def _edit(self, task: Task) -> None:
        change = self._chance.randrange(7)
        if change == 0:
            task.remark = "b" if task.remark == "a" else "a"
        elif change == 1:
            task.tags = {"team": self._chance.choice(("nlp", "cv"))} | (
                {f"key{n}": "v" for n in range(self._chance.randint(0, 22))}
            )
        elif change == 2:
            task.delivers_logs = not task.delivers_logs
        elif change == 3:
            task.desired_status = self._chance.choice((None, "RUNNING", "STOPPED"))
        elif change == 4:
            task.reruns = self._chance.choice((None, 1, 2))
        # Else the same program is run once more.

    def _up(self) -> None:
        self._command("up", lambda: self.engine.up(self._inputs()))

    def _inputs(self) -> dict[str, dict[str, Any]]:
        return {name: task.inputs(self._explicit.get(name)) for name, task in self.program.items()}

    def _take_out(self) -> None:
        if self.program:
            del self.program[self._chance.choice([*self.program])]
        self._up()

    def _refresh(self) -> None:
        self._command("refresh", self.engine.refresh)

    def _destroy(self) -> None:
        self._command("destroy", self.engine.destroy)

    def _let_time_pass(self) -> None:
        TIME.sleep(self._chance.choice((1, 10, 40, 300)))

    def _remove_behind_our_back(self) -> None:
        ids = [task["Id"] for task in self.service.emulator.tasks()]
        if ids:
            removed = self._chance.choice(ids)
            self._show(f"{removed} is removed in the console")
            self.service.emulator.remove(removed)
            self._gone.add(removed)

    def _fail(self) -> None:
        """Let a task fail that runs."""
        running = [each["Id"] for each in self.service.emulator.tasks() if each["Status"] == Status.RUNNING]
        if running:
            failing = self._chance.choice(running)
            self._show(f"{failing} fails")
            self.service.emulator.plan_runs(failing, outcome="FAILED", running_seconds=0)
            self.service.emulator.plan_runs(failing, outcome="SUCCEED", running_seconds="forever")

    def _import_pending(self) -> None:
        """Run the command for pending creates, as the documentation recommends."""
        if self.engine.pending:
            self._tione("import", "--pending", "--yes")

    # --- a command

    def _command(self, what: str, run: Callable[[], None]) -> None:
        """Run a command, with or without trouble, and see what holds when it is over."""
        trouble = self._trouble()
        self._show(f"{what}: {trouble}; program {self.program}")
        begun = TIME.now
        self._begin()
        try:
            run()
        except CommandFailedError as failure:
            self._failed(str(failure))
        except CommandKilledError:
            self._show("  the CLI was killed")
            self._cut_off()
        else:
            self._last_failure = ""
            self._show("  succeeded")
            if what == "up":
                self._check_program()
        self._quiet()
        if TIME.now - begun > _LONGEST_COMMAND_SECONDS:
            raise BrokenPromiseError(f"{what} took {TIME.now - begun:.0f} s")
        self._check_accounts(what)

    def _failed(self, failure: str) -> None:
        self._show(f"  failed: {failure}")
        self._last_failure = failure
        self._shown += failure
        if failure == EOF:
            self._cut_off()

    def _cut_off(self) -> None:
        """A process that is killed during a create reports nothing: the next one does."""
        verb, name, _ = self._about
        if verb == "create":
            self._interrupted.add(name)
        if verb in ("create", "update"):
            self._half_done.add(name)

    def _begin(self) -> None:
        self.service.begin_command()
        self._about = ("", "", None)

    def _trouble(self) -> str:
        """Choose what goes wrong during a command, and order it."""
        kind = self._chance.choices(
            ("nothing", "losses", "odd details", "short lists", "provider killed", "CLI killed"),
            weights=(6, 5, 3, 2, 2, 2),
        )[0]
        faults = self.service.emulator.faults
        if kind == "losses":
            what, where = self._chance.choice([*LOSSES]), self._chance.choice((*READS, *WRITES, "*"))
            probability = self._chance.choice((0.2, 0.5, 1.0))
            times = self._chance.randint(1, 4)
            seed = self._chance.randrange(10**6)
            faults.add(where, **LOSSES[what], probability=probability, times=times, seed=seed)
            return f"{what} ({where}, {times} times with {probability})"
        if kind == "odd details":
            what, order = self._chance.choice([*ODD_DETAILS.items()])
            probability = self._chance.choice((0.3, 0.5))
            faults.add(
                "DescribeTrainingTask",
                **order,
                probability=probability,
                times=self._chance.choice((1, 2, 5, None)),
                seed=self._chance.randrange(10**6),
            )
            return f"details now and then {what}"
        if kind == "short lists":
            shown, times = self._chance.choice((0, 1)), self._chance.randint(1, 4)
            faults.add("DescribeTrainingTasks", at_most={"TrainingTaskSet": shown}, times=times)
            return f"lists show {shown} of their tasks, {times} times"
        if kind == "provider killed":
            number, before = self._chance.randint(0, 12), self._chance.random() < 0.5
            self.service.kill_provider_in(number, before_effect=before)
            return f"the provider is killed at request {number}, {'before' if before else 'after'} its effect"
        if kind == "CLI killed":
            number = self._chance.randint(0, 2)
            self.engine.kill_at_call(number)
            return f"the CLI is killed at call {number}"
        return "nothing happens"

    def _quiet(self) -> None:
        """The trouble is over; other processes come next."""
        self.service.emulator.faults.clear()
        self.service.new_provider()
        self.engine.kill_at_call(None)

    def _tione(self, *arguments: str) -> tuple[int, str]:
        self._begin()
        self._about = ("pulumi-tione", "", next((part for part in arguments if part.startswith("train-")), None))
        code, output = self.engine.tione(*arguments)
        self._show(f"pulumi-tione {shlex.join(arguments)}: exit code {code}\n    " + output.replace("\n", "\n    "))
        if code:
            self._failed(output)
        self._check_accounts("pulumi-tione")
        return code, output

    # --- what must hold

    def _note_call(self, verb: str, name: str, task_id: str | None) -> None:
        self._about = (verb, name, task_id)
        if verb == "create":
            self._interrupted.discard(name)

    def _check_change(self, action: str, body: Mapping[str, Any]) -> None:
        """Check that a call for this task changed it, and that no second task was created."""
        verb, _, task_id = self._about
        if action == "CreateTrainingTask":
            name = {tag["TagKey"]: tag["TagValue"] for tag in body.get("Tags", ())}.get(_LABEL, "")
            existing = self._tasks_of(name)
            if verb != "create" or len(existing) != 1:
                self._broken.append(f"{action} of {body['Name']} during {verb}: now there is {_described(existing)}")
            return
        if action == "DeleteTrainingTask":
            self._gone.add(str(body["Id"]))
        meant = {"DeleteTrainingTask": ("delete",), "StartTrainingTask": ("update",)}.get(action, ("delete", "update"))
        if verb not in (*meant, "pulumi-tione") or body.get("Id") != task_id:
            self._broken.append(f"{action} of {body.get('Id')} during {verb} of {task_id}")

    def _check_accounts(self, command: str) -> None:
        """Check that the account has the tasks of the state, or that the others were shown."""
        if self.service.is_endless:
            raise BrokenPromiseError(f"{command} sends request after request")
        if self._broken:
            raise BrokenPromiseError("; ".join(self._broken))
        ids = self.engine.task_ids
        if len(ids) != len(set(ids)):
            raise BrokenPromiseError(f"the state has one task twice: {ids}")
        for task in self.service.emulator.tasks():
            is_known = task["Id"] in ids or task["Name"] in self.engine.pending_names
            was_shown = (task["Id"] in self._shown or task["Name"] in self._shown) and _COMMAND.search(self._shown)
            if not (is_known or was_shown or self._resource_of(task) in self._interrupted):
                raise BrokenPromiseError(
                    f"after {command} {_described([task])} is in no state, and was not shown: "
                    f"{self._last_failure or 'no error'}"
                )

    def _check_program(self) -> None:
        """Check that an `up` that has succeeded has made the tasks what the program declares."""
        for name, desired in self.program.items():
            entry = self.engine.task(name)
            if entry is None:
                raise BrokenPromiseError(f"{name} is not in the state after an `up` that succeeded")
            task = next((each for each in self.service.emulator.tasks() if each["Id"] == entry["id"]), None)
            if task is None:
                if entry["id"] in self._gone:
                    continue
                raise BrokenPromiseError(f"{name} is {entry['id']} in the state, but there is no such task")
            tags = {tag["TagKey"]: tag["TagValue"] for tag in task["Tags"] if tag["TagKey"][:4] != "qcs:"}
            own = {key: value for key, value in tags.items() if not key.startswith("pulumi:")}
            is_half_done = name in self._half_done
            has_tags = desired.tags.items() <= own.items() if is_half_done else own == desired.tags
            if not has_tags or tags.get(_LABEL) != name:
                raise BrokenPromiseError(f"{name} has the tags {tags}, and the program has {desired.tags}")
            self._check_runs(name, desired, task, entry)
            delivers_logs = bool(task["LogEnable"])
            if task["Remark"] != desired.remark or (delivers_logs != desired.delivers_logs and not is_half_done):
                raise BrokenPromiseError(f"{name} is not what the program declares: {task}")

    def _check_runs(self, name: str, desired: Task, task: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
        """See that what was counted as a run was started, and that what is to be stopped is."""
        counted, started = int(entry["inputs"].get("run", 1)), len(task["Runs"])
        if started < counted:
            raise BrokenPromiseError(f"{name} has had {counted} runs by the state, and {started} in truth")
        if desired.desired_status == "STOPPED" and task["Status"] not in TERMINAL:
            raise BrokenPromiseError(f"{name} is to be STOPPED, and is {task['Status']} after an `up` that succeeded")

    def _tasks_of(self, name: str) -> list[dict[str, Any]]:
        return [task for task in self.service.emulator.tasks() if self._resource_of(task) == name]

    def _resource_of(self, task: Mapping[str, Any]) -> str:
        """Return the resource that a task was made for, whatever its tags are now."""
        tags = {tag["TagKey"]: tag["TagValue"] for tag in task["Request"].get("Tags", ())}
        return str(tags.get(_LABEL, ""))

    # --- the end

    def _end(self) -> None:
        """Follow the documentation until everything is known; then destroy all of it."""
        self._show("the end: no more trouble")
        self._quiet()
        TIME.sleep(_STABLE_AFTER_SECONDS)
        if self.engine.pending and self._chance.random() < 0.3:
            self._destroy_in_peace()  # too early, and mended by what follows
        if self.engine.pending:
            code, output = self._tione("import", "--pending", "--yes")
            if code:
                raise BrokenPromiseError(f"import --pending failed: {output}")
        for name in NAMES:
            self.program.setdefault(name, Task()).desired_status = None
        for _ in range(6):
            if self._up_in_peace():
                break
            self._do_as_described()
        else:
            raise BrokenPromiseError(f"no way to an `up` that succeeds: {self._last_failure}")
        self._check_program()
        self._check_accounts("up")
        before = self._writes()
        if not self._up_in_peace() or self._writes() != before:
            raise BrokenPromiseError(f"another `up` is not without changes: {self._last_failure}")
        self._destroy_in_peace()
        self._check_accounts("destroy")
        left = self.service.emulator.tasks()
        if left:
            raise BrokenPromiseError(f"after destroy there is still {_described(left)}")

    def _up_in_peace(self) -> bool:
        self._begin()
        try:
            self.engine.up(self._inputs())
        except CommandFailedError as failure:
            self._failed(str(failure))
            return False
        self._last_failure = ""
        self._show("up without trouble succeeded")
        return True

    def _destroy_in_peace(self) -> None:
        """Destroy everything; a task that is too new to be visible asks for another attempt a minute later."""
        for _ in range(4):
            self._begin()
            try:
                return self.engine.destroy()
            except CommandFailedError as failure:
                self._failed(str(failure))
                if not self._is_gone_by_the_console() and "again in a minute" not in self._last_failure:
                    break
            TIME.sleep(60)
        raise BrokenPromiseError(f"destroy failed: {self._last_failure}")

    def _do_as_described(self) -> None:
        """Run a command that the last error names, the first one that is not `pulumi up`."""
        gone = [r for r in self.engine.resources if r.get("id") in self._gone]
        commands = _COMMAND.findall(self._last_failure)
        config = re.search("`pulumi config set (\\S+) (\\S+)`", self._last_failure)
        if config and self._names_are_kept:
            self.engine.config[config[1]] = config[2]
            return
        if self._is_gone_by_the_console():
            return
        matching = [
            each for each in commands if re.match("pulumi-tione (import|orphans)", each) and "RESOURCE" not in each
        ]
        if matching:
            _, *arguments = shlex.split(self._chance.choice(matching))
            self._tione(*arguments, "--yes")
        elif gone or any("refresh" in command for command in commands):
            self._begin()
            try:
                self.engine.refresh()
            except CommandFailedError as failure:
                self._failed(str(failure))
                self._do_as_described()

    def _is_gone_by_the_console(self) -> bool:
        """Run `pulumi state delete` where an error names it for a task that the console does not show any more."""
        match = re.search(rf"\((train-\d+)\).*{re.escape(DELETE_FROM_STATE)}", self._last_failure)
        if not match or match[1] not in self._gone:
            return False
        self.engine.forget(match[1])
        return True

    def _writes(self) -> int:
        return sum(request["action"] in WRITES for request in self.service.emulator.requests())


def _described(tasks: list[dict[str, Any]]) -> str:
    return ", ".join(f"{task['Id']} ({task['Name']}, {task['Status']})" for task in tasks)


def run(seed: int, show: Callable[[str], None] = lambda _: None) -> str | None:
    """Run a history; return what was broken in it, or None."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PULUMI_HOME"] = str(Path(folder, "home"))  # backups of states go there
        try:
            History(seed, Path(folder), show).run()
        except BrokenPromiseError as broken:
            return str(broken)
    return None
