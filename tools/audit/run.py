#!/usr/bin/env python3
"""`make audit`: whether any package that we install has a known vulnerability.

It asks the internet, by `pip-audit` in an environment of its own: that has two dozen dependencies, which ours should
not get. Exit code 0: all packages were looked up, and none is known to be vulnerable; 1: some are; 2: not all could be
looked up, which proves nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".cache" / "audit"
PIP_AUDIT = "pip-audit==2.10.1"
PACKAGES = ROOT / "tools" / "constraints.txt"


def main() -> int:
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
    for command in (["-m", "pip", "install", "--quiet", PIP_AUDIT], ["-m", "pip_audit", "--version"]):
        if subprocess.run([python, *command], check=False, stdout=subprocess.DEVNULL).returncode:
            print(f"make audit: {PIP_AUDIT} could not be installed: nothing was audited", file=sys.stderr)
            return 2
    ran = subprocess.run(
        [python, "-m", "pip_audit", f"--requirement={PACKAGES}", "--disable-pip", "--no-deps", "--format=json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    code, verdict = judged(ran.stdout, expected())
    if ran.returncode and not code:
        code, verdict = 2, f"make audit: pip-audit ended with {ran.returncode}, so nothing is proved"
    print(verdict, file=sys.stderr if code else sys.stdout)
    return code


def expected() -> set[str]:
    """Return the names of the packages that are to be looked up."""
    lines = PACKAGES.read_text(encoding="utf-8").splitlines()
    return {_name(line.partition("==")[0]) for line in lines if "==" in line}


def judged(report: str, names: set[str]) -> tuple[int, str]:
    """Return exit code and verdict for what pip-audit reports in JSON."""
    try:
        packages: list[Mapping[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 2, "make audit: pip-audit gave no report: nothing was audited"
    vulnerable = [
        f"{package['name']} {package.get('version')}: {', '.join(_description(each) for each in package['vulns'])}"
        for package in packages
        if package.get("vulns")
    ]
    if vulnerable:
        return 1, "\n".join(["make audit: known vulnerabilities", *vulnerable])
    looked_up = {_name(str(package["name"])) for package in packages if "vulns" in package}
    missing = sorted(names - looked_up)
    if missing or not looked_up:
        reasons = sorted({str(package["skip_reason"]) for package in packages if package.get("skip_reason")})
        return 2, (
            f"make audit: {len(missing) or 'all'} packages could not be looked up, so nothing is proved: "
            f"{', '.join(missing) or 'there are none'}" + (f" ({reasons[0]})" if reasons else "")
        )
    return 0, f"make audit: {len(looked_up)} packages, no known vulnerability"


def _description(vulnerability: Mapping[str, Any]) -> str:
    corrected = ", ".join(str(version) for version in vulnerability.get("fix_versions") or ())
    return f"{vulnerability['id']}" + (f" (corrected in {corrected})" if corrected else "")


def _name(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    sys.exit(main())
