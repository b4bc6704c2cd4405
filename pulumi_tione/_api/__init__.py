"""The service: requests, answers, credentials, rate limits, and what is asked of it."""
