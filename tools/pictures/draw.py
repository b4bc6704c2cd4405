"""`make pictures`: draw `docs/images/*.svg`, what a terminal shows, and `docs/images/review.png`.

    python tools/pictures/draw.py [PICTURE…]     such as `up`, or all

Each picture is a real run of the command in a terminal, on a local TI-ONE whose clock stands still. What differs from
run to run, such as ids, is replaced. `review` needs Chromium; the others need no browser.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "pulumi")]

from ensure import engine_path  # noqa: E402  the folder is no package: it is found by the line above
from rich.text import Text  # noqa: E402
from workspace import Workspace  # noqa: E402

from pulumi_tione.emulator import Emulator  # noqa: E402
from tools.pictures import review  # noqa: E402
from tools.pictures.terminal import Terminal, drawn, replaced  # noqa: E402

IMAGES = ROOT / "docs" / "images"
COLUMNS = 119
PROGRAMS = {
    "pulumi": str(engine_path() / "pulumi"),
    "pulumi-tione": str(Path(sys.executable).with_name("pulumi-tione")),
}

PRELUDE = """\
import pulumi
import pulumi_tione as tione


def train(name, command, nodes=1, spec="TI.GN10.2XLARGE40.POST", **more):
    return tione.TrainingTask(
        name,
        framework_name="PYTORCH",
        framework_environment="torch2.1-py3.10-cuda12.1-gpu",
        training_mode="DDP",
        charge_type="POSTPAID_BY_HOUR",
        start_cmd_info={"worker_start_cmd": command},
        resource_config_infos=[{"role": "WORKER", "instance_type": spec, "instance_num": nodes}],
        **more,
    )


"""


class Project:
    """A project, its stack and a local TI-ONE, with git for environments."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.emulator = emulator
        self.folder = folder / "nlp"
        self.folder.mkdir()
        self.workspace = Workspace(self.folder, folder, emulator.endpoint)
        self.environment = {
            **{name: value for name, value in self.workspace.environment.items() if name not in ("CI", "NO_COLOR")},
            **{f"GIT_{who}_NAME": "nlp" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "nlp@example.com" for who in ("AUTHOR", "COMMITTER")},
        }
        (self.folder / "Pulumi.yaml").write_text("name: nlp\nruntime: python\n", encoding="utf-8")
        self.pulumi("stack", "init", "dev")

    def program(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(PRELUDE + text, encoding="utf-8")

    def pulumi(self, *arguments: str) -> None:
        code, printed = self.workspace.run(*arguments)
        if code:
            raise SystemExit(f"pulumi {' '.join(arguments)} ended with {code}:\n{printed}")

    def run(self, *command: str) -> None:
        """Run a program to its end, which must succeed."""
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}:\n{ran.stdout}")

    def git(self, *arguments: str) -> None:
        self.run("git", *arguments)

    def tione(self, *arguments: str) -> None:
        self.run(PROGRAMS["pulumi-tione"], *arguments)

    def plan(self, resource: str | None, **plan: Any) -> None:
        """Plan the run of the task of a resource, or of all tasks."""
        for task in self.emulator.tasks():
            if resource in (None, *(tag["TagValue"] for tag in task["Tags"] if tag["TagKey"] == "pulumi:resource")):
                self.emulator.plan_runs(task["Id"], **plan)

    @contextmanager
    def terminal(self, command: str, columns: int = COLUMNS) -> Iterator[Terminal]:
        """Run a command of the user in a terminal."""
        program, *arguments = command.split()
        with Terminal([PROGRAMS[program], *arguments], self.folder, self.environment, columns) as terminal:
            yield terminal


@dataclass(frozen=True)
class Scene:
    """What a picture shows.

    Attributes:
        command: what the user typed.
        lines: what the terminal shows of it.
        columns: how wide the terminal is.
    """

    command: str
    lines: Sequence[Text]
    columns: int = COLUMNS


def preview(project: Project) -> Scene:
    """Show the preview of a change that replaces a task, with its price."""
    before = (
        'train("bert", "python train.py --epochs 3", nodes=2)\ntrain("eval", "python eval.py", tags={"team": "nlp"})\n'
    )
    project.program(before)
    project.pulumi("config", "set", "tione:estimateCost", "true")
    project.pulumi("up", "--yes", "--skip-preview")
    project.program(before.replace("epochs 3", "epochs 5").replace("nodes=2", "nodes=4").replace("nlp", "cv"))
    command = "pulumi preview --diff"
    with project.terminal(command) as terminal:
        return Scene(command, terminal.wait())


RUNS = """\
for name, nodes in (("bert", 2), ("bert-large", 4), ("gpt", 8)):
    done = train(name, f"python {name}.py", nodes).wait_for("SUCCEED")
    pulumi.export(name, done.status)
"""


def up(project: Project) -> Scene:
    """Show an update while it waits: one task has succeeded, one runs, one has no nodes yet."""
    project.program(RUNS)
    command = "pulumi up --yes --skip-preview"
    with project.terminal(command) as terminal:
        terminal.wait_until(lambda text: text.count("SUBMITTING") == 3)
        project.plan("gpt", seconds={"STARTING": "forever"})
        project.plan("bert", running_seconds=2700)
        project.plan("bert-large", running_seconds="forever")
        project.emulator.advance(60)
        terminal.wait_until(lambda text: text.count("RUNNING") == 2 and "STARTING" in text)
        project.emulator.advance(2700)
        terminal.wait_until(lambda text: "SUCCEED after" in text)
        lines = terminal.lines()
        terminal.end()
        return Scene(command, lines)


FAILED_LOG = (
    "epoch 1/3  loss 2.114  12.4 samples/s",
    "epoch 2/3  loss 1.873  12.5 samples/s",
    "Traceback (most recent call last):",
    '  File "/opt/ml/code/train.py", line 88, in step',
    "    loss.backward()",
    "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.17 GiB",
)


def failure(project: Project) -> Scene:
    """Show the end of an update in which a task fails."""
    project.program(
        'done = train("bert", "python train.py", 2).wait_for("SUCCEED")\npulumi.export("status", done.status)\n'
    )
    command = "pulumi up --yes --skip-preview"
    with project.terminal(command) as terminal:
        terminal.wait_until(lambda text: "SUBMITTING" in text)
        output = [(600.0 * number, line) for number, line in enumerate(FAILED_LOG, 1)]
        project.plan("bert", outcome="FAILED", running_seconds=4320, output=output)
        project.emulator.advance(60)
        project.emulator.advance(7200)
        return Scene(command, terminal.wait(exit_code=1))


def status(project: Project) -> Scene:
    """Show the tasks of a stack."""
    project.program(RUNS.replace('.wait_for("SUCCEED")', ""))
    project.pulumi("up", "--yes", "--skip-preview")
    project.plan("gpt", seconds={"STARTING": "forever"})
    project.plan("bert", running_seconds=2700)
    project.plan("bert-large", outcome="FAILED", running_seconds=4320, output=[(60.0, FAILED_LOG[-1])])
    project.emulator.advance(60)
    project.emulator.advance(7200)
    command = "pulumi-tione status"
    with project.terminal(f"{command} --once") as terminal:
        return Scene(command, terminal.wait())


def env_list(project: Project) -> Scene:
    """Show the environments of three branches: one runs, one is stopped, one has lost its branch."""
    origin = project.folder.with_name("origin.git")
    project.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    project.git("init", "--quiet", "--initial-branch=main")
    project.git("remote", "add", "origin", str(origin))
    (project.folder / "Pulumi.dev.yaml").write_text("config:\n  tione:region: ap-guangzhou\n", encoding="utf-8")
    (project.folder / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    for branch, nodes in (("main", 1), ("longer-context", 4), ("fix-lr", 2), ("adafactor", 1)):
        project.git("checkout", "--quiet", "-B", branch)
        project.program(f'train("bert", "python train.py", {nodes})\ntrain("eval", "python eval.py")\n')
        project.git("add", "--all")
        project.git("commit", "--quiet", "--message", "a change")
        project.git("push", "--quiet", "origin", branch)
        if branch != "main":
            project.tione("env", "up", "--yes")
            project.plan(None, running_seconds="forever", seconds={"STOPPING": 0})
            project.emulator.advance(60)
            project.emulator.advance(3600)
    project.git("checkout", "--quiet", "main")
    project.tione("env", "stop", "fix-lr", "--yes")
    project.git("push", "--quiet", "origin", "--delete", "adafactor")
    project.git("branch", "--quiet", "-D", "adafactor")
    command, columns = "pulumi-tione env list", 132
    with project.terminal(command, columns) as terminal:
        return Scene(command, terminal.wait(), columns)


SCENES = {"preview": preview, "up": up, "failure": failure, "status": status, "env-list": env_list}

VARYING = (
    (re.compile(r"(train-\d+)-[0-9a-z]{12}\b"), r"\1-m29t3x96pe5a"),
    (re.compile(r"request id: [0-9a-f-]{36}"), "request id: cf960b5b-d8b1-4dd0-85b0-a0a6810d1121"),
    (re.compile(r"started: \S+"), "started: 2026-11-26T10:31:00+08:00"),
    (re.compile(r"ended: \S+"), "ended: 2026-11-26T11:43:00+08:00"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00(?=  )"), "2026-11-26T11:43:00+08:00"),
    (re.compile(r"SUCCEED after \d+ s"), "SUCCEED after 46 min"),
    (re.compile(r"\(\d+\.\d+s\)(\**)"), r"(0.5s)\1"),
    (re.compile(r"creating \(\d+s\)\.*"), "creating (2790s)"),
    (re.compile(r"creating failed \(\d+s\)\*\*"), "creating failed (4352s)**"),
    (re.compile(r"(¥\d+\.\d\d +¥\d+)\.\d\d"), r"\1.00"),
    (re.compile(r"(?<=\.00  )( *)\d+ (?:min \d+ )?s"), r"\g<1>1 h"),
    (re.compile(r"Duration: \d+s"), "Duration: 1h12m34s"),
)
"""What differs from run to run, and what pictures show instead. The clock of the local TI-ONE is ahead of Pulumi's."""

TASK_ID = re.compile(r"train-\d{15,}")
FIRST_ID = 1575481492950220800


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="*", choices=[*SCENES, "review", []])
    parser.add_argument("--chromium", default="chromium", help="the program that draws the review")
    arguments = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    for name in arguments.pictures or [*SCENES, "review"]:
        if name == "review":
            review.draw(IMAGES / "review.png", arguments.chromium)
        else:
            (IMAGES / f"{name}.svg").write_text(svg(name), encoding="utf-8")
    return 0


def svg(name: str) -> str:
    """Return the picture of a scene."""
    with tempfile.TemporaryDirectory() as folder, Emulator(manual_clock=True) as emulator:
        project = Project(Path(folder), emulator)
        scene = SCENES[name](project)
    lines = [prompt(scene.command), *scene.lines]
    ids = dict.fromkeys(TASK_ID.findall("\n".join(line.plain for line in lines)))
    readable = [(re.compile(each), f"train-{FIRST_ID + 17 * number}") for number, each in enumerate(ids)]
    for pattern, replacement in (*readable, *VARYING):
        lines = [replaced(line, pattern, replacement) for line in lines]
    return drawn(name, "nlp", lines, scene.columns)


def prompt(command: str) -> Text:
    return Text.assemble(("$ ", "bright_black"), (command, "bold"))


if __name__ == "__main__":
    sys.exit(main())
