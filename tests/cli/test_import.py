"""`pulumi-tione import RESOURCE ID|NAME`: afterwards `pulumi up` with the code that it printed shows unchanged.

Pending creates are in `test_import_pending.py`.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from engine_support import Stack
from local_tione import accepted

from pulumi_tione.cli import import_ as import_command
from pulumi_tione.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.long]

Tione = Callable[..., Result]
Create = Callable[..., str]
Copies = Callable[[], list[Path]]

IMPORTS = "import pulumi\nimport pulumi_tione as tione\n\n"
WORKSPACE = "1889353273052233728"


def write_program(stack: Stack, *declarations: str) -> None:
    text = IMPORTS + "\n".join(declarations)
    (stack.workspace.project / "__main__.py").write_text(text, encoding="utf-8")


def tags_of(emulator: Emulator, task_id: str) -> dict[str, str]:
    (task,) = [task for task in emulator.tasks() if task["Id"] == task_id]
    tags = {tag["TagKey"]: tag["TagValue"] for tag in task["Tags"]}
    return {key: value for key, value in tags.items() if not key.startswith("qcs:")}


RAY: dict[str, Any] = {
    "TrainingMode": "RAY",
    "FrameworkEnvironment": "ray2.9-py3.10",
    "ResourceConfigInfos": [
        {"Role": "HEAD", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1},
        {"Role": "WORKER", "InstanceType": "TI.S.LARGE.POST", "InstanceNum": 2},
        {"Role": "WORKER", "InstanceType": "TI.GN10.2XLARGE40.POST", "InstanceNum": 1},
    ],
    "DataConfigs": [
        {"MappingPath": "/a", "DataSourceType": "CFS", "CFSSource": {"Id": "cfs-1", "Path": "/"}},
        {
            "MappingPath": "/b",
            "DataSourceType": "COS",
            "COSSource": {"Bucket": "b-1", "Region": "ap-x", "Paths": ["p/"]},
        },
    ],
    "CodePackagePath": {"Bucket": "corpus-1250000000", "Region": "ap-guangzhou", "Paths": ["code/"]},
    "Output": {"Bucket": "corpus-1250000000", "Region": "ap-guangzhou", "Paths": ["out/"]},
    "TuningParameters": '{"lr": "0.1"}',
    "VpcId": "vpc-1",
    "SubnetId": "subnet-1",
    "Remark": '训练 "quoted" it\'s',
    "LogEnable": True,
    "LogConfig": {"LogsetId": "logset-1", "TopicId": "topic-1"},
    "Tags": [{"TagKey": "team", "TagValue": "nlp"}, {"TagKey": "cost", "TagValue": "a"}],
    "Envs": [{"Name": "EPOCHS", "Value": "3"}],
}
PREPAID: dict[str, Any] = {
    "ChargeType": "PREPAID",
    "ResourceGroupId": "rsg-1",
    "ResourceConfigInfos": [{"Role": "WORKER", "Cpu": 1000, "Memory": 1024, "Gpu": 0, "InstanceNum": 1}],
}
CUSTOM: dict[str, Any] = {
    "FrameworkName": "",
    "FrameworkEnvironment": "",
    "ImageInfo": {
        "ImageType": "CUSTOM",
        "ImageUrl": "registry.example.com/bert:1",
        "ImageSecret": {"Username": "u", "Password": "cGxhbnRlZC0z"},
    },
    "CallbackUrl": "https://user:planted-2@example.com",
    "Envs": [{"Name": "TOKEN", "Value": "planted-1", "IsPrivate": True}],
}


def test_tasks_of_all_shapes_are_unchanged_once_the_program_has_what_was_printed(
    stack: Stack, emulator: Emulator, tione: Tione, create: Create, copies: Copies
) -> None:
    emulator.register("workspace", WORKSPACE, name="nlp")
    stack.pulumi("config", "set", "--path", "tione:defaultTags.cost", "a")
    stack.pulumi("config", "set", "--secret", "custom-callback-url", CUSTOM["CallbackUrl"])
    tasks = {
        "ray": (create("ray", **RAY), ()),
        "prepaid": (create("prepaid", **PREPAID), ()),
        "custom": (create("custom", **CUSTOM), ()),
        "far": (
            create("far", region="ap-shanghai", TiProjectId=WORKSPACE),
            ("--region", "ap-shanghai", "--workspace", WORKSPACE),
        ),
    }
    printed = {name: tione("import", name, task_id, "--yes", *where) for name, (task_id, where) in tasks.items()}
    write_program(stack, *(result.stdout for result in printed.values()))

    assert f"{len(tasks) + 1} unchanged" in stack.up()
    assert len(accepted(emulator, "CreateTrainingTask")) == len(tasks)
    assert f"{len(tasks) + 1} unchanged" in stack.refresh()

    for name, (task_id, _) in tasks.items():
        resource = stack.resource(name)
        assert resource
        assert resource["id"] == task_id
        labels = {"pulumi:project": "test", "pulumi:stack": "dev", "pulumi:resource": name}
        assert labels.items() <= tags_of(emulator, task_id).items()
        assert tags_of(emulator, task_id)["cost"] == "a"

    custom = printed["custom"].stdout
    assert 'callback_url=pulumi.Config().require_secret("custom-callback-url"),' in custom
    assert '# private_envs={"TOKEN": pulumi.Config().require_secret("TOKEN")},' in custom
    assert "the image_secret of image_info" in custom
    assert "cpu" not in printed["ray"].stdout
    assert "PRE_SET" not in printed["ray"].stdout
    assert 'tags={"team": "nlp"},' in printed["ray"].stdout
    everything = stack.exported() + "".join(result.output for result in printed.values())
    everything += "".join(copy.read_text(encoding="utf-8") for copy in copies())
    assert "planted" not in everything
    assert len(copies()) == len(tasks)

    stack.destroy()
    assert emulator.tasks() == []


KEPT = """
tione.TrainingTask(
    "bert",
    name="bert",
    triggers=["1"],
    private_envs={"TOKEN": "planted-1"},
    additional_parameters={"SchedulePolicy": {"BackOffLimit": 3}},
    desired_status="RUNNING",
    tags={"team": "cv"},
    image_info=tione.ImageInfoArgs(
        image_type="CUSTOM",
        image_url="registry.example.com/bert:1",
        image_secret=tione.ImageSecretArgs(username="u", password="cGxhbnRlZC0z"),
    ),
    callback_url="https://user:planted-2@example.com",
    charge_type="POSTPAID_BY_HOUR",
    training_mode="DDP",
    start_cmd_info={"worker_start_cmd": "sleep 36000"},
    resource_config_infos=[{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1}],
)
"""


def test_a_run_is_kept_whatever_the_program_adds_that_the_service_does_not_return(
    stack: Stack, emulator: Emulator, tione: Tione, create: Create
) -> None:
    task_id = create("bert", **{**CUSTOM, "Remark": "night run", "Tags": [{"TagKey": "team", "TagValue": "nlp"}]})
    tione("import", "bert", task_id, "--yes")
    write_program(stack, KEPT)
    assert stack.planned() == {"bert": "update"}
    shown = stack.up()
    assert "These fields are recorded as in the program, and the task is not replaced: " in shown
    for path in ("image_info.image_secret", "private_envs", "triggers", "additional_parameters", "remark"):
        assert path in shown
    assert "planted" not in shown + stack.exported()
    assert "2 unchanged" in stack.up()
    assert "2 unchanged" in stack.up("--refresh")
    (task,) = emulator.tasks()
    assert task["Id"] == task_id
    assert tags_of(emulator, task_id)["team"] == "cv"
    assert len(accepted(emulator, "CreateTrainingTask")) == 1
    assert accepted(emulator, "StartTrainingTask") == []
    resource = stack.resource("bert")
    assert resource
    assert resource["outputs"]["triggers"] == ["1"]
    assert "importedFields" not in {**resource["inputs"], **resource["outputs"]}

    write_program(stack, KEPT.replace('["1"]', '["2"]'))
    assert stack.planned() == {"bert": "replace"}


def test_only_the_first_update_after_an_import_takes_the_programs_word_for_it(
    stack: Stack, emulator: Emulator, tione: Tione, create: Create
) -> None:
    printed = tione("import", "bert", create("bert"), "--yes").stdout
    write_program(stack, printed)
    stack.refresh()
    assert "2 unchanged" in stack.up()
    stack.refresh()
    write_program(stack, printed.replace('    name="bert",\n', '    name="bert",\n    triggers=["1"],\n'))
    assert stack.planned() == {"bert": "replace"}


def test_the_change_is_shown_and_nothing_is_done_without_a_yes(
    stack: Stack, emulator: Emulator, tione: Tione, create: Create, copies: Copies
) -> None:
    task_id = create("bert")
    before = json.loads(stack.exported())
    refused = tione("import", "bert", "bert", answers="y\nn\n", exit_code=2)
    assert "nothing was changed" in refused.stderr
    assert "pulumi:project=test, pulumi:stack=dev, pulumi:resource=bert" in refused.stderr
    assert f"+ urn:pulumi:dev::test::pulumi-python:dynamic/tione:TrainingTask::bert  {task_id}" in refused.stderr
    assert refused.stdout.startswith('tione.TrainingTask(\n    "bert",\n')
    assert json.loads(stack.exported()) == before
    assert tags_of(emulator, task_id) == {}
    assert copies() == []

    agreed = tione("import", "bert", "bert", answers="n\ny\n")
    (copy,) = copies()
    assert str(copy) in agreed.stderr
    assert json.loads(copy.read_text(encoding="utf-8")) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert tags_of(emulator, task_id) == {}
    write_program(stack, agreed.stdout)
    assert stack.planned() == {"bert": "update"}


def test_a_child_is_imported_under_its_parent(stack: Stack, emulator: Emulator, tione: Tione, create: Create) -> None:
    pipeline = """
class Pipeline(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("my:mod:Pipeline", "nightly")
        self.register_outputs({})

nightly = Pipeline()
"""
    write_program(stack, pipeline)
    stack.up()
    create("bert")
    parent = "urn:pulumi:dev::test::my:mod:Pipeline::nightly"
    refused = tione("import", "bert", "bert", "--parent", parent + "x", exit_code=2).stderr
    assert f"there is no resource '{parent}x' in the state of test/dev" in refused
    assert "`pulumi stack --show-urns --stack dev`" in refused
    refused = tione("import", "my:mod:Other::bert", "bert", exit_code=2).stderr
    assert "there is no resource of type 'my:mod:Other' in the state of test/dev" in refused
    printed = tione("import", "my:mod:Pipeline::bert", "bert", "--yes").stdout
    assert "opts=pulumi.ResourceOptions(parent=nightly)," in printed
    write_program(stack, pipeline, printed)
    assert "3 unchanged" in stack.up()
    (task,) = emulator.tasks()
    assert tags_of(emulator, str(task["Id"]))["pulumi:resource"] == "my:mod:Pipeline::bert"


def test_refusals_have_a_reason(stack: Stack, emulator: Emulator, tione: Tione, create: Create, copies: Copies) -> None:
    stack.program('tione.TrainingTask("t", **B)')
    stack.up()
    (task,) = emulator.tasks()
    create("other")
    before = stack.exported()

    def refusal(*arguments: str) -> str:
        return tione("import", *arguments, "--yes", exit_code=2).stderr

    urn = "urn:pulumi:dev::test::pulumi-python:dynamic/tione:TrainingTask::t"
    assert f"{urn} is already in the state, with the id {task['Id']}" in refusal("t", "other")
    assert f"training task {task['Id']} is already in the state, as {urn}" in refusal("again", task["Name"])
    missing = refusal("far", "other", "--region", "ap-shanghai", "--workspace", "7")
    assert "no training task 'other' in ap-shanghai (workspace 7) of account 100000000001" in missing

    locks = stack.workspace.project.parent / "backend" / ".pulumi" / "locks" / "organization" / "test" / "dev"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "killed.json").write_text("{}")
    locked = refusal("other", "other")
    assert "locked" in locked
    assert "`pulumi cancel`" in locked
    (locks / "killed.json").unlink()
    assert stack.exported() == before
    assert accepted(emulator, "TagResources") == []


def test_a_task_of_another_resource_is_not_taken_over_without_being_asked_to(
    stack: Stack, emulator: Emulator, tione: Tione, create: Create, copies: Copies
) -> None:
    task_id = create("bert", labels="nlp/prod/bert")
    before = stack.exported()
    refused = tione("import", "bert", "bert", "--yes", exit_code=2).stderr
    assert "pulumi:project=nlp, pulumi:stack=prod, pulumi:resource=bert" in refused
    assert "take-over" not in refused
    assert (stack.exported(), copies()) == (before, [])
    assert tags_of(emulator, task_id)["pulumi:project"] == "nlp"

    printed = tione("import", "bert", "bert", "--take-over", "--yes").stdout
    assert tags_of(emulator, task_id)["pulumi:project"] == "test"
    write_program(stack, printed)
    assert "2 unchanged" in stack.up()


def test_a_task_in_the_state_of_another_stack_is_not_taken_over_whatever_its_labels_are(
    stack: Stack, emulator: Emulator, tione: Tione
) -> None:
    stack.program('tione.TrainingTask("t", name="t", **B)')
    stack.up()
    stack.pulumi("stack", "rename", "prod")
    stack.pulumi("stack", "init", "dev")
    shown = stack.up(fails=True)
    assert "take-over" not in shown
    refused = tione("import", "t", "t", "--yes", exit_code=2).stderr
    assert "is in the state of test/prod, as urn:pulumi:prod::test::" in refused
    assert "take-over" not in refused
    assert stack.resource("t") is None
    (task,) = emulator.tasks()
    assert tags_of(emulator, str(task["Id"]))["pulumi:stack"] == "dev"


def test_a_child_without_its_parent_is_imported_if_its_labels_are_those_of_this_child(
    stack: Stack, emulator: Emulator, tione: Tione, create: Create
) -> None:
    create("bert", labels="test/dev/my:mod:Pipeline::bert")
    create("gpt", labels="test/dev/my:mod:Other::gpt")
    refused = tione("import", "my:mod:Misspelt::gpt", "gpt", "--take-over", "--yes", exit_code=2).stderr
    assert "there is no resource of type 'my:mod:Misspelt'" in refused
    shown = tione("import", "my:mod:Pipeline::bert", "bert", "--yes").stderr
    assert "Its parent is not in the state" in shown
    write_program(
        stack,
        """
class Pipeline(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("my:mod:Pipeline", "nightly")
        B = dict(charge_type="POSTPAID_BY_HOUR", framework_name="PYTORCH", training_mode="DDP",
            framework_environment="torch2.1-py3.10-cuda12.1-gpu", start_cmd_info={"worker_start_cmd": "sleep 36000"},
            resource_config_infos=[{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1}])
        tione.TrainingTask("bert", opts=pulumi.ResourceOptions(parent=self), **B)

Pipeline()
""",
    )
    assert "1 created" in stack.up()
    assert len(accepted(emulator, "CreateTrainingTask")) == 2
    assert stack.planned() == {}


def test_a_failure_to_label_leaves_a_task_that_the_next_up_labels(
    stack: Stack, emulator: Emulator, tione: Tione, create: Create
) -> None:
    task_id = create("bert")
    emulator.faults.add("TagResources", code="UnauthorizedOperation")
    failed = tione("import", "bert", "bert", "--yes", exit_code=2)
    assert "is in the state, but tags could not be added" in failed.stderr
    write_program(stack, failed.stdout)
    assert "1 updated" in stack.up("--refresh")
    assert tags_of(emulator, task_id)["pulumi:resource"] == "bert"


def test_a_state_that_an_update_changes_before_the_yes_is_not_overwritten(
    stack: Stack, tione: Tione, create: Create, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    create("bert")
    stack.program("")

    def after_an_update(*_: object) -> bool:
        stack.up()
        return True

    monkeypatch.setattr(import_command, "is_confirmed", after_an_update)
    assert "Nothing was written" in tione("import", "bert", "bert", answers="y\n", exit_code=2).stderr
    assert stack.resource("bert") is None
    assert copies() == []


def test_what_the_service_returns_is_escaped_in_terminal_and_program(tione: Tione, create: Create) -> None:
    create("bert", Remark="\x1b[2J\nimport os # \u202e")
    result = tione("import", "bert", "bert", answers="n\n", exit_code=2)
    assert r'remark="\x1b[2J\nimport os # \u202e",' in result.stdout
    assert "\x1b" not in result.output
