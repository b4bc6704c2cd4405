"""`docs/performance.md`: the figures between its two marks, and the text around them unchanged."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.bench.figures import Figure

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- the figures, printed by tools/bench/run.py -->", "<!-- the end of the figures -->"
MACHINE = re.compile(r"(?<=^Measured on ).*$", re.MULTILINE)


def page(figures: Iterable[Figure], machine: str | None = None) -> str:
    """Return the page with these figures, and with another description of the machine if there is one."""
    before, _, remaining = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = remaining.partition(END)
    if machine is not None:
        before = MACHINE.sub(lambda _: machine, before)
    return f"{before}{BEGIN}\n\n{table(figures)}\n\n{END}{after}"


def table(figures: Iterable[Figure]) -> str:
    """Return the table of the figures: those with a bound, and below them those that only inform."""
    all_figures = [*figures]
    return "\n".join(
        (
            *_line("Figure", "Measured", "Compared with", "Ratio", "At most", "Met"),
            *_line(*["---"] * 6),
            *(line for each in all_figures if each.bound is not None for line in _row(each)),
            "",
            *_line("For comparison", "Measured", "Compared with", "Ratio"),
            *_line(*["---"] * 4),
            *(line for each in all_figures if each.bound is None for line in _row(each)),
        )
    )


def text(each: Figure) -> str:
    """Return one line about a figure."""
    bound = "" if each.bound is None else f" (at most {each.bound:.2f}{'' if each.is_met else ': NOT MET'})"
    reference = f"{_value(each.reference, each.unit)}, {each.compared_with}"
    return f"{each.name}: {_value(each.measured, each.unit)}, ratio {each.ratio:.2f}{bound} to {reference}"


def _row(each: Figure) -> Iterator[str]:
    cells = [f"`{each.name}`: {each.title}", _value(each.measured, each.unit)]
    cells += [f"{each.compared_with}: {_value(each.reference, each.unit)}", f"{each.ratio:.2f}"]
    if each.bound is not None:
        cells += [f"{each.bound:.2f}", "yes" if each.is_met else "**no**"]
    yield from _line(*cells)


def _line(*cells: str) -> Iterator[str]:
    yield f"| {' | '.join(cells)} |"


def _value(value: float, unit: str) -> str:
    """Return a value with its unit."""
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.2f} {unit}"


def machine() -> str:
    """Return a description of this machine."""
    information = Path("/proc/cpuinfo")
    text = information.read_text(encoding="utf-8") if information.exists() else ""
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processor = model[1] if model else platform.processor() or platform.machine()
    return (
        f"{len(os.sched_getaffinity(0))} cores of {processor}, {memory:.0f} GB of memory, {platform.system()}, "
        f"Python {platform.python_version()}."
    )
