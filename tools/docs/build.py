"""Build the documentation as a site, in `.cache/docs/site`. A warning is an error, such as a link that leads nowhere.

No page may load anything from another server: a site that is read offline, or behind a firewall, looks the same.

`make docs` and `make check` run it. The pages of `docs/reference/` are written by `tools/reference/generate.py`.

A new page is listed under `nav` in `mkdocs.yml`; one of the guide gets a Chinese twin in `docs/zh/`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".cache" / "docs"
"""Where it is built: the builder empties the `.cache` next to its configuration, which must not be this project's."""
SITE = BUILD / "site"

_LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(https?://[^\"]+)|"
    r"<link\b(?=[^>]*\brel=\"(?:stylesheet|preconnect|preload|icon)\")[^>]*\bhref=\"(https?://[^\"]+)"
)


def main() -> int:
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    shutil.copy(ROOT / "mkdocs.yml", BUILD)
    shutil.copytree(ROOT / "docs", BUILD / "docs")
    zensical = Path(sys.executable).with_name("zensical")
    command = [str(zensical), "build", "--strict"]
    built = subprocess.run(
        command,
        cwd=BUILD,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"NO_COLOR": "1"},
        check=False,
    )
    if built.returncode:
        print(built.stdout.partition("Traceback")[0], file=sys.stderr)
        return 1
    loaded = {
        f"{page.relative_to(SITE)} loads {address}"
        for page in SITE.rglob("*.html")
        for address in map("".join, _LOADED.findall(page.read_text(encoding="utf-8")))
    }
    if not (SITE / "index.html").exists():
        loaded = {"no site was built"}
    for line in sorted(loaded):
        print(line, file=sys.stderr)
    return int(bool(loaded))


if __name__ == "__main__":
    sys.exit(main())
