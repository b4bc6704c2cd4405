"""The body of the CreateTrainingTask that a task gets, without its secrets: as API Explorer shows a request.

The request that a create sends is made in `_schema/wire.py` (`request_body`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_tione._schema.fields import TRAINING_TASK, Field, MapOf, Struct
from pulumi_tione._schema.identity import desired_tags, split_owner
from pulumi_tione._schema.walk import Part, is_of_type, rebuild, with_leaves
from pulumi_tione._schema.wire import request_body
from pulumi_tione.review.model import StackReview
from pulumi_tione.review.preview import SECRET, Placeholder, contains_placeholder
from pulumi_tione.review.secret_texts import masked_encoded_commands, masked_value

CREATE_LABEL_VALUE = "(drawn when the task is created)"
"""The value of the label that distinguishes one create from another."""

_COMMANDS = ("startCmdInfo", "encodedStartCmdInfo")
_VARIABLES = ("envs", "privateEnvs")


def shown_request(inputs: Mapping[str, Any], tags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of CreateTrainingTask for inputs; texts in brackets stand for what is secret or not known yet.

    Args:
        inputs: the inputs of a task, by property name.
        tags: all the tags that it gets.
    """
    sent: dict[str, Any] = {}
    commands: dict[str, Any] = {}
    for name, value in inputs.items():
        field = TRAINING_TASK.fields.get(name)
        if field is None:
            continue
        shown = _without_secrets(field, value)
        if name in _COMMANDS and contains_placeholder(shown):
            commands = {"EncodedStartCmdInfo": {"StartCmdInfo": repr(SECRET)}}
        elif name in _VARIABLES and isinstance(shown, Placeholder):
            sent[name] = {repr(shown): repr(shown)}
        elif name == "encodedStartCmdInfo":
            sent[name] = masked_encoded_commands(shown)
        elif name != "tags" and (field.sent or not contains_placeholder(shown)):
            sent[name] = _as_text(shown)
    additional = inputs.get("additionalParameters")
    if isinstance(additional, Mapping):
        sent["additionalParameters"] = _as_text(masked_value("", additional))
    return {**request_body(sent, {key: _as_text(masked_value(key, value)) for key, value in tags.items()}), **commands}


def shown_requests(stack: StackReview) -> list[dict[str, Any]]:
    """Return the body for each task of a stack that is created, by its resource."""
    return [
        {
            "stack": f"{stack.project}/{stack.stack}",
            "resource": task.resource,
            "request": _request(task.inputs_after, labels_enabled=stack.labels_enabled),
        }
        for task in stack.tasks
        if task.action in ("create", "replace")
    ]


def _request(inputs: Mapping[str, Any], *, labels_enabled: bool) -> dict[str, Any]:
    owner, task = split_owner(inputs)
    tags = task.get("tags")
    is_labeled = isinstance(owner, Mapping) and all(isinstance(part, str) for part in owner.values())
    all_tags = desired_tags(owner if is_labeled else None, tags, labels_enabled, CREATE_LABEL_VALUE)
    return shown_request(task, all_tags)


def _without_secrets(field: Field, value: Any) -> Any:
    """Return a value of a field with placeholders for its secrets: what is declared so, and what looks so."""
    if field.secret and value is not None:
        return dict.fromkeys(value, SECRET) if isinstance(value, Mapping) else SECRET
    if isinstance(field.type, Struct) and is_of_type(field.type, value):

        def member(part: Part) -> Any:
            return part.value if part.field is None else _without_secrets(part.field, part.value)

        return rebuild(field.type, value, member)
    return masked_value(field.name if not isinstance(field.type, MapOf) else "", value)


def _as_text(value: Any) -> Any:
    """Return a value with texts for the placeholders in it."""
    return with_leaves(value, lambda leaf: repr(leaf) if isinstance(leaf, Placeholder) else leaf)
