"""Leftovers of killed updates: which active tasks stop a create, and how few requests that takes.

An incomplete list is in `tests/component/test_leftovers.py`; the commands for a leftover are in
`tests/reliability/test_leftover_commands.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from fake_api import FakeApi, no_answer

from pulumi_tione._schema.identity import LABELS, RETAINED, generated_name, labels, suffixed_name
from pulumi_tione.errors import IndeterminateResultError
from pulumi_tione.lifecycle.leftovers import Leftovers

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
NAME = generated_name(OWNER)


class Api(FakeApi):
    """A fake that notes which tags a list was filtered by."""

    def __init__(self) -> None:
        super().__init__()
        self.filters: list[Mapping[str, str]] = []

    def training_tasks(
        self,
        filters: Mapping[str, Sequence[str]],
        tags: Mapping[str, str],
        ti_project_id: str | None = None,
        *,
        is_proof: bool = False,
    ) -> Iterator[dict[str, Any]]:
        assert (filters, is_proof) == ({}, True), "a page that is missing would hide a leftover"
        self.filters.append(tags)
        return super().training_tasks(filters, tags, ti_project_id, is_proof=is_proof)


def with_task(name: str = NAME, owner: Mapping[str, str] = OWNER, **facts: Any) -> Api:
    api = Api()
    tags = [{"TagKey": key, "TagValue": value} for key, value in labels(owner).items()]
    api.make({"Name": name, "Tags": tags}, Status="RUNNING", **facts)
    return api


def test_the_tasks_of_the_stack_are_listed_once_and_the_candidate_is_described() -> None:
    api, leftovers = with_task(), Leftovers()
    for _ in range(3):
        found = leftovers.find(api, OWNER, "w-1")
        assert found is not None
        assert found["Id"] == "train-1"
    assert api.verbs == ["list", *["describe"] * 3]
    assert {*api.asked_workspaces} == {"w-1"}
    assert api.filters == [{LABELS[0]: "nlp", LABELS[1]: "dev"}]


def test_each_stack_and_each_workspace_is_listed_on_its_own() -> None:
    api, leftovers = with_task(), Leftovers()
    for owner in (OWNER, {**OWNER, "stack": "prod"}, {**OWNER, "project": "vision"}):
        for workspace in (None, "w-1"):
            leftovers.find(api, owner, workspace)
    assert api.verbs.count("list") == 6


def test_what_has_appeared_since_is_found_now() -> None:
    api, leftovers = Api(), Leftovers()
    assert leftovers.find(api, OWNER, None) is None
    tags = [{"TagKey": key, "TagValue": value} for key, value in labels(OWNER).items()]
    api.make({"Name": NAME, "Tags": tags})
    assert leftovers.find(api, OWNER, None) is None
    found = leftovers.find_now(api, OWNER, "w-1", ())
    assert found is not None
    assert api.asked_workspaces[-2:] == ["w-1", "w-1"]


@pytest.mark.parametrize("name", [NAME, suffixed_name(NAME, 2), suffixed_name(NAME, 11), "bert-of-the-program"])
def test_a_task_with_the_labels_is_a_leftover_under_its_own_names(name: str) -> None:
    assert Leftovers().find(with_task(name), OWNER, None) is not None


@pytest.mark.parametrize("suffix", ["", "-2", "-11", "-999"])
@pytest.mark.parametrize("prefix", ["dev-bert-", ""])
def test_a_task_whose_name_was_generated_for_another_owner_is_none(prefix: str, suffix: str) -> None:
    assert Leftovers().find(with_task(f"{prefix}0123abcd{suffix}"), OWNER, None) is None


@pytest.mark.parametrize("name", ["dev-bert-0123abcd-1000", "dev-bert-0123abc", "dev-bert-0123abcg"])
def test_a_name_that_only_resembles_a_generated_one_is_the_programs(name: str) -> None:
    assert Leftovers().find(with_task(name), OWNER, None) is not None


@pytest.mark.parametrize("status", ["STOPPED", "FAILED", "SUCCEED", "SUBMIT_FAILED"])
def test_a_task_that_has_ended_is_none_whether_list_or_detail_show_it(status: str) -> None:
    api = with_task()
    api.put("train-1", Status=status)
    assert Leftovers().find(api, OWNER, None) is None
    assert api.verbs == ["list"]
    api = with_task()
    leftovers = Leftovers()
    leftovers.find(api, OWNER, None)
    api.put("train-1", Status=status)
    assert leftovers.find(api, OWNER, None) is None


def test_a_task_that_was_deleted_or_stays_on_purpose_is_none() -> None:
    api = with_task()
    assert Leftovers().find(api, OWNER, None, {"train-1"}) is None
    assert Leftovers().find_now(api, OWNER, None, {"train-1"}) is None
    assert Leftovers().find(api, {**OWNER, RETAINED: "true"}, None) is None
    leftovers = Leftovers()
    leftovers.find(api, OWNER, None)
    api.put("train-1")
    assert leftovers.find(api, OWNER, None) is None


def test_a_task_after_one_that_does_not_count_is_found() -> None:
    api = with_task()
    tags = [{"TagKey": key, "TagValue": value} for key, value in labels(OWNER).items()]
    api.make({"Name": "second", "Tags": tags}, Status="RUNNING")
    api.make({"Name": "third", "Tags": tags}, Status="RUNNING")
    found = Leftovers().find(api, OWNER, None, {"train-1"})
    assert found is not None
    assert found["Id"] == "train-2"


def test_a_task_of_another_resource_is_none() -> None:
    assert Leftovers().find(with_task(owner={**OWNER, "resource": "gpt"}), OWNER, None) is None


def test_threads_that_create_at_the_same_time_share_the_list_and_its_error() -> None:
    for error in (None, no_answer("DescribeTrainingTasks")):
        api, leftovers = with_task(), Leftovers()
        begin, results = threading.Barrier(8), list[object]()

        def slowly(error: Exception | None = error, api: Api = api) -> list[dict[str, Any]]:
            time.sleep(0.05)
            if error is not None:
                raise error
            return [dict(api.shown("train-1") or {})]

        api.always("list", slowly)

        def find(
            begin: threading.Barrier = begin,
            results: list[object] = results,
            api: Api = api,
            leftovers: Leftovers = leftovers,
        ) -> None:
            begin.wait()
            try:
                results.append((leftovers.find(api, OWNER, None) or {}).get("Id"))
            except IndeterminateResultError as raised:
                results.append(type(raised))

        threads = [threading.Thread(target=find) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == ["train-1" if error is None else IndeterminateResultError] * 8
        assert api.verbs.count("list") == 1
