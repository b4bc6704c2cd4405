"""The exports of a program that fails.

Pulumi drops all exports when one of them fails. Those that have a value are recorded here before that.

`training_task.py` calls it after a failed wait, when all other waits have ended (`_wait/tracker.py`). An export that
has no value within 1 second is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi

from pulumi_tione._pulumi.output_values import value_of

_TIMEOUT_SECONDS = 1.0
"""How long an export may take that does not depend on a failed wait."""


async def keep_exports() -> None:
    """Have the engine record the exports that have a value."""
    try:
        from pulumi.runtime.proto import resource_pb2
        from pulumi.runtime.rpc import serialize_properties
        from pulumi.runtime.settings import get_monitor, get_root_resource
        from pulumi.runtime.stack import massage

        stack, monitor = get_root_resource(), get_monitor()
        if stack is None or monitor is None:
            return
        exports = massage(getattr(stack, "outputs", {}), [])
        outputs = await serialize_properties(await _with_value(exports), {})
        request = resource_pb2.RegisterResourceOutputsRequest(urn=await value_of(stack.urn), outputs=outputs)
        await asyncio.to_thread(monitor.RegisterResourceOutputs, request)
    except Exception as error:  # noqa: BLE001  whatever it is: the program has to report the failed wait
        pulumi.log.debug(f"the exports were not recorded: {error}")


async def _with_value(exports: Mapping[str, Any]) -> dict[str, Any]:
    """Return the exports that have a value."""
    values = {name: asyncio.ensure_future(_value(export)) for name, export in exports.items()}
    if values:
        await asyncio.wait(values.values(), timeout=_TIMEOUT_SECONDS)
    available = {}
    for name, value in values.items():
        if not value.done():
            value.cancel()
        elif value.exception() is None:
            available[name] = exports[name]
    return available


async def _value(export: Any) -> Any:
    # Shielded: a timeout here must not cancel it for others that wait for it.
    return await asyncio.shield(asyncio.ensure_future(value_of(pulumi.Output.from_input(export))))
