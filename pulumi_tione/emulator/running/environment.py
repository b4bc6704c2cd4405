"""The variables of a node's process: the service's and the task's, none of the emulator's.

The address of the nodes is 127.0.0.1. Which command a node runs is decided in `roles.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pulumi_tione.emulator.tasks import responses
from pulumi_tione.emulator.tasks.task import Run, Task

from .roles import Node

ADDRESS = "127.0.0.1"
"""The address of every node: all are on this machine, and share its ports."""

ROOT_VARIABLE = "TI_LOCAL_ROOT"
"""The variable with the folder that replaces the container's `/`. The service has no such variable."""

_USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment_of(task: Task, run: Run, node: Node, nodes: Sequence[Node], root: Path, port: int) -> dict[str, str]:
    """Return all variables of a node. The service's win over the task's [U]."""
    return {
        "PATH": os.environ.get("PATH", _USUAL_PATH),
        "HOME": str(root / "root"),
        "LANG": "C.UTF-8",
        **{each["Name"]: each.get("Value") or "" for each in task.body.get("Envs") or ()},
        **_of_mode(task, node, nodes, port),
        "TI_TASK_ID": task.id,
        "TI_INSTANCE_ID": run.instance_id,
        "REGION": task.region,
        ROOT_VARIABLE: str(root),
    }


def _of_mode(task: Task, node: Node, nodes: Sequence[Node], port: int) -> Mapping[str, str]:
    """Return the variables of a mode: documented for DDP, seen in public scripts for MPI, unknown for other modes."""
    mode = task.body.get("TrainingMode") or ""
    if mode == "DDP":
        return {
            "NODE_NUM": str(len(nodes)),
            "INDEX": str(node.index),
            "GPU_NUM_PER_NODE": str(_cards(task, node)),
            "CHIEF_IP": ADDRESS,
            "MASTER_ADDR": ADDRESS,
            "MASTER_PORT": str(port),
            "WORLD_SIZE": str(len(nodes)),
            "RANK": str(node.index),
        }
    if mode in ("MPI", "HOROVOD"):
        # A node without a card has one slot: otherwise no such program could run on it.
        slots = [max(1, _cards(task, each)) for each in nodes]
        return {
            "GPU_NUM": str(sum(slots)),
            "NODE_IP_SLOT_LIST": ",".join(f"{ADDRESS}:{count}" for count in slots),
            "NODE_LIST": ",".join(ADDRESS for _ in nodes),
        }
    return {}


def _cards(task: Task, node: Node) -> int:
    """Return the number of cards, rounded up."""
    hundredths: int = responses.node(node.pod.group, task.specs)["Gpu"]
    return -(-hundredths // 100)
