"""What stands for a value that a preview does not know yet.

Check passes one through at any depth (`lifecycle/check.py`). To diff it equals no other value, so the input has changed
(`values_equal` in `_schema/wire.py`). `contains_unknown` in `lifecycle/names.py` finds one. A preview's JSON has marks
of its own: `review/preview.py`.
"""

from typing import TYPE_CHECKING

from pulumi import UNKNOWN

if TYPE_CHECKING:
    from pulumi.output import Unknown
else:
    Unknown = type(UNKNOWN)

__all__ = ["UNKNOWN", "Unknown"]
