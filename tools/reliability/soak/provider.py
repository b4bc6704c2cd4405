"""The provider's process as the engine meets it: Pulumi's own servicer behind a gRPC server on loopback.

It runs in this process, so that the clock and the service of a history are its own. A provider that dies answers as a
process does that is gone.
"""

from __future__ import annotations

import ast
import importlib.util
import types
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from google.rpc import status_pb2  # type: ignore[import-untyped]
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub, add_ResourceProviderServicer_to_server

from pulumi_tione.provider import TrainingTaskProvider
from tools.reliability.soak.service import ProviderDied

EOF = "error reading from server: EOF"
"""What the engine shows when the provider's process is gone."""

PROVIDER_KEY = "__provider"


class ProviderError(Exception):
    """A call failed."""

    def __init__(self, message: str, partial: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.partial = partial
        """The outputs that are to be recorded all the same."""

    @property
    def is_death(self) -> bool:
        return str(self) == EOF


@dataclass(frozen=True)
class Difference:
    """What Diff found."""

    changes: bool | None
    """None: the engine compares the inputs."""
    replaces: bool


class Provider:
    """One process of the provider, from its start to the end of the command that needs it."""

    def __init__(self, config: Mapping[str, str]) -> None:
        module = _servicer_module()
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        add_ResourceProviderServicer_to_server(_mortal(module.DynamicResourceProviderServicer)(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._server = server
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._stub = ResourceProviderStub(self._channel)
        self._blob = serialize_provider(TrainingTaskProvider())
        args = json_format.ParseDict(dict(config), Struct())
        self._stub.Configure(provider_pb2.ConfigureRequest(args=args), wait_for_ready=True)

    def close(self) -> None:
        self._channel.close()
        self._server.stop(0)

    def check(self, urn: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        """Return the checked inputs.

        Raises:
            ProviderError: there are failures.
        """
        request = provider_pb2.CheckRequest(urn=urn, olds=self._sent(olds) if olds else Struct(), news=self._sent(news))
        answer = self._call(self._stub.Check, request)
        if answer.failures:
            raise ProviderError("; ".join(f"{failure.property}: {failure.reason}" for failure in answer.failures))
        return _received(answer.inputs)

    def diff(
        self, urn: str, task_id: str, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any], news: Mapping[str, Any]
    ) -> Difference:
        request = provider_pb2.DiffRequest(
            urn=urn,
            id=task_id,
            olds=self._sent(outputs),
            old_inputs=self._sent(old_inputs),
            news=self._sent(news),
        )
        answer = self._call(self._stub.Diff, request)
        kinds = {provider_pb2.DiffResponse.DIFF_SOME: True, provider_pb2.DiffResponse.DIFF_NONE: False}
        return Difference(kinds.get(answer.changes), bool(answer.replaces))

    def create(self, urn: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        answer = self._call(self._stub.Create, provider_pb2.CreateRequest(urn=urn, properties=self._sent(inputs)))
        return answer.id, _received(answer.properties)

    def read(
        self, urn: str, task_id: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        request = provider_pb2.ReadRequest(
            urn=urn, id=task_id, properties=self._sent(outputs), inputs=self._sent(inputs)
        )
        answer = self._call(self._stub.Read, request)
        return answer.id, _received(answer.properties), _received(answer.inputs)

    def update(
        self, urn: str, task_id: str, outputs: Mapping[str, Any], old_inputs: Mapping[str, Any], news: Mapping[str, Any]
    ) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            urn=urn,
            id=task_id,
            olds=self._sent(outputs),
            old_inputs=self._sent(old_inputs),
            news=self._sent(news),
        )
        return _received(self._call(self._stub.Update, request).properties)

    def delete(self, urn: str, task_id: str, outputs: Mapping[str, Any]) -> None:
        request = provider_pb2.DeleteRequest(urn=urn, id=task_id, properties=self._sent(outputs))
        self._call(self._stub.Delete, request)

    def _sent(self, values: Mapping[str, Any]) -> Struct:
        return json_format.ParseDict({**values, PROVIDER_KEY: self._blob}, Struct())

    def _call(self, method: Callable[[Any], Any], request: Any) -> Any:
        try:
            return method(request)
        except grpc.RpcError as error:
            raise ProviderError(_reason(error), _partial_outputs(error)) from None


def _mortal(servicer: Any) -> Any:
    """Return the servicer's class, whose calls end as those of a dead process do when the provider dies."""

    def mortal(name: str) -> Callable[..., Any]:
        original = getattr(servicer, name)

        def call(self: Any, request: Any, context: Any) -> Any:
            try:
                return original(self, request, context)
            except ProviderDied:
                return context.abort(grpc.StatusCode.UNAVAILABLE, EOF)

        return call

    verbs = ("Check", "Diff", "Create", "Read", "Update", "Delete")
    return type("MortalServicer", (servicer,), {name: mortal(name) for name in verbs})


def _servicer_module() -> Any:
    """Load Pulumi's plugin anew, as another process does: all of it but its last line, which runs it."""
    spec = importlib.util.find_spec("pulumi.dynamic.__main__")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    assert ast.unparse(tree.body[-1]) in ("main()", "if __name__ == '__main__':\n    main()")
    del tree.body[-1]
    module = types.ModuleType("pulumi_dynamic_plugin")
    exec(compile(tree, spec.origin, "exec"), module.__dict__)  # noqa: S102  the installed Pulumi's own code
    return module


def _received(values: Struct) -> dict[str, Any]:
    whole: dict[str, Any] = _whole(json_format.MessageToDict(values))
    return {name: value for name, value in whole.items() if name != PROVIDER_KEY}


def _whole(value: Any) -> Any:
    """Write whole numbers as the engine does, which are floats on the wire."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list) else value


def _reason(error: Any) -> str:
    """Return what the engine shows of a failed call: the exception's own line."""
    details = str(error.details())
    return details if details == EOF else details.strip()


def _partial_outputs(error: Any) -> dict[str, Any] | None:
    metadata = {item.key: item.value for item in error.trailing_metadata() or ()}
    packed = metadata.get("grpc-status-details-bin")
    if packed is None:
        return None
    for detail in status_pb2.Status.FromString(packed).details:
        failed = provider_pb2.ErrorResourceInitFailed()
        if detail.Unpack(failed):
            return _received(failed.properties)
    return None
