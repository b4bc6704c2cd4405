"""Reviews: actions, reasons, totals, findings and gates of stacks whose previews are given.

A new finding gets an example in `TRIGGERS`. The Markdown is in `test_review_markdown.py`, prices are in
`tests/component/test_review_prices.py`, and previews of the real engine in `tests/engine/test_review.py`.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from review_samples import CENTS, PriceService, inputs, outputs, preview_json, review_of, step

from pulumi_tione.cli import main
from pulumi_tione.pricing.price_list import PriceList
from pulumi_tione.review.build import review_stack
from pulumi_tione.review.findings import RULES, explanation
from pulumi_tione.review.gates import GateError, failed_gates, read_codes, read_gates
from pulumi_tione.review.json_format import SCHEMA_FILE, as_json, document
from pulumi_tione.review.markdown import markdown
from pulumi_tione.review.model import Review, TaskReview
from pulumi_tione.review.preview import UNKNOWN_MARKER, PreviewError, Source, read_previews
from pulumi_tione.review.request_body import shown_requests
from pulumi_tione.review.sources import path_in_repository, with_sources
from pulumi_tione.review.text import text

SCHEMA = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
ROOT = Path(__file__).parents[2]
GPU = "TI.GN10.2XLARGE40.POST"
V1: dict[str, Any] = {"startCmdInfo": {"startCmd": "python a.py"}}
V2: dict[str, Any] = {"startCmdInfo": {"startCmd": "python b.py"}}
REPLACED = step(
    "bert",
    "replace",
    inputs(GPU, 2),
    inputs(GPU, 4),
    changed=["resourceConfigInfos"],
    replacing=["resourceConfigInfos"],
    paths=["resourceConfigInfos[0].instanceNum"],
)


def with_old(made: dict[str, Any], **state: Any) -> dict[str, Any]:
    """Return a step whose old state alone has these members."""
    return {**made, "oldState": {**made["oldState"], **state}}


def task_of(*steps: Mapping[str, Any], **more: Any) -> TaskReview:
    return review_of(steps, **more).stacks[0].tasks[0]


def codes(*steps: Mapping[str, Any], **more: Any) -> set[str]:
    return {finding.code for _, finding in review_of(steps, **more).stacks[0].findings}


@pytest.mark.parametrize(
    ("made", "action", "before", "after"),
    [
        (step("a", "create", None, inputs()), "create", "0", "0.70"),
        (REPLACED, "replace", "42.00", "84.00"),
        (step("a", "delete", inputs()), "delete", "0.70", "0"),
        (step("a", "delete", inputs(), retainOnDelete=True), "retain", "0.70", "0.70"),
        (step("a", "same", inputs(), inputs()), "same", "0.70", "0.70"),
        (step("a", "same", inputs(), inputs(), recorded=outputs("SUCCEED")), "same", "0", "0"),
        (step("a", "update", inputs(), inputs(tags={"a": "b"}), changed=["tags"]), "update", "0.70", "0.70"),
        (
            step("a", "update", inputs(), inputs(desiredStatus="STOPPED"), changed=["desiredStatus"]),
            "stop",
            "0.70",
            "0",
        ),
        (
            step(
                "a",
                "update",
                inputs(desiredStatus="STOPPED"),
                inputs(desiredStatus="RUNNING"),
                recorded=outputs("STOPPED"),
            ),
            "restart",
            "0",
            "0.70",
        ),
        (step("a", "update", inputs(run=1), inputs(run=2.0), recorded=outputs("FAILED")), "restart", "0", "0.70"),
        # Check has asked for the status: the recorded one may be older.
        (step("a", "update", inputs(), inputs(run=2, rerunOnFailure=1)), "restart", "0", "0.70"),
        (step("a", "update", inputs(), inputs(run=1, rerunOnFailure=1)), "update", "0.70", "0.70"),
        (
            step("a", "update", inputs(), inputs(desiredStatus="RUNNING"), recorded=outputs("SUCCEED")),
            "update",
            "0",
            "0",
        ),
        (
            step("a", "update", inputs(), inputs(desiredStatus="STOPPED"), recorded=outputs("FAILED")),
            "update",
            "0",
            "0",
        ),
        (with_old(step("a", "replace", inputs(), inputs(remark="x")), retainOnDelete=True), "replace", "0.70", "1.40"),
        (
            step("a", "replace", inputs(), inputs(remark="x"), recorded=outputs("STOPPED"), retainOnDelete=True),
            "replace",
            "0",
            "0.70",
        ),
        (with_old(step("a", "replace", inputs(), inputs()), external=True), "create", "0", "0.70"),
    ],
)
def test_an_active_task_counts_before_and_one_that_runs_afterwards_counts_after(
    made: Mapping[str, Any], action: str, before: str, after: str
) -> None:
    task = task_of(made)
    assert (task.action, task.hourly_before, task.hourly_after) == (action, Decimal(before), Decimal(after))


def test_changes_are_named_by_path_with_old_and_new_values() -> None:
    (change,) = task_of(REPLACED).changes
    assert (change.path, change.old, change.new, change.replaces) == ("resourceConfigInfos[0].instanceNum", 2, 4, True)


def test_paths_are_found_where_the_engine_names_only_properties() -> None:
    made = step("a", "update", inputs(tags={"a.b": "1"}), inputs(tags={"a.b": "2"}), changed=["tags"])
    assert [change.path for change in task_of(made).changes] == ['tags["a.b"]']


def test_a_secret_change_is_named_without_its_values() -> None:
    old, new = inputs(privateEnvs="[secret]"), inputs(privateEnvs="[secret]")
    made = step(
        "a", "replace", old, new, changed=["privateEnvs"], replacing=["privateEnvs"], paths=["privateEnvs.TOKEN"]
    )
    (change,) = task_of(made).changes
    assert (change.path, change.old, change.new, change.is_secret) == ("privateEnvs.TOKEN", None, None, True)


def test_the_marker_of_an_unknown_value_is_never_shown() -> None:
    made = step(
        "a", "replace", inputs(vpcId="vpc-1"), inputs(vpcId=UNKNOWN_MARKER), changed=["vpcId"], replacing=["vpcId"]
    )
    review = review_of([made])
    for form in (markdown, as_json, text):
        assert UNKNOWN_MARKER not in form(review)
    assert "known after up" in markdown(review)


def test_what_is_known_only_after_the_update_is_listed_for_new_tasks_too() -> None:
    made = step("a", "create", None, inputs(vpcId=UNKNOWN_MARKER, envs={"N": UNKNOWN_MARKER}))
    assert "Known only after `up`: a: `envs.N`, a: `vpcId`." in markdown(review_of([made]))


def test_a_reordered_preview_gives_the_same_review() -> None:
    steps = [step(f"t{index}", "create", None, inputs(count=index + 1)) for index in range(9)]
    shuffled = random.Random(3).sample(steps, 9)
    assert markdown(review_of(steps)) == markdown(review_of(shuffled))
    assert as_json(review_of(steps)) == as_json(review_of(shuffled))


def test_a_retained_task_that_is_replaced_is_not_stopped_and_its_nodes_count_twice() -> None:
    made = with_old(step("a", "replace", inputs(GPU, 2), inputs(GPU, 4)), retainOnDelete=True)
    stack = review_of([made]).stacks[0]
    assert "stops-running" not in codes(made)
    assert stack.gpus(after=False) == {"V100": Decimal(2)}
    assert stack.gpus(after=True) == {"V100": Decimal(6)}
    assert "starts, and the old task stays" in markdown(review_of([made]))


def test_a_task_that_becomes_retained_is_deleted_once_more() -> None:
    made = step("a", "replace", inputs(), inputs(remark="x"))
    made["newState"]["retainOnDelete"] = True
    assert task_of(made).hourly_after == Decimal("0.70")
    assert "stops-running" in codes(made)


def test_a_task_that_is_only_looked_up_is_none_of_the_stack() -> None:
    made = step("a", "same", inputs(), inputs(), external=True)
    assert review_of([made]).stacks[0].tasks == ()


def test_the_delete_of_a_task_that_was_replaced_before_stands_beside_the_task_with_its_name() -> None:
    deleted = with_old(step("a", "delete", inputs(GPU, 1)), delete=True, id="train-old")
    tasks = {task.id: task for task in review_of([deleted, step("a", "same", inputs(), inputs())]).stacks[0].tasks}
    assert {key: task.action for key, task in tasks.items()} == {"train-old": "delete", "train-a": "same"}
    assert tasks["train-old"].hourly_before == Decimal(21)


def test_a_task_whose_replacement_has_failed_is_deleted_already() -> None:
    made = step("a", "replace", inputs(), inputs(remark="x"), pendingReplacement=True)
    gone = step("a", "refresh", inputs(), inputs(), pendingReplacement=True)
    assert (task_of(gone, made).action, task_of(gone, made).hourly_before) == ("create", Decimal(0))
    kept = step("a", "refresh", inputs(), inputs())
    assert (task_of(kept, made).action, task_of(kept, made).hourly_before) == ("replace", Decimal("0.70"))


def test_a_stream_shows_that_a_task_whose_replacement_has_failed_is_deleted_already() -> None:
    old, new = inputs(), inputs(remark="x")
    steps = [step("a", operation, old, new) for operation in ("refresh", "replace", "create-replacement")]
    assert (task_of(*steps).action, task_of(*steps).hourly_before) == ("create", Decimal(0))
    whole = [*steps, step("a", "delete-replaced", old)]
    assert (task_of(*whole).action, task_of(*whole).hourly_before) == ("replace", Decimal("0.70"))
    # One that is deleted last is marked, also if the preview fails before that.
    marked = [with_old(each, delete=True) for each in steps]
    assert (task_of(*marked).action, task_of(*marked).hourly_before) == ("replace", Decimal("0.70"))


def test_tasks_that_a_failed_preview_has_not_come_to_count_before_and_are_unknown_after() -> None:
    refreshed = step("a", "refresh", inputs(), {**inputs()}, id="train-a")
    refreshed["newState"]["outputs"] = {**inputs(), **outputs()}
    message = {"urn": refreshed["urn"], "severity": "error", "message": "error: instance_nmu: there is no such field"}
    stack = review_of([refreshed], diagnostics=[message]).stacks[0]
    assert [task.action for task in stack.tasks] == ["unknown"]
    assert stack.before.amount == Decimal("0.70")
    assert stack.after.unpriced == ("a",)
    assert sum(stack.counts.values()) == 0
    assert {finding.code for _, finding in stack.findings} == set()
    assert "¥0.70 an hour before, at least ¥0.00 after" in markdown(Review((stack,)))


def test_a_message_names_the_line_that_declares_its_task(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: nlp\nruntime: python\n", encoding="utf-8")
    program = 'import pulumi_tione as tione\n\ntione.TrainingTask(\n    "a",\n    instance_nmu=3,\n)\n'
    (tmp_path / "__main__.py").write_text(program, encoding="utf-8")
    made = step("a", "create", None, inputs())
    message = {"urn": made["urn"], "severity": "error", "message": "error: instance_nmu: there is no such field"}
    (preview,) = read_previews(preview_json([], diagnostics=[message]))
    (diagnostic,) = with_sources(preview, tmp_path).diagnostics
    assert diagnostic.source == Source("__main__.py", 3)
    (elsewhere,) = with_sources(preview, tmp_path / "nowhere").diagnostics
    assert elsewhere.source is None


def test_links_lead_into_the_projects_folder_of_the_repository(tmp_path: Path) -> None:
    project = tmp_path / "infra" / "nlp"
    project.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert path_in_repository(project) == ""
    (project / "Pulumi.yaml").touch()
    assert path_in_repository(project) == "infra/nlp/"
    (tmp_path / "Pulumi.yaml").touch()
    assert path_in_repository(tmp_path) == ""


def test_secrets_of_a_stream_are_objects_and_stay_hidden() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"planted"'}
    output = {
        "4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4",
        "secret": True,
        "value": "planted",
    }
    unknown = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    made = step("a", "replace", inputs(envs={"A": "1"}), inputs(envs={"A": secret, "B": output, "C": unknown}))
    changes = {change.path: (change.is_secret, str(change.new)) for change in task_of(made).changes}
    assert changes == {"envs.A": (True, "None"), "envs.B": (True, "None"), "envs.C": (False, "(known after up)")}
    for form in (markdown, as_json, text):
        assert "planted" not in form(review_of([made]))
        assert "4dabf18193072939515e22adb298388d" not in form(review_of([made]))


def test_a_status_that_is_not_current_is_never_shown_as_current() -> None:
    stale = review_of([REPLACED], refreshed=False)
    for form in (markdown, text):
        assert "is RUNNING" not in form(stale)
        assert "statuses of the last update, not current ones" in form(stale)
    assert "was RUNNING at the last update" in markdown(stale)
    assert "statuses of the last update" in markdown(
        review_of([step("a", "same", inputs(), inputs())], refreshed=False)
    )


def test_a_stack_without_tasks_has_no_status_that_could_be_old() -> None:
    made = review_of([step("a", "create", None, inputs())], refreshed=False)
    assert "last update" not in markdown(made)


def refresh_of(name: str, status: str = "RUNNING") -> dict[str, Any]:
    """Return the step of a refresh, which has what was recorded before."""
    made = step(name, "refresh", inputs(), inputs(), recorded=outputs(status))
    made["newState"] |= {"id": f"train-{name}", "outputs": {**inputs(), **outputs(status)}}
    return made


def test_a_task_that_the_target_leaves_out_is_shown_with_an_old_status() -> None:
    targeted = [refresh_of("a"), step("a", "delete", inputs()), step("b", "same", inputs(), inputs())]
    made = review_of([*targeted, step("c", "update", inputs(), inputs(desiredStatus="STOPPED"))], refreshed=False)
    (stack,) = made.stacks
    assert not stack.refreshed
    statuses = {task["resource"]: task["status"]["live"] for task in document(made)["stacks"][0]["tasks"]}
    assert statuses == {"a": True, "b": False, "c": False}
    shown = markdown(made)
    assert "**a** is RUNNING and is stopped" in shown
    assert "**c** was RUNNING at the last update" in shown
    assert "Shown with the status of the last update: b, c (it was not refreshed)" in shown
    for form in (shown, text(made, width=200)):
        assert "some statuses of the last update, not current ones" in form
    whole = review_of([refresh_of("a"), refresh_of("b"), *targeted[1:]])
    assert whole.stacks[0].refreshed
    assert "last update" not in markdown(whole)


def test_a_new_task_that_the_target_leaves_out_does_not_count() -> None:
    # The engine makes a step of it with a state that has nothing in it yet.
    left_out = {**step("a", "same", None, inputs()), "oldState": {"custom": True}}
    (stack,) = review_of([left_out, step("b", "same", inputs(), inputs())]).stacks
    assert [task.resource for task in stack.tasks] == ["b"]
    assert stack.counts["same"] == 1


def test_without_unchanged_resources_a_total_is_a_lower_bound_and_the_increase_is_exact() -> None:
    made = review_of([step("a", "create", None, inputs())], changeSummary={"create": 1, "same": 1})
    assert document(made)["stacks"][0]["partial"] is True
    assert document(made)["stacks"][0]["worstCase"] is None
    for form in (markdown(made), text(made)):
        assert "at least ¥0.00 → " in form
        assert "(+¥0.70" in form
    assert "Unchanged resources are not in the preview: make it with `--show-sames`" in markdown(made)
    assert "no upper bound" not in markdown(made)
    (reason,) = failed_gates(read_gates(["increase>0.70", "total>1000"]), made)
    assert reason.startswith("total>1000: the amount is unknown for nlp/dev; unchanged resources are not in")
    nothing = review_of([], changeSummary={"same": 2})
    for form in (markdown(nothing), text(nothing, width=200)):
        assert "no training tasks that change; unchanged resources are not in the preview" in form
    assert failed_gates(read_gates(["total>1000"]), nothing) != []
    whole = review_of([step("a", "same", inputs(), inputs())], refreshed=False, changeSummary={"same": 2})
    assert document(whole)["stacks"][0]["partial"] is False


def test_a_replacement_that_was_requested_has_a_reason() -> None:
    made = review_of([step("a", "replace", inputs(), inputs(), replacing=["id"])])
    for form in (markdown(made), text(made)):
        assert "a requested replacement (--replace, or a taint)" in form
        assert "not set" not in form


@pytest.mark.parametrize(
    ("old", "worst"),
    [({}, None), ({"maxDuration": 7200}, "2.10"), ({"maxDuration": 1, "rerunOnFailure": 3599}, "1.40")],
)
def test_a_task_that_is_kept_has_its_own_time_limit(old: dict[str, Any], worst: str | None) -> None:
    made = with_old(step("a", "replace", inputs(**old), inputs(maxDuration=3600)), retainOnDelete=True)
    assert task_of(made).worst_case == (None if worst is None else Decimal(worst))
    ended = step("a", "replace", inputs(), inputs(maxDuration=3600), recorded=outputs("SUCCEED"))
    assert task_of(with_old(ended, retainOnDelete=True)).worst_case == Decimal("0.70")


FAILURE = {"severity": "error", "message": "error: Program failed with an unhandled exception"}


def test_a_failed_document_shows_no_status_as_current_that_its_refresh_has_not_returned() -> None:
    made = review_of([refresh_of("a"), refresh_of("b"), step("b", "same", inputs(), inputs())], diagnostics=[FAILURE])
    tasks = {task["resource"]: task["status"]["live"] for task in document(made)["stacks"][0]["tasks"]}
    assert tasks == {"a": False, "b": True}
    assert "a (a failed preview does not show what its refresh returns)" in markdown(made)
    assert "**1 unchanged · 1 not known**" in markdown(made)
    assert "1 unchanged · 1 not known" in text(made)


def test_a_failed_stream_has_the_statuses_that_its_refresh_has_returned() -> None:
    steps = [refresh_of(name) for name in ("a", "b", "c")]
    refreshed = [{**refresh_of("a", "SUCCEED")}, {**refresh_of("b")}, {**refresh_of("c"), "newState": None}]
    events: list[dict[str, Any]] = [
        {name: {"metadata": {"op": "refresh", "urn": each["urn"], "old": each["oldState"], "new": each["newState"]}}}
        for name, made in (("resOutputsEvent", refreshed), ("resourcePreEvent", steps))
        for each in made
    ]
    events.append({"diagnosticEvent": FAILURE})
    (preview,) = read_previews("\n".join(json.dumps({"sequence": 1, **event}) for event in events))
    found = {step.name: (step.operation, step.old_outputs["status"], step.is_current) for step in preview.steps}
    assert found == {"a": ("unknown", "SUCCEED", True), "b": ("unknown", "RUNNING", True)}
    assert preview.refreshed


@pytest.mark.parametrize(
    ("steps", "refreshed", "before"),
    [
        ([], False, "at least ¥0.00"),
        ([step("a", "same", inputs(), inputs())], False, "at least ¥0.70"),
        ([], True, "¥0.00"),
        ([{"op": "create", "urn": "urn:pulumi:dev::nlp::pulumi:pulumi:Stack::nlp-dev"}], False, "¥0.00"),
    ],
)
def test_what_a_failed_preview_has_not_come_to_is_not_counted_as_nothing(
    steps: list[Mapping[str, Any]], refreshed: bool, before: str
) -> None:
    made = review_of(steps, refreshed=refreshed, diagnostics=[FAILURE])
    assert f"— {before} an hour before, at least" in markdown(made)
    assert document(made)["stacks"][0]["worstCase"] is None
    assert f": {before} → at least" in text(made)
    assert "(+¥" not in text(made)


def test_a_difference_of_unknown_prices_is_not_shown_as_one() -> None:
    unknown = inputs(count=UNKNOWN_MARKER)
    saved = review_of([step("a", "replace", inputs(GPU, 2), unknown)])
    added = review_of([step("a", "create", None, inputs()), step("b", "create", None, unknown)])
    ended = review_of([step("a", "delete", unknown), step("b", "create", None, inputs())])
    assert "— ¥42.00 → **at least ¥0.00 an hour**\n" in markdown(saved)
    assert "¥42.00 → at least ¥0.00 an hour\n" in text(saved)
    assert "(at least +¥0.70, +¥16.80 a day if nothing ends)" in markdown(added)
    assert "— at least ¥0.00 → **¥0.70 an hour**\n" in markdown(ended)


def test_nodes_that_are_not_known_yet_are_shown_to_be_so() -> None:
    after = {**inputs(), "resourceConfigInfos": UNKNOWN_MARKER}
    made = review_of([step("a", "replace", inputs(GPU, 2), after), step("b", "same", inputs(GPU), inputs(GPU))])
    assert "| 2 × 8C40G V100&#42;1 → ? × not known yet |" in markdown(made)
    assert "V100: 3 → at least 1" in markdown(made)


def test_a_preempted_task_has_its_time_limit_again_and_the_review_shows_that() -> None:
    spot = inputs(maxDuration=3600, resourceSupplyAttribute={"supplyType": "SPOT"})
    note = "a task on SPOT or TIDE supply has it again after it was preempted"
    assert note in markdown(review_of([step("a", "create", None, spot)]))
    assert note not in markdown(review_of([step("a", "create", None, inputs(maxDuration=3600))]))


def test_a_changed_number_of_nodes_names_their_spec_once() -> None:
    assert "| 2 → 4 × 8C40G V100&#42;1 |" in markdown(review_of([REPLACED]))
    made = step("a", "replace", inputs(GPU, 2), inputs(count=UNKNOWN_MARKER))
    assert "| 2 × 8C40G V100&#42;1 → ? × 2C4G |" in markdown(review_of([made]))


def test_a_change_of_labels_alone_is_a_reason() -> None:
    made = step("a", "update", inputs(), inputs())
    assert [change.path for change in task_of(made).changes] == ["owner"]
    assert "| its labels |" in markdown(review_of([made]))


def test_prices_are_asked_for_with_one_call() -> None:
    service = PriceService()
    steps = [step(f"t{count}", "replace", inputs(GPU, count), inputs(GPU, count + 1)) for count in range(1, 40)]
    review_of(steps, service)
    assert service.calls == 1


STARTING = inputs(**V1, output={"bucket": "b", "region": "r", "paths": ["out/"]}, logEnable=True, maxDuration=3600)

COMMANDS = {"StartCmd": "train.py --password hunter2hunter2", "PsStartCmd": "", "WorkerStartCmd": ""}
ENCODED = base64.b64encode(json.dumps(COMMANDS).encode()).decode()

TRIGGERS: dict[str, tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]] = {
    "stops-running": ([REPLACED], [step("a", "delete", inputs(), recorded=outputs("FAILED"))]),
    "runs-again-after-success": (
        [step("a", "replace", inputs(**V1), inputs(**V2), recorded=outputs("SUCCEED"))],
        [step("a", "replace", inputs(**V1), inputs(**V2), recorded=outputs("FAILED"))],
    ),
    "no-output": ([step("a", "create", None, inputs())], [step("a", "create", None, STARTING)]),
    "no-checkpoint-on-spot": (
        [step("a", "create", None, inputs(**V1, resourceSupplyAttribute={"supplyType": "SPOT"}))],
        [
            step(
                "a",
                "create",
                None,
                inputs(startCmdInfo={"startCmd": "train.py --resume"}, resourceSupplyAttribute={"supplyType": "SPOT"}),
            ),
            step("b", "create", None, inputs(**V1)),
        ],
    ),
    "no-time-limit": (
        [step("a", "create", None, inputs(startCmdInfo={"startCmd": "train.py --timeout 3"}))],
        [step("a", "create", None, inputs(startCmdInfo={"startCmd": "cd /code && timeout 12h python train.py"}))],
    ),
    "moving-image-tag": (
        [
            step(
                "a",
                "create",
                None,
                inputs(imageInfo={"imageType": "CUSTOM", "imageUrl": "registry:5000/team/train:latest"}),
            ),
            step(
                "b", "create", None, inputs(imageInfo={"imageType": "CUSTOM", "imageUrl": "registry:5000/team/train"})
            ),
        ],
        [
            step("a", "create", None, inputs(imageInfo={"imageType": "CUSTOM", "imageUrl": "r:5000/t/train:1.2.0"})),
            step("b", "create", None, inputs(imageInfo={"imageType": "CUSTOM", "imageUrl": "r/t@sha256:0a"})),
        ],
    ),
    "public-access": (
        [step("a", "create", None, inputs(exposeNetworkConfig={"sshConfig": {"enable": True}}))],
        [step("a", "create", None, inputs(exposeNetworkConfig={"sshConfig": {"enable": False}}))],
    ),
    "no-log-delivery": ([step("a", "create", None, inputs())], [step("a", "create", None, STARTING)]),
    "same-output-path": (
        [step("a", "create", None, STARTING), step("b", "same", STARTING, STARTING)],
        [step("a", "same", STARTING, STARTING), step("b", "delete", STARTING)],
    ),
    "code-not-versioned": (
        [
            step(
                "a",
                "replace",
                inputs(**V1, codePackagePath={"paths": ["code/"]}),
                inputs(**V2, codePackagePath={"paths": ["code/"]}),
            )
        ],
        [
            step(
                "a",
                "replace",
                inputs(**V1, codePackagePath={"paths": ["code/1.4/"]}),
                inputs(**V2, codePackagePath={"paths": ["code/1.4/"]}),
            )
        ],
    ),
    "priority-tag-changed": (
        [
            step(
                "a",
                "update",
                inputs(tags={"p": "1"}, chargeType="PREPAID"),
                inputs(tags={"p": "2"}, chargeType="PREPAID"),
                changed=["tags"],
            )
        ],
        [step("a", "update", inputs(tags={"p": "1"}), inputs(tags={"p": "2"}), changed=["tags"])],
    ),
    "labels-off": (
        [step("a", "same", inputs(), inputs(), recorded=outputs(allTags={"team": "cv"}))],
        [step("a", "same", inputs(), inputs())],
    ),
    "secret-in-command": (
        [
            step("a", "create", None, inputs(startCmdInfo={"startCmd": "train.py --token=abcdef123456"})),
            step("b", "create", None, inputs(envs={"DB_PASSWORD": "correct horse"})),
            step("c", "create", None, inputs(startCmdInfo={"startCmd": "pip install https://me:" + "pw12@repo/x"})),
            step("d", "create", None, inputs(encodedStartCmdInfo={"startCmdInfo": ENCODED})),
            step("e", "same", inputs(envs={"HF_TOKEN": "abcd1234"}), inputs(envs={"HF_TOKEN": "abcd1234"})),
        ],
        [
            step(
                "a",
                "create",
                None,
                inputs(
                    startCmdInfo={
                        "startCmd": "train.py --tokens $TOKEN --tokenizer bert-base --pad-token pads --max_token 4096"
                    },
                    envs={"EPOCHS": "30", "TOKENIZERS_PARALLELISM": "false", "TOKENIZER_NAME": "bert-base-chinese"},
                ),
            )
        ],
    ),
    "price-unknown": (
        [step("a", "create", None, inputs(spec="TI.UNLISTED"))],
        [step("a", "create", None, inputs())],
    ),
}


@pytest.mark.parametrize("code", TRIGGERS)
def test_a_finding_is_triggered_by_what_it_is_about_and_by_nothing_else(code: str) -> None:
    triggering, silent = TRIGGERS[code]
    for made in [triggering] if code == "same-output-path" else [[each] for each in triggering]:
        assert code in codes(*made)
    assert code not in codes(*silent)


def test_a_sold_out_spec_names_where_there_is_room() -> None:
    made = step("a", "create", None, inputs(GPU))
    (task,) = review_of([made], PriceService(sold_out=[GPU])).stacks[0].tasks
    messages = {finding.code: finding.message for finding in task.findings}
    assert "available in ap-beijing" in messages["spec-sold-out"]
    assert "spec-sold-out" not in codes(made)


def test_the_page_of_findings_has_the_text_that_explain_prints() -> None:
    page = (ROOT / "docs" / "reference" / "findings.md").read_text(encoding="utf-8")
    for rule in RULES.values():
        _, meaning, remedy = explanation(rule).split("\n\n")
        assert f"## {rule.code}\n\nSeverity: {rule.severity}\n\n{meaning}\n\n{remedy}\n" in page
        printed = CliRunner().invoke(main, ["review", "--explain", rule.code])
        assert (printed.exit_code, printed.output) == (0, f"{explanation(rule)}\n")


@pytest.mark.parametrize("code", ["", "nope", "no-output,no-time-limit"])
def test_only_the_code_of_one_finding_is_explained(code: str) -> None:
    ran = CliRunner().invoke(main, ["review", "--explain", code])
    assert ran.exit_code == 2 or isinstance(ran.exception, GateError)


def test_no_gate_is_ignored_where_requests_are_printed(tmp_path: Path) -> None:
    file = tmp_path / "preview.json"
    file.write_text(preview_json([step("a", "create", None, inputs())]), encoding="utf-8")
    ran = CliRunner().invoke(main, ["review", str(file), "--request", "--fail-on", "no-output"])
    assert (ran.exit_code, "cannot be combined" in ran.output) == (2, True)


def test_every_finding_has_a_test() -> None:
    assert {*TRIGGERS, "spec-sold-out"} == {*RULES}


SECRETS = [
    "AKID" + "z8krbsJ5yKBZQpn74WFkmLPx3gnPhESA",
    "ghp_" + "0123456789abcdefABCDEF0123456789abcd",
    "hunter2-very-secret",
]


def test_no_form_shows_the_value_of_a_variable_with_the_name_of_a_secret() -> None:
    old, new = inputs(envs={"DB_PASSWORD": "correct horse"}), inputs(envs={"DB_PASSWORD": "battery staple"})
    made = step("a", "replace", old, new, changed=["envs"], replacing=["envs"], paths=["envs.DB_PASSWORD"])
    for form in (markdown, as_json, text):
        assert not [secret for secret in ("correct horse", "battery staple") if secret in form(review_of([made]))]


def test_no_request_shows_a_tag_with_the_name_of_a_secret() -> None:
    made = review_of([step("a", "create", None, inputs(tags={"db-password": "correct horse", "team": "nlp"}))])
    shown = json.dumps(shown_requests(made.stacks[0]))
    assert "correct horse" not in shown
    assert '{"TagKey": "team", "TagValue": "nlp"}' in shown


def test_commands_in_the_apis_form_are_shown_as_text_without_their_secrets() -> None:
    plain = base64.b64encode(json.dumps({**COMMANDS, "StartCmd": "train.py"}).encode()).decode()
    old, new = (inputs(encodedStartCmdInfo={"startCmdInfo": each}) for each in (plain, ENCODED))
    made = step("a", "replace", old, new, paths=["encodedStartCmdInfo.startCmdInfo"])
    shown = markdown(review_of([made]))
    assert "StartCmd: train.py" in shown
    assert "hunter2" not in shown
    assert ENCODED not in shown


def test_no_form_shows_what_requests_like_a_secret() -> None:
    command = (
        f"export SECRET_ID={SECRETS[0]}\ngit clone https://x:{SECRETS[1]}@host/r\ntrain.py --password '{SECRETS[2]}'"
    )
    made = step(
        "a",
        "replace",
        inputs(startCmdInfo={"startCmd": "old"}),
        inputs(startCmdInfo={"startCmd": command}),
        changed=["startCmdInfo"],
        replacing=["startCmdInfo"],
    )
    review = review_of([made])
    for form in (markdown, as_json, text):
        assert not [secret for secret in SECRETS if secret in form(review)]


@pytest.mark.parametrize(
    ("gates", "steps", "is_broken"),
    [
        ("stops-running", [REPLACED], True),
        ("public-access", [REPLACED], False),
        ("increase>42", [REPLACED], False),
        ("increase>41.99", [REPLACED], True),
        ("total>84", [REPLACED], False),
        ("total>83.99", [REPLACED], True),
        ("worst>1", [REPLACED], True),
        ("worst>0.70", [step("a", "create", None, STARTING)], False),
        ("worst>0.69", [step("a", "create", None, STARTING)], True),
        # 2.333… is shown as 2.33.
        ("worst>2.33", [step("a", "create", None, inputs(GPU, 2, maxDuration=200))], False),
        ("worst>2.32", [step("a", "create", None, inputs(GPU, 2, maxDuration=200))], True),
        ("total>1000", [step("a", "create", None, inputs(spec="TI.UNLISTED"))], True),
        ("total>0", [], False),
    ],
)
def test_gates(gates: str, steps: list[Mapping[str, Any]], is_broken: bool) -> None:
    assert bool(failed_gates(read_gates([gates]), review_of(steps))) is is_broken


def test_the_worst_case_counts_reruns_and_restarts() -> None:
    made = inputs(maxDuration=7200, rerunOnFailure=2, additionalParameters={"SchedulePolicy": {"BackOffLimit": 1}})
    assert task_of(step("a", "create", None, made)).worst_case == Decimal("8.40")


@pytest.mark.parametrize("gate", ["stops-runing", "total<5", "total>", "totl>5", "total>-1"])
def test_a_gate_that_does_not_exist_is_an_error(gate: str) -> None:
    with pytest.raises(GateError, match="no gate"):
        read_gates([gate])


def test_a_code_that_does_not_exist_is_an_error_with_the_nearest_one() -> None:
    with pytest.raises(GateError, match="stops-running"):
        read_codes(["stop-running"])
    with pytest.raises(GateError, match=r"^there is no finding 'xyz'; the findings are stops-running, "):
        read_codes(["xyz"])
    with pytest.raises(
        GateError, match=r"^there is no gate 'total>abc'; did you mean total>N\? Use the code of a finding"
    ):
        read_gates(["total>abc"])


def test_a_failed_preview_is_reviewed_with_its_messages_under_their_tasks() -> None:
    messages = [
        {
            "urn": REPLACED["urn"],
            "severity": "error",
            "message": "error: pulumi-python:dynamic/tione:TrainingTask resource "
            "'bert': property instance_nmu value {3} has a problem: there is no such field",
        },
        {"severity": "error", "message": "error: Resource monitor has terminated, shutting down"},
    ]
    review = review_of([REPLACED], diagnostics=messages)
    assert review.result == "failed"
    (diagnostic,) = review.stacks[0].diagnostics
    assert (diagnostic.resource, diagnostic.path, diagnostic.message, diagnostic.line) == (
        "bert",
        "instance_nmu",
        "there is no such field",
        4,
    )
    assert "there is no such field" in markdown(review)


def test_a_limit_that_refuses_to_start_a_task_again_is_shown_with_its_property() -> None:
    reason = "training task 'a' (train-1): a is started again: resource_config_infos: the task would cost ¥0.70 an hour"
    message = {"urn": step("a", "same", inputs())["urn"], "severity": "error", "message": f"error: {reason}"}
    (diagnostic,) = review_of([step("a", "same", inputs(), inputs())], diagnostics=[message]).stacks[0].diagnostics
    assert (diagnostic.resource, diagnostic.path, diagnostic.line) == ("a", "resource_config_infos", 4)
    assert diagnostic.message == reason


@pytest.mark.parametrize(
    "content",
    ["", "  ", "no json", "[]", "3", "{}", '{"steps": [', '{"result": "succeeded", "summary": {}, "resources": []}'],
)
def test_a_text_that_is_no_preview_is_an_error_with_the_command(content: str) -> None:
    with pytest.raises(PreviewError, match="pulumi preview --json --show-sames --refresh"):
        read_previews(content)


JUNK: list[Any] = [None, 3, -1.5, True, "x", "", [], {}, ["x"], {"a": "b"}, [None], [[]]]


def places_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container in a JSON value, with each of its keys."""
    for key, part in [*(value.items() if isinstance(value, dict) else enumerate(value))]:
        yield value, key
        if isinstance(part, (dict, list)):
            yield from places_of(part)


@pytest.mark.parametrize("is_stream", [False, True])
def test_whatever_stands_in_a_preview_it_is_reviewed_or_refused(is_stream: bool) -> None:
    event = {"op": "replace", "urn": REPLACED["urn"], "old": REPLACED["oldState"], "new": REPLACED["newState"]}
    events = [
        {"sequence": 1, "resourcePreEvent": {"metadata": event}},
        {"sequence": 2, "resOutputsEvent": {"metadata": {**event, "op": "refresh"}}},
        {"sequence": 3, "diagnosticEvent": FAILURE},
        {"sequence": 4, "errorEvent": {"error": "x"}},
    ]
    steps = [refresh_of("a"), REPLACED, step("b", "update", inputs(envs={"A": "1"}), inputs(envs={"A": "2"}))]
    document = json.loads(preview_json(steps, diagnostics=[FAILURE], changeSummary={"same": 1}))
    values = json.loads(json.dumps(events if is_stream else [document]))
    prices = PriceList(PriceService())
    for number, (container, key) in enumerate(places_of(values)):
        kept = container[key]
        for junk in (JUNK[number % len(JUNK)], JUNK[number // len(JUNK) % len(JUNK)]):
            container[key] = junk
            try:
                previews = read_previews("\n".join(map(json.dumps, values)))
            except PreviewError:
                continue
            made = Review(tuple(review_stack(each, lambda _: prices) for each in previews))
            for form in (markdown, as_json, text):
                assert form(made)
            shown_requests(made.stacks[0])
        container[key] = kept


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_preview_is_read_whatever_the_shell_has_written_it_in(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "preview.json"
    file.write_bytes(preview_json([step("训练", "create", None, inputs())]).encode(encoding))
    ran = CliRunner().invoke(main, ["review", str(file), "--no-lookups", "--format", "json"])
    assert ran.exit_code == 0, ran.output
    assert [task["resource"] for task in json.loads(ran.output)["stacks"][0]["tasks"]] == ["训练"]
    piped = CliRunner().invoke(main, ["review", "-", "--no-lookups", "--format", "json"], input=file.read_bytes())
    assert piped.output == ran.output


def test_halves_of_a_gpu_are_numbers_too() -> None:
    made = step("a", "create", None, inputs("TI.GN7.2XLARGE40.POST", 3))
    assert document(review_of([made]))["stacks"][0]["gpus"] == {"before": {}, "after": {"T4": 1.5}}


def test_several_documents_in_a_row_are_several_stacks() -> None:
    document = preview_json([step("a", "create", None, inputs())])
    assert len(read_previews(document + "\n" + document)) == 2


@st.composite
def stacks(draw: st.DrawFn) -> tuple[list[Mapping[str, Any]], Decimal, Decimal]:
    """Draw the steps of a stack, with the sums of what it costs before and after."""
    steps: list[Mapping[str, Any]] = []
    before = after = 0
    for index in range(draw(st.integers(0, 12))):
        operation = draw(st.sampled_from(["create", "replace", "delete", "same", "update"]))
        status = draw(st.sampled_from(["RUNNING", "PENDING", "STOPPING", "SUCCEED", "FAILED", "STOPPED"]))
        old_spec, new_spec = draw(st.sampled_from([*CENTS])), draw(st.sampled_from([*CENTS]))
        old_count, new_count = draw(st.integers(1, 9)), draw(st.integers(1, 9))
        if operation in ("same", "update"):
            new_spec, new_count = old_spec, old_count
        old, new = inputs(old_spec, float(old_count)), inputs(new_spec, new_count, remark=f"{index}")
        is_active = status in ("RUNNING", "PENDING", "STOPPING") and operation != "create"
        before += CENTS[old_spec] * old_count * is_active
        runs_after = operation in ("create", "replace") or (is_active and operation in ("same", "update"))
        after += CENTS[new_spec] * new_count * runs_after
        steps.append(
            step(
                f"t{index}",
                operation,
                None if operation == "create" else old,
                None if operation == "delete" else new,
                recorded=outputs(status),
            )
        )
    return steps, Decimal(before) / 100, Decimal(after) / 100


@settings(deadline=None)
@given(stacks())
def test_totals_equal_an_independent_sum(drawn: tuple[list[Mapping[str, Any]], Decimal, Decimal]) -> None:
    steps, before, after = drawn
    service = PriceService()
    stack = review_of(steps, service).stacks[0]
    assert (stack.before.amount, stack.after.amount) == (before, after)
    assert stack.before.unpriced == stack.after.unpriced == ()
    items = {
        (g["instanceType"], int(g["instanceNum"]))
        for s in steps
        for state in ("oldState", "newState")
        for g in s.get(state, {}).get("inputs", {}).get("resourceConfigInfos", [])
    }
    assert service.calls <= len(items)


@settings(deadline=None)
@given(stacks())
def test_the_json_fits_its_schema(drawn: tuple[list[Mapping[str, Any]], Decimal, Decimal]) -> None:
    for priced in (True, False):
        SCHEMA.validate(document(review_of(drawn[0], priced=priced)))


def test_several_stacks_stand_in_one_comment_with_a_table_on_top() -> None:
    stack = review_of([REPLACED]).stacks[0]
    comment = markdown(Review((stack, stack)))
    assert comment.count("<!-- pulumi-tione review nlp -->") == 1
    assert "| `nlp/dev` | ¥42.00 | ¥84.00 | 1 replaced |" in comment


def test_statuses_that_are_not_current_are_shown_to_be_so() -> None:
    note = "Statuses are those of the last update"
    assert note in markdown(review_of([REPLACED], refreshed=False))
    assert note not in markdown(review_of([REPLACED]))
