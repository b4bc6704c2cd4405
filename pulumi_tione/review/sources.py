"""Where a program declares its tasks, for those that a preview does not come to: found in the files of the project.

At most 200 files are read. A task whose name is not a literal, or is in several places, has no source.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pulumi_tione.review.preview import Preview, Source

_MAX_FILES = 200
_OTHER_FOLDERS = ("venv", "node_modules", "site-packages", "__pycache__")


def with_sources(preview: Preview, folder: Path) -> Preview:
    """Return a preview with a source for each message that is about a task, if the program can be found.

    The engine names no line for a task that check has refused.
    """
    declared = {step.urn for step in preview.steps if step.new_inputs}
    if not any(each.resource and each.urn not in declared for each in preview.diagnostics) or not _is_project(folder):
        return preview
    sources = _declared_tasks(folder)
    located = [
        each if each.urn in declared else replace(each, source=sources.get(each.resource, each.source))
        for each in preview.diagnostics
    ]
    return replace(preview, diagnostics=located)


def path_in_repository(folder: Path) -> str:
    """Return the path of a project's folder in its Git repository, with a slash at its end; empty at its root."""
    absolute = folder.resolve()
    root = next((each for each in (absolute, *absolute.parents) if (each / ".git").exists()), None)
    if root is None or root == absolute or not _is_project(folder):
        return ""
    return f"{absolute.relative_to(root).as_posix()}/"


def _is_project(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("Pulumi.yaml", "Pulumi.yml"))


def _declared_tasks(folder: Path) -> Mapping[str, Source]:
    """Return where each task is declared whose name is a literal that stands in one place."""
    found: dict[str, list[Source]] = {}
    for number, path in enumerate(_programs(folder)):
        if number >= _MAX_FILES:
            break
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            name = _task_name(node)
            if name is not None and isinstance(node, ast.Call):
                found.setdefault(name, []).append(Source(path.relative_to(folder).as_posix(), node.lineno))
    return {name: places[0] for name, places in found.items() if len(places) == 1}


def _programs(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _OTHER_FOLDERS)
        yield from (Path(root) / each for each in sorted(files) if each.endswith(".py"))


def _task_name(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    names = [*node.args[:1], *(each.value for each in node.keywords if each.arg == "resource_name")]
    if function != "TrainingTask" or not names or not isinstance(names[0], ast.Constant):
        return None
    return names[0].value if isinstance(names[0].value, str) else None
