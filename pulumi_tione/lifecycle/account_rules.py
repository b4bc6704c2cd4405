"""What a new task names, compared with what the account has: `tione:validate`.

Each list is requested once in a process. If a list cannot be requested, a note on the row of a task shows that nothing
was compared with it.

Only a task that starts is checked: a new one, or one that replaces another. It is off unless `tione:validate` is true.
Rules that need no request are in `check_rules.py`, limits on costs in `cost_limits.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from pulumi_tione._api.protocols import AccountApi
from pulumi_tione._constraints import Violation, suggestion
from pulumi_tione._once import Once
from pulumi_tione._schema.fields import Scalar, path_to
from pulumi_tione._schema.walk import is_of_type
from pulumi_tione.errors import ApiError, TioneError
from pulumi_tione.lifecycle.check import Checked
from pulumi_tione.lifecycle.cost_limits import Subject
from pulumi_tione.lifecycle.names import is_location_known
from pulumi_tione.pricing.price_list import DISK_TYPE, PAY_AS_YOU_GO, PriceList, UnknownPrice, lookup_failure
from pulumi_tione.pricing.task_price import node_count

_NODES = "resourceConfigInfos"
_AMOUNTS = {"cpu": ("Cpu", 1000, "cores"), "memory": ("Memory", 1024, "GB of memory"), "gpu": ("Gpu", 100, "GPU cards")}
"""What nodes in a resource group ask for: the name in the API, how many units make one of the last, for messages."""

_T = TypeVar("_T")
_Found = Iterator[tuple[str, Violation]]


@dataclass(frozen=True)
class _Framework:
    """A version of a framework in one environment, as the service lists it."""

    name: str
    version: str
    environment: str
    modes: tuple[str, ...]


@dataclass
class _Needs:
    """What the tasks of this process ask of one resource group, by resource and amount."""

    by_resource: dict[str, dict[str, int]] = field(default_factory=dict)

    def sum_of(self, amount: str) -> int:
        return sum(needs[amount] for needs in self.by_resource.values())


class AccountRules:
    """The rules that need the account. Safe to use from several threads.

    Args:
        api_of: returns the API for a task's region, workspace and settings.
        price_list_of: returns the price list, which has the specs, for the same.
    """

    def __init__(
        self,
        api_of: Callable[[Mapping[str, Any]], AccountApi],
        price_list_of: Callable[[Mapping[str, Any]], PriceList],
    ) -> None:
        self._api_of = api_of
        self._price_list_of = price_list_of
        self._look_ups: Once[Any] = Once()
        self._lock = threading.Lock()
        self._noted: set[str] = set()
        self._needs: dict[tuple[AccountApi, str], _Needs] = {}

    def check(self, subject: Subject, checked: Checked) -> None:
        """Check what a task that starts names: its framework, specifications, resource group and subnet.

        Args:
            subject: its resource.
            checked: its inputs, where failures and warnings are added.
        """
        inputs = checked.inputs
        if not is_location_known(inputs):
            return
        invalid = {path for path, _ in checked.failures}
        for rule in (
            self._framework_violations,
            self._spec_violations,
            self._group_violations,
            self._subnet_violations,
        ):
            for path, violation in rule(subject, inputs):
                if path not in invalid:
                    checked.fail(path, violation)
        if not any(path.startswith(_NODES) for path, _ in checked.failures):
            for path, warning in self._room_warnings(subject, inputs):
                checked.warn(path, warning)

    def _framework_violations(self, subject: Subject, inputs: Mapping[str, Any]) -> _Found:
        name = _text(inputs, "frameworkName")
        if name is None:
            return
        api = self._api_of(inputs)
        listed = self._look_up(subject, "frameworks", api, lambda: [*_frameworks(api.frameworks())])
        if not listed:
            return
        if name not in {each.name for each in listed}:
            yield "frameworkName", _not_listed(name, "a framework", (each.name for each in listed))
            return
        possible = [each for each in listed if each.name == name]
        for path, attribute in (("frameworkVersion", "version"), ("frameworkEnvironment", "environment")):
            value = _text(inputs, path)
            known = [getattr(each, attribute) for each in possible]
            if value is not None and value not in known:
                yield path, _not_listed(value, f"{_ARTICLES[attribute]} of {name}", known)
                return
            possible = [each for each in possible if value is None or getattr(each, attribute) == value]
        mode = _text(inputs, "trainingMode")
        modes = [mode for each in possible for mode in each.modes]
        if mode is not None and modes and mode not in modes:
            yield "trainingMode", _not_listed(mode, f"a training mode of {name}", modes)

    def _spec_violations(self, subject: Subject, inputs: Mapping[str, Any]) -> _Found:
        groups = inputs.get(_NODES)
        if inputs.get("chargeType") != PAY_AS_YOU_GO or not isinstance(groups, list):
            return
        types = [_text(group, "instanceType") if isinstance(group, Mapping) else None for group in groups]
        if not any(types):
            return
        api = self._api_of(inputs)
        listed = self._price_list_of(inputs).specs()
        if isinstance(listed, UnknownPrice):
            self._note(subject, "instance types", listed.reason)
            return
        sold = {name: spec for name, spec in listed.items() if spec.kind != DISK_TYPE}
        for index, name in enumerate(types):
            path = path_to(path_to(_NODES, index), "instanceType")
            if name is not None and name not in sold:
                yield path, Violation(f"is not sold in {api.region}{suggestion(name, sold)}", subject=repr(name))
            elif name is not None and not sold[name].is_available:
                regions = ", ".join(sold[name].available_regions)
                elsewhere = f"; it is available in {regions}" if regions else ""
                yield path, Violation(f"is sold out in {api.region}{elsewhere}", subject=repr(name))

    def _group_violations(self, subject: Subject, inputs: Mapping[str, Any]) -> _Found:
        group_id, groups = self._groups(subject, inputs)
        if group_id is None or groups is None:
            return
        if group_id not in groups:
            by_name = {str(group.get("ResourceGroupName")): known for known, group in groups.items()}
            near = f"; did you mean {by_name[group_id]}?" if group_id in by_name else suggestion(group_id, groups)
            region = self._api_of(inputs).region
            yield (
                "resourceGroupId",
                Violation(f"is not a resource group of this account in {region}{near}", subject=repr(group_id)),
            )
            return
        total, needs = groups[group_id].get("TotalResource"), _needs_of(inputs)
        for amount, (wire, unit, words) in _AMOUNTS.items():
            asked, existing = needs[amount], _amount(total, wire)
            if existing is not None and asked > existing:
                yield (
                    _NODES,
                    Violation(
                        f"the nodes need {_shown(asked, unit)} {words}, and the resource group {group_id!r} has "
                        f"{_shown(existing, unit)} in all"
                    ),
                )

    def _room_warnings(self, subject: Subject, inputs: Mapping[str, Any]) -> _Found:
        """Yield what is not free in a resource group now: the task may have to wait for it."""
        group_id, groups = self._groups(subject, inputs)
        if group_id is None or groups is None or group_id not in groups:
            return
        group, own_needs = groups[group_id], _needs_of(inputs)
        with self._lock:
            needs = self._needs.setdefault((self._api_of(inputs), group_id), _Needs())
            needs.by_resource[subject.key] = own_needs
            sums = {amount: needs.sum_of(amount) for amount in _AMOUNTS}
            tasks = len(needs.by_resource)
        for amount, (wire, unit, words) in _AMOUNTS.items():
            total, used = _amount(group.get("TotalResource"), wire), _amount(group.get("UsedResource"), wire)
            if total is None or used is None or sums[amount] <= total - used or not own_needs[amount]:
                continue
            who = "the nodes need" if tasks == 1 else f"the nodes of the {tasks} tasks that start in it need"
            yield (
                _NODES,
                Violation(
                    f"{who} {_shown(sums[amount], unit)} {words}, and {_shown(max(total - used, 0), unit)} of "
                    f"{_shown(total, unit)} are free in the resource group {group_id!r} now. The task may have to wait"
                ),
            )

    def _groups(
        self, subject: Subject, inputs: Mapping[str, Any]
    ) -> tuple[str | None, Mapping[str, Mapping[str, Any]] | None]:
        """Return the id of a task's resource group, and all resource groups by id; None where they are not known."""
        group_id, api = _text(inputs, "resourceGroupId"), self._api_of(inputs)
        if group_id is None:
            return None, None
        workspace = inputs.get("tiProjectId") or None
        return group_id, self._look_up(
            subject,
            "resource groups",
            (api, workspace),
            lambda: {str(group["ResourceGroupId"]): group for group in api.resource_groups(workspace)},
        )

    def _subnet_violations(self, subject: Subject, inputs: Mapping[str, Any]) -> _Found:
        vpc, subnet, api = _text(inputs, "vpcId"), _text(inputs, "subnetId"), self._api_of(inputs)
        if subnet is None or vpc is None:
            return
        found = self._look_up(subject, "subnets", (api, subnet), lambda: (api.vpc_of_subnet(subnet),))
        if found is None:
            return
        (actual,) = found
        if actual is None:
            yield "subnetId", Violation(f"is not a subnet of this account in {api.region}", subject=repr(subnet))
        elif actual and actual != vpc:
            yield "subnetId", Violation(f"belongs to the VPC {actual}, not to {vpc}", subject=repr(subnet))

    def _look_up(self, subject: Subject, things: str, key: object, read: Callable[[], _T]) -> _T | None:
        """Return what the service lists; None if it does not, which a note shows."""
        try:
            found: _T = self._look_ups.get((things, key), read)
        except TioneError as error:
            is_withdrawn = isinstance(error, ApiError) and error.code == "InvalidAction"
            reason = "the service no longer lists them" if is_withdrawn else lookup_failure(error)
            self._note(subject, things, reason)
            return None
        return found

    def _note(self, subject: Subject, things: str, reason: str) -> None:
        """Show on the row of the first task that some things could not be checked."""
        with self._lock:
            is_first = things not in self._noted
            self._noted.add(things)
        if is_first:
            subject.context.note(not_validated(things, reason))


_ARTICLES = {"version": "a version", "environment": "an environment"}


def not_validated(things: str, reason: str) -> str:
    """Return the note about a lookup that failed."""
    return f"tione:validate could not check {things}: {reason}"


def _frameworks(listed: Iterable[Mapping[str, Any]]) -> Iterator[_Framework]:
    for framework in listed:
        versions = framework.get("VersionInfos")
        for version in versions if isinstance(versions, list) else ():
            if isinstance(version, Mapping):
                modes = version.get("TrainingModes")
                yield _Framework(
                    name=str(framework.get("Name")),
                    version=str(version.get("Version") or ""),
                    environment=str(version.get("Environment") or ""),
                    modes=tuple(map(str, modes)) if isinstance(modes, list) else (),
                )


def _not_listed(value: str, kind: str, known: Iterable[str]) -> Violation:
    names = [*dict.fromkeys(filter(None, known))]
    near, others = suggestion(value, names), f"; it lists {', '.join(names)}"
    return Violation(f"is not {kind} that the service lists{near or others}", subject=repr(value))


def _text(values: Mapping[str, Any], name: str) -> str | None:
    """Return a text that is known and not empty."""
    value = values.get(name)
    return value if isinstance(value, str) and value else None


def _amount(resource: object, name: str) -> int | None:
    """Return an amount of a resource group; None if the group reports none of its resources."""
    if not isinstance(resource, Mapping):
        return None
    value = resource.get(name)
    return value if isinstance(value, int) else None


def _needs_of(inputs: Mapping[str, Any]) -> dict[str, int]:
    """Return what the nodes of a task need together, as far as it is known."""
    groups = inputs.get(_NODES)
    needs = dict.fromkeys(_AMOUNTS, 0)
    for group in groups if isinstance(groups, list) else ():
        count = node_count(group) if isinstance(group, Mapping) else None
        if count is not None:
            known = {amount: group[amount] for amount in _AMOUNTS if is_of_type(Scalar.INTEGER, group.get(amount))}
            needs |= {amount: needs[amount] + int(value) * count for amount, value in known.items()}
    return needs


def _shown(amount: int, unit: int) -> str:
    return f"{round(Decimal(amount) / unit, 3).normalize():f}"
