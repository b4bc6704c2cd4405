"""`pulumi-tione show`: a task as Python, as JSON and as a request, without touching a state."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

SECRET: dict[str, Any] = {
    "CallbackUrl": "https://example.com/planted-1",
    "Envs": [
        {"Name": "EPOCHS", "Value": "3"},
        {"Name": "TOKEN", "Value": "planted-2", "IsPrivate": True},
    ],
    "Tags": [{"TagKey": "team", "TagValue": "nlp"}],
}


def test_a_task_is_shown_in_each_form_and_nothing_is_changed(
    stack: Stack, emulator: Emulator, tione: Callable[..., Result], create: Callable[..., str]
) -> None:
    task_id = create("bert-2025", **SECRET)
    state = stack.exported()

    python = tione("show", task_id).stdout
    assert python.startswith('tione.TrainingTask(\n    "bert-2025",')
    compile(python, "shown", "exec")

    (shown,) = [json.loads(tione("show", "bert-2025", "--json").stdout)]
    assert (shown["id"], shown["region"], shown["workspace"]) == (task_id, "ap-guangzhou", None)
    assert shown["inputs"]["envs"] == {"EPOCHS": "3"}
    assert shown["inputs"]["callbackUrl"] == "(secret)"

    request = json.loads(tione("show", task_id, "--request").stdout)
    (sent,) = accepted(emulator, "CreateTrainingTask")
    assert request["ResourceConfigInfos"] == sent["ResourceConfigInfos"]
    assert request["Tags"] == sent["Tags"]
    assert request["CallbackUrl"] == "(secret)"
    commands = json.loads(base64.b64decode(request["EncodedStartCmdInfo"]["StartCmdInfo"]))
    assert commands == sent["StartCmdInfo"]

    assert "planted" not in python + json.dumps(shown) + json.dumps(request)
    assert stack.exported() == state
    actions = [each["action"] for each in emulator.requests()]
    assert [action for action in actions if not action.startswith("Describe")] == ["CreateTrainingTask"]


def test_a_task_of_the_stack_is_shown_by_the_name_of_its_resource(
    stack: Stack, emulator: Emulator, tione: Callable[..., Result]
) -> None:
    stack.program('tione.TrainingTask("bert", **B, private_envs={"TOKEN": "planted-3"})')
    stack.up()
    assert '"bert",' in tione("show", "bert").stdout
    output = tione("show", "bert", "--request").stdout
    assert "planted" not in output
    assert {"Name": "TOKEN", "Value": "(secret)", "IsPrivate": True} in json.loads(output)["Envs"]


def test_a_task_that_does_not_exist_and_two_forms_are_errors(tione: Callable[..., Result]) -> None:
    assert "there is no training task 'nobody'" in tione("show", "nobody", exit_code=2).output
    assert "exclude each other" in tione("show", "nobody", "--json", "--request", exit_code=2).output


def test_the_requests_of_a_preview_are_those_that_up_sends(
    stack: Stack, emulator: Emulator, tione: Callable[..., Result]
) -> None:
    stack.program("""
tione.TrainingTask(
    "bert",
    **B,
    envs={"EPOCHS": "3", "DB_PASSWORD": "planted-4"},
    private_envs={"TOKEN": "planted-5"},
    tags={"team": "nlp"},
    tuning_parameters={"lr": 0.1},
    output={"bucket": "corpus-1250000000", "region": "ap-guangzhou", "paths": ["out/"]},
    callback_url="https://example.com/planted-6",
)
tione.TrainingTask("hidden", **{**B, "start_cmd_info": {"worker_start_cmd": pulumi.Output.secret("planted-7")}})
""")
    printed = tione("review", "--stack=dev", "--request").stdout
    assert "planted" not in printed
    requests = {each["resource"]: each["request"] for each in json.loads(printed)}
    assert requests["hidden"]["EncodedStartCmdInfo"] == {"StartCmdInfo": "(secret)"}
    stack.up()
    (sent,) = [each for each in accepted(emulator, "CreateTrainingTask") if each["Name"].startswith("dev-bert")]
    secret = {"CallbackUrl", "Envs", "Tags"}
    shown = requests["bert"]
    assert {name: value for name, value in shown.items() if name not in secret} == {
        name: value for name, value in sent.items() if name not in secret
    }
    assert {each["Name"]: each["Value"] for each in shown["Envs"]} == {
        "EPOCHS": "3",
        "DB_PASSWORD": "(secret?)",
        "(secret)": "(secret)",
    }
    assert {each["TagKey"] for each in shown["Tags"]} == {each["TagKey"] for each in sent["Tags"]}
