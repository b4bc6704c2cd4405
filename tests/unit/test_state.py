"""States and URNs, without an engine."""

from __future__ import annotations

import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.stacks.pulumi_cli import StackName
from pulumi_tione.stacks.state import State
from pulumi_tione.stacks.state_edit import backup_folder, write_backup
from pulumi_tione.stacks.state_secrets import marked_as, marked_outputs, marked_secret, revealed
from pulumi_tione.stacks.urn import Urn

STACK = StackName("organization", "nlp", "dev")
TYPE = "pulumi-python:dynamic/tione:TrainingTask"


def state(*resources: dict[str, Any], pending: list[dict[str, Any]] | None = None) -> State:
    return State({"version": 3, "deployment": {"resources": list(resources), "pending_operations": pending or []}})


def task(name: str, task_id: str | None, **members: Any) -> dict[str, Any]:
    of_id = {} if task_id is None else {"id": task_id}
    return {"urn": f"urn:pulumi:dev::nlp::{TYPE}::{name}", "custom": True, "type": TYPE, **of_id, **members}


@pytest.mark.parametrize(
    ("parent", "urn", "resource"),
    [
        ("urn:pulumi:dev::nlp::pulumi:pulumi:Stack::nlp-dev", f"urn:pulumi:dev::nlp::{TYPE}::bert", "bert"),
        ("urn:pulumi:dev::nlp::my:mod:C::c", f"urn:pulumi:dev::nlp::my:mod:C${TYPE}::bert", "my:mod:C::bert"),
        (
            "urn:pulumi:dev::nlp::a:b:C$d:e:F::x::y",
            f"urn:pulumi:dev::nlp::a:b:C$d:e:F${TYPE}::bert",
            "a:b:C$d:e:F::bert",
        ),
    ],
)
def test_the_urn_of_a_child_has_its_parents_types_as_the_owner_does(parent: str, urn: str, resource: str) -> None:
    above = Urn.parsed(parent)
    assert above is not None
    child = above.child(TYPE, "bert")
    assert (str(child), child.resource) == (urn, resource)


@pytest.mark.parametrize("text", ["", "bert", "urn:pulumi:dev::nlp", "dev::nlp::a:b:C::c"])
def test_what_is_no_urn_is_not_read_as_one(text: str) -> None:
    assert Urn.parsed(text) is None


def test_a_resource_that_only_waits_for_its_successor_is_replaced_by_it() -> None:
    before = state(task("bert", "train-1", pendingReplacement=True), task("other", "train-2"))
    urn = f"urn:pulumi:dev::nlp::{TYPE}::bert"
    assert before.resource(urn) is None
    after = before.with_task(task("bert", "train-3"))
    assert [resource["id"] for resource in after.resources] == ["train-3", "train-2"]
    assert [resource["id"] for resource in before.resources] == ["train-1", "train-2"]


def test_a_resource_that_is_still_to_be_deleted_is_known_and_stays() -> None:
    before = state(task("bert", "train-1", delete=True))
    assert set(before.tasks) == {"train-1"}
    assert len(before.with_task(task("bert", "train-2")).resources) == 2


def test_a_stack_that_was_never_updated_gets_its_foundation() -> None:
    config = {"tione:region": {"value": "ap-guangzhou"}, "tione:secretKey": {"value": "k", "secret": True}}
    after = State({"version": 3, "deployment": None}).with_foundation(STACK, config)
    root, provider = after.resources
    assert root["urn"] == after.root == "urn:pulumi:dev::nlp::pulumi:pulumi:Stack::nlp-dev"
    assert provider["inputs"] == {"tione:region": "ap-guangzhou", "tione:secretKey": marked_secret("k")}
    assert after.provider == f"{provider['urn']}::{provider['id']}"
    assert after.with_foundation(STACK, config).resources == after.resources


PROVIDER = "urn:pulumi:dev::nlp::pulumi:providers:pulumi-python::default"
INNER = "urn:pulumi:dev::nlp::my:mod:Outer$my:mod:Inner::in"


def test_a_provider_that_is_gone_is_written_as_a_pending_create_refers_to_it() -> None:
    after = State({"version": 3, "deployment": None}).with_foundation(STACK, {}, f"{PROVIDER}::id-1")
    assert after.provider == f"{PROVIDER}::id-1"
    assert after.fitted(task("bert", "train-1", provider=f"{PROVIDER}::id-1"))["provider"] == f"{PROVIDER}::id-1"


def test_a_provider_that_an_update_has_registered_anew_takes_the_place_of_the_one_that_is_gone() -> None:
    before = State({"version": 3, "deployment": None}).with_foundation(STACK, {}, f"{PROVIDER}::id-2")
    after = before.with_foundation(STACK, {}, f"{PROVIDER}::id-1")
    assert after.resources == before.resources
    assert after.fitted(task("bert", "train-1", provider=f"{PROVIDER}::id-1"))["provider"] == f"{PROVIDER}::id-2"


def test_a_parent_that_is_gone_is_written_under_the_nearest_one_that_is_known() -> None:
    empty = State({"version": 3, "deployment": None}).with_foundation(STACK, {})
    orphaned = empty.with_parent(INNER).resources[-1]
    assert orphaned == {"urn": INNER, "custom": False, "type": "my:mod:Inner", "parent": empty.root}

    outer = {"urn": "urn:pulumi:dev::nlp::my:mod:Outer::out", "custom": False, "type": "my:mod:Outer"}
    above = state(*empty.resources, outer)
    assert above.with_parent(INNER).resources[-1]["parent"] == outer["urn"]
    two = state(*above.resources, {**outer, "urn": "urn:pulumi:dev::nlp::my:mod:Outer::other"})
    assert two.with_parent(INNER).resources[-1]["parent"] == empty.root

    assert above.with_parent(INNER).with_parent(INNER).resources == above.with_parent(INNER).resources
    assert above.with_parent(str(empty.root)).resources == above.resources


def test_what_a_pending_create_refers_to_and_the_state_does_not_have_is_left_out() -> None:
    known, gone = "urn:pulumi:dev::nlp::a:b:C::known", "urn:pulumi:dev::nlp::a:b:C::gone"
    known_state = State({"version": 3, "deployment": None}).with_foundation(STACK, {})
    known_state = state(*known_state.resources, {"urn": known, "custom": False, "type": "a:b:C"})
    pending = task(
        "bert",
        "train-1",
        parent=gone,
        dependencies=[known, gone],
        propertyDependencies={"vpcId": [gone], "remark": [known]},
        deletedWith=gone,
        replaceWith=[gone],
    )
    assert known_state.fitted(pending) == task(
        "bert",
        "train-1",
        parent=known_state.root,
        provider=known_state.provider,
        dependencies=[known],
        propertyDependencies={"vpcId": [], "remark": [known]},
        replaceWith=[],
    )


def test_a_successor_stands_where_its_predecessor_stood_because_others_depend_on_it() -> None:
    dependent = {"urn": "urn:pulumi:dev::nlp::a:b:C::after", "dependencies": [task("bert", None)["urn"]]}
    after = state(task("bert", "train-1", pendingReplacement=True), dependent).with_task(task("bert", "train-2"))
    assert [each.get("id") for each in after.resources] == ["train-2", None]


def test_secrets_are_opened_and_closed_where_they_were() -> None:
    inputs = {
        "a": marked_secret({"b": "1"}),
        "c": {"d": marked_secret("2"), "e": "3"},
        "f": [{"g": marked_secret("4")}],
        "h": ["5"],
    }
    plain = {"a": {"b": "1"}, "c": {"d": "2", "e": "3"}, "f": [{"g": "4"}], "h": ["5"]}
    assert revealed(inputs) == plain
    assert marked_as(inputs, {**plain, "status": "RUNNING"}) == {
        **inputs,
        "f": marked_secret([{"g": "4"}]),
        "status": "RUNNING",
    }


def test_a_task_that_a_program_only_reads_is_not_one_of_the_state() -> None:
    looked_up = task("found", "train-1", external=True)
    assert state(task("bert", "train-1"), looked_up).tasks["train-1"]["urn"].endswith("::bert")
    assert state(looked_up).tasks == {}


def test_outputs_that_follow_from_secret_inputs_are_closed_under_any_name() -> None:
    outputs = {"tags": {"team": "x", "b": "c"}, "allTags": {"team": "x", "b": "c"}, "remark": "r", "status": "RUNNING"}
    inputs = {"tags": {"team": marked_secret("x"), "b": "c"}, "remark": "r"}
    closed = {**outputs, "tags": {"team": marked_secret("x"), "b": "c"}, "allTags": marked_secret(outputs["allTags"])}
    assert marked_outputs({"inputs": inputs}, outputs) == closed
    by_name = {"inputs": {}, "additionalSecretOutputs": ["remark", "allTags"]}
    assert marked_outputs(by_name, outputs) == {
        **outputs,
        "allTags": marked_secret(outputs["allTags"]),
        "remark": marked_secret("r"),
    }
    assert marked_outputs({"inputs": {"tags": {"team": "x"}}}, outputs) == outputs


def test_the_copy_of_a_state_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, 6, timezone.utc)
    folder = backup_folder({"PULUMI_HOME": str(tmp_path)})
    copy = write_backup(state(task("bert", "train-1")), folder, STACK, now)
    assert copy.parent == tmp_path / "pulumi-tione" / "backups"
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert copy.name == "nlp.dev.20260102T030405.000006Z.state.json"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_backup(state(), folder, STACK, now)


def provider(type_: str, **inputs: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:dev::nlp::{type_}::default"
    return {"urn": urn, "custom": True, "type": type_, "id": "p", "inputs": inputs, "outputs": inputs}


OF_TASKS, OF_NEIGHBOURS = "pulumi:providers:pulumi-python", "pulumi:providers:tencentcloud"


def test_current_settings_replace_the_recorded_ones_in_the_providers_and_nothing_else() -> None:
    recorded = state(
        provider(OF_TASKS, **{"tione:secretId": "old", "tione:region": "a", "nlp:size": "1"}),
        provider(OF_NEIGHBOURS, secretId="old", version="0.2.3"),
        task("bert", "train-1"),
    )
    config = {
        "tione:secretKey": {"value": "k", "secret": True},
        "tencentcloud:region": {"value": "b", "secret": False},
        "nlp:size": {"value": "2", "secret": False},
    }
    assert not recorded.has_settings(config)
    changed = recorded.with_settings(config)
    tasks, neighbours, bert = changed.resources
    assert tasks["inputs"] == {
        "nlp:size": "1",
        "tione:secretKey": marked_secret("k"),
        "tencentcloud:region": "b",
    }
    assert tasks["outputs"] == tasks["inputs"]
    assert neighbours["inputs"] == {"version": "0.2.3", "region": "b"}
    assert bert == task("bert", "train-1")
    assert changed.has_settings(config)
    assert state(task("bert", "train-1")).has_settings(config)
