"""The error codes that an action may return: those that the vendor lists for it, and those of the gateway.

The lists are in `action_codes.json`, as the vendor's documentation of the SDKs has them.

A new code of an action is added to that file. When a code is returned is decided in `rules/`, `actions/` and
`http/gateway.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

OF_THE_GATEWAY = frozenset(
    {
        # The caller, before any action reads the request.
        "AuthFailure.InvalidAuthorization",
        "AuthFailure.SecretIdNotFound",
        "AuthFailure.SignatureExpire",
        "AuthFailure.SignatureFailure",
        "AuthFailure.TokenFailure",
        # The action, its version and region.
        "InvalidAction",
        "NoSuchVersion",
        "UnsupportedProtocol",
        "UnsupportedRegion",
        # Rate and size.
        "RequestLimitExceeded",
        "RequestSizeLimitExceeded",
        # The form of the request: names, types, required fields.
        "InvalidParameter",
        "MissingParameter",
        "UnknownParameter",
        # The emulator failed.
        "InternalError",
    }
)
"""Common codes of the vendor that any action may be refused with, because the gateway responds in its place [D]."""

_LISTED_ELSEWHERE: Mapping[str, frozenset[str]] = {
    "DescribeTrainingTasks": frozenset({"InvalidParameter.FilterKeyStatusConflictWithChargeStatus"})
}
"""Codes of the vendor whose text names an action, although they are not listed for it."""


@cache
def listed(action: str) -> frozenset[str] | None:
    """Return the codes that an action may return; None if the vendor's list for it is not known."""
    of_action = _lists().get(action)
    if of_action is None:
        return None
    return frozenset(of_action) | OF_THE_GATEWAY | _LISTED_ELSEWHERE.get(action, frozenset())


def code_for(action: str, code: str) -> str:
    """Return the most specific code listed for an action that has the meaning of `code`.

    Actions share rules, but not codes: what is `InvalidParameterValue.PageLimitExceeded` for one action is
    `InvalidParameter` for another. If none is listed, the code is returned unchanged.
    """
    codes = listed(action)
    if codes is None:
        return code
    return next((broader for broader in _broader(code) if broader in codes), code)


def is_listed(action: str, code: str) -> bool:
    codes = listed(action)
    return codes is None or code in codes


def _broader(code: str) -> Iterator[str]:
    yield code
    family, dot, _ = code.partition(".")
    if dot:
        yield family
    if family == "InvalidParameterValue":
        yield "InvalidParameter"


@cache
def _lists() -> Mapping[str, list[str]]:
    text = resources.files(__package__).joinpath("action_codes.json").read_text(encoding="utf-8")
    lists: Mapping[str, list[str]] = json.loads(text)
    return lists
