"""What the commands on environments report: as text, JSON or Markdown.

`env list` is formatted in `listing.py`, the review of `env up` in `review/`. Exit codes are in `cli/env.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_tione._text import sanitize
from pulumi_tione.environments import messages
from pulumi_tione.environments.stop_start import StopStartResult
from pulumi_tione.environments.teardown import TeardownResult, as_json
from pulumi_tione.review.markdown import code, prose


def outputs_text(branch: str, stack: str, outputs: Mapping[str, Any]) -> str:
    """Return that an environment is up, with the outputs of its program."""
    lines = [f"The environment of {branch} is up to date: {stack}"]
    return "\n".join(sanitize(line) for line in (*lines, *(f"  {name}: {_shown(outputs[name])}" for name in outputs)))


def outputs_markdown(branch: str, stack: str, outputs: Mapping[str, Any]) -> str:
    """Return the same as Markdown, without secrets."""
    lines = [f"Environment of {code(branch)}: stack {code(stack)}"]
    if outputs:
        lines += ["", "| output | value |", "|---|---|"]
        lines += [f"| {code(name)} | {code(_shown(value))} |" for name, value in outputs.items()]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None:
        return "[secret]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def report(results: Sequence[TeardownResult], form: str | None) -> str:
    """Return what was taken down and what is left."""
    if form == "json":
        gone = [as_json(each) for each in results]
        return json.dumps({"environments": gone, "left": sum(bool(each.all_left) for each in results)}, indent=2)
    if form == "markdown":
        return _markdown(results)
    if not results:
        return messages.NOTHING_TO_TAKE_DOWN
    lines = []
    for each in results:
        lines.append(f"{_title(each)}: {_summary(each)}")
        lines += [f"  left: {left}" for left in each.all_left]
    return "\n".join(sanitize(line) for line in lines)


def _title(result: TeardownResult) -> str:
    branch = f" ({result.branch})" if result.branch else ""
    return f"{result.stack}{branch}"


def _summary(result: TeardownResult) -> str:
    reason = f", because {result.reason}" if result.reason else ""
    orphans = f"; deleted {_tasks(len(result.deleted))} in no state" if result.deleted else ""
    return f"{'gone' if result.is_gone else 'not gone'}{reason}{orphans}"


def _markdown(results: Sequence[TeardownResult]) -> str:
    if not results:
        return messages.NOTHING_TO_TAKE_DOWN
    lines = ["| environment | result | left |", "|---|---|---|"]
    for each in results:
        left = "<br>".join(prose(str(part)) for part in each.all_left)
        lines.append(f"| {code(_title(each))} | {prose(_summary(each))} | {left} |")
    return "\n".join(lines)


def _tasks(count: int) -> str:
    return f"{count} task{'s' * (count != 1)}"


def plan(results: Sequence[TeardownResult], form: str | None) -> str:
    """Return what would be taken down, and why."""
    if form == "json":
        due = [{"stack": each.stack, "branch": each.branch or None, "reason": each.reason} for each in results]
        return json.dumps({"due": due}, indent=2)
    if not results:
        return messages.NOTHING_TO_TAKE_DOWN
    if form == "markdown":
        rows = [f"| {code(_title(each))} | {prose(each.reason)} |" for each in results]
        return "\n".join(["| environment | would be taken down because |", "|---|---|", *rows])
    return "\n".join(sanitize(f"{_title(each)}: {each.reason}") for each in results)


def stop_start_report(kind: str, result: StopStartResult, form: str | None) -> str:
    """Return what was stopped or started."""
    done = {"stop": "stopped", "start": "started"}[kind]
    if form == "json":
        return json.dumps(
            {
                "branch": result.branch,
                "stack": result.stack,
                done: sorted(result.done),
                "unchanged": result.unchanged,
                "failed": result.failed,
            },
            indent=2,
        )
    rows = [
        *((task, done) for task in sorted(result.done)),
        *((task, f"unchanged: {why}") for task, why in sorted(result.unchanged.items())),
        *((task, f"not {done}: {why}") for task, why in sorted(result.failed.items())),
    ]
    if form == "markdown":
        lines = [f"| {code(task)} | {prose(what)} |" for task, what in rows]
        return "\n".join([f"Environment of {code(result.branch)}", "", "| task | result |", "|---|---|", *lines])
    head = f"{result.stack} ({result.branch}): {_tasks(len(result.done))} {done}"
    return "\n".join(sanitize(line) for line in (head, *(f"  {task}: {what}" for task, what in rows)))
