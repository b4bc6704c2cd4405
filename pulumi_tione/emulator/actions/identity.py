"""The actions of the service `sts`: who calls."""

from __future__ import annotations

from typing import Any

from .call import Call


def get_caller_identity(call: Call) -> dict[str, Any]:
    caller = call.caller
    return {
        "Type": caller.kind,
        "AccountId": caller.uin,
        "UserId": caller.user_id or caller.sub_uin,
        "PrincipalId": caller.sub_uin,
        "Arn": caller.arn or f"qcs::cam:{caller.uin}:uin/{caller.sub_uin}",
    }


HANDLERS = {"GetCallerIdentity": get_caller_identity}
