"""Faults on request: failing calls, distorted responses, and lagging reads.

The effects of a fault happen in `http/gateway.py`, `faults/distortion.py` and `http/server.py`.
"""
