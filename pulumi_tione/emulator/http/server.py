"""Serve the emulator on a socket: HTTP in, HTTP out, and the faults that only a connection can have.

A connection may be idle for 75 seconds, and a body may take 60 seconds. What the response is decided by is
`gateway.py`; which faults reach the connection is declared in `faults/faults.py`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache, partial
from typing import ParamSpec, TypeVar

from aiohttp import web

from pulumi_tione.emulator.control import routes
from pulumi_tione.emulator.control.control_api import ControlApi

from .access import EVERY_ADDRESS, KEY_HEADER, LOOPBACK_NAMES, is_foreign, is_loopback, may_be_of_a_browser
from .gateway import MAX_REQUEST_BYTES, Gateway, Reply, Request

_BACKLOG = 1024

_KEEP_ALIVE_SECONDS = 75.0
"""How long a connection may be idle, or take to send its headers."""

_BODY_SECONDS = 60.0
"""How long a body may take to arrive."""

_QUICK_BYTES = 64 * 1024
"""A body up to this size is processed in the server's own thread."""

_log = logging.getLogger("pulumi_tione.emulator")

P = ParamSpec("P")
T = TypeVar("T")


class Server:
    """A server for a gateway and its control endpoints, in a thread of its own."""

    def __init__(
        self,
        gateway: Gateway,
        control: ControlApi,
        host: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        *,
        control_key: str,
        names: Iterable[str] = (),
    ) -> None:
        """`names` are the names that clients may use, in addition to the host and those of the machine itself."""
        self._gateway = gateway
        self._control = control
        self._tls = tls
        self._socket = _listening_socket(host, port)
        self.host = "127.0.0.1" if host in EVERY_ADDRESS else host
        self._control_key = control_key.encode()
        self._is_open_to_programs = is_loopback(host)
        self.port: int = self._socket.getsockname()[1]
        self._own_names = LOOPBACK_NAMES | {self.host.lower(), *(name.lower() for name in names)}
        self._stop: Callable[[], object] | None = None
        self._stopped = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"emulator-{self.port}", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Stop at once: open requests are dropped, not awaited."""
        if self._stop is not None:
            self._stop()
            self._thread.join()
            self._stop = None
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        self._stop = lambda: loop.call_soon_threadsafe(self._stopped.set)
        # To aiohttp, 0 means no limit: it would wait for open requests.
        # A malformed HTTP request is reported to its sender, so it needs no log line, let alone a traceback.
        server = web.Server(
            self._handle_safely, access_log=None, logger=_silent_log(), keepalive_timeout=_KEEP_ALIVE_SECONDS
        )
        runner = web.ServerRunner(server, shutdown_timeout=0.01)
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket, ssl_context=self._tls, backlog=_BACKLOG).start()
            self._ready.set()
            await self._stopped.wait()
            if self._tls is not None:
                # Closing would wait for the client longer than this loop lives.
                for connection in server.connections:
                    if connection.transport is not None:
                        connection.transport.abort()
        finally:
            await runner.cleanup()

    async def _handle_safely(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._handle(request)
        except ConnectionError:
            raise
        except Exception:
            _log.exception("a request could not be answered")
            raise

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if is_foreign(request.headers, self._own_names):
            text = "This emulator answers its own machine only, and no web page. --allow-host allows other names.\n"
            return web.Response(status=403, text=text)
        try:
            body = await _read(request)
        except web.RequestPayloadError as error:
            response = web.Response(status=400, text=f"The request's body cannot be read: {error}.\n")
            response.force_close()
            return response
        if request.path == routes.PREFIX or request.path.startswith(f"{routes.PREFIX}/"):
            if not self._may_control(request.headers):
                text = f"Send the key that this emulator printed at its start as the header {KEY_HEADER}.\n"
                return web.Response(status=403, text=text)
            return await self._aside(_control, self._control, request, body or b"")
        if request.path != "/":
            return web.Response(status=404, text="The API is at / and the emulator's own endpoints at /_emulator.\n")
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Request(request.method, headers, body or b"", is_too_large=body is None)
        if len(asked.body) <= _QUICK_BYTES:
            reply = self._gateway.reply(asked)
        else:
            reply = await self._aside(self._gateway.reply, asked)
        if await self._stops_within(reply.delay_seconds):
            reply = replace(reply, connection="close")
        return await _send(request, reply, self._control.now(), self._stops_within)

    def _may_control(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request has the control key, or needs none because a program on this machine sent it."""
        if self._is_open_to_programs and not may_be_of_a_browser(headers):
            return True
        return hmac.compare_digest(headers.get(KEY_HEADER, "").encode(errors="replace"), self._control_key)

    async def _aside(self, do: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Run a function in another thread, so that other requests are answered in the meantime."""
        return await asyncio.get_running_loop().run_in_executor(None, partial(do, *arguments, **keywords))

    async def _stops_within(self, seconds: float) -> bool:
        """Wait before a response is sent; return True as soon as the server stops."""
        if seconds:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), seconds)
        return self._stopped.is_set()


async def _read(request: web.BaseRequest) -> bytes | None:
    """Read the body; return None if it is too large, without keeping any of it."""
    if request.content.is_eof():  # short bodies arrive with the headers
        body = request.content.read_nowait(-1)
        return body if len(body) <= MAX_REQUEST_BYTES else None
    parts: list[bytes] = []
    size = 0
    transport = request.transport
    too_late = asyncio.get_running_loop().call_later(_BODY_SECONDS, transport.abort) if transport is not None else None
    try:
        async for part in request.content.iter_any():
            size += len(part)
            if size <= MAX_REQUEST_BYTES:
                parts.append(part)
            else:
                parts.clear()
    finally:
        if too_late is not None:
            too_late.cancel()
    return b"".join(parts) if size <= MAX_REQUEST_BYTES else None


def _control(control: ControlApi, request: web.BaseRequest, body: bytes) -> web.Response:
    status, answer = routes.answer(control, request.method, request.path, request.query, body)
    return web.Response(status=status, body=json.dumps(answer).encode(), content_type="application/json")


def _silent_log() -> logging.Logger:
    log = logging.getLogger("pulumi_tione.emulator.http")
    log.disabled = True
    return log


@lru_cache(maxsize=4)
def _http_date(seconds: int) -> str:
    """Format a time for HTTP. Cached, as many responses are sent within one second."""
    return formatdate(seconds, usegmt=True)


async def _send(
    request: web.BaseRequest, reply: Reply, now: datetime, stops_within: Callable[[float], Awaitable[bool]]
) -> web.StreamResponse:
    # One service has one clock: clients compute the age of a task from this header and its CreateTime.
    headers = {"Content-Type": reply.content_type, "Date": _http_date(int(now.timestamp()))}
    if reply.connection is None and reply.bytes_every_seconds is not None:
        return await _send_slowly(request, reply, headers, partial(stops_within, reply.bytes_every_seconds))
    if reply.connection is None:
        return web.Response(status=reply.status, headers=headers, body=reply.body)
    response = web.StreamResponse(status=reply.status, headers=headers)
    if reply.connection == "cut":
        response.content_length = len(reply.body)
        await response.prepare(request)
        await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _send_slowly(
    request: web.BaseRequest, reply: Reply, headers: Mapping[str, str], stops: Callable[[], Awaitable[bool]]
) -> web.StreamResponse:
    """Send byte by byte, until everything is sent, the client disconnects or the server stops."""
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.body)
    with suppress(ConnectionError):
        await response.prepare(request)
        for index in range(len(reply.body)):
            if index and await stops():
                break
            await response.write(reply.body[index : index + 1])
        else:
            return response
    if request.transport is not None:
        request.transport.close()
    return response


def _listening_socket(host: str, port: int) -> socket.socket:
    """Bind a socket at once, so that a port in use is reported first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
