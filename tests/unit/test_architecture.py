"""`docs/architecture.md` shows the package as it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pulumi_tione._api import polling, rate_limit, transport
from pulumi_tione._schema.identity import OWNER_PROPERTY
from pulumi_tione._wait import poller
from pulumi_tione.cli import env, review
from pulumi_tione.emulator.http import rate_limit as emulator_rate_limit
from pulumi_tione.lifecycle import create, stop

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "pulumi_tione"


def test_the_layers_of_the_page_are_those_of_the_contract() -> None:
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("\nlayers = [")[2].partition("\n]")[0]
    layers = re.findall(r'^ +"(.+?)",', contract, re.MULTILINE)
    assert layers
    shown = PAGE.partition("<!-- the layers")[2].partition("```\n")[2].partition("```")[0]
    assert shown.splitlines() == layers


def test_every_module_of_the_package_is_in_the_picture() -> None:
    picture = PAGE.partition("## The folders")[2].partition("tests/  tools/")[0]
    names = {path.name for path in PACKAGE.glob("*.py")}
    names |= {f"{path.name}/" for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    for folder in ("lifecycle", "_wait", "_api", "_config", "_schema"):
        names |= {path.stem for path in (PACKAGE / folder).glob("*.py") if path.stem != "__init__"}
    assert {name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", picture)} == set()


def test_the_owner_is_passed_next_to_the_inputs_in_the_lifecycle() -> None:
    """It is one of the properties in the state alone: `provider.py` splits them, and joins them again."""
    literals = {
        path.name
        for path in (PACKAGE / "lifecycle").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == OWNER_PROPERTY
    }
    assert literals == set()


def test_where_something_is_names_a_file_that_has_it() -> None:
    section = PAGE.partition("## Where is")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| `(.+?)` \| `(.+?)` \|$", section, re.MULTILINE)
    assert len(rows) >= 20
    assert {what for what, _, _ in rows} == {what for what, file, name in rows if _has(file, name)}


def _has(file: str, name: str) -> bool:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / file, PACKAGE / file) if path.is_file()]
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for text in texts)


DOCSTRINGS_THAT_POINT = {
    "pulumi_tione/_api/credentials.py": "pulumi_tione/_config/settings.py",
    "pulumi_tione/_api/transport.py": "pulumi_tione/_error_codes.py",
    "pulumi_tione/_api/client.py": "pulumi_tione/_error_codes.py",
    "pulumi_tione/_wait/waiter.py": "pulumi_tione/_wait/arguments.py",
    "pulumi_tione/cli/__main__.py": "pulumi_tione/cli/__init__.py",
    "pulumi_tione/cli/options.py": "pulumi_tione/cli/__init__.py",
    "pulumi_tione/emulator/tasks/task.py": "pulumi_tione/emulator/tasks/transitions.py",
    "pulumi_tione/emulator/faults/faults.py": "pulumi_tione/emulator/http/gateway.py",
    "pulumi_tione/emulator/faults/lag.py": "pulumi_tione/emulator/state/history.py",
    "tests/engine/test_waits.py": "tests/unit/test_call_context.py",
    "tests/reliability/test_after_a_kill.py": "tests/reliability/test_fault_matrix.py",
}
"""Where a newcomer looks first, and where the answer is."""


@pytest.mark.parametrize("module", DOCSTRINGS_THAT_POINT)
def test_the_docstring_of_a_module_that_is_opened_first_points_to_files_that_exist(module: str) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / module).read_text(encoding="utf-8"))) or ""
    parents = [ROOT, *(ROOT / module).parents]
    named = {
        file.resolve()
        for name in re.findall(r"`([\w./]+\.py)`", docstring)
        for file in (next((folder / name for folder in parents if (folder / name).is_file()), Path(name)),)
    }
    assert (ROOT / DOCSTRINGS_THAT_POINT[module]).resolve() in named
    assert all(file.is_file() for file in named)


NUMBERS_IN_DOCSTRINGS: list[tuple[str, str, object]] = [
    ("_api/client.py", "for up to {:g} seconds, with no limit on how often", transport._THROTTLING_TIMEOUT_SECONDS),
    ("_api/polling.py", "({:g} to 5 seconds", polling.FIRST_PAUSE_SECONDS),
    ("_api/polling.py", "to {:g} seconds, each", polling.MAX_PAUSE_SECONDS),
    ("_api/polling.py", "each {:g} times the one before", polling.GROWTH),
    ("_api/polling.py", "of its own, {:g} to 15 seconds", poller._MIN_SECONDS),
    ("_api/polling.py", "to {:g} seconds: `_wait/poller.py`", poller._MAX_SECONDS),
    ("_api/rate_limit.py", "{:g} requests of an action per second", rate_limit.MAX_REQUESTS_PER_SECOND),
    ("emulator/http/rate_limit.py", "{:g} requests a second", emulator_rate_limit.RATE),
    ("lifecycle/create_lookup.py", "{:g} seconds after a lost response", create._SECONDS_TO_FIND_CREATED),
    ("lifecycle/create_lookup.py", "{:g} seconds after a name is refused", create._SECONDS_TO_FIND_HOLDER),
    ("lifecycle/create_lookup.py", "sent at most {:g} times", create._MAX_ATTEMPTS),
    ("lifecycle/stop.py", "{:g} seconds to stop", stop.SECONDS_TO_STOP),
    ("review/gates.py", "exit code {:g}", review.GATE_BROKEN),
    ("stacks/locks.py", "{:g} minutes, `--wait-lock`", env._WAIT.total_seconds() / 60),
]
"""What the docstring of a module names, with the constant that has the number: often that of another module."""

AMOUNT = re.compile(r"\b\d+(?:\.\d+)?(?= (?:seconds|minutes|times|attempts|requests|tasks|calls|pages|lines|bytes)\b)")


def docstring_of(module: Path) -> str:
    return " ".join((ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").split())


@pytest.mark.parametrize(("module", "phrase", "number"), NUMBERS_IN_DOCSTRINGS)
def test_a_number_in_a_docstring_is_that_of_the_constant(module: str, phrase: str, number: object) -> None:
    assert phrase.format(number) in docstring_of(PACKAGE / module)


def test_every_number_in_the_docstring_of_a_module_is_compared_with_a_constant() -> None:
    compared = {(module, f"{number:g}") for module, _, number in NUMBERS_IN_DOCSTRINGS}
    named = {
        (path.relative_to(PACKAGE).as_posix(), amount)
        for path in PACKAGE.rglob("*.py")
        for amount in AMOUNT.findall(docstring_of(path))
    }
    assert named - compared == set()


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_path_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`([\w./-]+)`", text) if "/" in name or name.endswith((".py", ".md"))}
    folders = (ROOT, PACKAGE, PACKAGE / "_api")
    built = (".venv", ".cache")
    assert {
        name for name in named if not name.startswith(built) and not any((f / name).exists() for f in folders)
    } == set()
