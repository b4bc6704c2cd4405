"""Distil the vendor's API definition: the names, types and required flags that this project checks itself against.

The vendor publishes its API machine-readably in one place only, the package `tccli` on PyPI. That package pulls in the
whole SDK, so it never enters our environment: the pinned release is installed, without its dependencies, into a
throw-away virtual environment of its own. What is kept are facts (names, types, flags), never prose.

    python tools/definition/distil.py            write the committed definition anew from the pinned release
    python tools/definition/distil.py --check    compare it with the newest release; exit code 1 if they differ

`make check-vendor` runs the second. The emulator reads the file in `emulator/api/definition.py`.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PINNED_RELEASE = "3.1.189.1"
"""The release of `tccli` that the committed definition was distilled from."""

DEFINITION = Path(__file__).parents[2] / "pulumi_tione" / "emulator" / "api" / "definition.json"

ACTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("tione", "2021-11-11"): (
        "CreateTrainingTask",
        "DescribeTrainingTask",
        "DescribeTrainingTasks",
        "StartTrainingTask",
        "StopTrainingTask",
        "DeleteTrainingTask",
        "EnableTrainingTaskClsConfig",
        "DescribeTrainingTaskPods",
        "DescribeLogs",
        "DescribeEvents",
        "DescribeBillingSpecs",
        "DescribeBillingSpecsPrice",
        "DescribeBillingResourceGroups",
        "DescribeBuildInImages",
        "DescribeWorkspaces",
    ),
    ("tag", "2018-08-13"): ("TagResources", "UnTagResources", "GetResources"),
    ("sts", "2018-08-13"): ("GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"),
    ("vpc", "2017-03-12"): ("DescribeSubnets",),
}
"""The actions that the provider calls or the emulator answers, by service and version."""

_SHOW_INSTALLED = """
import importlib.metadata, sysconfig
print(importlib.metadata.version("tccli"), sysconfig.get_path("purelib"), sep="\\n")
"""
_FLAT_OBJECT = re.compile(r"\{[^{}]*\}")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare with the newest release, write nothing")
    check = arguments.parse_args().check
    text = _as_text(distil(None if check else PINNED_RELEASE))
    if not check:
        DEFINITION.write_text(text, encoding="utf-8")
        return 0
    committed = DEFINITION.read_text(encoding="utf-8")
    difference = list(difflib.unified_diff(_facts(committed), _facts(text), "committed", "vendor", lineterm=""))
    print("\n".join(difference) if difference else "the vendor's newest definition equals the committed one")
    return 1 if difference else 0


def distil(release: str | None) -> dict[str, Any]:
    """Return the definition of the actions above from a release of tccli, by default the newest."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "venv"
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        requirement = f"tccli=={release}" if release else "tccli"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", requirement], check=True)
        version, packages = subprocess.check_output([python, "-c", _SHOW_INSTALLED], text=True).splitlines()
        services = Path(packages) / "tccli" / "services"
        return {
            "source": {"package": "tccli", "release": version},
            "services": {
                service: {"version": version, **_service(services / service / f"v{version.replace('-', '')}", actions)}
                for (service, version), actions in ACTIONS.items()
            },
        }


def _service(folder: Path, actions: Iterable[str]) -> dict[str, Any]:
    api = json.loads((folder / "api.json").read_text(encoding="utf-8"))
    requests_and_answers = {
        action: {"request": api["actions"][action]["input"], "response": api["actions"][action]["output"]}
        for action in actions
    }
    structs: dict[str, Any] = {}
    pending = [name for action in requests_and_answers.values() for name in action.values()]
    while pending:
        name = pending.pop()
        if name in structs:
            continue
        members = api["objects"][name]["members"]
        structs[name] = {member["name"]: _field(member) for member in members}
        pending += [member["member"] for member in members if member["member"] in api["objects"]]
    return {"actions": requests_and_answers, "structs": structs}


def _field(member: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a member: its type, a wire type, struct or `list<…>`, and the flags that are true."""
    wire_type = member["member"]
    flags = {
        "required": member.get("required"),  # in a request
        "returned": member.get("output_required"),  # in an answer: always there
        "nullable": member.get("value_allowed_null"),  # in an answer: may be null
    }
    kind = f"list<{wire_type}>" if member["type"] == "list" else wire_type
    return {"type": kind, **{flag: True for flag in flags if flags[flag]}}


def _as_text(definition: dict[str, Any]) -> str:
    """Format one field per line, so that differences between two releases are readable."""
    lines = json.dumps(definition, indent=1, sort_keys=True)
    return _FLAT_OBJECT.sub(lambda match: " ".join(match.group().split()), lines) + "\n"


def _facts(text: str) -> list[str]:
    return [line for line in text.splitlines() if '"release"' not in line]


if __name__ == "__main__":
    sys.exit(main())
