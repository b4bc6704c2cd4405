"""`up` of tasks that the program waits for, next to what people write today: a script with the SDK, and a dynamic
provider of their own that waits in `create`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.bench.figures import Figure, figure
from tools.bench.measurements.measurement import Measurement, Run
from tools.bench.stacks import TASKS, UP, Stack, calls, service, show, temporary_folder, timed

_COUNT = 200
_COMPARED = 40
"""How many tasks are compared with other programs: Pulumi handles four creates of a dynamic provider at once."""
_RUNNING_SECONDS = 20.0
_PROGRAMS = Path(__file__).resolve().parents[1] / "programs"

_AWAITED = f"awaited-{_COUNT}"
_SCRIPT, _PROVIDER = (f"{what}-{_COMPARED}" for what in ("sdk-script", "waiting-provider"))

_OWN_PROVIDER = f"""
from waiting import WaitingTask
for number in range({_COMPARED}):
    WaitingTask(f"task-{{number}}")
"""


def _short(count: int) -> str:
    """Return a program of tasks that end: the local TI-ONE reads how long a command sleeps."""
    return TASKS.format(count=count).replace("sleep 36000", f"sleep {_RUNNING_SECONDS:.0f}")


def _awaited(count: int) -> str:
    """Return a program that waits for each of its tasks."""
    tasks = _short(count).replace("    tione.TrainingTask(", "    task = tione.TrainingTask(")
    return f'{tasks}    task.wait_for("SUCCEED")\n'


def _title(count: int) -> str:
    return f"`up` of {count} tasks that run {_RUNNING_SECONDS:.0f} s, each awaited"


def _measure(run: Run) -> Iterator[Figure]:
    samples = []
    for number in range(run.times):
        show(f"{_COUNT} awaited tasks, run {number + 1}")
        seconds = _up(_awaited(_COUNT))
        samples.append((seconds, _up(_short(_COUNT)) + _RUNNING_SECONDS))
    yield figure(_AWAITED, _title(_COUNT), samples, f"the same without waits, and {_RUNNING_SECONDS:.0f} s", 1.05)


def _compare(run: Run) -> Iterator[Figure]:
    """Compare with what people write today, once: it takes minutes, and the difference is no matter of chance."""
    show(f"{_COMPARED} awaited tasks")
    seconds, title = _up(_awaited(_COMPARED)), _title(_COMPARED)
    if _SCRIPT in run.names:
        show(f"{_COMPARED} tasks by a script")
        yield figure(_SCRIPT, title, [(seconds, _script())], "a script with the SDK that creates and polls them", None)
    if _PROVIDER in run.names:
        show(f"{_COMPARED} tasks by a provider that waits in create")
        samples = [(seconds, _up(_OWN_PROVIDER))]
        yield figure(_PROVIDER, title, samples, "a dynamic provider that waits in `create`", None)


def _up(program: str) -> float:
    """Return the seconds of an `up`, and show its requests."""
    with temporary_folder() as folder, service(running=_RUNNING_SECONDS) as emulator:
        stack = Stack(folder, emulator, program)
        (stack.project / "waiting.py").write_text((_PROGRAMS / "waiting.py").read_text(encoding="utf-8"), "utf-8")
        seconds = stack.seconds(*UP)
        counted = calls(emulator)
        show(f"  {seconds:.1f} s; {', '.join(f'{times} {action}' for action, times in counted.items())}")
        return seconds


def _script() -> float:
    with temporary_folder() as folder, service(running=_RUNNING_SECONDS) as emulator:
        environment = Stack(folder, emulator, "").workspace.environment
        command = [sys.executable, str(_PROGRAMS / "sdk_script.py"), str(_COMPARED)]
        seconds = timed(lambda: subprocess.run(command, env=environment, check=True))
        counted = calls(emulator)
        show(f"  {seconds:.1f} s; {', '.join(f'{times} {action}' for action, times in counted.items())}")
        return seconds


MEASUREMENTS = (
    Measurement((_AWAITED,), _measure),
    Measurement((_SCRIPT, _PROVIDER), _compare),
)
