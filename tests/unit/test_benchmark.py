"""`tools/bench/`: the page shows the stored figures, and the figures are what they claim to be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from tools.bench import figures, page, run
from tools.bench.figures import Figure, figure, store, stored
from tools.bench.measurements import MEASUREMENTS
from tools.bench.measurements.listing import _least, _ListCall
from tools.bench.measurements.measurement import Measurement, Run

NAMES = [name for each in MEASUREMENTS for name in each.names]


def test_the_page_shows_the_stored_figures() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(stored().values()), "run tools/bench/run.py"


def test_every_stored_figure_has_a_measurement_and_a_name_of_its_own() -> None:
    assert {*stored()} <= {*NAMES}
    assert len({*NAMES}) == len(NAMES)


def test_a_figure_is_the_median_of_ratios_of_values_of_one_run() -> None:
    measured = figure("up", "`up`", [(1.0, 1.0), (6.0, 2.0), (10.0, 5.0)], "nothing", 2.0)
    assert (measured.measured, measured.reference, measured.ratio) == (6.0, 2.0, 2.0)
    assert measured.is_met
    assert not replace(measured, ratio=2.01).is_met
    assert replace(measured, ratio=2.01, bound=None).is_met


def test_the_table_marks_figures_that_are_missed() -> None:
    met = Figure("a", "`a`", 1.0, "b", 2.0, 0.5, 0.5)
    lines = page.table([met, replace(met, name="c", ratio=0.51), replace(met, name="d", bound=None)]).splitlines()
    assert "| `a`: `a` | 1.00 s | b: 2.00 s | 0.50 | 0.50 | yes |" in lines
    assert "| `c`: `a` | 1.00 s | b: 2.00 s | 0.51 | 0.50 | **no** |" in lines
    assert lines[-1] == "| `d`: `a` | 1.00 s | b: 2.00 s | 0.50 |"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Callable[..., list[str]]:
    """Run the command with three measurements, and return the names that were measured."""
    measured: list[str] = []

    def measurement(name: str, *, is_large: bool = False) -> Measurement:
        def measure(of: Run) -> object:
            measured.extend(sorted(of.names))
            return iter([Figure(each, each, 1.0, "", 1.0, 1.0, None) for each in of.names])

        return Measurement((name,), measure, is_large)  # type: ignore[arg-type]

    monkeypatch.setattr(
        run, "MEASUREMENTS", [measurement("up-2"), measurement("up-9", is_large=True), measurement("x")]
    )
    monkeypatch.setattr(figures, "FILE", tmp_path / "figures.json")  # type: ignore[operator]
    copy = tmp_path / "page.md"  # type: ignore[operator]
    copy.write_text(page.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", copy)

    def start(*arguments: str) -> list[str]:
        measured.clear()
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        assert run.main() == 0
        return [*measured]

    return start


def test_figures_are_selected_by_the_beginning_of_their_names(bench: Callable[..., list[str]]) -> None:
    assert bench("--only", "up") == ["up-2", "up-9"]
    assert not figures.FILE.exists()
    with pytest.raises(SystemExit):
        bench("--only", "down")


def test_large_stacks_are_measured_on_request(bench: Callable[..., list[str]]) -> None:
    assert bench() == ["up-2", "x"]
    assert bench("--large") == ["up-2", "up-9", "x"]


def test_a_figure_that_was_not_measured_keeps_its_last_value(bench: Callable[..., list[str]]) -> None:
    bench("--large")
    store(replace(each, measured=7.0) for each in stored().values())
    bench()
    assert {name: each.measured for name, each in stored().items()} == {"up-2": 1.0, "up-9": 7.0, "x": 1.0}
    assert page.PAGE.read_text(encoding="utf-8") == page.page(stored().values())


def call(begin: float, *task_ids: int) -> _ListCall:
    return _ListCall(frozenset(map(str, task_ids)), begin, begin + 0.1)


@pytest.mark.parametrize(
    ("calls", "least"),
    [
        ([], 0),
        ([call(0, *range(50)), call(0.1, *range(50, 60))], 2),
        # Pages that are not full.
        ([call(0, 1, 2), call(0.1, 3, 4), call(0.2, 5)], 1),
        # A second poll within a second of the first one, and one that is not.
        ([call(0, 1), call(0.5, 1)], 1),
        ([call(0, 1), call(1.5, 1)], 2),
        # A poll that takes longer than a second.
        ([call(number / 10, *range(50 * number, 50 * number + 50)) for number in range(20)], 20),
        # A task that arrives late and does not join the next poll.
        ([call(0, *range(50)), call(0.3, 50), call(1.5, *range(51))], 4),
    ],
)
def test_the_list_calls_that_waits_need_are_counted_by_polls(calls: list[_ListCall], least: int) -> None:
    assert _least(calls) == least
