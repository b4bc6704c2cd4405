"""The documentation lists everything that is public, and every page is in the site."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

import pulumi_tione
from pulumi_tione import cli, errors
from pulumi_tione._api.sdk import EMULATOR_HINT
from pulumi_tione._config import settings
from pulumi_tione._config.sources import NO_CREDENTIALS
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Struct
from pulumi_tione._wait import messages as wait_messages
from pulumi_tione.emulator.command import argument_parser
from pulumi_tione.lifecycle import check_rules
from pulumi_tione.lifecycle.diff import IN_PLACE

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference"


def text(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def row(page: str, heading: str, name: str) -> str:
    """Return the row of a table under a heading."""
    section = re.split(r"^#+ ", text(page).partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    [line] = [line for line in section.splitlines() if line.startswith(f"| `{name}`")]
    return line


def structs(struct: Struct = TRAINING_TASK) -> Iterator[Struct]:
    yield struct
    for field in struct.fields.values():
        inner = field.type.item if isinstance(field.type, (ListOf, MapOf)) else field.type
        if isinstance(inner, Struct):
            yield from structs(inner)


def commands(command: click.Command = cli.main, name: str = "pulumi-tione") -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for each, child in command.commands.items():
            yield from commands(child, f"{name} {each}")


def test_the_reference_lists_every_public_name() -> None:
    headings = re.findall(
        r"^#+ (\S+)$", "\n".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md")), re.MULTILINE
    )
    listed = {*headings, *(f"{name}_output" for name in headings)}
    assert {*pulumi_tione.__all__} - listed - {"TrainingTask", "Settings"} == set()
    assert "`tione.Settings` is a shorter name for it." in text("arguments.md")
    assert "keyword argument of `tione.TrainingTask`" in text("arguments.md")


@pytest.mark.parametrize("struct", [*structs()], ids=lambda struct: str(struct.name))
def test_the_reference_lists_every_argument_with_its_name_in_the_api(struct: Struct) -> None:
    for field in struct.fields.values():
        line = row("arguments.md", f"{struct.name}Args", field.name)
        assert ("**required**" in line) == field.required
        assert not field.sent or line.endswith(f"| `{field.wire}` |")


def test_the_reference_shows_what_a_change_of_each_argument_does() -> None:
    for field in TRAINING_TASK.fields.values():
        line = row("arguments.md", "TrainingTaskArgs", field.name)
        expected = "| in place" if field.property in IN_PLACE or field.property == "settings" else "| **replaces** |"
        assert expected in line


def test_the_reference_lists_every_output() -> None:
    for field in TRAINING_TASK.outputs.values():
        assert row("outputs.md", "Outputs of a training task", field.name)


def shown_text(docstring: object) -> str:
    """Return a text of `help()` as a table of the reference has it: in one line, without the parameter's API name."""
    line = " ".join(str(docstring).split()).replace("|", "\\|")
    return re.sub(r" \(`\w+`\)\.$", ".", line)


@pytest.mark.parametrize("name", [field.name for field in TRAINING_TASK.fields.values()])
def test_help_of_a_task_shows_the_text_of_the_reference(name: str) -> None:
    documentation = getattr(pulumi_tione.TrainingTask, name).__doc__
    assert shown_text(documentation) in row("arguments.md", "TrainingTaskArgs", name)


@pytest.mark.parametrize("field", TRAINING_TASK.outputs.values(), ids=lambda field: str(field.name))
def test_help_of_an_output_shows_the_text_of_the_reference(field: Field) -> None:
    documentation = " ".join(str(getattr(pulumi_tione.TrainingTask, field.name).__doc__).split())
    assert f"| {documentation} |" in row("outputs.md", "Outputs of a training task", field.name)


@pytest.mark.parametrize("struct", [*structs()], ids=lambda struct: str(struct.name))
def test_help_of_an_args_class_shows_the_texts_of_the_reference(struct: Struct) -> None:
    documentation = inspect.getdoc(getattr(pulumi_tione, f"{struct.name}Args")) or ""
    listed = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", documentation, re.MULTILINE)
    assert [name for name, _ in listed] == [field.name for field in struct.fields.values()]
    for name, meaning in listed:
        line = row("arguments.md", f"{struct.name}Args", name)
        assert meaning.startswith("(required) ") == ("**required**" in line)
        assert shown_text(meaning.removeprefix("(required) ")) in line


@pytest.mark.parametrize("name", [name for name in pulumi_tione.__all__ if name.startswith("get_")])
def test_help_of_a_function_shows_the_text_of_the_reference(name: str) -> None:
    section = text("functions.md").partition(f"\n## {name.removesuffix('_output')}\n")[2].partition("\n## ")[0]
    documentation = inspect.getdoc(getattr(pulumi_tione, name)) or ""
    if name.endswith("_output"):
        assert f"`{name}` takes Inputs and returns an Output." in section
        assert f"`{name.removesuffix('_output')}`" in documentation
        return
    summary, *sections = documentation.split("\n\n")
    assert summary in section
    parameters = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", "\n\n".join(sections), re.MULTILINE)
    assert len(parameters) > 1
    shown = " ".join(section.split())
    assert [each for each, meaning in parameters if shown_text(meaning)[1:] not in shown] == []


def test_the_reference_lists_every_error() -> None:
    for name in errors.__all__:
        assert f"| `{name}` |" in text("errors-in-python.md")


@pytest.mark.parametrize(("name", "command"), [*commands()], ids=str)
def test_the_reference_lists_every_option_of_every_command(name: str, command: click.Command) -> None:
    assert re.search(rf"^#+ {name}$", text("cli.md"), re.MULTILINE)
    section = re.split(r"^#+ ", text("cli.md").partition(f"# {name}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    for parameter in command.params:
        shown = [*parameter.opts, *parameter.secondary_opts] if isinstance(parameter, click.Option) else []
        assert all(option in section for option in shown)


def test_the_reference_lists_every_option_of_the_emulator() -> None:
    section = text("cli.md").partition("# pulumi-tione emulator\n")[2].partition("\n#")[0]
    options = re.findall(r"--[a-z-]+", argument_parser("emulator").format_usage())
    assert options
    assert [option for option in options if option not in section] == []


def test_the_page_on_settings_names_every_setting_and_its_environment_variable() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert [name for name in settings._SETTINGS if f"tione:{name}" not in page] == []
    # The page shortens the variables that begin as the first one in a row does.
    beginnings = ("TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY", "TENCENTCLOUD_ASSUME_ROLE")

    def is_named(variable: str) -> bool:
        shortened = [f"…{variable.removeprefix(each)}" for each in beginnings if variable.startswith(each)]
        return any(f"`{form}`" in page for form in (variable, *shortened))

    assert [variable for variable in settings._ENVIRONMENT_NAMES.values() if not is_named(variable)] == []


def test_the_site_has_every_page() -> None:
    config = yaml.safe_load((DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"))

    def pages(entries: list[dict[str, object]]) -> Iterator[str]:
        for entry in entries:
            for value in entry.values():
                yield from [value] if isinstance(value, str) else pages(value)  # type: ignore[arg-type]

    decisions = {page for page in DOCS.glob("decisions/*.md") if page.name != "README.md"}  # in their list, see below
    existing = {str(page.relative_to(DOCS)) for page in {*DOCS.rglob("*.md")} - decisions}
    assert {*pages(config["nav"])} == existing


def test_the_list_of_decisions_has_each_with_its_number_its_title_and_a_line() -> None:
    folder = DOCS / "decisions"
    rows = re.findall(
        r"^\| (\d+) \| \[(.+?)\]\((.+?)\) \| \S.+ \|$", (folder / "README.md").read_text(encoding="utf-8"), re.M
    )
    pages = sorted(page for page in folder.glob("*.md") if page.name != "README.md")
    titles = [page.read_text(encoding="utf-8").partition("\n")[0] for page in pages]
    assert [(f"# {number}. {title}", name) for number, title, name in rows] == [
        (title, page.name) for title, page in zip(titles, pages, strict=True)
    ]


def test_the_page_on_permissions_lists_every_action_that_the_client_calls() -> None:
    source = (DOCS.parent / "pulumi_tione" / "_api" / "client.py").read_text(encoding="utf-8")
    called = {*re.findall(r"_(?:call|query|pages|tag_service)\(\s*\"([A-Z]\w+)\"", source), "DescribeTrainingTasks"}
    page = (DOCS / "guide" / "real-service.md").read_text(encoding="utf-8")
    assert len(called) > 15
    assert {action for action in called if not re.search(rf":{action}`", page)} == set()


QUOTED = {
    "waiting": [
        wait_messages.REPLACE,
        wait_messages.SET_RERUNS,
        wait_messages.ended("training task 'dev-bert-07a34781' (train-1574988344805294080)", "FAILED", "", "SUCCEED"),
    ],
    "time-limits": [
        wait_messages.RAISE_LIMIT,
        wait_messages.RERUN_AT_LIMIT,
        wait_messages.ended_by_time_limit(43_200).removeprefix("; "),
        "`sh -c … pulumi-tione-time-limit-1 … 43200 'python train.py'`",
    ],
    "stopping-overnight": [check_rules.replaced_stopped(["remark"]), check_rules.STARTED_AGAIN],
    "troubleshooting": [
        NO_CREDENTIALS,
        EMULATOR_HINT,
        "set tione:caBundle or REQUESTS_CA_BUNDLE to its file (SSL_CERT_FILE is not read)",
    ],
}
"""The sentences of the package that a page of the guide shows."""


@pytest.mark.parametrize(("page", "sentences"), QUOTED.items())
def test_a_page_quotes_the_sentences_that_the_package_prints(page: str, sentences: list[str]) -> None:
    shown = " ".join((DOCS / "guide" / f"{page}.md").read_text(encoding="utf-8").split())
    assert [sentence for sentence in sentences if sentence not in shown] == []


PREAMBLE = """\
from datetime import timedelta
from typing import Any
import pulumi
import pulumi_tione as tione

def run_my_program(**environment: str) -> None: ...

arguments: Any
vpc: Any
subnet: Any
"""
"""What a reader knows from the text around a block."""


def test_every_python_block_of_the_documentation_passes_a_type_checker(tmp_path: Path) -> None:
    pages = [DOCS.parent / "README.md", *DOCS.glob("*.md"), *DOCS.glob("guide/*.md")]
    pages.remove(DOCS / "previews.md")  # its programs have mistakes, to show what a preview reports
    files = []
    for page in pages:
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for number, block in enumerate(blocks, 1):
            file = tmp_path / f"{page.stem.replace('-', '_')}_{number}.py"
            preamble = PREAMBLE + "task: tione.TrainingTask\ndone: tione.TrainingTask\n"
            own = {line.split(" = ")[0].split(":")[0] for line in block.splitlines()}
            kept = [line for line in preamble.splitlines() if line.split(":")[0] not in own]
            file.write_text("\n".join([*kept, block]), encoding="utf-8")
            files.append(str(file))
    assert len(files) > 15
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--ignore-missing-imports",
        "--allow-untyped-defs",
        "--allow-incomplete-defs",
        "--allow-untyped-calls",
        "--check-untyped-defs",
        "--no-error-summary",
        "--no-pretty",
        *files,
    ]
    checked = subprocess.run(command, cwd=DOCS.parent, stdout=subprocess.PIPE, text=True, check=False)
    assert checked.stdout.replace(f"{tmp_path}/", "") == ""


def test_the_first_programs_are_the_quickstart() -> None:
    example = (DOCS.parent / "examples" / "quickstart" / "__main__.py").read_text(encoding="utf-8")
    program = example.partition('"""\n\n')[2]
    for page in ("README.md", "README.zh-CN.md", "docs/index.md", "docs/guide/first-task.md", "docs/zh/first-task.md"):
        first = (DOCS.parent / page).read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
        assert first == program, page


TRANSLATIONS = {
    "README.zh-CN.md": "README.md",
    "docs/zh/index.md": "docs/index.md",
    **{f"docs/zh/{page.name}": f"docs/guide/{page.name}" for page in sorted(DOCS.glob("guide/*.md"))},
}
"""The pages in Chinese and their originals: the README, the home page and the whole guide."""


@pytest.mark.parametrize(("translation", "original"), TRANSLATIONS.items())
def test_a_translation_has_the_headings_code_and_names_of_its_original(translation: str, original: str) -> None:
    left, right = ((DOCS.parent / name).read_text(encoding="utf-8") for name in (translation, original))
    fenced = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    assert fenced.findall(left) == fenced.findall(right)
    left, right = fenced.sub("", left), fenced.sub("", right)
    levels = re.compile(r"^#+", re.MULTILINE)
    assert levels.findall(left) == levels.findall(right)
    # The same commands, arguments and settings are named, however the sentences differ.
    names = re.compile(r"`[^`]+`")
    assert {*names.findall(left)} == {*names.findall(right)}


@pytest.mark.parametrize(("translation", "original"), TRANSLATIONS.items())
def test_a_page_and_its_translation_link_to_each_other(translation: str, original: str) -> None:
    left, right = DOCS.parent / translation, DOCS.parent / original
    to_original, to_translation = (os.path.relpath(to, of.parent) for to, of in ((right, left), (left, right)))
    assert left.read_text(encoding="utf-8").split("\n\n")[1] == f"[English]({to_original}) | 简体中文"
    assert right.read_text(encoding="utf-8").split("\n\n")[1] == f"English | [简体中文]({to_translation})"


@pytest.mark.parametrize("translation", TRANSLATIONS)
def test_a_translation_has_no_paragraph_in_english(translation: str) -> None:
    text = (DOCS.parent / translation).read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$|<!--.*?-->|`[^`]*`|\]\([^)]*\)", "", text, flags=re.MULTILINE | re.DOTALL)
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n\n+|\n(?=[-|] )", prose)]
    assert [
        each for each in paragraphs if len(re.findall("[A-Za-z]{2,}", each)) > 6 and not re.search("[一-鿿]", each)
    ] == []


@pytest.mark.parametrize("translation", TRANSLATIONS)
def test_a_translation_leads_to_translations(translation: str) -> None:
    page = DOCS.parent / translation
    text = page.read_text(encoding="utf-8").split("\n\n", 2)[2]
    linked = {(page.parent / link).resolve() for link in re.findall(r"\]\(([^)#:]+\.md)", text)}
    assert linked & {(DOCS.parent / original).resolve() for original in TRANSLATIONS.values()} == set()


def test_every_chinese_page_is_a_translation() -> None:
    pages = {str(page.relative_to(DOCS.parent)) for page in (*DOCS.glob("zh/*.md"), *DOCS.parent.glob("*.zh-CN.md"))}
    assert pages == {*TRANSLATIONS}
