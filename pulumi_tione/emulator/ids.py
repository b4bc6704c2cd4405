"""The ids that the service creates.

The ids of tasks, runs, requests and roles are made here; those of temporary keys in `accounts.py`.
"""

from __future__ import annotations

import secrets
import string
import uuid
import zlib
from datetime import datetime, timezone

_EPOCH = datetime(2015, 1, 1, tzinfo=timezone.utc)
_LETTERS = string.ascii_lowercase + string.digits


def request_id() -> str:
    return str(uuid.uuid4())


def instance_id(task_id: str) -> str:
    """Return the id of a run: the task's id, and twelve letters and digits."""
    return f"{task_id}-{''.join(secrets.choice(_LETTERS) for _ in range(12))}"


class TaskIds:
    """Task ids such as train-1208038387393233920: numbers of nineteen digits that only increase."""

    def __init__(self) -> None:
        self.last = 0

    def next(self, now: datetime) -> str:
        milliseconds = int((now - _EPOCH).total_seconds() * 1000)
        self.last = max(self.last + 1, milliseconds << 22)
        return f"train-{self.last}"


def role_id(arn: str) -> str:
    """Return the number of a role, always the same for one role; real numbers begin like this."""
    return f"46116860184{zlib.crc32(arn.encode()):08d}"[:19]
