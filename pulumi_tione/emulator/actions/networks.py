"""The one action of the service `vpc` that clients of TI-ONE look up subnets with.

Which subnets exist is registered in `resources/registry.py`. The check of a create is in `rules/existence.py`.
"""

from __future__ import annotations

from typing import Any

from pulumi_tione.emulator.errors import ApiError

from .call import Call
from .listing import page

DEFAULT_SUBNETS = 20
MAX_SUBNETS = 100
_ATTRIBUTES = {
    "subnet-id": "SubnetId",
    "vpc-id": "VpcId",
    "subnet-name": "SubnetName",
    "cidr-block": "CidrBlock",
    "zone": "Zone",
}
"""The filters [D] by members. A subnet here has no name, addresses or zone."""
_NEVER_MET = ("is-default", "is-remote-vpc-snat", "tag-key", "cdc-id", "is-cdc-subnet", "ipv6-cidr-block", "isp-type")
"""The other filters [D], and `tag:KEY`: a subnet here has no flags and no tags."""


def describe_subnets(call: Call) -> dict[str, Any]:
    """Return the registered subnets. While none is registered, every id exists, in a VPC that is not known."""
    body = call.body
    ids, filters = body.get("SubnetIds") or [], body.get("Filters") or []
    if ids and filters:
        raise ApiError("InvalidParameter.Coexist", "The parameters `SubnetIds` and `Filters` exclude each other.")
    subnets = [_subnet(subnet_id, facts) for subnet_id, facts in call.service.registry.all("subnet").items()]
    for index, each in enumerate(filters):
        name = each["Name"]
        if name in _NEVER_MET or name.startswith("tag:"):
            subnets = []
            continue
        attribute = _ATTRIBUTES.get(name)
        if attribute is None:
            message = f"The value of parameter `Filters.{index}.Name` must be one of {', '.join(_ATTRIBUTES)}."
            raise ApiError("InvalidParameter.FilterInvalidKey", message)
        if not call.service.registry.all("subnet") and attribute == "SubnetId":
            subnets = [_subnet(subnet_id, {}) for subnet_id in each["Values"]]
        subnets = [subnet for subnet in subnets if subnet[attribute] in each["Values"]]
    if ids:
        known = {subnet["SubnetId"]: subnet for subnet in subnets}
        missing = [subnet_id for subnet_id in ids if not call.service.registry.exists("subnet", subnet_id)]
        if missing:
            raise ApiError("ResourceNotFound", f"The subnet `{missing[0][:80]}` does not exist.")
        subnets = [known.get(subnet_id) or _subnet(subnet_id, {}) for subnet_id in ids]
    paging: dict[str, Any] = {name: _number(body, name) for name in ("Offset", "Limit") if name in body}
    return {"TotalCount": len(subnets), "SubnetSet": list(page(subnets, paging, DEFAULT_SUBNETS, MAX_SUBNETS))}


HANDLERS = {"DescribeSubnets": describe_subnets}


def _subnet(subnet_id: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "SubnetId": subnet_id,
        "SubnetName": "",
        "VpcId": facts.get("vpc", ""),
        "CidrBlock": "",
        "Zone": "",
        "TagSet": [],
    }


def _number(body: dict[str, Any], name: str) -> int:
    """Return a number that this service takes as text."""
    text: str = body[name]
    if not (text.isascii() and text.isdigit()):
        raise ApiError("InvalidParameterValue.Malformed", f"The value of parameter `{name}` must be a number.")
    return int(text)
