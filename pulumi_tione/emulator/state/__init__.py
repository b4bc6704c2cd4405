"""The state of the service: tasks, names, temporary keys, earlier versions, and the state file."""
