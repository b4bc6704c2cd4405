"""Processes: which are alive, and which a run has started."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from pulumi_tione.environments.processes import RUN_VARIABLE, end_processes, process_start, processes_of, this_host


def start(run: str, program: str = "import time; time.sleep(60)") -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, RUN_VARIABLE: run})
    while run not in (f"{process.pid}", run) or not processes_of([run]):
        time.sleep(0.05)
    return process


def test_a_process_that_has_ended_is_dead_even_before_anybody_has_waited_for_it() -> None:
    process = start("test-process_start")
    assert process_start(process.pid) == process_start(process.pid) is not None
    process.kill()
    while processes_of(["test-process_start"]):
        time.sleep(0.05)
    assert process_start(process.pid) is None
    process.wait()
    assert process_start(process.pid) is None
    assert process_start(os.getpid()) is not None


def test_the_processes_of_a_run_are_ended_and_no_others() -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    mine, of_another_run = [start("test-mine"), start("test-mine", stubborn)], start("test-other")
    try:
        assert end_processes(["test-mine", ""]) == 2
        assert [process.wait(10) != 0 for process in mine] == [True, True]
        assert of_another_run.poll() is None
        assert end_processes([""]) == 0
    finally:
        of_another_run.kill()
        of_another_run.wait()


def test_this_machine_is_always_the_same() -> None:
    assert this_host() == this_host() != ""
