#!/usr/bin/env python3
"""Print the branch coverage of the last `make test`, and compare it with the floor.

    python tools/coverage/compare.py

Exit code 1: the coverage is below `floor.txt`, which may rise and never falls. Processes that tests start (the provider
under the real engine, commands) are not measured.

`make test` runs it.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import coverage

FLOOR = Path(__file__).with_name("floor.txt")


def floor() -> float:
    """Read the least coverage that is accepted, in percent."""
    (number,) = [line for line in FLOOR.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return float(number)


def main() -> int:
    data = coverage.Coverage()
    data.load()
    table = io.StringIO()
    percent = data.report(file=table, skip_covered=True, sort="cover")
    worst = [line for line in table.getvalue().splitlines() if line.startswith("pulumi_tione")][:10]
    print("least covered:", *worst, sep="\n  ")
    print(f"branch coverage: {percent:.2f} % (floor: {floor():.2f} %)")
    if percent < floor():
        print(f"the coverage has fallen: test the new code, see {FLOOR.parent.name}/{FLOOR.name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
