"""A project whose branches have environments."""

from __future__ import annotations

from pathlib import Path

import pytest
from environment_support import EnvironmentProject

from pulumi_tione.emulator import Emulator


@pytest.fixture
def project(tmp_path: Path, emulator: Emulator) -> EnvironmentProject:
    return EnvironmentProject(tmp_path, emulator.endpoint)
