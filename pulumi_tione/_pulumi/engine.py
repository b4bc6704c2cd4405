"""Private ground of Pulumi's dynamic provider: what it does not hand to us, taken from where it is.

The servicer's method that handles a request stands above us in the stack, with the request and its gRPC context as
locals; the engine's address is the plugin's first argument; the server is a local of the plugin's main function.
Everything here is guarded: where the installed Pulumi is built otherwise, nothing happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import grpc
from google.protobuf import any_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2

from pulumi_tione._masking import holds_secret, mask
from pulumi_tione._text import sanitize

_WORKERS = 64
"""How many calls may be handled at once. A delete waits for its task to stop: with Pulumi's four workers, two hundred
tasks would be waited for four by four."""


def warn(message: str) -> None:
    """Show a warning on the row of the resource whose call is being handled."""
    _log(engine_pb2.WARNING, message, ephemeral=False)


def show_status(message: str) -> None:
    """Show what a call is doing, on the row of its resource, until something else is shown there."""
    _log(engine_pb2.INFO, message, ephemeral=True)


def _log(severity: engine_pb2.LogSeverity.ValueType, message: str, ephemeral: bool) -> None:
    engine, urn = _engine(), getattr(_local("request"), "urn", "")
    if engine is not None and isinstance(urn, str):
        shown = displayable(message)
        with contextlib.suppress(Exception):  # a message that cannot be shown must not end what it is about
            engine.Log(engine_pb2.LogRequest(severity=severity, message=shown, urn=urn, ephemeral=ephemeral))


def displayable(message: str) -> str:
    """Return a message of one line as the engine may show it, whatever of the service's is in it.

    It is without what is secret in the current call, without control characters, and without what the engine takes for
    the beginning of a colour: at one that it does not know, it crashes.
    """
    return sanitize(message).replace("<{%", "<{ %")


def displayable_report(report: str) -> str:
    """Return a report of several lines as the engine may show it."""
    return "\n".join(displayable(line) for line in mask(report).split("\n"))


def sealed(value: Any) -> Any:
    """Return a value with each text in it made a secret that holds one of the current call's."""
    if isinstance(value, Mapping):
        return {key: sealed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [sealed(part) for part in value]
    if isinstance(value, str) and holds_secret(value):
        return secret(value)
    return value


def secret(value: Any) -> dict[str, Any]:
    """Return a value as a secret, as providers return one to the engine."""
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


@functools.cache
def _engine() -> engine_pb2_grpc.EngineStub | None:
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    host, _, port = address.rpartition(":")
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if host and port.isdigit() else None


def record_partial_update(task_id: str, outputs: Mapping[str, Any], reason: str) -> None:
    """Have the engine record these outputs although the update fails: it goes on from there the next time.

    An update that merely raises leaves the old outputs in the state, as if nothing of it had happened.
    """
    context = _local("context")
    if not isinstance(context, grpc.ServicerContext):
        return
    properties = asyncio.run(rpc.serialize_properties(dict(outputs), {}))
    reason = displayable(reason)
    detail = any_pb2.Any()
    detail.Pack(provider_pb2.ErrorResourceInitFailed(id=task_id, properties=properties, reasons=[reason]))
    status = _status_class()(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


def _status_class() -> Any:
    """Give the message class `google.rpc.Status`. It may be loaded only once in a process, and others load it too."""
    for module in ("google.rpc.status_pb2", "pulumi.runtime.proto.status_pb2"):
        with contextlib.suppress(ImportError, TypeError):
            return importlib.import_module(module).Status
    raise ImportError("neither googleapis-common-protos nor Pulumi has google.rpc.Status")


def inputs_changed() -> bool:
    """Tell whether the inputs in the diff that is being handled differ from those in the state, as the engine sees it.

    Its answer to "unknown whether there are changes" is to compare the two.
    """
    request = _local("request")
    before = getattr(request, "old_inputs", None)
    return before is not None and bool(before.fields) and before != request.news


def recorded_inputs_have(name: str) -> bool:
    """Check whether the inputs in the state have one of this name; where that is not visible, they may.

    The outputs may have it still: when diff finds no change, the engine records the new inputs and keeps the outputs.
    """
    request = _local("request")
    before = next((getattr(request, of, None) for of in ("old_inputs", "inputs") if hasattr(request, of)), None)
    fields = getattr(before, "fields", None)
    return not fields or name in fields


def widen_workers() -> None:
    """Let the plugin handle more calls at once than the four that Pulumi gives it."""
    main_thread = sys._current_frames().get(threading.main_thread().ident or 0)
    for frame in _frames(main_thread):
        pool = getattr(getattr(frame.f_locals.get("server"), "_state", None), "thread_pool", None)
        if isinstance(pool, ThreadPoolExecutor):
            pool._max_workers = max(_WORKERS, pool._max_workers)
            return


def _local(name: str) -> Any:
    """Give the local of this name of the nearest caller that handles a request."""
    for frame in _frames(sys._getframe(1)):
        if "request" in frame.f_locals and "context" in frame.f_locals:
            return frame.f_locals[name]
    return None


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
