"""Decide who may address the emulator: by which names, from which machines, with which key.

Signatures of the API are verified in `signing.py`; this is about the address, the machine and the control endpoints.
`--allow-host` adds names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104
"""Addresses to listen on that clients cannot use as an address."""

KEY_HEADER = "X-Emulator-Key"
"""The header for the control key. No web page can send it: its browser would ask first, and gets no permission."""


def is_foreign(headers: Mapping[str, str], own_names: frozenset[str]) -> bool:
    """Return whether a request was made for another host, or by a web page; both are refused.

    A name that somebody else points at this machine (DNS rebinding) is a foreign host, too.
    """
    if _host_name(headers.get("Host", "")) not in own_names:
        return True
    origin = headers.get("Origin")
    return origin is not None and urlsplit(origin).hostname not in own_names


def may_be_of_a_browser(headers: Mapping[str, str]) -> bool:
    """Return whether a browser may have sent a request. Every browser sends at least one of these headers."""
    of_browsers = ("Origin", "Referer", "Cookie", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-CH-UA")
    return any(name in headers for name in of_browsers) or "mozilla/" in headers.get("User-Agent", "").lower()


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK_NAMES


@lru_cache(maxsize=64)
def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
