"""The Pulumi project of an environment, and the configuration that an environment takes from a template.

Nothing is written into the project's folder: the configuration is a temporary file, for as long as a command runs.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pulumi_tione.environments.processes import is_left_by_dead_process, temporary_prefix
from pulumi_tione.errors import TioneError

ENVIRONMENT_SETTING = "tione:environment"
_LABELS_SETTING = "tione:labels"
_SETTINGS = ("tione:", "tencentcloud:")
_KIND = "config"
_CAN_DECRYPT = ("encryptionsalt", "encryptedkey")


class ProjectError(TioneError):
    """There is no such project, or no such template."""


@dataclass(frozen=True)
class Project:
    """A Pulumi project."""

    folder: Path
    name: str
    settings: Mapping[str, Any]
    """The content of its Pulumi.yaml."""

    @classmethod
    def read(cls, folder: Path) -> Project:
        """Read the project in a folder, or in one of its parents, as Pulumi does.

        Raises:
            ProjectError: there is none, or its file cannot be read.
        """
        absolute = folder.absolute()
        for candidate in (absolute, *absolute.parents):
            for name in ("Pulumi.yaml", "Pulumi.yml"):
                if (candidate / name).is_file():
                    settings = _yaml(candidate / name)
                    if not isinstance(settings.get("name"), str):
                        raise ProjectError(f"{candidate / name} does not name a project")
                    return cls(candidate, settings["name"], settings)
        raise ProjectError(f"there is no Pulumi.yaml in {absolute} or above. Run it in a project, or add --cwd")

    def template_file(self, template: str) -> Path:
        """Return the file with the configuration of a template."""
        return self.folder / str(self.settings.get("stackConfigDir") or "") / f"Pulumi.{template}.yaml"

    def plain_config(self, template: str) -> dict[str, Any] | None:
        """Return the settings in a template's file, in the form of `Pulumi.config`; None if one of them is encrypted.

        Raises:
            ProjectError: the file cannot be read.
        """
        path = self.template_file(template)
        config = _yaml(path).get("config") if template and path.is_file() else None
        settings = {
            key: value
            for key, value in (config.items() if isinstance(config, Mapping) else ())
            if str(key).startswith(_SETTINGS)
        }
        if _has_secrets(settings):
            return None
        return {
            key: {"value": value if isinstance(value, str) else json.dumps(value)} for key, value in settings.items()
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
        for path in source.template_file("x").parent.glob("Pulumi.*.yaml"):
            target = self.template_file("x").parent / path.name
            if not target.exists():
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
        (self._folder / "Pulumi.yaml").write_text(yaml.safe_dump(minimal), encoding="utf-8")
        self._write({})

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
            known = sorted(each.name[len("Pulumi.") : -len(".yaml")] for each in path.parent.glob("Pulumi.*.yaml"))
            hint = f" (there is {', '.join(known)})" if known else ""
            raise ProjectError(f"there is no {path}. Choose a template with --template{hint}")
        settings = _yaml(path)
        if _has_secrets(settings.get("config")) and not any(settings.get(key) for key in _CAN_DECRYPT):
            raise ProjectError(
                f"the secrets in {path} can only be decrypted for the stack {template!r}. Give the template a secrets "
                f"provider of its own: `pulumi stack change-secrets-provider --stack {template} passphrase`"
            )
        config = dict(settings.get("config") or {})
        config.pop(_LABELS_SETTING, None)  # tasks without labels could not be found again
        self._write({**settings, "config": {**config, ENVIRONMENT_SETTING: environment}})
        self.has_template = True

    def _write(self, settings: Mapping[str, Any]) -> None:
        self.file.write_text(yaml.safe_dump(dict(settings), allow_unicode=True), encoding="utf-8")

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def remove_dead_folders() -> None:
    """Remove the temporary configurations that killed commands have left on this machine."""
    for folder in Path(tempfile.gettempdir()).glob("pulumi-tione-*"):
        if is_left_by_dead_process(folder.name, _KIND):
            shutil.rmtree(folder, ignore_errors=True)


def _yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProjectError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ProjectError(f"{path} is not a map of settings")
    return content


def _has_secrets(config: Any) -> bool:
    if isinstance(config, Mapping):
        return set(config) == {"secure"} or any(_has_secrets(value) for value in config.values())
    return isinstance(config, list) and any(_has_secrets(value) for value in config)
