"""Every command that a document shows or a message prints is run through a shell, with the real CLI.

The programs of the guide are in `test_guide_programs.py`, the first task in `test_first_task.py`; which test runs which
block is in `tests/unit/test_documented_blocks.py`.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess

import pytest
from documented_commands import documented_commands, printed_commands
from engine_support import Stack

from pulumi_tione._config.secret_settings import SECRET_SETTINGS
from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

PROGRAM = 'tione.TrainingTask("bert", **(B | dict(name="bert", start_cmd_info={"worker_start_cmd": "echo x"})))'

HOLES = {
    "{stack} {option}{path}": "--stack dev tione:secretKey",
    "{key}": "tione:regoin",
    "{' '.join(subcommand)}": "stack ls",
    "{edit.stack.stack}": "dev",
    "{command}": "refresh",
    "{space}:{name}.{part}": "tione:assumeRole.roleArn",
    "{path}": "tione:secretKey",
    "{arguments}": "--stack dev tione:secretKey",
    "{resource}": "RESOURCE",
    "{self._branch}": "feature/login",
    "{branch}": "feature/login",
    "{template}": "dev",
    "{self.region}": "ap-guangzhou",
    "{self.client.region}": "ap-guangzhou",
}
"""Examples of what messages fill in. A new message with another hole needs its own here."""

MENTIONED = re.compile(
    r"pulumi (up --target|import|state delete|stack import|stack init dev|stack rm --yes dev|stack select|stack rename"
    r"|config set --secret"
    r"|config set --path|refresh --import-pending-creates|refresh --clear-pending-creates)|pulumi-tione (import|logs"
    r"|events|review|orphans --older-than)|pulumi stack change-secrets-provider .*|pulumi-tione env.*"
    r"|pulumi convert --from terraform|pulumi stack output best|pulumi preview --policy-pack .*|pulumi-tione show"
    r"|pulumi-tione review --(fail-on [^|]*|format text)|pulumi plugin install .*"
)
"""Commands that a text mentions without their arguments: there is nothing to run. Those on environments are run in
tests/environments: they need a repository. `test_first_task` runs `pulumi stack init` and `pulumi stack rm`."""

ORDER = (
    r"pulumi preview",
    r"pulumi-tione",
    r"(?!.*pulumi (?:state|destroy|config))",
    r"pulumi state",
    r".*pulumi destroy",
    r".*config (?!get)",
    r".*config get",
)
"""In which order the commands are run: those that others depend on come first, examples of credentials last."""

FIRST_THAT_CHANGES = 2
"""The rank from which on commands change the stack."""

USAGE_ERROR = re.compile(
    r"unknown (?:shorthand )?flag|unknown command|No such (?:command|option)|Usage:|looks like a secret|"
    r"Missing argument|requires? (?:at least|exactly)|accepts \d|command not found|unexpected extra"
)


def example_of(command: str, urn: str, task_id: str) -> str:
    """Fill in a command's placeholders: those of documents in capitals or with `…`, those of messages in braces."""
    if command.startswith("pulumi-tione"):
        command = command.replace("{command}", "events")
    for hole, example in HOLES.items():
        command = command.replace(hole, example)
    command = re.sub(r"\{\w*(?:task\w*|self)(?:\.id|\.get\('Id'\)|_id)?\}", task_id, command)
    command = re.sub(r"\{(?:in_workspace|place|workspace|where)\w*\}", "", command)
    command = (
        command.replace("URN", urn)
        .replace("COPY", "copy.json")
        .replace("CODE", "stops-running")
        .replace("RESOURCE", "imported")
        .replace("bert-2025", "bert")
    )
    command = re.sub(r"\bID\b|train-\d{6,}", task_id, command)
    command = re.sub(r" logs train$", " logs bert", command)
    command = command.replace("AKID…", f"AKID{'z8krbsJ5yKBZQpn7' * 2}").replace("…", "Gu5t9xGARNpq86cd" * 2)
    return command.replace(">> __main__.py", ">> printed.py")


def commands_to_run(urn: str, task_id: str, *, reads: bool) -> list[str]:
    """Return all commands with examples in place of their placeholders, in an order in which each can work.

    Args:
        urn: the URN of the task in the stack.
        task_id: its id.
        reads: whether those that mostly read come (`pulumi preview`, `pulumi-tione …`), or those that change the stack.
    """
    shown = [*documented_commands(), *printed_commands()]
    examples = dict.fromkeys(example_of(each, urn, task_id) for each in shown if not MENTIONED.fullmatch(each))
    runnable = [each for each in examples if not each.startswith("pip ")]

    def rank(command: str) -> int:
        return next(rank for rank, form in enumerate(ORDER) if re.match(form, command))

    return sorted((each for each in runnable if (rank(each) < FIRST_THAT_CHANGES) == reads), key=rank)


def test_every_command_has_an_example() -> None:
    left = [each for each in (example_of(each, "urn:x", "train-1") for each in printed_commands()) if "{" in each]
    assert left == []


def test_the_extras_that_pip_is_shown_to_install_exist() -> None:
    extras = importlib.metadata.metadata("pulumi-tione").get_all("Provides-Extra") or []
    commands = [each for each in (*documented_commands(), *printed_commands()) if each.startswith("pip ")]
    assert commands
    for command in {*commands} - {"pip install pytest"}:
        # The package is in no registry: it is installed from a clone.
        match = re.fullmatch(r"pip install (?:\.|'\.\[(\w+)\]')", command)
        assert match, command
        assert match[1] is None or match[1] in extras


def test_secrets_are_documented_with_the_option_that_the_cli_requires() -> None:
    secrets = [key for key, part in SECRET_SETTINGS.items() if part is None] + ["tione:secretId"]
    for command in (*documented_commands(), *printed_commands()):
        if any(secret in command for secret in secrets) and "config set" in command:
            assert "--secret" in command, command


@pytest.mark.parametrize("reads", [True, False], ids=["commands that read", "commands that change"])
def test_every_command_runs(stack: Stack, emulator: Emulator, reads: bool) -> None:
    stack.program(PROGRAM)
    stack.up()
    emulator.advance(60)
    project = stack.workspace.project
    resource = stack.resource("bert")
    assert resource
    (project / "cos").mkdir()
    (project / "copy.json").write_text(stack.exported(), encoding="utf-8")
    environment = {**stack.environment, "PULUMI_SKIP_CONFIRMATIONS": "true"}
    failures = {}
    for command in commands_to_run(str(resource["urn"]), str(resource["id"]), reads=reads):
        line = (
            f"timeout 6 {command.removesuffix(' &')} --port 0"
            if command.startswith("pulumi-tione emulator")
            else command
        )
        ran = subprocess.run(
            ["sh", "-c", line],
            cwd=project,
            env=environment,
            input="y\ny\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if USAGE_ERROR.search(ran.stdout + ran.stderr) or ran.returncode not in expected_codes(command):
            failures[command] = (ran.returncode, (ran.stdout + ran.stderr)[-500:])
    assert failures == {}, json.dumps(failures, indent=2, ensure_ascii=False)
    if not reads:
        assert json.loads(stack.pulumi("config", "--json"))["tione:secretId"]["secret"] is True


def expected_codes(command: str) -> tuple[int, ...]:
    """Return the exit codes that are right for a command in this test."""
    if command.startswith("pulumi-tione emulator"):
        return (124,)  # it runs until `timeout` ends it
    if command.startswith("pulumi-tione import"):
        return (0, 2)  # the task is in the state already
    if command.startswith("pulumi-tione review"):
        return (0, 1)  # --fail-on may find something
    if command.startswith("pulumi-tione orphans --delete"):
        return (2,)  # the task is no orphan
    return (0,)
