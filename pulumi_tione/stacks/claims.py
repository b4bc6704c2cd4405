"""Who has a task already: a resource that its labels name, or another stack that has it in its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pulumi_tione._schema.identity import LABELS, labels
from pulumi_tione._schema.wire import user_tags
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State

_READ_AT_ONCE = 8
"""How many states are read at the same time."""


def read_states(stacks: Iterable[StackName], read: Callable[[StackName], State]) -> dict[StackName, State]:
    """Read the states of stacks, several at once."""
    names = list(stacks)
    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        return dict(zip(names, pool.map(read, names), strict=True))


def tasks_of_other_stacks(pulumi: Pulumi, stack: StackName) -> dict[str, str]:
    """Return in which state each task is that another stack of the project has, by id.

    After `pulumi stack rename` the labels of a task may still name a stack that is another one by now.
    """
    others = [name for name in pulumi.stacks(stack.project) if name != stack]
    # Without secrets: the keys of another stack may not be at hand.
    states = read_states(others, lambda name: State(pulumi.export(name)))
    return {
        task_id: f"the state of {name}, as {resource['urn']}"
        for name, state in states.items()
        for task_id, resource in state.tasks.items()
    }


def label_claim(detail: Mapping[str, Any], owner: Mapping[str, Any]) -> str | None:
    """Return whose a task is by its labels; None, if they are this owner's, or there are none."""
    tags, ours = user_tags(detail.get("Tags")), labels(owner)
    there = {key: tags[key] for key in LABELS if key in tags}
    if all(ours[key] == value for key, value in there.items()):
        return None
    return ", ".join(f"{key}={value}" for key, value in there.items())
