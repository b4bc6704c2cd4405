"""The figures of the benchmark: what was measured, against what, and what it may be at most.

`run.py` measures and stores them; `page.py` writes them into `docs/performance.md`. The limit of a figure is in its
module of `measurements/`.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("figures.json")
"""The last measurement of each figure. `docs/performance.md` is written from it."""


@dataclass(frozen=True)
class Figure:
    """A measured value, and the value of the same run that it is compared with.

    Args:
        name: what `--only` selects it by.
        title: what was measured, in words.
        measured: the median of what was measured.
        compared_with: what it is compared with, in words.
        reference: the median of that.
        ratio: the median of the ratios, each of two values of one run.
        bound: what the ratio may be at most; None for a figure that only informs.
        unit: the unit of both values.
    """

    name: str
    title: str
    measured: float
    compared_with: str
    reference: float
    ratio: float
    bound: float | None
    unit: str = "s"

    @property
    def is_met(self) -> bool:
        return self.bound is None or round(self.ratio, 2) <= self.bound


def figure(
    name: str,
    title: str,
    samples: Sequence[tuple[float, float]],
    compared_with: str,
    bound: float | None,
    unit: str = "s",
) -> Figure:
    """Return the figure of some runs: in each, the measured value and what it is compared with."""
    return Figure(
        name=name,
        title=title,
        measured=statistics.median(measured for measured, _ in samples),
        compared_with=compared_with,
        reference=statistics.median(reference for _, reference in samples),
        ratio=statistics.median(measured / reference for measured, reference in samples),
        bound=bound,
        unit=unit,
    )


def stored() -> dict[str, Figure]:
    """Return the last measurement of each figure, by name."""
    content: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []
    return {each["name"]: Figure(**each) for each in content}


def store(figures: Iterable[Figure]) -> None:
    """Replace the stored figures."""
    rounded = [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(each).items()}
        for each in figures
    ]
    FILE.write_text(json.dumps(rounded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
