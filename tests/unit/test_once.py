"""Results that are computed once by any number of threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulumi_tione._once import Once


def test_each_key_is_computed_once_and_the_others_wait_for_it() -> None:
    once: Once[int] = Once()
    start, computed = threading.Barrier(8), []

    def compute() -> int:
        computed.append(1)
        return len(computed)

    def get(number: int) -> int:
        start.wait()
        return once.get(number % 2, compute)

    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(get, range(8))]
    assert (len(computed), {*found}) == (2, {1, 2})


def test_an_error_is_raised_to_all_and_not_tried_again() -> None:
    once: Once[int] = Once()
    computed = []

    def fail() -> int:
        computed.append(1)
        raise ValueError("no")

    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            once.get("key", fail)
    assert len(computed) == 1
    assert once.known("key") is None


def test_what_is_not_computed_yet_is_not_known() -> None:
    once: Once[str] = Once()
    assert once.known("key") is None
    once.get("key", lambda: "value")
    assert once.known("key") == "value"
    assert once.known("other") is None
