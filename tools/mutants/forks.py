"""A pytest plugin that tries mutants: the tests are collected once, and each mutant gets a forked process.

A first process runs all tests and records which functions each one calls. A mutant is tried with the tests of its
function, the one that killed the mutant before it first, then the fastest ones first, until one fails.

Which tests are left out is `NOT_FOR_MUTANTS` in `run.py`.
"""

from __future__ import annotations

import gc
import hashlib
import json
import math
import os
import resource
import select
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

_SURVIVED, _KILLED, _TIMED_OUT = "survived", "killed", "timed out"
_MEMORY_BYTES = 6 << 30


@dataclass
class _Outcome:
    """What the process of a mutant reported."""

    status: str
    test: str = ""
    """The test that failed."""
    seconds: float = 0.0

    def json(self) -> dict[str, Any]:
        return {"status": self.status, "test": self.test, "seconds": round(self.seconds, 2)}


@dataclass
class _Covered:
    """What a test calls when nothing is mutated."""

    seconds: float
    functions: list[str]
    has_failed: bool
    file: str
    """The hash of its file."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants", required=True, help="a file with the mutants, in JSON")
    parser.addoption("--outcomes", required=True, help="the file to write the outcomes to")
    parser.addoption("--processes", type=int, default=2)
    parser.addoption("--seconds", type=float, default=math.inf, help="try only the fastest tests of each mutant")
    parser.addoption("--coverage", help="a file that keeps what tests call")
    parser.addini("timeout", "of pytest-timeout, whose alarm clock is in use here")


def pytest_configure(config: pytest.Config) -> None:
    from hypothesis import settings

    settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
    settings.load_profile("mutants")
    config.option.tbstyle = "native"  # nobody reads how a test fails
    config.addinivalue_line("markers", "timeout: of pytest-timeout")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    if session.testsfailed:
        raise session.Interrupted(f"{session.testsfailed} errors during collection")
    options = session.config.option
    _Run(
        session,
        json.loads(Path(options.mutants).read_text()),
        Path(options.outcomes),
        options.processes,
        options.seconds,
    ).run(Path(options.coverage))
    return True


class _Reports:
    """Remembers whether a test failed."""

    def __init__(self) -> None:
        self.has_failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.has_failed |= report.failed


class _Run:
    def __init__(
        self,
        session: pytest.Session,
        mutants: Sequence[dict[str, Any]],
        outcomes: Path,
        processes: int,
        max_seconds: float,
    ) -> None:
        self._session = session
        self._items = {item.nodeid: item for item in session.items}
        self._mutants = mutants
        self._path = outcomes
        self._processes = processes
        self._max_seconds = max_seconds
        self._outcomes: dict[str, _Outcome] = {}
        self._tests: dict[str, list[str]] = defaultdict(list)
        """By function, the tests that call it, the fastest first."""
        self._killers: dict[str, list[str]] = defaultdict(list)
        """By function, the tests that have killed mutants of it, the latest first."""
        self._running: dict[int, tuple[str, str, float, int, float]] = {}
        """By process: the mutant, its function, when it began, its pipe, and its deadline."""

    def run(self, kept: Path) -> None:
        # All processes share one folder for temporary files, which no other run of pytest cleans up.
        self._session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        self._coverage = self._covered(kept)
        for name, test in self._coverage.items():
            if test.has_failed:
                print(f"fails without a mutant, and is left out: {name}")
            else:
                for function in test.functions:
                    self._tests[function].append(name)
        for names in self._tests.values():
            names.sort(key=lambda name: self._coverage[name].seconds)
        seconds = sum(test.seconds for test in self._coverage.values())
        print(f"{len(self._mutants)} mutants, {len(self._coverage)} tests, {seconds:.0f} s", flush=True)
        gc.collect()
        gc.freeze()
        for mutant in self._mutants:
            while len(self._running) >= self._processes:
                self._reap()
            if tests := self._tests_of(mutant["function"]):
                self._start(mutant, tests)
            else:
                self._outcomes[mutant["id"]] = _Outcome("no tests")
        while self._running:
            self._reap()
        self._save()

    def _covered(self, kept: Path) -> dict[str, _Covered]:
        """Run each test once without a mutant, unless its file is as it was the last time."""
        files = {item.path for item in self._session.items}
        hashes = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        coverage = {
            name: _Covered(**known[name])
            for name, item in self._items.items()
            if name in known and not known[name]["has_failed"] and known[name]["file"] == hashes[str(item.path)]
        }
        items = [item for name, item in self._items.items() if name not in coverage]
        if items:
            read, write = os.pipe()
            pid = os.fork()
            if not pid:
                os.close(read)
                self._in_child(write, lambda: self._record_coverage(items, hashes))
            os.close(write)
            with open(read, encoding="utf-8") as pipe:
                coverage |= {name: _Covered(**test) for name, test in json.loads(pipe.read()).items()}
            os.waitpid(pid, 0)
        known |= {name: asdict(test) for name, test in coverage.items()}
        kept.write_text(json.dumps(known), encoding="utf-8")
        return coverage

    def _record_coverage(self, items: Sequence[pytest.Item], hashes: dict[str, str]) -> dict[str, Any]:
        import mutant_switch

        path = self._path.with_name("calls")
        recorded = {}
        for item, following in zip(items, [*items[1:], None], strict=True):
            began = time.monotonic()
            mutant_switch.record(str(path))
            has_failed = self._fails(item, following)
            calls = {*path.read_text(encoding="utf-8").splitlines()}
            functions = sorted({*calls, *(function.rpartition(".")[0] for function in calls)})
            test = _Covered(time.monotonic() - began, functions, has_failed, hashes[str(item.path)])
            recorded[item.nodeid] = asdict(test)
        return recorded

    def _tests_of(self, function: str) -> list[pytest.Item]:
        names, killers = self._tests[function], self._killers[function]
        tests, seconds = [], 0.0
        for name in (*killers, *(name for name in names if name not in killers)):
            seconds += self._coverage[name].seconds
            if seconds > self._max_seconds:
                break
            tests.append(self._items[name])
        return tests

    def _start(self, mutant: dict[str, Any], tests: Sequence[pytest.Item]) -> None:
        seconds = sum(self._coverage[test.nodeid].seconds for test in tests)
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.setpgid(0, 0)
            os.close(read)
            self._in_child(write, lambda: self._try(mutant, tests))
        os.close(write)
        deadline = time.monotonic() + 30 + 10 * seconds
        self._running[pid] = (mutant["id"], mutant["function"], time.monotonic(), read, deadline)

    def _try(self, mutant: dict[str, Any], tests: Sequence[pytest.Item]) -> dict[str, Any]:
        import mutant_switch

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        mutant_switch.choose(mutant["key"], mutant["value"])
        for test, following in zip(tests, [*tests[1:], None], strict=True):
            with _alarm(10 + 10 * self._coverage[test.nodeid].seconds):
                try:
                    has_failed = self._fails(test, following)
                except _Late:
                    return _Outcome(_TIMED_OUT, test.nodeid).json()
            if has_failed:
                return _Outcome(_KILLED, test.nodeid).json()
        return _Outcome(_SURVIVED).json()

    def _fails(self, item: pytest.Item, following: pytest.Item | None) -> bool:
        reports = _Reports()
        manager = self._session.config.pluginmanager
        manager.register(reports)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except pytest.exit.Exception:
            return True
        finally:
            manager.unregister(reports)
        return reports.has_failed

    def _in_child(self, pipe: int, action: Callable[[], dict[str, Any]]) -> None:
        """Write the result of an action to a pipe, and end this process."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        try:
            result = json.dumps(action())
            with open(pipe, "w", encoding="utf-8") as written:
                written.write(result)
            self._session._setupstate.teardown_exact(None)
        finally:
            os._exit(0)

    def _reap(self) -> None:
        """Wait for a process, and take down its outcome."""
        pipes = {running[3]: pid for pid, running in self._running.items()}
        ready, _, _ = select.select(list(pipes), [], [], 1.0)
        late = [pid for pid, running in self._running.items() if time.monotonic() > running[4]]
        for pid in {*(pipes[pipe] for pipe in ready), *late}:
            key, function, began, pipe, _ = self._running.pop(pid)
            with open(pipe, "rb") as written:
                text = b"" if pid in late and pipe not in ready else written.read()
            self._kill(pid)
            outcome = _Outcome(**json.loads(text)) if text else _Outcome(_TIMED_OUT if pid in late else _KILLED)
            outcome.seconds = time.monotonic() - began
            self._outcomes[key] = outcome
            if outcome.status not in (_KILLED, _TIMED_OUT):
                print(f"{outcome.status} after {outcome.seconds:.0f} s: {key}", file=sys.stderr, flush=True)
            if outcome.test:
                killers = self._killers[function]
                if outcome.test in killers:
                    killers.remove(outcome.test)
                killers.insert(0, outcome.test)
            if len(self._outcomes) % 25 == 0:
                self._save()

    def _kill(self, pid: int) -> None:
        """End the process of a mutant, and all that it has started."""
        until = time.monotonic() + 2
        while time.monotonic() < until and os.waitpid(pid, os.WNOHANG) == (0, 0):
            time.sleep(0.005)
        try:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    def _save(self) -> None:
        self._path.write_text(json.dumps({key: outcome.json() for key, outcome in self._outcomes.items()}, indent=1))
        counts: dict[str, int] = defaultdict(int)
        for outcome in self._outcomes.values():
            counts[outcome.status] += 1
        print(f"{len(self._outcomes)} of {len(self._mutants)}: {dict(counts)}", file=sys.stderr, flush=True)


class _Late(BaseException):
    """A test takes far longer than without a mutant."""


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise _Late

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
