"""The Pulumi project of an environment, and the configuration that an environment takes from a template.

Nothing is written into the project's folder: the configuration is a temporary file, for as long as a command runs.

The template is the stack whose configuration file is used: `dev` unless `--template` names another one. Settings of
tasks are read in `_config/settings.py`.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pulumi_tione.environments.processes import is_left_by_dead_process, temporary_prefix
from pulumi_tione.errors import TioneError

DEFAULT_TEMPLATE = "dev"
ENVIRONMENT_SETTING = "tione:environment"
_LABELS_SETTING = "tione:labels"
_SETTINGS = ("tione:", "tencentcloud:")
_KIND = "config"
_SUFFIXES = (".json", ".yaml", ".yml")
"""The forms of a project's file, in the order in which Pulumi looks for them. The files of its stacks have the same."""
_PATHS = ("PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_HOME")
"""The variables of the Pulumi CLI with paths, apart from the backend."""
_CAN_DECRYPT = ("encryptionsalt", "encryptedkey")


class ProjectError(TioneError):
    """There is no such project, or no such template."""


class _Loader(yaml.SafeLoader):
    """Reads YAML as Pulumi does: `yes` and `20:30` are strings, and so are dates."""

    # Not those of its base class.
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  typeshed has no ClassVar


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN"),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("tag:yaml.org,2002:merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), [*_first, *("",) * (_first == "~nN")])


class _Dumper(yaml.SafeDumper):
    """Writes YAML that `_Loader` reads."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


@dataclass(frozen=True)
class Project:
    """A Pulumi project."""

    file: Path
    """Its Pulumi.yaml."""
    name: str
    settings: Mapping[str, Any]
    """The content of that file."""

    @property
    def folder(self) -> Path:
        return self.file.parent

    @classmethod
    def read(cls, folder: Path) -> Project:
        """Read the project in a folder, or in one of its parents, as Pulumi does.

        Raises:
            ProjectError: there is none, or its file cannot be read.
        """
        absolute = folder.absolute()
        for candidate in (absolute, *absolute.parents):
            for file in (candidate / f"Pulumi{suffix}" for suffix in _SUFFIXES):
                if file.is_file():
                    settings = _content(file)
                    if not isinstance(settings.get("name"), str):
                        raise ProjectError(f"{file} does not name a project")
                    return cls(file, settings["name"], settings)
        raise ProjectError(f"there is no Pulumi.yaml in {absolute} or above. Run it in a project, or add --cwd")

    def template_file(self, template: str) -> Path:
        """Return the file with the configuration of a template."""
        return self._config_folder / f"Pulumi.{template}{self.file.suffix}"

    @property
    def template_files(self) -> dict[str, Path]:
        """The files with the configuration of a stack, by its name."""
        start, end = "Pulumi.", self.file.suffix
        found = self._config_folder.glob(f"{start}*{end}")
        return {each.name[len(start) : -len(end)]: each for each in sorted(found) if each.name != start[:-1] + end}

    @property
    def _config_folder(self) -> Path:
        config = self.settings.get("config")
        configured = self.settings.get("stackConfigDir") or (config if isinstance(config, str) else "")  # its old name
        return self.folder / str(configured)

    @property
    def default_config(self) -> dict[str, Any]:
        """The settings in the project's file, which apply to every stack that does not set them."""
        config = self.settings.get("config")
        return dict(_settings(config)) if isinstance(config, Mapping) else {}

    def plain_config(self, template: str) -> dict[str, Any] | None:
        """Return the settings in a template's file, in the form of `Pulumi.config`; None if one of them is encrypted.

        Raises:
            ProjectError: the file cannot be read.
        """
        path = self.template_file(template)
        config = _content(path).get("config") if template and path.is_file() else None
        settings = dict(_settings(config)) if isinstance(config, Mapping) else {}
        if _has_secrets(settings):
            return None
        defaults = {
            key: each["value"] if isinstance(each, Mapping) and "value" in each else each
            for key, each in self.default_config.items()
        }
        return {
            key: {"value": value if isinstance(value, str) else json.dumps(value)}
            for key, value in {**defaults, **settings}.items()
        }

    def link_untracked(self, source: Project) -> None:
        """Make the virtual environment of another working tree of the project available in this one."""
        runtime = self.settings.get("runtime")
        options = runtime.get("options") if isinstance(runtime, Mapping) else None
        virtualenv = options.get("virtualenv") if isinstance(options, Mapping) else None
        if not isinstance(virtualenv, str) or Path(virtualenv).is_absolute():
            return
        target, link = (source.folder / virtualenv).resolve(), self.folder / virtualenv
        if target.exists() and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target, target_is_directory=True)

    def copy_untracked_templates(self, source: Project) -> None:
        """Copy the configuration files that another working tree has, and this one lacks: git may ignore them."""
        for name, path in source.template_files.items():
            target = self.template_file(name)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)


class Configuration:
    """A temporary folder with the configuration of an environment, and with a project in which stacks are created.

    Args:
        project: the project.
        backend: the address of the backend, in absolute form.
        stack: the name of the stack.
    """

    def __init__(self, project: Project, backend: str, stack: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=temporary_prefix(_KIND)))
        self._stack = stack
        self.has_template = False
        """Whether the configuration is that of a template."""
        # `pulumi stack init` writes a file next to Pulumi.yaml.
        minimal = {"name": project.name, "runtime": "python", "backend": {"url": backend}}
        with_defaults = {**minimal, "config": project.default_config}
        (self._folder / "Pulumi.yaml").write_text(yaml.safe_dump(with_defaults), encoding="utf-8")
        self.file.write_text("{}\n", encoding="utf-8")

    @property
    def folder(self) -> Path:
        """The folder in which a stack is created."""
        return self._folder

    @property
    def file(self) -> Path:
        """The file for the option `--config-file`."""
        return self._folder / f"Pulumi.{self._stack}.yaml"

    def take_from(self, project: Project, template: str, environment: str) -> None:
        """Take the configuration of a template, and add the id of the environment.

        Raises:
            ProjectError: there is no such template, or only another stack can decrypt its secrets.
        """
        path = project.template_file(template)
        if not path.is_file():
            known = sorted(project.template_files)
            hint = f" (there is {', '.join(known)})" if known else ""
            raise ProjectError(f"there is no {path}. Choose a template with --template{hint}")
        settings = _content(path)
        if _has_secrets(settings.get("config")) and not any(settings.get(key) for key in _CAN_DECRYPT):
            raise ProjectError(
                f"the secrets in {path} can only be decrypted for the stack {template!r}. Give the template a secrets "
                f"provider of its own: `pulumi stack change-secrets-provider --stack {template} passphrase`"
            )
        # Tasks without labels could not be found again.
        self.file.write_text(_with_config(path, {_LABELS_SETTING: None, ENVIRONMENT_SETTING: environment}), "utf-8")
        self.has_template = True

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def with_absolute_paths(environment: Mapping[str, str], project: Path) -> dict[str, str]:
    """Return environment variables for the Pulumi CLI in any working directory: no path in them is relative.

    Args:
        environment: the variables, with paths that are relative to the working directory or to the project.
        project: the folder of the project.
    """
    paths = {name: Path(environment[name]) for name in _PATHS if environment.get(name)}
    here = {name: path if path.expanduser().exists() else project / path for name, path in paths.items()}
    return {**environment, **{name: str(path.expanduser().absolute()) for name, path in here.items()}}


def remove_dead_folders() -> None:
    """Remove the temporary configurations that killed commands have left on this machine."""
    for folder in Path(tempfile.gettempdir()).glob("pulumi-tione-*"):
        if is_left_by_dead_process(folder.name, _KIND):
            shutil.rmtree(folder, ignore_errors=True)


def _content(path: Path) -> dict[str, Any]:
    """Return the map in a file.

    Raises:
        ProjectError: it cannot be read, or has something else.
    """
    try:
        content = yaml.load(_text(path), _Loader)  # noqa: S506  it is a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not isinstance(content.get("config") or {}, dict | str):
        raise ProjectError(f"{path} is not a map of settings")
    return content


def _text(path: Path) -> str:
    """Return the YAML in a file. JSON is a part of YAML, except that it may be indented by tabs."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return json.dumps(json.loads(text), ensure_ascii=False) if path.suffix == ".json" else text
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> ProjectError:
    return ProjectError(f"{path} cannot be read: {' '.join(str(error).split())}")


def _with_config(path: Path, changes: Mapping[str, str | None]) -> str:
    """Return the YAML of a file with other values in its config. Everything else stays as it is written.

    Args:
        path: the file, which can be read.
        changes: the values by key; None removes a key.
    """
    root = yaml.compose(_text(path), _Loader) or yaml.MappingNode("tag:yaml.org,2002:map", [])
    config = next((value for key, value in root.value if key.value == "config"), None)
    entries = [(key, value) for key, value in _entries(config) if key.value not in changes]
    for name, text in changes.items():
        if text is not None:
            entries.append((_string(name), _string(text)))
    key, new = _string("config"), yaml.MappingNode("tag:yaml.org,2002:map", entries)
    root.value = [(key, new), *((key, value) for key, value in root.value if key.value != "config")]
    return str(yaml.serialize(root, Dumper=_Dumper, allow_unicode=True))


def _string(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style='"')


def _entries(node: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    return iter(node.value if isinstance(node, yaml.MappingNode) else ())


def _settings(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a config sets for this package and the vendor's."""
    return ((str(key), value) for key, value in config.items() if str(key).startswith(_SETTINGS))


def _has_secrets(config: Any) -> bool:
    if isinstance(config, Mapping):
        return set(config) == {"secure"} or any(_has_secrets(value) for value in config.values())
    return isinstance(config, list) and any(_has_secrets(value) for value in config)
