"""The actions: what each does once a request is known to be well formed, signed and allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import identity, observation, offers, tags, training_tasks
from .call import Call

Handler = Callable[[Call], dict[str, Any]]
Preparation = Callable[[dict[str, Any]], Any]

HANDLERS: Mapping[str, Handler] = {
    **training_tasks.HANDLERS,
    **observation.HANDLERS,
    **offers.HANDLERS,
    **tags.HANDLERS,
    **identity.HANDLERS,
}
"""Every action that the emulator answers, by its name."""

PREPARATIONS: Mapping[str, Preparation] = {**training_tasks.PREPARATIONS}
"""By action, what can be made of a body and refused of it without looking at any state: that holds nobody up."""

__all__ = ["HANDLERS", "PREPARATIONS", "Call", "Handler", "Preparation"]
