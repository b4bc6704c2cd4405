"""`env list`: all environments of a project, with the current statuses and prices of their tasks.

Nothing is written. On a backend in a folder the Pulumi CLI is not run at all, and the service is asked for the tasks of
the whole project at once: one list for each region, however many environments there are.

8 lists are requested at once. A task that could not be read is `UNKNOWN`, and no price is guessed. The results of the
other commands are formatted in `report.py`.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from pulumi_tione._api.status import is_terminal
from pulumi_tione._config.settings import Settings
from pulumi_tione._durations import format_age
from pulumi_tione._schema.identity import LABELS, labels_of_stack
from pulumi_tione._schema.wire import imported_outputs, user_tags
from pulumi_tione._timestamps import time_or_none
from pulumi_tione.environments import messages
from pulumi_tione.environments.overview import Overview, read_overviews
from pulumi_tione.environments.processes import host_name, process_start
from pulumi_tione.environments.project import Project, with_absolute_paths
from pulumi_tione.errors import TioneError
from pulumi_tione.pricing.amounts import Currency, currency_of, format_amount, plain
from pulumi_tione.pricing.price_list import PriceList
from pulumi_tione.pricing.task_price import ask_prices, hourly_price
from pulumi_tione.stacks.backend_folder import BackendFolder
from pulumi_tione.stacks.locations import Clients, Location
from pulumi_tione.stacks.pulumi_cli import Pulumi
from pulumi_tione.stacks.task_status import DELETED

UNKNOWN = "UNKNOWN"
"""The status of a task where the service was not reached."""

_SECONDS_PER_HOUR = Decimal(3600)
_PARALLEL_CALLS = 8


@dataclass(frozen=True)
class Row:
    """One environment."""

    overview: Overview
    now: datetime
    statuses: Mapping[str, int] = field(default_factory=dict)
    """How many tasks have each status."""
    hourly: Decimal | None = None
    """What the active tasks cost an hour; None if it is unknown."""
    spent: Decimal | None = None
    """An estimate: how long the latest runs have taken, at today's prices."""
    currency: Currency = "CNY"
    created: datetime | None = None
    """When its oldest task was created."""
    orphans: tuple[str, ...] = ()
    """The tasks with the labels of the stack that its state does not know."""

    @property
    def age(self) -> timedelta | None:
        begun = self.created or self.overview.last_update
        return None if begun is None else max(self.now - begun, timedelta(0))

    @property
    def time_left(self) -> timedelta | None:
        """How long until its time to live is over."""
        ttl, updated = self.overview.environment_tags.time_to_live, self.overview.last_update
        return None if ttl is None or updated is None else ttl - (self.now - updated)

    @property
    def lock(self) -> str:
        """Who holds its lock; empty if it is not locked."""
        if not self.overview.is_locked:
            return ""
        holders = [
            f"{lock.user}@{lock.host}, {_process(lock.pid, is_here=lock.host == host_name())}"
            for lock in self.overview.locks
        ]
        return "; ".join(holders) or "locked"


def _process(pid: int, *, is_here: bool) -> str:
    is_dead = is_here and process_start(pid) is None
    return f"process {pid}{' (dead)' if is_dead else ''}"


@dataclass(frozen=True)
class Listing:
    """All environments of a project."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()
    """What could not be asked."""


def list_environments(folder: Path, environment: Mapping[str, str]) -> Listing:
    """Return the environments of the project in a folder."""
    project = Project.read(folder)
    environment = with_absolute_paths(environment, project.folder)
    pulumi = Pulumi(project.folder, environment)
    url = backend_url(project, environment) or pulumi.backend()
    backend = BackendFolder.at(url, project.folder, environment)
    overviews = [
        each
        for each in read_overviews(pulumi, backend, project.name)
        if each.is_environment or each.environment_tags.branch or each.is_unreadable
    ]
    now = datetime.now(timezone.utc)
    if not overviews:
        return Listing(())
    tasks = _Tasks(project, pulumi, overviews)
    rows = [tasks.row(each, now) for each in overviews]
    return Listing(tuple(rows), tuple(dict.fromkeys(tasks.warnings)))


def backend_url(project: Project, environment: Mapping[str, str]) -> str | None:
    """Return the address of the backend where it can be read without the CLI: as the CLI itself determines it."""
    if environment.get("PULUMI_BACKEND_URL"):
        return environment["PULUMI_BACKEND_URL"]
    configured = project.settings.get("backend")
    if isinstance(configured, Mapping) and isinstance(configured.get("url"), str):
        return str(configured["url"])
    home = environment.get("PULUMI_HOME") or Path(environment.get("HOME") or "~", ".pulumi").expanduser()
    try:
        credentials = json.loads(Path(home, "credentials.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    current = credentials.get("current") if isinstance(credentials, dict) else None
    return current if isinstance(current, str) and current else None


class _Tasks:
    """The tasks of a project at the service."""

    def __init__(self, project: Project, pulumi: Pulumi, overviews: Iterable[Overview]) -> None:
        self._project = project
        self._pulumi = pulumi
        self.warnings: list[str] = []
        self._settings: dict[str, Settings] = {}
        self._clients: dict[str, Clients] = {}
        self._items: dict[str, dict[str, Any]] = {}
        self._stacks: dict[str, str | None] = {}
        """The stack in the labels of each."""
        self._recorded: dict[str, Mapping[str, Any]] = {}
        """The tasks in the states, by id."""
        self._locations: dict[str, Location] = {}
        self._answered: set[Location] = set()
        self._prices: dict[Location, PriceList] = {}
        self._currency: Currency = "CNY"
        self._ask([*overviews])

    def _settings_of(self, overview: Overview) -> Settings:
        template = overview.environment_tags.template
        if template not in self._settings:
            self._settings[template] = self._read_settings(template, overview)
            self._clients[template] = Clients(self._settings[template])
        return self._settings[template]

    def _read_settings(self, template: str, overview: Overview) -> Settings:
        """Return the settings of a template, by the CLI only if some of them are encrypted."""
        try:
            config = self._project.plain_config(template)
            if config is None:
                config = self._pulumi.config_in(self._project.template_file(template), overview.stack)
        except TioneError as error:
            self.warnings.append(messages.settings_from_variables(error))
            config = {}
        return self._pulumi.settings_with(config)

    def _locations_of(self, overview: Overview) -> list[tuple[str, Location]]:
        """Return the locations of an environment, each with the template whose settings reach it."""
        template, settings = overview.environment_tags.template, self._settings_of(overview)
        found = [Location(settings.region), *overview.environment_tags.locations]
        for resource in (*overview.state.tasks.values(), *overview.state.pending_tasks):
            try:
                location = Location.recorded(resource)
            except TioneError as error:
                self.warnings.append(str(error))
                continue
            if location is not None:
                found.append(location)
        return [(template, location) for location in dict.fromkeys(found)]

    def _ask(self, overviews: list[Overview]) -> None:
        """List the tasks of the project in every location once, and prepare the prices there."""
        places = dict.fromkeys(place for overview in overviews for place in self._locations_of(overview))
        with ThreadPoolExecutor(_PARALLEL_CALLS) as pool:
            for items in pool.map(self._list, places):
                self._items |= items
            self._stacks = {
                task_id: user_tags(item.get("Tags")).get(LABELS[1]) for task_id, item in self._items.items()
            }
            for overview in overviews:
                self._recorded |= overview.state.tasks
            deque(pool.map(self._ask_prices, self._prices), maxlen=0)

    def _ask_prices(self, location: Location) -> None:
        """Ask for the prices of all tasks in a location with one call, instead of one for each kind of node."""
        billed = [
            self._known(task_id, item)
            for task_id, item in self._items.items()
            if self._locations[task_id] == location and _is_billed(item)
        ]
        ask_prices(billed, self._prices[location])

    def _list(self, place: tuple[str, Location]) -> dict[str, dict[str, Any]]:
        template, location = place
        try:
            client = self._clients[template].of(location)
            listed = client.training_tasks({}, labels_of_stack(self._project.name), location.workspace)
            items = {str(item["Id"]): item for item in listed}
        except TioneError as error:
            self.warnings.append(f"the tasks in {location} could not be listed: {error}")
            return {}
        self._answered.add(location)
        if items and location not in self._prices:
            self._prices[location] = PriceList(client, location.workspace)
            self._currency = currency_of(is_international=client.is_international())
        self._locations |= dict.fromkeys(items, location)
        return items

    def row(self, overview: Overview, now: datetime) -> Row:
        """Return what is known of an environment."""
        items: dict[str, Mapping[str, Any]] = {}
        for task_id in overview.state.tasks:
            items[task_id] = self._items.get(task_id) or {"Status": self._missing(overview, task_id)}
        orphans = [
            task_id for task_id in self._items if task_id not in items and self._stacks[task_id] == overview.stack.stack
        ]
        counted = [*items.values(), *(self._items[task_id] for task_id in orphans)]
        statuses: dict[str, int] = {}
        for item in counted:
            status = str(item.get("Status") or UNKNOWN)
            statuses[status] = statuses.get(status, 0) + 1
        hourly, spent = self._costs({**items, **{each: self._items[each] for each in orphans}})
        created = [at for item in counted if (at := time_or_none(item.get("CreateTime"))) is not None]
        return Row(
            overview,
            now,
            dict(sorted(statuses.items())),
            hourly,
            spent,
            self._currency,
            min(created, default=None),
            tuple(sorted(orphans)),
        )

    def _missing(self, overview: Overview, task_id: str) -> str:
        """Return the status of a task that no list shows."""
        location = Location.recorded(overview.state.tasks[task_id])
        return DELETED if location in self._answered else UNKNOWN

    def _costs(self, items: Mapping[str, Mapping[str, Any]]) -> tuple[Decimal | None, Decimal | None]:
        """Return what the active tasks cost an hour, and what all have cost so far; None for what is unknown."""
        hourly: Decimal | None = Decimal(0)
        spent: Decimal | None = Decimal(0)
        for task_id, item in items.items():
            status = str(item.get("Status") or UNKNOWN)
            runtime = _runtime(item)
            is_active = _is_active(item)
            if status == UNKNOWN:
                hourly = spent = None
            if not _is_billed(item):
                continue
            price = self._price(task_id, item)
            if is_active:
                hourly = None if hourly is None or price is None else hourly + price
            spent = None if spent is None or price is None else spent + price * runtime / _SECONDS_PER_HOUR
        return hourly, spent

    def _price(self, task_id: str, item: Mapping[str, Any]) -> Decimal | None:
        location = self._locations.get(task_id)
        prices = self._prices.get(location) if location is not None else None
        return hourly_price(self._known(task_id, item), prices).amount

    def _known(self, task_id: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the state records of a task; of one that is in no state, what the list shows."""
        resource = self._recorded.get(task_id, {})
        return {**resource.get("inputs", {}), **resource.get("outputs", {})} or imported_outputs(item)


def _runtime(item: Mapping[str, Any]) -> int:
    return int(item.get("RuntimeInSeconds") or 0)


def _is_active(item: Mapping[str, Any]) -> bool:
    status = str(item.get("Status") or UNKNOWN)
    return status not in (DELETED, UNKNOWN) and not is_terminal(status)


def _is_billed(item: Mapping[str, Any]) -> bool:
    """Check whether a task costs something now, or has cost something."""
    return _is_active(item) or _runtime(item) > 0


def listing_text(listing: Listing) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of the table."""
    heads = ["BRANCH", "STACK", "TASKS", "PER HOUR", "SPENT (EST.)", "AGE", "TTL LEFT", "KEPT", "LOCK", "ORPHANS"]
    return heads, [_cells(row) for row in listing.rows]


def _cells(row: Row) -> list[str]:
    overview = row.overview
    statuses = ", ".join(f"{count} {status}" for status, count in row.statuses.items())
    left = row.time_left
    return [
        overview.environment_tags.branch or "unknown",
        overview.stack.stack,
        overview.problem or f"{statuses or 'none'}{' (stopped)' if overview.environment_tags.stopped else ''}",
        _amount(row.hourly, row.currency),
        _amount(row.spent, row.currency),
        "unknown" if row.age is None else format_age(row.age),
        "" if left is None else "over" if left <= timedelta(0) else format_age(left),
        "yes" if overview.environment_tags.is_kept else "",
        row.lock,
        str(len(row.orphans) or ""),
    ]


def _amount(amount: Decimal | None, currency: Currency) -> str:
    return "unknown" if amount is None else format_amount(amount, currency)


def listing_markdown(listing: Listing) -> str:
    """Return the table as Markdown."""
    from pulumi_tione.review.markdown import prose  # with all of a review, which the table does not need

    if not listing.rows:
        return "There are no environments."
    heads, rows = listing_text(listing)
    lines = [heads, ["---"] * len(heads), *([prose(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def listing_json(listing: Listing) -> dict[str, Any]:
    """Return the listing for JSON."""
    return {"environments": [_as_json(row) for row in listing.rows], "warnings": list(listing.warnings)}


def _as_json(row: Row) -> dict[str, Any]:
    overview, environment_tags = row.overview, row.overview.environment_tags
    return {
        "branch": environment_tags.branch or None,
        "stack": overview.stack.stack,
        "environment": environment_tags.environment or None,
        "template": environment_tags.template or None,
        "tasks": dict(row.statuses),
        "pricePerHour": None if row.hourly is None else plain(row.hourly),
        "spentEstimate": None if row.spent is None else plain(row.spent),
        "currency": row.currency,
        "ageSeconds": None if row.age is None else int(row.age.total_seconds()),
        "lastUpdate": None if overview.last_update is None else overview.last_update.isoformat(),
        "ttlSeconds": None
        if environment_tags.time_to_live is None
        else int(environment_tags.time_to_live.total_seconds()),
        "ttlLeftSeconds": None if row.time_left is None else int(row.time_left.total_seconds()),
        "kept": environment_tags.is_kept,
        "stopped": list(environment_tags.stopped),
        "locked": overview.is_locked,
        "lock": row.lock or None,
        "orphans": list(row.orphans),
        "problem": overview.problem or None,
    }
