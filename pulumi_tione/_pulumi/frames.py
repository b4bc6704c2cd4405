"""Local variables of Pulumi's dynamic provider plugin, found in the frames of its functions.

The plugin passes neither the request and its gRPC context nor its server to a provider. They are locals of functions
that are still running: of the method that handles the request, above us on the stack, and of the main function.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any


def local_of_handler(name: str) -> Any:
    """Return a local of the nearest caller that handles a request.

    Raises:
        LookupError: no caller handles a request, or it has no such local.
    """
    for frame in _frames(sys._getframe(1)):
        if "request" in frame.f_locals and "context" in frame.f_locals:
            return frame.f_locals[name]
    raise LookupError(name)


def local_of_iterating(name: str) -> Any:
    """Return a local of the function that iterates over the properties whose `__iter__` calls this.

    Raises:
        LookupError: it has no such local.
    """
    return sys._getframe(2).f_locals[name]


def local_of_main(name: str) -> Any:
    """Return a local of a function that runs in the main thread.

    Raises:
        LookupError: no function there has such a local.
    """
    for frame in _frames(sys._current_frames().get(threading.main_thread().ident or 0)):
        if name in frame.f_locals:
            return frame.f_locals[name]
    raise LookupError(name)


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
