"""The local TI-ONE of a history, reached without a network: every request is answered in the thread that sends it.

The official SDK signs and sends as it always does. What would go through a socket goes to the emulator's gateway, and
what trouble the emulator was ordered to make is made as a socket would.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from urllib3.connection import HTTPConnection

from pulumi_tione.emulator import Emulator, Lag, Status, Switches
from pulumi_tione.emulator.http.gateway import Reply, Request
from tools.reliability.soak.virtual_time import TIME

ADDRESS = "http://127.0.0.1:1"
"""Where nobody listens: no request may leave the process."""

_MAX_REQUESTS = 3000
"""More than that in one command is a loop that does not end."""

CHANGES = ("CreateTrainingTask", "StartTrainingTask", "StopTrainingTask", "DeleteTrainingTask")


class ProviderDied(BaseException):
    """The provider's process was killed. No code of it may run any more, whatever it catches."""


class Service:
    """A local TI-ONE, and what happens between it and its callers.

    Args:
        chance: decides how long answers take.
        lag: how far reads lag.
        switches: how the service behaves where that is unknown.
        durations: how long tasks stay in each status.
    """

    def __init__(self, chance: random.Random, lag: Lag, switches: Switches, durations: Mapping[Status, float]) -> None:
        self._chance = chance
        self.emulator = Emulator(
            wall=TIME.wall, requests_a_second=None, lag=lag, switches=switches, durations=durations
        )
        self.emulator.gateway.on_answer = self._note_effect
        self.on_change: Callable[[str, Mapping[str, Any]], None] = lambda _action, _body: None
        """Called with every request that has changed a task."""
        self._took_effect = False
        self.is_endless = False
        """Whether a command has sent request after request."""
        self._dies_in: int | None = None
        self._dies_before_effect = False
        self._is_dead = False
        self._in_command = 0

    def __enter__(self) -> Service:
        with ExitStack() as undo:
            undo.callback(setattr, HTTPConnection, "_new_conn", HTTPConnection._new_conn)
            service = self

            def connected(_connection: HTTPConnection) -> _Socket:
                return _Socket(service._answer)

            setattr(HTTPConnection, "_new_conn", connected)  # noqa: B010  it is no socket to a type checker
            undo.callback(self.emulator.stop)
            self._closing = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def begin_command(self) -> None:
        """Count the requests of another command."""
        self._in_command = 0

    def kill_provider_in(self, requests_from_now: int, *, before_effect: bool) -> None:
        """Let the provider die at one of its next requests, before or after the service has acted on it."""
        self._dies_in, self._dies_before_effect = requests_from_now, before_effect

    def new_provider(self) -> None:
        """Another process sends the requests from now on."""
        self._dies_in, self._is_dead = None, False

    def _answer(self, sent: bytes) -> bytes:
        """Take a request as it is on the wire, and return the answer as it is there; nothing if the connection ends."""
        if self._is_dead:
            raise ProviderDied
        self._in_command += 1
        if self._in_command > _MAX_REQUESTS:
            self.is_endless = self._is_dead = True
            raise ProviderDied
        dies = self._dies_in == 0
        if self._dies_in is not None:
            self._dies_in -= 1
        if dies and self._dies_before_effect:
            self._is_dead = True
            raise ProviderDied
        TIME.sleep(self._chance.uniform(0.01, 0.3))
        request = _parsed(sent)
        action = request.headers.get("x-tc-action", "")
        self._took_effect = False
        reply = self.emulator.gateway.reply(request)
        if action in CHANGES and self._took_effect:
            self.on_change(action, json.loads(request.body))
        if dies:
            self._is_dead = True
            raise ProviderDied
        TIME.sleep(reply.delay_seconds + self._chance.uniform(0.01, 0.3))
        return self._on_the_wire(reply)

    def _on_the_wire(self, reply: Reply) -> bytes:
        if reply.connection == "close":
            return b""
        head = (
            f"HTTP/1.1 {reply.status} Whatever",
            f"Content-Type: {reply.content_type}",
            f"Date: {self.emulator.now():%a, %d %b %Y %H:%M:%S GMT}",
            f"Content-Length: {len(reply.body)}",
            "Connection: close",
        )
        body = reply.body[: len(reply.body) // 2] if reply.connection == "cut" else reply.body
        return "\r\n".join((*head, "", "")).encode() + body

    def _note_effect(self, _action: object, _answer: object) -> None:
        self._took_effect = True


class _Socket:
    """As much of a socket as `http.client` and `urllib3` need: what is sent is answered when it is read from."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._sent = b""

    def sendall(self, data: bytes) -> None:
        self._sent += bytes(data)

    def makefile(self, *_how: Any, **_more: Any) -> io.BufferedReader:
        return io.BufferedReader(_Answer(lambda: self._answer(self._sent)))

    def settimeout(self, _seconds: float | None) -> None:
        """Nothing here takes any time."""

    def gettimeout(self) -> float | None:
        return None

    def setsockopt(self, *_: Any) -> None:
        """There is nothing to set."""

    def shutdown(self, _how: int) -> None:
        """There is nothing to end."""

    def close(self) -> None:
        """There is nothing to close."""


class _Answer(io.RawIOBase):
    def __init__(self, answer: Callable[[], bytes]) -> None:
        super().__init__()
        self._ask: Callable[[], bytes] | None = answer
        self._remaining = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if self._ask is not None:
            ask, self._ask = self._ask, None
            self._remaining = ask()
        part, self._remaining = self._remaining[: len(buffer)], self._remaining[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _parsed(sent: bytes) -> Request:
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = (line.partition(":") for line in lines)
    return Request(first.split()[0], {name.lower(): value.strip() for name, _, value in headers}, body)
