#!/usr/bin/env python3
"""Check that a tag may be published: `python tools/release/check_tag.py v1.2.3 https://github.com/OWNER/NAME`.

The tag is the version of the installed package, the changelog has a dated entry for it, and the package's metadata
links to the repository. Exit code 1: it is not; why, is on standard error.

`.github/workflows/release.yml` runs it when a tag is pushed, and publishes after `make test` and `make dist`. The
version is raised in `setup.py`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    tag, repository = arguments
    reasons = [*reasons_against(tag, repository, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))]
    for reason in reasons:
        print(reason, file=sys.stderr)
    return int(bool(reasons))


def reasons_against(tag: str, repository: str, changelog: str) -> Iterator[str]:
    """Yield why a tag of a repository must not be published."""
    package = metadata("pulumi-tione")
    version = package["Version"]
    if tag != f"v{version}":
        yield f"the tag is {tag}, but setup.py has the version {version}"
    if not re.search(rf"^## \[?{re.escape(version)}\]? - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        yield f"CHANGELOG.md has no heading `## {version} - YYYY-MM-DD`"
    sources = [url.partition(", ")[2] for url in package.get_all("Project-URL") or () if url.startswith("Source, ")]
    if sources != [repository]:
        yield f"the repository is {repository}, but the links in setup.py lead to {', '.join(sources) or 'none'}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
