"""A stack's state rewritten: only after asking, only as long as nobody else has changed it, and with a copy kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone

import click

from pulumi_tione.cli.terminal import is_confirmed, sanitize
from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state import State


class RefusedError(TioneError):
    """The state is not as it would have to be, or nobody has agreed to its change."""


@dataclass
class StateEdit:
    """One change of the state of a stack.

    Args:
        pulumi: reads and writes the state.
        stack: the stack.
        yes: whether all questions are answered.
    """

    pulumi: Pulumi
    stack: StackName
    yes: bool
    before: State = field(init=False)
    """The state as it is found."""

    def __post_init__(self) -> None:
        self.before = State(self.pulumi.export(self.stack))

    def say(self, line: str = "") -> None:
        """Tell something, beside what is printed."""
        click.echo(sanitize(line), err=True)

    def write(self, after: State) -> None:
        """Make this the state, if that is agreed to.

        Raises:
            RefusedError: it is not, or an update has changed the state meanwhile.
            PulumiError: the stack is locked, or Pulumi refuses the state; it is as it was.
        """
        if not is_confirmed(f"Write this to the state of {sanitize(self.stack)}?", self.yes):
            raise RefusedError("nothing was changed")
        if State(self.pulumi.export(self.stack)).moment != self.before.moment:
            raise RefusedError(
                f"an update has changed the state of {self.stack} meanwhile: nothing was written; try again"
            )
        copy = self.before.keep(self.pulumi.folder, self.stack, datetime.now(timezone.utc))
        self.say(f"The state as it was is kept in {copy}")
        self.pulumi.write(self.stack, after.exported)
