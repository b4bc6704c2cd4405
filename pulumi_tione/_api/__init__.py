"""The client of the service: actions, requests, responses, credentials, rate limits, polling.

A request passes `client.py` (a method for each action), `transport.py` (credentials, rate limit, retries), `sdk.py`
(one signed request) and `connection.py` (deadline, whether it was sent). `responses.py` checks what comes back.
`polling.py` is the loop of every poll; the waits of a program are in `_wait/`.
"""
