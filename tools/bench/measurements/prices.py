"""Previews with prices, against the same ones without."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_tione.emulator import Emulator
from tools.bench.figures import Figure, figure
from tools.bench.measurements.measurement import Measurement, Run
from tools.bench.stacks import TASKS, UP, Stack, calls, service, show, temporary_folder

_COUNT = 200
_SPECS_AND_COUNTS = 20
"""How many distinct combinations of a spec and a count the tasks have."""

_PRICED = TASKS.format(count=_COUNT).replace('"instance_num": 1', f'"instance_num": 1 + number % {_SPECS_AND_COUNTS}')
_PRICES = {"TIONE_ESTIMATE_COST": "true", "TIONE_MAX_STACK_HOURLY_COST": "1000000"}
_NEW, _REPLACED = f"priced-preview-{_COUNT}", f"priced-replacement-{_COUNT}"


def _measure(run: Run) -> Iterator[Figure]:
    with temporary_folder() as folder, service() as emulator:
        stack = Stack(folder, emulator, _PRICED)
        if _NEW in run.names:
            yield _compared(_NEW, f"preview of {_COUNT} new tasks with prices", stack, emulator, run)
        if _REPLACED in run.names:
            stack.run(*UP)
            stack.program.write_text(_PRICED.replace("36000", "36001"), encoding="utf-8")
            yield _compared(_REPLACED, f"preview of {_COUNT} replaced tasks with prices", stack, emulator, run)


def _compared(name: str, title: str, stack: Stack, emulator: Emulator, run: Run) -> Figure:
    samples = []
    for number in range(run.times):
        emulator.forget_requests()
        samples.append((_preview(stack, _PRICES), _preview(stack, {})))
        requested = calls(emulator)["DescribeBillingSpecsPrice"]
        show(f"{title}, run {number + 1}: {requested} price calls for {_SPECS_AND_COUNTS} specs and counts")
    return figure(name, title, samples, "the same without prices", 1.15)


def _preview(stack: Stack, environment: dict[str, str]) -> float:
    before = stack.workspace.environment
    stack.workspace.environment = {**before, **environment}
    try:
        return stack.seconds("preview")
    finally:
        stack.workspace.environment = before


MEASUREMENTS = (Measurement((_NEW, _REPLACED), _measure),)
