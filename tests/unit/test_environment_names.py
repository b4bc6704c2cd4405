"""The name of an environment's stack: legal, recognizable, and another one for every project and branch."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pulumi_tione.environments.names import environment_stack, is_environment_name

LEGAL = re.compile(r"[0-9A-Za-z._-]{1,100}")
PROPERTY = settings(max_examples=200, deadline=None, derandomize=True, database=None)
branches = st.one_of(st.text(min_size=1, max_size=300), st.text("ab/-._中é ", min_size=1, max_size=30))


@given(project=branches, branch=branches)
@PROPERTY
def test_a_name_is_legal_and_has_the_form_whatever_the_branch_is_called(project: str, branch: str) -> None:
    name = environment_stack(project, branch)
    assert LEGAL.fullmatch(name)
    assert is_environment_name(name)


@given(first=branches, second=branches)
@PROPERTY
def test_two_branches_have_two_stacks(first: str, second: str) -> None:
    assume(first != second)
    assert environment_stack("nlp", first) != environment_stack("nlp", second)


def test_names_are_stable_readable_and_distinct_where_branches_are_similar() -> None:
    names = {environment_stack("nlp", branch) for branch in ("a/b", "a-b", "a.b", "A/B")}
    assert len({name.lower() for name in names}) == 4
    assert environment_stack("nlp", "feature/login") == "env-feature-login-71c26809"
    assert environment_stack("other", "feature/login") != environment_stack("nlp", "feature/login")
    assert re.fullmatch(r"env-[0-9a-f]{8}", environment_stack("nlp", "特性"))


@pytest.mark.parametrize(
    "name", ["dev", "env-x", "env-feature-1234567", "environment-12345678", "env--12345678", "prod"]
)
def test_stacks_of_other_names_are_none(name: str) -> None:
    assert not is_environment_name(name)
