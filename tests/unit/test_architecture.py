"""`docs/architecture.md` shows the package as it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pulumi_tione._schema.identity import OWNER_PROPERTY

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


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_path_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`([\w./-]+)`", text) if "/" in name or name.endswith((".py", ".md"))}
    folders = (ROOT, PACKAGE, PACKAGE / "_api")
    built = (".venv", ".cache")
    assert {
        name for name in named if not name.startswith(built) and not any((f / name).exists() for f in folders)
    } == set()
