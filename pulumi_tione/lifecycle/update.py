"""Update: what can change while the task lives, step by step. Each step is recorded once it is done.

The order is settings, tags (`tagging.py`), log delivery, run state. `check.py` counts a re-run, and it is started here.
A start whose response is lost is looked for 35 seconds, and never sent twice in one update. Which inputs change in
place is `IN_PLACE` in `diff.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from pulumi_tione._api.polling import poll
from pulumi_tione._api.protocols import TaskAndTagApi
from pulumi_tione._api.status import FAILED, Status, is_terminal, status_of
from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import (
    LABELS,
    OWNER_PROPERTY,
    RESERVED_LABELS,
    UNCONFIRMED,
    Owner,
    desired_tags,
    labels_to_remove,
    with_name,
)
from pulumi_tione._schema.wire import recorded_outputs, to_wire
from pulumi_tione.call_context import CallEndedError
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, TaskError, TioneError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.diff import (
    LOG,
    RERUN_OF,
    RUN,
    SECRETS,
    SETTINGS,
    TAGS,
    diff,
    is_rerun_counted,
)
from pulumi_tione.lifecycle.existence import LAG_SECONDS, detail_or_gone
from pulumi_tione.lifecycle.imported import as_declared
from pulumi_tione.lifecycle.recorded_task import RecordedTask
from pulumi_tione.lifecycle.stop import SECONDS_TO_STOP, is_not_allowed, stop_and_wait
from pulumi_tione.lifecycle.tagging import PartialTagsError, set_tags


class PartialUpdateError(TioneError):
    """An update failed on its way. `outputs` and `owner` hold what has been changed already."""

    def __init__(self, message: str, outputs: dict[str, Any], owner: Owner | None) -> None:
        self.outputs, self.owner = outputs, owner
        super().__init__(message)


def update(
    task: RecordedTask[TaskAndTagApi], news: Mapping[str, Any], *, owner: Owner | None, labels_enabled: bool
) -> dict[str, Any]:
    """Change the task to its new inputs and its owner, and return its outputs.

    Args:
        task: the task.
        news: its inputs now, as check has passed them.
        owner: its owner now.
        labels_enabled: whether the task should have our labels.

    Raises:
        PartialUpdateError: a step failed. What was changed is recorded, and the next update goes on.
    """
    try:
        return _Update(task, news, owner, labels_enabled).run()
    except PartialUpdateError as error:
        task.context.record_partial_result(error.outputs, error.owner, str(error))
        raise


class _Update:
    """One update: what is known of the task, and what has been recorded."""

    def __init__(
        self, task: RecordedTask[TaskAndTagApi], news: Mapping[str, Any], owner: Owner | None, labels_enabled: bool
    ) -> None:
        outputs = task.outputs
        self._outputs, _ = as_declared(outputs, news)
        self._task = task
        self._client = task.client
        self._context = task.context
        self._news = news
        self._owner = owner
        self._labels_enabled = labels_enabled
        same_account = outputs.get("uin")
        difference = diff(
            outputs,
            news,
            recorded_owner=task.owner,
            owner=owner,
            labels_enabled=labels_enabled,
            account_of=lambda _: same_account,
        )
        self._changed = {*difference.in_place}
        self._unconfirmed: dict[str, Any] = dict(outputs.get(UNCONFIRMED) or {})
        self._progress = {name: value for name, value in self._outputs.items() if name != UNCONFIRMED}
        self._recorded_owner = task.owner
        self._detail: Mapping[str, Any] = {}
        self._detail_is_old = False
        self._stopped_as = ""

    def run(self) -> dict[str, Any]:
        steps: list[tuple[str, tuple[str, ...], Callable[[], None]]] = [
            ("settings", SETTINGS, lambda: None),
            ("tags", TAGS, self._set_tags),
            ("log delivery", LOG, self._set_log_delivery),
            ("run state", RUN, self._set_run_state),
        ]
        done: list[str] = []
        try:
            self._detail = self._present()
            self._record(SECRETS)
            self._bind_newer_labels()
            for name, inputs, change in steps:
                if self._changed & {*inputs}:
                    change()
                    done.append(name)
                self._record(inputs)
            return self._outputs_now()
        except Exception as error:  # noqa: BLE001  whatever it is: what has been done must be recorded
            left = [name for name, inputs, _ in steps if self._changed & {*inputs} and name not in done]
            message = messages.not_changed(self._task.title, done, left, error)
            raise PartialUpdateError(message, self._outputs_so_far(), self._recorded_owner) from None

    def _record(self, inputs: tuple[str, ...]) -> None:
        """Record that the task is, in these inputs, what the program wants."""
        for name in inputs:
            self._progress.pop(name, None)
            if name in self._news:
                self._progress[name] = self._news[name]
        if OWNER_PROPERTY in inputs:
            self._recorded_owner = self._owner

    def _outputs_so_far(self) -> dict[str, Any]:
        unconfirmed = {name: value for name, value in self._unconfirmed.items() if value is not None}
        return {**self._progress, **({UNCONFIRMED: unconfirmed} if unconfirmed else {})}

    def _outputs_now(self) -> dict[str, Any]:
        """Return the outputs of a task that was changed completely.

        Reads lag behind writes: what was changed, or not touched, is recorded as known, whatever the detail shows.
        """
        if self._detail_is_old:
            try:
                self._detail = self._task.describe() or self._detail
            except TioneError as error:
                self._context.warn(messages.changed_but_unreadable(self._task.id, error))
        outputs = recorded_outputs(with_name(self._news, self._outputs["name"]), self._detail, self._outputs)
        known = (*SETTINGS, *TAGS, *LOG, *RUN, "allTags")
        outputs = {name: value for name, value in outputs.items() if name not in known}
        outputs |= {name: self._progress[name] for name in known if name in self._progress}
        if is_terminal(self._stopped_as) and not is_terminal(outputs["status"]):
            outputs["status"] = self._stopped_as
        return outputs

    # The task.

    def _present(self) -> Mapping[str, Any]:
        """Return the task's detail.

        Raises:
            TaskError: it is gone, or that cannot be determined.
        """
        detail = detail_or_gone(self._task)
        if detail is None:
            raise TaskError(messages.NO_LONGER_EXISTS)
        return detail

    # Tags.

    def _set_tags(self) -> None:
        recorded: Mapping[str, str] = self._outputs.get("allTags") or {}
        unconfirmed = self._unconfirmed.get("tags") or ()
        program = self._outputs.get("tags") or {}
        managed = {*program, *unconfirmed, *labels_to_remove(self._labels_enabled)}
        try:
            self._progress["allTags"] = self._set_all_tags(managed, recorded)
        except PartialTagsError as error:
            self._progress["allTags"] = error.tags
            self._progress["tags"] = {key: error.tags[key] for key in sorted(error.managed - {*RESERVED_LABELS})}
            self._unconfirmed["tags"] = sorted({*unconfirmed, *error.unconfirmed} - {*self._progress["tags"]}) or None
            raise
        self._unconfirmed.pop("tags", None)

    def _set_all_tags(self, managed: Collection[str], recorded: Mapping[str, str]) -> dict[str, str]:
        detail = {**self._detail, "Uin": self._detail.get("Uin") or self._outputs.get("uin")}
        desired = desired_tags(self._owner, self._news.get("tags"), self._labels_enabled)
        return set_tags(self._task, detail, desired, managed, recorded=recorded)

    def _bind_newer_labels(self) -> None:
        """Bind the labels that a task of an earlier version lacks. Nobody asked for them: a failure is a warning."""
        recorded: Mapping[str, str] = self._outputs.get("allTags") or {}
        desired = desired_tags(self._owner, None, self._labels_enabled)
        newer = desired.keys() & {*RESERVED_LABELS} - {*LABELS} - recorded.keys()
        if not newer or self._changed & {*TAGS}:
            return
        try:
            self._progress["allTags"] = self._set_all_tags((), recorded)
        except TioneError as error:
            self._context.warn(messages.labels_missing(self._task.id, newer, error))

    # Log delivery.

    def _set_log_delivery(self) -> None:
        config = self._news.get("logConfig")
        wire = to_wire(TRAINING_TASK.fields["logConfig"].type, config)
        self._client.enable_cls_config(self._task.id, bool(self._news.get("logEnable")), wire, self._task.workspace)
        self._detail_is_old = True

    # Run state.

    def _set_run_state(self) -> None:
        """Stop or start the task where the program changed its mind, or where check has counted a re-run."""
        desired = self._news.get("desiredStatus")
        was_started = False
        if desired != self._outputs.get("desiredStatus"):
            if desired == Status.STOPPED:
                self._stop()
            elif desired == Status.RUNNING:
                was_started = self._start({*Status} - {Status.SUCCEED}, self._is_not_started_yet)
        if is_rerun_counted(self._outputs, self._news) and desired != Status.STOPPED and not was_started:
            self._run_again()
        self._unconfirmed.pop("start", None)

    def _stop(self) -> None:
        status = stop_and_wait(self._task)
        if status is None:
            raise TaskError(messages.NO_LONGER_EXISTS)
        self._stopped_as, self._detail_is_old = status, True

    def _run_again(self) -> None:
        """Start the re-run that check has counted, unless it has been started already."""
        try:
            was_started = self._start(FAILED, self._is_rerun_due)
        except TioneError:
            if "start" in self._unconfirmed:  # it counts, whether it turns out to have happened or not
                self._record(("run", RERUN_OF))
            raise
        if not was_started:
            status, run = status_of(self._detail), _run_of(self._detail)
            self._context.warn(messages.rerun_not_due(self._task.id, status, run))

    def _is_not_started_yet(self, run: str) -> bool:
        """Check whether an earlier attempt, which got no answer, has not made the run that is the latest one now."""
        before = self._unconfirmed.get("start")
        return not (before and run and run != before)

    def _is_rerun_due(self, run: str) -> bool:
        """Check whether the latest run, which has failed, is the one that the re-run is of.

        Otherwise an earlier attempt that got no answer, or somebody else, has started the task again. Where an id
        is not known, the status decides.
        """
        failed = self._news.get(RERUN_OF)
        if failed is None:  # an earlier version has counted it
            failed = self._outputs.get("latestInstanceId")
        return not (run and run != failed) if failed else self._is_not_started_yet(run)

    def _start(self, statuses: Collection[str], is_due: Callable[[str], bool]) -> bool:
        """Start the task where its status is one of these and the start is due; return whether it was started.

        A task that is active already needs no start, no matter who has started it.
        """
        self._detail = before = self._after_stopping()
        status = status_of(before)
        if not is_terminal(status) or status not in statuses or not is_due(_run_of(before)):
            return False
        try:
            self._client.start_training_task(self._task.id, self._task.workspace)
        except (IndeterminateResultError, ApiError) as error:
            is_refusal = isinstance(error, ApiError) and error.kind is not Kind.INDETERMINATE
            if is_refusal and not is_not_allowed(error):
                raise
            # A refusal because of the task's status may only mean that it is active already: a read may lag.
            if self._shows_another_run(before):
                return True
            if is_refusal:
                raise
            self._unconfirmed["start"] = _run_of(before)
            raise TaskError(messages.perhaps_started(error, LAG_SECONDS)) from error
        if not self._shows_another_run(before):
            self._context.warn(messages.no_new_run(self._task.id, status, LAG_SECONDS))
        return True

    def _after_stopping(self) -> Mapping[str, Any]:
        """Return the task's detail once it is not STOPPING any more. It is not asked to stop: a read may lag."""
        detail = self._present()

        def is_done() -> bool:
            nonlocal detail
            if status_of(detail) == Status.STOPPING:
                detail = self._present()
            return status_of(detail) != Status.STOPPING

        try:
            if poll(is_done, timeout=SECONDS_TO_STOP, sleep=self._context.sleep, clock=self._context.clock):
                return detail
        except CallEndedError as ended:
            raise TaskError(messages.stopped_waiting(ended, status_of(detail))) from ended
        raise TaskError(messages.still_stopping(SECONDS_TO_STOP // 60))

    def _shows_another_run(self, before: Mapping[str, Any]) -> bool:
        """Check whether the task shows another run than before, for as long as reads may lag.

        A run costs money: even a call that has to end finds out whether there is one.
        """
        self._context.ignore_cancellation()
        self._context.show_status(messages.WAITING_FOR_RUN)

        def is_done() -> bool:
            try:
                now = self._task.describe()
            except TioneError:
                return False
            if now is None or not _is_another_run(before, now):
                return False
            self._detail, self._detail_is_old = now, False
            return True

        return poll(is_done, timeout=LAG_SECONDS, sleep=self._context.sleep, clock=self._context.clock)


def _run_of(detail: Mapping[str, Any]) -> str:
    return str(detail.get("LatestInstanceId") or "")


def _is_another_run(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Check whether a task that had ended runs again, or has since.

    The id of a run may be empty while it is SUBMITTING. An active status alone proves nothing where the id is that of
    the run that had ended: that is a read from before.
    """
    earlier, later = _run_of(before), _run_of(now)
    return earlier != later if earlier and later else not is_terminal(status_of(now))
