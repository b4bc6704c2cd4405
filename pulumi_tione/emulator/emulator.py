"""The emulator as a whole: its parts put together, started and stopped.

A new part is made here, in an order that `close` reverses. The options of the program are in `command.py`, what tests
control is in `control/control_api.py`.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

from pulumi_tione.emulator.control.control_api import ControlApi
from pulumi_tione.emulator.faults.faults import Faults
from pulumi_tione.emulator.faults.lag import Delay, Lag
from pulumi_tione.emulator.http.access import LOOPBACK_NAMES, is_loopback
from pulumi_tione.emulator.http.gateway import Gateway
from pulumi_tione.emulator.http.rate_limit import RATE, RateLimiter
from pulumi_tione.emulator.http.record import Record
from pulumi_tione.emulator.http.tls import Certificates
from pulumi_tione.emulator.resources.regions import DEFAULT_REGION
from pulumi_tione.emulator.state.service import Service, Switches
from pulumi_tione.emulator.state.storage import File, Memory, StateFileError, Storage
from pulumi_tione.emulator.tasks.run_rules import RunRules
from pulumi_tione.emulator.tasks.transitions import DURATIONS, Status

from .accounts import DEFAULT_KEY, Key, Keyring, generate_key
from .clock import Clock, WallClock, wall_clock
from .running import Cos, Execution


class Emulator(ControlApi):
    """A local TI-ONE: a context manager that serves at `endpoint` while it is open.

    All methods of `ControlApi` are available. Emulators share no state.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        tls: bool = False,
        keys: Iterable[Key] | None = None,
        speed: float = 1.0,
        manual_clock: bool = False,
        clock_offset_seconds: float = 0.0,
        durations: Mapping[Status, float] = DURATIONS,
        requests_a_second: int | None = RATE,
        switches: Switches | None = None,
        record_file: Path | str | None = None,
        state_file: Path | str | None = None,
        run: bool = False,
        cos: Path | str | None = None,
        wall: WallClock | None = None,
        lag: Lag | Delay = 0.0,
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        """Port 0 means any free port. With `manual_clock`, time passes for the tasks only by `advance`.

        `clock_offset_seconds` is the error of this service's clock; `requests_a_second` None means no limit;
        `state_file` keeps the state after the emulator has ended. With `tls` it speaks HTTPS only, and clients must
        trust `ca_file`. `lag` is how far reads are behind writes, in seconds of `wall` or in calls.

        With `run`, commands are executed with the rights of this process: in real time, on a loopback address,
        and only for a key that is made at the start. `cos` is a folder that replaces COS: a folder for each bucket.

        `allowed_hosts` are names by which other machines may address it, such as `tione` in a network of containers.
        """
        # Imported here: aiohttp takes longer to import than everything else, and a server alone needs it.
        from pulumi_tione.emulator.http.server import Server

        names = [_host_name(name) for name in allowed_hosts]
        self.names = names
        """The names by which other machines may address it."""
        if run:
            _check_that_it_may_run(host, keys, 0.0 if manual_clock else speed, names)
        wall = wall or wall_clock(timedelta(seconds=clock_offset_seconds))
        lock = threading.RLock()
        with ExitStack() as undo:
            storage: Storage = Memory() if state_file is None else File(Path(state_file))
            undo.callback(storage.close)
            record = Record(None if record_file is None else Path(record_file))
            undo.callback(record.close)
            with _readable(state_file):
                earlier = next((datetime.fromisoformat(now) for _, now in storage.load("clock")), None)
            clock = Clock(wall, 0.0 if manual_clock else speed, earlier)
            self.keyring = Keyring(*(keys or [generate_key() if run else DEFAULT_KEY]))
            buckets = None if cos is None else Cos(Path(cos))
            self.execution = Execution(clock, buckets) if run else None
            """What executes runs; None if nothing is executed."""
            run_rules = RunRules(durations, reads_commands=not run)
            with _readable(state_file):
                service = Service(clock, self.keyring, switches, run_rules, storage, self.execution, buckets)
            faults, rate_limit = Faults(), RateLimiter(requests_a_second)
            super().__init__(service, record, faults, rate_limit, lock)
            self.set_lag(lag)
            if self.execution is not None:
                self.execution.connect(service, self._state)
                undo.callback(self.execution.stop)
            self.gateway = Gateway(service, wall, record, faults, rate_limit, lock)
            certificates = undo.enter_context(closing(Certificates({*LOOPBACK_NAMES, host, *names}))) if tls else None
            self.ca_file = certificates.ca_file if certificates else None
            """With TLS, the certificate that clients must trust; the file exists while the emulator is open."""
            for_server = certificates.for_server if certificates else None
            self.control_key = secrets.token_urlsafe(24)
            """The key that a browser or another machine needs for the control endpoints."""
            self._server = Server(self.gateway, self, host, port, for_server, control_key=self.control_key, names=names)
            self._closing = undo.pop_all()

    @property
    def endpoint(self) -> str:
        host = f"[{self._server.host}]" if ":" in self._server.host else self._server.host
        return f"{'http' if self.ca_file is None else 'https'}://{host}:{self._server.port}"

    @property
    def key(self) -> Key:
        """The first key of the keyring."""
        return next(iter(self.keyring))

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the provider and the SDKs at it."""
        return {
            "TIONE_ENDPOINT": self.endpoint,
            "TENCENTCLOUD_SECRET_ID": self.key.secret_id,
            "TENCENTCLOUD_SECRET_KEY": self.key.secret_key,
            "TENCENTCLOUD_REGION": DEFAULT_REGION,
        }

    def start(self) -> None:
        if self.execution is not None:
            self.execution.start()
        self._server.start()

    def stop(self) -> None:
        self._server.stop()
        self._closing.close()

    def __enter__(self) -> Emulator:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def _readable(state_file: Path | str | None) -> Iterator[None]:
    """Raise one clear error for a damaged state file, whatever reveals the damage."""
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        if state_file is None:
            raise
        message = f"the state file {state_file} is damaged: {type(error).__name__}: {error}"
        raise StateFileError(message.replace("\n", " ")[:300]) from error


def _host_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[?[0-9A-Fa-f:.]+\]?", name):
        raise ValueError(f"{name!r} is not a host name: leave out protocol, port and path")
    return name.strip("[]").lower()


def _check_that_it_may_run(host: str, keys: Iterable[Key] | None, speed: float, names: Sequence[str]) -> None:
    """Refuse settings that are not safe where the content of requests is executed."""
    if names:
        raise ValueError("with `run`, no other machine may address the emulator: allow no hosts")
    if keys is not None:
        raise ValueError("with --run, the key is made at the start: leave out --key")
    if speed != 1.0:
        raise ValueError("with `run`, time is real: use speed 1")
    if not is_loopback(host):
        raise ValueError(f"with `run`, only a loopback address is allowed: {host} is not one")
