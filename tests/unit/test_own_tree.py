"""Our own tree: no secrets in it, and an audit that does not take silence for good news."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.audit import run as audit
from tools.secrets import scan

PACKAGES = {"requests", "tencentcloud-iac-pulumi"}


def report(**vulns: list[str] | None) -> str:
    packages = [
        {"name": name.replace("__", "_"), "version": "1.0", "vulns": [{"id": each} for each in ids]}
        if ids is not None
        else {"name": name.replace("__", "_"), "skip_reason": "no connection"}
        for name, ids in vulns.items()
    ]
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.mark.parametrize(
    ("told", "code", "says"),
    [
        (report(requests=[], tencentcloud_iac_pulumi=[]), 0, "2 packages, no known vulnerability"),
        (report(requests=["CVE-1"], tencentcloud_iac_pulumi=[]), 1, "requests 1.0: CVE-1"),
        (report(requests=["CVE-1"], tencentcloud_iac_pulumi=None), 1, "requests 1.0: CVE-1"),
        (
            report(requests=[], tencentcloud_iac_pulumi=None),
            2,
            "not looked up, so that nothing is proved: tencentcloud",
        ),
        (report(requests=None, tencentcloud_iac_pulumi=None), 2, "nothing is proved"),
        (report(requests=[]), 2, "nothing is proved: tencentcloud-iac-pulumi"),
        (report(), 2, "nothing is proved"),
        ("", 2, "nothing was audited"),
        ("ERROR: no connection", 2, "nothing was audited"),
        ("{}", 2, "nothing was audited"),
        ("[]", 2, "nothing was audited"),
    ],
)
def test_an_audit_passes_only_when_every_package_was_looked_up(told: str, code: int, says: str) -> None:
    judged, verdict = audit.judged(told, PACKAGES)
    assert (judged, says in verdict) == (code, True)


def test_an_audit_that_had_nothing_to_look_up_proves_nothing() -> None:
    assert audit.judged(report(), set())[0] == 2


def test_all_that_we_pin_is_to_be_looked_up() -> None:
    assert {"requests", "tencentcloud-iac-pulumi", "pulumi"} <= audit.expected()


@pytest.mark.parametrize(
    "secret",
    [
        "AKID" + "a1B2" * 8,
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "https://user:" + "geheimes" + "@registry.internal/x",
        "ghp_" + "a1B2c3D4e5" * 3 + "a1B2c3",
        "AKIA" + "Z7VRSQ5TJN2XMPLQ",
    ],
)
def test_a_secret_in_a_file_is_found_and_not_shown(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "settings.py"
    file.write_text(f'first = 1\nKEY = "{secret}"\n', encoding="utf-8")
    (found,) = scan.found_in([file])
    assert "settings.py:2: " in found
    assert secret not in found
    file.write_text(f'KEY = "{secret}"  # pragma: allowlist secret\n', encoding="utf-8")
    assert scan.found_in([file]) == []


def test_our_own_files_have_no_secrets() -> None:
    files = scan.tracked()
    assert len(files) > 200
    assert scan.found_in(files) == []
