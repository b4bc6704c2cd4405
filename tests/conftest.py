"""The fixtures that several folders of tests share. They are in `tests/support/`.

`emulator` is a local TI-ONE in the test's own process (`local_tione.py`, with `client_of` for a client of it),
`provider` a provider over gRPC (`boundary_support.py`), `stack` a project with the real engine (`engine_support.py`).
`CONTRIBUTING.md` explains how to run tests.
"""

import gc
import signal

import pytest

pytest_plugins = ["local_tione", "boundary_support", "engine_support"]

# A shell that starts a command in the background has it ignore Ctrl-C, and so does all that the command starts. `nohup`
# does the same with SIGHUP.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse the addresses of objects in the names of cases: each process that runs tests in parallel has others."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid} has the address of an object in its name: set `ids`")


def pytest_collection_finish() -> None:
    """Leave what was collected out of garbage collection: a million objects, which live as long as the process."""
    gc.collect()
    gc.freeze()
