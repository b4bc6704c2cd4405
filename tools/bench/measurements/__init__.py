"""A module for each kind of figure, in the order of the page.

A new figure is a module here, and an entry in the list. How it is compared is in `figures.py`, how it is run in
`run.py`.
"""

from __future__ import annotations

from tools.bench.measurements import awaited, life, listing, previews, prices, review, starts, unchanged

MEASUREMENTS = (
    *life.MEASUREMENTS,
    *awaited.MEASUREMENTS,
    *previews.MEASUREMENTS,
    *unchanged.MEASUREMENTS,
    *listing.MEASUREMENTS,
    *starts.MEASUREMENTS,
    *prices.MEASUREMENTS,
    *review.MEASUREMENTS,
)
