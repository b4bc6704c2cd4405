#!/usr/bin/env python3
"""Look for keys, tokens and passwords in our own files.

    python tools/secrets/scan.py [FILE …]

Without files, all that git tracks. Mark a line that only looks like a secret: `pragma: allowlist secret`. Exit code 1:
there are some; what they are is not printed.

`make check` and the pre-commit hook run it. A new form of secret is a detector next to this file, in `OUR_DETECTORS`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import get_plugins, transient_settings

ROOT = Path(__file__).resolve().parents[2]
DETECTORS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SlackDetector",
    "StripeDetector",
)
"""Those that go by the form of a secret. What goes by chance (entropy) or by a name next to it finds mostly tests."""

OUR_DETECTORS = {
    "AddressWithPasswordDetector": "addresses.py",
    "TencentCloudSecretIdDetector": "tencent_cloud.py",
    "TencentCloudSecretKeyDetector": "tencent_cloud.py",
}

SETTINGS = {
    "plugins_used": [
        *({"name": name} for name in DETECTORS),
        # No `as_uri()`: the library does not decode it, and finds nothing at all where a folder's name has a blank.
        *({"name": name, "path": f"file://{Path(__file__).parent / file}"} for name, file in OUR_DETECTORS.items()),
    ],
    "filters_used": [{"path": "detect_secrets.filters.allowlist.is_line_allowlisted"}],
}
_BY_THE_END_OF_A_NAME = "detect_secrets.filters.heuristic.is_non_text_file"
"""The library leaves out files such as `go.sum` and `poetry.lock`, which are text as well."""


def main(arguments: Sequence[str]) -> int:
    found = found_in([Path(name).resolve() for name in arguments] or tracked())
    for place in found:
        print(place, file=sys.stderr)
    return 1 if found else 0


def found_in(files: Sequence[Path]) -> list[str]:
    """Return what was found: which kind of secret, in which line of which file.

    A file that cannot be read is reported as well: the library would skip it silently.
    """
    secrets = SecretsCollection()
    unread: list[str] = []
    with transient_settings(SETTINGS) as settings:
        settings.disable_filters(_BY_THE_END_OF_A_NAME)
        loaded = {type(plugin).__name__ for plugin in get_plugins()}
        assert loaded == {*DETECTORS, *OUR_DETECTORS}, f"only these detectors could be loaded: {sorted(loaded)}"
        for file in files:
            try:
                file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                if not is_picture_alone(file):
                    unread.append(f"{_shown(file)}: is no text, so that nobody knows what is in it")
            else:
                secrets.scan_file(str(file))
    found = [f"{_shown(Path(name))}:{secret.line_number}: {secret.type}" for name, secret in secrets]
    return sorted([*found, *unread])


def is_picture_alone(file: Path) -> bool:
    """Return whether a file is a PNG that has pixels and nothing else: no texts, and nothing after its end."""
    content = file.read_bytes() if file.is_file() else b""
    position = len(_PNG)
    kinds: list[bytes] = []
    while content.startswith(_PNG) and position + 8 <= len(content):
        kinds.append(content[position + 4 : position + 8])
        position += 12 + int.from_bytes(content[position : position + 4], "big")
    return position == len(content) and kinds[-1:] == [b"IEND"] and {*kinds} <= _PIXELS


_PNG = b"\x89PNG\r\n\x1a\n"
_PIXELS = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"sBIT", b"sRGB", b"gAMA", b"pHYs"}
"""The chunks of a PNG that cannot hold a text."""


def _shown(file: Path) -> str:
    return str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file)


def tracked() -> list[Path]:
    """Return the files that git tracks; where it tracks none, as in a copy inside another repository, all but what was
    built."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [ROOT / name for name in listed.stdout.split("\0") if name]
    if listed.returncode or not names:
        names = [path for path in ROOT.rglob("*") if not any(map(_is_built, path.relative_to(ROOT).parts))]
    return [path for path in names if path.is_file()]


def _is_built(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__" or part.endswith(".egg-info")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
