"""Waiting in the program for the status of a task.

`waiter.py` is one wait, and how it ends; `poller.py` asks for the statuses of all of them; `arguments.py` reads the
arguments, with the timeout; `failure_report.py` writes what a failed wait shows. `task_wait.py` joins them for
`training_task.py`, and `tracker.py` lets other waits end when one has failed. The sentences are in `messages.py`.
"""
