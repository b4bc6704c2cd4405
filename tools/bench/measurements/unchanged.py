"""What commands cost where nothing has changed: `refresh` of a stack that is up."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from tools.bench.figures import Figure, figure
from tools.bench.measurements.measurement import Measurement, Run
from tools.bench.stacks import (
    ANSWER_SECONDS,
    EMPTY,
    REFRESH,
    TASKS,
    UP,
    Stack,
    calls,
    service,
    show,
    temporary_folder,
)

_PAGE_SIZE = 50
"""How many tasks a list call returns."""


def _measure(count: int, bound: float, run: Run) -> Iterator[Figure]:
    name = f"refresh-{count}"
    lists = count / _PAGE_SIZE * ANSWER_SECONDS
    samples = []
    with temporary_folder() as folder, service() as emulator:
        show(f"refresh of {count} tasks: up")
        tasks = Stack(folder / "tasks", emulator, TASKS.format(count=count))
        empty = Stack(folder / "empty", emulator, EMPTY.format(count=count))
        tasks.run(*UP)
        empty.run(*UP)
        tasks.run(*REFRESH)  # records that the tasks run: since they were created, their statuses have changed
        for number in range(run.times):
            emulator.forget_requests()
            samples.append((tasks.seconds(*REFRESH), lists + empty.seconds(*REFRESH)))
            counted = ", ".join(f"{times} {action}" for action, times in calls(emulator).items())
            show(f"refresh of {count} tasks, run {number + 1}: {counted}")
    title = f"`refresh` of {count:,} unchanged tasks"
    yield figure(name, title, samples, "the same stack of empty resources, and a list call for each 50 tasks", bound)


MEASUREMENTS = (
    Measurement(("refresh-200",), functools.partial(_measure, 200, 1.5)),
    Measurement(("refresh-1000",), functools.partial(_measure, 1000, 2.0), is_large=True),
)
