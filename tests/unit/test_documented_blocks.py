"""No block of the README or the guide is only shown: each is run or type-checked by a test that this module names."""

from __future__ import annotations

import re

import pytest
import yaml
from documented_commands import ROOT, documented_commands

PAGES = ("README.md", "docs/index.md", *(f"docs/guide/{page.name}" for page in sorted(ROOT.glob("docs/guide/*.md"))))

RUN_WITH_THEIR_PAGE = {
    "README.md": "tests/engine/test_first_task.py",
    "docs/guide/first-task.md": "tests/engine/test_first_task.py",
    "docs/guide/environments.md": "tests/environments/test_guide.py",
    "docs/guide/stopping-overnight.md": "tests/environments/test_guide.py",
}
"""The tests that run the shell blocks of a page one after the other."""

NOT_RUN = re.compile(r"make demo|(export|unset) [A-Z_]+.*")
"""Lines that only set variables, and the demo, which CI runs."""

CHECKED = {"python": "test_documentation.py", "yaml": "below", "sh": "below", "bash": "below"}
"""The languages of blocks that are checked. A block without a language shows what a command prints."""

SHOWN = {"": "what a command prints", "hcl": "a Terraform configuration, for comparison"}


def blocks(page: str, without: str = "") -> list[tuple[str, str]]:
    """Return the languages and texts of the blocks of a page, without those of a section."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if without:
        before, _, section = text.partition(f"\n{without}\n")
        text = before + "\n## " + section.partition("\n## ")[2]
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_in_a_language_that_is_checked(page: str) -> None:
    assert {language for language, _ in blocks(page)} - {*CHECKED, *SHOWN} == set()


@pytest.mark.parametrize("page", [page for page in PAGES if page == "README.md" or page not in RUN_WITH_THEIR_PAGE])
def test_every_line_of_a_shell_block_is_run(page: str) -> None:
    run = documented_commands()
    others = blocks(page, "## Quickstart" if page == "README.md" else "")
    lines = [line for language, block in others if language in ("sh", "bash") for line in block.splitlines()]
    commands = [line.partition("  #")[0].strip() for line in lines]
    assert [each for each in commands if each not in run and not NOT_RUN.fullmatch(each)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_with_a_prompt_is_run(page: str) -> None:
    run = documented_commands()
    commands = re.findall(r"^\$ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert page in RUN_WITH_THEIR_PAGE or [each for each in commands if each not in run] == []


@pytest.mark.parametrize("page", RUN_WITH_THEIR_PAGE.items())
def test_the_test_of_a_page_reads_it(page: tuple[str, str]) -> None:
    name, test = page
    source = (ROOT / test).read_text(encoding="utf-8") + (ROOT / "tools/pulumi/walkthrough.py").read_text("utf-8")
    assert name.rpartition("/")[2] in source


@pytest.mark.parametrize("page", PAGES)
def test_every_yaml_block_is_yaml(page: str) -> None:
    for language, block in blocks(page):
        if language == "yaml":
            assert isinstance(yaml.safe_load(block), dict)
