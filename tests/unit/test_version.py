"""The version of the package has one place: `setup.py`."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pulumi_tione

SETUP = Path(__file__).parents[2] / "setup.py"


def test_the_package_has_the_version_of_its_installation() -> None:
    assert pulumi_tione.__version__ == importlib.metadata.version("pulumi-tione")


def test_the_version_is_written_in_setup_py_alone() -> None:
    (version,) = re.findall(r'^VERSION = "(.+?)"$', SETUP.read_text(encoding="utf-8"), re.MULTILINE)
    assert pulumi_tione.__version__ == version
    package = SETUP.with_name("pulumi_tione")
    assert [path.name for path in package.rglob("*.py") if f'"{version}"' in path.read_text(encoding="utf-8")] == []
