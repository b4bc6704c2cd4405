"""One method per action of the API: signing, retries of what was surely not accepted, and errors that say what is.

The official SDK signs and sends. Its generic client serves all three services that we speak to, and its `call_json`
gives the raw answer, where its typed models would drop what they do not know. Its own retries are off: they repeat a
request that may have been accepted.
"""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import requests
import tenacity
import urllib3.exceptions
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione._pace import Pace
from pulumi_tione._settings import Settings
from pulumi_tione._wire import secrets_in
from pulumi_tione.errors import ApiError, Kind, NotSentError, TioneError, UnclearError

# At level DEBUG the SDK writes whole bodies and the Authorization header to its log, whoever configured logging.
logging.getLogger("tencentcloud_sdk_common").disabled = True

PAGE = 50
"""How many tasks a list call gives at most."""

_TIONE = ("tione", "2021-11-11")
_TAG = ("tag", "2018-08-13")
_STS = ("sts", "2018-08-13")
_TAGS_IN_A_CALL = 10
_TIMEOUT_SECONDS = 60
_NO_PROXY_AT_ALL = {"http": "", "https": "", "all": ""}
_PATIENCE_SECONDS = {True: 300, False: 60}
"""How long a request is sent again: while the service throttles, and while it fails to answer a mere question."""


_PACE = Pace()
"""One for the whole process: the service counts the requests of an account, not those of a client."""


class Client:
    """What the API can do for one region, for as many threads as like.

    Args:
        settings: where endpoint and keys come from; they are read at the first request.
        region: the region that every request goes to.
        sleep: how pauses between attempts are made.
        pace: how requests are held back before the service would refuse them.
        announce: told in a few words what a request waits for, when that takes long.
    """

    def __init__(
        self,
        settings: Settings,
        region: str,
        sleep: Callable[[float], None] = time.sleep,
        pace: Pace = _PACE,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.region = region
        self._settings = settings
        self._sleep = sleep
        self._pace = pace
        self._announce = announce
        self._of_thread = threading.local()

    def create_training_task(self, body: Mapping[str, Any]) -> str:
        """Create a task and give its id (`CreateTrainingTask`). Sent again only when it was throttled.

        Raises:
            UnclearError: the task may exist; look it up by its name.
        """
        answer = self._call("CreateTrainingTask", body, retried=_was_throttled)
        task_id = answer.get("Id")
        if not isinstance(task_id, str) or not task_id:
            raise UnclearError("CreateTrainingTask was answered without an id")
        return task_id

    def describe_training_task(self, task_id: str, ti_project_id: str | None = None) -> dict[str, Any] | None:
        """Give all that the service tells of a task, or nothing if it does not know it (`DescribeTrainingTask`)."""
        try:
            answer = self._call("DescribeTrainingTask", _of_task(task_id, ti_project_id), retried=_may_be_asked_again)
        except ApiError as error:
            if error.kind is Kind.GONE:
                return None
            raise
        return answer.get("TrainingTaskDetail") or None

    def find_training_task(self, name: str, ti_project_id: str | None = None) -> dict[str, Any] | None:
        """Give the list's item of the task with exactly this name, if there is one (`DescribeTrainingTasks`)."""
        answer = self._list(filters=[{"Name": "Name", "Values": [name]}], ti_project_id=ti_project_id)
        return next((item for item in answer.get("TrainingTaskSet") or () if item.get("Name") == name), None)

    def training_tasks_with_tags(
        self, tags: Mapping[str, str], ti_project_id: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Give the list's items of all tasks that have these tags, page after page (`DescribeTrainingTasks`)."""
        tag_filters = [{"TagKey": key, "TagValues": [value]} for key, value in tags.items()]
        for offset in itertools.count(step=PAGE):
            answer = self._list(tag_filters=tag_filters, offset=offset, ti_project_id=ti_project_id)
            items = answer.get("TrainingTaskSet") or []
            yield from items
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
        return self._call("DescribeTrainingTasks", asked, retried=_may_be_asked_again)

    def start_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        """Make a new run of a task at rest (`StartTrainingTask`). Sent again only when it was throttled.

        Raises:
            UnclearError: the task may have been started; its latest instance tells.
        """
        self._call("StartTrainingTask", _of_task(task_id, ti_project_id), retried=_was_throttled)

    def stop_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        """Ask for a task to be stopped (`StopTrainingTask`)."""
        self._call("StopTrainingTask", _of_task(task_id, ti_project_id), retried=_may_be_asked_again)

    def delete_training_task(self, task_id: str, ti_project_id: str | None = None) -> None:
        """Delete a task at rest; one that is gone already is no error (`DeleteTrainingTask`)."""
        try:
            self._call("DeleteTrainingTask", _of_task(task_id, ti_project_id), retried=_may_be_asked_again)
        except ApiError as error:
            if error.kind is not Kind.GONE:
                raise

    def enable_cls_config(
        self, task_id: str, enable: bool, config: Mapping[str, Any] | None, ti_project_id: str | None = None
    ) -> None:
        """Turn a task's log delivery on or off (`EnableTrainingTaskClsConfig`)."""
        body = {"TaskId": task_id, "LogEnable": enable, **_in_project(ti_project_id)}
        if config is not None:
            body["LogConfig"] = config
        self._call("EnableTrainingTaskClsConfig", body, retried=_may_be_asked_again)

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
            answer = self._call(action, body, retried=_may_be_asked_again, service=_TAG)
            for failed in answer.get("FailedResources") or ():
                code, message = str(failed.get("Code", "")), str(failed.get("Message", ""))
                raise ApiError(action, code, message, str(answer.get("RequestId", "")))

    def account_id(self) -> str:
        """Give the account that the keys belong to (`GetCallerIdentity`)."""
        answer = self._call("GetCallerIdentity", {}, retried=_may_be_asked_again, service=_STS)
        return str(answer.get("AccountId") or "")

    def _call(
        self,
        action: str,
        body: Mapping[str, Any],
        retried: Callable[[BaseException], bool],
        service: tuple[str, str] = _TIONE,
    ) -> dict[str, Any]:
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(retried),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=20),
            stop=_is_out_of_patience,
            sleep=self._sleep,
            before_sleep=self._announce_throttling,
            reraise=True,
        )
        return attempts(self._call_once, service, action, body)

    def _announce_throttling(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ApiError) and _was_throttled(error):
            self._announce(f"waiting: {error.action} is throttled by the service ({error.code})")

    def _call_once(self, service: tuple[str, str], action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request and give the content of its answer's `Response`.

        Raises:
            NotSentError: no connection came about.
            ApiError: the service refused.
            UnclearError: anything else that is not a clear answer.
        """
        self._pace.wait(action, self._announce)
        try:
            answer = self._sdk(service).call_json(action, dict(body))
        except TencentCloudSDKException as error:
            raise _translated(error, action, str(self._settings.endpoint(service[0])), secrets_in(body)) from None
        except (json.JSONDecodeError, KeyError, TypeError, requests.RequestException, UnicodeDecodeError) as error:
            raise UnclearError(f"{action} got no answer that can be understood ({type(error).__name__})") from None
        response = answer.get("Response") if isinstance(answer, dict) else None
        if not isinstance(response, dict) or "Error" in response:
            # The SDK knows an error only under the exact content type; under another one it hands it on as a success.
            raise UnclearError(f"{action} got an answer that is not the API's")
        return response

    def _sdk(self, service: tuple[str, str]) -> CommonClient:
        """Give this thread's SDK client of a service: its session is not made for several threads."""
        if not hasattr(self._of_thread, "clients"):
            self._of_thread.clients = {}
        clients: dict[tuple[str, str], CommonClient] = self._of_thread.clients
        if service not in clients:
            clients[service] = self._new_sdk(service)
        return clients[service]

    def _new_sdk(self, service: tuple[str, str]) -> CommonClient:
        name, version = service
        endpoint, keys = self._settings.endpoint(name), self._settings.credentials
        http = HttpProfile(protocol=endpoint.scheme, endpoint=endpoint.host, reqTimeout=_TIMEOUT_SECONDS)
        profile = ClientProfile(httpProfile=http, language="en-US")
        credential = Credential(keys.secret_id, keys.secret_key, keys.token)
        sdk = CommonClient(name, version, credential, self.region, profile)
        # The SDK reads the proxy variables by itself, and NO_PROXY wrongly. `requests` does it right when it is left
        # to it, and asks no proxy at all when each is the empty text.
        sdk.request.conn.proxy = _NO_PROXY_AT_ALL if endpoint.is_loopback else None
        return sdk


def _of_task(task_id: str, ti_project_id: str | None) -> dict[str, Any]:
    return {"Id": task_id, **_in_project(ti_project_id)}


def _in_project(ti_project_id: str | None) -> dict[str, Any]:
    return {"TiProjectId": ti_project_id} if ti_project_id else {}


def _is_out_of_patience(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    limit = _PATIENCE_SECONDS[error is not None and _was_throttled(error)]
    return state.upcoming_sleep + (state.seconds_since_start or 0) > limit


def _was_throttled(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.kind is Kind.THROTTLED


def _may_be_asked_again(error: BaseException) -> bool:
    """Reading, stopping and deleting do no harm when they are done twice."""
    if isinstance(error, ApiError):
        return error.kind in (Kind.THROTTLED, Kind.BUSY, Kind.UNCLEAR)
    return isinstance(error, UnclearError)


def _translated(error: TencentCloudSDKException, action: str, endpoint: str, secrets: Sequence[str]) -> TioneError:
    """Give our error for one of the SDK's. What stands behind a network error is its context alone.

    A refusal may repeat what was sent: the secrets of the request are taken out of it.
    """
    if error.code == "ClientNetworkError":
        cause = error.__context__
        if _was_not_sent(cause):
            return NotSentError(f"{action} was not sent: {endpoint} cannot be reached: {_in_one_line(cause)}")
        return UnclearError(f"{action} got no answer from {endpoint}: {_in_one_line(cause)}")
    if error.code == "ServerNetworkError":
        return UnclearError(f"{action} got an HTTP error from {endpoint}")
    message = str(error.message or "")
    for secret in secrets:
        message = message.replace(secret, "[secret]").replace(json.dumps(secret)[1:-1], "[secret]")
    return ApiError(action, error.code or "", message, error.requestId or "")


def _was_not_sent(cause: BaseException | None) -> bool:
    """Tell whether not even a connection came about, to the service or to the proxy before it."""
    if isinstance(cause, (requests.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.InvalidURL)):
        return True
    reason = _reason(cause)
    if isinstance(reason, urllib3.exceptions.ProxyError):
        return isinstance(reason.original_error, (urllib3.exceptions.NewConnectionError, OSError))
    return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))


def _in_one_line(cause: BaseException | None) -> str:
    """Say what stood in the way, without the proxy's URL, which may hold a password."""
    reason = _reason(cause)
    if isinstance(reason, urllib3.exceptions.ProxyError):
        return "the proxy that HTTP_PROXY or HTTPS_PROXY names cannot be reached"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return str(reason).rpartition(": ")[2]
    return f"{type(reason).__name__}: {reason}"


def _reason(cause: BaseException | None) -> BaseException | None:
    """Give what `requests` wraps: the error of the layer below, where it tells."""
    inner = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return inner if isinstance(inner, BaseException) else cause
