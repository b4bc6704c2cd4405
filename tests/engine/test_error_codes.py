"""The refusals of the service, as `pulumi up` shows them.

What each code means is in `tests/unit/test_error_codes.py`; all codes at the provider's boundary are in
`tests/boundary/test_error_codes.py`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from engine_support import Stack

from pulumi_tione._error_codes import CODES, Kind
from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

RETRIED = (Kind.INDETERMINATE, Kind.UNAVAILABLE, Kind.INTERNAL, Kind.THROTTLED)
"""The kinds of refusals after which a create is sent again."""

HASTY_PLUGIN = f"""#!/bin/sh
exec {sys.executable} -u -c '
import pulumi_tione._api.transport, runpy, sys, time
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.01))
pulumi_tione._api.transport._THROTTLING_TIMEOUT_SECONDS = 1
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
' "$@"
"""
"""The plugin of dynamic providers, with short pauses and timeouts."""


@pytest.fixture
def hasty_stack(stack: Stack, tmp_path: Path) -> Stack:
    """A stack whose provider tries again and again without waiting."""
    folder = tmp_path / "hasty"
    folder.mkdir()
    plugin = folder / "pulumi-resource-pulumi-python"
    plugin.write_text(HASTY_PLUGIN, encoding="utf-8")
    plugin.chmod(0o755)
    stack.environment["PATH"] = f"{folder}{os.pathsep}{stack.environment['PATH']}"
    return stack


@pytest.mark.parametrize(
    "code",
    [
        "InternalError.CFSNotFound",
        "InvalidParameterValue.ImageNotFound",
        "OperationDenied.BalanceInsufficient",
        "OperationDenied.BillingStatusResourceInsufficient",
        "OperationDenied.SubnetIllegal",
        "UnauthorizedOperation",
    ],
)
def test_a_refusal_is_explained_on_the_tasks_row(stack: Stack, emulator: Emulator, code: str) -> None:
    emulator.faults.add("CreateTrainingTask", code=code, message="服务自己的话")
    stack.program('tione.TrainingTask("t", **B)')
    shown = stack.up(fails=True)
    row = shown.partition("Diagnostics:")[2].partition("TrainingTask (t):")[2]
    for part in (code, "服务自己的话", "request id ", CODES[code].sentence, CODES[code].about, CODES[code].remedy):
        assert part in row
    assert "Traceback" not in shown


AT_ONCE = [code for code, meaning in CODES.items() if meaning.kind not in (*RETRIED, Kind.ALREADY_EXISTS)]
"""The refusals after which a create ends at once; those of a name name other ways out, and have tests of their own."""


@pytest.mark.long
def test_every_refusal_is_explained_in_the_output_of_one_update(stack: Stack, emulator: Emulator) -> None:
    for number, code in enumerate(AT_ONCE, start=1):
        emulator.faults.add("CreateTrainingTask", code=code, first=number)
    stack.program(f'for number in range({len(AT_ONCE)}): tione.TrainingTask(f"t{{number}}", **B)')
    shown = stack.up("--continue-on-error", "--parallel", "64", fails=True).partition("Diagnostics:")[2]
    for code in AT_ONCE:
        (line,) = [line for line in shown.splitlines() if f" {code}:" in line]
        for part in (CODES[code].sentence, CODES[code].about, CODES[code].remedy):
            assert part in line
    assert "Traceback" not in shown


@pytest.mark.long
@pytest.mark.parametrize("kind", RETRIED)
def test_every_refusal_that_is_sent_again_is_explained_in_the_end(
    hasty_stack: Stack, emulator: Emulator, kind: Kind
) -> None:
    hasty_stack.program('tione.TrainingTask("t", **B)')
    for code in (code for code, meaning in CODES.items() if meaning.kind is kind):
        emulator.faults.clear()
        emulator.faults.add("CreateTrainingTask", code=code, times=None)
        shown = hasty_stack.up(fails=True)
        for part in (code, CODES[code].sentence, CODES[code].about, CODES[code].remedy):
            assert part in shown
    assert emulator.tasks() == []


@pytest.mark.long
def test_every_code_of_a_taken_name_has_its_next_steps(hasty_stack: Stack, emulator: Emulator) -> None:
    hasty_stack.program('tione.TrainingTask("t", **(B | dict(name="bert")))')
    for code in (code for code, meaning in CODES.items() if meaning.kind is Kind.ALREADY_EXISTS):
        emulator.faults.clear()
        emulator.faults.add("CreateTrainingTask", code=code, message="服务自己的话", times=None)
        shown = hasty_stack.up(fails=True)
        for part in (code, "服务自己的话", "'bert'", "choose another name"):
            assert part in shown
