"""The engine's calls, answered for the four resources.

Calls that no program with these four makes (GetSchema, Construct, Call, List, …) are left to the base class, which
answers UNIMPLEMENTED.
"""

# The engine's protocol gives the methods their names and arguments.
# ruff: noqa: ARG002, N802

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, plugin_pb2, provider_pb2
from pulumi.runtime.proto.engine_pb2_grpc import EngineStub
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer

from . import resources
from .account import Account, RefusedError
from .resources import KINDS, Kind, Properties
from .tasks import LocalTione, NoAnswerError

VERSION = "0.2.3+standin"
"""The release of `tencentcloud_iac_pulumi` whose facts are declared in `resources`. The engine warns when a program's
package is newer."""

NOTICE = "stand-in for the tencentcloud provider: nothing is created in the cloud"
DEFAULT_REGION = "ap-guangzhou"
_LOG_SECONDS = 5
_DIRECT = (("grpc.enable_http_proxy", 0),)
"""The engine is on the loopback, never behind the proxy that the environment may name."""

_DiffKind = provider_pb2.PropertyDiff.Kind


class StandIn(ResourceProviderServicer):
    """One plugin process."""

    def __init__(self, engine_address: str | None) -> None:
        self._engine_address = engine_address
        self._account = Account(state_folder(), LocalTione(os.environ.get("TIONE_ENDPOINT")))
        self._region = os.environ.get("TENCENTCLOUD_REGION") or DEFAULT_REGION
        self._first_creation = threading.Lock()
        """Taken by the first creation, and never given back."""

    # --- The plugin itself

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Asks for plain values: the engine itself then keeps what is secret secret, and turns resources into ids."""
        self._engine_address = request.engine_address
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:
        self._engine_address = request.address
        return Empty()

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        return _diff_response(resources.changes(_plain(request.old_inputs), _plain(request.news)), frozenset())

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        self._region = request.variables.get("tencentcloud:config:region") or self._region
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        _abort_unknown(context, request.tok)

    # --- Resources

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        kind, name = _kind_and_name(request.urn, context)
        olds, news = _plain(request.olds), _plain(request.news)
        inputs = resources.fill_in(kind, name=name, seed=request.randomSeed, olds=olds, news=news)
        failures = [
            provider_pb2.CheckFailure(property=key, reason=wrong) for key, wrong in resources.failures(kind, inputs)
        ]
        return provider_pb2.CheckResponse(inputs=_struct(inputs), failures=failures)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        kind, _ = _kind_and_name(request.urn, context)
        news = _plain(request.news)
        response = _diff_response(resources.changes(_plain(request.old_inputs), news), kind.replaces)
        response.deleteBeforeReplace = bool(response.replaces) and resources.deletes_before_replacing(kind, news)
        return response

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        kind, _ = _kind_and_name(request.urn, context)
        inputs = _plain(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=_struct(resources.previewed_outputs(kind, inputs)))
        self._explain_once(request.urn)
        with _refusals(context):
            record = self._account.create(kind, inputs, self._region)
        return provider_pb2.CreateResponse(id=record.id, properties=_struct(record.outputs))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        kind, _ = _kind_and_name(request.urn, context)
        record = self._account.read(kind, request.id)
        if record is None:
            return provider_pb2.ReadResponse()  # without an id: it is gone
        return provider_pb2.ReadResponse(
            id=record.id, inputs=_struct(record.inputs), properties=_struct(record.outputs)
        )

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        kind, _ = _kind_and_name(request.urn, context)
        news = _plain(request.news)
        if request.preview:
            outputs = resources.outputs_after_update(kind, _plain(request.olds), news)
        else:
            with _refusals(context):
                outputs = self._account.update(kind, request.id, news).outputs
        return provider_pb2.UpdateResponse(properties=_struct(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        kind, _ = _kind_and_name(request.urn, context)
        with _refusals(context):
            self._account.delete(kind, request.id)
        return Empty()

    def _explain_once(self, urn: str) -> None:
        """A line among the diagnostics of the first resource made. Not getting it through must not stop a creation."""
        if not self._first_creation.acquire(blocking=False):
            return
        if self._engine_address is None:
            print(NOTICE, file=sys.stderr)
            return
        line = engine_pb2.LogRequest(severity=engine_pb2.INFO, urn=urn, message=NOTICE)
        with contextlib.suppress(grpc.RpcError), grpc.insecure_channel(self._engine_address, _DIRECT) as channel:
            EngineStub(channel).Log(line, timeout=_LOG_SECONDS)


def state_folder() -> Path:
    """The path of the stand-in's state: from the environment, otherwise in the current Pulumi project."""
    if state := os.environ.get("TENCENTCLOUD_STANDIN_STATE"):
        return Path(state)
    here = Path.cwd()
    # The engine starts a plugin in the directory of the program, which `main` may have put below the project's.
    project = next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").is_file()), here)
    return project / ".cache" / "neighbours"


def _kind_and_name(urn: str, context: grpc.ServicerContext) -> tuple[Kind, str]:
    """The kind and the program's own name of a resource, from urn:pulumi:stack::project::parent$type::name."""
    _, _, types, name = urn.split("::", maxsplit=3)
    token = types.rsplit("$", maxsplit=1)[-1]
    return KINDS.get(token) or _abort_unknown(context, token), name


def _abort_unknown(context: grpc.ServicerContext, token: str) -> NoReturn:
    known = ", ".join(KINDS)
    context.abort(
        grpc.StatusCode.UNIMPLEMENTED, f"the stand-in for the tencentcloud provider has no {token}, only {known}"
    )


@contextlib.contextmanager
def _refusals(context: grpc.ServicerContext) -> Iterator[None]:
    """Report a refusal to the engine in one line; the engine adds which resource it was."""
    try:
        yield
    except (RefusedError, NoAnswerError) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _diff_response(changes: dict[str, str], replacing: frozenset[str]) -> provider_pb2.DiffResponse:
    replaces = [key for key in changes if key in replacing]
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=list(changes),
        replaces=replaces,
        hasDetailedDiff=True,
        detailedDiff={
            key: provider_pb2.PropertyDiff(kind=_diff_kind(change, replaces=key in replaces), inputDiff=True)
            for key, change in changes.items()
        },
    )


def _diff_kind(change: str, *, replaces: bool) -> Any:
    return _DiffKind.Value(change.upper() + ("_REPLACE" if replaces else ""))


def _plain(message: Struct) -> Properties:
    return dict(json_format.MessageToDict(message))


def _struct(properties: Properties) -> Struct:
    return json_format.ParseDict(properties, Struct())
