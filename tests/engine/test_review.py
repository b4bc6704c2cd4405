"""A review of what the real engine shows: one document, a stream of events, a failed preview, and `--stack`."""

from __future__ import annotations

import base64
import json
import random
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from engine_support import Stack

from pulumi_tione.emulator import Emulator
from pulumi_tione.review.json_format import SCHEMA_FILE

pytestmark = pytest.mark.engine

BEFORE = """
FOREVER = {**B, "start_cmd_info": {"worker_start_cmd": "sleep 36000"}}
GPU = [{"role": "WORKER", "instance_type": "TI.GN10.2XLARGE40.POST", "instance_num": 2}]
tione.TrainingTask("bert", **{**FOREVER, "resource_config_infos": GPU, "private_envs": {"TOKEN": "planted-secret-1"}})
tione.TrainingTask("old", **FOREVER)
tione.TrainingTask("same", **FOREVER)
tione.TrainingTask("eval", **{**FOREVER, "tags": {"team": "nlp"}})
"""
AFTER = """
FOREVER = {**B, "start_cmd_info": {"worker_start_cmd": "sleep 36000"}}
GPU = [{"role": "WORKER", "instance_type": "TI.GN10.2XLARGE40.POST", "instance_num": 4}]
tione.TrainingTask("bert", **{**FOREVER, "resource_config_infos": GPU, "private_envs": {"TOKEN": "planted-secret-2"}})
tione.TrainingTask("same", **FOREVER)
tione.TrainingTask("eval", **{**FOREVER, "tags": {"team": "cv"}})
tione.TrainingTask("new", **FOREVER)
"""
SECRETS = """
FOREVER = {{**B, "start_cmd_info": {{"worker_start_cmd": pulumi.Output.secret("sleep 36000 # planted-secret-1{0}")}}}}
IMAGE = {{"image_type": "CUSTOM", "image_url": "r/t:1", "image_secret": {{"username": "u", "password": "{1}"}}}}
tione.TrainingTask("bert", **{{
    **FOREVER,
    "private_envs": {{"TOKEN": "planted-secret-2{0}"}},
    "envs": {{"K": pulumi.Output.secret("planted-secret-3{0}"), "DB_PASSWORD": "planted-secret-4{0}"}},
    "callback_url": "https://example.com/planted-secret-5{0}",
}})
tione.TrainingTask("image", **{{**FOREVER, "framework_name": None, "framework_environment": None, "image_info": IMAGE}})
"""
PREVIEW = ("preview", "--json", "--show-sames", "--refresh")


def test_a_review_of_a_document_of_a_stream_and_of_a_stack_agree(
    stack: Stack, emulator: Emulator, tmp_path: Path
) -> None:
    stack.program(BEFORE)
    stack.up()
    stack.program(AFTER)
    document, stream = tmp_path / "document.json", tmp_path / "stream.json"
    document.write_text(stack.pulumi(*PREVIEW), encoding="utf-8")
    stack.environment["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] = "1"
    stream.write_text(stack.pulumi(*PREVIEW), encoding="utf-8")
    del stack.environment["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"]

    made = []
    for arguments in ((str(document),), (str(stream),), ("--stack", "dev")):
        code, output = stack.tione("review", *arguments, "--format", "json")
        assert code == 0, output
        made.append(json.loads(output)["stacks"][0])
        assert "planted-secret" not in output
    for each in made:
        assert (each["project"], each["stack"], each["refreshed"]) == ("test", "dev", True)
        assert each["counts"] == {"create": 1, "replace": 1, "update": 1, "delete": 1, "same": 1}
        assert (each["hourly"]["before"], each["hourly"]["after"]) == ("44.10", "86.10")
        assert each["gpus"] == {"before": {"V100": 2}, "after": {"V100": 4}}
        changes = {task["resource"]: {change["path"] for change in task["changes"]} for task in each["tasks"]}
        assert changes["bert"] == {"resourceConfigInfos[0].instanceNum", "privateEnvs.TOKEN"}
        assert changes["eval"] == {"tags.team"}
        stopped = [task["resource"] for task in each["tasks"] if "stops-running" in str(task["findings"])]
        assert stopped == ["bert", "old"]

    code, output = stack.tione("review", str(document), "--fail-on", "total>86", "--no-lookups")
    assert code == 3, output
    code, output = stack.tione("review", str(document), "--fail-on", "total>86.10", "--ignore", "no-output")
    assert code == 0, output
    assert "¥44.10 → **¥86.10 an hour**" in output
    assert "`no-output`" not in output


def test_a_failed_preview_is_reviewed_and_ends_with_1(stack: Stack, tmp_path: Path) -> None:
    stack.program('tione.TrainingTask("bert", **{**B, "instance_nmu": 3})')
    file = tmp_path / "preview.json"
    file.write_text(stack.preview("--json", "--show-sames", "--refresh", fails=True), encoding="utf-8")
    code, output = stack.tione("review", str(file))
    assert code == 1
    lines = (stack.workspace.project / "__main__.py").read_text(encoding="utf-8").splitlines()
    assert f"**bert** (line {len(lines)}): `instance_nmu`" in output
    assert "there is no such field" in output
    code, output = stack.tione("review", "--stack", "dev", "--format", "text")
    assert code == 1
    assert "there is no such field" in output


def test_a_summary_without_reasons_ends_with_2_and_the_right_command(stack: Stack, tmp_path: Path) -> None:
    stack.program('tione.TrainingTask("bert", **B)')
    file = tmp_path / "preview.json"
    file.write_text(stack.preview("--output", "json"), encoding="utf-8")
    code, output = stack.tione("review", str(file))
    assert code == 2
    assert "pulumi preview --json --show-sames --refresh" in output


def test_prices_that_the_credentials_may_not_ask_for_are_unknown(
    stack: Stack, emulator: Emulator, tmp_path: Path
) -> None:
    stack.program('tione.TrainingTask("bert", **B)')
    file = tmp_path / "preview.json"
    file.write_text(stack.preview("--json", "--show-sames", "--refresh"), encoding="utf-8")
    emulator.faults.add("DescribeBillingSpecsPrice", code="AuthFailure.UnauthorizedOperation", times=99)
    code, output = stack.tione("review", str(file), "--fail-on", "price-unknown")
    assert code == 3
    assert "AuthFailure.UnauthorizedOperation" in output
    assert "at least ¥0.00" in output


def streamed(stack: Stack, *, fails: bool = False) -> str:
    """Return a preview as a stream of events."""
    stack.environment["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] = "1"
    try:
        return stack.pulumi(*PREVIEW, fails=fails)
    finally:
        del stack.environment["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"]


def test_planted_secrets_stand_in_no_review(stack: Stack, emulator: Emulator, tmp_path: Path) -> None:
    passwords = [base64.b64encode(f"planted-secret-6{each}".encode()).decode() for each in "ab"]
    stack.program(SECRETS.format("a", passwords[0]))
    stack.up()
    stack.program(SECRETS.format("b", passwords[1]))
    document, stream = tmp_path / "document.json", tmp_path / "stream.json"
    document.write_text(stack.pulumi(*PREVIEW), encoding="utf-8")
    stream.write_text(streamed(stack), encoding="utf-8")
    for file in (document, stream):
        for form in ("markdown", "text", "json"):
            code, output = stack.tione("review", str(file), "--format", form)
            assert code == 0, output
            assert "envs.K" in output
            assert [secret for secret in ("planted-secret", *passwords) if secret in output] == []


def test_a_shuffled_preview_gives_the_same_bytes(stack: Stack, emulator: Emulator, tmp_path: Path) -> None:
    stack.program(BEFORE)
    stack.up()
    stack.program(AFTER)
    document = json.loads(stack.pulumi(*PREVIEW))
    file = tmp_path / "preview.json"
    for form in ("markdown", "text", "json"):
        outputs = set()
        for seed in range(3):
            random.Random(seed).shuffle(document["steps"])
            for each in document["steps"]:
                for reasons in ("diffReasons", "replaceReasons"):
                    each[reasons] = random.Random(seed).sample(each.get(reasons) or [], len(each.get(reasons) or []))
            file.write_text(json.dumps(document), encoding="utf-8")
            outputs.add(stack.tione("review", str(file), "--format", form))
        assert len(outputs) == 1


CHAIN = """
import tencentcloud_iac_pulumi as tencentcloud
FOREVER = {{**B, "start_cmd_info": {{"worker_start_cmd": "sleep 36000"}}}}
class Team(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("acme:ml:Team", name)
bucket = tencentcloud.cos.Bucket("data", bucket="{bucket}-1250000000")
output = {{"bucket": bucket.id, "region": "ap-guangzhou", "paths": ["out/"]}}
tione.TrainingTask("chain", **FOREVER, output=output, opts=pulumi.ResourceOptions(parent=Team("nlp")))
tione.TrainingTask("kept", **FOREVER, remark="{bucket}", opts=pulumi.ResourceOptions(retain_on_delete=True))
tione.TrainingTask("{name}", **FOREVER, opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="first")]))
tione.TrainingTask("{moved}", **FOREVER)
tione.TrainingTask("ended", **{{**B, "envs": {{"A": "{bucket}"}}}})
"""


def test_what_happens_to_tasks_and_what_that_costs(stack: Stack, emulator: Emulator, tmp_path: Path) -> None:
    stack.program(CHAIN.format(bucket="old", name="first", moved="there"))
    stack.up()
    wait_for_status(emulator, "dev-ended", "SUCCEED")
    stack.program(CHAIN.format(bucket="new", name="second", moved="elsewhere"))
    file = tmp_path / "preview.json"
    file.write_text(stack.pulumi(*PREVIEW), encoding="utf-8")
    code, output = stack.tione("review", str(file), "--format", "json")
    assert code == 0, output
    (reviewed,) = json.loads(output)["stacks"]
    tasks = {task["resource"]: task for task in reviewed["tasks"]}
    assert {
        name: (task["action"], task["hourly"]["before"], task["hourly"]["after"]) for name, task in tasks.items()
    } == {
        "chain": ("replace", "0.70", "0.70"),
        "kept": ("replace", "0.70", "1.40"),
        "second": ("update", "0.70", "0.70"),
        "there": ("delete", "0.70", "0.00"),
        "elsewhere": ("create", "0.00", "0.70"),
        "ended": ("replace", "0.00", "0.70"),
    }
    assert reviewed["counts"] == {"create": 1, "replace": 3, "update": 1, "delete": 1, "same": 0}
    assert (reviewed["hourly"]["before"], reviewed["hourly"]["after"]) == ("2.80", "4.20")
    assert [change["path"] for change in tasks["chain"]["changes"]] == ["output.bucket"]
    assert tasks["chain"]["changes"][0]["unknown"] is True
    found = {name: {finding["code"] for finding in task["findings"]} for name, task in tasks.items()}
    assert {name for name, codes in found.items() if "stops-running" in codes} == {"chain", "there"}
    assert {name for name, codes in found.items() if "runs-again-after-success" in codes} == {"ended"}
    stack.up()
    # Six tasks, as the review has shown: the old one of `kept` stays.
    assert len(emulator.tasks()) == 6


def wait_for_status(emulator: Emulator, name: str, status: str) -> None:
    for _ in range(200):
        if any(task["Name"].startswith(name) and task["Status"] == status for task in emulator.tasks()):
            return
        time.sleep(0.1)
    raise AssertionError(emulator.tasks())


def test_the_config_of_the_stack_shows_that_labels_are_off(stack: Stack, emulator: Emulator, tmp_path: Path) -> None:
    stack.program('tione.TrainingTask("bert", **B)')
    file = tmp_path / "preview.json"
    file.write_text(stack.preview("--json", "--show-sames", "--refresh"), encoding="utf-8")
    assert stack.tione("review", str(file), "--fail-on", "labels-off")[0] == 0
    stack.pulumi("config", "set", "tione:labels", "false")
    code, output = stack.tione("review", str(file), "--fail-on", "labels-off")
    assert (code, "Error: labels-off: bert" in output) == (3, True)


def test_a_task_that_was_only_looked_up_is_not_counted(stack: Stack, emulator: Emulator, tmp_path: Path) -> None:
    program = (
        'FOREVER = {**B, "start_cmd_info": {"worker_start_cmd": "sleep 36000"}}\ntione.TrainingTask("a", **FOREVER)\n'
    )
    stack.program(program)
    stack.up()
    (task,) = emulator.tasks()
    stack.program(f'{program}tione.TrainingTask.get("seen", "{task["Id"]}")\n')
    stack.up()
    stack.program(f'{program}tione.TrainingTask("seen", **FOREVER)\n')
    file = tmp_path / "preview.json"
    file.write_text(stack.pulumi(*PREVIEW), encoding="utf-8")
    (reviewed,) = json.loads(stack.tione("review", str(file), "--format", "json")[1])["stacks"]
    assert reviewed["counts"] == {"create": 1, "replace": 0, "update": 0, "delete": 0, "same": 1}
    assert (reviewed["hourly"]["before"], reviewed["hourly"]["after"]) == ("0.70", "1.40")


PART = """
FOREVER = {**B, "start_cmd_info": {"worker_start_cmd": "sleep 36000"}}
tione.TrainingTask("a", **FOREVER)
tione.TrainingTask("b", **FOREVER)
tione.TrainingTask("ended", **B)
"""


def test_a_preview_that_shows_a_part_of_a_stack(stack: Stack, emulator: Emulator, tmp_path: Path) -> None:
    stack.program(PART)
    stack.up()
    wait_for_status(emulator, "dev-ended", "SUCCEED")
    file = tmp_path / "preview.json"

    def reviewed(preview: str) -> tuple[dict[str, Any], dict[str, Any]]:
        file.write_text(preview, encoding="utf-8")
        printed = json.loads(stack.tione("review", str(file), "--format", "json")[1])
        jsonschema.validate(printed, json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
        (made,) = printed["stacks"]
        return made, {task["resource"]: task for task in made["tasks"]}

    def live(tasks: dict[str, Any]) -> dict[str, bool]:
        return {name: task["status"]["live"] for name, task in tasks.items()}

    a = "urn:pulumi:dev::test::pulumi-python:dynamic/tione:TrainingTask::a"
    stack.program(f'{PART}tione.TrainingTask("new", **FOREVER)\n')
    stack.pulumi("state", "taint", a)
    made, tasks = reviewed(stack.pulumi(*PREVIEW, "--target", a))
    assert live(tasks) == {"a": True, "b": False, "ended": False}
    assert (made["counts"]["same"], made["counts"]["replace"], made["refreshed"], made["partial"]) == (
        2,
        1,
        False,
        False,
    )
    code, output = stack.tione("review", str(file))
    assert (code, "a requested replacement" in output, "`id`" in output) == (0, True, False), output

    made, tasks = reviewed(stack.pulumi("preview", "--json", "--refresh"))
    assert ({*tasks}, made["partial"], made["worstCase"]) == ({"a", "new"}, True, None)
    code, output = stack.tione("review", str(file), "--fail-on", "total>1000,increase>0.70")
    assert (code, "total>1000: the amount is unknown" in output, "Error: increase" in output) == (3, True, False)

    stack.program('raise RuntimeError("stop")')
    made, tasks = reviewed(stack.preview(*PREVIEW[1:], fails=True))
    assert live(tasks) == {"a": False, "b": False, "ended": False}
    assert made["partial"] is False
    made, tasks = reviewed(streamed(stack, fails=True))
    assert live(tasks) == {"a": True, "b": True, "ended": True}
    assert tasks["ended"]["status"]["recorded"] == "SUCCEED"
    assert (made["refreshed"], made["hourly"]["before"]) == (True, "1.40")
    made, tasks = reviewed(stack.preview("--json", "--show-sames", fails=True))
    assert (tasks, made["refreshed"], made["partial"]) == ({}, False, True)
    assert "at least ¥0.00 an hour before" in stack.tione("review", str(file))[1]
