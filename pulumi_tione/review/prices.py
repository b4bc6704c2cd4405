"""The price lists of a stack: one for each region, workspace and account of its tasks.

`pricing/price_list.py` asks the service for prices (`DescribeBillingSpecsPrice`), `pricing/task_price.py` computes what
a task costs.

Without credentials, prices are unknown and the review goes on. Each price list is made once, and asks for each price
once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.errors import TioneError
from pulumi_tione.pricing.amounts import Currency, currency_of
from pulumi_tione.pricing.price_list import PriceList, UnknownPrice
from pulumi_tione.review.build import PriceLists, no_prices
from pulumi_tione.review.preview import Placeholder, contains_placeholder
from pulumi_tione.stacks.locations import Clients, Location

DEFAULT_CURRENCY: Currency = "CNY"
"""The currency where prices are not asked for."""


def price_lists_of(settings: Settings) -> tuple[PriceLists, Currency]:
    """Return the price lists of a stack and its currency; none, if there are no credentials."""
    try:
        next(iter(settings.credential_sources()))
        currency = currency_of(is_international=Client(settings, settings.region).is_international())
    except (StopIteration, TioneError):
        return no_prices, DEFAULT_CURRENCY
    clients = Clients(settings)
    lists: dict[Location, PriceList] = {}

    def price_list(task: Mapping[str, Any]) -> PriceList | UnknownPrice:
        location = location_of(task, settings.region)
        if isinstance(location, UnknownPrice):
            return location
        if location not in lists:
            lists[location] = PriceList(clients.of(location), location.workspace)
        return lists[location]

    return price_list, currency


def location_of(task: Mapping[str, Any], region: str) -> Location | UnknownPrice:
    """Return where a task is, by its inputs: its region and workspace, and the account that its own settings select.

    Args:
        task: the inputs in a preview.
        region: the region of tasks that set none.
    """
    own_region, workspace = task.get("region") or region, task.get("tiProjectId")
    own_settings = task.get("settings") or None
    if not isinstance(own_region, str) or isinstance(workspace, Placeholder):
        return UnknownPrice("its region or its workspace is not known yet")
    if own_settings is None:
        return Location(own_region, workspace or None)
    if contains_placeholder(own_settings):
        return UnknownPrice("the preview does not show its settings, which select its account")
    return Location(own_region, workspace or None, json.dumps(own_settings, sort_keys=True))
