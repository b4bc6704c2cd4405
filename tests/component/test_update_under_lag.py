"""Updates of a real stack's life, against a local TI-ONE whose reads lag and whose answers get lost: what a preview
announces is what happens, and what the state records is what is there."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pulumi_tione import provider
from pulumi_tione._pulumi import log
from pulumi_tione._schema.identity import RESERVED_LABELS, UNCONFIRMED
from pulumi_tione.call_context import CallContext
from pulumi_tione.emulator import Calls, Emulator, Lag
from pulumi_tione.lifecycle import existence
from pulumi_tione.lifecycle.update import PartialUpdateError

Json = dict[str, Any]
OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
PROGRAM: Json = {
    "chargeType": "POSTPAID_BY_HOUR",
    "frameworkName": "PYTORCH",
    "frameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
    "trainingMode": "DDP",
    "startCmdInfo": {"workerStartCmd": "exit 3"},
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1}],
    "owner": OWNER,
}
A_RUN = 10
"""More seconds than a run of the local TI-ONE takes."""


class Stack:
    """What the engine does with one task, and what its state holds. Time passes only in pauses."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.now = 0.0
        self.warnings: list[str] = []
        self.inputs: Json = {}
        self.outputs: Json = {}
        self.id = ""
        self.has_failed = False
        self.provider = provider.TrainingTaskProvider()

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.emulator.advance(seconds)

    def clock(self) -> float:
        return self.now

    def create(self, **program: Any) -> None:
        self.inputs = self._checked({}, program)
        created = self.provider.create(dict(self.inputs))
        self.id, self.outputs = created.id, dict(created.outs or {})

    def _checked(self, olds: Mapping[str, Any], program: Mapping[str, Any]) -> Json:
        checked = self.provider.check(dict(olds), {**PROGRAM, **program})
        assert checked.failures == []
        return dict(checked.inputs)

    def has_announced_a_run(self) -> bool:
        """Whether the last preview, or the one in the last update, showed that the task is started again."""
        return any("billed again" in warning for warning in self.warnings)

    def preview(self, **program: Any) -> tuple[Json, bool]:
        """The inputs that check computes, and whether anything would change."""
        self.warnings.clear()
        inputs = self._checked(self.inputs, program)
        difference = self.provider.diff(self.id, dict(self.outputs), dict(inputs))
        assert difference.replaces == []
        is_changed = difference.changes or (difference.changes is None and inputs != self.inputs)
        return inputs, is_changed

    def up(self, **program: Any) -> bool:
        """Update the task as the program declares, and return whether that succeeded."""
        inputs, is_changed = self.preview(**program)
        if is_changed or self.has_failed:
            try:
                self.outputs = dict(self.provider.update(self.id, dict(self.outputs), _with_blob(inputs)).outs or {})
                self.has_failed = False
            except PartialUpdateError as error:
                self.outputs, self.has_failed = dict(error.outputs), True
        self.inputs = inputs
        return not self.has_failed

    def refresh(self) -> None:
        now = self.provider.read(self.id, dict(self.outputs))
        assert now.id == self.id
        self.outputs, self.inputs, self.has_failed = dict(now.outs or {}), dict(now.inputs or {}), False

    @property
    def task(self) -> Json:
        (task,) = self.emulator.tasks()
        return task

    @property
    def runs(self) -> int:
        return len(self.task["Runs"])

    @property
    def tags(self) -> dict[str, str]:
        tags = {tag["TagKey"]: tag["TagValue"] for tag in self.task["Tags"]}
        return {key: value for key, value in tags.items() if not key.startswith("qcs:") and key not in RESERVED_LABELS}


def _with_blob(inputs: Json) -> Json:
    return {**inputs, "__provider": "blob"}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack with one task, which ends FAILED."""
    with Emulator(manual_clock=True, requests_a_second=None) as emulator:
        emulator.plan_runs(outcome="FAILED")
        for name, value in {**emulator.environment, "TENCENTCLOUD_REGION": "ap-guangzhou"}.items():
            monkeypatch.setenv(name, value)
        stack = Stack(emulator)
        monkeypatch.setattr(
            provider, "CallContext", functools.partial(CallContext, pause=stack.sleep, clock=stack.clock)
        )
        monkeypatch.setattr(log, "warn", lambda message, _urn: stack.warnings.append(message))
        monkeypatch.setattr(existence.STATUSES, "_sleep", lambda _: None)
        yield stack


def _named(lag: Lag) -> str:
    return "-".join(f"{kind}-{delay}" for kind, delay in lag.to_json().items() if delay) or "none"


LAGS = [
    *(pytest.param(lag, id=_named(lag)) for lag in (Lag(), Lag(lists=30.0, details=30.0, tags=30.0))),
    *(
        pytest.param(lag, id=_named(lag), marks=pytest.mark.exhaustive)
        for lag in (
            Lag(lists=10.0, details=3.0, tags=20.0),
            Lag(details=30.0),
            Lag(lists=Calls(2), details=Calls(3)),
        )
    ),
]
"""How far reads lag."""

_long = functools.partial(pytest.param, marks=pytest.mark.exhaustive)


FAULTS: dict[str, Json | None] = {
    "no trouble": None,
    "answer lost": {"connection": "close"},
    "request lost": {"connection": "close", "effect": False},
    "HTTP 502": {"status": 502},
    "refused": {"code": "OperationDenied.ResourceGroupInsufficient"},
    "refused as active": {"code": "InternalError.NotAllow"},
}


@pytest.mark.parametrize("pause", [_long(0), A_RUN])
@pytest.mark.parametrize("refreshes", [False, _long(True)])
@pytest.mark.parametrize("trouble", FAULTS)
@pytest.mark.parametrize("lag", LAGS)
def test_each_failure_is_followed_by_one_run_which_was_announced(
    stack: Stack, lag: Lag, trouble: str, refreshes: bool, pause: int
) -> None:
    allowed = 2
    stack.create(rerunOnFailure=allowed)
    stack.sleep(A_RUN)
    stack.emulator.set_lag(lag)
    stack.sleep(31)
    fault = FAULTS[trouble]
    if fault is not None:
        stack.emulator.faults.add("StartTrainingTask", **fault)
    for _ in range(4 * allowed + 4):
        if refreshes:
            stack.refresh()
        before = stack.runs
        succeeded = stack.up(rerunOnFailure=allowed)
        is_announced = stack.has_announced_a_run()
        started = stack.runs - before
        assert started <= (1 if is_announced else 0)
        shown = [warning for warning in stack.warnings if "was not started again" in warning]
        assert started or shown or not (is_announced and succeeded)
        stack.sleep(pause)
    for _ in range(3 * allowed):  # a lag by calls needs some
        stack.sleep(31 + A_RUN)
        assert stack.up(rerunOnFailure=allowed)
    assert stack.runs == 1 + allowed
    assert UNCONFIRMED not in stack.outputs
    assert not stack.preview(rerunOnFailure=allowed)[1]


@pytest.mark.parametrize("lag", LAGS)
def test_a_rerun_is_recorded_with_its_run_and_no_other_is_announced_while_it_runs(stack: Stack, lag: Lag) -> None:
    stack.create(rerunOnFailure=2)
    stack.sleep(A_RUN + 31)
    stack.emulator.plan_runs(running_seconds=36000)
    stack.emulator.set_lag(lag)
    stack.sleep(31)
    assert stack.up(rerunOnFailure=2)
    assert stack.has_announced_a_run()
    assert stack.outputs["latestInstanceId"] == stack.task["LatestInstanceId"]
    assert stack.outputs["status"] != "FAILED"
    for _ in range(4):
        assert not stack.preview(rerunOnFailure=2)[1]
        assert not stack.has_announced_a_run()
        stack.sleep(10)


@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("recorded", ["", "another"])
def test_the_run_that_is_recorded_decides_nothing(stack: Stack, lag: Lag, recorded: str) -> None:
    stack.create(rerunOnFailure=1)
    stack.sleep(A_RUN + 31)
    stack.outputs["latestInstanceId"] = recorded
    stack.emulator.set_lag(lag)
    stack.sleep(31)
    assert stack.up(rerunOnFailure=1)
    assert stack.has_announced_a_run()
    assert stack.runs == 2


FIRST = {"team": "nlp", "stage": "dev", **{f"a{number:02}": "1" for number in range(12)}}
SECOND = {"team": "cv", "Stage": "dev", **{f"b{number:02}": "2" for number in range(12)}, "a00": "9"}

TAG_FAULTS: dict[str, Json | None] = {
    "no trouble": None,
    "refused": {"code": "UnauthorizedOperation"},
    "one resource failed": {
        "effect": False,
        "members": {"FailedResources": [{"Resource": "r", "Code": "UnauthorizedOperation", "Message": "no"}]},
    },
    "failed, but bound": {
        "effect": True,
        "members": {"FailedResources": [{"Resource": "r", "Code": "FailedOperation", "Message": "perhaps"}]},
    },
}


@pytest.mark.parametrize("goes_on", [False, _long(True)])
@pytest.mark.parametrize("refreshes", [False, _long(True)])
@pytest.mark.parametrize("action", ["TagResources", "UnTagResources"])
@pytest.mark.parametrize("trouble", TAG_FAULTS)
@pytest.mark.parametrize("lag", LAGS)
def test_tags_are_those_of_the_program_after_a_change_that_failed_half_way(
    stack: Stack, lag: Lag, trouble: str, action: str, refreshes: bool, goes_on: bool
) -> None:
    stack.create(tags=FIRST)
    stack.sleep(31)
    stack.emulator.set_lag(lag)
    stack.sleep(31)
    fault = TAG_FAULTS[trouble]
    if fault is not None:
        stack.emulator.faults.add(action, first=2, **fault)
    succeeded = stack.up(tags=SECOND)
    assert succeeded == (fault is None)
    assert "team" in stack.tags
    assert stack.outputs["tags"] == stack.tags
    if refreshes:
        stack.sleep(31)
        stack.refresh()
        assert stack.outputs["tags"] == stack.tags
    program = SECOND if goes_on else FIRST
    assert stack.up(tags=program)
    assert stack.tags == program
    assert stack.outputs["tags"] == program
    stack.sleep(31)
    assert not stack.preview(tags=program)[1]
    assert stack.runs == 1
