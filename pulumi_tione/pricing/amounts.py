"""Amounts of money: exact decimals in the currency of the site.

Shown amounts have two places. Which prices there are is in `price_list.py`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Currency = Literal["CNY", "USD"]

_SYMBOLS: dict[Currency, str] = {"CNY": "¥", "USD": "US$"}
_CENT = Decimal("0.01")


def currency_of(*, is_international: bool) -> Currency:
    """Return the currency that a site bills in: CNY on the Chinese site, USD on the international one."""
    return "USD" if is_international else "CNY"


def format_amount(amount: Decimal, currency: Currency, *, is_signed: bool = False) -> str:
    """Format an amount with its currency, for example `¥1,008.00`; a signed one as `+¥42.00` or `-¥42.00`."""
    shown = rounded(amount)
    sign = "-" if shown < 0 else "+" * is_signed
    return f"{sign}{_SYMBOLS[currency]}{abs(shown):,.2f}"


def plain(amount: Decimal) -> str:
    """Return an amount as a decimal text with two places, for JSON."""
    return f"{rounded(amount):.2f}"


def rounded(amount: Decimal) -> Decimal:
    """Return an amount as it is shown, with two places."""
    return amount.quantize(_CENT, ROUND_HALF_UP)
