"""Our own tree: no secrets in it, and an audit that does not take silence for good news.

It tests `tools/secrets/scan.py`, which `make check` runs. Secrets of a task are in `test_masking.py`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.audit import run as audit
from tools.secrets import scan

PACKAGES = {"requests", "tencentcloud-iac-pulumi"}


def pip_audit_report(**vulns: list[str] | None) -> str:
    packages = [
        {
            "name": name.replace("__", "_"),
            "version": "1.0",
            "vulns": [{"id": each, "fix_versions": ["1.1"]} for each in ids],
        }
        if ids is not None
        else {"name": name.replace("__", "_"), "skip_reason": "no connection"}
        for name, ids in vulns.items()
    ]
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.mark.parametrize(
    ("report", "code", "verdict"),
    [
        (pip_audit_report(requests=[], tencentcloud_iac_pulumi=[]), 0, "2 packages, no known vulnerability"),
        (pip_audit_report(requests=["CVE-1"], tencentcloud_iac_pulumi=[]), 1, "requests 1.0: CVE-1 (corrected in 1.1)"),
        (
            pip_audit_report(requests=["CVE-1"], tencentcloud_iac_pulumi=None),
            1,
            "requests 1.0: CVE-1 (corrected in 1.1)",
        ),
        (
            pip_audit_report(requests=[], tencentcloud_iac_pulumi=None),
            2,
            "1 packages could not be looked up, so nothing is proved: tencentcloud-iac-pulumi (no connection)",
        ),
        (pip_audit_report(requests=None, tencentcloud_iac_pulumi=None), 2, "nothing is proved"),
        (pip_audit_report(requests=[]), 2, "nothing is proved: tencentcloud-iac-pulumi"),
        (pip_audit_report(), 2, "nothing is proved"),
        ("", 2, "nothing was audited"),
        ("ERROR: no connection", 2, "nothing was audited"),
        ("{}", 2, "nothing was audited"),
        ("[]", 2, "nothing was audited"),
    ],
)
def test_an_audit_passes_only_when_every_package_was_looked_up(report: str, code: int, verdict: str) -> None:
    exit_code, text = audit.judged(report, PACKAGES)
    assert exit_code == code
    assert verdict in text


def test_an_audit_that_had_nothing_to_look_up_proves_nothing() -> None:
    assert audit.judged(pip_audit_report(), set())[0] == 2


def test_all_that_we_pin_is_to_be_looked_up() -> None:
    assert {"requests", "tencentcloud-iac-pulumi", "pulumi"} <= audit.expected()


@pytest.mark.parametrize(
    "secret",
    [
        "AKID" + "a1B2" * 8,
        "key_" + "AKID" + "a1B2" * 8,
        "AKID" + "a1B2" * 8 + " of someone@example.com",
        "secretKey=" + "a1B2" * 8,
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "-----BEGIN " + "PRIVATE KEY-----",
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


@pytest.mark.parametrize("name", ["go.sum", "poetry.lock", "image.svg", "values.yaml", "key.pem", ".env", "Makefile"])
def test_a_secret_is_found_whatever_its_file_is_called(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("key: AKID" + "a1B2" * 8 + "\n", encoding="utf-8")
    assert [found.rpartition(": ")[2] for found in scan.found_in([file])] == ["Tencent Cloud secret id"]


@pytest.mark.parametrize(
    "sanitize",
    [
        "https://user:word@example.com/x and https://user:word@registry.example.org",
        "http://user:word@127.0.0.1:9 and http://user:word@localhost/",
        "secret_key = os.environ['TENCENTCLOUD_SECRET_KEY']",
        "secretKey=" + "0" * 32,
    ],
)
def test_what_opens_nothing_is_no_secret(tmp_path: Path, sanitize: str) -> None:
    file = tmp_path / "notes.md"
    file.write_text(sanitize, encoding="utf-8")
    assert scan.found_in([file]) == []


@pytest.mark.parametrize("content", [("AKID" + "a1B2" * 8).encode("utf-16"), b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "data"
    if content is not None:
        file.write_bytes(content)
    (found,) = scan.found_in([file])
    assert "nobody knows what is in it" in found


def test_a_clone_in_a_folder_with_a_blank_in_its_name_is_looked_at_as_well(tmp_path: Path) -> None:
    tools = tmp_path / "my clone" / "tools" / "secrets"
    shutil.copytree(Path(scan.__file__).parent, tools, ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "settings.py"
    file.write_text("-----BEGIN " + "PRIVATE KEY-----\n", encoding="utf-8")
    ran = subprocess.run([sys.executable, tools / "scan.py", file], capture_output=True, text=True, check=False)
    assert (ran.returncode, "settings.py:1: Private Key" in ran.stderr) == (1, True), ran.stderr


@pytest.mark.parametrize("is_in_another_repository", [False, True])
def test_a_copy_that_git_does_not_track_is_looked_at_but_for_what_was_built(
    tmp_path: Path, is_in_another_repository: bool
) -> None:
    if is_in_another_repository:
        subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    tools = tmp_path / "copy" / "tools" / "secrets"
    shutil.copytree(Path(scan.__file__).parent, tools, ignore=shutil.ignore_patterns("__pycache__"))
    (tools / "__pycache__").mkdir()
    (tools / "__pycache__" / "scan.pyc").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "copy" / "settings.py").write_text("-----BEGIN " + "PRIVATE KEY-----\n", encoding="utf-8")
    ran = subprocess.run([sys.executable, tools / "scan.py"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr.splitlines()) == (1, ["settings.py:1: Private Key"])


@pytest.mark.long
def test_our_own_files_have_no_secrets() -> None:
    files = scan.tracked()
    assert len(files) > 200
    assert scan.found_in(files) == []


PICTURE = (Path(scan.__file__).parents[2] / "docs" / "images" / "review.png").read_bytes()
CHUNK_WITH_TEXT = b"\x00\x00\x00\x05tEXtplant\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("content", "is_reported"),
    [
        (PICTURE, False),
        (PICTURE + b"planted", True),
        (PICTURE[:-12] + CHUNK_WITH_TEXT + PICTURE[-12:], True),
        (PICTURE[:-1], True),
        (PICTURE[:8], True),
        (b"\xff\xfe\x00", True),
    ],
    ids=["pixels", "more after its end", "a text", "cut", "a signature", "something else"],
)
def test_a_picture_is_accepted_if_it_has_pixels_and_nothing_else(
    content: bytes, is_reported: bool, tmp_path: Path
) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(content)
    assert bool(scan.found_in([file])) is is_reported
