"""Which node runs which command.

Documented are the three commands, and that they go by the training mode. The rest is inferred: from the vendor's kit,
which sends WorkerStartCmd for every mode but Spark's, and from public launch scripts, which call `mpirun` once.
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_tione.emulator.tasks.output import Pod, pods
from pulumi_tione.emulator.tasks.task import Run, Task

LEADERS = {"SPARK": "DRIVER", "RAY": "HEAD"}
"""By training mode, the role of the first node; elsewhere it is the first WORKER [I]."""

LAUNCHED_BY_ONE = frozenset({"MPI", "HOROVOD", "SPARK", "RAY"})
"""Training modes in which the first node alone runs the command, which makes use of the others by itself [I]."""

COMMANDS = {
    "PS": ("PsStartCmd",),
    "WORKER": ("WorkerStartCmd", "StartCmd"),
    "HEAD": ("WorkerStartCmd", "StartCmd"),
}
"""By role, the commands of which the first that is not empty is the node's [I]."""

DEFAULT_COMMANDS = ("StartCmd", "WorkerStartCmd")
"""For roles that are not in that table [I]."""


@dataclass(frozen=True)
class Node:
    """A pod with a place among all nodes, of which the first has the index 0, and something to do."""

    pod: Pod
    index: int
    command: str | None
    """None: it waits for the first node."""
    decides: bool
    """Whether the run has not succeeded before this node has."""


def nodes_of(task: Task, run: Run) -> list[Node]:
    """The nodes of a run, the first one first."""
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
        # Parameter servers serve until they are ended.
        nodes.append(Node(pod, index, command, not waits and (role != "PS" or of_servers)))
    return nodes
