"""How requests are sent: which may be repeated, how long they are retried, and how lists are paged.

Over real HTTP, the same is in `tests/component/test_client.py`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from fake_api import no_answer, refusal

from pulumi_tione._api import transport as module
from pulumi_tione._api.client import Client
from pulumi_tione._api.credentials import ResolvedCredentials
from pulumi_tione._api.protocols import PAGE_SIZE
from pulumi_tione._api.rate_limit import MAX_REQUESTS_PER_SECOND, RateLimiter
from pulumi_tione._api.transport import Transport
from pulumi_tione._config.settings import Settings
from pulumi_tione._config.sources import Credentials
from pulumi_tione.call_context import CallContext, CallEndedError, handling
from pulumi_tione.errors import Idempotency, TioneError

TIONE = ("tione", "2021-11-11")


class FakeSdkClient:
    """Sends nothing: responds with an error, or with an empty response, and notes how it was called."""

    clock_offset = timedelta(0)
    has_sent = True

    def __init__(self) -> None:
        self.error: TioneError | None = None
        self.sent: list[tuple[str, bool]] = []
        self.while_sending: Callable[[], object] = lambda: None

    def __call__(self, *_: object) -> FakeSdkClient:
        return self

    def send(
        self, action: str, body: Mapping[str, Any], credentials: Credentials, *, is_repeatable: bool = True
    ) -> dict[str, Any]:
        self.sent.append((action, is_repeatable))
        self.while_sending()
        if self.error is not None:
            raise self.error
        return {"Id": "train-1", "RequestId": "r-1"}


@pytest.fixture
def sdk_client(monkeypatch: pytest.MonkeyPatch) -> FakeSdkClient:
    fake = FakeSdkClient()
    monkeypatch.setattr(module, "SdkClient", fake)
    return fake


def transport(pauses: list[float], limiter: Any = None, **options: Any) -> Transport:
    resolved = ResolvedCredentials(Credentials("id", "key"), "the environment")
    resolver = types.SimpleNamespace(current=lambda _: resolved)
    settings = Settings(lambda _: None, {})
    shown: list[str] = []
    return Transport(
        settings,
        "ap-guangzhou",
        pauses.append,
        shown.append,
        shown.append,
        rate_limiter=limiter or types.SimpleNamespace(wait=lambda *_: None),  # type: ignore[arg-type]
        resolver=resolver,  # type: ignore[arg-type]
        **options,
    )


@pytest.mark.parametrize(
    ("idempotency", "is_repeatable"),
    [(Idempotency.UNSAFE, False), (Idempotency.IDEMPOTENT, True), (Idempotency.READ_ONLY, True)],
)
def test_only_the_answer_to_a_request_that_can_be_repeated_is_not_waited_for_to_the_end(
    sdk_client: FakeSdkClient, idempotency: Idempotency, is_repeatable: bool
) -> None:
    transport([]).call(TIONE, "Action", {}, idempotency, lambda _, response: response)
    assert sdk_client.sent == [("Action", is_repeatable)]


def test_a_create_without_an_answer_is_sent_once(sdk_client: FakeSdkClient) -> None:
    sdk_client.error = no_answer("CreateTrainingTask")
    pauses: list[float] = []
    with pytest.raises(TioneError):
        transport(pauses).call(TIONE, "CreateTrainingTask", {}, Idempotency.UNSAFE, lambda _, response: response)
    assert len(sdk_client.sent) == 1
    assert pauses == []


@pytest.mark.parametrize(
    ("idempotency", "error", "timeout"),
    [
        (Idempotency.READ_ONLY, no_answer("Action"), 60),
        (Idempotency.IDEMPOTENT, no_answer("Action"), 150),
        (Idempotency.UNSAFE, refusal("RequestLimitExceeded"), 300),
        (Idempotency.READ_ONLY, refusal("RequestLimitExceeded"), 300),
    ],
)
def test_the_pauses_between_attempts_never_last_longer_than_the_timeout(
    sdk_client: FakeSdkClient, idempotency: Idempotency, error: TioneError, timeout: float
) -> None:
    sdk_client.error = error
    longest = 0.0
    for _ in range(20):
        pauses: list[float] = []
        with pytest.raises(TioneError):
            transport(pauses).call(TIONE, "Action", {}, idempotency, lambda _, response: response)
        assert sum(pauses) <= timeout
        longest = max(longest, sum(pauses))
    assert longest > timeout - 25


@pytest.mark.parametrize(
    ("error", "longest"), [(refusal("RequestLimitExceeded"), 4), (no_answer("Action"), 20)], ids=["throttled", "failed"]
)
def test_a_request_that_is_throttled_is_sent_again_soon(
    sdk_client: FakeSdkClient, error: TioneError, longest: float
) -> None:
    """The limits are per second: during a longer pause others use them up."""
    sdk_client.error = error
    pauses: list[float] = []
    for _ in range(20):
        with pytest.raises(TioneError):
            transport(pauses).call(TIONE, "Action", {}, Idempotency.IDEMPOTENT, lambda _, response: response)
    assert longest * 0.8 < max(pauses) <= longest


def test_the_pauses_between_attempts_are_random_and_the_longest_double_from_half_a_second(
    sdk_client: FakeSdkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortest: list[float] = []

    def uniform(low: float, high: float) -> float:
        shortest.append(low)
        return high

    monkeypatch.setattr(module.tenacity.wait.random, "uniform", uniform)  # type: ignore[attr-defined]
    sdk_client.error = no_answer("Action")
    pauses: list[float] = []
    with pytest.raises(TioneError):
        transport(pauses).call(TIONE, "Action", {}, Idempotency.READ_ONLY, lambda _, response: response)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 20]
    assert {*shortest} == {0}


def test_a_cancelled_create_is_not_sent_any_more_and_one_that_was_sent_gets_its_answer(
    sdk_client: FakeSdkClient,
) -> None:
    limiter = RateLimiter(clock=lambda: 5000.0)
    context = CallContext()
    sdk_client.while_sending = context.cancelled.set

    def create() -> object:
        sending = transport([], limiter)
        return sending.call(TIONE, "CreateTrainingTask", {}, Idempotency.UNSAFE, lambda _, response: response["Id"])

    with handling(context):
        for sent in range(1, MAX_REQUESTS_PER_SECOND + 1):
            assert create() == "train-1"
            assert len(sdk_client.sent) == sent
        with pytest.raises(CallEndedError, match=r"^cancelled$"):
            create()
    assert len(sdk_client.sent) == MAX_REQUESTS_PER_SECOND


class GrowingList:
    """Sends the requests of a client for a list of tasks that grows while it is read."""

    def __init__(self, count: int) -> None:
        self.tasks = [f"train-{number}" for number in range(count)]
        self.offsets: list[int] = []

    def call(self, _service: object, action: str, body: Mapping[str, Any], _: object, read: Any, *_more: Any) -> Any:
        offset = int(body.get("Offset", 0))
        self.offsets.append(offset)
        shown = [{"Id": task, "Name": task, "Status": "RUNNING"} for task in self.tasks[offset : offset + PAGE_SIZE]]
        response = {"TrainingTaskSet": shown, "TotalCount": len(self.tasks)}
        if len(self.offsets) == 1:
            self.tasks.insert(0, "train-new")
        return read(action, response)


def test_a_task_that_is_created_while_a_list_is_read_moves_others_and_none_is_missed_or_repeated() -> None:
    growing = GrowingList(2 * PAGE_SIZE)
    client = Client(Settings(lambda _: None, {}), "ap-guangzhou")
    vars(client)["_transport"] = growing
    listed: Iterator[dict[str, Any]] = client.training_tasks({}, {})
    assert [item["Id"] for item in listed] == [f"train-{number}" for number in range(2 * PAGE_SIZE)]
    assert growing.offsets == [0, PAGE_SIZE, 2 * PAGE_SIZE]
