"""Create: one CreateTrainingTask, one DescribeTrainingTask, exactly once whatever happens in between.

Names are unique at the service, so the name is what tells whether an earlier request took effect. Once there is an id
nothing is raised any more: Pulumi would forget the task.
"""

from __future__ import annotations

import contextlib
import itertools
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from pulumi_tione._client import Client
from pulumi_tione._ownership import LABELS, NUMBERS, RETAINED, named, numbered, wanted_tags
from pulumi_tione._times import time_or_none
from pulumi_tione._wire import recorded_outputs, request_body, user_tags
from pulumi_tione.errors import ApiError, Kind, TaskError, TioneError, UnclearError
from pulumi_tione.lifecycle.diff import diff
from pulumi_tione.lifecycle.left_behind import LeftBehind
from pulumi_tione.lifecycle.names import computed_name
from pulumi_tione.lifecycle.tagging import set_tags

_LOOKS = 6
"""How often an unclear answer is looked into, within a quarter of a minute: the list may lag behind."""

_ATTEMPTS = {Kind.DOUBTFUL: 2}
_USUAL_ATTEMPTS = 3
"""How often the request is sent in all, each time only after nothing was found under the name."""

_UNSETTLED = (Kind.UNCLEAR, Kind.BUSY, Kind.DOUBTFUL)
"""The refusals after which the request may be sent again, when nothing is found under the name."""

_PAUSES_BEFORE_ANOTHER_NAME = (0.5, 1.0, 2.0)
"""How long a name that is refused as taken is looked for, in seconds, before nobody is believed to have it."""

_SECONDS_BETWEEN_ATTEMPTS = 1.0

_IS_BEING_CREATED = "FailedOperation.DuplicateNameTaskIsCreating"
"""Somebody's task of this name is on its way, even if it is not to be seen yet."""

_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much the service's clock may be off, for it to accept our signatures."""


_WAY_BESIDE_RETAINED = (
    "It stays because of retain_on_delete: for another task beside it change `triggers`, or its name where the program "
    "sets one."
)


@dataclass
class Creation:
    """One create of one task.

    Args:
        client: of the task's region.
        inputs: the task's inputs, as check has passed them.
        labelled: whether the task gets our labels.
        left_behind: what killed updates may have left of this stack.
        warn: told what is not as it should be, when there is a task all the same.
        sleep: how pauses are made.
        now: the time.
    """

    client: Client
    inputs: Mapping[str, Any]
    labelled: bool
    left_behind: LeftBehind = field(default_factory=LeftBehind)
    warn: Callable[[str], None] = lambda _: None
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    _begun: datetime = field(init=False)

    def run(self) -> tuple[str, dict[str, Any]]:
        """Create the task and give its id and its outputs.

        Raises:
            TioneError: there is no new task, or it cannot be told from somebody else's; the message says which.
        """
        self._begun = self.now()
        self._ensure_nothing_is_left_behind()
        task_id, name = self._created()
        inputs = named(self.inputs, name)
        try:
            return task_id, self._outputs(task_id, inputs)
        except Exception as error:  # noqa: BLE001  whatever it is: an error now would lose the task
            self.warn(f"{task_id} was created, but what the service tells of it could not be recorded: {error}")
            return task_id, self._outputs_unseen(inputs)

    def _outputs(self, task_id: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        detail = self.client.describe_training_task(task_id, self._workspace)
        if detail is None:  # it may take a moment to be seen everywhere
            return self._outputs_unseen(inputs)
        return recorded_outputs(inputs, {**detail, "Tags": self._repaired_tags(task_id, detail)})

    def _outputs_unseen(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Give what is known of a task that the service does not tell of: whose it is, for when it is missed later."""
        outputs = recorded_outputs(inputs, {})
        with contextlib.suppress(Exception):  # whatever it is: an error now would lose the task
            outputs["uin"] = self.client.account_id()
        return outputs

    @property
    def _workspace(self) -> str | None:
        return self.inputs.get("tiProjectId")

    def _ensure_nothing_is_left_behind(self) -> None:
        name = self.inputs["name"]
        if not self.labelled or "owner" not in self.inputs:
            return
        try:
            left = self.left_behind.find(self.client, self.inputs)
        except TioneError as error:
            raise TaskError(f"training task {name!r} was not created: {error}") from error
        if left is not None and left.get("Name") != name:
            raise TaskError(
                f"training task {name!r} was not created: {self._described(left)}. An update that was cut off may have "
                f"left it. {self._ways_out(left)}"
            )

    def _described(self, task: Mapping[str, Any]) -> str:
        """Tell of a task what helps to decide whether it is ours: id, status, age, labels and content."""
        labels = "with" if self._has_our_labels(task) else "without"
        content = "the same" if self._has_our_content(task) else "other"
        return (
            f"{task.get('Id')} is there already, named {task.get('Name')!r}, status {task.get('Status')}, created "
            f"{task.get('CreateTime')}, {labels} the labels of this very resource, made of {content} inputs"
        )

    def _ways_out(self, task: Mapping[str, Any]) -> str:
        """Say what to do about a task that is in the way, as commands that can be pasted."""
        resource = shlex.quote(str(self.inputs.get("owner", {}).get("resource", "RESOURCE")))
        place = f" --region {self.client.region}" + (f" --workspace {self._workspace}" if self._workspace else "")
        keep = f"`pulumi-tione import{place} {resource} {task.get('Id')}`"
        if not self._has_our_labels(task):
            return f"Choose another name; or, if it is yours, {keep} takes it over, or delete it in the console."
        delete = f"`pulumi-tione orphans --delete {task.get('Id')}`"
        return f"To keep it: {keep}. To get rid of it: {delete}. Then run `pulumi up` again."

    def _has_our_labels(self, task: Mapping[str, Any]) -> bool:
        ours = {key: value for key, value in wanted_tags(self.inputs, self.labelled).items() if key in LABELS}
        return bool(ours) and ours.items() <= user_tags(task.get("Tags")).items()

    def _has_our_content(self, task: Mapping[str, Any]) -> bool:
        inputs = {**self.inputs, "name": task.get("Name")}
        return not diff(recorded_outputs(inputs, task), inputs, labelled=False).replacing

    def _created(self) -> tuple[str, str]:
        """Create the task under its name. A computed name that the service keeps for a deleted task is numbered."""
        name = str(self.inputs["name"])
        names = [name, *(numbered(name, number) for number in NUMBERS)] if self._has_computed_name() else [name]
        for candidate in names:
            task_id = self._created_as(candidate, is_last=candidate == names[-1])
            if task_id is not None:
                return task_id, candidate
        raise AssertionError("the last name is either accepted or an error")

    def _has_computed_name(self) -> bool:
        owner = self.inputs.get("owner")
        return owner is not None and self.inputs["name"] == computed_name(owner, self.inputs)

    def _created_as(self, name: str, is_last: bool) -> str | None:
        """Create the task under this name; nothing if the name is refused though no task has it, and there are more.

        The name is looked up before the first request: what is found under it later was made since.
        """
        try:
            holder = self._holder(name)
        except TioneError as error:
            raise TaskError(f"{_not_created(name, None)}: {error}") from error
        if holder is not None:
            raise TaskError(self._name_is_taken(name, holder, None))
        body = request_body({**self.inputs, "name": name}, wanted_tags(self.inputs, self.labelled))
        unclear: TioneError | None = None
        last: TioneError
        for attempt in itertools.count(1):
            try:
                return self.client.create_training_task(body)
            except ApiError as error:
                if error.kind is Kind.CONFLICT:
                    return self._settled_conflict(name, error, unclear, is_last)
                if error.kind not in _UNSETTLED:
                    raise TaskError(f"{_not_created(name, unclear)}: {error}") from error
                last, attempts = error, _ATTEMPTS.get(error.kind, _USUAL_ATTEMPTS)
                unclear = error if error.kind is Kind.UNCLEAR else unclear
            except UnclearError as error:
                last, attempts = error, _USUAL_ATTEMPTS
                unclear = error
            except TioneError as error:
                raise type(error)(f"{_not_created(name, unclear)}: {error}") from error
            found = None if unclear is None else self._look_up(name, unclear)
            if found is not None:
                return found
            if attempt == attempts:
                raise TaskError(f"{_not_created(name, unclear)} in {attempts} attempts: {last}")
            self.sleep(_SECONDS_BETWEEN_ATTEMPTS)
        raise AssertionError("the attempts are counted for ever")

    def _settled_conflict(self, name: str, refusal: ApiError, unclear: TioneError | None, is_last: bool) -> str | None:
        """The name is taken: by an earlier attempt of this very create, by somebody else, or by nobody to be seen."""
        if unclear is not None:
            found = self._look_up(name, unclear)
            if found is not None:
                return found
            raise TaskError(f"{_not_created(name, unclear)}: {refusal}")
        holder = self._holder(name)
        # The list may lag behind: the holder may be what a killed update made a moment ago, beside which another name
        # would make a second task. A numbered name was refused right after the plain one: that has been waited for.
        for pause in _PAUSES_BEFORE_ANOTHER_NAME if name == self.inputs["name"] else ():
            if holder is not None:
                break
            self.sleep(pause)
            holder = self._holder(name)
        if holder is None and refusal.code != _IS_BEING_CREATED and not is_last:
            return None
        raise TaskError(self._name_is_taken(name, holder, refusal)) from refusal

    def _look_up(self, name: str, unclear: TioneError) -> str | None:
        """Find what an unclear request may have left under our name, looking again for a while."""
        failed: TioneError | None = None
        for pause in (0.0, *(0.5 * 2**look for look in range(_LOOKS - 1))):
            self.sleep(pause)
            try:
                holder, failed = self._holder(name), None
            except TioneError as error:  # what has swallowed the answer may keep us from looking, too, for a while
                holder, failed = None, error
            if holder is not None:
                return self._ours(holder)
        if failed is None:
            return None
        raise TaskError(f"{_not_created(name, unclear)}, nor could it be looked up: {failed}") from failed

    def _holder(self, name: str) -> dict[str, Any] | None:
        """Give the detail of the task that has this name."""
        item = self.client.find_training_task(name, self._workspace)
        if item is None:
            return None
        return self.client.describe_training_task(str(item["Id"]), self._workspace) or item

    def _ours(self, holder: Mapping[str, Any]) -> str:
        """Give the id of a task that was found under our name, if this very create has made it."""
        if self._may_have_our_labels(holder) and self._has_our_content(holder) and self._is_of_this_create(holder):
            return str(holder["Id"])
        raise TaskError(self._name_is_taken(str(holder["Name"]), holder, None))

    def _may_have_our_labels(self, task: Mapping[str, Any]) -> bool:
        """Tell whether the labels are not another resource's: a task may have failed to get any."""
        there, wanted = user_tags(task.get("Tags")), wanted_tags(self.inputs, self.labelled)
        return all(there.get(key) in (None, wanted.get(key)) for key in LABELS)

    def _is_of_this_create(self, task: Mapping[str, Any]) -> bool:
        return _made_at(task) >= self._begun - _CLOCKS_DIFFER

    def _name_is_taken(self, name: str, holder: Mapping[str, Any] | None, refusal: ApiError | None) -> str:
        because = f" ({refusal.code}: {refusal.service_message}, request id {refusal.request_id})" if refusal else ""
        if holder is None:
            return (
                f"training task {name!r} was not created: its name is refused as taken, though no task of this name is "
                "to be seen; the service may keep the names of deleted tasks, or it is in another workspace. "
                f"Choose another name.{because}"
            )
        way = _WAY_BESIDE_RETAINED if self._is_retained_by_us(holder) else self._ways_out(holder)
        return f"training task {name!r} was not created: {self._described(holder)}. {way}{because}"

    def _is_retained_by_us(self, holder: Mapping[str, Any]) -> bool:
        """Tell whether the holder of the name may be an old task of this resource that stays on purpose."""
        return bool(self.inputs.get("owner", {}).get(RETAINED)) and self._may_have_our_labels(holder)

    def _repaired_tags(self, task_id: str, detail: Mapping[str, Any]) -> list[dict[str, str]]:
        """Bind what the service has failed to bind at creation, and give the tags that the task has then."""
        wanted = wanted_tags(self.inputs, self.labelled)
        try:
            tags = set_tags(self.client, task_id, detail, wanted, (), self._workspace)
        except TioneError as error:
            self.warn(f"{task_id} was created, but lacks tags; the next `pulumi up` tries again: {error}")
            tags = user_tags(detail.get("Tags"))
        return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _not_created(name: str, unclear: TioneError | None) -> str:
    """Begin an error. After an unclear answer nobody knows whether there is a task."""
    if unclear is None:
        return f"training task {name!r} was not created"
    return (
        f"training task {name!r} may exist ({unclear}; `pulumi up` again finds it by its name, if so), but was not "
        "created for certain"
    )


def _made_at(detail: Mapping[str, Any]) -> datetime:
    """Give the time of a task's creation; one that cannot be read is long past."""
    return time_or_none(detail.get("CreateTime")) or datetime.min.replace(tzinfo=timezone.utc)
