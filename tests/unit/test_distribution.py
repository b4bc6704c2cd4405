"""What is published: the metadata of the package, what it needs, and which tags may be published.

Both files are built and installed in `tests/engine/test_distribution.py`.
"""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import pulumi_tione

ROOT = Path(__file__).parents[2]
VERSION = pulumi_tione.__version__
REPOSITORY = "https://github.com/pulumi-tione/pulumi-tione"
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `setup.py` declares."""
    declared: dict[str, Any] = {}
    setuptools = SimpleNamespace(setup=lambda **arguments: declared.update(arguments), find_packages=lambda **_: [])
    monkeypatch.setitem(sys.modules, "setuptools", setuptools)
    runpy.run_path(str(ROOT / "setup.py"))
    return declared


def test_the_long_description_has_no_relative_link(metadata: dict[str, Any]) -> None:
    text = metadata["long_description"]
    assert "## Quickstart" in text
    targets = re.findall(r"\]\(([^)\s]*)\)", FENCED.sub("", text))
    assert len(targets) > 20
    assert [target for target in targets if not target.startswith("https://")] == []


def test_every_file_to_which_the_long_description_links_exists(metadata: dict[str, Any]) -> None:
    files = re.findall(rf"\]\({REPOSITORY}/(blob|raw)/v{re.escape(VERSION)}/([^)#]+)", metadata["long_description"])
    assert {kind for kind, _ in files} == {"blob", "raw"}
    for kind, name in files:
        assert (ROOT / name).exists(), name
        assert (Path(name).suffix in (".svg", ".png")) == (kind == "raw")


def test_the_code_of_the_long_description_is_that_of_the_readme(metadata: dict[str, Any]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert FENCED.findall(metadata["long_description"]) == FENCED.findall(readme) != []


def test_the_metadata_leads_to_documentation_source_changelog_and_issues(metadata: dict[str, Any]) -> None:
    links = metadata["project_urls"]
    assert {*links} == {"Documentation", "Source", "Changelog", "Issues"}
    for link in (metadata["url"], *links.values()):
        repository, _, file = link.partition(f"/blob/v{VERSION}/")
        assert repository.removesuffix("/issues") == REPOSITORY
        assert (ROOT / file).exists()
    assert {"pulumi", "tencentcloud", "tione"} <= {*metadata["keywords"]}
    classifiers = metadata["classifiers"]
    assert len(classifiers) == len({*classifiers}) > 10
    oldest = metadata["python_requires"].removeprefix(">=")
    assert f"Programming Language :: Python :: {oldest}" in classifiers


WITHOUT_THE_EXTRA = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"aiohttp", "trustme", "cryptography"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])
sys.meta_path.insert(0, Blocker())
import importlib, pkgutil, pulumi_tione
modules = pkgutil.walk_packages(pulumi_tione.__path__, "pulumi_tione.", onerror=lambda name: None)
names = [module.name for module in modules]
names = [name for name in names if not name.startswith("pulumi_tione.emulator.") and not name.endswith("__main__")]
for name in [*names, "pulumi_tione.emulator.pytest_plugin"]:
    importlib.import_module(name)
for name in pulumi_tione.__all__:
    getattr(pulumi_tione, name)
from pulumi_tione.cli import main
try:
    main(["emulator"])
except SystemExit as end:
    print(len(names), end.code)
"""


def test_the_package_without_its_extra_needs_nothing_of_the_emulator() -> None:
    command = [sys.executable, "-c", WITHOUT_THE_EXTRA]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    modules, code = map(int, ran.stdout.split())
    assert modules > 100
    assert code == 2
    assert "pip install '.[emulator]'" in ran.stderr


CHANGELOG = f"# Changelog\n\n## Unreleased\n\n## {VERSION} - 2026-12-01\n\n### Added\n"


@pytest.fixture
def reasons_against(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.syspath_prepend(str(ROOT))
    from tools.release import check_tag

    return check_tag.reasons_against


@pytest.mark.parametrize(
    ("tag", "repository", "changelog", "reason"),
    [
        (f"v{VERSION}", REPOSITORY, CHANGELOG, None),
        (VERSION, REPOSITORY, CHANGELOG, "the tag is"),
        (f"v{VERSION}.1", REPOSITORY, CHANGELOG, "the tag is"),
        (f"v{VERSION}", "https://github.com/someone/fork", CHANGELOG, "the repository is"),
        (f"v{VERSION}", REPOSITORY, CHANGELOG.replace(" - 2026-12-01", ""), "CHANGELOG.md has no heading"),
        (f"v{VERSION}", REPOSITORY, CHANGELOG.replace(VERSION, f"{VERSION}.1"), "CHANGELOG.md has no heading"),
    ],
)
def test_only_the_tag_of_the_version_is_published_from_the_repository_of_the_package(
    tag: str, repository: str, changelog: str, reason: str | None, reasons_against: Callable[..., Iterator[str]]
) -> None:
    reasons = [*reasons_against(tag, repository, changelog)]
    assert len(reasons) == (0 if reason is None else 1)
    assert all(each.startswith(str(reason)) for each in reasons)


def test_the_oldest_dependencies_are_those_that_setup_py_allows(
    metadata: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from tools.versions import run

    required = [*metadata["install_requires"], *metadata["extras_require"]["emulator"]]
    oldest = [re.split(",", requirement)[0].replace(">=", "==") for requirement in required]
    assert sorted(run.oldest_dependencies()) == sorted(oldest)
