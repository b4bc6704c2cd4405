"""Pages that lead from nothing to a task that ran: the quickstart of the README, and the first task of the guide.

Their blocks are read, so that tests and `make dist` run what a reader runs, without the installation.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

START = "pulumi-tione emulator"
"""The last line of the block that the reader runs in a second terminal."""
PORT = "http://127.0.0.1:9851"
INSTALL = "pip install '.[emulator]'"

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(r"^cp -r (examples/\w+) \.\./my-\w+$", re.MULTILINE)


@dataclass(frozen=True)
class Walkthrough:
    """What a page leads through.

    Attributes:
        example: the example that the reader copies, if the page does not show the project's files.
        files: the files that the page shows, by name.
        settings: the commands that point Pulumi to the local TI-ONE.
        commands: the other commands, in their order.
    """

    example: Path | None
    files: dict[str, str]
    settings: str
    commands: str

    @classmethod
    def read(cls, page: str, heading: str = "") -> Walkthrough:
        """Read a page, or one section of it, such as `## Quickstart`."""
        text = (ROOT / page).read_text(encoding="utf-8")
        if heading:
            text = text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
        blocks = _FENCED.findall(text)
        shell = [block for language, block in blocks if language == "sh"]
        install, start, settings, *commands = shell
        if INSTALL not in install or start.splitlines()[-1] != START or PORT not in settings:
            raise ValueError(f"{page} does not install the package, start the local TI-ONE and point Pulumi to it")
        example = _EXAMPLE.search(install)
        languages = {"yaml": "Pulumi.yaml", "python": "__main__.py"}
        files = {languages[language]: block for language, block in blocks if language in languages}
        return cls(ROOT / example[1] if example else None, files, settings, "".join(commands))

    def write(self, folder: Path, environment: Path) -> None:
        """Make the project, with a Python environment in which the package is installed."""
        if self.example:
            shutil.copytree(self.example, folder, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir()
            for name, text in self.files.items():
                (folder / name).write_text(text, encoding="utf-8")
        (folder / ".venv").symlink_to(environment)

    def script(self, endpoint: str) -> str:
        """Return the commands of the first terminal, for a local TI-ONE at another address."""
        return f"set -e\n{self.settings.replace(PORT, endpoint)}{self.commands}"


QUICKSTART = Walkthrough.read("README.md", "## Quickstart")
FIRST_TASK = Walkthrough.read("docs/guide/first-task.md")
