"""Branches, here and at remotes, and temporary working trees of them.

What `env up` and `env reap` do about branches is in `tests/environments/`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pulumi_tione.environments.git import GitError, Repository

ENVIRONMENT = {
    **os.environ,
    "GIT_AUTHOR_NAME": "t",
    "GIT_AUTHOR_EMAIL": "t@example.com",
    "GIT_COMMITTER_NAME": "t",
    "GIT_COMMITTER_EMAIL": "t@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def git(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose remote has a branch that it has never seen."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=trunk", "origin.git")
    folder = tmp_path / "clone"
    for target in ("other", "clone"):
        git(tmp_path, "clone", "--quiet", "origin.git", target)
        if target == "other":
            git(tmp_path / target, "checkout", "--quiet", "-b", "trunk")
            (tmp_path / target / "file").write_text("trunk", encoding="utf-8")
            git(tmp_path / target, "add", ".")
            git(tmp_path / target, "commit", "--quiet", "-m", "first")
            git(tmp_path / target, "push", "--quiet", "origin", "trunk")
    git(tmp_path / "other", "checkout", "--quiet", "-b", "far/away")
    (tmp_path / "other" / "file").write_text("far", encoding="utf-8")
    git(tmp_path / "other", "commit", "--quiet", "-a", "-m", "second")
    git(tmp_path / "other", "push", "--quiet", "origin", "far/away")
    return folder


def repository(folder: Path) -> Repository:
    found = Repository.of(folder, ENVIRONMENT)
    assert found is not None
    return found


def test_outside_git_there_is_no_repository(tmp_path: Path) -> None:
    assert Repository.of(tmp_path, ENVIRONMENT) is None


def test_a_repository_that_git_cannot_read_does_not_pass_as_no_repository(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (clone / "deploy").mkdir()
    with pytest.raises(GitError, match="no `git` on PATH"):
        Repository.of(clone / "deploy", {**ENVIRONMENT, "PATH": str(tmp_path / "bin")})
    refused = {**ENVIRONMENT, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}  # as in a container whose user is another one
    with pytest.raises(GitError, match="dubious ownership"):
        Repository.of(clone, refused)
    outside = tmp_path / "outside"
    outside.mkdir()
    assert Repository.of(outside, {**ENVIRONMENT, "PATH": str(tmp_path / "bin")}) is None


def test_branches_here_and_at_the_remote_exist(clone: Path) -> None:
    assert repository(clone).exists("trunk") is True
    assert repository(clone).exists("far/away") is True
    assert repository(clone).exists("nowhere") is False
    assert repository(clone).default_branches() == {"trunk"}
    with pytest.raises(GitError, match=r"there is no branch 'far/awa' .*did you mean far/away\? .*--allow-missing"):
        repository(clone).ensure_exists("far/awa")


def test_a_branch_that_was_deleted_at_the_remote_is_gone_although_git_still_shows_it(clone: Path) -> None:
    git(clone, "fetch", "--quiet")
    git(clone, "push", "--quiet", "origin", "--delete", "far/away")
    git(clone.parent / "other", "fetch", "--quiet")
    assert repository(clone).exists("far/away") is False


def test_a_remote_that_does_not_answer_proves_nothing(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", str(clone / "nowhere.git"))
    assert repository(clone).exists("trunk") is True
    assert repository(clone).exists("far/away") is None
    with pytest.raises(GitError, match="origin does not answer"):
        repository(clone).ensure_exists("far/away")


def test_the_default_branch_of_a_remote_that_does_not_answer_stays_protected(clone: Path) -> None:
    git(clone, "fetch", "--quiet")
    git(clone, "remote", "set-head", "origin", "trunk")
    git(clone, "remote", "add", "fork", str(clone.parent / "other"))
    git(clone, "remote", "set-url", "origin", str(clone / "nowhere.git"))
    assert repository(clone).default_branches() >= {"trunk", "far/away"}  # what the fork has checked out


def test_without_any_answer_the_branch_that_is_checked_out_may_be_the_default(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", str(clone / "nowhere.git"))
    git(clone, "symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
    assert "trunk" in repository(clone).default_branches()


def test_without_a_remote_the_usual_default_branches_are_protected(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    assert repository(tmp_path).default_branches() >= {"main", "master"}


def test_a_commit_that_a_branch_points_to_counts_as_checked_out(clone: Path) -> None:
    assert repository(clone).current_branch() == "trunk"
    assert repository(clone).is_checked_out("trunk")
    assert not repository(clone).is_checked_out("far/away")
    git(clone, "fetch", "--quiet")
    git(clone, "checkout", "--quiet", "--detach", "origin/far/away")
    assert repository(clone).current_branch() is None
    assert repository(clone).is_checked_out("far/away")
    assert not repository(clone).is_checked_out("trunk")


def test_a_working_tree_of_a_branch_exists_for_a_while(clone: Path) -> None:
    with repository(clone).worktree("far/away") as folder:
        assert (folder / "file").read_text(encoding="utf-8") == "far"
    assert not folder.exists()
    assert (clone / "file").read_text(encoding="utf-8") == "trunk"
    assert len(git(clone, "worktree", "list").splitlines()) == 1


def test_a_working_tree_that_a_killed_command_has_left_is_removed(clone: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from pulumi_tione.environments.git import Repository;"
        "tree = Repository(Path(), os.environ).worktree('trunk'); print(tree.__enter__().parent); sys.stdout.flush();"
        "os.kill(os.getpid(), 9)"
    )
    command = [os.sys.executable, "-c", program]  # type: ignore[attr-defined]
    killed = subprocess.run(command, cwd=clone, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    left = Path(killed.stdout.strip())
    assert left.is_dir()
    with repository(clone).worktree("far/away") as of_a_living_command:
        repository(clone).remove_dead_worktrees()
        assert not left.exists()
        assert of_a_living_command.exists()
