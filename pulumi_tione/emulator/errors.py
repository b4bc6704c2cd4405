"""How the service says no."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal as the client gets it: a documented code, and a message that names what is wrong with what.

    `created` is the id of what exists nevertheless, where an action failed half-way; the client is not told.
    """

    def __init__(self, code: str, message: str, created: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.created = created
