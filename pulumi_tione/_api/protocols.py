"""What callers need of the API, one `Protocol` for each concern. `Client` implements all of them.

Depend on the smallest one. Tests pass a fake that implements the same methods and sends no requests.

A list call returns 50 tasks at most (`PAGE_SIZE`). A new action is a method here and in `client.py`, and in the fake of
the tests, `tests/support/fake_api.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

PAGE_SIZE = 50
"""How many tasks a list call returns at most."""

MAX_TAGS_PER_CALL = 10
"""How many tags the tag service binds or removes with one call."""

Json = dict[str, Any]


class RegionalApi(Protocol):
    """An API in one region."""

    @property
    def region(self) -> str:
        """The region that requests go to."""


class TaskApi(RegionalApi, Protocol):
    """Training tasks: create, read, list, start, stop, delete."""

    def create_training_task(self, body: Mapping[str, Any]) -> str: ...

    def create_training_task_response(self, body: Mapping[str, Any]) -> Json: ...

    def describe_training_task(
        self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
    ) -> Json | None: ...

    def find_training_task(self, name: str, ti_project_id: str | None = None) -> Json | None: ...

    def find_training_tasks(self, names: Sequence[str], ti_project_id: str | None = None) -> list[Json]: ...

    def training_tasks_with_name(self, name: str, ti_project_id: str | None = None) -> list[Json]: ...

    def training_tasks_by_id(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]: ...

    def listed_training_tasks(self, task_ids: Sequence[str], ti_project_id: str | None = None) -> dict[str, Json]: ...

    def training_tasks(
        self,
        filters: Mapping[str, Sequence[str]],
        tags: Mapping[str, str],
        ti_project_id: str | None = None,
        *,
        is_proof: bool = False,
    ) -> Iterator[Json]: ...

    def start_training_task(self, task_id: str, ti_project_id: str | None = None) -> None: ...

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None: ...

    def delete_training_task(self, task_id: str, ti_project_id: str | None = None) -> bool: ...

    def enable_cls_config(
        self, task_id: str, enable: bool, config: Mapping[str, Any] | None, ti_project_id: str | None = None
    ) -> None: ...

    def workspaces(self) -> Iterator[str]: ...

    def service_now(self) -> datetime: ...

    def account_id(self) -> str: ...


class TagApi(RegionalApi, Protocol):
    """The tag service: bind and remove a task's tags, and find tasks by tags in all regions."""

    def tag_training_task(self, task_id: str, uin: str, tags: Mapping[str, str]) -> None: ...

    def untag_training_task(self, task_id: str, uin: str, keys: Sequence[str]) -> None: ...

    def tagged_training_tasks(self, tags: Mapping[str, str]) -> Iterator[tuple[str, str]]: ...


class LogApi(RegionalApi, Protocol):
    """What the runs of a task did: pods, log lines, events."""

    def pods(self, task_id: str, ti_project_id: str | None = None) -> list[Json]: ...

    def logs(self, run: str, **parameters: Any) -> tuple[list[Json], str]: ...

    def events(self, run: str, **parameters: Any) -> Iterator[Json]: ...

    def describe_training_task_response(self, task_id: str, ti_project_id: str | None = None) -> Json: ...


class PriceApi(Protocol):
    """The specs of nodes, and what they cost."""

    def specs(
        self, charge_type: str, resource_type: str | None = None, ti_project_id: str | None = None
    ) -> list[Json]: ...

    def prices(self, specs: Sequence[tuple[str, int]], ti_project_id: str | None = None) -> list[Json]: ...


class CatalogApi(PriceApi, Protocol):
    """What new tasks can be made of, and what it costs."""

    def is_international(self) -> bool: ...

    def resource_groups(self, ti_project_id: str | None = None) -> Iterator[Json]: ...

    def frameworks(self) -> list[Json]: ...

    def preset_images(self) -> list[Json]: ...


class AccountApi(CatalogApi, RegionalApi, Protocol):
    """What an account has in a region that tasks can name."""

    def vpc_of_subnet(self, subnet_id: str) -> str | None: ...


class TaskAndTagApi(TaskApi, TagApi, Protocol):
    """Tasks and their tags: what changes a task needs."""


class TaskAndLogApi(TaskApi, LogApi, Protocol):
    """Tasks and what their runs did: what waits and logs need."""
