"""One request and its answer on the wire: whether it left this machine, how long the answer may take and be.

`requests` bounds each read, not the whole answer, and does not say whether a request that failed had left. So our own
kind of connection stands below it: it notes when the first byte of a request is sent, and ends an answer, from its
status line on, at a deadline.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter

MAX_RESPONSE_BYTES = 32 * 1024 * 1024
"""How long an answer may be. A page of a log, the longest there is, has a thousand lines."""


@dataclass(frozen=True)
class RawAnswer:
    """What came back, whoever sent it."""

    status: int
    content_type: str
    content: bytes


@dataclass
class Exchange:
    """What has become of a request.

    Args:
        seconds: how long request and answer may take.
        clock: the time in seconds, from any beginning.
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    was_sent: bool = False
    """Whether some of the request may have left this machine: the service may have accepted it."""
    has_begun_to_answer: bool = False
    answer: RawAnswer | None = None
    """The whole answer, if there is one."""
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = self.clock() + self.seconds

    @property
    def seconds_left(self) -> float:
        return self.deadline - self.clock()


_CURRENT: ContextVar[Exchange] = ContextVar("exchange")
"""The exchange that a connection of this thread is used for."""


@contextmanager
def exchanging(seconds: float) -> Iterator[Exchange]:
    """Let what is sent meanwhile, in this thread, be one exchange, which may take so many seconds."""
    exchange = Exchange(seconds)
    token = _CURRENT.set(exchange)
    try:
        yield exchange
    finally:
        _CURRENT.reset(token)


class BoundedAdapter(HTTPAdapter):
    """Sends requests over connections of our kind, and reads an answer to its end, but not one that has none."""

    clock_offset = timedelta(0)
    """How far the service's clock is ahead of this machine's, by the `Date` of the last answer."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _use_bounded_connections(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        _use_bounded_connections(manager)
        return manager

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:  # the SDK's way to call it is not ours to type
        response = super().send(*args, **kwargs)
        self.clock_offset = _clock_offset(response.headers.get("Date"), self.clock_offset)
        content = bytearray()
        for part in response.iter_content(65536):
            content += part
            if len(content) > MAX_RESPONSE_BYTES:
                response.close()
                raise requests.exceptions.ContentDecodingError(f"the answer is longer than {MAX_RESPONSE_BYTES} bytes")
        response._content = bytes(content)
        content_type = response.headers.get("Content-Type", "")
        _CURRENT.get().answer = RawAnswer(response.status_code, content_type, response._content)
        return response


def _use_bounded_connections(manager: Any) -> None:
    """Let the manager of a pool make connections of our kind, be they direct, through a proxy, or by SOCKS."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}


@functools.cache
def _bounded(pool: Any) -> Any:
    if issubclass(pool.ConnectionCls, _BoundedConnection):
        return pool
    connection = type(pool.ConnectionCls.__name__, (_BoundedConnection, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        buffered: Any = self.fp
        self.fp = io.BufferedReader(_UntilDeadline(buffered.detach(), sock))


class _UntilDeadline(io.RawIOBase):
    """Reads from a socket until the current exchange's deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._silence = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        exchange = _CURRENT.get()
        left = exchange.seconds_left
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(left if self._silence is None else min(left, self._silence))
        count: int | None = self._raw.readinto(buffer)
        exchange.has_begun_to_answer = exchange.was_sent and bool(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedConnection(http.client.HTTPConnection):
    """What our kind of connection has beside what `urllib3` gives it."""

    response_class = _BoundedResponse
    _is_established = False
    """Whether it leads to the service: through the proxy, if there is one, and after the handshake of TLS."""

    def connect(self) -> None:
        super().connect()
        self._is_established = True

    def close(self) -> None:
        self._is_established = False
        super().close()

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if self._is_established:
            _CURRENT.get().was_sent = True
        super().send(data)


def _clock_offset(date: str | None, before: timedelta) -> timedelta:
    """Return how far the clock that wrote an HTTP date is ahead of ours; what it was before, if there is no date."""
    try:
        return parsedate_to_datetime(date or "") - datetime.now(timezone.utc)
    except (TypeError, ValueError, OverflowError):  # not a date, or one without a zone
        return before
