"""Previews of stacks that a test makes up, in the form of `pulumi preview --json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_tione.pricing.price_list import PriceList
from pulumi_tione.review.build import review_stack
from pulumi_tione.review.model import Review
from pulumi_tione.review.preview import read_previews

TYPE = "pulumi-python:dynamic/tione:TrainingTask"
CENTS = {"TI.S.MEDIUM.POST": 70, "TI.GN10.2XLARGE40.POST": 2100, "TI.GN7.2XLARGE40.POST": 600}
_SPECS = {
    "TI.S.MEDIUM.POST": ("2C4G", ""),
    "TI.GN10.2XLARGE40.POST": ("8C40G V100*1", "V100"),
    "TI.GN7.2XLARGE40.POST": ("10C40G T4*1/2", "T4"),
}


class PriceService:
    """A price list of three specs."""

    def __init__(self, sold_out: Sequence[str] = ()) -> None:
        self.sold_out = sold_out
        self.calls = 0

    def specs(
        self, charge_type: str, resource_type: str | None = None, ti_project_id: str | None = None
    ) -> list[dict[str, Any]]:
        return [
            {
                "SpecName": name,
                "SpecAlias": alias,
                "SpecType": "GPU" if gpu else "CPU",
                "GpuType": gpu,
                "Available": name not in self.sold_out,
                "AvailableRegion": ["ap-beijing"] if name in self.sold_out else [],
            }
            for name, (alias, gpu) in _SPECS.items()
        ]

    def prices(self, specs: Sequence[tuple[str, int]], ti_project_id: str | None = None) -> list[dict[str, Any]]:
        self.calls += 1
        return [
            {
                "SpecName": name,
                "SpecCount": count,
                "TotalCost": CENTS[name] * count,
                "RealTotalCost": CENTS[name] * count,
            }
            for name, count in specs
        ]


def inputs(spec: str = "TI.S.MEDIUM.POST", count: Any = 1, **more: Any) -> dict[str, Any]:
    """Return the inputs of a small task."""
    nodes = [{"role": "WORKER", "instanceType": spec, "instanceNum": count}]
    return {
        "chargeType": "POSTPAID_BY_HOUR",
        "region": "ap-guangzhou",
        "resourceConfigInfos": nodes,
        "owner": {"organization": "organization", "project": "nlp", "stack": "dev", "resource": "bert"},
        **more,
    }


def outputs(status: str = "RUNNING", **more: Any) -> dict[str, Any]:
    """Return what only the outputs of a task have."""
    labels = {"pulumi:project": "nlp", "pulumi:stack": "dev", "pulumi:resource": "bert"}
    return {"status": status, "runtimeInSeconds": 7380, "allTags": labels, **more}


def step(
    name: str,
    operation: str,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    *,
    recorded: Mapping[str, Any] | None = None,
    changed: Sequence[str] = (),
    replacing: Sequence[str] = (),
    paths: Sequence[str] = (),
    **state: Any,
) -> dict[str, Any]:
    """Return one step of a preview."""
    urn = f"urn:pulumi:dev::nlp::{TYPE}::{name}"
    made: dict[str, Any] = {
        "op": operation,
        "urn": urn,
        "detailedDiff": {path: {"kind": "update"} for path in paths} or None,
    }
    if old is not None:
        known = outputs() if recorded is None else recorded
        made["oldState"] = {"urn": urn, "id": f"train-{name}", "inputs": old, "outputs": {**old, **known}, **state}
    if new is not None:
        made["newState"] = {"urn": urn, "inputs": new, "sourcePosition": "project:///__main__.py#4", **state}
    if changed:
        made["diffReasons"] = list(changed)
    if replacing:
        made["replaceReasons"] = list(replacing)
    return made


def preview_json(steps: Sequence[Mapping[str, Any]], *, refreshed: bool = True, **more: Any) -> str:
    """Return the JSON of a preview with these steps."""
    stack = {"op": "refresh" if refreshed else "same", "urn": "urn:pulumi:dev::nlp::pulumi:pulumi:Stack::nlp-dev"}
    return json.dumps({"steps": [stack, *steps], **more})


def review_of(
    steps: Sequence[Mapping[str, Any]], service: PriceService | None = None, *, priced: bool = True, **more: Any
) -> Review:
    """Return the review of one stack with these steps."""
    prices = PriceList(service or PriceService())
    (preview,) = read_previews(preview_json(steps, **more))
    return Review((review_stack(preview, lambda _: prices) if priced else review_stack(preview),))
