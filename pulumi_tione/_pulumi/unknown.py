"""What stands for a value that a preview does not know yet."""

from typing import TYPE_CHECKING

from pulumi import UNKNOWN

if TYPE_CHECKING:
    from pulumi.output import Unknown
else:
    Unknown = type(UNKNOWN)

__all__ = ["UNKNOWN", "Unknown"]
