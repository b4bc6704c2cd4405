"""The sum of a stack, counted while its tasks are checked."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from pulumi_tione.pricing import stack_costs
from pulumi_tione.pricing.stack_costs import StackCosts
from pulumi_tione.pricing.task_price import Basis, HourlyPrice

LIMIT = Decimal(2)


def price(amount: str | None) -> HourlyPrice:
    value = None if amount is None else Decimal(amount)
    return HourlyPrice(Basis.UNKNOWN if value is None else Basis.PRICE, value, value)


def test_each_task_counts_once_with_its_last_price() -> None:
    costs = StackCosts()
    for amount in ("1", "2"):
        assert costs.start("a", "a", price(amount), LIMIT) == []
    costs.exclude("b")
    costs.count("c", "c", price(None))
    assert costs.known_total() == 2
    assert costs.others("c") == [("a", price("2"))]
    assert [name for name, _ in costs.others("a")] == ["c"]
    assert costs.has_started()


def test_nothing_has_started_before_a_task_is_counted_as_started() -> None:
    costs = StackCosts()
    costs.expect("a", price("1"))
    costs.count("a", "a", price("1"))
    assert not costs.has_started()
    assert (costs.is_expected("a"), costs.is_expected("b")) == (True, False)


def test_a_comparison_that_comes_late_is_waited_for() -> None:
    costs = StackCosts()
    costs.expect("old", price("3"))
    counting = threading.Timer(0.1, lambda: costs.count("old", "old", price("3")))
    counting.start()
    assert costs.start("new", "new", price("1"), LIMIT) == [("old", price("3"))]
    assert costs.known_total() == 4


def test_a_comparison_that_never_comes_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_costs, "_SECONDS_TO_COMPARE", 0.05)
    now = [0.0]

    def clock() -> float:
        now[0] += 0.02
        return now[0]

    costs = StackCosts(clock)
    costs.expect("old", price("3"))
    assert costs.start("old", "old", price("1"), LIMIT) == []
    assert now[0] < 0.05
    costs.expect("old", price("3"))
    assert costs.start("new", "new", price("1"), LIMIT) == []
    waited = now[0]
    assert waited > 0.05
    assert costs.start("newer", "newer", price("1"), LIMIT) == [("new", price("1"))]
    assert now[0] - waited < 0.05
    costs.count("old", "old", price("3"))
    assert costs.others("new") == [("old", price("3")), ("newer", price("1"))]


@pytest.mark.parametrize(("possible", "waits"), [("3", False), ("3.01", True), (None, True)])
def test_only_a_comparison_that_can_exceed_the_limit_is_waited_for(
    possible: str | None, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_costs, "_SECONDS_TO_COMPARE", 0.05)
    now = [0.0]

    def clock() -> float:
        now[0] += 0.02
        return now[0]

    costs = StackCosts(clock)
    costs.expect("old", price(possible))
    costs.start("new", "new", price("1"), Decimal(4))
    assert (now[0] > 0.06) == waits


def test_tasks_whose_price_nobody_needs_are_not_waited_for() -> None:
    costs = StackCosts(lambda: 0.0)
    costs.expect("old", None)
    assert costs.start("new", "new", price("9"), LIMIT) == []
