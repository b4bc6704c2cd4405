"""The fault matrix: what can happen, during which operation, and the result.

This is data. `tests/reliability/test_fault_matrix.py` runs every cell with the real engine and compares the result with
this table; `table.py` prints it into `docs/reliability.md`.

A new trouble is an entry in `TROUBLES` and a row in `MATRIX`; how it is brought about is in the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

UP, UP_REFRESH, REFRESH, DESTROY = "pulumi up", "pulumi up --refresh", "pulumi refresh", "pulumi destroy"
CANCEL = "pulumi cancel"
IMPORT_PENDING = "pulumi-tione import --pending"
IMPORT = "pulumi-tione import RESOURCE ID"
"""As the next `pulumi up` names it, with resource and id."""


@dataclass(frozen=True)
class Operation:
    """A column: what Pulumi is doing."""

    meaning: str
    command: str
    action: str
    """The request that the trouble affects."""
    tasks_made: int = 1
    """How many tasks the program has declared by then, replaced ones included."""


OPERATIONS: Mapping[str, Operation] = {
    "create": Operation("a new task is created", UP, "CreateTrainingTask"),
    "read": Operation("`TrainingTask.get` looks a task up", UP, "DescribeTrainingTask"),
    "update": Operation("tags are changed in place", UP, "TagResources"),
    "replace": Operation("the old task is deleted, the new one created", UP, "CreateTrainingTask", tasks_made=2),
    "delete": Operation("a running task is stopped and deleted", DESTROY, "DeleteTrainingTask"),
    "refresh": Operation("the state is compared with the service", REFRESH, "DescribeTrainingTask"),
}


@dataclass(frozen=True)
class Trouble:
    """A row: what happens."""

    meaning: str
    how: str
    """How the tests cause it."""
    fault: Mapping[str, Any] | None = None
    """The fault of the local TI-ONE, if that is all."""
    interrupts: bool = False
    """Whether the command itself is interrupted: `pulumi up` follows, with the same and with a changed input."""
    remedy: str = ""
    """What you must fix first, if Pulumi cannot."""


TROUBLES: Mapping[str, Trouble] = {
    "answer lost after acceptance": Trouble(
        "The service carries out the request, and its response does not arrive.",
        "the connection is closed instead of a response",
        {"connection": "close"},
    ),
    "request lost": Trouble(
        "The request does not reach the service, and the provider cannot know that.",
        "the connection is closed, and the request is not carried out",
        {"connection": "close", "effect": False},
    ),
    "HTTP 502": Trouble(
        "Something between this machine and the service fails.",
        "an HTML page with status 502, and the request is not carried out",
        {"status": 502},
    ),
    "throttled": Trouble(
        "The service accepts no more requests for a while; requests are sent again for five minutes.",
        "`RequestLimitExceeded` for four seconds, long enough for several attempts",
        {"code": "RequestLimitExceeded", "seconds": 4, "times": None},
    ),
    "slow": Trouble("A response takes up to a minute.", "a response after four seconds", {"delay_seconds": 4}),
    "garbage": Trouble(
        "A proxy responds instead of the service, with an HTML page.",
        "HTML with status 200; the service has carried out the request",
        {"body": "<html>hello"},
    ),
    "wrong content type": Trouble(
        "An error has a content type with which the SDK treats it as a success.",
        "`InternalError` as `application/json; charset=utf-8`, and the request is not carried out",
        {"code": "InternalError", "content_type": "application/json; charset=utf-8"},
    ),
    "clock skew": Trouble(
        "The clock of this machine is wrong by more than five minutes.",
        "the service's clock is ten minutes ahead",
        remedy="set the clock",
    ),
    "credentials of another account": Trouble(
        "The credentials do not belong to the account of the task.",
        "credentials of another account in the environment",
        remedy="set the right credentials",
    ),
    "credentials expire": Trouble(
        "Temporary credentials in the config or the environment expire during a command: nothing can renew them. "
        "(The provider renews the credentials of a role.)",
        "from this request on the service rejects them with `AuthFailure.TokenFailure`",
        {"code": "AuthFailure.TokenFailure", "times": None},
        remedy="set new credentials",
    ),
    "credentials revoked": Trouble(
        "Somebody has deleted or disabled the access key.",
        "the service no longer knows the key",
        remedy="set another key of the same account",
    ),
    "service restarted": Trouble(
        "The service stops during a request and starts again.",
        "it is stopped after it has carried out the request, and started again three seconds later",
    ),
    "deleted in the console": Trouble("Somebody deletes the task in the console.", "the task disappears"),
    "preempted": Trouble(
        "The platform takes the nodes of the task, and the task waits for others.",
        "the task goes from RUNNING back to PENDING",
    ),
    "Ctrl-C once": Trouble("You interrupt the command.", "SIGINT during the request", interrupts=True),
    "Ctrl-C twice": Trouble(
        "You interrupt the command twice.",
        "SIGINT twice during the request",
        interrupts=True,
    ),
    "CLI killed": Trouble(
        "The Pulumi CLI is killed, or its machine stops.",
        "SIGKILL, after the service has carried out the request",
        interrupts=True,
    ),
    "provider killed": Trouble(
        "The process in which this package runs is killed, for example because memory is short.",
        "SIGKILL, after the service has carried out the request",
        interrupts=True,
    ),
}


@dataclass(frozen=True)
class Cell:
    """The result."""

    exit_code: int = 0
    message: str = ""
    """The one line that describes what happened; `…` stands for what varies."""
    next_steps: tuple[str, ...] = ()
    """The commands after which the account contains the tasks of the state."""
    edit: str = ""
    """What you change in the program first."""
    tasks_made_again: int = 0
    """How many tasks are created in place of one that somebody else has deleted."""


@dataclass(frozen=True)
class NotApplicable:
    """The reason why there is no such cell."""

    reason: str


Row = Mapping[str, Cell | NotApplicable]

LAGS = (0, 3, 10, 30)
"""For how many seconds lists, details and tags show an earlier state. Without a lag it is the matrix itself."""

LAGGING_OPERATIONS = ("create", "replace", "delete", "refresh")
LAGGING_TROUBLES = ("answer lost after acceptance", "Ctrl-C once", "Ctrl-C twice", "CLI killed", "provider killed")
NO_TROUBLE = "nothing else"
"""No trouble but the lag."""


def _cell(cell: Cell | NotApplicable) -> Cell:
    assert isinstance(cell, Cell)
    return cell


def _row(cell: Cell, **exceptions: Cell | NotApplicable) -> Row:
    """Return the same cell for all operations except the named ones."""
    return {name: exceptions.get(name, cell) for name in OPERATIONS}


def _repeated(cell: Cell, *before: str) -> dict[str, Cell]:
    """Return the cell of each operation that you run again, after the commands that come first."""
    return {name: replace(cell, next_steps=(*before, operation.command)) for name, operation in OPERATIONS.items()}


_AWAY = Cell(1, "… was not sent: … cannot be reached: …")
_SKEWED = Cell(1, "… was refused with AuthFailure.SignatureExpire: …; correct this machine's clock, …")
_FOREIGN = Cell(
    1, "training task … belongs to account … but the credentials in use are of account …: it may still run. …"
)
_EXPIRED = Cell(1, "… was refused with AuthFailure.TokenFailure: … the credentials come from environment variable …")
_REVOKED = Cell(
    1, "… was refused with AuthFailure.SecretIdNotFound: …: the credentials come from environment variable …"
)
_WAITING = Cell(0, "waiting: … is throttled by the service (RequestLimitExceeded)")
_CANCELLED = Cell(1, "^C received; cancelling. …")
_TERMINATED = Cell(8, "^C received; terminating")
_SILENT = Cell(-9)
_EOF = Cell(1, "error: error reading from server: EOF")

MATRIX: Mapping[str, Row] = {
    "answer lost after acceptance": _row(Cell()),
    "request lost": _row(Cell()),
    "HTTP 502": _row(Cell()),
    "throttled": _row(_WAITING),
    "slow": _row(Cell()),
    "garbage": _row(Cell()),
    "wrong content type": _row(Cell()),
    "clock skew": _repeated(_SKEWED),
    "credentials of another account": {
        **_repeated(_FOREIGN),
        "create": NotApplicable(
            "The task is created in the account of these credentials: nothing shows that you meant a different one."
        ),
        "read": Cell(1, "there is no training task … in account …", next_steps=(UP,)),
    },
    "credentials expire": _repeated(_EXPIRED),
    "credentials revoked": _repeated(_REVOKED),
    "service restarted": _row(Cell(), read=replace(_AWAY, next_steps=(UP,))),
    "deleted in the console": _row(
        Cell(),
        create=NotApplicable(
            "A task that disappears before any command has seen it stays in the state: nothing proves that it is "
            "deleted. `pulumi up --refresh` reports this, and `pulumi state delete` removes it."
        ),
        read=Cell(
            1, "there is no training task … in account …", next_steps=(UP,), edit="remove the lookup from the program"
        ),
        update=Cell(1, "… it is gone. Run …", next_steps=(UP_REFRESH,), tasks_made_again=1),
        refresh=Cell(next_steps=(UP,), tasks_made_again=1),
    ),
    "preempted": _row(Cell(), create=NotApplicable("Only a running task can be preempted.")),
    "Ctrl-C once": _row(_CANCELLED, delete=replace(_CANCELLED, exit_code=0)),
    "Ctrl-C twice": {
        **_repeated(_TERMINATED),
        **dict.fromkeys(("create", "replace"), replace(_TERMINATED, next_steps=(IMPORT_PENDING,))),
    },
    "CLI killed": {
        **_repeated(_SILENT, CANCEL),
        **dict.fromkeys(("create", "replace"), replace(_SILENT, next_steps=(CANCEL, IMPORT_PENDING))),
    },
    "provider killed": {
        **_repeated(_EOF),
        **dict.fromkeys(("create", "replace"), replace(_EOF, next_steps=(IMPORT,))),
    },
}

LAGGING: Mapping[str, Mapping[str, Cell]] = {
    NO_TROUBLE: dict.fromkeys(LAGGING_OPERATIONS, Cell()),
    **{what: {name: _cell(MATRIX[what][name]) for name in LAGGING_OPERATIONS} for what in LAGGING_TROUBLES},
}
"""The result where reads lag: the same as without a lag."""

NOT_CALLED: Mapping[str, str] = {
    "`pulumi destroy` after an interrupted create": (
        "It succeeds, and the created task keeps running: Pulumi ignores the pending create. "
        "`pulumi-tione import --pending`, before or after it, writes the task into the state; then `pulumi destroy` "
        "deletes it."
    ),
    "`pulumi destroy` after the provider was killed during a create": (
        "Pulumi has recorded nothing. `pulumi up` names the task and the commands; `pulumi-tione orphans` lists it."
    ),
    "`pulumi refresh --import-pending-creates`": "Pulumi drops the pending create and loses the task.",
}
"""What Pulumi does without a call to this package."""
