#!/usr/bin/env python3
"""`make live`: one short life of the cheapest task on the real service, for whoever has an account.

    TIONE_LIVE=1 make live

It asks with the settings of the environment and of `tccli` (docs/settings.md), costs money for some minutes, and takes
away what it made, whatever happens. At the end it says which rows of docs/fidelity.md are confirmed or refuted.

    TIONE_LIVE_MAX_HOURLY_COST   the most that the task may cost in an hour, in CNY; by default 5
    TIONE_LIVE_WORKSPACE         the workspace; by default the account's default one

Exit code 0: all went well; 1: something failed, or a row is refuted; 2: nothing was tried; 3: something may be left.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from pulumi_tione._client import Client  # noqa: E402  see the line above
from pulumi_tione._settings import Settings  # noqa: E402
from pulumi_tione.errors import ApiError, TioneError  # noqa: E402
from pulumi_tione.lifecycle.delete import delete  # noqa: E402
from pulumi_tione.lifecycle.rest import bring_to_rest  # noqa: E402
from tools.live.observations import OBSERVATIONS, Evidence, is_at_rest, table  # noqa: E402

PREFIX = "pulumi-tione-live-"
TAG = {"pulumi-tione-live": "remove-me"}
"""By the two a later run knows what an earlier one has left."""

CHARGE_TYPE = "POSTPAID_BY_HOUR"
SECONDS_TO_RUN = 600.0
SECONDS_BETWEEN_LOOKS = float(os.environ.get("TIONE_LIVE_POLL_SECONDS", "5"))


class RefusedError(Exception):
    """Nothing was tried, and why."""


def main() -> int:
    try:
        trial = Trial(*prepared())
    except (RefusedError, TioneError) as error:
        print(f"make live: {error}", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    failed = False
    try:
        trial.run()
    except (TioneError, InterruptedError, AssertionError) as error:
        failed = True
        print(f"FAILED: {error}", file=sys.stderr)
    finally:
        is_clean = trial.clean()
    print(f"\nWhat docs/fidelity.md says, and what {trial.client.region} showed:\n{table(trial.seen)}")
    if not is_clean:
        return 3
    return int(failed or any(each.look(trial.seen) is False for each in OBSERVATIONS))


def interrupt(number: int, _: Any) -> None:
    raise InterruptedError(f"interrupted by {signal.Signals(number).name}")


def prepared() -> tuple[Client, str | None, str]:
    """Give the client, the workspace and the specification of the task; nothing has been made by then.

    Raises:
        RefusedError: it is not asked for, or it would cost too much.
        TioneError: the service cannot be asked.
    """
    if os.environ.get("TIONE_LIVE") != "1":
        raise RefusedError("this makes a task on the real service, which costs money: say so with TIONE_LIVE=1")
    try:
        most = Decimal(os.environ.get("TIONE_LIVE_MAX_HOURLY_COST", "5"))
    except InvalidOperation:
        raise RefusedError("TIONE_LIVE_MAX_HOURLY_COST must be a number of CNY") from None
    settings = Settings(lambda _: None, os.environ)
    client = Client(settings, settings.region)
    print(f"account {client.account_id()}, {client.region}, {settings.endpoint('tione')}")
    specs = [str(spec["SpecName"]) for spec in client.specs(CHARGE_TYPE, None) if spec.get("Available")]
    prices = {
        str(price["SpecName"]): Decimal(price["RealTotalCost"]) / 100
        for price in (client.prices(specs) if specs else [])
        if price.get("RealTotalCost")
    }
    if not prices:
        raise RefusedError(f"no specification in {client.region} is available and has a price")
    spec, price = min(prices.items(), key=lambda each: (each[1], each[0]))
    if price > most:
        raise RefusedError(f"the cheapest task, {spec}, costs {price} CNY an hour, more than {most}")
    print(f"the cheapest specification is {spec}: {price} CNY an hour, of {most} allowed")
    return client, os.environ.get("TIONE_LIVE_WORKSPACE") or None, spec


@dataclass
class Trial:
    """One life, and what has been made for it."""

    client: Client
    workspace: str | None
    spec: str
    seen: Evidence = field(default_factory=Evidence)
    made: dict[str, str] = field(default_factory=dict)
    """The names of the tasks that are there, or may be, by id; by name where the id is not known."""

    def run(self) -> None:
        self.remove_what_was_left()
        name = f"{PREFIX}{int(time.time())}"
        task_id = self.create(name)
        self.follow(task_id, lambda status: status in ("RUNNING", "PENDING"))
        self.read(task_id, name)
        self.tag(task_id)
        self.try_what_is_refused(task_id, name)
        self.stop(task_id, name)
        self.remove(task_id)
        self.seen.code_of_read_after_delete = self.code(
            lambda: self.client.answer_about_training_task(task_id, self.workspace)
        )
        self.try_deleted_name(name)

    def remove_what_was_left(self) -> None:
        for item in list(self.client.training_tasks({}, TAG, self.workspace)):
            if str(item.get("Name")).startswith(PREFIX):
                say(f"an earlier run has left {item['Id']}: removing it")
                self.made[str(item["Id"])] = str(item["Name"])
                self.remove(str(item["Id"]))

    def create(self, name: str) -> str:
        """Create a task; until its id is known it counts as made by its name."""
        self.made[name] = name
        task_id = self.client.create_training_task(self.body(name))
        del self.made[name]
        self.made[task_id] = name
        say(f"created {task_id}, {name}")
        return task_id

    def body(self, name: str) -> dict[str, Any]:
        return {
            "Name": name,
            "ChargeType": CHARGE_TYPE,
            "FrameworkName": "PYTORCH",
            "FrameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
            "TrainingMode": "DDP",
            "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": self.spec, "InstanceNum": 1}],
            "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": f"sleep {SECONDS_TO_RUN:.0f}"},
            "Tags": [{"TagKey": key, "TagValue": value} for key, value in TAG.items()],
            **({"TiProjectId": self.workspace} if self.workspace else {}),
        }

    def detail(self, task_id: str) -> Mapping[str, Any]:
        detail = self.client.describe_training_task(task_id, self.workspace)
        assert detail is not None, f"{task_id} is not there, though it was created"
        status = str(detail.get("Status"))
        if task_id in self.made and status not in self.seen.statuses[-1:]:
            self.seen.statuses.append(status)
            say(status)
        return detail

    def follow(self, task_id: str, until: Callable[[str], bool]) -> None:
        """Look at the task until it has a status, or ends."""
        end = time.monotonic() + SECONDS_TO_RUN
        while time.monotonic() < end:
            status = str(self.detail(task_id).get("Status"))
            if until(status) or is_at_rest(status):
                return
            time.sleep(SECONDS_BETWEEN_LOOKS)
        raise AssertionError(f"{task_id} takes longer than {SECONDS_TO_RUN:.0f} s")

    def read(self, task_id: str, name: str) -> None:
        seen, client, workspace = self.seen, self.client, self.workspace
        seen.detail = self.detail(task_id)
        seen.uin = str(seen.detail.get("Uin"))
        seen.item = client.training_tasks_by_id([task_id], workspace).get(task_id, {})
        seen.found_by_name = self.is_listed(task_id, {"Name": [name]})
        seen.found_by_part_of_name = self.is_listed(task_id, {"Name": [name[:-2]]})
        seen.found_by_tag = any(str(item["Id"]) == task_id for item in client.training_tasks({}, TAG, workspace))
        seen.is_in_tag_service = any(found == task_id for _, found in client.training_tasks_of_tag_service(TAG))
        seen.pods = [str(pod.get("Name")) for pod in client.pods(task_id, workspace)]
        seen.events = len(list(client.events(str(seen.detail.get("LatestInstanceId")), **self.place())))
        say(f"read: {len(seen.pods)} pods, {seen.events} events")

    def place(self) -> dict[str, Any]:
        return {"TiProjectId": self.workspace} if self.workspace else {}

    def is_listed(self, task_id: str, filters: Mapping[str, list[str]]) -> bool:
        return any(str(item["Id"]) == task_id for item in self.client.training_tasks(filters, {}, self.workspace))

    def tag(self, task_id: str) -> None:
        self.client.tag_training_task(task_id, self.seen.uin, {"phase": "tagged"})
        self.seen.tags_after_binding = self.tags(task_id).get("phase") == "tagged"
        self.client.untag_training_task(task_id, self.seen.uin, ["phase"])
        self.seen.tags_after_unbinding = "phase" not in self.tags(task_id)
        say(f"tagged: bound {self.seen.tags_after_binding}, unbound {self.seen.tags_after_unbinding}")

    def tags(self, task_id: str) -> dict[str, str]:
        return {str(tag["TagKey"]): str(tag["TagValue"]) for tag in self.detail(task_id).get("Tags") or ()}

    def try_what_is_refused(self, task_id: str, name: str) -> None:
        self.seen.code_of_same_name = self.code(lambda: self.create(name))
        self.made.pop(name, None)
        if not is_at_rest(str(self.detail(task_id).get("Status"))):
            self.seen.code_of_delete_while_active = self.code(
                lambda: self.client.delete_training_task(task_id, self.workspace)
            )

    def code(self, action: Callable[[], object]) -> str:
        """Give the code that something is refused with; nothing if it is not."""
        try:
            action()
        except ApiError as error:
            say(f"refused: {error.action}, {error.code}")
            return error.code
        return ""

    def stop(self, task_id: str, name: str) -> None:
        bring_to_rest(self.client, task_id, self.recorded(name), sleep=pause)
        self.seen.detail_at_rest = self.detail(task_id)
        self.seen.code_of_stop_at_rest = self.code(lambda: self.client.stop_training_task(task_id, self.workspace))

    def try_deleted_name(self, name: str) -> None:
        """Create the task once more. It is the one thing that nobody knows of names."""
        again: list[str] = []
        self.seen.is_deleted_name_free = not self.code(lambda: again.append(self.create(name)))
        self.made.pop(name, None)
        for task_id in again:
            self.remove(task_id)

    def recorded(self, name: str) -> dict[str, Any]:
        return {"name": name, "tiProjectId": self.workspace, "uin": self.client.account_id()}

    def remove(self, task_id: str) -> None:
        """Stop and delete a task, and make sure that it is gone."""
        delete(self.client, task_id, self.recorded(self.made[task_id]), sleep=pause)
        assert self.client.describe_training_task(task_id, self.workspace) is None, f"{task_id} is still there"
        del self.made[task_id]
        say(f"removed {task_id}")

    def clean(self) -> bool:
        """Remove whatever is there, and tell whether nothing is left. Nobody interrupts this."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for key, name in list(self.made.items()):
            try:
                if key == name:
                    found = self.client.find_training_task(name, self.workspace)
                    del self.made[key]
                    if found is None:
                        continue
                    key = str(found["Id"])
                    self.made[key] = name
                self.remove(key)
            except (TioneError, AssertionError) as error:
                self.made.setdefault(key, name)
                where = f"{self.client.region}, workspace {self.workspace or 'default'}"
                print(
                    f"\nLEFT OVER: task {key} ({name}) in {where}, MAY STILL RUN AND COST MONEY: {error}\n"
                    f"Delete it in the console of TI-ONE, under training tasks.",
                    file=sys.stderr,
                )
        return not self.made


def pause(seconds: float) -> None:
    time.sleep(min(seconds, SECONDS_BETWEEN_LOOKS))


def say(text: str) -> None:
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
