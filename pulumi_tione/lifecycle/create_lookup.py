"""The lookups of a create: which task has its name, and whether an indeterminate request has made it.

Names are unique at the service, so the name identifies what an earlier request has made. Reads may lag behind writes by
half a minute.

`create.py` sets how long a task is looked for: 15 seconds after a lost response (`_SECONDS_TO_FIND_CREATED`), 60
seconds after a name is refused as taken (`_SECONDS_TO_FIND_HOLDER`). Only if no task is found is the request sent
again, with the same name, at most 3 times (`_MAX_ATTEMPTS` there).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import TaskApi
from pulumi_tione.call_context import CallContext, CallEndedError
from pulumi_tione.errors import ApiError, IndeterminateResultError, TaskError, TioneError
from pulumi_tione.lifecycle.existence import LAG_SECONDS
from pulumi_tione.lifecycle.leftovers import Leftovers
from pulumi_tione.lifecycle.messages import create_failed, holder_unknown, looking_for_holder
from pulumi_tione.lifecycle.name_conflict import CreateIdentity, Origin
from pulumi_tione.lifecycle.own_deletions import OwnDeletions

_TAGS_NOT_BOUND = "InternalError.BindingTagsFailed"
"""There may be a task, and it may have none of its tags."""

_INCOMPLETE = (Origin.UNLABELED, Origin.UNDATED)
"""What a task can be only for as long as its detail is not complete."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class CreateLookup:
    """The lookups of one create.

    Args:
        client: of the task's region.
        identity: what identifies the create's task.
        started: when the create started, by the service's clock.
        context: the call that is being handled.
        deleted: the tasks that this process has deleted.
        leftovers: what killed updates may have left of this stack; None, where tasks get no labels to find it by.
    """

    client: TaskApi
    identity: CreateIdentity
    started: datetime
    context: CallContext
    deleted: OwnDeletions
    leftovers: Leftovers | None

    def holder(self, name: str) -> dict[str, Any] | None:
        """Return the detail of the task that has this name.

        A task that only a list shows was deleted, or is too new. One that this process has deleted has no name any
        more, whatever a read shows.
        """
        workspace = self.identity.inputs.get("tiProjectId")
        for item in self.client.training_tasks_with_name(name, workspace):
            if item["Id"] not in self.deleted:
                with contextlib.suppress(IndeterminateResultError):
                    detail = self.client.describe_training_task(str(item["Id"]), workspace)
                    if detail is not None:
                        return detail
        return None

    def find_created(self, name: str, indeterminate: TioneError, seconds: float) -> str | None:
        """Return the id of the task that an indeterminate request has made; None if none is visible by then.

        Args:
            name: the name in the request.
            indeterminate: the result of the request.
            seconds: how long the task is looked for.

        Raises:
            TaskError: another create has made the task that has the name, or nothing could be looked up.
        """
        try:
            holder = self._poll(lambda: self.holder(name), bool, seconds)
        except TioneError as error:  # what has lost the response may keep requests from being answered, too
            raise TaskError(create_failed(name, error, indeterminate)) from error
        return None if holder is None else self._own_id(self._complete(name, holder), indeterminate)

    def ensure_no_holder(self, name: str, refusal: ApiError, seconds: float) -> None:
        """Look for the task whose name is refused as taken.

        A refusal without a visible task means a task that is not visible yet, more likely than a name that is kept for
        a deleted one. With another name, a second task would run next to it.

        Raises:
            TaskError: there is such a task, or nothing could be looked up.
        """
        if seconds:
            self.context.show_status(looking_for_holder(name, seconds))
        try:
            holder, leftover = self._poll(lambda: (self.holder(name), self._leftover_now()), any, seconds)
        except CallEndedError:
            raise
        except TioneError as error:
            raise TaskError(holder_unknown(name, refusal, error)) from error
        if holder is not None:
            raise TaskError(self.identity.name_is_taken(name, holder, refusal)) from refusal
        if leftover is not None:
            raise TaskError(self.identity.leftover_exists(leftover)) from refusal

    def _complete(self, name: str, holder: dict[str, Any]) -> Mapping[str, Any]:
        """Return the task when it shows who made it, or as it is after the time that its labels may take."""

        def fetch() -> dict[str, Any]:
            nonlocal holder
            if self._origin_of(holder) in _INCOMPLETE:
                with contextlib.suppress(TioneError):
                    holder = self.holder(name) or holder
            return holder

        return self._poll(fetch, lambda task: self._origin_of(task) not in _INCOMPLETE, LAG_SECONDS)

    def _own_id(self, holder: Mapping[str, Any], indeterminate: TioneError) -> str:
        """Return the id of the task that has the name, if this very create has made it.

        A task that never got labels was made by this create if its name is one that only this resource has, or if the
        service has reported that it could not bind them.
        """
        origin = self._origin_of(holder)
        if origin is Origin.UNLABELED:
            has_no_tags = isinstance(indeterminate, ApiError) and indeterminate.code == _TAGS_NOT_BOUND
            is_own = self.identity.has_generated_name or has_no_tags
        else:
            is_own = origin is Origin.THIS_CREATE
        if not is_own:
            raise TaskError(self.identity.name_is_taken(str(holder.get("Name")), holder))
        return str(holder["Id"])

    def _origin_of(self, task: Mapping[str, Any]) -> Origin:
        return self.identity.origin_of(task, self.started)

    def _leftover_now(self) -> dict[str, Any] | None:
        owner = self.identity.owner
        if self.leftovers is None or owner is None:
            return None
        return self.leftovers.find_now(self.client, owner, self.identity.inputs.get("tiProjectId"), self.deleted)

    def _poll(self, fetch: Callable[[], _T], is_done: Callable[[_T], object], seconds: float) -> _T:
        return poll(
            fetch,
            is_done,
            timeout=seconds,
            first_pause=0.5,
            is_tolerated=lambda error: isinstance(error, TioneError),
            sleep=self.context.sleep,
            clock=self.context.clock,
        )
