"""What TI-ONE offers: node specs with their prices, training frameworks, built-in images.

The vendor publishes no complete list of any of these. The names and sizes of the specs are the documented ones, except
those of GN10X, which follow the machines of CVM. The price of TI.S.MEDIUM.POST is from the vendor's example; the other
prices are made up in proportion.

A new spec is an entry in `SPECS`. Sold-out specs and balances are set by tests (`SETTINGS` in
`control/control_api.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Spec:
    """A pay-as-you-go item: in 1/1000 cores, MB, 1/100 cards, and fen (1/100 CNY) an hour."""

    name: str
    alias: str
    cpu: int
    memory: int
    price: int
    gpu_type: str = ""
    gpu: int = 0
    billing_alias: str = ""
    """Its alias in DescribeBillingSpecs, which has GB where tasks have G [D]; the same by default."""

    @property
    def id(self) -> str:
        """The tag of the billing item, in the form of the vendor's example."""
        size = f"{self.cpu // 1000}c{self.memory // 1024}g"
        card = f"_{self.gpu / 100:g}{self.gpu_type.lower()}" if self.gpu else ""
        return f"sv_tio_platform_cloud_post_{'gpu' if self.gpu else 'cpu'}_{size}{card}"


def _cpu(name: str, cores: int, gigabytes: int, price: int) -> Spec:
    return Spec(
        name, f"{cores}C{gigabytes}G", cores * 1000, gigabytes * 1024, price, billing_alias=f"{cores}C{gigabytes}GB"
    )


def _gpu(name: str, cores: int, gigabytes: int, gpu_type: str, cards: float, price: int) -> Spec:
    cores_and_memory, gpus = f"{cores}C{gigabytes}G", f" {gpu_type}*{Fraction(cards)}"
    size = cores * 1000, gigabytes * 1024
    return Spec(name, cores_and_memory + gpus, *size, price, gpu_type, int(cards * 100), f"{cores_and_memory}B{gpus}")


SPECS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        _cpu("TI.S6.MEDIUM2.POST", 2, 2, 50),
        _cpu("TI.S.MEDIUM.POST", 2, 4, 70),
        _cpu("TI.S.LARGE.POST", 4, 8, 140),
        _cpu("TI.S.2XLARGE16.POST", 8, 16, 280),
        _cpu("TI.S.2XLARGE32.POST", 8, 32, 370),
        _cpu("TI.S.4XLARGE32.POST", 16, 32, 560),
        _cpu("TI.S.4XLARGE64.POST", 16, 64, 740),
        _cpu("TI.S.6XLARGE48.POST", 24, 48, 840),
        _cpu("TI.S.6XLARGE96.POST", 24, 96, 1110),
        _cpu("TI.S.8XLARGE64.POST", 32, 64, 1120),
        _cpu("TI.S.8XLARGE128.POST", 32, 128, 1480),
        _gpu("TI.GN10.2XLARGE40.POST", 8, 40, "V100", 1, 2100),
        _gpu("TI.GN10.5XLARGE80.POST", 18, 80, "V100", 2, 4200),
        _gpu("TI.GN10.10XLARGE160.POST", 32, 160, "V100", 4, 8400),
        _gpu("TI.GN10.20XLARGE320.POST", 72, 320, "V100", 8, 16800),
        _gpu("TI.GN10X.2XLARGE40.POST", 8, 40, "V100", 1, 2100),
        _gpu("TI.GN10X.9XLARGE160.POST", 36, 160, "V100", 4, 8400),
        _gpu("TI.GN10X.18XLARGE320.POST", 72, 320, "V100", 8, 16800),
        _gpu("TI.GN7.LARGE20.POST", 4, 20, "T4", 1 / 4, 300),
        _gpu("TI.GN7.2XLARGE40.POST", 10, 40, "T4", 1 / 2, 600),
        _gpu("TI.GN7.5XLARGE80.POST", 20, 80, "T4", 1, 1200),
        _gpu("TI.GN7.2XLARGE32.POST", 8, 32, "T4", 1, 900),
        _gpu("TI.GN7.8XLARGE128.POST", 32, 128, "T4", 1, 1900),
        _gpu("TI.GN7.10XLARGE160.POST", 40, 160, "T4", 2, 2600),
        _gpu("TI.GN7.20XLARGE320.POST", 80, 320, "T4", 4, 5200),
    )
}


@dataclass(frozen=True)
class Disk:
    """A pay-as-you-go cloud disk, priced in fen for each GB and hour. Its name and price are made up."""

    name: str
    alias: str
    price: Fraction

    @property
    def id(self) -> str:
        return "sv_tio_platform_cloud_post_cbs"


DISKS: dict[str, Disk] = {disk.name: disk for disk in (Disk("TI.CBS.PREMIUM.POST", "CBS", Fraction(7, 100)),)}


DEFAULT_INSTANCES = 1
"""The number of nodes of a group if the request does not name it."""


def instance_count(node: Mapping[str, Any]) -> int:
    """Return how many nodes a group has."""
    number: int = node.get("InstanceNum", DEFAULT_INSTANCES)
    return number


def hourly_price(body: Mapping[str, Any], specs: Mapping[str, Spec]) -> int:
    """Return what the nodes of a request cost an hour, in fen; a resource group is paid for separately [I]."""
    if body["ChargeType"] != "POSTPAID_BY_HOUR":
        return 0
    nodes = body["ResourceConfigInfos"]
    # A type that is no longer registered costs nothing.
    return sum(specs[name].price * instance_count(node) for node in nodes if (name := node["InstanceType"]) in specs)


@dataclass(frozen=True)
class Framework:
    """A version of a training framework, its training modes and its environment."""

    name: str
    version: str
    environment: str
    modes: tuple[str, ...]


FRAMEWORKS: tuple[Framework, ...] = (
    Framework("TENSORFLOW", "1.15", "tf1.15-py3.7-cpu", ("PS_WORKER", "MPI", "HOROVOD")),
    Framework("TENSORFLOW", "1.15", "tf1.15-py3.7-cuda10.0-gpu", ("PS_WORKER", "MPI", "HOROVOD")),
    Framework("TENSORFLOW", "2.4", "tf2.4-py3.8-cpu", ("PS_WORKER", "MPI", "HOROVOD")),
    Framework("TENSORFLOW", "2.4", "tf2.4-py3.8-cuda11.1-gpu", ("PS_WORKER", "MPI", "HOROVOD")),
    Framework("PYTORCH", "1.9", "torch1.9-py3.8-cuda11.1-gpu", ("DDP", "MPI", "HOROVOD")),
    Framework("PYTORCH", "2.1", "torch2.1-py3.10-cuda12.1-gpu", ("DDP", "MPI", "HOROVOD")),
    Framework("PYTORCH", "2.1", "tilearn-llm1.0-torch2.1-angel-vllm1.0-py3.10-cuda12.1-gpu", ("DDP", "MPI", "HOROVOD")),
    Framework("SPARK", "2.4", "spark2.4-cpu", ("SPARK",)),
    Framework("PYSPARK", "2.4", "pyspark2.4-py3.7-cpu", ("SPARK",)),
)


def framework_versions(name: str) -> tuple[str, ...]:
    """Return the versions of a framework; none if the framework is not listed, so that any version is accepted."""
    return tuple(dict.fromkeys(framework.version for framework in FRAMEWORKS if framework.name == name))


def image_url(environment: str) -> str:
    """Return the address of the built-in image of an environment: the registry is the vendor's, the rest is made up."""
    return f"tione.tencentcloudcr.com/qcloud-ti-platform/{environment}:1.0.0"
