"""One method per action of the API. How a request is signed, sent and sent again is `_transport.py`'s business."""

from __future__ import annotations

import functools
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulumi_tione._settings import Settings
from pulumi_tione.errors import ApiError, Kind, UnclearError, may_be_asked_again, was_throttled

if TYPE_CHECKING:
    from pulumi_tione._transport import Transport

PAGE = 50
"""How many tasks a list call gives at most."""

_PAGES_FOR_A_NAME = 5

_TIONE = ("tione", "2021-11-11")
_TAG = ("tag", "2018-08-13")
_STS = ("sts", "2018-08-13")
_EVENTS_PAGE = 100
_TAGS_IN_A_CALL = 10
_RESOURCE = re.compile(r"qcs::tione:(?P<region>[^:]+):uin/[^:/]+:trainingtask/(?P<id>.+)")
"""How the tag service calls a training task."""


class Client:
    """What the API can do for one region, for as many threads as like.

    Args:
        settings: where endpoint and keys come from; they are read at the first request.
        region: the region that every request goes to.
        sleep: how pauses between attempts are made.
        announce: told in a few words what a request waits for, when that takes long.
        warn: told that other keys than the configured ones are used.
        account: the account of the task that it is about, where that is known; see `Transport`.
    """

    def __init__(
        self,
        settings: Settings,
        region: str,
        sleep: Callable[[float], None] = time.sleep,
        announce: Callable[[str], None] = lambda _: None,
        warn: Callable[[str], None] = lambda _: None,
        account: str | None = None,
    ) -> None:
        self.region = region
        self._settings = settings
        self._sleep = sleep
        self._announce = announce
        self._warn = warn
        self._account = account

    def create_training_task(self, body: Mapping[str, Any]) -> str:
        """Create a task and give its id (`CreateTrainingTask`). Sent again only when it was throttled.

        Raises:
            UnclearError: the task may exist; look it up by its name.
        """
        answer = self._call("CreateTrainingTask", body, retried=was_throttled)
        task_id = answer.get("Id")
        if not isinstance(task_id, str) or not task_id:
            raise UnclearError("CreateTrainingTask was answered without an id")
        return task_id

    def describe_training_task(self, task_id: str, ti_project_id: str | None = None) -> dict[str, Any] | None:
        """Give all that the service tells of a task, or nothing if it does not know it (`DescribeTrainingTask`)."""
        try:
            answer = self._call(
                "DescribeTrainingTask",
                _of_task(task_id, ti_project_id),
                retried=may_be_asked_again,
                returns="TrainingTaskDetail",
            )
        except ApiError as error:
            if error.kind is Kind.GONE:
                return None
            raise
        return answer.get("TrainingTaskDetail") or None

    def find_training_task(self, name: str, ti_project_id: str | None = None) -> dict[str, Any] | None:
        """Give the list's item of the task with exactly this name, if there is one (`DescribeTrainingTasks`).

        Should the service's filter take names that only contain ours, a few pages are looked through.
        """
        filters = [{"Name": "Name", "Values": [name]}]
        for page in range(_PAGES_FOR_A_NAME):
            answer = self._list(filters=filters, offset=page * PAGE, ti_project_id=ti_project_id)
            items = answer.get("TrainingTaskSet") or []
            for item in items:
                if item.get("Name") == name:
                    return dict(item)
            if len(items) < PAGE:
                break
        return None

    def training_tasks_by_id(
        self, task_ids: Sequence[str], ti_project_id: str | None = None
    ) -> dict[str, dict[str, Any]]:
        """Give the list's items of up to `PAGE` tasks, by id; one that is not listed is left out."""
        answer = self._list(filters=[{"Name": "Id", "Values": list(task_ids)}], ti_project_id=ti_project_id)
        return {str(item.get("Id")): item for item in answer.get("TrainingTaskSet") or ()}

    def training_tasks(
        self, filters: Mapping[str, Sequence[str]], tags: Mapping[str, str], ti_project_id: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Give the list's items of all tasks that meet filters by name and have these tags (`DescribeTrainingTasks`).

        A task that is created meanwhile moves the others to later places, so none is missed, and none given twice.
        """
        wanted = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
        tag_filters = [{"TagKey": key, "TagValues": [value]} for key, value in tags.items()]
        given: set[str] = set()
        for offset in itertools.count(step=PAGE):
            answer = self._list(filters=wanted, tag_filters=tag_filters, offset=offset, ti_project_id=ti_project_id)
            items = answer["TrainingTaskSet"] or []
            fresh = {str(item["Id"]): item for item in items if str(item["Id"]) not in given}
            given.update(fresh)
            yield from fresh.values()
            if len(items) < PAGE:
                return

    def _list(
        self,
        *,
        filters: Sequence[Mapping[str, Any]] = (),
        tag_filters: Sequence[Mapping[str, Any]] = (),
        offset: int = 0,
        ti_project_id: str | None,
    ) -> dict[str, Any]:
        """Ask for one page. Ordered by the time of creation, which nothing moves, so that pages are stable."""
        body = {
            "Filters": list(filters),
            "TagFilters": list(tag_filters),
            "Offset": offset,
            "Limit": PAGE,
            "OrderField": "CreateTime",
            **_in_project(ti_project_id),
        }
        asked = {name: value for name, value in body.items() if value not in ([], 0)}
        return self._call("DescribeTrainingTasks", asked, retried=may_be_asked_again, returns="TrainingTaskSet")

    def start_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        """Make a new run of a task at rest (`StartTrainingTask`). Sent again only when it was throttled.

        Raises:
            UnclearError: the task may have been started; its latest instance tells.
        """
        self._call("StartTrainingTask", _of_task(task_id, ti_project_id), retried=was_throttled)

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        """Ask for a task to be stopped (`StopTrainingTask`)."""
        self._call("StopTrainingTask", _of_task(task_id, ti_project_id), retried=may_be_asked_again)

    def delete_training_task(self, task_id: str, ti_project_id: str | None = None) -> bool:
        """Delete a task whose status is terminal, and return whether there was one (`DeleteTrainingTask`)."""
        try:
            self._call("DeleteTrainingTask", _of_task(task_id, ti_project_id), retried=may_be_asked_again)
        except ApiError as error:
            if error.kind is not Kind.GONE:
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
        self._call("EnableTrainingTaskClsConfig", body, retried=may_be_asked_again)

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
        for begin in range(0, len(values), _TAGS_IN_A_CALL):
            body = {"ResourceList": [resource], parameter: list(values[begin : begin + _TAGS_IN_A_CALL])}
            answer = self._call(action, body, retried=may_be_asked_again, service=_TAG)
            for failed in answer.get("FailedResources") or ():
                code, message = str(failed.get("Code", "")), str(failed.get("Message", ""))
                raise ApiError(action, code, message, str(answer.get("RequestId", "")))

    def training_tasks_of_tag_service(self, tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Give region and id of the account's tasks that have these tags, in whatever region and workspace they are
        (`GetResources`)."""
        body: dict[str, Any] = {"TagFilters": [{"TagKey": key, "TagValue": [value]} for key, value in tags.items()]}
        while True:
            answer = self._call(
                "GetResources", body, retried=may_be_asked_again, service=_TAG, returns="ResourceTagMappingList"
            )
            for tagged in answer["ResourceTagMappingList"] or ():
                task = _RESOURCE.fullmatch(str(tagged.get("Resource")))
                if task:
                    yield task["region"], task["id"]
            body["PaginationToken"] = answer.get("PaginationToken")
            if not body["PaginationToken"]:
                return

    def workspaces(self) -> Iterator[str]:
        """Give the ids of the workspaces in this region (`DescribeWorkspaces`)."""
        for offset in itertools.count(step=PAGE):
            body = {"Offset": offset, "Limit": PAGE}
            answer = self._call("DescribeWorkspaces", body, retried=may_be_asked_again, returns="Workspaces")
            items = answer["Workspaces"] or []
            yield from (str(item["TiProjectId"]) for item in items if item.get("TiProjectId"))
            if len(items) < PAGE:
                return

    def service_now(self) -> datetime:
        """Return the time by the service's clock, which its tasks' times are read off.

        This machine's clock may be wrong, and a task's age must not depend on it. The time is that of the `Date` of
        the service's last answer; before the first answer it is this machine's.
        """
        return self._transport.service_now()

    def account_id(self) -> str:
        """Give the account that the keys belong to (`GetCallerIdentity`)."""
        answer = self._call("GetCallerIdentity", {}, retried=may_be_asked_again, service=_STS, returns="AccountId")
        return str(answer["AccountId"])

    def _call(
        self,
        action: str,
        body: Mapping[str, Any],
        retried: Callable[[BaseException], bool],
        service: tuple[str, str] = _TIONE,
        returns: str | None = None,
    ) -> dict[str, Any]:
        return self._transport.call(service, action, body, retried, returns)

    @functools.cached_property
    def _transport(self) -> Transport:
        # The SDK takes a third of the time that Pulumi takes to import: only who sends requests pays for it.
        from pulumi_tione._transport import Transport

        return Transport(self._settings, self.region, self._sleep, self._announce, self._warn, self._account)

    def answer_about_training_task(self, task_id: str, ti_project_id: str | None = None) -> dict[str, Any]:
        """Give the whole answer about a task, its `RequestId` beside the `TrainingTaskDetail`
        (`DescribeTrainingTask`)."""
        return self._ask("DescribeTrainingTask", _of_task(task_id, ti_project_id), returns="TrainingTaskDetail")

    def pods(self, task_id: str, ti_project_id: str | None = None) -> list[dict[str, Any]]:
        """Give the pods of a task's latest run (`DescribeTrainingTaskPods`)."""
        body = _of_task(task_id, ti_project_id)
        return self._ask("DescribeTrainingTaskPods", body, returns="PodInfoList")["PodInfoList"] or []

    def logs(self, run: str, **how: Any) -> tuple[list[dict[str, Any]], str]:
        """Give a page of a run's log, and the `Context` that the next page is asked for with (`DescribeLogs`).

        Args:
            run: the run's id, which is the `LatestInstanceId` of its task or has been.
            how: other parameters by their API names; those that are None are left out.
        """
        body = {"Service": "TRAIN", "ServiceId": run, **_given(how)}
        answer = self._ask("DescribeLogs", body, returns="Content")
        return answer["Content"] or [], str(answer.get("Context") or "")

    def events(self, run: str, **how: Any) -> Iterator[dict[str, Any]]:
        """Give what happened to a run, page after page (`DescribeEvents`). Parameters are those of `logs`."""
        body = {"Service": "TRAIN", "ServiceId": run, "Limit": _EVENTS_PAGE, **_given(how)}
        yield from self._pages("DescribeEvents", body, "Events")

    def resource_groups(self, ti_project_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Give the resource groups for `PREPAID` tasks (`DescribeBillingResourceGroups`)."""
        body = {"Limit": PAGE, "DontShowInstanceSet": True, **_in_project(ti_project_id)}
        yield from self._pages("DescribeBillingResourceGroups", body, "ResourceGroupSet")

    def specs(self, charge_type: str, resource_type: str | None) -> list[dict[str, Any]]:
        """Give the specifications of nodes for training (`DescribeBillingSpecs`)."""
        body = {"ChargeType": charge_type, "TaskType": "TRAIN", **_given({"ResourceType": resource_type})}
        return self._ask("DescribeBillingSpecs", body, returns="Specs")["Specs"] or []

    def prices(self, specs: Sequence[str]) -> list[dict[str, Any]]:
        """Give what one node of each specification costs an hour, in hundredths of a CNY
        (`DescribeBillingSpecsPrice`)."""
        body = {"SpecsParam": [{"SpecName": name, "SpecCount": 1} for name in specs]}
        return self._ask("DescribeBillingSpecsPrice", body, returns="SpecsPrice")["SpecsPrice"] or []

    def frameworks(self) -> list[dict[str, Any]]:
        """Give the built-in frameworks, where the service still tells them (`DescribeTrainingFrameworks`)."""
        return self._ask("DescribeTrainingFrameworks", {}, returns="FrameworkInfos")["FrameworkInfos"] or []

    def preset_images(self) -> list[dict[str, Any]]:
        """Give the platform's own images (`DescribeBuildInImages`)."""
        return self._ask("DescribeBuildInImages", {}, returns="BuildInImageInfos")["BuildInImageInfos"] or []

    def _pages(self, action: str, body: Mapping[str, Any], returns: str) -> Iterator[dict[str, Any]]:
        for offset in itertools.count(step=body["Limit"]):
            items = self._ask(action, {**body, **({"Offset": offset} if offset else {})}, returns=returns)[returns]
            yield from items or ()
            if len(items or ()) < body["Limit"]:
                return

    def _ask(self, action: str, body: Mapping[str, Any], returns: str) -> dict[str, Any]:
        """Put a mere question, which does no harm when it is put twice."""
        return self._call(action, body, retried=may_be_asked_again, returns=returns)


def _of_task(task_id: str, ti_project_id: str | None) -> dict[str, Any]:
    return {"Id": task_id, **_in_project(ti_project_id)}


def _in_project(ti_project_id: str | None) -> dict[str, Any]:
    return {"TiProjectId": ti_project_id} if ti_project_id else {}


def _given(how: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in how.items() if value is not None}
