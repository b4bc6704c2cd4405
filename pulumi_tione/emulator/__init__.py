"""A local TI-ONE: the service's API on this machine, with its own state and its own rules.

As a program, run `python -m pulumi_tione.emulator --port 0`. It prints how to point clients at it, and then
`pulumi_tione emulator ready at http://127.0.0.1:PORT`. As a library, in tests:

    with Emulator(manual_clock=True) as emulator:
        client = ...                                   # for emulator.endpoint, emulator.key.secret_id, .secret_key
        emulator.faults.add("CreateTrainingTask", connection="close")      # the task is created, its response is lost
        emulator.plan_runs("bert", outcome="FAILED", failure_reason="loss is NaN", running_seconds=30)
        emulator.advance(60)                           # moves the tasks' clock; signatures use the machine's clock
        [task] = emulator.tasks()                      # details as the API shows them, with Request, Runs, TiProjectId
        emulator.requests()                            # each request and its result, with secrets masked

With `--tls` or `tls=True` it speaks HTTPS only, and clients must trust `emulator.ca_file`.

`emulator.environment` holds the variables that point other processes at it; `pytest_plugin` has a fixture.
What you can control, in Python and as JSON over HTTP (loopback only):

    faults.add(action, ...)   POST /_emulator/faults   {"action": "CreateTrainingTask", ...}; GET lists, DELETE clears
        which calls: matching={"Id": ID}, first=1, every=2 (every second one), times=1 (null: until cleared), seconds,
        probability, seed
        what happens: effect (whether the action is carried out; by default no with `code` or `status`, else yes),
        connection="close"|"cut", delay_seconds, bytes_every_seconds, code, message ("{body}" repeats the request),
        status, body, content_type, hidden_list_calls=3 (lists show the created task after three list calls)
        and in the response, by paths such as `TrainingTaskSet.*.Id`: members={PATH: VALUE} (replaced),
        without=[PATH], at_most={PATH: n} (elements of a list, or UTF-16 units of a string), lower_case=[PATH],
        endless="repeating"|"new" (every page of its lists is full, whatever its offset)
    plan_runs(task, ...)      POST /_emulator/tasks    {"task": NAME OR ID, ...}; without `task`: for all tasks
        outcome="SUCCEED"|"FAILED"|"SUBMIT_FAILED", failure_reason, running_seconds (or "forever"), seconds={STATUS: n},
        output=[[seconds, line], ...], change={"Status": "PAUSED"} (what Describe returns), system_tags={...}
    preempt(task), platform_stop(task), remove(task)   {"task": ..., "do": "preempt"|"platform_stop"|"remove"}
    tasks()                   GET /_emulator/tasks
    requests(secrets=False)   GET /_emulator/requests[?secrets=1]; forget_requests(): DELETE
    set_lag(Lag(...)), lag()  POST /_emulator/lag      {"lists": 30, "details": {"calls": 2}}, {"all": 3}; GET, DELETE
        each kind of read shows the state of some seconds, or some calls of that kind, ago: lists, details,
        tags (in the tag service, lists and details), pods, logs; writes always use the current state
    advance(seconds), now()   POST /_emulator/clock    {"advance_seconds": 60}; GET
    register(kind, id, ...)   POST /_emulator/registered  {"kind": "vpc", "resource_id": "vpc-1"}; DELETE
    set(...), settings()      POST, GET /_emulator/settings  {"requests_a_second": 5, "start_from_failed": false}

Over HTTP, a browser or another machine must send the header `X-Emulator-Key: emulator.control_key`. A program on
this machine needs no key.

A run whose start command consists of `sleep`, `exit`, `echo`, `true` and `false` follows the command. Any other run
takes five seconds and succeeds, unless you control it. Nothing is executed. `docs/fidelity.md` lists what is faithful
to the service, and how that is known.

Commands are executed only with `--run` or `run=True`, with the rights of the user who started the emulator. Each node
is then a process, and the processes decide how a run ends and what it prints. `--cos DIR` or `cos=DIR` is where code
and data come from and output goes. Time is real, the address is a loopback address, and the key is made at the start.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_tione.emulator.accounts import DEFAULT_KEY, Caller, Key
    from pulumi_tione.emulator.emulator import Emulator
    from pulumi_tione.emulator.faults.faults import Fault
    from pulumi_tione.emulator.faults.lag import Calls, Lag
    from pulumi_tione.emulator.state.service import Switches
    from pulumi_tione.emulator.tasks.transitions import Status

__all__ = ["DEFAULT_KEY", "Caller", "Calls", "Emulator", "Fault", "Key", "Lag", "Status", "Switches"]

_MODULES = {
    "DEFAULT_KEY": "accounts",
    "Caller": "accounts",
    "Calls": "faults.lag",
    "Emulator": "emulator",
    "Fault": "faults.faults",
    "Key": "accounts",
    "Lag": "faults.lag",
    "Status": "tasks.transitions",
    "Switches": "state.service",
}

if not TYPE_CHECKING:  # else mypy would accept any name

    def __getattr__(name: str) -> Any:
        # Every test run that has this package installed loads it, for the sake of its pytest plugin.
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
