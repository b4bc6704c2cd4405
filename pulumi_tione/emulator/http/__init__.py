"""The front of the service: the server, the gateway, signatures, TLS, the rate limit, and the record of requests."""
