"""What a change costs: the line on the task's row, and the limits that refuse what a change starts.

Inputs that are checked without old ones are those of a task that starts: it is new, or replaces another one. A change
in place is known when the inputs are compared with the recorded ones. Limits never refuse a task that runs already and
is not started anew; it counts in the sum of its stack, and the refusal of that sum may appear on its row.

Prices come from `pricing/price_list.py`. The sentences are in `pricing/messages.py`.

Users set `tione:maxHourlyCost`, `tione:maxStackHourlyCost` and `tione:allowedInstanceTypes` (`_config/settings.py`). A
task that starts and exceeds one fails the preview. A price that cannot be had is unknown, and fails nothing: a limit
only warns, unless `tione:unknownPrice` is `refuse`.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pulumi_tione._api.status import is_terminal
from pulumi_tione._config.settings import CostLimit, Settings
from pulumi_tione._constraints import Violation
from pulumi_tione._schema.fields import path_to
from pulumi_tione._schema.identity import RETAINED, Owner
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import SettingsError, TaskError
from pulumi_tione.lifecycle.check import Checked
from pulumi_tione.lifecycle.diff import Difference
from pulumi_tione.lifecycle.messages import start_refused
from pulumi_tione.lifecycle.names import is_location_known
from pulumi_tione.pricing import messages
from pulumi_tione.pricing.amounts import Currency
from pulumi_tione.pricing.announcements import announced_tasks
from pulumi_tione.pricing.price_list import PriceList
from pulumi_tione.pricing.stack_costs import StackCosts
from pulumi_tione.pricing.task_price import HourlyPrice, ask_prices, hourly_price, total, unknown_price

_PATH = "resourceConfigInfos"
"""The property at which limits refuse: the nodes are what costs."""

_PRICED = (_PATH, "chargeType", "dataConfigs", "resourceSupplyAttribute")

LOCATION_UNKNOWN = "the region, workspace or settings are not known yet"


@dataclass(frozen=True)
class CostOptions:
    """What the settings request."""

    estimates: bool = False
    """Whether the row of a changed task shows what it costs."""
    task_limit: CostLimit | None = None
    stack_limit: CostLimit | None = None
    allowed_types: tuple[Sequence[str], str] | None = None
    """The instance types that new tasks may have, and where they are set."""
    refuses_unknown: bool = False
    """Whether the limits refuse a task whose price is unknown."""

    @classmethod
    def of(cls, settings: Settings) -> CostOptions:
        """Return what the settings request. Those that check refuses are left out."""
        values = {}
        for name, setting in _OPTIONS.items():
            with suppress(SettingsError):
                values[name] = getattr(settings, setting)
        return cls(**values)

    @property
    def needs_price(self) -> bool:
        return self.estimates or self.task_limit is not None or self.stack_limit is not None

    @property
    def has_limits(self) -> bool:
        return bool(self.limits or self.allowed_types)

    @property
    def limits(self) -> list[str]:
        """Where the limits are set that need a price."""
        return [limit.source for limit in (self.task_limit, self.stack_limit) if limit is not None]


_OPTIONS = {
    "estimates": "estimates_cost",
    "task_limit": "max_hourly_cost",
    "stack_limit": "max_stack_hourly_cost",
    "allowed_types": "allowed_instance_types",
    "refuses_unknown": "refuses_unknown_prices",
}
"""Each option, and the property of `Settings` that has it."""


@dataclass(frozen=True)
class Subject:
    """The resource that a call is about."""

    key: str
    """Identifies it in this process."""
    name: str
    """Its name in the program."""
    context: CallContext
    owner: Owner | None = None


class Costs:
    """The costs of the tasks that one process checks and compares. Safe to use from several threads.

    Args:
        options: what the settings request.
        price_list_of: returns the price list of a task's region, workspace and settings.
        status_of: looks up the current status of a task, given its id, what is recorded and its owner.
        currency: what prices are in.
    """

    def __init__(
        self,
        options: CostOptions,
        price_list_of: Callable[[Mapping[str, Any]], PriceList],
        status_of: Callable[[str, Mapping[str, Any], Owner | None], str],
        currency: Currency,
    ) -> None:
        self._options = options
        self._price_list_of = price_list_of
        self._status_of = status_of
        self._currency = currency
        self._stack = StackCosts()
        self._shown: set[str] = set()
        self._announced: list[Mapping[str, Any]] = []
        self._announcements: set[str] = set()
        self._lock = threading.Lock()

    def check(self, subject: Subject, olds: Mapping[str, Any], checked: Checked) -> None:
        """Show the price of a task that is started, and report the limits that it exceeds.

        Args:
            subject: the resource.
            olds: its old inputs; a task without any is started.
            checked: its new inputs, where failures and warnings are added.
        """
        if olds:
            is_summed = self._options.stack_limit is not None
            self._stack.expect(subject.key, self._price(checked.inputs) if is_summed else None)
            return
        is_priced = self._options.needs_price and not _is_invalid(checked)
        for path, violation in self._type_violations(checked.inputs):
            checked.fail(path, violation)
        if not is_priced:
            return
        price = self._price(checked.inputs)
        self._show(subject, messages.hourly_cost(price, self._currency))
        self._refuse(subject, price, checked)

    def compare(
        self,
        subject: Subject,
        task_id: str,
        outputs: Mapping[str, Any],
        news: Mapping[str, Any],
        difference: Difference,
    ) -> None:
        """Show what the change of a task that exists costs, and count the task.

        Args:
            subject: the resource.
            task_id: the task's id.
            outputs: what is recorded.
            news: the checked new inputs.
            difference: what changes.

        Raises:
            TaskError: the change starts the task again, or the stack has other tasks that are started, and a limit is
                exceeded.
        """
        is_changed = bool(difference.replacing or difference.in_place)
        options, starts_again = self._options, _starts_again(outputs, news)
        is_shown, is_limited = is_changed and options.estimates, starts_again and options.has_limits
        if not self._stack.is_expected(subject.key) or not (options.stack_limit or is_shown or is_limited):
            return
        was_active = not is_terminal(self._status_of(task_id, outputs, subject.owner))
        if difference.replacing:
            # The check of the replacement follows, and counts it.
            self._stack.exclude(subject.key)
            if was_active and (subject.owner or {}).get(RETAINED) and options.limits:
                kept = f"{subject.name} (kept by retain_on_delete)"
                self._stack.count(f"{subject.key} kept", kept, self._price(outputs))
            self._show_change(subject, outputs if was_active else None, news)
            return
        is_started = not was_active and starts_again
        is_active = is_started or (was_active and not _stops(outputs, news))
        if is_changed:
            self._show_change(subject, outputs if was_active else None, news if is_active else None)
        if is_started:
            self._refuse_start(subject, self._price(news) if options.limits else None, news)
        elif is_active and options.stack_limit is not None:
            price = self._price(news)
            self._stack.count(subject.key, subject.name, price)
            self._refuse_crossing(subject, price, options.stack_limit)
        else:
            self._stack.exclude(subject.key)

    def _refuse_start(self, subject: Subject, price: HourlyPrice | None, news: Mapping[str, Any]) -> None:
        checked = Checked()
        for path, violation in self._type_violations(news):
            checked.fail(path, violation)
        if price is not None:
            self._refuse(subject, price, checked)
        for warning in checked.warnings:
            subject.context.warn(warning)
        if checked.failures:
            raise TaskError(start_refused(subject.name, checked.reasons))

    def _refuse(self, subject: Subject, price: HourlyPrice, checked: Checked) -> None:
        """Count a task that is started, and report the limits that it exceeds: then it does not count any more."""
        # Without a limit of the stack, tasks that do not change are not counted.
        limit = self._options.stack_limit
        others = [] if limit is None else self._stack.start(subject.key, subject.name, price, limit.amount)
        refusals = [*self._refusals(subject, price, others, checked)]
        for refusal in refusals:
            checked.fail(_PATH, Violation(refusal))
        if refusals and limit is not None:
            self._stack.exclude(subject.key)

    def _refuse_crossing(self, subject: Subject, price: HourlyPrice, limit: CostLimit) -> None:
        """Raise an error if a task that runs already exceeds the limit of the stack together with those that start."""
        if price.amount and self._stack.has_started() and self._stack.known_total() > limit.amount:
            others = self._stack.others(subject.key)
            raise TaskError(self._over_stack_limit(subject, price, others, limit))

    def _refusals(
        self, subject: Subject, price: HourlyPrice, others: Sequence[tuple[str, HourlyPrice]], checked: Checked
    ) -> Iterator[str]:
        options = self._options
        if price.amount is None:
            if options.limits and options.refuses_unknown:
                yield messages.unknown_refused(price, options.limits)
            elif options.limits:
                checked.warn(_PATH, Violation(messages.unknown_with_limit(price, options.limits)))
            return
        if options.task_limit is not None and price.amount > options.task_limit.amount:
            yield messages.over_task_limit(price, options.task_limit.amount, options.task_limit.source, self._currency)
        if options.stack_limit is not None and price.amount:
            yield from self._stack_refusals(subject, price, others, options.stack_limit, checked)

    def _stack_refusals(
        self,
        subject: Subject,
        price: HourlyPrice,
        others: Sequence[tuple[str, HourlyPrice]],
        limit: CostLimit,
        checked: Checked,
    ) -> Iterator[str]:
        unknown = [name for name, counted in others if counted.amount is None]
        if total([price, *(counted for _, counted in others)]) > limit.amount:
            yield self._over_stack_limit(subject, price, others, limit)
        elif unknown and self._options.refuses_unknown:
            yield messages.stack_total_unknown(unknown, limit.source)
        elif unknown and self._is_first("total unknown"):
            checked.warn(_PATH, Violation(messages.stack_total_unknown(unknown, limit.source)))

    def _over_stack_limit(
        self, subject: Subject, price: HourlyPrice, others: Sequence[tuple[str, HourlyPrice]], limit: CostLimit
    ) -> str:
        return messages.over_stack_limit(subject.name, price, others, limit.amount, limit.source, self._currency)

    def _type_violations(self, inputs: Mapping[str, Any]) -> Iterator[tuple[str, Violation]]:
        groups = inputs.get(_PATH)
        if self._options.allowed_types is None or not isinstance(groups, list):
            return
        allowed, source = self._options.allowed_types
        for index, group in enumerate(groups):
            name = group.get("instanceType") if isinstance(group, Mapping) else None
            if isinstance(name, str) and name and not any(fnmatch.fnmatchcase(name, each) for each in allowed):
                path = path_to(path_to(_PATH, index), "instanceType")
                yield path, Violation(messages.type_not_allowed(allowed, source), subject=repr(name))

    def _price(self, task: Mapping[str, Any]) -> HourlyPrice:
        if not is_location_known(task):
            return unknown_price([LOCATION_UNKNOWN])
        self._ask([task])
        return hourly_price(task, self._price_list_of(task))

    def expect(self, text: object) -> None:
        """Remember tasks that will be checked: the first price that is needed is asked for together with theirs.

        Checks arrive one by one, so otherwise each price would be waited for by itself.
        """
        if self._options.needs_price and isinstance(text, str):
            with self._lock:
                is_new = text not in self._announcements
                self._announcements.add(text)
                self._announced += announced_tasks(text) if is_new else []

    def _ask(self, tasks: Sequence[Mapping[str, Any]]) -> None:
        with self._lock:
            announced, self._announced = self._announced, []
        by_list: dict[PriceList, list[Mapping[str, Any]]] = {}
        for task in filter(is_location_known, (*tasks, *announced)):
            by_list.setdefault(self._price_list_of(task), []).append(task)
        for price_list, priced in by_list.items():
            ask_prices(priced, price_list)

    def _show_change(self, subject: Subject, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        if not self._options.estimates:
            return
        self._ask([task for task in (before, after) if task is not None])
        price_before, price_after = (None if task is None else self._price(task) for task in (before, after))
        self._show(subject, messages.hourly_change(price_before, price_after, self._currency))

    def _show(self, subject: Subject, line: str) -> None:
        """Show a line on the task's row, once: a task that is replaced is checked twice."""
        if self._is_first(subject.key) and self._options.estimates:
            subject.context.note(line)

    def _is_first(self, key: str) -> bool:
        with self._lock:
            is_first = key not in self._shown
            self._shown.add(key)
        return is_first


def _is_invalid(checked: Checked) -> bool:
    """Return whether inputs that have a price are invalid: no price is asked for them."""
    return any(path.startswith(_PRICED) for path, _ in checked.failures)


def _starts_again(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    is_rerun = int(news.get("run", 1)) > int(outputs.get("run", 1))
    return is_rerun or (news.get("desiredStatus") == "RUNNING" and outputs.get("desiredStatus") != "RUNNING")


def _stops(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    return news.get("desiredStatus") == "STOPPED" and outputs.get("desiredStatus") != "STOPPED"
