"""Gates: conditions under which a review fails, as `--fail-on` takes them.

No finding fails a review by itself. A gate that fails ends the command with exit code 3 (`GATE_BROKEN` in
`cli/review.py`). The findings are in `findings.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pulumi_tione._constraints import suggestion
from pulumi_tione.errors import TioneError
from pulumi_tione.pricing.amounts import format_amount, rounded
from pulumi_tione.review.findings import RULES
from pulumi_tione.review.formatting import PARTIAL, stack_name
from pulumi_tione.review.model import Review, StackReview

MEASURES = ("increase", "total", "worst")
"""What a gate can compare: the increase and the total an hour, and the worst case until all tasks have ended."""

_COMPARISON = re.compile(r"(?P<measure>[a-z]+)\s*>\s*(?P<limit>\d+(?:\.\d+)?)")


class GateError(TioneError):
    """A gate that does not exist."""


@dataclass(frozen=True)
class Gate:
    """One condition: the code of a finding, or a measure with a limit."""

    code: str = ""
    measure: str = ""
    limit: Decimal = Decimal(0)

    def __str__(self) -> str:
        return self.code or f"{self.measure}>{self.limit}"


def read_gates(texts: Iterable[str]) -> tuple[Gate, ...]:
    """Read gates such as `stops-running,total>500`.

    Raises:
        GateError: one of them is neither a code nor a comparison.
    """
    return tuple(_gate(text.strip()) for each in texts for text in each.split(",") if text.strip())


def read_codes(texts: Iterable[str]) -> frozenset[str]:
    """Read codes of findings, as `--ignore` takes them.

    Raises:
        GateError: one of them is no code.
    """
    codes = [text.strip() for each in texts for text in each.split(",") if text.strip()]
    for code in codes:
        if code not in RULES:
            near = suggestion(code, RULES) or f"; the findings are {', '.join(RULES)}"
            raise GateError(f"there is no finding {code!r}{near}")
    return frozenset(codes)


def _gate(text: str) -> Gate:
    if text in RULES:
        return Gate(code=text)
    found = _COMPARISON.fullmatch(text)
    if found and found["measure"] in MEASURES:
        return Gate(measure=found["measure"], limit=Decimal(found["limit"]))
    known = (*RULES, *(f"{measure}>N" for measure in MEASURES))
    raise GateError(
        f"there is no gate {text!r}{suggestion(text, known) or '.'} Use the code of a finding, or {MEASURES[0]}>N, "
        f"{MEASURES[1]}>N or {MEASURES[2]}>N, where N is an amount"
    )


def failed_gates(gates: Sequence[Gate], review: Review) -> list[str]:
    """Return one sentence for each gate that a review does not pass.

    A limit also counts as exceeded where an unknown price or a missing time limit may exceed it.
    """
    return [reason for gate in gates for reason in _reasons(gate, review)]


def _reasons(gate: Gate, review: Review) -> Iterable[str]:
    if gate.code:
        names = [
            task.resource for stack in review.stacks for task, finding in stack.findings if finding.code == gate.code
        ]
        if names:
            shown = ", ".join(names[:5]) + f" and {len(names) - 5} more" * (len(names) > 5)
            yield f"{gate}: {shown}"
        return
    stacks = [stack for stack in review.stacks if stack.tasks or stack.is_partial]
    if not stacks:
        return
    if len({stack.currency for stack in stacks}) > 1:
        yield f"{gate}: the stacks are billed in different currencies"
        return
    missing = [stack_name(stack) for stack in stacks if _amount(gate.measure, stack) is None]
    if missing:
        is_partial = any(stack.is_partial and not stack.failed for stack in stacks)
        yield f"{gate}: the amount is unknown for {', '.join(missing)}{f'; {PARTIAL}' * is_partial}"
        return
    amount = sum((_amount(gate.measure, stack) or Decimal(0) for stack in stacks), Decimal(0))
    if rounded(amount) > gate.limit:
        yield f"{gate}: it is {format_amount(amount, stacks[0].currency)}"


def _amount(measure: str, stack: StackReview) -> Decimal | None:
    """Return what a gate compares; None, if it is not known."""
    if not stack.prices_asked or stack.failed:
        return None
    if measure == "worst":
        return stack.worst_case
    if stack.is_partial and measure == "total":
        return None
    if stack.after.unpriced or (measure == "increase" and stack.before.unpriced):
        return None
    return stack.after.amount - (stack.before.amount if measure == "increase" else Decimal(0))
