"""A training task: its statuses and transitions, its runs, its start command, its output, and its responses."""
