"""Execute runs: a process for each node, with `--run` only, because it executes the content of requests.

From below: `spool` stores what a pod prints; `mounts` gives a process its own `/opt/ml`; `supervisor` is the program
that watches each command, and `process` is the emulator's side of it. `cos` is the folder that replaces COS. `roles`
and `environment` decide what a node runs, and with which variables; a `container` is a node, an `attempt` all nodes of
a run, and `execution` all attempts: it follows the statuses of runs, and reports how they ended.

Nothing is isolated: a command has all rights of the user who started the emulator.
"""

from .cos import Cos
from .execution import Execution

__all__ = ["Cos", "Execution"]
