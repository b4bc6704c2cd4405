#!/usr/bin/env python3
"""Record what the code of a commit writes into states, for the tests that hold later versions to it.

    python tools/compat/record.py VERSION COMMIT [CASE …]

The commit is checked out next to this one and gets a virtual environment of its own; its package runs under the real
engine against today's local TI-ONE. What is kept, in `tests/compat/VERSION/CASE/`: the program, the stack's config,
the exported state, whose secrets are encrypted with the passphrase of the tests, and the requests by which its tasks
come about. A version that has been released is not recorded again.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "pulumi")]

from workspace import Workspace  # noqa: E402  see the line above

from pulumi_tione.emulator import Emulator  # noqa: E402
from tools.compat.cases import CASES, Case, write_profiles  # noqa: E402
from tools.compat.replay import WRITES  # noqa: E402

KEPT = ROOT / "tests" / "compat"
_PLACES = ("sourcePosition", "stackTrace")
_NEEDS_A_CLOUD_MACHINE = "cam_role_name"
_SETTLING_SECONDS = 300
"""After so long every task of the cases has the status that it keeps: it runs for days, or has failed."""


def main(arguments: Sequence[str]) -> int:
    version, commit, *names = arguments
    with _version(commit) as python:
        states = {name: _record(CASES[name], python, KEPT / version / name) for name in names or CASES}
        if not names:
            _check_every_field_is_there(python, states)
    return 0


@contextmanager
def _version(commit: str) -> Iterator[Path]:
    """Check a commit out, and yield the Python of a virtual environment that has its package."""
    with tempfile.TemporaryDirectory() as folder:
        tree, venv = Path(folder, "tree"), Path(folder, "venv")
        _run("git", "-C", str(ROOT), "worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            _run(sys.executable, "-m", "venv", str(venv))
            pip = (str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
            constraints = ("--constraint", str(tree / "tools" / "constraints.txt"))
            _run(*pip, *constraints, "--editable", str(tree))
            yield venv / "bin" / "python"
        finally:
            _run("git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree))


def _record(case: Case, python: Path, kept: Path) -> dict[str, Any]:
    """Bring a stack about, keep it, and return its state."""
    with tempfile.TemporaryDirectory() as folder, case.service() as service:
        project = Path(folder, "project")
        project.mkdir()
        (project / "Pulumi.yaml").write_text("name: test\nruntime: python\n", encoding="utf-8")
        workspace = Workspace(project, Path(folder), service.endpoint, {"PULUMI_PYTHON_CMD": str(python)})
        write_profiles(Path(workspace.environment["HOME"]), project)
        _pulumi(workspace, "stack", "init", "dev")
        for name, value in case.config.items():
            _pulumi(workspace, "config", "set", name, value)
        for name, value in case.secret_config.items():
            _pulumi(workspace, "config", "set", "--secret", name, value)
        program = _bring_about(case, workspace, service)
        state: dict[str, Any] = _without_places(json.loads(_pulumi(workspace, "stack", "export")))
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "program.txt").write_text(program, encoding="utf-8")
        (kept / "config.yaml").write_text((project / "Pulumi.dev.yaml").read_text("utf-8"), encoding="utf-8")
        _write_json(kept / "state.json", state)
        _write_json(kept / "service.json", _what_the_service_has(service))
        return state


def _bring_about(case: Case, workspace: Workspace, service: Emulator) -> str:
    """Run the case's updates, and return its program as it is after the last one."""
    program = case.program
    _up(workspace, program, fails=False)
    service.advance(_SETTLING_SECONDS)
    for step in case.steps:
        for old, new in step.edits:
            assert program.count(old) == 1, f"{old!r} does not occur once in the program"
            program = program.replace(old, new)
        if step.fault:
            service.add_fault(step.fault)
        _up(workspace, program, fails=bool(step.fault))
        service.advance(_SETTLING_SECONDS)
    service.faults.clear()
    if not case.steps or not case.steps[-1].fault:
        _pulumi(workspace, "preview", "--expect-no-changes")
    return program


def _up(workspace: Workspace, program: str, *, fails: bool) -> None:
    (workspace.project / "__main__.py").write_text(program, encoding="utf-8")
    code, output = workspace.run("up", "--yes", "--skip-preview")
    assert (code != 0) == fails, output


def _pulumi(workspace: Workspace, *arguments: str) -> str:
    code, output = workspace.run(*arguments)
    assert code == 0, output
    return output


def _what_the_service_has(service: Emulator) -> dict[str, Any]:
    """Return the requests by which the service's tasks come about, and the id of each task's latest run."""
    writes = [request for request in service.requests(secrets=True) if request["action"] in WRITES]
    accounts = {key.secret_id: key.caller.uin for key in service.keyring}
    return {
        "requests": [
            {
                **{name: request[name] for name in ("action", "region", "body", "id")},
                "account": accounts[request["secret_id"]],
            }
            for request in writes
            if request["accepted"]
        ],
        "runs": {task["Id"]: task["LatestInstanceId"] for task in service.tasks()},
    }


def _without_places(value: Any) -> Any:
    """Return a state without where in a program its resources come from: that names folders of this machine."""
    if isinstance(value, Mapping):
        return {name: _without_places(part) for name, part in value.items() if name not in _PLACES}
    return [_without_places(part) for part in value] if isinstance(value, list) else value


def _check_every_field_is_there(python: Path, states: Mapping[str, Any]) -> None:
    """Stop where the version knows a field that stands in no recorded state."""
    listed = (
        "from pulumi_tione import args; print(*{n for c in args.__all__ for n in getattr(args, c).__annotations__})"
    )
    fields = subprocess.run([str(python), "-c", listed], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    keys = {key.lower() for state in states.values() for key in _keys(state)}
    missing = sorted({field for field in fields if field.replace("_", "") not in keys} - {_NEEDS_A_CLOUD_MACHINE})
    assert not missing, f"no case sets {', '.join(missing)}"


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from value
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _keys(part)


def _write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert not re.search(r"127\.0\.0\.1|/tmp/", file.read_text(encoding="utf-8")), f"{file} names this machine"


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
