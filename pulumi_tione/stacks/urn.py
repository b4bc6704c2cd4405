"""URNs: the names of resources in a state.

The type of a task, `TYPE`, is in `_schema/identity.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_tione._schema.identity import STACK_TYPE, resource_under


@dataclass(frozen=True)
class Urn:
    """The parts of a URN."""

    stack: str
    project: str
    types: str
    """The types of all parents except the stack, and the resource's own type."""
    name: str

    @classmethod
    def parsed(cls, text: str) -> Urn | None:
        """Parse a URN; return None if the text is none."""
        parts = text.removeprefix("urn:pulumi:").split("::", 3)
        return cls(*parts) if text.startswith("urn:pulumi:") and len(parts) == 4 else None

    def child(self, child_type: str, name: str) -> Urn:
        """Return the URN of a resource that has this one as its parent."""
        types = child_type if self.types == STACK_TYPE else f"{self.types}${child_type}"
        return Urn(self.stack, self.project, types, name)

    @property
    def resource(self) -> str:
        """The part `resource` of the resource's owner."""
        parents, _, _ = self.types.rpartition("$")
        return resource_under(parents or STACK_TYPE, self.name)

    def __str__(self) -> str:
        return f"urn:pulumi:{self.stack}::{self.project}::{self.types}::{self.name}"


def types_of(urn: str) -> str | None:
    """Return the types in a URN; None if the text is none."""
    parsed = Urn.parsed(urn)
    return parsed.types if parsed else None
