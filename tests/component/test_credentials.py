"""Credentials: which source wins, what roles return, and when credentials are renewed or replaced.

Time and the number of requests are in `tests/unit/test_credential_resolver.py`.
"""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from pulumi_tione._api.client import Client
from pulumi_tione._api.credentials import CredentialResolver, ResolvedCredentials
from pulumi_tione._config.settings import Settings
from pulumi_tione._config.sources import NO_CREDENTIALS, Credentials
from pulumi_tione.emulator import Emulator, Key
from pulumi_tione.errors import CredentialsRefusedError, RequestNotSentError, SettingsError

ROLE = "qcs::cam::uin/100000000001:roleName/train"
OTHER_ROLE = "qcs::cam::uin/100000000001:roleName/other"


@dataclass
class Machine:
    """What a test sets up: config, environment, and the files in a home."""

    home: Path
    config: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def settings(self, own: Mapping[str, Any] | None = None) -> Settings:
        return Settings(self.config.get, {"HOME": str(self.home), **self.environment}).of(own)

    def resolver(self, own: Mapping[str, Any] | None = None) -> CredentialResolver:
        return CredentialResolver(self.settings(own), sleep=lambda _: None)

    def write(self, name: str, text: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_profile(self, name: str, **content: str) -> None:
        self.write(f".tccli/{name}.credential", json.dumps(content))


class _Metadata(BaseHTTPRequestHandler):
    server: MetadataService

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        name = self.path.rpartition("/")[2]
        text = json.dumps(self.server.roles[name]) if name in self.server.roles else "\n".join(self.server.roles)
        self.send_response(200 if self.server.roles else 404)
        self.end_headers()
        self.wfile.write(text.encode() if self.server.roles else b"<html>not found</html>")

    def log_message(self, *_: Any) -> None:
        pass


class MetadataService(ThreadingHTTPServer):
    """The metadata service of a machine, on loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Metadata)
        self.roles: dict[str, Any] = {}
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def metadata() -> Iterator[MetadataService]:
    service = MetadataService()
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.shutdown()
    thread.join()
    service.server_close()


@pytest.fixture
def sts() -> Iterator[Emulator]:
    """The emulator's STS, which knows every id of these tests, with the key `key-of-<id>`."""
    ids = [f"id-{name}" for name in (*SOURCES, "profile-role")]
    with Emulator(manual_clock=True, requests_a_second=None, keys=[Key(name, f"key-of-{name}") for name in ids]) as it:
        yield it


@pytest.fixture
def machine(tmp_path: Path, metadata: MetadataService, sts: Emulator) -> Machine:
    around = {"TIONE_METADATA_ENDPOINT": metadata.address, "TIONE_ENDPOINT": sts.endpoint}
    return Machine(tmp_path, environment=around)


def _identity_token() -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part({'sub': 'planted'})}.c2ln"


def _issued(name: str, expires: float = 4102444800) -> dict[str, Any]:
    return {
        "TmpSecretId": f"id-{name}",
        "TmpSecretKey": f"key-of-id-{name}",
        "Token": f"token-of-{name}",
        "ExpiredTime": expires,
        "Code": "Success",
    }


def _static_in_config(space: str, name: str) -> Callable[[Machine, MetadataService], None]:
    static = {f"{space}:secretId": f"id-{name}", f"{space}:secretKey": f"key-of-id-{name}"}
    return lambda machine, _: machine.config.update(static)


def _static_in_environment(machine: Machine, _: MetadataService) -> None:
    static = {"TENCENTCLOUD_SECRET_ID": "id-environment", "TENCENTCLOUD_SECRET_KEY": "key-of-id-environment"}
    machine.environment.update(static)


def _profile(machine: Machine, _: MetadataService) -> None:
    machine.write_profile("default", secretId="id-profile", secretKey="key-of-id-profile")


def _sdk_file(machine: Machine, _: MetadataService) -> None:
    text = "[default]\nsecret_id = id-sdk-file\nsecret_key = key-of-id-sdk-file\n"
    machine.write(".tencentcloud/credentials", text)


def _machine_role(_: Machine, metadata: MetadataService) -> None:
    metadata.roles["train"] = _issued("machine-role")


def _pod(machine: Machine, _: MetadataService) -> None:
    machine.write("token", _identity_token() + "\n")
    variables = {"TKE_PROVIDER_ID": "OIDC", "TKE_ROLE_ARN": ROLE}
    machine.environment.update({**variables, "TKE_WEB_IDENTITY_TOKEN_FILE": str(machine.home / "token")})


SOURCES: dict[str, Callable[[Machine, MetadataService], None]] = {
    "tione": _static_in_config("tione", "tione"),
    "tencentcloud": _static_in_config("tencentcloud", "tencentcloud"),
    "environment": _static_in_environment,
    "profile": _profile,
    "sdk-file": _sdk_file,
    "machine-role": _machine_role,
    "pod": _pod,
}
"""All sources, the first one first."""

ORIGINS = {
    "tione": "tione:secretId",
    "tencentcloud": "tencentcloud:secretId",
    "environment": "environment variable TENCENTCLOUD_SECRET_ID",
    "profile": "secretId in {home}/.tccli/default.credential",
    "sdk-file": "secret_id in {home}/.tencentcloud/credentials",
    "machine-role": "the machine's role",
    "pod": "environment variable TKE_WEB_IDENTITY_TOKEN_FILE",
}


def _check_is_of(keys: ResolvedCredentials, name: str, machine: Machine) -> None:
    assert keys.origin == ORIGINS[name].format(home=machine.home)
    if name == "pod":
        assert keys.role == ROLE
        assert keys.credentials.token
    else:
        token = "token-of-machine-role" if name == "machine-role" else None
        assert keys.credentials == Credentials(f"id-{name}", f"key-of-id-{name}", token)


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_alone_has_keys(name: str, machine: Machine, metadata: MetadataService) -> None:
    SOURCES[name](machine, metadata)
    _check_is_of(machine.resolver().current(), name, machine)


@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(SOURCES, 2)])
def test_of_two_sources_the_first_wins(first: str, second: str, machine: Machine, metadata: MetadataService) -> None:
    SOURCES[second](machine, metadata)
    SOURCES[first](machine, metadata)
    _check_is_of(machine.resolver().current(), first, machine)


HALVES: list[tuple[str, dict[str, str], dict[str, str], dict[str, str], str, str]] = [
    ("tione id", {"tione:secretId": "planted"}, {}, {}, "tione:secretId", "tione:secretKey"),
    ("tione key", {"tione:secretKey": "planted"}, {}, {}, "tione:secretKey", "tione:secretId"),
    ("official id", {"tencentcloud:secretId": "planted"}, {}, {}, "tencentcloud:secretId", "tencentcloud:secretKey"),
    ("official key", {"tencentcloud:secretKey": "planted"}, {}, {}, "tencentcloud:secretKey", "tencentcloud:secretId"),
    ("id", {}, {"TENCENTCLOUD_SECRET_ID": "planted"}, {}, "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"),
    ("key", {}, {"TENCENTCLOUD_SECRET_KEY": "planted"}, {}, "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SECRET_ID"),
    ("profile id", {}, {}, {".tccli/default.credential": '{"secretId": "planted"}'}, "secretId in ", "secretKey in "),
    ("profile key", {}, {}, {".tccli/default.credential": '{"secretKey": "planted"}'}, "secretKey in ", "secretId in "),
    (
        "file id",
        {},
        {},
        {".tencentcloud/credentials": "[default]\nsecret_id=planted"},
        "secret_id in ",
        "secret_key in ",
    ),
    (
        "file key",
        {},
        {},
        {".tencentcloud/credentials": "[default]\nsecret_key=planted"},
        "secret_key in ",
        "secret_id in ",
    ),
    ("blank key", {"tione:secretId": "planted", "tione:secretKey": " \n"}, {}, {}, "tione:secretId", "tione:secretKey"),
    (
        "role",
        {"tione:assumeRole": '{"sessionName": "planted"}'},
        {},
        {},
        "tione:assumeRole.sessionName",
        "tione:assumeRole.roleArn",
    ),
    (
        "role",
        {},
        {"TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME": "planted"},
        {},
        "_SESSION_NAME",
        "TENCENTCLOUD_ASSUME_ROLE_ARN",
    ),
    (
        "identity without token",
        {"tione:assumeRoleWithWebIdentity": '{"roleArn": "planted"}'},
        {},
        {},
        "tione:assumeRoleWithWebIdentity.roleArn",
        "tione:assumeRoleWithWebIdentity.webIdentityToken",
    ),
    (
        "identity without role",
        {},
        {"TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN": "planted"},
        {},
        "TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN",
        "TENCENTCLOUD_ASSUME_ROLE_ARN",
    ),
]


@pytest.mark.parametrize(
    ("config", "environment", "files", "present", "missing"),
    [row[1:] for row in HALVES],
    ids=[row[0] for row in HALVES],
)
def test_half_a_source_is_an_error_that_names_the_other_half_and_never_a_mixture(
    machine: Machine,
    metadata: MetadataService,
    config: dict[str, str],
    environment: dict[str, str],
    files: dict[str, str],
    present: str,
    missing: str,
) -> None:
    _machine_role(machine, metadata)
    if not files:
        _profile(machine, metadata)
    machine.config.update(config)
    machine.environment.update(environment)
    for name, text in files.items():
        machine.write(name, text)
    with pytest.raises(SettingsError) as error:
        machine.resolver().current()
    text = str(error.value)
    assert f"{present}" in text.partition(" is set, but ")[0]
    assert f"{missing}" in text.partition(" is set, but ")[2]
    assert "planted" not in text
    assert "\n" not in text


TOKENS: list[tuple[str, dict[str, str], dict[str, str], str | None]] = [
    ("our own", {"tione:securityToken": "t"}, {}, "t"),
    ("none from elsewhere", {}, {"TENCENTCLOUD_SECURITY_TOKEN": "t"}, None),
    ("with blanks", {"tione:securityToken": " t \r\n"}, {}, "t"),
    ("blank", {"tione:securityToken": " "}, {}, None),
]


@pytest.mark.parametrize(
    ("config", "environment", "token"), [row[1:] for row in TOKENS], ids=[row[0] for row in TOKENS]
)
def test_id_key_and_token_come_from_one_source(
    machine: Machine, config: dict[str, str], environment: dict[str, str], token: str | None
) -> None:
    machine.config.update({"tione:secretId": " id\t", "tione:secretKey": "key\n", **config})
    machine.environment.update(environment)
    assert machine.resolver().current().credentials == Credentials("id", "key", token)


def test_a_line_end_within_a_key_is_an_error_that_does_not_show_it(machine: Machine) -> None:
    machine.config.update({"tione:secretId": "id", "tione:secretKey": "planted\nplanted"})
    with pytest.raises(SettingsError, match=r"tione:secretKey contains characters that no credentials have") as error:
        machine.resolver().current()
    assert "planted" not in str(error.value)


def test_no_credentials_at_all_is_an_error_with_the_ways_to_set_them(machine: Machine) -> None:
    with pytest.raises(SettingsError) as error:
        machine.resolver().current()
    text = str(error.value)
    assert "\n" not in text
    for name in ("tione:secretId", "tione:secretKey", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "tccli"):
        assert name in text


def test_keys_show_in_no_text(machine: Machine) -> None:
    machine.config.update({"tione:secretId": "planted-id", "tione:secretKey": "planted-key"})
    resolver = machine.resolver()
    keys = resolver.current()
    assert "planted" not in f"{keys} {keys!r} {[*machine.settings().credential_sources()]!r} {vars(resolver)}"


# Profiles.


def test_a_profile_has_keys_token_role_and_region(machine: Machine, sts: Emulator) -> None:
    machine.write_profile("myorg", secretId="id-profile", secretKey="key-of-id-profile")
    machine.write(".tccli/myorg.configure", json.dumps({"_sys_param": {"region": "ap-nanjing"}}))
    machine.config["tencentcloud:profile"] = "myorg"
    assert machine.resolver().current().credentials.secret_id == "id-profile"
    assert machine.settings().region_setting == ("ap-nanjing", "profile 'myorg' of tccli")
    machine.write_profile("myorg", secretId="a", secretKey="b", token="c")
    assert machine.resolver().current().credentials == Credentials("a", "b", "c")
    role = {"role-arn": ROLE, "role-session-name": "from-profile"}
    machine.write_profile("myorg", secretId="id-profile", secretKey="key-of-id-profile", **role)
    keys = machine.resolver().current()
    assert keys.role == ROLE
    (asked,) = [request for request in sts.requests() if request["action"] == "AssumeRole"]
    assert asked["body"]["RoleSessionName"] == "from-profile"


@pytest.mark.parametrize("setting", ["tione:region", "tencentcloud:region"])
def test_a_region_given_elsewhere_leaves_the_profiles_keys_alone(machine: Machine, setting: str) -> None:
    machine.write_profile("myorg", secretId="id-profile", secretKey="key-of-id-profile")
    machine.config.update({"tencentcloud:profile": "myorg", setting: "ap-shanghai"})
    assert machine.settings().region == "ap-shanghai"
    assert machine.resolver().current().credentials.secret_id == "id-profile"


@pytest.mark.parametrize("variable", [None, "TENCENTCLOUD_SHARED_CREDENTIALS_DIR", "config"])
def test_profiles_may_be_in_another_folder(machine: Machine, variable: str | None) -> None:
    folder = machine.home / "elsewhere"
    machine.write("elsewhere/default.credential", json.dumps({"secretId": "a", "secretKey": "b"}))
    if variable == "config":
        machine.config["tencentcloud:sharedCredentialsDir"] = "~/elsewhere"
    elif variable:
        machine.environment[variable] = str(folder)
    if variable is None:
        with pytest.raises(SettingsError):
            machine.resolver().current()
    else:
        assert machine.resolver().current().credentials == Credentials("a", "b")


BROKEN = ["{", "[]", '"planted"', "planted", "", "\x00planted"]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("kind", ["credential", "configure"])
def test_a_broken_profile_is_an_error_with_the_files_name_and_none_of_its_content(
    machine: Machine, text: str, kind: str
) -> None:
    machine.write(f".tccli/default.{kind}", text)
    with pytest.raises(SettingsError, match=rf"default\.{kind} cannot be read") as error:
        _ = machine.resolver().current() if kind == "credential" else machine.settings().region
    assert "planted" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["secret_id=planted", "[default\nplanted", "[default]\nplanted", "[default]\n[default]"]
)
def test_a_broken_file_of_the_sdk_is_an_error_with_its_name_and_none_of_its_content(
    machine: Machine, text: str
) -> None:
    machine.write(".tencentcloud/credentials", text)
    with pytest.raises(SettingsError, match="credentials cannot be read") as error:
        machine.resolver().current()
    assert "planted" not in str(error.value)


def test_a_file_that_is_no_text_is_an_error_with_its_name(machine: Machine) -> None:
    machine.write_profile("default")
    (machine.home / ".tccli/default.credential").write_bytes(b"\xff\xfe{}")
    with pytest.raises(SettingsError, match=r"default\.credential cannot be read: it is not text"):
        machine.resolver().current()


@pytest.mark.parametrize("own", [None, {"profile": "absent"}])
def test_a_profile_that_is_named_must_be_there(machine: Machine, own: dict[str, str] | None) -> None:
    if own is None:
        machine.environment["TENCENTCLOUD_PROFILE"] = "absent"
    with pytest.raises(
        SettingsError, match=r"names the profile 'absent', but .*absent\.credential does not exist"
    ) as error:
        machine.resolver(own).current()
    assert ("settings.profile" if own else "TENCENTCLOUD_PROFILE") in str(error.value)


# Settings of a task.


def test_a_profile_that_a_task_names_goes_before_all_others(machine: Machine, metadata: MetadataService) -> None:
    for put in SOURCES.values():
        put(machine, metadata)
    machine.config["tione:assumeRole"] = json.dumps({"roleArn": ROLE})
    machine.write_profile("research", secretId="a", secretKey="b")
    keys = machine.resolver({"profile": "research"}).current()
    assert (keys.credentials, keys.role) == (Credentials("a", "b"), None)


def test_a_role_that_a_task_names_is_assumed_with_its_profile_or_with_the_usual_keys(
    machine: Machine, metadata: MetadataService, sts: Emulator
) -> None:
    _static_in_environment(machine, metadata)
    machine.write_profile("research", secretId="id-profile", secretKey="key-of-id-profile")
    role = {"roleArn": OTHER_ROLE, "sessionDuration": 900.0, "externalId": "planted"}
    for own, origin in (
        ({"assumeRole": role}, "environment variable TENCENTCLOUD_SECRET_ID"),
        ({"assumeRole": role, "profile": "research"}, f"secretId in {machine.home}/.tccli/research.credential"),
    ):
        keys = machine.resolver(own).current()
        assert (keys.origin, keys.role) == (origin, OTHER_ROLE)
    asked = [request["body"] for request in sts.requests(secrets=True) if request["action"] == "AssumeRole"]
    assert [body["DurationSeconds"] for body in asked] == [900, 900]
    assert {body["ExternalId"] for body in asked} == {"planted"}


def test_the_machines_role_that_a_task_names_goes_before_all_others(
    machine: Machine, metadata: MetadataService
) -> None:
    for put in SOURCES.values():
        put(machine, metadata)
    metadata.roles["other"] = _issued("other")
    assert machine.resolver({"camRoleName": "other"}).current().credentials.secret_id == "id-other"


# Roles.


@pytest.mark.parametrize("space", ["tione", "tencentcloud"])
def test_a_role_in_the_config_is_assumed_with_the_keys(
    machine: Machine, metadata: MetadataService, sts: Emulator, space: str
) -> None:
    _static_in_environment(machine, metadata)
    machine.config[f"{space}:assumeRole"] = json.dumps(
        {"roleArn": ROLE, "sessionName": "ci", "sessionDuration": 900, "policy": '{"version": "2.0"}'}
    )
    keys = machine.resolver().current()
    assert keys.source == f"environment variable TENCENTCLOUD_SECRET_ID with the role {ROLE}"
    assert keys.credentials.token
    (asked,) = [request for request in sts.requests() if request["action"] == "AssumeRole"]
    assert asked["body"] == {
        "RoleArn": ROLE,
        "RoleSessionName": "ci",
        "DurationSeconds": 900,
        "Policy": "%7B%22version%22%3A%20%222.0%22%7D",
    }


@pytest.mark.parametrize("action", ["AssumeRole", "AssumeRoleWithWebIdentity"])
def test_a_refusal_that_repeats_what_is_planted_in_a_request_for_keys_shows_none_of_it(
    machine: Machine, metadata: MetadataService, sts: Emulator, action: str
) -> None:
    if action == "AssumeRole":
        _static_in_environment(machine, metadata)
        resolver = machine.resolver({"assumeRole": {"roleArn": OTHER_ROLE, "externalId": "planted-id"}})
    else:
        machine.config["tione:assumeRoleWithWebIdentity"] = json.dumps(
            {"roleArn": ROLE, "providerId": "GitHub", "webIdentityToken": "planted-token", "sessionDuration": 600}
        )
        resolver = machine.resolver()
    sts.faults.add(action, code="InvalidParameter.ParamError", message="not good: {body}", times=None)
    with pytest.raises(SettingsError, match=r"not good: .*\[secret\]") as caught:
        resolver.current()
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("where", ["tione", "tencentcloud", "environment", "file"])
def test_a_web_identity_returns_credentials(machine: Machine, where: str) -> None:
    token = _identity_token()
    if where == "environment":
        names = {"ARN": ROLE, "PROVIDER_ID": "GitHub", "WEB_IDENTITY_TOKEN": token}
        machine.environment.update({f"TENCENTCLOUD_ASSUME_ROLE_{name}": value for name, value in names.items()})
    elif where == "file":
        machine.write("token", token)
        names = {"ARN": ROLE, "WEB_IDENTITY_TOKEN_FILE": str(machine.home / "token")}
        machine.environment.update({f"TENCENTCLOUD_ASSUME_ROLE_{name}": value for name, value in names.items()})
    else:
        parts = {"roleArn": ROLE, "providerId": "GitHub", "webIdentityToken": token, "sessionDuration": 600}
        machine.config[f"{where}:assumeRoleWithWebIdentity"] = json.dumps(parts)
    keys = machine.resolver().current()
    assert keys.role == ROLE
    assert keys.credentials.token


@pytest.mark.parametrize(
    ("config", "violation"),
    [
        ({"tione:assumeRole": "planted"}, "tione:assumeRole must be a map. Run `pulumi config set --path"),
        ({"tione:assumeRole": '["planted"]'}, "tione:assumeRole must be a map"),
        (
            {"tione:assumeRole": '{"roleArn": "r", "sessionDuration": "planted"}'},
            "tione:assumeRole.sessionDuration must",
        ),
        ({"tencentcloud:assumeRole": '{"roleArn": "r", "sessionDuration": 43201}'}, "must be a number of seconds"),
    ],
)
def test_a_role_that_is_written_wrong_is_an_error_that_names_the_setting(
    machine: Machine, config: dict[str, str], violation: str
) -> None:
    machine.config.update(config)
    with pytest.raises(SettingsError, match=violation) as error:
        machine.resolver().current()
    assert "planted" not in str(error.value)


def test_a_role_that_is_refused_is_one_line_with_source_and_code(
    machine: Machine, metadata: MetadataService, sts: Emulator
) -> None:
    _static_in_environment(machine, metadata)
    sts.register("role", OTHER_ROLE)
    machine.environment["TENCENTCLOUD_ASSUME_ROLE_ARN"] = ROLE
    with pytest.raises(SettingsError) as error:
        machine.resolver().current()
    text = str(error.value)
    assert "\n" not in text
    for part in (ROLE, "TENCENTCLOUD_SECRET_ID", "ResourceNotFound.RoleNotFound", "request id"):
        assert part in text


def test_an_sts_that_fails_means_that_nothing_was_sent(
    machine: Machine, metadata: MetadataService, sts: Emulator
) -> None:
    _static_in_environment(machine, metadata)
    machine.environment["TENCENTCLOUD_ASSUME_ROLE_ARN"] = ROLE
    sts.faults.add("AssumeRole", code="InternalError", times=None)
    with pytest.raises(RequestNotSentError, match="cannot be assumed"):
        machine.resolver().current()
    sts.faults.clear()
    sts.faults.add("AssumeRole", code="InternalError", times=2)
    assert machine.resolver().current().role == ROLE


def test_a_machine_without_the_role_that_is_named_is_an_error(machine: Machine, metadata: MetadataService) -> None:
    machine.config["tencentcloud:camRoleName"] = "absent"
    with pytest.raises(SettingsError, match="tencentcloud:camRoleName names, 'absent' \\("):
        machine.resolver().current()


# Renewal.


@dataclass
class Moment:
    seconds: float = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


def test_keys_are_renewed_before_they_end_and_not_earlier(machine: Machine, metadata: MetadataService) -> None:
    now = Moment()
    metadata.roles["train"] = _issued("first", now() + 900)
    resolver = CredentialResolver(machine.settings(), now=now)
    assert resolver.current().credentials.secret_id == "id-first"
    metadata.roles["train"] = _issued("second", now() + 1800)
    now.seconds += 600
    assert resolver.current().credentials.secret_id == "id-first"
    now.seconds += 100
    assert resolver.current().credentials.secret_id == "id-second"


def test_keys_that_cannot_be_renewed_are_used_to_their_end(machine: Machine, metadata: MetadataService) -> None:
    now = Moment()
    metadata.roles["train"] = _issued("first", now() + 900)
    resolver = CredentialResolver(machine.settings(), now=now)
    resolver.current()
    metadata.roles.clear()
    now.seconds += 890
    assert resolver.current().credentials.secret_id == "id-first"
    now.seconds += 20
    with pytest.raises(SettingsError, match="there are no credentials"):
        resolver.current()


def test_threads_share_one_request_and_one_renewal(machine: Machine, metadata: MetadataService) -> None:
    now = Moment()
    resolver = CredentialResolver(machine.settings(), now=now)
    for turn, name in enumerate(("first", "second"), 1):
        metadata.roles["train"] = _issued(name, now() + 900)
        begin = threading.Barrier(16)
        resolved: list[ResolvedCredentials] = []

        def ask(begin: threading.Barrier = begin, resolved: list[ResolvedCredentials] = resolved) -> None:
            begin.wait()
            resolved.append(resolver.current())

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {each.credentials.secret_id for each in resolved} == {f"id-{name}"}
        assert len(metadata.asked) == 2 * turn  # the role's name, and its credentials
        now.seconds += 700


def test_the_machines_role_is_never_asked_for_through_a_proxy(
    machine: Machine, metadata: MetadataService, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata.roles["train"] = _issued("machine-role")
    for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    assert machine.resolver().current().credentials.secret_id == "id-machine-role"


def test_one_failure_of_the_metadata_service_does_not_mean_that_there_is_no_role(
    machine: Machine, metadata: MetadataService, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = Moment()
    metadata.roles["train"] = _issued("machine-role", now() + 900)
    resolver = CredentialResolver(machine.settings(), now=now)
    for error in (requests.ReadTimeout, requests.ConnectTimeout, requests.ConnectionError):
        with monkeypatch.context() as patch:
            patch.setattr(requests.Session, "get", failing_with(error))
            with pytest.raises(SettingsError) as caught:
                resolver.current()
        assert str(caught.value) == NO_CREDENTIALS
        now.seconds += 31
    assert resolver.current().credentials.secret_id == "id-machine-role"


def failing_with(error: type[Exception]) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error("slow")

    return fail


# Credentials that are refused.


def test_the_same_sources_new_keys_are_taken_first(machine: Machine, metadata: MetadataService) -> None:
    _profile(machine, metadata)
    resolver = machine.resolver()
    refused = resolver.current()
    machine.write_profile("default", secretId="id-new", secretKey="key")
    assert resolver.instead_of(refused, "100", lambda _: "200") is None  # another account has moved in
    replacement = resolver.instead_of(refused, None, lambda _: pytest.fail("nobody is asked"))
    assert replacement is not None
    assert replacement.credentials == Credentials("id-new", "key")
    assert resolver.current() == replacement


def test_others_stand_in_for_a_tasks_account_only(machine: Machine, metadata: MetadataService) -> None:
    for name in ("tione", "environment", "profile"):
        SOURCES[name](machine, metadata)
    accounts = {"id-environment": "200", "id-profile": "100"}
    resolver = machine.resolver()
    refused = resolver.current()
    asked: list[str] = []

    def account_of(keys: ResolvedCredentials) -> str:
        asked.append(keys.credentials.secret_id)
        return accounts[keys.credentials.secret_id]

    assert resolver.instead_of(refused, None, account_of) is None
    assert asked == []
    replacement = resolver.instead_of(refused, "100", account_of)
    assert replacement is not None
    assert (replacement.credentials.secret_id, asked) == ("id-profile", ["id-environment", "id-profile"])
    assert resolver.current("100") == replacement
    assert resolver.current() == resolver.current("300") == refused
    assert resolver.instead_of(refused, "300", account_of) is None


def test_a_source_of_unknown_account_does_not_hide_the_next(machine: Machine, metadata: MetadataService) -> None:
    for name in ("tione", "environment", "profile"):
        SOURCES[name](machine, metadata)
    resolver = machine.resolver()
    refused = resolver.current()

    def account_of(candidate: ResolvedCredentials) -> str:
        if candidate.credentials.secret_id == "id-environment":
            raise RequestNotSentError("no connection")
        return "100"

    replacement = resolver.instead_of(refused, "100", account_of)
    assert replacement is not None
    assert replacement.credentials.secret_id == "id-profile"


def _half(machine: Machine, _: MetadataService) -> None:
    machine.environment["TENCENTCLOUD_SECRET_ID"] = "half"


def _broken_profile(machine: Machine, _: MetadataService) -> None:
    machine.write(".tccli/default.credential", "{")


def _unreadable_token(machine: Machine, _: MetadataService) -> None:
    variables = {"TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN_FILE": "/absent", "TENCENTCLOUD_ASSUME_ROLE_ARN": ROLE}
    machine.environment.update({**variables, "TENCENTCLOUD_ASSUME_ROLE_PROVIDER_ID": "OIDC"})


@pytest.mark.parametrize("broken", [(_half,), (_broken_profile,), (_unreadable_token,), (_half, _broken_profile)])
def test_sources_that_are_broken_do_not_hide_the_next(
    broken: tuple[Callable[[Machine, MetadataService], None], ...], machine: Machine, metadata: MetadataService
) -> None:
    _static_in_config("tione", "tione")(machine, metadata)
    _sdk_file(machine, metadata)
    resolver = machine.resolver()
    refused = resolver.current()
    for put in broken:
        put(machine, metadata)
    replacement = resolver.instead_of(refused, "100", lambda _: "100")
    assert replacement is not None
    assert replacement.credentials.secret_id == "id-sdk-file"
    assert resolver.current("100") == replacement


def test_a_broken_source_still_comes_before_the_ones_after_it(machine: Machine, metadata: MetadataService) -> None:
    _half(machine, metadata)
    _profile(machine, metadata)
    with pytest.raises(SettingsError, match="TENCENTCLOUD_SECRET_KEY is not"):
        machine.resolver().current()


def test_if_all_other_sources_are_broken_there_is_no_replacement(machine: Machine, metadata: MetadataService) -> None:
    _static_in_config("tione", "tione")(machine, metadata)
    resolver = machine.resolver()
    refused = resolver.current()
    _half(machine, metadata)
    _broken_profile(machine, metadata)
    assert resolver.instead_of(refused, "100", lambda _: "100") is None


def test_keys_that_assume_a_role_no_more_give_way_as_well(
    machine: Machine, metadata: MetadataService, sts: Emulator
) -> None:
    _static_in_config("tione", "tione")(machine, metadata)
    _static_in_environment(machine, metadata)
    machine.config["tione:assumeRole"] = json.dumps({"roleArn": ROLE})
    sts.keyring.revoke("id-tione")
    warned: list[str] = []
    settings = machine.settings()
    client = Client(settings, "ap-guangzhou", sleep=lambda _: None, warn=warned.append, account="100000000001")
    assert client.describe_training_task("train-1") is None
    (warning,) = warned
    assert "the credentials of tione:secretId are no longer accepted (AuthFailure.SecretIdNotFound)" in warning
    assert f"environment variable TENCENTCLOUD_SECRET_ID with the role {ROLE}" in warning
    with pytest.raises(CredentialsRefusedError, match="the credentials come from tione:secretId"):
        Client(machine.settings(), "ap-guangzhou", sleep=lambda _: None).account_id()


def test_keys_that_could_not_be_had_are_not_asked_for_again_at_once(
    machine: Machine, metadata: MetadataService, sts: Emulator
) -> None:
    now = Moment()
    _static_in_environment(machine, metadata)
    machine.environment["TENCENTCLOUD_ASSUME_ROLE_ARN"] = ROLE
    sts.faults.add("AssumeRole", code="InternalError", times=None)
    resolver = CredentialResolver(machine.settings(), now=now, sleep=lambda _: None)
    for _ in range(3):
        with pytest.raises(RequestNotSentError):
            resolver.current()
    assert len([request for request in sts.requests() if request["action"] == "AssumeRole"]) == 4
    sts.faults.clear()
    now.seconds += 31
    assert resolver.current().role == ROLE


@pytest.mark.parametrize(
    "own", [{"sharedCredentialsDir": "~/elsewhere"}, {"sharedCredentialsDir": "~/elsewhere", "profile": " "}]
)
def test_a_folder_of_profiles_that_a_task_names_goes_before_all_others(
    machine: Machine, metadata: MetadataService, own: dict[str, str]
) -> None:
    for put in SOURCES.values():
        put(machine, metadata)
    with pytest.raises(
        SettingsError, match=r"settings\.sharedCredentialsDir names the profile 'default', but .* does not exist"
    ):
        machine.resolver(own).current()
    machine.write("elsewhere/default.credential", json.dumps({"secretId": "a", "secretKey": "b"}))
    assert machine.resolver(own).current().credentials == Credentials("a", "b")


def test_a_blank_setting_of_a_task_is_none(machine: Machine, metadata: MetadataService) -> None:
    _static_in_environment(machine, metadata)
    assert machine.resolver({"profile": " "}).current().credentials.secret_id == "id-environment"


def test_a_duration_of_any_length_is_one_error(machine: Machine, metadata: MetadataService) -> None:
    _static_in_environment(machine, metadata)
    parts = {"roleArn": ROLE, "sessionDuration": "9" * 5000}
    machine.config["tione:assumeRole"] = json.dumps(parts)
    with pytest.raises(SettingsError, match="sessionDuration must be a number of seconds"):
        machine.resolver().current()
