"""Faults on request: failing calls, distort responses, and lagging reads."""
