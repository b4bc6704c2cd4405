"""The request that the dynamic provider plugin is handling. Pulumi passes only parts of it to a provider.

It reads the URN, and the inputs in the state, which diff does not get. How locals of the plugin are found is in
`frames.py`.
"""

from __future__ import annotations

import contextlib

from pulumi_tione._pulumi.frames import local_of_handler


def current_urn() -> str:
    """Return the URN of the resource whose request is being handled; empty where it cannot be found."""
    with contextlib.suppress(Exception):
        urn = local_of_handler("request").urn
        return urn if isinstance(urn, str) else ""
    return ""


def inputs_changed() -> bool:
    """Return whether the new inputs in the current diff differ from those in the state, as the engine compares them.

    When diff returns "unknown whether there are changes", the engine compares the two itself. False where the state's
    inputs cannot be found.
    """
    with contextlib.suppress(Exception):
        request = local_of_handler("request")
        return bool(request.old_inputs.fields) and bool(request.old_inputs != request.news)
    return False


def recorded_inputs_have(name: str) -> bool:
    """Return whether the inputs in the state have one of this name; True where they cannot be found.

    The outputs may still have it: when diff finds no change, the engine records the new inputs and keeps the outputs.
    """
    with contextlib.suppress(Exception):
        request = local_of_handler("request")
        recorded = request.old_inputs if hasattr(request, "old_inputs") else request.inputs
        return not recorded.fields or name in recorded.fields
    return True
