"""How long things take to start: the import in a program, the provider's process, and a command that lists."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.emulator import Emulator
from pulumi_tione.environments.names import environment_stack
from pulumi_tione.environments.tags import BRANCH
from tools.bench.figures import Figure, figure
from tools.bench.measurements.measurement import Measurement, Run
from tools.bench.stacks import ANSWER_SECONDS, BODY, EMPTY, TASKS, UP, Stack, service, show, temporary_folder, timed
from tools.bench.usage import UsageRecorder, processor_seconds, python

_IMPORT, _PROVIDER, _LIST = "import", "provider-start", "env-list-50"
_MIN_RUNS = 7
"""Short times vary: they are measured more often."""
_ENVIRONMENTS = 50


def _measure_import(run: Run) -> Iterator[Figure]:
    show("import in a program")
    own, without = python("from pulumi_tione import TrainingTask"), python("import pulumi")
    samples = [(processor_seconds(own), processor_seconds(without)) for _ in range(max(run.times, _MIN_RUNS))]
    yield figure(_IMPORT, "`from pulumi_tione import TrainingTask`, processor time", samples, "`import pulumi`", 1.15)


def _measure_provider(run: Run) -> Iterator[Figure]:
    """Measure the whole life of the provider's process in the preview of a single resource."""
    with temporary_folder() as folder, service() as emulator:
        show("start of the provider")
        previews = [
            _provider_seconds(folder / name, emulator, program.format(count=1))
            for name, program in (("tasks", TASKS), ("empty", EMPTY))
        ]
        samples = [(next(previews[0]), next(previews[1])) for _ in range(max(run.times, _MIN_RUNS))]
    title = "start of the provider for one task, processor time"
    yield figure(_PROVIDER, title, samples, "the provider of one empty resource", 1.15)


def _provider_seconds(folder: Path, emulator: Emulator, program: str) -> Iterator[float]:
    folder.mkdir()
    recorder = UsageRecorder(folder)
    stack = Stack(folder, emulator, program, recorder.environment)
    while True:
        recorder.forget()
        stack.run("preview")
        yield recorder.usage()["provider"].seconds


def _measure_list(run: Run) -> Iterator[Figure]:
    with temporary_folder() as folder, service() as emulator:
        show(f"list of {_ENVIRONMENTS} environments")
        stack = Stack(folder, emulator, TASKS.format(count=2))
        _make_environments(stack)
        own = functools.partial(_run, stack, [sys.executable, "-m", "pulumi_tione.cli", "env", "list"])
        samples = [(timed(own), stack.seconds("stack", "ls") + 2 * ANSWER_SECONDS) for _ in range(max(run.times, 5))]
    title = f"`pulumi-tione env list` of {_ENVIRONMENTS} environments with 2 tasks each"
    yield figure(_LIST, title, samples, "`pulumi stack ls` and two list calls", 2.0)


def _run(stack: Stack, command: list[str]) -> None:
    subprocess.run(command, cwd=stack.project, env=stack.workspace.environment, stdout=subprocess.DEVNULL, check=True)


def _make_environments(stack: Stack) -> None:
    """Make environments that are copies of one: each with tasks of its own, a state and the tag of its branch."""
    names = [environment_stack("bench", f"b{number:02}") for number in range(_ENVIRONMENTS)]
    stack.run("stack", "init", names[0])
    stack.run(*UP, "--stack", names[0])
    environment = stack.workspace.environment
    client = Client(Settings(lambda _: None, environment), "ap-guangzhou")
    backend = Path(environment["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi" / "stacks" / "bench"
    state = (backend / f"{names[0]}.json").read_text(encoding="utf-8")
    tasks = [*client.training_tasks({}, {"pulumi:stack": names[0]}, None)]
    for number, name in enumerate(names):
        stack.run("stack", "tag", "set", BRANCH, f"b{number:02}", "--stack", names[0])
        copied = state
        for task in tasks if number else ():
            copied = copied.replace(task["Id"], client.create_training_task(_body(task, names[0], name)))
        (backend / f"{name}.json").write_text(copied.replace(names[0], name), encoding="utf-8")
        if number:
            tags = (backend / f"{names[0]}.pulumi-tags").read_text(encoding="utf-8")
            (backend / f"{name}.pulumi-tags").write_text(tags.replace(names[0], name), encoding="utf-8")


def _body(task: Mapping[str, Any], original: str, name: str) -> dict[str, Any]:
    """Return the request that creates a copy of a task for another stack."""
    tags = {each["TagKey"]: each["TagValue"] for each in task["Tags"]} | {"pulumi:stack": name}
    return {
        **BODY,
        "Name": task["Name"].replace(original[:20], name[:20]),
        "Tags": [{"TagKey": key, "TagValue": value} for key, value in tags.items() if not key.startswith("qcs:")],
    }


MEASUREMENTS = (
    Measurement((_IMPORT,), _measure_import),
    Measurement((_PROVIDER,), _measure_provider),
    Measurement((_LIST,), _measure_list),
)
