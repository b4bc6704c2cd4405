"""Stacks to measure: training tasks, and dynamic resources that do nothing, at a local TI-ONE with its limits.

How long a stack takes, and what its processes take, is in `usage.py`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workspace import Workspace

from pulumi_tione.emulator import Emulator, Status

ANSWER_SECONDS = 0.1
REQUESTS_A_SECOND = 20
STOPPING_SECONDS = 10.0

TASKS = """
import pulumi_tione as tione
for number in range({count}):
    tione.TrainingTask(
        f"task-{{number}}",
        framework_name="PYTORCH",
        framework_environment="torch2.1-py3.10-cuda12.1-gpu",
        training_mode="DDP",
        charge_type="POSTPAID_BY_HOUR",
        start_cmd_info={{"worker_start_cmd": "sleep 36000"}},
        resource_config_infos=[{{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1}}],
    )
"""

BODY: Mapping[str, Any] = {
    "ChargeType": "POSTPAID_BY_HOUR",
    "FrameworkName": "PYTORCH",
    "FrameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
    "TrainingMode": "DDP",
    "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 36000"},
    "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}],
}
"""The request that creates such a task, without its name."""

EMPTY = """
from empty import Empty
for number in range({count}):
    Empty(f"task-{{number}}")
"""
EMPTY_PROVIDER = '''
"""A dynamic resource that does nothing."""

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class EmptyProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return CreateResult("empty", props)


class Empty(Resource):
    def __init__(self, name):
        super().__init__(EmptyProvider(), name, {"value": "x"})
'''

UP = ("up", "--yes", "--skip-preview")
DESTROY = ("destroy", "--yes", "--skip-preview")
REFRESH = ("refresh", "--yes", "--skip-preview")


class Stack:
    """A stack of a program of its own, with its own project and backend.

    Args:
        folder: where project and backend go.
        emulator: the local TI-ONE that it speaks to.
        program: the text of the program.
        environment: what else the program finds in its environment.
    """

    def __init__(
        self, folder: Path, emulator: Emulator, program: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.project = folder / "project"
        self.project.mkdir(parents=True)
        (self.project / "Pulumi.yaml").write_text("name: bench\nruntime: python\n", encoding="utf-8")
        (self.project / "empty.py").write_text(EMPTY_PROVIDER, encoding="utf-8")
        self.program = self.project / "__main__.py"
        self.program.write_text(program, encoding="utf-8")
        settings = {"PULUMI_PARALLEL": "64", **(environment or {})}
        self.workspace = Workspace(self.project, folder, emulator.endpoint, settings)
        self.run("stack", "init", "dev")

    def run(self, *arguments: str) -> str:
        """Run the CLI, and return its output.

        Raises:
            SystemExit: the command failed.
        """
        code, output = self.workspace.run(*arguments)
        if code:
            raise SystemExit(f"pulumi {' '.join(arguments)} failed:\n{output}")
        return output

    def seconds(self, *arguments: str) -> float:
        """Run the CLI, and return the seconds that it took."""
        return timed(lambda: self.run(*arguments))


@contextmanager
def temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def service(*, running: float = 36000.0) -> Iterator[Emulator]:
    """Run a local TI-ONE with the limits of the service: a task starts at once, runs long, and takes long to stop."""
    quick = dict.fromkeys((Status.SUBMITTING, Status.PENDING, Status.STARTING), 0.1)
    durations = {**quick, Status.RUNNING: running, Status.STOPPING: STOPPING_SECONDS}
    with Emulator(requests_a_second=REQUESTS_A_SECOND, durations=durations) as emulator:
        emulator.faults.add("*", delay_seconds=ANSWER_SECONDS, times=None)
        yield emulator


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def show(text: str) -> None:
    """Show on standard error what is being measured."""
    print(text, file=sys.stderr, flush=True)


def calls(emulator: Emulator) -> Counter[str]:
    """Return how often each action was requested since the record was last emptied."""
    return Counter(str(request["action"]) for request in emulator.requests())
