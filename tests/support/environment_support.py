"""A project in a git repository, whose branches have environments on a local TI-ONE."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from engine_support import PRELUDE
from known_packages import python_command
from workspace import Workspace

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.cli import main
from pulumi_tione.emulator import Emulator
from pulumi_tione.environments.names import environment_stack

RUNNING = 'start_cmd_info={"worker_start_cmd": "sleep 36000"}'
PROGRAM = f"""
for number in range(int(pulumi.Config().get("tasks") or 2)):
    task = tione.TrainingTask(f"t{{number}}", **(B | dict({RUNNING})))
    pulumi.export(f"t{{number}}", task.id)
"""
"""A program of two tasks that run for as long as a test does."""


class EnvironmentProject:
    """A project in a repository with a remote, and `pulumi-tione env` in it.

    Args:
        folder: where everything is.
        endpoint: the local TI-ONE.
        environment: more environment variables.
    """

    name = "nlp"
    in_process = False
    """Whether commands run in the process of the test, which is faster and measures the coverage. A command that is cut
    off does not count as dead there: its process is that of the test."""

    def __init__(self, folder: Path, endpoint: str, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder / "clone"
        self.folder.mkdir(parents=True)
        environment = {"PULUMI_PYTHON_CMD": python_command(), **(environment or {})}
        self.workspace = Workspace(self.folder, folder, endpoint, environment)
        self.environment = self.workspace.environment
        self.backend = folder / "backend"
        for variable in ("AUTHOR", "COMMITTER"):
            self.environment |= {f"GIT_{variable}_NAME": "t", f"GIT_{variable}_EMAIL": "t@example.com"}
        origin = folder / "origin.git"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", str(origin))
        (self.folder / "Pulumi.yaml").write_text(f"name: {self.name}\nruntime: python\n", encoding="utf-8")
        (self.folder / "Pulumi.dev.yaml").write_text("config:\n  tione:region: ap-guangzhou\n", encoding="utf-8")
        (self.folder / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
        self.commit(PROGRAM)
        self.git("push", "--quiet", "origin", "main")

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, program: str) -> None:
        """Commit this, after the prelude, as the program of the branch that is checked out."""
        (self.folder / "__main__.py").write_text(PRELUDE + program, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")

    def branch(self, name: str, program: str | None = None, *, push: bool = True) -> str:
        """Create a branch, with a program of its own, and return the name of its stack."""
        self.git("checkout", "--quiet", "-B", name)
        if program is not None:
            self.commit(program)
        if push:
            self.git("push", "--quiet", "--force", "origin", name)
        return self.stack(name)

    def delete_branch(self, name: str) -> None:
        """Delete a branch here and at the remote."""
        self.git("checkout", "--quiet", "main")
        self.git("push", "--quiet", "origin", "--delete", name)
        self.git("branch", "--quiet", "-D", name)

    def delete_local(self, name: str) -> None:
        """Delete a branch here; it stays at the remote."""
        self.git("checkout", "--quiet", "main")
        self.git("branch", "--quiet", "-D", name)

    def stack(self, branch: str) -> str:
        return environment_stack(self.name, branch)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start `pulumi-tione env`, its errors going where its output goes."""
        return subprocess.Popen(
            [sys.executable, "-m", "pulumi_tione.cli", "env", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def env(self, *arguments: str, code: int = 0, **environment: str) -> str:
        """Run `pulumi-tione env` to its end, which must have this exit code, and return what it printed."""
        if self.in_process:
            return self._invoke(*arguments, code=code, **environment).output
        process = self.start(*arguments, **environment)
        printed, _ = process.communicate(timeout=600)
        assert process.returncode == code, printed
        assert "Traceback" not in printed
        return printed

    def env_json(self, *arguments: str, code: int = 0) -> Any:
        """Run `pulumi-tione env` and return the JSON on its standard output."""
        if self.in_process:
            return json.loads(self._invoke(*arguments, "--json", code=code).stdout)
        ran = subprocess.run(
            [sys.executable, "-m", "pulumi_tione.cli", "env", *arguments, "--json"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        return json.loads(ran.stdout)

    def _invoke(self, *arguments: str, code: int, **environment: str) -> Result:
        others: dict[str, str | None] = dict.fromkeys(os.environ)
        runner = CliRunner(env={**others, **self.environment, **environment})
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            result = runner.invoke(main, ["env", *arguments])
        finally:
            os.chdir(before)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    def tione_stop(self, task_id: str) -> None:
        """Stop a task as somebody would in the console."""
        Client(Settings(lambda _: None, self.environment), "ap-guangzhou").stop_training_task(task_id)

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        code, output = self.workspace.run(*arguments)
        assert (code != 0) == fails, output
        return output

    def stacks(self) -> set[str]:
        return {stack["name"] for stack in json.loads(self.pulumi("stack", "ls", "--json"))}

    def tags(self, stack: str) -> dict[str, str]:
        return dict(json.loads(self.pulumi("stack", "tag", "ls", "--json", "--stack", stack)))

    def locks(self) -> list[Path]:
        """The locks of all stacks."""
        return list((self.backend / ".pulumi" / "locks").rglob("*.json"))

    def ensure_untouched(self) -> None:
        """Check that nothing was written into the working tree, and that no temporary working tree is left."""
        assert self.git("status", "--porcelain") == ""
        assert len(self.git("worktree", "list").splitlines()) == 1


def tasks_of(emulator: Emulator, stack: str | None = None) -> list[dict[str, Any]]:
    """The tasks in the account, or those of a stack."""
    return [task for task in emulator.tasks() if stack is None or tags_of_task(task).get("pulumi:stack") == stack]


def tags_of_task(task: Mapping[str, Any]) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in task["Tags"] or ()}


def own_processes(environment_variable: str, value: str) -> list[int]:
    """The processes that have this in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                content = (folder / "environ").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if f"{environment_variable}={value}" in content.split("\0") and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found
