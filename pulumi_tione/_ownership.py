"""Whose task it is: the owner, the name that is computed from it, and the labels that say it at the service.

The service has no idempotency token, but names are unique: the name is the key. So the name that is given to a task
without one depends on its owner alone, and whoever creates the same resource again meets what was made before.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from pulumi_tione._rules import MAX_NAME_LENGTH, cleaned_tag_text

OWNER = ("organization", "project", "stack", "resource")
"""The parts of an owner; `resource` is the resource's name, after its parents' types where it has a parent."""

_HASH_LENGTH = 8
_STACK_LENGTH = 20


def automatic_name(owner: Mapping[str, str]) -> str:
    """Give the name of a task that the program did not name: `<stack>-<resource>-<hash>`, legal and always the same."""
    identity = json.dumps([owner[part] for part in OWNER])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:_HASH_LENGTH]
    stack = _legal(owner["stack"])[:_STACK_LENGTH]
    resource = _legal(owner["resource"].rpartition("::")[2])[: MAX_NAME_LENGTH - len(stack) - len(digest) - 2]
    readable = f"{stack}-{resource}".lstrip("-_")
    return f"{readable}-{digest}" if readable else digest


def _legal(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z一-龥_-]+", "-", text)


def labels(owner: Mapping[str, str]) -> dict[str, str]:
    """Give the tags by which `pulumi:project`, `pulumi:stack` and `pulumi:resource` of a task are found again."""
    return {f"pulumi:{part}": cleaned_tag_text(owner[part], 255) for part in ("project", "stack", "resource")}
