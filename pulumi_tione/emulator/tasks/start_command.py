"""The start command of a task: written out, or encoded in base64 so that no character breaks it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from pulumi_tione.emulator.errors import ApiError

ROLES = ("StartCmd", "PsStartCmd", "WorkerStartCmd")
"""The commands that a task has; an encoded one must name all three [D]."""


def decode(encoded: str, parameter: str) -> dict[str, str]:
    """The commands in `EncodedStartCmdInfo.StartCmdInfo`: base64 of a JSON object with exactly these three keys.

    What is not set is null there: the vendor's kit sends it so.
    """
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise _refusal(parameter, "is not base64 of UTF-8 text") from error
    try:
        commands = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refusal(parameter, "is not base64 of JSON") from error
    if not isinstance(commands, dict) or set(commands) != set(ROLES):
        raise _refusal(parameter, f"must be base64 of a JSON object with the keys {', '.join(ROLES)}")
    if not all(command is None or isinstance(command, str) for command in commands.values()):
        raise _refusal(parameter, f"must have text or null for each of {', '.join(ROLES)}")
    return {role: command or "" for role, command in commands.items()}


def commands_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The commands of a request that was accepted, all three: the encoded ones win where both are given [D]."""
    encoded = (body.get("EncodedStartCmdInfo") or {}).get("StartCmdInfo")
    commands = decode(encoded, "") if encoded else body.get("StartCmdInfo") or {}
    return {role: commands.get(role) or "" for role in ROLES}


def deciding_command(commands: Mapping[str, str]) -> str:
    """The command whose end is the task's end: the workers' where there is one [I]."""
    return commands["WorkerStartCmd"] or commands["StartCmd"] or commands["PsStartCmd"]


def _refusal(parameter: str, problem: str) -> ApiError:
    return ApiError("InvalidParameterValue", f"The value of parameter `{parameter}` {problem}.")
