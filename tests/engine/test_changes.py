"""What changes in place, what is run again, and what a failed update leaves.

Each step of an update is in `tests/unit/test_update.py`, each change by field in `tests/unit/test_diff.py`.
"""

from __future__ import annotations

import json

import pytest
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.emulator import Caller, Emulator, Key
from pulumi_tione.lifecycle import check_rules
from pulumi_tione.lifecycle.messages import other_account
from pulumi_tione.lifecycle.recorded_task import task_title

pytestmark = pytest.mark.engine

LABELS = {"pulumi:project": "test", "pulumi:stack": "dev", "pulumi:resource": "t"}


def tags_of(task: dict[str, object]) -> dict[str, str]:
    """The tags of a task, without the system's, and without the label that each create draws."""
    tags = {tag["TagKey"]: tag["TagValue"] for tag in task["Tags"]}  # type: ignore[attr-defined]
    return {key: value for key, value in tags.items() if not key.startswith("qcs:") and key != "pulumi:create"}


@pytest.mark.long
def test_changed_tags_change_in_place_and_no_output_is_lost(stack: Stack, emulator: Emulator) -> None:
    program = """
task = tione.TrainingTask("t", **(B | dict(tags=%s, envs={"EPOCHS": "3"})))
for name in ("id", "name", "status", "create_time"):
    pulumi.export(name, getattr(task, name))
"""
    stack.program(program % {"team": "nlp", "old": "x"})
    stack.up()
    before, outputs = stack.resource("t"), stack.outputs()
    assert before

    stack.program(program % {"team": "cv", "new": "y"})
    assert stack.planned() == {"t": "update"}
    changed = [line.strip() for line in stack.preview("--diff").splitlines() if line.strip()[:1] in "+-~"]
    assert {line.split()[1].rstrip(":") for line in changed if line.startswith("~")} >= {"tags"}
    assert not [line for line in changed if "envs" in line or "EPOCHS" in line or "owner" in line]
    stack.up()
    (task,) = emulator.tasks()
    assert tags_of(task) == {"team": "cv", "new": "y", **LABELS}
    after = stack.resource("t")
    assert after
    assert set(after["outputs"]) == set(before["outputs"])
    assert {name: stack.outputs()[name] for name in ("id", "name", "create_time")} == {
        name: outputs[name] for name in ("id", "name", "create_time")
    }
    actions = [request["action"] for request in emulator.requests() if request["service"] == "tag"]
    assert actions == ["TagResources", "UnTagResources"]
    assert "2 unchanged" in stack.up()
    assert "2 unchanged" in stack.refresh()


def test_more_than_ten_tags_go_in_several_calls(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    stack.program('tione.TrainingTask("t", **(B | dict(tags={f"k{i}": "v" for i in range(25)})))')
    stack.up()
    assert [len(body["Tags"]) for body in accepted(emulator, "TagResources")] == [10, 10, 5]


def test_tags_that_were_changed_half_way_are_named_recorded_and_can_be_rolled_back(
    stack: Stack, emulator: Emulator
) -> None:
    program = 'tione.TrainingTask("t", **(B | dict(tags=%s)))'
    before = {"team": "nlp", "old": "x"}
    stack.program(program % before)
    stack.up()
    emulator.faults.add("TagResources", first=2, code="UnauthorizedOperation")
    stack.program(program % {"team": "cv", "Team": "cv", **{f"k{number:02}": "v" for number in range(12)}})
    shown = stack.up(fails=True)
    assert (
        "(set: Team, k00, k01, k02, k03, k04, k05, k06, k07, team; not set: k08, k09, k10, k11; not removed: old)"
        in shown
    )
    recorded, tags = stack.resource("t"), tags_of(emulator.tasks()[0])
    assert recorded
    assert tags.items() <= recorded["outputs"]["allTags"].items()
    assert recorded["outputs"]["allTags"].keys() - tags.keys() == {"pulumi:create"}
    assert recorded["outputs"]["tags"] == {key: tags[key] for key in tags if not key.startswith("pulumi:")}

    stack.program(program % before)
    stack.up()
    tags = tags_of(emulator.tasks()[0])
    assert {key: tags[key] for key in tags if not key.startswith("pulumi:")} == before
    assert stack.planned() == {}
    assert len(accepted(emulator, "CreateTrainingTask")) == 1


@pytest.mark.long
def test_log_delivery_changes_in_place(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    log = 'log_enable=True, log_config={"logset_id": "logset-1", "topic_id": "topic-1"}'
    stack.program(f'tione.TrainingTask("t", **(B | dict({log})))')
    assert stack.planned() == {"t": "update"}
    stack.up()
    (task,) = emulator.tasks()
    assert task["LogEnable"] is True
    assert task["LogConfig"] == {"LogsetId": "logset-1", "TopicId": "topic-1"}
    assert "2 unchanged" in stack.refresh()
    assert stack.planned() == {}


@pytest.mark.long
def test_a_task_is_stopped_and_started_again(stack: Stack, emulator: Emulator) -> None:
    program = 'tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"}, %s)))'
    stack.program(program % "")
    stack.up()
    stack.program(program % 'desired_status="STOPPED"')
    stack.up()
    assert emulator.tasks()[0]["Status"] == "STOPPED"
    assert stack.planned() == {}

    stack.program(program % 'desired_status="RUNNING"')
    assert "the new run is billed again" in stack.preview()
    stack.up()
    assert emulator.tasks()[0]["Status"] != "STOPPED"
    assert len(accepted(emulator, "CreateTrainingTask")) == 1
    assert stack.planned() == {}


def test_a_new_task_cannot_be_stopped(stack: Stack) -> None:
    stack.program('tione.TrainingTask("t", **(B | dict(desired_status="STOPPED")))')
    assert "cannot be created STOPPED" in stack.preview(fails=True)


def test_a_stopped_task_that_would_be_replaced_names_the_change_and_the_way_on(
    stack: Stack, emulator: Emulator
) -> None:
    program = 'tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep %d"}, %s)))'
    stack.program(program % (36000, ""))
    stack.up()
    stack.program(program % (36000, 'desired_status="STOPPED"'))
    stack.up()
    stack.program(program % (36001, 'desired_status="STOPPED"'))
    shown = " ".join(stack.preview(fails=True).split())
    assert f"desired_status: {check_rules.replaced_stopped(['start_cmd_info'])}" in shown
    stack.program(program % (36001, 'desired_status="RUNNING"'))
    stack.up()
    stack.program(program % (36001, 'desired_status="STOPPED"'))
    stack.up()
    (task,) = emulator.tasks()
    assert task["Status"] == "STOPPED"


def test_a_finished_task_satisfies_running(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B).wait_for("SUCCEED")')
    stack.up()
    stack.program('tione.TrainingTask("t", **(B | dict(desired_status="RUNNING")))')
    stack.up()
    assert accepted(emulator, "StartTrainingTask") == []


@pytest.mark.long
def test_a_failed_task_is_run_again_as_often_as_allowed(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        """
task = tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "exit 3"}, rerun_on_failure=2)))
task.wait_for("SUCCEED")
"""
    )
    stack.up(fails=True)
    assert accepted(emulator, "StartTrainingTask") == []
    preview = stack.preview("--diff")
    assert "run" in preview
    assert "1 => 2" in preview
    for starts in (1, 2, 2):
        stack.up(fails=True)
        assert len(accepted(emulator, "StartTrainingTask")) == starts
    assert len(accepted(emulator, "CreateTrainingTask")) == 1


def test_changed_triggers_make_a_new_run(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **(B | dict(triggers=[1, {"commit": "a"}])))')
    stack.up()
    stack.program('tione.TrainingTask("t", **(B | dict(triggers=[1, {"commit": "b"}])))')
    assert stack.planned() == {"t": "replace"}
    stack.up()
    assert len(emulator.tasks()) == 1
    assert len(accepted(emulator, "CreateTrainingTask")) == 2


def test_a_failed_update_goes_on_where_it_stopped(stack: Stack, emulator: Emulator) -> None:
    private = 'private_envs={"TOKEN": "planted-1"}'
    stack.program(f'tione.TrainingTask("t", **(B | dict({private})))')
    stack.up()
    emulator.faults.add("EnableTrainingTaskClsConfig", code="InternalError.NotAllow")
    log = 'log_enable=True, log_config={"logset_id": "logset-1", "topic_id": "topic-1"}'
    stack.program(f'tione.TrainingTask("t", **(B | dict({private}, tags={{"team": "cv"}}, {log})))')
    shown = stack.up(fails=True)
    assert "was not changed completely" in shown
    assert "Traceback" not in shown
    recorded = stack.resource("t")
    assert recorded
    assert recorded["outputs"]["tags"] == {"team": "cv"}
    assert "logConfig" not in recorded["outputs"]
    assert "planted-1" not in stack.exported()

    stack.up()
    assert len(accepted(emulator, "TagResources")) == 1
    assert len(accepted(emulator, "EnableTrainingTaskClsConfig")) == 1
    assert emulator.tasks()[0]["LogEnable"] is True
    assert stack.planned() == {}


def test_default_tags_and_labels_can_be_configured(stack: Stack, emulator: Emulator) -> None:
    stack.pulumi("config", "set", "--path", "tione:defaultTags.team", "nlp")
    stack.pulumi("config", "set", "--path", "tione:defaultTags.cost", "a")
    stack.program('pulumi.export("tags", tione.TrainingTask("t", **(B | dict(tags={"cost": "b"}))).tags)')
    stack.up()
    assert stack.outputs()["tags"] == {"team": "nlp", "cost": "b"}
    assert tags_of(emulator.tasks()[0]) == {"team": "nlp", "cost": "b", **LABELS}
    stack.pulumi("config", "set", "tione:labels", "false")
    assert stack.planned() == {"t": "update"}
    stack.up()
    assert tags_of(emulator.tasks()[0]) == {"team": "nlp", "cost": "b"}
    assert stack.planned() == {}


def test_a_renamed_resource_with_an_alias_keeps_its_task_and_gets_new_labels(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("old", **B)')
    stack.up()
    stack.program('tione.TrainingTask("t", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]), **B)')
    assert stack.planned() == {"t": "update"}
    stack.up()
    (task,) = emulator.tasks()
    assert tags_of(task) == LABELS
    assert len(accepted(emulator, "CreateTrainingTask")) == 1
    assert stack.planned() == {}


def test_keys_of_another_account_do_not_make_a_task_look_gone(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    emulator.keyring.add(Key("AKIDother", "other", Caller(uin="100000000099")))
    own = {name: stack.environment[name] for name in ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")}
    stack.environment.update(TENCENTCLOUD_SECRET_ID="AKIDother", TENCENTCLOUD_SECRET_KEY="other")
    for command in ("refresh", "destroy"):
        shown = stack.pulumi(command, "--yes", "--skip-preview", fails=True)
        recorded = stack.resource("t")
        assert recorded
        title = task_title(recorded["id"], recorded["outputs"])
        assert other_account(title, "ap-guangzhou", "100000000001", "100000000099") in shown
    assert stack.resource("t")
    stack.environment.update(own)
    stack.destroy()
    assert emulator.tasks() == []


def test_drift_is_shown_at_its_property(stack: Stack, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **(B | dict(remark="as it should be", tags={"team": "nlp"})))')
    stack.up()
    (task,) = emulator.tasks()
    emulator.plan_runs(str(task["Id"]), change={"Remark": "changed behind our back"})
    assert "remark" in stack.refresh("--diff")
    resource = stack.resource("t")
    assert resource
    assert resource["outputs"]["remark"] == "changed behind our back"
    steps = json.loads(stack.pulumi("preview", "--json"))["steps"]
    (step,) = [step for step in steps if step["op"] != "same"]
    assert step["op"] == "replace"
    assert step["replaceReasons"] == ["remark"]
