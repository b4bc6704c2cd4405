"""Pulumi's resource options and the CLI's ways of choosing what to do, each on a training task.

What the program refuses is in `tests/unit/test_training_task.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.emulator import Emulator
from pulumi_tione.lifecycle import messages

pytestmark = [pytest.mark.engine, pytest.mark.long]


def names_of(emulator: Emulator) -> set[str]:
    return {str(task["Name"]) for task in emulator.tasks()}


def id_of(stack: Stack, name: str) -> str:
    """The id of the task in the state that the program calls so."""
    resource = stack.resource(name)
    assert resource
    return str(resource["id"])


def diagnostics(shown: str) -> str:
    """What the CLI printed at the end, resource by resource."""
    text = shown.partition("Diagnostics:")[2]
    assert "Traceback" not in text
    return text


# --- protect and retain_on_delete


def test_a_protected_task_is_neither_replaced_nor_destroyed(stack: Stack, emulator: Emulator) -> None:
    program = 'tione.TrainingTask("t", opts=pulumi.ResourceOptions(protect=%s), **(B | dict(remark="%s")))'
    stack.program(program % (True, "a"))
    stack.up()
    before = id_of(stack, "t")
    stack.program(program % (True, "b"))
    assert "marked for protection" in stack.up(fails=True)
    assert "because it is protected" in stack.pulumi("destroy", "--yes", "--skip-preview", fails=True)
    assert [task["Id"] for task in emulator.tasks()] == [before]

    stack.program(program % (False, "b"))
    stack.up()
    assert id_of(stack, "t") != before
    assert len(emulator.tasks()) == 1


def test_a_retained_task_stays_when_it_is_replaced_and_the_new_one_has_another_name(
    stack: Stack, emulator: Emulator
) -> None:
    program = 'tione.TrainingTask("t", opts=pulumi.ResourceOptions(retain_on_delete=True), **(B | dict(remark="%s")))'
    stack.program(program % "a")
    stack.up()
    (first,) = names_of(emulator)
    stack.program(program % "b")
    shown = re.search(r'~ name +: "(.+)" => "(.+)"', stack.preview("--diff"))
    assert shown
    assert shown[1] == first
    stack.up()
    assert names_of(emulator) == {first, shown[2]}
    assert "2 unchanged" in stack.up()
    assert "2 unchanged" in stack.refresh()

    stack.program("")
    stack.up()
    assert names_of(emulator) == {first, shown[2]}
    assert [*accepted(emulator, "StopTrainingTask"), *accepted(emulator, "DeleteTrainingTask")] == []


def test_going_back_to_the_inputs_of_a_retained_task_shows_how_to_get_another(stack: Stack, emulator: Emulator) -> None:
    program = 'tione.TrainingTask("t", opts=pulumi.ResourceOptions(retain_on_delete=True), **(B | dict(%s)))'
    for inputs in ("remark='a'", "remark='b'"):
        stack.program(program % inputs)
        stack.up()
    stack.program(program % "remark='a'")
    error = diagnostics(stack.up(fails=True))
    assert "retain_on_delete keeps it" in error
    assert "change `triggers`" in error
    stack.program(program % "remark='a', triggers=[2]")
    stack.up()
    assert len(emulator.tasks()) == 3
    assert stack.planned() == {}


# --- ignore_changes and replace_on_changes

IGNORED = {
    "python": ["remark", "resource_config_infos[0].instance_num", "envs.vpc_id"],
    "pulumi": ["remark", "resourceConfigInfos[0].instanceNum", "envs.vpc_id"],
    "each": ["remark", "resource_config_infos[*].instance_num", 'envs["vpc_id"]'],
    "whole": ["remark", "resource_config_infos", "envs"],
}
"""The names are those of the fields in Python and in Pulumi; a key of a map is the user's own and stays as it is."""

WITH_NODES = """
for name, ignored in %s.items():
    tione.TrainingTask(name, opts=pulumi.ResourceOptions(ignore_changes=ignored), **(B | dict(
        remark="%s",
        envs={"vpc_id": "%s"},
        resource_config_infos=[{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": %d}],
    )))
"""


def test_ignored_changes_change_nothing_however_they_are_written(stack: Stack, emulator: Emulator) -> None:
    stack.program(WITH_NODES % (IGNORED, "a", "1", 1))
    stack.up()
    stack.program(WITH_NODES % (IGNORED, "b", "2", 2))
    assert stack.planned() == {}
    stack.up()
    assert len(accepted(emulator, "CreateTrainingTask")) == len(IGNORED)


def test_a_replacement_is_made_of_all_inputs_of_the_program(stack: Stack, emulator: Emulator) -> None:
    # So it is with every resource: Pulumi ignores changes in updates, and a replacement begins anew.
    ignored = {"t": ["resource_config_infos[0].instance_num"]}
    stack.program(WITH_NODES % (ignored, "a", "1", 1))
    stack.up()
    stack.program(WITH_NODES % (ignored, "b", "1", 2))
    assert stack.planned() == {"t": "replace"}
    stack.up()
    (task,) = emulator.tasks()
    assert task["Remark"] == "b"
    assert task["ResourceConfigInfos"][0]["InstanceNum"] == 2
    assert stack.planned() == {}


REPLACING = {"all": "tags", "key": "tags.team", "python": "log_enable", "pulumi": "logEnable", "any": "*"}


def test_what_changes_in_place_replaces_where_the_program_reports_it(stack: Stack, emulator: Emulator) -> None:
    program = """
for name, path in %s.items():
    tione.TrainingTask(name, opts=pulumi.ResourceOptions(replace_on_changes=[path]), **(B | dict(
        tags={"team": "%s", "cost": "%s"}, log_enable=%s, log_config={"logset_id": "logset-1", "topic_id": "topic-1"},
    )))
"""
    stack.program(program % (REPLACING, "nlp", "a", False))
    stack.up()
    stack.program(program % (REPLACING, "nlp", "b", False))
    assert stack.planned() == {
        "all": "replace",
        "any": "replace",
        **dict.fromkeys(("key", "python", "pulumi"), "update"),
    }
    stack.program(program % (REPLACING, "cv", "b", True))
    assert stack.planned() == dict.fromkeys(REPLACING, "replace")
    stack.up()
    assert len(accepted(emulator, "DeleteTrainingTask")) == len(emulator.tasks()) == len(REPLACING)
    assert stack.planned() == {}


# --- depends_on, parent, aliases


def test_a_task_is_made_after_what_it_depends_on_and_goes_before_it(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
first = tione.TrainingTask("first", **(B | dict(name="first")))
second = tione.TrainingTask("second", opts=pulumi.ResourceOptions(depends_on=[first]), **(B | dict(name="second")))
tione.TrainingTask("third", opts=pulumi.ResourceOptions(depends_on=[second]), **(B | dict(name="third")))
"""
    )
    stack.up()
    names = {str(task["Id"]): str(task["Name"]) for task in emulator.tasks()}
    assert [body["Name"] for body in accepted(emulator, "CreateTrainingTask")] == ["first", "second", "third"]
    stack.destroy()
    assert [names[body["Id"]] for body in accepted(emulator, "DeleteTrainingTask")] == ["third", "second", "first"]


COMPONENT = """
class Experiment(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Experiment", name, None, opts)
        self.task = tione.TrainingTask("t", opts=pulumi.ResourceOptions(parent=self), **B)
"""


def test_tasks_of_one_name_under_different_components_have_different_names(stack: Stack, emulator: Emulator) -> None:
    # Pulumi itself shows resources of one name apart by the types of their parents alone.
    baseline = COMPONENT.replace("Experiment", "Baseline")
    stack.program(f'{COMPONENT}{baseline}\nExperiment("a")\nBaseline("b")\ntione.TrainingTask("t", **B)')
    stack.up()
    assert len(names_of(emulator)) == 3
    assert all(name.startswith("dev-t-") for name in names_of(emulator))
    assert stack.planned() == {}
    assert "unchanged" in stack.refresh()
    stack.destroy()
    assert emulator.tasks() == []


def test_a_task_may_be_the_parent_of_a_task(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", opts=pulumi.ResourceOptions(parent=tione.TrainingTask("t", **B)), **B)')
    stack.up()
    assert len(names_of(emulator)) == 2
    assert stack.planned() == {}


def test_a_task_that_moves_into_a_component_with_an_alias_stays(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    before = id_of(stack, "t")
    moved = COMPONENT.replace("parent=self", "parent=self, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]")
    stack.program(f'{moved}\nExperiment("a")')
    stack.up()
    assert [task["Id"] for task in emulator.tasks()] == [before]
    assert stack.planned() == {}


def test_a_changed_name_in_the_program_without_an_alias_is_another_task(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("old", **B)')
    stack.up()
    before = id_of(stack, "old")
    stack.program('tione.TrainingTask("new", **B)')
    assert stack.planned() == {"new": "create", "old": "delete"}
    stack.up()
    (task,) = emulator.tasks()
    assert task["Id"] == id_of(stack, "new") != before


def test_a_changed_name_in_the_program_with_an_explicit_one_shows_who_has_it(stack: Stack, emulator: Emulator) -> None:
    # Pulumi creates the new resource first, while the old one still has the name at the service.
    stack.program('tione.TrainingTask("old", **(B | dict(name="bert-fixed")))')
    stack.up()
    before = id_of(stack, "old")
    stack.program('tione.TrainingTask("new", **(B | dict(name="bert-fixed")))')
    error = diagnostics(stack.up(fails=True))
    assert f"{messages.not_created('bert-fixed')}: {before} already exists" in error
    assert messages.with_labels_of("old", "dev", "test") in error
    assert [task["Id"] for task in emulator.tasks()] == [before]

    alias = 'opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])'
    stack.program(f'tione.TrainingTask("new", {alias}, **(B | dict(name="bert-fixed")))')
    stack.up()
    assert [task["Id"] for task in emulator.tasks()] == [before] == [id_of(stack, "new")]
    assert stack.planned() == {}


# --- names


def test_two_resources_with_one_explicit_name_are_one_task_and_one_error(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
first = tione.TrainingTask("first", **(B | dict(name="bert-fixed")))
tione.TrainingTask("second", opts=pulumi.ResourceOptions(depends_on=[first]), **(B | dict(name="bert-fixed")))
"""
    )
    error = diagnostics(stack.up(fails=True))
    (task,) = emulator.tasks()
    assert id_of(stack, "first") == task["Id"]
    assert stack.resource("second") is None
    assert error.count(f"{messages.not_created('bert-fixed')}: {task['Id']} already exists") == 1
    assert messages.with_labels_of("first", "dev", "test") in error


def switch_to(stack: Stack, name: str) -> None:
    """Go on with another stack of the project."""
    stack.pulumi("stack", "select", "--create", name)


def test_two_stacks_with_one_explicit_name_are_one_task_and_one_error(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **(B | dict(name="bert-fixed")))')
    stack.up()
    first = id_of(stack, "t")
    switch_to(stack, "prod")
    error = diagnostics(stack.up(fails=True))
    assert f"{messages.not_created('bert-fixed')}: {first} already exists" in error
    assert messages.with_labels_of("t", "dev", "test") in error
    assert stack.resource("t") is None
    stack.destroy()
    assert [task["Id"] for task in emulator.tasks()] == [first]


@pytest.mark.parametrize("trouble", [{"connection": "close", "effect": False}, {"code": "InternalError"}])
def test_a_lost_request_never_takes_over_the_task_of_another_stack(
    stack: Stack, emulator: Emulator, trouble: dict[str, object]
) -> None:
    stack.program('tione.TrainingTask("t", **(B | dict(name="bert-fixed")))')
    stack.up()
    switch_to(stack, "prod")
    emulator.faults.add("CreateTrainingTask", **trouble)
    assert messages.with_labels_of("t", "dev", "test") in diagnostics(stack.up(fails=True))
    assert stack.resource("t") is None


def test_one_program_in_two_stacks_makes_two_tasks(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    switch_to(stack, "prod")
    stack.up()
    assert {name.partition("-")[0] for name in names_of(emulator)} == {"dev", "prod"}
    stack.destroy()
    switch_to(stack, "dev")
    assert [task["Id"] for task in emulator.tasks()] == [id_of(stack, "t")]


NAMES = ["训练/中文 名", "nlp/bert|v2 *" + "x" * 300, "a.b.c", "🙂", "-dash", "_", "x" * 60]


def test_tasks_get_legal_names_whatever_they_are_called_in_the_program(stack: Stack, emulator: Emulator) -> None:
    stack.program(f"for name in {NAMES!r}:\n    tione.TrainingTask(name, **B)")
    stack.up()
    assert len(names_of(emulator)) == len(NAMES)
    for name in names_of(emulator):
        assert re.fullmatch(r"[0-9A-Za-z一-龥][0-9A-Za-z一-龥_-]{0,59}", name)
    assert any("训练-中文-名" in name for name in names_of(emulator))
    assert stack.planned() == {}
    assert f"{len(NAMES) + 1} unchanged" in stack.refresh()
    stack.destroy()
    assert emulator.tasks() == []


# --- secrets


def test_an_output_that_the_program_calls_secret_is_one(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
secret = ["latest_instance_id", "createTime"]
tione.TrainingTask("t", opts=pulumi.ResourceOptions(additional_secret_outputs=secret), **B)
"""
    )
    stack.up()
    (task,) = emulator.tasks()
    resource = stack.resource("t")
    assert resource
    assert isinstance(resource["outputs"]["latestInstanceId"], dict)
    assert isinstance(resource["outputs"]["createTime"], dict)
    assert resource["outputs"]["uin"] == task["Uin"]
    assert str(task["LatestInstanceId"]) not in stack.exported()


# --- plans, targets, refreshes


def test_a_plan_that_was_saved_is_carried_out(stack: Stack, emulator: Emulator, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    # The inputs that `TrainingTask` adds, for names and prices, must be the same in a preview and in its update.
    stack.environment["TIONE_ESTIMATE_COST"] = "true"
    program = """
first = tione.TrainingTask("first", **(B | dict(remark="%s")))
tione.TrainingTask("second", **(B | dict(remark=first.id, tags={"team": "%s"}, rerun_on_failure=1)))
"""
    for remark, team in (("a", "nlp"), ("a", "cv"), ("b", "cv")):
        stack.program(program % (remark, team))
        stack.preview("--save-plan", plan)
        stack.up("--plan", plan)
        assert len(emulator.tasks()) == 2
        assert stack.planned() == {}
    assert len(accepted(emulator, "CreateTrainingTask")) == 4


def test_what_is_not_in_the_plan_is_not_done(stack: Stack, emulator: Emulator, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    program = 'tione.TrainingTask("t", **(B | dict(remark="%s")))'
    stack.program(program % "a")
    stack.up()
    stack.preview("--save-plan", plan)
    stack.program(program % "b")
    assert "violates plan" in stack.up("--plan", plan, fails=True)
    assert len(accepted(emulator, "CreateTrainingTask")) == 1


def test_only_the_target_is_changed(stack: Stack, emulator: Emulator) -> None:
    program = """
for name in ("a", "b"):
    tione.TrainingTask(name, **(B | dict(name=name, remark="%s")))
"""
    stack.program(program % "old")
    stack.up()
    urn = {name: str((stack.resource(name) or {})["urn"]) for name in ("a", "b")}
    stack.program(program % "new")
    stack.up("--target", urn["a"])
    assert {str(task["Name"]): task["Remark"] for task in emulator.tasks()} == {"a": "new", "b": "old"}
    stack.destroy("--target", urn["a"])
    assert names_of(emulator) == {"b"}
    assert stack.planned() == {"a": "create", "b": "replace"}


def test_an_update_with_refresh_makes_a_task_anew_that_somebody_deleted(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    emulator.remove(id_of(stack, "t"))
    # A task that is less than a minute old stays in the state: it may only be invisible.
    emulator.advance(61)
    assert "1 to create" in stack.preview("--refresh")
    stack.up("--refresh")
    (task,) = emulator.tasks()
    assert task["Id"] == id_of(stack, "t")
    assert len(accepted(emulator, "CreateTrainingTask")) == 2


def test_an_update_with_refresh_of_a_finished_task_changes_nothing(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B).wait_for("SUCCEED")')
    stack.up()
    shown = stack.up("--refresh")
    assert "2 unchanged" in shown
    assert (stack.resource("t") or {})["outputs"]["status"] == "SUCCEED"
    assert len(accepted(emulator, "CreateTrainingTask")) == 1


def test_a_refresh_and_a_destroy_that_run_the_program_find_the_task(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    assert "unchanged" in stack.refresh("--run-program")
    stack.destroy("--run-program")
    assert emulator.tasks() == []
    assert stack.resource("t") is None
