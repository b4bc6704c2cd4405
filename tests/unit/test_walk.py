"""The walk over declared types: every part is met once, with its type, its field and its path."""

from __future__ import annotations

from typing import Any

import pytest
from readable_ids import readable

from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Scalar, struct
from pulumi_tione._schema.walk import OMIT, by_wire, is_of_type, parts, rebuild, walk, with_leaves

GROUP = struct("ResourceConfigInfo")


def test_every_value_is_met_with_its_path_and_type_and_each_part_after_the_whole() -> None:
    value = {
        "resourceConfigInfos": [{"role": "WORKER", "rdmaConfig": {"enable": True}, "nonsense": [1]}],
        "tags": {"a.b": "c"},
    }
    nodes = [(node.path, node.type, node.field.name if node.field else None) for node in walk(TRAINING_TASK, value)]
    assert nodes == [
        ("", TRAINING_TASK, None),
        ("resourceConfigInfos", ListOf(GROUP), "resource_config_infos"),
        ("resourceConfigInfos[0]", GROUP, None),
        ("resourceConfigInfos[0].role", Scalar.STRING, "role"),
        ("resourceConfigInfos[0].rdmaConfig", struct("RDMAConfig"), "rdma_config"),
        ("resourceConfigInfos[0].rdmaConfig.enable", Scalar.BOOLEAN, "enable"),
        ("resourceConfigInfos[0].nonsense", Scalar.ANY, None),
        ("resourceConfigInfos[0].nonsense[0]", Scalar.ANY, None),
        ("tags", MapOf(Scalar.STRING), "tags"),
        ('tags["a.b"]', Scalar.STRING, None),
    ]


def test_a_value_is_rebuilt_under_other_names_and_without_what_is_omitted() -> None:
    remote = {"Role": "WORKER", "Cpu": 0, "RDMAConfig": {"Enable": True}, "More": 1}
    assert rebuild(GROUP, remote, lambda part: part.value or OMIT, by_wire, key="name") == {
        "role": "WORKER",
        "rdma_config": {"Enable": True},
        "More": 1,
    }
    assert rebuild(ListOf(Scalar.INTEGER), [1, 2, 3], lambda part: OMIT if part.value == 2 else part.value) == [1, 3]


def test_the_leaves_of_a_value_are_changed_at_any_depth() -> None:
    value = {"a": [1, (2, None)], "b": {"c": {}, "d": []}, "e": "x"}
    assert with_leaves(value, lambda leaf: f"<{leaf}>") == {
        "a": ["<1>", ["<2>", "<None>"]],
        "b": {"c": {}, "d": []},
        "e": "<x>",
    }
    assert with_leaves("x", str.upper) == "X"


@pytest.mark.parametrize("kind", [GROUP, ListOf(GROUP), MapOf(Scalar.STRING), *Scalar], ids=readable)
@pytest.mark.parametrize("value", [None, "text", 1, 2.5, True, object()], ids=readable)
def test_a_value_without_parts_or_of_another_type_has_none(kind: Any, value: Any) -> None:
    assert [*parts(kind, value)] == []
    assert rebuild(kind, value, lambda _: pytest.fail("it has no part")) is value


@pytest.mark.parametrize(
    ("kind", "fitting"),
    [
        (GROUP, {"map"}),
        (MapOf(Scalar.STRING), {"map"}),
        (ListOf(GROUP), {"list"}),
        (Scalar.STRING, {"text"}),
        (Scalar.BOOLEAN, {"truth"}),
        (Scalar.INTEGER, {"integer", "whole float"}),
        (Scalar.ANY, {"map", "list", "text", "truth", "integer", "whole float", "fraction", "null"}),
    ],
    ids=readable,
)
def test_a_value_is_of_a_type_or_not(kind: Any, fitting: set[str]) -> None:
    values = {"map": {}, "list": [], "text": "", "truth": True, "integer": 2, "whole float": 2.0, "fraction": 2.5}
    assert {name for name, value in {**values, "null": None}.items() if is_of_type(kind, value)} == fitting
