"""The outputs of an update that fails halfway.

`lifecycle/update.py` decides what is recorded. Without this the next update would see the old state. Only updates need
it: a create that may have made a task goes on after Ctrl-C, until it has the id (`call_context.py`).
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf import any_pb2, json_format, struct_pb2

from pulumi_tione._pulumi.display import displayable
from pulumi_tione._pulumi.frames import local_of_handler


def record_partial_update(task_id: str, outputs: Mapping[str, Any], reason: str) -> None:
    """Have the engine record these outputs although the current update fails, so that the next one continues there.

    An update that merely raises leaves the old outputs in the state, as if nothing had happened. That is what happens
    where this is not possible.
    """
    with contextlib.suppress(Exception):
        from pulumi.runtime.proto import provider_pb2

        known = {name: value for name, value in outputs.items() if value is not None}
        properties = json_format.ParseDict(known, struct_pb2.Struct())
        reason = displayable(reason)
        detail = any_pb2.Any()
        detail.Pack(provider_pb2.ErrorResourceInitFailed(id=task_id, properties=properties, reasons=[reason]))
        status = _status_class()(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
        context = local_of_handler("context")
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


def _status_class() -> Any:
    """Return the message class `google.rpc.Status`.

    A process can load it only once, and other packages bring it too.
    """
    with contextlib.suppress(ImportError, TypeError):
        return importlib.import_module("google.rpc.status_pb2").Status
    from pulumi.runtime.proto import status_pb2

    return status_pb2.Status
