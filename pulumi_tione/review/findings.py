"""What a reviewer should look at. Each finding has a code, which `--fail-on`, `--ignore` and `--explain` take.

A new one is a `Rule` in `RULES`, a function, and its entry in `find`; then an example in `TRIGGERS` of
`tests/unit/test_review.py`, and `make outputs`.

A finding has a severity: danger, warning or note. None fails a review by itself: that is `--fail-on`, in `gates.py`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pulumi_tione._api.status import Status, normalized
from pulumi_tione._durations import format_age
from pulumi_tione._schema.identity import LABELS
from pulumi_tione.pricing.amounts import Currency, format_amount
from pulumi_tione.pricing.price_list import PriceList, UnknownPrice
from pulumi_tione.pricing.task_price import Basis
from pulumi_tione.review.model import Finding, TaskReview
from pulumi_tione.review.secret_texts import paths_with_secrets, texts_of

PriceLists = Callable[[Mapping[str, Any]], PriceList | UnknownPrice | None]

STARTING = ("create", "replace", "restart")
"""The actions after which a new run is billed."""

_MOVING_TAGS = frozenset({"latest", "main", "master", "dev", "develop", "edge", "nightly", "stable", "test"})
_COMMANDS = ("startCmdInfo", "encodedStartCmdInfo")
_MOUNTS_THAT_LAST = ("cfsSource", "cfsTurboSource", "gooseFsSource", "hdfsSource", "publicDataSource")
_CHECKPOINT = re.compile(r"check[-_ ]?point|ckpt|resume", re.IGNORECASE)
_TIMEOUT = re.compile(r"(?:^|[\s;&|(/])timeout\s+(?:-\S+\s+)*\d")
_VERSION = re.compile(r"\d+\.\d+|\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b|20\d\d[-_]?\d\d[-_]?\d\d|\bv\d+\b|\br?\d{2,}\b")


@dataclass(frozen=True)
class Rule:
    """A kind of finding."""

    code: str
    severity: str
    meaning: str
    """What it means, and why it matters."""
    remedy: str
    """What to do about it."""


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule(
            "stops-running",
            "danger",
            "A task that is not in a terminal status is stopped or deleted. What it has not written to COS or to a "
            "mounted file system is lost, and its replacement starts from the beginning.",
            "Let it end first, or undo the change that replaces it. `pulumi up --target` leaves it alone.",
        ),
        Rule(
            "runs-again-after-success",
            "danger",
            "A task that has ended SUCCEED runs again, and is billed again.",
            "Undo the change that replaces it, or add `ignore_changes`, unless you want a new run.",
        ),
        Rule(
            "no-output",
            "warning",
            "The task has no `output` and mounts no file system: what it writes is lost when it ends.",
            "Set `output`, or mount CFS, CFS Turbo, GooseFS or HDFS with `data_configs`.",
        ),
        Rule(
            "no-checkpoint-on-spot",
            "warning",
            "The task runs on SPOT or TIDE supply, which may be taken away at any time, and nothing in its command, "
            "variables or parameters names a checkpoint: it may never finish and cost money all the time.",
            "Write checkpoints to `output` or to a mount, and resume from them in the start command.",
        ),
        Rule(
            "no-time-limit",
            "note",
            "Nothing ends the run when it hangs. It costs money until somebody stops it.",
            "Set `max_duration`, for example to `12h`, or `tione:maxDuration` for all new tasks.",
        ),
        Rule(
            "moving-image-tag",
            "warning",
            "The image has no tag, or one that moves, such as `latest`: the next run may use another image.",
            "Name a version or a digest in `image_info.image_url`.",
        ),
        Rule(
            "public-access",
            "danger",
            "SSH or a port of the task is open to the network.",
            "Remove `expose_network_config` if you do not need it.",
        ),
        Rule(
            "no-log-delivery",
            "note",
            "Logs are not delivered to CLS: TI-ONE keeps them for a limited time.",
            "Set `log_enable` and `log_config`.",
        ),
        Rule(
            "spec-sold-out",
            "warning",
            "A specification of the task is sold out in the region: the task stays PENDING.",
            "Choose another specification, or another region.",
        ),
        Rule(
            "same-output-path",
            "warning",
            "Two tasks write to the same place in COS.",
            "Give each task an `output` path of its own.",
        ),
        Rule(
            "code-not-versioned",
            "note",
            "The task starts over with a code package at the same path. A review cannot see whether the code in it "
            "has changed.",
            "Put a version or a commit into the path of `code_package_path`.",
        ),
        Rule(
            "priority-tag-changed",
            "warning",
            "The tags of an active task in a resource group change. The group may derive the task's priority from its "
            "tags, so the task may preempt others or be preempted.",
            "Check the task rules of the resource group.",
        ),
        Rule(
            "labels-off",
            "warning",
            "The task has no labels, so `pulumi-tione orphans` cannot find it if an update is killed.",
            "Set `tione:labels` to true, or remove the setting.",
        ),
        Rule(
            "secret-in-command",
            "danger",
            "A start command or a variable holds what looks like a secret. It is in the state, and everybody who "
            "can see the task can read it.",
            "Pass it in `private_envs`.",
        ),
        Rule(
            "price-unknown",
            "note",
            "The price of the task is not known, so the totals are too low.",
            "See the reason. These credentials need tione:DescribeBillingSpecs and tione:DescribeBillingSpecsPrice.",
        ),
    )
}
"""All findings, by code."""


def explanation(rule: Rule) -> str:
    """Return what a finding means and what to do about it, as `--explain` prints it and its page shows it."""
    return f"{rule.code} ({rule.severity})\n\n{rule.meaning}\n\nWhat to do: {rule.remedy}"


def find(
    tasks: Sequence[TaskReview],
    price_lists: PriceLists,
    currency: Currency,
    *,
    labels_enabled: bool,
) -> tuple[TaskReview, ...]:
    """Return tasks with what a reviewer should look at.

    Args:
        tasks: all tasks of a stack.
        price_lists: returns the price list of a task.
        currency: what the prices are in.
        labels_enabled: whether tasks get labels.
    """
    shared = _shared_outputs(tasks)
    found = []
    for task in tasks:
        messages: dict[str, str | None] = {
            "stops-running": _stops_running(task, currency),
            "runs-again-after-success": _runs_again(task),
            "public-access": _public_access(task),
            "secret-in-command": _secret_in_command(task),
            "no-output": _no_output(task),
            "no-checkpoint-on-spot": _no_checkpoint(task),
            "no-time-limit": _no_time_limit(task),
            "moving-image-tag": _moving_image_tag(task),
            "no-log-delivery": _no_log_delivery(task),
            "spec-sold-out": _sold_out(task, price_lists),
            "same-output-path": shared.get(task.urn),
            "code-not-versioned": _code_not_versioned(task),
            "priority-tag-changed": _priority_tag_changed(task),
            "labels-off": _labels_off(task, labels_enabled),
            "price-unknown": _price_unknown(task),
        }
        findings = tuple(
            Finding(code, RULES[code].severity, message) for code, message in messages.items() if message is not None
        )
        found.append(dataclasses.replace(task, findings=findings))
    return tuple(found)


def _stops_running(task: TaskReview, currency: Currency) -> str | None:
    if not task.is_stopped or task.price_before is None:
        return None
    what = {"replace": "stopped and deleted, then starts from the beginning", "delete": "stopped and deleted"}
    status = task.status or "active"
    if not task.is_current:
        return f"was {status} at the last update; if it still is, it is {what.get(task.action, 'stopped')}"
    message = f"is {status} and is {what.get(task.action, 'stopped')}"
    if task.runtime_seconds:
        message += f"; it has run for {format_age(timedelta(seconds=task.runtime_seconds))}"
        if task.price_before.amount:
            spent = task.price_before.amount * Decimal(task.runtime_seconds) / Decimal(3600)
            ceiling = "at most" if task.price_before.basis is Basis.CEILING else "about"
            message += f", {ceiling} {format_amount(spent, currency)}"
    return message


def _runs_again(task: TaskReview) -> str | None:
    if normalized(task.status) == Status.SUCCEED and task.action in ("replace", "restart"):
        return "has ended SUCCEED and runs again"
    return None


def _is_active_after(task: TaskReview) -> bool:
    return task.price_after is not None and task.action != "unknown" and bool(task.inputs_after)


def _public_access(task: TaskReview) -> str | None:
    network = task.inputs_after.get("exposeNetworkConfig") if _is_active_after(task) else None
    if not isinstance(network, Mapping):
        return None
    ways = [
        name
        for name, key in (("SSH", "sshConfig"), ("a port", "exposePortConfig"))
        if isinstance(network.get(key), Mapping) and network[key].get("enable")
    ]
    return f"is reachable from outside by {' and '.join(ways)}" if ways else None


def _secret_in_command(task: TaskReview) -> str | None:
    paths = paths_with_secrets(task.inputs_after)
    return f"holds what looks like a secret in `{'`, `'.join(paths)}`" if paths else None


def _no_output(task: TaskReview) -> str | None:
    if task.action not in STARTING or task.inputs_after.get("output") or _lasting_mounts(task.inputs_after):
        return None
    return "has no `output`: what it writes is lost when it ends"


def _lasting_mounts(inputs: Mapping[str, Any]) -> bool:
    mounts = inputs.get("dataConfigs")
    return any(
        isinstance(mount, Mapping) and any(mount.get(name) for name in _MOUNTS_THAT_LAST)
        for mount in (mounts if isinstance(mounts, list) else ())
    )


def _no_checkpoint(task: TaskReview) -> str | None:
    if task.action not in STARTING or task.supply not in ("SPOT", "TIDE"):
        return None
    if any(_CHECKPOINT.search(f"{path} {text}") for path, text in texts_of(task.inputs_after)):
        return None
    return f"runs on {task.supply} supply, and nothing in it names a checkpoint"


def _no_time_limit(task: TaskReview) -> str | None:
    if task.action not in STARTING or task.inputs_after.get("maxDuration"):
        return None
    commands = [text for path, text in texts_of(task.inputs_after) if path.startswith(_COMMANDS)]
    return None if any(map(_TIMEOUT.search, commands)) else "has no time limit"


def _moving_image_tag(task: TaskReview) -> str | None:
    image = task.inputs_after.get("imageInfo") if task.action in STARTING else None
    url = image.get("imageUrl") if isinstance(image, Mapping) else None
    if not isinstance(url, str) or not url or "@" in url:
        return None
    tag = url.rpartition("/")[2].partition(":")[2]
    if tag and tag.lower() not in _MOVING_TAGS:
        return None
    return f"uses an image with the tag `{tag}`, which moves" if tag else "uses an image without a tag"


def _no_log_delivery(task: TaskReview) -> str | None:
    return "delivers no logs to CLS" if task.action in STARTING and not task.inputs_after.get("logEnable") else None


def _sold_out(task: TaskReview, price_lists: PriceLists) -> str | None:
    if task.action not in STARTING or task.charge_type == "PREPAID":
        return None
    price_list = price_lists(task.inputs_after)
    specs = price_list.specs() if isinstance(price_list, PriceList) else UnknownPrice("")
    if isinstance(specs, UnknownPrice):
        return None
    gone = [specs[group.spec] for group in task.hardware_after if group.spec in specs]
    sold_out = []
    for spec in {spec.name: spec for spec in gone if not spec.is_available}.values():
        where = f" (available in {', '.join(spec.available_regions)})" if spec.available_regions else ""
        sold_out.append(f"{spec.name}{where}")
    return f"needs a spec that is sold out in its region: {', '.join(sold_out)}" if sold_out else None


def _shared_outputs(tasks: Sequence[TaskReview]) -> dict[str, str]:
    """Return the finding for each task whose output path another one has, by URN."""
    by_place: dict[tuple[str, str], list[TaskReview]] = {}
    for task in tasks:
        output = task.inputs_after.get("output") if task.action not in ("delete", "retain") else None
        bucket = output.get("bucket") if isinstance(output, Mapping) else None
        paths = output.get("paths") if isinstance(output, Mapping) else None
        if isinstance(bucket, str) and isinstance(paths, list):
            for path in paths:
                if isinstance(path, str):
                    by_place.setdefault((bucket, path.strip("/")), []).append(task)
    shared = {}
    for sharing in by_place.values():
        for task in sharing if any(each.action != "same" for each in sharing) else ():
            others = sorted(each.resource for each in sharing if each.urn != task.urn)
            if others:
                shared[task.urn] = f"writes to the same place as {', '.join(others[:3])}" + " …" * (len(others) > 3)
    return shared


def _code_not_versioned(task: TaskReview) -> str | None:
    if task.action != "replace":
        return None
    before, after = (inputs.get("codePackagePath") for inputs in (task.inputs_before, task.inputs_after))
    if not isinstance(after, Mapping) or before != after:
        return None
    paths = after.get("paths")
    text = " ".join(str(path) for path in paths) if isinstance(paths, list) else ""
    return None if _VERSION.search(text) else "starts over with a code package at the same path"


def _priority_tag_changed(task: TaskReview) -> str | None:
    is_changed = any(change.path == "tags" or change.path.startswith(("tags.", "tags[")) for change in task.changes)
    is_in_group = task.charge_type == "PREPAID" or bool(task.resource_group)
    if task.action != "update" or not is_in_group or task.price_after is None or not is_changed:
        return None
    return "is active in a resource group, and its tags change: so may its priority"


def _labels_off(task: TaskReview, labels_enabled: bool) -> str | None:
    if task.action in ("delete", "retain", "unknown"):
        return None
    if not labels_enabled:
        return "gets no labels: `orphans` cannot find it"
    tags = task.inputs_before.get("allTags")
    # Where labels are enabled, an update adds them.
    if task.action == "same" and isinstance(tags, Mapping) and not any(key in tags for key in LABELS):
        return "has no labels: `orphans` cannot find it"
    return None


def _price_unknown(task: TaskReview) -> str | None:
    if task.action == "unknown":
        return None
    reasons = [
        reason for price in (task.price_before, task.price_after) if price is not None for reason in price.reasons
    ]
    return f"has an unknown price: {'; '.join(dict.fromkeys(reasons))}" if reasons else None
