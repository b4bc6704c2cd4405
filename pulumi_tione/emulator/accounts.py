"""Who calls: accounts, their key pairs, and temporary keys with a token and an end."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from .errors import ApiError

DEFAULT_UIN = "100000000001"


@dataclass(frozen=True)
class Caller:
    """Whom a key pair stands for. Tasks belong to the account, `uin`; who made one is the `sub_uin`."""

    uin: str = DEFAULT_UIN
    sub_uin: str = "100000000002"
    name: str = "emulator"
    kind: str = "CAMUser"
    user_id: str | None = None
    arn: str | None = None

    @property
    def app_id(self) -> str:
        """Tencent's second number of an account, made up from the first."""
        return f"125{self.uin[-7:]}"


@dataclass(frozen=True)
class Key:
    """A key pair as a client is configured with it; a temporary one has a token and expires."""

    secret_id: str
    secret_key: str
    caller: Caller = Caller()
    token: str | None = None
    expires: datetime | None = None


DEFAULT_KEY = Key("AKIDemulator", "emulator")
"""The pair that is known unless others are given. It protects nothing: the emulator listens to its own machine only."""


def generate_key() -> Key:
    """A pair that nobody can guess, where what a request says is executed."""
    return Key(f"AKID{secrets.token_hex(16)}", secrets.token_hex(32))


class Keyring:
    """All keys that the emulator honours."""

    def __init__(self, *keys: Key) -> None:
        self._keys = {key.secret_id: key for key in keys}

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def add(self, key: Key) -> Key:
        self._keys[key.secret_id] = key
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
        """Make a temporary key pair for a caller."""
        return self.add(
            Key(
                f"AKID{secrets.token_hex(16)}", secrets.token_hex(16), caller, f"token-{secrets.token_hex(24)}", expires
            )
        )


def check_token(key: Key, token: str | None, now: datetime) -> None:
    """A temporary key needs its token until it expires; a permanent one has none."""
    if (token or None) != key.token:
        problem = "does not belong to this SecretId" if token else "is missing: this SecretId is a temporary one"
        raise ApiError("AuthFailure.TokenFailure", f"The token in X-TC-Token {problem}.")
    if key.expires is not None and now >= key.expires:
        raise ApiError(
            "AuthFailure.TokenFailure", f"The token in X-TC-Token expired at {key.expires:%Y-%m-%dT%H:%M:%SZ}."
        )
