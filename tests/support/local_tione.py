"""A local TI-ONE for a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local TI-ONE without limits, in which time passes twenty times as fast."""
    with Emulator(speed=20, requests_a_second=None) as running:
        yield running


def accepted(emulator: Emulator, action: str) -> list[Mapping[str, Any]]:
    """The bodies of the requests of an action that the local TI-ONE accepted."""
    return [request["body"] for request in emulator.requests() if request["action"] == action and request["accepted"]]
