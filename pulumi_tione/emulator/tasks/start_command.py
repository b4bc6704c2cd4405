"""The start command of a task: as plain text, or encoded in base64 so that no character breaks it.

Which of the commands decides how a run ends is here (`deciding_command`); what it does is predicted in `workload.py`.
Which node runs which command with `--run` is in `running/roles.py`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from pulumi_tione.emulator.errors import ApiError

ROLES = ("StartCmd", "PsStartCmd", "WorkerStartCmd")
"""The commands of a task; an encoded one must name all three [D]."""


def decode(encoded: str, parameter: str) -> dict[str, str]:
    """Decode `EncodedStartCmdInfo.StartCmdInfo`: base64 of a JSON object with exactly these three keys.

    An unset command is null, as the vendor's kit sends it.
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
    """Return all three commands of an accepted request; an encoded command wins over a plain one [D]."""
    encoded = (body.get("EncodedStartCmdInfo") or {}).get("StartCmdInfo")
    commands = decode(encoded, "") if encoded else body.get("StartCmdInfo") or {}
    return {role: commands.get(role) or "" for role in ROLES}


def deciding_command(commands: Mapping[str, str]) -> str:
    """Return the command that ends the task with its end: the workers' if there is one [I]."""
    return commands["WorkerStartCmd"] or commands["StartCmd"] or commands["PsStartCmd"]


def _refusal(parameter: str, problem: str) -> ApiError:
    return ApiError("InvalidParameterValue", f"The value of parameter `{parameter}` {problem}.")
