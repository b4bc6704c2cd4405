"""The fault matrix: what can happen, while Pulumi does what, and what comes of it.

This is data. `tests/reliability/test_fault_matrix.py` brings about every cell with the real engine and holds it to what
stands here; `table.py` prints it into `docs/reliability.md`.
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
    """The request to the service that the trouble meets."""
    tasks_made: int = 1
    """How many tasks the program has wanted by then, the replaced ones counted."""


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
    """How the tests bring it about."""
    fault: Mapping[str, Any] | None = None
    """The order for the local TI-ONE, where that is all."""
    interrupts: bool = False
    """Whether the command itself is cut off: then `pulumi up` follows, with the same and with a changed input."""
    remedy: str = ""
    """What has to be put right first, where that is not Pulumi's to do."""


TROUBLES: Mapping[str, Trouble] = {
    "answer lost after acceptance": Trouble(
        "The service does what it was asked for, and its answer does not arrive.",
        "the connection is closed instead of an answer",
        {"connection": "close"},
    ),
    "request lost": Trouble(
        "The request does not reach the service, and nobody can tell.",
        "the connection is closed, and nothing is done",
        {"connection": "close", "effect": False},
    ),
    "HTTP 502": Trouble(
        "Something between here and the service fails.",
        "an HTML page with status 502, and nothing is done",
        {"status": 502},
    ),
    "throttled": Trouble(
        "The service takes no more requests for a while; requests are sent again for five minutes.",
        "`RequestLimitExceeded` for four seconds, which are several attempts",
        {"code": "RequestLimitExceeded", "seconds": 4, "times": None},
    ),
    "slow": Trouble("An answer takes long, up to a minute.", "an answer after four seconds", {"delay_seconds": 4}),
    "garbage": Trouble(
        "A proxy answers in the service's place with a page of its own.",
        "HTML under status 200; the service has done what it was asked for",
        {"body": "<html>hello"},
    ),
    "wrong content type": Trouble(
        "An error comes under a content type by which the SDK takes it for a success.",
        "`InternalError` under `application/json; charset=utf-8`, and nothing is done",
        {"code": "InternalError", "content_type": "application/json; charset=utf-8"},
    ),
    "clock skew": Trouble(
        "This machine's clock is more than five minutes off.",
        "the service's clock is ten minutes ahead",
        remedy="set the clock",
    ),
    "keys of another account": Trouble(
        "The keys in use are not those of the account that has the task.",
        "another pair of keys in the environment",
        remedy="set the right keys",
    ),
    "keys expired mid-way": Trouble(
        "Temporary keys end in the middle of a command, and nobody is there to renew them: they stand in the config or "
        "in the environment. (Credentials that a role lends are renewed.)",
        "from this request on the service refuses them with `AuthFailure.TokenFailure`",
        {"code": "AuthFailure.TokenFailure", "times": None},
        remedy="set new keys",
    ),
    "keys revoked": Trouble(
        "Somebody has deleted or disabled the keys in use.",
        "the service does not know them any more",
        remedy="set other keys of the same account",
    ),
    "service restarted": Trouble(
        "The service goes away in the middle of a request and comes back.",
        "it is stopped after it has done what it was asked for, and started again three seconds later",
    ),
    "deleted behind our back": Trouble("Somebody deletes the task in the console.", "the task vanishes"),
    "preempted": Trouble(
        "The platform takes the task's nodes away, and it waits for others.",
        "the task goes from RUNNING back to PENDING",
    ),
    "Ctrl-C once": Trouble("You interrupt the command.", "SIGINT, while the service is being asked", interrupts=True),
    "Ctrl-C twice": Trouble(
        "You interrupt the command and do not wait for it.",
        "SIGINT twice, while the service is being asked",
        interrupts=True,
    ),
    "CLI killed": Trouble(
        "The Pulumi CLI is killed, or its machine ends.",
        "SIGKILL, after the service has done what it was asked for",
        interrupts=True,
    ),
    "provider killed": Trouble(
        "The process in which this package runs is killed, for example because memory is short.",
        "SIGKILL, after the service has done what it was asked for",
        interrupts=True,
    ),
}


@dataclass(frozen=True)
class Cell:
    """What comes of it."""

    exit_code: int = 0
    says: str = ""
    """The one line that tells what happened; `…` stands for what varies."""
    further: tuple[str, ...] = ()
    """The commands after which the tasks in the account are those in the state."""
    edit: str = ""
    """What has to be changed in the program before that."""
    tasks_made_again: int = 0
    """How many tasks are created in place of one that somebody else has deleted."""


@dataclass(frozen=True)
class NoSense:
    """There is no such cell, and why."""

    reason: str


Row = Mapping[str, Cell | NoSense]

LAGS = (0, 3, 10, 30)
"""For how many seconds lists, details and tags show what was before. Without a lag it is the matrix itself."""

LAGGING_OPERATIONS = ("create", "replace", "delete", "refresh")
LAGGING_TROUBLES = ("answer lost after acceptance", "Ctrl-C once", "Ctrl-C twice", "CLI killed", "provider killed")
PEACE = "nothing else"
"""No trouble but the lag."""


def _cell(cell: Cell | NoSense) -> Cell:
    assert isinstance(cell, Cell)
    return cell


def _row(cell: Cell, **other: Cell | NoSense) -> Row:
    """The same for all operations but the ones named."""
    return {name: other.get(name, cell) for name in OPERATIONS}


def _repeated(cell: Cell, *before: str) -> dict[str, Cell]:
    """The cell of each operation whose own command is to be given again, after those that have to come first."""
    return {name: replace(cell, further=(*before, operation.command)) for name, operation in OPERATIONS.items()}


_AWAY = Cell(1, "… was not sent: … cannot be reached: …")
_SKEWED = Cell(1, "… was refused with AuthFailure.SignatureExpire: …; set this machine's clock: …")
_FOREIGN = Cell(1, "training task … belongs to account … but the keys in use are of account …: it may still run. …")
_EXPIRED = Cell(1, "… was refused with AuthFailure.TokenFailure: …; they are those of environment variable …")
_REVOKED = Cell(1, "… was refused with AuthFailure.SecretIdNotFound: …; they are those of environment variable …")
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
    "keys of another account": {
        **_repeated(_FOREIGN),
        "create": NoSense(
            "The task is made in the account whose keys are in use: nothing tells that another one is meant."
        ),
        "read": Cell(1, "there is no training task … in account …", further=(UP,)),
    },
    "keys expired mid-way": _repeated(_EXPIRED),
    "keys revoked": _repeated(_REVOKED),
    "service restarted": _row(Cell(), read=replace(_AWAY, further=(UP,))),
    "deleted behind our back": _row(
        Cell(),
        create=NoSense(
            "A task that vanishes before anybody has seen it stays in the state: nothing proves that it is gone. "
            "`pulumi up --refresh` says so, and `pulumi state delete` takes it out."
        ),
        read=Cell(
            1, "there is no training task … in account …", further=(UP,), edit="take the look-up out of the program"
        ),
        update=Cell(1, "… it is gone; run …", further=(UP_REFRESH,), tasks_made_again=1),
        refresh=Cell(further=(UP,), tasks_made_again=1),
    ),
    "preempted": _row(Cell(), create=NoSense("A task has to run before its nodes can be taken away.")),
    "Ctrl-C once": _row(_CANCELLED, delete=replace(_CANCELLED, exit_code=0)),
    "Ctrl-C twice": {
        **_repeated(_TERMINATED),
        **dict.fromkeys(("create", "replace"), replace(_TERMINATED, further=(IMPORT_PENDING,))),
    },
    "CLI killed": {
        **_repeated(_SILENT, CANCEL),
        **dict.fromkeys(("create", "replace"), replace(_SILENT, further=(CANCEL, IMPORT_PENDING))),
    },
    "provider killed": {
        **_repeated(_EOF),
        **dict.fromkeys(("create", "replace"), replace(_EOF, further=(IMPORT,))),
    },
}

LAGGING: Mapping[str, Mapping[str, Cell]] = {
    PEACE: dict.fromkeys(LAGGING_OPERATIONS, Cell()),
    **{what: {name: _cell(MATRIX[what][name]) for name in LAGGING_OPERATIONS} for what in LAGGING_TROUBLES},
}
"""What comes of it where reads lag: the same as without, whatever the lag."""

NOT_CALLED: Mapping[str, str] = {
    "`pulumi destroy` after an interrupted create": (
        "It succeeds, and the task that was created keeps running: Pulumi does not look at the pending create. "
        "`pulumi-tione import --pending`, before or after it, takes the task into the state; then `pulumi destroy` "
        "deletes it."
    ),
    "`pulumi destroy` after the provider was killed during a create": (
        "Pulumi has recorded nothing. `pulumi up` names the task and the commands; `pulumi-tione orphans` lists it."
    ),
    "`pulumi refresh --import-pending-creates`": "Pulumi drops the pending create, and loses the task.",
}
"""What Pulumi does without calling this package."""
