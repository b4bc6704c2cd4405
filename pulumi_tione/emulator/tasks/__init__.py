"""A training task: its statuses and transitions, its runs, its start command, its output, and its responses.

`transitions.py` has the statuses, `task.py` a task and its runs, `run_rules.py` how a run goes, `workload.py` what its
command does, `output.py` what it prints, `responses.py` what Describe returns. Executed commands are in `running/`.
"""
