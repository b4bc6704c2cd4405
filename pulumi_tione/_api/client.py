"""One method per action of the API. How a request is signed, sent and sent again is `_api/transport.py`'s business."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pulumi_tione._api import responses
from pulumi_tione._api.protocols import MAX_TAGS_PER_CALL, PAGE_SIZE
from pulumi_tione._api.responses import Page, Reader
from pulumi_tione._config.settings import Settings
from pulumi_tione.errors import ApiError, IndeterminateResultError, Kind, Repeat

if TYPE_CHECKING:
    from pulumi_tione._api.transport import Transport

MAX_PAGES = 400
"""How many pages of a list are read at most."""

_PAGES_FOR_A_NAME = 20
"""How many of them for a name: the service's filter may take names that only contain it."""

_TIONE = ("tione", "2021-11-11")
_TAG = ("tag", "2018-08-13")
_STS = ("sts", "2018-08-13")
_EVENTS_PAGE = 100
_RESOURCE = re.compile(r"qcs::tione:(?P<region>[^:]+):uin/[^:/]+:trainingtask/(?P<id>.+)")
"""How the tag service calls a training task."""

_TASK = ("Id", "Name", "Status")
"""What an item of a list of tasks has in any case."""

_WARNED_OF: set[str] = set()

_T = TypeVar("_T")


_PAUSES_AFTER_A_CONTRADICTION = (0.5, 1.0, 2.0)
"""How long a list that contradicts itself is left alone before it is read again, in seconds."""


class _ContradictionError(IndeterminateResultError):
    """A list contradicts itself, or what it was asked for."""


class Client:
    """What the API can do for one region, for as many threads as like.

    Args:
        settings: where endpoint and keys come from; they are read at the first request.
        region: the region that every request goes to.
        sleep: how pauses between attempts are made.
        announce: told in a few words what a request waits for, when that takes long.
        warn: told that other keys than the configured ones are used.
        account: the account of the task that it is about, where that is known; see `Transport`.
        is_patient: whether outages of the service are waited through, as is right in the middle of a change to a task.
    """

    def __init__(
        self,
        settings: Settings,
        region: str,
        sleep: Callable[[float], None] = time.sleep,
        announce: Callable[[str], None] = lambda _: None,
        warn: Callable[[str], None] = lambda _: None,
        account: str | None = None,
        is_patient: bool = False,
    ) -> None:
        self.region = region
        self._settings = settings
        self._sleep = sleep
        self._announce = announce
        self._warn = warn
        self._account = account
        self._is_patient = is_patient

    def create_training_task(self, body: Mapping[str, Any]) -> str:
        """Create a task and give its id (`CreateTrainingTask`). Sent again only when it was throttled.

        Raises:
            IndeterminateResultError: the task may exist; look it up by its name.
        """
        return self._call("CreateTrainingTask", body, Repeat.HARM, responses.new_id)

    def describe_training_task(
        self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
    ) -> dict[str, Any] | None:
        """Return the detail of a task, or None if the service says that it knows no such task
        (`DescribeTrainingTask`).

        One "not found" is no proof that a task is gone: see `lifecycle/presence.py`.

        Args:
            task_id: the task's id.
            ti_project_id: its workspace, where that is not the default one.
            attempts: how often the service is asked at most while no clear answer comes.

        Raises:
            IndeterminateResultError: the answer has no detail of this task. It says nothing about it.
        """
        body, detail = _of_task(task_id, ti_project_id), responses.detail_of(task_id, self._warn_of_unknown)
        try:
            return self._ask("DescribeTrainingTask", body, detail, attempts=attempts)
        except ApiError as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise

    def _warn_of_unknown(self, names: list[str]) -> None:
        """Warn, once in this process for the same members, that they are taken as unknown."""
        told = ", ".join(names)
        if told not in _WARNED_OF:
            _WARNED_OF.add(told)
            self._warn(
                f"the service told {told} of a training task in another form than it documents: taken as unknown"
            )

    def find_training_task(self, name: str, ti_project_id: str | None = None) -> dict[str, Any] | None:
        """Return the list's item of the task with exactly this name, if there is one (`DescribeTrainingTasks`).

        A list may go on to show a deleted task beside the one that has its name now, which is the newest.

        Raises:
            IndeterminateResultError: the list has more tasks than it shows.
        """
        return max(
            self.training_tasks_with_name(name, ti_project_id),
            key=lambda item: str(item.get("CreateTime")),
            default=None,
        )

    def training_tasks_with_name(self, name: str, ti_project_id: str | None = None) -> list[dict[str, Any]]:
        """Return the list's items of the tasks with exactly this name (`DescribeTrainingTasks`).

        Names are unique, but a list may go on to show a deleted task beside the new one of its name.

        Raises:
            IndeterminateResultError: the list has more tasks than it shows.
        """

        def read() -> list[dict[str, Any]]:
            found = self._tasks({"Name": [name]}, {}, ti_project_id, most_pages=_PAGES_FOR_A_NAME, is_proof=True)
            return [item for item in found if item.get("Name") == name]

        return self._asked_again(read)

    def training_tasks_by_id(
        self, task_ids: Sequence[str], ti_project_id: str | None = None
    ) -> dict[str, dict[str, Any]]:
        """Return the list's items of up to `PAGE_SIZE` tasks, by id; one that is not listed is left out.

        Raises:
            IndeterminateResultError: the list shows fewer tasks than its TotalCount, or tasks that nobody asked for: a
                missing task proves nothing.
        """

        def read() -> dict[str, dict[str, Any]]:
            found = {item["Id"]: item for item in self._tasks({"Id": task_ids}, {}, ti_project_id, is_proof=True)}
            if not found.keys() <= {*task_ids}:
                raise _ContradictionError("DescribeTrainingTasks answered with tasks that were not asked for")
            return found

        return self._asked_again(read)

    def _asked_again(self, read: Callable[[], _T]) -> _T:
        """Return what a list says that is to be a proof; one that contradicts itself is read again."""
        for pause in _PAUSES_AFTER_A_CONTRADICTION:
            try:
                return read()
            except _ContradictionError:
                self._sleep(pause)
        return read()

    def training_tasks(
        self, filters: Mapping[str, Sequence[str]], tags: Mapping[str, str], ti_project_id: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the list's items of all tasks that meet filters by name and have these tags (`DescribeTrainingTasks`).

        A task that is created meanwhile moves the others to later places, so none is missed, and none given twice.
        """
        return self._tasks(filters, tags, ti_project_id)

    def _tasks(
        self,
        filters: Mapping[str, Sequence[str]],
        tags: Mapping[str, str],
        ti_project_id: str | None,
        most_pages: int = MAX_PAGES,
        is_proof: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Yield tasks in the order of their creation, which nothing changes, so that pages are stable."""
        body = {
            **(
                {"Filters": [{"Name": name, "Values": list(values)} for name, values in filters.items()]}
                if filters
                else {}
            ),
            **({"TagFilters": [{"TagKey": key, "TagValues": [value]} for key, value in tags.items()]} if tags else {}),
            "Limit": PAGE_SIZE,
            "OrderField": "CreateTime",
            **_in_project(ti_project_id),
        }
        read = responses.page("TrainingTaskSet", *_TASK)
        return self._pages("DescribeTrainingTasks", body, read, lambda item: item["Id"], most_pages, is_proof)

    def start_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        """Make a new run of a task at rest (`StartTrainingTask`). Sent again only when it was throttled.

        Raises:
            IndeterminateResultError: the task may have been started; its latest instance tells.
        """
        self._call("StartTrainingTask", _of_task(task_id, ti_project_id), Repeat.HARM, responses.whole)

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        """Ask for a task to be stopped (`StopTrainingTask`)."""
        self._call("StopTrainingTask", _of_task(task_id, ti_project_id), Repeat.THE_SAME, responses.whole)

    def delete_training_task(self, task_id: str, ti_project_id: str | None = None) -> bool:
        """Delete a task whose status is terminal, and return whether there was one (`DeleteTrainingTask`)."""
        try:
            self._call("DeleteTrainingTask", _of_task(task_id, ti_project_id), Repeat.THE_SAME, responses.whole)
        except ApiError as error:
            if error.kind is not Kind.NOT_FOUND:
                raise
            return False
        return True

    def enable_cls_config(
        self, task_id: str, enable: bool, config: Mapping[str, Any] | None, ti_project_id: str | None = None
    ) -> None:
        """Turn a task's log delivery on or off (`EnableTrainingTaskClsConfig`)."""
        body = {"TaskId": task_id, "LogEnable": enable, **_in_project(ti_project_id)}
        if config is not None:
            body["LogConfig"] = config
        self._call("EnableTrainingTaskClsConfig", body, Repeat.THE_SAME, responses.whole)

    def tag_training_task(self, task_id: str, uin: str, tags: Mapping[str, str]) -> None:
        """Bind tags to a task of an account, over the values that their keys have (`TagResources`)."""
        pairs = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        self._tag_service("TagResources", task_id, uin, "Tags", pairs)

    def untag_training_task(self, task_id: str, uin: str, keys: Sequence[str]) -> None:
        """Take tags from a task of an account (`UnTagResources`)."""
        self._tag_service("UnTagResources", task_id, uin, "TagKeys", keys)

    def _tag_service(self, action: str, task_id: str, uin: str, parameter: str, values: Sequence[Any]) -> None:
        """Call the tag service, which takes ten tags a call, and answers failures of single resources as a success."""
        resource = f"qcs::tione:{self.region}:uin/{uin}:trainingtask/{task_id}"
        for begin in range(0, len(values), MAX_TAGS_PER_CALL):
            body = {"ResourceList": [resource], parameter: list(values[begin : begin + MAX_TAGS_PER_CALL])}
            for failed in self._call(action, body, Repeat.THE_SAME, responses.failed_resources, service=_TAG):
                raise failed

    def tagged_training_tasks(self, tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Give region and id of the account's tasks that have these tags, in whatever region and workspace they are
        (`GetResources`)."""
        body: dict[str, Any] = {"TagFilters": [{"TagKey": key, "TagValue": [value]} for key, value in tags.items()]}
        given: set[tuple[str, str]] = set()
        tokens: set[str] = set()
        for _ in range(MAX_PAGES):
            page = self._ask("GetResources", body, responses.page("ResourceTagMappingList"), service=_TAG)
            named = (_RESOURCE.fullmatch(str(tagged.get("Resource"))) for tagged in page.items)
            fresh = dict.fromkeys((task["region"], task["id"]) for task in named if task)
            fresh = {task: None for task in fresh if task not in given}
            given.update(fresh)
            yield from fresh
            if not page.token:
                return
            if page.token in tokens and not fresh:
                raise IndeterminateResultError(
                    "GetResources goes on with a PaginationToken that it gave before: its list has no end"
                )
            tokens.add(page.token)
            body["PaginationToken"] = page.token
        raise IndeterminateResultError(_endless("GetResources", MAX_PAGES))

    def workspaces(self) -> Iterator[str]:
        """Yield the ids of the workspaces in this region (`DescribeWorkspaces`)."""
        read = responses.page("Workspaces")
        for item in self._pages("DescribeWorkspaces", {"Limit": PAGE_SIZE}, read, _contents):
            if isinstance(item.get("TiProjectId"), str) and item["TiProjectId"]:
                yield item["TiProjectId"]

    def service_now(self) -> datetime:
        """Return the time by the service's clock, which its tasks' times are read off.

        This machine's clock may be wrong, and a task's age must not depend on it. The time is that of the `Date` of
        the service's last answer; before the first answer it is this machine's.
        """
        return self._transport.service_now()

    def account_id(self) -> str:
        """Give the account that the keys belong to (`GetCallerIdentity`)."""
        return self._ask("GetCallerIdentity", {}, responses.text("AccountId"), service=_STS)

    def _call(
        self,
        action: str,
        body: Mapping[str, Any],
        repeat: Repeat,
        read: Reader[_T],
        *,
        service: tuple[str, str] = _TIONE,
        attempts: int | None = None,
    ) -> _T:
        return self._transport.call(service, action, body, repeat, read, attempts)

    @functools.cached_property
    def _transport(self) -> Transport:
        # The SDK takes a third of the time that Pulumi takes to import: only who sends requests pays for it.
        from pulumi_tione._api.transport import Transport

        return Transport(
            self._settings,
            self.region,
            self._sleep,
            self._announce,
            self._warn,
            self._account,
            self._is_patient,
        )

    def describe_training_task_response(self, task_id: str, ti_project_id: str | None = None) -> dict[str, Any]:
        """Return the whole answer about a task, its `RequestId` beside the `TrainingTaskDetail`
        (`DescribeTrainingTask`)."""
        detail = responses.detail_of(task_id)

        def read(action: str, answer: Mapping[str, Any]) -> dict[str, Any]:
            return {**answer, "TrainingTaskDetail": detail(action, answer)}

        return self._ask("DescribeTrainingTask", _of_task(task_id, ti_project_id), read)

    def pods(self, task_id: str, ti_project_id: str | None = None) -> list[dict[str, Any]]:
        """Return the pods of a task's latest run (`DescribeTrainingTaskPods`)."""
        return self._ask("DescribeTrainingTaskPods", _of_task(task_id, ti_project_id), responses.items("PodInfoList"))

    def logs(self, run: str, **how: Any) -> tuple[list[dict[str, Any]], str]:
        """Return a page of a run's log, and the `Context` that the next page is asked for with (`DescribeLogs`).

        Args:
            run: the run's id, which is the `LatestInstanceId` of its task or has been.
            how: other parameters by their API names; those that are None are left out.
        """
        body = {"Service": "TRAIN", "ServiceId": run, **_given(how)}
        page = self._ask("DescribeLogs", body, responses.page("Content"))
        return page.items, page.token

    def events(self, run: str, **how: Any) -> Iterator[dict[str, Any]]:
        """Yield what happened to a run, page after page (`DescribeEvents`). Parameters are those of `logs`."""
        body = {"Service": "TRAIN", "ServiceId": run, "Limit": _EVENTS_PAGE, **_given(how)}
        return self._pages("DescribeEvents", body, responses.page("Events"), _contents)

    def resource_groups(self, ti_project_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the resource groups for `PREPAID` tasks (`DescribeBillingResourceGroups`)."""
        body = {"Limit": PAGE_SIZE, "DontShowInstanceSet": True, **_in_project(ti_project_id)}
        read = responses.page("ResourceGroupSet", "ResourceGroupId")
        return self._pages("DescribeBillingResourceGroups", body, read, lambda group: group["ResourceGroupId"])

    def specs(self, charge_type: str, resource_type: str | None) -> list[dict[str, Any]]:
        """Return the specifications of nodes for training (`DescribeBillingSpecs`)."""
        body = {"ChargeType": charge_type, "TaskType": "TRAIN", **_given({"ResourceType": resource_type})}
        return self._ask("DescribeBillingSpecs", body, responses.items("Specs", "SpecName"))

    def prices(self, specs: Sequence[str]) -> list[dict[str, Any]]:
        """Return what one node of each specification costs an hour, in hundredths of a CNY
        (`DescribeBillingSpecsPrice`)."""
        body = {"SpecsParam": [{"SpecName": name, "SpecCount": 1} for name in specs]}
        return self._ask("DescribeBillingSpecsPrice", body, responses.items("SpecsPrice", "SpecName"))

    def frameworks(self) -> list[dict[str, Any]]:
        """Return the built-in frameworks, where the service still tells them (`DescribeTrainingFrameworks`)."""
        return self._ask("DescribeTrainingFrameworks", {}, responses.items("FrameworkInfos"))

    def preset_images(self) -> list[dict[str, Any]]:
        """Return the platform's own images (`DescribeBuildInImages`)."""
        return self._ask("DescribeBuildInImages", {}, responses.items("BuildInImageInfos"))

    def _pages(
        self,
        action: str,
        body: Mapping[str, Any],
        read: Reader[Page],
        identity: Callable[[dict[str, Any]], str],
        most_pages: int = MAX_PAGES,
        is_proof: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of all pages, each once. A page may be shorter than asked for though others follow.

        Args:
            action: the action that lists.
            body: its parameters, `Limit` among them.
            read: reads a page.
            identity: returns what tells an item from the others.
            most_pages: how many pages are read.
            is_proof: whether what the list does not show must not be there.

        Raises:
            IndeterminateResultError: the last page that may be read still has new items; or the list, which is to
                be a proof, ends before its own TotalCount.
        """
        given: set[str] = set()
        received = 0
        for _ in range(most_pages):
            page = self._ask(action, {**body, **({"Offset": received} if received else {})}, read)
            fresh = {key: item for item in page.items if (key := identity(item)) not in given}
            given.update(fresh)
            received += len(page.items)
            yield from fresh.values()
            is_last = len(page.items) < body["Limit"] if page.total is None else received >= page.total
            if is_last or not fresh:
                if is_proof and page.total is not None and len(given) < page.total:
                    told = f"{action} shows {len(given)} items, though it says that there are {page.total}"
                    raise _ContradictionError(told)
                return
        raise IndeterminateResultError(_endless(action, most_pages))

    def _ask(
        self,
        action: str,
        body: Mapping[str, Any],
        read: Reader[_T],
        *,
        service: tuple[str, str] = _TIONE,
        attempts: int | None = None,
    ) -> _T:
        """Put a mere question, which does no harm when it is put twice."""
        return self._call(action, body, Repeat.NOTHING, read, service=service, attempts=attempts)


def _endless(action: str, pages: int) -> str:
    return f"{action} still had something new on page {pages}: its list is longer than this package reads"


def _contents(item: Mapping[str, Any]) -> str:
    """Return what tells an item without an id from others."""
    return json.dumps(item, sort_keys=True)


def _of_task(task_id: str, ti_project_id: str | None) -> dict[str, Any]:
    return {"Id": task_id, **_in_project(ti_project_id)}


def _in_project(ti_project_id: str | None) -> dict[str, Any]:
    return {"TiProjectId": ti_project_id} if ti_project_id else {}


def _given(how: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in how.items() if value is not None}
