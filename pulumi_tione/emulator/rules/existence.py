"""The rules of CreateTrainingTask about what else there is: names, networks, files, images, capacity, money."""

from __future__ import annotations

from typing import Any, NoReturn

from pulumi_tione.emulator.accounts import Caller
from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.resources.catalogue import hourly_price
from pulumi_tione.emulator.state.service import Cloud, needs
from pulumi_tione.emulator.tasks.lifecycle import Status

Body = dict[str, Any]


def check_existence(cloud: Cloud, caller: Caller, region: str, body: Body) -> None:
    """Refuse a request that asks for what is taken, absent, used up or not paid for."""
    _check_instance_types(cloud, body)
    _check_name(cloud, caller, region, body["Name"])
    for rule in (_check_workspace, _check_network, _check_files, _check_image, _check_code, _check_resource_group):
        rule(cloud, body)
    _check_money(cloud, caller, body)


def check_resources(cloud: Cloud, caller: Caller, body: Body) -> None:
    """What a task that is started again needs anew: nodes, and the money for them."""
    _check_resource_group(cloud, body)
    _check_money(cloud, caller, body, too_little="OperationDenied.BalanceInsufficient")


def _check_instance_types(cloud: Cloud, body: Body) -> None:
    for index, node in enumerate(body["ResourceConfigInfos"]):
        if body["ChargeType"] == "POSTPAID_BY_HOUR" and node["InstanceType"] not in cloud.registry.specs:
            place = f"ResourceConfigInfos.{index}.InstanceType"
            told = f"`{node['InstanceType'][:80]}` is none of the specs that DescribeBillingSpecs lists"
            _refuse("InvalidParameterValue.ResourceConfigIllegal", place, told)


def _check_name(cloud: Cloud, caller: Caller, region: str, name: str) -> None:
    holder = cloud.name_holder(caller, region, name)
    if holder is None:
        return
    # Two codes say this. The emulator tells them apart by what their texts tell, clients should not.
    task = cloud.find(holder)
    if task is not None and task.status is Status.SUBMITTING:
        _refuse(
            "FailedOperation.DuplicateNameTaskIsCreating", "Name", f"`{name}` belongs to a task that is being created"
        )
    if task is not None:
        _refuse("InvalidParameterValue.DuplicateName", "Name", f"`{name}` belongs to another task")
    _refuse("InvalidParameterValue.DuplicateName", "Name", f"`{name}` belonged to a task that was deleted, and is kept")


def _check_workspace(cloud: Cloud, body: Body) -> None:
    workspace = body.get("TiProjectId") or "0"
    if workspace != "0" and not cloud.registry.exists("workspace", workspace):
        _refuse("InvalidParameterValue", "TiProjectId", "names no workspace of this account")


def _check_network(cloud: Cloud, body: Body) -> None:
    vpc, subnet = body.get("VpcId", ""), body.get("SubnetId", "")
    if vpc and not (vpc.startswith("vpc-") and cloud.registry.exists("vpc", vpc)):
        _refuse("ResourceNotFound.VPCNotFound", "VpcId", f"`{vpc[:80]}` names no VPC")
    if not subnet:
        return
    if not vpc:
        _refuse("MissingParameter", "VpcId", "is required where SubnetId is given")
    if not (subnet.startswith("subnet-") and cloud.registry.exists("subnet", subnet)):
        _refuse("OperationDenied.SubnetIllegal", "SubnetId", f"`{subnet[:80]}` names no subnet")
    if cloud.registry.facts("subnet", subnet).get("vpc", vpc) != vpc:
        _refuse("OperationDenied.SubnetIllegal", "SubnetId", f"`{subnet}` lies in another VPC than `{vpc}`")


def _check_files(cloud: Cloud, body: Body) -> None:
    _check_bucket(cloud, body.get("CodePackagePath"), "CodePackagePath")
    _check_bucket(cloud, body.get("Output"), "Output", is_written=True)
    for index, mount in enumerate(body.get("DataConfigs", ())):
        place = f"DataConfigs.{index}"
        _check_bucket(cloud, mount.get("COSSource"), f"{place}.COSSource")
        _check_file_system(cloud, mount.get("CFSSource"), f"{place}.CFSSource")
        for member, kind, code in _SOURCES:
            source = mount.get(member) or {}
            if source.get("Id") and not cloud.registry.exists(kind, source["Id"]):
                _refuse(code, f"{place}.{member}.Id", f"`{source['Id'][:80]}` does not exist")


_SOURCES = (
    ("CFSTurboSource", "cfs_turbo", "InternalError.CFSNotFound"),
    ("GooseFSSource", "goosefs", "InvalidParameterValue.GooseFSNotExist"),
    ("HDFSSource", "emr", "InternalError.QueryHDFSInfoFailed"),
    ("DataSetSource", "dataset", "InvalidParameterValue"),
)
"""What a mount may name by an id alone: the member, its kind, and the code for one that does not exist."""


def _check_bucket(cloud: Cloud, cos: Body | None, place: str, *, is_written: bool = False) -> None:
    if cos is None:
        return
    bucket, [path] = cos["Bucket"], cos["Paths"]
    if not cloud.registry.exists("bucket", bucket) or not (cloud.cos is None or cloud.cos.has(bucket)):
        _refuse("InvalidParameterValue.CosPathNotExist", f"{place}.Bucket", f"`{bucket[:80]}` does not exist")
    if cloud.registry.facts("bucket", bucket).get("region", cos["Region"]) != cos["Region"]:
        _refuse("InvalidParameterValue.CosPathNotExist", f"{place}.Region", f"is not the one of the bucket `{bucket}`")
    if not (is_written or cloud.cos is None or cloud.cos.has(bucket, path)):
        _refuse("InvalidParameterValue.CosPathNotExist", f"{place}.Paths.0", f"`{path[:80]}` does not exist")


def _check_file_system(cloud: Cloud, source: Body | None, place: str) -> None:
    if source is None:
        return
    if not cloud.registry.exists("cfs", source["Id"]):
        _refuse("ResourceNotFound.CfsNotFound", f"{place}.Id", f"`{source['Id'][:80]}` does not exist")
    paths = cloud.registry.facts("cfs", source["Id"]).get("paths")
    if paths is not None and not any(_lies_in(source["Path"], path) for path in paths):
        told = f"`{source['Path'][:80]}` may not be read by this account"
        _refuse("InvalidParameterValue.FSPathInaccessible", f"{place}.Path", told)


def _lies_in(path: str, folder: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def _check_image(cloud: Cloud, body: Body) -> None:
    image = body.get("ImageInfo")
    if image is not None and not cloud.registry.exists("image", image["ImageUrl"]):
        _refuse(
            "InvalidParameterValue.ImageNotFound", "ImageInfo.ImageUrl", f"`{image['ImageUrl'][:80]}` does not exist"
        )


def _check_code(cloud: Cloud, body: Body) -> None:
    for index, repository in enumerate(body.get("CodeRepos", ())):
        if not cloud.registry.exists("code_repository", repository["Id"]):
            told = f"`{repository['Id'][:80]}` does not exist"
            _refuse("InvalidParameterValue", f"CodeRepos.{index}.Id", told)


def _check_resource_group(cloud: Cloud, body: Body) -> None:
    group_id = body.get("ResourceGroupId", "")
    if body["ChargeType"] != "PREPAID":
        return
    if not cloud.registry.exists("resource_group", group_id):
        _refuse("InternalError.QueryResourceGroupFailed", "ResourceGroupId", f"`{group_id[:80]}` does not exist")
    group = cloud.registry.facts("resource_group", group_id)
    if not group:
        return
    nodes = body["ResourceConfigInfos"]
    if group.get("bare_metal") and body.get("DataConfigs"):
        told = "must be empty: the resource group is of bare metal"
        _refuse("InvalidParameterValue.UnsupportedDataConfig", "DataConfigs", told)
    for index, node in enumerate(nodes):
        if group.get("gpu_only") and not node.get("Gpu"):
            told = "must not be 0: the resource group takes tasks with GPUs only"
            _refuse("OperationDenied.NotAllow", f"ResourceConfigInfos.{index}.Gpu", told)
        if (node.get("RDMAConfig") or {}).get("Enable") and not group.get("rdma"):
            told = "cannot be true: the resource group has no RDMA"
            _refuse("InvalidParameterValue.RDMAConfigIllegal", f"ResourceConfigInfos.{index}.RDMAConfig.Enable", told)
    free = cloud.free_capacity(group_id)
    for amount, wanted in needs(nodes).items():
        if wanted > free.get(amount, wanted):
            told = f"asks for {wanted} of {amount}, and {free[amount]} are free in the resource group `{group_id}`"
            _refuse("OperationDenied.ResourceGroupInsufficient", "ResourceConfigInfos", told)


def _check_money(
    cloud: Cloud, caller: Caller, body: Body, too_little: str = "FailedOperation.FreezeBillFailed"
) -> None:
    price = hourly_price(body, cloud.registry.specs)
    for index, node in enumerate(body["ResourceConfigInfos"]):
        if price and node["InstanceType"] in cloud.sold_out:
            place = f"ResourceConfigInfos.{index}.InstanceType"
            _refuse("OperationDenied.BillingStatusResourceInsufficient", place, f"`{node['InstanceType']}` is sold out")
    balance = cloud.balances.get(caller.uin)
    if balance is None or not price:
        return
    if balance <= 0:
        _refuse(
            "OperationDenied.BalanceInsufficient", "ChargeType", "cannot be met: the balance of the account is used up"
        )
    if balance < price:
        told = f"cannot be met: an hour costs {price} fen, and the account has {balance}"
        _refuse(too_little, "ChargeType", told)


def _refuse(code: str, place: str, told: str) -> NoReturn:
    raise ApiError(code, f"The value of parameter `{place}` {told}.")
