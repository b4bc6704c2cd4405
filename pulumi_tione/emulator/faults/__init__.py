"""Faults on request: failing calls, distorted responses, and lagging reads.

The effects of a fault happen in `http/gateway.py`, `faults/distortion.py` and `http/server.py`.

A preemption, and how a run ends, are no faults: `plan_runs` and `preempt` are in `control/control_api.py`.
"""
