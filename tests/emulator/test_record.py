"""The record of requests, and what it must not show (case C14)."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.http.masking import masked_body

Call = Callable[..., dict[str, Any]]
Create = Callable[..., str]
Raw = Callable[..., Any]

SECRETS: dict[str, Any] = {
    "Envs": [{"Name": "TOKEN", "Value": "planted-1", "IsPrivate": True}, {"Name": "EPOCHS", "Value": "3"}],
    "ImageInfo": {
        "ImageType": "CUSTOM",
        "ImageUrl": "registry.example.com/a:1",
        "ImageSecret": {"Username": "user", "Password": base64.b64encode(b"planted-2").decode()},
    },
    "CallbackUrl": "https://user:planted-3@example.com/done",
}


def test_an_entry_shows_who_asked_for_what_and_what_became_of_it(create: Create, emulator: Emulator) -> None:
    task_id = create()
    [entry] = emulator.requests()
    assert entry["service"] == "tione"
    assert entry["action"] == "CreateTrainingTask"
    assert entry["version"] == "2021-11-11"
    assert entry["region"] == "ap-guangzhou"
    assert entry["secret_id"] == emulator.key.secret_id
    assert entry["accepted"] is True
    assert entry["id"] == task_id
    assert entry["code"] is None
    assert entry["body"]["Name"] == "bert"
    assert json.loads(entry["raw_body"]) == entry["body"]
    assert entry["request_id"]
    assert entry["client"].startswith("SDK_PYTHON_")


def test_a_refusal_is_recorded_with_its_code(refusal: Callable[..., Any], emulator: Emulator) -> None:
    refusal("StopTrainingTask", {"Id": "train-1"})
    [entry] = emulator.requests()
    assert (entry["accepted"], entry["id"], entry["code"]) == (False, None, "ResourceNotFound")


def test_the_raw_body_is_the_text_that_was_sent(raw: Raw, emulator: Emulator) -> None:
    raw(body=b'{ "Limit":\t10 , "Offset": 0}')
    raw(body=b'{"Limit": 2.0}')
    assert [entry["raw_body"] for entry in emulator.requests()] == ['{ "Limit":\t10 , "Offset": 0}', '{"Limit": 2.0}']


@pytest.mark.parametrize("body", [b"", b"\xff", b'{"Password": "planted-1",}', b'["planted-1"]'])
def test_what_is_no_json_object_is_recorded_but_not_shown(raw: Raw, emulator: Emulator, body: bytes) -> None:
    raw(body=body)
    [entry] = emulator.requests()
    assert entry["code"] == "InvalidParameter"
    assert entry["body"] is None
    assert "planted" not in entry["raw_body"]
    assert len(emulator.requests(secrets=True)[0]["raw_body"]) >= len(body)


def test_secrets_are_covered_unless_asked_for(create: Create, emulator: Emulator) -> None:
    create(**SECRETS)
    shown = json.dumps([emulator.requests(), emulator.tasks()])
    for secret in ("planted-1", "planted-2", "planted-3"):
        assert secret not in shown
        assert base64.b64encode(secret.encode()).decode() not in shown
    [entry] = emulator.requests()
    assert entry["body"]["Envs"] == [{"Name": "TOKEN", "Value": "***", "IsPrivate": True}, SECRETS["Envs"][1]]
    assert entry["body"]["CallbackUrl"] == "https://***@example.com/***"
    assert json.loads(entry["raw_body"]) == entry["body"]
    assert emulator.requests(secrets=True)[0]["body"]["Envs"] == SECRETS["Envs"]


def test_the_authorization_is_in_no_record(create: Create, emulator: Emulator) -> None:
    create()
    everything = json.dumps(emulator.requests(secrets=True))
    assert "Signature" not in everything
    assert "TC3-HMAC-SHA256" not in everything


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            '{"Envs": [{"Value": "a", "IsPrivate": true}], "a": "b"}',
            '{"Envs": [{"Value": "***", "IsPrivate": true}], "a": "b"}',
        ),
        ('{"Envs": [{"Value": "\\u0061b", "IsPrivate": true}]}', '{"Envs": [{"Value": "***", "IsPrivate": true}]}'),
        ('{"Envs": [{"Value": "a", "IsPrivate": false}]}', '{"Envs": [{"Value": "a", "IsPrivate": false}]}'),
        ('{"Envs": [{"Value": "", "IsPrivate": true}]}', '{"Envs": [{"Value": "", "IsPrivate": true}]}'),
        ('{"Envs": [{"Value": 5, "IsPrivate": true}], "N": 5}', '{"Envs": [{"Value": 5, "IsPrivate": true}], "N": 5}'),
        (
            '{"Envs":[{"Value":"long-secret","IsPrivate":true}],"Remark":"a long-secret \\" b"}',
            '{"Envs":[{"Value":"***","IsPrivate":true}],"Remark":"a *** \\" b"}',
        ),
        (
            '{"Envs": "x", "ImageInfo": 1, "CallbackUrl": "http://[x"}',
            '{"Envs": "x", "ImageInfo": 1, "CallbackUrl": "***"}',
        ),
        ('{"WebIdentityToken": "jwt"}', '{"WebIdentityToken": "***"}'),
        (
            '{"CallbackUrl": "https://h.example.com/a/path?k=secretkey#frag", "Remark": "a/path, secretkey"}',
            '{"CallbackUrl": "https://h.example.com/***", "Remark": "***, ***"}',
        ),
        (
            '{"CallbackUrl": "http://h:8080?key=secret-1", "Remark": "to http://h:8080?key=secret-1 now"}',
            '{"CallbackUrl": "http://h:8080/***", "Remark": "to http://h:8080/*** now"}',
        ),
        ('{"CallbackUrl": "http://h.example.com/"}', '{"CallbackUrl": "http://h.example.com/"}'),
        ('{"CallbackUrl": "secret-1/x"}', '{"CallbackUrl": "***"}'),
        ('{"CallbackUrl": "http://u:p@h/x"}', '{"CallbackUrl": "http://***@h/***"}'),  # pragma: allowlist secret
    ],
)
def test_secrets_are_covered_where_they_stand_and_nothing_else_changes(text: str, shown: str) -> None:
    assert masked_body(text, json.loads(text)) == shown


def test_the_record_is_served_and_can_be_forgotten(create: Create, emulator: Emulator) -> None:
    create(**SECRETS)
    url = f"{emulator.endpoint}/_emulator/requests"
    with urllib.request.urlopen(url) as answer:
        assert json.load(answer) == emulator.requests()
    with urllib.request.urlopen(f"{url}?secrets=1") as answer:
        assert json.load(answer) == emulator.requests(secrets=True)
    with urllib.request.urlopen(urllib.request.Request(url, method="DELETE")):
        pass
    assert emulator.requests() == []


def test_the_record_can_be_a_file_of_lines_with_secrets_covered(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    with Emulator(record_file=file) as emulator:
        order = urllib.request.Request(emulator.endpoint, data=json.dumps(SECRETS).encode())
        for _ in range(2):
            with urllib.request.urlopen(order):
                pass
        served = emulator.requests()
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines == served
    assert len(lines) == 2
    assert "planted" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("exists", [False, True], ids=["a new file", "a file that everybody could read"])
def test_the_file_of_the_record_is_its_owners_alone(tmp_path: Path, exists: bool) -> None:
    file = tmp_path / "requests.jsonl"
    if exists:
        file.write_text("old", encoding="utf-8")
        file.chmod(0o644)
    with Emulator(record_file=file):
        assert file.stat().st_mode & 0o077 == 0
        assert file.read_text(encoding="utf-8") == ""
