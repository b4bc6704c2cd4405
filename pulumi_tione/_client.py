"""One method per action of the API: signing, retries of what was surely not accepted, and errors that say what is.

The official SDK signs and sends. Its generic client serves all three services that we speak to, and its `call_json`
gives the raw answer, where its typed models would drop what they do not know. Its own retries are off: they repeat a
request that may have been accepted.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
import tenacity
import urllib3.exceptions
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione._settings import Settings
from pulumi_tione._wire import secrets_in
from pulumi_tione.errors import ApiError, Kind, NotSentError, TioneError, UnclearError

# At level DEBUG the SDK writes whole bodies and the Authorization header to its log, whoever configured logging.
logging.getLogger("tencentcloud_sdk_common").disabled = True

PAGE = 50
"""How many tasks a list call gives at most."""

_TIONE = ("tione", "2021-11-11")
_TIMEOUT_SECONDS = 60
_NO_PROXY_AT_ALL = {"http": "", "https": "", "all": ""}
_PATIENCE_SECONDS = 300
"""How long a request is sent again while the service throttles, or fails to answer a mere question."""


class Client:
    """What the API can do for one region, for as many threads as like.

    Args:
        settings: where endpoint and keys come from; they are read at the first request.
        region: the region that every request goes to.
        sleep: how pauses between attempts are made.
    """

    def __init__(self, settings: Settings, region: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.region = region
        self._settings = settings
        self._sleep = sleep
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
        filters = [{"Name": "Name", "Values": [name]}]
        items = self.describe_training_tasks(filters, ti_project_id)
        return next((item for item in items if item.get("Name") == name), None)

    def describe_training_tasks(
        self, filters: Sequence[Mapping[str, Any]], ti_project_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Give the first page of the tasks that pass the filters (`DescribeTrainingTasks`)."""
        body = {"Filters": list(filters), "Limit": PAGE, **_in_project(ti_project_id)}
        answer = self._call("DescribeTrainingTasks", body, retried=_may_be_asked_again)
        return answer.get("TrainingTaskSet") or []

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

    def _call(self, action: str, body: Mapping[str, Any], retried: Callable[[BaseException], bool]) -> dict[str, Any]:
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(retried),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=20),
            stop=tenacity.stop_after_delay(_PATIENCE_SECONDS),
            sleep=self._sleep,
            reraise=True,
        )
        return attempts(self._call_once, action, body)

    def _call_once(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request and give the content of its answer's `Response`.

        Raises:
            NotSentError: no connection came about.
            ApiError: the service refused.
            UnclearError: anything else that is not a clear answer.
        """
        try:
            answer = self._sdk(_TIONE).call_json(action, dict(body))
        except TencentCloudSDKException as error:
            raise _translated(error, action, str(self._settings.endpoint(_TIONE[0])), secrets_in(body)) from None
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
