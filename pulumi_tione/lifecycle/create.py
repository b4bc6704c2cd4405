"""Create: one CreateTrainingTask, one DescribeTrainingTask, exactly once whatever happens in between.

Names are unique at the service, so the name tells whether an earlier request took effect. Requests that change
something decide; reads may lag behind them by half a minute. Once there is an id nothing is raised any more: Pulumi
would forget the task.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from pulumi_tione._api.polling import intervals
from pulumi_tione._api.protocols import TaskAndTagApi
from pulumi_tione._schema.identity import SUFFIXES, desired_tags, suffixed_name, with_name
from pulumi_tione._schema.wire import recorded_outputs, request_body, user_tags
from pulumi_tione.call_context import CallContext, CallEndedError
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, TaskError, TioneError
from pulumi_tione.lifecycle.delete import DeletedTasks
from pulumi_tione.lifecycle.existence import LAG_SECONDS
from pulumi_tione.lifecycle.leftovers import Leftovers
from pulumi_tione.lifecycle.name_conflict import Claim, Whose, not_created

_SECONDS_TO_FIND_OURS = 15.0
"""How long what an indeterminate request may have made is looked for, before the request is sent again. That is safe:
if it has made a task that is not visible yet, the name is taken."""

_SECONDS_TO_FIND_A_HOLDER = 60.0
"""How long the task is looked for whose name is refused as taken."""

_SECONDS_WHERE_NAMES_ARE_KEPT = 3.0
"""The same where it is no surprise: we have deleted the task before, and the service keeps its name."""

_ATTEMPTS = {Kind.INTERNAL: 2}
_USUAL_ATTEMPTS = 3
"""How often the request is sent in all, each time only after nothing was found under the name."""

_SECONDS_BETWEEN_ATTEMPTS = 1.0

_IS_BEING_CREATED = "FailedOperation.DuplicateNameTaskIsCreating"
"""Somebody's task of this name is being created, even if it is not visible yet."""

_TAGS_NOT_BOUND = "InternalError.BindingTagsFailed"
"""There may be a task, and it may have none of its tags."""


@dataclass(frozen=True)
class _Accepted:
    """There is a new task."""

    task_id: str


@dataclass(frozen=True)
class _NameTaken:
    """There is no new task: one of this name exists, or the name of a deleted one is kept."""

    refusal: ApiError


@dataclass(frozen=True)
class _Indeterminate:
    """There may be a new task."""

    error: TioneError


@dataclass(frozen=True)
class _Transient:
    """There is no new task, and the request may be sent again."""

    refusal: ApiError


@dataclass(frozen=True)
class _Refused:
    """There is no new task, and sending the request again cannot help."""

    error: TioneError


_MAY_BE_OURS = (Whose.UNLABELLED, Whose.UNDATED)
"""What a task may only be for as long as its detail is not complete."""

_Outcome: TypeAlias = _Accepted | _NameTaken | _Indeterminate | _Transient | _Refused


@dataclass
class Creation:
    """One create of one task.

    Args:
        client: of the task's region.
        inputs: the task's inputs, as check has passed them.
        labelled: whether the task gets our labels.
        left_behind: what killed updates may have left of this stack.
        deleted: the tasks that this process has deleted.
        deleted_names_are_kept: whether the user says that the service keeps the names of deleted tasks.
        context: the call that is being handled.
        now: the time by the service's clock.
        draw: returns a value for the label that tells this create from another one.
    """

    client: TaskAndTagApi
    inputs: Mapping[str, Any]
    context: CallContext
    labels_enabled: bool
    leftovers: Leftovers = field(default_factory=Leftovers)
    deleted: DeletedTasks = field(default_factory=DeletedTasks)
    deleted_names_are_kept: bool = False
    now: Callable[[], datetime] | None = None
    draw: Callable[[], str] = lambda: secrets.token_hex(1)
    _begun: datetime = field(init=False)
    _claim: Claim = field(init=False)

    def run(self) -> tuple[str, dict[str, Any]]:
        """Create the task and return its id and its outputs.

        Raises:
            TioneError: there is no new task, or it cannot be told from somebody else's; the message says which.
        """
        tags = desired_tags(self.inputs, self.labels_enabled, self.draw())
        self._claim = Claim(self.client.region, self.inputs, tags)
        try:
            self._ensure_nothing_is_left_behind()
            self._begun = (self.now or self.client.service_now)()
            task_id, name = self._created()
        except CallEndedError as ended:  # a call in which there may be a task does not end
            raise TaskError(f"{not_created(str(self.inputs['name']), None)}: {ended}. Run the command again") from ended
        inputs = with_name(self.inputs, name)
        try:
            outputs = self._outputs(task_id, inputs)
            _ensure_serializable(outputs)
        except Exception as error:  # noqa: BLE001  whatever it is: an error now would lose the task
            self.context.warn(
                f"{task_id} was created, but what the service returned of it cannot be recorded: {type(error).__name__}"
            )
            outputs = self._outputs_unseen(inputs)
        return task_id, outputs

    # What is recorded.

    def _outputs(self, task_id: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        try:
            detail = self.client.describe_training_task(task_id, self._workspace)
        except IndeterminateResultError:
            detail = None
        if detail is None:  # it may take a moment until it is visible
            return self._outputs_unseen(inputs)
        tags = self._bound_tags(task_id, detail)
        return recorded_outputs(inputs, {**detail, "Tags": [_tag(key, value) for key, value in tags.items()]})

    def _outputs_unseen(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known of a task that is not visible yet: the account it is in, for when it is missed later,
        and the tags that it was created with."""
        outputs = recorded_outputs(inputs, {"Tags": [_tag(key, value) for key, value in self._claim.tags.items()]})
        with contextlib.suppress(Exception):  # whatever it is: an error now would lose the task
            outputs["uin"] = self.client.account_id()
        return outputs

    def _bound_tags(self, task_id: str, detail: Mapping[str, Any]) -> dict[str, str]:
        """Return the tags of the new task. Tags that it does not show are bound once more: it may have failed to get
        them, or they are not visible yet, and binding them twice does no harm."""
        shown = user_tags(detail.get("Tags"))
        missing = {key: value for key, value in self._claim.tags.items() if shown.get(key) != value}
        if not missing:
            return shown
        try:
            self.client.tag_training_task(task_id, str(detail.get("Uin") or self.client.account_id()), missing)
        except TioneError as error:
            self.context.warn(f"{task_id} was created, but lacks tags; the next `pulumi up` tries again: {error}")
            return shown
        return {**shown, **missing}

    # Leftovers of killed updates.

    def _ensure_nothing_is_left_behind(self) -> None:
        name = self.inputs["name"]
        if not self.labels_enabled or "owner" not in self.inputs:
            return
        try:
            left = self.leftovers.find(self.client, self.inputs, self.deleted)
        except TioneError as error:
            raise TaskError(f"training task {name!r} was not created: {error}") from error
        if left is not None and left.get("Name") != name:
            raise TaskError(self._claim.is_left_behind(left))

    # Sending the request.

    @property
    def _workspace(self) -> str | None:
        return self.inputs.get("tiProjectId")

    def _created(self) -> tuple[str, str]:
        """Create the task under its name; where that is kept for a deleted task, under the name with a number."""
        name = str(self.inputs["name"])
        task_id = self._created_as(name)
        if task_id is not None:
            return task_id, name
        for number in SUFFIXES:
            candidate = suffixed_name(name, number)
            task_id = self._created_as(candidate)
            if task_id is not None:
                return task_id, candidate
        raise TaskError(f"{not_created(name, None)}: the service keeps its name, and all numbered forms of it")

    def _created_as(self, name: str) -> str | None:
        """Create the task under this name, and return its id; None if the name is taken, but by no task.

        The name is looked up before the first request: what is found under it later was made since.
        """
        try:
            holder = self._holder(name)
        except TioneError as error:
            raise TaskError(f"{not_created(name, None)}: {error}") from error
        if holder is not None:
            raise TaskError(self._claim.name_is_taken(name, holder, None))
        body = request_body({**self.inputs, "name": name}, self._claim.tags)
        indeterminate: TioneError | None = None
        has_waited = False
        for attempt in itertools.count(1):
            match self._send(body):
                case _Accepted(task_id):
                    self.context.ignore_end()
                    return task_id
                case _NameTaken(refusal) if indeterminate is not None:
                    found = self._find_ours(name, indeterminate, _SECONDS_TO_FIND_A_HOLDER)
                    if found is not None:
                        return found
                    raise TaskError(f"{not_created(name, indeterminate)}: {refusal}")
                case _NameTaken(refusal):
                    self._find_holder(name, refusal, has_waited)
                    if has_waited or not self.deleted.has_predecessor_of(self.inputs):
                        return None
                    has_waited = True  # the name of the task that we have deleted may be free by now
                    continue
                case _Refused(cause):
                    kind = TaskError if isinstance(cause, ApiError) else type(cause)
                    raise kind(f"{not_created(name, indeterminate)}: {cause}") from cause
                case _Transient(last):
                    attempts = _ATTEMPTS.get(last.kind, _USUAL_ATTEMPTS)
                case _Indeterminate(last):
                    self.context.ignore_end()
                    indeterminate, attempts = last, _USUAL_ATTEMPTS
            if indeterminate is not None:
                found = self._find_ours(name, indeterminate, _SECONDS_TO_FIND_OURS)
                if found is not None:
                    return found
            if attempt >= attempts:  # a later refusal may be of a kind that allows fewer
                raise TaskError(f"{not_created(name, indeterminate)} in {attempt} attempts: {last}")
            self.context.sleep(_SECONDS_BETWEEN_ATTEMPTS)
        raise AssertionError("the attempts are counted for ever")

    def _send(self, body: Mapping[str, Any]) -> _Outcome:
        """Send the request once, and return what came of it."""
        try:
            return _Accepted(self.client.create_training_task(body))
        except IndeterminateResultError as error:
            return _Indeterminate(error)
        except ApiError as error:
            match error.kind:
                case Kind.ALREADY_EXISTS:
                    return _NameTaken(error)
                case Kind.INDETERMINATE:
                    return _Indeterminate(error)
                case Kind.UNAVAILABLE | Kind.INTERNAL:
                    return _Transient(error)
                case _:
                    return _Refused(error)
        except CallEndedError:
            raise
        except TioneError as error:
            return _Refused(error)

    # Looking for tasks under the name.

    def _looks(self, seconds: float) -> Iterator[None]:
        """Spread looks over so many seconds: one at once, then with growing pauses, the last one at the end."""
        end = self.context.clock() + seconds
        for pause in intervals(0.5, 5):
            yield
            left = end - self.context.clock()
            if left <= 0:
                return
            self.context.sleep(min(pause, left))

    def _holder(self, name: str) -> dict[str, Any] | None:
        """Return the detail of the task that has this name.

        One that only a list shows was deleted, or is too new. One that this process has deleted has no name any more,
        whatever a read shows.
        """
        for item in self.client.training_tasks_with_name(name, self._workspace):
            if item["Id"] not in self.deleted:
                with contextlib.suppress(IndeterminateResultError):
                    detail = self.client.describe_training_task(str(item["Id"]), self._workspace)
                    if detail is not None:
                        return detail
        return None

    def _find_ours(self, name: str, indeterminate: TioneError, seconds: float) -> str | None:
        """Return the id of the task that an indeterminate request has made; None if none is visible so long.

        Raises:
            TaskError: the task under the name is somebody else's, or nothing could be looked up.
        """
        failed: TioneError | None = None
        incomplete: dict[str, Any] | None = None
        for _ in self._looks(seconds):
            try:
                holder, failed = self._holder(name), None
            except TioneError as error:  # what has swallowed the answer may keep us from looking, too, for a while
                failed = error
                continue
            if holder is None:
                continue
            if self._claim.whose(holder, self._begun) in _MAY_BE_OURS:
                incomplete = holder
                break
            return self._ours(holder)
        if incomplete is not None:
            return self._ours(self._complete(name, incomplete), indeterminate)
        if failed is not None:
            raise TaskError(f"{not_created(name, indeterminate)}, nor could it be looked up: {failed}") from failed
        return None

    def _complete(self, name: str, holder: dict[str, Any]) -> dict[str, Any]:
        """Return the task when it shows whose it is, or as it is after the time that its labels may take."""
        for _ in self._looks(LAG_SECONDS):
            with contextlib.suppress(TioneError):
                holder = self._holder(name) or holder
            if self._claim.whose(holder, self._begun) not in _MAY_BE_OURS:
                break
        return holder

    def _ours(self, holder: Mapping[str, Any], indeterminate: TioneError | None = None) -> str:
        """Return the id of a task that was found under our name, if this very create has made it.

        One that never got labels is ours if its name is one that only this resource has, or if the service has said
        that it could not bind them.
        """
        whose = self._claim.whose(holder, self._begun)
        if whose is Whose.UNLABELLED:
            code = indeterminate.code if isinstance(indeterminate, ApiError) else ""
            is_ours = self._claim.has_computed_name or code == _TAGS_NOT_BOUND
        else:
            is_ours = whose is Whose.OURS
        if not is_ours:
            raise TaskError(self._claim.name_is_taken(str(holder.get("Name")), holder, None))
        return str(holder["Id"])

    def _find_holder(self, name: str, refusal: ApiError, has_waited: bool) -> None:
        """Look for the task whose name is refused as taken.

        A refusal without a visible task means a task that is not visible yet, more likely than a kept name. Beside such
        a task, one of another name would run twice.

        Raises:
            TaskError: there is such a task, or there is no reason to believe that the service keeps the name.
        """
        deleted = self.deleted.has_predecessor_of(self.inputs)
        seconds = _SECONDS_TO_FIND_A_HOLDER
        if has_waited or name != self.inputs["name"]:
            seconds = 0.0  # the plain name was refused before, and that was looked into
        elif deleted and self.deleted_names_are_kept:
            seconds = _SECONDS_WHERE_NAMES_ARE_KEPT
        if seconds:
            self.context.show_status(
                f"the name {name!r} is refused as taken: looking for the task that has it, for up to {seconds:.0f} s"
            )
        failed: TioneError | None = None
        for _ in self._looks(seconds):
            try:
                holder, left, failed = self._holder(name), self._left_behind_now(), None
            except TioneError as error:
                failed = error
                continue
            if holder is not None:
                raise TaskError(self._claim.name_is_taken(name, holder, refusal)) from refusal
            if left is not None:
                raise TaskError(self._claim.is_left_behind(left)) from refusal
        if failed is not None:
            raise TaskError(f"{not_created(name, None)}: {refusal}; what has the name: {failed}") from failed
        kept = self.deleted_names_are_kept
        is_numbered = (deleted or kept) and self._claim.has_computed_name
        if not is_numbered or refusal.code == _IS_BEING_CREATED:
            raise TaskError(self._claim.name_has_no_holder(name, refusal, are_names_kept=kept)) from refusal

    def _left_behind_now(self) -> dict[str, Any] | None:
        if not self.labels_enabled or "owner" not in self.inputs:
            return None
        return self.leftovers.find_now(self.client, self.inputs, self.deleted)


def _tag(key: str, value: str) -> dict[str, str]:
    return {"TagKey": key, "TagValue": value}


def _ensure_serializable(outputs: Mapping[str, Any]) -> None:
    """Check that Pulumi can write outputs into the state.

    Raises:
        ValueError: a text is not Unicode, or a number is none.
        TypeError: a value is of a type that JSON does not have.
    """
    json.dumps(outputs, allow_nan=False, ensure_ascii=False).encode()
