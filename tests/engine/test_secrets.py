"""Secrets that are planted wherever one can be, and looked for wherever one could come out.

What becomes secret while nothing else changes is in `test_secret_marks.py`; the provider's boundary is in
`tests/boundary/test_secrets.py`.
"""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from engine_support import Stack
from local_tione import temporary_credentials
from reliability_support import Command, wait_until

from pulumi_tione.emulator import Emulator
from pulumi_tione.lifecycle.messages import WITH_OWN_LABELS

PLANTED = {
    "private variable": 'plantedvariableone "quoted" \\ slash/é',
    "registry password": "plantedregistryword+/A==",
    "callback": "plantedcallbackuser:pla%2Fnted",
    "external id": "plantedexternalword/id=a+plus",
    "second variable": "plantedvariabletwo 中文\n秘密 value",
}
"""Each has characters that JSON, a URL, Go or Python writes in another way, and one word that all leave as it is."""

MARKED = {
    "marked variable": 'plantedmarkedvariable "x" \\ é',
    "marked tag": "plantedmarkedtag 中 value",
    "marked remark": "plantedmarkedremark <b> & 'c'",
    "marked command": "false && echo 'plantedmarkedcommand/é'; echo 'plantedmarkedtag 中 value'",
    "marked path": "plantedmarkedpath/a+b/",
}
"""What only the program makes secret, and the service does show."""

WORD = re.compile("planted[a-z]{9,}")
VERBOSE = ("--debug", "--logtostderr", "-v=20", "--logflow")
"""Beyond the highest level that the engine logs at."""

CHATTY = "import logging\nlogging.basicConfig(level=logging.DEBUG)\n"
SECRET_VALUE = "4dabf18193072939515e22adb298388d"
"""The key that makes a JSON object of the engine's calls a secret."""

OUT_OF_OUR_POWER = {
    "LanguageRuntime/Run",
    "ResourceMonitor/GetDeploymentInfo",
    "ResourceProvider/Check",
    "ResourceProvider/CheckConfig",
    "ResourceProvider/Configure",
    "ResourceProvider/Create",
    "ResourceProvider/Delete",
    "ResourceProvider/Diff",
    "ResourceProvider/DiffConfig",
    "ResourceProvider/Read",
    "ResourceProvider/Update",
}
"""The calls in which the engine hands over secrets in clear: a stack's config to programs, inputs to a provider that
did not ask for marks, as no dynamic provider can."""

PROGRAM = """
import logging
logging.basicConfig(level=logging.DEBUG)
PLANTED = {planted}
SECRET = pulumi.Output.secret
WRAP = pulumi.Output.secret if {wrapped} else (lambda value: value)
task = tione.TrainingTask("t", **(B | dict(
    start_cmd_info={{"worker_start_cmd": SECRET(PLANTED["marked command"] + "; {command}")}},
    envs={{"M": SECRET(PLANTED["marked variable"]), "EPOCHS": "3"}},
    remark=SECRET(PLANTED["marked remark"]),
    output={{"bucket": "b-1250000000", "region": "ap-guangzhou", "paths": [SECRET(PLANTED["marked path"])]}},
    private_envs={{"A": WRAP(PLANTED["private variable"]), "B": WRAP(PLANTED["second variable"])}},
    framework_name=None,
    framework_environment=None,
    training_mode="",
    image_info={{
        "image_type": "CUSTOM",
        "image_url": "registry.example.com/a:1",
        "image_secret": {{"username": "u", "password": WRAP(PLANTED["registry password"])}},
    }},
    callback_url=WRAP(f"https://{{PLANTED['callback']}}@hooks.example.com/x"),
    tags={{"team": "{team}", "marked": SECRET(PLANTED["marked tag"])}},
    settings=tione.Settings(assume_role={{
        "role_arn": "qcs::cam::uin/100000000001:roleName/train", "external_id": WRAP(PLANTED["external id"]),
    }}),
)))
pulumi.export("variables", task.private_envs)
pulumi.export("variable", task.private_envs.apply(lambda envs: envs["A"] + "!"))
pulumi.export("image", task.image_info)
pulumi.export("callback", task.callback_url)
pulumi.export("settings", task.settings)
pulumi.export("tags", task.all_tags)
found = tione.TrainingTask.get("found", task.id)
{more}
"""


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    files = {"record_file": tmp_path / "record.jsonl", "state_file": tmp_path / "state.db"}
    with Emulator(speed=20, requests_a_second=None, **files) as running:  # type: ignore[arg-type]  # two paths
        yield running


def spellings(secret: str) -> set[str]:
    """All the forms in which a secret, or the word in it, may stand somewhere."""
    as_json = [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
    as_go_json = [text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e") for text in as_json]
    in_urls = [urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)]
    texts = {secret, *as_json, *as_go_json, *(json.dumps(each)[1:-1] for each in as_json), *in_urls}
    word = WORD.search(secret)
    return {*texts, *_base64(secret), *({word[0], *_base64(word[0])} if word else ())}


def _base64(secret: str) -> Iterator[str]:
    """What of a secret stands in the base64 of any text that holds it: it depends on where in the text it begins."""
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + secret.encode())
        inner = coded[4 * bool(shift) : len(coded) // 4 * 4 - 4].decode()
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


def leaks(secrets: Iterable[str], **places: str) -> list[str]:
    return [
        f"{place}: …{text[max(0, text.index(form) - 60) : text.index(form) + 40]}…"
        for place, text in places.items()
        for secret in secrets
        for form in spellings(secret)
        if form in text
    ]


def written(wrapped: bool, command: str = "sleep 36000", team: str = "nlp", more: str = "") -> str:
    return PROGRAM.format(planted=PLANTED | MARKED, wrapped=wrapped, command=command, team=team, more=more)


@pytest.mark.parametrize("secret", PLANTED.values(), ids=PLANTED)
def test_a_planted_secret_is_found_however_it_is_written(secret: str) -> None:
    texts = [secret, json.dumps(secret), json.dumps({"a": json.dumps(secret)}), repr(secret), repr(secret.encode())]
    texts += [urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)]
    for shift in range(3):
        whole = b"{" * shift + secret.encode() + b"}"
        texts += [base64.b64encode(whole).decode(), base64.urlsafe_b64encode(whole).decode()]
    for text in texts:
        assert leaks([secret], text=f"before {text} after") != []
    assert leaks([secret], text="***", other="[secret]") == []


@pytest.fixture
def keys(stack: Stack, emulator: Emulator, tmp_path: Path) -> dict[str, str]:
    """Temporary keys in the stack's config, and nowhere else. Every Python of the stack logs whatever it can."""
    keys = temporary_credentials(emulator)
    for name in ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"):
        del stack.environment[name]
    for name, value in keys.items():
        stack.pulumi("config", "set", "--secret", f"tione:{name}", value)
    chatty = tmp_path / "chatty"
    chatty.mkdir()
    (chatty / "sitecustomize.py").write_text(CHATTY, encoding="utf-8")
    paths = [str(chatty), *filter(None, [os.environ.get("PYTHONPATH")])]
    stack.environment["PYTHONPATH"] = os.pathsep.join(paths)
    return keys


def planted_and(keys: Mapping[str, str]) -> list[str]:
    return [*PLANTED.values(), *MARKED.values(), keys["secretKey"], keys["securityToken"]]


def texts_under(folder: Path, *aside: str) -> str:
    """All files of a folder in one text, but for the program and its bytecode, which contains the program's texts."""
    left_out = {*aside, "__pycache__"}
    files = [path for path in folder.rglob("*") if path.is_file() and left_out.isdisjoint(path.parts)]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


@pytest.mark.engine
@pytest.mark.long
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain strings", "Pulumi secrets"])
def test_no_secret_comes_out_anywhere(
    stack: Stack, emulator: Emulator, keys: dict[str, str], tmp_path: Path, wrapped: bool
) -> None:
    shown: dict[str, str] = {}

    def run(what: str, *arguments: str, code: int | None = 0) -> str:
        ended, shown[what] = stack.workspace.run(*arguments)
        assert ended == code if code is not None else ended != 0, shown[what]
        return shown[what]

    up = ("up", "--yes", "--skip-preview")
    stack.program(written(wrapped))
    for options in ((), ("--diff",), ("--json",), ("--save-plan", "plan.json")):
        run(f"preview {options}", "preview", *options)
    assert "[secret]" in shown["preview ('--diff',)"]
    emulator.faults.add("CreateTrainingTask", code="InvalidParameterValue", message="not good: {body}")
    run("a refusal that repeats the request", *up, code=None)
    assert "InvalidParameterValue" in shown["a refusal that repeats the request"]
    shown["state after a refusal"] = stack.exported()
    emulator.faults.add("CreateTrainingTask", connection="close", effect=False, times=None)
    run("connections that are closed", *up, code=None)
    emulator.faults.clear()
    run("up", *up)
    assert "DEBUG:urllib3" in shown["up"], "the provider's process was to log what it can"
    assert len(emulator.tasks()) == 1
    shown["state"] = stack.exported()
    run("outputs", "stack", "output")
    assert re.findall(r"(\w+) +\[secret\]", shown["outputs"]) == [
        "callback",
        "image",
        "settings",
        "tags",
        "variable",
        "variables",
    ]
    run("outputs as JSON", "stack", "output", "--json")
    stack.program(written(wrapped, team="c!v"))
    run("check failures", "preview", "--diff", code=None)
    stack.program(written(wrapped, team="cv"))
    run("preview of an update", "preview", "--diff")
    emulator.faults.add("TagResources", code="InvalidParameter", message="\x1b[31m{body} {code}", times=None)
    run("an update that fails", *up, code=None)
    emulator.faults.clear()
    run("an update", *up, "--json")
    run("refresh", "refresh", "--yes", "--skip-preview", "--diff")
    stack.program(written(wrapped, team="nlp"))
    run("a verbose preview", "preview", "--diff", *VERBOSE)
    run("a verbose update", *up, *VERBOSE)
    run("a verbose refresh", "refresh", "--yes", "--skip-preview", *VERBOSE)
    stack.program(written(wrapped, command="exit 3", more='task.wait_for("SUCCEED", logs=True)'))
    run("preview of a replacement", "preview", "--diff")
    run("a wait that fails", *up, code=None)
    assert "exit code 3" in shown["a wait that fails"]
    assert "pod that failed first:\n        [secret]\n" in shown["a wait that fails"]
    for command in ("status --json", "logs t --json", "events t --json", "orphans --json", "whoami --json"):
        code, shown[command] = stack.tione(*command.split())
        assert code in (0, 1), shown[command]
    shown["state after a failure"] = stack.exported()
    run("a verbose destroy", "destroy", "--yes", "--skip-preview", *VERBOSE)
    assert all(text.count("\n") > 100 for what, text in shown.items() if "verbose" in what)
    assert emulator.tasks() == []
    shown["files"] = texts_under(stack.workspace.project, "__main__.py")
    assert '"goal"' in shown["files"], "the plan was to be among the files"
    shown["backend"] = texts_under(tmp_path / "backend")

    assert leaks(planted_and(keys), **shown) == []
    assert not [what for what, text in shown.items() if "\x1b" in text]
    # The local TI-ONE knows what is secret by its nature, and nothing of a program's marks.
    record = tmp_path / "record.jsonl"
    requests = {"file": record.read_text(encoding="utf-8"), "served": json.dumps(emulator.requests())}
    assert leaks([*PLANTED.values(), keys["secretKey"], keys["securityToken"]], **requests) == []
    assert record.stat().st_mode & 0o077 == 0
    # Its database has to know what tasks are made of: nobody else may read it.
    assert (tmp_path / "state.db").stat().st_mode & 0o077 == 0


@pytest.mark.engine
@pytest.mark.long
def test_no_secret_stands_in_what_a_killed_update_leaves(
    stack: Stack, emulator: Emulator, keys: dict[str, str], tmp_path: Path
) -> None:
    stack.program(written(wrapped=False))
    emulator.faults.add("CreateTrainingTask", delay_seconds=2)
    command = Command(stack, "up", "--yes", "--skip-preview")
    try:
        wait_until(lambda: len(emulator.tasks()) == 1, "a task")
        command.kill()
        shown = {"a killed update": command.end()[1]}
    finally:
        command.sweep()
    stack.pulumi("cancel", "--yes")
    shown["state"] = stack.exported()
    (pending,) = json.loads(shown["state"])["deployment"]["pending_operations"]
    assert {"privateEnvs", "callbackUrl"} <= pending["resource"]["inputs"].keys()
    shown["next update"] = stack.up(fails=True)
    assert WITH_OWN_LABELS in shown["next update"]
    code, shown["orphans"] = stack.tione("orphans", "--json")
    assert code == 1, shown["orphans"]
    shown["backend"] = texts_under(tmp_path / "backend")
    assert leaks(planted_and(keys), **shown) == []


@pytest.mark.engine
@pytest.mark.long
def test_the_engines_own_record_of_its_calls_is_what_no_provider_can_keep_clean(
    stack: Stack, emulator: Emulator, keys: dict[str, str], tmp_path: Path
) -> None:
    """With PULUMI_DEBUG_GRPC the engine writes down each call as it is made. What programs send is marked there."""
    record = tmp_path / "calls.jsonl"
    stack.environment["PULUMI_DEBUG_GRPC"] = str(record)
    stack.program(written(wrapped=False))
    shown = {"preview": stack.preview(), "up": stack.up()}
    stack.program(written(wrapped=False, team="cv"))
    shown |= {"update": stack.up(), "refresh": stack.refresh(), "destroy": stack.destroy()}
    assert leaks(planted_and(keys), **shown) == []
    calls = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    in_clear = {
        call["method"].removeprefix("/pulumirpc.")
        for call in calls
        if leaks(planted_and(keys), call=json.dumps(_without_marked(call), ensure_ascii=False))
    }
    assert {"LanguageRuntime/Run", "ResourceProvider/Create"} <= in_clear, "it was to be a record of everything"
    assert in_clear <= OUT_OF_OUR_POWER
    assert record.stat().st_mode & 0o077 == 0


def _without_marked(value: Any) -> Any:
    """A call without the values that are marked as secrets in it."""
    match value:
        case dict():
            kept = value.items() if SECRET_VALUE not in value else ()
            return {key: _without_marked(part) for key, part in kept}
        case list():
            return [_without_marked(part) for part in value]
        case _:
            return value
