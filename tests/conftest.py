"""The fixtures that several folders of tests share. They are in `tests/support/`.

`emulator` is a local TI-ONE in the test's own process (`local_tione.py`, with `client_of` for a client of it),
`provider` a provider over gRPC (`boundary_support.py`), `stack` a project with the real engine (`engine_support.py`).
`CONTRIBUTING.md` explains how to run tests.
"""

import signal

pytest_plugins = ["local_tione", "boundary_support", "engine_support"]

# A shell that starts a command in the background has it ignore Ctrl-C, and so does all that the command starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
