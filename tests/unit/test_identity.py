"""The name and the labels that a task has from its owner.

`retain_on_delete` and a name that is taken are in `test_create.py`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pulumi_tione._constraints import cleaned_tag_text, tag_violation
from pulumi_tione._schema.identity import (
    CREATE_LABEL,
    LABELS,
    OWNER,
    RETAINED,
    RETAINED_LABEL,
    SUFFIXES,
    desired_tags,
    generated_name,
    is_generated_form,
    labels,
    split_owner,
    suffixed_name,
    with_owner,
)

PROPERTY = settings(max_examples=150, deadline=None, derandomize=True, database=None)
LEGAL_NAME = re.compile(r"^[\u4e00-\u9fa5A-Za-z0-9][\u4e00-\u9fa5A-Za-z0-9_-]{0,59}$")
"""The documented rule: 60 Chinese and English letters, digits, `_` and `-`, with a letter or a digit in front."""

BERT = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}

texts = st.one_of(
    st.text(max_size=400),
    st.text("abcXYZ019._-/: 中文龥龦𝔘é\n", max_size=100),
)
owners = st.fixed_dictionaries(dict.fromkeys(OWNER, texts))


def owned(**changes: str) -> dict[str, str]:
    return {**BERT, **changes}


@given(owner=owners)
@PROPERTY
def test_a_name_is_legal_and_the_labels_are_too_whatever_things_are_called(owner: dict[str, str]) -> None:
    assert LEGAL_NAME.match(generated_name(owner))
    assert set(labels(owner)) == {"pulumi:project", "pulumi:stack", "pulumi:resource"}
    assert all(tag_violation(key, value) is None for key, value in labels(owner).items())


@pytest.mark.parametrize(
    ("owner", "begins"),
    [
        (BERT, "dev-bert-"),
        (owned(stack="feature.login_42"), "feature-login_42-bert-"),
        (owned(resource="nlp/bert|v2 *" + "x" * 300), "dev-nlp-bert-v2-xxxxxxx"),
        (owned(stack="生产", resource="中文 模型"), "生产-中文-模型-"),
        (owned(stack="s" * 100), "s" * 20 + "-bert-"),
        (owned(stack="-_x", resource="y"), "x-y-"),
        (owned(resource="acme:Trainer$acme:Inner::bert"), "dev-bert-"),
    ],
)
def test_a_name_shows_stack_and_resource(owner: dict[str, str], begins: str) -> None:
    name = generated_name(owner)
    assert name.startswith(begins)
    assert LEGAL_NAME.match(name)
    assert re.search(r"-[0-9a-f]{8}$", name)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (BERT, "dev-bert-11785c97"),
        (owned(resource="acme:Trainer::bert"), "dev-bert-29f05231"),
        (owned(stack="生产", resource="模型"), "生产-模型-d24ccd28"),
    ],
)
def test_a_name_is_the_same_on_every_machine_and_in_every_version(owner: dict[str, str], name: str) -> None:
    assert generated_name(owner) == name
    assert generated_name(dict(reversed(owner.items()))) == name


RETAINED_OWNERS = owners.map(lambda owner: {**owner, RETAINED: True})


@given(owner=st.none() | owners | RETAINED_OWNERS, others=st.dictionaries(texts, texts, max_size=3))
def test_the_owner_is_split_from_the_inputs_and_joined_to_the_very_same_properties(
    owner: dict[str, Any] | None, others: dict[str, Any]
) -> None:
    others.pop("owner", None)
    properties = {**others, **({} if owner is None else {"owner": owner})}
    assert split_owner(properties) == (owner, others)
    assert with_owner(*split_owner(properties)) == properties


@given(left=owners, right=owners)
@PROPERTY
def test_two_owners_have_two_names(left: dict[str, str], right: dict[str, str]) -> None:
    assume(left != right)
    assert generated_name(left) != generated_name(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (BERT, owned(resource="acme:Trainer::bert")),
        (owned(resource="acme:Trainer::bert"), owned(resource="acme:Other::bert")),
        (owned(resource="acme:Trainer::bert"), owned(resource="acme:Outer$acme:Trainer::bert")),
        (BERT, owned(organization="other")),
        (BERT, owned(project="other")),
        (owned(stack="a.b"), owned(stack="a/b")),
        (owned(stack="s" * 21), owned(stack="s" * 22)),
        (owned(project="a", stack="b"), owned(project="b", stack="a")),
        (owned(resource="x" * 300), owned(resource="x" * 301)),
    ],
)
def test_tasks_of_one_name_differ_by_parent_project_stack_and_organization(
    left: dict[str, str], right: dict[str, str]
) -> None:
    assert generated_name(left) != generated_name(right)


def test_a_name_depends_on_the_owner_alone() -> None:
    assert generated_name({**BERT, "anything": "else"}) == generated_name(BERT)


@given(owner=owners, contents=st.dictionaries(texts, texts, max_size=3))
@PROPERTY
def test_with_retain_on_delete_the_name_depends_on_the_inputs(owner: dict[str, str], contents: dict[str, str]) -> None:
    retained = {**owner, RETAINED: True}
    name = generated_name(retained, contents)
    assert LEGAL_NAME.match(name)
    assert name != generated_name(owner)
    assert name == generated_name(retained, dict(reversed(contents.items())))
    assert name != generated_name(retained, {**contents, "one more": "x"})
    assert generated_name(owner, contents) == generated_name(owner)


@given(owner=owners, number=st.sampled_from(SUFFIXES), second=st.sampled_from(SUFFIXES))
@PROPERTY
def test_a_computed_name_with_a_suffix_is_legal_and_recognized(owner: dict[str, str], number: int, second: int) -> None:
    name = generated_name(owner)
    assert LEGAL_NAME.match(suffixed_name(name, number))
    assert suffixed_name(name, number) != name
    assert (suffixed_name(name, number) == suffixed_name(name, second)) == (number == second)
    assert is_generated_form(suffixed_name(name, number), name)
    assert is_generated_form(name, name)
    assert not is_generated_form(name, suffixed_name(name, number))
    assert not is_generated_form(suffixed_name(name, number), generated_name({**owner, "stack": owner["stack"] + "x"}))


@pytest.mark.parametrize(
    ("labels_enabled", "tags", "expected"),
    [
        (True, None, {"pulumi:project": "nlp", "pulumi:stack": "dev", "pulumi:resource": "bert"}),
        (False, None, {}),
        (False, {"team": "nlp"}, {"team": "nlp"}),
        (
            True,
            {"team": "nlp", "pulumi:stack": "mine"},
            {"pulumi:project": "nlp", "pulumi:stack": "dev", "pulumi:resource": "bert", "team": "nlp"},
        ),
    ],
)
def test_a_task_should_have_the_programs_tags_and_its_labels_which_win(
    labels_enabled: bool, tags: dict[str, str] | None, expected: dict[str, str]
) -> None:
    assert desired_tags(BERT, tags, labels_enabled) == expected
    assert desired_tags(None, tags, labels_enabled) == (tags or {})


def test_a_create_is_distinguished_by_a_label_of_its_own() -> None:
    assert desired_tags(BERT, {}, True, create="a7") == {**labels(BERT), CREATE_LABEL: "a7"}
    assert CREATE_LABEL not in desired_tags(BERT, {}, False, create="a7")


def test_a_task_that_stays_on_purpose_has_a_label() -> None:
    assert desired_tags({**BERT, RETAINED: True}, {}, True)[RETAINED_LABEL] == "true"
    assert RETAINED_LABEL not in desired_tags(BERT, {}, True)


@pytest.mark.parametrize(("number", "optional"), [(45, 2), (46, 1), (47, 0)])
def test_labels_that_earlier_versions_did_not_bind_take_no_room_from_the_programs_tags(
    number: int, optional: int
) -> None:
    tags = {f"key{index}": "x" for index in range(number)}
    desired = desired_tags({**BERT, RETAINED: True}, tags, True, create="a7")
    assert {*tags, *LABELS} <= desired.keys()
    assert len(desired) == number + len(LABELS) + optional <= 50


def test_the_labels_contain_project_stack_and_resource() -> None:
    assert tuple(labels(BERT)) == LABELS
    assert labels(BERT) == {"pulumi:project": "nlp", "pulumi:stack": "dev", "pulumi:resource": "bert"}


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("a.b_c/d:e@f(g)[h],i;j>k<l+m=n", "a.b_c/d:e@f(g)[h],i;j>k<l+m=n"),
        ("nlp/bert|v2 *", "nlp/bert-v2 -"),
        (" outer ", "outer"),
        ("", "-"),
        ("   ", "-"),
        ("中文，括号（一）", "中文，括号（一）"),
        ("a\nb\tc", "a-b-c"),
        ("x" * 300, "x" * 255),
        ("x" * 254 + "  y", "x" * 254),
        ("𝔘é", "--"),
    ],
)
def test_a_label_keeps_what_a_tag_may_hold(text: str, cleaned: str) -> None:
    assert cleaned_tag_text(text, 255) == cleaned


def test_a_label_is_no_value_that_is_new_for_each_task() -> None:
    assert labels(BERT) == labels(dict(BERT))
    assert generated_name(BERT) not in labels(BERT).values()
