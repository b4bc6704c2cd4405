"""The exports of a program that fails: those that have a value are kept.

Left to itself, Pulumi drops all exports when one of them fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor, get_root_resource
from pulumi.runtime.stack import massage

_SECONDS_FOR_EXPORTS = 1.0
"""How long exports may take that depend on nothing but what is there."""


async def keep_exports() -> None:
    """Have the engine record the exports that there are, before one that fails takes all of them with it."""
    stack, monitor = get_root_resource(), get_monitor()
    if stack is None or monitor is None:
        return
    try:
        exports = massage(getattr(stack, "outputs", {}), [])
        outputs = await rpc.serialize_properties(await _settled(exports), {})
        request = resource_pb2.RegisterResourceOutputsRequest(urn=await stack.urn.future() or "", outputs=outputs)
        await asyncio.to_thread(monitor.RegisterResourceOutputs, request)
    except Exception as error:  # noqa: BLE001  whatever it is: what has to be told is the failure of the wait
        pulumi.log.debug(f"the exports are not kept: {error}")


async def _settled(exports: Mapping[str, Any]) -> dict[str, Any]:
    """Give those of the exports that have a value."""
    values = {name: asyncio.ensure_future(_value(export)) for name, export in exports.items()}
    if values:
        await asyncio.wait(values.values(), timeout=_SECONDS_FOR_EXPORTS)
    settled = {}
    for name, value in values.items():
        if not value.done():
            value.cancel()
        elif value.exception() is None:
            settled[name] = exports[name]
    return settled


async def _value(export: Any) -> Any:
    # Shielded: to give up waiting for it must not take it away from those who wait on.
    return await asyncio.shield(asyncio.ensure_future(pulumi.Output.from_input(export).future()))
