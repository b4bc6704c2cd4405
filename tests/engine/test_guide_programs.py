"""Every program and every part of one in the README and the guide passes a preview by the real engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from engine_support import PRELUDE, ROOT, Stack

pytestmark = [pytest.mark.engine, pytest.mark.long]

PAGES = (ROOT / "README.md", ROOT / "docs" / "index.md", *sorted((ROOT / "docs" / "guide").glob("*.md")))

BEGINNING = f"""\
{PRELUDE}
import tencentcloud_iac_pulumi as tencentcloud

arguments = B
vpc = tencentcloud.vpc.Instance("vpc", cidr_block="10.0.0.0/16")
subnet = tencentcloud.subnet.Instance(
    "subnet", vpc_id=vpc.id, cidr_block="10.0.1.0/24", availability_zone="ap-guangzhou-3"
)
"""
"""What a reader of a part of a program knows from the text around it."""

OTHERS = re.compile(r"^def test_|^import training|set_mocks|^def train\(|^from (?:tikit|tencentcloud)\b", re.MULTILINE)
"""Blocks that are no programs: tests, which `test_documented_tests` runs, and scripts with the SDK or tikit."""


def programs(page: Path) -> list[str]:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [block if "import pulumi" in block else BEGINNING + block for block in blocks if not OTHERS.search(block)]


def test_most_pages_have_a_program() -> None:
    assert len([page for page in PAGES if programs(page)]) > 9


@pytest.mark.parametrize("page", [page for page in PAGES if programs(page)], ids=lambda page: page.stem)
def test_every_program_of_the_page_passes_a_preview(page: Path, stack: Stack) -> None:
    for program in programs(page):
        if "TrainingTask.get(" in program:
            program = re.sub(r"train-\d+", existing_task(stack), program)
        (stack.workspace.project / "__main__.py").write_text(program, encoding="utf-8")
        shown = stack.preview()
        assert "to create" in shown or "TrainingTask.get(" in program, program
        assert "warning:" not in shown, program + shown


def existing_task(stack: Stack) -> str:
    """Create a task that a program may look up, and return its id."""
    stack.program('task = tione.TrainingTask("existing", **B)\npulumi.export("id", task.id)\n')
    stack.up()
    return str(stack.outputs()["id"])
