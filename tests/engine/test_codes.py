"""A few refusals as `pulumi up` shows them."""

from __future__ import annotations

import pytest
from engine_support import Stack

from pulumi_tione._codes import CODES
from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine


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
