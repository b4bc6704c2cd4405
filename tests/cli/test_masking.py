"""What the commands print holds no secret of the tasks that they are about, and nothing that a terminal obeys."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result
from engine_support import Stack

from pulumi_tione._masking import mask, masking
from pulumi_tione.cli.terminal import json_text
from pulumi_tione.emulator import Emulator

Tione = Callable[..., Result]

PROGRAM = """
tione.TrainingTask("t", **(B | dict(
    start_cmd_info={"worker_start_cmd": "echo plantedprivate; echo plantedtag; exit 3"},
    private_envs={"A": "plantedprivate"},
    tags={"team": pulumi.Output.secret("plantedtag")},
)))
"""


def test_json_for_a_terminal_is_masked_and_obeyed_by_none() -> None:
    value = {"a": ['planted "one"', 1, None, True], "b": "\x9b31m\x1b\u202e中文\U000e0001"}
    with masking(['planted "one"']):
        text = json_text(value)
    assert "planted" not in text
    assert all(each.isprintable() or each == "\n" for each in text)
    assert "中文" in text
    assert json.loads(text) == {**value, "a": ["[secret]", 1, None, True]}
    assert "\n" not in json_text(value, indent=None)


@pytest.mark.engine
@pytest.mark.long
def test_what_the_service_repeats_of_a_secret_is_masked(stack: Stack, emulator: Emulator, tione: Tione) -> None:
    stack.program(PROGRAM)
    stack.up()
    emulator.advance(60)
    for command in ("logs t", "logs t --json", "status --json"):
        shown = tione(*command.split()).output
        assert "planted" not in shown
        assert shown.count("[secret]") == (2 if "logs" in command else 0)
    for action, command in (("DescribeTrainingTasks", "status"), ("DescribeLogs", "logs t")):
        emulator.faults.add(action, code="InvalidParameterValue", message="\x1b[31mnot plantedprivate plantedtag")
        shown = tione(*command.split(), exit_code=2).output
        assert "not [secret] [secret]" in shown
        assert "\x1b" not in shown
    assert mask("plantedtag") == "plantedtag"  # a command masks as long as it runs
