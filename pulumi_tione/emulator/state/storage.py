"""Store state beyond the lifetime of the process: in a file, or not at all.

State is stored as documents, each with a kind and a key. Changes become permanent together at `commit`, before the
response that acknowledges them: an acknowledged task survives any crash of the emulator.

`--state FILE` chooses the file. The form of the documents is in `documents.py`.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

LAYOUT = 1
"""The layout of the documents; files of another layout are refused."""


class Storage(Protocol):
    """Documents by kind and key."""

    keeps: bool
    """Whether documents are stored at all."""

    def put(self, kind: str, key: str, document: Any) -> None: ...

    def drop(self, kind: str, key: str) -> None: ...

    def load(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Return all documents of a kind, in the order of their keys."""
        ...

    def commit(self) -> None: ...

    def close(self) -> None: ...


class Memory:
    """A storage that keeps nothing: the state ends with the emulator."""

    keeps = False

    def put(self, kind: str, key: str, document: Any) -> None:
        pass

    def drop(self, kind: str, key: str) -> None:
        pass

    def load(self, kind: str) -> Iterator[tuple[str, Any]]:  # noqa: ARG002
        return iter(())

    def commit(self) -> None:
        pass

    def close(self) -> None:
        pass


class StateFileError(Exception):
    """A state file that cannot be used; the message contains the reason."""


class File:
    """An SQLite database that only this process uses.

    With a write-ahead log a transaction is one append; it survives the end of the process at any moment.
    """

    keeps = True

    def __init__(self, path: Path) -> None:
        try:
            # Tasks hold private variables and passwords, so only the owner may read them.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise StateFileError(f"the state file {path} cannot be opened: {reason}") from error
        try:
            self._open()
        except sqlite3.Error as error:
            self._database.close()
            is_in_use = "locked" in str(error)
            problem = "is in use by another emulator" if is_in_use else f"cannot be used: {error}"
            raise StateFileError(f"the state file {path} {problem}") from error
        except StateFileError:
            self._database.close()
            raise

    def _open(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("BEGIN IMMEDIATE")
        (layout,) = run("PRAGMA user_version").fetchone()
        if layout not in (0, LAYOUT):
            raise StateFileError(f"the state file is of the layout {layout}, and this emulator reads {LAYOUT}")
        run(
            "CREATE TABLE IF NOT EXISTS documents"
            " (kind TEXT, key TEXT, document TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        run(f"PRAGMA user_version = {LAYOUT}")
        run("COMMIT")

    def put(self, kind: str, key: str, document: Any) -> None:
        self._begin()
        self._database.execute("REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, json.dumps(document)))

    def drop(self, kind: str, key: str) -> None:
        self._begin()
        self._database.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def load(self, kind: str) -> Iterator[tuple[str, Any]]:
        rows = self._database.execute("SELECT key, document FROM documents WHERE kind = ? ORDER BY key", (kind,))
        return ((key, json.loads(document)) for key, document in rows)

    def commit(self) -> None:
        if self._database.in_transaction:
            self._database.execute("COMMIT")

    def close(self) -> None:
        self.commit()
        self._database.close()

    def _begin(self) -> None:
        if not self._database.in_transaction:
            self._database.execute("BEGIN IMMEDIATE")
