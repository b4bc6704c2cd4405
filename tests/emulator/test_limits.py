"""How often an action may be called.

The provider's own limit is in `tests/unit/test_rate_limit.py`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.http.rate_limit import RateLimiter

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def _admitted(limit: RateLimiter, seconds: float, action: str = "A", uin: str = "1") -> bool:
    try:
        limit.admit(uin, action, START + timedelta(seconds=seconds))
    except ApiError:
        return False
    return True


def test_a_call_too_many_names_the_action_and_its_rate() -> None:
    limit = RateLimiter(1)
    limit.admit("1", "StopTrainingTask", START)
    with pytest.raises(ApiError, match="StopTrainingTask may be called 1 times a second") as caught:
        limit.admit("1", "StopTrainingTask", START)
    assert caught.value.code == "RequestLimitExceeded"


def test_twenty_calls_in_a_second_are_accepted_and_no_more() -> None:
    limit = RateLimiter()
    assert [_admitted(limit, n / 100) for n in range(25)] == [True] * 20 + [False] * 5


def test_the_window_slides_and_refusals_do_not_count() -> None:
    limit = RateLimiter(2)
    assert [_admitted(limit, at) for at in (0, 0.9, 0.95, 1.0, 1.001, 1.5, 1.901)] == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]


def test_no_second_whatever_holds_more_than_twenty_accepted_calls() -> None:
    limit, chance = RateLimiter(), random.Random(7)
    moments = sorted(chance.uniform(0, 10) for _ in range(2000))
    accepted = [moment for moment in moments if _admitted(limit, moment)]
    for moment in accepted:
        assert sum(moment <= later < moment + 1 for later in accepted) <= 20
    assert len(accepted) >= 190


def test_each_action_and_account_has_its_own_twenty() -> None:
    limit = RateLimiter(1)
    assert _admitted(limit, 0, "A")
    assert _admitted(limit, 0, "B")
    assert _admitted(limit, 0, "A", "2")
    assert not _admitted(limit, 0, "A")


def test_a_clock_that_is_set_back_blocks_nobody() -> None:
    limit = RateLimiter(1)
    assert _admitted(limit, 3600)
    assert _admitted(limit, 0)


def test_without_limits_nothing_is_refused() -> None:
    assert all(_admitted(RateLimiter(None), 0) for _ in range(100))


def test_a_flood_is_held_to_twenty_a_second(raw: Callable[..., Any], emulator: Emulator) -> None:
    emulator.set(requests_a_second=20)
    with ThreadPoolExecutor(8) as pool:
        codes = Counter(answer.code for answer in pool.map(lambda _: raw(), range(60)))
    assert set(codes) == {None, "RequestLimitExceeded"}
    accepted = [datetime.fromisoformat(entry["time"]) for entry in emulator.requests() if entry["accepted"]]
    for moment in accepted:
        assert sum(moment <= later < moment + timedelta(seconds=1) for later in accepted) <= 20


def test_limits_are_on_unless_switched_off() -> None:
    with Emulator() as emulator:
        assert emulator.settings()["requests_a_second"] == 20


@pytest.mark.parametrize("rate", [5, 1])
def test_the_rate_can_be_another(raw: Callable[..., Any], emulator: Emulator, rate: int) -> None:
    emulator.set(requests_a_second=rate)
    codes = [raw().code for _ in range(rate + 1)]
    assert codes.count(None) >= rate
