"""`make demo`: examples/network, from nothing to nothing, by the real Pulumi engine on a local TI-ONE."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "pulumi"))

from ensure import EngineError  # noqa: E402  the folder is no package: it is found by the line above
from workspace import Workspace  # noqa: E402

STACK = "demo"
FOLDER = ROOT / ".cache" / "demo"
RECORD = FOLDER / "requests.jsonl"
READY = "pulumi_tione emulator ready at "


def main() -> int:
    # An interrupted demo may have left it: it would not fit the passphrase of a new stack.
    (ROOT / f"Pulumi.{STACK}.yaml").unlink(missing_ok=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        with local_tione() as endpoint:
            show(f"A local TI-ONE is running at {endpoint}")
            code = play(Workspace(ROOT, FOLDER, endpoint))
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    accepted = [request for request in recorded() if request["action"] == "CreateTrainingTask" and request["accepted"]]
    show(
        f"The requests to the local TI-ONE are in {RECORD.relative_to(ROOT)}: CreateTrainingTask was accepted "
        f"{'once' if len(accepted) == 1 else f'{len(accepted)} times'}"
    )
    return code if len(accepted) == 1 else 1


def play(workspace: Workspace) -> int:
    """Create the stack, show its outputs, and destroy it in any case."""
    code = run(workspace, "stack", "init", STACK)
    code = code or run(workspace, "up", "--yes")
    code = code or run(workspace, "stack", "output")
    return run(workspace, "destroy", "--yes", "--remove") or code


def run(workspace: Workspace, *arguments: str) -> int:
    """Run the CLI and show what it prints."""
    show(f"pulumi {' '.join(arguments)}")
    return workspace.start(*arguments).wait()


@contextmanager
def local_tione() -> Iterator[str]:
    """Run a local TI-ONE on a free port, and yield its address."""
    command = [sys.executable, "-m", "pulumi_tione.emulator", "--port", "0", "--record", str(RECORD)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout or ():
                if line.startswith(READY):
                    yield line.removeprefix(READY).strip()
                    break
            else:
                raise SystemExit("the local TI-ONE did not start")
        finally:
            process.send_signal(signal.SIGTERM)


def recorded() -> list[dict[str, object]]:
    return [json.loads(line) for line in RECORD.read_text(encoding="utf-8").splitlines()]


def show(text: str) -> None:
    print(f"\n=== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
