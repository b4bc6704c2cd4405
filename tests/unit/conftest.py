"""A unit test opens no socket: what does belongs to `tests/component`. Requests are not gathered."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from pulumi_tione.lifecycle import existence


@pytest.fixture(autouse=True)
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to bind or connect an internet socket."""

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            pytest.fail(f"a unit test uses the network address {address}: move it to tests/component")
        raise OSError("no socket in a unit test")

    for method in ("bind", "connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, method, refuse)


@pytest.fixture(autouse=True)
def no_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send requests for statuses at once: nobody else asks, so there is nothing to gather."""
    monkeypatch.setattr(existence.STATUSES, "_sleep", lambda _: None)
