"""Diff: which inputs changed, and which of the changes need a new task.

A new argument needs no test here: `tests/boundary/test_shapes.py` covers every declared field. Equality of values is in
`test_wire.py`, imported tasks are in `test_imported.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.output import UNKNOWN, Unknown

from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import BASE_NAME, SUFFIXES, Owner, generated_name, labels, suffixed_name
from pulumi_tione.lifecycle.diff import Difference, announced_rerun
from pulumi_tione.lifecycle.diff import diff as diff_with_owner
from pulumi_tione.lifecycle.messages import rerun_announced

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
INPUTS: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [
        {"role": "HEAD", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1},
        {"role": "WORKER", "instanceType": "TI.S.LARGE.POST", "instanceNum": 2},
    ],
    "imageInfo": {"imageType": "CUSTOM", "imageUrl": "a/b:1", "imageSecret": {"username": "u", "password": "cA=="}},
    "envs": {"EPOCHS": "3"},
    "privateEnvs": {"TOKEN": "planted"},
    "tags": {"team": "nlp"},
    "logEnable": False,
    "triggers": [1, "a"],
    "queues": ["q-1"],
    "exposeNetworkConfig": {"sshConfig": {"enable": True, "port": 22}},
}
OUTPUTS: dict[str, Any] = {
    **INPUTS,
    "exposeNetworkConfig": {"sshConfig": {"enable": True, "port": 22, "loginCommand": "ssh …", "podSshInfo": {}}},
    "status": "RUNNING",
    "allTags": {"team": "nlp", **labels(OWNER)},
    "uin": "100",
}
unknown: Any = Unknown
"""Makes a value that a preview does not know."""

NO_DIFFERENCE = Difference(replacing=(), in_place=())


def diff(
    outputs: dict[str, Any], news: dict[str, Any], *, owner: Owner = OWNER, labels_enabled: bool = True
) -> Difference:
    return diff_with_owner(outputs, news, recorded_owner=OWNER, owner=owner, labels_enabled=labels_enabled)


def test_the_same_inputs_are_no_change() -> None:
    assert diff(OUTPUTS, INPUTS) == NO_DIFFERENCE


def test_what_only_the_service_knows_is_not_compared() -> None:
    returned = {
        "status": "SUCCEED",
        "uin": "200",
        "allTags": {**OUTPUTS["allTags"], "by": "somebody"},
        "endTime": "now",
    }
    assert diff({**OUTPUTS, **returned, "__provider": "blob"}, INPUTS) == NO_DIFFERENCE


IN_PLACE = {"tags", "logEnable", "logConfig", "desiredStatus", "rerunOnFailure", "rerunOnTimeLimit"}


@pytest.mark.parametrize("name", TRAINING_TASK.fields)
def test_a_change_replaces_except_of_tags_log_delivery_and_run_state(name: str) -> None:
    old, new = ({"team": "old"}, {"team": "new"}) if name == "tags" else ("old", "new")
    outputs = {**OUTPUTS, name: old}
    for changed in ({**INPUTS, name: new}, {key: value for key, value in INPUTS.items() if key != name}):
        found = diff(outputs, changed)
        assert found.in_place == ((name,) if name in IN_PLACE else ())
        assert found.replacing == (() if name in IN_PLACE else (name,))


CHANGES: list[tuple[str, dict[str, Any], set[str]]] = [
    (
        "a number in the second group",
        {
            "resourceConfigInfos": [
                INPUTS["resourceConfigInfos"][0],
                {**INPUTS["resourceConfigInfos"][1], "instanceNum": 3},
            ]
        },
        {"resourceConfigInfos"},
    ),
    ("a group less", {"resourceConfigInfos": INPUTS["resourceConfigInfos"][:1]}, {"resourceConfigInfos"}),
    ("the value of a variable", {"envs": {"EPOCHS": "4"}}, {"envs"}),
    ("one more variable", {"envs": {"EPOCHS": "3", "LR": "1"}}, {"envs"}),
    ("an empty variable", {"envs": {"EPOCHS": ""}}, {"envs"}),
    ("a secret variable", {"privateEnvs": {"TOKEN": "other"}}, {"privateEnvs"}),
    (
        "a password",
        {"imageInfo": {**INPUTS["imageInfo"], "imageSecret": {"username": "u", "password": "eA=="}}},
        {"imageInfo"},
    ),
    ("a trigger's kind", {"triggers": ["1", "a"]}, {"triggers"}),
    ("the order of triggers", {"triggers": ["a", 1]}, {"triggers"}),
    ("something deep", {"exposeNetworkConfig": {"sshConfig": {"enable": False, "port": 22}}}, {"exposeNetworkConfig"}),
    ("two things", {"remark": "new", "tags": {"team": "cv"}}, {"remark", "tags"}),
    (
        "false that was true",
        {"exposeNetworkConfig": {"sshConfig": {"enable": True, "port": 0}}},
        {"exposeNetworkConfig"},
    ),
    ("the region", {"region": "ap-shanghai"}, {"region"}),
]


@pytest.mark.parametrize(("changes", "names"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_exactly_what_changed_is_named(changes: dict[str, Any], names: set[str]) -> None:
    found = diff(OUTPUTS, {**INPUTS, **changes})
    assert {*found.replacing, *found.in_place} == names


@pytest.mark.parametrize(
    ("name", "empty"),
    [
        ("remark", ""),
        ("codeRepos", []),
        ("tags", {}),
        ("envs", {}),
        ("output", {}),
        ("dataConfigs", []),
        ("exposeNetworkConfig", {"sshConfig": {}}),
        ("startCmdInfo", {"startCmd": "", "psStartCmd": ""}),
        ("triggers", []),
    ],
)
def test_empty_is_the_same_as_not_set(name: str, empty: Any) -> None:
    inputs = {key: value for key, value in INPUTS.items() if key != name}
    outputs = {key: value for key, value in OUTPUTS.items() if key != name}
    assert diff(outputs, {**inputs, name: empty}) == NO_DIFFERENCE
    assert diff({**outputs, name: empty}, inputs) == NO_DIFFERENCE


@pytest.mark.parametrize(
    "changes",
    [
        {"vpcId": unknown()},
        {"name": unknown()},
        {"queues": [unknown()]},
        {"envs": {"EPOCHS": unknown()}},
        {"resourceConfigInfos": unknown()},
        {"exposeNetworkConfig": {"sshConfig": {"enable": True, "port": unknown()}}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_unknown_in_a_preview_counts_as_a_change(changes: dict[str, Any]) -> None:
    (name,) = changes
    assert diff(OUTPUTS, {**INPUTS, **changes}).replacing == (name,)


@pytest.mark.parametrize("tags", [unknown(), {"team": unknown()}], ids=["all", "one"])
def test_tags_that_are_unknown_in_a_preview_count_as_a_change_in_place(tags: Any) -> None:
    assert diff(OUTPUTS, {**INPUTS, "tags": tags}) == Difference(replacing=(), in_place=("tags",))


def test_a_further_run_that_check_asks_for_is_a_change_in_place() -> None:
    rerun = {"rerunOnFailure": 2, "run": 1}
    assert diff({**OUTPUTS, **rerun}, {**INPUTS, **rerun}) == NO_DIFFERENCE
    assert diff({**OUTPUTS, **rerun}, {**INPUTS, **rerun, "run": 2}) == Difference(replacing=(), in_place=("run",))


@pytest.mark.parametrize(
    ("recorded", "news", "announced"),
    [
        ({"run": 1}, {"run": 2, "rerunOnFailure": 3}, rerun_announced(1, 3, is_unconfirmed=False)),
        ({}, {"run": 2, "rerunOnFailure": 3}, rerun_announced(1, 3, is_unconfirmed=False)),
        ({"run": 2}, {"run": 4.0, "rerunOnFailure": 3.0}, rerun_announced(3, 3, is_unconfirmed=False)),
        ({"run": 2}, {"run": 2, "rerunOnFailure": 3}, None),
        ({"run": 1}, {"run": 2}, None),
        ({"run": 1}, {"run": 2, "rerunOnFailure": 0}, None),
        ({"run": 1}, {"run": 2, "rerunOnFailure": unknown()}, None),
        ({"run": 1}, {"run": 2, "rerunOnFailure": 3, "desiredStatus": "STOPPED"}, None),
        (
            {"run": 2, "unconfirmed": {"start": "a"}},
            {"run": 2, "rerunOnFailure": 3},
            rerun_announced(1, 3, is_unconfirmed=True),
        ),
        ({"run": 1, "unconfirmed": {"start": "a"}}, {"run": 1, "rerunOnFailure": 3}, None),
    ],
)
def test_a_rerun_is_announced_where_one_is_due(
    recorded: dict[str, Any], news: dict[str, Any], announced: str | None
) -> None:
    assert announced_rerun(recorded, news) == announced


@pytest.mark.parametrize(
    ("unconfirmed", "changed"), [({"start": ""}, ("run",)), ({"tags": ["new"]}, ("tags",)), ({}, ())]
)
def test_what_a_failed_update_left_unconfirmed_is_resolved_by_the_next_one(
    unconfirmed: dict[str, Any], changed: tuple[str, ...]
) -> None:
    assert diff({**OUTPUTS, "unconfirmed": unconfirmed}, INPUTS) == Difference(replacing=(), in_place=changed)


@pytest.mark.parametrize(
    ("all_tags", "owner", "labels_enabled", "changed"),
    [
        ({**labels(OWNER), "team": "nlp"}, OWNER, True, False),
        ({"team": "nlp"}, OWNER, True, True),
        ({"team": "nlp"}, OWNER, False, False),
        ({**labels(OWNER), "team": "nlp"}, OWNER, False, True),
        ({**labels(OWNER), "team": "nlp"}, {**OWNER, "resource": "renamed"}, True, True),
        ({**labels(OWNER), "team": "nlp"}, {**OWNER, "organization": "other"}, True, False),
        ({**labels(OWNER), "team": "nlp", "pulumi:create": "a7"}, OWNER, True, False),
        ({**labels(OWNER), "team": "nlp"}, {**OWNER, "retainOnDelete": True}, True, True),
        ({"team": "nlp"}, {**OWNER, "retainOnDelete": True}, False, False),
        ({**labels(OWNER), "pulumi:stack": "prod"}, OWNER, True, True),
    ],
)
def test_labels_that_are_missing_wrong_or_not_desired_any_more_are_changed_in_place(
    all_tags: dict[str, str], owner: dict[str, str], labels_enabled: bool, changed: bool
) -> None:
    found = diff({**OUTPUTS, "allTags": all_tags}, INPUTS, owner=owner, labels_enabled=labels_enabled)
    assert found == Difference(replacing=(), in_place=("owner",) if changed else ())


@pytest.mark.parametrize("number", [SUFFIXES[0], SUFFIXES[-1]])
def test_a_computed_name_with_a_suffix_is_no_change(number: int) -> None:
    name = generated_name(OWNER)
    outputs = {**OUTPUTS, "name": suffixed_name(name, number), BASE_NAME: name}
    assert diff(outputs, {**INPUTS, "name": name}) == NO_DIFFERENCE


@pytest.mark.parametrize(("before", "now"), [("bert-v1-2", "bert-v1"), ("run-1-3", "run-1"), ("bert-v1", "bert-v1-2")])
def test_a_name_that_the_program_changes_replaces_the_task(before: str, now: str) -> None:
    assert diff({**OUTPUTS, "name": before}, {**INPUTS, "name": now}).replacing == ("name",)


# By path.


@pytest.mark.parametrize(
    ("recorded", "news", "expected"),
    [
        (
            {"resourceConfigInfos": [{"role": "WORKER", "instanceNum": 1}]},
            {"resourceConfigInfos": [{"role": "WORKER", "instanceNum": 2.0}]},
            {("resourceConfigInfos[0].instanceNum", "changed", True)},
        ),
        (
            {"resourceConfigInfos": [{"role": "WORKER"}, {"role": "PS", "gpu": 0}]},
            {"resourceConfigInfos": [{"role": "WORKER", "rdmaConfig": {"enable": True}}]},
            {("resourceConfigInfos[0].rdmaConfig", "added", True), ("resourceConfigInfos[1]", "removed", True)},
        ),
        (
            {"tags": {"a.b": "1", "c": "2", "same": "x"}},
            {"tags": {"a.b": "2", "same": "x", "d": "3"}},
            {('tags["a.b"]', "changed", False), ("tags.c", "removed", False), ("tags.d", "added", False)},
        ),
        ({"remark": "old"}, {}, {("remark", "removed", True)}),
        ({}, {"logConfig": {"topicId": "t"}}, {("logConfig", "added", False)}),
        ({"output": {"paths": ["a/"]}}, {"output": UNKNOWN}, {("output", "changed", True)}),
        ({"output": {"paths": ["a/"]}}, {"output": {"paths": [UNKNOWN]}}, {("output.paths[0]", "changed", True)}),
        ({"triggers": [1, {"a": 1}]}, {"triggers": [1, {"a": "1"}]}, {("triggers[1].a", "changed", True)}),
        ({"triggers": [1]}, {"triggers": [{"a": 1}]}, {("triggers[0]", "changed", True)}),
        ({"triggers": [1]}, {"triggers": [1, None]}, {("triggers", "changed", True)}),
        ({"remark": "", "output": {"paths": []}, "queues": None}, {"remark": None, "envs": {}}, set()),
        ({"run": 1}, {"run": 2, "rerunOnFailure": 2}, {("run", "changed", False), ("rerunOnFailure", "added", False)}),
    ],
    ids=[
        "a member of a struct in a list",
        "a struct added and an item removed",
        "tags",
        "a text removed",
        "a struct added",
        "an unknown struct",
        "an unknown item",
        "a trigger inside a map",
        "a trigger of another type",
        "a null trigger",
        "only empty values",
        "a re-run",
    ],
)
def test_each_change_has_its_path_and_whether_the_task_is_replaced(
    recorded: dict[str, Any], news: dict[str, Any], expected: set[tuple[str, str, bool]]
) -> None:
    difference = diff(recorded, news, labels_enabled=False)
    assert {tuple(change) for change in difference.changes} == expected
    assert len(difference.changes) == len(expected)
    names = {change.path.partition(".")[0].partition("[")[0] for change in difference.changes}
    assert names == {*difference.replacing, *difference.in_place}
