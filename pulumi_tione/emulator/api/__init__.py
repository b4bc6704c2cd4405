"""The vendor's definition of the API: actions, fields, types and error codes."""
