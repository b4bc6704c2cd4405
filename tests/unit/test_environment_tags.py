"""The tags of an environment, and when the command that works on it counts as alive or dead.

Two commands at once are in `tests/environments/test_two_at_once.py`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_tione.environments.tags import (
    DEAD_AFTER_SECONDS,
    HEARTBEAT,
    HEARTBEAT_SECONDS,
    MAX_TAG_LENGTH,
    STOPPED,
    EnvironmentTags,
    Operation,
    locations_tags,
    stopped_tags,
    tags_to_remove,
)
from pulumi_tione.stacks.locations import Location

HERE = "vm/4026531836"
RUNNING = Operation("up", "ab12", HERE, 77, "Thu Nov 26 11:26:03 2026", since=1000, at=1060)


def process_start(pid: int) -> str | None:
    return {77: "Thu Nov 26 11:26:03 2026"}.get(pid)


def test_the_longest_operation_fits_into_a_tag() -> None:
    longest = Operation(
        kind="start",
        run="0" * 12,
        host="h" * 50 + "/4026531836",
        pid=4194304,
        start="Thu Nov 26 11:26:03 2026",
        since=1795693821,
        at=1795693821,
        previous="0" * 12,
        result="failed",
        deployed=True,
    )
    assert len(str(longest)) <= MAX_TAG_LENGTH
    assert Operation.parsed(str(longest)) == longest


@pytest.mark.parametrize("text", [None, "", "null", "{}", "[]", "{", '{"kind":"up"}', '{"of":"a later version"}'])
def test_another_text_is_no_operation(text: str | None) -> None:
    assert Operation.parsed(text) is None


@pytest.mark.parametrize(
    ("operation", "now", "is_alive"),
    [
        (RUNNING, 9999999, True),
        (Operation("up", "ab12", HERE, 78, "Thu", since=1, at=1), 2, False),
        (Operation("up", "ab12", HERE, 77, "another process of this id", since=1, at=1), 2, False),
        (Operation("up", "ab12", "other/1", 77, "Thu", since=1, at=1000), 1000 + DEAD_AFTER_SECONDS - 1, True),
        (Operation("up", "ab12", "other/1", 77, "Thu", since=1, at=1000), 1000 + DEAD_AFTER_SECONDS, False),
    ],
)
def test_a_process_decides_on_this_machine_and_the_heartbeat_on_another(
    operation: Operation, now: float, is_alive: bool
) -> None:
    assert operation.is_alive(HERE, process_start, now) == is_alive
    assert operation.is_dead(HERE, process_start, now) != is_alive


def test_a_command_that_has_ended_is_neither_alive_nor_dead() -> None:
    ended = Operation("up", "ab12", HERE, 1, "Thu", since=1, at=1, result="failed")
    assert not ended.is_alive(HERE, process_start, 2)
    assert not ended.is_dead(HERE, process_start, 2)


def test_only_a_lock_of_its_time_can_be_of_a_dead_command() -> None:
    assert RUNNING.covers(1000)
    assert RUNNING.covers(1060 + HEARTBEAT_SECONDS)
    assert not RUNNING.covers(1060 + HEARTBEAT_SECONDS + 10)
    assert not RUNNING.covers(900)


def test_marks_are_read_from_tags() -> None:
    tags = {
        "tione:environment": "3f9a",
        "tione:branch": "feature/登录",
        "tione:template": "dev",
        "tione:ttl": "8h",
        "tione:keep": "true",
        HEARTBEAT: str(RUNNING),
        "owner": "somebody",
    }
    environment_tags = EnvironmentTags.of(tags)
    assert environment_tags == EnvironmentTags(
        "3f9a", "feature/登录", "dev", timedelta(hours=8), is_kept=True, operation=RUNNING
    )
    assert environment_tags.are_complete
    assert not EnvironmentTags.of({"tione:environment": "3f9a"}).are_complete
    assert EnvironmentTags.of({"tione:ttl": "soon", HEARTBEAT: "x"}) == EnvironmentTags()


@given(st.lists(st.from_regex(r"train-[0-9]{10,19}", fullmatch=True), unique=True, max_size=60))
@settings(deadline=None, derandomize=True, database=None)
def test_any_number_of_stopped_tasks_is_recorded(task_ids: list[str]) -> None:
    tags = stopped_tags(task_ids)
    assert all(len(value) <= MAX_TAG_LENGTH for value in tags.values())
    assert EnvironmentTags.of(tags).stopped == tuple(task_ids)
    assert tags_to_remove({**tags, "tione:branch": "x"}) == list(tags)
    assert STOPPED not in tags_to_remove(tags, [STOPPED])


@given(
    st.lists(
        st.builds(
            Location,
            st.sampled_from(["ap-guangzhou", "ap-shanghai", "eu-frankfurt"]),
            st.none() | st.from_regex(r"[0-9]{1,19}", fullmatch=True),
            st.none() | st.text(min_size=1, max_size=99).map(lambda text: json.dumps({"profile": text})),
        ),
        unique=True,
        max_size=20,
    )
)
@settings(deadline=None, derandomize=True, database=None)
def test_any_number_of_locations_is_recorded(locations: list[Location]) -> None:
    tags = locations_tags(locations)
    assert all(len(value) <= MAX_TAG_LENGTH for value in tags.values())
    recorded = EnvironmentTags.of({**tags, "tione:stopped": "train-1"}).locations
    parts = [(each.region, each.workspace, each.task_settings) for each in locations]
    assert [(each.region, each.workspace, each.task_settings) for each in recorded] == parts
    assert EnvironmentTags.of({**tags, "tione:locations": "[["}).locations == ()


def test_the_settings_of_a_location_are_those_that_a_state_records() -> None:
    resource = {"inputs": {"region": "ap-shanghai", "settings": {"profile": "b", "camRoleName": "a"}}}
    location = Location.recorded(resource)
    assert location is not None
    assert EnvironmentTags.of(locations_tags([location])).locations == (location,)


@pytest.mark.parametrize("secret", [{"secretKey": "s"}, {"assumeRole": {"roleArn": "a", "externalId": "s"}}])
def test_no_secret_gets_into_a_tag(secret: dict[str, Any]) -> None:
    location = Location("ap-shanghai", settings=json.dumps({"profile": "b", **secret}))
    assert locations_tags([location]) == {"tione:locations": "[]"}
