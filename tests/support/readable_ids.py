"""Readable test ids that are the same in every process: with `pytest -n`, all of them must collect the same tests."""

from __future__ import annotations

import re


def readable(value: object) -> str:
    """Return a test id without addresses, and with sets in order."""
    return re.sub(r" object at 0x\w+", "", str(sorted(map(str, value)) if isinstance(value, set) else value))
