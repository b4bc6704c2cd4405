#!/usr/bin/env python3
"""Print the fault matrix into `docs/reliability.md`, between its two marks.

    python tools/reliability/table.py [--check]

With --check nothing is written: exit code 1 means that the page differs from the data.
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
    NotApplicable,
    Row,
)

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- the matrix, printed by tools/reliability/table.py -->", "<!-- the end of the matrix -->"
KILLED = -9


def page() -> str:
    """Return the page with the matrix of the data, and the text around it unchanged."""
    before, _, remaining = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = remaining.partition(END)
    return f"{before}{BEGIN}\n\n{matrix()}\n\n{END}{after}"


def matrix() -> str:
    """Return all cells in one table, and below it the messages, trouble by trouble."""
    sections = ("\n".join(_section(what, row)) for what, row in MATRIX.items())
    lagging, not_called = "\n".join(_lagging()), "\n".join(_not_called())
    return "\n\n".join(("\n".join(_overview()), *sections, lagging, not_called))


def _lagging() -> Iterator[str]:
    """Return all cells again where reads lag."""
    yield "### Where reads lag"
    yield ""
    seconds = ", ".join(map(str, LAGS[1:-1]))
    yield (
        f"Lists, details and tags each show what was true {seconds} or {LAGS[-1]} seconds ago. After the commands that "
        "a cell names, `pulumi up --refresh` finds nothing to do, and after `pulumi destroy` nothing is left. (In the "
        "tests, pauses and lag take a fifth of the time.)"
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


def _short(cell: Cell | NotApplicable, operation: str) -> str:
    if isinstance(cell, NotApplicable):
        return "–"
    ending = {0: "ok", KILLED: "killed"}.get(cell.exit_code, f"exit {cell.exit_code}")
    steps = [step.strip("`").removeprefix("pulumi ").removeprefix("pulumi-tione ") for step in _steps(cell, operation)]
    return f"{ending} → {', '.join(steps)}" if steps else ending


def _steps(cell: Cell, operation: str) -> Sequence[str]:
    """Return the commands of a cell; the interrupted one is `again`."""
    own = OPERATIONS[operation].command
    return tuple("again" if command == own else f"`{command}`" for command in cell.next_steps)


def _section(what: str, row: Row) -> Iterator[str]:
    trouble = TROUBLES[what]
    yield f"### {what[0].upper()}{what[1:]}"
    yield ""
    yield f"{trouble.meaning} (In the tests: {trouble.how}.)"
    yield ""
    outcomes: dict[str, list[str]] = {}
    for operation, cell in row.items():
        outcomes.setdefault(_outcome(cell, operation, trouble.remedy), []).append(operation)
    for outcome, operations in outcomes.items():
        yield f"- **{', '.join(operations)}**: {outcome}"


def _outcome(cell: Cell | NotApplicable, operation: str, remedy: str) -> str:
    if isinstance(cell, NotApplicable):
        return cell.reason
    endings = {0: "The command succeeds", KILLED: "The command is killed"}
    ending = endings.get(cell.exit_code, f"The command exits with code {cell.exit_code}")
    shown = f" and shows `{cell.message}`" if cell.message else ""
    steps = [step.replace("again", "run the command again") for step in _steps(cell, operation)]
    steps = [*([remedy] if remedy and cell.exit_code else []), *([cell.edit] if cell.edit else []), *steps]
    return f"{ending}{shown}. To do: {', then '.join(steps)}." if steps else f"{ending}{shown}. There is nothing to do."


def main(arguments: Sequence[str]) -> int:
    expected = page()
    if "--check" in arguments:
        is_fresh = PAGE.read_text(encoding="utf-8") == expected
        if not is_fresh:
            print(f"{PAGE.relative_to(ROOT)} differs from the data: run tools/reliability/table.py", file=sys.stderr)
        return 0 if is_fresh else 1
    PAGE.write_text(expected, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
