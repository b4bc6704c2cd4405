"""Texts of a task that may hold a secret in plain text: where they are, and what in them looks like a secret.

What is declared or marked secret is decided in `_schema/secrets.py` and never shown; this is about plain text. The
finding is `secret-in-command` in `findings.py`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_tione._constraints import COMMANDS
from pulumi_tione._schema.fields import Scalar, path_to
from pulumi_tione._schema.walk import walk

MASK = "(secret?)"
"""What is shown in place of a text that looks like a secret."""

_PARTS_WITH_TEXTS = ("startCmdInfo", "envs", "tuningParameters", "additionalParameters")
_ENCODED = "encodedStartCmdInfo"

_NAME = (
    r"(?:[\w-]*[_-])?(?:(?:secret|access|api|auth|private|encryption|signing)[_-]?(?:key|id|token)"
    r"|pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?)"
    r"|[\w-]*[a-z](?:Password|Passwd|Secret|SecretKey|AccessKey|ApiKey|PrivateKey|Token)"
)
"""The names of options and variables whose values are secrets: `--api-key`, `DB_PASSWORD`, `hfToken`."""

_NO_NAME = (
    r"(?i:(?:[\w-]*[_-])?(?:pad|bos|eos|unk|sep|cls|mask|stop|start|end|image|max|min|num|special)[_-]?token)(?![\w-])"
)
"""The same of tokenizers: `--pad-token`."""

_SECRET_NAME = re.compile(rf"(?!{_NO_NAME})(?i:{_NAME})", re.ASCII)
_NO_SECRETS = r"(?:true|false|none|null|yes|no|auto|\d{1,7}(?:\.\d+)?)(?![^\s\"';&|,])"

_SECRET_TEXT = re.compile(
    rf"\bAKID[0-9A-Za-z]{{16,}}|\bAKIA[0-9A-Z]{{12,}}|\bgh[pousr]_[0-9A-Za-z]{{20,}}|\bglpat-[\w-]{{16,}}"
    rf"|\bhf_[0-9A-Za-z]{{16,}}|\bsk-[0-9A-Za-z_-]{{16,}}|\beyJ[\w-]{{10,}}\.[\w-]{{10,}}\.[\w-]+"
    rf"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]*-----END [A-Z ]*PRIVATE KEY-----)?"
    rf"|(?i:\bbearer\s+)(?!\$)[\w.~+/-]{{8,}}=*"
    rf"|(?<![\w$-])(?!{_NO_NAME})(?:(?i:{_NAME})[\"']?\s*[=:]\s*|--?(?!-)(?i:{_NAME})\s+)"
    rf"(?:\"(?!\$)[^\"]{{4,}}\"|'(?!\$)[^']{{4,}}'|[\"']?(?![$\"'<\[({{/-]|{_NO_SECRETS})[^\s\"';&|]{{4,}})"
    rf"|://[^/\s:@$]+:(?!\$)[^/\s@]+@",
    re.ASCII,
)
"""What looks like a secret in a command or a variable."""


def is_secret_name(name: str) -> bool:
    """Return whether the value of a variable or option of this name is a secret."""
    return bool(_SECRET_NAME.fullmatch(name))


def has_secret(text: str) -> bool:
    """Return whether a text holds what looks like a secret."""
    return bool(_SECRET_TEXT.search(text))


def masked(text: str) -> str:
    """Return a text in which what looks like a secret is hidden."""
    return _SECRET_TEXT.sub(MASK, text)


def masked_value(name: str, value: Any) -> Any:
    """Return a value in which each text that looks like a secret is hidden, by its content or by its name."""
    if isinstance(value, str):
        return MASK if _is_named_secret(name, value) else masked(value)
    if isinstance(value, Mapping):
        return {key: masked_value(key, part) for key, part in value.items()}
    if isinstance(value, list):
        return [masked_value(name, part) for part in value]
    return value


def _is_named_secret(name: str, text: str) -> bool:
    return len(text) >= 4 and is_secret_name(name) and not re.fullmatch(_NO_SECRETS, text, re.IGNORECASE)


def texts_of(task: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the paths and texts of a task's commands, plain variables and parameters."""
    for name in _PARTS_WITH_TEXTS:
        yield from ((node.path, node.value) for node in walk(Scalar.ANY, task.get(name), name) if _is_text(node.value))
    yield from ((path_to(_ENCODED, key), command) for key, command in encoded_commands(task.get(_ENCODED)).items())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def paths_with_secrets(task: Mapping[str, Any]) -> list[str]:
    """Return the paths of a task's texts that hold what looks like a secret."""
    return [
        path
        for path, text in texts_of(task)
        if has_secret(text) or _is_named_secret(re.split(r"[.\[\"\]]+", path.strip('"]'))[-1], text)
    ]


def encoded_commands(encoded: Any) -> Mapping[str, str]:
    """Return the commands in an `encodedStartCmdInfo`; none, if they are not known or are no commands."""
    text = encoded.get("startCmdInfo") if isinstance(encoded, Mapping) else encoded
    if not isinstance(text, str):
        return {}
    try:
        commands = json.loads(base64.b64decode(text, validate=True))
    except ValueError:
        return {}
    if not isinstance(commands, Mapping):
        return {}
    return {str(key): command for key, command in commands.items() if isinstance(command, str) and command}


def masked_encoded_commands(encoded: Mapping[str, Any]) -> dict[str, Any]:
    """Return an `encodedStartCmdInfo` in which what looks like a secret is hidden."""
    commands = encoded_commands(encoded)
    if not any(map(has_secret, commands.values())):
        return dict(encoded)
    shown = {key: masked(commands.get(key, "")) for key in COMMANDS}
    text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    return {**encoded, "startCmdInfo": base64.b64encode(text.encode()).decode()}
