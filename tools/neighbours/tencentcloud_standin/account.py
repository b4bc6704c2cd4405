"""What stands for the cloud: which resources exist, and what the service refuses.

The engine starts a plugin process for each command, often several at a time, so what exists is kept in a small SQLite
file. Codes and rules are those that the vendor documents for CreateVpc, CreateSubnet, DeleteVpc, DeleteSubnet and PUT
Bucket; where its pages differ (how wide 10.0.0.0 may be), the widest reading holds, so that nothing is refused here
that the real one takes.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from .resources import (
    BUCKET,
    OBJECT,
    SUBNET,
    VPC,
    Kind,
    Newborn,
    Properties,
    outputs_after_update,
    outputs_at_birth,
    random_id,
)
from .tasks import LocalTione

_VPC_ID = re.compile(r"vpc-[a-z0-9]{8}")
_PRIVATE_RANGES = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))
_VPC_MASKS = range(12, 28 + 1)
_SUBNET_MASKS = range(16, 28 + 1)
_LOCK_SECONDS = 30
"""How long one process waits for another's write."""


class RefusedError(Exception):
    """A refusal of the service, with a code of its documentation."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"Code={code}, Message={message}")
        self.code = code


@dataclass(frozen=True)
class Record:
    """One resource that exists."""

    id: str
    inputs: Properties
    outputs: Properties


class Account:
    """The resources of the one account there is. Each call is one transaction."""

    def __init__(self, folder: Path, tione: LocalTione) -> None:
        self._file = folder / "account.sqlite3"
        self._tione = tione

    def create(self, kind: Kind, inputs: Properties, region: str) -> Record:
        with self._transaction() as rows:
            vpc = _refuse_creation(rows, kind, inputs)
            new_id = random_id(kind.id_prefix) if kind.id_prefix else kind.own_id(inputs)
            newborn = Newborn(new_id, inputs, region, vpc)
            return rows.put(kind, Record(new_id, inputs, outputs_at_birth(kind, newborn)))

    def read(self, kind: Kind, resource_id: str) -> Record | None:
        with self._transaction() as rows:
            return rows.find(kind, resource_id)

    def update(self, kind: Kind, resource_id: str, inputs: Properties) -> Record:
        with self._transaction() as rows:
            record = rows.find(kind, resource_id)
            if record is None:
                raise RefusedError("ResourceNotFound", f"there is no {kind.noun} {resource_id}")
            outputs = outputs_after_update(kind, record.outputs, inputs)
            return rows.put(kind, Record(resource_id, inputs, outputs))

    def delete(self, kind: Kind, resource_id: str) -> None:
        """Deletes what nothing is in any more. What is gone already is no error, as with the real plugin."""
        # Asked outside the transaction: no other process has to wait for an answer over HTTP.
        tasks = self._tione.tasks_in(kind.task_field, resource_id) if kind.task_field else []
        with self._transaction() as rows:
            if rows.find(kind, resource_id) is None:
                return
            subnets = [subnet.id for subnet in rows.all(SUBNET) if subnet.inputs["vpcId"] == resource_id]
            objects = [each.id for each in rows.all(OBJECT) if kind is BUCKET and each.inputs["bucket"] == resource_id]
            for what, inside in (("subnet", subnets), ("training task", tasks), ("object", objects)):
                if inside:
                    held = f"{kind.noun} {resource_id} still has {what} {', '.join(inside)}"
                    raise RefusedError("BucketNotEmpty" if kind is BUCKET else "ResourceInUse", held)
            rows.remove(kind, resource_id)

    @contextmanager
    def _transaction(self) -> Iterator[_Rows]:
        """The rows, locked against every other process until the end. An exception takes everything back."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        # A connection for each transaction: they belong to a thread, and gRPC's threads come and go.
        with closing(sqlite3.connect(self._file, timeout=_LOCK_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield _Rows(connection)


class _Rows:
    """The table of what exists, within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        columns = "type TEXT, id TEXT, inputs TEXT, outputs TEXT, PRIMARY KEY (type, id)"
        connection.execute(f"CREATE TABLE IF NOT EXISTS resource ({columns})")

    def find(self, kind: Kind, resource_id: str) -> Record | None:
        return next((record for record in self.all(kind) if record.id == resource_id), None)

    def all(self, kind: Kind) -> list[Record]:
        rows = self._connection.execute("SELECT id, inputs, outputs FROM resource WHERE type = ?", (kind.urn_type,))
        return [Record(row_id, json.loads(inputs), json.loads(outputs)) for row_id, inputs, outputs in rows]

    def put(self, kind: Kind, record: Record) -> Record:
        row = (kind.urn_type, record.id, json.dumps(record.inputs), json.dumps(record.outputs))
        self._connection.execute("INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?)", row)
        return record

    def remove(self, kind: Kind, resource_id: str) -> None:
        self._connection.execute("DELETE FROM resource WHERE type = ? AND id = ?", (kind.urn_type, resource_id))


# --- What the service refuses to create


def _refuse_creation(rows: _Rows, kind: Kind, inputs: Properties) -> Properties:
    """Raises what the service would answer. Otherwise: the outputs of the VPC that a subnet goes into."""
    if kind is VPC:
        _refuse_range(IPv4Network(inputs["cidrBlock"]))
    if kind is BUCKET and rows.find(BUCKET, inputs["bucket"]):
        raise RefusedError("BucketAlreadyOwnedByYou", f"the account has a bucket {inputs['bucket']} already")
    if kind is OBJECT and not rows.find(BUCKET, inputs["bucket"]):
        raise RefusedError("NoSuchBucket", f"there is no bucket {inputs['bucket']}")
    return _home_of_subnet(rows, inputs) if kind is SUBNET else {}


def _refuse_range(block: IPv4Network) -> None:
    if not any(block.subnet_of(private) for private in _PRIVATE_RANGES):
        private_ranges = ", ".join(map(str, _PRIVATE_RANGES))
        raise RefusedError("InvalidParameterValue", f"a VPC's CIDR block lies within {private_ranges}, not {block}")
    _refuse_mask("VPC", block, _VPC_MASKS)


def _refuse_mask(noun: str, block: IPv4Network, masks: range) -> None:
    if block.prefixlen not in masks:
        allowed = f"/{masks[0]} to /{masks[-1]}"
        raise RefusedError("InvalidParameterValue", f"a {noun}'s CIDR block has a mask of {allowed}, not {block}")


def _home_of_subnet(rows: _Rows, inputs: Properties) -> Properties:
    vpc_id = str(inputs["vpcId"])
    if not _VPC_ID.fullmatch(vpc_id):
        raise RefusedError("InvalidParameterValue.Malformed", f"{vpc_id!r} is not the id of a VPC (vpc-xxxxxxxx)")
    vpc = rows.find(VPC, vpc_id)
    if vpc is None:
        raise RefusedError("ResourceNotFound", f"there is no VPC {vpc_id}")
    _refuse_block(rows, vpc, IPv4Network(inputs["cidrBlock"]))
    return vpc.outputs


def _refuse_block(rows: _Rows, vpc: Record, block: IPv4Network) -> None:
    """Of a subnet: too small or too large, outside its VPC, or taken."""
    _refuse_mask("subnet", block, _SUBNET_MASKS)
    ranges = [vpc.outputs["cidrBlock"], *vpc.outputs["assistantCidrs"]]
    if not any(block.subnet_of(IPv4Network(own)) for own in ranges):
        outside = f"{block} is outside {vpc.id}, which has {', '.join(ranges)}"
        raise RefusedError("InvalidParameterValue.SubnetRange", outside)
    for sibling in rows.all(SUBNET):
        taken = sibling.inputs["cidrBlock"]
        if sibling.inputs["vpcId"] == vpc.id and block.overlaps(IPv4Network(taken)):
            raise RefusedError("InvalidParameterValue.SubnetOverlap", f"{block} overlaps {taken} of {sibling.id}")
