"""The client of the service: actions, requests, responses, credentials, rate limits, polling."""
