"""A backend in a folder, read as the CLI writes it."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from pulumi_tione.stacks.backend_folder import BackendFolder
from pulumi_tione.stacks.pulumi_cli import LockedError, StackName, failure

NAME = StackName("organization", "nlp", "env-x-12345678")
CHECKPOINT = {"version": 3, "checkpoint": {"stack": NAME.qualified, "latest": {"manifest": {"time": "2026"}}}}


@pytest.fixture
def backend(tmp_path: Path) -> BackendFolder:
    stacks = tmp_path / ".pulumi" / "stacks" / "nlp"
    stacks.mkdir(parents=True)
    (tmp_path / ".pulumi" / "meta.yaml").write_text("version: 1\n", encoding="utf-8")
    (stacks / "dev.json").write_text(json.dumps(CHECKPOINT), encoding="utf-8")
    (stacks / "dev.json.bak").write_text("{}", encoding="utf-8")
    (stacks / "dev.json.attrs").write_text("{}", encoding="utf-8")
    found = BackendFolder.at(tmp_path.as_uri(), Path(), {})
    assert found is not None
    return found


def test_other_backends_are_no_folders() -> None:
    assert BackendFolder.at("https://api.pulumi.com", Path(), {}) is None
    assert BackendFolder.at("s3://bucket", Path(), {}) is None


def test_the_address_may_be_relative_or_below_home(tmp_path: Path) -> None:
    for url in ("file://~", "file://./user", f"file://{tmp_path}/user?no_tmp_dir=true"):
        found = BackendFolder.at(url, tmp_path, {"HOME": str(tmp_path / "user")})
        assert found is not None
        assert found.folder.resolve() == tmp_path / "user" / ".pulumi"
        assert found.url == (tmp_path / "user").as_uri()


def test_stacks_tags_and_states_are_read(backend: BackendFolder) -> None:
    stacks = backend.folder / "stacks" / "nlp"
    (stacks / f"{NAME.stack}.json.gz").write_bytes(gzip.compress(json.dumps(CHECKPOINT).encode()))
    (stacks / f"{NAME.stack}.pulumi-tags").write_text('{"version":1,"tags":{"tione:branch":"x"}}', encoding="utf-8")
    assert backend.has_stacks_of("nlp")
    assert not backend.has_stacks_of("other")
    assert [name.stack for name in backend.stacks("nlp")] == ["dev", NAME.stack]
    assert backend.tags(NAME) == {"tione:branch": "x"}
    assert backend.tags(StackName("organization", "nlp", "dev")) == {}
    assert backend.export(NAME)["deployment"] == {"manifest": {"time": "2026"}}


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"version": 3, "checkpoint": null}'])
def test_a_file_that_is_no_checkpoint_is_an_error(content: str, backend: BackendFolder) -> None:
    (backend.folder / "stacks" / "nlp" / "dev.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"checkpoint|Expecting"):
        backend.export(StackName("organization", "nlp", "dev"))


def test_locks_are_read_and_one_that_cannot_be_read_still_locks(backend: BackendFolder) -> None:
    folder = backend.folder / "locks" / NAME.qualified
    folder.mkdir(parents=True)
    assert not backend.is_locked(NAME)
    lock = {"pid": 77, "username": "me", "hostname": "vm", "timestamp": "2026-11-26T11:34:33.850550485Z"}
    (folder / "a.json").write_text(json.dumps(lock), encoding="utf-8")
    (folder / "a.json.attrs").write_text("{}", encoding="utf-8")
    (folder / "b.json").write_text("{", encoding="utf-8")
    assert backend.is_locked(NAME)
    (found,) = backend.locks(NAME)
    assert (found.pid, found.user, found.host) == (77, "me", "vm")
    assert found.taken == datetime(2026, 11, 26, 11, 34, 33, 850550, timezone.utc)


def test_the_error_of_a_locked_stack_names_the_holders() -> None:
    printed = (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
        "lock file with `pulumi cancel`.\n  file:///b/.pulumi/locks/x.json?no_tmp_dir=true: created by root@vm (pid "
        "16633) at 2026-11-26T11:34:33Z\n"
    )
    error = failure(["stack", "rm"], printed)
    assert isinstance(error, LockedError)
    (lock,) = error.locks
    assert lock.holder == "root@vm, process 16633, since 2026-11-26 11:34:33 UTC"
    assert not isinstance(failure(["stack", "rm"], "error: no stack named 'x'"), LockedError)
