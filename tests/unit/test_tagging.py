"""Setting tags: which calls that takes, how long it waits, and what is known when a call fails.

Which tags a task should have is in `test_identity.py`, when they change in `test_update.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from calls import recorded_task
from fake_api import PROCEED, FakeApi, no_answer, refusal

from pulumi_tione._constraints import MAX_TAGS
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.existence import LAG_SECONDS
from pulumi_tione.lifecycle.tagging import PartialTagsError, _calls, set_tags

OUTPUTS = {"name": "bert", "uin": "100", "tiProjectId": "w-1"}


def fake(**tags: str) -> FakeApi:
    return FakeApi.with_task(facts={"Tags": [{"TagKey": key, "TagValue": value} for key, value in tags.items()]})


def change(
    api: FakeApi,
    desired: Mapping[str, str],
    managed: Sequence[str] = (),
    recorded: Mapping[str, str] | None = None,
    remote: Mapping[str, str] | None = None,
) -> dict[str, str]:
    tags = api.tags if remote is None else remote
    detail: dict[str, Any] = {"Uin": "100", "Tags": [{"TagKey": key, "TagValue": tags[key]} for key in tags]}
    return set_tags(recorded_task(api, "train-1", OUTPUTS), detail, desired, managed, recorded=recorded)


def failure(api: FakeApi, desired: Mapping[str, str], managed: Sequence[str] = (), **how: Any) -> PartialTagsError:
    with pytest.raises(PartialTagsError) as caught:
        change(api, desired, managed, **how)
    return caught.value


# Which calls.


def test_only_what_differs_is_written_and_only_what_was_managed_is_removed() -> None:
    api = fake(team="nlp", old="x", foreign="f")
    assert change(api, {"team": "vision"}, ["team", "old"]) == {"team": "vision", "foreign": "f"}
    assert api.calls == ["tag team", "untag old", "describe train-1"]
    assert api.asked_workspaces[-1] == "w-1"
    assert change(api, {"team": "vision"}, ["team"]) == {"team": "vision", "foreign": "f"}
    assert len(api.calls) == 3


def test_where_what_is_recorded_and_what_is_shown_differ_the_tag_is_written() -> None:
    api = fake(team="nlp")
    change(api, {"team": "nlp"}, recorded={"team": "vision"})
    assert api.writes == ["tag team"]
    api = fake(team="nlp")
    change(api, {}, ["team", "old"], recorded={"old": "x"}, remote={})
    assert api.writes == ["untag old"]


def names(first: int, last: int) -> list[str]:
    return [f"tag-{number:02}" for number in range(first, last + 1)]


@pytest.mark.parametrize(
    ("remote", "written", "removed", "calls"),
    [
        ([], [], [], []),
        (["a"], ["b"], ["a"], [(["b"], False), (["a"], True)]),
        (["b"], ["a", "b"], [], [(["b", "a"], False)]),  # those that the task has come first
        ([], names(1, 11), [], [(names(1, 10), False), (names(11, 11), False)]),
        (names(1, 11), [], names(1, 11), [(names(1, 10), True), (names(11, 11), True)]),
        # No room for a new tag: one is removed before.
        (names(1, MAX_TAGS), ["new"], names(1, 1), [(names(1, 1), True), (["new"], False)]),
        # Room for one: it is written before any is removed.
        (
            names(1, MAX_TAGS - 1),
            ["new-1", "new-2"],
            names(1, 2),
            [(["new-1"], False), (names(1, 2), True), (["new-2"], False)],
        ),
        # A tag that is replaced takes no room.
        (
            names(1, MAX_TAGS - 1),
            [*names(5, 6), "new"],
            names(1, 1),
            [([*names(5, 6), "new"], False), (names(1, 1), True)],
        ),
        # Nothing to remove: the service itself refuses.
        (names(1, MAX_TAGS), ["new"], [], [(["new"], False)]),
        # Ten are removed at once, so that ten find room.
        (
            names(1, MAX_TAGS),
            [f"new-{number:02}" for number in range(12)],
            names(1, 12),
            [
                (names(1, 10), True),
                ([f"new-{number:02}" for number in range(10)], False),
                (names(11, 12), True),
                (["new-10", "new-11"], False),
            ],
        ),
    ],
)
def test_tags_are_written_before_others_are_removed_unless_there_is_no_room(
    remote: list[str], written: list[str], removed: list[str], calls: list[tuple[list[str], bool]]
) -> None:
    assert [*_calls(dict.fromkeys(remote, ""), dict.fromkeys(written, ""), removed)] == calls


def test_tags_that_are_gone_already_are_removed_one_by_one() -> None:
    api = fake(a="1", c="3")
    assert change(api, {}, ["a", "b", "c"], recorded={"a": "1", "b": "2", "c": "3"}) == {}
    assert api.writes == ["untag a,b,c", "untag a", "untag b", "untag c"]
    api = fake(a="1")
    api.always("untag", refusal("UnauthorizedOperation", "UnTagResources"))
    assert "not removed: a" in str(failure(api, {}, ["a"]))
    assert api.writes == ["untag a"]


# Reading back.


def test_what_was_accepted_and_cannot_be_read_is_what_the_task_has() -> None:
    api = fake(team="nlp", old="x", foreign="f")
    api.always("describe", no_answer("DescribeTrainingTask"))
    assert change(api, {"team": "vision"}, ["team", "old"]) == {"team": "vision", "foreign": "f"}
    assert LAG_SECONDS <= api.now < LAG_SECONDS + 1


def test_a_read_without_an_answer_or_without_the_task_is_followed_by_another() -> None:
    api = fake(team="nlp")
    api.trouble("describe", no_answer("DescribeTrainingTask"), lambda _: None, lambda _: PROCEED)
    assert change(api, {"team": "vision"}) == {"team": "vision"}
    assert api.verbs == ["tag", "describe", "describe", "describe"]


def test_what_was_accepted_and_never_shows_is_an_error_with_what_does() -> None:
    api = fake(team="nlp", old="x", mine="m", foreign="f")

    def only_team(_: str) -> None:
        api.put_tags("train-1", team="vision", fresh="y")

    api.always("tag", only_team)
    api.always("untag", lambda _: None)
    error = failure(api, {"team": "vision", "mine": "m", "new": "n", "fresh": "y"}, ["team", "old", "mine"])
    assert str(error) == messages.tags_not_shown(["new", "old"], f"after {LAG_SECONDS:.0f} s")
    assert error.tags == {"team": "vision", "old": "x", "mine": "m", "foreign": "f", "fresh": "y"}
    assert error.managed == {"team", "old", "mine", "fresh"}
    assert error.unconfirmed == {"new"}


def test_a_call_that_is_cancelled_while_it_reads_tags_back_shows_it() -> None:
    api = fake(team="nlp")
    api.always("tag", lambda _: None)
    task = recorded_task(api, "train-1", OUTPUTS)

    def pause(seconds: float) -> None:
        api.sleep(seconds)
        task.context.cancelled.set()

    task.context.pause = pause
    with pytest.raises(PartialTagsError) as caught:
        set_tags(task, {"Uin": "100"}, {"new": "n"}, ())
    assert str(caught.value) == messages.tags_not_shown(["new"], "yet (cancelled)")
    assert api.now < 1


# A call that fails.


def test_a_refused_call_is_an_error_at_once_with_all_that_was_done_before() -> None:
    api = fake(foreign="f", **dict.fromkeys(names(1, 10), "x"))
    refused = refusal("UnauthorizedOperation", "TagResources")
    api.trouble("tag", lambda _: PROCEED, refused)
    desired = {**dict.fromkeys(names(1, 10), "y"), "new": "n"}
    error = failure(api, desired, [*names(1, 10), "gone"], recorded={**api.tags, "gone": "g"}, remote=api.tags)
    assert str(error) == messages.tags_not_changed(
        {"set": names(1, 10), "not set": ["new"], "not removed": ["gone"]}, refused
    )
    assert error.tags == {"foreign": "f", **dict.fromkeys(names(1, 10), "y")}
    assert error.managed == {*names(1, 10)}
    assert error.unconfirmed == set()


def test_nothing_is_waited_for_after_a_refusal_where_all_is_known() -> None:
    api = fake(team="nlp", old="x")
    api.trouble("tag", refusal("UnauthorizedOperation", "TagResources"))
    failure(api, {"team": "vision"}, ["team", "old"])
    assert api.now == 0
    assert api.verbs == ["tag", "describe"]


def test_a_refusal_is_followed_by_reads_where_what_is_shown_may_lag() -> None:
    api = fake(team="nlp")
    api.always("tag", refusal("UnauthorizedOperation", "TagResources"))
    failure(api, {"team": "vision"}, ["team"], recorded={"team": "audio"})
    assert LAG_SECONDS <= api.now < LAG_SECONDS + 1


def test_a_call_without_an_answer_that_took_effect_is_known_as_soon_as_it_shows() -> None:
    api = fake(team="nlp", old="x")
    api.fail("tag", no_answer("TagResources"), has_effect=True)
    error = failure(api, {"team": "vision"}, ["team", "old"])
    assert str(error) == messages.tags_not_changed({"set": ["team"], "not removed": ["old"]}, no_answer("TagResources"))
    assert error.tags == {"team": "vision", "old": "x"}
    assert error.managed == {"team", "old"}
    assert error.unconfirmed == set()
    assert api.now == 0


def test_a_call_without_an_answer_that_does_not_show_is_not_confirmed() -> None:
    api = fake(team="nlp", old="x")
    api.fail("tag", no_answer("TagResources"))
    error = failure(api, {"team": "vision", "new": "n"}, ["team", "old"])
    assert str(error) == messages.tags_not_changed(
        {"perhaps set": ["new", "team"], "not removed": ["old"]}, no_answer("TagResources")
    )
    assert error.unconfirmed == {"team", "new"}
    assert error.managed == {"team", "old"}
    assert LAG_SECONDS <= api.now < LAG_SECONDS + 1


def test_a_removal_without_an_answer_is_removed_when_it_shows() -> None:
    for has_effect, part in ((True, "removed"), (False, "not removed")):
        api = fake(old="x")
        api.fail("untag", no_answer("UnTagResources"), has_effect=has_effect)
        error = failure(api, {"new": "n"}, ["old"])
        assert str(error) == messages.tags_not_changed({"set": ["new"], part: ["old"]}, no_answer("UnTagResources"))
        assert error.unconfirmed == set()
        assert error.managed == {"new", *(() if has_effect else ("old",))}


def test_nothing_is_known_but_what_was_accepted_where_nothing_can_be_read_after_a_failure() -> None:
    api = fake(team="nlp", old="x")
    api.always("describe", no_answer("DescribeTrainingTask"))
    api.trouble("untag", refusal("UnauthorizedOperation", "UnTagResources"))
    error = failure(api, {"team": "vision"}, ["team", "old"])
    assert error.tags == {"team": "vision", "old": "x"}
    assert error.managed == {"team", "old"}
