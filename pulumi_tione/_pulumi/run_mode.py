"""How a program runs: for a preview, or under Pulumi's mocks.

`command.py` finds out which command runs the program. `TIONE_WAIT` is the property `waits` in `_config/settings.py`.
"""

from __future__ import annotations

import contextlib


def is_preview() -> bool:
    """Return whether the program runs for a preview; False where that cannot be found out."""
    with contextlib.suppress(Exception):
        from pulumi.runtime.settings import is_dry_run

        return is_dry_run()
    return False


def is_mocked() -> bool:
    """Return whether the program runs under `pulumi.runtime.set_mocks`; False where that cannot be found out."""
    with contextlib.suppress(Exception):
        from pulumi.runtime.mocks import MockMonitor
        from pulumi.runtime.settings import get_monitor

        return isinstance(get_monitor(), MockMonitor)
    return False
