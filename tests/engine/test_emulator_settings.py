"""What the local TI-ONE prints at its start, pasted into a shell with the real Pulumi CLI."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from engine_support import Stack

from pulumi_tione.emulator.command import READY

pytestmark = pytest.mark.engine

KEYS = [
    ("AKIDplain", "plain"),
    ("AKID$HOME", "a$b `c` ${d}"),
    ("AKID blank", "two  blanks and a\\backslash"),
    ("AKID'quote", "single ' and double \" quote!"),
    ("-AKID", "--secret"),
    ("AKID中文", "键;&|<>(){}*?[]~#"),
]


@pytest.fixture
def start() -> Iterator[Callable[[str], list[str]]]:
    """Starts the emulator with a key pair; gives the lines that it prints."""
    started: list[subprocess.Popen[str]] = []

    def start(key: str) -> list[str]:
        command = [sys.executable, "-m", "pulumi_tione.emulator", "--port", "0", f"--key={key}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        started.append(process)
        assert process.stdout is not None
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith(READY):
                return printed
        raise AssertionError("".join(printed))

    yield start
    for process in started:
        process.terminate()
        process.communicate()


@pytest.mark.parametrize(("secret_id", "secret_key"), KEYS)
def test_what_is_printed_can_be_pasted(
    stack: Stack, start: Callable[[str], list[str]], secret_id: str, secret_key: str
) -> None:
    printed = start(f"{secret_id}:{secret_key}")
    address = printed[-1].removeprefix(READY).strip()
    settings = [line for line in printed if "pulumi config set" in line]
    variables = [line for line in printed if "export " in line]
    report = 'printf "%s\\n" "$TIONE_ENDPOINT" "$TENCENTCLOUD_SECRET_ID" "$TENCENTCLOUD_SECRET_KEY"'
    script = "set -e\n" + "".join(settings + variables) + report
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=stack.workspace.project,
        env={**stack.environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[-3:] == [address, secret_id, secret_key]
    expected = {"endpoint": address, "region": "ap-guangzhou", "secretId": secret_id, "secretKey": secret_key}
    for name, value in expected.items():
        assert stack.pulumi("config", "get", f"tione:{name}").rstrip("\n") == value
    clear = (stack.workspace.project / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    assert secret_key not in clear
