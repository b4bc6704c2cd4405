"""`pulumi-tione whoami`: what the settings lead to, and where each of them comes from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from engine_support import Stack

from pulumi_tione.cli.whoami import masked
from pulumi_tione.emulator import Emulator

pytestmark = pytest.mark.engine

Tione = Callable[..., Result]


def test_each_setting_is_shown_with_its_source(stack: Stack, emulator: Emulator, tione: Tione) -> None:
    stack.pulumi("config", "set", "tione:region", "ap-shanghai")
    lines = {line.split("  ")[0]: line for line in tione("whoami").stdout.splitlines()}
    assert "(tione:region)" in lines["region"]
    assert "(environment variable TIONE_ENDPOINT)" in lines["endpoint"]
    assert "AKID…ator" in lines["secret id"]
    assert "(environment variable TENCENTCLOUD_SECRET_ID)" in lines["secret id"]
    assert "100000000001" in lines["account"]
    assert "accessible" in lines["training tasks"]
    assert emulator.key.secret_id not in tione("whoami", "--json").stdout
    report = json.loads(tione("whoami", "--json").stdout)
    assert report["stack"] == "test/dev"
    assert report["region"] == {"value": "ap-shanghai", "source": "tione:region"}


def test_a_profile_is_shown_as_a_task_would_use_it(stack: Stack, tione: Tione) -> None:
    folder = Path(stack.environment["HOME"], ".tccli")
    folder.mkdir()
    keys = {"secretId": "AKIDemulator", "secretKey": "emulator"}
    (folder / "research.credential").write_text(json.dumps(keys), encoding="utf-8")
    assert "secretId in " in tione("whoami", "--profile=research").stdout
    assert "names the profile 'absent'" in tione("whoami", "--profile=absent", exit_code=2).output


def test_keys_that_are_not_accepted_are_an_error_with_their_source(tione: Tione) -> None:
    report = tione("whoami", exit_code=2, TENCENTCLOUD_SECRET_KEY="planted").output
    assert "AuthFailure.SignatureFailure" in report
    assert "the credentials come from environment variable TENCENTCLOUD_SECRET_ID" in report
    assert "planted" not in report


@pytest.mark.parametrize(
    ("secret_id", "shown"), [("AKIDabcdefgh1234", "AKID…1234"), ("AKID1234", "********"), ("x", "*")]
)
def test_a_key_is_shown_by_its_ends_unless_that_is_all_of_it(secret_id: str, shown: str) -> None:
    assert masked(secret_id) == shown


def test_what_is_known_comes_before_what_is_missing(stack: Stack, tione: Tione) -> None:
    result = tione("whoami", exit_code=2, TENCENTCLOUD_SECRET_ID="", TENCENTCLOUD_SECRET_KEY="")
    assert "ap-guangzhou" in result.stdout
    assert "http://127.0.0.1" in result.stdout
    assert "secret id       unknown" in result.stdout
    assert result.stderr.startswith("Error: ")
    report = json.loads(
        tione("whoami", "--json", exit_code=2, TENCENTCLOUD_SECRET_ID="", TENCENTCLOUD_SECRET_KEY="").stdout
    )
    assert report["account"]["value"] is None
    assert report["errors"]


def test_secrets_in_plain_text_and_wrong_settings_are_reported(stack: Stack, tione: Tione) -> None:
    stack.pulumi("config", "set", "--plaintext", "tione:secretKey", "planted")
    stack.pulumi("config", "set", "tione:regoin", "ap-shanghai")
    result, key = tione("whoami", exit_code=2), "--stack dev tione:secretKey"
    assert "tione:secretKey is stored in plain text" in result.stderr
    assert f"`pulumi config get {key} | pulumi config set --secret {key}`" in result.stderr
    assert "Did you mean tione:region?" in result.stderr
    assert "planted" not in result.output
    stack.pulumi("config", "rm", "tione:secretKey")
    for key, value in (("tione:region", "guangzhou"), ("tione:labels", "maybe")):
        stack.pulumi("config", "set", key, value)
        assert key in tione("whoami", exit_code=2).stderr
        stack.pulumi("config", "rm", key)


def test_a_limit_of_costs_that_is_no_amount_is_an_error_with_its_source(tione: Tione) -> None:
    report = tione("whoami", exit_code=2, TIONE_MAX_HOURLY_COST="forty").output
    assert "Error: environment variable TIONE_MAX_HOURLY_COST is 'forty'. Set it to an amount an hour" in report
