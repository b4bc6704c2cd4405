"""Secrets that are planted wherever one can be, and looked for wherever one could come out."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from engine_support import Stack

from pulumi_tione._client import Client
from pulumi_tione._settings import Settings
from pulumi_tione.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.long]

PLANTED = {
    "private variable": 'planted-1 "quoted" \\ slash/é',
    "registry password": "planted-2 \\pass/word&<geheim>",
    "callback": "planted-3-user:pla%2Fnted",
    "external id": "planted-4/external=id+plus",
    "variable's name aside": "planted-5 中文 秘密 value",
}

PROGRAM = """
import logging
logging.basicConfig(level=logging.DEBUG)
PLANTED = {planted}
WRAP = pulumi.Output.secret if {wrapped} else (lambda value: value)
task = tione.TrainingTask("t", **(B | dict(
    start_cmd_info={{"worker_start_cmd": "{command}"}},
    private_envs={{"A": WRAP(PLANTED["private variable"]), "B": WRAP(PLANTED["variable's name aside"])}},
    framework_name=None,
    framework_environment=None,
    training_mode="",
    image_info={{
        "image_type": "CUSTOM",
        "image_url": "registry.example.com/a:1",
        "image_secret": {{"username": "u", "password": WRAP(PLANTED["registry password"])}},
    }},
    callback_url=WRAP(f"https://{{PLANTED['callback']}}@hooks.example.com/x"),
    tags={{"team": "{team}"}},
    settings=tione.Settings(assume_role={{
        "role_arn": "qcs::cam::uin/100000000001:roleName/train", "external_id": WRAP(PLANTED["external id"]),
    }}),
)))
pulumi.export("variables", task.private_envs)
pulumi.export("variable", task.private_envs.apply(lambda envs: envs["A"] + "!"))
pulumi.export("image", task.image_info)
pulumi.export("callback", task.callback_url)
pulumi.export("settings", task.settings)
{more}
"""


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    files = {"record_file": tmp_path / "record.jsonl", "state_file": tmp_path / "state.db"}
    with Emulator(speed=20, requests_a_second=None, **files) as running:  # type: ignore[arg-type]  # two paths
        yield running


def spellings(secret: str) -> set[str]:
    """All the forms in which a secret may stand somewhere."""
    as_json = [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
    as_go_json = [text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e") for text in as_json]
    in_urls = [urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)]
    return {secret, *as_json, *as_go_json, *(json.dumps(each)[1:-1] for each in as_json), *in_urls, *_base64(secret)}


def _base64(secret: str) -> Iterator[str]:
    """What of a secret stands in the base64 of any text that holds it: it depends on where in the text it begins."""
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + secret.encode())
        yield coded[4 * bool(shift) : len(coded) // 4 * 4 - 4].decode()


def leaks(secrets: Iterable[str], **places: str) -> list[str]:
    return [
        f"{place}: …{text[max(0, text.index(form) - 60) : text.index(form) + 40]}…"
        for place, text in places.items()
        for secret in secrets
        for form in spellings(secret)
        if form in text
    ]


def temporary_keys(emulator: Emulator) -> dict[str, str]:
    settings = Settings(lambda _: None, emulator.environment)
    role = {"RoleArn": "qcs::cam::uin/100000000001:roleName/ci", "RoleSessionName": "ci", "DurationSeconds": 43200}
    answer = Client(settings, "ap-guangzhou")._call(
        "AssumeRole", role, retried=lambda _: False, service=("sts", "2018-08-13")
    )
    keys = answer["Credentials"]
    return {"secretId": keys["TmpSecretId"], "secretKey": keys["TmpSecretKey"], "securityToken": keys["Token"]}


def written(wrapped: bool, command: str = "sleep 36000", team: str = "nlp", more: str = "") -> str:
    return PROGRAM.format(planted=PLANTED, wrapped=wrapped, command=command, team=team, more=more)


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain strings", "Pulumi secrets"])
def test_no_secret_comes_out_anywhere(stack: Stack, emulator: Emulator, tmp_path: Path, wrapped: bool) -> None:
    keys = temporary_keys(emulator)
    for name in ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"):
        del stack.environment[name]
    for name, value in keys.items():
        stack.pulumi("config", "set", "--secret", f"tione:{name}", value)
    shown: dict[str, str] = {}

    def run(what: str, *arguments: str, code: int | None = 0) -> str:
        ended, shown[what] = stack.workspace.run(*arguments)
        assert code is None or ended == code, shown[what]
        return shown[what]

    up = ("up", "--yes", "--skip-preview")
    stack.program(written(wrapped))
    for options in ((), ("--diff",), ("--json",)):
        run(f"preview {options}", "preview", *options)
    assert "[secret]" in shown["preview ('--diff',)"]
    emulator.faults.add("CreateTrainingTask", code="InvalidParameterValue", message="not good: {body}")
    run("a refusal that repeats the request", *up, code=None)
    assert "InvalidParameterValue" in shown["a refusal that repeats the request"]
    emulator.faults.add("CreateTrainingTask", connection="close", effect=False, times=None)
    run("connections that are closed", *up, code=None)
    emulator.faults.clear()
    run("up", *up)
    assert len(emulator.tasks()) == 1
    shown["state"] = stack.exported()
    run("outputs", "stack", "output")
    run("outputs as JSON", "stack", "output", "--json")
    stack.program(written(wrapped, team="cv"))
    run("preview of an update", "preview", "--diff")
    run("an update", *up)
    run("refresh", "refresh", "--yes", "--skip-preview", "--diff")
    stack.program(written(wrapped, command="exit 3", team="cv", more='task.wait_for("SUCCEED", logs=True)'))
    run("preview of a replacement", "preview", "--diff")
    run("a wait that fails", *up, code=None)
    assert "exit code 3" in shown["a wait that fails"]
    for command in ("status --json", "logs t --json", "events t --json", "orphans --json", "whoami --json"):
        shown[command] = _tione(stack, *command.split())
    shown["state after a failure"] = stack.exported()
    run("a verbose preview", "preview", "--debug", "--logtostderr", "-v=9", "--logflow", code=None)
    run("destroy", "destroy", "--yes", "--skip-preview")
    shown["record"] = (tmp_path / "record.jsonl").read_text(encoding="utf-8")
    shown["requests"] = json.dumps(emulator.requests(), ensure_ascii=False)
    files = [path for path in stack.workspace.project.rglob("*") if path.is_file() and path.name != "__main__.py"]
    shown["files"] = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    shown["backend"] = "\n".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in (tmp_path / "backend").rglob("*")
        if path.is_file()
    )

    assert leaks([*PLANTED.values(), keys["secretKey"], keys["securityToken"]], **shown) == []
    # Its database has to know what tasks are made of: nobody else may read it.
    assert (tmp_path / "state.db").stat().st_mode & 0o077 == 0


def _tione(stack: Stack, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "pulumi_tione.cli", *arguments],
        cwd=stack.workspace.project,
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stdout
    return ran.stdout
