"""The local TI-ONE of a history, reached without a socket: every request is answered in the thread that sends it.

The official SDK signs and sends as it always does; what `requests` would put on a connection goes to the emulator's
gateway, and what trouble the emulator was ordered to make is made as `requests` would meet it.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from pulumi_tione.emulator import Emulator, Lag, Status, Switches
from pulumi_tione.emulator.gateway import Reply, Request
from tools.reliability.soak.virtual_time import TIME

ADDRESS = "http://127.0.0.1:1"
"""Where nobody listens: no request may leave the process."""

_MOST_REQUESTS = 3000
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
            original = HTTPAdapter.send
            undo.callback(setattr, HTTPAdapter, "send", original)
            service = self

            def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **_how: Any) -> requests.Response:
                return service._answer(adapter, request)

            setattr(HTTPAdapter, "send", send)  # noqa: B010  a type checker would refuse the assignment
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

    def _answer(self, adapter: HTTPAdapter, request: requests.PreparedRequest) -> requests.Response:
        if self._is_dead:
            raise ProviderDied
        self._in_command += 1
        if self._in_command > _MOST_REQUESTS:
            self.is_endless = self._is_dead = True
            raise ProviderDied
        dies = self._dies_in == 0
        if self._dies_in is not None:
            self._dies_in -= 1
        if dies and self._dies_before_effect:
            self._is_dead = True
            raise ProviderDied
        TIME.sleep(self._chance.uniform(0.01, 0.3))
        headers = {str(name).lower(): _text(value) for name, value in request.headers.items()}
        body = request.body or b""
        action = headers.get("x-tc-action", "")
        sent = body if isinstance(body, bytes) else str(body).encode()
        self._took_effect = False
        reply = self.emulator.gateway.reply(Request(str(request.method), headers, sent))
        if action in CHANGES and self._took_effect:
            self.on_change(action, _json(sent))
        if dies:
            self._is_dead = True
            raise ProviderDied
        TIME.sleep(reply.delay_seconds + self._chance.uniform(0.01, 0.3))
        return self._received(adapter, request, reply)

    def _note_effect(self, _action: object, _answer: object) -> None:
        self._took_effect = True

    def _received(self, adapter: HTTPAdapter, request: requests.PreparedRequest, reply: Reply) -> requests.Response:
        if reply.connection is not None:
            reason = urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
            raise requests.ConnectionError(reason, request=request)
        date = self.emulator.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(reply.body),
            headers={"Content-Type": reply.content_type, "Date": date},
            status=reply.status,
            preload_content=False,
        )
        return adapter.build_response(request, raw)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _json(body: bytes) -> Mapping[str, Any]:
    value = json.loads(body or b"{}")
    return value if isinstance(value, dict) else {}
