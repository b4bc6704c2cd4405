"""What stands for a value that a preview does not know yet.

`contains_unknown` in `lifecycle/names.py` finds one at any depth. A preview's JSON has marks of its own:
`review/preview.py`.
"""

from typing import TYPE_CHECKING

from pulumi import UNKNOWN

if TYPE_CHECKING:
    from pulumi.output import Unknown
else:
    Unknown = type(UNKNOWN)

__all__ = ["UNKNOWN", "Unknown"]
