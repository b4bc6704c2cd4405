"""The declared fields: their types, their wire form, what identifies a task.

`fields.py` makes the tables from `args.py`; `walk.py` goes through values by them. `wire.py` is the form of the API,
`changes.py` a difference by path, `listed.py` what a list shows of a task. `identity.py` has owner, name and labels;
`secrets.py` what is secret; `paths.py` the program's spelling; `time_limit.py` the prefix of a limited command.
"""
