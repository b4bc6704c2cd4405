"""What an error of the Pulumi CLI shows."""

from __future__ import annotations

import pytest

from pulumi_tione.stacks.pulumi_cli import LockedError, failure

OF_AN_UPDATE = """\
 +  pulumi:pulumi:Stack nlp-dev creating (1s) error: update failed
Diagnostics:
  pulumi-python:dynamic/tione:TrainingTask (train):
    error: resource "urn:train" cannot be deleted
    because it is protected.

Resources:
    2 errored

Duration: 2s
"""


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            OF_AN_UPDATE,
            'pulumi-python:dynamic/tione:TrainingTask (train): error: resource "urn:train" cannot be deleted because '
            "it is protected.",
        ),
        ("warning: old\nerror: no stack named 'dev'\nfound", "no stack named 'dev' found"),
        ("panic", "panic"),
        ("", "it printed no reason"),
    ],
)
def test_an_error_shows_the_command_and_the_reason(printed: str, reason: str) -> None:
    arguments = ["destroy", "--yes", "--config-file", "/x/Pulumi.dev.yaml", "--stack", "dev"]
    assert str(failure(arguments, printed)) == f"`pulumi destroy` failed: {reason}"
    assert str(failure(["stack", "tag", "ls", "--json"], printed)) == f"`pulumi stack tag ls` failed: {reason}"


def test_a_killed_command_and_a_locked_stack_are_recognized() -> None:
    assert str(failure(["up"], "error: x", -9)) == "`pulumi up` failed: it was killed (signal 9). x"
    assert isinstance(failure(["up"], "error: the stack is currently locked by 1 lock(s)"), LockedError)
