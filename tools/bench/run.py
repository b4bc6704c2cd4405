"""`make bench`: what this package costs, each figure a ratio within one run, written to `docs/performance.md`.

    python tools/bench/run.py [--only NAME …] [--large] [--runs N] [--write] [--list]

A local TI-ONE takes 100 ms for each answer and accepts 20 requests of an action a second, as the service does. Each
module of `measurements/` measures one kind of figure; `--list` shows the names. `--only` shows the figures with these
names, or with names that begin so, and writes them only with `--write`. Figures of 1,000 tasks need `--large`, or their
name.
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "pulumi")]

from tools.bench import figures, page  # noqa: E402  found by the line above
from tools.bench.measurements import MEASUREMENTS  # noqa: E402
from tools.bench.measurements.measurement import Run  # noqa: E402


def main() -> int:
    arguments = argparse.ArgumentParser(description="Measure what this package costs.")
    arguments.add_argument("--only", nargs="+", default=[], metavar="NAME", help="figures, by the beginning of names")
    arguments.add_argument("--large", action="store_true", help="measure 1,000 tasks, too")
    arguments.add_argument(
        "--runs", type=int, default=3, help="the runs of which a figure is the median; with 1,000 tasks 1"
    )
    arguments.add_argument("--write", action="store_true", help="write the figures of --only to the page")
    arguments.add_argument("--list", action="store_true", help="print the names of the figures")
    options = arguments.parse_args()
    if options.list:
        print("\n".join(f"{name}{' (large)' * each.is_large}" for each in MEASUREMENTS for name in each.names))
        return 0
    known = {name for each in MEASUREMENTS for name in each.names}
    unknown = [prefix for prefix in options.only if not any(name.startswith(prefix) for name in known)]
    if unknown:
        arguments.error(f"no figure is named {', '.join(unknown)}")
    os.environ.pop("PULUMI_PARALLEL", None)
    compileall.compile_dir(ROOT / "pulumi_tione", quiet=1)  # as pip does when it installs a package
    measured = {}
    for measurement in MEASUREMENTS:
        names = {name for name in measurement.names if not options.only or name.startswith(tuple(options.only))}
        if not names or (measurement.is_large and not options.only and not options.large):
            continue
        times = 1 if measurement.is_large else options.runs  # a thousand tasks take minutes, and vary little
        for each in measurement.measure(Run(times, frozenset(names))):
            measured[each.name] = each
            print(page.text(each), flush=True)
    if not options.only or options.write:
        write(measured)
    missed = [name for name, each in measured.items() if not each.is_met]
    if missed:
        print(f"not met: {', '.join(missed)}")
    return 0


def write(measured: dict[str, figures.Figure]) -> None:
    """Store figures, keep the last ones of those that were not measured, and write the page."""
    merged = {**figures.stored(), **measured}
    order = [name for each in MEASUREMENTS for name in each.names]
    figures.store(merged[name] for name in order if name in merged)
    page.PAGE.write_text(page.page(figures.stored().values(), page.machine()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
