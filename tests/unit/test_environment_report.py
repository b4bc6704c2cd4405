"""The Markdown of environments goes into comments of pull requests: names in it are nothing but text."""

from __future__ import annotations

import re

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from pulumi_tione.environments.report import outputs_markdown, plan, report, stop_start_report
from pulumi_tione.environments.stop_start import StopStartResult
from pulumi_tione.environments.teardown import TeardownResult

HOSTILE = [
    "a|b",
    "`x`|y",
    "<img src=x>",
    "@everyone",
    "[a](http://evil)",
    "![a](http://evil)",
    "a\u202eb",
    "a\x1b[31mb",
    "**x**",
]


def html(markdown: str) -> str:
    return str(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_branch_or_an_output_of_any_name_adds_no_cell_link_image_or_mention(name: str) -> None:
    torn_down = TeardownResult(stack="env-a-12345678", branch=name, reason=f"the branch {name} is gone")
    stopped = StopStartResult(stack="env-a-12345678", branch=name, failed={"train-1": name})
    for markdown in (
        report([torn_down], "markdown"),
        plan([torn_down], "markdown"),
        stop_start_report("stop", stopped, "markdown"),
        outputs_markdown(name, "env-a-12345678", {name: name}),
    ):
        shown = html(markdown)
        assert not any(tag in shown for tag in ("<img", "<a ", "<strong")), shown
        heads = shown.count("<th>")
        assert shown.count("<td>") == heads
        assert "@everyone" not in re.sub(r"`[^`]*`", "", markdown)  # in code it mentions nobody
        assert "\u202e" not in markdown
        assert "\x1b" not in markdown
