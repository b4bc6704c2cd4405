"""Leftovers of killed updates: active tasks with the labels of a resource that is about to be created.

A replaced task is deleted before its successor is created. So an active task with the labels of a resource that is
being created is in no state any more. It would run next to the new one, and nobody would know.

The tasks of a stack are listed once for each region and workspace in a process. Create then ends with an error that
names the task. For the command that lists and deletes such tasks, see `stacks/orphan_scan.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from concurrent.futures import Future
from typing import Any

from pulumi_tione._api.protocols import TaskApi
from pulumi_tione._api.status import is_terminal
from pulumi_tione._schema.identity import RETAINED, Owner, generated_name, is_generated_form, labels, labels_of_stack
from pulumi_tione._schema.wire import user_tags


class Leftovers:
    """The active tasks of a stack in a region and workspace, when this process first created a task there."""

    def __init__(self) -> None:
        self._found: dict[tuple[TaskApi | str | None, ...], Future[list[dict[str, Any]]]] = {}

    def find(
        self, client: TaskApi, owner: Owner, workspace: str | None, deleted: Container[str] = ()
    ) -> dict[str, Any] | None:
        """Return the detail of an active task with the labels of this resource, if there was one at the beginning.

        Args:
            client: of the task's region.
            owner: the owner of the task that is about to be created.
            workspace: its workspace; None for the default one.
            deleted: the ids of tasks that are gone, whatever a read shows.
        """
        return self._first(client, owner, workspace, deleted, self._of_stack)

    def find_now(
        self, client: TaskApi, owner: Owner, workspace: str | None, deleted: Container[str]
    ) -> dict[str, Any] | None:
        """Return the detail of an active task with the labels of this resource, if there is one now."""
        return self._first(client, owner, workspace, deleted, _active_tasks)

    def _first(
        self,
        client: TaskApi,
        owner: Owner,
        workspace: str | None,
        deleted: Container[str],
        tasks: Callable[[TaskApi, Mapping[str, str], str | None], list[dict[str, Any]]],
    ) -> dict[str, Any] | None:
        if owner.get(RETAINED):
            return None  # its old task stays on purpose
        own = labels(owner)
        for item in tasks(client, labels_of_stack(owner["project"], owner["stack"]), workspace):
            if item["Id"] in deleted:
                continue
            has_labels = own.items() <= user_tags(item.get("Tags")).items()
            if has_labels and not _has_name_of_other_owner(str(item.get("Name")), owner):
                # It may have been deleted since the list was made, by this very process.
                detail = client.describe_training_task(str(item["Id"]), workspace)
                if detail is not None and not is_terminal(str(detail.get("Status"))):
                    return detail
        return None

    def _of_stack(self, client: TaskApi, stack: Mapping[str, str], workspace: str | None) -> list[dict[str, Any]]:
        place = (client, workspace, *stack.values())
        future: Future[list[dict[str, Any]]] = Future()
        found = self._found.setdefault(place, future)  # of several threads, one sets it
        if found is future:
            try:
                found.set_result(_active_tasks(client, stack, workspace))
            except BaseException as error:  # noqa: BLE001  whatever it is: the others must not wait for ever
                found.set_exception(error)
        return found.result()


def _active_tasks(client: TaskApi, stack: Mapping[str, str], workspace: str | None) -> list[dict[str, Any]]:
    # The new task is created if none is listed, so a list that ends early must not count: the leftover would run on.
    items = client.training_tasks({}, stack, workspace, is_proof=True)
    return [item for item in items if not is_terminal(str(item.get("Status")))]


def _has_name_of_other_owner(name: str, owner: Owner) -> bool:
    """Check whether a name was generated for another owner, which the labels may not show.

    Labels do not contain the organization, and two owners can have equal labels after sanitizing.
    """
    return bool(re.fullmatch(_GENERATED, name)) and not is_generated_form(name, generated_name(owner))


_GENERATED = r"(.+-)?[0-9a-f]{8}(-\d{1,3})?"
