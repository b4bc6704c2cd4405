"""Credentials: current ones, of a profile, of a role; several regions and accounts in one stack; secrets in clear.

Which source wins is in `tests/unit/test_settings.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from engine_support import Stack, StackOf
from local_tione import temporary_credentials

from pulumi_tione._config.sources import NO_CREDENTIALS
from pulumi_tione.emulator import Caller, Emulator, Key

pytestmark = pytest.mark.engine

OWN, FOREIGN = "100000000001", "200000000002"
PROGRAM = 'tione.TrainingTask("t", **(B | dict(start_cmd_info={"worker_start_cmd": "sleep 36000"})))'


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local TI-ONE with two accounts and several keys of each."""
    ids = {"AKIDemulator": OWN, "AKIDsecond": OWN, "AKIDtheirs": FOREIGN, "AKIDtheirs2": FOREIGN}
    keys = [Key(secret_id, f"key-of-{secret_id}", Caller(uin)) for secret_id, uin in ids.items()]
    with Emulator(speed=20, requests_a_second=None, keys=keys) as running:
        yield running


@pytest.fixture
def keyless(stack_of: StackOf) -> Stack:
    """A stack whose environment has no keys."""
    return stack_of(TENCENTCLOUD_SECRET_ID="", TENCENTCLOUD_SECRET_KEY="")


def write_profile(stack: Stack, name: str, secret_id: str, region: str | None = None) -> None:
    folder = Path(stack.environment["HOME"], ".tccli")
    folder.mkdir(exist_ok=True)
    keys = {"secretId": secret_id, "secretKey": f"key-of-{secret_id}"}
    (folder / f"{name}.credential").write_text(json.dumps(keys), encoding="utf-8")
    if region:
        configure = {"_sys_param": {"region": region}}
        (folder / f"{name}.configure").write_text(json.dumps(configure), encoding="utf-8")


def configure(stack: Stack, keys: Mapping[str, str]) -> None:
    for name, value in keys.items():
        stack.pulumi("config", "set", "--secret", f"tione:{name}", value)


def use_keys_that_expire(stack: Stack, emulator: Emulator) -> dict[str, str]:
    """Create the task with keys in the config that have expired afterwards, and give them."""
    keys = temporary_credentials(emulator, seconds=600)
    configure(stack, keys)
    stack.program(PROGRAM)
    stack.up()
    emulator.advance(700)
    return keys


def as_environment(keys: Mapping[str, str]) -> dict[str, str]:
    names = {"secretId": "SECRET_ID", "secretKey": "SECRET_KEY", "securityToken": "SECURITY_TOKEN"}
    return {f"TENCENTCLOUD_{names[name]}": value for name, value in keys.items()}


def signers(emulator: Emulator, action: str) -> list[tuple[str, str]]:
    """Region and key id of the requests of an action that were accepted."""
    return [
        (request["region"], request["secret_id"])
        for request in emulator.requests()
        if request["action"] == action and request["accepted"]
    ]


def test_expired_keys_in_the_state_give_way_to_live_ones_of_the_same_account(
    keyless: Stack, emulator: Emulator
) -> None:
    first, second = use_keys_that_expire(keyless, emulator), temporary_credentials(emulator)
    keyless.environment.update(as_environment(second))
    shown = keyless.refresh()
    assert "are no longer accepted (AuthFailure.TokenFailure): those of environment variable" in shown
    assert emulator.tasks() != []
    keyless.destroy()
    assert emulator.tasks() == []
    _check_nothing_leaked(keyless, first, second, shown)


def _check_nothing_leaked(stack: Stack, first: Mapping[str, str], second: Mapping[str, str], shown: str) -> None:
    everything = shown + stack.exported()
    for keys in (first, second):
        assert keys["secretKey"] not in everything
        assert keys["securityToken"] not in everything


@pytest.mark.long
@pytest.mark.parametrize("command", ["refresh", "destroy"])
def test_expired_keys_in_the_state_alone_are_one_error_with_a_command_that_works(
    keyless: Stack, emulator: Emulator, command: str
) -> None:
    first, second = use_keys_that_expire(keyless, emulator), temporary_credentials(emulator)
    configure(keyless, second)
    shown = keyless.pulumi(command, "--yes", "--skip-preview", fails=True)
    assert shown.count("AuthFailure.TokenFailure") >= 1
    assert "the credentials come from tione:secretId" in shown
    assert "request id" in shown
    assert "Traceback" not in shown
    assert [task["Status"] for task in emulator.tasks()] == ["RUNNING"]
    assert keyless.resource("t") is not None
    way_on = re.search(rf"`TIONE_WAIT=false pulumi ({command} --run-program)`", shown)
    assert way_on is not None
    keyless.pulumi(*way_on[1].split(), "--yes", "--skip-preview")
    assert len(emulator.tasks()) == (1 if command == "refresh" else 0)
    _check_nothing_leaked(keyless, first, second, shown)


@pytest.mark.long
def test_live_keys_of_another_account_are_never_used_instead(keyless: Stack, emulator: Emulator) -> None:
    use_keys_that_expire(keyless, emulator)
    keyless.environment.update(as_environment(temporary_credentials(emulator, FOREIGN)))
    for command in ("refresh", "destroy"):
        shown = keyless.pulumi(command, "--yes", "--skip-preview", fails=True)
        assert "AuthFailure.TokenFailure" in shown
    assert [task["Status"] for task in emulator.tasks()] == ["RUNNING"]
    assert keyless.resource("t") is not None


def test_a_profile_serves_three_regions(keyless: Stack, emulator: Emulator) -> None:
    write_profile(keyless, "myorg", "AKIDsecond", region="ap-guangzhou")
    del keyless.environment["TENCENTCLOUD_REGION"]
    keyless.pulumi("config", "set", "tencentcloud:profile", "myorg")
    regions = ("ap-nanjing", "ap-shanghai", None)
    keyless.program(
        "\n".join(f'tione.TrainingTask("t{n}", region={region!r}, **B)' for n, region in enumerate(regions))
    )
    keyless.up()
    created = signers(emulator, "CreateTrainingTask")
    assert sorted(created) == [(region, "AKIDsecond") for region in ("ap-guangzhou", "ap-nanjing", "ap-shanghai")]
    keyless.refresh()
    keyless.destroy()
    assert sorted(signers(emulator, "DeleteTrainingTask")) == sorted(created)


TWO_ACCOUNTS = """
for region in ("ap-guangzhou", "ap-nanjing", "ap-shanghai"):
    for profile in (None, "theirs"):
        tione.TrainingTask(
            f"{region}-{profile}", region=region, settings=profile and tione.Settings(profile=profile), **B
        ).wait_for("SUCCEED")
"""


@pytest.mark.long
def test_three_regions_and_two_accounts_in_one_stack(stack_of: StackOf, emulator: Emulator) -> None:
    stack = stack_of(TENCENTCLOUD_SECRET_KEY="key-of-AKIDemulator")
    write_profile(stack, "theirs", "AKIDtheirs")
    stack.program(TWO_ACCOUNTS)
    stack.up()
    expected = sorted(
        (region, secret_id)
        for region in ("ap-guangzhou", "ap-nanjing", "ap-shanghai")
        for secret_id in ("AKIDemulator", "AKIDtheirs")
    )
    assert sorted(signers(emulator, "CreateTrainingTask")) == expected
    assert {task["Uin"] for task in emulator.tasks()} == {OWN, FOREIGN}
    assert "unchanged" in stack.refresh()
    assert stack.planned() == {}
    stack.destroy()
    assert sorted(signers(emulator, "DeleteTrainingTask")) == expected
    assert emulator.tasks() == []


@pytest.mark.long
def test_another_profile_of_the_same_account_is_an_update_and_another_account_replaces(
    stack_of: StackOf, emulator: Emulator
) -> None:
    stack = stack_of(TENCENTCLOUD_SECRET_KEY="key-of-AKIDemulator")
    for name, secret_id in (("a", "AKIDtheirs"), ("b", "AKIDtheirs2"), ("c", "AKIDsecond")):
        write_profile(stack, name, secret_id)
    program = 'tione.TrainingTask("t", settings={settings}, **B)'
    stack.program(program.format(settings='tione.Settings(profile="a")'))
    stack.up()
    (first,) = emulator.tasks()
    stack.program(program.format(settings='{"profile": "b"}'))
    assert stack.planned() == {"t": "update"}
    stack.up()
    assert [task["Id"] for task in emulator.tasks()] == [first["Id"]]
    emulator.forget_requests()
    stack.program(program.format(settings='tione.Settings(profile="c")'))
    assert "replace" in stack.planned()["t"]
    stack.up()
    (second,) = emulator.tasks()
    assert (second["Uin"], second["Id"] != first["Id"]) == (OWN, True)
    assert signers(emulator, "DeleteTrainingTask") == [("ap-guangzhou", "AKIDtheirs2")]
    stack.destroy()
    assert emulator.tasks() == []


@pytest.mark.long
def test_a_role_of_another_account_is_assumed_for_a_task(stack_of: StackOf, emulator: Emulator) -> None:
    stack = stack_of(TENCENTCLOUD_SECRET_KEY="key-of-AKIDemulator")
    role = f'tione.AssumeRoleArgs(role_arn="qcs::cam::uin/{FOREIGN}:roleName/train", external_id="planted-id")'
    stack.program(f'tione.TrainingTask("t", settings=tione.Settings(assume_role={role}), **B).wait_for("SUCCEED")')
    stack.up()
    assert [task["Uin"] for task in emulator.tasks()] == [FOREIGN]
    assert "planted-id" not in stack.exported()
    stack.refresh()
    stack.destroy()
    assert emulator.tasks() == []


@pytest.mark.parametrize(
    ("key", "option"),
    [
        ("tione:secretKey", []),
        ("tencentcloud:securityToken", []),
        ("tione:assumeRole.externalId", ["--path"]),
    ],
)
def test_a_secret_setting_in_clear_stops_the_program_with_the_command_that_mends_it(
    stack: Stack, emulator: Emulator, key: str, option: list[str]
) -> None:
    stack.pulumi("config", "set", "--secret", "tione:secretId", "AKIDemulator")
    stack.pulumi("config", "set", "--secret", "tione:secretKey", "key-of-AKIDemulator")
    stack.pulumi("config", "set", "--path", "tione:assumeRole.roleArn", f"qcs::cam::uin/{OWN}:roleName/train")
    stack.pulumi("config", "set", "--plaintext", *option, key, "planted-secret")
    stack.program(PROGRAM)
    for shown in (stack.preview(fails=True), stack.up(fails=True)):
        assert f"{key} is stored in plain text" in shown
        assert "planted-secret" not in shown
        assert "Traceback" not in shown
    assert emulator.tasks() == []
    mending = re.search(r"`(pulumi config get [^`]* \| pulumi config set --secret [^`]*)`", shown)
    assert mending is not None
    _run_in_a_shell(stack, mending[1])
    config = (stack.workspace.project / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    assert "planted-secret" not in config
    assert "secure:" in config
    assert stack.pulumi("config", "get", *option, key).strip() == "planted-secret"
    stack.preview()


def _run_in_a_shell(stack: Stack, command: str) -> None:
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=stack.workspace.project,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stack_with_revoked_keys_fails_with_one_line(stack_of: StackOf, emulator: Emulator) -> None:
    stack = stack_of(TENCENTCLOUD_SECRET_KEY="key-of-AKIDemulator")
    stack.program(PROGRAM)
    stack.up()
    emulator.keyring.revoke("AKIDemulator")
    shown = stack.pulumi("destroy", "--yes", "--skip-preview", fails=True).partition("Diagnostics:")[2]
    assert "AuthFailure.SecretIdNotFound" in shown
    assert "the credentials come from environment variable TENCENTCLOUD_SECRET_ID" in shown
    assert "Traceback" not in shown
    assert stack.resource("t") is not None


# What a preview reports.


def test_a_preview_fails_without_credentials_and_sends_nothing(keyless: Stack, emulator: Emulator) -> None:
    keyless.program(PROGRAM)
    output = keyless.preview(fails=True)
    assert NO_CREDENTIALS in output.replace("\n", " ")
    assert "Traceback" not in output
    assert not emulator.requests()


@pytest.mark.parametrize(
    ("key", "value", "violation"),
    [
        ("tione:secretId", "AKIDhalf", "tione:secretId is set, but tione:secretKey is not. Set both"),
        ("tione:region", "guangzhou", "tione:region is 'guangzhou', which is not the name of a region"),
        ("tione:endpoint", "127.0.0.1:9851", "tione:endpoint is not an address"),
        ("tione:profile", "absent", "tione:profile names the profile 'absent'"),
    ],
)
def test_a_preview_fails_with_settings_that_are_wrong(key: str, value: str, violation: str, keyless: Stack) -> None:
    keyless.pulumi("config", "set", *(["--secret"] if key == "tione:secretId" else []), key, value)
    keyless.program(PROGRAM)
    assert violation in keyless.preview(fails=True)


def test_a_preview_warns_about_a_setting_that_does_not_exist_and_takes_numbers_as_tags(
    keyless: Stack, emulator: Emulator
) -> None:
    configure(keyless, temporary_credentials(emulator))
    keyless.pulumi("config", "set", "tione:regoin", "ap-shanghai")
    keyless.pulumi("config", "set", "--path", "tione:defaultTags.cost", "1234")
    keyless.program(PROGRAM)
    warning = "tione:regoin is not a setting of pulumi_tione and has no effect. Did you mean tione:region?"
    assert warning in keyless.preview()
    keyless.up()
    resource = keyless.resource("t")
    assert resource is not None
    assert resource["outputs"]["tags"] == {"cost": "1234"}
