"""The names of the stacks of environments. The name is the first mark: a killed `up` may leave nothing else.

The form is `env-<branch>-<hash>`, with up to 40 characters of the branch. Whether a stack with such a name is an
environment is decided by its tags (`tags.py`, `ensure_is_environment` in `down.py`).
"""

from __future__ import annotations

import hashlib
import re

_READABLE_LENGTH = 40
_FORM = re.compile(r"env-(?:[0-9A-Za-z][0-9A-Za-z-]*-)?[0-9a-f]{8}")


def environment_stack(project: str, branch: str) -> str:
    """Return the name of the stack of a branch: legal, readable, and another one for every project and branch."""
    digest = hashlib.sha256(f"{project}\0{branch}".encode()).hexdigest()[:8]
    readable = re.sub(r"[^0-9A-Za-z]+", "-", branch).strip("-")[:_READABLE_LENGTH].strip("-")
    return f"env-{readable}-{digest}" if readable else f"env-{digest}"


def is_environment_name(stack: str) -> bool:
    """Check whether a stack may be one of an environment, by its name alone."""
    return _FORM.fullmatch(stack) is not None
