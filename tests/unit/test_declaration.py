"""The Python that `import` prints: formatted as the formatters do, and equal to what it declares."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

import pulumi_tione
from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, Struct, Type
from pulumi_tione.stacks.python_code import Argument, declaration, literal

LONG = "a" * 60
INPUTS: list[dict[str, Any]] = [
    {"chargeType": "PREPAID"},
    {
        "chargeType": "POSTPAID_BY_HOUR",
        "resourceConfigInfos": [
            {"role": "HEAD", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1},
            {"role": "WORKER", "instanceType": LONG, "instanceNum": 2, "rdmaConfig": {"enable": True}},
        ],
        "startCmdInfo": {"workerStartCmd": "python train.py --name \"bert 中文\" && echo 'done'\n\tnext \\ \x1b[0m"},
        "codePackagePath": {"bucket": "corpus-1250000000", "region": "ap-guangzhou", "paths": ["code/"]},
        "dataConfigs": [
            {
                "mappingPath": "/opt/ml/input/data/",
                "dataSourceType": "CFS",
                "cfsSource": {"id": "cfs-1", "path": "/a", "mountType": "STORAGE", "protocol": "NFS"},
            }
        ],
        "output": {"bucket": LONG, "region": LONG, "paths": [LONG]},
        "envs": {"EPOCHS": "3", "a-b.c": LONG, "Q": "it's"},
        "tags": {"team": "nlp"},
        "logEnable": True,
    },
]


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("with_notes", [True, False])
def test_the_code_is_formatted_as_ruff_formats_it(inputs: dict[str, Any], with_notes: bool) -> None:
    others = [Argument("opts", "pulumi.ResourceOptions(parent=pipeline)", "the parent")] if with_notes else []
    code = declaration(inputs, "bert", others, ["What the service does not return."] if with_notes else [])
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    formatted = subprocess.run(command, input=code, capture_output=True, encoding="utf-8", check=True).stdout
    assert code + "\n" == formatted


@pytest.mark.parametrize("inputs", INPUTS)
def test_the_code_declares_what_it_was_made_of(inputs: dict[str, Any]) -> None:
    declared: dict[str, Any] = {}

    def training_task(name: str, **fields: Any) -> None:
        declared[name] = fields

    tione = SimpleNamespace(
        **{name: getattr(pulumi_tione, name) for name in pulumi_tione.__all__} | {"TrainingTask": training_task}
    )
    exec(declaration(inputs, 'bert "1" it\'s', [], []), {"tione": tione})  # noqa: S102  our own code, to be proven

    assert by_property(TRAINING_TASK, declared['bert "1" it\'s']) == inputs


def by_property(kind: Type, value: Any) -> Any:
    """Return a value with the names of properties in place of those of Python."""
    if isinstance(kind, Struct):
        fields = [(kind.by_name[name], part) for name, part in value.items()]
        return {field.property: by_property(field.type, part) for field, part in fields}
    return [by_property(kind.item, part) for part in value] if isinstance(kind, ListOf) else value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("plain", '"plain"'),
        ('hear "hi"', "'hear \"hi\"'"),
        ("it's", '"it\'s"'),
        ("both \" and '", '"both \\" and \'"'),
        ("back\\slash", '"back\\\\slash"'),
        ("\x1b\n\u202e", r'"\x1b\n\u202e"'),
        (3, "3"),
        (True, "True"),
    ],
)
def test_a_literal_prints_and_means_the_value(value: str | int, code: str) -> None:
    assert literal(value) == code
