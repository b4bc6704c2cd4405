"""The front of the service: the server, the gateway, signatures, TLS, the rate limit, and the record of requests.

A request passes `server.py` and `access.py`, then `gateway.py`: `signing.py`, `rate_limit.py`, the form, the action.
`record.py` keeps it, masked by `masking.py`.
"""
