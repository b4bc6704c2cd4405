"""The project of an environment, and the configuration that it takes from a template."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pulumi_tione.environments.project import Configuration, Project, ProjectError, with_absolute_paths

AS_PULUMI_READS_IT = """\
encryptionsalt: v1:c2FsdA==
config:
  tione:region: ap-guangzhou  # where
  tione:labels: false
  app:start: 20:30
  app:answer: no
  app:date: 2024-99-99
  app:version: 1.10
  app:exponent: 1e3
  app:hex: 0x1F
  app:quoted: "012"
  app:text: |
    one
     two
  app:map: &map {on: off, at: [20:30, yes]}
  app:alias: *map
  app:token:
    secure: v1:YQ==
"""


def project_in(folder: Path, file: str = "Pulumi.yaml", content: str = "name: nlp\nruntime: python\n") -> Project:
    (folder / file).write_text(content, encoding="utf-8")
    return Project.read(folder)


def taken_from(project: Project, template: str = "dev") -> str:
    """Return the configuration of an environment, as text."""
    configuration = Configuration(project, "file:///backend", "env-x-01234567")
    try:
        configuration.take_from(project, template, "4f2a")
        return configuration.file.read_text(encoding="utf-8")
    finally:
        configuration.remove()


def test_every_value_of_the_template_stays_as_it_is_written(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.template_file("dev").write_text(AS_PULUMI_READS_IT, encoding="utf-8")
    as_text = yaml.load(taken_from(project), yaml.BaseLoader)  # noqa: S506  every scalar as it is written
    expected = yaml.load(AS_PULUMI_READS_IT, yaml.BaseLoader)  # noqa: S506
    del expected["config"]["tione:labels"]
    assert as_text == {**expected, "config": {**expected["config"], "tione:environment": "4f2a"}}
    lines = taken_from(project).splitlines()
    for plain in ("app:start: 20:30", "app:answer: no", "app:version: 1.10", "app:exponent: 1e3"):
        assert f"  {plain}" in lines
    assert any(line.startswith("  app:quoted: ") and line[14:] in ('"012"', "'012'") for line in lines)


@pytest.mark.parametrize("content", ["", "config:\n", "config: {}\n", "encryptionsalt: v1:c2FsdA==\n"])
def test_a_template_without_config_is_one(content: str, tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.template_file("dev").write_text(content, encoding="utf-8")
    assert yaml.safe_load(taken_from(project))["config"] == {"tione:environment": "4f2a"}


def test_an_environment_that_the_template_sets_is_not_that_of_the_branch(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.template_file("dev").write_text("config:\n  tione:environment: mine\n", encoding="utf-8")
    assert yaml.safe_load(taken_from(project))["config"] == {"tione:environment": "4f2a"}


@pytest.mark.parametrize(
    ("file", "content", "template", "settings"),
    [
        ("Pulumi.yml", "name: nlp\nruntime: python\n", "Pulumi.dev.yml", "config:\n  app:a: '1'\n"),
        ("Pulumi.json", '{\n\t"name": "nlp"}', "Pulumi.dev.json", '{\n\t"config": {"app:a": "1"}}'),
        ("Pulumi.yaml", "name: nlp\nconfig: stacks\n", "stacks/Pulumi.dev.yaml", "config: {app:a: '1'}"),
        ("Pulumi.yaml", "name: nlp\nstackConfigDir: a/b\n", "a/b/Pulumi.dev.yaml", "\ufeffconfig: {app:a: '1'}"),
    ],
)
def test_templates_are_where_pulumi_has_the_files_of_stacks(
    file: str, content: str, template: str, settings: str, tmp_path: Path
) -> None:
    project = project_in(tmp_path, file, content)
    (tmp_path / template).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / template).write_text(settings, encoding="utf-8")
    assert list(project.template_files) == ["dev"]
    assert yaml.safe_load(taken_from(project))["config"] == {"app:a": "1", "tione:environment": "4f2a"}
    with pytest.raises(ProjectError, match=r"Choose a template with --template \(there is dev\)"):
        taken_from(project, "prod")


def test_templates_that_git_ignores_are_copied_into_another_working_tree(tmp_path: Path) -> None:
    here, working_tree = tmp_path / "here", tmp_path / "there"
    for folder in (here, working_tree):
        folder.mkdir()
        project_in(folder, "Pulumi.yml", "name: nlp\nstackConfigDir: stacks\n")
    Project.read(here).template_file("dev").parent.mkdir()
    Project.read(here).template_file("dev").write_text("config:\n", encoding="utf-8")
    Project.read(working_tree).copy_untracked_templates(Project.read(here))
    assert list(Project.read(working_tree).template_files) == ["dev"]


def test_settings_in_the_file_of_the_project_apply_unless_the_template_sets_them(tmp_path: Path) -> None:
    content = """\
name: nlp
runtime: python
config:
  tione:region: ap-shanghai
  tione:language: {value: zh-CN}
  tione:estimateCost: true
  instances: {type: integer}
"""
    project = project_in(tmp_path, content=content)
    project.template_file("dev").write_text("config:\n  tione:estimateCost: no\n", encoding="utf-8")
    assert project.plain_config("dev") == {
        "tione:region": {"value": "ap-shanghai"},
        "tione:language": {"value": "zh-CN"},
        "tione:estimateCost": {"value": "no"},
    }
    configuration = Configuration(project, "file:///backend", "env-x-01234567")
    minimal = yaml.safe_load((configuration.folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    configuration.remove()
    assert minimal["config"] == {
        "tione:region": "ap-shanghai",
        "tione:language": {"value": "zh-CN"},
        "tione:estimateCost": True,
    }


@pytest.mark.parametrize("content", ["a: [", "- a\n", "config: [1]\n", "config:\n  a: \x00\n", "a: !!python/none x\n"])
def test_a_file_that_cannot_be_read_is_named(content: str, tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.template_file("dev").write_text(content, encoding="utf-8")
    with pytest.raises(ProjectError, match=r"Pulumi\.dev\.yaml (cannot be read|is not a map)"):
        taken_from(project)


def test_no_path_in_the_environment_variables_stays_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, here = tmp_path / "project", tmp_path / "here"
    for folder in (project, here):
        folder.mkdir()
    monkeypatch.chdir(here)
    (here / "passphrase").touch()
    variables = {"PULUMI_CONFIG_PASSPHRASE_FILE": "passphrase", "PULUMI_HOME": "home", "OTHER": "a/b"}
    assert with_absolute_paths(variables, project) == {
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(here / "passphrase"),
        "PULUMI_HOME": str(project / "home"),
        "OTHER": "a/b",
    }
    (here / "passphrase").unlink()
    (project / "passphrase").touch()
    assert with_absolute_paths(variables, project)["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(project / "passphrase")
