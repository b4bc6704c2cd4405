"""The forms of Tencent Cloud's keys, which detect-secrets does not know."""

from __future__ import annotations

import re

from detect_secrets.plugins.base import RegexBasedDetector


class TencentCloudSecretIdDetector(RegexBasedDetector):
    """Finds the ids of permanent keys (36 characters) and of temporary ones (longer)."""

    secret_type = "Tencent Cloud secret id"  # noqa: S105  its name
    denylist = (re.compile(r"(?<![0-9A-Za-z])AKID[0-9A-Za-z_-]{32,}"),)


class TencentCloudSecretKeyDetector(RegexBasedDetector):
    """Finds keys: 32 letters and digits, but only next to a name that marks them as one."""

    secret_type = "Tencent Cloud secret key"  # noqa: S105  its name
    denylist = (
        re.compile(
            r"(?i:secret[ _-]?key)[^0-9A-Za-z\n]{1,8}"
            r"(?=[0-9A-Za-z]*[0-9])(?=[0-9A-Za-z]*[a-z])(?=[0-9A-Za-z]*[A-Z])([0-9A-Za-z]{32})(?![0-9A-Za-z])"
        ),
    )
