"""One run of a task through its statuses, and the removal of everything created for it.

`make live` is `run.py`. What a run shows is compared in `observations.py`.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione._api.client import Client
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import ApiError, Kind, TaskError, TioneError
from pulumi_tione.lifecycle.delete import delete
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.stop import stop_and_wait
from pulumi_tione.pricing.price_list import PriceList
from pulumi_tione.pricing.task_price import hourly_price
from tools.live.cheapest import Offer
from tools.live.observations import Evidence, is_terminal

PREFIX = "pulumi-tione-live-"
TAG = {"pulumi-tione-live": "remove-me"}
"""Prefix and tag identify the tasks that an earlier run left."""

_PASSING = {"phase": "tagged"}
_SECONDS_TO_RUN = 900
"""After which the task ends by itself, should all else fail."""
_POLLS_FOR_RUNNING = 60
_POLLS = 7
"""How often to poll for something that may take a moment to show."""
_MAY_HAVE_TAKEN_EFFECT = (Kind.INDETERMINATE, Kind.UNAVAILABLE, Kind.INTERNAL)


@dataclass
class Trial:
    """One run. `clean` alone removes everything that it created.

    Args:
        client: the client of the region.
        workspace: the workspace of the task; None is the account's default.
        offer: the specification of the task.
        seconds_between_polls: the pause between two polls.
    """

    client: Client
    workspace: str | None
    offer: Offer
    seconds_between_polls: float
    seen: Evidence = field(default_factory=Evidence)
    failures: list[str] = field(default_factory=list)
    _name: str = field(default_factory=lambda: f"{PREFIX}{int(time.time())}", init=False)
    _made: dict[str, str] = field(default_factory=dict, init=False)
    """The names of the tasks that exist, by id."""
    _removed: set[str] = field(default_factory=set, init=False)
    _followed: str = field(default="", init=False)
    """The task for which statuses are recorded."""
    _may_be_unseen: bool = field(default=False, init=False)
    """Whether a task with our name may exist that we have not seen."""

    def run(self) -> None:
        """Take a task through its statuses. A failed step is recorded, and the others are still tried.

        Raises:
            TioneError: no task could be created.
        """
        for item in list(self.client.training_tasks({}, TAG, self.workspace)):
            if str(item.get("Name")).startswith(PREFIX) and TAG.items() <= _tags(item).items():
                show(f"an earlier run has left {item['Id']}: removing it")
                self._made[str(item["Id"])] = str(item["Name"])
                self._remove(str(item["Id"]))
        self._attempt(self._read_offers)
        task_id = self._create()
        self._follow(task_id)
        for step in (self._read, self._read_pods, self._read_logs, self._tag, self._try_what_is_refused, self._stop):
            self._attempt(step, task_id)
        self._remove(task_id)
        self.seen.code_of_read_after_delete = self._code(
            lambda: self.client.describe_training_task_response(task_id, self.workspace)
        )
        self._try_deleted_name()

    def _attempt(self, step: Callable[..., None], *arguments: str) -> None:
        try:
            step(*arguments)
        except TioneError as error:
            self.fail(f"{step.__name__.lstrip('_').replace('_', ' ')}: {error}")

    def fail(self, why: str) -> None:
        self.failures.append(why)
        show(f"FAILED: {why}", sys.stderr)

    def _read_offers(self) -> None:
        self.seen.frameworks_are_offered = self.offer.frameworks_are_offered
        self.seen.prices = self.offer.prices
        self.seen.currency = self.offer.currency
        price = hourly_price(self.offer.inputs, PriceList(self.client, self.workspace))
        self.seen.computed_prices = [each for each in (price.amount, price.list_amount) if each is not None]
        self.seen.prepaid_specs = len(self.client.specs("PREPAID", None))
        self.seen.workspaces = list(self.client.workspaces())

    def _create(self) -> str:
        """Create a task; until its id is known, one may exist unseen.

        All have the same name, so that `clean` finds them.
        """
        was_indeterminate, self._may_be_unseen = self._may_be_unseen, True
        try:
            task_id = self.client.create_training_task(
                {
                    "Name": self._name,
                    **self.offer.fields,
                    "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": f"sleep {_SECONDS_TO_RUN}"},
                    "Tags": [{"TagKey": key, "TagValue": value} for key, value in TAG.items()],
                    **self._place,
                }
            )
        except ApiError as error:
            self._may_be_unseen = was_indeterminate or error.kind in _MAY_HAVE_TAKEN_EFFECT
            raise
        self._made[task_id] = self._name
        self._followed = self._followed or task_id
        show(f"created {task_id}, {self._name}")
        self._detail(task_id)
        self._may_be_unseen = was_indeterminate
        return task_id

    @property
    def _place(self) -> dict[str, Any]:
        return {"TiProjectId": self.workspace} if self.workspace else {}

    def _detail(self, task_id: str) -> Mapping[str, Any]:
        """Ask for the task, which may take a moment to be there."""
        found: list[Mapping[str, Any]] = []

        def is_there() -> bool:
            found.extend(filter(None, [self.client.describe_training_task(task_id, self.workspace)]))
            return bool(found)

        if not self._soon(is_there):
            raise TaskError(f"{task_id} is not there, though it was created")
        status = str(found[0].get("Status"))
        if task_id == self._followed and status not in self.seen.statuses[-1:]:
            self.seen.statuses.append(status)
            show(status)
        return found[0]

    def _soon(self, is_so: Callable[[], bool], polls: int = _POLLS) -> bool:
        """Poll until something is true; return False after the last poll."""
        for poll in range(polls):
            if poll:
                time.sleep(self.seconds_between_polls)
            if is_so():
                return True
        return False

    def _follow(self, task_id: str) -> None:
        """Poll the task until it runs, or ends. A task that gets no node for minutes is used as it is."""

        def has_come_far_enough() -> bool:
            status = str(self._detail(task_id).get("Status"))
            return status == "RUNNING" or is_terminal(status)

        if not self._soon(has_come_far_enough, _POLLS_FOR_RUNNING):
            show("it does not run yet; going on all the same")

    def _read(self, task_id: str) -> None:
        seen, client, workspace = self.seen, self.client, self.workspace
        seen.detail = self._detail(task_id)
        seen.item = client.training_tasks_by_id([task_id], workspace).get(task_id, {})
        seen.found_by_name = self._soon(lambda: self._is_listed(task_id, {"Name": [self._name]}, {}))
        seen.found_by_part_of_name = self._is_listed(task_id, {"Name": [self._name[:-2]]}, {})
        seen.found_by_tag = self._soon(lambda: self._is_listed(task_id, {}, TAG))
        show(f"read; found by name: {seen.found_by_name}, by tag: {seen.found_by_tag}")

    def _is_listed(self, task_id: str, filters: Mapping[str, list[str]], tags: Mapping[str, str]) -> bool:
        return any(str(item["Id"]) == task_id for item in self.client.training_tasks(filters, tags, self.workspace))

    def _read_pods(self, task_id: str) -> None:
        self.seen.pods = [str(pod.get("Name")) for pod in self.client.pods(task_id, self.workspace)]
        show(f"{len(self.seen.pods)} pods")

    def _read_logs(self, task_id: str) -> None:
        run = str(self.seen.detail.get("LatestInstanceId") or "")
        self.seen.events = len(list(self.client.events(run, **self._place)))
        lines, self.seen.log_context = self.client.logs(run, **self._place)
        self.seen.log_lines = len(lines)
        show(f"{self.seen.events} events, {len(lines)} log lines")
        of_task: list[int] = []
        self.seen.code_of_logs_of_task = self._code(
            lambda: of_task.append(len(self.client.logs(task_id, **self._place)[0]))
        )
        self.seen.log_lines_of_task = next(iter(of_task), None)

    def _tag(self, task_id: str) -> None:
        """Bind a tag and unbind it. The tag service's name of a task is only known from other products."""
        seen, uin = self.seen, str(self.seen.detail.get("Uin") or self.client.account_id())
        seen.update_times = [str(self._detail(task_id).get("UpdateTime"))]
        seen.code_of_binding = self._code(lambda: self.client.tag_training_task(task_id, uin, _PASSING))
        seen.is_tag_bound = self._soon(lambda: _PASSING.items() <= _tags(self._detail(task_id)).items())
        seen.is_in_tag_service = self._soon(
            lambda: any(found == task_id for _, found in self.client.tagged_training_tasks(_PASSING))
        )
        self._code(lambda: self.client.untag_training_task(task_id, uin, list(_PASSING)))
        seen.is_tag_unbound = self._soon(lambda: not _PASSING.keys() & _tags(self._detail(task_id)).keys())
        show(f"tagged; bound: {seen.is_tag_bound}, unbound: {seen.is_tag_unbound}")
        seen.update_times.append(str(self._detail(task_id).get("UpdateTime")))
        seen.code_of_second_unbinding = self._code(
            lambda: self.client.untag_training_task(task_id, uin, list(_PASSING))
        )
        if not (seen.is_tag_bound and seen.is_tag_unbound):
            raise TaskError(f"a tag was not bound and unbound again; binding answered {seen.code_of_binding or 'well'}")

    def _try_what_is_refused(self, task_id: str) -> None:
        again: list[str] = []
        self.seen.code_of_same_name = self._code(lambda: again.append(self._create()))
        for second in again:
            self._remove(second)
        if not is_terminal(str(self._detail(task_id).get("Status"))):
            self.seen.code_of_delete_while_active = self._code(
                lambda: self.client.delete_training_task(task_id, self.workspace)
            )

    def _code(self, action: Callable[[], object]) -> str:
        """Return the code that something is refused with; an empty text if it is not."""
        try:
            action()
        except ApiError as error:
            show(f"refused: {error.action}, {error.code}")
            return error.code
        return ""

    def _stop(self, task_id: str) -> None:
        stop_and_wait(self._task(task_id, self._name))
        self.seen.terminal_detail = self._detail(task_id)
        self.seen.update_times.append(str(self.seen.terminal_detail.get("UpdateTime")))
        self.seen.code_of_stop_when_terminal = self._code(
            lambda: self.client.stop_training_task(task_id, self.workspace)
        )

    def _try_deleted_name(self) -> None:
        """Create the task once more, the only way to find out whether a deleted name is free."""
        again: list[str] = []
        self.seen.code_of_deleted_name = self._code(lambda: again.append(self._create()))
        for task_id in again:
            self._remove(task_id)

    def _task(self, task_id: str, name: str) -> RecordedTask[Client]:
        recorded = {"name": name, "tiProjectId": self.workspace, "uin": self.client.account_id()}
        return RecordedTask(self.client, task_id, recorded, CallContext(pause=self._pause))

    def _pause(self, seconds: float) -> None:
        time.sleep(min(seconds, self.seconds_between_polls))

    def _remove(self, task_id: str) -> None:
        """Stop and delete a task, and make sure that it is gone."""
        delete(self._task(task_id, self._made[task_id]))
        if not self._soon(lambda: self.client.describe_training_task(task_id, self.workspace) is None):
            raise TaskError(f"{task_id} was deleted, but is still there")
        del self._made[task_id]
        if not self._may_be_unseen:  # else it may only have been too new to be seen
            self._removed.add(task_id)
        show(f"removed {task_id}")

    def clean(self) -> bool:
        """Remove everything; return whether nothing is left."""
        is_known = True
        try:
            # One request to be sure; more of them if a response was lost.
            is_found = self._soon(self._is_another_found, _POLLS if self._may_be_unseen else 1)
            if self._may_be_unseen and not is_found:
                show("the creation had no clear answer: no task that it could have made shows up")
        except Exception as error:  # noqa: BLE001  whatever it is: what is known must be removed
            is_known = not self._may_be_unseen
            if not is_known:
                self._warn(f"whether there is a task named {self._name} is not known", error)
        for task_id in list(self._made):
            try:
                if self._may_be_unseen:
                    self._detail(task_id)  # what has never shown up is not known to be gone
                self._remove(task_id)
            except Exception as error:  # noqa: BLE001  whatever it is: the others must be removed as well
                self._warn(f"task {task_id} ({self._made[task_id]})", error)
        return is_known and not self._made

    def _is_another_found(self) -> bool:
        """Return whether tasks with our name exist that we do not know."""
        listed = self.client.training_tasks({"Name": [self._name]}, {}, self.workspace)
        ids = {str(item["Id"]) for item in listed if item.get("Name") == self._name}
        others = ids - self._made.keys() - self._removed
        self._made.update(dict.fromkeys(others, self._name))
        return bool(others)

    def _warn(self, what: str, error: Exception) -> None:
        show(
            f"\nLEFT OVER: {what}, in {self.client.region}, workspace {self.workspace or 'default'}. "
            "IT MAY STILL RUN AND COST MONEY\n"
            f"  ({_SECONDS_TO_RUN // 60} minutes at most, if its command is obeyed).\n"
            f"  Why: {type(error).__name__}: {error}\n"
            "  Run `make live` again, which removes it; or stop and delete it in the console of TI-ONE, "
            "https://console.cloud.tencent.com/tione, in this region, under training tasks (任务式建模).",
            sys.stderr,
        )


def _tags(task: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag.get("TagKey")): str(tag.get("TagValue")) for tag in task.get("Tags") or ()}


def show(text: str, stream: Any = None) -> None:
    """Print a line. A closed terminal must not prevent the removal."""
    with contextlib.suppress(OSError, ValueError):
        print(text if stream else f"  {text}", file=stream, flush=True)
