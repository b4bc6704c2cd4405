"""Diff: which inputs changed, and what a change means. Update: what it says while it can change nothing."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.output import Unknown

from pulumi_tione._fields import TRAINING_TASK
from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle.diff import Difference, diff
from pulumi_tione.lifecycle.update import update

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
    "owner": OWNER,
}
OUTPUTS: dict[str, Any] = {
    **INPUTS,
    "exposeNetworkConfig": {"sshConfig": {"enable": True, "port": 22, "loginCommand": "ssh …", "podSshInfo": {}}},
    "status": "RUNNING",
    "allTags": {"team": "nlp", "pulumi:stack": "dev"},
    "uin": "100",
}
NO_DIFFERENCE = Difference(replacing=(), in_place=())


def test_the_same_inputs_are_no_change() -> None:
    assert diff(OUTPUTS, INPUTS) == NO_DIFFERENCE


def test_what_only_the_service_knows_is_not_compared() -> None:
    changed = {**OUTPUTS, "status": "SUCCEED", "uin": "200", "allTags": {}, "owner": {**OWNER, "stack": "other"}}
    assert diff({**changed, "__provider": "blob"}, INPUTS) == NO_DIFFERENCE


IN_PLACE = {"tags", "logEnable", "logConfig"}
OTHER_VALUES: dict[str, Any] = {"dataConfigs": [{"mappingPath": "/data"}], "triggers": [2]}


@pytest.mark.parametrize("name", TRAINING_TASK.fields)
def test_a_change_replaces_except_of_tags_and_log_delivery(name: str) -> None:
    outputs = {**OUTPUTS, name: "old"}
    for changed in ({**INPUTS, name: "new"}, {key: value for key, value in INPUTS.items() if key != name}):
        found = diff(outputs, changed)
        assert found.in_place == ((name,) if name in IN_PLACE else ())
        assert found.replacing == (() if name in IN_PLACE else (name,))


CHANGES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("a number in the second group", {"resourceConfigInfos": [INPUTS["resourceConfigInfos"][0], {**INPUTS["resourceConfigInfos"][1], "instanceNum": 3}]}, {"resourceConfigInfos"}),
    ("a group less", {"resourceConfigInfos": INPUTS["resourceConfigInfos"][:1]}, {"resourceConfigInfos"}),
    ("the value of a variable", {"envs": {"EPOCHS": "4"}}, {"envs"}),
    ("one more variable", {"envs": {"EPOCHS": "3", "LR": "1"}}, {"envs"}),
    ("an empty variable", {"envs": {"EPOCHS": ""}}, {"envs"}),
    ("a secret variable", {"privateEnvs": {"TOKEN": "other"}}, {"privateEnvs"}),
    ("a password", {"imageInfo": {**INPUTS["imageInfo"], "imageSecret": {"username": "u", "password": "eA=="}}}, {"imageInfo"}),
    ("a trigger's kind", {"triggers": ["1", "a"]}, {"triggers"}),
    ("the order of triggers", {"triggers": ["a", 1]}, {"triggers"}),
    ("something deep", {"exposeNetworkConfig": {"sshConfig": {"enable": False, "port": 22}}}, {"exposeNetworkConfig"}),
    ("two things", {"remark": "new", "tags": {"team": "cv"}}, {"remark", "tags"}),
    ("false that was true", {"exposeNetworkConfig": {"sshConfig": {"enable": True, "port": 0}}}, {"exposeNetworkConfig"}),
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
        {"vpcId": Unknown()},
        {"name": Unknown()},
        {"queues": [Unknown()]},
        {"envs": {"EPOCHS": Unknown()}},
        {"resourceConfigInfos": Unknown()},
        {"exposeNetworkConfig": {"sshConfig": {"enable": True, "port": Unknown()}}},
    ],
)
def test_what_is_unknown_in_a_preview_counts_as_a_change(changes: dict[str, Any]) -> None:
    (name,) = changes
    assert diff(OUTPUTS, {**INPUTS, **changes}).replacing == (name,)


def test_an_update_says_what_this_version_cannot_change_and_of_which_task() -> None:
    with pytest.raises(TaskError) as error:
        update("train-1", OUTPUTS, {**INPUTS, "tags": {"team": "cv"}, "logEnable": True})
    text = str(error.value)
    assert "'bert' (train-1)" in text
    assert "tags" in text
    assert "logEnable" in text
    assert "logConfig" not in text
    assert "\n" not in text
