"""Which resource already manages a task: the one that its labels name, or one in the state of another stack.

An import refuses such a task unless `--take-over` is given (`task_import.py`). What a create does with a task that has
its name is in `lifecycle/name_conflict.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pulumi_tione._schema.identity import LABELS, labels
from pulumi_tione._schema.wire import user_tags
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State

_PARALLEL_READS = 8
"""How many states are read at the same time."""


def read_states(stacks: Iterable[StackName], read: Callable[[StackName], State]) -> dict[StackName, State]:
    """Read the states of stacks, several at once."""
    names = list(stacks)
    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        return dict(zip(names, pool.map(read, names), strict=True))


def tasks_of_other_stacks(pulumi: Pulumi, stack: StackName) -> dict[str, str]:
    """Return, by id, which state records each task that another stack of the project manages.

    After `pulumi stack rename`, the labels of a task may still name a stack that is a different one by now.
    """
    other_stacks = [name for name in pulumi.stacks(stack.project) if name != stack]
    # Without secrets: the passphrases of other stacks may not be available here.
    states = read_states(other_stacks, lambda name: State(pulumi.export(name)))
    return {
        task_id: f"the state of {name}, as {resource['urn']}"
        for name, state in states.items()
        for task_id, resource in state.tasks.items()
    }


def labels_of_another_owner(detail: Mapping[str, Any], owner: Mapping[str, Any]) -> str | None:
    """Return the labels of a task that name another owner; None if they name this one, or it has no labels."""
    tags, expected = user_tags(detail.get("Tags")), labels(owner)
    task_labels = {key: tags[key] for key in LABELS if key in tags}
    if all(expected[key] == value for key, value in task_labels.items()):
        return None
    return ", ".join(f"{key}={value}" for key, value in task_labels.items())
