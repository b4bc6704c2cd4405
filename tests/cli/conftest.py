"""`pulumi-tione` run on a test's stack, and tasks that Pulumi did not create."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from engine_support import Stack
from local_tione import SMALLEST_BODY

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.cli import main, orphans
from pulumi_tione.emulator import Emulator


@pytest.fixture
def tione(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `pulumi-tione` on the stack: `tione("orphans", exit_code=1)`; `answers` are typed at its questions, by
    somebody who is there: without `answers` nobody is."""

    def run(
        command: str, *arguments: str, exit_code: int = 0, answers: str | None = None, **environment: str
    ) -> Result:
        monkeypatch.setattr(orphans, "is_attended", lambda: answers is not None)
        others: dict[str, str | None] = dict.fromkeys(os.environ)
        runner = CliRunner(env={**others, **stack.environment, **environment})
        result = runner.invoke(main, [command, f"--cwd={stack.workspace.project}", *arguments], input=answers)
        assert result.exit_code == exit_code, result.output + repr(result.exception)
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def client(emulator: Emulator) -> Callable[[str], Client]:
    """Returns a client of the local TI-ONE for a region."""
    environment = {
        "TIONE_ENDPOINT": emulator.endpoint,
        "TENCENTCLOUD_SECRET_ID": emulator.key.secret_id,
        "TENCENTCLOUD_SECRET_KEY": emulator.key.secret_key,
    }
    settings = Settings(lambda _: None, environment)
    return lambda region: Client(settings, region)


SMALLEST: Mapping[str, Any] = {
    **SMALLEST_BODY,
    "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 36000"},
}


@pytest.fixture
def create(client: Callable[..., Client]) -> Callable[..., str]:
    """Creates a task as somebody else would, and gives its id; with the labels of a resource, or other members."""

    def make(name: str, *, labels: str | None = None, region: str = "ap-guangzhou", **members: Any) -> str:
        if labels is not None:
            project, stack, resource = labels.split("/")
            tags = {"pulumi:project": project, "pulumi:stack": stack, "pulumi:resource": resource}
            members["Tags"] = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        return client(region).create_training_task({**SMALLEST, "Name": name, **members})

    return make


@pytest.fixture
def copies(stack: Stack) -> Callable[[], list[Path]]:
    """Returns the backups of the state."""
    return lambda: sorted(Path(stack.environment["PULUMI_HOME"], "pulumi-tione", "backups").glob("*.state.json"))
