"""Messages on the row of a resource. `pulumi.log` writes to the row of the stack when a provider uses it.

`warn` and `note` stay on the row, `show_status` is replaced by what comes next. Code below `provider.py` does not call
this: it uses the `CallContext`.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import Any

import grpc

from pulumi_tione._pulumi.display import displayable
from pulumi_tione._pulumi.request import current_urn


def warn(message: str, urn: str | None = None) -> None:
    """Show a warning on the row of a resource, by default the one whose request is being handled.

    Where the engine cannot be reached this way, the message goes to stderr, which the engine shows on the stack's row.
    """
    message = displayable(message)
    if not _log("WARNING", message, urn, ephemeral=False):
        print(f"warning: {message}", file=sys.stderr)


def note(message: str, urn: str | None = None) -> None:
    """Show a message on the row of a resource, by default the one whose request is being handled, and keep it there."""
    _log("INFO", displayable(message), urn, ephemeral=False)


def show_status(message: str, urn: str | None = None) -> None:
    """Show what a call is doing, on the row of its resource, until something else is shown there."""
    _log("INFO", displayable(message), urn, ephemeral=True)


def _log(severity: str, message: str, urn: str | None, *, ephemeral: bool) -> bool:
    """Send a message to the engine. Return whether it was sent: a message that cannot be shown must not fail a call."""
    with contextlib.suppress(Exception):
        from pulumi.runtime.proto import engine_pb2

        logged = getattr(engine_pb2, severity)
        request = engine_pb2.LogRequest(severity=logged, message=message, urn=urn or current_urn(), ephemeral=ephemeral)
        _engine().Log(request)
        return True
    return False


@functools.cache
def _engine() -> Any:
    """Return a client of the engine, whose address is the plugin's first argument.

    Raises:
        ValueError: this process has no such argument.
    """
    with contextlib.suppress(ImportError):
        from pulumi.runtime.proto import engine_pb2_grpc

        address = sys.argv[1] if len(sys.argv) > 1 else ""
        host, _, port = address.rpartition(":")
        if host and port.isdigit():
            return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))
    raise ValueError("the engine's address is not known")
