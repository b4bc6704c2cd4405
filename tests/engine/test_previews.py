"""The page of previews: it shows what Pulumi and a review print today."""

from __future__ import annotations

import subprocess
import sys

import pytest
from engine_support import ROOT

pytestmark = pytest.mark.engine


def test_the_page_of_previews_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools" / "previews" / "generate.py"), "--check"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ran.returncode == 0, f"run `make previews`\n{ran.stdout}"
