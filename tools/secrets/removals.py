#!/usr/bin/env python3
"""Take out each masking and sealing in turn, in a copy of this tree, and see that a test fails then.

    python tools/secrets/removals.py [WORD …]

With words, only the removals whose names contain one of them. Exit code 1: something may be removed unnoticed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MASKING = "tests/unit/test_masking.py"
BOUNDARY = "tests/boundary/test_secrets.py"
PROGRAM = "tests/unit/test_training_task.py"
CLIENT = "tests/component/test_client.py"
CHECK = "tests/unit/test_check.py"
KEYS = "tests/component/test_credentials.py"
RECORD = "tests/emulator/test_record.py"
MARKS = "tests/engine/test_secret_marks.py"
STATE = "tests/unit/test_state.py"
PRINTED = "tests/cli/test_masking.py"


@dataclass(frozen=True)
class Removal:
    """What is taken out, and the tests of which one must fail then."""

    name: str
    file: str
    text: str
    instead: str
    tests: str
    chosen: str = ""
    """Which of the tests, as for `pytest -k`."""


REMOVALS = (
    Removal("masking", "_masking.py", "if secrets else text", "if None else text", MASKING),
    Removal("escapes", "_masking.py", "_ESCAPED = _BACKSLASH", '_ESCAPED = "never" + _BACKSLASH', MASKING),
    Removal("base64", "_masking.py", ", *self._encoded_spans(text)]", "]", MASKING),
    Removal("parts of a secret", "_masking.py", "parts = [*_parts_of_url", "parts = [] and [*_parts_of_url", MASKING),
    Removal("short secrets", "_masking.py", "quoted = f", "quoted = text or f", MASKING),
    Removal(
        "texts of the service",
        "_text.py",
        "escape_control_characters(mask(str(text)))",
        "escape_control_characters(str(text))",
        MASKING,
    ),
    Removal("escaping", "_text.py", "escape_control_characters(mask(str(text)))", "mask(str(text))", MASKING),
    Removal("words of a refusal", "errors.py", "mask(service_message)", "service_message", MASKING),
    Removal("code of a refusal", "errors.py", "escape_control_characters(code)", "code", MASKING),
    Removal("what a call binds", "provider.py", "with masking(secrets),", "with masking(()),", BOUNDARY),
    Removal("what is shown", "_pulumi/display.py", "return sanitize(message)", "return message", BOUNDARY),
    Removal("what the program marked", "provider.py", ", *self._marked_by_program(props)}", "}", BOUNDARY),
    Removal("what is recorded", "_schema/secrets.py", "paths = properties.get(SECRET_INPUTS)", "paths = []", BOUNDARY),
    Removal(
        "outputs of a create",
        "provider.py",
        "(task_id, _joined(owner, outputs))",
        "(task_id, with_owner(owner, outputs))",
        BOUNDARY,
    ),
    Removal(
        "outputs of a failed update",
        "provider.py",
        "**_joined(owner, outputs)",
        "**with_owner(owner, outputs)",
        BOUNDARY,
    ),
    Removal("a task that is looked up", "provider.py", "with masking(self._known_secrets):", "if True:", BOUNDARY),
    Removal(
        "marks of a refresh", "lifecycle/read.py", "in (*SECRETS, UNCONFIRMED) if", "in (UNCONFIRMED,) if", BOUNDARY
    ),
    Removal("marks in a diff", "lifecycle/diff.py", "changed.append(SECRET_INPUTS)", "pass", BOUNDARY, "marks_that"),
    Removal("messages of check", "_constraints.py", "if is_secret:", "if False:", CHECK, "marked_as_secret"),
    Removal("the program's marks", "_pulumi/properties.py", "marked.append(path)", "pass", PROGRAM, "marked"),
    Removal(
        "a wait",
        "training_task.py",
        "with masking((await self._marked.found()).texts):",
        "if True:",
        PROGRAM,
        "waited_for",
    ),
    Removal(
        "a report", "training_task.py", "displayable_report(failed.report)", "failed.report", PROGRAM, "waited_for"
    ),
    Removal(
        "keys", "_api/sdk.py", "secrets = () if credentials is None else", "secrets = () if True else", CLIENT, "keys"
    ),
    Removal("secrets of a body", "_api/transport.py", "with masking(secrets_in(body)):", "if True:", CLIENT, "secret"),
    Removal(
        "an external id",
        "_api/credentials.py",
        "with masking([role.external_id] if",
        "with masking([] if",
        KEYS,
        "planted",
    ),
    Removal("a web identity", "_api/credentials.py", "with masking([token] if", "with masking([] if", KEYS, "planted"),
    Removal(
        "outputs that were in clear", "training_task.py", "secret_outputs.extend(", "print(", MARKS, "earlier_version"
    ),
    Removal("a callback in the record", "emulator/http/masking.py", " | _callback(body)", "", RECORD),
    Removal("the record's file", "emulator/http/record.py", "0o600)\n    return", "0o644)\n    return", RECORD),
    Removal(
        "outputs of a pending create",
        "stacks/state_secrets.py",
        "marked_secret(value) if name in whole else",
        "",
        STATE,
    ),
    Removal("a state's secrets", "stacks/state.py", "mask_from_now_on(secret_texts", "print(secret_texts", PRINTED),
    Removal("JSON of a command", "cli/terminal.py", "return mask(value)", "return value", PRINTED),
)


def main(words: Sequence[str]) -> int:
    """Try all removals, or those that are named, and return the exit code."""
    unnoticed = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        ignored = shutil.ignore_patterns(".git", ".venv", ".mypy_cache", ".ruff_cache", ".hypothesis", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=ignored, symlinks=True)
        for removal in REMOVALS:
            if words and not any(word in removal.name for word in words):
                continue
            noticed = _is_noticed(removal, copy)
            print(f"{'noticed' if noticed else 'NOT NOTICED'}: without {removal.name}", flush=True)
            if not noticed:
                unnoticed.append(removal.name)
    return 1 if unnoticed else 0


def _is_noticed(removal: Removal, copy: Path) -> bool:
    file = copy / "pulumi_tione" / removal.file
    before = file.read_text(encoding="utf-8")
    if removal.text not in before:
        raise SystemExit(f"{removal.file} has no {removal.text!r} any more: bring this list up to date")
    file.write_text(before.replace(removal.text, removal.instead), encoding="utf-8")
    chosen = ["-k", removal.chosen] if removal.chosen else []
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", removal.tests, *chosen]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    finally:
        file.write_text(before, encoding="utf-8")
    if ran.returncode not in (0, 1):
        raise SystemExit(f"the tests of {removal.name} could not be run:\n{ran.stdout}{ran.stderr}")
    return ran.returncode == 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
