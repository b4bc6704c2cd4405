"""The workflows of the example: they parse, their commands exist, and a running update is never cancelled."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from pulumi_tione.cli import main

FOLDER = Path(__file__).parents[2] / "examples" / "branch_environments" / "ci"
FILES = ("github.yml", "gitlab.yml", "cnb.yml")
_COMMAND = re.compile(r"pulumi-tione (env [^|>\n;]*)")


def content(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def commands(name: str) -> Iterator[list[str]]:
    """Yield the commands on environments in a workflow, as a shell splits them."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.lstrip().startswith("#"):
            yield from (shlex.split(command) for command in _COMMAND.findall(line))


@pytest.mark.parametrize("name", FILES)
def test_every_command_exists_with_these_options(name: str) -> None:
    used = set()
    for _, subcommand, *arguments in commands(name):
        command = main.commands["env"].commands[subcommand]  # type: ignore[attr-defined]
        assert isinstance(command, click.Command)
        placeholders = ["." if argument == "default" else argument for argument in arguments]
        words = [word for word in placeholders if word not in ("||", "failed=1")]
        context = command.make_context(subcommand, words, resilient_parsing=False)
        assert context.params.get("yes", True) is True, f"{subcommand} would ask"
        used.add(subcommand)
    assert used == {"up", "down", "reap", "list", "stop"}


@pytest.mark.parametrize("name", FILES)
def test_branches_are_quoted_and_never_inserted_into_a_script(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if "pulumi-tione env" in line:
            assert "${{" not in line
            assert not re.search(r'(?<!["-])\$(?:\{)?(?:BRANCH|CNB_|branch)', line), line


def test_github_never_cancels_an_update_and_has_one_queue_for_each_environment() -> None:
    workflow = content("github.yml")
    assert workflow["concurrency"]["cancel-in-progress"] is False
    assert "pull_request.number" in workflow["concurrency"]["group"]
    triggers = workflow[True]  # `on` is a boolean in YAML 1.1
    assert {"labeled", "synchronize", "closed"} <= set(triggers["pull_request"]["types"])
    crons = [schedule["cron"] for schedule in triggers["schedule"]]
    jobs = workflow["jobs"]
    assert set(jobs) == {"up", "down", "reap", "stop"}
    assert crons[0] in jobs["reap"]["if"]
    assert re.fullmatch(r"\d+ \* \* \* \*", crons[0])
    assert crons[1] in jobs["stop"]["if"]
    assert crons[1].split()[1] == "12"  # 20:00 in UTC+8
    (checkout,) = [step["with"]["ref"] for step in jobs["down"]["steps"] if "checkout" in step.get("uses", "")]
    assert "default_branch" in checkout
    for job in ("up", "down"):
        comments = [step for step in jobs[job]["steps"] if step.get("name") == "comment"]
        assert [step["if"] for step in comments] == ["always()"]
        assert "--edit-last" in comments[0]["run"]


def test_gitlab_never_cancels_an_update_and_has_one_queue_for_each_environment() -> None:
    workflow = content("gitlab.yml")
    assert workflow[".environments"]["interruptible"] is False
    assert workflow["up"]["resource_group"] == workflow["down"]["resource_group"]
    assert "$CI_COMMIT_REF_SLUG" in workflow["up"]["resource_group"]
    assert workflow["up"]["environment"]["on_stop"] == "down"
    assert workflow["down"]["environment"]["action"] == "stop"
    assert workflow["down"]["variables"]["GIT_STRATEGY"] == "none"
    assert {workflow[job]["rules"][0]["if"].rpartition(" ")[2] for job in ("reap", "stop")} == {'"reap"', '"stop"'}
    assert "PUT" in workflow["up"]["after_script"][0]


def test_cnb_never_cancels_an_update_and_has_one_queue_for_each_environment() -> None:
    workflow = content("cnb.yml")
    events = workflow["$"]
    assert set(events) == {"pull_request", "pull_request.update", "pull_request.merged", "branch.delete"}
    for pipelines in events.values():
        for pipeline in pipelines:
            assert pipeline["lock"]["cancel-in-progress"] is False
            assert pipeline["lock"]["wait"] is True
            assert "$CNB_PULL_REQUEST_IID" in pipeline["lock"]["key"]
            (comment,) = [stage for stage in pipeline["stages"] if stage["name"] == "comment"]
            assert "method=PATCH" in comment["script"]
    schedules = {name for name in workflow["main"] if name.startswith("crontab:")}
    assert any(re.fullmatch(r"crontab: \d+ \* \* \* \*", name) for name in schedules)
    assert any(name.startswith("crontab: 0 20 ") for name in schedules)
