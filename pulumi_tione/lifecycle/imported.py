"""Tasks that `pulumi-tione import` has written into the state: what the program may say of them for the first time.

The service does not return everything that a task was made of, and it returns more than a program has to say. So the
first program that declares an imported task may differ from what is recorded, and the task must not be replaced for it:
its run would be lost. What the service did return and the program contradicts is a change, as always.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, Struct, Type
from pulumi_tione._schema.wire import values_equal

IMPORTED = "importedFields"
"""Recorded beside the inputs of an imported task, until the first update: the inputs that the service returned. It
stands in states, so the name never changes."""

SPECIFICATION = ("cpu", "memory", "gpu", "gpuType", "instanceTypeAlias")
"""What follows from the specification of a pay-as-you-go node: the service fills it in, and import leaves it out."""

_ACTS = ("desiredStatus", "rerunOnFailure", "settings")
"""The inputs that the service never returns and that do something when they change; none of them replaces the task."""


class _Difference(NamedTuple):
    path: str
    """In the spelling of programs."""
    is_change: bool
    """Whether the program contradicts what the service returned."""


def accepted(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
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
        if name in _ACTS:
            continue
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
        there = recorded if isinstance(recorded, Mapping) else {}
        for name, field in kind.fields.items():
            one, other, here = there.get(name), declared.get(name), f"{path}.{field.name}"
            if not field.readable or (name in SPECIFICATION and one is None):
                yield from () if values_equal(field.type, one, other) else (_Difference(here, False),)
            else:
                yield from _differences(field.type, one, other, here)
    elif isinstance(kind, ListOf) and isinstance(recorded, list) and isinstance(declared, list):
        if len(recorded) != len(declared):
            yield _Difference(path, True)
            return
        for position, (one, other) in enumerate(_paired(kind.item, recorded, declared)):
            yield from _differences(kind.item, one, other, f"{path}[{position}]")
    else:
        yield _Difference(path, bool(recorded or declared))


def _paired(kind: Type, recorded: Sequence[Any], declared: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Pair the items of two lists of the same length: with one that is not contradicted, in their order otherwise."""
    left = [*range(len(recorded))]
    for position, item in enumerate(declared):
        in_order = [position] * (position in left) + [there for there in left if there != position]
        fitting = (there for there in in_order if not _is_contradicted(kind, recorded[there], item))
        partner = next(fitting, in_order[0])
        left.remove(partner)
        yield recorded[partner], item


def _is_contradicted(kind: Type, recorded: Any, declared: Any) -> bool:
    return any(difference.is_change for difference in _differences(kind, recorded, declared, ""))
