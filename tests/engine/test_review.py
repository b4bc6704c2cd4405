"""A review of what the real engine shows: one document, a stream of events, a failed preview, and `--stack`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from engine_support import Stack

from pulumi_tione.emulator import Emulator

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
        assert each["gpus"] == {"before": {"V100": "2"}, "after": {"V100": "4"}}
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
    assert "**bert**" in output
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
