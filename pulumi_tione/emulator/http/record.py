"""The record of all requests: their content, their caller, and their result.

It keeps the last 32 MiB of requests. `--record` writes them to a file, and `requests()` returns them
(`control/control_api.py`).
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from .masking import masked_body

CAPACITY_BYTES = 32 * 1024 * 1024
"""How much of requests is kept; the oldest are removed first."""

_ENTRY_BYTES = 1024
"""The approximate size of an entry without its body."""


@dataclass(slots=True)
class Entry:
    """One request. Its fields are set as the request is processed, so that the record shows how far it came."""

    time: datetime
    request_id: str
    raw_body: bytes = b""
    service: str | None = None
    action: str | None = None
    version: str | None = None
    region: str | None = None
    secret_id: str | None = None
    timestamp: str | None = None
    content_type: str | None = None
    language: str | None = None
    client: str | None = None
    has_token: bool = False
    undocumented: list[str] = field(default_factory=list)
    accepted: bool = False
    id: str | None = None
    code: str | None = None
    fault: str | None = None

    def shown(self, secrets: bool = False) -> dict[str, Any]:
        """Return the entry as it is shown: always without the Authorization header, with secrets only on demand."""
        text = self.raw_body.decode("utf-8", "backslashreplace")
        body = _object(self.raw_body)
        if not secrets:
            text = masked_body(text, body)
            body = None if body is None else json.loads(text)
        return {
            "time": self.time.isoformat(timespec="microseconds"),
            "request_id": self.request_id,
            "service": self.service,
            "action": self.action,
            "version": self.version,
            "region": self.region,
            "secret_id": self.secret_id,
            "timestamp": self.timestamp,
            "content_type": self.content_type,
            "language": self.language,
            "client": self.client,
            "has_token": self.has_token,
            "raw_body": text,
            "body": body,
            "undocumented": self.undocumented,
            "accepted": self.accepted,
            "id": self.id,
            "code": self.code,
            "fault": self.fault,
        }


class Record:
    """The requests in order of arrival, in memory and, with secrets masked, as lines of a file if there is one."""

    def __init__(self, file: Path | None = None, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._capacity_bytes = capacity_bytes
        self._lock = threading.Lock()
        self._file: TextIO | None = None if file is None else _opened(file)

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(tuple(self._entries))

    def add(self, entry: Entry) -> None:
        """Keep an entry, and remove the oldest ones above the capacity; the newest entry always stays."""
        line = "" if self._file is None else json.dumps(entry.shown(), ensure_ascii=False) + "\n"
        with self._lock:
            self._entries.append(entry)
            self._bytes += _size(entry)
            while self._bytes > self._capacity_bytes and len(self._entries) > 1:
                self._bytes -= _size(self._entries.popleft())
            if self._file is not None:
                self._file.write(line)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


def _opened(path: Path) -> TextIO:
    """Open a new file that only its owner may read: requests are private even without their secrets."""
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", buffering=1)
    os.fchmod(file.fileno(), 0o600)
    return file


def _size(entry: Entry) -> int:
    return _ENTRY_BYTES + len(entry.raw_body)


def _object(body: bytes) -> dict[str, Any] | None:
    """Return the body if it is an object; errors in it are reported elsewhere."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
