"""`pulumi-tione orphans`: finds what no state knows, and touches nothing else.

Which of them are selected is in `tests/unit/test_orphan_selection.py`, where tasks are searched in
`test_label_search.py`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.cli import orphans as orphans_command
from pulumi_tione.emulator import Emulator
from pulumi_tione.stacks import orphan_scan

pytestmark = [pytest.mark.engine, pytest.mark.long]

Tione = Callable[..., Result]
Create = Callable[..., str]


def orphans(result: Result) -> dict[str, dict[str, Any]]:
    """The orphans of a JSON report, by id."""
    return {orphan["id"]: orphan for orphan in json.loads(result.stdout)["orphans"]}


def ids(emulator: Emulator) -> set[str]:
    return {str(task["Id"]) for task in emulator.tasks()}


def test_a_task_that_only_its_labels_tie_to_the_stack_is_an_orphan(
    stack: Stack, emulator: Emulator, tione: Tione, create: Create
) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    (managed,) = ids(emulator)
    quiet = tione("orphans")
    assert "No orphans" in quiet.stdout
    assert "ap-guangzhou (default workspace)" in quiet.stdout
    elsewhere = tione("orphans", "--project", "no-such-project").stdout
    assert "with the labels of any stack of no-such-project is in a state." in elsewhere
    assert "No stack of no-such-project exists in this backend." in elsewhere
    emulator.forget_requests()
    for options in (("--stop", "--delete"), ("--older-than", "1d"), ("--yes",)):
        refused = tione("orphans", *options, exit_code=2).stderr
        assert "cannot be combined" in refused or f"{options[0]} needs --stop or --delete" in refused
    assert emulator.requests() == []

    lost = create("lost", labels="test/dev/t")
    create("of-another-stack", labels="test/prod/t")
    create("of-another-project", labels="nlp/dev/t")
    create("of-nobody")
    shown = tione("orphans", exit_code=1).stdout
    (row,) = [line for line in shown.splitlines() if line.startswith("train-")]
    assert row.split()[:3] == [lost, "lost", emulator.tasks()[1]["Status"]]
    assert "test/dev (file://" in shown
    assert "tag service  2 found" in shown

    (orphan,) = orphans(tione("orphans", "--json", exit_code=1)).values()
    assert orphan["id"] == lost
    assert orphan["resource"] == "t"
    assert 0 <= orphan["ageSeconds"] < 600
    assert orphan["done"] is None
    assert [*orphans(tione("orphans", "t", "--json", exit_code=1))] == [lost], "by the name of the resource"

    assert "'of-nobody' is not an orphan" in tione("orphans", "of-nobody", "--delete", "--yes", exit_code=2).stderr
    assert accepted(emulator, "StopTrainingTask") == []
    deleted = tione("orphans", lost, "--delete", "--yes").stdout
    assert f"{lost} deleted" in deleted
    assert managed in ids(emulator)
    assert lost not in ids(emulator)
    assert len(ids(emulator)) == 4


def test_nothing_happens_without_a_yes(tione: Tione, create: Create, emulator: Emulator) -> None:
    lost = create("lost", labels="test/dev/t")
    emulator.advance(120)
    declined = tione("orphans", "--delete", answers="n\n", exit_code=2)
    assert "not confirmed, nothing was done" in declined.stderr
    unanswered = tione("orphans", "--stop", answers="", exit_code=2)
    assert "a question was not answered" in unanswered.stderr
    assert ids(emulator) == {lost}
    assert accepted(emulator, "StopTrainingTask") == []


def test_a_task_that_a_state_gets_to_know_before_the_yes_is_left_alone(
    tione: Tione, create: Create, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = create("lost", labels="test/dev/t")
    emulator.advance(120)

    def after_an_import(*_: object) -> bool:
        tione("import", "t", task_id, "--yes")
        return True

    monkeypatch.setattr(orphans_command, "is_confirmed", after_an_import)
    assert "left alone: it is in a state by now" in tione("orphans", "--delete", answers="y\n").stdout
    assert ids(emulator) == {task_id}


def test_where_nobody_is_asked_the_tasks_are_named_or_old(tione: Tione, create: Create, emulator: Emulator) -> None:
    old = create("old", labels="test/dev/t")
    emulator.advance(7200)
    new = create("new", labels="test/dev/t")
    emulator.advance(120)
    for act in ("--delete", "--stop"):
        for how in (("--yes",), ()):
            refused = tione("orphans", act, *how, exit_code=2)
            assert f"{act} without a question needs the IDs of the tasks, or --older-than DURATION" in refused.stderr
    assert ids(emulator) == {old, new}
    assert accepted(emulator, "StopTrainingTask") == []

    assert "90s, 10m, 1h30m or 2d" in tione("orphans", "--delete", "--older-than", "soon", exit_code=2).stderr
    shown = tione("orphans", "--delete", "--older-than", "2h", "--yes", exit_code=1).stdout
    assert f"{old} deleted" in shown
    assert f"{new} left alone: it is not older than 2 h" in shown
    assert ids(emulator) == {new}


def test_a_task_that_may_be_being_created_is_left_alone_unless_it_is_named_by_its_id(
    tione: Tione, create: Create, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphan_scan, "_MIN_AGE", timedelta(days=1))  # time passes quickly there
    young = create("young", labels="test/dev/t")
    for arguments in (("--older-than", "0s", "--yes"), ("young", "--yes")):
        shown = tione("orphans", "--delete", *arguments, exit_code=1).stdout
        assert f"{young} left alone: it was created less than a minute ago" in shown
    assert ids(emulator) == {young}
    tione("orphans", young, "--delete", "--yes")
    assert ids(emulator) == set()


def test_a_task_that_a_running_update_creates_is_left_alone(
    stack: Stack, tione: Tione, create: Create, emulator: Emulator
) -> None:
    lost = create("lost", labels="test/dev/t")
    emulator.advance(7200)
    locks = stack.workspace.project.parent / "backend" / ".pulumi" / "locks" / "organization" / "test" / "dev"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "running.json").write_text("{}")
    result = tione("orphans", "--delete", "--older-than", "1h", "--yes", exit_code=1)
    assert f"{lost} left alone: its stack is locked" in result.stdout
    assert "stack locked" in result.stdout
    (locks / "running.json").unlink()
    tione("orphans", "--delete", "--older-than", "1h", "--yes")
    assert ids(emulator) == set()


def test_a_stack_that_is_locked_after_the_question_counts_as_locked(
    stack: Stack, tione: Tione, create: Create, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    create("lost", labels="test/dev/t")
    emulator.advance(7200)
    locks = stack.workspace.project.parent / "backend" / ".pulumi" / "locks" / "organization" / "test" / "dev"

    def after_an_update_began(*_: object) -> bool:
        locks.mkdir(parents=True, exist_ok=True)
        (locks / "running.json").write_text("{}")
        return True

    monkeypatch.setattr(orphans_command, "is_confirmed", after_an_update_began)
    assert "left alone: its stack is locked" in tione("orphans", "--delete", answers="y\n", exit_code=1).stdout
    assert len(ids(emulator)) == 1


def test_a_task_that_was_kept_on_purpose_stays_after_its_resource_and_its_stack_are_gone(
    stack: Stack, tione: Tione, emulator: Emulator
) -> None:
    stack.program('tione.TrainingTask("t", opts=pulumi.ResourceOptions(retain_on_delete=True), **B)')
    stack.up()
    stack.destroy()
    emulator.advance(7200)
    (kept,) = ids(emulator)
    stack.pulumi("stack", "rm", "--yes", "dev")
    gone = ("--project", "test", "--stack", "dev")
    (orphan,) = orphans(tione("orphans", *gone, "--json", exit_code=1)).values()
    assert orphan["retainOnDelete"] is True
    shown = tione("orphans", *gone, "--delete", "--older-than", "1h", "--yes", exit_code=1).stdout
    assert f"{kept} left alone: retain_on_delete keeps it" in shown
    tione("orphans", *gone, kept, "--delete", "--yes")
    assert ids(emulator) == set()


def test_stopped_orphans_are_orphans_still(tione: Tione, create: Create, emulator: Emulator) -> None:
    lost = create("lost", labels="test/dev/t")
    create("other", labels="test/dev/t")
    assert f"{lost} stopped" in tione("orphans", lost, "--stop", answers="y\n", exit_code=1).stdout
    assert {task["Name"]: task["Status"] == "STOPPED" for task in emulator.tasks()} == {"lost": True, "other": False}


def test_what_cannot_be_deleted_is_one_line_and_the_others_are_deleted(
    tione: Tione, create: Create, emulator: Emulator
) -> None:
    lost = [create(f"lost-{number}", labels="test/dev/t") for number in range(3)]
    emulator.faults.add("DeleteTrainingTask", code="UnauthorizedOperation", message="no\x1b[2J")
    result = tione("orphans", *lost, "--delete", "--yes", "--json", exit_code=2)
    (error,) = result.stderr.splitlines()
    assert "UnauthorizedOperation" in error
    assert "\x1b" not in result.output
    listed = orphans(result)
    (kept,) = ids(emulator)
    assert {task_id: listed[task_id]["done"] for task_id in lost} == {
        task_id: None if task_id == kept else "deleted" for task_id in lost
    }


def test_a_task_of_the_state_of_another_stack_is_no_orphan(stack: Stack, tione: Tione, emulator: Emulator) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    stack.pulumi("stack", "rename", "prod")
    stack.pulumi("stack", "init", "dev")
    tione("orphans", "--delete", "--yes")
    tione("orphans", "--project", "test", "--stack", "gone")
    assert len(ids(emulator)) == 1


def test_the_tasks_of_a_stack_that_is_gone_are_found(tione: Tione, create: Create, emulator: Emulator) -> None:
    lost = create("lost", labels="test/feature.login_42/nlp-bert")
    assert set(orphans(tione("orphans", "--all-stacks", "--json", exit_code=1))) == {lost}
    assert "add its project" in tione("orphans", "--stack", "feature.login_42", exit_code=2).stderr
    gone = ("--project", "test", "--stack", "feature.login_42")
    assert set(orphans(tione("orphans", *gone, lost, "--json", "--delete", "--yes"))) == {lost}
    assert ids(emulator) == set()


def test_they_are_found_in_all_regions_and_workspaces(tione: Tione, create: Create, emulator: Emulator) -> None:
    emulator.register("workspace", "1889353273052233728", name="nlp")
    places = {
        create("far", labels="test/dev/t", region="ap-shanghai"): ("ap-shanghai", None),
        create("aside", labels="test/dev/t", TiProjectId="1889353273052233728"): (
            "ap-guangzhou",
            "1889353273052233728",
        ),
    }

    def found(*options: str) -> dict[str, tuple[str, str | None]]:
        listed = orphans(tione("orphans", "--json", *options, exit_code=1))
        return {task_id: (task["region"], task["workspace"]) for task_id, task in listed.items()}

    assert found() == places
    emulator.faults.add("GetResources", code="UnauthorizedOperation", times=None)
    assert "not accessible with these credentials (UnauthorizedOperation)" in tione("orphans").stdout
    assert found("--region", "ap-shanghai", "--all-workspaces") == places
    tione("orphans", *places, "--region", "ap-shanghai", "--all-workspaces", "--delete", "--yes")
    assert ids(emulator) == set()


def test_what_retain_on_delete_has_kept_is_marked_as_such(
    stack: Stack, tione: Tione, create: Create, emulator: Emulator
) -> None:
    kept = create("kept", labels="test/dev/t")
    stack.program('tione.TrainingTask("t", opts=pulumi.ResourceOptions(retain_on_delete=True), **B)')
    stack.up()
    assert len(ids(emulator)) == 2
    (orphan,) = orphans(tione("orphans", "--json", exit_code=1)).values()
    assert (orphan["id"], orphan["retainOnDelete"]) == (kept, True)


def test_an_error_of_the_service_is_one_line(tione: Tione) -> None:
    result = tione("orphans", exit_code=2, TENCENTCLOUD_SECRET_KEY="not-the-key")
    (line,) = result.output.splitlines()
    assert "AuthFailure.SignatureFailure" in line
    assert "not-the-key" not in line


def test_settings_come_from_the_stacks_config(stack: Stack, tione: Tione, create: Create) -> None:
    lost = create("lost", labels="test/dev/t", region="ap-shanghai")
    stack.pulumi("config", "set", "tione:region", "ap-shanghai")
    stack.pulumi("config", "set", "--secret", "tione:secretId", "AKIDemulator")
    stack.pulumi("config", "set", "--secret", "tione:secretKey", "emulator")
    keyless = {"TENCENTCLOUD_SECRET_ID": "", "TENCENTCLOUD_SECRET_KEY": ""}
    assert lost in tione("orphans", exit_code=1, **keyless).stdout


def test_tasks_of_another_account_are_looked_for_with_the_settings_that_the_state_has_for_them(
    stack: Stack, emulator: Emulator, tione: Tione, create: Create
) -> None:
    role = "qcs::cam::uin/200000000002:roleName/train"
    stack.program(
        f'ROLE = tione.AssumeRoleArgs(role_arn="{role}", external_id="planted-id")\n'
        'tione.TrainingTask("t", settings=tione.Settings(assume_role=ROLE), **B)'
    )
    stack.up()
    (managed,) = ids(emulator)
    assert "No orphans" in tione("orphans").stdout
    shown = tione("orphans").stdout + tione("orphans", "--json").stdout
    assert f"role {role}" in shown
    assert "planted-id" not in shown
    rows = tione("status").stdout.splitlines()
    assert managed in rows[1]
    assert "GONE" not in rows[1]
    assert tione("events", "t").stdout
    assert all(
        request["body"]["ExternalId"] == "planted-id"
        for request in emulator.requests(secrets=True)
        if request["action"] == "AssumeRole"
    )

    lost = json.loads(stack.exported())
    lost["deployment"]["resources"] = [r for r in lost["deployment"]["resources"] if r.get("id") != managed] + [
        {**r, "urn": f"{r['urn']}-other", "id": "train-1"}
        for r in lost["deployment"]["resources"]
        if r.get("id") == managed
    ]
    copy = stack.workspace.project / "edited.json"
    copy.write_text(json.dumps(lost), encoding="utf-8")
    stack.pulumi("stack", "import", "--file", str(copy))
    found = orphans(tione("orphans", managed, "--delete", "--yes", "--json"))
    assert set(found) == {managed}
    assert ids(emulator) == set()


def test_a_task_that_had_ended_is_not_reported_as_stopped(tione: Tione, create: Create, emulator: Emulator) -> None:
    ended = create(
        "ended", labels="test/dev/t", StartCmdInfo={"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 5"}
    )
    emulator.advance(120)
    assert (
        f"{ended} not stopped: it has ended (SUCCEED)" in tione("orphans", ended, "--stop", "--yes", exit_code=1).stdout
    )
    (orphan,) = orphans(tione("orphans", ended, "--stop", "--yes", "--json", exit_code=1)).values()
    assert (orphan["done"], orphan["reason"]) == ("ended", "SUCCEED")
    assert accepted(emulator, "StopTrainingTask") == []


def test_a_question_that_is_not_answered_with_yes_is_exit_code_two(
    tione: Tione, create: Create, emulator: Emulator
) -> None:
    lost = create("lost", labels="test/dev/t")
    emulator.advance(120)
    for arguments in ((), (lost,)):
        assert "nothing was done" in tione("orphans", *arguments, "--delete", answers="n\n", exit_code=2).stderr
    assert ids(emulator) == {lost}


def test_the_printed_commands_find_the_same_tasks(
    stack: Stack, tione: Tione, create: Create, emulator: Emulator
) -> None:
    lost = create("lost", labels="test/dev/t", region="ap-shanghai")
    emulator.advance(120)
    emulator.faults.add("GetResources", code="UnauthorizedOperation", times=None)
    assert "every training task" in tione("orphans").stdout
    printed = tione("orphans", "--region", "ap-shanghai", exit_code=1).stdout
    keep = next(line for line in printed.splitlines() if line.startswith("To keep")).partition(": ")[2]
    delete = next(line for line in printed.splitlines() if line.startswith("To stop")).partition(": ")[2]
    assert "--region ap-shanghai" in keep
    ran = subprocess.run(
        ["sh", "-c", f"{keep} --yes"], env=stack.environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert f"{lost} is in the state of test/dev" in ran.stderr
    stack.pulumi("state", "delete", "--yes", str((stack.resource("t") or {})["urn"]))
    ran = subprocess.run(
        ["sh", "-c", f"{delete} --yes"], env=stack.environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert f"{lost} deleted" in ran.stdout
    assert ids(emulator) == set()


def test_a_list_that_is_shorter_than_its_total_is_no_proof_that_there_are_no_orphans(
    tione: Tione, create: Create, emulator: Emulator
) -> None:
    create("lost", labels="test/dev/t")
    emulator.faults.add("GetResources", code="UnauthorizedOperation", times=None)
    emulator.faults.add("DescribeTrainingTasks", members={"TrainingTaskSet": [], "TotalCount": 1}, times=None)
    result = tione("orphans", exit_code=2)
    assert "DescribeTrainingTasks shows 0 items, but its TotalCount is 1" in result.stderr
    assert "No orphans" not in result.stdout
