"""A fixture for users' own tests: a local TI-ONE of its own for each test.

    def test_my_program(tione_emulator):
        ...                                    # run something that creates training tasks
        [task] = tione_emulator.tasks()
        assert task["Name"] == "bert"

While the test runs, the environment points the provider, and whatever the test starts, at it: TIONE_ENDPOINT,
TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY and TENCENTCLOUD_REGION. Tasks live in real time, which
`tione_emulator.advance` moves on; the marker `@pytest.mark.tione_emulator(manual_clock=True)` hands its arguments to
`Emulator`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .emulator import Emulator


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tione_emulator(**arguments): how the fixture `tione_emulator` is made")


@pytest.fixture
def tione_emulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A local TI-ONE of the test's own: `.endpoint`, `.tasks()`, `.requests()`, `.faults`, `.advance()`."""
    # Imported here: a test run that does not use it should not wait for it.
    from .emulator import Emulator

    arguments: dict[str, Any] = {}
    for marker in request.node.iter_markers("tione_emulator"):
        arguments = {**marker.kwargs, **arguments}  # the marker nearest to the test comes first
    with Emulator(**arguments) as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        yield emulator
