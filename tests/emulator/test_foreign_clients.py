"""Clients that are no part of our environment, unmodified: the vendor's command line, its SDKs for Node, Go and Java.

`tccli` speaks HTTPS alone, and trusts the bundle of its certifi alone. The SDK for Node signs the host without its
port, for a service named as the host begins. The vendor's kit is in a module of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.api.definition import Action, definition

Json = dict[str, Any]
Ask = Callable[..., Json]
Run = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.long

NODE_PROGRAM = Path(__file__).with_name("ask.js")
REFUSAL = re.compile(r"\[TencentCloudSDKException\] code:(\S+) message:(.*) requestId:(\S+)")


class RefusedError(Exception):
    """What a client shows of a refusal."""

    def __init__(self, code: str | None, message: str, request_id: str | None) -> None:
        super().__init__(code, message, request_id)
        self.code, self.message, self.request_id = code, message, request_id


@pytest.fixture
def emulator(conforming: Callable[[Emulator], Emulator]) -> Iterator[Emulator]:
    with conforming(Emulator(manual_clock=True, requests_a_second=None, tls=True)) as emulator:
        yield emulator


@pytest.fixture
def run_tccli(tccli_folder: Path, emulator: Emulator, tmp_path: Path) -> Run:
    """Runs an action, in a home of its own and with a certifi that trusts the emulator.

    The installation serves several runs at once, and each emulator has an authority of its own: hence the certifi is a
    copy with that appended, which comes before the installed one.
    """
    [certifi] = tccli_folder.glob("lib/python*/site-packages/certifi")
    bundle = Path(shutil.copytree(certifi, tmp_path / "trusting" / "certifi"), "cacert.pem")
    assert emulator.ca_file is not None
    bundle.write_bytes(bundle.read_bytes() + emulator.ca_file.read_bytes())
    own = {
        "HOME": str(tmp_path),
        "PATH": os.defpath,
        "PYTHONPATH": str(tmp_path / "trusting"),
        "PYTHONWARNINGS": "ignore",  # its modules have escapes that Python complains of from 3.12 on
    }

    def run(action: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**own, **emulator.environment, **variables}
        authority = environment["TIONE_ENDPOINT"].removeprefix("https://")
        service = definition().actions[action].service
        command = [str(tccli_folder / "bin" / "tccli"), service, action, "--endpoint", authority, *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    return run


@pytest.fixture
def ask_by_tccli(run_tccli: Run, tmp_path: Path) -> Ask:
    def ask(action: str, body: Json | None = None, **variables: str) -> Json:
        request = tmp_path / "request.json"
        request.write_text(json.dumps(body or {}))
        done = run_tccli(action, "--cli-input-json", f"file://{request}", **variables)
        if refusal := REFUSAL.search(done.stderr):
            assert done.returncode != 0
            raise RefusedError(refusal[1], refusal[2], refusal[3])
        assert (done.returncode, done.stderr) == (0, "")
        answer: Json = json.loads(done.stdout)
        return answer

    return ask


@pytest.fixture
def ask_by_node(node_folder: Path, emulator: Emulator) -> Ask:
    def ask(action: str, body: Json | None = None, **variables: str) -> Json:
        own = {"NODE_PATH": str(node_folder / "node_modules"), "NODE_EXTRA_CA_CERTS": str(emulator.ca_file)}
        known: Action = definition().actions[action]
        version = f"v{known.version.replace('-', '')}"
        arguments = [str(NODE_PROGRAM), known.service, version, action, json.dumps(body or {})]
        done = subprocess.run(
            [str(node_folder / "bin" / "node"), *arguments],
            env={**own, **emulator.environment, **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        result: Json = json.loads(done.stdout)
        if "error" in result:
            raise RefusedError(
                result["error"].get("code"), result["error"]["message"], result["error"].get("requestId")
            )
        answer: Json = result["answer"]
        return answer

    return ask


@pytest.fixture
def ask_by_go(go_folder: Path, emulator: Emulator) -> Ask:
    return _asking([str(go_folder / "ask")], {"SSL_CERT_FILE": str(emulator.ca_file)}, emulator)


@pytest.fixture
def ask_by_java(java_folder: Path, emulator: Emulator, tmp_path: Path) -> Ask:
    """Java trusts what is in a file of its own kind."""
    trusted = tmp_path / "trusted.p12"
    imported = ["-file", str(emulator.ca_file), "-keystore", str(trusted), "-storepass", "changeit"]
    keytool = ["keytool", "-importcert", "-noprompt", "-alias", "emulator", "-storetype", "PKCS12", *imported]
    subprocess.run(keytool, check=True, capture_output=True)
    store = "-Djavax.net.ssl.trustStore"
    trust = f'${{TRUST_STORE:+"{store}=$TRUST_STORE" {store}Password=changeit}}'
    command = ["/bin/sh", "-c", f'exec java {trust} -cp "$0" Ask "$@"', f"{java_folder}/lib/*:{java_folder}"]
    return _asking(command, {"PATH": os.environ["PATH"], "TRUST_STORE": str(trusted)}, emulator)


def _asking(command: list[str], own: dict[str, str], emulator: Emulator) -> Ask:
    """Asks by a program that is given service, version, action and body, and prints the answer or the refusal."""

    def ask(action: str, body: Json | None = None, **variables: str) -> Json:
        known: Action = definition().actions[action]
        done = subprocess.run(
            [*command, known.service, known.version, action, json.dumps(body or {})],
            env={**own, **emulator.environment, **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (0, "")
        result: Json = json.loads(done.stdout)
        if "error" in result:
            raise RefusedError(
                result["error"].get("code"), result["error"]["message"], result["error"].get("requestId")
            )
        answer: Json = result["answer"]
        return answer

    return ask


@pytest.fixture(params=["ask_by_tccli", "ask_by_node", "ask_by_go", "ask_by_java"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Asks by one of the clients: `ask("StopTrainingTask", {"Id": …})`, and variables of its environment if need be."""
    client: Ask = request.getfixturevalue(request.param)
    return client


def test_a_task_is_made_read_listed_stopped_and_deleted(
    ask: Ask, body: Callable[..., Json], emulator: Emulator
) -> None:
    sent = body(Name="任务-1", StartCmdInfo={"StartCmd": "sleep 60"}, LogEnable=False)
    task_id = ask("CreateTrainingTask", sent)["Id"]
    assert emulator.requests()[0]["body"] == sent
    emulator.advance(10)
    detail = ask("DescribeTrainingTask", {"Id": task_id})["TrainingTaskDetail"]
    assert (detail["Name"], detail["Status"], detail["ResourceConfigInfos"][0]["Cpu"]) == ("任务-1", "RUNNING", 2000)
    listed = ask("DescribeTrainingTasks", {"Filters": [{"Name": "Name", "Values": ["任务-1"]}], "Limit": 50})
    assert [task["Id"] for task in listed["TrainingTaskSet"]] == [task_id]
    assert ask("StopTrainingTask", {"Id": task_id})["RequestId"]
    emulator.advance(10)
    assert ask("DeleteTrainingTask", {"Id": task_id})["RequestId"]
    assert emulator.tasks() == []


def test_the_other_services_are_understood(ask: Ask, create: Callable[..., str], emulator: Emulator) -> None:
    assert ask("GetCallerIdentity")["AccountId"] == emulator.key.caller.uin
    resource = f"qcs::tione:ap-guangzhou:uin/{emulator.key.caller.uin}:trainingtask/{create()}"
    ask("TagResources", {"ResourceList": [resource], "Tags": [{"TagKey": "团队", "TagValue": "nlp"}]})
    found = ask("GetResources", {"TagFilters": [{"TagKey": "团队", "TagValue": ["nlp"]}]})
    assert [mapping["Resource"] for mapping in found["ResourceTagMappingList"]] == [resource]


def test_a_refusal_arrives_with_code_message_and_request_id(ask: Ask, emulator: Emulator) -> None:
    with pytest.raises(RefusedError) as caught:
        ask("DescribeTrainingTask", {"Id": "train-1"})
    assert caught.value.code == "ResourceNotFound"
    assert "train-1" in caught.value.message
    assert caught.value.request_id == emulator.requests()[-1]["request_id"]


def test_a_wrong_secret_key_is_refused(ask: Ask) -> None:
    with pytest.raises(RefusedError) as caught:
        ask("DescribeTrainingTasks", TENCENTCLOUD_SECRET_KEY="guessed")
    assert caught.value.code == "AuthFailure.SignatureFailure"


def test_a_host_without_a_dot_is_signed_for_as_well(ask: Ask, emulator: Emulator) -> None:
    """To the SDK for Node the service is then `localhost:PORT`."""
    elsewhere = emulator.endpoint.replace("127.0.0.1", "localhost")
    assert ask("DescribeTrainingTasks", TIONE_ENDPOINT=elsewhere)["TotalCount"] == 0


def test_the_certificate_is_not_trusted_unless_asked_for(ask: Ask, emulator: Emulator) -> None:
    none = {"PYTHONPATH": "", "NODE_EXTRA_CA_CERTS": "", "SSL_CERT_FILE": "/dev/null", "TRUST_STORE": ""}
    with pytest.raises(RefusedError, match=r"certifica|Fail to get response"):  # the SDK for Go gives no reason
        ask("DescribeTrainingTasks", **none)
    assert emulator.requests() == []


def test_tccli_may_be_given_parameters_one_by_one(run_tccli: Run, emulator: Emulator) -> None:
    node = "--ResourceConfigInfos.0."
    done = run_tccli(
        "CreateTrainingTask",
        "--cli-unfold-argument",
        *("--Name", "bert", "--ChargeType", "POSTPAID_BY_HOUR"),
        *(f"{node}Role", "WORKER", f"{node}InstanceType", "TI.S.MEDIUM.POST", f"{node}InstanceNum", "2"),
    )
    [task] = emulator.tasks()
    assert task["Id"] == json.loads(done.stdout)["Id"]
    assert task["ResourceConfigInfos"][0]["InstanceNum"] == 2


def test_the_sdk_for_node_speaks_http_as_well(ask_by_node: Ask, conforming: Callable[[Emulator], Emulator]) -> None:
    with conforming(Emulator()) as plain:
        assert ask_by_node("DescribeTrainingTasks", TIONE_ENDPOINT=plain.endpoint)["TotalCount"] == 0
