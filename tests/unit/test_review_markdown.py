"""The Markdown of a review: the same table in two renderers, whatever names hold, and short enough for a comment."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import cmarkgfm
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from review_samples import inputs, outputs, review_of, step

from pulumi_tione.review.markdown import MAX_CHARACTERS, markdown
from pulumi_tione.review.model import Review

NASTY = st.text(st.sampled_from("ab|`<>&*_~[]()\\!#@:\n\r\t \u202e\u2066\x07\x1b中文'\"$"), min_size=1, max_size=20)


def rows(rendered: str) -> list[list[str]]:
    """Return the cells of all tables of an HTML page as text."""
    found = []
    for row in re.findall(r"<tr>(.*?)</tr>", rendered, re.DOTALL):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        found.append([html.unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in cells])
    return found


def rendered_twice(text: str) -> tuple[list[list[str]], list[list[str]]]:
    github = cmarkgfm.github_flavored_markdown_to_html(text, options=cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)
    return rows(github), rows(MarkdownIt("gfm-like", {"html": True}).render(text))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(NASTY, NASTY, NASTY), min_size=1, max_size=4))
def test_both_renderers_show_the_same_cells_whatever_the_names_hold(drawn: list[tuple[str, str, str]]) -> None:
    steps: list[Mapping[str, Any]] = [
        step(
            f"{index}{name.strip()}x",
            "update",
            inputs(remark=old),
            inputs(remark=new),
            changed=["remark"],
            paths=["remark"],
        )
        for index, (name, old, new) in enumerate(drawn)
    ]
    text = markdown(review_of(steps))
    left, right = rendered_twice(text)
    assert left == right
    assert len(left) == 1 + len(steps)
    assert {len(row) for row in left} == {7}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "![x](https://h/p.png)", "@team", "a|b", "`", "\u202egnp", "**b**", "www.h.cn"],
)
def test_a_name_is_shown_and_does_nothing(name: str) -> None:
    text = markdown(review_of([step(name, "create", None, inputs())]))
    page = cmarkgfm.github_flavored_markdown_to_html(text, options=cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)
    for tag in ("<script", "<img", "<strong>b", 'href="http://www'):
        assert tag not in page
    shown = name.replace("\u202e", "\\u202e")
    assert any(shown in cell for row in rows(page) for cell in row)


@pytest.mark.parametrize("length", [5, 60, 200])
@pytest.mark.parametrize("operation", ["create", "replace", "update"])
def test_a_thousand_tasks_fit_into_a_comment_with_all_rows_and_totals(length: int, operation: str) -> None:
    old = None if operation == "create" else inputs(envs={"A": "1", "B": "2" * 50}, remark="中" * 60)
    steps = [
        step(f"t{index}" + "n" * length, operation, old, inputs(envs={"A": "2", "B": "3" * 50}, remark="文" * 60))
        for index in range(1000)
    ]
    review = review_of(steps)
    text = markdown(review)
    assert len(text) < MAX_CHARACTERS
    assert "¥700.00 an hour" in text
    left, right = rendered_twice(text)
    assert left == right
    assert len(left) == 1001
    assert review.stacks[0].after.amount == Decimal(700)


GPU = "TI.GN10.2XLARGE40.POST"


@settings(deadline=None, max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(st.sampled_from("ab_|`<>&*~[]()!#中\u202e"), min_size=1, max_size=80),
    st.sampled_from(["create", "replace", "update", "delete", "retain", "keep"]),
    st.sampled_from([1, 4000]),
)
def test_a_thousand_tasks_fit_whatever_they_are_called_and_cost(name: str, operation: str, count: int) -> None:
    old, new = inputs(GPU, count), inputs(GPU, count, tags={name: "b"})
    steps = []
    for index in range(1000):
        engine = {"retain": "delete", "keep": "replace"}.get(operation, operation)
        recorded = None if operation == "create" else old
        made = step(f"{index:04}{name}", engine, recorded, None if engine == "delete" else new)
        if operation in ("retain", "keep"):
            made["oldState"]["retainOnDelete"] = True
        steps.append(made)
    review = review_of(steps)
    text = markdown(review)
    assert len(text) < MAX_CHARACTERS
    left, right = rendered_twice(text)
    assert left == right
    assert len(left) == 1001
    total = Decimal(21_000) * count * {"delete": 0, "keep": 2}.get(operation, 1)
    assert review.stacks[0].after.amount == total
    assert f"¥{total:,.2f} an hour" in text


@pytest.mark.parametrize(
    ("stacks", "tasks", "is_whole"), [(100, 10, True), (200, 5, True), (400, 10, False), (1, 2500, False)]
)
def test_very_many_stacks_fit_with_a_row_each_and_the_sum(stacks: int, tasks: int, is_whole: bool) -> None:
    steps = [step(f"t{index}|`<b>" + "n" * 30, "create", None, inputs(GPU, 2)) for index in range(tasks)]
    failed = review_of(steps[:1], diagnostics=[{"severity": "error", "message": "x" * 500}] * 9).stacks[0]
    ended = step("e", "delete", inputs(), recorded=outputs("SUCCEED"))
    made = [replace(review_of([*steps, ended]).stacks[0], stack=f"s{index:03}") for index in range(stacks)]
    review = Review((*made, replace(failed, stack="failed")))
    text = markdown(review)
    assert len(text) <= MAX_CHARACTERS
    total = Decimal(42) * (tasks * stacks + 1)
    assert f"{stacks + 1} stacks — ¥0.00 → **at least ¥{total:,.2f} an hour**" in text
    assert "> Preview failed: `nlp/failed`" in text
    assert f"> - {tasks * stacks + 1} tasks: `no-output`" in text
    left, right = rendered_twice(text)
    assert left == right
    if is_whole:
        assert len(left) == 1 + stacks * (tasks + 2) + 2
    else:
        assert left[-1][1] == f"{stacks * (tasks + 2) + 2 - (len(left) - 2)} more rows"


def test_a_row_refers_to_a_diff_only_where_there_is_one() -> None:
    old, new = inputs(startCmdInfo={"startCmd": "a\nb"}), inputs(startCmdInfo={"startCmd": "a\nc"})
    few, many = (markdown(review_of([step(f"t{index}", "replace", old, new) for index in range(n)])) for n in (2, 150))
    assert (few.count("(see below)"), few.count("~~~diff"), few.count("(several lines)")) == (2, 2, 0)
    assert (many.count("(see below)"), many.count("~~~diff"), many.count("(several lines)")) == (0, 0, 150)


def test_a_thousand_messages_fit() -> None:
    failed = [step(f"{index:04}", "create", None, inputs()) for index in range(1000)]
    messages = [
        {"urn": each["urn"], "severity": "error", "message": f"error: a_property: {'x_' * 100}"} for each in failed
    ]
    text = markdown(review_of([], diagnostics=messages))
    assert len(text) < MAX_CHARACTERS
    assert "more" in text
    assert "**0000**: `a&#95;property`" in text or "**0000**: `a_property`" in text


def test_a_long_name_keeps_its_begin_and_its_end() -> None:
    names = [f"train-model-{'x' * 200}-fold-{index}" for index in range(500)]
    text = markdown(review_of([step(name, "replace", inputs(), inputs(remark="x" * 200)) for name in names]))
    assert all(f"-fold-{index} |" in text for index in range(500))
