"""Passwords in addresses, but for those that nobody can sign in to."""

from __future__ import annotations

import re

from detect_secrets.plugins.base import RegexBasedDetector

_PART = r"[^:/?#\[\]@!$&'()*+,;=\s]+"
_NOBODYS = r"(?:[\w-]+\.)*example\.(?:com|org|net|test)\b|127\.0\.0\.1\b|localhost\b"
"""Names that are kept for examples, and this machine."""


class AddressWithPasswordDetector(RegexBasedDetector):
    """Does what BasicAuthDetector does, whose exceptions could only be whole lines."""

    secret_type = "Basic Auth Credentials"  # noqa: S105  its name
    denylist = (re.compile(rf"://{_PART}:({_PART})@(?!{_NOBODYS})"),)
