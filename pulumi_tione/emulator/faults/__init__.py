"""Faults on request: failing calls, distorted responses, and lagging reads."""
