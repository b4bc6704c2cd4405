"""A review as Markdown, for a comment on a pull request.

Every text that comes from a program or from the service is escaped so that it is shown and does nothing else. A comment
may have 65,536 characters: details go first, then reasons, then the ends of names, then the sections of the stacks;
rows and totals stay.

The limit here is `MAX_CHARACTERS`; `_LEVELS` has the steps by which a review gets shorter. Its words are in
`formatting.py`.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

from pulumi_tione.pricing.amounts import format_amount
from pulumi_tione.review import formatting
from pulumi_tione.review.formatting import visible
from pulumi_tione.review.model import PropertyChange, Review, StackReview, TaskReview
from pulumi_tione.review.preview import Placeholder, Source

MAX_CHARACTERS = 60_000
"""How long a comment gets at most."""

_ICONS = {
    "create": "➕",
    "replace": "♻️",
    "restart": "🔁",
    "update": "✏️",
    "stop": "⏹️",
    "delete": "❌",
    "retain": "📌",
    "unknown": "❔",
}
_NOT_IN_CODE = re.compile(r"[`|\\]")
_MAX_DIFF_LINES = 60
_MAX_NAMES = 10
_LONGEST_LAST_ROW = 40


@dataclass(frozen=True)
class _Detail:
    """How much a comment shows: the less, the shorter it is."""

    details: bool = True
    reasons: int = 1000
    """How many changes of a task are named."""
    name: int = 1000
    """How many characters of a name are shown."""
    links: bool = True
    findings: int = 1000
    """How many findings are listed for each code."""
    columns: bool = True
    """Whether hardware and time limit have columns."""
    messages: int = 1000
    """How many messages of the preview are shown, and of each how many characters."""
    words: bool = True
    """Whether words describe what happens to a task; its icon does in any case."""


_LEVELS = (
    _Detail(),
    _Detail(details=False),
    _Detail(details=False, reasons=3, findings=10, messages=100),
    _Detail(details=False, reasons=1, name=60, links=False, findings=3, messages=50),
    _Detail(details=False, reasons=0, name=24, links=False, findings=1, columns=False, messages=30),
    _Detail(details=False, reasons=0, name=12, links=False, findings=0, columns=False, messages=20, words=False),
)


def markdown(review: Review) -> str:
    """Return the review as Markdown of at most 60,000 characters."""
    for level in _LEVELS:
        text = "\n".join(_lines(review, level)).rstrip() + "\n"
        if len(text) <= MAX_CHARACTERS:
            return text
    return _in_one_table(review)


def _in_one_table(review: Review) -> str:
    """Return the review as one table with a row for each stack and task, for very many of them.

    Rows that do not fit at all are counted in the last one.
    """
    lines = [_first_line(review), f"### TI-ONE review: {_sum(review)}", ""]
    failed = [stack for stack in review.stacks if stack.failed]
    if failed:
        names = ", ".join(code(formatting.stack_name(stack)) for stack in failed[:_MAX_NAMES])
        lines += ["> [!CAUTION]", f"> Preview failed: {names}" + _more(len(failed), _MAX_NAMES), ""]
    findings = Counter(each.code for stack in review.stacks for _, each in stack.findings if each.severity != "note")
    if findings:
        counted = (f"> - {count} task{'s' * (count > 1)}: {code(name)}" for name, count in sorted(findings.items()))
        lines += ["> [!WARNING]", *counted, ""]
    lines += ["| | task | an hour |", "|---|---|---:|"]
    rows = [row for stack in review.stacks for row in _shortest_rows(review, stack)]
    end = (
        "",
        "A comment cannot have more details: `pulumi-tione review --format text` has them.",
        "Statuses of the last update count where a preview was made without `--refresh`."
        * any(formatting.status_note(stack) for stack in review.stacks),
    )
    available = MAX_CHARACTERS - sum(len(line) + 1 for line in (*lines, *end)) - _LONGEST_LAST_ROW
    shown: list[str] = []
    for row in rows:
        available -= len(row) + 1
        if available < 0:
            shown.append(f"| | *{len(rows) - len(shown)} more rows* | |")
            break
        shown.append(row)
    return "\n".join((*lines, *shown, *end)).rstrip() + "\n"


def _sum(review: Review) -> str:
    """Return what all stacks cost an hour before and after."""
    stacks = f"{len(review.stacks)} stack{'s' * (len(review.stacks) > 1)}"
    if not all(stack.prices_asked for stack in review.stacks) or len({stack.currency for stack in review.stacks}) > 1:
        return stacks
    sums = []
    for is_after in (False, True):
        amounts = [stack.after if is_after else stack.before for stack in review.stacks]
        amount = format_amount(sum((each.amount for each in amounts), Decimal(0)), review.stacks[0].currency)
        is_bound = any(formatting.is_bound(stack, after=is_after) for stack in review.stacks)
        sums.append(f"{'at least ' * is_bound}{amount}")
    return f"{stacks} — {sums[0]} → **{sums[1]} an hour**"


def _shortest_rows(review: Review, stack: StackReview) -> Iterator[str]:
    before, after = (formatting.total(stack, after=each) for each in (False, True))
    price = after if before == after else f"{before} → {after}"
    yield f"| {'❌' * stack.failed} | **{code(formatting.stack_name(stack))}** {formatting.counts(stack)} | {price} |"
    for task in stack.tasks:
        if task.action != "same":
            cells = (_ICONS.get(task.action, ""), _name(review, task, _LEVELS[-1]), _price(task, stack, is_bold=False))
            yield f"| {' | '.join(cells)} |"


def _first_line(review: Review) -> str:
    """Return the hidden marker."""
    names = sorted({stack.project for stack in review.stacks if stack.project})
    return f"<!-- pulumi-tione review {_marker(' '.join(names))} -->"


def _lines(review: Review, level: _Detail) -> Iterator[str]:
    yield _first_line(review)
    if len(review.stacks) > 1:
        yield from _overview(review)
    for stack in review.stacks:
        yield from _stack(review, stack, level)


def _marker(text: str) -> str:
    """Return a text that may stand in an HTML comment."""
    return re.sub(r"-{2,}", "-", re.sub(r"[^\w. /-]", "_", text))


def _overview(review: Review) -> Iterator[str]:
    yield "### TI-ONE review"
    yield ""
    yield "| stack | before, an hour | after, an hour | tasks |"
    yield "|---|---:|---:|---|"
    for stack in review.stacks:
        failed = "❌ preview failed; " * stack.failed
        yield (
            f"| {code(formatting.stack_name(stack))} | {formatting.total(stack, after=False)} "
            f"| {formatting.total(stack, after=True)} | {failed}{formatting.counts(stack)} |"
        )
    yield ""


def _stack(review: Review, stack: StackReview, level: _Detail) -> Iterator[str]:
    name = code(formatting.stack_name(stack))
    if not stack.tasks and not stack.failed:
        yield f"TI-ONE review: {name} has {formatting.nothing(stack)}."
        yield ""
        return
    if stack.is_unchanged:
        facts = [
            f"{formatting.total(stack, after=True)} an hour",
            formatting.counts(stack),
            formatting.status_note(stack),
        ]
        yield f"TI-ONE review: {name} has no changes, {', '.join(fact for fact in facts if fact)}."
        yield ""
        yield from _findings(stack, level)
        yield from _not_known(stack) if stack.before.unpriced or stack.is_partial or not stack.refreshed else ()
        return
    yield f"### {'❌ Preview failed: ' * stack.failed}TI-ONE review: {name} — {_headline(stack)}"
    yield ""
    facts = [
        f"**{formatting.counts(stack)}**",
        formatting.gpus(stack),
        _worst(stack),
        formatting.status_note(stack),
        f"preview of {code(review.commit[:12])}" if review.commit else "",
    ]
    yield " · ".join(fact for fact in facts if fact)
    yield ""
    yield from _diagnostics(review, stack, level)
    yield from _findings(stack, level)
    yield from _table(review, stack, level)
    if level.details:
        yield from _details(stack)
    yield from _not_known(stack)


def _headline(stack: StackReview) -> str:
    if not stack.prices_asked:
        return "prices were not asked for"
    before, after, change = formatting.headline(stack)
    if stack.failed:
        return f"{before} an hour before, {after} after"
    if not change:
        return f"{before} → **{after} an hour**"
    day = format_amount((stack.after.amount - stack.before.amount) * 24, stack.currency, is_signed=True)
    return f"{before} → **{after} an hour** ({change}, {day} a day if nothing ends)"


def _worst(stack: StackReview) -> str:
    is_known = not stack.failed and not stack.is_partial
    if not stack.prices_asked or not is_known or not any(task.price_after for task in stack.tasks):
        return ""
    worst = stack.worst_case
    return "no upper bound" if worst is None else f"at most {format_amount(worst, stack.currency)} until all have ended"


def _diagnostics(review: Review, stack: StackReview, level: _Detail) -> Iterator[str]:
    errors = [each for each in stack.diagnostics if each.severity == "error"]
    warnings = [each for each in stack.diagnostics if each.severity != "error"]
    for title, messages in (("CAUTION", errors), ("NOTE", warnings)):
        if not messages:
            continue
        yield f"> [!{title}]"
        for each in messages[: level.messages]:
            name = f"**{_short(each.resource, level.name)}**" if each.resource else ""
            line = f"({_linked(review, each.source, f'line {each.source.line}')})" if each.source else ""
            where = " ".join(part for part in (name, line) if part)
            path = code(each.path[:200]) if each.path else ""
            message = _short(_one_line(each.message), max(level.messages * 4, 200))
            yield f"> - {': '.join(part for part in (where, path, message) if part)}"
        if len(messages) > level.messages:
            yield f"> - {len(messages) - level.messages} more"
        yield ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _findings(stack: StackReview, level: _Detail) -> Iterator[str]:
    found = [each for each in stack.findings if each[1].severity in ("danger", "warning")]
    if not found:
        return
    yield "> [!WARNING]"
    by_code: dict[str, list[str]] = {}
    for task, finding in found:
        text = f"**{_short(task.resource, level.name)}** {_message(finding.message)} ({code(finding.code)})"
        by_code.setdefault(finding.code, []).append(text)
    for finding_code, texts in by_code.items():
        for text in texts[: level.findings]:
            yield f"> - {text}"
        if len(texts) > level.findings:
            more = "more" if level.findings else "tasks"
            yield f"> - {len(texts) - level.findings} {more}: {code(finding_code)}"
    yield ""


def _message(message: str) -> str:
    """Return the message of a finding, with the names in backticks as code."""
    parts = re.split(r"`([^`]*)`", message)
    return "".join(code(part) if index % 2 else prose(part) for index, part in enumerate(parts))


def _table(review: Review, stack: StackReview, level: _Detail) -> Iterator[str]:
    if not stack.tasks:
        return
    wide = level.columns
    reasons = level.reasons > 0
    yield (
        "| | task |"
        + " what happens |" * level.words
        + " why |" * reasons
        + " hardware |" * wide
        + " an hour |"
        + " runs at most |" * wide
    )
    yield "|---|---|" + "---|" * level.words + "---|" * reasons + "---|" * wide + "---:|" + "---|" * wide
    for task in stack.tasks:
        if task.action == "same":
            continue
        cells = [_ICONS.get(task.action, ""), _name(review, task, level)]
        if level.words:
            cells.append(formatting.action_of(task))
        if reasons:
            cells.append(_reasons(task, level))
        if wide:
            cells.append(prose(formatting.nodes(task)))
        cells.append(_price(task, stack, is_bold=level.words))
        if wide:
            cells.append(formatting.limit(task, stack.currency))
        yield f"| {' | '.join(cells)} |"
    unchanged = [task for task in stack.tasks if task.action == "same"]
    if unchanged:
        amount = sum((task.hourly_after or Decimal(0) for task in unchanged), Decimal(0))
        is_known = all(task.hourly_after is not None for task in unchanged)
        price = (
            format_amount(amount, stack.currency) if is_known else f"at least {format_amount(amount, stack.currency)}"
        )
        empty = " |" * (level.words + reasons + wide)
        yield (
            f"| | *{len(unchanged)} unchanged* |{empty} {price if stack.prices_asked else 'unknown'} |" + " |" * wide
        )
    yield ""


def _name(review: Review, task: TaskReview, level: _Detail) -> str:
    name = _short(task.resource, level.name)
    return _linked(review, task.source, name) if level.links and task.inputs_after else name


def _linked(review: Review, source: Source | None, text: str) -> str:
    """Return a text with a link to a line of the source, where the repository and the commit are known."""
    base = repository_url(review.repo_url)
    if source is None or not base or not review.commit:
        return text
    is_github = "/-/" not in base and not re.search(r"^https?://(?:[^/]*gitlab|cnb\.)", base)
    path = quote(f"{review.source_prefix}{source.path}")
    return f"[{text}]({base}/{'blob' if is_github else '-/blob'}/{quote(review.commit)}/{path}#L{source.line})"


def repository_url(address: str) -> str:
    """Return the address of a repository as a browser opens it; empty, if it is none.

    `git@github.com:acme/nlp.git` is `https://github.com/acme/nlp`.
    """
    ssh = re.fullmatch(r"(?:ssh://)?git@([^\s:/]+)[:/]([^\s<>()\"'|`]+)", address)
    base = f"https://{ssh[1]}/{ssh[2]}" if ssh else address
    base = base.rstrip("/").removesuffix(".git")
    return base if re.fullmatch(r"https?://[^\s<>()\"'|`@]+", base) else ""


def _reasons(task: TaskReview, level: _Detail) -> str:
    if task.action in ("delete", "retain"):
        return "not in the program any more"
    texts = [*dict.fromkeys(_change(change, level) for change in task.changes)]
    shown = texts[: level.reasons]
    return ", ".join(shown) + f", {len(texts) - len(shown)} more" * (len(texts) > len(shown))


def _change(change: PropertyChange, level: _Detail) -> str:
    if change.is_secret:
        return f"{code(change.path)} (secret)"
    if formatting.reason(change):
        return formatting.reason(change)
    if formatting.is_multiline(change):
        return f"{code(change.path)} ({'see below' if level.details else 'several lines'})"
    old, new = (_value(each) for each in (change.old, change.new))
    return f"{code(change.path)} {old} → {new}"


def _value(changed: object) -> str:
    if changed is None or isinstance(changed, Placeholder):
        return formatting.value(changed)
    return code(formatting.value(changed))


def _price(task: TaskReview, stack: StackReview, *, is_bold: bool) -> str:
    before, after = formatting.price(task, stack.currency)
    if before == after:
        return after
    shown = f"**{after}**" if is_bold else after
    return shown if task.action == "create" else f"{before} → {shown}"


def _details(stack: StackReview) -> Iterator[str]:
    for task in stack.tasks:
        for change in task.changes:
            if not change.is_secret and formatting.is_multiline(change) and not formatting.reason(change):
                yield f"<details><summary>{html(task.resource)}: {html(change.path)}</summary>"
                yield ""
                yield from _diff(change)
                yield ""
                yield "</details>"
                yield ""
    notes = [each for each in stack.findings if each[1].severity == "note"]
    if notes:
        yield f"<details><summary>Notes: {len(notes)}</summary>"
        yield ""
        for task, finding in notes:
            yield f"- **{prose(task.resource)}** {_message(finding.message)} ({code(finding.code)})"
        yield ""
        yield "</details>"
        yield ""


def _diff(change: PropertyChange) -> Iterator[str]:
    old, new = ((each if isinstance(each, str) else "").split("\n") for each in (change.old, change.new))
    lines = [*difflib.unified_diff(old, new, lineterm="", n=2)][2:]
    shown = [visible(line) for line in lines if not line.startswith("@@")][:_MAX_DIFF_LINES]
    if len(lines) > _MAX_DIFF_LINES:
        shown.append(" …")
    longest = max((len(run) for line in shown for run in re.findall(r"~+", line)), default=0)
    fence = "~" * max(3, longest + 1)
    yield f"{fence}diff"
    yield from shown
    yield fence


def _not_known(stack: StackReview) -> Iterator[str]:
    notes = []
    old = sorted(task.resource for task in stack.tasks if not task.is_current)
    is_refreshed = stack.failed and not stack.is_partial
    if old and (is_refreshed or any(task.is_current and task.status for task in stack.tasks)):
        why = "a failed preview does not show what its refresh returns" if is_refreshed else "it was not refreshed"
        notes.append(
            f"Shown with the status of the last update: {_names(old)} ({why}). A task that has ended since counts as "
            "active."
        )
    elif old:
        notes.append(
            "Statuses are those of the last update: make the preview with `--refresh` for current ones. A task that "
            "has ended since counts as active."
        )
    if stack.is_partial and not stack.failed:
        notes.append(f"U{formatting.PARTIAL[1:]}. What they cost is not in the totals.")
    if any(task.supply in ("SPOT", "TIDE") and task.max_duration_seconds and task.price_after for task in stack.tasks):
        notes.append(
            "A time limit counts for each run: a task on SPOT or TIDE supply has it again after it was preempted."
        )
    if not stack.prices_asked:
        notes.append("Prices were not asked for.")
    else:
        notes.append(
            "Prices are those that DescribeBillingSpecsPrice returns to this account. File systems, COS, CLS and "
            "traffic are not in them."
        )
    unknown = sorted({name for total in (stack.before, stack.after) for name in total.unpriced})
    if stack.prices_asked and unknown:
        notes.append(f"The price is unknown for {_names(unknown)}.")
    later = sorted(
        f"{_short(task.resource, 40)}: {code(path[:200])}"
        for task in stack.tasks
        for path in formatting.unknown_paths(task)
    )
    if later:
        notes.append(f"Known only after `up`: {', '.join(later[:_MAX_NAMES])}{_more(len(later), _MAX_NAMES)}.")
    if stack.failed:
        notes.append("The preview failed: what happens to the tasks after the failure is not known.")
    yield "<details><summary>What this review does not know</summary>"
    yield ""
    yield from (f"- {note}" for note in notes)
    yield ""
    yield "</details>"
    yield ""


def _names(names: Sequence[str]) -> str:
    return ", ".join(_short(name, 40) for name in names[:_MAX_NAMES]) + _more(len(names), _MAX_NAMES)


def _more(count: int, shown: int) -> str:
    return f" and {count - shown} more" * (count > shown)


def _short(text: str, length: int) -> str:
    """Return a text as running text of at most this length: of a longer one its begin and its end."""
    shown, kept = prose(text), len(text)
    while len(shown) > length and kept > 1:
        kept = min(kept - 1, kept * length // len(shown))
        end = kept // 2
        shown = prose(f"{text[: kept - end]}…{text[len(text) - end :]}")
    return shown


def code(text: str) -> str:
    """Return a text as code that stays as it is in a table, where a pipe would end the cell."""
    shown = visible(text)
    if shown and not _NOT_IN_CODE.search(shown) and shown == shown.strip():
        return f"`{shown}`"
    return f"<code>{_entities(shown)}</code>"


def prose(text: str) -> str:
    """Return a text as running text that is nothing but text."""
    return _entities(visible(text))


def html(text: str) -> str:
    """Return a text for the inside of an HTML element."""
    return _entities(visible(text))


_MARKUP = re.compile(r"[!-'*+<>@\[-`{-~#]|:(?=[\w/])|(?<=www)\.")


def _entities(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)
