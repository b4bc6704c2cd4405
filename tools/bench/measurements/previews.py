"""What a preview and an unchanged `up` cost beyond those of empty resources: time, and memory of the processes."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from pulumi_tione.emulator import Emulator
from tools.bench.figures import Figure, figure
from tools.bench.measurements.measurement import Measurement, Run
from tools.bench.stacks import EMPTY, TASKS, UP, Stack, service, show, temporary_folder
from tools.bench.usage import UsageRecorder

_COMMANDS = {"preview": ("preview",), "unchanged-up": UP}
_TITLES = {"preview": "`preview` of {count:,} unchanged tasks", "unchanged-up": "`up` of {count:,} unchanged tasks"}
_AGAINST = "the same stack of empty resources"


class _Measured:
    """A stack, and what its processes have taken."""

    def __init__(self, folder: Path, emulator: Emulator, program: str) -> None:
        folder.mkdir()
        self._recorder = UsageRecorder(folder)
        self.stack = Stack(folder, emulator, program, self._recorder.environment)
        self.stack.run(*UP)
        self.megabytes = {"program": 0.0, "provider": 0.0}

    def seconds(self, *command: str) -> float:
        self._recorder.forget()
        seconds = self.stack.seconds(*command)
        for name, used in self._recorder.usage().items():
            self.megabytes[name] = max(self.megabytes[name], used.megabytes)
        return seconds


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"{what}-{count}" for what in (*_COMMANDS, "program-memory", "provider-memory"))


def _measure(count: int, bound: float, memory: float, run: Run) -> Iterator[Figure]:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in _COMMANDS}
    with temporary_folder() as folder, service() as emulator:
        show(f"preview and unchanged up of {count} tasks: up")
        tasks = _Measured(folder / "tasks", emulator, TASKS.format(count=count))
        empty = _Measured(folder / "empty", emulator, EMPTY.format(count=count))
        for number in range(run.times):
            show(f"preview and unchanged up of {count} tasks, run {number + 1}")
            for name, command in _COMMANDS.items():
                times[name].append((tasks.seconds(*command), empty.seconds(*command)))
    for name, samples in times.items():
        if f"{name}-{count}" in run.names:
            yield figure(f"{name}-{count}", _TITLES[name].format(count=count), samples, _AGAINST, bound)
    for process, most in (("program", memory), ("provider", 1.25)):
        name = f"{process}-memory-{count}"
        if name in run.names:
            samples = [(tasks.megabytes[process], empty.megabytes[process])]
            yield figure(name, f"memory of the {process} with {count:,} tasks", samples, _AGAINST, most, "MB")


MEASUREMENTS = (
    Measurement(_names(200), functools.partial(_measure, 200, 1.15, 1.3)),
    Measurement(_names(1000), functools.partial(_measure, 1000, 1.2, 1.5), is_large=True),
)
