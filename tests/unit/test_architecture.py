"""`docs/architecture.md` shows the package as it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import grpc
import pytest
from pulumi_internals import FOLDER, accessed_internals, imported_internals, imported_names, undocumented_uses_of_output

from pulumi_tione._error_codes import Kind
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
    assert {name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", picture)} == set()


@pytest.mark.parametrize("folder", [path.parent.name for path in sorted(PACKAGE.glob("*/__init__.py"))])
def test_a_folder_of_the_picture_has_each_of_its_modules(folder: str) -> None:
    picture = PAGE.partition("## The folders")[2].partition("tests/  tools/")[0]
    entry = re.split(r"\n  (?=\S)", picture.partition(f"\n  {folder}/ ")[2])[0]
    inside = [path for path in (PACKAGE / folder).iterdir() if not path.name.startswith("__")]
    names = {path.stem if path.suffix == ".py" else f"{path.name}/" for path in inside if _is_code(path)}
    assert names
    assert names - {*re.findall(r"\w+/?", entry)} == set()


def _is_code(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").exists()


def test_the_owner_is_passed_next_to_the_inputs_in_the_lifecycle() -> None:
    """It is one of the properties in the state alone: `provider.py` splits them, and joins them again."""
    used = {
        path.name
        for path in (PACKAGE / "lifecycle").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if any(_is_owner(key) for key in _keys(node))
    }
    assert used == set()


def test_a_use_of_the_owner_as_a_property_is_found() -> None:
    uses = ("a[OWNER_PROPERTY]", "a.get('owner')", "a.pop(OWNER_PROPERTY, 1)", "{OWNER_PROPERTY: 1}", "{'owner': 1}")
    for source in uses:
        assert any(_is_owner(key) for node in ast.walk(ast.parse(source)) for key in _keys(node)), source
    assert not any(_is_owner(key) for node in ast.walk(ast.parse("a.fail(OWNER_PROPERTY)")) for key in _keys(node))


def _keys(node: ast.AST) -> list[ast.expr | None]:
    """Return the keys by which an expression reads or writes a mapping."""
    match node:
        case ast.Subscript():
            return [node.slice]
        case ast.Dict():
            return [*node.keys]
        case ast.Call(func=ast.Attribute(attr="get" | "pop" | "setdefault"), args=[key, *_]):
            return [key]
    return []


def _is_owner(key: ast.expr | None) -> bool:
    if isinstance(key, ast.Constant):
        return bool(key.value == OWNER_PROPERTY)
    return isinstance(key, ast.Name) and key.id == "OWNER_PROPERTY"


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != FOLDER)


def test_internals_of_pulumi_are_used_in_one_folder_alone() -> None:
    """Imports are a contract of ruff too; what is only used through a public name is found here."""
    used: list[str] = []
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used += (f"{path.name}: {name}" for name in (*imported_internals(tree), *accessed_internals(tree)))
    assert used == []


def test_undocumented_names_of_outputs_are_used_in_one_module_alone() -> None:
    """Nothing at all uses the constructor of Output."""
    for path in [*MODULES, *FOLDER.glob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if "pulumi" in imported_names(tree):
            allowed = {"future", "is_secret"} if path == FOLDER / "output_values.py" else set()
            assert {*undocumented_uses_of_output(tree)} <= allowed, path


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
    files = {
        file.resolve()
        for name in re.findall(r"`([\w./]+\.py)`", docstring)
        for file in (next((folder / name for folder in parents if (folder / name).is_file()), Path(name)),)
    }
    assert (ROOT / DOCSTRINGS_THAT_POINT[module]).resolve() in files
    assert all(file.is_file() for file in files)


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_path_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = {name for name in re.findall(r"`([\w./-]+)`", text) if "/" in name or name.endswith((".py", ".md"))}
    folders = (ROOT, PACKAGE, PACKAGE / "_api")
    built = (".venv", ".cache")
    assert {
        name for name in paths if not name.startswith(built) and not any((f / name).exists() for f in folders)
    } == set()


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_kinds_of_errors_that_grpc_does_not_have_are_named() -> None:
    sentence = CONTRIBUTING.partition("where one fits")[2].partition("this project's own")[0]
    own = {kind.name for kind in Kind} - {code.name for code in grpc.StatusCode}
    assert own == {*re.findall(r"`(\w+)`", sentence.partition(").")[2])}


@pytest.mark.parametrize("target", ["test", "test-all", "test-exhaustive", "test-versions", "reliability", "bench"])
def test_a_release_runs_every_kind_of_test(target: str) -> None:
    assert f"`make {target}`" in CONTRIBUTING.partition("## Release")[2]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def classes_of_client(source: str) -> list[str]:
    """Return the names of the classes that derive from the `Client` of `_api`, whatever it is imported as."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("pulumi_tione._api")
        for alias in node.names
        if alias.name in ("Client", "client")
    }
    names |= {f"{name}.Client" for name in (*names, "pulumi_tione._api.client")}
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return [each.name for each in classes if names & {ast.unparse(base) for base in each.bases}]


@pytest.mark.parametrize(
    ("imported", "base"),
    [
        ("from pulumi_tione._api.client import Client", "Client"),
        ("from pulumi_tione._api.client import Client as Real", "Real"),
        ("from pulumi_tione._api import client as module", "module.Client"),
        ("import pulumi_tione._api.client", "pulumi_tione._api.client.Client"),
    ],
)
def test_a_class_that_derives_from_the_client_is_found(imported: str, base: str) -> None:
    assert classes_of_client(f"{imported}\nclass Service(FakeApi, {base}): ...") == ["Service"]
    assert classes_of_client(f"{imported}\nclass Service(FakeApi): ...") == []


def test_no_test_and_no_tool_derives_a_class_from_the_client() -> None:
    """There is one fake: `tests/support/fake_api.py`. A test of the client itself replaces its transport."""
    files = [path for folder in ("tests", "tools") for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 100
    found = {str(path): classes_of_client(path.read_text(encoding="utf-8")) for path in files}
    assert {path: classes for path, classes in found.items() if classes} == {}
