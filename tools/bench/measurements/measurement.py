"""One measurement: the figures that it yields, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.bench.figures import Figure


@dataclass(frozen=True)
class Run:
    """What to measure: how often, and which figures."""

    times: int
    names: frozenset[str]


@dataclass(frozen=True)
class Measurement:
    """What measures one or more figures.

    Args:
        names: the names of the figures.
        measure: yields those of them that the run is for.
        is_large: whether it takes so long that `make bench` leaves it out without `--large`.
    """

    names: tuple[str, ...]
    measure: Callable[[Run], Iterator[Figure]]
    is_large: bool = False
