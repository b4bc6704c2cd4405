"""What a user sees when the service cannot be reached, or does not accept the keys.

Faults during each operation are in `tests/reliability/test_fault_matrix.py`.
"""

from __future__ import annotations

import socket

import pytest
from engine_support import Stack, StackOf

from pulumi_tione._config.sources import NO_CREDENTIALS
from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

PROGRAM = 'tione.TrainingTask("t", **B)'


def error_of(stack: Stack) -> str:
    """The one error on the task's row."""
    stack.program(PROGRAM)
    shown = stack.up(fails=True).partition("Diagnostics:")[2]
    assert "Traceback" not in shown
    (line,) = (line.strip() for line in shown.splitlines() if "training task" in line)
    return line


def test_a_service_that_does_not_listen(stack_of: StackOf) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        line = error_of(stack_of(endpoint=address))
    assert "was not sent" in line
    assert f"{address} cannot be reached: " in line
    assert "Connection refused" in line


def test_wrong_keys(stack_of: StackOf) -> None:
    line = error_of(stack_of(TENCENTCLOUD_SECRET_KEY="not-the-key"))
    assert "AuthFailure.SignatureFailure" in line
    assert "set tione:secretId and tione:secretKey" in line
    assert "not-the-key" not in line


def test_no_keys(stack_of: StackOf) -> None:
    stack = stack_of(TENCENTCLOUD_SECRET_ID="", TENCENTCLOUD_SECRET_KEY="")
    stack.program(PROGRAM)
    assert NO_CREDENTIALS in stack.up(fails=True)


def test_a_clock_that_is_wrong(stack_of: StackOf) -> None:
    with Emulator(clock_offset_seconds=600) as late:
        line = error_of(stack_of(endpoint=late.endpoint))
    assert "AuthFailure.SignatureExpire" in line
    assert "correct this machine's clock" in line


def test_a_dead_proxy_does_not_matter_on_this_machine(stack_of: StackOf, emulator: Emulator) -> None:
    dead = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    stack = stack_of(**dead, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    stack.program(PROGRAM + '.wait_for("SUCCEED")')
    stack.up()
    assert len(emulator.tasks()) == 1
