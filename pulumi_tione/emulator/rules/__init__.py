"""The rules of requests beyond names and types: the documented ones, and the strictest plausible ones elsewhere.

`parameters.py` needs the request alone, `existence.py` what is registered, and `tags.py` is for both services. Names
and types are checked in `api/schema.py`; which status allows an operation is in `tasks/transitions.py`.
"""
