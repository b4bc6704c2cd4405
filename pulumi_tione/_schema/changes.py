"""The changes between two values of a declared type, by path.

Which of them replace the task is decided in `lifecycle/diff.py`: `IN_PLACE` there lists the inputs that change in
place. A new argument replaces the task unless it is added to that list and gets a step in `lifecycle/update.py`.
`settings` change in place within an account.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pulumi_tione._schema.fields import Scalar, Type, path_to
from pulumi_tione._schema.walk import is_of_type, parts_of_both
from pulumi_tione._schema.wire import values_equal


class Change(NamedTuple):
    """A value that was added, removed or changed. The values themselves are not here: they may be secret."""

    path: str
    """Its property path, for example `resourceConfigInfos[0].instanceNum`."""
    kind: Literal["added", "removed", "changed"]
    replaces: bool = False
    """Whether the task is replaced for it."""


def changes(kind: Type, before: Any, after: Any, path: str) -> Iterator[Change]:
    """Yield each change at the deepest path that describes it; null and every empty value are equal."""
    if values_equal(kind, before, after):
        return
    if values_equal(kind, before, None):
        yield Change(path, "added")
    elif values_equal(kind, after, None):
        yield Change(path, "removed")
    elif isinstance(kind, Scalar) and kind is not Scalar.ANY:
        yield Change(path, "changed")
    else:
        both_have_parts = is_of_type(kind, before) and is_of_type(kind, after) and type(before) is type(after)
        found = [
            change
            for part in (parts_of_both(kind, before, after) if both_have_parts else ())
            for change in changes(part.type, part.left, part.right, path_to(path, part.key))
        ]
        yield from found or [Change(path, "changed")]
