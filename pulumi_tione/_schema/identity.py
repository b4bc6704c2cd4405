"""What identifies a task: its owner, the name that is computed from the owner, and the labels that carry it.

The service has no idempotency token, but names are unique: the name is the key. So the name of a task that the program
does not name depends on its owner alone, and a second create of the same resource finds the task of the first one.

A generated name is `<stack>-<resource>-<hash>`. Where the service keeps the names of deleted tasks, create tries 10
suffixes (`SUFFIXES_TO_TRY`). What happens when a name is taken is in `lifecycle/create.py` and
`lifecycle/name_conflict.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

Owner: TypeAlias = Mapping[str, Any]
"""The owner of a task, as it is in the state: the parts of `OWNER`, and perhaps `RETAINED` or `ENVIRONMENT`."""

OWNER = ("organization", "project", "stack", "resource")
"""The parts of an owner; `resource` is the resource's name, after its parents' types where it has a parent."""

RETAINED = "retainOnDelete"
"""In the owner of a resource with `retain_on_delete`, whose old task stays when it is replaced."""

ENVIRONMENT = "environment"
"""In the owner of a resource in the environment of a branch: the environment's random id."""

OWNER_PROPERTY = "owner"
"""The property of the owner. The name is in states, so it never changes."""

LOCATION = ("region", "tiProjectId", "settings")
"""The inputs that decide where a task is: its name is unique there, and its price is that of the place."""

_HASH_LENGTH = 8
_STACK_LENGTH = 20
_LABELED_PARTS = ("project", "stack", "resource")


def split_owner(properties: Mapping[str, Any]) -> tuple[Owner | None, dict[str, Any]]:
    """Return the owner among the properties of a resource, None if it has none, and its other properties."""
    others = {name: value for name, value in properties.items() if name != OWNER_PROPERTY}
    return properties.get(OWNER_PROPERTY), others


def with_owner(owner: Owner | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a resource as the state has them: the owner is one of them."""
    return dict(properties) if owner is None else {**properties, OWNER_PROPERTY: owner}


def generated_name(owner: Owner, contents: Any = None) -> str:
    """Return the name of a task that the program does not name: `<stack>-<resource>-<hash>`, legal and deterministic.

    With `retain_on_delete` the old task stays when it is replaced, so the new one needs another name: then the hash
    also covers `contents`, the inputs that replace a task when they change.
    """
    from pulumi_tione._constraints import MAX_NAME_LENGTH

    identity = [owner[part] for part in OWNER] + ([contents] if owner.get(RETAINED) else [])
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:_HASH_LENGTH]
    stack = _legal(owner["stack"])[:_STACK_LENGTH]
    resource = _legal(owner["resource"].rpartition("::")[2])[: MAX_NAME_LENGTH - len(stack) - len(digest) - 2]
    readable = f"{stack}-{resource}".lstrip("-_")
    return f"{readable}-{digest}" if readable else digest


SUFFIXES = range(2, 1000)
"""The numbers that a suffixed name may end in. All of them are recognized: earlier versions may have used any."""

SUFFIXES_TO_TRY = SUFFIXES[:10]
"""The numbers that create tries, where the service keeps the names of deleted tasks."""


def suffixed_name(name: str, number: int) -> str:
    """Return another form of a computed name, for when the service keeps the names of deleted tasks."""
    from pulumi_tione._constraints import MAX_NAME_LENGTH

    suffix = f"-{number}"
    readable, _, digest = name.rpartition("-")
    readable = readable[: MAX_NAME_LENGTH - len(digest) - len(suffix) - 1]
    return f"{readable}-{digest}{suffix}" if readable else f"{digest}{suffix}"


def is_generated_form(recorded: str, name: str) -> bool:
    """Return whether a recorded name is a computed name or a suffixed form of it."""
    suffix = recorded.rpartition("-")[2]
    is_suffix = suffix.isdecimal() and int(suffix) in SUFFIXES
    return recorded == name or (is_suffix and recorded == suffixed_name(name, int(suffix)))


BASE_NAME = "numberedFrom"
"""Recorded next to the name of a task whose computed name got a suffix: the name without the suffix."""


UNCONFIRMED = "unconfirmed"
"""Recorded where an update failed and a request may or may not have taken effect: `tags`, the keys of the tags that it
may have bound; `start`, the run after which it may have started another one."""


def with_name(inputs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the inputs of a task with its actual name, and with the requested name where that is another one."""
    requested = inputs.get("name")
    return {**inputs, "name": name, **({} if name == requested else {BASE_NAME: requested})}


def _legal(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z一-龥_-]+", "-", text)


def labels(owner: Owner) -> dict[str, str]:
    """Return the labels `pulumi:project`, `pulumi:stack` and `pulumi:resource` of a task with their values."""
    from pulumi_tione._constraints import cleaned_tag_text

    return {f"pulumi:{part}": cleaned_tag_text(owner[part], 255) for part in _LABELED_PARTS}


LABELS = tuple(f"pulumi:{part}" for part in _LABELED_PARTS)
"""The keys of the labels that identify the owner of a task."""

CREATE_LABEL = "pulumi:create"
"""The key of the label that distinguishes one create from another: two hexadecimal digits, drawn when create sends.

Two backends may have a stack of the same name, and a killed update may have made the same task before.
"""

RETAINED_LABEL = "pulumi:retained"
"""The key of the label of a task that stays on purpose when its resource goes (`retain_on_delete`)."""

ENVIRONMENT_LABEL = "pulumi:environment"
"""The key of the label with the id of the environment that a task is in.

Two backends may have an environment of the same branch, so that the labels of the owner are equal. The id differs.
"""

RESERVED_LABELS = (*LABELS, CREATE_LABEL, RETAINED_LABEL, ENVIRONMENT_LABEL)
"""The keys of all labels, which no program may set."""


def required_labels(owner: Owner) -> dict[str, str]:
    """Return the labels that every task of an owner has: those that name the owner, and that of its environment."""
    environment = owner.get(ENVIRONMENT)
    return {**labels(owner), **({ENVIRONMENT_LABEL: str(environment)} if environment else {})}


def label_count_of(owner: Owner) -> int:
    """Return how many labels every task of an owner has; parts of the owner may be unknown."""
    return len(LABELS) + bool(owner.get(ENVIRONMENT))


def labels_of_stack(project: str, stack: str | None = None) -> dict[str, str]:
    """Return the labels that all tasks of a stack, or of a whole project, have in common."""
    all_labels = labels({"project": project, "stack": stack or "", "resource": ""})
    return {key: all_labels[key] for key in LABELS[: 2 if stack else 1]}


TYPE = "pulumi-python:dynamic/tione:TrainingTask"
"""The type in the URN of every task."""

STACK_TYPE = "pulumi:pulumi:Stack"
"""The type of the stack, the default parent of every resource; a URN leaves it out."""


def resource_under(parent_types: str, resource_name: str) -> str:
    """Return the part `resource` of an owner: the resource's name, after its parents' types where it has a parent."""
    return resource_name if parent_types == STACK_TYPE else f"{parent_types}::{resource_name}"


def labels_to_remove(labels_enabled: bool) -> tuple[str, ...]:
    """Return the keys of the labels that an update removes from a task that should not have them.

    The label of its create stays as long as labels are enabled: its value is not recorded anywhere else.
    """
    removed = (*LABELS, RETAINED_LABEL, ENVIRONMENT_LABEL)
    return removed if labels_enabled else (*removed, CREATE_LABEL)


def desired_tags(
    owner: Owner | None, program_tags: object, labels_enabled: bool, create: str | None = None
) -> dict[str, str]:
    """Return all the tags that a task should have: the program's and, if enabled, the labels.

    The labels of `LABELS` and that of an environment are always included. The others are left out when the task has no
    room for more tags: a program may have used all of them before these labels existed.

    Args:
        owner: the owner of the task.
        program_tags: the input `tags` of the task; anything but a map counts as none.
        labels_enabled: whether tasks get labels.
        create: the value of `CREATE_LABEL`, when the task is being created.
    """
    from pulumi_tione._constraints import MAX_TAGS

    tags = dict(program_tags) if isinstance(program_tags, Mapping) else {}
    if not labels_enabled or not owner:
        return tags
    owner_labels = required_labels(owner)
    desired = {**owner_labels, **tags, **owner_labels}
    optional = {RETAINED_LABEL: "true"} if owner.get(RETAINED) else {}
    if create is not None:
        optional[CREATE_LABEL] = create
    for key, value in optional.items():
        if key in desired or len(desired) < MAX_TAGS:
            desired[key] = value
    return desired
