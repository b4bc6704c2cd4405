"""The text of an error that the engine shows for a call that fails.

`provider.py` calls it for every error of a call. The sentences are in `lifecycle/messages.py`.
"""

from __future__ import annotations

import contextlib

from pulumi_tione._pulumi.frames import local_of_handler


def show_without_traceback(message: str) -> None:
    """Have the engine show this message for the error that the current call raises next.

    The plugin sends the traceback of an error. This replaces it in the response to the current request alone. Where
    that is not possible, the traceback is shown.
    """
    with contextlib.suppress(Exception):
        context = local_of_handler("context")
        abort = context.abort
        context.abort = lambda code, _traceback: abort(code, message)
