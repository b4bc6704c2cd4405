"""The tests that `docs/guide/testing.md` shows, as a user would run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ensure import engine_path

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "testing.md"


@pytest.mark.engine
def test_the_documented_tests_pass(tmp_path: Path) -> None:
    files = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    assert set(files) == {"training.py", "test_training.py", "test_stack.py"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join((str(engine_path()), str(Path(sys.executable).parent), os.environ["PATH"])),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    for name in ("test_training.py", "test_stack.py"):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "1 passed" in ran.stdout
