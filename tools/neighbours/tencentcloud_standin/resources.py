"""The four resources, as data, and what follows from the data alone: checks, differences, previews.

The facts are those of `tencentcloud_iac_pulumi` 0.2.3 and of the Terraform provider that the real plugin bridges:
which arguments are required, which replace, what is validated before anything is sent. A rule of the service itself,
which shows only when something is created, is in `account`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

Properties = dict[str, Any]
Rule = Callable[[Any], "str | None"]
"""What is wrong with a value, or None."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine spells a value that is known only after the update."""

FILLED_IN = "__defaults"
"""Where a bridged provider notes, within the inputs, which of them it filled in itself."""

_BEIJING = timezone(timedelta(hours=8))
_ACLS = ("private", "public-read", "public-read-write")
_BUCKET_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?-[0-9]{10}")
_NAME_LENGTH = 60
_RESERVED_ADDRESSES = 3
"""How many addresses of a subnet the service keeps for itself."""


@dataclass(frozen=True)
class Newborn:
    """What is known of a resource at the moment of its creation."""

    id: str
    inputs: Properties
    region: str
    vpc: Properties
    """The outputs of the VPC that a subnet is made in."""

    @property
    def time(self) -> str:
        return datetime.now(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True)
class Kind:
    """One kind of resource."""

    urn_type: str
    noun: str
    id_prefix: str | None
    """None: the id is made of the arguments, see `own_id`."""
    required: tuple[str, ...]
    replaces: frozenset[str]
    """The inputs that cannot change in place."""
    computed: Mapping[str, Callable[[Newborn], Any]]
    """The outputs that the cloud decides on where the program does not."""
    task_field: str | None = None
    """The field in which a training task names such a resource as its place."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    defaults: Properties = field(default_factory=dict)
    """The inputs that the plugin fills in where the program is silent."""
    is_auto_named: bool = False
    own_id: Callable[[Properties], str] = lambda inputs: str(inputs["bucket"])
    """Returns the id that is made of the arguments."""


# --- Rules


def network_address(value: Any) -> str | None:
    try:
        network = ipaddress.IPv4Network(value, strict=False)
    except (ValueError, TypeError):
        return f"must be a CIDR block such as 10.0.0.0/16, not {value!r}"
    return None if str(network) == value else f"must be the network's own address: {network}, not {value}"


def name_length(value: Any) -> str | None:
    is_right = isinstance(value, str) and 1 <= len(value) <= _NAME_LENGTH
    return None if is_right else f"must be text of 1 to {_NAME_LENGTH} characters"


def bucket_name(value: Any) -> str | None:
    if isinstance(value, str) and len(value) <= _NAME_LENGTH and _BUCKET_NAME.fullmatch(value):
        return None
    return (
        f"must read <name>-<appid>, such as corpus-1250000000, in {_NAME_LENGTH} characters at most: lower-case "
        "letters, digits and hyphens, then the ten digits of the account's appid"
    )


def canned_acl(value: Any) -> str | None:
    return None if value in _ACLS else f"must be one of {', '.join(_ACLS)}, not {value!r}"


def readable_file(value: Any) -> str | None:
    return None if isinstance(value, str) and Path(value).is_file() else f"there is no file {value!r}"


# --- What the cloud decides on


def random_id(prefix: str) -> str:
    """An id as the service gives them: the prefix and eight letters or digits."""
    return prefix + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(8))


def object_content(inputs: Properties) -> bytes:
    """What an object contains: the file `source`, or the text `content`."""
    source = inputs.get("source")
    return Path(source).read_bytes() if source else str(inputs.get("content") or "").encode()


def _available_addresses(subnet: Newborn) -> int:
    return ipaddress.IPv4Network(subnet.inputs["cidrBlock"]).num_addresses - _RESERVED_ADDRESSES


# --- The table

VPC = Kind(
    urn_type="tencentcloud:Vpc/instance:Instance",
    noun="VPC",
    id_prefix="vpc-",
    required=("cidrBlock",),
    replaces=frozenset({"cidrBlock"}),
    computed={
        "assistantCidrs": lambda _: [],
        "createTime": lambda vpc: vpc.time,
        "defaultRouteTableId": lambda _: random_id("rtb-"),
        "dnsServers": lambda _: ["183.60.82.98", "183.60.83.19"],
        "dockerAssistantCidrs": lambda _: [],
        "isDefault": lambda _: False,
        "isMulticast": lambda _: True,
    },
    task_field="VpcId",
    rules={"cidrBlock": network_address, "name": name_length},
    is_auto_named=True,
)

SUBNET = Kind(
    urn_type="tencentcloud:Subnet/instance:Instance",
    noun="subnet",
    id_prefix="subnet-",
    required=("availabilityZone", "cidrBlock", "vpcId"),
    replaces=frozenset({"availabilityZone", "cdcId", "cidrBlock", "vpcId"}),
    computed={
        "availableIpCount": _available_addresses,
        "createTime": lambda subnet: subnet.time,
        "isDefault": lambda _: False,
        "isMulticast": lambda _: True,
        "routeTableId": lambda subnet: subnet.vpc["defaultRouteTableId"],
    },
    task_field="SubnetId",
    rules={"cidrBlock": network_address, "name": name_length},
    is_auto_named=True,
)

BUCKET = Kind(
    urn_type="tencentcloud:Cos/bucket:Bucket",
    noun="bucket",
    id_prefix=None,
    required=("bucket",),
    replaces=frozenset({"bucket", "cdcId", "chdfsOfs", "multiAz"}),
    computed={
        "chdfsOfs": lambda _: False,
        "cosBucketUrl": lambda bucket: f"{bucket.id}.cos.{bucket.region}.myqcloud.com",
    },
    rules={"acl": canned_acl, "bucket": bucket_name},
    defaults={"accelerationEnable": False, "acl": "private", "forceClean": False, "versioningEnable": False},
)

OBJECT = Kind(
    urn_type="tencentcloud:Cos/bucketObject:BucketObject",
    noun="object",
    id_prefix=None,
    required=("bucket", "key"),
    replaces=frozenset({"bucket", "key"}),
    computed={"etag": lambda made: hashlib.md5(object_content(made.inputs), usedforsecurity=False).hexdigest()},
    rules={"acl": canned_acl, "bucket": bucket_name, "source": readable_file},
    defaults={"acl": "private"},
    own_id=lambda inputs: f"{inputs['bucket']}{inputs['key']}",
)

KINDS: Mapping[str, Kind] = {kind.urn_type: kind for kind in (VPC, SUBNET, BUCKET, OBJECT)}


# --- What follows


def fill_in(kind: Kind, *, name: str, seed: bytes, olds: Properties, news: Properties) -> Properties:
    """The checked inputs: what the program declares, and what the plugin adds to it.

    An automatic name that an earlier run chose stays, as long as the engine hands over the old inputs: at a
    replacement it does not.
    """
    declared = {key: value for key, value in news.items() if value is not None and key != FILLED_IN}
    added = {key: value for key, value in kind.defaults.items() if key not in declared}
    if kind.is_auto_named and "name" not in declared:
        was_automatic = "name" in olds.get(FILLED_IN, [])
        added["name"] = olds["name"] if was_automatic else f"{name}-{_suffix(seed)}"
    return {**declared, **added, FILLED_IN: sorted(added)}


def failures(kind: Kind, inputs: Properties) -> list[tuple[str, str]]:
    """All that is wrong with the inputs, each with its property."""
    missing = [
        (key, f"a {kind.noun} needs this argument, and it has no default") for key in kind.required if key not in inputs
    ]
    found = ((key, rule(inputs[key])) for key, rule in kind.rules.items() if inputs.get(key, UNKNOWN) != UNKNOWN)
    return missing + [(key, wrong) for key, wrong in found if wrong]


def changes(olds: Properties, news: Properties) -> dict[str, str]:
    """The inputs that differ, each with what happens to it: add, delete or update."""
    keys = (olds.keys() | news.keys()) - {FILLED_IN}
    return {
        key: "add" if key not in olds else "delete" if key not in news else "update"
        for key in sorted(keys)
        if olds.get(key) != news.get(key)
    }


def deletes_before_replacing(kind: Kind, news: Properties) -> bool:
    """Whether the old one has to go first, because the program's own name for it cannot be held twice."""
    return kind.is_auto_named and "name" not in news.get(FILLED_IN, [])


def previewed_outputs(kind: Kind, inputs: Properties) -> Properties:
    """The outputs before there is anything: what the cloud decides on is unknown."""
    return {**dict.fromkeys(kind.computed, UNKNOWN), **without_notes(inputs)}


def outputs_at_birth(kind: Kind, newborn: Newborn) -> Properties:
    return {**{key: decide(newborn) for key, decide in kind.computed.items()}, **without_notes(newborn.inputs)}


def outputs_after_update(kind: Kind, outputs: Properties, inputs: Properties) -> Properties:
    """What the cloud once decided stays, also where it was the program that had decided until now."""
    return {**{key: outputs[key] for key in kind.computed if key in outputs}, **without_notes(inputs)}


def without_notes(inputs: Properties) -> Properties:
    return {key: value for key, value in inputs.items() if key != FILLED_IN}


def _suffix(seed: bytes) -> str:
    """Seven hexadecimal digits. The engine's seed makes them the same in the update as in its preview."""
    return hashlib.sha256(seed or secrets.token_bytes(16)).hexdigest()[:7]
