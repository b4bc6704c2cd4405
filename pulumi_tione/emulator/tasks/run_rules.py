"""Decide how runs go: as a test decides, else by their start command, else as usual.

The usual durations are `DURATIONS` in `transitions.py`. A rule by id wins over one by name, and both over one for all
tasks. What a start command means is decided in `workload.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .task import Task
from .transitions import DURATIONS, Event, Output, RunPlan, Status
from .workload import Workload


@dataclass
class RunRule:
    """How runs should go. The start command and the usual durations decide what is None here."""

    outcome: Event | None = None
    failure_reason: str | None = None
    seconds: dict[Status, float] = field(default_factory=dict)
    output: Output | None = None
    """What the pods print, and how many seconds after they began to run."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """Members that the detail shows whatever is true, as if the task was changed outside of the program."""
    system_tags: dict[str, str] = field(default_factory=dict)
    """Tags that the platform binds by itself."""

    def with_defaults(self, base: RunRule) -> RunRule:
        """Return this rule, completed by another one."""
        return RunRule(
            self.outcome if self.outcome is not None else base.outcome,
            self.failure_reason if self.failure_reason is not None else base.failure_reason,
            {**base.seconds, **self.seconds},
            self.output if self.output is not None else base.output,
            {**base.overrides, **self.overrides},
            {**base.system_tags, **self.system_tags},
        )


class RunRules:
    """A rule for all tasks, and rules for the tasks of a name or id, which need not exist yet."""

    def __init__(self, durations: Mapping[Status, float] = DURATIONS, *, reads_commands: bool = True) -> None:
        """With `reads_commands`, a start command that can be parsed decides how its run goes."""
        self._durations = {**DURATIONS, **durations}
        self._reads_commands = reads_commands
        self._for_all = RunRule()
        self._by_target: dict[str, RunRule] = {}

    def add(self, rule: RunRule, target: str | None) -> None:
        """Add a rule for a name, an id, or all tasks; it wins over earlier rules for the same target."""
        if target is None:
            self._for_all = rule.with_defaults(self._for_all)
        else:
            self._by_target[target] = rule.with_defaults(self._by_target.get(target, RunRule()))

    def rule_for(self, task: Task) -> RunRule:
        """Return the rule for a task: by its id, then by its name, then for all."""
        by_id, by_name = (self._by_target.get(target, RunRule()) for target in (task.id, task.name))
        return by_id.with_defaults(by_name).with_defaults(self._for_all)

    def plan_for(self, task: Task) -> RunPlan:
        """Return how a run of the task goes."""
        rule = self.rule_for(task)
        if self._reads_commands:
            rule = rule.with_defaults(_rule_of_workload(task.program.workload))
        seconds = {**self._durations, **rule.seconds}
        return RunPlan(rule.outcome or Event.SUCCEEDS, rule.failure_reason or "", seconds, rule.output)


def _rule_of_workload(workload: Workload | None) -> RunRule:
    if workload is None:
        return RunRule()
    seconds = {Status.RUNNING: workload.seconds}
    if workload.exit_code == 0:
        return RunRule(Event.SUCCEEDS, None, seconds)
    return RunRule(Event.FAILS, f"The start command ended with exit code {workload.exit_code}.", seconds)
