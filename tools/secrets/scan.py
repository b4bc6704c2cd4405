#!/usr/bin/env python3
"""Look for keys, tokens and passwords in our own files.

    python tools/secrets/scan.py [FILE …]

Without files, all that git tracks. A line that only looks like it says so: `pragma: allowlist secret`. Exit code 1:
there are some; what they are is not printed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).resolve().parents[2]
DETECTORS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
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
"""Those that go by the form of a secret. What goes by chance (entropy) or by a name beside it finds mostly tests."""

SETTINGS = {
    "plugins_used": [
        *({"name": name} for name in DETECTORS),
        {"name": "TencentCloudSecretIdDetector", "path": (Path(__file__).parent / "tencent_cloud.py").as_uri()},
    ],
    "filters_used": [
        {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
        # Addresses that nobody can sign in to: names that are kept for examples, and this machine.
        {
            "path": "detect_secrets.filters.regex.should_exclude_line",
            "pattern": [r"@([\w-]+\.)*example\.(com|org|net|test)\b", r"@(127\.0\.0\.1|localhost)\b"],
        },
    ],
}


def main(arguments: Sequence[str]) -> int:
    found = found_in([Path(name).resolve() for name in arguments] or tracked())
    for place in found:
        print(place, file=sys.stderr)
    return 1 if found else 0


def found_in(files: Sequence[Path]) -> list[str]:
    """Give what was found: which kind of secret, in which line of which file."""
    secrets = SecretsCollection()
    with transient_settings(SETTINGS):
        for file in files:
            secrets.scan_file(str(file))
    return sorted(f"{name}:{secret.line_number}: {secret.type}" for name, secret in secrets)


def tracked() -> list[Path]:
    """Give the files that git tracks; where there is no git, all that it would not ignore."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        names = [
            path for path in ROOT.rglob("*") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        ]
    return [path for path in names if path.is_file()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
