"""A Pulumi project with a backend, a home and a stack of its own: nothing of the user's is read or changed."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ensure import engine_path

NEIGHBOURS = Path(__file__).resolve().parents[1] / "neighbours"
"""Where the stand-in for the plugin of `tencentcloud_iac_pulumi` lies."""

_NOT_INHERITED = ("TENCENTCLOUD_", "TIONE_", "TKE_", "PULUMI_")


def install_neighbours(home: Path) -> None:
    """Install the stand-in for the vendor's plugin into a home of Pulumi; on PATH, Pulumi would warn of it."""
    version = importlib.metadata.version("tencentcloud_iac_pulumi")
    plugin = home / "plugins" / f"resource-tencentcloud-v{version}" / "pulumi-resource-tencentcloud"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    plugin.write_text(f'#!/bin/sh\nexec {shlex.quote(str(NEIGHBOURS / plugin.name))} "$@"\n', encoding="utf-8")
    plugin.chmod(0o755)


class Workspace:
    """A project's stack, run by the real CLI.

    Args:
        project: the folder with Pulumi.yaml.
        folder: where backend, home and the neighbours' state go.
        endpoint: the local TI-ONE that the programs speak to.
        environment: what else the programs find in their environment.
    """

    def __init__(
        self, project: Path, folder: Path, endpoint: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.project = project
        backend, home, neighbours, user = (folder / name for name in ("backend", "home", "neighbours", "user"))
        for needed in (backend, home, neighbours, user):
            needed.mkdir(parents=True, exist_ok=True)
        foreign = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        install_neighbours(home)
        paths = (engine_path(), Path(sys.executable).parent, os.environ["PATH"])
        self.environment = {
            **foreign,
            "HOME": str(user),
            "PATH": os.pathsep.join(str(path) for path in paths),
            "PULUMI_BACKEND_URL": backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "local",
            # Otherwise every `up` first tries to download the vendor's plugin.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(home),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "TENCENTCLOUD_STANDIN_STATE": str(neighbours),
            "TENCENTCLOUD_REGION": "ap-guangzhou",
            "TENCENTCLOUD_SECRET_ID": "AKIDemulator",
            "TENCENTCLOUD_SECRET_KEY": "emulator",
            "TIONE_ENDPOINT": endpoint,
            **(environment or {}),
        }

    def start(self, *arguments: str, stdout: int | None = None) -> subprocess.Popen[str]:
        """Start the CLI, its errors going where its output goes."""
        return subprocess.Popen(
            ["pulumi", "--non-interactive", "--color=never", *arguments],
            executable=str(engine_path() / "pulumi"),
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the CLI to its end, and give its exit code and what it printed."""
        process = self.start(*arguments, stdout=subprocess.PIPE)
        output, _ = process.communicate()
        return process.returncode, output
