"""The actions: what each does with a request that is well formed, signed and allowed.

A new action is a function in a module here and an entry in its `HANDLERS`; its definition is in `api/definition.json`,
which `tools/definition/distil.py` writes: add it to `ACTIONS` there. What the vendor does not publish is in
`api/definition.py`. The error codes are in `api/action_codes.json`, if the vendor lists them. What is checked before is
in `http/gateway.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import catalogue, networks, pods_and_logs, sts, tags, training_tasks
from .call import Call

Handler = Callable[[Call], dict[str, Any]]
Preparation = Callable[[dict[str, Any]], Any]

HANDLERS: Mapping[str, Handler] = {
    **training_tasks.HANDLERS,
    **pods_and_logs.HANDLERS,
    **catalogue.HANDLERS,
    **tags.HANDLERS,
    **sts.HANDLERS,
    **networks.HANDLERS,
}
"""Every action that the emulator offers, by name. The gateway answers InvalidAction to all others, and to one that the
definition does not have (`api/definition.json`, `api/definition.py`)."""

PREPARATIONS: Mapping[str, Preparation] = {**training_tasks.PREPARATIONS}
"""By action, the checks and preparations that need no state, so that they hold no lock."""

__all__ = ["HANDLERS", "PREPARATIONS", "Call", "Handler", "Preparation"]
