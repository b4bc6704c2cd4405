"""The content of a review, before it is put into a form.

`build.py` fills it. The worst case, the totals and the order of tasks are computed here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pulumi_tione.pricing.amounts import Currency
from pulumi_tione.pricing.task_price import HourlyPrice
from pulumi_tione.review.preview import Diagnostic, Source

SEVERITIES = ("danger", "warning", "note")
"""How much a finding matters, the most important first."""


@dataclass(frozen=True)
class Finding:
    """Something that a reviewer should look at."""

    code: str
    severity: str
    """One of `SEVERITIES`."""
    message: str
    """A sentence about the task, without its name and without a full stop."""


@dataclass(frozen=True)
class PropertyChange:
    """A property that differs between what is recorded and what the program declares."""

    path: str
    old: Any
    new: Any
    is_secret: bool
    replaces: bool


@dataclass(frozen=True)
class NodeGroup:
    """A group of equal nodes."""

    role: str
    spec: str
    """The spec, or the resources of a node in a resource group."""
    alias: str
    """The size of a node, empty where nobody was asked."""
    count: int | None
    gpu_type: str
    gpus: Decimal | None
    """GPUs of one node; None, if that is not known."""


@dataclass(frozen=True)
class KeptTask:
    """A task that is replaced and stays, and so is billed together with the one that replaces it."""

    price_of_new: HourlyPrice | None
    """What the new task costs an hour by itself."""
    max_duration_seconds: int | None
    attempts: int | None


@dataclass(frozen=True)
class TaskReview:
    """One training task, and what happens to it."""

    urn: str
    resource: str
    name: str
    id: str
    action: str
    """`create`, `replace`, `update`, `restart`, `stop`, `delete`, `retain` or `same`; `unknown` after a failure."""
    source: Source | None
    status: str
    """The recorded status, empty for a new task."""
    is_current: bool
    """Whether the recorded status is as current as the preview."""
    runtime_seconds: int | None
    changes: tuple[PropertyChange, ...]
    hardware_before: tuple[NodeGroup, ...]
    hardware_after: tuple[NodeGroup, ...]
    supply: str
    charge_type: str
    resource_group: str
    price_before: HourlyPrice | None
    """What the task costs an hour now; None, if it is not active."""
    price_after: HourlyPrice | None
    """What it costs an hour after the change; None, if it is not active then."""
    max_duration_seconds: int | None
    attempts: int | None
    """How often the task may run at most, by its re-runs and automatic restarts."""
    inputs_before: Mapping[str, Any] = field(repr=False)
    inputs_after: Mapping[str, Any] = field(repr=False)
    findings: tuple[Finding, ...] = ()
    kept_old: KeptTask | None = None
    """The task that is replaced, if it is active and stays, by `retain_on_delete`."""

    @property
    def is_stopped(self) -> bool:
        """Whether an active task is stopped or deleted."""
        return self.price_before is not None and self.action in ("delete", "replace", "stop") and not self.kept_old

    def active_nodes(self, *, after: bool) -> tuple[NodeGroup, ...]:
        """Return the groups of nodes that run before or after the change."""
        if not after:
            return () if self.price_before is None else self.hardware_before
        if self.price_after is None or self.action == "unknown":
            return ()
        return (self.hardware_after or self.hardware_before) + (self.hardware_before if self.kept_old else ())

    @property
    def hourly_before(self) -> Decimal | None:
        """The price an hour before, 0 for a task that is not active; None, if it is unknown."""
        return Decimal(0) if self.price_before is None else self.price_before.amount

    @property
    def hourly_after(self) -> Decimal | None:
        """The price an hour after, 0 for a task that is not active; None, if it is unknown."""
        return Decimal(0) if self.price_after is None else self.price_after.amount

    @property
    def worst_case(self) -> Decimal | None:
        """What the task costs at most until it ends; None, if nothing limits it or its price is unknown.

        A task that is replaced and stays has a limit of its own.
        """
        kept = self.kept_old
        if kept is None:
            return _worst_case(self.price_after, self.max_duration_seconds, self.attempts)
        old = _worst_case(self.price_before, kept.max_duration_seconds, kept.attempts)
        new = _worst_case(kept.price_of_new, self.max_duration_seconds, self.attempts)
        return None if old is None or new is None else old + new


def _worst_case(price: HourlyPrice | None, seconds: int | None, attempts: int | None) -> Decimal | None:
    if price is None or price.amount == 0:
        return Decimal(0)
    if price.amount is None or seconds is None or attempts is None:
        return None
    return price.amount * seconds * attempts / 3600


@dataclass(frozen=True)
class Total:
    """A sum of prices, and whose are not in it."""

    amount: Decimal
    list_amount: Decimal
    unpriced: tuple[str, ...] = ()
    """The resources of unknown price: the true sum is higher."""


@dataclass(frozen=True)
class StackReview:
    """One stack, and what a preview would change in it."""

    organization: str
    project: str
    stack: str
    refreshed: bool
    """Whether the statuses of all tasks are current."""
    failed: bool
    is_partial: bool
    """Whether the stack may have tasks that the preview does not contain."""
    currency: Currency
    tasks: tuple[TaskReview, ...]
    diagnostics: tuple[Diagnostic, ...]
    prices_asked: bool
    """Whether the service was asked for prices."""
    labels_enabled: bool = True
    """Whether the stack's tasks get labels."""

    @property
    def counts(self) -> dict[str, int]:
        """How many tasks each operation of the engine is about."""
        counts = dict.fromkeys(("create", "replace", "update", "delete", "same"), 0)
        for task in self.tasks:
            if task.action in _OPERATIONS:
                counts[_OPERATIONS[task.action]] += 1
        return counts

    @functools.cached_property
    def before(self) -> Total:
        """What the stack costs an hour before."""
        return _total((task, task.price_before) for task in self.tasks)

    @functools.cached_property
    def after(self) -> Total:
        """What the stack costs an hour after."""
        return _total((task, task.price_after) for task in self.tasks)

    @property
    def worst_case(self) -> Decimal | None:
        """What all tasks cost at most until they end; None, if nothing limits one of them, or not all are known."""
        if self.failed or self.is_partial:
            return None
        worst = Decimal(0)
        for task in self.tasks:
            amount = task.worst_case
            if amount is None:
                return None
            worst += amount
        return worst

    def gpus(self, *, after: bool) -> dict[str, Decimal]:
        """Return how many GPUs of each kind the active tasks have."""
        found: dict[str, Decimal] = {}
        for task in self.tasks:
            for group in task.active_nodes(after=after):
                if group.gpus and group.count:
                    found[group.gpu_type] = found.get(group.gpu_type, Decimal(0)) + group.gpus * group.count
        return dict(sorted(found.items()))

    def are_gpus_known(self, *, after: bool) -> bool:
        """Return whether the nodes of all active tasks are known."""
        groups = [group for task in self.tasks for group in task.active_nodes(after=after)]
        return not any(group.count is None or group.gpus is None for group in groups)

    @property
    def is_unchanged(self) -> bool:
        return not self.failed and all(task.action == "same" for task in self.tasks)

    @property
    def findings(self) -> list[tuple[TaskReview, Finding]]:
        """All findings, the most important first."""
        found = [(task, finding) for task in self.tasks for finding in task.findings]
        return sorted(
            found, key=lambda each: (SEVERITIES.index(each[1].severity), each[1].code, each[0].resource, each[0].urn)
        )


_OPERATIONS = {
    "create": "create",
    "replace": "replace",
    "update": "update",
    "restart": "update",
    "stop": "update",
    "delete": "delete",
    "retain": "delete",
    "same": "same",
}


def _total(prices: Iterable[tuple[TaskReview, HourlyPrice | None]]) -> Total:
    amount, list_amount, unpriced = Decimal(0), Decimal(0), []
    for task, price in prices:
        if price is None:
            continue
        if price.amount is None or price.list_amount is None:
            unpriced.append(task.resource)
        else:
            amount, list_amount = amount + price.amount, list_amount + price.list_amount
    return Total(amount, list_amount, tuple(sorted(unpriced)))


@dataclass(frozen=True)
class Review:
    """A review of one or several stacks."""

    stacks: tuple[StackReview, ...]
    commit: str = ""
    repo_url: str = ""
    source_prefix: str = ""
    """The project's folder in the repository, with a slash at its end; empty, if it is the repository's own."""

    @property
    def result(self) -> str:
        """`failed`, `unchanged` or `ok`."""
        if any(stack.failed for stack in self.stacks):
            return "failed"
        return "unchanged" if all(stack.is_unchanged for stack in self.stacks) else "ok"


def sort_tasks(tasks: Sequence[TaskReview]) -> tuple[TaskReview, ...]:
    """Sort tasks as a review shows them: running ones that end first, then by the change of price, then by name."""

    def key(task: TaskReview) -> tuple[int, Decimal, str, str]:
        ends_running = task.is_stopped
        order = 0 if ends_running else 2 if task.action in ("same", "unknown") else 1
        difference = (task.hourly_after or Decimal(0)) - (task.hourly_before or Decimal(0))
        return order, -abs(difference), task.resource, f"{task.urn} {task.id}"

    return tuple(sorted(tasks, key=key))
