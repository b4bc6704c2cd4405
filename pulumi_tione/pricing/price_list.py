"""The price list of a region and workspace, asked for once for each spec and count in a process.

`DescribeBillingSpecs` lists the specs; `DescribeBillingSpecsPrice` returns what a number of their nodes costs an hour,
in hundredths of the site's currency.

One call asks for up to 100 prices. A price that the service does not return is unknown, with the reason, and never 0.
After a request without a response no more prices are asked for. `task_price.py` adds them up for a task.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pulumi_tione._api.protocols import PriceApi
from pulumi_tione._once import Once
from pulumi_tione.errors import ApiError, Kind, RequestNotSentError, TioneError

PAY_AS_YOU_GO = "POSTPAID_BY_HOUR"
"""The charge type of the specs that have a price."""

DISK_TYPE = "CBS"
"""The `SpecType` of the item by which a gigabyte of a cloud disk is billed."""

_HUNDRED = Decimal(100)
_NOT_LISTED = "is not among the specs of this region"
_MAX_ITEMS = 100
"""How many prices one call asks for."""


@dataclass(frozen=True)
class Price:
    """What a number of nodes of a spec costs an hour."""

    amount: Decimal
    """What this account pays (`RealTotalCost`)."""
    list_amount: Decimal
    """The list price (`TotalCost`)."""


@dataclass(frozen=True)
class UnknownPrice:
    """A price that is not known."""

    reason: str
    """Why, as part of a sentence."""


@dataclass(frozen=True)
class Spec:
    """A spec as the service lists it."""

    name: str
    alias: str
    """Its size, for example `8C40G V100*1` (`SpecAlias`)."""
    kind: str
    """`CPU`, `GPU` or `CBS` (`SpecType`)."""
    is_available: bool
    """Whether this region has room for it (`Available`)."""
    available_regions: tuple[str, ...]
    """The regions that have room for it where this one does not (`AvailableRegion`)."""
    gpu_type: str
    """Kind of its GPUs, empty without any (`GpuType`)."""

    @property
    def gpus(self) -> Decimal:
        """How many GPUs a node has. Only the alias contains it: `V100*1`, `T4*1/4`."""
        _, star, count = self.alias.rpartition("*")
        numerator, _, denominator = count.strip().partition("/")
        if not star or not numerator.isdigit() or not (denominator or "1").isdigit() or denominator == "0":
            return Decimal(0)
        return Decimal(numerator) / Decimal(denominator or "1")


class PriceList:
    """The specs and prices of one region, workspace and account. Safe to use from several threads.

    Args:
        api: asks the service.
        workspace: the workspace, if it is not the default one.
    """

    def __init__(self, api: PriceApi, workspace: str | None = None) -> None:
        self._api = api
        self._workspace = workspace
        self._lock = threading.Lock()
        self._specs: Once[Mapping[str, Spec] | UnknownPrice] = Once()
        self._prices: dict[tuple[str, int], Future[Price | UnknownPrice]] = {}
        self._outage: UnknownPrice | None = None
        """Why nothing more is asked: the service did not answer."""

    def specs(self) -> Mapping[str, Spec] | UnknownPrice:
        """Return the specs that are billed by the hour, by name; or why they are not known. Asks the service once."""
        return self._specs.get("specs", self._list_specs)

    def price(self, spec: str, count: int) -> Price | UnknownPrice:
        """Return what a number of nodes of a spec costs an hour. Asks the service once for each spec and count."""
        self.ask([(spec, count)])
        return self._prices[spec, count].result()

    def ask(self, items: Iterable[tuple[str, int]]) -> None:
        """Ask for the prices of specs and counts that are not known yet, with one call for all of them."""
        mine: dict[tuple[str, int], Future[Price | UnknownPrice]] = {}
        with self._lock:
            for item in items:
                if item not in self._prices:
                    mine[item] = self._prices[item] = Future()
        if not mine:
            return
        answers: Mapping[tuple[str, int], Price | UnknownPrice] = {}
        try:
            answers = self._ask(list(mine))
        except Exception as error:  # noqa: BLE001  whatever it is: a price that is not known must not fail a preview
            answers = dict.fromkeys(mine, UnknownPrice(f"asking for it failed ({type(error).__name__})"))
        finally:
            for item, future in mine.items():
                future.set_result(answers.get(item, UnknownPrice("asking for it was interrupted")))

    def _list_specs(self) -> Mapping[str, Spec] | UnknownPrice:
        try:
            listed = self._api.specs(PAY_AS_YOU_GO, ti_project_id=self._workspace)
        except TioneError as error:
            return self._unknown(error)
        return {spec.name: spec for spec in map(_spec, listed)}

    def _ask(self, items: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Price | UnknownPrice]:
        """Return a price, or why there is none, for each item.

        One spec that the service does not know makes it refuse the whole call. The list of specs is only requested
        then: without it a preview waits for one call less.
        """
        answers: dict[tuple[str, int], Price | UnknownPrice] = {}
        for begin in range(0, len(items), _MAX_ITEMS):
            answers |= self._prices_of(self._listed(items[begin : begin + _MAX_ITEMS], answers))
        return answers

    def _listed(
        self, items: Sequence[tuple[str, int]], answers: dict[tuple[str, int], Price | UnknownPrice]
    ) -> Sequence[tuple[str, int]]:
        """Return the items whose specs are listed, as far as that is known; the others get their answer."""
        specs = self._specs.known("specs")
        if specs is None or isinstance(specs, UnknownPrice):
            return items
        answers |= {item: UnknownPrice(f"{item[0]} {_NOT_LISTED}") for item in items if item[0] not in specs}
        return [item for item in items if item[0] in specs]

    def _prices_of(self, items: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Price | UnknownPrice]:
        if not items:
            return {}
        if self._outage is not None:
            return dict.fromkeys(items, self._outage)
        try:
            returned = self._api.prices(items, self._workspace)
        except TioneError as error:
            return self._prices_after(error, items)
        by_item = {(str(each.get("SpecName")), each.get("SpecCount")): each for each in returned}
        return {item: _price(by_item.get(item)) for item in items}

    def _prices_after(
        self, error: TioneError, items: Sequence[tuple[str, int]]
    ) -> dict[tuple[str, int], Price | UnknownPrice]:
        """Return the prices of items that the service has refused to price together."""
        unknown = self._unknown(error)
        if self._outage is not None or not isinstance(error, ApiError) or error.kind is Kind.PERMISSION_DENIED:
            return dict.fromkeys(items, unknown)
        answers: dict[tuple[str, int], Price | UnknownPrice] = {}
        self.specs()
        listed = self._listed(items, answers)
        if len(listed) < len(items):
            return answers | self._prices_of(listed)
        if len(items) == 1:
            return {items[0]: unknown}
        for item in items:
            answers |= self._prices_of([item])
        return answers

    def _unknown(self, error: TioneError) -> UnknownPrice:
        """Return why a price is unknown. After a request without a response no other is sent: a preview must end."""
        is_refusal = isinstance(error, ApiError)
        unknown = UnknownPrice(lookup_failure(error))
        self._outage = self._outage if is_refusal else unknown
        return unknown


def _spec(listed: Mapping[str, Any]) -> Spec:
    regions = listed.get("AvailableRegion")
    return Spec(
        name=str(listed["SpecName"]),
        alias=str(listed.get("SpecAlias") or ""),
        kind=str(listed.get("SpecType") or ""),
        is_available=listed.get("Available") is not False,
        available_regions=tuple(map(str, regions)) if isinstance(regions, list) else (),
        gpu_type=str(listed.get("GpuType") or ""),
    )


def _price(returned: Mapping[str, Any] | None) -> Price | UnknownPrice:
    if returned is None:
        return UnknownPrice("the service returned no price for it")
    list_cents, cents = returned.get("TotalCost"), returned.get("RealTotalCost")
    if not _is_positive(list_cents) or not _is_positive(cents):
        # 0 stands for an amount beyond what the service can return.
        return UnknownPrice("the service returned no amount for it")
    return Price(Decimal(cents) / _HUNDRED, Decimal(list_cents) / _HUNDRED)  # type: ignore[arg-type]


def _is_positive(cents: object) -> bool:
    return isinstance(cents, int) and not isinstance(cents, bool) and cents > 0


def lookup_failure(error: TioneError) -> str:
    """Return why a lookup failed, as part of a sentence."""
    if isinstance(error, ApiError) and error.kind is Kind.PERMISSION_DENIED:
        return f"these credentials are not allowed to request it ({error.code})"
    if isinstance(error, ApiError):
        return f"the service refused to return it ({error.code})"
    if isinstance(error, RequestNotSentError):
        return "the service cannot be reached (`pulumi-tione whoami` shows its address and the reason)"
    return "the service did not return it"
