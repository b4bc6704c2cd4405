"""The command `python -m pulumi_tione.emulator`.

A new option is added to `argument_parser`, passed on to `Emulator` in `emulator.py`, and shown in
`docs/reference/cli.md` by `make outputs`. The default port is 9851. `pulumi-tione emulator` is `cli/emulator.py`.
"""

from __future__ import annotations

import argparse
import errno
import json
import logging
import math
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import NoReturn

from pulumi_tione.emulator.control.routes import PREFIX, ROUTES
from pulumi_tione.emulator.faults.lag import KINDS, Lag
from pulumi_tione.emulator.http.access import KEY_HEADER
from pulumi_tione.emulator.http.rate_limit import RATE
from pulumi_tione.emulator.resources.regions import DEFAULT_REGION
from pulumi_tione.emulator.running.environment import ROOT_VARIABLE
from pulumi_tione.emulator.state.service import Switches
from pulumi_tione.emulator.state.storage import StateFileError
from pulumi_tione.emulator.tasks.task import MAX_DURATION_SECONDS
from pulumi_tione.emulator.tasks.transitions import DURATIONS, Status

from .accounts import DEFAULT_UIN, Caller, Key
from .emulator import Emulator

PROGRAM = "python -m pulumi_tione.emulator"

DEFAULT_PORT = 9851
"""The port that is used unless you choose another."""

READY = "pulumi_tione emulator ready at "
"""The beginning of the last line that is printed at the start; the address follows."""

_BLOCK = """\
A local TI-ONE answers tione, tag and sts at {endpoint}
{names}
Pulumi:
  pulumi config set tione:endpoint {endpoint}
  pulumi config set tione:region {region}
  pulumi config set --secret tione:secretId {secret_id}
  pulumi config set --secret tione:secretKey {secret_key}

Environment:
{environment}

SDKs:
  endpoint {authority}, protocol {scheme}

Control API:
  {endpoint}{prefix}/{routes}
  from a browser or another machine with the header {header}: {control_key}
"""

_TRUST = """
Trust {ca_file}, made for this start; how, depends on the client:
  tccli, Pulumi: with the Python of each
    cat {quoted} >> "$(python -m certifi)"
  SDK for Python
    HttpProfile(certification={literal})
  SDK for Node
    export NODE_EXTRA_CA_CERTS={quoted}
"""

_RUNNING = """
Tasks are executed, by processes with your rights, below {folder}
  /opt/ml is {opt_ml}
"""


def main(arguments: Sequence[str] | None = None, *, program: str = PROGRAM) -> int:
    """Run the emulator until a signal ends it; `program` is the command that the usage shows."""
    options = argument_parser(program).parse_args(arguments)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, handlers=[handler])
    try:
        emulator = Emulator(
            port=options.port,
            host=options.host,
            tls=options.tls,
            keys=_of_users(options.key),
            speed=options.speed,
            clock_offset_seconds=options.clock_offset,
            durations={**DURATIONS, Status.RUNNING: options.running},
            requests_a_second=None if options.no_limits else RATE,
            switches=Switches(
                deleted_names_are_free=not options.keep_deleted_names,
                start_from_failed=not options.no_start_from_failed,
                instance_id_while_submitting=not options.no_instance_id_while_submitting,
            ),
            record_file=options.record,
            state_file=options.state,
            run=options.run,
            cos=options.cos,
            lag=options.lag,
            allowed_hosts=options.allow_host,
        )
    except (StateFileError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = error.filename or f"{options.host} port {options.port}"
        doing = "cannot open" if error.filename else "cannot listen on"
        hint = ". To use any free port, add --port 0" if error.errno == errno.EADDRINUSE else ""
        print(f"{doing} {where}: {error.strerror or error}{hint}", file=sys.stderr)
        return 1
    ended = threading.Event()
    # A closed terminal ends it too; not every system has that signal.
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, lambda *_: ended.set())
    with emulator:
        _show_status(emulator)
        ended.wait()
    return 0


def _of_users(keys: Sequence[Key] | None) -> list[Key] | None:
    """Return one caller for each key, in the account that the key names."""
    if keys is None:
        return None
    usual = Caller()
    users = [
        {} if number == 0 else {"sub_uin": str(int(usual.sub_uin) + number), "name": f"{usual.name}-{number + 1}"}
        for number in range(len(keys))
    ]
    return [replace(key, caller=replace(key.caller, **user)) for key, user in zip(keys, users, strict=True)]


def _show_status(emulator: Emulator) -> None:
    scheme, _, authority = emulator.endpoint.partition("://")
    port = authority.rpartition(":")[2]
    names = "".join(f"and at {scheme}://{name}:{port}\n" for name in emulator.names)
    text = _BLOCK.format(
        endpoint=emulator.endpoint,
        names=names,
        authority=authority,
        scheme=scheme,
        region=DEFAULT_REGION,
        secret_id=_argument(emulator.key.secret_id),
        secret_key=_argument(emulator.key.secret_key),
        environment="\n".join(f"  export {name}={shlex.quote(value)}" for name, value in emulator.environment.items()),
        prefix=PREFIX,
        routes=", ".join(ROUTES),
        header=KEY_HEADER,
        control_key=emulator.control_key,
    )
    if emulator.ca_file is not None:
        file = str(emulator.ca_file)
        text += _TRUST.format(ca_file=file, quoted=shlex.quote(file), literal=json.dumps(file))
    if emulator.execution is not None:
        shown = "a node's own" if emulator.execution.shows_opt_ml else f"below what {ROOT_VARIABLE} names, of each node"
        text += _RUNNING.format(folder=emulator.execution.folder, opt_ml=shown)
    print(f"{text}\n{READY}{emulator.endpoint}", flush=True)


def _argument(text: str) -> str:
    """Quote a value for a shell and the Pulumi CLI: a value that begins with a dash is not an option."""
    return f"-- {shlex.quote(text)}" if text.startswith("-") else shlex.quote(text)


class _Formatter(logging.Formatter):
    """A formatter whose times are in RFC 3339."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        return datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")


class _Parser(argparse.ArgumentParser):
    """A parser that reports a malformed option in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def _number(text: str, minimum: float, maximum: float, description: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not minimum <= number <= maximum:
        raise argparse.ArgumentTypeError(f"{text!r} is not {description}")
    return number


def _port(text: str) -> int:
    number = _number(text, 0, 65535, "a port: a whole number from 0 to 65535")
    if number != int(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(number)


def _speed(text: str) -> float:
    return _number(text, 1e-6, 1e6, "a speed: a number above 0, at most a million")


def _duration(text: str) -> float:
    return _number(text, 0, math.inf, "a number of seconds, 0 or more")


def _offset(text: str) -> float:
    return _number(text, -MAX_DURATION_SECONDS, MAX_DURATION_SECONDS, "a number of seconds, of ten years at most")


def argument_parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of the command's options."""
    parser = _Parser(prog=program, description="A local TI-ONE for trying programs and for tests.")
    add = parser.add_argument
    add("--port", type=_port, default=DEFAULT_PORT, help="0 for any free port (default: %(default)s)")
    add("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s, this machine alone)")
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name by which other machines may address it, as in a container network; can be repeated",
    )
    add("--tls", action="store_true", help="HTTPS, with a certificate authority that is made at the start")
    add(
        "--key",
        type=_key,
        action="append",
        metavar="ID:KEY[:UIN]",
        help="a secret id and key, and their account; can be repeated",
    )
    add("--speed", type=_speed, default=1.0, help="how fast time passes for tasks (default: %(default)s)")
    add(
        "--running",
        type=_duration,
        default=DURATIONS[Status.RUNNING],
        metavar="SECONDS",
        help="how long a run lasts if nothing else is known (default: %(default)s)",
    )
    add("--no-limits", action="store_true", help=f"do not limit requests to {RATE} a second for each action")
    add("--record", metavar="FILE", help="write every request, secrets masked, as a line of JSON")
    add("--state", metavar="FILE", help="keep the state in this file, for the next start")
    add(
        "--run",
        action="store_true",
        help="execute the commands of tasks, with your permissions; not with --key: a key is made at the start",
    )
    add("--cos", metavar="DIR", help="a folder that stands in for COS, with a folder for each bucket")
    add(
        "--clock-offset",
        type=_offset,
        default=0.0,
        metavar="SECONDS",
        help="how far the emulator's clock is wrong, in seconds",
    )
    add(
        "--lag",
        type=_lag,
        default=Lag(),
        metavar="LAG",
        help=f"delay of reads after writes: N seconds or Ncalls for all reads, KIND=N or KIND=Ncalls for one kind, "
        f"several separated by commas; kinds: {', '.join(KINDS)}",
    )
    add("--keep-deleted-names", action="store_true", help="do not free the names of deleted tasks")
    add("--no-start-from-failed", action="store_true", help="StartTrainingTask is refused for a FAILED task")
    add(
        "--no-instance-id-while-submitting",
        action="store_true",
        help="LatestInstanceId is empty while a task is SUBMITTING",
    )
    add("--verbose", action="store_true", help="a line on standard error for each request")
    return parser


def _lag(text: str) -> Lag:
    try:
        return Lag.from_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _key(text: str) -> Key:
    secret_id, _, remaining = text.partition(":")
    secret_key, _, uin = remaining.partition(":")
    if not secret_id or not secret_key or not (uin or DEFAULT_UIN).isdecimal():
        raise argparse.ArgumentTypeError("write a key as ID:KEY or ID:KEY:UIN, where UIN is a number")
    return Key(secret_id, secret_key, Caller(uin or DEFAULT_UIN))
