"""States that earlier versions wrote: today's code finds them unchanged, refreshes, changes and destroys them.

What is kept of each stack, and how it is recorded for another version, stands in `tools/compat/record.py`.

A new version is recorded by `make states VERSION=… COMMIT=…`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from engine_support import Stack, StackOf

from pulumi_tione.emulator import Emulator
from tools.compat.cases import CASES, write_profiles
from tools.compat.replay import replaced, replay

FOLDER = Path(__file__).parent
STACKS = sorted(file.parent for file in FOLDER.glob("*/*/state.json"))
IN_MAKE_TEST = ("partial", "names")
"""Those that every change should pass at once; the others are left to `make test-all`."""

pytestmark = pytest.mark.engine


class Kept:
    """A recorded stack on a local TI-ONE that has its tasks again, under ids of its own."""

    def __init__(self, folder: Path, stack: Stack, service: Emulator, ids: Mapping[str, str]) -> None:
        self.folder = folder
        self.stack = stack
        self.service = service
        self._program = (folder / "program.txt").read_text(encoding="utf-8")
        self.write(self._program)
        state = replaced((folder / "state.json").read_text(encoding="utf-8"), ids)
        (stack.workspace.project / "state.json").write_text(state, encoding="utf-8")
        stack.pulumi("stack", "import", "--file", "state.json")

    def write(self, program: str) -> None:
        (self.stack.workspace.project / "__main__.py").write_text(program, encoding="utf-8")

    def change_tags(self) -> None:
        changed = self._program.replace('"team": "nlp"', '"team": "cv"')
        assert changed != self._program
        self.write(changed)

    @property
    def tasks(self) -> dict[str, str]:
        """The tasks in the state that the stack has charge of: the id of each by the resource's name."""
        return {
            resource["urn"].rpartition("::")[2]: resource["id"]
            for resource in self.stack.resources()
            if resource["type"].endswith("tione:TrainingTask") and not resource.get("external")
        }

    @property
    def kept_tasks(self) -> set[str]:
        """The ids of those that stay when the stack is destroyed."""
        return {resource["id"] for resource in self.stack.resources() if resource.get("retainOnDelete")}

    def changes_of_tasks(self) -> list[str]:
        changing = ("CreateTrainingTask", "StartTrainingTask", "StopTrainingTask", "DeleteTrainingTask")
        return [request["action"] for request in self.service.requests() if request["action"] in changing]


@pytest.fixture
def kept(request: pytest.FixtureRequest, stack_of: StackOf, tmp_path: Path) -> Iterator[Kept]:
    folder: Path = request.param
    recorded = json.loads((folder / "service.json").read_text(encoding="utf-8"))
    with CASES[folder.name].service() as service:
        ids = replay(service, recorded)
        service.forget_requests()
        files = tmp_path / "files"
        files.mkdir()
        (files / "Pulumi.yaml").write_text("name: test\nruntime: python\n", encoding="utf-8")
        config = (folder / "config.yaml").read_text(encoding="utf-8")
        (files / "Pulumi.dev.yaml").write_text(config, encoding="utf-8")
        stack = stack_of(files, endpoint=service.endpoint)
        write_profiles(Path(stack.environment["HOME"]), stack.workspace.project)
        yield Kept(folder, stack, service, ids)


def stacks() -> Iterator[Any]:
    for folder in STACKS:
        marks = [] if folder.name in IN_MAKE_TEST else [pytest.mark.long]
        yield pytest.param(folder, id=f"{folder.parent.name}-{folder.name}", marks=marks)


@pytest.mark.parametrize("kept", [*stacks()], indirect=True)
def test_a_state_of_an_earlier_version_is_taken_over_as_it_is(kept: Kept) -> None:
    stack, tasks = kept.stack, kept.tasks
    assert sorted(tasks.values()) == sorted(task["Id"] for task in kept.service.tasks())

    if kept.folder.name == "partial":  # its last update failed half-way: the rest is done now
        assert stack.planned() == {"partial": "update"}
        stack.up()
    stack.preview("--expect-no-changes")
    stack.refresh()
    assert kept.tasks == tasks
    stack.preview("--expect-no-changes")
    assert kept.changes_of_tasks() == []

    kept.change_tags()
    planned = {name: step for name, step in stack.planned().items() if step != "read"}
    assert planned == dict.fromkeys(tasks, "update")
    stack.up()
    assert kept.tasks == tasks
    assert kept.changes_of_tasks() == []
    for task in kept.service.tasks():
        assert {"TagKey": "team", "TagValue": "cv"} in task["Tags"]
    stack.preview("--expect-no-changes")

    stays = kept.kept_tasks
    stack.destroy()
    assert kept.tasks == {}
    assert {task["Id"] for task in kept.service.tasks()} == stays


def test_every_case_is_kept_of_the_first_version() -> None:
    assert {(folder.parent.name, folder.name) for folder in STACKS} >= {("0.1", name) for name in CASES}
