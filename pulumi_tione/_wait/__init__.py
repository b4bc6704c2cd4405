"""Waiting in the program for the status of a task.

`waiter.py` is one wait, and how it ends; `poller.py` asks for the statuses of all of them; `arguments.py` reads the
arguments, with the timeout; `failure_report.py` writes what a failed wait shows.
"""
