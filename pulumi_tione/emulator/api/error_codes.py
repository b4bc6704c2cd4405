"""The error codes that an action may answer with: those that the vendor lists for it, and those of the gateway.

The lists are in `action_codes.json`, as the vendor's documentation of the SDKs has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

OF_THE_GATEWAY = frozenset(
    {
        # Who calls, before any action looks at the request.
        "AuthFailure.InvalidAuthorization",
        "AuthFailure.SecretIdNotFound",
        "AuthFailure.SignatureExpire",
        "AuthFailure.SignatureFailure",
        "AuthFailure.TokenFailure",
        # What is called, and where.
        "InvalidAction",
        "NoSuchVersion",
        "UnsupportedProtocol",
        "UnsupportedRegion",
        # How often, and how much.
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
"""Common codes of the vendor's that any action may be refused with, because the gateway answers in its place [D]."""

_LISTED_ELSEWHERE: Mapping[str, frozenset[str]] = {
    "DescribeTrainingTasks": frozenset({"InvalidParameter.FilterKeyStatusConflictWithChargeStatus"})
}
"""Codes of the vendor's whose text names one action, which is not among those listed for it."""


@cache
def listed(action: str) -> frozenset[str] | None:
    """Return the codes that an action may answer with; None where the vendor's list for it is not known."""
    of_action = _lists().get(action)
    if of_action is None:
        return None
    return frozenset(of_action) | OF_THE_GATEWAY | _LISTED_ELSEWHERE.get(action, frozenset())


def code_for(action: str, code: str) -> str:
    """Return the most specific code listed for an action that says what `code` says.

    Actions share rules, and not codes: what is `InvalidParameterValue.PageLimitExceeded` to one of them is
    `InvalidParameter` to another. A code of which none is listed is returned as it is.
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
