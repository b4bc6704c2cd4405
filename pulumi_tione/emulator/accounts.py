"""Callers: accounts, their keys, and temporary keys with a token and an expiry.

A temporary key is kept for an hour after it has expired. Temporary keys are issued in `actions/sts.py`, and
signatures verified in `http/signing.py`. A key of a user's own is `--key` (`command.py`).
"""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from .errors import ApiError

DEFAULT_UIN = "100000000001"

MAX_TEMPORARY_KEYS = 10_000
"""A client that asks for new keys in a loop must not fill the memory."""

KEPT_AFTER_EXPIRY = timedelta(hours=1)
"""So long after its end, a temporary key is refused as expired; later, as unknown."""


@dataclass(frozen=True)
class Caller:
    """The user of a key. Tasks belong to the account, `uin`; their creator is the `sub_uin`."""

    uin: str = DEFAULT_UIN
    sub_uin: str = "100000000002"
    name: str = "emulator"
    kind: str = "CAMUser"
    user_id: str | None = None
    arn: str | None = None

    @property
    def app_id(self) -> str:
        """The account's AppId, made up from its uin."""
        return f"125{self.uin[-7:]}"


@dataclass(frozen=True)
class Key:
    """A secret id and secret key, as configured in a client; a temporary key has a token and expires."""

    secret_id: str
    secret_key: str
    caller: Caller = Caller()
    token: str | None = None
    expires: datetime | None = None


DEFAULT_KEY = Key("AKIDemulator", "emulator")
"""The default key. It protects nothing: the emulator listens to its own machine only."""


def generate_key() -> Key:
    """Return a random key, for an emulator that executes what requests contain."""
    return Key(f"AKID{secrets.token_hex(16)}", secrets.token_hex(32))


class Keyring:
    """All keys that the emulator accepts."""

    def __init__(self, *keys: Key) -> None:
        self._keys = {key.secret_id: key for key in keys}
        self._expiring: list[tuple[datetime, str]] = []

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def add(self, key: Key) -> Key:
        self._keys[key.secret_id] = key
        if key.expires is not None:
            heapq.heappush(self._expiring, (key.expires, key.secret_id))
        return key

    def revoke(self, secret_id: str) -> None:
        """Forget a key, as when a user deletes or disables it."""
        self._keys.pop(secret_id, None)

    def find(self, secret_id: str) -> Key:
        try:
            return self._keys[secret_id]
        except KeyError:
            message = f"The SecretId `{secret_id[:80]}` is not known here."
            raise ApiError("AuthFailure.SecretIdNotFound", message) from None

    def issue_temporary_key(self, caller: Caller, expires: datetime) -> Key:
        """Add a temporary key for a caller."""
        return self.add(
            Key(
                f"AKID{secrets.token_hex(16)}", secrets.token_hex(16), caller, f"token-{secrets.token_hex(24)}", expires
            )
        )

    def purge(self, now: datetime) -> list[str]:
        """Forget temporary keys that expired long ago, and the first to expire if there are too many; return them."""
        purged = []
        while self._expiring and (
            self._expiring[0][0] < now - KEPT_AFTER_EXPIRY or len(self._expiring) > MAX_TEMPORARY_KEYS
        ):
            _, secret_id = heapq.heappop(self._expiring)
            self.revoke(secret_id)
            purged.append(secret_id)
        return purged


def check_token(key: Key, token: str | None, now: datetime) -> None:
    """Raise an error unless the token is the key's own and has not expired; a permanent key has no token."""
    if (token or None) != key.token:
        problem = "does not belong to this SecretId" if token else "is missing: this SecretId is a temporary one"
        raise ApiError("AuthFailure.TokenFailure", f"The token in X-TC-Token {problem}.")
    if key.expires is not None and now >= key.expires:
        raise ApiError(
            "AuthFailure.TokenFailure", f"The token in X-TC-Token expired at {key.expires:%Y-%m-%dT%H:%M:%SZ}."
        )
