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
_RUNNING_SECONDS = 20.0
_PROGRAMS = Path(__file__).resolve().parents[1] / "programs"

_AWAITED, _SCRIPT, _PROVIDER = (f"{what}-{_COUNT}" for what in ("awaited", "sdk-script", "waiting-provider"))

_TASKS = TASKS.format(count=_COUNT)
_AWAITED_TASKS = f"{_TASKS.replace('    tione.TrainingTask(', '    task = tione.TrainingTask(')}" + (
    '    task.wait_for("SUCCEED")\n'
)
_OWN_PROVIDER = f"""
from waiting import WaitingTask
for number in range({_COUNT}):
    WaitingTask(f"task-{{number}}")
"""


def _measure(run: Run) -> Iterator[Figure]:
    awaited, scripts, providers = [], [], []
    for number in range(run.times):
        show(f"{_COUNT} awaited tasks, run {number + 1}")
        seconds, _ = _up(_AWAITED_TASKS)
        if _AWAITED in run.names:
            without, _ = _up(_TASKS)
            awaited.append((seconds, without + _RUNNING_SECONDS))
        if _SCRIPT in run.names:
            show(f"{_COUNT} tasks by a script, run {number + 1}")
            scripts.append((seconds, _script()))
        if _PROVIDER in run.names:
            show(f"{_COUNT} tasks by a provider that waits in create, run {number + 1}")
            slow, _ = _up(_OWN_PROVIDER)
            providers.append((seconds, slow))
    title = f"`up` of {_COUNT} tasks that run {_RUNNING_SECONDS:.0f} s, each awaited"
    if awaited:
        yield figure(_AWAITED, title, awaited, f"the same without waits, and {_RUNNING_SECONDS:.0f} s", 1.05)
    if scripts:
        yield figure(_SCRIPT, title, scripts, "a script with the SDK that creates and polls them", None)
    if providers:
        yield figure(_PROVIDER, title, providers, "a dynamic provider that waits in `create`", None)


def _up(program: str) -> tuple[float, int]:
    """Return the seconds of an `up`, and how many requests of tasks it sent."""
    with temporary_folder() as folder, service(running=_RUNNING_SECONDS) as emulator:
        stack = Stack(folder, emulator, program)
        (stack.project / "waiting.py").write_text((_PROGRAMS / "waiting.py").read_text(encoding="utf-8"), "utf-8")
        seconds = stack.seconds(*UP)
        counted = calls(emulator)
        show(f"  {seconds:.1f} s; {', '.join(f'{times} {action}' for action, times in counted.items())}")
        return seconds, sum(counted.values())


def _script() -> float:
    with temporary_folder() as folder, service(running=_RUNNING_SECONDS) as emulator:
        environment = Stack(folder, emulator, "").workspace.environment
        command = [sys.executable, str(_PROGRAMS / "sdk_script.py"), str(_COUNT)]
        seconds = timed(lambda: subprocess.run(command, env=environment, check=True))
        counted = calls(emulator)
        show(f"  {seconds:.1f} s; {', '.join(f'{times} {action}' for action, times in counted.items())}")
        return seconds


MEASUREMENTS = (Measurement((_AWAITED, _SCRIPT, _PROVIDER), _measure),)
