"""The command as a whole: its errors when it cannot start, and the emulator under its name.

Each command has a module next to this one; `env` is in `tests/environments/`, `review` in
`tests/engine/test_review.py`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from engine_support import Stack

from pulumi_tione.cli import main
from pulumi_tione.cli.emulator import INSTALL_EXTRA


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, arguments)


def test_it_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "pulumi_tione.cli", "--help"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name in ("orphans", "import", "emulator"):
        assert name in printed


def test_without_pulumi_the_error_names_it(tmp_path: Path) -> None:
    result = run("orphans", "--cwd", str(tmp_path), PATH=str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr == "Error: there is no `pulumi` on PATH: install it (https://www.pulumi.com/docs/install/)\n"


@pytest.mark.engine
def test_outside_a_project_the_error_is_one_line(stack: Stack, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for command in (["orphans"], ["import", "bert", "train-1"], ["import", "--pending"]):
        result = run(*command, "--cwd", str(empty), **stack.environment)
        assert result.exit_code == 2
        (line,) = result.output.splitlines()
        assert line.startswith("Error: `pulumi stack` failed: no Pulumi.yaml project file found")


@pytest.mark.parametrize(
    "arguments",
    [
        ["orphans", "--all-stacks", "--stack", "dev"],
        ["orphans", "--cwd", "/nowhere"],
        ["import"],
        ["import", "bert"],
        ["import", "bert", "train-1", "--pending"],
        ["import", "--pending", "--region", "ap-shanghai"],
        ["orphans", "--stop", "--delete"],
        ["orphans", "--older-than", "1d"],
        ["orphans", "--yes"],
        ["review", "--stack", "dev", __file__],
        ["nothing"],
    ],
)
def test_a_wrong_command_line_ends_with_two(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_the_emulator_has_its_own_options() -> None:
    command = [sys.executable, "-m", "pulumi_tione.cli", "emulator", "--help"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "--no-limits" in printed
    assert printed.startswith("usage: pulumi-tione emulator ")


def test_the_emulator_without_its_extra_names_what_to_install() -> None:
    program = "import sys; sys.modules['aiohttp'] = None; from pulumi_tione.cli import main; main(['emulator'])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert f"run `{INSTALL_EXTRA}`" in line


def test_the_help_shows_whole_sentences() -> None:
    lines = run("--help").stdout
    assert "..." not in lines.split("Commands:")[1]
    assert "Import an existing training task into the state, as RESOURCE." in " ".join(lines.split())


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", 'eval "$(_PULUMI_TIONE_COMPLETE=bash_source pulumi-tione)"'),
        ("zsh", 'eval "$(_PULUMI_TIONE_COMPLETE=zsh_source pulumi-tione)"'),
        ("fish", r"_PULUMI_TIONE_COMPLETE=fish_source pulumi-tione \| source"),
    ],
)
def test_shell_completion_works_as_documented(shell: str, line: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert line in page
    source = CliRunner().invoke(
        main, env={"_PULUMI_TIONE_COMPLETE": f"{shell}_source"}, prog_name="pulumi-tione", standalone_mode=True
    )
    assert "_PULUMI_TIONE_COMPLETE" in source.stdout
    word = "or" if shell == "fish" else "1"
    words = {"COMP_WORDS": "pulumi-tione or", "COMP_CWORD": word, "_PULUMI_TIONE_COMPLETE": f"{shell}_complete"}
    assert "orphans" in CliRunner().invoke(main, env=words, prog_name="pulumi-tione").stdout


@pytest.mark.engine
def test_the_folder_and_the_stack_may_stand_before_or_after_the_command(stack: Stack) -> None:
    project = str(stack.workspace.project)
    stack.pulumi("stack", "init", "prod")
    for arguments in (
        ("--cwd", project, "--stack", "dev", "status"),
        ("status", "--cwd", project, "--stack", "dev"),
        ("--stack", "prod", "status", "-C", project, "-s", "dev"),
    ):
        assert "the state of test/dev" in run(*arguments, **stack.environment).stdout
    assert "no stack named" in run("--cwd", project, "-s", "absent", "status", **stack.environment).stderr
