"""`env up` and `env down`: what they create, refuse and remove.

Which environments are reaped is in `tests/unit/test_reap_rules.py`.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from environment_support import PROGRAM, RUNNING, EnvironmentProject, tags_of_task, tasks_of
from local_tione import temporary_credentials

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.emulator import Emulator
from pulumi_tione.environments import messages

pytestmark = pytest.mark.engine


@pytest.fixture
def project(project_here: EnvironmentProject) -> EnvironmentProject:
    return project_here


def test_the_checked_out_branch_gets_an_environment_and_loses_it(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    stack = project.branch("feature/login")
    project.pulumi("stack", "init", "dev", "--no-select")
    (project.folder / "Pulumi.dev.yaml").write_text("config:\n  tione:region: ap-guangzhou\n", encoding="utf-8")
    result = project.env_json("up", "--yes", "--ttl", "8h")
    assert result["stack"] == stack
    assert sorted(result["outputs"].values()) == sorted(str(task["Id"]) for task in tasks_of(emulator))
    assert {tags_of_task(task)["pulumi:environment"] for task in tasks_of(emulator)} == {result["environment"]}
    tags = project.tags(stack)
    assert tags["tione:branch"] == "feature/login"
    assert tags["tione:ttl"] == "8h"
    assert tags["tione:environment"] == result["environment"]
    assert json.loads(tags["tione:heartbeat"])["result"] == "ok"
    project.ensure_untouched()

    again = project.env_json("up", "feature/login", "--yes")
    assert again == result
    assert "gone" in project.env("down", "feature/login", "--yes")
    assert tasks_of(emulator) == []
    assert project.stacks() == {"dev"}
    assert project.locks() == []
    assert "gone" in project.env("down", "feature/login", "--yes")
    project.ensure_untouched()


def test_another_branch_is_deployed_from_a_temporary_working_tree(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    stack = project.branch("one", f'tione.TrainingTask("only", **(B | dict({RUNNING})))')
    project.delete_local("one")
    result = project.env_json("up", "one", "--yes")
    assert result["stack"] == stack
    (task,) = tasks_of(emulator, stack)
    assert tags_of_task(task)["pulumi:resource"] == "only"
    project.ensure_untouched()
    project.env("down", "one", "--yes")
    assert tasks_of(emulator) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("up", "featur/login", "--yes"), "did you mean feature/login?"),
        (("up", "--yes", "--template", "prod"), "Choose a template with --template (there is dev)"),
        (("up",), "add --yes"),
        (("down", "feature/login"), "add --yes"),
        (("up", "--yes", "--ttl", "soon"), "use a duration"),
        (("up", "--yes", "--allow-missing", "--", "-leading"), messages.not_a_branch("-leading")),
        (("up", "--yes", "--allow-missing", "two\nlines"), messages.not_a_branch("two\nlines")),
        (("up", "--yes", "--max-hourly", "cheap"), "use an amount"),
    ],
)
def test_a_mistake_creates_nothing(
    arguments: tuple[str, ...], message: str, project: EnvironmentProject, emulator: Emulator
) -> None:
    project.branch("feature/login")
    assert message in " ".join(project.env(*arguments, code=2).split())
    assert tasks_of(emulator) == []
    assert project.stacks() == set()


def test_a_cap_on_the_price_leaves_nothing_behind(project: EnvironmentProject, emulator: Emulator) -> None:
    project.branch("dear")
    printed = project.env("up", "--yes", "--max-hourly", "1", code=2)
    assert "at most ¥1.00 an hour (--max-hourly)" in printed
    assert tasks_of(emulator) == []
    assert project.stacks() == set()
    project.env("up", "--yes", "--max-hourly", "2")
    assert len(tasks_of(emulator)) == 2


def test_a_failed_preview_leaves_nothing_behind(project: EnvironmentProject, emulator: Emulator) -> None:
    project.branch("broken", 'tione.TrainingTask("t", **(B | dict(desired_status="STOPPED")))')
    assert messages.preview_failed("").partition(". ")[0] in project.env("up", "--yes", code=1)
    assert project.stacks() == set()


def test_a_stack_made_by_hand_is_left_alone_although_it_has_such_a_name(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    stack = project.branch("mine")
    project.pulumi("stack", "init", stack, "--no-select")
    project.pulumi("up", "--yes", "--skip-preview", "--stack", stack)
    before = sorted(str(task["Id"]) for task in tasks_of(emulator))
    for arguments in (("down", "mine"), ("up", "mine")):
        assert messages.made_by_hand(stack) in project.env(*arguments, "--yes", code=2)
    assert sorted(str(task["Id"]) for task in tasks_of(emulator)) == before
    assert project.stacks() == {stack}


def test_orphans_of_the_environment_are_deleted_and_others_are_named(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    stack = project.branch("orphans")
    result = project.env_json("up", "--yes")
    client = Client(Settings(lambda _: None, project.environment), "ap-guangzhou")
    body = {
        "ChargeType": "POSTPAID_BY_HOUR",
        "FrameworkName": "PYTORCH",
        "FrameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
        "TrainingMode": "DDP",
        "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 36000"},
        "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}],
    }
    labels = {"pulumi:project": project.name, "pulumi:stack": stack, "pulumi:resource": "x"}

    def create(name: str, **more: str) -> str:
        tags = {**labels, **{key.replace("_", ":"): value for key, value in more.items()}}
        listed = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        return client.create_training_task({**body, "Name": name, "Tags": listed})

    own = create("own", pulumi_environment=result["environment"])
    foreign = create("foreign", pulumi_environment="0000000000000000")
    unlabeled = create("unlabeled")
    printed = project.env("down", "orphans", "--yes", code=1)
    assert own not in {task["Id"] for task in tasks_of(emulator)}
    assert {str(task["Id"]) for task in tasks_of(emulator)} == {foreign, unlabeled}
    assert foreign in printed
    assert unlabeled in printed
    assert stack not in project.stacks()
    assert foreign in project.env("down", "orphans", "--yes", code=1)
    for task_id in (foreign, unlabeled):
        client.stop_training_task(task_id)
    emulator.advance(60)
    for task_id in (foreign, unlabeled):
        client.delete_training_task(task_id)
    project.env("down", "orphans", "--yes")
    assert project.stacks() == set()


def test_current_settings_replace_those_that_the_state_records(project: EnvironmentProject, emulator: Emulator) -> None:
    template = project.folder / "Pulumi.dev.yaml"
    template.write_text("config:\n  tione:endpoint: http://127.0.0.1:1\n", encoding="utf-8")
    project.branch("settings", PROGRAM)
    template.write_text(f"config:\n  tione:endpoint: {emulator.endpoint}\n  tione:language: zh-CN\n", encoding="utf-8")
    project.env("up", "--yes")
    project.environment["TIONE_ENDPOINT"] = "http://127.0.0.1:1"
    template.write_text(f"config:\n  tione:endpoint: {emulator.endpoint}\n", encoding="utf-8")
    project.env("down", "settings", "--yes")
    assert tasks_of(emulator) == []
    assert project.stacks() == set()


def test_a_project_in_a_subfolder_with_a_virtual_environment_is_deployed_from_a_branch(
    project: EnvironmentProject, emulator: Emulator, tmp_path: Path
) -> None:
    nested = project.folder / "deploy" / "train"
    nested.mkdir(parents=True)
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py"):
        (project.folder / name).rename(nested / name)
    (project.folder / ".gitignore").write_text("__pycache__/\nPulumi.*.yaml\n.venv\n", encoding="utf-8")
    (nested / "Pulumi.yaml").write_text(
        f"name: {project.name}\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n", encoding="utf-8"
    )
    (nested / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "moved")
    project.git("checkout", "--quiet", "-b", "other")
    project.git("checkout", "--quiet", "main")
    result = project.env_json("up", "other", "--yes", "--cwd", "deploy/train")
    assert len(tasks_of(emulator, result["stack"])) == 2
    project.env("down", "other", "--yes", "--cwd", "deploy/train")
    assert tasks_of(emulator) == []
    project.ensure_untouched()


def test_credentials_that_have_expired_since_are_replaced_by_the_current_ones(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    template = project.folder / "Pulumi.dev.yaml"
    plain = template.read_text(encoding="utf-8")
    project.pulumi("stack", "init", "dev", "--no-select")
    for name, value in temporary_credentials(emulator, seconds=3600).items():
        project.pulumi("config", "set", "--stack", "dev", "--secret", f"tione:{name}", value)
    project.branch("expired")
    static = {name: project.environment.pop(name) for name in ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")}
    project.env("up", "expired", "--yes")
    assert len(tasks_of(emulator)) == 2
    project.branch("never")
    assert "gone" in project.env("down", "never", "--yes")  # with the credentials of the template
    emulator.advance(7200)
    template.write_text(plain, encoding="utf-8")
    project.environment |= static
    project.env("down", "expired", "--yes")
    assert tasks_of(emulator) == []
    assert project.stacks() == {"dev"}


def test_a_template_that_is_missing_does_no_harm_to_an_existing_environment(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    stack = project.branch("healthy")
    project.env("up", "--yes")
    assert "Choose a template" in project.env("up", "--yes", "--template", "prod", code=2)
    assert json.loads(project.tags(stack)["tione:heartbeat"])["result"] == "ok"
    assert project.env("reap", "--yes").strip() == messages.NOTHING_TO_TAKE_DOWN
    assert len(tasks_of(emulator)) == 2


KEEPING = f"""
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Bucket(ResourceProvider):
    def create(self, props):
        return CreateResult("bucket-1", props)

class Data(Resource):
    pass

keeps = pulumi.ResourceOptions(retain_on_delete=True)
tione.TrainingTask("kept", opts=keeps, **(B | dict({RUNNING})))
Data(Bucket(), "data", {{}}, opts=keeps)
"""


def test_a_task_that_the_program_retains_does_not_outlive_its_environment(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    project.branch("retaining", KEEPING)
    project.env("up", "--yes")
    printed = project.env("down", "retaining", "--yes", code=1)
    assert tasks_of(emulator) == []
    assert project.stacks() == set()
    assert "data (bucket-1): `retain_on_delete` keeps it" in printed
    assert "kept" not in printed.partition("left:")[2].partition("`retain_on_delete`")[0]


def test_a_stack_that_cannot_be_read_is_named_and_does_not_stop_the_others(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    stack = project.branch("broken")
    project.pulumi("stack", "init", stack, "--no-select")
    project.pulumi("stack", "tag", "set", "tione:branch", "broken", "--stack", stack)
    (tags,) = project.backend.rglob(f"{stack}.pulumi-tags")
    tags.write_text('{"tags"', encoding="utf-8")
    project.branch("gone", "")
    project.env("up", "--yes")
    project.delete_branch("gone")
    assert "cannot be read" in project.env("reap", "--dry-run", code=1)
    printed = project.env("reap", "--yes", code=1)
    assert f"left: stack {stack}: its files cannot be read" in printed
    assert project.stack("gone") not in project.stacks()
    assert stack in project.env("list", "--yes")


def test_settings_of_the_project_reach_tasks_that_no_state_knows(
    project: EnvironmentProject, emulator: Emulator
) -> None:
    (project.folder / "Pulumi.yaml").write_text(
        f"name: {project.name}\nruntime: python\nconfig:\n  tione:endpoint: {emulator.endpoint}\n", encoding="utf-8"
    )
    project.environment["TIONE_ENDPOINT"] = "http://127.0.0.1:1"
    (project.folder / "passphrase").write_text(project.environment.pop("PULUMI_CONFIG_PASSPHRASE"), encoding="utf-8")
    project.environment["PULUMI_CONFIG_PASSPHRASE_FILE"] = "passphrase"
    project.branch("settings", PROGRAM)
    project.env("up", "--yes")
    assert project.env_json("list")["environments"][0]["tasks"] != {}
    assert project.env_json("list")["warnings"] == []
    assert len(project.env_json("stop", "settings", "--yes")["stopped"]) == 2
    project.env("down", "settings", "--yes")
    assert tasks_of(emulator) == []
    assert project.stacks() == set()


def test_a_list_asks_for_all_prices_with_one_call(project: EnvironmentProject, emulator: Emulator) -> None:
    nodes = [{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": number} for number in (1, 2)]
    for name in ("left", "right"):
        project.branch(
            name,
            "".join(
                f'tione.TrainingTask("t{number}", **(B | dict({RUNNING}, resource_config_infos=[{each}])))\n'
                for number, each in enumerate(nodes)
            ),
        )
        project.env("up", "--yes")
    before = len(emulator.requests())
    environments = project.env_json("list")["environments"]
    asked = [request["action"] for request in emulator.requests()[before:]]
    assert sorted(action for action in asked if "Specs" in action) == ["DescribeBillingSpecsPrice"]
    assert [Decimal(each["pricePerHour"]) for each in environments] == [Decimal("2.10")] * 2


def test_what_cannot_be_looked_for_is_not_reported_as_gone(project: EnvironmentProject, emulator: Emulator) -> None:
    for name in ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"):
        del project.environment[name]
    printed = project.env("down", "never", "--yes", code=1)
    assert f"left: training tasks of {project.stack('never')}: they were not looked for: there are no cred" in printed


TAGS = {"tione:environment": "3f9a", "tione:branch": "cut", "tione:template": "dev"}
"""What `env up` sets before its first heartbeat, one after the other."""


@pytest.mark.parametrize("count", range(len(TAGS) + 1))
def test_an_update_that_was_killed_before_its_first_heartbeat_is_cleared(
    count: int, project: EnvironmentProject, emulator: Emulator
) -> None:
    stack = project.branch("cut")
    project.env("down", "cut", "--yes")  # a command of this machine has worked on it
    project.pulumi("stack", "init", stack, "--no-select")
    for name, value in [*TAGS.items()][:count]:
        project.pulumi("stack", "tag", "set", name, value, "--stack", stack)
    assert f"{stack}" in project.env("reap", "--dry-run", code=1)
    assert "gone, because a killed `env up` has left nothing but the stack" in project.env("reap", "--yes")
    assert project.stacks() == set()
