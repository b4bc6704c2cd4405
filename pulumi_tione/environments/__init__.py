"""Environments: a stack for each branch, brought up, taken down, stopped, started, listed and reaped.

`names.py` makes the name of a stack from project and branch, `tags.py` reads and writes what is noted in its tags.
`up.py`, `down.py`, `stop_start.py` (stop and start), `listing.py` and `reap.py` are the commands; `teardown.py` has the
steps that `down` and `reap` share. `session.py` holds a stack while one of them works on it, `workspace.py` runs the
engine.
"""
