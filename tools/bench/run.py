"""`make bench`: what this package costs, each figure a ratio within one run.

On a local TI-ONE that takes 100 ms for an answer and 20 requests of an action a second, with PULUMI_PARALLEL=64. It is
compared with the same stack of dynamic resources that do nothing, and with what the service's limits alone would take.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "pulumi"))

from workspace import Workspace  # noqa: E402  the folder is no package: it is found by the line above

from pulumi_tione.emulator import Emulator, Status  # noqa: E402

ANSWER_SECONDS = 0.1
REQUESTS_A_SECOND = 20
STOPPING_SECONDS = 10

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
SPECS_AND_COUNTS = 20
"""How many distinct pairs of a spec and a count the tasks have whose preview is measured with prices."""

PRICED = TASKS.replace('"instance_num": 1', f'"instance_num": 1 + number % {SPECS_AND_COUNTS}')
PRICES = {"TIONE_ESTIMATE_COST": "true", "TIONE_MAX_STACK_HOURLY_COST": "1000000"}

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


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tasks", type=int, default=200)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--prices", action="store_true", help="measure previews with prices only")
    options = arguments.parse_args()
    count, runs = options.tasks, options.runs
    priced = previews_with_prices(count, runs)
    if options.prices:
        print("\n".join((HEADER, *priced)))
        return 0
    limits = count / REQUESTS_A_SECOND

    imports = [(imported("pulumi_tione"), imported("pulumi")) for _ in range(max(runs, 5))]
    rows = [ratio("import pulumi_tione", imports, "import pulumi", 1.3)]
    tasks, empty = [], []
    for _ in range(runs):
        tasks.append(life(TASKS.format(count=count)))
        empty.append(life(EMPTY.format(count=count)))
    for step, bound in (("up", 1.15), ("preview", 1.3), ("unchanged up", 1.3)):
        due = limits if step == "up" else 0.0
        times = [(task[step], due + without[step]) for task, without in zip(tasks, empty, strict=True)]
        against = "N/20 s + the empty stack" if due else "the empty stack"
        rows.append(ratio(f"{step} of {count} tasks", times, against, bound))
    destroyed = [(task["destroy"], STOPPING_SECONDS + limits) for task in tasks]
    against = f"{STOPPING_SECONDS} s to stop + N/20 s"
    rows.append(ratio(f"destroy of {count} running tasks", destroyed, against, 3))
    reviews = [(task["review"], 1.0) for task in tasks]
    rows.append(ratio(f"review of {count} tasks", reviews, "1 s beyond the start of the command", 1))
    print("\n".join((HEADER, *rows, *priced)))
    return 0


HEADER = f"{'what':32} {'seconds':>8} {'ratio':>6} {'bound':>6}  of"


def previews_with_prices(count: int, runs: int) -> list[str]:
    """Return the lines about previews with prices: of new tasks, and of tasks that are all replaced."""
    folder = Path(tempfile.mkdtemp())
    try:
        with Emulator(requests_a_second=REQUESTS_A_SECOND, durations=durations()) as emulator:
            emulator.faults.add("*", delay_seconds=ANSWER_SECONDS, times=None)
            project = project_in(folder, PRICED.format(count=count))
            without, with_prices = (
                Workspace(project, folder, emulator.endpoint, {"PULUMI_PARALLEL": "64", **settings})
                for settings in ({}, PRICES)
            )
            run(without, "stack", "init", "dev")
            new, calls = compared_previews(emulator, without, with_prices, runs)
            rows = [
                ratio(f"preview of {count} new tasks, priced", new, "without prices", 1.15),
                f"{'':32} {calls:8} price calls at most, for {min(SPECS_AND_COUNTS, count)} specs and counts",
            ]
            run(without, "up", "--yes", "--skip-preview")
            (project / "__main__.py").write_text(PRICED.format(count=count).replace("36000", "36001"), encoding="utf-8")
            replaced, _ = compared_previews(emulator, without, with_prices, runs)
            return [*rows, ratio(f"preview of {count} replaced, priced", replaced, "without prices", 1.15)]
    finally:
        shutil.rmtree(folder)


def compared_previews(
    emulator: Emulator, without: Workspace, with_prices: Workspace, runs: int
) -> tuple[list[tuple[float, float]], int]:
    """Return the seconds of previews with and without prices, and how many price calls one has at most."""
    times, calls = [], 0
    for _ in range(runs):
        emulator.forget_requests()
        priced = timed(functools.partial(run, with_prices, "preview"))
        asked = [each for each in emulator.requests() if each["action"] == "DescribeBillingSpecsPrice"]
        calls = max(calls, len(asked))
        times.append((priced, timed(functools.partial(run, without, "preview"))))
    return times, calls


def ratio(what: str, times: list[tuple[float, float]], of: str, bound: float) -> str:
    """Return a line of the table: the median of the ratios, each of two times of one run."""
    median = statistics.median(task / without for task, without in times)
    return f"{what:32} {statistics.median(task for task, _ in times):8.2f} {median:6.2f} {bound:6.2f}  {of}"


def imported(module: str) -> float:
    return timed(lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True))


def life(program: str) -> dict[str, float]:
    """Take a stack through its life, and give the seconds of each step."""
    folder = Path(tempfile.mkdtemp())
    try:
        with Emulator(requests_a_second=REQUESTS_A_SECOND, durations=durations()) as emulator:
            emulator.faults.add("*", delay_seconds=ANSWER_SECONDS, times=None)
            project = project_in(folder, program)
            (project / "empty.py").write_text(EMPTY_PROVIDER, encoding="utf-8")
            workspace = Workspace(project, folder, emulator.endpoint, {"PULUMI_PARALLEL": "64"})
            run(workspace, "stack", "init", "dev")
            steps = {
                "up": ("up", "--yes", "--skip-preview"),
                "preview": ("preview",),
                "unchanged up": ("up", "--yes", "--skip-preview"),
                "destroy": ("destroy", "--yes", "--skip-preview"),
            }
            seconds = {}
            for step, command in steps.items():
                if step == "destroy":
                    seconds["review"] = reviewed(workspace)
                seconds[step] = timed(functools.partial(run, workspace, *command))
            return seconds
    finally:
        shutil.rmtree(folder)


def reviewed(workspace: Workspace) -> float:
    """Return the seconds that a review takes of a preview that replaces all tasks, beyond the start of the command."""
    program = workspace.project / "__main__.py"
    program.write_text(program.read_text(encoding="utf-8").replace("36000", "36001"), encoding="utf-8")
    code, preview = workspace.run("preview", "--json", "--show-sames", "--refresh")
    if code:
        raise SystemExit(preview)
    file = workspace.project / "preview.json"
    file.write_text(preview, encoding="utf-8")
    tione = functools.partial(
        subprocess.run, cwd=workspace.project, env=workspace.environment, stdout=subprocess.DEVNULL, check=True
    )
    command = [sys.executable, "-m", "pulumi_tione.cli"]
    start = min(timed(lambda: tione([*command, "--version"])) for _ in range(3))
    return min(timed(lambda: tione([*command, "review", str(file)])) for _ in range(3)) - start


def project_in(folder: Path, program: str) -> Path:
    """Make a project with a program, and return its folder."""
    project = folder / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: bench\nruntime: python\n", encoding="utf-8")
    (project / "__main__.py").write_text(program, encoding="utf-8")
    return project


def durations() -> dict[Status, float]:
    """A task runs at once, and takes long to stop."""
    quick = dict.fromkeys((Status.SUBMITTING, Status.PENDING, Status.STARTING), 0.1)
    return {**quick, Status.RUNNING: 36000.0, Status.STOPPING: float(STOPPING_SECONDS)}


def run(workspace: Workspace, *arguments: str) -> None:
    code, output = workspace.run(*arguments)
    if code:
        raise SystemExit(f"pulumi {' '.join(arguments)} failed:\n{output}")


def timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


if __name__ == "__main__":
    os.environ.pop("PULUMI_PARALLEL", None)
    sys.exit(main())
