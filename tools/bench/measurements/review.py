"""`pulumi-tione review` of a preview that replaces all tasks."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Iterator

from tools.bench.figures import Figure, figure
from tools.bench.measurements.measurement import Measurement, Run
from tools.bench.stacks import TASKS, UP, Stack, service, show, temporary_folder, timed

_COUNT = 200
_NAME = f"review-{_COUNT}"


def _measure(run: Run) -> Iterator[Figure]:
    with temporary_folder() as folder, service() as emulator:
        stack = Stack(folder, emulator, TASKS.format(count=_COUNT))
        show(f"review of {_COUNT} tasks")
        stack.run(*UP)
        stack.program.write_text(TASKS.format(count=_COUNT).replace("36000", "36001"), encoding="utf-8")
        file = stack.project / "preview.json"
        file.write_text(stack.run("preview", "--json", "--show-sames", "--refresh"), encoding="utf-8")
        start = functools.partial(_seconds, stack, "--version")
        review = functools.partial(_seconds, stack, "review", str(file))
        samples = [(review() - start(), 1.0) for _ in range(run.times)]
    yield figure(_NAME, f"`pulumi-tione review` of {_COUNT} replaced tasks beyond its start", samples, "a second", 1.0)


def _seconds(stack: Stack, *arguments: str) -> float:
    command = [sys.executable, "-m", "pulumi_tione.cli", *arguments]
    environment = stack.workspace.environment
    run = functools.partial(
        subprocess.run, command, cwd=stack.project, env=environment, stdout=subprocess.DEVNULL, check=True
    )
    return timed(run)


MEASUREMENTS = (Measurement((_NAME,), _measure),)
