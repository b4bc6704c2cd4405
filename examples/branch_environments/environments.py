"""A training environment for each git branch: made, listed, stopped over night, started again, and torn down.

    python environments.py sync            a stack for each branch; stacks whose branch is gone are destroyed
    python environments.py list            the stacks, with the status of their tasks as it is now
    python environments.py stop BRANCH     stop the branch's tasks, keep the stack
    python environments.py start BRANCH    start them again: a new run each, billed again
    python environments.py orphans         tasks with our labels that no stack knows

Run it in a clone of the repository whose branches count.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pulumi
from pulumi import automation

import pulumi_tione as tione

PROJECT = "branch-environments"

# Inline programs have no virtual environment of their own: the provider's process is to run in this one.
os.environ.setdefault("PULUMI_PYTHON_CMD", sys.executable)


def program() -> None:
    """What each branch gets. Its config sets whether the tasks run."""
    is_stopped = pulumi.Config().get("desiredStatus") == "STOPPED"
    task = tione.TrainingTask(
        "train",
        framework_name="PYTORCH",
        framework_environment="torch2.1-py3.10-cuda12.1-gpu",
        training_mode="DDP",
        charge_type="POSTPAID_BY_HOUR",
        resource_config_infos=[{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1}],
        start_cmd_info={"worker_start_cmd": "sleep 36000"},
        tags={"branch": re.sub(r"[^0-9A-Za-z._/-]", "-", pulumi.Config().require("branch"))},
        desired_status="STOPPED" if is_stopped else "RUNNING",
    )
    pulumi.export("task", task.id)
    pulumi.export("status", task.status)


def stack_name(branch: str) -> str:
    """Return a valid name for the stack of a branch; a hash keeps similar branches distinct."""
    legal = re.sub(r"[^0-9A-Za-z._-]+", "-", branch)
    return legal if legal == branch else f"{legal}-{hashlib.sha256(branch.encode()).hexdigest()[:6]}"


def branches() -> list[str]:
    command = ["git", "for-each-ref", "--format=%(refname:short)", "refs/heads"]
    return subprocess.check_output(command, text=True).split()


def stack_of(name: str) -> automation.Stack:
    return automation.create_or_select_stack(stack_name=name, project_name=PROJECT, program=program)


def stacks() -> list[str]:
    """Return the names of the existing stacks."""
    settings = automation.ProjectSettings(name=PROJECT, runtime="python")
    workspace = automation.LocalWorkspace(project_settings=settings)
    return sorted(stack.name for stack in workspace.list_stacks())


def bring_up(branch: str, desired_status: str | None = None) -> str:
    """Create the branch's stack, or bring it up to date."""
    stack = stack_of(stack_name(branch))
    stack.set_config("branch", automation.ConfigValue(branch))
    if desired_status:
        stack.set_config("desiredStatus", automation.ConfigValue(desired_status))
    summary = stack.up().summary.resource_changes or {}
    return f"{branch}: {', '.join(f'{count} {change}' for change, count in sorted(summary.items()))}"


def tear_down(name: str) -> str:
    """Destroy a stack whose branch is gone: its tasks are stopped and deleted."""
    stack = stack_of(name)
    stack.destroy()
    stack.workspace.remove_stack(name)
    return f"{name}: destroyed, its branch is gone"


def status_of(name: str) -> str:
    stack = stack_of(name)
    stack.refresh()
    outputs = stack.outputs()
    return f"{name}: {outputs['task'].value} {outputs['status'].value}"


def sync() -> list[str]:
    expected = {stack_name(branch): branch for branch in branches()}
    stale = [name for name in stacks() if name not in expected]
    with ThreadPoolExecutor() as side_by_side:
        return [*side_by_side.map(bring_up, expected.values()), *side_by_side.map(tear_down, stale)]


def orphans() -> list[str]:
    command = [sys.executable, "-m", "pulumi_tione.cli", "orphans", "--project", PROJECT, "--all-stacks"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout.splitlines()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = arguments.add_subparsers(dest="command", required=True)
    for name in ("sync", "list", "orphans"):
        commands.add_parser(name)
    for name in ("stop", "start"):
        commands.add_parser(name).add_argument("branch")
    options = arguments.parse_args()
    match options.command:
        case "sync":
            lines = sync()
        case "list":
            with ThreadPoolExecutor() as side_by_side:
                lines = [*side_by_side.map(status_of, stacks())]
        case "stop":
            lines = [bring_up(options.branch, "STOPPED")]
        case "start":
            lines = [bring_up(options.branch, "RUNNING")]
        case _:
            lines = orphans()
    print("\n".join(lines))


if __name__ == "__main__":
    main()
