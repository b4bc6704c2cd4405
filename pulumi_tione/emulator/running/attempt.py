"""One attempt at a run: its nodes, from empty folders to their output.

A run is one attempt, unless it is preempted: then it is attempted again from the start.

`execution.py` decides when an attempt begins and ends, `container.py` is one of its nodes. How long STOPPING lasts is
in `tasks/transitions.py`.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pulumi_tione.emulator.tasks.task import Run, Task
from pulumi_tione.emulator.tasks.transitions import DURATIONS, Status

from .container import Container
from .cos import Cos, CosError
from .environment import ADDRESS, environment_of
from .roles import nodes_of

_log = logging.getLogger("pulumi_tione.emulator")


class _Ended(Exception):  # noqa: N818
    """Raised where an attempt should end: nothing more needs to be done."""


class Attempt:
    """The nodes of a run. Everything that takes time happens in its own thread; other threads can only end it."""

    def __init__(
        self,
        task: Task,
        run: Run,
        folder: Path,
        cos: Cos | None,
        now: Callable[[], datetime],
        on_started: Callable[[Attempt], None],
        on_ended: Callable[[Attempt, str | None], None],
        *,
        shows_opt_ml: bool,
    ) -> None:
        """`on_started` and `on_ended`, with the failure if there is one, are called from its thread."""
        self.task = task
        self.run = run
        self.is_alive = True
        self.is_abandoned = False
        """Whether its result is discarded, because its nodes were taken away or its task is gone."""
        self._nodes = nodes_of(task, run)
        # By number, as the name of a pod contains text from the request.
        self.containers = [Container(node, folder / str(node.index)) for node in self._nodes]
        self._cos = cos
        self._now = now
        self._on_started = on_started
        self._on_ended = on_ended
        self._shows_opt_ml = shows_opt_ml
        self._is_ending = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._live, name=f"attempt-{run.instance_id}", daemon=True)

    @property
    def grace_seconds(self) -> float:
        """The seconds between SIGTERM and SIGKILL: as long as STOPPING lasts."""
        return self.run.plan.seconds.get(Status.STOPPING, DURATIONS[Status.STOPPING])

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """End all nodes; their output is kept. Further calls do nothing."""
        if not self._is_ending:
            self._end(self.grace_seconds)

    def abandon(self, grace_seconds: float | None = None) -> None:
        """End all nodes and discard their output. Further calls do nothing, except with shorter seconds."""
        if not self.is_abandoned or grace_seconds is not None:
            self.is_abandoned = True
            self._end(self.grace_seconds if grace_seconds is None else grace_seconds)

    def join(self) -> None:
        self._thread.join()

    def _end(self, grace_seconds: float) -> None:
        self._is_ending = True
        self._end_containers(grace_seconds)

    def _end_containers(self, grace_seconds: float) -> None:
        # Under the lock: a node that is being started is ended as well, or not started at all.
        with self._lock:
            for container in self.containers:
                container.end(grace_seconds, self._now())

    def _live(self) -> None:
        failures = [
            self._try(self._begin, "The nodes cannot be provided"),
            self._try(self._wait, "The nodes cannot be watched"),
            self._try(self._write_output, "The output cannot be written"),
        ]
        failure = next(filter(None, failures), None)
        last_status = "TERMINATED" if self._is_ending else "FAILED" if failure else "SUCCEEDED"
        for container in self.containers:
            container.finish(last_status, self._now())
            container.clear()
        self._on_ended(self, failure)

    def _try(self, step: Callable[[], str | None], trouble: str) -> str | None:
        """Run a step; return its failure, if there is one."""
        try:
            return step()
        except _Ended:
            return None
        except (CosError, OSError, ValueError) as error:
            return f"{trouble}: {error}."
        except Exception:  # noqa: BLE001
            # A failure of the emulator, as in the gateway.
            _log.exception("an attempt at %s failed", self.run.instance_id)
            return "The emulator failed: see its log."

    def _begin(self) -> str | None:
        try:
            self._output()  # output that cannot be stored need not be computed
            for container in self.containers:
                container.prepare(self.task.body, self._cos, self._check_that_it_goes_on)
            port = _free_port()
            for container in self.containers:
                self._start(container, port)
        except BaseException:
            self._end_containers(self.grace_seconds)
            raise
        self._on_started(self)
        return None

    def _start(self, container: Container, port: int) -> None:
        root = container.root
        environment = environment_of(self.task, self.run, container.node, self._nodes, root, port)
        with self._lock:
            self._check_that_it_goes_on()
            container.start(environment, self._now(), shows_opt_ml=self._shows_opt_ml)

    def _wait(self) -> str | None:
        """Wait for all processes. The first failure decides, or the end of the last node that must succeed."""
        failure, is_decided = None, False
        undecided = {container.node.index for container in self.containers if container.node.decides}
        with selectors.DefaultSelector() as running:
            for container in self.containers:
                if container.process is not None:
                    running.register(container.process.output_pipe, selectors.EVENT_READ, container)
            while running.get_map():
                for key, _ in running.select():
                    running.unregister(key.fileobj)
                    ended_badly = key.data.record_exit(self._now())
                    failure = failure or ended_badly
                    undecided.discard(key.data.node.index)
                if (failure or not undecided) and not is_decided:
                    is_decided = True
                    self._end_containers(self.grace_seconds)
        return failure

    def _write_output(self) -> str | None:
        """Copy the output of the nodes; if files have the same name, the first node's is kept."""
        target = self._output()
        for container in reversed(self.containers):
            if target is not None and container.started_at is not None:
                container.write_output(target, self._check_that_it_counts)
        return None

    def _output(self) -> Path | None:
        """Return the documented folder in COS for the output: the task's own, below the request's path [D]."""
        place = self.task.body.get("Output")
        if not place:
            return None
        if self._cos is None:
            raise CosError(f"the bucket {place['Bucket']} is not known: no folder stands for COS")
        return self._cos.target(place["Bucket"], f"{place['Paths'][0]}/{self.task.id}")

    def _check_that_it_goes_on(self) -> None:
        if self._is_ending:
            raise _Ended

    def _check_that_it_counts(self) -> None:
        if self.is_abandoned:
            raise _Ended


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])
