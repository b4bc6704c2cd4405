"""The vendor's definition of the API: actions, fields, types and error codes.

`definition.py` has actions and fields, `schema.py` checks bodies, `error_codes.py` and `languages.py` are about errors.
What an action does is in `actions/`.
"""
