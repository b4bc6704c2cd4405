"""The client over real HTTP: a service on the loopback that answers what a test plans for it.

Retries, credentials and lists are tested from end to end here. Without a network they are in
`tests/unit/test_transport.py`; proxies and certificates are in `test_connection.py`.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione._api import client as client_module
from pulumi_tione._api import responses, sdk, transport
from pulumi_tione._api.client import Client
from pulumi_tione._api.rate_limit import RateLimiter
from pulumi_tione._config.settings import Settings
from pulumi_tione.errors import (
    KIND_OF_CODE,
    ApiError,
    IndeterminateResultError,
    Kind,
    RequestNotSentError,
    SettingsError,
    TioneError,
)

KEYS = {"tione:secretId": "AKIDexample", "tione:secretKey": "planted-key"}
BODY = {"Name": "bert", "ChargeType": "POSTPAID_BY_HOUR", "ResourceConfigInfos": [{"Role": "WORKER", "InstanceNum": 2}]}
JSON = "application/json"
DEAD_PROXY = "http://user:planted-proxy@127.0.0.1:9"
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Answer:
    """What the service answers, byte for byte."""

    content: bytes
    status: int = 200
    content_type: str = JSON
    undelivered: int = 0
    """How many more bytes are declared than sent: the connection is cut in the middle."""


@dataclass(frozen=True)
class Request:
    headers: Mapping[str, str]
    text: str

    @property
    def action(self) -> str:
        return self.headers["X-TC-Action"]

    @property
    def body(self) -> Any:
        return json.loads(self.text)


DETAIL = {"Id": "train-1", "Name": "bert", "Status": "RUNNING"}

CUT = Answer(b"", status=0)
"""No answer at all: the connection is closed after the request was read."""


def ok(**response: Any) -> Answer:
    return Answer(json.dumps({"Response": {**response, "RequestId": "r-1"}}).encode())


def refusal(code: str, message: str = "no", *, content_type: str = JSON) -> Answer:
    error = {"Code": code, "Message": message}
    content = json.dumps({"Response": {"Error": error, "RequestId": "r-2"}}, ensure_ascii=False)
    return Answer(content.encode(), content_type=content_type)


class Service:
    """Answers in turn, the last answer for ever; it keeps every request."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list[Answer] = []
        self.port = 0
        self._lock = threading.Lock()

    def answer(self, *answers: Answer) -> None:
        self.answers = [*answers]

    def take(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def actions(self) -> list[str]:
        return [request.action for request in self.requests]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    found = Service()
    with serving(found):
        yield found


@contextlib.contextmanager
def serving(found: Service, port: int = 0) -> Iterator[None]:

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = found.take(Request(dict(self.headers.items()), text))
            if answer is CUT:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.content) + answer.undelivered))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 64

    with Server(("127.0.0.1", port), Handler) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class Pauses(list[float]):
    """Sleeps that take no time. Nobody sleeps for ever."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)
        assert len(self) < 40, "the request is sent again and again"


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def new_client(service: Service, pauses: Pauses, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    """Makes clients of the service, with config of the test's own and without our rate limit."""
    monkeypatch.setattr(RateLimiter, "wait", lambda *_: None)

    def client(
        *,
        sleep: Callable[[float], None] = pauses,
        show_status: Callable[[str], None] = lambda _: None,
        account: str | None = None,
        retries_outages: bool = False,
        **config: str,
    ) -> Client:
        of_the_test = {f"tione:{name}": value for name, value in config.items()}
        endpoint = {"tione:endpoint": f"http://127.0.0.1:{service.port}"}
        settings = Settings({**KEYS, **endpoint, **of_the_test}.get, {})
        region = of_the_test.get("tione:region", "ap-guangzhou")
        return Client(settings, region, sleep, show_status, account=account, retries_outages=retries_outages)

    return client


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    return new_client()


@pytest.fixture
def without_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is not sent again."""
    monkeypatch.setattr(transport, "_THROTTLING_TIMEOUT_SECONDS", 0)
    monkeypatch.setattr(transport, "_FAILURE_TIMEOUT_SECONDS", 0)


# Requests.


def test_a_create_gives_the_id_and_sends_the_body_as_it_is(service: Service, client: Client) -> None:
    service.answer(ok(Id="train-1"))
    assert client.create_training_task(BODY) == "train-1"
    (request,) = service.requests
    assert request.body == BODY
    assert '"InstanceNum": 2' in request.text
    headers = request.headers
    assert headers["Content-Type"] == JSON
    assert headers["X-TC-Action"] == "CreateTrainingTask"
    assert headers["X-TC-Version"] == "2021-11-11"
    assert headers["X-TC-Region"] == "ap-guangzhou"
    assert headers["X-TC-Language"] == "en-US"
    assert headers["Authorization"].startswith("TC3-HMAC-SHA256 Credential=AKIDexample/")
    assert "/tione/tc3_request" in headers["Authorization"]
    assert "X-TC-Token" not in headers


def test_temporary_keys_send_their_token(service: Service, new_client: Callable[..., Client]) -> None:
    service.answer(ok(Id="train-1"))
    new_client(securityToken="a-token").create_training_task(BODY)
    assert service.requests[0].headers["X-TC-Token"] == "a-token"


def test_a_client_asks_the_region_that_it_is_for(service: Service, new_client: Callable[..., Client]) -> None:
    service.answer(ok(Id="train-1"))
    new_client(region="ap-shanghai").create_training_task(BODY)
    assert service.requests[0].headers["X-TC-Region"] == "ap-shanghai"


def test_an_entry_in_netrc_does_not_take_the_signatures_place(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password planted-netrc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    service.answer(ok(Id="train-1"))
    client.create_training_task(BODY)
    assert service.requests[0].headers["Authorization"].startswith("TC3-HMAC-SHA256 ")


CALLS: dict[str, tuple[Callable[[Client], Any], str, dict[str, Any]]] = {
    "describe": (
        lambda client: client.describe_training_task("train-1", "p-1"),
        "DescribeTrainingTask",
        {"Id": "train-1", "TiProjectId": "p-1"},
    ),
    "describe in the default workspace": (
        lambda client: client.describe_training_task("train-1"),
        "DescribeTrainingTask",
        {"Id": "train-1"},
    ),
    "start": (lambda client: client.start_training_task("train-1"), "StartTrainingTask", {"Id": "train-1"}),
    "stop": (lambda client: client.stop_training_task("train-1"), "StopTrainingTask", {"Id": "train-1"}),
    "delete": (
        lambda client: client.delete_training_task("train-1", "p-1"),
        "DeleteTrainingTask",
        {"Id": "train-1", "TiProjectId": "p-1"},
    ),
    "log delivery": (
        lambda client: client.enable_cls_config("train-1", True, {"LogsetId": "l", "TopicId": "t"}),
        "EnableTrainingTaskClsConfig",
        {"TaskId": "train-1", "LogEnable": True, "LogConfig": {"LogsetId": "l", "TopicId": "t"}},
    ),
}


@pytest.mark.parametrize(("call", "action", "body"), CALLS.values(), ids=CALLS)
def test_an_action_is_called_with_its_parameters(
    service: Service, client: Client, call: Callable[[Client], Any], action: str, body: dict[str, Any]
) -> None:
    service.answer(ok(TrainingTaskDetail=DETAIL))
    call(client)
    (request,) = service.requests
    assert request.action == action
    assert request.body == body


def task(task_id: str, name: str = "bert", status: str = "RUNNING") -> dict[str, Any]:
    return {"Id": task_id, "Name": name, "Status": status}


def tasks(start: int, stop: int) -> list[dict[str, Any]]:
    return [task(f"train-{index}") for index in range(start, stop)]


def test_a_name_is_looked_up_by_filter_and_only_an_equal_one_is_found(service: Service, client: Client) -> None:
    others = [task("train-2", "bert-2"), task("train-3", "my-bert"), task("train-4", "BERT")]
    service.answer(
        ok(TrainingTaskSet=others, TotalCount=3),
        ok(TrainingTaskSet=[*others, task("train-1")], TotalCount=4),
        ok(TrainingTaskSet=[], TotalCount=0),
    )
    assert client.find_training_task("bert", "p-1") is None
    assert client.find_training_task("bert") == task("train-1")
    assert client.find_training_task("bert") is None
    assert service.actions == ["DescribeTrainingTasks"] * 3
    asked = service.requests[0].body
    assert asked["Filters"] == [{"Name": "Name", "Values": ["bert"]}]
    assert asked["Limit"] == 50
    assert asked["TiProjectId"] == "p-1"


def test_several_names_are_looked_up_by_one_list_and_the_newest_task_of_each_is_found(
    service: Service, client: Client
) -> None:
    older, newer = ({**task(f"train-{day}"), "CreateTime": f"2025-08-0{day}T00:00:00Z"} for day in (1, 2))
    others = [task("train-3", "bert-2"), task("train-4", "bert-20")]
    service.answer(ok(TrainingTaskSet=[newer, older, *others], TotalCount=4))
    assert client.find_training_tasks(["bert-2", "gpt", "bert"], "p-1") == [others[0], newer]
    (request,) = service.requests
    assert request.body["Filters"] == [{"Name": "Name", "Values": ["bert-2", "gpt", "bert"]}]
    assert request.body["TiProjectId"] == "p-1"


def test_tasks_with_tags_are_listed_page_after_page(service: Service, client: Client) -> None:
    pages = [tasks(start, stop) for start, stop in ((0, 50), (50, 100), (100, 103))]
    service.answer(*(ok(TrainingTaskSet=page, TotalCount=103) for page in pages))
    found = [item["Id"] for item in client.training_tasks({}, {"pulumi:stack": "dev"})]
    assert found == [f"train-{index}" for index in range(103)]
    assert [request.body.get("Offset", 0) for request in service.requests] == [0, 50, 100]
    assert all(
        request.body["TagFilters"] == [{"TagKey": "pulumi:stack", "TagValues": ["dev"]}] for request in service.requests
    )


# Where a list ends.


def listed(client: Client) -> list[str]:
    return [item["Id"] for item in client.training_tasks({}, {})]


def test_a_list_ends_at_its_total_count(service: Service, client: Client) -> None:
    service.answer(ok(TrainingTaskSet=tasks(0, 50), TotalCount=50))
    assert listed(client) == [f"train-{index}" for index in range(50)]
    assert len(service.requests) == 1


def test_after_a_short_page_a_list_goes_on_where_that_page_ended(service: Service, client: Client) -> None:
    pages = [tasks(0, 7), tasks(7, 8), tasks(8, 20)]
    service.answer(*(ok(TrainingTaskSet=page, TotalCount=20) for page in pages))
    assert listed(client) == [f"train-{index}" for index in range(20)]
    assert [request.body.get("Offset", 0) for request in service.requests] == [0, 7, 8]


def test_a_name_and_ids_are_looked_for_beyond_short_pages(service: Service, client: Client) -> None:
    others = [task("train-2", "bert-2"), task("train-3", "bert-3")]
    pages = (ok(TrainingTaskSet=others, TotalCount=3), ok(TrainingTaskSet=[task("train-1")], TotalCount=3))
    service.answer(*pages)
    assert client.find_training_task("bert") == task("train-1")
    service.answer(*pages)
    assert [*client.training_tasks_by_id(["train-1", "train-2", "train-3"])] == ["train-2", "train-3", "train-1"]


@pytest.mark.parametrize("total", [None, "103", 7, True, -1], ids=repr)
def test_a_list_of_unknown_length_ends_with_a_short_page(service: Service, client: Client, total: object) -> None:
    pages = [tasks(0, 50), tasks(50, 60)]
    service.answer(ok(TrainingTaskSet=pages[0], TotalCount=total), ok(TrainingTaskSet=pages[1]))
    assert len(listed(client)) == 60
    assert len(service.requests) == 2


@pytest.mark.parametrize("last", [tasks(0, 50), tasks(20, 40), []], ids=["the same", "a part", "nothing"])
def test_a_list_ends_with_a_page_that_brings_nothing_new(
    service: Service, client: Client, last: list[dict[str, Any]]
) -> None:
    service.answer(ok(TrainingTaskSet=tasks(0, 50), TotalCount=10**6), ok(TrainingTaskSet=last, TotalCount=10**6))
    assert listed(client) == [f"train-{index}" for index in range(50)]
    assert len(service.requests) == 2


def test_no_task_is_listed_twice_and_the_order_stays(service: Service, client: Client) -> None:
    service.answer(
        ok(TrainingTaskSet=[*tasks(0, 49), task("train-3")], TotalCount=120),
        ok(TrainingTaskSet=[*tasks(40, 90)], TotalCount=120),
        ok(TrainingTaskSet=[*tasks(90, 110)], TotalCount=120),
    )
    assert listed(client) == [f"train-{index}" for index in range(110)]


@pytest.mark.parametrize(
    ("ask", "bound"),
    [
        (lambda client: [*client.training_tasks({}, {})], client_module.MAX_PAGES),
        (lambda client: client.find_training_task("bert"), client_module._MAX_PAGES_FOR_A_NAME),
        (lambda client: client.training_tasks_by_id(["train-x"]), client_module.MAX_PAGES),
        (lambda client: [*client.events("run")], client_module.MAX_PAGES),
        (lambda client: [*client.resource_groups()], client_module.MAX_PAGES),
        (lambda client: [*client.workspaces()], client_module.MAX_PAGES),
        (lambda client: [*client.tagged_training_tasks({})], client_module.MAX_PAGES),
    ],
    ids=["tasks", "name", "ids", "events", "resource groups", "workspaces", "tag service"],
)
def test_a_list_without_an_end_is_an_error(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Client], Any], bound: int
) -> None:
    def page(request: Request) -> Answer:
        number = len(service.requests)
        service.requests.append(request)
        ids = range(100 * number, 100 * number + 100)
        return ok(
            TrainingTaskSet=[task(f"train-{index}", f"bert-{index}") for index in ids],
            Events=[{"Id": index} for index in ids],
            ResourceGroupSet=[{"ResourceGroupId": f"rsg-{index}"} for index in ids],
            Workspaces=[{"TiProjectId": f"{index}"} for index in ids],
            ResourceTagMappingList=[{"Resource": f"qcs::tione:ap-x:uin/1:trainingtask/train-{index}"} for index in ids],
            PaginationToken=f"{number}",
            TotalCount=10**9,
        )

    monkeypatch.setattr(service, "take", page)
    with pytest.raises(IndeterminateResultError, match=rf"still had new items on page {bound}: .* longer than"):
        ask(client)
    assert len(service.requests) == bound


def test_a_list_of_the_tag_service_goes_on_by_token_to_its_end(service: Service, client: Client) -> None:
    def page(*numbers: int, token: str | None) -> Answer:
        resources = [{"Resource": f"qcs::tione:ap-x:uin/1:trainingtask/train-{number}"} for number in numbers]
        return ok(ResourceTagMappingList=[*resources, {"Resource": "qcs::cvm:…"}, {}], PaginationToken=token)

    service.answer(page(1, 2, token="a"), page(token="b"), page(2, 3, token=""))
    assert [*client.tagged_training_tasks({"a": "b"})] == [("ap-x", f"train-{number}") for number in (1, 2, 3)]
    assert [request.body.get("PaginationToken") for request in service.requests] == [None, "a", "b"]
    service.answer(page(1, token="a"), page(2, token="a"), page(2, token="a"))
    with pytest.raises(IndeterminateResultError, match="GetResources returned the same PaginationToken twice"):
        list(client.tagged_training_tasks({"a": "b"}))
    assert len(service.requests) == 6


def test_tags_are_bound_ten_at_a_time_and_removed_by_key(service: Service, client: Client) -> None:
    service.answer(ok())
    client.tag_training_task("train-1", "100", {f"k{index}": "v" for index in range(21)})
    client.untag_training_task("train-1", "100", ["a", "b"])
    client.tag_training_task("train-1", "100", {})
    assert service.actions == ["TagResources"] * 3 + ["UnTagResources"]
    assert [len(request.body["Tags"]) for request in service.requests[:3]] == [10, 10, 1]
    assert service.requests[3].body["TagKeys"] == ["a", "b"]
    resource = "qcs::tione:ap-guangzhou:uin/100:trainingtask/train-1"
    assert all(request.body["ResourceList"] == [resource] for request in service.requests)
    assert {request.headers["X-TC-Version"] for request in service.requests} == {"2018-08-13"}
    assert "/tag/tc3_request" in service.requests[0].headers["Authorization"]


def test_failed_resources_of_another_form_are_not_clear(service: Service, client: Client) -> None:
    malformed: list[Any] = ["x", [None], [{}], [{"Code": 7}]]
    for failed in malformed:
        service.answer(ok(FailedResources=failed))
        with pytest.raises(IndeterminateResultError, match=r"TagResources returned .*FailedResources"):
            client.tag_training_task("train-1", "100", {"team": "nlp"})
    service.answer(ok(FailedResources=None))
    client.tag_training_task("train-1", "100", {"team": "nlp"})


def test_a_failure_inside_a_successful_answer_of_the_tag_service_is_an_error(service: Service, client: Client) -> None:
    failed = {"Resource": "qcs::…", "Code": "ResourceNotFound", "Message": "not there"}
    service.answer(ok(FailedResources=[failed]))
    with pytest.raises(ApiError, match="TagResources was refused with ResourceNotFound: not there"):
        client.tag_training_task("train-1", "100", {"team": "nlp"})


def test_the_account_of_the_credentials_comes_from_sts(service: Service, client: Client) -> None:
    service.answer(ok(AccountId="100000000001"))
    assert client.account_id() == "100000000001"
    assert service.actions == ["GetCallerIdentity"]
    assert service.requests[0].body == {}


def test_many_threads_use_one_client(service: Service, client: Client) -> None:
    service.answer(ok(Id="train-1"))
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(client.create_training_task(BODY))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert found == ["train-1"] * 16
    assert len(service.requests) == 16


# Answers that are clear.


def test_a_refusal_is_an_error_with_the_services_own_words(service: Service, client: Client, pauses: Pauses) -> None:
    service.answer(refusal("InvalidParameterValue.ImageIllegal", "image\nis wrong"))
    with pytest.raises(ApiError) as caught:
        client.create_training_task(BODY)
    error = caught.value
    assert (error.code, error.service_message, error.request_id) == (
        "InvalidParameterValue.ImageIllegal",
        "image\nis wrong",
        "r-2",
    )
    assert error.kind is Kind.INVALID_ARGUMENT
    assert "\n" not in str(error)
    assert (len(service.requests), pauses) == (1, [])


@pytest.mark.parametrize("code", ["ResourceNotFound", "FailedOperation.RecordNotFound"])
def test_a_task_that_the_service_does_not_know_is_none(service: Service, client: Client, code: str) -> None:
    service.answer(refusal(code))
    assert client.describe_training_task("train-1") is None
    client.delete_training_task("train-1")
    with pytest.raises(ApiError, match=code):
        client.stop_training_task("train-1")


MALFORMED_DETAILS: dict[str, Any] = {
    "null": None,
    "an empty object": {},
    "a text": "RUNNING",
    "a list": [DETAIL],
    "a number": 7,
    "no id": {"Status": "RUNNING"},
    "a null id": {**DETAIL, "Id": None},
    "an empty id": {**DETAIL, "Id": ""},
    "an id that is a number": {**DETAIL, "Id": 7},
    "another id": {**DETAIL, "Id": "train-2"},
    "no status": {"Id": "train-1"},
    "an empty status": {**DETAIL, "Status": ""},
    "a status that is an object": {**DETAIL, "Status": {"Status": "RUNNING"}},
}


@pytest.mark.parametrize("detail", MALFORMED_DETAILS.values(), ids=MALFORMED_DETAILS)
def test_a_malformed_detail_proves_nothing_about_a_task_and_is_requested_a_few_times(
    service: Service, client: Client, pauses: Pauses, detail: Any
) -> None:
    service.answer(ok(TrainingTaskDetail=detail))
    for call in (client.describe_training_task, client.describe_training_task_response):
        with pytest.raises(IndeterminateResultError, match=r"DescribeTrainingTask returned .* \(request id r-1\)"):
            call("train-1")
    assert len(service.requests) == 8
    assert sum(pauses) < 15
    service.answer(ok(TrainingTaskDetail=detail), ok(TrainingTaskDetail=DETAIL))
    assert client.describe_training_task("train-1") == DETAIL


def test_one_attempt_is_one_request_unless_it_is_throttled(service: Service, client: Client, pauses: Pauses) -> None:
    service.answer(ok(TrainingTaskDetail=None))
    with pytest.raises(IndeterminateResultError):
        client.describe_training_task("train-1", attempts=1)
    service.answer(Answer(b"", status=502))
    with pytest.raises(IndeterminateResultError):
        client.describe_training_task("train-1", attempts=1)
    assert (len(service.requests), pauses) == (2, [])
    service.answer(refusal("RequestLimitExceeded"), ok(TrainingTaskDetail=DETAIL))
    assert client.describe_training_task("train-1", attempts=1) == DETAIL


@pytest.mark.parametrize("spelling", ["succeed", "Succeed", "SUCCEED"])
def test_a_status_in_another_case_is_that_status(service: Service, client: Client, spelling: str) -> None:
    service.answer(ok(TrainingTaskDetail=task("train-1", status=spelling)))
    assert client.describe_training_task("train-1") == task("train-1", status="SUCCEED")
    service.answer(ok(TrainingTaskSet=[task("train-1", status=spelling)], TotalCount=1))
    assert client.training_tasks_by_id(["train-1"])["train-1"]["Status"] == "SUCCEED"
    assert [item["Status"] for item in client.training_tasks({}, {})] == ["SUCCEED"]


def test_a_status_that_nobody_knows_stays_as_it_is(service: Service, client: Client) -> None:
    service.answer(ok(TrainingTaskDetail=task("train-1", status="Thawing")))
    assert client.describe_training_task("train-1") == task("train-1", status="Thawing")


LISTS: dict[str, tuple[Callable[[Client], Any], str, tuple[str, ...]]] = {
    "tasks": (lambda client: list(client.training_tasks({}, {})), "TrainingTaskSet", ("Id", "Name", "Status")),
    "name": (lambda client: client.find_training_task("bert"), "TrainingTaskSet", ("Id", "Name", "Status")),
    "ids": (lambda client: client.training_tasks_by_id(["train-1"]), "TrainingTaskSet", ("Id", "Name", "Status")),
    "pods": (lambda client: client.pods("train-1"), "PodInfoList", ()),
    "logs": (lambda client: client.logs("run"), "Content", ()),
    "events": (lambda client: list(client.events("run")), "Events", ()),
    "resource groups": (lambda client: list(client.resource_groups()), "ResourceGroupSet", ("ResourceGroupId",)),
    "specs": (lambda client: client.specs("PREPAID", None), "Specs", ("SpecName",)),
    "prices": (lambda client: client.prices([("a", 1)]), "SpecsPrice", ("SpecName",)),
    "frameworks": (lambda client: client.frameworks(), "FrameworkInfos", ()),
    "images": (lambda client: client.preset_images(), "BuildInImageInfos", ()),
    "workspaces": (lambda client: list(client.workspaces()), "Workspaces", ()),
    "tag service": (lambda client: list(client.tagged_training_tasks({})), "ResourceTagMappingList", ()),
}


@pytest.mark.parametrize(("ask", "name", "texts"), LISTS.values(), ids=LISTS)
def test_a_list_of_another_form_is_an_error_that_names_what_came(
    service: Service,
    client: Client,
    pauses: Pauses,
    ask: Callable[[Client], Any],
    name: str,
    texts: tuple[str, ...],
) -> None:
    whole = dict.fromkeys(texts, "x")
    malformed: list[tuple[Any, str]] = [
        ("x", f"text in place of the list {name} "),
        ("", f"an empty text in place of the list {name} "),
        ({"a": 1}, f"a map in place of the list {name} "),
        (7, f"a number in place of the list {name} "),
        ([None], f"a list {name} that has null in place of an item "),
        ([whole, "x"], f"a list {name} that has text in place of an item "),
        ([[]], f"a list {name} that has an empty list in place of an item "),
        *(([{**whole, text: None}], f"an item of {name} that has null in place of {text} ") for text in texts),
        *(([{**whole, text: 7}], f"an item of {name} that has a number in place of {text} ") for text in texts),
    ]
    for value, what in malformed:
        service.answer(ok(**{name: value}))
        with pytest.raises(IndeterminateResultError) as caught:
            ask(client)
        assert what in str(caught.value)
        pauses.clear()
    service.answer(ok())
    with pytest.raises(IndeterminateResultError, match=f"nothing in place of the list {name} "):
        ask(client)
    service.answer(ok(**{name: None}, TotalCount=2))
    with pytest.raises(IndeterminateResultError, match=f"null in place of the list {name}, which has 2 items"):
        ask(client)
    service.answer(ok(**{name: None}))
    assert not ask(client) or ask(client) == ([], "")


@pytest.mark.parametrize("account", [None, "", 7, {}, ["1"]], ids=repr)
def test_an_account_that_is_no_text_is_not_clear(service: Service, client: Client, account: Any) -> None:
    service.answer(ok(AccountId=account))
    with pytest.raises(IndeterminateResultError, match=r"GetCallerIdentity returned .* in place of AccountId"):
        client.account_id()


@pytest.mark.parametrize(
    "code",
    ["AuthFailure.SignatureFailure", "InvalidParameter", "UnsupportedRegion", "Unheard.Of", "ResourceNotFound.X"],
)
def test_any_other_refusal_of_a_question_is_an_error_at_once(
    service: Service, client: Client, pauses: Pauses, code: str
) -> None:
    service.answer(refusal(code))
    with pytest.raises(ApiError, match=code):
        client.describe_training_task("train-1")
    assert (len(service.requests), pauses) == (1, [])


# Answers that are not clear.

INDETERMINATE: dict[str, Answer] = {
    "html": Answer(b"<html><body>502</body></html>", content_type="text/html"),
    "html sent as json": Answer(b"<html><body>502</body></html>"),
    "nothing": Answer(b""),
    "an empty object": Answer(b"{}"),
    "an empty object under another content type": Answer(b"{}", content_type="text/html"),
    "a null response": Answer(b'{"Response": null}'),
    "a text as response": Answer(b'{"Response": "ok"}'),
    "a list": Answer(b"[]"),
    "a number": Answer(b"7"),
    "a null": Answer(b"null"),
    "no utf-8": Answer(b'{"Response": {"Id": "\xff\xfe"}}'),
    "half of an object": Answer(b'{"Response": {"Id": "train-'),
    "an error without a code": Answer(b'{"Response": {"Error": {"Message": "no"}, "RequestId": "r"}}'),
    "an error that is a text": Answer(b'{"Response": {"Error": "no", "RequestId": "r"}}'),
    "a null error": Answer(b'{"Response": {"Error": null, "Id": "train-1", "RequestId": "r"}}'),
    "an error whose code is no text": Answer(
        b'{"Response": {"Error": {"Code": 7, "Message": "no"}, "RequestId": "r"}}'
    ),
    "a number that nobody can read": Answer(b"1" * 5000),
    "more brackets than anybody reads": Answer(b"[" * 100_000),
    "utf-16": Answer(ok(Id="train-1").content.decode().encode("utf-16")),
    "an answer in another envelope": Answer(b'{"Id": "train-1", "RequestId": "r"}'),
    "500": Answer(b"oh", status=500, content_type="text/plain"),
    "502 with an answer": Answer(ok(Id="train-1").content, status=502),
    "403": Answer(b"", status=403),
    "a cut connection": CUT,
    "a connection that is cut in the middle": Answer(b'{"Response": {"Id": "tr', undelivered=100),
}


@pytest.mark.parametrize("answer", INDETERMINATE.values(), ids=INDETERMINATE)
def test_a_create_without_a_clear_answer_may_have_taken_effect_and_is_not_sent_again(
    service: Service, client: Client, pauses: Pauses, answer: Answer
) -> None:
    service.answer(answer)
    with pytest.raises(IndeterminateResultError) as caught:
        client.create_training_task(BODY)
    assert "CreateTrainingTask" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (len(service.requests), pauses) == (1, [])


@pytest.mark.parametrize("task_id", [None, "", 7, {}, [], "train 1", "train-1\n", "训练"], ids=repr)
def test_a_create_without_an_id_is_not_clear(service: Service, client: Client, task_id: Any) -> None:
    service.answer(ok(Id=task_id))
    with pytest.raises(IndeterminateResultError, match="CreateTrainingTask returned no id"):
        client.create_training_task(BODY)
    service.answer(ok())
    with pytest.raises(IndeterminateResultError, match="CreateTrainingTask returned no id"):
        client.create_training_task(BODY)
    assert len(service.requests) == 2


@pytest.mark.parametrize("answer", INDETERMINATE.values(), ids=INDETERMINATE)
def test_a_question_without_a_clear_answer_is_asked_again(
    service: Service, client: Client, pauses: Pauses, answer: Answer
) -> None:
    service.answer(answer, answer, ok(TrainingTaskDetail={"Id": "train-1", "Status": "RUNNING"}))
    assert client.describe_training_task("train-1") == {"Id": "train-1", "Status": "RUNNING"}
    assert len(service.requests) == 3
    assert len(pauses) == 2


@pytest.mark.usefixtures("without_retries")
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.describe_training_task("train-1"),
        lambda client: client.find_training_task("bert"),
        lambda client: list(client.training_tasks({}, {"a": "b"})),
        lambda client: client.account_id(),
    ],
    ids=["describe", "find", "list", "account"],
)
def test_an_answer_without_what_the_action_must_return_is_not_clear(
    service: Service, client: Client, ask: Callable[[Client], Any]
) -> None:
    """Otherwise a task would pass for gone, or its name for free, on the word of a proxy."""
    service.answer(ok())
    with pytest.raises(IndeterminateResultError):
        ask(client)


@pytest.mark.usefixtures("without_retries")
def test_a_question_is_not_asked_for_ever(service: Service, client: Client) -> None:
    service.answer(INDETERMINATE["html"])
    with pytest.raises(IndeterminateResultError, match="DescribeTrainingTask"):
        client.describe_training_task("train-1")


def test_an_answer_that_does_not_come_is_not_clear(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    monkeypatch.setattr(sdk, "_TOTAL_SECONDS", 0.05)
    monkeypatch.setattr(service, "take", lambda _: asked.wait(5) and CUT)
    with pytest.raises(IndeterminateResultError, match=r"CreateTrainingTask got no response from http://127\.0\.0\.1"):
        client.create_training_task(BODY)
    asked.set()


REFUSALS: dict[str, Answer] = {
    "as json with a charset": refusal("InvalidParameter", content_type="application/json; charset=utf-8"),
    "as another kind of json": refusal("InvalidParameter", content_type="text/json"),
    "as html": refusal("InvalidParameter", content_type="text/html"),
    "as nothing": refusal("InvalidParameter", content_type=""),
    "with status 400": Answer(refusal("InvalidParameter").content, status=400),
    "with status 503": Answer(refusal("InvalidParameter").content, status=503),
    "next to other members": Answer(
        b'{"Response": {"Error": {"Code": "InvalidParameter", "Message": "no"}, "RequestId": "r-2", "Id": "train-1"}}'
    ),
    "with a byte order mark": Answer(b"\xef\xbb\xbf" + refusal("InvalidParameter").content),
}


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
def test_an_error_object_is_a_refusal_whatever_it_is_sent_as_and_is_not_sent_again(
    service: Service, client: Client, pauses: Pauses, answer: Answer
) -> None:
    service.answer(answer)
    for call in (client.create_training_task, lambda _: client.describe_training_task("train-1")):
        with pytest.raises(ApiError) as caught:
            call(BODY)
        error = caught.value
        assert (error.code, error.service_message, error.request_id) == ("InvalidParameter", "no", "r-2")
    assert (len(service.requests), pauses) == (2, [])


@pytest.mark.parametrize("member", ["Message", "RequestId"])
@pytest.mark.parametrize("value", [None, 7, {}], ids=repr)
def test_a_refusal_has_a_code_and_whatever_else_it_may_lack(
    service: Service, client: Client, member: str, value: Any
) -> None:
    response: dict[str, Any] = {"Error": {"Code": "InvalidParameter", "Message": "no"}, "RequestId": "r-2"}
    (response if member in response else response["Error"])[member] = value
    service.answer(Answer(json.dumps({"Response": response}).encode()))
    with pytest.raises(ApiError, match="InvalidParameter"):
        client.create_training_task(BODY)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (
            Answer(b"<html>\n  <body>portal\x1b[2J</body></html>", content_type="text/html; charset=utf-8"),
            "HTTP 200, text/html; charset=utf-8, '<html> <body>portal\\\\x1b[2J</body></html>'",
        ),
        (Answer(b"{}"), "HTTP 200, application/json, '{}'"),
        (Answer(b"", content_type=""), "HTTP 200, no content type, empty"),
        (Answer(b"[1, 2]"), "HTTP 200, application/json, '[1, 2]'"),
        (Answer(b"Bad Gateway", status=502, content_type="text/plain"), "HTTP 502, text/plain, 'Bad Gateway'"),
        (Answer(b"x" * 1000, content_type="text/plain"), f"HTTP 200, text/plain, '{'x' * 80} …'"),
        (Answer(b"\xff\xfe", content_type="text/plain"), "HTTP 200, text/plain, '\ufffd\ufffd'"),
        (
            Answer(b"planted-key of planted-1", content_type="text/plain"),
            "HTTP 200, text/plain, '[secret] of [secret]'",
        ),
    ],
    ids=["html", "an empty object", "nothing", "a list", "502", "a long text", "no utf-8", "secrets"],
)
def test_an_answer_that_is_not_the_apis_is_shown_and_a_proxy_named(
    service: Service, client: Client, answer: Answer, shown: str
) -> None:
    service.answer(answer)
    with pytest.raises(IndeterminateResultError) as caught:
        client.create_training_task(Planted(("planted-1",)).body())
    place = f"http://127.0.0.1:{service.port}"
    assert str(caught.value) == (
        f"CreateTrainingTask got a response from {place} that is not the API's ({shown}). It may be that of a proxy"
    )


def test_a_redirect_is_an_answer_that_is_not_the_apis(service: Service, client: Client) -> None:
    service.answer(Answer(b"", status=302, content_type="text/html"))
    with pytest.raises(IndeterminateResultError, match="HTTP 302, text/html, empty"):
        client.create_training_task(BODY)
    assert len(service.requests) == 1


# Texts and numbers that nobody can write.


def test_what_cannot_be_written_as_utf_8_becomes_a_replacement_in_keys_and_values(
    service: Service, client: Client
) -> None:
    # A text that was cut inside a character, by UTF-16 units and by bytes; a surrogate pair is a character.
    content = rb'{"Response": {"TrainingTaskDetail": {"Id": "train-1", "Status": "RUNNING", "FailureReason": "a\ud83d",'
    content += rb'"Message": "\ud83d\ude00", "Tags": [{"TagKey\uDC00": ["\udfff\ud800"]}], "Name": "' + b'\xe5\xad"'
    service.answer(Answer(content + b'}, "RequestId": "r"}}'))
    detail = client.describe_training_task("train-1")
    assert detail == {
        "Id": "train-1",
        "Status": "RUNNING",
        "FailureReason": "a\ufffd",
        "Message": "😀",
        "Tags": [{"TagKey\ufffd": ["\ufffd\ufffd"]}],
    }, "what a program sets is unknown when it is cut"
    json.dumps(detail, ensure_ascii=False).encode()


def test_a_name_in_a_list_that_is_cut_is_nobodys(service: Service, client: Client) -> None:
    items = rb'[{"Id": "train-1", "Status": "x", "Name": "be\ud83d"}, {"Id": "train-2", "Status": "x", "Name": "bert"}]'
    service.answer(Answer(rb'{"Response": {"TrainingTaskSet": ' + items + rb', "TotalCount": 2, "RequestId": "r"}}'))
    assert (client.find_training_task("bert") or {})["Id"] == "train-2"


@pytest.mark.parametrize("shown", [[], [{**task("train-9"), "Name": "gpt"}]], ids=["nothing", "another"])
def test_a_list_that_shows_less_than_it_counts_is_no_proof(
    service: Service, client: Client, shown: list[dict[str, Any]]
) -> None:
    for read in (lambda: client.training_tasks_by_id(["train-1"]), lambda: client.find_training_task("bert")):
        service.answer(*[ok(TrainingTaskSet=shown, TotalCount=2)] * 3)
        with pytest.raises(IndeterminateResultError, match=r"but its TotalCount is 2|were not requested"):
            read()
        service.answers.clear()


def test_a_list_of_tasks_that_were_not_asked_for_is_no_proof(service: Service, client: Client) -> None:
    service.answer(ok(TrainingTaskSet=[task("train-9")], TotalCount=1))
    with pytest.raises(IndeterminateResultError, match="were not requested"):
        client.training_tasks_by_id(["train-1"])


def test_numbers_that_are_none_are_null(service: Service, client: Client) -> None:
    numbers = "NaN, Infinity, -Infinity, 1e999, -1e999, " + "9" * 301 + ", 1.5, 7"
    content = f'{{"Response": {{"TrainingTaskDetail": {{"Id": "train-1", "Status": "RUNNING", "N": [{numbers}]}}}}}}'
    service.answer(Answer(content.encode()))
    assert (client.describe_training_task("train-1") or {})["N"] == [None] * 6 + [1.5, 7]


def test_a_clean_answer_is_not_looked_through(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of a log is long: only one with a lone surrogate pays for finding it."""
    monkeypatch.setattr(responses, "_without_surrogates", lambda _: pytest.fail("looked through"))
    lines = [{"Message": f"step {number} 训练 \\ud \\uz"} for number in range(1000)]
    service.answer(ok(Content=lines, Context=""))
    assert client.logs("run") == (lines, "")


# Outages.


class Outage(Pauses):
    """Sleeps that take no time, and in which an outage goes by."""

    def __init__(self, ends: Callable[[], None], seconds: float = 75) -> None:
        super().__init__()
        self._ends = ends
        self._seconds = seconds

    def __call__(self, seconds: float) -> None:
        super().__call__(seconds)
        if sum(self) >= self._seconds > sum(self[:-1]):
            self._ends()


CHANGES: dict[str, Callable[[Client], Any]] = {
    "stop": lambda client: client.stop_training_task("train-1"),
    "delete": lambda client: client.delete_training_task("train-1"),
    "log delivery": lambda client: client.enable_cls_config("train-1", True, None),
    "tag": lambda client: client.tag_training_task("train-1", "100", {"a": "b"}),
    "untag": lambda client: client.untag_training_task("train-1", "100", ["a"]),
}
QUESTIONS: dict[str, Callable[[Client], Any]] = {
    "describe": lambda client: client.describe_training_task("train-1"),
    "list": lambda client: client.training_tasks_by_id(["train-1"]),
    "account": lambda client: client.account_id(),
}
COMPLETE = ok(TrainingTaskDetail=DETAIL, TrainingTaskSet=[DETAIL], AccountId="100")


@pytest.mark.parametrize("call", [*CHANGES.values(), *QUESTIONS.values()], ids=[*CHANGES, *QUESTIONS])
@pytest.mark.parametrize(
    "answer", [CUT, Answer(b"", status=502), refusal("ServiceUnavailable")], ids=["cut", "502", "503"]
)
def test_an_outage_in_the_middle_of_a_change_is_waited_through(
    service: Service, new_client: Callable[..., Client], call: Callable[[Client], Any], answer: Answer
) -> None:
    service.answer(answer)
    outage = Outage(lambda: service.answer(COMPLETE))
    call(new_client(sleep=outage, retries_outages=True))
    assert 75 <= sum(outage) <= 170


@pytest.mark.parametrize("call", CHANGES.values(), ids=CHANGES)
def test_a_change_to_a_task_waits_through_an_outage_for_every_caller(
    service: Service, new_client: Callable[..., Client], call: Callable[[Client], Any]
) -> None:
    service.answer(CUT)
    call(new_client(sleep=Outage(lambda: service.answer(COMPLETE))))


@pytest.mark.parametrize("call", QUESTIONS.values(), ids=QUESTIONS)
def test_any_other_question_is_asked_for_a_minute(
    service: Service, new_client: Callable[..., Client], call: Callable[[Client], Any]
) -> None:
    service.answer(CUT)
    outage = Outage(lambda: pytest.fail("asked for longer"))
    with pytest.raises(IndeterminateResultError):
        call(new_client(sleep=outage))
    assert sum(outage) >= 40


def test_a_silent_service_does_not_use_up_the_timeout(
    service: Service, new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(sdk, "_READ_TIMEOUT_SECONDS", 0.02)

    def take(_: Request) -> Answer:
        if over.is_set():
            return COMPLETE
        over.wait(10)
        return CUT

    monkeypatch.setattr(service, "take", take)
    new_client(sleep=Outage(over.set)).stop_training_task("train-1")
    over.set()


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.mark.parametrize("call", [*CHANGES.values(), *QUESTIONS.values()], ids=[*CHANGES, *QUESTIONS])
def test_a_service_that_is_unavailable_in_the_middle_of_a_change_is_waited_for(
    new_client: Callable[..., Client], call: Callable[[Client], Any]
) -> None:
    port, shown, service = free_port(), [], Service()  # type: tuple[int, list[str], Service]
    service.answer(COMPLETE)
    with contextlib.ExitStack() as stack:
        outage = Outage(lambda: stack.enter_context(serving(service, port)))
        client = new_client(
            endpoint=f"http://127.0.0.1:{port}", sleep=outage, retries_outages=True, show_status=shown.append
        )
        call(client)
    assert len(service.requests) == 1
    assert all(text.startswith("waiting: the service cannot be reached, retrying for ") for text in shown)
    assert shown
    assert f"http://127.0.0.1:{port} cannot be reached" in shown[-1]


def test_what_is_recorded_of_an_account_is_asked_for_patiently_once_the_service_has_answered(
    new_client: Callable[..., Client],
) -> None:
    port, service = free_port(), Service()
    service.answer(COMPLETE)
    with contextlib.ExitStack() as stack:
        outage = Outage(lambda: stack.enter_context(serving(service, port)))
        client = new_client(endpoint=f"http://127.0.0.1:{port}", sleep=outage, account="100")
        with pytest.raises(RequestNotSentError):  # the address may be wrong
            client.describe_training_task("train-1")
        assert outage == []
        with serving(service, port):
            client.describe_training_task("train-1")
        client.describe_training_task("train-1")
        assert sum(outage) >= 75


@pytest.mark.parametrize(
    "call", [lambda client: client.create_training_task(BODY), lambda client: client.start_training_task("train-1")]
)
def test_no_outage_is_waited_through_to_create_or_start(
    service: Service, new_client: Callable[..., Client], pauses: Pauses, call: Callable[[Client], Any]
) -> None:
    service.answer(CUT)
    with pytest.raises(IndeterminateResultError):
        call(new_client(retries_outages=True, account="100"))
    with pytest.raises(RequestNotSentError):
        call(new_client(endpoint=f"http://127.0.0.1:{free_port()}", retries_outages=True, account="100"))
    assert (len(service.requests), pauses) == (1, [])


# What is sent again.

THROTTLED = sorted(code for code, kind in KIND_OF_CODE.items() if kind is Kind.THROTTLED)


@pytest.mark.parametrize("code", THROTTLED)
def test_a_throttled_create_was_surely_not_accepted_and_is_sent_again(
    service: Service, client: Client, pauses: Pauses, code: str
) -> None:
    service.answer(refusal(code), refusal(code), refusal(code), ok(Id="train-1"))
    assert client.create_training_task(BODY) == "train-1"
    assert [request.body for request in service.requests] == [BODY] * 4
    assert len(pauses) == 3
    assert all(0 <= pause <= 20 for pause in pauses)


@pytest.mark.parametrize("code", sorted(code for code, kind in KIND_OF_CODE.items() if kind is not Kind.THROTTLED))
def test_a_create_that_was_refused_for_another_reason_is_not_sent_again_here(
    service: Service, client: Client, pauses: Pauses, code: str
) -> None:
    service.answer(refusal(code))
    with pytest.raises(ApiError, match=code):
        client.create_training_task(BODY)
    assert (len(service.requests), pauses) == (1, [])


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.describe_training_task("train-1"),
        lambda client: client.stop_training_task("train-1"),
        lambda client: client.delete_training_task("train-1"),
    ],
    ids=["describe", "stop", "delete"],
)
@pytest.mark.parametrize("code", ["RequestLimitExceeded", "InternalError", "InternalError.QueryVPCInfoFailed"])
def test_what_does_no_harm_twice_is_sent_again_after_throttling_and_passing_failures(
    service: Service, client: Client, pauses: Pauses, call: Callable[[Client], Any], code: str
) -> None:
    service.answer(refusal(code), ok(TrainingTaskDetail=DETAIL))
    call(client)
    assert len(service.requests) == 2
    assert len(pauses) == 1


@pytest.mark.parametrize("answer", [CUT, refusal("InternalError")], ids=["cut", "failed"])
def test_a_start_that_may_have_taken_effect_is_not_sent_again(
    service: Service, client: Client, pauses: Pauses, answer: Answer
) -> None:
    service.answer(answer)
    with pytest.raises(TioneError, match="StartTrainingTask"):
        client.start_training_task("train-1")
    assert (len(service.requests), pauses) == (1, [])


@pytest.mark.usefixtures("without_retries")
def test_a_throttled_request_is_not_sent_for_ever_and_ends_with_the_services_own_refusal(
    service: Service, client: Client
) -> None:
    service.answer(refusal("RequestLimitExceeded", "slow down"))
    with pytest.raises(ApiError, match="slow down"):
        client.create_training_task(BODY)
    assert len(service.requests) == 1


def test_a_request_that_waits_because_of_throttling_shows_that(service: Service, pauses: Pauses) -> None:
    shown: list[str] = []
    settings = Settings({**KEYS, "tione:endpoint": f"http://127.0.0.1:{service.port}"}.get, {})
    service.answer(refusal("RequestLimitExceeded"), ok(Id="train-1"))
    Client(settings, "ap-guangzhou", sleep=pauses, show_status=shown.append).create_training_task(BODY)
    (text,) = shown
    assert "CreateTrainingTask" in text
    assert "RequestLimitExceeded" in text


# What was not sent.


def test_a_refused_connection_means_that_nothing_was_sent(pauses: Pauses) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    settings = Settings({**KEYS, "tione:endpoint": f"http://127.0.0.1:{port}"}.get, {})
    calls: tuple[Callable[[Client], Any], ...] = (
        lambda client: client.create_training_task(BODY),
        lambda client: client.describe_training_task("train-1"),
    )
    for call in calls:
        with pytest.raises(RequestNotSentError) as caught:
            call(Client(settings, "ap-guangzhou", sleep=pauses))
        assert f"was not sent: http://127.0.0.1:{port} cannot be reached: " in str(caught.value)
        assert "Connection refused" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert pauses == []


@pytest.mark.parametrize(
    "config", [{"region": "广州"}, {"region": "ap-guangzhou\nX: y"}, {"secretId": "密钥"}], ids=str
)
def test_a_request_that_cannot_even_be_written_was_not_sent(
    service: Service, new_client: Callable[..., Client], config: dict[str, str]
) -> None:
    service.answer(ok(Id="train-1"))
    with pytest.raises((RequestNotSentError, SettingsError)) as caught:
        new_client(**config).create_training_task(BODY)
    assert "密钥" not in str(caught.value)
    assert service.requests == []


def test_without_keys_nothing_is_sent(service: Service, new_client: Callable[..., Client]) -> None:
    with pytest.raises(SettingsError, match="there are no credentials"):
        new_client(secretId="", secretKey="").create_training_task(BODY)
    assert service.requests == []


# Proxies.


@pytest.mark.parametrize("lower", [False, True], ids=["upper case", "lower case"])
@pytest.mark.parametrize("no_proxy", [None, "127.0.0.1,localhost", "localhost, 127.0.0.1", "example.com"])
def test_no_proxy_stands_between_us_and_the_loopback(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch, lower: bool, no_proxy: str | None
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name.lower() if lower else name, DEAD_PROXY)
    if no_proxy is not None:
        monkeypatch.setenv("no_proxy" if lower else "NO_PROXY", no_proxy)
    service.answer(ok(Id="train-1"))
    assert client.create_training_task(BODY) == "train-1"


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_dead_proxy_on_the_way_to_another_host_is_named_by_its_variable_without_its_password(
    new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, DEAD_PROXY)
    with pytest.raises(RequestNotSentError) as caught:
        new_client(endpoint="https://tione.invalid").create_training_task(BODY)
    text = str(caught.value)
    assert "HTTPS_PROXY" in text
    assert "https://tione.invalid" in text
    assert "planted" not in text
    assert "\n" not in text


# Secrets.


@dataclass(frozen=True)
class Planted:
    values: tuple[str, ...]

    def body(self) -> dict[str, Any]:
        envs = [{"Name": f"E{index}", "Value": value, "IsPrivate": True} for index, value in enumerate(self.values)]
        return {**BODY, "Envs": [{"Name": "EPOCHS", "Value": "3"}, *envs]}


@pytest.mark.parametrize(
    "planted",
    [
        Planted(("planted-1",)),
        Planted(('planted "quoted" \\ back',)),
        Planted(("planted-密码",)),
        Planted(('planted-"密码"',)),
        Planted(("planted\nline",)),
        Planted(("abc", "abcplanted")),
        Planted(("planted", "planted-longer")),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "repeat",
    [str, json.dumps, lambda body: json.dumps(body, ensure_ascii=False)],
    ids=["as text", "as json", "as json in utf-8"],
)
def test_the_secrets_of_a_request_are_taken_out_of_a_refusal_that_repeats_it(
    service: Service, client: Client, planted: Planted, repeat: Callable[[Any], str]
) -> None:
    body = planted.body()
    message = "; ".join(env["Value"] for env in body["Envs"]) if repeat is str else repeat(body)
    service.answer(refusal("InvalidParameterValue", f"cannot accept {message}"))
    with pytest.raises(ApiError) as caught:
        client.create_training_task(body)
    text = str(caught.value) + caught.value.service_message + repr(caught.value.args)
    for secret in ("planted", "密码", "\\u5bc6"):
        assert secret not in text
    assert "[secret]" in text
    assert "cannot accept" in text


def test_passwords_and_callback_addresses_are_secrets_of_a_request_too(service: Service, client: Client) -> None:
    body = {
        **BODY,
        "ImageInfo": {"ImageType": "CUSTOM", "ImageSecret": {"Username": "somebody", "Password": "planted-1"}},
        "CallbackUrl": "http://user:planted-2@callback",  # pragma: allowlist secret
    }
    service.answer(refusal("InvalidParameterValue", json.dumps(body)))
    with pytest.raises(ApiError) as caught:
        client.create_training_task(body)
    assert "planted" not in str(caught.value)
    assert "somebody" in str(caught.value)


def test_no_error_holds_a_key(service: Service, new_client: Callable[..., Client]) -> None:
    client = new_client(secretKey="planted-key", securityToken="planted-token")
    for answer in (*INDETERMINATE.values(), refusal("AuthFailure.SignatureFailure")):
        service.answer(answer)
        with pytest.raises(TioneError) as caught:
            client.create_training_task(BODY)
        error: BaseException | None = caught.value
        while error is not None:
            assert "planted" not in f"{error} {error!r}"
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_a_refusal_that_repeats_the_keys_shows_none(service: Service, new_client: Callable[..., Client]) -> None:
    client = new_client(secretKey="planted-key", securityToken="planted-token")
    service.answer(refusal("InvalidParameterValue", "cannot accept planted-token for planted-key"))
    with pytest.raises(ApiError, match=r"cannot accept \[secret\] for \[secret\]"):
        client.create_training_task(BODY)


def test_nothing_that_was_sent_reaches_a_log_at_debug(
    service: Service, new_client: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = new_client(secretKey="planted-key", securityToken="planted-token")
    service.answer(ok(Id="train-1"), refusal("InvalidParameter", "planted-1"), CUT)
    client.create_training_task(Planted(("planted-1",)).body())
    for _ in range(2):
        with pytest.raises(TioneError):
            client.create_training_task(Planted(("planted-1",)).body())
    assert len(service.requests) == 3
    assert [record for record in caplog.records if "tencentcloud" in record.name] == []
    for secret in ("planted", "TC3-HMAC-SHA256", "bert"):
        assert secret not in caplog.text


CONFIGURES_LOGGING_LATE = """
import logging.config, sys
from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
keys = {"tione:secretId": "AKIDexample", "tione:secretKey": "planted-key", "tione:endpoint": sys.argv[1]}
envs = [{"Name": "TOKEN", "Value": "planted-1", "IsPrivate": True}]
client = Client(Settings(keys.get, {}), "ap-guangzhou")
client.create_training_task({"Name": "bert", "Envs": envs})
logging.config.dictConfig({
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"all": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}},
    "root": {"level": "DEBUG", "handlers": ["all"]},
})
print(client.create_training_task({"Name": "bert", "Envs": envs}))
"""


def test_a_program_that_configures_logging_after_a_request_gets_nothing_to_log_either(service: Service) -> None:
    service.answer(ok(Id="train-1"))
    command = [sys.executable, "-c", CONFIGURES_LOGGING_LATE, f"http://127.0.0.1:{service.port}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "train-1" in done.stdout
    assert len(service.requests) == 2
    for secret in ("planted", "TC3-HMAC-SHA256", "bert"):
        assert secret not in done.stdout + done.stderr


# Members of other types.


def test_a_member_of_another_type_is_unknown_and_warned_of_once(
    service: Service, new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_WARNED", set())
    warnings: list[str] = []
    client = new_client()
    monkeypatch.setattr(client, "_warn", warnings.append)
    odd = {"Tags": {"team": "nlp"}, "RuntimeInSeconds": "12", "Thing": 7}
    service.answer(ok(TrainingTaskDetail={**DETAIL, **odd}))
    for _ in range(3):
        assert client.describe_training_task("train-1") == {**DETAIL, "Thing": 7}
    assert warnings == [
        "the service returned Tags, RuntimeInSeconds of a training task with another type than it documents; they are "
        "treated as unknown"
    ]
    service.answer(ok(TrainingTaskSet=[{**DETAIL, **odd}], TotalCount=1))
    assert client.training_tasks_by_id(["train-1"]) == {"train-1": {**DETAIL, "Thing": 7}}


def test_of_a_deleted_task_and_the_one_that_has_its_name_now_the_newest_is_found(
    service: Service, client: Client
) -> None:
    old, new = ({**task(f"train-{hour}"), "CreateTime": f"2025-08-01 1{hour}:00:00"} for hour in (1, 2))
    service.answer(ok(TrainingTaskSet=[old, new], TotalCount=2))
    assert (client.find_training_task("bert") or {})["Id"] == "train-2"


# What new tasks cost.


def test_prices_are_requested_for_numbers_of_nodes_in_a_workspace(service: Service, client: Client) -> None:
    service.answer(ok(SpecsPrice=[{"SpecName": "a", "TotalCost": 100}]))
    assert client.prices([("a", 2), ("b", 1)], "ws-1") == [{"SpecName": "a", "TotalCost": 100}]
    service.answer(ok(Specs=[]))
    client.specs("PREPAID", ti_project_id="ws-1")
    units = [{"SpecName": "a", "SpecCount": 2}, {"SpecName": "b", "SpecCount": 1}]
    bodies = [request.body for request in service.requests]
    assert bodies == [
        {"SpecsParam": units, "TiProjectId": "ws-1"},
        {"ChargeType": "PREPAID", "TaskType": "TRAIN", "TiProjectId": "ws-1"},
    ]


@pytest.mark.parametrize(
    ("config", "is_international"),
    [
        ({}, False),
        ({"tione:domain": "ap-hongkong.tencentcloudapi.com"}, False),
        ({"tione:domain": "intl.tencentcloudapi.com"}, True),
        ({"tione:endpoint": "https://tione.intl.tencentcloudapi.com:443"}, True),
        ({"tione:endpoint": "http://127.0.0.1:9851"}, False),
        ({"tione:endpoint": "https://international.example.com"}, False),
    ],
)
def test_the_international_site_is_known_by_its_address(config: dict[str, str], is_international: bool) -> None:
    assert Client(Settings(config.get, {}), "ap-guangzhou").is_international() == is_international


# An address where nothing listens.


def test_a_refused_connection_names_the_source_of_the_endpoint_and_asks_after_the_emulator(
    new_client: Callable[..., Client],
) -> None:
    with pytest.raises(RequestNotSentError) as caught:
        new_client(endpoint=f"http://127.0.0.1:{free_port()}").account_id()
    assert str(caught.value).endswith(f"Connection refused (endpoint from tione:endpoint). {sdk.EMULATOR_HINT}")


def test_the_emulator_is_only_asked_after_on_this_machine() -> None:
    config = {"tione:endpoint": "https://tione.invalid"}
    client = Client(Settings({**KEYS, **config}.get, {}), "ap-guangzhou", sleep=lambda _: None)
    with pytest.raises(RequestNotSentError) as caught:
        client.account_id()
    assert "(endpoint from tione:endpoint)" in str(caught.value)
    assert sdk.EMULATOR_HINT not in str(caught.value)


def test_messages_are_requested_in_the_configured_language(service: Service, new_client: Callable[..., Client]) -> None:
    for language in ("zh-CN", "en-US"):
        service.answer(ok(AccountId="100"))
        new_client(language=language).account_id()
        assert service.requests[-1].headers["X-TC-Language"] == language


# Pages that stay the same while tasks are created.

TASK_LISTS: dict[str, Callable[[Client], Any]] = {
    "tasks": lambda client: [*client.training_tasks({}, {"team": "nlp"})],
    "a name": lambda client: client.training_tasks_with_name("bert"),
    "ids": lambda client: [*client.training_tasks_by_id([f"train-{number}" for number in range(1, 5)]).values()],
}


@pytest.mark.parametrize("name", TASK_LISTS)
def test_tasks_are_listed_in_the_order_of_their_creation_on_every_page_and_each_once(
    service: Service, client: Client, name: str
) -> None:
    tasks = [{**DETAIL, "Id": f"train-{number}"} for number in range(1, 5)]
    pages = (tasks[:2], tasks[1:3], tasks[3:])  # a task that was created meanwhile moves the others
    if name == "tasks":
        service.answer(*(ok(TrainingTaskSet=page, TotalCount=5) for page in pages))
    else:
        service.answer(*(ok(TrainingTaskSet=page, TotalCount=4) for page in (tasks[:2], tasks[2:])))
    assert [task["Id"] for task in TASK_LISTS[name](client)] == [task["Id"] for task in tasks]
    assert len(service.requests) > 1
    assert {request.body["OrderField"] for request in service.requests} == {"CreateTime"}
