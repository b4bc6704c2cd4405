"""Pauses that pass faster, for a process with this folder on its PYTHONPATH: `FAST_TIME` is how many times as fast.

The time of day stays as it is: it dates signatures and tasks. So a test shortens the lag of its local TI-ONE by the
same factor, and a look that goes on for a minute is over in twelve seconds.
"""

import os
import threading
import time

if os.environ.get("FAST_TIME"):
    _factor = float(os.environ["FAST_TIME"])
    _monotonic, _sleep, _wait = time.monotonic, time.sleep, threading.Event.wait
    for _owner, _name, _replacement in (
        (time, "monotonic", lambda: _monotonic() * _factor),
        (time, "sleep", lambda seconds: _sleep(seconds / _factor)),
        (
            threading.Event,
            "wait",
            lambda event, timeout=None: _wait(event, None if timeout is None else timeout / _factor),
        ),
    ):
        setattr(_owner, _name, _replacement)
