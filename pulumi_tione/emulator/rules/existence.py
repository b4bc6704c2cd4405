"""The rules of CreateTrainingTask about other resources: names, networks, files, images, capacity, money.

Every id exists until one of its kind is registered (`resources/registry.py`). Rules that need nothing but the request
are in `parameters.py`, the rules of tags in `tags.py`.
"""

from __future__ import annotations

from typing import Any, NoReturn

from pulumi_tione.emulator.accounts import Caller
from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.resources.catalogue import hourly_price
from pulumi_tione.emulator.state.service import Service, needs
from pulumi_tione.emulator.tasks.transitions import Status

Body = dict[str, Any]


def check_existence(service: Service, caller: Caller, region: str, body: Body) -> None:
    """Refuse a request for something that is taken, absent, used up or not paid for."""
    _check_instance_types(service, body)
    _check_name(service, caller, region, body["Name"])
    for rule in (_check_workspace, _check_network, _check_files, _check_image, _check_code, _check_resource_group):
        rule(service, body)
    _check_money(service, caller, body)


def check_resources(service: Service, caller: Caller, body: Body) -> None:
    """Check what a task needs again when it is started again: nodes, and the money for them."""
    _check_resource_group(service, body)
    _check_money(service, caller, body, too_little_code="OperationDenied.BalanceInsufficient")


def _check_instance_types(service: Service, body: Body) -> None:
    for index, node in enumerate(body["ResourceConfigInfos"]):
        if body["ChargeType"] == "POSTPAID_BY_HOUR" and node["InstanceType"] not in service.registry.specs:
            parameter = f"ResourceConfigInfos.{index}.InstanceType"
            problem = f"`{node['InstanceType'][:80]}` is not listed by DescribeBillingSpecs"
            _refuse("InvalidParameterValue.ResourceConfigIllegal", parameter, problem)


def _check_name(service: Service, caller: Caller, region: str, name: str) -> None:
    holder = service.name_holder(caller, region, name)
    if holder is None:
        return
    # Two codes have this meaning. The emulator chooses by their texts; clients should treat them alike.
    task = service.find(holder)
    if task is not None and task.status is Status.SUBMITTING:
        _refuse(
            "FailedOperation.DuplicateNameTaskIsCreating", "Name", f"`{name}` belongs to a task that is being created"
        )
    if task is not None:
        _refuse("InvalidParameterValue.DuplicateName", "Name", f"`{name}` belongs to another task")
    _refuse("InvalidParameterValue.DuplicateName", "Name", f"`{name}` belonged to a task that was deleted, and is kept")


def _check_workspace(service: Service, body: Body) -> None:
    workspace = body.get("TiProjectId") or "0"
    if workspace != "0" and not service.registry.exists("workspace", workspace):
        _refuse("InvalidParameterValue", "TiProjectId", "is not a workspace of this account")


def _check_network(service: Service, body: Body) -> None:
    vpc, subnet = body.get("VpcId", ""), body.get("SubnetId", "")
    if vpc and not (vpc.startswith("vpc-") and service.registry.exists("vpc", vpc)):
        _refuse("ResourceNotFound.VPCNotFound", "VpcId", f"`{vpc[:80]}` names no VPC")
    if not subnet:
        return
    if not vpc:
        _refuse("MissingParameter", "VpcId", "is required where SubnetId is given")
    if not (subnet.startswith("subnet-") and service.registry.exists("subnet", subnet)):
        _refuse("OperationDenied.SubnetIllegal", "SubnetId", f"`{subnet[:80]}` names no subnet")
    if service.registry.facts("subnet", subnet).get("vpc", vpc) != vpc:
        _refuse("OperationDenied.SubnetIllegal", "SubnetId", f"`{subnet}` lies in another VPC than `{vpc}`")


def _check_files(service: Service, body: Body) -> None:
    _check_bucket(service, body.get("CodePackagePath"), "CodePackagePath")
    _check_bucket(service, body.get("Output"), "Output", is_written=True)
    for index, mount in enumerate(body.get("DataConfigs", ())):
        parameter = f"DataConfigs.{index}"
        _check_bucket(service, mount.get("COSSource"), f"{parameter}.COSSource")
        _check_file_system(service, mount.get("CFSSource"), f"{parameter}.CFSSource")
        for member, kind, code in _SOURCES:
            source = mount.get(member) or {}
            if source.get("Id") and not service.registry.exists(kind, source["Id"]):
                _refuse(code, f"{parameter}.{member}.Id", f"`{source['Id'][:80]}` does not exist")


_SOURCES = (
    ("CFSTurboSource", "cfs_turbo", "InternalError.CFSNotFound"),
    ("GooseFSSource", "goosefs", "InvalidParameterValue.GooseFSNotExist"),
    ("HDFSSource", "emr", "InternalError.QueryHDFSInfoFailed"),
    ("DataSetSource", "dataset", "InvalidParameterValue"),
)
"""What a mount may name by an id alone: the member, its kind, and the code if it does not exist."""


def _check_bucket(service: Service, cos: Body | None, parameter: str, *, is_written: bool = False) -> None:
    if cos is None:
        return
    bucket, [path] = cos["Bucket"], cos["Paths"]
    if not service.registry.exists("bucket", bucket) or not (service.cos is None or service.cos.has(bucket)):
        _refuse("InvalidParameterValue.CosPathNotExist", f"{parameter}.Bucket", f"`{bucket[:80]}` does not exist")
    if service.registry.facts("bucket", bucket).get("region", cos["Region"]) != cos["Region"]:
        _refuse(
            "InvalidParameterValue.CosPathNotExist", f"{parameter}.Region", f"is not the one of the bucket `{bucket}`"
        )
    if not (is_written or service.cos is None or service.cos.has(bucket, path)):
        _refuse("InvalidParameterValue.CosPathNotExist", f"{parameter}.Paths.0", f"`{path[:80]}` does not exist")


def _check_file_system(service: Service, source: Body | None, parameter: str) -> None:
    if source is None:
        return
    if not service.registry.exists("cfs", source["Id"]):
        _refuse("ResourceNotFound.CfsNotFound", f"{parameter}.Id", f"`{source['Id'][:80]}` does not exist")
    paths = service.registry.facts("cfs", source["Id"]).get("paths")
    if paths is not None and not any(_lies_in(source["Path"], path) for path in paths):
        problem = f"`{source['Path'][:80]}` may not be read by this account"
        _refuse("InvalidParameterValue.FSPathInaccessible", f"{parameter}.Path", problem)


def _lies_in(path: str, folder: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def _check_image(service: Service, body: Body) -> None:
    image = body.get("ImageInfo")
    if image is not None and not service.registry.exists("image", image["ImageUrl"]):
        _refuse(
            "InvalidParameterValue.ImageNotFound", "ImageInfo.ImageUrl", f"`{image['ImageUrl'][:80]}` does not exist"
        )


def _check_code(service: Service, body: Body) -> None:
    for index, repository in enumerate(body.get("CodeRepos", ())):
        if not service.registry.exists("code_repository", repository["Id"]):
            problem = f"`{repository['Id'][:80]}` does not exist"
            _refuse("InvalidParameterValue", f"CodeRepos.{index}.Id", problem)


def _check_resource_group(service: Service, body: Body) -> None:
    group_id = body.get("ResourceGroupId", "")
    if body["ChargeType"] != "PREPAID":
        return
    if not service.registry.exists("resource_group", group_id):
        _refuse("InternalError.QueryResourceGroupFailed", "ResourceGroupId", f"`{group_id[:80]}` does not exist")
    group = service.registry.facts("resource_group", group_id)
    if not group:
        return
    nodes = body["ResourceConfigInfos"]
    if group.get("bare_metal") and body.get("DataConfigs"):
        problem = "must be empty: the resource group is of bare metal"
        _refuse("InvalidParameterValue.UnsupportedDataConfig", "DataConfigs", problem)
    for index, node in enumerate(nodes):
        if group.get("gpu_only") and not node.get("Gpu"):
            problem = "must not be 0: the resource group takes tasks with GPUs only"
            _refuse("OperationDenied.NotAllow", f"ResourceConfigInfos.{index}.Gpu", problem)
        if (node.get("RDMAConfig") or {}).get("Enable") and not group.get("rdma"):
            problem = "cannot be true: the resource group has no RDMA"
            _refuse(
                "InvalidParameterValue.RDMAConfigIllegal", f"ResourceConfigInfos.{index}.RDMAConfig.Enable", problem
            )
    free = service.free_capacity(group_id)
    for amount, needed in needs(nodes).items():
        if needed > free.get(amount, needed):
            problem = f"asks for {needed} of {amount}, and {free[amount]} are free in the resource group `{group_id}`"
            _refuse("OperationDenied.ResourceGroupInsufficient", "ResourceConfigInfos", problem)


def _check_money(
    service: Service, caller: Caller, body: Body, too_little_code: str = "FailedOperation.FreezeBillFailed"
) -> None:
    price = hourly_price(body, service.registry.specs)
    for index, node in enumerate(body["ResourceConfigInfos"]):
        if price and node["InstanceType"] in service.sold_out:
            parameter = f"ResourceConfigInfos.{index}.InstanceType"
            _refuse(
                "OperationDenied.BillingStatusResourceInsufficient", parameter, f"`{node['InstanceType']}` is sold out"
            )
    balance = service.balances.get(caller.uin)
    if balance is None or not price:
        return
    if balance <= 0:
        _refuse(
            "OperationDenied.BalanceInsufficient", "ChargeType", "cannot be met: the balance of the account is used up"
        )
    if balance < price:
        problem = f"cannot be met: an hour costs {price} fen, and the account has {balance}"
        _refuse(too_little_code, "ChargeType", problem)


def _refuse(code: str, parameter: str, problem: str) -> NoReturn:
    raise ApiError(code, f"The value of parameter `{parameter}` {problem}.")
