"""A price service in memory, which records how it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_tione.errors import ApiError, TioneError

CENTS = {"TI.A": 70, "TI.B": 2100, "TI.DISK": 1}
"""What a node, or a gigabyte, costs an hour, in hundredths."""


class PriceService:
    """Prices of the specs of `cents`, in their listed order."""

    def __init__(self, cents: Mapping[str, int] | None = None, discount: float = 1.0) -> None:
        self.cents = dict(CENTS if cents is None else cents)
        self.discount = discount
        self.asked: list[list[tuple[str, int]]] = []
        self.error: TioneError | None = None

    def specs(
        self, charge_type: str, resource_type: str | None = None, ti_project_id: str | None = None
    ) -> list[dict[str, Any]]:
        if self.error:
            raise self.error
        kinds = {"TI.DISK": "CBS"}
        return [{"SpecName": name, "SpecAlias": "", "SpecType": kinds.get(name, "CPU")} for name in self.cents]

    def prices(self, specs: Sequence[tuple[str, int]], ti_project_id: str | None = None) -> list[dict[str, Any]]:
        self.asked.append(list(specs))
        if self.error:
            raise self.error
        if any(name not in self.cents for name, _ in specs):
            raise ApiError("DescribeBillingSpecsPrice", "InvalidParameterValue", "no such spec", "r-1")
        return [
            {
                "SpecName": name,
                "SpecCount": count,
                "TotalCost": self.cents[name] * count,
                "RealTotalCost": round(self.cents[name] * count * self.discount),
            }
            for name, count in specs
        ]
