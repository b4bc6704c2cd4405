"""The rules of requests beyond names and types: the documented ones, and the strictest plausible ones elsewhere."""
