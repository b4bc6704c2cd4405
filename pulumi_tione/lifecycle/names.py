"""The name of a task that the program did not name, as check computes it and create recognizes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.output import UNKNOWN, Unknown

from pulumi_tione._schema.fields import Scalar
from pulumi_tione._schema.identity import RETAINED, generated_name
from pulumi_tione._schema.wire import to_wire
from pulumi_tione.lifecycle.diff import IN_PLACE, SETTINGS


def computed_name(owner: Mapping[str, Any], inputs: Mapping[str, Any]) -> str | Unknown:
    """Compute the name. Of a task whose predecessor stays it depends on inputs. A preview may not know all of this."""
    if contains_unknown(owner):
        return UNKNOWN
    if not owner.get(RETAINED):
        return generated_name(owner)
    contents = {name: value for name, value in inputs.items() if name not in ("name", *SETTINGS, *IN_PLACE)}
    # Check has whole numbers, create has what the engine made of them.
    return UNKNOWN if contains_unknown(contents) else generated_name(owner, to_wire(Scalar.ANY, contents))


def contains_unknown(value: Any) -> bool:
    """Tell whether a preview does not know a value, or a part of it."""
    if isinstance(value, Mapping):
        return any(contains_unknown(part) for part in value.values())
    if isinstance(value, list):
        return any(contains_unknown(part) for part in value)
    return isinstance(value, Unknown)
