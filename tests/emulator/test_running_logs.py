"""What the pods of an executed task print, as DescribeLogs returns it.

Logs of runs that are not executed are in `test_observation.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.running import spool

Create = Callable[..., str]
Reach = Callable[..., dict[str, Any]]
Printed = Callable[..., list[str]]
Make = Callable[..., dict[str, Any]]
Call = Callable[..., dict[str, Any]]


@pytest.fixture
def emulator(executing: Emulator) -> Emulator:
    return executing


@pytest.fixture
def logs(call: Call, detail: Make) -> Call:
    def logs(task_id: str, **how: Any) -> dict[str, Any]:
        run = detail(task_id)["LatestInstanceId"]
        answer: dict[str, Any] = call("DescribeLogs", {"Service": "TRAIN", "ServiceId": run, **how})
        return answer

    return logs


@pytest.fixture
def run(create: Create, reach: Reach) -> Callable[..., str]:
    def run(command: str, **members: Any) -> str:
        task_id = create(StartCmdInfo={"WorkerStartCmd": command}, **members)
        reach(task_id, "SUCCEED")
        return task_id

    return run


def _texts(answer: dict[str, Any]) -> list[str]:
    return [line["Message"] for line in answer["Content"]]


def test_lines_have_their_streams_pods_and_times(run: Callable[..., str], logs: Call, group: Make) -> None:
    before = datetime.now(timezone.utc)
    task_id = run(
        'echo "out $INDEX"; sleep 0.05; echo "error $INDEX" >&2', TrainingMode="DDP", ResourceConfigInfos=[group(2)]
    )
    lines = logs(task_id, Order="ASC")["Content"]
    of_first = [line for line in lines if line["PodName"].endswith("-master-0")]
    assert [line["Message"] for line in of_first] == ["out 0", "error 0"]
    first, second = (datetime.fromisoformat(f"{line['Timestamp'][:26]}+00:00") for line in of_first)
    assert before < first < second < datetime.now(timezone.utc)
    assert second - first > timedelta(seconds=0.03)
    assert sorted(_texts(logs(task_id, LogStream="stderr"))) == ["error 0", "error 1"]
    assert sorted(_texts(logs(task_id, LogStream="stdout"))) == ["out 0", "out 1"]
    assert _texts(logs(task_id, PodName=f"{lines[0]['PodName'].rpartition('-')[0]}-*", LogStream="stderr"))
    assert len({line["Id"] for line in lines}) == len({(line["PkgId"], line["PkgLogId"]) for line in lines}) == 4


def test_lines_are_shown_while_a_task_runs(create: Create, printed: Printed, eventually: Callable[..., Any]) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "echo one; sleep 0.2; echo two; printf three; sleep 300"})
    eventually(lambda: printed(task_id) == ["one"])
    eventually(lambda: printed(task_id) == ["one", "two"])


def test_what_is_printed_is_kept_as_it_is(run: Callable[..., str], printed: Printed) -> None:
    task_id = run(r"printf '中文 \t\033[1m ✓\r\n\n  \xff\n\x0b \xe2\x80\xa8\nbar\rbaz\rend without a newline'")
    assert printed(task_id) == ["中文 \t\033[1m ✓", "", "  �", "\x0b \u2028", "bar\rbaz\rend without a newline"]


def test_pages_cover_every_line_once_in_both_orders(run: Callable[..., str], logs: Call, group: Make) -> None:
    task_id = run("seq 1 1500", TrainingMode="DDP", ResourceConfigInfos=[group(2)])
    for order in ("ASC", "DESC"):
        seen: list[tuple[str, str]] = []
        context = ""
        for _ in range(6):
            answer = logs(task_id, Order=order, Context=context, Limit=700)
            seen += [(line["PodName"][-8:], line["Message"]) for line in answer["Content"]]
            context = answer["Context"]
        assert answer["Content"] == []
        for pod in ("master-0", "worker-0"):
            numbers = [int(text) for name, text in seen if name == pod]
            assert numbers == sorted(range(1, 1501), reverse=order == "DESC")
    assert len(logs(task_id)["Content"]) == 100
    assert _texts(logs(task_id, Order="ASC", Offset=2998)) != []
    keyword = [{"Name": "Key", "Values": ["149"]}]
    found = [int(text) for text in _texts(logs(task_id, Filters=keyword))]
    assert sorted(found) == sorted([number for number in range(1501) if "149" in str(number)] * 2)


def test_paging_ends_after_ten_thousand_lines(run: Callable[..., str], logs: Call, refusal: Any, detail: Make) -> None:
    task_id = run("seq 1 10500")
    request = {"Service": "TRAIN", "ServiceId": detail(task_id)["LatestInstanceId"], "Limit": 1000}
    context = logs(task_id, Limit=1000, Offset=9000)["Context"]
    assert refusal("DescribeLogs", {**request, "Context": context})[0] == "FailedOperation.ContextLimitError"


def test_a_period_has_the_lines_that_were_printed_in_it(run: Callable[..., str], logs: Call) -> None:
    task_id = run("echo one; sleep 0.02; echo two; sleep 0.02; echo three")
    second = logs(task_id, Order="ASC")["Content"][1]["Timestamp"]
    assert _texts(logs(task_id, StartTime=second, Order="ASC")) == ["two", "three"]
    assert _texts(logs(task_id, EndTime=second)) == ["two", "one"]
    assert _texts(logs(task_id, StartTime=second, EndTime=second)) == ["two"]
    always = {"StartTime": "0001-01-01T00:00:00Z", "EndTime": "9999-12-31T23:59:59Z", "Order": "ASC"}
    assert _texts(logs(task_id, **always)) == ["one", "two", "three"]


def test_a_task_that_has_ended_is_shown_in_the_time_of_its_emulator(body: Make, eventually: Callable[..., Any]) -> None:
    """An emulator may live by a clock that is wrong, and its lines by the same one."""
    with Emulator(run=True, clock_offset_seconds=7200) as emulator:
        assert emulator.execution is not None
        emulator.plan_runs(seconds={"SUBMITTING": 0, "PENDING": 0})
        request = body(StartCmdInfo={"WorkerStartCmd": "echo one"})
        task = emulator.gateway.service.create(emulator.key.caller, "ap-guangzhou", request, emulator.now())
        eventually(lambda: emulator.tasks()[0]["Status"] == "SUCCEED")
        minute = timedelta(minutes=1)
        since, until = emulator.now() - minute, emulator.now() + minute
        [line] = emulator.execution.lines(task.run, lambda _: True, since, until, descending=False)
        assert since < line.at < until


def test_a_flood_of_lines_is_bounded(
    create: Create,
    printed: Printed,
    call: Call,
    reach: Reach,
    eventually: Callable[..., Any],
    executing: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert executing.execution is not None
    task_id = create(StartCmdInfo={"WorkerStartCmd": "yes"})
    eventually(lambda: printed(task_id))
    folder = executing.execution.folder

    def size() -> int:
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())

    eventually(lambda: size() > 9_000_000)
    call("StopTrainingTask", {"Id": task_id})
    reach(task_id, "STOPPED")
    assert size() < 2 * spool.MAX_FILE_BYTES + 4_000_000
    read = Mock(wraps=spool._printed)
    monkeypatch.setattr(spool, "_printed", read)
    for order in ("ASC", "DESC"):
        assert printed(task_id, Order=order) == ["y"] * 1000
    assert read.call_count < 2100  # and not hundreds of thousands: no more is read than is result


def test_a_spool_forgets_its_oldest_lines_only(tmp_path: Path) -> None:
    writer = spool.Writer(tmp_path, max_bytes=1000)
    for number in range(1000):
        writer.write("stdout", str(number).encode())
    writer.close()
    kept = list(spool.read(tmp_path, 0, 2**60))
    assert [int(line.text) for line in kept] == list(range(int(kept[0].text), 1000))
    assert 30 < len(kept) < 100
    assert list(spool.read(tmp_path, 0, 2**60, descending=True)) == kept[::-1]


def test_any_period_of_a_spool_is_found_in_both_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([5000, 5000, 7000, 6000, 9000, 9000])
    monkeypatch.setattr(time, "time_ns", lambda: next(clock))
    writer = spool.Writer(tmp_path, max_bytes=90)
    writer.write("stdout", b"a", b"b")
    for text in (b"c", b"d", b"e", b"f", b"g"):
        writer.write("stderr", text)
    writer.close()
    assert (tmp_path / "earlier").exists()
    kept = list(spool.read(tmp_path, 0, 100))
    assert [(line.microseconds, line.text) for line in kept] == [
        (5, "a"),
        (5, "b"),
        (5, "c"),
        (7, "d"),
        (7, "e"),
        (9, "f"),
        (9, "g"),
    ][-len(kept) :]
    for since in range(11):
        for until in range(11):
            expected = [line for line in kept if since <= line.microseconds <= until]
            assert list(spool.read(tmp_path, since, until)) == expected
            assert list(spool.read(tmp_path, since, until, descending=True)) == expected[::-1]


def test_a_spool_that_is_not_there_or_empty_has_no_lines(tmp_path: Path) -> None:
    assert list(spool.read(tmp_path / "nothing", 0, 100)) == []
    spool.Writer(tmp_path).close()
    assert list(spool.read(tmp_path, 0, 100, descending=True)) == []


def test_a_very_long_line_is_shown_in_parts(run: Callable[..., str], printed: Printed) -> None:
    parts = printed(run("head -c 200000 /dev/zero | tr '\\0' x; echo"))
    assert len(parts) == 4
    assert "".join(parts) == "x" * 200_000


@pytest.mark.parametrize("character", ["中", "𝔘", "é"])
def test_a_very_long_line_is_cut_between_characters(run: Callable[..., str], printed: Printed, character: str) -> None:
    for before in ("", "x"):
        command = f"printf '%s' '{before}'; printf '{character}%.0s' $(seq 50000); echo"
        parts = printed(run(command, name=f"cut-{before}1"))
        assert "".join(parts) == before + character * 50_000
        assert len(parts) == -(-len("".join(parts).encode()) // spool.MAX_LINE_BYTES)
