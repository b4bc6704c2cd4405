"""`pulumi-tione import --pending`: what killed updates leave in the state is resolved in one write.

Which task a pending create has made is decided in `test_pending_creates.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from engine_support import Stack
from local_tione import accepted

from pulumi_tione._schema.identity import TYPE
from pulumi_tione.emulator import Emulator
from pulumi_tione.stacks import pending_creates

pytestmark = [pytest.mark.engine, pytest.mark.long]

Tione = Callable[..., Result]


def below(pid: int) -> Iterator[int]:
    """The processes below a process."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                yield int(entry.name)
                yield from below(int(entry.name))


@pytest.fixture
def kill_up(stack: Stack, emulator: Emulator) -> Iterator[Callable[[int], None]]:
    """Runs `pulumi up` and kills it, and nothing else, while this many create requests are on their way.

    The provider's process lives on, as it does after a real kill: its creates take effect. It ends with the test.
    """
    left: list[int] = []

    def run(creates: int) -> None:
        before = len(asked(emulator))
        emulator.faults.add("CreateTrainingTask", delay_seconds=2, times=creates)
        up = subprocess.Popen(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
            cwd=stack.workspace.project,
            env=stack.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 30
            while len(asked(emulator)) < before + creates:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            left.extend(below(up.pid))
        finally:
            os.killpg(up.pid, signal.SIGKILL)
            up.wait()
        stack.pulumi("cancel", "--yes")

    yield run
    for pid in left:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cwd").readlink() == stack.workspace.project:
                os.kill(pid, signal.SIGKILL)


def asked(emulator: Emulator) -> list[dict[str, Any]]:
    return [request for request in emulator.requests() if request["action"] == "CreateTrainingTask"]


def test_what_a_killed_update_created_is_in_the_state_afterwards(
    stack: Stack, emulator: Emulator, tione: Tione, kill_up: Callable[[int], None]
) -> None:
    stack.program(
        """
secret = dict(private_envs={"TOKEN": "planted-1"}, remark=pulumi.Output.secret("planted-2"))
tione.TrainingTask("first", **B)
tione.TrainingTask("second", **(B | dict(name="named", **secret)))
"""
    )
    kill_up(2)
    while len(emulator.tasks()) < 2:
        time.sleep(0.1)
    orphans = json.loads(tione("orphans", "--json", exit_code=1).stdout)["orphans"]
    assert [orphan["pendingCreate"] for orphan in orphans] == [True, True]
    assert "Run `pulumi-tione import --pending` first" in tione("import", "third", "named", exit_code=2).stderr
    assert "has not created 'named'" in tione("import", "first", "named", exit_code=2).stderr
    assert "nothing was changed" in tione("import", "--pending", answers="n\n", exit_code=2).stderr
    resolved = tione("import", "--pending", "--yes").stderr
    for task in emulator.tasks():
        assert f"becomes a resource: {task['Id']}" in resolved
    assert "3 unchanged" in stack.up()
    assert len(accepted(emulator, "CreateTrainingTask")) == 2
    assert "planted" not in stack.exported()
    assert "There are no pending creates of training tasks" in tione("import", "--pending").stderr


def test_the_successor_of_a_task_takes_its_place(
    stack: Stack, emulator: Emulator, tione: Tione, kill_up: Callable[[int], None]
) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    (old,) = emulator.tasks()
    stack.program('tione.TrainingTask("t", **(B | dict(remark="new")))')
    kill_up(1)
    while not emulator.tasks():
        time.sleep(0.1)
    (new,) = emulator.tasks()
    assert new["Id"] != old["Id"]
    tione("import", "t", str(new["Id"]), "--yes")
    assert "2 unchanged" in stack.up()
    resource = stack.resource("t")
    assert resource
    assert resource["id"] == new["Id"]


def test_pending_creates_of_other_types_are_not_dropped_with_tasks(
    stack: Stack, tione: Tione, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_creates, "_TIMEOUT_SECONDS", 0)
    bucket = {"urn": "urn:pulumi:dev::test::aws:s3/bucket:Bucket::data", "custom": True, "type": "aws:s3/bucket:Bucket"}
    task = {
        "urn": f"urn:pulumi:dev::test::{TYPE}::t",
        "custom": True,
        "type": TYPE,
        "inputs": {"name": "never-made", "region": "ap-guangzhou"},
    }
    checkpoint = stack.workspace.project.parent / "backend" / ".pulumi" / "stacks" / "test" / "dev.json"

    def leave_pending(*resources: dict[str, Any]) -> None:
        content = json.loads(checkpoint.read_text(encoding="utf-8"))
        operations = [{"resource": resource, "type": "creating"} for resource in resources]
        content["checkpoint"]["latest"]["pending_operations"] = operations
        checkpoint.write_text(json.dumps(content), encoding="utf-8")

    leave_pending(task, bucket)
    refused = tione("import", "--pending", "--yes", exit_code=2).stderr
    assert f"creates of other resources are pending ({bucket['urn']})" in refused
    assert len(json.loads(stack.exported())["deployment"]["pending_operations"]) == 2

    leave_pending(task)
    resolved = tione("import", "--pending", "--yes").stderr
    assert "is dropped: no task named 'never-made' is in ap-guangzhou (default workspace)" in resolved
    assert "pending_operations" not in json.loads(stack.exported())["deployment"]
