"""Property paths as the program writes them: in its spelling, and in its order.

`path_to` in `fields.py` makes property paths. The paths that a program writes into `ignore_changes` are read in
`_pulumi/options.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type
from pulumi_tione._schema.walk import by_name, parts

PROGRAM_NAMES = "programNames"
"""The input in which the program passes the names of its arguments, in its spelling and order, for check's failures.

The engine passes on neither. Check removes the input again: it is in no state. It is one text, a name on each line:
Pulumi handles every item of a list by itself, in the program, the engine and the provider."""

ANNOUNCED_TASKS = "announcedTasks"
"""The input in which the program passes what the prices of its tasks depend on, once for all of them, so that check can
ask for them together. Check removes the input again: it is in no state."""

_STEPS = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[[^\]]*\]|[^.\[]+|.', re.DOTALL)
"""The steps of a property path such as `dataConfigs[0].cosSource` or `tags["a.b"]`, and the dots between them."""


def program_names(program: Mapping[str, Any]) -> str:
    """Return the value of `PROGRAM_NAMES` for the arguments of a task."""
    return "\n".join(dict.fromkeys(_names_in(TRAINING_TASK, program)))


def _names_in(kind: Type, value: Any) -> Iterator[str]:
    for part in parts(kind, value, by_name):
        if isinstance(kind, Struct):
            yield str(part.key)
        if part.type is not Scalar.ANY:
            yield from _names_in(part.type, part.value)


class ProgramSpelling:
    """What is known of how the program writes its arguments; without names, the spelling and order of `args.py`."""

    def __init__(self, names: object = None) -> None:
        known = names.split("\n") if isinstance(names, str) else []
        self._positions: Mapping[str, int] = {name: len(known) - i for i, name in enumerate(reversed(known), 1)}

    def path(self, path: str) -> str:
        """Return a property path in the program's spelling."""
        return "".join(self._spelled(field) if field else step for step, field, _ in _steps(path))

    def order(self, path: str) -> tuple[tuple[int, int, str], ...]:
        """Return the key that sorts property paths in the program's order."""
        return tuple(self._order(step, field, kind) for step, field, kind in _steps(path) if step != ".")

    def _spelled(self, field: Field) -> str:
        is_property = field.property in self._positions and field.name not in self._positions
        return field.property if is_property else field.name

    def _order(self, step: str, field: Field | None, kind: Type | None) -> tuple[int, int, str]:
        position = self._positions.get(self._spelled(field) if field else step)
        if position is not None and isinstance(kind, Struct):
            return 0, position, ""
        if field is not None and isinstance(kind, Struct):
            return 1, [*kind.fields].index(field.property), ""
        index = re.fullmatch(r"\[(\d+)\]", step)
        return (1, int(index[1]), "") if index else (2, 0, step)


def _steps(path: str) -> Iterator[tuple[str, Field | None, Type | None]]:
    """Yield the steps of a property path: each with its field, if it is one, and the type of what it is a step into."""
    kind: Type | None = TRAINING_TASK
    for step in _STEPS.findall(path):
        if step == ".":
            yield step, None, None
            continue
        field = kind.fields.get(step) if isinstance(kind, Struct) else None
        yield step, field, kind
        kind = field.type if field else kind.item if isinstance(kind, (ListOf, MapOf)) else None
