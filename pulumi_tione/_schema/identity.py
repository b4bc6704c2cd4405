"""Whose task it is: the owner, the name that is computed from it, and the labels that say it at the service.

The service has no idempotency token, but names are unique: the name is the key. So the name that is given to a task
without one depends on its owner alone, and whoever creates the same resource again meets what was made before.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from pulumi_tione._constraints import MAX_NAME_LENGTH, MAX_TAGS, cleaned_tag_text

OWNER = ("organization", "project", "stack", "resource")
"""The parts of an owner; `resource` is the resource's name, after its parents' types where it has a parent."""

RETAINED = "retainOnDelete"
"""Beside the parts, in the owner of a resource whose old task stays when it is replaced."""

_HASH_LENGTH = 8
_STACK_LENGTH = 20
_LABELLED = ("project", "stack", "resource")


def generated_name(owner: Mapping[str, Any], contents: Any = None) -> str:
    """Give the name of a task that the program did not name: `<stack>-<resource>-<hash>`, legal and always the same.

    Where the old task stays when it is replaced, the new one needs another name: then `contents`, the inputs that
    replace, count as well.
    """
    identity = [owner[part] for part in OWNER] + ([contents] if owner.get(RETAINED) else [])
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:_HASH_LENGTH]
    stack = _legal(owner["stack"])[:_STACK_LENGTH]
    resource = _legal(owner["resource"].rpartition("::")[2])[: MAX_NAME_LENGTH - len(stack) - len(digest) - 2]
    readable = f"{stack}-{resource}".lstrip("-_")
    return f"{readable}-{digest}" if readable else digest


def suffixed_name(name: str, number: int) -> str:
    """Give another form of a computed name, for when the service keeps the names of deleted tasks."""
    suffix = f"-{number}"
    readable, _, digest = name.rpartition("-")
    readable = readable[: MAX_NAME_LENGTH - len(digest) - len(suffix) - 1]
    return f"{readable}-{digest}{suffix}" if readable else f"{digest}{suffix}"


NAME_SUFFIXES = range(2, 1000)
"""The numbers that a computed name may get."""


def is_generated_form(recorded: str, name: str) -> bool:
    """Tell whether a recorded name is a computed one, or a numbered form of it."""
    return recorded == name or any(recorded == suffixed_name(name, number) for number in NAME_SUFFIXES)


BASE_NAME = "numberedFrom"
"""Recorded beside the name of a task whose computed name was numbered: the name without its number."""


UNCONFIRMED = "unconfirmed"
"""Recorded where an update failed without learning whether a request took effect: `tags`, the keys of tags that it may
have bound; `start`, the run after which it may have started another one."""


def with_name(inputs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give the inputs of a task with the name that it has got, and what that was numbered from, if it was."""
    wanted = inputs.get("name")
    return {**inputs, "name": name, **({} if name == wanted else {BASE_NAME: wanted})}


def _legal(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z一-龥_-]+", "-", text)


def labels(owner: Mapping[str, Any]) -> dict[str, str]:
    """Give the tags by which `pulumi:project`, `pulumi:stack` and `pulumi:resource` of a task are found again."""
    return {f"pulumi:{part}": cleaned_tag_text(owner[part], 255) for part in _LABELLED}


LABELS = tuple(f"pulumi:{part}" for part in _LABELLED)
"""The keys of the labels that say whose a task is."""

CREATE_LABEL = "pulumi:create"
"""The key of the label that tells one create from another: two hexadecimal digits, drawn when create sends.

Two backends may have a stack of the same name, and a killed update may have made the same task before.
"""

RETAINED_LABEL = "pulumi:retained"
"""The key of the label of a task that stays on purpose when its resource goes (`retain_on_delete`)."""

OUR_KEYS = (*LABELS, CREATE_LABEL, RETAINED_LABEL, "pulumi:environment")
"""The keys of tags that are this package's: no program may set them."""


def labels_of_stack(project: str, stack: str | None = None) -> dict[str, str]:
    """Give the labels that all tasks of a stack have in common, or those of a project."""
    everything = labels({"project": project, "stack": stack or "", "resource": ""})
    return {key: everything[key] for key in LABELS[: 2 if stack else 1]}


TYPE = "pulumi-python:dynamic/tione:TrainingTask"
"""The type in the URN of every task."""

STACK_TYPE = "pulumi:pulumi:Stack"
"""The type of what is every resource's parent unless another one is named: in a URN it goes without saying."""


def resource_under(parent_types: str, resource_name: str) -> str:
    """Give the part `resource` of an owner: the resource's name, after its parents' types where it has a parent."""
    return resource_name if parent_types == STACK_TYPE else f"{parent_types}::{resource_name}"


def labels_to_remove(labels_enabled: bool) -> tuple[str, ...]:
    """Return the keys of the labels that an update takes away from a task that should not have them.

    The label of its create stays for as long as the task gets labels at all: nobody can know it later.
    """
    return (*LABELS, RETAINED_LABEL) if labels_enabled else (*LABELS, RETAINED_LABEL, CREATE_LABEL)


def desired_tags(inputs: Mapping[str, Any], labels_enabled: bool, create: str | None = None) -> dict[str, str]:
    """Return all the tags that a task should have: its labels, if it gets some, and the program's.

    The labels of `LABELS` are always among them. The others are left out where the service has no room for more tags:
    a program may have filled it before these labels existed.

    Args:
        inputs: the inputs of the task.
        labelled: whether tasks get our labels.
        create: the value of `CREATE_LABEL`, when the task is being created.
    """
    owner, tags = inputs.get("owner"), inputs.get("tags", {})
    tags = dict(tags) if isinstance(tags, Mapping) else {}
    if not labels_enabled or not owner:
        return tags
    ours = labels(owner)
    wanted = {**ours, **tags, **ours}
    optional = {RETAINED_LABEL: "true"} if owner.get(RETAINED) else {}
    if create is not None:
        optional[CREATE_LABEL] = create
    for key, value in optional.items():
        if key in wanted or len(wanted) < MAX_TAGS:
            wanted[key] = value
    return wanted
