"""The line about costs on a task's row, and what limits refuse.

The sum of a stack is in `test_stack_costs.py`, the price of a task in `test_task_price.py`, the calls for prices in
`test_price_list.py`; many checks at once are in `tests/boundary/test_costs.py`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from price_service import PriceService

from pulumi_tione._config.settings import CostLimit, Settings
from pulumi_tione._pulumi.unknown import UNKNOWN
from pulumi_tione.call_context import CallContext
from pulumi_tione.errors import ApiError, TaskError
from pulumi_tione.lifecycle import cost_limits
from pulumi_tione.lifecycle.check import Checked
from pulumi_tione.lifecycle.cost_limits import LOCATION_UNKNOWN, CostOptions, Costs, Subject
from pulumi_tione.lifecycle.diff import Difference
from pulumi_tione.lifecycle.messages import start_refused
from pulumi_tione.lifecycle.names import is_location_known
from pulumi_tione.pricing import messages
from pulumi_tione.pricing.amounts import Currency
from pulumi_tione.pricing.announcements import announced_tasks
from pulumi_tione.pricing.messages import NO_CHARGE
from pulumi_tione.pricing.price_list import PriceList

UNCHANGED = Difference((), ())
REPLACED = Difference(("resourceConfigInfos",), ())
IN_PLACE = Difference((), ("tags",))
ONLY_TI_A = ("TI.A",), "tione:allowedInstanceTypes"


def limit(amount: str, name: str = "maxHourlyCost") -> CostLimit:
    return CostLimit(Decimal(amount), f"tione:{name}")


def task(count: Any = 1, spec: Any = "TI.B", **more: Any) -> dict[str, Any]:
    nodes = [{"role": "WORKER", "instanceType": spec, "instanceNum": count}]
    return {"chargeType": "POSTPAID_BY_HOUR", "resourceConfigInfos": nodes, "region": "ap-guangzhou", **more}


class Stack:
    """The tasks of a stack, checked and compared as the engine has them checked and compared."""

    def __init__(self, *, currency: Currency = "CNY", service: PriceService | None = None, **options: Any) -> None:
        self.service = service or PriceService()
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.statuses: dict[str, str] = {}
        self.looked_up: list[str] = []
        self.owner: dict[str, Any] = {}
        self.price_lists: dict[str, PriceList] = {}
        self._recorded: dict[str, Any] = {}
        self.costs = Costs(CostOptions(**options), self._price_list_of, self._status, currency)

    def _price_list_of(self, inputs: Mapping[str, Any]) -> PriceList:
        assert is_location_known(inputs)
        return self.price_lists.setdefault(inputs.get("region", "ap-guangzhou"), PriceList(self.service))

    def _status(self, task_id: str, outputs: Mapping[str, Any], owner: object) -> str:
        assert outputs is self._recorded[task_id]
        assert owner is self.owner
        self.looked_up.append(task_id)
        return self.statuses.get(task_id, "RUNNING")

    def _subject(self, name: str) -> Subject:
        context = CallContext(
            note=lambda text: self.notes.append(f"{name}: {text}"),
            warn=lambda text: self.warnings.append(f"{name}: {text}"),
        )
        return Subject(f"urn::{name}", name, context, self.owner)

    def start(self, name: str, inputs: dict[str, Any]) -> list[str]:
        """Check a task without old inputs, and return why it is refused."""
        checked = Checked(inputs)
        self.costs.check(self._subject(name), {}, checked)
        self.warnings += checked.warnings
        return checked.reasons

    def existing(self, name: str, olds: dict[str, Any], news: dict[str, Any], difference: Difference) -> None:
        """Check and compare a task that exists."""
        checked = Checked(news)
        self.costs.check(self._subject(name), olds, checked)
        assert checked.reasons == []
        self.compare(name, olds, news, difference)

    def compare(self, name: str, olds: dict[str, Any], news: dict[str, Any], difference: Difference) -> None:
        self._recorded[f"train-{name}"] = olds
        self.costs.compare(self._subject(name), f"train-{name}", olds, news, difference)


def test_the_settings_define_the_prices_and_limits() -> None:
    assert CostOptions.of(Settings(lambda _: None, {})) == CostOptions()
    config = {
        "estimateCost": "true",
        "maxHourlyCost": "50",
        "maxStackHourlyCost": "90",
        "allowedInstanceTypes": "TI.A",
        "unknownPrice": "refuse",
    }
    settings = Settings({f"tione:{name}": value for name, value in config.items()}.get, {})
    assert CostOptions.of(settings) == CostOptions(
        estimates=True,
        task_limit=limit("50"),
        stack_limit=limit("90", "maxStackHourlyCost"),
        allowed_types=ONLY_TI_A,
        refuses_unknown=True,
    )


@pytest.mark.parametrize("name", ["estimateCost", "maxHourlyCost", "maxStackHourlyCost", "unknownPrice"])
def test_a_setting_that_check_refuses_leaves_the_others(name: str) -> None:
    config = {"tione:estimateCost": "true", "tione:maxHourlyCost": "50", f"tione:{name}": "!"}
    options = CostOptions.of(Settings(config.get, {}))
    assert (options.estimates, options.task_limit) == (
        name != "estimateCost",
        None if name == "maxHourlyCost" else limit("50"),
    )
    assert (options.stack_limit, options.refuses_unknown) == (None, False)


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        (task(2), "¥42.00 an hour"),
        (
            task(2, resourceSupplyAttribute={"supplyType": "SPOT"}),
            "≤ ¥42.00 an hour (a maximum: SPOT nodes",
        ),
        (
            task(2, resourceSupplyAttribute={"supplyType": "TIDE"}),
            "≤ ¥42.00 an hour (a maximum: TIDE nodes",
        ),
        ({"chargeType": "PREPAID", "resourceConfigInfos": [{"cpu": 1000}]}, NO_CHARGE),
        (task(2, "TI.Z"), "price unknown: 2 × TI.Z: TI.Z is not among the specs of this region"),
        (task(UNKNOWN), "price unknown: the nodes are not known yet"),
        (task(1, region=UNKNOWN), f"price unknown: {LOCATION_UNKNOWN}"),
        (task(1, tiProjectId=UNKNOWN), f"price unknown: {LOCATION_UNKNOWN}"),
        (task(1, dataConfigs=[{"cbsSource": {"volumeSizeInGb": 100}}]), "¥22.00 an hour"),
    ],
)
def test_the_row_of_a_new_task_shows_what_it_costs(inputs: dict[str, Any], line: str) -> None:
    stack = Stack(estimates=True)
    assert stack.start("bert", inputs) == []
    assert len(stack.notes) == 1
    assert stack.notes[0].startswith(f"bert: {line}")
    assert stack.warnings == []


def test_a_discount_is_shown_with_the_list_price_and_the_international_site_bills_in_dollars() -> None:
    stack = Stack(estimates=True, currency="USD", service=PriceService(discount=0.8))
    stack.start("bert", task(2))
    assert stack.notes == ["bert: US$33.60 an hour (list price US$42.00)"]


def test_without_the_setting_nothing_is_asked_or_shown() -> None:
    stack = Stack()
    stack.start("bert", task(2))
    stack.existing("eval", task(1), task(2), REPLACED)
    assert (stack.notes, stack.service.asked, stack.looked_up) == ([], [], [])


@pytest.mark.parametrize(
    ("status", "difference", "olds", "news", "line"),
    [
        ("RUNNING", REPLACED, task(2), task(4), "¥42.00 → ¥84.00 an hour"),
        ("SUCCEED", REPLACED, task(2), task(4), "¥0.00 → ¥84.00 an hour"),
        ("RUNNING", REPLACED, task(2), task(2), "¥42.00 an hour"),
        ("RUNNING", IN_PLACE, task(2), task(2), "¥42.00 an hour"),
        ("SUCCEED", IN_PLACE, task(2), task(2), "¥0.00 an hour"),
        ("RUNNING", IN_PLACE, task(2), task(2, desiredStatus="STOPPED"), "¥42.00 → ¥0.00 an hour"),
        (
            "STOPPED",
            IN_PLACE,
            task(2, desiredStatus="STOPPED"),
            task(2, desiredStatus="RUNNING"),
            "¥0.00 → ¥42.00 an hour",
        ),
        ("FAILED", IN_PLACE, task(2, run=1), task(2, run=2), "¥0.00 → ¥42.00 an hour"),
        ("FAILED", IN_PLACE, task(2, run=2), task(2, run=2), "¥0.00 an hour"),
        (
            "SUCCEED",
            IN_PLACE,
            task(2, desiredStatus="RUNNING"),
            task(2, desiredStatus="RUNNING"),
            "¥0.00 an hour",
        ),
        (
            "RUNNING",
            IN_PLACE,
            task(2, desiredStatus="STOPPED"),
            task(2, desiredStatus="STOPPED"),
            "¥42.00 an hour",
        ),
        ("RUNNING", REPLACED, task(2), task(2, region=UNKNOWN), f"¥42.00 an hour → price unknown: {LOCATION_UNKNOWN}"),
        ("RUNNING", REPLACED, task(2), {"chargeType": "PREPAID"}, f"¥42.00 an hour → {NO_CHARGE}"),
        ("RUNNING", REPLACED, task(2), task(UNKNOWN), "¥42.00 an hour → price unknown: the nodes are not known yet"),
    ],
)
def test_the_row_of_a_changed_task_shows_what_it_cost_and_what_it_will_cost(
    status: str, difference: Difference, olds: dict[str, Any], news: dict[str, Any], line: str
) -> None:
    stack = Stack(estimates=True)
    stack.statuses["train-bert"] = status
    stack.existing("bert", olds, news, difference)
    assert stack.notes == [f"bert: {line}"]


def test_a_replacement_is_checked_twice_and_shown_once() -> None:
    stack = Stack(estimates=True)
    stack.existing("bert", task(2), task(4), REPLACED)
    assert stack.start("bert", task(4)) == []
    assert stack.notes == ["bert: ¥42.00 → ¥84.00 an hour"]
    assert stack.service.asked == [[("TI.B", 2), ("TI.B", 4)]]


def test_an_unchanged_task_has_no_line_and_nothing_is_asked_for_it() -> None:
    stack = Stack(estimates=True, task_limit=limit("1"))
    stack.existing("bert", task(2), task(2), UNCHANGED)
    assert (stack.notes, stack.service.asked, stack.looked_up) == ([], [], [])


def test_a_comparison_without_a_check_as_in_a_refresh_asks_and_refuses_nothing() -> None:
    stack = Stack(estimates=True, task_limit=limit("1"), stack_limit=limit("1"))
    stack.compare("bert", task(2), task(4), IN_PLACE)
    assert (stack.notes, stack.service.asked, stack.looked_up) == ([], [], [])


def test_a_task_that_costs_more_than_a_task_may_is_refused_with_the_figures_at_its_nodes() -> None:
    stack = Stack(task_limit=limit("50"))
    assert stack.start("small", task(2)) == []
    (refusal,) = stack.start("bert", task(4))
    assert refusal.startswith(
        "resource_config_infos: the task would cost ¥84.00 an hour (4 × TI.B: ¥84.00), more than tione:maxHourlyCost "
        "allows (¥50.00)"
    )
    assert stack.notes == []


@pytest.mark.parametrize(("amount", "is_refused"), [("42", False), ("41.99", True)])
def test_a_limit_itself_is_allowed(amount: str, is_refused: bool) -> None:
    assert bool(Stack(task_limit=limit(amount)).start("bert", task(2))) == is_refused
    assert bool(Stack(stack_limit=limit(amount)).start("bert", task(2))) == is_refused


def test_a_task_that_runs_already_is_not_refused() -> None:
    stack = Stack(
        task_limit=limit("1"), stack_limit=limit("1"), allowed_types=(("TI.A",), "tione:allowedInstanceTypes")
    )
    stack.existing("bert", task(2), task(2), UNCHANGED)
    stack.existing("eval", task(2), task(2, tags={"a": "b"}), IN_PLACE)


def test_the_sum_of_a_stack_counts_each_task_once_and_names_the_one_that_crosses_the_line() -> None:
    stack = Stack(stack_limit=limit("100", "maxStackHourlyCost"))
    for _ in range(3):
        assert stack.start("a", task(2)) == []
    assert stack.start("b", task(1)) == []
    assert stack.start("c", task(1, "TI.A")) == []
    assert stack.start("group", {"chargeType": "PREPAID", "resourceConfigInfos": []}) == []
    (refusal,) = stack.start("d", task(2))
    assert refusal.startswith(
        "resource_config_infos: with d (¥42.00 an hour) the tasks of the stack would cost ¥105.70 an hour, more than "
        "tione:maxStackHourlyCost allows (¥100.00). Counted so far: ¥63.70 for 4 tasks. The largest: a ¥42.00, "
        "d ¥42.00, b ¥21.00."
    )
    assert stack.start("e", task(1)) == []


def test_tasks_that_are_checked_at_once_do_not_exceed_the_limit_together() -> None:
    stack = Stack(stack_limit=limit("50"))
    start = threading.Barrier(4)

    def is_refused(number: int) -> bool:
        start.wait()
        return bool(stack.start(f"t{number}", task(1)))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(is_refused, range(4))) >= 2


def test_a_replaced_task_counts_with_its_new_price_alone() -> None:
    stack = Stack(stack_limit=limit("84"))
    stack.existing("bert", task(3), task(4), REPLACED)
    assert stack.service.asked == [[("TI.B", 4)]]
    assert stack.start("bert", task(4)) == []
    assert stack.start("new", task(1, "TI.A")) != []


def test_a_start_does_not_wait_for_the_check_of_a_replacement() -> None:
    stack = Stack(stack_limit=limit("50"))
    stack.existing("bert", task(2), task(2), REPLACED)
    begin = time.monotonic()
    assert stack.start("new", task(1)) == []
    assert time.monotonic() - begin < 5


def test_each_task_that_retain_on_delete_keeps_counts() -> None:
    stack = Stack(stack_limit=limit("100"))
    stack.owner = {"retainOnDelete": True}
    for name in ("a", "b"):
        stack.existing(name, task(2), task(1), REPLACED)
    (refusal,) = stack.start("a", task(1))
    assert "a (kept by retain_on_delete) ¥42.00" in refusal
    assert "b (kept by retain_on_delete) ¥42.00" in refusal


@pytest.mark.parametrize(("status", "is_refused"), [("RUNNING", True), ("SUCCEED", False)])
def test_a_task_that_retain_on_delete_keeps_counts_next_to_its_replacement(status: str, is_refused: bool) -> None:
    stack = Stack(stack_limit=limit("100"))
    stack.owner = {"retainOnDelete": True}
    stack.statuses["train-bert"] = status
    stack.existing("bert", task(2), task(4), REPLACED)
    refusals = stack.start("bert", task(4))
    assert bool(refusals) == is_refused
    assert all("bert (kept by retain_on_delete) ¥42.00" in refusal for refusal in refusals)


@pytest.mark.parametrize(("status", "is_refused"), [("RUNNING", True), ("SUCCEED", False), ("STOPPED", False)])
def test_tasks_that_run_already_count_in_the_sum_and_finished_ones_do_not(status: str, is_refused: bool) -> None:
    stack = Stack(stack_limit=limit("50"))
    stack.statuses["train-old"] = status
    stack.existing("old", task(2), task(2), UNCHANGED)
    assert bool(stack.start("new", task(1))) == is_refused


@pytest.mark.parametrize(("status", "is_refused"), [("RUNNING", True), ("SUCCEED", False)])
def test_a_task_that_runs_already_crosses_the_line_for_those_that_were_started_before_it(
    status: str, is_refused: bool
) -> None:
    stack = Stack(stack_limit=limit("50"))
    stack.statuses["train-old"] = status
    assert stack.start("new", task(1)) == []
    if not is_refused:
        stack.existing("old", task(2), task(2), UNCHANGED)
        return
    with pytest.raises(TaskError, match=r"with old \(¥42.00 an hour\) .* cost ¥63.00 an hour.*new ¥21.00"):
        stack.existing("old", task(2), task(2), UNCHANGED)


def test_a_task_that_runs_already_may_reach_the_limit_of_the_stack() -> None:
    stack = Stack(stack_limit=limit("63"))
    assert stack.start("new", task(1)) == []
    stack.existing("old", task(2), task(2), UNCHANGED)


def test_a_start_of_an_unknown_price_warns_on_the_row_of_the_task() -> None:
    stack = Stack(task_limit=limit("50"))
    stack.statuses["train-bert"] = "FAILED"
    stack.existing("bert", task(2, "TI.Z"), task(2, "TI.Z", run=2), Difference((), ("run",)))
    (warning,) = stack.warnings
    assert warning.startswith("bert: resource_config_infos: price unknown: 2 × TI.Z")


def test_a_start_names_all_limits_that_it_exceeds() -> None:
    stack = Stack(task_limit=limit("1"), allowed_types=ONLY_TI_A)
    stack.statuses["train-bert"] = "FAILED"
    with pytest.raises(TaskError, match=r"allows: TI\.A; resource_config_infos: the task would cost"):
        stack.existing("bert", task(2), task(2, run=2), Difference((), ("run",)))


def test_tasks_that_are_started_again_do_not_wait_for_each_other() -> None:
    stack = Stack(stack_limit=limit("100"))
    stack.statuses = {"train-a": "FAILED", "train-b": "FAILED"}
    for name in ("a", "b"):
        stack.costs.check(stack._subject(name), task(2), Checked(task(2)))
    begin = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        restart = lambda name: stack.compare(name, task(2), task(2, run=2), Difference((), ("run",)))  # noqa: E731
        assert [*pool.map(restart, ("a", "b"))] == [None, None]
    assert time.monotonic() - begin < 5
    assert stack.start("c", task(1)) != []


def test_without_a_limit_of_the_stack_a_start_waits_for_no_comparison() -> None:
    stack = Stack(task_limit=limit("50"), estimates=True)
    stack.costs.check(stack._subject("old"), task(2), Checked(task(2)))
    begin = time.monotonic()
    assert stack.start("new", task(1)) == []
    assert time.monotonic() - begin < 5


def test_a_start_waits_for_the_comparison_of_the_tasks_that_were_checked_before_it() -> None:
    stack = Stack(stack_limit=limit("50"))
    stack.costs.check(stack._subject("old"), task(2), Checked(task(2)))
    refusals: list[str] = []
    start = threading.Thread(target=lambda: refusals.extend(stack.start("new", task(1))))
    start.start()
    stack.compare("old", task(2), task(2), UNCHANGED)
    start.join(20)
    assert len(refusals) == 1


@pytest.mark.parametrize("news", [task(2, desiredStatus="RUNNING"), task(2, run=2)])
def test_a_task_that_is_started_again_is_held_against_the_limits(news: dict[str, Any]) -> None:
    for options, expected in (
        ({"task_limit": limit("41")}, "would cost ¥42.00 an hour"),
        ({"stack_limit": limit("41")}, "the tasks of the stack would cost ¥42.00 an hour"),
        (
            {"allowed_types": (("TI.A",), "tione:allowedInstanceTypes")},
            r"resource_config_infos\[0\].instance_type: 'TI.B' is",
        ),
    ):
        stack = Stack(**options)
        stack.statuses["train-bert"] = "FAILED"
        with pytest.raises(TaskError, match=f"{start_refused('bert', [])}.*{expected}"):
            stack.existing("bert", task(2), news, Difference((), ("run",)))
        running = Stack(**options)
        running.existing("bert", task(2), news, Difference((), ("run",)))
    allowed = Stack(allowed_types=(("TI.B",), "tione:allowedInstanceTypes"))
    allowed.statuses["train-bert"] = "FAILED"
    allowed.existing("bert", task(2), news, Difference((), ("run",)))
    assert allowed.service.asked == []


def test_all_limits_that_a_task_exceeds_are_reported_at_once() -> None:
    stack = Stack(task_limit=limit("1"), stack_limit=limit("1"), allowed_types=ONLY_TI_A)
    assert len(stack.start("bert", task(2))) == 3


def test_only_allowed_instance_types_are_started() -> None:
    stack = Stack(allowed_types=(("TI.A", "TI.GN7.*"), "tione:allowedInstanceTypes"))
    assert stack.start("a", task(1, "TI.A")) == []
    assert stack.start("b", task(1, "TI.GN7.LARGE20.POST")) == []
    assert stack.start("c", task(1, UNKNOWN)) == []
    assert stack.start("c", {"resourceConfigInfos": [UNKNOWN]}) == []
    assert stack.start("group", {"chargeType": "PREPAID", "resourceConfigInfos": [{"cpu": 1000}]}) == []
    (refusal,) = stack.start("d", task(1, "TI.B"))
    path, _, reason = refusal.partition(": ")
    assert path == "resource_config_infos[0].instance_type"
    assert reason == "'TI.B' is not an instance type that tione:allowedInstanceTypes allows: TI.A, TI.GN7.*"
    assert stack.service.asked == []


def test_limits_warn_of_an_unknown_price_or_refuse_it() -> None:
    limits: dict[str, Any] = {"task_limit": limit("50"), "stack_limit": limit("90", "maxStackHourlyCost")}
    stack = Stack(**limits)
    stack.service.error = ApiError("DescribeBillingSpecsPrice", "AuthFailure.UnauthorizedOperation", "no", "r-1")
    assert stack.start("bert", task(4)) == []
    (warning,) = stack.warnings
    assert warning.startswith(
        "resource_config_infos: price unknown: 4 × TI.B: these credentials are not allowed to request it "
        "(AuthFailure.UnauthorizedOperation). tione:maxHourlyCost and tione:maxStackHourlyCost cannot be checked"
    )
    strict = Stack(**limits, refuses_unknown=True, service=stack.service)
    (refusal,) = strict.start("bert", task(4))
    assert "price unknown" in refusal
    assert "tione:unknownPrice is refuse" in refusal
    assert Stack(estimates=True, refuses_unknown=True, service=stack.service).start("bert", task(4)) == []


@pytest.mark.parametrize("refuses", [False, True])
def test_a_running_task_whose_price_is_unknown_leaves_the_sum_unknown(refuses: bool) -> None:
    stack = Stack(stack_limit=limit("50"), refuses_unknown=refuses)
    stack.existing("old", task(2, "TI.Z"), task(2, "TI.Z"), UNCHANGED)
    refusals = [refusal for name in ("new", "newer") for refusal in stack.start(name, task(1, "TI.A"))]
    assert (len(refusals), len(stack.warnings)) == ((2, 0) if refuses else (0, 1))
    text = f"resource_config_infos: {messages.stack_total_unknown(['old'], 'tione:maxHourlyCost')}"
    assert {*refusals, *stack.warnings} == {text}


def test_announced_tasks_are_asked_for_with_the_first_price() -> None:
    stack = Stack(estimates=True)
    nonsense: list[object] = ["nonsense", 7, "{}", None, []]
    for text in nonsense:
        stack.costs.expect(text)
    for _ in range(2):
        stack.costs.expect(json.dumps([task(1), task(2), task(3, "TI.A"), "nonsense"]))
    assert stack.service.asked == []
    for name, inputs in (("a", task(1)), ("b", task(2)), ("c", task(3, "TI.A")), ("d", task(2))):
        stack.start(name, inputs)
    assert [sorted(call) for call in stack.service.asked] == [[("TI.A", 3), ("TI.B", 1), ("TI.B", 2)]]
    assert [note.partition(":")[0] for note in stack.notes] == ["a", "b", "c", "d"]


def test_the_announcement_that_every_resource_brings_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []

    def reading(text: object) -> list[Mapping[str, Any]]:
        read.append(text)
        return announced_tasks(text)

    monkeypatch.setattr(cost_limits, "announced_tasks", reading)
    stack = Stack(estimates=True)
    first, second = json.dumps([task(1), task(3)]), json.dumps([task(2)])
    for text in (first, first, second, first, second):
        stack.costs.expect(text)
    assert read == [first, second]
    stack.start("a", task(1))
    assert [sorted(call) for call in stack.service.asked] == [[("TI.B", 1), ("TI.B", 2), ("TI.B", 3)]]


def test_a_task_is_priced_by_the_list_of_its_region() -> None:
    stack = Stack(estimates=True)
    stack.costs.expect(json.dumps([task(1), task(2, region="ap-shanghai")]))
    stack.start("a", task(1))
    stack.start("b", task(2, region="ap-shanghai"))
    stack.start("c", task(3, region="ap-beijing"))
    assert sorted(stack.price_lists) == ["ap-beijing", "ap-guangzhou", "ap-shanghai"]
    assert stack.service.asked == [[("TI.B", 1)], [("TI.B", 2)], [("TI.B", 3)]]


@pytest.mark.parametrize(
    "path", ["resourceConfigInfos[0].instanceNum", "chargeType", "dataConfigs[0].cbsSource", "resourceSupplyAttribute"]
)
def test_invalid_inputs_that_have_a_price_are_no_reason_to_ask_for_it(path: str) -> None:
    stack = Stack(estimates=True, task_limit=limit("1"))
    checked = Checked(task(), failures=[(path, "is invalid")])
    stack.costs.check(stack._subject("bert"), {}, checked)
    assert (len(checked.reasons), stack.service.asked) == (1, [])
