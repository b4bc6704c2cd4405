"""What each code of the API means, in words of our own, and what to do about it.

Only its own entry decides what a code means, never how it begins: some codes that begin with `InternalError` are the
caller's mistakes. A code that is not here is shown as it is, and taken for a mistake of the caller's.
`docs/errors.md` is generated from this.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.Enum):
    """What a refusal means for the caller."""

    INVALID_ARGUMENT = "the request is wrong: sending it again cannot help"
    ALREADY_EXISTS = "the name is taken"
    NOT_FOUND = "there is no such task"
    PERMISSION_DENIED = "the keys or their rights are not accepted"
    BILLING = "the account cannot pay for it"
    RESOURCE_EXHAUSTED = "there is no room for it now"
    THROTTLED = "too many requests: surely not accepted, to be sent again later"
    INTERNAL = "a dependency of the service failed, perhaps by the caller's mistake: may be sent again once"
    UNAVAILABLE = "a dependency of the service failed: surely not accepted, may be sent again"
    INDETERMINATE = "the service failed: the request may have taken effect"
    FAILED_PRECONDITION = "the task cannot be stopped yet: to be sent again shortly"


_REMEDIES: dict[Kind, str] = {
    Kind.INVALID_ARGUMENT: "change the program accordingly",
    Kind.ALREADY_EXISTS: "choose another name, or leave `name` out to get a free one",
    Kind.NOT_FOUND: "check what the program names; `pulumi refresh` takes a task that is gone out of the state",
    Kind.PERMISSION_DENIED: "check tione:secretId, tione:secretKey and tione:securityToken, and the user's permissions",
    Kind.BILLING: "top the account up, then run `pulumi up` again",
    Kind.RESOURCE_EXHAUSTED: "wait, or choose another spec, resource group or region, then run `pulumi up` again",
    Kind.THROTTLED: "run `pulumi up` again later, or with less --parallel",
    Kind.INTERNAL: "check what the program names, then run `pulumi up` again",
    Kind.UNAVAILABLE: "run `pulumi up` again later",
    Kind.INDETERMINATE: "run `pulumi up` again: it meets what this attempt may have left",
    Kind.FAILED_PRECONDITION: "try again in a minute",
}
"""What to do, where a code says nothing better."""


@dataclass(frozen=True)
class Meaning:
    """What a code means."""

    kind: Kind
    sentence: str
    """What happened, without a full stop at its end."""
    about: str = ""
    """The property of a task that it is about, such as `imageInfo.imageUrl`, where it is about one."""
    own_remedy: str = ""

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.own_remedy or _REMEDIES[self.kind]

    def __str__(self) -> str:
        return f"{self.sentence} (`{self.about}`)" if self.about else self.sentence


UNKNOWN = Meaning(Kind.INVALID_ARGUMENT, "")
"""For a code that is not here."""

_K = Kind
_DENIED_KEYS = "set tione:secretId and tione:secretKey to a pair that belongs together and is in use"

CODES: dict[str, Meaning] = {
    # CreateTrainingTask: the 56 codes of its page.
    "FailedOperation": Meaning(_K.INDETERMINATE, "the service could not do it and does not say why"),
    "FailedOperation.DuplicateNameTaskIsCreating": Meaning(
        _K.ALREADY_EXISTS, "a task of this name exists or is being created", "name"
    ),
    "FailedOperation.FreezeBillFailed": Meaning(
        _K.BILLING, "the account has too little money to set the first hour's cost aside", "chargeType"
    ),
    "FailedOperation.QueryResourceSpecFailed": Meaning(
        _K.UNAVAILABLE, "the service could not look the price of the nodes up", "resourceConfigInfos"
    ),
    "InternalError": Meaning(_K.INDETERMINATE, "the service failed and does not say why"),
    "InternalError.BindingTagsFailed": Meaning(
        _K.INDETERMINATE,
        "the tags could not be bound; there may be a task without them",
        "tags",
        "run `pulumi up` again: it finds the task and binds its tags. If that goes on, check the right to bind tags",
    ),
    "InternalError.CFSNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "no CFS file system has the id that a mount names",
        "dataConfigs",
        "correct the id, or create the file system in the task's region first",
    ),
    "InternalError.CheckFSPathAccessibilityFailed": Meaning(
        _K.UNAVAILABLE, "the service could not find out whether the path of a mount may be read", "dataConfigs"
    ),
    "InternalError.CreateTcrInstanceTokenFailed": Meaning(
        _K.UNAVAILABLE,
        "the service got no credential from the image registry TCR",
        "imageInfo",
        "run `pulumi up` again later. If that goes on, check that TI-ONE may use the TCR instance",
    ),
    "InternalError.GetCFSFileSystemsFailed": Meaning(
        _K.UNAVAILABLE, "the service could not ask CFS for its file systems", "dataConfigs"
    ),
    "InternalError.GetCFSMountInfoFailed": Meaning(
        _K.UNAVAILABLE, "the service could not ask CFS where a file system is mounted", "dataConfigs"
    ),
    "InternalError.QueryHDFSInfoFailed": Meaning(
        _K.UNAVAILABLE,
        "the service could not ask about the HDFS of a mount",
        "dataConfigs",
        "run `pulumi up` again later. If that goes on, check that the EMR cluster is running",
    ),
    "InternalError.QueryResourceGroupFailed": Meaning(
        _K.UNAVAILABLE, "the service could not look the resource group up", "resourceGroupId"
    ),
    "InternalError.QueryResourceSpecFailed": Meaning(
        _K.UNAVAILABLE, "the service could not look the specification of the nodes up", "resourceConfigInfos"
    ),
    "InternalError.QuerySubnetInfoFailed": Meaning(
        _K.UNAVAILABLE, "the service could not look the subnet up", "subnetId"
    ),
    "InternalError.QueryVPCInfoFailed": Meaning(_K.UNAVAILABLE, "the service could not look the VPC up", "vpcId"),
    "InternalError.ValidateCreateTaskFailed": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not accept the task as it is described",
        own_remedy="change what the service's message names; it names no property where several contradict each other",
    ),
    "InvalidParameter": Meaning(_K.INVALID_ARGUMENT, "a parameter has a form that the service does not accept"),
    "InvalidParameterValue": Meaning(_K.INVALID_ARGUMENT, "a parameter has a value that the service does not accept"),
    "InvalidParameterValue.AIMarketOutputConfigEmpty": Meaning(
        _K.INVALID_ARGUMENT,
        "built-in code of the platform needs a mount for its output, and there is none",
        "dataConfigs",
        "add a mount whose mapping_path is `/opt/ml/output/data`",
    ),
    "InvalidParameterValue.AIMarketPublicAlgoVersionNotExist": Meaning(
        _K.INVALID_ARGUMENT,
        "no public algorithm has the version id that a mount names",
        "dataConfigs",
        "take the id of the version from the console's AI market",
    ),
    "InvalidParameterValue.BackOffLimitIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the number of automatic restarts is out of range",
        "additionalParameters",
        "correct BackOffLimit in `additional_parameters`",
    ),
    "InvalidParameterValue.BackOffLimitNotSupport": Meaning(
        _K.INVALID_ARGUMENT,
        "a task of this kind cannot restart by itself",
        "additionalParameters",
        "take BackOffLimit out of `additional_parameters`; `rerun_on_failure` starts a failed task again",
    ),
    "InvalidParameterValue.CosPathNotExist": Meaning(
        _K.INVALID_ARGUMENT,
        "a COS path does not exist",
        "codePackagePath",
        "check bucket, region and path of `code_package_path`, `output` and the mounts; upload what is missing first",
    ),
    "InvalidParameterValue.DatasetNumLimitExceeded": Meaning(
        _K.INVALID_ARGUMENT,
        "the task mounts more datasets than the service allows",
        "dataConfigs",
        "mount fewer datasets",
    ),
    "InvalidParameterValue.DuplicateName": Meaning(_K.ALREADY_EXISTS, "another task has this name", "name"),
    "InvalidParameterValue.FSPathInaccessible": Meaning(
        _K.INVALID_ARGUMENT,
        "the path of a mount may not be read",
        "dataConfigs",
        "grant the right to the path, or mount one that may be read",
    ),
    "InvalidParameterValue.FrameworkVersionNotSupport": Meaning(
        _K.INVALID_ARGUMENT,
        "the built-in framework is not offered in this version",
        "frameworkVersion",
        "choose one that `get_training_frameworks` lists, or bring an image of your own with `image_info`",
    ),
    "InvalidParameterValue.GetCFSMountIPFailed": Meaning(
        _K.INTERNAL,
        "the address of a CFS file system could not be found",
        "dataConfigs",
        "check that the file system has a mount point in the task's VPC, then run `pulumi up` again",
    ),
    "InvalidParameterValue.GetGooseFSFailed": Meaning(
        _K.INTERNAL,
        "a GooseFS instance could not be looked up",
        "dataConfigs",
        "check the id of the GooseFS instance, then run `pulumi up` again",
    ),
    "InvalidParameterValue.GooseFSNotExist": Meaning(
        _K.INVALID_ARGUMENT,
        "no GooseFS instance has the id that a mount names",
        "dataConfigs",
        "correct the id of the GooseFS instance",
    ),
    "InvalidParameterValue.ImageIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the address of the image is malformed",
        "imageInfo.imageUrl",
        "write it as registry/namespace/name:tag, and let `image_type` fit the registry",
    ),
    "InvalidParameterValue.ImageNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "the image does not exist, or may not be pulled",
        "imageInfo.imageUrl",
        "push the image first, or correct address, registry_region and registry_id",
    ),
    "InvalidParameterValue.NotAllow": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not allow what a parameter asks for",
        own_remedy="change what its message names",
    ),
    "InvalidParameterValue.ParamLengthExceedLimit": Meaning(
        _K.INVALID_ARGUMENT,
        "a parameter is too long",
        own_remedy="shorten the parameter that the service's message names",
    ),
    "InvalidParameterValue.PathIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the path of a local disk is not one that may be mounted",
        "dataConfigs",
        "correct the path of `local_disk_source` or `host_path_source`",
    ),
    "InvalidParameterValue.QueryVPCInfoFailed": Meaning(
        _K.INTERNAL,
        "the VPC could not be looked up with this id",
        "vpcId",
        "check the id of the VPC and that it is in the task's region, then run `pulumi up` again",
    ),
    "InvalidParameterValue.RDMAConfigIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "RDMA is not possible with these nodes",
        "resourceConfigInfos",
        "take `rdma_config` out, or choose nodes that have RDMA",
    ),
    "InvalidParameterValue.ResourceConfigIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the groups of nodes are not ones that the service can provide",
        "resourceConfigInfos",
        "give pay-as-you-go nodes an `instance_type` that `get_instance_specs` lists, and nodes of a resource group "
        "cpu, memory and gpu",
    ),
    "InvalidParameterValue.TAIJIResourceConfigIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "a fine-tuning task needs the nodes that its template recommends",
        "resourceConfigInfos",
        "take the nodes from the template in the console",
    ),
    "InvalidParameterValue.UnsupportedDataConfig": Meaning(
        _K.INVALID_ARGUMENT,
        "tasks in a bare-metal resource group cannot mount data",
        "dataConfigs",
        "take `data_configs` out, or choose another resource group",
    ),
    "MissingParameter": Meaning(
        _K.INVALID_ARGUMENT,
        "a parameter that the task needs is missing",
        own_remedy="set the property that its message names",
    ),
    "OperationDenied.BalanceInsufficient": Meaning(
        _K.BILLING, "the account has too little money for another task", "chargeType"
    ),
    "OperationDenied.BillingException": Meaning(_K.UNAVAILABLE, "the service could not reach the vendor's billing"),
    "OperationDenied.BillingStatusResourceInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "pay-as-you-go nodes of this specification are sold out",
        "resourceConfigInfos",
        "choose a specification that `get_instance_specs` shows as available, or wait and run `pulumi up` again",
    ),
    "OperationDenied.IpIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "an address is not one that the task may use",
        own_remedy="correct the address that its message names",
    ),
    "OperationDenied.MIYINGBalanceInsufficient": Meaning(
        _K.BILLING,
        "the account's Miying resource package is used up",
        "chargeType",
        "top the resource package up, then run `pulumi up` again",
    ),
    "OperationDenied.NetworkCidrIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the address range of the network cannot be used",
        "subnetId",
        "choose a VPC and a subnet whose range does not collide with the platform's",
    ),
    "OperationDenied.NotAllow": Meaning(
        _K.INVALID_ARGUMENT, "the account may not do this here", own_remedy="change what the service's message names"
    ),
    "OperationDenied.ResourceGroupInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "the resource group has too little left for these nodes",
        "resourceGroupId",
        "free nodes in the group or enlarge it, or choose another one (`get_resource_groups` shows what is free)",
    ),
    "OperationDenied.SubnetIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the subnet does not exist, or does not belong to the VPC",
        "subnetId",
        "pass a subnet of the very VPC that `vpc_id` names, in the task's region",
    ),
    "OperationDenied.TAIJIApplicationGroupInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED, "the Taiji application group has too little left for these nodes", "resourceConfigInfos"
    ),
    "OperationDenied.WhitelistQuotaExceed": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "the free quota that the account was allowed is used up",
        "resourceConfigInfos",
        "ask the vendor for more, or use nodes that are paid for",
    ),
    "ResourceNotFound.CfsNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "the CFS file system of a mount does not exist",
        "dataConfigs",
        "correct the id, or create the file system in the task's region first",
    ),
    "ResourceNotFound.VPCNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "the VPC does not exist in the task's region",
        "vpcId",
        "pass the id of a VPC in the task's region",
    ),
    "UnknownParameter": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not know a parameter",
        "additionalParameters",
        "correct its name in `additional_parameters`, or take it out",
    ),
    # What other actions answer, or any of them.
    "AuthFailure": Meaning(_K.PERMISSION_DENIED, "the service does not accept the keys"),
    "AuthFailure.InvalidAuthorization": Meaning(_K.PERMISSION_DENIED, "the service cannot read the signature"),
    "AuthFailure.InvalidSecretId": Meaning(
        _K.PERMISSION_DENIED, "the secret id is not that of a key for the API", own_remedy=_DENIED_KEYS
    ),
    "AuthFailure.NoPermission": Meaning(_K.PERMISSION_DENIED, "the user of these keys may not do this"),
    "AuthFailure.SecretIdNotFound": Meaning(
        _K.PERMISSION_DENIED,
        "no key has this secret id, or it has been disabled",
        own_remedy=f"check the keys: {_DENIED_KEYS}",
    ),
    "AuthFailure.SignatureExpire": Meaning(
        _K.PERMISSION_DENIED,
        "the time of the request is not the service's",
        own_remedy="set this machine's clock: it is more than five minutes off",
    ),
    "AuthFailure.SignatureFailure": Meaning(
        _K.PERMISSION_DENIED,
        "the secret key does not fit the secret id",
        own_remedy=f"check the keys: {_DENIED_KEYS}",
    ),
    "AuthFailure.TokenFailure": Meaning(
        _K.PERMISSION_DENIED,
        "the temporary keys are not accepted",
        own_remedy="renew the temporary keys: their token is not valid, or no longer",
    ),
    "AuthFailure.UnauthorizedOperation": Meaning(_K.PERMISSION_DENIED, "the user of these keys may not do this"),
    "FailedOperation.ContextLimitError": Meaning(
        _K.INVALID_ARGUMENT,
        "a log cannot be paged through further than this",
        own_remedy="ask for a shorter period with `--since`, or for one `--pod`",
    ),
    "FailedOperation.DuplicateName": Meaning(_K.ALREADY_EXISTS, "another task has this name", "name"),
    "FailedOperation.RecordNotFound": Meaning(_K.NOT_FOUND, "the service knows no such task"),
    "FailedOperation.UnSubmitNotAllowToStop": Meaning(
        _K.FAILED_PRECONDITION, "a task cannot be stopped while it is submitted"
    ),
    "InternalError.NoPermission": Meaning(_K.PERMISSION_DENIED, "the user of these keys may not do this to the task"),
    "InternalError.NotAllow": Meaning(
        _K.INVALID_ARGUMENT,
        "the task is in a status in which this is not possible",
        own_remedy="run `pulumi refresh`, then again",
    ),
    "InternalError.UnSubmittedStatusNotAllowStop": Meaning(
        _K.FAILED_PRECONDITION, "a task cannot be stopped before it is submitted"
    ),
    "InvalidAction": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not offer this here",
        own_remedy="check tione:endpoint and tione:region; not everything is offered in every region",
    ),
    "InvalidParameter.FilterKeyStatusConflictWithChargeStatus": Meaning(
        _K.INVALID_ARGUMENT, "a list cannot be filtered by Status and CHARGE_STATUS at once"
    ),
    "InvalidParameterValue.BadName": Meaning(
        _K.INVALID_ARGUMENT,
        "the name has a form that the service does not accept",
        "name",
        "use at most 60 letters, digits, `_` and `-`, or leave `name` out",
    ),
    "InvalidParameterValue.ClsConfigRequired": Meaning(
        _K.INVALID_ARGUMENT,
        "log delivery needs to know where to",
        "logConfig",
        "set log set and topic in `log_config`, or take `log_enable` out",
    ),
    "InvalidParameterValue.DataConfigNumLimitExceeded": Meaning(
        _K.INVALID_ARGUMENT,
        "the task has more mounts than the service allows",
        "dataConfigs",
        "mount less: ten at most",
    ),
    "LimitExceeded": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "a quota of the account is used up",
        own_remedy="delete what is not needed or ask the vendor for a larger quota, then run `pulumi up` again",
    ),
    "LimitExceeded.RateLimitExceeded": Meaning(_K.THROTTLED, "too many requests in too short a time"),
    "RequestLimitExceeded": Meaning(_K.THROTTLED, "too many requests in too short a time"),
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": Meaning(
        _K.THROTTLED, "the account sends too many requests to all regions together"
    ),
    "RequestLimitExceeded.IPLimitExceeded": Meaning(_K.THROTTLED, "this address sends too many requests"),
    "RequestLimitExceeded.UinLimitExceeded": Meaning(_K.THROTTLED, "the account sends too many requests"),
    "RequestSizeLimitExceeded": Meaning(
        _K.INVALID_ARGUMENT,
        "the request is too large",
        "startCmdInfo",
        "move long scripts and parameters into the code package",
    ),
    "ResourceInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED, "the region has no room for these nodes", "resourceConfigInfos"
    ),
    "ResourceInsufficient.QuotaInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "the account's quota for these nodes is used up",
        "resourceConfigInfos",
        "free nodes or ask the vendor for a larger quota, then run `pulumi up` again",
    ),
    "ResourceInsufficient.SSHPortIsConsumedUp": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "there is no port left for the SSH access",
        "exposeNetworkConfig",
        "take `ssh_config` out, or wait and run `pulumi up` again",
    ),
    "ResourceNotFound": Meaning(_K.NOT_FOUND, "the service knows no such task"),
    "ResourceNotFound.ResourceGroupNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "the resource group does not exist in the task's region",
        "resourceGroupId",
        "pass the id of a group that `get_resource_groups` lists",
    ),
    "InvalidParameterValue.SubnetNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "the subnet does not exist in the task's region",
        "subnetId",
        "pass the id of a subnet of the VPC that `vpc_id` names",
    ),
    "ServiceUnavailable": Meaning(_K.INDETERMINATE, "the service is out of order at the moment"),
    "UnauthorizedOperation": Meaning(_K.PERMISSION_DENIED, "the user of these keys may not do this"),
    "UnauthorizedOperation.NoPermission": Meaning(_K.PERMISSION_DENIED, "the user of these keys may not do this"),
    "UnsupportedRegion": Meaning(
        _K.INVALID_ARGUMENT,
        "TI-ONE is not offered in this region",
        "region",
        "set `region`, or tione:region, to one in which it is",
    ),
}
"""What each code means that is known."""

KIND_OF_CODE: dict[str, Kind] = {code: meaning.kind for code, meaning in CODES.items()}
