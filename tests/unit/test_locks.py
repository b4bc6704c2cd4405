"""Which stacks count as locked, in backends of both kinds; and the owner of a task by its labels.

Waiting for a lock, and breaking that of a dead command, is in `tests/environments/test_two_at_once.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from pulumi_tione.stacks.locks import locked_stacks
from pulumi_tione.stacks.ownership import labels_of_another_owner, tasks_of_other_stacks
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State

TYPE = "pulumi-python:dynamic/tione:TrainingTask"
DEV, PROD = StackName("organization", "nlp", "dev"), StackName("organization", "nlp", "prod")
QUIET = State({"deployment": {}})
CUT_OFF = State({"deployment": {"pending_operations": [{"type": "updating", "resource": {}}]}})


class _Pulumi:
    """What is asked of the CLI."""

    def __init__(self, backend: str, folder: Path, updating: tuple[StackName, ...] = ()) -> None:
        self.folder = folder
        self.environment = {"HOME": str(folder / "home")}
        self._backend = backend
        self._updating = updating
        self.states: dict[StackName, dict[str, Any]] = {}

    def backend(self) -> str:
        return self._backend

    def updating(self, project: str) -> list[StackName]:
        return [name for name in self._updating if name.project == project]

    def stacks(self, project: str) -> list[StackName]:
        return [*self.states]

    def export(self, stack: StackName, *, show_secrets: bool = False) -> dict[str, Any]:
        assert not show_secrets
        return self.states[stack]


def locked(pulumi: _Pulumi, **states: State) -> set[str]:
    by_name = {StackName("organization", "nlp", name): state for name, state in states.items()}
    return {name.stack for name in locked_stacks(cast(Pulumi, pulumi), by_name)}


@pytest.mark.parametrize("backend", ["file://~", "file://{folder}/home", "file://./home", "file://~?metadata=skip"])
def test_a_backend_in_a_folder_shows_its_locks(backend: str, tmp_path: Path) -> None:
    locks = tmp_path / "home" / ".pulumi" / "locks" / "organization" / "nlp" / "dev"
    locks.mkdir(parents=True)
    pulumi = _Pulumi(backend.format(folder=tmp_path), tmp_path)
    assert locked(pulumi, dev=QUIET, prod=CUT_OFF) == set()
    (locks / "1b.json").write_text("{}", encoding="utf-8")
    assert locked(pulumi, dev=QUIET, prod=CUT_OFF) == {"dev"}


def test_in_another_backend_an_update_and_what_one_has_left_pending_count_as_a_lock(tmp_path: Path) -> None:
    pulumi = _Pulumi("https://api.pulumi.com", tmp_path, updating=(PROD,))
    assert locked(pulumi, dev=QUIET, test=CUT_OFF, prod=QUIET) == {"test", "prod"}


OWNER = {"organization": "organization", "project": "nlp", "stack": "dev", "resource": "bert"}


@pytest.mark.parametrize(
    ("tags", "claim"),
    [
        ({}, None),
        ({"team": "nlp"}, None),
        ({"pulumi:project": "nlp", "pulumi:stack": "dev", "pulumi:resource": "bert"}, None),
        ({"pulumi:stack": "dev", "pulumi:create": "7f"}, None),
        (
            {"pulumi:project": "nlp", "pulumi:stack": "dev", "pulumi:resource": "gpt"},
            "pulumi:project=nlp, pulumi:stack=dev, pulumi:resource=gpt",
        ),
        ({"pulumi:stack": "prod"}, "pulumi:stack=prod"),
    ],
)
def test_labels_of_another_resource_are_a_claim_and_no_labels_are_none(tags: dict[str, str], claim: str | None) -> None:
    detail = {"Tags": [{"TagKey": key, "TagValue": value} for key, value in tags.items()]}
    assert labels_of_another_owner(detail, OWNER) == claim


def test_the_tasks_of_other_stacks_are_known_with_their_urns_and_without_their_secrets(tmp_path: Path) -> None:
    pulumi = _Pulumi("file://~", tmp_path)
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
    task = {"type": TYPE, "id": "train-1", "urn": f"urn:pulumi:prod::nlp::{TYPE}::t", "inputs": {"settings": secret}}
    task_of_dev = {**task, "id": "train-2"}
    pulumi.states = {DEV: {"deployment": {"resources": [task_of_dev]}}, PROD: {"deployment": {"resources": [task]}}}
    assert tasks_of_other_stacks(cast(Pulumi, pulumi), DEV) == {
        "train-1": f"the state of nlp/prod, as urn:pulumi:prod::nlp::{TYPE}::t"
    }
