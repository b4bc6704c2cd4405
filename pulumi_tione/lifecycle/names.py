"""The name of a task that the program did not name, as check computes it and create recognizes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.output import UNKNOWN, Unknown

from pulumi_tione._fields import Scalar
from pulumi_tione._ownership import RETAINED, automatic_name
from pulumi_tione._wire import to_wire
from pulumi_tione.lifecycle.diff import IN_PLACE


def computed_name(owner: Mapping[str, Any], inputs: Mapping[str, Any]) -> str | Unknown:
    """Compute the name. Of a task whose predecessor stays it depends on inputs that a preview may not know yet."""
    if not owner.get(RETAINED):
        return automatic_name(owner)
    contents = {name: value for name, value in inputs.items() if name != "name" and name not in IN_PLACE}
    # Check has whole numbers, create has what the engine made of them.
    return UNKNOWN if _contains_unknown(contents) else automatic_name(owner, to_wire(Scalar.ANY, contents))


def _contains_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_contains_unknown(part) for part in value.values())
    if isinstance(value, list):
        return any(_contains_unknown(part) for part in value)
    return isinstance(value, Unknown)
