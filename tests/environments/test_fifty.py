"""Fifty environments, five of them broken in five ways: listed quickly, and forty-five taken down."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from environment_support import EnvironmentProject, tags_of_task, tasks_of
from local_tione import accepted

from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.long]

COUNT = 50
BROKEN = ("locked", "protected", "encrypted", "account", "corrupt")


class Copies:
    """Environments that are copies of one that `env up` has created: each with tasks of its own."""

    def __init__(self, project: EnvironmentProject, emulator: Emulator) -> None:
        self.project = project
        self.folder = project.backend / ".pulumi" / "stacks" / project.name
        self.original = project.branch("b00")
        result = project.env_json("up", "--yes")
        self.environment = result["environment"]
        self.state = (self.folder / f"{self.original}.json").read_text(encoding="utf-8")
        self.tags = (self.folder / f"{self.original}.pulumi-tags").read_text(encoding="utf-8")
        self.tasks = {str(task["Id"]): task for task in tasks_of(emulator)}
        self.bodies = {body["Name"]: body for body in accepted(emulator, "CreateTrainingTask")}
        self.client = Client(Settings(lambda _: None, project.environment), "ap-guangzhou")

    def make(self, number: int) -> str:
        branch = f"b{number:02}"
        stack, environment = self.project.stack(branch), f"{number:016x}"
        changes = {self.original: stack, self.environment: environment, "b00": branch}
        for task_id, task in self.tasks.items():
            body = self.bodies[str(task["Name"])]
            tags = {**tags_of_task(task), "pulumi:stack": stack, "pulumi:environment": environment}
            name = str(task["Name"]).replace(self.original, stack)
            listed = [{"TagKey": key, "TagValue": value} for key, value in tags.items() if key[:4] != "qcs:"]
            changes[task_id] = self.client.create_training_task({**body, "Name": name, "Tags": listed})
        for suffix, text in ((".json", self.state), (".pulumi-tags", self.tags)):
            for old, new in changes.items():
                text = text.replace(old, new)
            (self.folder / f"{stack}{suffix}").write_text(text, encoding="utf-8")
        return stack


def break_stack(project: EnvironmentProject, copies: Copies, stack: str, way: str) -> None:
    path = copies.folder / f"{stack}.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    latest = state["checkpoint"]["latest"]
    task = next(each for each in latest["resources"] if "TrainingTask" in each["type"])
    match way:
        case "locked":
            folder = project.backend / ".pulumi" / "locks" / "organization" / project.name / stack
            folder.mkdir(parents=True, exist_ok=True)
            holder = {
                "pid": os.getpid(),
                "username": "somebody",
                "hostname": socket.gethostname(),
                "timestamp": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
            }
            (folder / "0aa8b0e8-1111-2222-3333-444444444444.json").write_text(json.dumps(holder), encoding="utf-8")
        case "protected":
            task["protect"] = True
        case "encrypted":
            mark = {
                "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
                "ciphertext": "v1:AAAA:AAAA",
            }
            task["inputs"]["remark"] = task["outputs"]["remark"] = mark
        case "account":
            task["outputs"]["uin"] = "100000000099"
            copies.client.stop_training_task(task["id"])
            time.sleep(1)
            copies.client.delete_training_task(task["id"])
        case "corrupt":
            path.write_text('{"version": 3, "checkpoint": {', encoding="utf-8")
            return
    path.write_text(json.dumps(state), encoding="utf-8")


def seconds(command: list[str], project: EnvironmentProject) -> float:
    """Return the shortest time that a command takes, of three."""
    times = []
    for _ in range(3):
        begun = time.monotonic()
        subprocess.run(command, cwd=project.folder, env=project.environment, check=True, capture_output=True)
        times.append(time.monotonic() - begun)
    return min(times)


def test_reap_clears_all_that_are_not_broken_and_names_the_others(
    project: EnvironmentProject, emulator: Emulator, tmp_path: Path
) -> None:
    copies = Copies(project, emulator)
    stacks = [copies.make(number) for number in range(1, COUNT)] + [copies.original]
    project.git("checkout", "--quiet", "main")
    project.git("branch", "--quiet", "-D", "b00")
    project.git("push", "--quiet", "origin", "--delete", "b00")

    before = len(emulator.requests())
    listed = project.env_json("list")["environments"]
    assert len(listed) == COUNT
    assert all(sum(row["tasks"].values()) == 2 and row["orphans"] == [] for row in listed)
    asked = [request["action"] for request in emulator.requests()][before:]
    assert asked.count("DescribeTrainingTasks") <= 2  # a hundred tasks, fifty for each call
    ls = seconds(["pulumi", "stack", "ls"], project)
    own = seconds([sys.executable, "-m", "pulumi_tione.cli", "env", "list"], project)
    print(f"pulumi stack ls {ls:.2f} s, env list {own:.2f} s")

    broken = dict(zip(stacks[:5], BROKEN, strict=True))
    for stack, way in broken.items():
        break_stack(project, copies, stack, way)
    report = project.env_json("reap", "--yes", code=1)
    results = {result["stack"]: result for result in report["environments"]}
    assert {stack for stack, result in results.items() if result["gone"]} == set(stacks) - set(broken)
    assert report["left"] == 5
    left = {broken[stack]: json.dumps(results[stack]["left"]) for stack in broken}
    assert "somebody@" in left["locked"]
    assert "protect" in left["protected"]
    assert "could not deserialize" in left["encrypted"]
    assert "100000000099" in left["account"]
    assert "env-b05" in left["corrupt"]
    labels = {tags_of_task(task)["pulumi:stack"] for task in tasks_of(emulator)}
    assert labels <= set(broken)
    assert {path.stem for path in copies.folder.glob("*.json")} == set(broken)
