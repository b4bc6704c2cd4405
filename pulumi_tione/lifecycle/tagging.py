"""Tags of a task that exists: bound by the tag service, written before any is removed, and read back.

The tag service takes ten tags a call. What each call has done is known by its own answer: when a later one fails, the
error carries what the task has then.

The tags are read back until they show, or for 35 seconds. Which tags a task should have is in `_schema/identity.py`
(`desired_tags`); a create sends its tags with the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import MAX_TAGS_PER_CALL, TaskAndTagApi
from pulumi_tione._constraints import MAX_TAGS
from pulumi_tione._schema.wire import user_tags
from pulumi_tione.call_context import CallEndedError
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, TaskError, TioneError
from pulumi_tione.lifecycle.existence import LAG_SECONDS
from pulumi_tione.lifecycle.messages import tags_not_changed, tags_not_shown
from pulumi_tione.lifecycle.recorded_task import RecordedTask

_NOT_ATTACHED = "ResourceNotFound.AttachedTagKeyNotFound"
"""How the tag service refuses to remove a tag that the task does not have: then none of the call is removed."""


class PartialTagsError(TaskError):
    """Not all tags could be set. It carries what the task has now, as far as that is known."""

    def __init__(
        self, message: str, tags: Mapping[str, str], managed: Iterable[str], unconfirmed: Iterable[str]
    ) -> None:
        self.tags = dict(tags)
        """All tags of the task, except those that Tencent Cloud binds by itself."""
        self.managed = frozenset(managed)
        """The keys that the program or this package has set, of those that the task has."""
        self.unconfirmed = frozenset(unconfirmed)
        """The keys of which nobody knows whether they were bound: the answer was lost, and they do not show."""
        super().__init__(message)


def set_tags(
    task: RecordedTask[TaskAndTagApi],
    detail: Mapping[str, Any],
    desired: Mapping[str, str],
    managed: Iterable[str],
    *,
    recorded: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Set the tags of a task, and return all that it has then.

    Args:
        task: the task.
        detail: the task's detail; the tags in it may lag behind earlier writes.
        desired: the tags that it should have.
        managed: the keys that the program or this package has set before; no other tag is ever removed.
        recorded: the tags that are recorded for the task: where they differ from those in the detail, either may be
            out of date, and the tag is written.

    Raises:
        PartialTagsError: the tag service refused or did not answer, or does not show what it has accepted.
    """
    remote = user_tags(detail.get("Tags"))
    known = remote if recorded is None else recorded
    # In an order of their own: the engine hands maps over in any.
    written = {key: value for key, value in sorted(desired.items()) if not remote.get(key) == known.get(key) == value}
    managed = sorted({*managed})
    removed = [key for key in managed if key not in desired and (key in remote or key in known)]
    if not written and not removed:
        return remote
    change = _Change(task, remote, known, written, removed, managed)
    account = str(detail.get("Uin"))
    for keys, is_removal in _calls(remote, written, removed):
        try:
            if is_removal:
                _untag(task, account, keys)
            else:
                task.client.tag_training_task(task.id, account, {key: written[key] for key in keys})
        except TioneError as error:
            raise change.failed(keys, is_removal, error) from error
        change.accepted(keys, is_removal)
    return change.read_back()


@dataclass
class _Change:
    """One change of tags, and how far it has come."""

    task: RecordedTask[TaskAndTagApi]
    remote: Mapping[str, str]
    known: Mapping[str, str]
    written: Mapping[str, str]
    removed: Sequence[str]
    managed: Sequence[str]
    _accepted: dict[str, str | None] = field(default_factory=dict, init=False)
    """The tags that the service has accepted; None, where it has accepted to remove one."""
    _waited: str = field(default=f"after {LAG_SECONDS:.0f} s", init=False)

    def accepted(self, keys: Iterable[str], is_removal: bool) -> None:
        self._accepted.update({key: None if is_removal else self.written[key] for key in keys})

    def read_back(self) -> dict[str, str]:
        """Return the tags that the task has, once they show what was accepted.

        Raises:
            PartialTagsError: they do not.
        """
        shown = self._read_until(lambda tags: not self._missing(tags))
        if shown is None:  # it was accepted, and no read contradicts it
            return self._with_accepted(self.remote)
        missing = self._missing(shown)
        if not missing:
            return shown
        managed = {*self.managed, *(key for key, value in self._accepted.items() if value is not None)}
        raise PartialTagsError(
            tags_not_shown(missing, self._waited),
            shown,
            managed & shown.keys(),
            {key for key in missing if self._accepted[key] is not None},
        )

    def failed(self, keys: Sequence[str], is_removal: bool, error: TioneError) -> PartialTagsError:
        """Return the error of a call that failed, once it is known what the task has now."""
        is_indeterminate = isinstance(error, (IndeterminateResultError, CallEndedError)) or (
            isinstance(error, ApiError) and error.kind is Kind.INDETERMINATE
        )
        asked = {key: None if is_removal else self.written[key] for key in keys} if is_indeterminate else {}
        left = {*self.written, *self.removed} - self._accepted.keys()
        may_lag = any(self.remote.get(key) != self.known.get(key) for key in left)

        def is_resolved(tags: Mapping[str, str]) -> bool:
            shows_all = not self._missing(tags) and all(tags.get(key) == value for key, value in asked.items())
            return shows_all and not may_lag

        shown = self._read_until(is_resolved)
        tags = self._with_accepted(self.remote if shown is None else shown)
        done = {key for key, value in asked.items() if shown is not None and shown.get(key) == value}
        unconfirmed = {key for key, value in asked.items() if value is not None} - done
        was_set = [key for key in self.written if key in self._accepted or key in done]
        was_removed = [key for key in self.removed if key in self._accepted or key in done]
        parts = {
            "set": was_set,
            "not set": [key for key in self.written if key not in was_set and key not in unconfirmed],
            "perhaps set": [key for key in self.written if key in unconfirmed],
            "removed": was_removed,
            "not removed": [key for key in self.removed if key not in was_removed],
        }
        managed = {*self.managed, *was_set} & tags.keys()
        return PartialTagsError(tags_not_changed(parts, error), tags, managed, unconfirmed)

    def _read_until(self, is_awaited: Callable[[Mapping[str, str]], bool]) -> dict[str, str] | None:
        """Read the tags until they are as awaited, or until what was written would show.

        Return the tags that were read last; None, if none could be read. When the call has to end, this ends too.
        """
        shown: dict[str, str] | None = None

        def is_done() -> bool:
            nonlocal shown
            try:
                detail = self.task.describe()
            except TioneError:
                return False
            if detail is None:
                return False
            shown = user_tags(detail.get("Tags"))
            return is_awaited(shown)

        context = self.task.context
        try:
            poll(is_done, timeout=LAG_SECONDS, sleep=context.sleep, clock=context.clock)
        except CallEndedError as ended:
            self._waited = f"yet ({ended})"
        return shown

    def _missing(self, tags: Mapping[str, str]) -> list[str]:
        """Return the keys of what was accepted, but does not show."""
        return [key for key, value in self._accepted.items() if tags.get(key) != value]

    def _with_accepted(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return tags with what was accepted: a read may lag behind it."""
        now = {**tags, **self._accepted}
        return {key: value for key, value in now.items() if value is not None}


def _calls(
    remote: Mapping[str, str], written: Mapping[str, str], removed: Sequence[str]
) -> Iterator[tuple[list[str], bool]]:
    """Yield the keys of each call, and whether it removes them.

    Writes come first, those of keys that the task has before new ones. Only where it has no room for a new tag, others
    are removed before.
    """
    keys = {*remote}
    to_write = sorted(written, key=lambda key: key not in keys)
    to_remove = [*removed]
    while to_write:
        room, call = MAX_TAGS - len(keys), list[str]()
        for key in to_write[:MAX_TAGS_PER_CALL]:
            if key not in keys and room <= 0 and to_remove:
                break
            room -= key not in keys
            call.append(key)
        if call:
            yield call, False
            keys.update(call)
            to_write = to_write[len(call) :]
        else:
            yield to_remove[:MAX_TAGS_PER_CALL], True
            keys.difference_update(to_remove[:MAX_TAGS_PER_CALL])
            to_remove = to_remove[MAX_TAGS_PER_CALL:]
    for begin in range(0, len(to_remove), MAX_TAGS_PER_CALL):
        yield to_remove[begin : begin + MAX_TAGS_PER_CALL], True


def _untag(task: RecordedTask[TaskAndTagApi], account: str, keys: Sequence[str]) -> None:
    """Remove tags. One that the task does not have any more is removed: the call before may have been answered late."""
    try:
        task.client.untag_training_task(task.id, account, keys)
    except ApiError as error:
        if error.code != _NOT_ATTACHED:
            raise
        for key in keys if len(keys) > 1 else ():
            _untag(task, account, [key])
