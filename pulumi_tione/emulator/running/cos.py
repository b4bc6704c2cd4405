"""A local folder that replaces COS: a folder for each bucket, a file for each object.

Names and paths come from requests, files from programs, and neither may lead out of its folder: not by `..`, not by
symbolic links. COS has no links: a link to a file of its own folder is copied as that file. Other links, and anything
else that is not a file, are left out, which is noted in the log of the pod.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

_CHUNK_BYTES = 16 * 1024 * 1024


class CosError(Exception):
    """A path that does not exist or is not allowed; the message names it."""


class Cos:
    """The buckets of all accounts and regions."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ValueError(f"{folder} is not a folder: choose a folder that replaces COS")
        self.folder = folder.resolve()

    def has(self, bucket: str, path: str | None = None) -> bool:
        """Return whether a bucket exists and, if there is a path, whether something is at the path."""
        try:
            _ = self.bucket(bucket) if path is None else self.source(bucket, path)
        except CosError:
            return False
        return True

    def bucket(self, name: str) -> Path:
        bucket = within(self.folder, name)
        if "/" in name or name in ("", ".") or not os.path.isdir(bucket):
            raise CosError(f"there is no bucket {name}")
        return bucket

    def source(self, bucket: str, path: str) -> Path:
        """Return the file or folder at a path of a bucket."""
        source = within(self.bucket(bucket), path)
        if not os.path.exists(source):
            raise CosError(f"there is no {path} in the bucket {bucket}")
        return source

    def target(self, bucket: str, path: str) -> Path:
        """Return the place of a path in a bucket, which need not exist."""
        return within(self.bucket(bucket), path)


def within(folder: Path, path: str) -> Path:
    """Return a path below a folder; raise an error for a path that leads out of it, even by a link."""
    names = [name for name in path.split("/") if name not in ("", ".")]
    target = folder.joinpath(*names)
    if ".." in names or "\0" in path or not _is_within(folder, target):
        raise CosError(f"{path} leads out of its folder")
    return target


def copy(source: Path, target: Path, check: Callable[[], None], without: str = "") -> Iterator[str]:
    """Copy a file into a folder, or all files of a folder; yield what was left out, and why.

    `check` is called repeatedly, and may raise an exception to end the copy. `without` is a name in the top folder
    that is skipped.
    """
    if not source.is_dir():
        check()
        yield from _copy_file(source, source.resolve().parent, target, target / source.name, check)
        return
    for folder, folders, files in os.walk(source, onerror=_refuse):
        check()
        here = Path(folder).relative_to(source)
        if here == Path():
            folders[:] = [name for name in folders if name != without]
        for name in sorted(folders):
            if Path(folder, name).is_symlink():
                yield f"{here / name} was not copied: it is a link to a folder"
        for name in sorted(files):
            yield from _copy_file(Path(folder, name), source, target, target / here / name, check)


def _copy_file(file: Path, source: Path, boundary: Path, target: Path, check: Callable[[], None]) -> Iterator[str]:
    name = target.relative_to(boundary)
    if not _is_within(source, file):
        yield f"{name} was not copied: it leads out of its folder"
    elif not file.is_file():
        yield f"{name} was not copied: it is not a file"
    elif not _is_within(boundary, target.parent):
        yield f"{name} was not copied: its place leads out of its folder"
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or not target.is_file():
            target.unlink(missing_ok=True)
        with open(file, "rb") as reading, open(target, "wb") as writing:
            while part := reading.read(_CHUNK_BYTES):
                check()
                writing.write(part)
        target.chmod(stat.S_IMODE(file.stat().st_mode) & 0o777 | stat.S_IRUSR | stat.S_IWUSR)


def _is_within(folder: Path, path: Path) -> bool:
    """Return whether a path, wherever its links lead, ends at a folder or below it."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _refuse(error: OSError) -> None:
    raise error
