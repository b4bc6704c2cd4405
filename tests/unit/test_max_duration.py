"""`max_duration` on its way: from the program to the commands that are sent, and back.

The prefix itself is in `test_time_limit.py`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pulumi
import pytest
import review_samples
from pulumi.output import Unknown

from pulumi_tione._config.settings import Settings
from pulumi_tione._durations import duration_of, duration_text
from pulumi_tione._pulumi.properties import properties_of
from pulumi_tione._schema.time_limit import MAX_BYTES, with_time_limit
from pulumi_tione._schema.wire import encoded_commands, imported_outputs, recorded_outputs, request_body
from pulumi_tione.errors import SettingsError
from pulumi_tione.lifecycle import check_rules
from pulumi_tione.lifecycle.check import CheckContext, Checked, check
from pulumi_tione.lifecycle.diff import KEPT_FIELDS, diff
from pulumi_tione.lifecycle.imported import IMPORTED, as_declared
from pulumi_tione.lifecycle.names import computed_name
from pulumi_tione.review.formatting import limit

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
SMALLEST: dict[str, Any] = {
    "chargeType": "POSTPAID_BY_HOUR",
    "startCmdInfo": {"workerStartCmd": "python train.py"},
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1.0}],
}
unknown: Any = Unknown


def checked(
    olds: Mapping[str, Any] | None = None,
    *,
    default: int | None = None,
    failed: bool = False,
    ended_by_limit: bool = True,
    **changes: Any,
) -> Checked:
    """Check the smallest task with some inputs changed; None takes one away."""
    task = {"Status": "FAILED", "LatestInstanceId": "run-a"}

    def limit_of(inputs: Mapping[str, Any], detail: Mapping[str, Any]) -> int | None:
        assert detail == task
        return int(inputs["maxDuration"]) if ended_by_limit else None

    context = CheckContext(
        region="ap-guangzhou",
        labels_enabled=True,
        max_duration=default,
        task_of=lambda _: task if failed else None,
        time_limit_of=limit_of,
    )
    news = {name: value for name, value in {**SMALLEST, **changes}.items() if value is not None}
    return check(olds or {}, news, context, owner=OWNER)


def commands_in(body: Mapping[str, Any]) -> dict[str, str]:
    return dict(json.loads(base64.b64decode(body["EncodedStartCmdInfo"]["StartCmdInfo"])))


def body_of(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return request_body(inputs, {})


# Its value.


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("12h", 43_200), ("1h30m", 5400), (" 90M ", 5400), ("1.5h", 5400), (60.0, 60), (1, 1), ("365d", 31_536_000)],
)
def test_a_limit_is_recorded_in_seconds(value: object, seconds: int) -> None:
    found = checked(maxDuration=value)
    assert (found.failures, found.warnings) == ([], [])
    assert found.inputs["maxDuration"] == seconds
    assert type(found.inputs["maxDuration"]) is int
    assert KEPT_FIELDS not in found.inputs


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("12", "must be a duration: a text such as 90s, 10m, 1h30m or 2d, a timedelta, or seconds, got '12'"),
        ("soon", "must be a duration"),
        ("", "must be a duration"),
        (True, "must be a duration"),
        ([1], "must be a duration: a text such as 90s, 10m, 1h30m or 2d, a timedelta, or seconds, got a list"),
        (float("inf"), "must be a duration"),
        ("9" * 40 + "d", "must be a duration"),
        (0.5, "must be a whole number of seconds, got 0.5"),
        (-1.0, "must be at least 1s and at most 365d, or 0 for no limit, got -1 seconds"),
        ("366d", "must be at least 1s and at most 365d, or 0 for no limit, got 31622400 seconds"),
    ],
    ids=str,
)
def test_what_is_no_limit_is_a_failure_at_the_argument(value: object, rule: str) -> None:
    (failure,) = checked(maxDuration=value).reasons
    assert failure.startswith(f"max_duration: {rule}")


def test_a_secret_limit_is_in_no_message() -> None:
    for value in ("9876x", 98_765_432.0, 9876.5):
        (failure,) = checked(maxDuration=value, secretInputs=["maxDuration"]).reasons
        assert "9876" not in failure


def test_an_unknown_limit_passes() -> None:
    found = checked(maxDuration=unknown())
    assert found.failures == []
    assert isinstance(found.inputs["maxDuration"], Unknown)


@pytest.mark.parametrize("value", [timedelta(hours=12), 43_200, 43_200.0, "12h"], ids=str)
def test_a_program_passes_a_timedelta_or_what_check_reads(value: object) -> None:
    (passed,) = properties_of("bert", {"max_duration": value}).values()
    assert checked(maxDuration=passed).inputs["maxDuration"] == 43_200
    assert duration_of(value) == timedelta(hours=12)


def test_a_timedelta_in_an_output_is_passed_on_as_seconds() -> None:
    async def passed() -> object:
        later = pulumi.Output.from_input(timedelta(minutes=90))
        return await properties_of("bert", {"max_duration": later})["maxDuration"].future()

    assert asyncio.run(passed()) == 5400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1s"), (90, "1m30s"), (5400, "1h30m"), (43_200, "12h"), (86_400, "1d"), (129_600, "36h"), (172_800, "2d")],
)
def test_seconds_are_written_as_they_are_read(seconds: int, text: str) -> None:
    assert duration_text(seconds) == text
    assert duration_of(text) == timedelta(seconds=seconds)


# What it limits.


@pytest.mark.parametrize(
    "changes",
    [
        {"startCmdInfo": None},
        {"startCmdInfo": {}},
        {"startCmdInfo": {"startCmd": "", "workerStartCmd": ""}},
        {"startCmdInfo": None, "encodedStartCmdInfo": {"startCmdInfo": encoded_commands({})}},
        {"startCmdInfo": None, "encodedStartCmdInfo": {}},
    ],
    ids=str,
)
def test_without_a_command_there_is_nothing_to_limit(changes: dict[str, Any]) -> None:
    (failure,) = checked(maxDuration="1h", **changes).reasons
    assert failure == f"max_duration: {check_rules.NO_COMMAND_TO_LIMIT}"
    (failure,) = checked(default=3600, **changes).reasons
    assert failure == f"max_duration: {check_rules.NO_COMMAND_TO_LIMIT}"
    assert checked(default=3600, maxDuration=0.0, **changes).reasons == []


@pytest.mark.parametrize(
    "changes",
    [
        {"startCmdInfo": unknown()},
        {"startCmdInfo": {"workerStartCmd": unknown()}},
        {"startCmdInfo": None, "encodedStartCmdInfo": unknown()},
        {"startCmdInfo": None, "encodedStartCmdInfo": {"startCmdInfo": unknown()}},
    ],
    ids=["struct", "command", "encoded struct", "encoded command"],
)
def test_a_command_that_a_preview_does_not_know_may_be_one(changes: dict[str, Any]) -> None:
    assert checked(maxDuration="1h", **changes).reasons == []


def test_an_encoded_command_that_is_invalid_has_one_failure() -> None:
    (failure,) = checked(maxDuration="1h", startCmdInfo=None, encodedStartCmdInfo={"startCmdInfo": "x"}).reasons
    assert failure.startswith("encoded_start_cmd_info.start_cmd_info: must be base64")


def test_a_command_that_is_too_long_with_its_prefix_is_a_failure_that_explains_it() -> None:
    room = MAX_BYTES - len(with_time_limit("", 3600))
    longest = {"workerStartCmd": "x" * room}
    assert checked(maxDuration="1h", startCmdInfo=longest).reasons == []
    for commands in ({"workerStartCmd": "x" * (room + 1)}, {"workerStartCmd": "文" * (room // 3 + 1)}):
        found = checked(maxDuration="1h", startCmdInfo=commands)
        (failure,) = found.reasons
        assert failure.startswith(f"start_cmd_info.worker_start_cmd: {check_rules.COMMAND_TOO_LONG}, got 1310")
        encoded = {"startCmdInfo": encoded_commands(commands)}
        (failure,) = checked(maxDuration="1h", startCmdInfo=None, encodedStartCmdInfo=encoded).reasons
        assert failure.startswith("encoded_start_cmd_info.start_cmd_info: is too long for max_duration")
        assert checked(startCmdInfo=commands).reasons == []


# The default.


def test_the_default_is_for_new_tasks_only() -> None:
    new = checked(default=3600).inputs
    assert new["maxDuration"] == 3600
    existing = checked().inputs
    assert "maxDuration" not in existing
    assert "maxDuration" not in checked(existing, default=3600).inputs


@pytest.mark.parametrize("default", [None, 3600, 7200])
def test_a_task_keeps_the_default_that_it_was_created_with(default: int | None) -> None:
    recorded = json.loads(json.dumps(checked(default=3600).inputs))
    found = checked({**recorded, "maxDuration": 3600.0}, default=default).inputs
    assert found == recorded
    assert checked(found, default=default).inputs == recorded


def test_a_limit_that_the_program_has_set_is_no_default() -> None:
    recorded = checked(default=3600, maxDuration="2h").inputs
    assert (recorded["maxDuration"], KEPT_FIELDS in recorded) == (7200, False)
    assert "maxDuration" not in checked(recorded, default=3600).inputs
    assert "maxDuration" not in checked(recorded).inputs


def test_a_default_that_the_program_sets_later_is_its_own() -> None:
    recorded = checked(default=3600).inputs
    declared = checked(recorded, maxDuration="1h").inputs
    assert difference(recorded, declared) == ()
    assert "maxDuration" not in checked(declared).inputs


@pytest.mark.parametrize("zero", [0, 0.0, "0s", "0h"])
def test_zero_is_no_limit_whatever_the_default(zero: object) -> None:
    assert "maxDuration" not in checked(default=3600, maxDuration=zero).inputs
    recorded = checked(default=3600).inputs
    assert "maxDuration" not in checked(recorded, default=3600, maxDuration=zero).inputs


def test_the_name_of_a_retained_task_does_not_depend_on_who_has_set_the_limit() -> None:
    owner = {**OWNER, "retainOnDelete": True}
    by_default, by_program = checked(default=3600).inputs, checked(maxDuration="1h").inputs
    assert computed_name(owner, by_default) == computed_name(owner, by_program)
    assert computed_name(owner, by_default) != computed_name(owner, checked(maxDuration="2h").inputs)


@pytest.mark.parametrize(("text", "seconds"), [("12h", 43_200), (" 1h30m ", 5400), ("0h", None), (None, None)])
def test_the_default_is_a_setting(text: str | None, seconds: int | None) -> None:
    config = {} if text is None else {"tione:maxDuration": text}
    assert Settings(config.get, {}).max_duration == seconds


@pytest.mark.parametrize("text", ["12", "soon", "-1h", "366d", "0.5s"])
def test_a_wrong_default_is_an_error_of_the_setting(text: str) -> None:
    wrong = Settings({"tione:maxDuration": text}.get, {})
    with pytest.raises(SettingsError, match=f"tione:maxDuration is '{text}'. Set it to a duration of at least 1s"):
        _ = wrong.max_duration
    assert any("tione:maxDuration" in violation for violation in wrong.violations())


# The commands that are sent, and what is read back.


def difference(recorded: Mapping[str, Any], news: Mapping[str, Any]) -> tuple[str, ...]:
    return diff(recorded, news, recorded_owner=None, owner=None, labels_enabled=False).replacing


def test_the_commands_that_are_set_are_sent_with_the_limit() -> None:
    commands = {"psStartCmd": "serve", "workerStartCmd": "it's\n", "startCmd": ""}
    inputs = checked(maxDuration="1h", startCmdInfo=commands).inputs
    assert inputs["startCmdInfo"] == commands
    assert commands_in(body_of(inputs)) == {
        "StartCmd": "",
        "PsStartCmd": with_time_limit("serve", 3600),
        "WorkerStartCmd": with_time_limit("it's\n", 3600),
    }
    assert "MaxDuration" not in body_of(inputs)
    without = checked(startCmdInfo=commands).inputs
    assert commands_in(body_of(without)) == {"StartCmd": "", "PsStartCmd": "serve", "WorkerStartCmd": "it's\n"}


@pytest.mark.parametrize("command", ["python train.py", "中文 ✓ 𝔘", "\ud800"])
def test_encoded_commands_are_sent_with_the_limit(command: str) -> None:
    raw = json.dumps({"StartCmd": "", "PsStartCmd": command, "WorkerStartCmd": command})
    encoded = {"startCmdInfo": base64.b64encode(raw.encode()).decode()}
    inputs = checked(maxDuration=3600.0, startCmdInfo=None, encodedStartCmdInfo=encoded).inputs
    assert inputs["encodedStartCmdInfo"] == encoded
    limited = with_time_limit(command, 3600)
    assert commands_in(body_of(inputs)) == {"StartCmd": "", "PsStartCmd": limited, "WorkerStartCmd": limited}
    del inputs["maxDuration"]
    assert body_of(inputs)["EncodedStartCmdInfo"] == {"StartCmdInfo": encoded["startCmdInfo"]}


def detail_of(inputs: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    return {"Id": "train-1", "Status": "RUNNING", "StartCmdInfo": commands_in(body_of(inputs)), **members}


COMMANDS = ["python train.py", "it's\n", with_time_limit("python train.py", 60), with_time_limit("x", 3600)]


@pytest.mark.parametrize("limit", [None, 3600.0])
@pytest.mark.parametrize("command", COMMANDS, ids=["plain", "quoted", "limited", "limited alike"])
def test_what_is_read_back_of_a_recorded_task_is_no_change(command: str, limit: float | None) -> None:
    inputs = checked(maxDuration=limit, startCmdInfo={"workerStartCmd": command}).inputs
    outputs = recorded_outputs(inputs, detail_of(inputs))
    assert outputs["startCmdInfo"] == {"workerStartCmd": command}
    assert outputs.get("maxDuration") == limit
    assert difference(outputs, inputs) == ()


def test_what_is_read_back_of_encoded_commands_is_no_change() -> None:
    encoded = {"startCmdInfo": encoded_commands({"startCmd": "train"})}
    inputs = checked(maxDuration="1h", startCmdInfo=None, encodedStartCmdInfo=encoded).inputs
    outputs = recorded_outputs(inputs, detail_of(inputs))
    assert outputs["maxDuration"] == 3600
    assert difference(outputs, inputs) == ()


def test_a_task_with_another_limit_or_none_shows_that() -> None:
    inputs = checked(maxDuration="1h").inputs
    for remote, seconds in (({**inputs, "maxDuration": 7200}, 7200), (checked().inputs, None)):
        outputs = recorded_outputs(inputs, detail_of(remote))
        assert outputs.get("maxDuration") == seconds
        assert outputs["startCmdInfo"] == inputs["startCmdInfo"]
        assert difference(outputs, inputs) == ("maxDuration",)


@pytest.mark.parametrize("commands", [None, {}, {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": ""}, "x"])
def test_a_service_that_returns_no_commands_changes_nothing(commands: object) -> None:
    inputs = checked(maxDuration="1h").inputs
    outputs = recorded_outputs(inputs, detail_of(inputs, StartCmdInfo=commands))
    assert difference(outputs, inputs) == ()


def test_another_limit_replaces_the_task_and_the_difference_names_it_alone() -> None:
    recorded = checked(maxDuration="1h").inputs
    for news in (checked(recorded, maxDuration="2h").inputs, checked(recorded).inputs):
        found = diff(recorded, news, recorded_owner=None, owner=None, labels_enabled=False)
        assert (found.replacing, found.in_place) == (("maxDuration",), ())
        assert [(change.path, change.replaces) for change in found.changes] == [("maxDuration", True)]


# A task that is looked up or imported.


def test_a_look_up_has_the_original_command_and_the_limit() -> None:
    inputs = checked(maxDuration="1h", startCmdInfo={"workerStartCmd": "it's", "psStartCmd": "serve"}).inputs
    outputs = imported_outputs(detail_of(inputs))
    assert outputs["startCmdInfo"] == {"workerStartCmd": "it's", "psStartCmd": "serve"}
    assert outputs["maxDuration"] == 3600
    assert "maxDuration" not in imported_outputs(detail_of(checked().inputs))


def test_only_one_limit_is_taken_off() -> None:
    inner = with_time_limit("x", 60)
    inputs = checked(maxDuration="1h", startCmdInfo={"workerStartCmd": inner}).inputs
    outputs = imported_outputs(detail_of(inputs))
    assert (outputs["startCmdInfo"], outputs["maxDuration"]) == ({"workerStartCmd": inner}, 3600)


IMPORTED_TASK = {**checked(maxDuration="1h").inputs, IMPORTED: ["startCmdInfo", "chargeType", "resourceConfigInfos"]}


def test_an_imported_task_keeps_its_limit_while_the_program_sets_none() -> None:
    first = checked(IMPORTED_TASK, default=7200).inputs
    assert (first["maxDuration"], first[KEPT_FIELDS]) == (3600, ["maxDuration"])
    assert difference(IMPORTED_TASK, first) == ()
    assert checked(first, default=7200).inputs["maxDuration"] == 3600


def test_a_program_that_contradicts_an_imported_limit_replaces_the_task() -> None:
    for changes in ({"maxDuration": 0}, {"maxDuration": "2h"}):
        assert difference(IMPORTED_TASK, checked(IMPORTED_TASK, **changes).inputs) == ("maxDuration",)
    assert difference(IMPORTED_TASK, checked(IMPORTED_TASK, maxDuration="1h").inputs) == ()


def test_a_limit_of_commands_that_the_service_did_not_return_is_accepted_with_them() -> None:
    recorded = {**checked(startCmdInfo=None).inputs, IMPORTED: ["chargeType", "resourceConfigInfos"]}
    news = checked(recorded, maxDuration="1h").inputs
    _, accepted = as_declared(recorded, news)
    assert {*accepted} == {"start_cmd_info", "max_duration"}
    assert difference(recorded, news) == ()


# Running again.


def test_a_run_that_its_limit_has_ended_is_not_run_again_unless_that_is_asked_for() -> None:
    olds = {**checked(maxDuration="12h", rerunOnFailure=2.0).inputs, "run": 1.0}
    found = checked(olds, failed=True, maxDuration="12h", rerunOnFailure=2.0)
    assert (found.failures, found.inputs["run"], "rerunOf" in found.inputs) == ([], 1, False)
    assert found.warnings == [f"rerun_on_failure: {check_rules.ended_by_time_limit('12h')}"]
    asked = checked(olds, failed=True, maxDuration="12h", rerunOnFailure=2.0, rerunOnTimeLimit=True)
    assert (asked.warnings, asked.inputs["run"], asked.inputs["rerunOf"]) == ([], 2, "run-a")
    not_asked = checked(olds, failed=True, maxDuration="12h", rerunOnFailure=2.0, rerunOnTimeLimit=False)
    assert not_asked.inputs["run"] == 1


def test_a_task_with_a_limit_that_failed_for_another_reason_is_run_again() -> None:
    olds = {**checked(maxDuration="12h", rerunOnFailure=2.0).inputs, "run": 1.0}
    found = checked(olds, failed=True, ended_by_limit=False, maxDuration="12h", rerunOnFailure=2.0)
    assert (found.warnings, found.inputs["run"], found.inputs["rerunOf"]) == ([], 2, "run-a")


def test_a_task_without_a_limit_is_run_again_without_reading_its_log() -> None:
    olds = {**checked(rerunOnFailure=2.0).inputs, "run": 1.0}
    assert checked(olds, failed=True, rerunOnFailure=2.0).inputs["run"] == 2  # `time_limit_of` would raise


# In a review.


def review_of_limit(old: dict[str, Any] | None, new: dict[str, Any]) -> tuple[str, list[str], list[str]]:
    """Return the limit of one task in the review of a change, the paths of its changes, and its findings."""
    operation = "create" if old is None else "replace"
    steps = [review_samples.step("bert", operation, old, new, replacing=["maxDuration"] if old else [])]
    (task,) = review_samples.review_of(steps).stacks[0].tasks
    codes = [finding.code for finding in task.findings]
    return limit(task, "CNY"), [change.path for change in task.changes], codes


def test_a_review_shows_the_limit_and_what_it_costs_at_most() -> None:
    task = review_samples.inputs(startCmdInfo={"workerStartCmd": "train"})
    shown, _, codes = review_of_limit(None, {**task, "maxDuration": 43_200, KEPT_FIELDS: ["maxDuration"]})
    assert shown.startswith("12.0 h (≤ ")
    assert "no-time-limit" not in codes
    shown, _, codes = review_of_limit(None, task)
    assert (shown, "no-time-limit" in codes) == ("no limit", True)
    shown, _, codes = review_of_limit(None, {**task, "maxDuration": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"})
    assert (shown, "no-time-limit" in codes) == ("not known yet", False)


def test_a_review_names_the_changed_limit_alone() -> None:
    task = review_samples.inputs(startCmdInfo={"workerStartCmd": "train"})
    by_default = {**task, "maxDuration": 3600, KEPT_FIELDS: ["maxDuration"]}
    _, paths, _ = review_of_limit(by_default, {**task, "maxDuration": 7200})
    assert paths == ["maxDuration"]
