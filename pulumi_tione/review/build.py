"""From a preview to a review: actions, changes by path, hardware and prices of each task."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from pulumi_tione._api.status import is_terminal
from pulumi_tione._schema.fields import TRAINING_TASK, path_to
from pulumi_tione.pricing.amounts import Currency
from pulumi_tione.pricing.price_list import PriceList, Spec, UnknownPrice
from pulumi_tione.pricing.task_price import hourly_price, node_count
from pulumi_tione.review.findings import find
from pulumi_tione.review.model import NodeGroup, PropertyChange, StackReview, TaskReview, sort_tasks
from pulumi_tione.review.preview import SECRET, UNKNOWN, Placeholder, Preview, Step

PriceLists = Callable[[Mapping[str, Any]], PriceList | None]
"""Returns the price list for a task's inputs or outputs; None, if prices may not be asked for."""

_COMPUTED = ("secretInputs", "importedFields", "rerunOf", "numberedFrom", "unconfirmed")
"""What check computes along the way: no change of its own."""

_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[]+)')


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
    tasks = [_task(step, price_lists) for step in preview.steps]
    ordered = find(sort_tasks(tasks), price_lists, currency, labels_enabled=labels_enabled)
    return StackReview(
        organization=preview.organization,
        project=preview.project,
        stack=preview.stack,
        refreshed=preview.refreshed,
        failed=preview.failed,
        currency=currency,
        tasks=ordered,
        diagnostics=tuple(sorted(preview.diagnostics, key=lambda each: (each.resource, each.path, each.message))),
        prices_asked=price_lists is not no_prices,
    )


def _task(step: Step, price_lists: PriceLists) -> TaskReview:
    before, after = {**step.old_inputs, **step.old_outputs}, step.new_inputs
    was_active = step.operation != "create" and not is_terminal(_text(before.get("status")))
    action = _action(step, was_active)
    is_active = {
        "create": after.get("desiredStatus") != "STOPPED",
        "replace": after.get("desiredStatus") != "STOPPED",
        "restart": True,
        "stop": False,
        "delete": False,
    }.get(action, was_active)
    shown_after = after if action not in ("retain",) else before
    price_before = hourly_price(before, price_lists(before)) if was_active else None
    price_after = hourly_price(shown_after, price_lists(shown_after)) if is_active else None
    known = after or before
    supply = known.get("resourceSupplyAttribute")
    return TaskReview(
        urn=step.urn,
        resource=step.name,
        name=_text(known.get("name")),
        id=step.id,
        action=action,
        source=step.source,
        status=_text(before.get("status")) if step.operation != "create" else "",
        runtime_seconds=_whole(before.get("runtimeInSeconds")) if step.operation != "create" else None,
        changes=tuple(_changes(step)) if step.operation in ("replace", "update") else (),
        hardware_before=tuple(_groups(before, price_lists)) if step.operation != "create" else (),
        hardware_after=tuple(_groups(after, price_lists)) if after else (),
        supply=_text(supply.get("supplyType")) if isinstance(supply, Mapping) else "",
        charge_type=_text(known.get("chargeType")),
        resource_group=_text(known.get("resourceGroupId")),
        price_before=price_before,
        price_after=price_after,
        max_duration_seconds=_whole(known.get("maxDuration")),
        attempts=_attempts(known),
        inputs_before=before if step.operation != "create" else {},
        inputs_after=after,
    )


def _action(step: Step, was_active: bool) -> str:
    if step.operation == "delete":
        return "retain" if step.retained else "delete"
    if step.operation not in ("update", "import"):
        return step.operation
    if step.operation == "import":
        return "same"
    recorded, desired = {**step.old_inputs, **step.old_outputs}, step.new_inputs
    if was_active and desired.get("desiredStatus") == "STOPPED" and recorded.get("desiredStatus") != "STOPPED":
        return "stop"
    starts_again = desired.get("desiredStatus") == "RUNNING" and recorded.get("desiredStatus") != "RUNNING"
    is_rerun = (_whole(desired.get("run")) or 1) > (_whole(recorded.get("run")) or 1)
    return "restart" if not was_active and (starts_again or is_rerun) else "update"


def _changes(step: Step) -> Iterator[PropertyChange]:
    """Yield what differs, by path and in the order of the declarations.

    The engine names paths whose secret values it hides; the values themselves show what the engine summarizes.
    """
    changed_paths = {*step.changed_properties, *step.replacing_properties}
    paths = {path for path in step.changed_paths if _top(path) not in _COMPUTED}
    for name in {*changed_paths, *step.new_inputs, *step.old_inputs} - {*_COMPUTED, "owner"}:
        old, new = step.old_inputs.get(name), step.new_inputs.get(name)
        if not any(_top(path) == name for path in paths):
            paths |= {*_different(name, old, new)}
    for name in changed_paths - {*_COMPUTED}:
        if not any(_top(path) == name for path in paths):
            paths.add(name)
    for path in sorted(paths, key=_declared_order):
        old, new = _at(step.old_inputs, path), _at(step.new_inputs, path)
        if old == new and not isinstance(old, Placeholder):
            recorded = _at(step.old_outputs, path)
            old = old if recorded is None else recorded
        is_secret = SECRET in (old, new) or _is_below_secret(step, path)
        replaces = _top(path) in {*map(_top, step.replacing_properties)}
        yield PropertyChange(path, None if is_secret else old, None if is_secret else new, is_secret, replaces)


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
    listed = price_list.specs() if price_list is not None and task.get("chargeType") != "PREPAID" else None
    specs: Mapping[str, Spec] = {} if listed is None or isinstance(listed, UnknownPrice) else listed
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


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
