"""Which node runs which command.

The three commands, and that they depend on the training mode, are documented. The rest is inferred: from the vendor's
kit, which sends WorkerStartCmd for every mode except Spark, and from public launch scripts, which call `mpirun` once.
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_tione.emulator.tasks.output import Pod, pods
from pulumi_tione.emulator.tasks.task import Run, Task

LEADERS = {"SPARK": "DRIVER", "RAY": "HEAD"}
"""By training mode, the role of the first node; elsewhere it is the first WORKER [I]."""

LAUNCHED_BY_ONE = frozenset({"MPI", "HOROVOD", "SPARK", "RAY"})
"""Training modes in which only the first node runs the command, which uses the other nodes itself [I]."""

COMMANDS = {
    "PS": ("PsStartCmd",),
    "WORKER": ("WorkerStartCmd", "StartCmd"),
    "HEAD": ("WorkerStartCmd", "StartCmd"),
}
"""By role, the commands in order of preference; the first that is not empty runs [I]."""

DEFAULT_COMMANDS = ("StartCmd", "WorkerStartCmd")
"""For roles that are not in that table [I]."""


@dataclass(frozen=True)
class Node:
    """A pod with its index among all nodes, starting with 0, and its command."""

    pod: Pod
    index: int
    command: str | None
    """None if it only waits for the first node."""
    decides: bool
    """Whether the run can only succeed after this node has."""


def nodes_of(task: Task, run: Run) -> list[Node]:
    """Return the nodes of a run, the first one first."""
    mode = task.body.get("TrainingMode") or ""
    leader = LEADERS.get(mode, "WORKER")
    known = task.program.commands
    ordered = pods(task, run)
    first = next((pod for pod in ordered if pod.group["Role"] == leader), ordered[0])
    ordered = [first, *(pod for pod in ordered if pod is not first)]
    of_servers = all(pod.group["Role"] == "PS" for pod in ordered)
    nodes = []
    for index, pod in enumerate(ordered):
        role = pod.group["Role"]
        choice = (known[name] for name in COMMANDS.get(role, DEFAULT_COMMANDS))
        waits = mode in LAUNCHED_BY_ONE and index > 0
        command = None if waits else next(filter(None, choice), "")
        # Parameter servers run until they are ended.
        nodes.append(Node(pod, index, command, not waits and (role != "PS" or of_servers)))
    return nodes
