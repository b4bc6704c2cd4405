"""The fixtures that several folders of tests share."""

import signal

pytest_plugins = ["local_tione", "boundary_support", "engine_support"]

# A shell that starts a command in the background has it ignore Ctrl-C, and so does all that the command starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
