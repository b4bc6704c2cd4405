"""From a preview to a review: actions, changes by path, hardware and prices of each task.

What is in a review is declared in `model.py`. Which action a step is (starts, stops, starts over) is decided here
(`_action`), what a reviewer should look at in `findings.py`, the order of tasks in `model.py` (`sort_tasks`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeAlias

from pulumi_tione._api.status import Status, is_terminal, normalized
from pulumi_tione._durations import parse_duration
from pulumi_tione._schema.fields import TRAINING_TASK, path_to
from pulumi_tione.lifecycle.diff import is_rerun_counted
from pulumi_tione.pricing.amounts import Currency
from pulumi_tione.pricing.price_list import PriceList, Spec, UnknownPrice
from pulumi_tione.pricing.task_price import Basis, HourlyPrice, billed_items, hourly_price, node_count
from pulumi_tione.review.findings import find
from pulumi_tione.review.model import KeptTask, NodeGroup, PropertyChange, StackReview, TaskReview, sort_tasks
from pulumi_tione.review.preview import SECRET, UNKNOWN, Placeholder, Preview, Step
from pulumi_tione.review.secret_texts import encoded_commands, masked, masked_value

PriceLists: TypeAlias = Callable[[Mapping[str, Any]], PriceList | UnknownPrice | None]
"""Returns the price list for a task's inputs or outputs; why there is none; or None, if prices may not be asked for."""

_COMPUTED = ("secretInputs", "importedFields", "keptFields", "rerunOf", "numberedFrom", "unconfirmed", "run")
"""What check computes along the way: no change of its own."""

_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[]+)')

_NOT_PREVIEWED = HourlyPrice(Basis.UNKNOWN, None, None, ("the preview failed before it came to this task",))


def no_prices(_: Mapping[str, Any]) -> None:
    """Return no price list: prices are not asked for."""


def review_stack(
    preview: Preview, price_lists: PriceLists = no_prices, currency: Currency = "CNY", *, labels_enabled: bool = True
) -> StackReview:
    """Return the review of one stack.

    Args:
        preview: what the engine would do.
        price_lists: returns the price list of a task.
        currency: what the prices are in.
        labels_enabled: whether the stack's tasks get labels.
    """
    transitions = [_transition(step) for step in preview.steps]
    _ask_for_prices(transitions, price_lists)
    tasks = [_task(transition, price_lists) for transition in transitions]
    ordered = find(sort_tasks(tasks), price_lists, currency, labels_enabled=labels_enabled)
    return StackReview(
        organization=preview.organization,
        project=preview.project,
        stack=preview.stack,
        refreshed=preview.refreshed,
        failed=preview.failed,
        is_partial=preview.is_partial,
        currency=currency,
        tasks=ordered,
        diagnostics=tuple(replace(each, message=masked(each.message)) for each in preview.diagnostics),
        prices_asked=price_lists is not no_prices,
        labels_enabled=labels_enabled,
    )


@dataclass(frozen=True)
class _Transition:
    """What a step makes of a task."""

    step: Step
    action: str
    before: Mapping[str, Any]
    """What is recorded of the task; empty for a new one."""
    after: Mapping[str, Any]
    """What it is to be; empty, if it is not in the stack afterwards."""
    was_active: bool
    is_active: bool
    """Whether it, or the task that replaces it, is active afterwards."""
    is_rerun: bool
    """Whether it is started again because it has failed."""
    keeps_old: bool
    """Whether the task that is replaced stays and is active."""

    @property
    def billed(self) -> Mapping[str, Any]:
        """What is billed afterwards."""
        return self.after or self.before


def _transition(step: Step) -> _Transition:
    before = {} if step.operation == "create" else {**step.old_inputs, **step.old_outputs}
    after = step.new_inputs
    is_rerun = step.operation == "update" and _is_rerun(before, after)
    # Check counts a re-run only of a task that has failed, whatever was recorded of it.
    was_active = bool(before) and not is_terminal(_text(before.get("status"))) and not is_rerun
    action = _action(step, before, was_active=was_active, is_rerun=is_rerun)
    is_active = action in ("create", "replace", "restart") or (was_active and action not in ("stop", "delete"))
    keeps_old = action == "replace" and step.retained and was_active
    return _Transition(step, action, before, after, was_active, is_active, is_rerun, keeps_old)


def _action(step: Step, before: Mapping[str, Any], *, was_active: bool, is_rerun: bool) -> str:
    if step.operation == "delete":
        return "retain" if step.retained else "delete"
    if step.operation == "import":
        return "same"
    if step.operation != "update":
        return step.operation
    desired, recorded = step.new_inputs.get("desiredStatus"), before.get("desiredStatus")
    if desired == Status.STOPPED:
        return "stop" if was_active and recorded != desired else "update"
    # A task that has succeeded is not started by its desired status.
    starts_again = desired == Status.RUNNING != recorded and normalized(_text(before.get("status"))) != Status.SUCCEED
    return "restart" if is_rerun or (starts_again and not was_active) else "update"


def _is_rerun(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    run = _whole(after.get("run")) or 1
    return run > (_whole(before.get("run")) or 1) or is_rerun_counted(before, {**after, "run": run})


def _ask_for_prices(transitions: Iterable[_Transition], price_lists: PriceLists) -> None:
    """Ask for all prices at once: one call for each price list."""
    requested: dict[int, tuple[PriceList, list[tuple[str, int]]]] = {}
    for each in transitions:
        states = [each.before] * (each.was_active) + [each.billed] * (each.is_active and each.action != "unknown")
        for state in states:
            price_list = price_lists(state)
            if isinstance(price_list, PriceList) and state.get("chargeType") != "PREPAID":
                _, items = requested.setdefault(id(price_list), (price_list, []))
                items += [item for item in billed_items(state, price_list) if not isinstance(item, str)]
    for price_list, items in requested.values():
        price_list.ask(items)


def _task(transition: _Transition, price_lists: PriceLists) -> TaskReview:
    step, before, after = transition.step, transition.before, transition.after
    known = transition.billed
    supply = known.get("resourceSupplyAttribute")
    price_before = _price(before, price_lists) if transition.was_active else None
    price_after = _price(known, price_lists) if transition.is_active else None
    if transition.action == "unknown":
        price_after = _NOT_PREVIEWED
    kept_old = None
    if price_before and price_after and transition.keeps_old:
        kept_old = KeptTask(price_after, _seconds(before.get("maxDuration")), _attempts(before))
        price_after = _sum(price_before, price_after)
    return TaskReview(
        urn=step.urn,
        resource=step.name,
        name=_text(known.get("name")),
        id=step.id,
        action=transition.action,
        source=step.source,
        status=_text(before.get("status")),
        is_current=step.is_current,
        runtime_seconds=_whole(before.get("runtimeInSeconds")),
        changes=tuple(_changes(transition)) if step.operation in ("replace", "update") else (),
        hardware_before=tuple(_groups(before, price_lists)),
        hardware_after=tuple(_groups(after, price_lists)),
        supply=_text(supply.get("supplyType")) if isinstance(supply, Mapping) else "",
        charge_type=_text(known.get("chargeType")),
        resource_group=_text(known.get("resourceGroupId")),
        price_before=price_before,
        price_after=price_after,
        max_duration_seconds=_seconds(known.get("maxDuration")),
        attempts=_attempts(known),
        inputs_before=before,
        inputs_after=after,
        kept_old=kept_old,
    )


def _price(task: Mapping[str, Any], price_lists: PriceLists) -> HourlyPrice:
    price_list = price_lists(task)
    if isinstance(price_list, UnknownPrice):
        price = hourly_price(task, None)
        is_unknown = price.basis is Basis.UNKNOWN
        return HourlyPrice(Basis.UNKNOWN, None, None, (price_list.reason,)) if is_unknown else price
    return hourly_price(task, price_list)


def _sum(left: HourlyPrice, right: HourlyPrice) -> HourlyPrice:
    """Return the price of two tasks that are billed together."""
    reasons = tuple(dict.fromkeys((*left.reasons, *right.reasons)))
    if left.amount is None or right.amount is None or left.list_amount is None or right.list_amount is None:
        return HourlyPrice(Basis.UNKNOWN, None, None, reasons)
    is_ceiling = Basis.CEILING in (left.basis, right.basis)
    basis = Basis.CEILING if is_ceiling else left.basis if left.basis is right.basis else Basis.PRICE
    return HourlyPrice(basis, left.amount + right.amount, left.list_amount + right.list_amount)


def _changes(transition: _Transition) -> Iterator[PropertyChange]:
    """Yield what differs, by path and in the order of the declarations.

    The engine names paths whose secret values it hides; the values themselves show what the engine summarizes.
    """
    step = transition.step
    changed_properties = {*step.changed_properties, *step.replacing_properties} - {*_COMPUTED}
    paths = {path for path in step.changed_paths if _top(path) not in _COMPUTED}
    for name in {*changed_properties, *step.new_inputs, *step.old_inputs} - {*_COMPUTED, "owner"}:
        if not any(_top(path) == name for path in paths):
            paths |= {*_different(name, step.old_inputs.get(name), step.new_inputs.get(name))}
    for name in changed_properties:
        if not any(_top(path) == name for path in paths):
            paths.add(name)
    if transition.is_rerun:
        paths.add("run")
    if not paths and step.operation == "update":
        paths.add("owner")  # labels that are turned on or off show in no input
    replacing = {*map(_top, step.replacing_properties)}
    for path in sorted(paths, key=_declared_order):
        old, new = _at(step.old_inputs, path), _at(step.new_inputs, path)
        if old == new and not isinstance(old, Placeholder):
            recorded = _at(step.old_outputs, path)
            old = old if recorded is None else recorded
        is_secret = SECRET in (old, new) or _is_below_secret(step, path)
        old, new = (None if is_secret else _shown(path, value) for value in (old, new))
        yield PropertyChange(path, old, new, is_secret, _top(path) in replacing)


def _shown(path: str, value: Any) -> Any:
    """Return a value as a review shows it: commands in plain text, and without what looks like a secret."""
    steps = [*_steps(path)]
    if steps[0] == "encodedStartCmdInfo" and value is not None:
        commands = encoded_commands(value)
        value = "\n".join(f"{name}: {command}" for name, command in commands.items()) or value
    return masked_value(str(steps[-1]), value)


def _is_below_secret(step: Step, path: str) -> bool:
    """Check whether a path leads into a value that is hidden as a whole, or to a field that is always secret."""
    steps = [*_steps(path)]
    for properties in (step.old_inputs, step.new_inputs):
        value: Any = properties
        for each in steps:
            value = _part(value, each)
            if value is SECRET:
                return True
    field = TRAINING_TASK.fields.get(str(steps[0])) if steps else None
    return bool(field and field.secret)


def _different(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield the paths of the leaves that differ."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _different(path_to(path, key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _different(path_to(path, index), left, right)
    elif old != new or (old is UNKNOWN and new is UNKNOWN):
        yield path


def _top(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _declared_order(path: str) -> tuple[int, str]:
    names = [*TRAINING_TASK.fields]
    top = _top(path)
    return (names.index(top) if top in names else len(names)), path


def _steps(path: str) -> Iterator[str | int]:
    for quoted, index, name in _STEP.findall(path):
        yield int(index) if index else quoted or name


def _part(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else None
    return value.get(step) if isinstance(value, Mapping) else None


def _at(properties: Mapping[str, Any], path: str) -> Any:
    value: Any = properties
    for step in _steps(path):
        value = _part(value, step)
    return value


def _groups(task: Mapping[str, Any], price_lists: PriceLists) -> Iterator[NodeGroup]:
    groups = task.get("resourceConfigInfos")
    price_list = price_lists(task)
    is_in_group = task.get("chargeType") == "PREPAID"
    listed = price_list.specs() if isinstance(price_list, PriceList) and not is_in_group else None
    specs: Mapping[str, Spec] = listed if isinstance(listed, Mapping) else {}
    if isinstance(groups, Placeholder):
        yield NodeGroup(role="", spec="", alias="", count=None, gpu_type="GPU", gpus=None)
    for group in groups if isinstance(groups, list) else ():
        if not isinstance(group, Mapping):
            continue
        spec = specs.get(_text(group.get("instanceType")))
        gpu, gpu_type = _whole(group.get("gpu")), _text(group.get("gpuType"))
        gpus = Decimal(gpu) / 100 if gpu is not None else Decimal(0) if not group.get("instanceType") else None
        yield NodeGroup(
            role=_text(group.get("role")),
            spec=_text(group.get("instanceType")) or _resources(group),
            alias=spec.alias if spec else "",
            count=node_count(group),
            gpu_type=(spec.gpu_type if spec else gpu_type) or "GPU",
            gpus=spec.gpus if spec else gpus,
        )


def _resources(group: Mapping[str, Any]) -> str:
    """Return the size of a node in a resource group, in the form of a spec's alias."""
    cpu, memory, gpu = (_whole(group.get(name)) for name in ("cpu", "memory", "gpu"))
    parts = [
        f"{Decimal(cpu) / 1000:f}C" if cpu else "",
        f"{Decimal(memory) / 1024:.4g}G" if memory else "",
        f" {_text(group.get('gpuType')) or 'GPU'}*{Decimal(gpu) / 100:f}" if gpu else "",
    ]
    return "".join(parts).strip()


def _attempts(task: Mapping[str, Any]) -> int | None:
    """Return how often a task may run: each re-run by `rerun_on_failure`, each automatic restart by the service."""
    parameters = task.get("additionalParameters")
    policy = parameters.get("SchedulePolicy") if isinstance(parameters, Mapping) else None
    restarts = policy.get("BackOffLimit") if isinstance(policy, Mapping) else None
    counts = []
    for value in (task.get("rerunOnFailure"), restarts):
        if isinstance(value, Placeholder):
            return None
        counts.append(_whole(value) or 0)
    return (1 + counts[0]) * (1 + counts[1])


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value)


def _seconds(duration: Any) -> int | None:
    """Return a duration in seconds: a number of them, or a text such as `12h`."""
    if not isinstance(duration, str):
        return _whole(duration)
    try:
        return int(parse_duration(duration).total_seconds())
    except ValueError:
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
