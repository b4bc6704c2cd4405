"""What becomes a secret, or ceases to be one, while nothing else changes; and what derives from a secret.

Secrets that are planted everywhere are in `test_secrets.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

PLAIN = {
    "envs": '{"EPOCHS": "plantedthree", "HOST": "h1"}',
    "tags": '{"team": "plantedtag", "b": "c"}',
    "remark": '"plantedremark"',
    "image_info": '{"image_type": "CCR", "image_url": "ccr.example.com/plantedimage:1"}',
}
SECRET = {
    "envs": '{"EPOCHS": secret("plantedthree"), "HOST": "h1"}',
    "tags": '{"team": secret("plantedtag"), "b": "c"}',
    "remark": 'secret("plantedremark")',
    "image_info": f"secret({PLAIN['image_info']})",
}


def program(inputs: dict[str, str], more: str = "") -> str:
    arguments = ", ".join(f"{name}={value}" for name, value in inputs.items())
    of_framework = "framework_name=None, framework_environment=None, training_mode=''"
    task = f"task = tione.TrainingTask('t', **(B | dict({of_framework}, {arguments})))"
    return f"secret = pulumi.Output.secret\n{task}\n{more}"


def changes(emulator: Emulator) -> list[Any]:
    """The requests that change something at the service."""
    actions = ("Create", "Delete", "Stop", "Start", "Tag", "UnTag", "Enable")
    return [request["action"] for request in emulator.requests() if request["action"].startswith(actions)]


@pytest.mark.long
def test_what_becomes_a_secret_is_secret_in_place(stack: Stack, emulator: Emulator) -> None:
    stack.program(program(PLAIN))
    stack.up()
    assert "planted" in stack.exported()
    stack.program(program(SECRET))
    assert stack.planned() == {"t": "update"}
    stack.pulumi("preview", "--save-plan", "plan.json")
    stack.up("--plan", "plan.json")
    assert "planted" not in stack.exported()
    assert "2 unchanged" in stack.up()
    stack.refresh()
    assert "planted" not in stack.exported()
    stack.preview("--expect-no-changes")

    stack.program(program(PLAIN))
    assert stack.planned() == {"t": "update"}
    stack.up()
    assert "planted" in stack.exported()
    assert stack.planned() == {}
    assert changes(emulator) == ["CreateTrainingTask"]


@pytest.mark.long
def test_what_becomes_a_secret_of_a_task_of_an_earlier_version_is_secret(stack: Stack, emulator: Emulator) -> None:
    """Its state does not record what is secret: the engine seals its outputs without an update."""
    stack.program(program(PLAIN))
    stack.up()
    state = json.loads(stack.exported())
    for resource in state["deployment"]["resources"]:
        resource.get("outputs", {}).pop("secretInputs", None)
    file = stack.workspace.project / "state.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    stack.pulumi("stack", "import", "--file", str(file))
    stack.preview("--expect-no-changes")
    stack.program(program(SECRET))
    assert "2 unchanged" in stack.up()
    assert "planted" not in stack.exported()
    stack.preview("--expect-no-changes")
    assert changes(emulator) == ["CreateTrainingTask"]


@pytest.mark.long
def test_what_derives_from_a_secret_tag_is_never_in_clear(stack: Stack, emulator: Emulator) -> None:
    lookup = 'found = tione.TrainingTask.get("found", task.id)\npulumi.export("tags", task.all_tags)\n'
    stack.program(program(SECRET, lookup))
    shown = [
        stack.preview("--diff"),
        stack.preview("--json"),
        stack.up(),
        stack.exported(),
        stack.pulumi("stack", "output"),
    ]
    stack.program(program(SECRET | {"tags": '{"team": secret("plantedother")}'}, lookup))
    shown += [stack.preview("--diff"), stack.preview("--json"), stack.up(), stack.refresh("--diff"), stack.exported()]
    assert not [line for text in shown for line in text.splitlines() if "planted" in line]
    (bound,) = accepted(emulator, "TagResources")
    assert bound["Tags"] == [{"TagKey": "team", "TagValue": "plantedother"}]


@pytest.mark.long
def test_default_tags_of_the_config_that_are_secret_are_never_in_clear(stack: Stack, emulator: Emulator) -> None:
    stack.pulumi("config", "set", "--secret", "--path", "tione:defaultTags.team", "plantedtag")
    stack.program(program({"tags": '{"b": "c"}'}))
    shown = [stack.preview("--diff"), stack.up(), stack.exported()]
    assert "2 unchanged" in stack.up()
    shown += [stack.refresh("--diff"), stack.exported(), stack.preview("--diff", "--expect-no-changes")]
    assert not [line for text in shown for line in text.splitlines() if "planted" in line]
    (task,) = emulator.tasks()
    assert {"TagKey": "team", "TagValue": "plantedtag"} in task["Tags"]
