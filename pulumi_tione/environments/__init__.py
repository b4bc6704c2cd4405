"""Environments: a stack for each branch, brought up, taken down, stopped, started, listed and reaped.

`names.py` makes the name of a stack from project and branch, `tags.py` reads and writes what is noted in its tags.
`up.py`, `down.py`, `stop_start.py` (stop and start), `listing.py` and `reap.py` are the commands; `teardown.py` has the
steps that `down` and `reap` share. `session.py` holds a stack while one of them works on it, `workspace.py` runs the
engine.

There is no list of environments: an environment is a stack with a name of `names.py` and the marks of
`EnvironmentTags` (`tags.py`: branch, template, time to live, heartbeat). `project.py` takes its configuration from a
template, and `overview.py` reads all environments of a project from the backend. `git.py` finds branches and checks
them out, `processes.py` finds out whether a command still runs, `report.py` formats the results.
"""
