"""A project whose branches have environments."""

from __future__ import annotations

from pathlib import Path

import pytest
from environment_support import EnvironmentProject

from pulumi_tione.emulator import Emulator


@pytest.fixture
def project(tmp_path: Path, emulator: Emulator) -> EnvironmentProject:
    """A project whose commands run in processes of their own."""
    return EnvironmentProject(tmp_path, emulator.endpoint)


@pytest.fixture
def project_here(project: EnvironmentProject) -> EnvironmentProject:
    """A project whose commands run in the process of the test."""
    project.in_process = True
    return project
