"""The docstrings of modules: their numbers are those of the constants, and what they point to exists."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Sized
from datetime import timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pulumi_tione"

# Of each module, a phrase of its docstring, and the constant that has the number: often that of another module.
NUMBERS: list[tuple[str, str, str]] = [
    (
        "_api/client.py",
        "for up to {:g} seconds, with no limit",
        "_api.transport._THROTTLING_TIMEOUT_SECONDS",
    ),
    ("_api/client.py", "read up to {:g} pages", "_api.client.MAX_PAGES"),
    ("_api/connection.py", "more than {:g} MiB", "_api.connection.MAX_RESPONSE_BYTES"),
    ("_api/credentials.py", "renewed {:g} seconds before", "_api.credentials._MAX_RENEWAL_SECONDS"),
    ("_api/credentials.py", "asked again after {:g} seconds", "_api.credentials._SECONDS_AFTER_FAILURE"),
    ("_api/logs.py", "the pauses are {:g} to", "_api.logs._MIN_SECONDS"),
    ("_api/logs.py", "to {:g} seconds. Following ends", "_api.logs._MAX_SECONDS"),
    ("_api/logs.py", "not be read for {:g} seconds", "_api.logs._MAX_FAILING_SECONDS"),
    ("_api/pods.py", "{:g} tasks between two polls", "_wait.poller._MAX_REQUESTS_PER_POLL"),
    ("_api/pods.py", "{:g} tasks in `pulumi-tione status`", "stacks.task_status._MAX_PODS_CALLS"),
    ("_api/polling.py", "({:g} to 5 seconds", "_api.polling.FIRST_PAUSE_SECONDS"),
    ("_api/polling.py", "to {:g} seconds, each", "_api.polling.MAX_PAUSE_SECONDS"),
    ("_api/polling.py", "each {:g} times the one before", "_api.polling.GROWTH"),
    ("_api/polling.py", "of its own, {:g} to 15 seconds", "_wait.poller._MIN_SECONDS"),
    ("_api/polling.py", "to {:g} seconds: `_wait/poller.py`", "_wait.poller._MAX_SECONDS"),
    ("_api/protocols.py", "returns {:g} tasks at most", "_api.protocols.PAGE_SIZE"),
    ("_api/rate_limit.py", "{:g} requests of an action per second", "_api.rate_limit.MAX_REQUESTS_PER_SECOND"),
    ("_api/rate_limit.py", "for up to {:g} seconds, however often", "_api.transport._THROTTLING_TIMEOUT_SECONDS"),
    ("_api/rate_limit.py", "pauses of at most {:g}.", "_api.transport._MAX_PAUSE_SECONDS_IF_THROTTLED"),
    ("_api/responses.py", "at most {:g} times", "_api.transport._MAX_ATTEMPTS_IF_MALFORMED"),
    ("_api/sdk.py", "take {:g} seconds in total", "_api.sdk._TOTAL_SECONDS"),
    ("_api/sdk.py", "and {:g} seconds to connect", "_api.sdk._CONNECT_TIMEOUT_SECONDS"),
    ("_api/status_batcher.py", "waits {:g} seconds", "_api.status_batcher._GATHERING_SECONDS"),
    ("_api/status_batcher.py", "up to {:g} times while they come", "_api.status_batcher._MAX_GATHERINGS"),
    ("_api/status_batcher.py", "at most {:g} tasks", "_api.protocols.PAGE_SIZE"),
    ("_api/transport.py", "{:g} seconds while the service throttles", "_api.transport._THROTTLING_TIMEOUT_SECONDS"),
    ("_api/transport.py", "{:g} seconds through an outage", "_api.transport._OUTAGE_TIMEOUT_SECONDS"),
    ("_api/transport.py", "to {:g} seconds while the service", "_api.transport._MAX_PAUSE_SECONDS_IF_THROTTLED"),
    ("_api/transport.py", "and to {:g} otherwise", "_api.transport._MAX_PAUSE_SECONDS"),
    ("_api/transport.py", "{:g} seconds otherwise", "_api.transport._FAILURE_TIMEOUT_SECONDS"),
    ("_config/sources.py", "lasts {:g} seconds", "_config.sources._SESSION_SECONDS"),
    ("_config/sources.py", "at most {:g} seconds", "_config.sources._MAX_SESSION_SECONDS"),
    ("_masking.py", "less than {:g} characters", "_masking._MIN_LENGTH_WITHIN"),
    ("_pulumi/exports.py", "within {:g} second ", "_pulumi.exports._TIMEOUT_SECONDS"),
    ("_pulumi/server.py", "Up to {:g} calls", "_pulumi.server._WORKERS"),
    ("_schema/identity.py", "tries {:g} suffixes", "_schema.identity.SUFFIXES_TO_TRY"),
    ("_schema/time_limit.py", "exit code is {:g}", "_schema.time_limit.EXIT_CODE"),
    ("_wait/failure_report.py", "last {:g} log lines", "lifecycle.time_limit.MAX_LINES"),
    ("_wait/failure_report.py", "{:g} characters of each", "_wait.failure_report._MAX_LINE_LENGTH"),
    ("_wait/failure_report.py", "last {:g} warning events", "_wait.failure_report._MAX_WARNINGS"),
    ("_wait/poller.py", "two polls are {:g} to", "_wait.poller._MIN_SECONDS"),
    ("_wait/poller.py", "to {:g} seconds, times", "_wait.poller._MAX_SECONDS"),
    ("_wait/poller.py", "{:g} times the one before", "_wait.poller._GROWTH"),
    ("_wait/poller.py", "For {:g} tasks between two polls", "_wait.poller._MAX_REQUESTS_PER_POLL"),
    ("_wait/tracker.py", "in {:g} checks", "_wait.tracker._QUIET_POLLS"),
    ("_wait/tracker.py", "{:g} seconds apart", "_wait.tracker._POLL_SECONDS"),
    ("_wait/waiter.py", "errors last for {:g} seconds", "_wait.waiter._MAX_FAILING_SECONDS"),
    ("_wait/waiter.py", "({:g} seconds if", "_wait.waiter._MAX_FAILING_SECONDS_WITHOUT_RESPONSE"),
    ("_wait/waiter.py", "shown every {:g} seconds", "_wait.waiter._MESSAGE_SECONDS"),
    ("_wait/waiter.py", "a log line every {:g} seconds", "_wait.waiter._LINE_SECONDS"),
    ("emulator/http/rate_limit.py", "{:g} requests a second", "emulator.http.rate_limit.RATE"),
    ("environments/tags.py", "at most {:g} characters", "environments.tags.MAX_TAG_LENGTH"),
    ("lifecycle/create.py", "for {:g} seconds, and only", "lifecycle.create._SECONDS_TO_FIND_CREATED"),
    ("lifecycle/create.py", "at most {:g} times in all", "lifecycle.create._MAX_ATTEMPTS"),
    ("lifecycle/create_lookup.py", "{:g} seconds after a lost response", "lifecycle.create._SECONDS_TO_FIND_CREATED"),
    ("lifecycle/create_lookup.py", "{:g} seconds after a name is", "lifecycle.create._SECONDS_TO_FIND_HOLDER"),
    ("lifecycle/create_lookup.py", "at most {:g} times (`_MAX_ATTEMPTS` there)", "lifecycle.create._MAX_ATTEMPTS"),
    ("lifecycle/delete.py", "may take {:g} seconds", "lifecycle.stop.SECONDS_TO_STOP"),
    ("lifecycle/delete.py", "at most {:g} times", "lifecycle.delete._MAX_DELETES"),
    ("lifecycle/existence.py", 'That is {:g} times "not found"', "lifecycle.existence._MIN_NOT_FOUND"),
    ("lifecycle/existence.py", "over at least {:g} seconds", "lifecycle.existence._MIN_NOT_FOUND_SECONDS"),
    ("lifecycle/existence.py", "tolerated for {:g} seconds", "lifecycle.existence._TIMEOUT_SECONDS"),
    ("lifecycle/read.py", "asked for {:g} times", "lifecycle.read._ATTEMPTS"),
    ("lifecycle/stop.py", "{:g} seconds to stop", "lifecycle.stop.SECONDS_TO_STOP"),
    ("lifecycle/stop.py", "pauses of {:g} to", "_api.polling.FIRST_PAUSE_SECONDS"),
    ("lifecycle/stop.py", "to {:g} seconds, each", "_api.polling.MAX_PAUSE_SECONDS"),
    ("lifecycle/stop.py", "each {:g} times the one before", "lifecycle.stop.PAUSE_GROWTH"),
    ("lifecycle/tagging.py", "or for {:g} seconds", "lifecycle.existence.LAG_SECONDS"),
    ("lifecycle/time_limit.py", "last {:g} lines", "lifecycle.time_limit.MAX_LINES"),
    ("lifecycle/update.py", "looked for {:g} seconds", "lifecycle.existence.LAG_SECONDS"),
    ("cli/env.py", "waits {:g} minutes", "cli.env._WAIT"),
    ("cli/env.py", "{:g} if something is left", "cli.env.LEFT"),
    ("cli/logs.py", "or {:g} if it was deleted", "cli.logs.DELETED"),
    ("cli/orphans.py", "{:g} with some", "cli.orphans.ORPHANS_LEFT"),
    ("cli/review.py", "{:g} if the preview failed", "cli.review.PREVIEW_FAILED"),
    ("cli/review.py", "{:g} if a gate failed", "cli.review.GATE_BROKEN"),
    ("cli/status.py", "every {:g} seconds", "cli.status._REFRESH_SECONDS"),
    ("cli/whoami.py", "{:g} characters at either end", "cli.whoami._SHOWN"),
    ("emulator/actions/sts.py", "lasts {:g} seconds", "emulator.actions.sts.DEFAULT_SECONDS"),
    ("emulator/actions/sts.py", "{:g} seconds at most", "emulator.actions.sts.MAX_SECONDS"),
    ("emulator/actions/pods_and_logs.py", "up to {:g} lines", "emulator.actions.pods_and_logs.MAX_LINES"),
    ("emulator/actions/pods_and_logs.py", "after {:g} lines", "emulator.actions.pods_and_logs.MAX_PAGED_LINES"),
    ("emulator/actions/tags.py", "takes {:g} tags", "emulator.actions.tags.MAX_TAGS_OF_A_CALL"),
    ("emulator/actions/tags.py", "and {:g} resources", "emulator.actions.tags.MAX_RESOURCES"),
    ("emulator/actions/training_tasks.py", "has {:g} tasks a page", "emulator.actions.training_tasks.DEFAULT_LIMIT"),
    ("emulator/actions/training_tasks.py", "{:g} tasks at most", "emulator.actions.training_tasks.MAX_LIMIT"),
    ("emulator/command.py", "default port is {:g}", "emulator.command.DEFAULT_PORT"),
    ("emulator/http/gateway.py", "may have {:g} MiB", "emulator.http.gateway.MAX_REQUEST_BYTES"),
    ("emulator/http/record.py", "last {:g} MiB", "emulator.http.record.CAPACITY_BYTES"),
    ("emulator/http/server.py", "idle for {:g} seconds", "emulator.http.server._KEEP_ALIVE_SECONDS"),
    ("emulator/http/server.py", "take {:g} seconds", "emulator.http.server._BODY_SECONDS"),
    ("emulator/rules/tags.py", "has {:g} tags at most", "emulator.rules.tags.MAX_TAGS"),
    ("emulator/running/spool.py", "up to {:g} MiB", "emulator.running.spool.MAX_FILE_BYTES"),
    ("environments/git.py", "take {:g} seconds", "environments.git._SECONDS"),
    ("environments/listing.py", "{:g} lists are requested at once", "environments.listing._PARALLEL_CALLS"),
    ("environments/names.py", "up to {:g} characters", "environments.names._READABLE_LENGTH"),
    ("environments/overview.py", "{:g} stacks are read at once", "environments.overview._PARALLEL_READS"),
    ("environments/processes.py", "has {:g} seconds", "environments.processes._SECONDS_TO_END"),
    ("environments/reap.py", "to be {:g} minute old", "environments.reap._GRACE"),
    ("environments/reap.py", "{:g} stacks are taken down at once", "environments.reap._PARALLEL_STACKS"),
    ("environments/stop_start.py", "{:g} tasks are handled at once", "environments.stop_start._PARALLEL_TASKS"),
    ("environments/tags.py", "every {:g} seconds", "environments.tags.HEARTBEAT_SECONDS"),
    ("environments/tags.py", "after {:g} seconds", "environments.tags.DEAD_AFTER_SECONDS"),
    ("environments/teardown.py", "tried {:g} times", "environments.teardown._DESTROY_ATTEMPTS"),
    ("environments/teardown.py", "until {:g} seconds after", "lifecycle.existence.LAG_SECONDS"),
    ("environments/workspace.py", "does {:g} operations", "environments.workspace._PARALLEL"),
    ("review/formatting.py", "up to {:g} characters", "review.formatting._LONGEST_VALUE"),
    ("review/sources.py", "most {:g} files", "review.sources._MAX_FILES"),
    ("pricing/announcements.py", "first {:g} resources", "pricing.announcements._REPEATED"),
    ("pricing/price_list.py", "up to {:g} prices", "pricing.price_list._MAX_ITEMS"),
    ("pricing/stack_costs.py", "up to {:g} seconds", "pricing.stack_costs._SECONDS_TO_COMPARE"),
    ("review/gates.py", "exit code {:g}", "cli.review.GATE_BROKEN"),
    ("stacks/label_search.py", "for {:g} seconds before", "stacks.label_search._LAG_SECONDS"),
    ("stacks/locks.py", "{:g} minutes, `--wait-lock`", "cli.env._WAIT"),
    ("stacks/orphan_cleanup.py", "{:g} tasks are handled at once", "stacks.orphan_cleanup._PARALLEL_TASKS"),
    ("stacks/pending_creates.py", "up to {:g} seconds", "stacks.pending_creates._TIMEOUT_SECONDS"),
    ("stacks/python_code.py", "at most {:g} characters", "stacks.python_code._WIDTH"),
    ("stacks/task_import.py", "again for {:g} seconds", "stacks.task_import._LAG_SECONDS"),
    ("stacks/task_status.py", "pods of {:g} tasks", "stacks.task_status._MAX_PODS_CALLS"),
]

AMOUNT = re.compile(
    r"(?<![\d.,])\d+(?:\.\d+)?(?= (?:seconds?|minutes?|hours|times|attempts|requests|tasks|calls|pages|lines|bytes|MiB"
    r"|prices|characters|suffixes|resources|log lines|warning events|checks|stacks|states|lists|operations|files"
    r"|places|digits)\b)"
)

POINTER = re.compile(
    r"`(?P<file>[\w/]+\.\w+)` \(`(?P<name>[\w.]+)`\)|`(?P<name_before>[\w.]+)` in `(?P<file_after>[\w/]+\.py)`"
)
"""A name with the file that has it: `create.py` (`_MAX_ATTEMPTS`), or `_MAX_ATTEMPTS` in `create.py`."""


def docstring_of(module: Path) -> str:
    return " ".join((ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").split())


def number_of(constant: str, phrase: str) -> float:
    """Return the number that a constant has, in the unit of the phrase: of a collection, how many it has."""
    module, _, name = constant.rpartition(".")
    value = getattr(importlib.import_module(f"pulumi_tione.{module}"), name)
    if isinstance(value, timedelta):
        return value / timedelta(minutes=1)
    if isinstance(value, Sized) and not isinstance(value, str):
        return len(value)
    return float(value) / (2**20 if "MiB" in phrase else 1)


def file_of(name: str, module: Path) -> Path | None:
    """Return the file that the docstring of a module names: next to it, in a folder above, or from a root."""
    folders = [ROOT, PACKAGE, ROOT / "tests" / "support", *module.parents]
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


@pytest.mark.parametrize(("module", "phrase", "constant"), NUMBERS)
def test_a_number_in_a_docstring_is_that_of_the_constant(module: str, phrase: str, constant: str) -> None:
    assert phrase.format(number_of(constant, phrase)) in docstring_of(PACKAGE / module)


def test_every_number_in_a_docstring_is_compared_with_a_constant() -> None:
    compared = {(module, f"{number_of(constant, phrase):g}") for module, phrase, constant in NUMBERS}
    shown = {
        (path.relative_to(PACKAGE).as_posix(), amount)
        for path in PACKAGE.rglob("*.py")
        for amount in AMOUNT.findall(docstring_of(path))
    }
    assert shown - compared == set()


@pytest.mark.parametrize("folder", ["pulumi_tione", "tests", "tools"])
def test_what_a_docstring_points_to_exists(folder: str) -> None:
    missing = []
    for module in sorted((ROOT / folder).rglob("*.py")):
        docstring = docstring_of(module)
        here = module.relative_to(ROOT).as_posix()
        names = re.findall(r"`([\w/]+/\w+\.py|\w+\.py)`", docstring)
        missing += [f"{here}: {name}" for name in names if file_of(name, module) is None]
        for match in POINTER.finditer(docstring):
            name, file = match["name"] or match["name_before"], match["file"] or match["file_after"]
            found = file_of(file, module)
            text = "" if found is None else found.read_text(encoding="utf-8")
            if not all(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) for part in name.split(".")):
                missing.append(f"{here}: {name} in {file}")
    assert missing == []
