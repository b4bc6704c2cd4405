"""The names of the vendor's SDK, urllib3 and http.client that `_api/` uses although no documentation promises them.

As a script, this module runs the plugin of dynamic providers while one of them is hidden from our own code:

    python sdk_internals.py NAME
"""

from __future__ import annotations

import http.client
import runpy
import sys
from typing import Any

import urllib3
from tencentcloud.common.abstract_client import AbstractClient
from tencentcloud.common.http.request import ApiRequest, ProxyConnection

OWNERS: dict[str, tuple[type, ...]] = {
    "request": (AbstractClient,),
    "conn": (ApiRequest,),
    "_session": (ProxyConnection,),
    "proxy": (ProxyConnection,),
    "certification": (ProxyConnection,),
    "timeout": (ProxyConnection,),
    "pool_classes_by_scheme": (urllib3.PoolManager,),
    "ConnectionCls": (urllib3.HTTPConnectionPool, urllib3.HTTPSConnectionPool),
    "fp": (http.client.HTTPResponse,),
}
"""The classes that have each name."""


class _Hidden:
    """An attribute that our own code does not see. What our code sets has no effect."""

    def __init__(self, name: str, default: Any) -> None:
        self._name = name
        self._default = default

    def __get__(self, instance: Any, _owner: Any) -> Any:
        if _is_called_by_us():
            raise AttributeError(self._name)
        return vars(instance).get(self._name, self._default) if instance is not None else self._default

    def __set__(self, instance: Any, value: Any) -> None:
        if not _is_called_by_us():
            vars(instance)[self._name] = value


def _is_called_by_us() -> bool:
    return str(sys._getframe(2).f_globals.get("__name__")).startswith("pulumi_tione.")


def hide(name: str) -> None:
    """Hide an attribute from our own code."""
    for owner in OWNERS[name]:
        setattr(owner, name, _Hidden(name, getattr(owner, name, None)))


if __name__ == "__main__":
    hide(sys.argv[1])
    sys.argv = ["pulumi.dynamic"]
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
