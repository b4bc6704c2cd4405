"""The error that refuses a request.

`code_for` in `api/error_codes.py` chooses a code that the action may return. The response with the error is made in
`http/gateway.py`.
"""

from __future__ import annotations


class ApiError(Exception):
    """A refusal as the client receives it: a documented code, and a message that names the parameter and the problem.

    `created` is the id of a task that exists although the action failed; the client does not receive it.
    """

    def __init__(self, code: str, message: str, created: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.created = created
