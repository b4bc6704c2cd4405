"""The form of Tencent Cloud's key ids, which detect-secrets does not know."""

from __future__ import annotations

import re

from detect_secrets.plugins.base import RegexBasedDetector


class TencentCloudSecretIdDetector(RegexBasedDetector):
    """Finds the ids of permanent keys (36 characters) and of temporary ones (longer)."""

    secret_type = "Tencent Cloud secret id"  # noqa: S105  its name
    denylist = (re.compile(r"\bAKID[0-9A-Za-z_-]{32,}"),)
