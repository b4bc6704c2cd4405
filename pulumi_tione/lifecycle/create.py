"""Create: one CreateTrainingTask, one DescribeTrainingTask, exactly once whatever happens in between.

When the response to the request is lost, the task is looked up under its name (`create_lookup.py`) for 15 seconds, and
only if it is not found is the request sent again: at most 3 times in all. After a killed provider, `leftovers.py` finds
the task in the next create.

Names are unique at the service, so the name shows whether an earlier request took effect. Trust the responses to
writes; reads may lag behind by half a minute. Once there is an id nothing is raised any more: Pulumi would forget the
task. Once the service has accepted a request, or may have, Ctrl-C no longer ends the create.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from pulumi_tione._api.protocols import TaskAndTagApi
from pulumi_tione._schema.identity import SUFFIXES_TO_TRY, Owner, desired_tags, suffixed_name, with_name
from pulumi_tione._schema.wire import recorded_outputs, request_body, user_tags
from pulumi_tione.call_context import CallContext, CallEndedError
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, TaskError, TioneError
from pulumi_tione.lifecycle.create_lookup import CreateLookup
from pulumi_tione.lifecycle.leftovers import Leftovers
from pulumi_tione.lifecycle.messages import (
    RUN_AGAIN,
    all_names_kept,
    create_failed,
    created_but_not_recorded,
    created_without_tags,
    name_has_no_holder,
    not_created,
)
from pulumi_tione.lifecycle.name_conflict import CreateIdentity
from pulumi_tione.lifecycle.own_deletions import OwnDeletions

_SECONDS_TO_FIND_CREATED = 15.0
"""How long the task that an indeterminate request may have made is looked for, before the request is sent again. That
is safe: if it has made a task that is not visible yet, the name is taken."""

_SECONDS_TO_FIND_HOLDER = 60.0
"""How long the task is looked for whose name is refused as taken."""

_SECONDS_WHERE_NAMES_ARE_KEPT = 3.0
"""The same where a refusal is expected: this process has deleted the task before, and the service keeps its name."""

_MAX_ATTEMPTS = 3
"""How often the request is sent in all. After an indeterminate result it is sent again only when no task was found."""

_MAX_ATTEMPTS_OF_KIND = {Kind.UNAVAILABLE: _MAX_ATTEMPTS, Kind.INTERNAL: 2}
"""The same for refusals; those of other kinds are final."""

_SECONDS_BETWEEN_ATTEMPTS = 1.0

_IS_BEING_CREATED = "FailedOperation.DuplicateNameTaskIsCreating"
"""A task of this name is being created, even if it is not visible yet."""


@dataclass(frozen=True)
class _Accepted:
    """There is a new task."""

    task_id: str
    request_id: str | None = None
    """The request that has created it; None, if the task was found by a lookup."""


@dataclass(frozen=True)
class _NameTaken:
    """There is no new task: one of this name exists, or the name of a deleted one is kept."""

    refusal: ApiError


@dataclass(frozen=True)
class _Indeterminate:
    """There may be a new task."""

    error: TioneError


@dataclass(frozen=True)
class _Refused:
    """No task was created. The request may be sent at most `max_attempts` times."""

    error: ApiError
    max_attempts: int


@dataclass(frozen=True)
class _NotSent:
    """There is no new task: the request never reached the service."""

    error: TioneError


_Outcome: TypeAlias = _Accepted | _NameTaken | _Indeterminate | _Refused | _NotSent


@dataclass
class Creation:
    """One create of one task.

    Args:
        client: of the task's region.
        owner: the task's owner; None if it has none.
        inputs: the task's inputs, as check has passed them.
        context: the call that is being handled.
        labels_enabled: whether the task gets the labels of this package.
        leftovers: what killed updates may have left of this stack.
        deleted: the tasks that this process has deleted.
        deleted_names_are_kept: whether the user has set that the service keeps the names of deleted tasks.
        now: the time by the service's clock.
        new_create_label: returns a value for the label that distinguishes this create from others.
    """

    client: TaskAndTagApi
    owner: Owner | None
    inputs: Mapping[str, Any]
    context: CallContext
    labels_enabled: bool
    leftovers: Leftovers = field(default_factory=Leftovers)
    deleted: OwnDeletions = field(default_factory=OwnDeletions)
    deleted_names_are_kept: bool = False
    now: Callable[[], datetime] | None = None
    new_create_label: Callable[[], str] = lambda: secrets.token_hex(1)
    _identity: CreateIdentity = field(init=False)
    _lookup: CreateLookup = field(init=False)

    def run(self) -> tuple[str, dict[str, Any]]:
        """Create the task and return its id and its outputs.

        Raises:
            TioneError: there is no new task, or it cannot be distinguished from that of another create. The message
                states which.
        """
        tags = desired_tags(self.owner, self.inputs.get("tags"), self.labels_enabled, self.new_create_label())
        self._identity = CreateIdentity(self.client.region, self.owner, self.inputs, tags)
        try:
            self._ensure_no_leftover()
            self._lookup = CreateLookup(
                client=self.client,
                identity=self._identity,
                started=(self.now or self.client.service_now)(),
                context=self.context,
                deleted=self.deleted,
                leftovers=self.leftovers if self.labels_enabled else None,
            )
            created, name = self._create()
        except CallEndedError as error:  # a call in which there may be a task does not end
            raise TaskError(f"{not_created(self._name)}: {error}. {RUN_AGAIN}") from error
        task_id, inputs = created.task_id, with_name(self.inputs, name)
        try:
            outputs = self._outputs(task_id, inputs)
            _ensure_serializable(outputs)
        except Exception as error:  # noqa: BLE001  whatever it is: an error now would lose the task
            self.context.warn(created_but_not_recorded(task_id, error))
            outputs = self._outputs_unseen(inputs)
        if created.request_id is not None:
            outputs["createRequestId"] = created.request_id
        return task_id, outputs

    @property
    def _name(self) -> str:
        return str(self.inputs["name"])

    @property
    def _workspace(self) -> str | None:
        return self.inputs.get("tiProjectId")

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
        """Return what is known of a task that is not visible yet: the account it is in, so that a later lookup can
        check it, and the tags that it was created with."""
        outputs = recorded_outputs(inputs, {"Tags": [_tag(key, value) for key, value in self._identity.tags.items()]})
        with contextlib.suppress(Exception):  # whatever it is: an error now would lose the task
            outputs["uin"] = self.client.account_id()
        return outputs

    def _bound_tags(self, task_id: str, detail: Mapping[str, Any]) -> dict[str, str]:
        """Return the tags of the new task. Bind tags that the task does not show once more: binding them may have
        failed, or they are not visible yet. Binding twice does no harm."""
        shown = user_tags(detail.get("Tags"))
        missing = {key: value for key, value in self._identity.tags.items() if shown.get(key) != value}
        if not missing:
            return shown
        try:
            self.client.tag_training_task(task_id, str(detail.get("Uin") or self.client.account_id()), missing)
        except TioneError as error:
            self.context.warn(created_without_tags(task_id, error))
            return shown
        return {**shown, **missing}

    # Before the request.

    def _ensure_no_leftover(self) -> None:
        """Check that no killed update has left an active task of this resource, under another name."""
        if not self.labels_enabled or self.owner is None:
            return
        try:
            leftover = self.leftovers.find(self.client, self.owner, self._workspace, self.deleted)
        except TioneError as error:
            raise TaskError(f"{not_created(self._name)}: {error}") from error
        if leftover is not None and leftover.get("Name") != self._name:
            raise TaskError(self._identity.leftover_exists(leftover))

    def _ensure_name_is_free(self, name: str) -> None:
        """Check that no task has this name. What is found under it later was made since."""
        try:
            holder = self._lookup.holder(name)
        except TioneError as error:
            raise TaskError(f"{not_created(name)}: {error}") from error
        if holder is not None:
            raise TaskError(self._identity.name_is_taken(name, holder))

    # The request.

    def _create(self) -> tuple[_Accepted, str]:
        """Create the task under its name, or with a suffix where the service keeps that; return the name, too."""
        names = (self._name, *(suffixed_name(self._name, number) for number in SUFFIXES_TO_TRY))
        for name in names:
            created = self._create_with_name(name)
            if created is not None:
                return created, name
        raise TaskError(all_names_kept(self._name))

    def _create_with_name(self, name: str) -> _Accepted | None:
        """Create the task with this name; return None if the service keeps the name for a deleted task."""
        self._ensure_name_is_free(name)
        body = request_body({**self.inputs, "name": name}, self._identity.tags)
        indeterminate: TioneError | None = None
        is_kept = False
        attempt = 0
        while True:
            attempt += 1
            match self._send(body):
                case _Accepted() as created:
                    self.context.ignore_cancellation()
                    return created
                case _NotSent(error):
                    raise type(error)(create_failed(name, error, indeterminate)) from error
                case _NameTaken(error) if indeterminate is not None:
                    found = self._lookup.find_created(name, indeterminate, _SECONDS_TO_FIND_HOLDER)
                    if found is None:
                        raise TaskError(create_failed(name, error, indeterminate))
                    return _Accepted(found)
                case _NameTaken(error):
                    self._ensure_name_is_kept(name, error, is_second=is_kept)
                    if is_kept or not self.deleted.has_task_of(self.owner):
                        return None
                    is_kept = True  # the name of the task that this process has deleted may be free by now
                    continue
                case _Refused(last, max_attempts):
                    pass
                case _Indeterminate(last):
                    self.context.ignore_cancellation()
                    indeterminate, max_attempts = last, _MAX_ATTEMPTS
            if indeterminate is not None:
                found = self._lookup.find_created(name, indeterminate, _SECONDS_TO_FIND_CREATED)
                if found is not None:
                    return _Accepted(found)
            if attempt >= max_attempts:  # a later refusal may be of a kind that allows fewer
                raise TaskError(create_failed(name, last, indeterminate, attempt)) from last
            self.context.sleep(_SECONDS_BETWEEN_ATTEMPTS)

    def _send(self, body: Mapping[str, Any]) -> _Outcome:
        """Send the request once, and return its outcome."""
        try:
            response = self.client.create_training_task_response(body)
            return _Accepted(str(response["Id"]), str(response.get("RequestId") or "") or None)
        except CallEndedError:
            raise
        except IndeterminateResultError as error:
            return _Indeterminate(error)
        except ApiError as error:
            match error.kind:
                case Kind.ALREADY_EXISTS:
                    return _NameTaken(error)
                case Kind.INDETERMINATE:
                    return _Indeterminate(error)
                case kind:
                    return _Refused(error, _MAX_ATTEMPTS_OF_KIND.get(kind, 1))
        except TioneError as error:
            return _NotSent(error)

    def _ensure_name_is_kept(self, name: str, refusal: ApiError, *, is_second: bool) -> None:
        """Check that a name which is refused as taken is kept for a deleted task.

        Raises:
            TaskError: a task has the name, or there is no reason to believe that the service keeps it.
        """
        was_deleted = self.deleted.has_task_of(self.owner)
        seconds = _SECONDS_TO_FIND_HOLDER
        if is_second or name != self._name:
            seconds = 0.0  # a minute has been spent on the first refusal
        elif was_deleted and self.deleted_names_are_kept:
            seconds = _SECONDS_WHERE_NAMES_ARE_KEPT
        self._lookup.ensure_no_holder(name, refusal, seconds)
        is_generated = self._identity.has_generated_name
        is_believable = (was_deleted or self.deleted_names_are_kept) and is_generated
        if not is_believable or refusal.code == _IS_BEING_CREATED:
            message = name_has_no_holder(
                name, refusal, is_generated=is_generated, are_names_kept=self.deleted_names_are_kept
            )
            raise TaskError(message) from refusal


def _tag(key: str, value: str) -> dict[str, str]:
    return {"TagKey": key, "TagValue": value}


def _ensure_serializable(outputs: Mapping[str, Any]) -> None:
    """Check that Pulumi can write outputs into the state.

    Raises:
        ValueError: a text is not Unicode, or a number is none.
        TypeError: a value is of a type that JSON does not have.
    """
    json.dumps(outputs, allow_nan=False, ensure_ascii=False).encode()
