"""Diff: which inputs changed, and that all but a few of them need a new task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import BASE_NAME, LABELS, RETAINED, UNCONFIRMED, desired_tags
from pulumi_tione._schema.secrets import SECRET_INPUTS
from pulumi_tione._schema.wire import values_equal
from pulumi_tione.lifecycle.imported import accepted

TAGS = ("tags", "owner")
"""The inputs that the tags follow from."""

LOG = ("logEnable", "logConfig")
"""The inputs of log delivery."""

RERUN_OF = "rerunOf"
"""Beside `run`: the id of the run that failed, and that the last re-run is of."""

RUN = ("desiredStatus", "rerunOnFailure", "run", RERUN_OF)
"""The inputs of the run state; the last two are computed by check."""

SECRETS = (SECRET_INPUTS,)
"""What the program marked as secret: when it changes, the engine has to seal, or to open, what is recorded."""

SETTINGS = ("settings",)
"""The input that says whose keys are used: in place as long as they are of the same account."""

IN_PLACE = frozenset({*TAGS, *LOG, *RUN, *SECRETS})
"""What can change while the task lives. There is no other update call: everything else is fixed at creation."""


@dataclass(frozen=True)
class Difference:
    """The inputs that changed, by property name."""

    replacing: tuple[str, ...]
    in_place: tuple[str, ...]
    accepted: tuple[str, ...] = ()
    """The paths of what is recorded of an imported task as the program declares it; nothing is sent for that."""


def diff(
    outputs: Mapping[str, Any],
    news: Mapping[str, Any],
    *,
    labels_enabled: bool,
    account_of: Callable[[Mapping[str, Any]], str | None] = lambda _: None,
) -> Difference:
    """Compare what is recorded with what the program wants now.

    Args:
        outputs: what is recorded of the task.
        news: its inputs now, as check has passed them.
        labelled: whether the task should have our labels.
        account_of: asks for the account of the keys that inputs lead to, where these are known already; called only
            when the task is to use other keys than before.
    """
    outputs, newly_declared = accepted(outputs, news)
    changed = [
        field.property
        for field in TRAINING_TASK.fields.values()
        if not values_equal(field.type, outputs.get(field.property), news.get(field.property))
    ]
    if "name" in changed and BASE_NAME in outputs and news.get("name") == outputs[BASE_NAME]:
        changed.remove("name")
    if outputs.get("run") != news.get("run"):
        changed.append("run")
    if _labels_differ(outputs, news, labels_enabled):
        changed.append("owner")
    # A task of an earlier version has no record of it, and the engine seals its outputs without an update.
    if outputs.get(SECRET_INPUTS, news.get(SECRET_INPUTS)) != news.get(SECRET_INPUTS):
        changed.append(SECRET_INPUTS)
    unconfirmed = outputs.get(UNCONFIRMED) or {}
    changed += [name for name, of in (("tags", "tags"), ("run", "start")) if of in unconfirmed and name not in changed]
    stays = "settings" in changed and account_of(news) == outputs.get("uin")
    in_place = IN_PLACE | {*SETTINGS} if stays else IN_PLACE
    return Difference(
        replacing=tuple(name for name in changed if name not in in_place),
        in_place=tuple(name for name in changed if name in in_place),
        accepted=newly_declared,
    )


def _labels_differ(outputs: Mapping[str, Any], news: Mapping[str, Any], labels_enabled: bool) -> bool:
    """Check whether the labels that say whose the task is are other ones than recorded.

    The resource was renamed, labels were turned on or off, or `retain_on_delete` was. A label that only newer versions
    bind is no change of its own: it comes with the next one.
    """
    there, wanted = outputs.get("allTags", {}), desired_tags(news, labels_enabled)
    was_retained, is_retained = (bool((each.get("owner") or {}).get(RETAINED)) for each in (outputs, news))
    return any(there.get(key) != wanted.get(key) for key in LABELS) or (labels_enabled and was_retained != is_retained)


def is_rerun_counted(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Check whether check has counted a re-run that is not known to be started, and that the program still allows."""
    run, allowed = news.get("run", 1), news.get("rerunOnFailure")
    is_new = run > outputs.get("run", 1) or (run > 1 and _is_start_unconfirmed(outputs))
    return bool(is_new and isinstance(allowed, (int, float)) and run <= allowed + 1)


def announced_rerun(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> str | None:
    """Return what a preview has to say of a re-run, which costs money; None, if there is none."""
    if not is_rerun_counted(outputs, news) or news.get("desiredStatus") == "STOPPED":
        return None
    rerun = f"re-run {int(news['run']) - 1} of {int(news['rerunOnFailure'])}"
    if news["run"] == outputs.get("run"):
        return f"it is not known whether {rerun} was started: it is, billed again, if the task has no new run yet"
    return f"the task failed and is started again: {rerun}, billed again"


def _is_start_unconfirmed(outputs: Mapping[str, Any]) -> bool:
    return "start" in (outputs.get(UNCONFIRMED) or {})
