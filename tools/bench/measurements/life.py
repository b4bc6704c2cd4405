"""`up` of new tasks, and `destroy` of running ones."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from tools.bench.figures import Figure, figure
from tools.bench.measurements.measurement import Measurement, Run
from tools.bench.stacks import (
    DESTROY,
    EMPTY,
    REQUESTS_A_SECOND,
    STOPPING_SECONDS,
    TASKS,
    UP,
    Stack,
    service,
    show,
    temporary_folder,
)

_PARALLEL_DESTROY = {"PULUMI_PARALLEL": "256"}


def _measure(count: int, bound: float, run: Run) -> Iterator[Figure]:
    up, destroy = f"up-{count}", f"destroy-{count}"
    limit = count / REQUESTS_A_SECOND
    ups, destroys = [], []
    for number in range(run.times):
        with temporary_folder() as folder, service() as emulator:
            show(f"up of {count} tasks, run {number + 1}")
            tasks = Stack(folder / "tasks", emulator, TASKS.format(count=count), _PARALLEL_DESTROY)
            seconds = tasks.seconds(*UP, "--parallel", "64")
            if up in run.names:
                empty = Stack(folder / "empty", emulator, EMPTY.format(count=count))
                ups.append((seconds, limit + empty.seconds(*UP)))
            if destroy in run.names:
                show(f"destroy of {count} tasks, run {number + 1}")
                single = Stack(folder / "single", emulator, EMPTY.format(count=1), _PARALLEL_DESTROY)
                single.run(*UP)
                least = STOPPING_SECONDS + limit + single.seconds(*DESTROY)
                destroys.append((tasks.seconds(*DESTROY), least))
    if ups:
        against = "N/20 s and the same stack of empty resources"
        yield figure(up, f"`up` of {count:,} tasks", ups, against, bound)
    if destroys:
        title = f"`destroy` of {count:,} running tasks that take {STOPPING_SECONDS:.0f} s to stop, PULUMI_PARALLEL=256"
        against = f"{STOPPING_SECONDS:.0f} s, N/20 s and `destroy` of one empty resource"
        yield figure(destroy, title, destroys, against, 1.3)


MEASUREMENTS = (
    Measurement(("up-200", "destroy-200"), functools.partial(_measure, 200, 1.0)),
    Measurement(("up-1000",), functools.partial(_measure, 1000, 1.1), is_large=True),
)
