"""Git: which branches there are, here and at the remotes, and a working tree of one of them.

A git command may take 60 seconds. A branch counts as gone only if every remote has answered (`Repository.exists`). What
is done with the answer is decided in `up.py` and `reap.py`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pulumi_tione._constraints import suggestion
from pulumi_tione.environments.processes import is_left_by_dead_process, temporary_prefix
from pulumi_tione.errors import TioneError

_SECONDS = 60
_KIND = "worktree"


class GitError(TioneError):
    """Git failed, or a branch does not exist."""


@dataclass(frozen=True)
class RemoteBranches:
    """The branches of all remotes."""

    commits: Mapping[str, tuple[str, str]]
    """By branch, the remote and the commit."""
    default: frozenset[str]
    """The default branches of the remotes."""
    unreachable: tuple[str, ...]
    """The remotes that did not answer."""


class Repository:
    """The repository that a folder is in."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**environment, "GIT_TERMINAL_PROMPT": "0"}
        self._remote: RemoteBranches | None = None

    @classmethod
    def of(cls, folder: Path, environment: Mapping[str, str]) -> Repository | None:
        """Return the repository of a folder; None outside git.

        Raises:
            GitError: there is a repository, but git cannot read it: it is not installed, or refuses another user's
                folder, as in a container of CI.
        """
        repository = cls(folder, environment)
        try:
            repository._git("rev-parse", "--git-dir")
        except GitError:
            absolute = folder.absolute()
            if any((parent / ".git").exists() for parent in (absolute, *absolute.parents)):
                raise
            return None
        return repository

    def current_branch(self) -> str | None:
        """Return the branch that is checked out; None if a commit is."""
        try:
            return self._git("symbolic-ref", "--quiet", "--short", "HEAD")
        except GitError:
            return None

    def local_branches(self) -> dict[str, str]:
        """Return the commits of the local branches."""
        listed = self._git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads").splitlines()
        return {name: commit for commit, _, name in (line.partition(" ") for line in listed)}

    def remote_branches(self) -> RemoteBranches:
        """Ask the remotes for their branches; once for each command."""
        if self._remote is None:
            self._remote = self._ask_remotes()
        return self._remote

    def _ask_remotes(self) -> RemoteBranches:
        commits: dict[str, tuple[str, str]] = {}
        default, unreachable = set(), []
        for remote in self._git("remote").split():
            try:
                listed = self._git("ls-remote", "--symref", remote, "HEAD", "refs/heads/*")
            except GitError:
                unreachable.append(remote)
                continue
            for line in listed.splitlines():
                value, _, name = line.partition("\t")
                if value.startswith("ref: ") and name == "HEAD":
                    default.add(value.removeprefix("ref: refs/heads/"))
                elif name.startswith("refs/heads/"):
                    commits.setdefault(name.removeprefix("refs/heads/"), (remote, value))
        return RemoteBranches(commits, frozenset(default), tuple(unreachable))

    def default_branches(self) -> frozenset[str]:
        """Return the default branches: those of the remotes, or else those that may be: recorded here, or usual."""
        remote = self.remote_branches()
        if remote.default and not remote.unreachable:
            return remote.default
        recorded = self._git("for-each-ref", "--format=%(symref:lstrip=3)", "refs/remotes/*/HEAD").split()
        if remote.unreachable:  # the default branch may be any: a schedule of CI mostly has it checked out
            recorded.append(self.current_branch() or "")
        if remote.default or recorded:
            return frozenset(name for name in (*remote.default, *recorded) if name)
        try:
            configured = self._git("config", "--get", "init.defaultBranch")
        except GitError:
            configured = ""
        return frozenset(name for name in (configured, "main", "master") if name)

    def exists(self, branch: str) -> bool | None:
        """Check whether a branch exists, here or on a remote; None if that cannot be determined."""
        if branch in self.local_branches() or branch in self.remote_branches().commits:
            return True
        return None if self.remote_branches().unreachable else False

    def ensure_exists(self, branch: str) -> None:
        """Check that a branch exists.

        Raises:
            GitError: it does not, or a remote that may have it does not answer.
        """
        exists = self.exists(branch)
        if exists:
            return
        remote = self.remote_branches()
        if exists is None:
            raise GitError(
                f"there is no local branch {branch!r}, and {', '.join(remote.unreachable)} does not answer. Nothing "
                "was created. Try again when the remote can be reached, or add --allow-missing"
            )
        near = suggestion(branch, [*self.local_branches(), *remote.commits])
        raise GitError(
            f"there is no branch {branch!r} here or on a remote{near or '.'} Nothing was created. To create an "
            "environment without a branch, add --allow-missing"
        )

    def is_checked_out(self, branch: str) -> bool:
        """Check whether the working tree is that of a branch: it is checked out, or a commit is that it points to."""
        current = self.current_branch()
        return branch == current if current is not None else self._commit_of(branch) == self._git("rev-parse", "HEAD")

    def _commit_of(self, branch: str) -> str:
        local = self.local_branches().get(branch)
        return local or self.remote_branches().commits.get(branch, ("", ""))[1]

    @contextmanager
    def worktree(self, branch: str) -> Iterator[Path]:
        """Check a branch out in a temporary folder, and return the folder that corresponds to this one.

        Raises:
            GitError: git cannot do that.
        """
        commit = self._commit_of(branch)
        remote, _ = self.remote_branches().commits.get(branch, ("", ""))
        if branch not in self.local_branches() and remote:
            self._git("fetch", "--quiet", remote, f"refs/heads/{branch}")
        prefix = self._git("rev-parse", "--show-prefix")
        parent = Path(tempfile.mkdtemp(prefix=temporary_prefix(_KIND)))
        try:
            self._git("worktree", "add", "--quiet", "--detach", str(parent / "tree"), commit)
            yield parent / "tree" / prefix
        finally:
            self._remove(parent)

    def remove_dead_worktrees(self) -> None:
        """Remove the temporary working trees that killed commands have left."""
        listed = self._git("worktree", "list", "--porcelain").splitlines()
        for line in listed:
            folder = Path(line.removeprefix("worktree ")).parent if line.startswith("worktree ") else None
            if folder is not None and is_left_by_dead_process(folder.name, _KIND):
                self._remove(folder)

    def _remove(self, parent: Path) -> None:
        with suppress(GitError):  # it may never have been added
            self._git("worktree", "remove", "--force", str(parent / "tree"))
        shutil.rmtree(parent, ignore_errors=True)
        with suppress(GitError):
            self._git("worktree", "prune")

    def _git(self, *arguments: str) -> str:
        try:
            ran = subprocess.run(
                ["git", *arguments],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_SECONDS,
            )
        except FileNotFoundError:
            raise GitError("there is no `git` on PATH: install it") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GitError(f"`git {arguments[0]}` failed: {type(error).__name__}") from None
        if ran.returncode:
            reason = " ".join(ran.stderr.split()) or f"exit code {ran.returncode}"
            raise GitError(f"`git {arguments[0]}` failed: {reason}")
        return ran.stdout.strip()
