#!/usr/bin/env python3
"""Print the fault matrix into `docs/reliability.md`, between its two marks.

    python tools/reliability/table.py [--check]

With --check nothing is written: exit code 1 says that the page is not what the data says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.reliability.matrix import (  # noqa: E402  see the line above
    LAGGING,
    LAGGING_OPERATIONS,
    LAGS,
    MATRIX,
    NOT_CALLED,
    OPERATIONS,
    TROUBLES,
    Cell,
    NoSense,
    Row,
)

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- the matrix, printed by tools/reliability/table.py -->", "<!-- the end of the matrix -->"
KILLED = -9


def page() -> str:
    """The page as it should be: the text around the matrix as it is, and the matrix as the data has it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{matrix()}\n\n{END}{after}"


def matrix() -> str:
    """All cells in one table, and below it what is said in each, trouble by trouble."""
    sections = ("\n".join(_section(what, row)) for what, row in MATRIX.items())
    lagging, not_called = "\n".join(_lagging()), "\n".join(_not_called())
    return "\n\n".join(("\n".join(_overview()), *sections, lagging, not_called))


def _lagging() -> Iterator[str]:
    """All cells again where reads lag."""
    yield "### Where reads lag"
    yield ""
    seconds = ", ".join(map(str, LAGS[1:-1]))
    yield (
        f"Lists, details and tags each show what was true {seconds} or {LAGS[-1]} seconds ago. After the commands that "
        "a cell names, `pulumi up --refresh` finds nothing to do, and after `pulumi destroy` nothing is left. (In the "
        "tests, pauses and lag are five times as short.)"
    )
    yield ""
    yield _line("", "lag", *LAGGING_OPERATIONS)
    yield _line(*["---"] * (len(LAGGING_OPERATIONS) + 2))
    for what, row in LAGGING.items():
        for lag in LAGS[1:]:
            yield _line(what, f"{lag} s", *(_short(cell, operation) for operation, cell in row.items()))


def _not_called() -> Iterator[str]:
    yield "### Where Pulumi does not call this package"
    yield ""
    for what, outcome in NOT_CALLED.items():
        yield f"- **{what}**: {outcome}"


def _overview() -> Iterator[str]:
    yield _line("", *OPERATIONS)
    yield _line(*["---"] * (len(OPERATIONS) + 1))
    for what, row in MATRIX.items():
        link = f"[{what}](#{what.lower().replace(' ', '-')})"
        yield _line(link, *(_short(cell, operation) for operation, cell in row.items()))


def _line(*columns: str) -> str:
    return f"| {' | '.join(columns)} |"


def _short(cell: Cell | NoSense, operation: str) -> str:
    if isinstance(cell, NoSense):
        return "–"
    ending = {0: "ok", KILLED: "killed"}.get(cell.exit_code, f"exit {cell.exit_code}")
    steps = [step.strip("`").removeprefix("pulumi ").removeprefix("pulumi-tione ") for step in _steps(cell, operation)]
    return f"{ending} → {', '.join(steps)}" if steps else ending


def _steps(cell: Cell, operation: str) -> Sequence[str]:
    """The commands of a cell, the one that was interrupted as what it is."""
    own = OPERATIONS[operation].command
    return tuple("again" if command == own else f"`{command}`" for command in cell.further)


def _section(what: str, row: Row) -> Iterator[str]:
    trouble = TROUBLES[what]
    yield f"### {what[0].upper()}{what[1:]}"
    yield ""
    yield f"{trouble.meaning} (In the tests: {trouble.how}.)"
    yield ""
    told: dict[str, list[str]] = {}
    for operation, cell in row.items():
        told.setdefault(_told(cell, operation, trouble.remedy), []).append(operation)
    for outcome, operations in told.items():
        yield f"- **{', '.join(operations)}**: {outcome}"


def _told(cell: Cell | NoSense, operation: str, remedy: str) -> str:
    if isinstance(cell, NoSense):
        return cell.reason
    endings = {0: "The command succeeds", KILLED: "The command is gone"}
    ending = endings.get(cell.exit_code, f"Exit code {cell.exit_code}")
    says = f", and it says `{cell.says}`" if cell.says else ""
    steps = [step.replace("again", "give the command again") for step in _steps(cell, operation)]
    steps = [*([remedy] if remedy and cell.exit_code else []), *([cell.edit] if cell.edit else []), *steps]
    return f"{ending}{says}. To do: {', then '.join(steps)}." if steps else f"{ending}{says}. There is nothing to do."


def main(arguments: Sequence[str]) -> int:
    wanted = page()
    if "--check" in arguments:
        is_fresh = PAGE.read_text(encoding="utf-8") == wanted
        if not is_fresh:
            print(
                f"{PAGE.relative_to(ROOT)} is not what the data says: run tools/reliability/table.py", file=sys.stderr
            )
        return 0 if is_fresh else 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
