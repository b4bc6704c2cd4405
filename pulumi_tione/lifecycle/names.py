"""The computed name of a task that the program does not name: check sets it, create recognizes it.

The form of the name, and its suffixes, are in `_schema/identity.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_tione._pulumi.unknown import UNKNOWN, Unknown
from pulumi_tione._schema.fields import Scalar
from pulumi_tione._schema.identity import LOCATION, RETAINED, Owner, generated_name
from pulumi_tione._schema.walk import walk
from pulumi_tione._schema.wire import to_wire
from pulumi_tione.lifecycle.diff import IN_PLACE, SETTINGS


def computed_name(owner: Owner, inputs: Mapping[str, Any]) -> str | Unknown:
    """Compute the name; with `retain_on_delete` it depends on the inputs too. It is unknown where one of them is."""
    if contains_unknown(owner):
        return UNKNOWN
    if not owner.get(RETAINED):
        return generated_name(owner)
    contents = {name: value for name, value in inputs.items() if name not in ("name", *SETTINGS, *IN_PLACE)}
    # Check has integers, create has the floats that the engine made of them.
    return UNKNOWN if contains_unknown(contents) else generated_name(owner, to_wire(Scalar.ANY, contents))


def is_location_known(inputs: Mapping[str, Any]) -> bool:
    """Return whether the region, workspace and settings of a task are known."""
    return not any(contains_unknown(inputs.get(name)) for name in LOCATION)


def contains_unknown(value: Any) -> bool:
    """Return whether a value, or a part of it, is unknown in a preview."""
    return any(isinstance(node.value, Unknown) for node in walk(Scalar.ANY, value))
