"""What the commands on environments report: as text, JSON or Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_tione._text import sanitize
from pulumi_tione.environments.power import PowerResult
from pulumi_tione.environments.teardown import TornDown, as_json


def outputs_text(branch: str, stack: str, outputs: Mapping[str, Any]) -> str:
    """Return that an environment is up, with the outputs of its program."""
    lines = [f"The environment of {branch} is up to date: {stack}"]
    return "\n".join(sanitize(line) for line in (*lines, *(f"  {name}: {_shown(outputs[name])}" for name in outputs)))


def outputs_markdown(branch: str, stack: str, outputs: Mapping[str, Any]) -> str:
    """Return the same as Markdown, without secrets."""
    lines = [f"Environment of `{_code(branch)}`: stack `{_code(stack)}`"]
    if outputs:
        lines += ["", "| output | value |", "|---|---|"]
        lines += [f"| `{_code(name)}` | `{_code(_shown(value))}` |" for name, value in outputs.items()]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None:
        return "[secret]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _code(text: str) -> str:
    """Return a text for a code span in a table."""
    return sanitize(text).replace("`", "'").replace("|", "\\|")


def report(results: Sequence[TornDown], form: str | None) -> str:
    """Return what was taken down and what is left."""
    if form == "json":
        gone = [as_json(each) for each in results]
        return json.dumps({"environments": gone, "left": sum(bool(each.all_left) for each in results)}, indent=2)
    if form == "markdown":
        return _markdown(results)
    if not results:
        return "There is nothing to take down."
    lines = []
    for each in results:
        lines.append(f"{_title(each)}: {_summary(each)}")
        lines += [f"  left: {left}" for left in each.all_left]
    return "\n".join(sanitize(line) for line in lines)


def _title(result: TornDown) -> str:
    branch = f" ({result.branch})" if result.branch else ""
    return f"{result.stack}{branch}"


def _summary(result: TornDown) -> str:
    reason = f", because {result.reason}" if result.reason else ""
    orphans = f"; {len(result.deleted)} tasks that were in no state are deleted" if result.deleted else ""
    return f"{'gone' if result.is_gone else 'not gone'}{reason}{orphans}"


def _markdown(results: Sequence[TornDown]) -> str:
    if not results:
        return "There is nothing to take down."
    lines = ["| environment | result | left |", "|---|---|---|"]
    for each in results:
        left = "<br>".join(_cell(str(part)) for part in each.all_left)
        lines.append(f"| `{_code(_title(each))}` | {_cell(_summary(each))} | {left} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    escaped = sanitize(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("|", "\\|")


def plan(results: Sequence[TornDown], form: str | None) -> str:
    """Return what would be taken down, and why."""
    if form == "json":
        due = [{"stack": each.stack, "branch": each.branch or None, "reason": each.reason} for each in results]
        return json.dumps({"due": due}, indent=2)
    if not results:
        return "There is nothing to take down."
    if form == "markdown":
        rows = [f"| `{_code(_title(each))}` | {_cell(each.reason)} |" for each in results]
        return "\n".join(["| environment | would be taken down because |", "|---|---|", *rows])
    return "\n".join(sanitize(f"{_title(each)}: {each.reason}") for each in results)


def power_report(kind: str, result: PowerResult, form: str | None) -> str:
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
        lines = [f"| `{_code(task)}` | {_cell(what)} |" for task, what in rows]
        return "\n".join([f"Environment of `{_code(result.branch)}`", "", "| task | result |", "|---|---|", *lines])
    head = f"{result.stack} ({result.branch}): {len(result.done)} tasks {done}"
    return "\n".join(sanitize(line) for line in (head, *(f"  {task}: {what}" for task, what in rows)))
