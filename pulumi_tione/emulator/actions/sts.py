"""The actions of the service `sts`: the caller's identity, and temporary keys.

A temporary key lasts 7200 seconds by default, 43200 seconds at most. The keys themselves are in `accounts.py`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from pulumi_tione.emulator.accounts import Caller
from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.ids import role_id

from .call import Call

DEFAULT_SECONDS = 7200
MAX_SECONDS = 43200
MAX_SESSION_TAGS = 50

_ROLE = re.compile(
    r"qcs::cam::uin/(?P<uin>\d+):(?:role|roleName)/(?:tencentcloudServiceRole(?:Name)?/)?(?P<name>[^/\s]+)"
)
_SESSION = re.compile(r"[\w+=,.@-]{2,128}", re.ASCII)


def get_caller_identity(call: Call) -> dict[str, Any]:
    caller = call.caller
    return {
        "Type": caller.kind,
        "AccountId": caller.uin,
        "UserId": caller.user_id or caller.sub_uin,
        "PrincipalId": caller.sub_uin,
        "Arn": caller.arn or f"qcs::cam:{caller.uin}:uin/{caller.sub_uin}",
    }


def assume_role(call: Call) -> dict[str, Any]:
    if len(call.body.get("Tags", ())) > MAX_SESSION_TAGS:
        raise ApiError(
            "InvalidParameter.ParamError", f"The parameter `Tags` has more than {MAX_SESSION_TAGS} elements."
        )
    _check_policy(call.body.get("Policy"))
    return _issue_temporary_key(call)


def assume_role_with_web_identity(call: Call) -> dict[str, Any]:
    provider = call.body["ProviderId"]
    if not provider or not call.service.registry.exists("oidc_provider", provider):
        message = f"The value of parameter `ProviderId`, `{provider[:80]}`, names no identity provider."
        raise ApiError("InvalidParameter.ParamError", message)
    claims = _claims(call.body["WebIdentityToken"])
    expires = claims.get("exp")
    if isinstance(expires, int | float) and expires <= call.now.timestamp():
        raise ApiError("InvalidParameter.WebIdentityTokenError", "The token in `WebIdentityToken` has expired.")
    return _issue_temporary_key(call)


HANDLERS = {
    "GetCallerIdentity": get_caller_identity,
    "AssumeRole": assume_role,
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
}


def _issue_temporary_key(call: Call) -> dict[str, Any]:
    """Issue a temporary key for the role that the request names, in the account of the role."""
    arn, session = call.body["RoleArn"], call.body["RoleSessionName"]
    role = _ROLE.fullmatch(arn)
    if role is None:
        message = "The value of parameter `RoleArn` must read qcs::cam::uin/ACCOUNT:roleName/NAME."
        raise ApiError("InvalidParameter.ParamError", message)
    if not call.service.registry.exists("role", arn):
        # AssumeRoleWithWebIdentity has no code of its own for this.
        code = "InternalError.GetRoleError" if "WebIdentityToken" in call.body else "ResourceNotFound.RoleNotFound"
        raise ApiError(code, f"The role `{arn[:120]}` (RoleArn) does not exist.")
    if not _SESSION.fullmatch(session):
        message = "The value of parameter `RoleSessionName` must be 2 to 128 letters, digits and signs of `=,.@_-`."
        raise ApiError("InvalidParameter.ParamError", message)
    seconds = call.body.get("DurationSeconds", DEFAULT_SECONDS)
    if not 1 <= seconds <= MAX_SECONDS:
        message = f"The value of parameter `DurationSeconds` is {seconds}: 1 to {MAX_SECONDS}."
        raise ApiError("InvalidParameter.OverTimeError", message)
    number = role_id(arn)
    caller = Caller(
        uin=role["uin"],
        sub_uin=call.caller.sub_uin,
        name=session,
        kind="CAMRole",
        user_id=f"{number}:{session}",
        arn=f"qcs::sts:{role['uin']}:assumed-role/{number}",
    )
    # The response has whole seconds, and the key expires exactly then.
    expires = (call.now + timedelta(seconds=seconds)).replace(microsecond=0)
    key = call.service.issue_temporary_key(caller, expires)
    return {
        "Credentials": {"Token": key.token, "TmpSecretId": key.secret_id, "TmpSecretKey": key.secret_key},
        "ExpiredTime": int(expires.timestamp()),
        "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
    }


def _check_policy(policy: str | None) -> None:
    """Refuse a policy that is not URL-encoded JSON [D]; what it permits is not enforced here."""
    if not policy:
        return
    try:
        is_object = isinstance(json.loads(unquote(policy)), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise ApiError(
            "InvalidParameter.StrategyFormatError", "The value of parameter `Policy` is not a URL-encoded JSON object."
        )


def _claims(token: str) -> dict[str, Any]:
    """Return the claims of a JSON web token; its signature cannot be verified here."""
    parts = token.split(".")
    try:
        payload = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.b64decode(payload, altchars=b"-_", validate=True))
    except (IndexError, binascii.Error, ValueError, RecursionError):
        claims = None
    if len(parts) != 3 or not isinstance(claims, dict):
        raise ApiError("InvalidParameter.WebIdentityTokenError", "`WebIdentityToken` is not a JSON web token.")
    return claims
