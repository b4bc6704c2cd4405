"""Private ground of Pulumi's dynamic provider: what it does not hand to us, taken from where it is.

Everything here is guarded: where the installed Pulumi is built otherwise, nothing happens.
"""

from __future__ import annotations

import functools
import sys

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


def warn(message: str) -> None:
    """Show a warning on the row of the resource whose call is being handled.

    The engine's address is the plugin's first argument. A dynamic provider is told neither a resource's name nor its
    URN, but the request that is being handled has it, and is a local of the servicer's method above us.
    """
    engine = _engine()
    if engine is not None:
        engine.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=_urn_of_request()))


@functools.cache
def _engine() -> engine_pb2_grpc.EngineStub | None:
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    host, _, port = address.rpartition(":")
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if host and port.isdigit() else None


def _urn_of_request() -> str:
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        urn = getattr(frame.f_locals.get("request"), "urn", None)
        if isinstance(urn, str):
            return urn
    return ""
