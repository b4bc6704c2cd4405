"""Diff: find the inputs that changed, and whether the task is replaced for them: all but a few need a new task.

`IN_PLACE` lists the inputs that change in place, and `update.py` has a step for each group of them. A new argument
replaces the task unless it is added there. When two values are equal is in `_schema/wire.py` (`values_equal`): a value
that a preview does not know has changed. Each change by path is in `_schema/changes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione._schema.changes import Change, changes
from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import BASE_NAME, LABELS, OWNER_PROPERTY, RETAINED, UNCONFIRMED, Owner, desired_tags
from pulumi_tione._schema.secrets import SECRET_INPUTS
from pulumi_tione._schema.wire import values_equal
from pulumi_tione.lifecycle.imported import as_declared
from pulumi_tione.lifecycle.messages import rerun_announced

TAGS = ("tags", OWNER_PROPERTY)
"""What determines the tags."""

LOG = ("logEnable", "logConfig")
"""The inputs of log delivery."""

RERUN_OF = "rerunOf"
"""The input with the id of the failed run that the last re-run followed; recorded with `run`."""

RUN = ("desiredStatus", "rerunOnFailure", "rerunOnTimeLimit", "run", RERUN_OF)
"""The inputs of the run state; the last two are computed by check."""

KEPT_FIELDS = "keptFields"
"""The input with the names of inputs that the program does not set, and that check keeps for as long as the task lives.
The name is in states, so it never changes."""

SECRETS = (SECRET_INPUTS,)
"""The paths that the program marked as secret: when they change, the engine encrypts or decrypts recorded values."""

SETTINGS = ("settings",)
"""The input that selects the credentials: it changes in place as long as they belong to the same account."""

IN_PLACE = frozenset({*TAGS, *LOG, *RUN, *SECRETS, KEPT_FIELDS})
"""The inputs that can change while the task lives, as `SETTINGS` can within one account. Everything else is fixed at
creation: the API has no update call."""


@dataclass(frozen=True)
class Difference:
    """The inputs that changed, by property name."""

    replacing: tuple[str, ...]
    in_place: tuple[str, ...]
    accepted_paths: tuple[str, ...] = ()
    """The paths of an imported task's inputs that are recorded as the program declares them, without a request."""
    changes: tuple[Change, ...] = field(default=(), compare=False)
    """Each change by property path, for detailed diffs."""


def diff(
    outputs: Mapping[str, Any],
    news: Mapping[str, Any],
    *,
    recorded_owner: Owner | None,
    owner: Owner | None,
    labels_enabled: bool,
    account_of: Callable[[Mapping[str, Any]], str | None] = lambda _: None,
) -> Difference:
    """Compare the recorded outputs with the new inputs.

    Args:
        outputs: the recorded outputs of the task.
        news: its checked new inputs.
        recorded_owner: the recorded owner of the task.
        owner: its owner now.
        labels_enabled: whether the task should have labels.
        account_of: looks up the account of the credentials that inputs select, if they are known; called only when the
            task is to use other settings than before.
    """
    outputs, newly_declared = as_declared(outputs, news)
    changed = [
        name
        for name, declared in TRAINING_TASK.fields.items()
        if not values_equal(declared.type, outputs.get(name), news.get(name))
    ]
    if "name" in changed and BASE_NAME in outputs and news.get("name") == outputs[BASE_NAME]:
        changed.remove("name")
    if outputs.get("run") != news.get("run"):
        changed.append("run")
    desired = desired_tags(owner, None, labels_enabled)
    retained_changed = _is_retained(recorded_owner) != _is_retained(owner)
    if _labels_differ(outputs.get("allTags", {}), desired) or (labels_enabled and retained_changed):
        changed.append(OWNER_PROPERTY)
    # A task of an earlier version has no record of them, and the engine encrypts its outputs without an update.
    if outputs.get(SECRET_INPUTS, news.get(SECRET_INPUTS)) != news.get(SECRET_INPUTS):
        changed.append(SECRET_INPUTS)
    unconfirmed = outputs.get(UNCONFIRMED) or {}
    changed += [name for name, of in (("tags", "tags"), ("run", "start")) if of in unconfirmed and name not in changed]
    stays = "settings" in changed and account_of(news) == outputs.get("uin")
    in_place = IN_PLACE | {*SETTINGS} if stays else IN_PLACE
    return Difference(
        replacing=tuple(name for name in changed if name not in in_place),
        in_place=tuple(name for name in changed if name in in_place),
        accepted_paths=newly_declared,
        changes=tuple(_changes(outputs, news, changed, in_place)),
    )


def _changes(
    outputs: Mapping[str, Any], news: Mapping[str, Any], changed: Collection[str], in_place: Collection[str]
) -> Iterator[Change]:
    """Yield the changes in these inputs by path; an input that changed without its value has its own name as path."""
    for name in changed:
        declared = TRAINING_TASK.fields.get(name)
        by_path = [*changes(declared.type, outputs.get(name), news.get(name), name)] if declared else []
        for change in by_path or [Change(name, "changed")]:
            yield change._replace(replaces=name not in in_place)


def _labels_differ(recorded: Mapping[str, str], desired: Mapping[str, str]) -> bool:
    """Return whether the labels that identify the owner differ from the recorded ones.

    The resource was renamed, or labels were turned on or off. A label that older versions did not set does not trigger
    an update by itself; it is set with the next change.
    """
    return any(recorded.get(key) != desired.get(key) for key in LABELS)


def _is_retained(owner: Owner | None) -> bool:
    return bool(owner and owner.get(RETAINED))


def is_rerun_counted(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Return whether check has counted a re-run that may not have been started, and that the program still allows."""
    run, allowed = news.get("run", 1), news.get("rerunOnFailure")
    is_new = run > outputs.get("run", 1) or (run > 1 and _is_start_unconfirmed(outputs))
    return bool(is_new and isinstance(allowed, (int, float)) and run <= allowed + 1)


def announced_rerun(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> str | None:
    """Return the preview's warning about a re-run, which costs money, or None."""
    if not is_rerun_counted(outputs, news) or news.get("desiredStatus") == "STOPPED":
        return None
    is_unconfirmed = news["run"] == outputs.get("run")
    return rerun_announced(int(news["run"]) - 1, int(news["rerunOnFailure"]), is_unconfirmed=is_unconfirmed)


def _is_start_unconfirmed(outputs: Mapping[str, Any]) -> bool:
    return "start" in (outputs.get(UNCONFIRMED) or {})
