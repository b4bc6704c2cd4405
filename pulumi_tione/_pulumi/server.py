"""The gRPC server of the dynamic provider plugin: how many calls it handles at once, and what Cancel does.

Up to 512 calls are handled at once (`_WORKERS`), where Pulumi handles 4 by itself; the engine sends as many as
`PULUMI_PARALLEL` allows. What a cancelled call does is in `call_context.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import grpc
from google.protobuf import empty_pb2

from pulumi_tione._pulumi.frames import local_of_main

_WORKERS = 512
"""How many calls may be handled at once; a thread is started only for a call that finds none free. A delete waits for
its task to stop: with Pulumi's four workers, two hundred tasks would be waited for four at a time. The user chooses how
many there are, by PULUMI_PARALLEL."""

_SERVICE = "pulumirpc.ResourceProvider"
_CANCEL = f"/{_SERVICE}/Cancel"


def widen_workers() -> None:
    """Let the plugin handle more calls at once than the four that Pulumi gives it."""
    with contextlib.suppress(Exception):
        pool = local_of_main("server")._state.thread_pool
        pool._max_workers = max(_WORKERS, pool._max_workers)
        # The calls that have come while the provider was loaded wait for the first four threads, and none of their own
        # is started: a pool starts threads only for what is submitted.
        for _ in range(pool._work_queue.qsize()):
            pool.submit(_do_nothing)


def _do_nothing() -> None:
    pass


def on_cancel(callback: Callable[[], object]) -> None:
    """Call a function when the engine cancels, which it does on Ctrl-C. The plugin itself ignores Cancel.

    Where this is not possible, calls run to their end, as they do in every dynamic provider.
    """
    with contextlib.suppress(Exception):
        handlers = local_of_main("server")._state.generic_handlers
        handlers.insert(0, grpc.method_handlers_generic_handler(_SERVICE, {"Cancel": _handler(handlers, callback)}))


def _handler(handlers: list[Any], callback: Callable[[], object]) -> grpc.RpcMethodHandler[Any, Any]:
    """Return a handler of Cancel that calls a function before the handler that is there already."""
    details = SimpleNamespace(method=_CANCEL, invocation_metadata=())
    original = next(handler for handler in (each.service(details) for each in handlers) if handler is not None)

    def cancel(request: Any, context: Any) -> Any:
        callback()
        return original.unary_unary(request, context)

    return grpc.unary_unary_rpc_method_handler(
        cancel, request_deserializer=empty_pb2.Empty.FromString, response_serializer=empty_pb2.Empty.SerializeToString
    )
