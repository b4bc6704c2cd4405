"""A pytest fixture for users' tests: a separate local TI-ONE for each test.

    def test_my_program(tione_emulator):
        ...                                    # run something that creates training tasks
        [task] = tione_emulator.tasks()
        assert task["Name"] == "bert"

While the test runs, the environment points the provider, and every process that the test starts, at the emulator:
TIONE_ENDPOINT, TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY and TENCENTCLOUD_REGION. Tasks run in real time, which
`tione_emulator.advance` moves forward. The marker `@pytest.mark.tione_emulator(manual_clock=True)` passes its arguments
to `Emulator`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .emulator import Emulator


MISSING_EXTRA = (
    "the fixture tione_emulator needs aiohttp, which is not installed. In a clone of this package's repository, run "
    "`pip install '.[emulator]'`"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tione_emulator(**arguments): how the fixture `tione_emulator` is made")


@pytest.fixture
def tione_emulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Start a local TI-ONE for the test: `.endpoint`, `.tasks()`, `.requests()`, `.faults`, `.advance()`."""
    # Imported here, so that a test run that does not use it does not wait for it.
    try:
        import aiohttp  # noqa: F401  what the local TI-ONE is served with
    except ModuleNotFoundError:
        pytest.fail(MISSING_EXTRA, pytrace=False)
    from .emulator import Emulator

    arguments: dict[str, Any] = {}
    for marker in request.node.iter_markers("tione_emulator"):
        arguments = {**marker.kwargs, **arguments}  # the marker nearest to the test comes first
    with Emulator(**arguments) as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        yield emulator
