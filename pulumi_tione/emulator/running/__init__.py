"""Runs that are really executed: a process for each node, with `--run` only, because it does what a request says.

From below: `spool` keeps what a pod prints, `mounts` shows a process its own `/opt/ml`; `supervisor` is the program
that stands beside each command, `process` is how the emulator speaks with it. `cos` is the folder that stands for COS.
`roles` and `environment` say what a node does and what it knows; a `container` is a node, an `attempt` all nodes of a
run, and `execution` all attempts: it follows the statuses of runs, and tells what became of them.

Nothing is confined: a command may do what the user may who started the emulator.
"""

from .cos import Cos
from .execution import Execution

__all__ = ["Cos", "Execution"]
