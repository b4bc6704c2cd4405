"""Two tasks of a program with the same name."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pulumi_tione._pulumi.unknown import UNKNOWN
from pulumi_tione.lifecycle.check import Checked
from pulumi_tione.lifecycle.declared_names import DeclaredNames

NEW: Mapping[str, Any] = {}
OLDS: Mapping[str, Any] = {"name": "bert"}
WARNING = (
    "name: 'bert' is also the name of the resource 'first', and the service accepts a name once; choose another one"
)


def urn(resource: str) -> str:
    return f"urn:pulumi:dev::nlp::pulumi-python:dynamic/tione:TrainingTask::{resource}"


def warnings(names: DeclaredNames, resource: str, olds: Mapping[str, Any] = NEW, **inputs: Any) -> list[str]:
    checked = Checked(inputs={"name": "bert", "region": "ap-guangzhou", **inputs})
    names.check(urn(resource) if resource else "", olds, checked)
    assert checked.failures == []
    return checked.warnings


@pytest.mark.parametrize(
    ("first", "second"), [(NEW, NEW), (OLDS, NEW), (NEW, OLDS)], ids=["new", "second new", "first new"]
)
def test_the_second_task_with_a_name_gets_a_warning_if_one_of_them_will_be_created(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> None:
    names = DeclaredNames()
    assert warnings(names, "first", first) == []
    assert warnings(names, "second", second) == [WARNING]


def test_two_tasks_that_exist_already_stay_as_they_are() -> None:
    names = DeclaredNames()
    assert warnings(names, "first", OLDS) == warnings(names, "second", OLDS) == []


def test_a_task_that_is_checked_again_does_not_conflict_with_itself() -> None:
    names = DeclaredNames()
    assert warnings(names, "first", OLDS) == warnings(names, "first") == []
    assert warnings(names, "second", OLDS) == [WARNING]


def test_a_name_that_a_resource_no_longer_declares_is_free() -> None:
    names = DeclaredNames()
    assert warnings(names, "first") == []
    assert warnings(names, "first", name="other") == []
    assert warnings(names, "second") == []


@pytest.mark.parametrize(
    "place",
    [
        {"region": "ap-shanghai"},
        {"tiProjectId": "7"},
        {"settings": {"profile": "lab"}},
        {"region": UNKNOWN},
        {"tiProjectId": UNKNOWN},
        {"settings": {"profile": UNKNOWN}},
        {"name": UNKNOWN},
        {"name": "Bert"},
    ],
    ids=[
        "region",
        "workspace",
        "settings",
        "unknown region",
        "unknown workspace",
        "unknown settings",
        "unknown name",
        "case",
    ],
)
def test_names_elsewhere_and_unknown_ones_are_no_conflict(place: Mapping[str, Any]) -> None:
    names = DeclaredNames()
    assert warnings(names, "first") == warnings(names, "second", **place) == []
    assert warnings(names, "third") == [WARNING]


def test_a_call_without_a_resource_neither_warns_nor_counts() -> None:
    names = DeclaredNames()
    assert warnings(names, "") == warnings(names, "first") == warnings(names, "") == []


def test_of_many_checks_at_once_all_but_one_warn() -> None:
    names = DeclaredNames()
    with ThreadPoolExecutor(16) as pool:
        found = [*pool.map(lambda number: warnings(names, f"task-{number}"), range(64))]
    assert sum(not each for each in found) == 1
