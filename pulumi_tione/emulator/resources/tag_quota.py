"""How many tags an account may have: a value counts from when it is first bound, even after it is unbound.

The documented limit is on all keys and values of an account; an older page limits the values of one key.

How many tags a task may have is in `rules/tags.py`. Tests set a smaller quota (`SETTINGS` in `control/control_api.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

VALUES_OF_AN_ACCOUNT = 1_000_000
"""The newer limit, which applies unless another is set."""


class TagQuota:
    """The keys and values that each account has used."""

    def __init__(self) -> None:
        self.of_account: int = VALUES_OF_AN_ACCOUNT
        self.of_key: int | None = None
        """The older limit, 1,000 values of a key, applies only if it is set."""
        self.used: dict[str, dict[str, set[str]]] = {}

    def has_room(self, uin: str, tags: Mapping[str, str]) -> bool:
        """Return whether an account may bind these tags."""
        used = self.used.get(uin, {})
        new = [key for key, value in tags.items() if value not in used.get(key, ())]
        if sum(map(len, used.values())) + len(new) > self.of_account:
            return False
        return self.of_key is None or all(len(used.get(key, ())) < self.of_key for key in new)

    def use(self, uin: str, tags: Mapping[str, str]) -> None:
        used = self.used.setdefault(uin, {})
        for key, value in tags.items():
            used.setdefault(key, set()).add(value)
