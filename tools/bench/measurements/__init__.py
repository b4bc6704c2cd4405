"""A module for each kind of figure, in the order of the page."""

from __future__ import annotations

from tools.bench.measurements import awaited, life, listing, prices, review, unchanged

MEASUREMENTS = (
    *life.MEASUREMENTS,
    *awaited.MEASUREMENTS,
    *unchanged.MEASUREMENTS,
    *listing.MEASUREMENTS,
    *prices.MEASUREMENTS,
    *review.MEASUREMENTS,
)
