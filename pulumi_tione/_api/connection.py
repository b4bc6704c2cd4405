"""One request and its response on the wire: whether it left this machine, how long the response may take and be.

`requests` limits each read, not the whole response, and does not report whether a failed request was sent. So a
connection class of our own records when the first byte of a request is sent, and ends a response, from its status line
on, at a deadline.

How long a request may take is set in `sdk.py` (`_TOTAL_SECONDS`). A response of more than 32 MiB is an error
(`MAX_RESPONSE_BYTES`).
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import socket
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter

MAX_RESPONSE_BYTES = 32 * 1024 * 1024
"""How long a response may be. A page of a log, the longest one, has a thousand lines."""


@dataclass(frozen=True)
class RawResponse:
    """A response as it was received, from the service or from a proxy."""

    status: int
    content_type: str
    content: bytes


@dataclass
class Exchange:
    """The progress of a request.

    Args:
        seconds: how long request and response may take.
        clock: the time in seconds, from any beginning.
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    was_sent: bool = False
    """Whether a part of the request may have left this machine: the service may have accepted it."""
    has_begun_to_respond: bool = False
    response: RawResponse | None = None
    """The complete response, if there is one."""
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = self.clock() + self.seconds

    @property
    def seconds_left(self) -> float:
        return self.deadline - self.clock()


_CURRENT: ContextVar[Exchange] = ContextVar("exchange")
"""The exchange of this thread's connections."""


@contextlib.contextmanager
def exchanging(seconds: float) -> Iterator[Exchange]:
    """Make what this thread sends within the context one exchange, which may take this number of seconds."""
    exchange = Exchange(seconds)
    token = _CURRENT.set(exchange)
    try:
        yield exchange
    finally:
        _CURRENT.reset(token)


class BoundedAdapter(HTTPAdapter):
    """Sends requests over bounded connections, and reads a response completely up to a maximum length."""

    clock_offset = timedelta(0)
    """How far the service's clock is ahead of this machine's, by the `Date` of the last response."""
    _is_bounded = True
    """Whether all connections are ours. Others do not show whether a request was sent: then each counts as sent."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._is_bounded &= _use_bounded_connections(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        self._is_bounded &= _use_bounded_connections(manager)
        return manager

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:  # the SDK calls it, untyped
        try:
            response = super().send(*args, **kwargs)
        finally:
            _CURRENT.get().was_sent |= not self._is_bounded
        self.clock_offset = _clock_offset(response.headers.get("Date"), self.clock_offset)
        response.raw = _BoundedBody(response.raw)
        content_type = response.headers.get("Content-Type", "")
        _CURRENT.get().response = RawResponse(response.status_code, content_type, response.content)
        return response


class _BoundedBody:
    """The body of a response, which ends with an error at a maximum length. In all else it is that of `urllib3`."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        length = 0
        for part in self._raw.stream(*args, **kwargs):
            length += len(part)
            if length > MAX_RESPONSE_BYTES:
                self._raw.close()
                raise requests.exceptions.ContentDecodingError(
                    f"the response is longer than {MAX_RESPONSE_BYTES} bytes"
                )
            yield part


def _use_bounded_connections(manager: Any) -> bool:
    """Make the manager of a pool use bounded connections: direct, through a proxy, or by SOCKS.

    Return whether it does. The names by which it is done have no documentation.
    """
    with contextlib.suppress(Exception):
        pools = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}
        pool = manager.connection_from_url("https://127.0.0.1")
        return issubclass(pool.ConnectionCls, _BoundedConnection)
    return False


@functools.cache
def _bounded(pool: Any) -> Any:
    if issubclass(pool.ConnectionCls, _BoundedConnection):
        return pool
    connection = type(pool.ConnectionCls.__name__, (_BoundedConnection, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        with contextlib.suppress(AttributeError):  # without this name, each read has a timeout, but not the response
            buffered: Any = self.fp
            self.fp = io.BufferedReader(_UntilDeadline(buffered.detach(), sock))


class _UntilDeadline(io.RawIOBase):
    """Reads from a socket until the current exchange's deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._timeout = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        exchange = _CURRENT.get()
        remaining = exchange.seconds_left
        if remaining <= 0:
            raise TimeoutError("the response takes too long")
        self._sock.settimeout(remaining if self._timeout is None else min(remaining, self._timeout))
        count: int | None = self._raw.readinto(buffer)
        exchange.has_begun_to_respond = exchange.was_sent and bool(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedConnection(http.client.HTTPConnection):
    """Records on a connection of `urllib3` when a request is sent."""

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


def _clock_offset(date: str | None, previous: timedelta) -> timedelta:
    """Return how far the clock of an HTTP date is ahead of this machine's; the previous offset if there is no date."""
    try:
        return parsedate_to_datetime(date or "") - datetime.now(timezone.utc)
    except (TypeError, ValueError, OverflowError):  # not a date, or one without a zone
        return previous
