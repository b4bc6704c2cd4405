"""Code, data and output of tasks that are really run, in a folder that stands for COS and that nothing leads out of."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator

Create = Callable[..., str]
Reach = Callable[..., dict[str, Any]]
Printed = Callable[..., list[str]]
Make = Callable[..., dict[str, Any]]
Refusal = Callable[..., tuple[str, str]]


@pytest.fixture
def emulator(executing: Emulator) -> Emulator:
    return executing


@pytest.fixture
def bucket(cos: Path) -> Path:
    return cos / "data-125"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that nobody in COS or in a task has any business with."""
    file = tmp_path / "outside"
    file.write_text("untouched")
    return file


@pytest.fixture
def run(create: Create, reach: Reach) -> Callable[..., str]:
    """Runs a command to its success; gives the task's id."""

    def run(command: str, **members: Any) -> str:
        task_id = create(StartCmdInfo={"WorkerStartCmd": f"cd $TI_LOCAL_ROOT/opt/ml; {command}"}, **members)
        reach(task_id, "SUCCEED")
        return task_id

    return run


def _write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize("path", ["code", "code/", "/code/", "code//.//"])
def test_the_code_package_is_where_the_command_begins(
    run: Callable[..., str], printed: Printed, bucket: Path, place: Make, path: str
) -> None:
    _write(bucket / "code" / "library", module="deep")
    _write(bucket / "code", script="echo shallow; cat library/module")
    (bucket / "code" / "script").chmod(0o750)
    task_id = run("cd code; ./script; stat -c %a script", CodePackagePath=place(path))
    assert printed(task_id) == ["shallow", "deep750"]


def test_a_package_that_is_one_file_is_not_unpacked(
    run: Callable[..., str], printed: Printed, bucket: Path, place: Make
) -> None:
    _write(bucket, code="a package")
    task_id = run("cat code/code; echo", CodePackagePath=place("code"))
    assert printed(task_id) == ["[emulator] code is not unpacked", "a package"]


def test_data_is_where_it_is_mapped_to(run: Callable[..., str], printed: Printed, bucket: Path, place: Make) -> None:
    _write(bucket / "a", file="of a")
    _write(bucket / "b", file="of b")
    mounts = [
        {"COSSource": place("a")},
        {"MappingPath": "/opt/ml/input/data/sub/b", "COSSource": place("b")},
        {"MappingPath": "/mnt/b/", "COSSource": place("b/file")},
    ]
    command = "for file in input/data/file input/data/sub/b/file ../../mnt/b/file; do cat $file; echo; done"
    assert printed(run(command, DataConfigs=mounts)) == ["of a", "of b", "of b"]


def test_what_a_program_changes_of_code_and_data_stays_its_own(
    run: Callable[..., str], bucket: Path, place: Make
) -> None:
    _write(bucket / "a", file="original")
    run(
        "echo changed | tee code/file input/data/file; rm code/file",
        CodePackagePath=place("a"),
        DataConfigs=[{"COSSource": place("a")}],
    )
    assert [path.name for path in bucket.rglob("*") if path.is_file()] == ["file"]
    assert (bucket / "a" / "file").read_text() == "original"


def test_other_sources_are_empty_folders(run: Callable[..., str], printed: Printed) -> None:
    mounts = [{"MappingPath": "/opt/ml/input/cfs", "CFSSource": {"Id": "cfs-1", "Path": "/"}}]
    repositories = [{"Id": "cr-1", "TargetPath": "/opt/ml/code"}]
    task_id = run("ls -A input/cfs; echo end", DataConfigs=mounts, CodeRepos=repositories)
    assert printed(task_id) == [
        "[emulator] the code repository cr-1 is not cloned here",
        "[emulator] there is no CFSSource here: /opt/ml/input/cfs is an empty folder",
        "end",
    ]


@pytest.mark.parametrize("ends", ["exit 0", "exit 1"])
def test_output_is_written_back_however_a_run_ends(
    create: Create, reach: Reach, bucket: Path, place: Make, ends: str
) -> None:
    command = f"cd $TI_LOCAL_ROOT/opt/ml/output/data; mkdir deep; echo 1 > deep/file; {ends}"
    task_id = create(StartCmdInfo={"WorkerStartCmd": command}, Output=place("out/put/"))
    reach(task_id, "SUCCEED" if ends == "exit 0" else "FAILED")
    assert (bucket / "out" / "put" / task_id / "deep" / "file").read_text() == "1\n"


def test_all_that_is_written_below_the_output_is_written_back(
    create: Create, reach: Reach, bucket: Path, place: Make
) -> None:
    command = (
        "cd $TI_LOCAL_ROOT/opt/ml/output; mkdir model; echo 1 > model/weights; echo 2 > report; echo 3 > data/file;"
        "ln -s /etc/hostname outside; ln -s /etc linked; mkdir -p data/data; echo 4 > data/data/deep"
    )
    task_id = create(StartCmdInfo={"WorkerStartCmd": command}, Output=place("out"))
    reach(task_id, "SUCCEED")
    folder = bucket / "out" / task_id
    found = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}
    assert found == {"model/weights": "1\n", "report": "2\n", "file": "3\n", "data/deep": "4\n"}


def test_output_is_written_back_after_a_stop_too(
    create: Create,
    reach: Reach,
    printed: Printed,
    eventually: Callable[..., Any],
    call: Callable[..., Any],
    bucket: Path,
    place: Make,
) -> None:
    command = "echo 1 > $TI_LOCAL_ROOT/opt/ml/output/data/file; echo ready; sleep 300"
    task_id = create(StartCmdInfo={"WorkerStartCmd": command}, Output=place("/"))
    eventually(lambda: printed(task_id))
    call("StopTrainingTask", {"Id": task_id})
    reach(task_id, "STOPPED")
    assert (bucket / task_id / "file").read_text() == "1\n"


def test_a_preempted_attempt_leaves_no_output(
    create: Create,
    reach: Reach,
    printed: Printed,
    eventually: Callable[..., Any],
    bucket: Path,
    place: Make,
    emulator: Emulator,
) -> None:
    command = "touch $TI_LOCAL_ROOT/opt/ml/output/data/$$; echo ready; sleep 300"
    task_id = create(StartCmdInfo={"WorkerStartCmd": command}, Output=place("/"))
    eventually(lambda: printed(task_id) == ["ready"])
    emulator.preempt(task_id)
    eventually(lambda: printed(task_id) == ["ready", "ready"])
    emulator.platform_stop(task_id)
    reach(task_id, "STOPPED")
    assert len(list(bucket.rglob("[0-9]*"))) == 1


def test_the_first_nodes_file_is_the_one_that_stays(
    run: Callable[..., str], bucket: Path, place: Make, group: Make
) -> None:
    task_id = run(
        "echo $INDEX | tee output/data/all > output/data/$INDEX",
        Output=place("/"),
        TrainingMode="DDP",
        ResourceConfigInfos=[group(3)],
    )
    assert {file.name: file.read_text() for file in (bucket / task_id).iterdir()} == {
        "all": "0\n",
        "0": "0\n",
        "1": "1\n",
        "2": "2\n",
    }


def test_output_replaces_what_an_earlier_run_left(
    run: Callable[..., str], call: Callable[..., Any], reach: Reach, bucket: Path, place: Make
) -> None:
    task_id = run("echo $TI_INSTANCE_ID > output/data/file", Output=place("out"))
    call("StartTrainingTask", {"Id": task_id})
    latest = reach(task_id, "SUCCEED")["LatestInstanceId"]
    assert (bucket / "out" / task_id / "file").read_text() == f"{latest}\n"


@pytest.mark.parametrize(
    "name", ["other-125", "..", ".", "", "data-125/../data-125", "../cos/data-125", "/etc", "x\0", "x" * 300]
)
@pytest.mark.parametrize("member", ["CodePackagePath", "Output", "DataConfigs"])
def test_a_bucket_that_is_no_folder_does_not_exist(
    refusal: Refusal, body: Make, place: Make, name: str, member: str
) -> None:
    path: Any = place("/", bucket=name)
    value = [{"COSSource": path}] if member == "DataConfigs" else path
    code, message = refusal("CreateTrainingTask", body(**{member: value}))
    assert code == "InvalidParameterValue.CosPathNotExist"
    assert "Bucket" in message


@pytest.mark.parametrize("path", ["no", "../data-125/code", "code/../../data-125", "code\0", "secret", "x" * 300])
def test_a_path_that_does_not_exist_or_leads_out_is_refused(
    refusal: Refusal, body: Make, place: Make, bucket: Path, outside: Path, path: str
) -> None:
    _write(bucket / "code", file="x")
    (bucket / "secret").symlink_to(outside)
    code, message = refusal("CreateTrainingTask", body(CodePackagePath=place(path)))
    assert code == "InvalidParameterValue.CosPathNotExist"
    assert "`CodePackagePath.Paths.0`" in message


def test_an_output_must_not_exist_yet_but_must_stay_in_its_bucket(
    create: Create, reach: Reach, printed: Printed, place: Make, bucket: Path, tmp_path: Path
) -> None:
    (bucket / "link").symlink_to(tmp_path)
    for number, path in enumerate(("../out", "link/out", "x/../../out")):
        command = {"WorkerStartCmd": "echo never"}
        task_id = create(f"bert-{number}", StartCmdInfo=command, Output=place(path))
        assert "leads out" in reach(task_id, "FAILED")["FailureReason"]
        assert printed(task_id) == []
    assert {path.name for path in tmp_path.iterdir()} <= {"cos", "outside"}


@pytest.mark.parametrize("path", ["/../../../x", "/opt/ml/../../../../x", ".."])
def test_a_mapping_that_leads_out_of_its_node_is_a_failure(
    create: Create, reach: Reach, place: Make, bucket: Path, path: str
) -> None:
    _write(bucket / "data", file="x")
    mounts = [{"MappingPath": path, "COSSource": place("data")}]
    task_id = create(StartCmdInfo={"WorkerStartCmd": "true"}, DataConfigs=mounts)
    assert "leads out" in reach(task_id, "FAILED")["FailureReason"]


def test_links_in_a_bucket_are_followed_within_their_folder_only(
    run: Callable[..., str], printed: Printed, place: Make, bucket: Path, outside: Path
) -> None:
    _write(bucket / "code" / "real", file="inside")
    (bucket / "code" / "a").symlink_to("real/file")
    (bucket / "code" / "b").symlink_to(outside)
    (bucket / "code" / "c").symlink_to("real")
    (bucket / "code" / "d").symlink_to("nothing")
    os.mkfifo(bucket / "code" / "e")
    task_id = run("cd code; ls; cat a; test ! -L a", CodePackagePath=place("code"))
    assert printed(task_id) == [
        "[emulator] c was not copied: it is a link to a folder",
        "[emulator] b was not copied: it leads out of its folder",
        "[emulator] d was not copied: it is not a file",
        "[emulator] e was not copied: it is not a file",
        "a",
        "real",
        "inside",
    ]


def test_a_program_cannot_have_others_files_copied_to_its_output(
    run: Callable[..., str], printed: Printed, place: Make, bucket: Path, outside: Path
) -> None:
    command = f"cd output/data; ln -s {outside} a; ln -s / b; echo ours > c; ln -s c d; chmod 4000 c"
    task_id = run(command, Output=place("out"))
    written = bucket / "out" / task_id
    assert {file.name: file.read_text() for file in written.iterdir()} == {"c": "ours\n", "d": "ours\n"}
    assert stat.S_IMODE((written / "c").stat().st_mode) == 0o600
    assert printed(task_id) == [
        "[emulator] b was not copied: it is a link to a folder",
        "[emulator] a was not copied: it leads out of its folder",
    ]


def test_output_is_not_written_through_links(
    run: Callable[..., str],
    call: Callable[..., Any],
    reach: Reach,
    printed: Printed,
    place: Make,
    bucket: Path,
    outside: Path,
) -> None:
    task_id = run(
        "mkdir -p output/data/deep; echo ours | tee output/data/file > output/data/deep/file", Output=place("out")
    )
    written = bucket / "out" / task_id
    (written / "file").unlink()
    (written / "file").symlink_to(outside)
    (written / "deep" / "file").unlink()
    (written / "deep").rmdir()
    (written / "deep").symlink_to(outside.parent)
    call("StartTrainingTask", {"Id": task_id})
    reach(task_id, "SUCCEED")
    assert outside.read_text() == "untouched"
    assert not (outside.parent / "file").exists()
    assert (written / "file").read_text() == "ours\n"
    assert printed(task_id) == ["[emulator] deep/file was not copied: its place leads out of its folder"]


def test_output_that_cannot_be_written_is_a_failure(
    run: Callable[..., str], call: Callable[..., Any], reach: Reach, place: Make, bucket: Path
) -> None:
    task_id = run("echo ours > output/data/file", Output=place("out"))
    (bucket / "out" / task_id / "file").unlink()
    (bucket / "out" / task_id / "file").mkdir()
    call("StartTrainingTask", {"Id": task_id})
    assert "output cannot be written" in reach(task_id, "FAILED")["FailureReason"]


def test_without_a_folder_for_cos_there_is_no_code_and_no_output(
    body: Make, place: Make, eventually: Callable[..., Any]
) -> None:
    with Emulator(run=True) as emulator:
        emulator.plan_runs(seconds={"SUBMITTING": 0, "PENDING": 0})
        for member in ("CodePackagePath", "Output"):
            request = body(Name=member, **{member: place("/")})
            emulator.gateway.service.create(emulator.key.caller, "ap-guangzhou", request, emulator.now())
        eventually(lambda: [task["Status"] for task in emulator.tasks()] == ["FAILED", "FAILED"])
        assert all("no folder stands for COS" in task["FailureReason"] for task in emulator.tasks())


def test_a_folder_that_is_none_cannot_stand_for_cos(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a folder"):
        Emulator(cos=tmp_path / "nothing")


def test_buckets_are_known_though_nothing_is_run(
    cos: Path, body: Make, place: Make, conforming: Callable[[Emulator], Emulator]
) -> None:
    with Emulator(cos=cos) as emulator:
        assert emulator.gateway.service.cos is not None
        assert emulator.gateway.service.cos.has("data-125")
        assert not emulator.gateway.service.cos.has("data-126")
