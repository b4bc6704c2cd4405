"""The policy pack of the examples: each rule on a stack that keeps it and on one that breaks it, over gRPC."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
from engine_support import ROOT, Stack
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

pytestmark = [pytest.mark.engine, pytest.mark.long]

PACK = ROOT / "examples" / "policy"
KEPT = 'max_duration="12h", tags={"team": "nlp"}'
PROGRAM = f"""
tione.TrainingTask("kept", **B, {KEPT})
IMAGE = {{**B, "framework_name": None, "framework_environment": None}}
tione.TrainingTask("image", **IMAGE, {KEPT}, image_info={{"image_type": "CUSTOM", "image_url": "r:5000/t/train:1.2"}})
tione.TrainingTask("digest", **IMAGE, {KEPT}, image_info={{"image_type": "CUSTOM", "image_url": "r/t@sha256:0a"}})
tione.TrainingTask("closed", **B, {KEPT}, expose_network_config={{"ssh_config": {{"enable": False}}}})
"""
RULES = {
    "allowed-specs": {
        "resource_config_infos": [{"role": "WORKER", "instance_type": "TI.GN10.20XLARGE320.POST", "instance_num": 1}]
    },
    "maximum-nodes": {
        "resource_config_infos": [
            {"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 8},
            {"role": "PS", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1},
        ]
    },
    "required-tags": {"tags": {"cost": "a"}},
    "no-public-access": {"expose_network_config": {"ssh_config": {"enable": True, "port": 22}}},
    "prepaid-only-in-production": {
        "charge_type": "PREPAID",
        "resource_group_id": "trsg-1",
        "resource_config_infos": [{"role": "WORKER", "cpu": 1000, "memory": 1024, "instance_num": 1}],
    },
    "time-limit": {"max_duration": None},
    "no-moving-image-tag": {
        "framework_name": None,
        "framework_environment": None,
        "image_info": {"image_type": "CUSTOM", "image_url": "registry:5000/team/train:latest"},
    },
}


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of the pack's own environment: pulumi-policy needs an older protobuf than ours."""
    identity = (PACK / "requirements.txt").read_bytes() + sys.version.encode()
    folder = ROOT / ".cache" / "policy" / hashlib.sha256(identity).hexdigest()[:16]
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = (
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            str(PACK / "requirements.txt"),
        )
        subprocess.run([str(folder / "bin" / "python"), *install], check=True)
        (folder / "ready").touch()
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def analyzer(python: Path) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack, started as the engine starts it."""
    command = [str(python), "-u", "-m", "pulumi.policy", "127.0.0.1:0", str(PACK)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.communicate()


def checked_inputs(stack: Stack, program: str) -> dict[str, Mapping[str, Any]]:
    """Return what the engine passes to policies: the inputs that check has passed, by the resource's name."""
    stack.program(program)
    steps = [each for each in json.loads(stack.preview("--json"))["steps"] if "TrainingTask" in each["urn"]]
    return {each["urn"].rpartition("::")[2]: each["newState"]["inputs"] for each in steps}


def broken(
    analyzer: analyzer_pb2_grpc.AnalyzerStub,
    name: str,
    inputs: Mapping[str, Any],
    stack: str = "dev",
    kind: str = "pulumi-python:dynamic/tione:TrainingTask",
) -> dict[str, str]:
    """Return the rules that a task breaks, with their messages."""
    properties = struct_pb2.Struct()
    properties.update(inputs)
    urn = f"urn:pulumi:{stack}::test::{kind}::{name}"
    request = analyzer_pb2.AnalyzeRequest(type=kind, properties=properties, urn=urn, name=name)
    return {each.policyName: each.message for each in analyzer.Analyze(request).diagnostics}


def configure(analyzer: analyzer_pb2_grpc.AnalyzerStub, **properties: Mapping[str, Any]) -> None:
    defaults: dict[str, Mapping[str, Any]] = {
        "allowed-specs": {"specs": ["TI.S.", "TI.GN10.2XLARGE40."]},
        "maximum-nodes": {"maximum": 8},
        "required-tags": {"keys": ["team"]},
        "prepaid-only-in-production": {"stacks": ["prod"]},
    }
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for policy, values in {**defaults, **properties}.items():
        entry = request.policyConfig[policy.replace("_", "-")]
        entry.enforcementLevel = analyzer_pb2.MANDATORY
        entry.properties.update(values)
    analyzer.Configure(request)


def test_each_rule_stops_the_task_that_breaks_it_and_no_other(
    stack: Stack, analyzer: analyzer_pb2_grpc.AnalyzerStub
) -> None:
    configure(analyzer)
    rules = "".join(
        f'tione.TrainingTask("{rule}", **{{**B, "max_duration": "12h", "tags": {{"team": "nlp"}}, **{task!r}}})\n'
        for rule, task in RULES.items()
    )
    inputs = checked_inputs(stack, PROGRAM + rules)
    found = {name: broken(analyzer, name, task) for name, task in inputs.items()}
    assert {name: set(messages) for name, messages in found.items()} == {
        **{name: set() for name in ("kept", "image", "digest", "closed")},
        **{rule: {rule} for rule in RULES},
    }
    assert "TI.GN10.20XLARGE320.POST is not allowed" in found["allowed-specs"]["allowed-specs"]
    assert "9 nodes; 8 are allowed" in found["maximum-nodes"]["maximum-nodes"]
    group = inputs["prepaid-only-in-production"]
    assert broken(analyzer, "group", group, stack="prod") == {}
    assert broken(analyzer, "bucket", {"bucket": "b"}, kind="tencentcloud:Cos/bucket:Bucket") == {}


def test_the_rules_are_configured(stack: Stack, analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    assert {each.name for each in analyzer.GetAnalyzerInfo(empty_pb2.Empty()).policies} == {*RULES}
    inputs = checked_inputs(stack, f'tione.TrainingTask("kept", **B, {KEPT})')["kept"]
    configure(analyzer, required_tags={"keys": ["team", "cost"]}, maximum_nodes={"maximum": 0})
    assert {*broken(analyzer, "kept", inputs)} == {"required-tags", "maximum-nodes"}
    configure(analyzer)
