"""One method per action of the API. `_api/transport.py` signs, sends and retries requests.

What a code of the service means, and so whether it is retried, is in `_error_codes.py`. Any request that is throttled,
a create too, is sent again for up to 300 seconds, with no limit on how often (`_THROTTLING_TIMEOUT_SECONDS` in
`_api/transport.py`).

A list is read up to 400 pages (`MAX_PAGES`), and ends with an error if it is longer. A new action is a method here and
in a Protocol of `protocols.py`; the form of its response is in `responses.py`.
"""

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
from pulumi_tione.errors import ApiError, Idempotency, IndeterminateResultError, Kind

if TYPE_CHECKING:
    from pulumi_tione._api.transport import Transport

MAX_PAGES = 400
"""How many pages of a list are read."""

_MAX_PAGES_FOR_A_NAME = 20
"""How many of them when looking for a name: the service's filter may accept names that only contain it."""

_TIONE = ("tione", "2021-11-11")
_TAG = ("tag", "2018-08-13")
_STS = ("sts", "2018-08-13")
_VPC = ("vpc", "2017-03-12")
_EVENTS_PAGE = 100
_RESOURCE = r"qcs::tione:(?P<region>[^:]+):uin/[^:/]+:trainingtask/(?P<id>.+)"
"""The resource name of a training task in the tag service."""

_TASK = ("Id", "Name", "Status")
"""The members that every item of a list of tasks has."""

_WARNED: set[str] = set()

_T = TypeVar("_T")


_PAUSES_AFTER_CONTRADICTION = (0.5, 1.0, 2.0)
"""The pauses before a list that contradicts itself is read again, in seconds."""


class _ContradictionError(IndeterminateResultError):
    """A list contradicts itself or the request."""


class Client:
    """Calls the actions of the API in one region, from any number of threads.

    Args:
        settings: where endpoint and credentials come from; they are read at the first request.
        region: the region of all requests.
        sleep: how to pause between attempts.
        show_status: shows what a request waits for if that takes long.
        warn: warns that other credentials than the configured ones are used.
        account: the account of the task that the requests are about, where that is known; see `Transport`.
        retries_outages: whether to retry while the service is unavailable, in the middle of a change to a task.
        max_attempts: how often a request that changes nothing is sent at most; throttled attempts do not count.
    """

    def __init__(
        self,
        settings: Settings,
        region: str,
        sleep: Callable[[float], None] = time.sleep,
        show_status: Callable[[str], None] = lambda _: None,
        warn: Callable[[str], None] = lambda _: None,
        account: str | None = None,
        retries_outages: bool = False,
        max_attempts: int | None = None,
    ) -> None:
        self.region = region
        self._settings = settings
        self._sleep = sleep
        self._show_status = show_status
        self._warn = warn
        self._account = account
        self._retries_outages = retries_outages
        self._max_attempts = max_attempts

    def create_training_task(self, body: Mapping[str, Any]) -> str:
        """Create a task and return its id (`CreateTrainingTask`). Only throttled requests are
        retried here; `lifecycle/create.py` decides whether to send the request again.

        Raises:
            IndeterminateResultError: the task may or may not have been created; look it up by its name.
        """
        return str(self.create_training_task_response(body)["Id"])

    def create_training_task_response(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a task as `create_training_task` does, and return the whole response: `Id` and `RequestId`."""

        def read(action: str, response: Mapping[str, Any]) -> dict[str, Any]:
            return {**response, "Id": responses.new_id(action, response)}

        return self._call("CreateTrainingTask", body, Idempotency.UNSAFE, read)

    def describe_training_task(
        self, task_id: str, ti_project_id: str | None = None, *, attempts: int | None = None
    ) -> dict[str, Any] | None:
        """Return the detail of a task; None if the service does not find it (`DescribeTrainingTask`).

        A single "not found" does not prove that a task is gone: see `lifecycle/existence.py`.

        Args:
            task_id: the task's id.
            ti_project_id: its workspace, if that is not the default one.
            attempts: how many requests are sent at most while the result is indeterminate.

        Raises:
            IndeterminateResultError: the response has no detail of this task and proves nothing about it.
        """
        body, detail = _of_task(task_id, ti_project_id), responses.detail_of(task_id, self._warn_of_unknown)
        try:
            return self._query("DescribeTrainingTask", body, detail, attempts=attempts)
        except ApiError as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise

    def _warn_of_unknown(self, names: list[str]) -> None:
        """Warn, once in this process for the same members, that they are ignored."""
        members = ", ".join(names)
        if members not in _WARNED:
            _WARNED.add(members)
            self._warn(
                f"the service returned {members} of a training task with another type than it documents; they are "
                "treated as unknown"
            )

    def find_training_task(self, name: str, ti_project_id: str | None = None) -> dict[str, Any] | None:
        """Return the list's item of the task with exactly this name, if there is one (`DescribeTrainingTasks`).

        A list may still show a deleted task next to the one that now has its name, which is the newest.

        Raises:
            IndeterminateResultError: the list has more tasks than it shows.
        """
        return next(iter(self.find_training_tasks([name], ti_project_id)), None)

    def find_training_tasks(self, names: Sequence[str], ti_project_id: str | None = None) -> list[dict[str, Any]]:
        """Return the list's item of the task with each of these names, in their order (`DescribeTrainingTasks`).

        One list call serves all names. A name that no task has is left out.

        Raises:
            IndeterminateResultError: the list has more tasks than it shows.
        """
        items = self._tasks_with_names(names, ti_project_id)
        newest = {str(item["Name"]): item for item in sorted(items, key=lambda item: str(item.get("CreateTime")))}
        return [newest[name] for name in names if name in newest]

    def training_tasks_with_name(self, name: str, ti_project_id: str | None = None) -> list[dict[str, Any]]:
        """Return the list's items of the tasks with exactly this name (`DescribeTrainingTasks`).

        Names are unique, but a list may still show a deleted task next to the new one of its name.

        Raises:
            IndeterminateResultError: the list has more tasks than it shows.
        """
        return self._tasks_with_names([name], ti_project_id)

    def _tasks_with_names(self, names: Sequence[str], ti_project_id: str | None) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            items = self._tasks({"Name": names}, {}, ti_project_id, max_pages=_MAX_PAGES_FOR_A_NAME, is_proof=True)
            return [item for item in items if item.get("Name") in names]

        return self._read_again(read)

    def training_tasks_by_id(
        self, task_ids: Sequence[str], ti_project_id: str | None = None
    ) -> dict[str, dict[str, Any]]:
        """Return the list's items of up to `PAGE_SIZE` tasks, by id; one that is not listed is left out.

        Raises:
            IndeterminateResultError: the list shows fewer tasks than its TotalCount, or tasks that were not
                requested: a missing task proves nothing.
        """

        def read() -> dict[str, dict[str, Any]]:
            items = {item["Id"]: item for item in self._tasks({"Id": task_ids}, {}, ti_project_id, is_proof=True)}
            if not items.keys() <= {*task_ids}:
                raise _ContradictionError("DescribeTrainingTasks returned tasks that were not requested")
            return items

        return self._read_again(read)

    def listed_training_tasks(
        self, task_ids: Sequence[str], ti_project_id: str | None = None
    ) -> dict[str, dict[str, Any]]:
        """Return the list's items of up to `PAGE_SIZE` tasks by one request, by id.

        A task that is not listed may exist. The request is repeated only when it is throttled: who needs certainty asks
        for the detail of a task.

        Raises:
            IndeterminateResultError: the list shows tasks that were not requested, or one twice: it proves nothing.
        """
        body = {"Filters": [{"Name": "Id", "Values": list(task_ids)}], "Limit": PAGE_SIZE, **_in_project(ti_project_id)}
        read = responses.page("TrainingTaskSet", *_TASK)
        listed = self._query("DescribeTrainingTasks", body, read, attempts=1).items
        items = {item["Id"]: item for item in listed}
        if len(items) < len(listed) or not items.keys() <= {*task_ids}:
            raise IndeterminateResultError("DescribeTrainingTasks returned tasks that were not requested")
        return items

    def _read_again(self, read: Callable[[], _T]) -> _T:
        """Return the content of a list that is used as a proof; one that contradicts itself is read again."""
        for pause in _PAUSES_AFTER_CONTRADICTION:
            try:
                return read()
            except _ContradictionError:
                self._sleep(pause)
        return read()

    def training_tasks(
        self,
        filters: Mapping[str, Sequence[str]],
        tags: Mapping[str, str],
        ti_project_id: str | None = None,
        *,
        is_proof: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Yield the list's items of all tasks that match the filters and have these tags (`DescribeTrainingTasks`).

        A task that is created meanwhile moves the others to later pages, so none is missed; none is yielded twice.

        Args:
            filters: the values for each filter.
            tags: the tags.
            ti_project_id: the workspace, if it is not the default one.
            is_proof: whether a task that is not listed is taken as missing.

        Raises:
            IndeterminateResultError: with `is_proof`, if the list ends before its TotalCount, again and again.
        """
        if is_proof:
            return iter(self._read_again(lambda: [*self._tasks(filters, tags, ti_project_id, is_proof=True)]))
        return self._tasks(filters, tags, ti_project_id)

    def _tasks(
        self,
        filters: Mapping[str, Sequence[str]],
        tags: Mapping[str, str],
        ti_project_id: str | None,
        max_pages: int = MAX_PAGES,
        is_proof: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Yield tasks in the order of their creation, which never changes, so that pages are stable."""
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
        return self._pages("DescribeTrainingTasks", body, read, lambda item: item["Id"], max_pages, is_proof)

    def start_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        """Start a new run of a task whose status is terminal (`StartTrainingTask`). Only throttling is retried.

        Raises:
            IndeterminateResultError: the task may or may not have been started; compare its latest instance.
        """
        self._call("StartTrainingTask", _of_task(task_id, ti_project_id), Idempotency.UNSAFE, responses.whole)

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        """Request that a task is stopped (`StopTrainingTask`)."""
        self._call("StopTrainingTask", _of_task(task_id, ti_project_id), Idempotency.IDEMPOTENT, responses.whole)

    def delete_training_task(self, task_id: str, ti_project_id: str | None = None) -> bool:
        """Delete a task whose status is terminal, and return whether there was one (`DeleteTrainingTask`)."""
        try:
            self._call("DeleteTrainingTask", _of_task(task_id, ti_project_id), Idempotency.IDEMPOTENT, responses.whole)
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
        self._call("EnableTrainingTaskClsConfig", body, Idempotency.IDEMPOTENT, responses.whole)

    def tag_training_task(self, task_id: str, uin: str, tags: Mapping[str, str]) -> None:
        """Bind tags to a task of an account, replacing the values of existing keys (`TagResources`)."""
        items = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        self._tag_service("TagResources", task_id, uin, "Tags", items)

    def untag_training_task(self, task_id: str, uin: str, keys: Sequence[str]) -> None:
        """Remove tags from a task of an account (`UnTagResources`)."""
        self._tag_service("UnTagResources", task_id, uin, "TagKeys", keys)

    def _tag_service(self, action: str, task_id: str, uin: str, parameter: str, values: Sequence[Any]) -> None:
        """Call the tag service, which accepts ten tags per call and reports failures of resources within a success."""
        resource = f"qcs::tione:{self.region}:uin/{uin}:trainingtask/{task_id}"
        for begin in range(0, len(values), MAX_TAGS_PER_CALL):
            body = {"ResourceList": [resource], parameter: list(values[begin : begin + MAX_TAGS_PER_CALL])}
            for failed in self._call(action, body, Idempotency.IDEMPOTENT, responses.failed_resources, service=_TAG):
                raise failed

    def tagged_training_tasks(self, tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield region and id of the tasks with these tags, in all regions and workspaces (`GetResources`)."""
        body: dict[str, Any] = {"TagFilters": [{"TagKey": key, "TagValue": [value]} for key, value in tags.items()]}
        yielded: set[tuple[str, str]] = set()
        tokens: set[str] = set()
        for _ in range(MAX_PAGES):
            page = self._query("GetResources", body, responses.page("ResourceTagMappingList"), service=_TAG)
            matches = (re.fullmatch(_RESOURCE, str(tagged.get("Resource"))) for tagged in page.items)
            tasks = dict.fromkeys((match["region"], match["id"]) for match in matches if match)
            new = [task for task in tasks if task not in yielded]
            yielded.update(new)
            yield from new
            if not page.token:
                return
            if page.token in tokens and not new:
                raise IndeterminateResultError(
                    "GetResources returned the same PaginationToken twice: its list has no end"
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
        """Return the time by the service's clock, to which the times of its tasks refer.

        This machine's clock may be wrong, and the age of a task must not depend on it. The time is derived from the
        `Date` of the service's last response; before the first one it is this machine's.
        """
        return self._transport.service_now()

    def account_id(self) -> str:
        """Return the account that the credentials belong to (`GetCallerIdentity`)."""
        return self._query("GetCallerIdentity", {}, responses.text("AccountId"), service=_STS)

    def _call(
        self,
        action: str,
        body: Mapping[str, Any],
        idempotency: Idempotency,
        read: Reader[_T],
        *,
        service: tuple[str, str] = _TIONE,
        attempts: int | None = None,
    ) -> _T:
        return self._transport.call(service, action, body, idempotency, read, attempts)

    @functools.cached_property
    def _transport(self) -> Transport:
        # Importing the SDK takes a third as long as importing Pulumi: it is only imported before the first request.
        from pulumi_tione._api.transport import Transport

        return Transport(
            self._settings,
            self.region,
            self._sleep,
            self._show_status,
            self._warn,
            self._account,
            self._retries_outages,
        )

    def describe_training_task_response(self, task_id: str, ti_project_id: str | None = None) -> dict[str, Any]:
        """Return the whole response about a task, which has `TrainingTaskDetail` and `RequestId`."""
        detail = responses.detail_of(task_id)

        def read(action: str, response: Mapping[str, Any]) -> dict[str, Any]:
            return {**response, "TrainingTaskDetail": detail(action, response)}

        return self._query("DescribeTrainingTask", _of_task(task_id, ti_project_id), read)

    def pods(self, task_id: str, ti_project_id: str | None = None) -> list[dict[str, Any]]:
        """Return the pods of a task's latest run (`DescribeTrainingTaskPods`)."""
        return self._query("DescribeTrainingTaskPods", _of_task(task_id, ti_project_id), responses.items("PodInfoList"))

    def logs(self, run: str, **parameters: Any) -> tuple[list[dict[str, Any]], str]:
        """Return a page of a run's log, and the `Context` that requests the next page (`DescribeLogs`).

        Args:
            run: the run's id: the current or a former `LatestInstanceId` of its task.
            parameters: other parameters by their API names; those that are None are left out.
        """
        body = {"Service": "TRAIN", "ServiceId": run, **_without_none(parameters)}
        page = self._query("DescribeLogs", body, responses.page("Content"))
        return page.items, page.token

    def events(self, run: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield what happened to a run (`DescribeEvents`). Parameters are those of `logs`."""
        body = {"Service": "TRAIN", "ServiceId": run, "Limit": _EVENTS_PAGE, **_without_none(parameters)}
        return self._pages("DescribeEvents", body, responses.page("Events"), _contents)

    def resource_groups(self, ti_project_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the resource groups for `PREPAID` tasks (`DescribeBillingResourceGroups`)."""
        body = {"Limit": PAGE_SIZE, "DontShowInstanceSet": True, **_in_project(ti_project_id)}
        read = responses.page("ResourceGroupSet", "ResourceGroupId")
        return self._pages("DescribeBillingResourceGroups", body, read, lambda group: group["ResourceGroupId"])

    def specs(
        self, charge_type: str, resource_type: str | None = None, ti_project_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the specifications of nodes for training (`DescribeBillingSpecs`)."""
        options = _without_none({"ResourceType": resource_type})
        body = {"ChargeType": charge_type, "TaskType": "TRAIN", **options, **_in_project(ti_project_id)}
        return self._query("DescribeBillingSpecs", body, responses.items("Specs", "SpecName"))

    def prices(self, specs: Sequence[tuple[str, int]], ti_project_id: str | None = None) -> list[dict[str, Any]]:
        """Return what nodes cost an hour, in hundredths of the site's currency (`DescribeBillingSpecsPrice`).

        Args:
            specs: names of specifications, each with the number of nodes.
            ti_project_id: the workspace, if that is not the default one.
        """
        units = [{"SpecName": name, "SpecCount": count} for name, count in specs]
        body = {"SpecsParam": units, **_in_project(ti_project_id)}
        return self._query("DescribeBillingSpecsPrice", body, responses.items("SpecsPrice", "SpecName"))

    def is_international(self) -> bool:
        """Return whether the endpoint is one of the international site, whose prices are in USD, not in CNY."""
        return "intl" in self._settings.endpoint("tione").host.partition(":")[0].split(".")

    def frameworks(self) -> list[dict[str, Any]]:
        """Return the built-in frameworks, if the service still offers the action (`DescribeTrainingFrameworks`)."""
        return self._query("DescribeTrainingFrameworks", {}, responses.items("FrameworkInfos"))

    def vpc_of_subnet(self, subnet_id: str) -> str | None:
        """Return the VPC of a subnet, empty if the service does not return it; None if there is no such subnet.

        It asks the service `vpc` (`DescribeSubnets`).
        """
        body = {"Filters": [{"Name": "subnet-id", "Values": [subnet_id]}]}
        subnets = self._query("DescribeSubnets", body, responses.items("SubnetSet"), service=_VPC)
        matches = (subnet for subnet in subnets if subnet.get("SubnetId") == subnet_id)
        return next((str(subnet.get("VpcId") or "") for subnet in matches), None)

    def preset_images(self) -> list[dict[str, Any]]:
        """Return the platform's own images (`DescribeBuildInImages`)."""
        return self._query("DescribeBuildInImages", {}, responses.items("BuildInImageInfos"))

    def _pages(
        self,
        action: str,
        body: Mapping[str, Any],
        read: Reader[Page],
        identity: Callable[[dict[str, Any]], str],
        max_pages: int = MAX_PAGES,
        is_proof: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of all pages, each once. A page may be shorter than requested though others follow.

        Args:
            action: the action that lists.
            body: its parameters, `Limit` among them.
            read: reads a page.
            identity: returns what distinguishes an item from the others.
            max_pages: how many pages are read.
            is_proof: whether an item that the list does not show is taken as missing.

        Raises:
            IndeterminateResultError: the last page that may be read still has new items; or the list is a proof and
                has fewer items than its TotalCount.
        """
        yielded: set[str] = set()
        received = 0
        for _ in range(max_pages):
            page = self._query(action, {**body, **({"Offset": received} if received else {})}, read)
            new = {key: item for item in page.items if (key := identity(item)) not in yielded}
            yielded.update(new)
            received += len(page.items)
            yield from new.values()
            is_last = len(page.items) < body["Limit"] if page.total is None else received >= page.total
            if is_last or not new:
                if is_proof and page.total is not None and len(yielded) < page.total:
                    counts = f"{len(yielded)} items, but its TotalCount is {page.total}"
                    raise _ContradictionError(f"{action} shows {counts}. Run the command again")
                return
        raise IndeterminateResultError(_endless(action, max_pages))

    def _query(
        self,
        action: str,
        body: Mapping[str, Any],
        read: Reader[_T],
        *,
        service: tuple[str, str] = _TIONE,
        attempts: int | None = None,
    ) -> _T:
        """Send a request that changes nothing, so that it can be retried."""
        attempts = self._max_attempts if attempts is None else attempts
        return self._call(action, body, Idempotency.READ_ONLY, read, service=service, attempts=attempts)


def _endless(action: str, pages: int) -> str:
    return f"{action} still had new items on page {pages}: its list is longer than this package reads"


def _contents(item: Mapping[str, Any]) -> str:
    """Return what distinguishes an item without an id from others."""
    return json.dumps(item, sort_keys=True)


def _of_task(task_id: str, ti_project_id: str | None) -> dict[str, Any]:
    return {"Id": task_id, **_in_project(ti_project_id)}


def _in_project(ti_project_id: str | None) -> dict[str, Any]:
    return {"TiProjectId": ti_project_id} if ti_project_id else {}


def _without_none(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}
