"""Tasks that `pulumi-tione import` has written into the state: what the first program that declares them may set.

The service does not return everything that a task was created with, and returns more than a program needs to set. So
the first program may differ from the recorded inputs, and must not replace the task: its run would be lost. Where the
program contradicts what the service returned, that is a change, as always.

The import itself is in `stacks/task_import.py`, and what it writes into the state in `stacks/imported_task.py`. The
mark ends with the first update.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, Struct, Type
from pulumi_tione._schema.walk import parts_of_both
from pulumi_tione._schema.wire import values_equal

IMPORTED = "importedFields"
"""Recorded with the inputs of an imported task, until the first update: the inputs that the service returned. The name
is in states, so it never changes."""

SPECIFICATION = ("cpu", "memory", "gpu", "gpuType", "instanceTypeAlias")
"""The fields that follow from the specification of a pay-as-you-go node: the service sets them, import omits them."""

_WITH_EFFECT = ("desiredStatus", "rerunOnFailure", "rerunOnTimeLimit", "settings")
"""The inputs that the service never returns and whose change has an effect; none of them replaces the task."""


_PLACE = ("region", "tiProjectId")
"""The inputs by which the task is found. A program that leaves them out means another place: with the task recorded
there, the next refresh would not find it, and it would run on in no state."""


class _Difference(NamedTuple):
    path: str
    """In the spelling of Python."""
    is_change: bool
    """Whether the program contradicts what the service returned."""


def as_declared(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the outputs of a task as its first program declares them, and the paths of what was accepted for that.

    Of a task that was not imported these are the outputs as they are, and no paths.
    """
    known = outputs.get(IMPORTED)
    as_declared = {name: value for name, value in outputs.items() if name != IMPORTED}
    if not isinstance(known, Sequence):
        return as_declared, ()
    paths: list[str] = []
    for field in TRAINING_TASK.fields.values():
        name = field.property
        if name in _WITH_EFFECT or name in _PLACE:
            continue
        if name == "maxDuration" and "startCmdInfo" in known:
            continue  # a time limit is a part of the commands: without it they are other ones
        if name in known:
            found = [*_differences(field.type, outputs.get(name), news.get(name), field.name)]
        else:
            found = [_Difference(field.name, False)] * (not values_equal(field.type, outputs.get(name), news.get(name)))
        if not found or any(difference.is_change for difference in found):
            continue
        paths += [difference.path for difference in found]
        as_declared.pop(name, None)
        if name in news:
            as_declared[name] = news[name]
    return as_declared, tuple(paths)


def _differences(kind: Type, recorded: Any, declared: Any, path: str) -> Iterator[_Difference]:
    """Yield each difference between what import recorded and what the program declares."""
    if values_equal(kind, recorded, declared):
        return
    if declared in (None, "", 0, [], {}) and declared is not False:
        yield _Difference(path, False)  # the program leaves it to the service
    elif isinstance(kind, Struct) and isinstance(declared, Mapping):
        for name, left, right, part_type, field in parts_of_both(kind, recorded, declared):
            if field is None:
                continue
            own_path = f"{path}.{field.name}"
            if field.readable and not (name in SPECIFICATION and left is None):
                yield from _differences(part_type, left, right, own_path)
            elif not values_equal(part_type, left, right):
                yield _Difference(own_path, False)
    elif isinstance(kind, ListOf) and isinstance(recorded, list) and isinstance(declared, list):
        if len(recorded) != len(declared):
            yield _Difference(path, True)
            return
        for position, (left, right) in enumerate(_matched(kind.item, recorded, declared)):
            yield from _differences(kind.item, left, right, f"{path}[{position}]")
    else:
        yield _Difference(path, bool(recorded or declared))


def _matched(kind: Type, recorded: Sequence[Any], declared: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Match the items of two lists of the same length: with one that is not contradicted, otherwise in their order."""
    unmatched = [*range(len(recorded))]
    for position, item in enumerate(declared):
        candidates = [position] * (position in unmatched) + [each for each in unmatched if each != position]
        fitting = (each for each in candidates if not _is_contradicted(kind, recorded[each], item))
        match = next(fitting, candidates[0])
        unmatched.remove(match)
        yield recorded[match], item


def _is_contradicted(kind: Type, recorded: Any, declared: Any) -> bool:
    return any(difference.is_change for difference in _differences(kind, recorded, declared, ""))
