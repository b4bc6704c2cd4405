"""What there is to choose from: specs and prices, resource groups, frameworks, images, workspaces.

The data are in `resources/catalogue.py` and `resources/registry.py`. Whether a create may use them is decided in
`rules/existence.py`.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from typing import Any

from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.resources.catalogue import DISKS, FRAMEWORKS, Disk, Spec, image_url
from pulumi_tione.emulator.rules.parameters import CHARGE_TYPES
from pulumi_tione.emulator.state.service import AMOUNTS, Amounts

from .call import Call
from .listing import check_choice, page

TASK_TYPES = ("", "TRAIN", "NOTEBOOK", "INFERENCE", "EMS")
RESOURCE_TYPES = ("", "CALC", "CPU", "GPU", "GPU-SW")
MAX_COST = 4_200_000_000
"""A cost beyond this many fen is returned as 0 [D]."""
MAX_FILTERS = 5
MAX_VALUES = 100
DEFAULT_GROUPS = 20
DEFAULT_WORKSPACES = 10

PUBLIC_KEY_ID = "emulator-1"
PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAue5pmKxIn/1tdvs7h7wF
9F7zDYaMt6TWc4GkSaf/sPnmTbT+TfjY/wiKE81BeB4TxDAFZCxy8BaK9y+Kc7WN
TJwarzFDHmL7BRpj43DHrh6eZ//ESaSUz+m7zp3XcXJ/MoJPA3mvEphBxiQotAHV
QPWc0BO6zo+f2edl9sXoL4BihqeWjDGTBLzSUnfUULXTrAx2C2Wt9W21VhuSMBTm
d4cHJd9jjKgrQtTR6j4stSgLc30Rh/T0xBtbU1B85HJlPopKA+R8+0yr60U9u485
sX92Yj6u5OxWPWJfIKjjsYyVwIqgydmx8LUOESL3W/CS4hfJM6g3Q57j6eiSxuSM
bQIDAQAB
-----END PUBLIC KEY-----
"""
"""A public key; its private key was discarded."""


def describe_specs(call: Call) -> dict[str, Any]:
    body = call.body
    check_choice(body["ChargeType"], CHARGE_TYPES, "ChargeType")
    check_choice(body.get("TaskType", ""), TASK_TYPES, "TaskType")
    resource_type = body.get("ResourceType", "")
    check_choice(resource_type, RESOURCE_TYPES, "ResourceType")
    _check_workspace(call)
    if body["ChargeType"] != "POSTPAID_BY_HOUR":
        return {"Specs": []}
    nodes = call.service.registry.specs.values()
    items = [_node_item(call, spec) for spec in nodes if resource_type in ("", "CALC", _type(spec))]
    if not resource_type:
        items += [_disk_item(call, disk) for disk in DISKS.values()]
    return {"Specs": items}


def describe_prices(call: Call) -> dict[str, Any]:
    params = call.body["SpecsParam"]
    _check_workspace(call)
    if not params:
        raise ApiError("InvalidParameterValue", "The parameter `SpecsParam` is empty.")
    prices = [_price(call, unit, f"SpecsParam.{index}") for index, unit in enumerate(params)]
    # No order is documented: a client that matches requests and prices by position is wrong.
    return {"SpecsPrice": sorted(prices, key=lambda price: str(price["SpecName"]))}


def describe_resource_groups(call: Call) -> dict[str, Any]:
    groups = [(group_id, facts) for group_id, facts in call.service.registry.all("resource_group").items()]
    word = call.body.get("SearchWord", "")
    groups_shown = [_group(call, group_id, facts) for group_id, facts in groups]
    groups_shown = [
        group for group in groups_shown if word in group["ResourceGroupId"] or word in group["ResourceGroupName"]
    ]
    groups_shown = [group for group in groups_shown if not call.body.get("TagFilters")]  # no group has tags here
    for matches in _group_filters(call.body):
        groups_shown = [group for group in groups_shown if matches(group)]
    # The vendor's own example sends Limit 0: here it means the default.
    paging = {**call.body, "Limit": call.body.get("Limit") or DEFAULT_GROUPS}
    return {"TotalCount": len(groups_shown), "ResourceGroupSet": list(page(groups_shown, paging, DEFAULT_GROUPS, None))}


def describe_frameworks(_: Call) -> dict[str, Any]:
    """Return all frameworks by the older action, which left the SDKs: their versions, modes and environments."""
    infos = []
    for name in dict.fromkeys(framework.name for framework in FRAMEWORKS):
        versions = [framework for framework in FRAMEWORKS if framework.name == name]
        entries = [
            {"Version": each.version, "TrainingModes": list(each.modes), "Environment": each.environment}
            for each in versions
        ]
        infos.append({"Name": name, "VersionInfos": entries})
    return {"FrameworkInfos": infos}


def describe_images(call: Call) -> dict[str, Any]:
    images = [
        {
            "ImageName": framework.environment,
            "ImageType": "SYSTEM",
            "ImageUrl": image_url(framework.environment),
            "RegistryRegion": "",
            "RegistryId": "",
            "AllowSaveAllContent": False,
        }
        for framework in FRAMEWORKS
    ]
    for index, each in enumerate(call.body.get("ImageFilters", ())):
        name = each["Name"]
        if name not in ("ImageName", "ImageType", "ImageUrl"):
            message = f"The value of parameter `ImageFilters.{index}.Name` must be ImageName, ImageType or ImageUrl."
            raise ApiError("InvalidParameterValue.InvalidFilter", message)
        negative = each.get("Negative", False)
        images = [image for image in images if (image[name] in each["Values"]) != negative]
    return {"BuildInImageInfos": images}


def describe_public_key(call: Call) -> dict[str, Any]:
    """Return the key that the vendor's kit encrypts passwords of registries with. No private key exists."""
    check_choice(call.body.get("EncryptAlgorithm", "RSA_2048"), ("RSA_2048",), "EncryptAlgorithm")
    return {
        "KeyId": PUBLIC_KEY_ID,
        "PublicKey": base64.b64encode(PUBLIC_KEY.encode()).decode(),
        "PublicKeyPem": PUBLIC_KEY,
    }


def describe_workspaces(call: Call) -> dict[str, Any]:
    registered = call.service.registry.all("workspace")
    spaces = [
        _workspace("0", "默认空间"),
        *(_workspace(key, facts.get("name", "")) for key, facts in registered.items()),
    ]
    for index, each in enumerate(call.body.get("Filters", ())):
        if each.get("Name") not in ("Name", "TiProjectId"):
            message = f"The value of parameter `Filters.{index}.Name` must be Name or TiProjectId."
            raise ApiError("InvalidParameterValue.InvalidFilter", message)
        spaces = [space for space in spaces if space[each["Name"]] in (each.get("Values") or ())]
    return {"TotalCount": len(spaces), "Workspaces": list(page(spaces, call.body, DEFAULT_WORKSPACES, None))}


HANDLERS = {
    "DescribeBillingSpecs": describe_specs,
    "DescribeBillingSpecsPrice": describe_prices,
    "DescribeBillingResourceGroups": describe_resource_groups,
    "DescribeTrainingFrameworks": describe_frameworks,
    "DescribeBuildInImages": describe_images,
    "DescribeWorkspaces": describe_workspaces,
    "DescribePublicKey": describe_public_key,
}


def _type(spec: Spec) -> str:
    return "GPU" if spec.gpu else "CPU"


def _node_item(call: Call, spec: Spec) -> dict[str, Any]:
    return _item(call, spec.id, spec.name, spec.billing_alias or spec.alias, _type(spec), spec.gpu_type)


def _disk_item(call: Call, disk: Disk) -> dict[str, Any]:
    return _item(call, disk.id, disk.name, disk.alias, "CBS")


def _item(call: Call, item_id: str, name: str, alias: str, kind: str, gpu_type: str = "") -> dict[str, Any]:
    is_available = name not in call.service.sold_out
    elsewhere = "ap-beijing" if call.region != "ap-beijing" else "ap-shanghai"
    return {
        "SpecId": item_id,
        "SpecName": name,
        "SpecAlias": alias,
        "Available": is_available,
        # An item that is sold out names the regions that still have it [D].
        "AvailableRegion": [] if is_available else [elsewhere],
        "SpecFeatures": [],
        "SpecType": kind,
        "GpuType": gpu_type,
        "CategoryId": "",
    }


def _price(call: Call, unit: dict[str, Any], parameter: str) -> dict[str, Any]:
    name, count = unit["SpecName"], unit["SpecCount"]
    item = call.service.registry.specs.get(name) or DISKS.get(name)
    if item is None:
        message = f"The value of parameter `{parameter}.SpecName` is not listed by DescribeBillingSpecs."
        raise ApiError("InvalidParameterValue", message)
    if count < 1:
        raise ApiError("InvalidParameterValue", f"The value of parameter `{parameter}.SpecCount` must be 1 or more.")
    total = math.ceil(item.price * count)
    return {
        "SpecName": name,
        "SpecCount": count,
        "TotalCost": total if total <= MAX_COST else 0,
        "RealTotalCost": round(total * call.service.discount) if total <= MAX_COST else 0,
    }


def _check_workspace(call: Call) -> None:
    workspace = call.body.get("TiProjectId") or "0"
    if workspace != "0" and not call.service.registry.exists("workspace", workspace):
        message = "The value of parameter `TiProjectId` is not a workspace of this account."
        raise ApiError("InvalidParameterValue", message)


def _group(call: Call, group_id: str, facts: dict[str, Any]) -> dict[str, Any]:
    total = {amount: int(facts.get(amount.lower(), 0)) for amount in AMOUNTS}
    free = call.service.free_capacity(group_id)
    used = {amount: total[amount] - free.get(amount, total[amount]) for amount in AMOUNTS}
    nodes = int(facts.get("nodes", 1))
    return {
        "ResourceGroupId": group_id,
        "ResourceGroupName": facts.get("name", ""),
        "FreeInstance": nodes,
        "TotalInstance": nodes,
        "UsedResource": _resource(used, facts),
        "TotalResource": _resource(total, facts),
        "InstanceSet": [],
        "TagSet": [],
    }


def _resource(amounts: Amounts, facts: dict[str, Any]) -> dict[str, Any]:
    kind = facts.get("gpu_type", "")
    return {**amounts, "GpuDetailSet": [{"Name": kind, "Value": amounts["Gpu"]}] if kind else []}


def _group_filters(body: dict[str, Any]) -> list[Callable[[dict[str, Any]], bool]]:
    filters = body.get("Filters", [])
    if len(filters) > MAX_FILTERS:
        message = f"The parameter `Filters` has {len(filters)} elements: {MAX_FILTERS} at most."
        raise ApiError("InvalidParameterValue.LimitExceeded", message)
    return [_group_filter(each, f"Filters.{index}") for index, each in enumerate(filters)]


def _group_filter(condition: dict[str, Any], parameter: str) -> Callable[[dict[str, Any]], bool]:
    """Return a filter. `AvailableSort` is in the vendor's example without any description, and is ignored."""
    members = {
        "ResourceGroupId": "ResourceGroupId",
        "ResourceGroupName": "ResourceGroupName",
        "AvailableNodeCount": "FreeInstance",
    }
    name, values = condition.get("Name"), condition.get("Values") or []
    if name == "AvailableSort":
        return lambda _: True
    if name not in members:
        message = f"The value of parameter `{parameter}.Name` must be one of {', '.join(members)}."
        raise ApiError("InvalidParameterValue.InvalidFilter", message)
    if len(values) > MAX_VALUES:
        message = f"The parameter `{parameter}.Values` has {len(values)} elements: {MAX_VALUES} at most."
        raise ApiError("InvalidParameterValue.LimitExceeded", message)
    fuzzy = condition.get("Fuzzy", False) and len(values) == 1
    negative = condition.get("Negative", False)

    def matches(group: dict[str, Any]) -> bool:
        text = str(group[members[name]])
        is_match = any(value in text for value in values) if fuzzy else text in values
        return bool(is_match != negative)

    return matches


def _workspace(workspace_id: str, name: str) -> dict[str, Any]:
    return {
        "TiProjectId": workspace_id,
        "Name": name,
        "Description": "",
        "CreateTime": "",
        "ResourceGroups": [],
        "ActionType": [],
        "Status": "",
    }
