"""The fixture for users' own tests, in tests as a user would write them."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

MODULE = "pulumi_tione.emulator.pytest_plugin"

USERS_TESTS = '''
import json
import os
import urllib.request

import pytest


def _create(name):
    """Stands for the program under test, which is pointed at the emulator by its environment."""
    from tencentcloud.common.common_client import CommonClient
    from tencentcloud.common.credential import EnvironmentVariableCredential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    endpoint = os.environ["TIONE_ENDPOINT"].removeprefix("http://")
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=endpoint))
    credential = EnvironmentVariableCredential().get_credential()
    client = CommonClient("tione", "2021-11-11", credential, os.environ["TENCENTCLOUD_REGION"], profile)
    node = {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}
    body = {"Name": name, "ChargeType": "POSTPAID_BY_HOUR", "ResourceConfigInfos": [node]}
    return client.call_json("CreateTrainingTask", body)["Response"]


@pytest.mark.tione_emulator(manual_clock=True)
def test_my_program_creates_a_task_that_succeeds(tione_emulator):
    _create("bert")
    tione_emulator.advance(60)
    [task] = tione_emulator.tasks()
    assert (task["Name"], task["Status"]) == ("bert", "SUCCEED")
    [request] = tione_emulator.requests()
    assert request["action"] == "CreateTrainingTask"


def test_my_program_stands_a_refusal(tione_emulator):
    tione_emulator.faults.add("CreateTrainingTask", code="InternalError")
    with pytest.raises(Exception, match="InternalError"):
        _create("bert")
    assert tione_emulator.tasks() == []


def test_without_the_fixture_nothing_points_at_it():
    assert "TIONE_ENDPOINT" not in os.environ
'''


def test_a_users_tests_pass(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIONE_ENDPOINT", raising=False)
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    )
    pytester.makepyfile(USERS_TESTS)
    installed = any(point.value == MODULE for point in importlib.metadata.entry_points(group="pytest11"))
    result = pytester.runpytest_subprocess(
        *([] if installed else ["-p", MODULE]), "--strict-markers", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=3)


def test_the_fixture_without_its_extra_shows_how_to_install_it(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import sys; sys.modules['aiohttp'] = None")
    pytester.makepyfile("def test_something(tione_emulator): pass")
    result = pytester.runpytest_subprocess("-p", MODULE)
    result.stdout.fnmatch_lines(["*needs aiohttp, which is not installed.*pip install*emulator*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.assert_outcomes(errors=1)
