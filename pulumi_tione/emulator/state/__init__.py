"""The state of the service: tasks, names, temporary keys, earlier versions, and the state file.

`service.py` is the state, `view.py` what a read sees of it, `history.py` earlier states, `storage.py` and
`documents.py` the file.
"""
