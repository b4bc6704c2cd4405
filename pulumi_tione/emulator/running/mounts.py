"""Mount a separate `/opt/ml` for one process and its children, by a mount namespace of Linux.

The machine itself is not changed: if it has no `/opt/ml`, the namespace gets its own `/opt`, which contains everything
of the machine's.

The supervisor of a node uses this module, with nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

OPT_ML = Path("/opt/ml")

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 0x40000


def show_opt_ml(root: Path) -> None:
    """Mount the `opt/ml` below a folder at `/opt/ml`, for this process; raise an OSError if that is not allowed."""
    if sys.platform != "linux":
        raise OSError("mount namespaces are Linux's")
    _enter_namespace()
    _mount("none", Path("/"), _MS_REC | _MS_PRIVATE)
    if not OPT_ML.is_dir():
        _make_mount_point(root / ".opt")
    _mount(str(root / "opt/ml"), OPT_ML, _MS_BIND | _MS_REC)


def _enter_namespace() -> None:
    """Enter a mount namespace; if it is not permitted, within a user namespace that keeps the user and group."""
    user, group = os.getuid(), os.getgid()
    try:
        _check(_libc().unshare(_CLONE_NEWNS))
    except PermissionError:
        _check(_libc().unshare(_CLONE_NEWUSER | _CLONE_NEWNS))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _make_mount_point(aside: Path) -> None:
    """Replace `/opt` by an empty folder that shows everything of the original, and an empty `ml`."""
    aside.mkdir()
    opt = OPT_ML.parent
    _mount(str(opt), aside, _MS_BIND | _MS_REC)
    _mount("none", opt, 0, "tmpfs", "mode=755")
    for entry in os.scandir(aside):
        target = opt / entry.name
        if entry.is_symlink():
            target.symlink_to(os.readlink(entry))
            continue
        if entry.is_dir():
            target.mkdir()
        else:
            target.touch()
        _mount(entry.path, target, _MS_BIND | _MS_REC)
    OPT_ML.mkdir()


def _mount(source: str, target: Path, flags: int, kind: str = "", options: str = "") -> None:
    places = os.fsencode(source), os.fsencode(target)
    _check(_libc().mount(*places, kind.encode(), ctypes.c_ulong(flags), options.encode()))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
