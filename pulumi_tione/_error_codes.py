"""What each code of the API means, and what to do about it.

Only its own entry decides what a code means, never its prefix: some codes that begin with `InternalError` are mistakes
of the caller. An unknown code is shown as it is and counts as a mistake of the caller. `docs/errors.md` is generated
from this.

A new code gets its kind, one sentence and the remedy in `CODES`, and `make outputs` writes the page. Which kinds are
retried is in `errors.py` (`is_retryable`), how long in `_api/transport.py`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.Enum):
    """What a refusal means for the caller."""

    INVALID_ARGUMENT = "the request is wrong: a retry cannot help"
    ALREADY_EXISTS = "the name is taken"
    NOT_FOUND = "there is no such task"
    PERMISSION_DENIED = "the credentials or their permissions are not accepted"
    BILLING = "the account cannot pay for it"
    RESOURCE_EXHAUSTED = "there is no capacity for it now"
    THROTTLED = "too many requests: not accepted, can be retried"
    INTERNAL = "a dependency of the service failed, perhaps by a mistake of the caller: can be retried once"
    UNAVAILABLE = "a dependency of the service failed: not accepted, can be retried"
    INDETERMINATE = "the service failed: the request may or may not have taken effect"
    FAILED_PRECONDITION = "the task cannot be stopped yet: can be retried shortly"


_REMEDIES: dict[Kind, str] = {
    Kind.INVALID_ARGUMENT: "correct the program",
    Kind.ALREADY_EXISTS: "choose another name, or remove `name` to get a computed one",
    Kind.NOT_FOUND: "check the ids in the program; `pulumi refresh` removes a deleted task from the state",
    Kind.PERMISSION_DENIED: "check the credentials and the permissions of their user",
    Kind.BILLING: "top up the account, then run `pulumi up` again",
    Kind.RESOURCE_EXHAUSTED: (
        "wait, or choose another specification, resource group or region, then run `pulumi up` again"
    ),
    Kind.THROTTLED: "run `pulumi up` again later, or with a lower --parallel",
    Kind.INTERNAL: "check the ids in the program, then run `pulumi up` again",
    Kind.UNAVAILABLE: "run `pulumi up` again later",
    Kind.INDETERMINATE: "run `pulumi up` again: it finds a task that this attempt may have created",
    Kind.FAILED_PRECONDITION: "try again in a minute",
}
"""What to do if a code has no remedy of its own."""


@dataclass(frozen=True)
class Meaning:
    """What a code means."""

    kind: Kind
    sentence: str
    """What happened, without a full stop at its end."""
    about: str = ""
    """The property of a task that it is about, such as `imageInfo.imageUrl`, if it is about one."""
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
_DENIED_CREDENTIALS = "set tione:secretId and tione:secretKey to an enabled key and its secret"

CODES: dict[str, Meaning] = {
    # CreateTrainingTask: the 56 codes of its page.
    "FailedOperation": Meaning(_K.INDETERMINATE, "the service failed without a reason"),
    "FailedOperation.DuplicateNameTaskIsCreating": Meaning(
        _K.ALREADY_EXISTS, "a task of this name exists or is being created", "name"
    ),
    "FailedOperation.FreezeBillFailed": Meaning(
        _K.BILLING, "the balance of the account is too low to freeze the cost of the first hour", "chargeType"
    ),
    "FailedOperation.QueryResourceSpecFailed": Meaning(
        _K.UNAVAILABLE, "the service could not look up the price of the nodes", "resourceConfigInfos"
    ),
    "InternalError": Meaning(_K.INDETERMINATE, "the service failed without a reason"),
    "InternalError.BindingTagsFailed": Meaning(
        _K.INDETERMINATE,
        "the tags could not be bound; the task may or may not have been created without them",
        "tags",
        "run `pulumi up` again: it finds the task and binds its tags. If it fails again, check your tag permissions",
    ),
    "InternalError.CFSNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "a mount names a CFS file system that does not exist",
        "dataConfigs",
        "correct the id, or create the file system in the task's region first",
    ),
    "InternalError.CheckFSPathAccessibilityFailed": Meaning(
        _K.UNAVAILABLE, "the service could not check whether the path of a mount is accessible", "dataConfigs"
    ),
    "InternalError.CreateTcrInstanceTokenFailed": Meaning(
        _K.UNAVAILABLE,
        "the image registry TCR gave the service no credentials",
        "imageInfo",
        "run `pulumi up` again later. If it fails again, check that TI-ONE may use the TCR instance",
    ),
    "InternalError.GetCFSFileSystemsFailed": Meaning(
        _K.UNAVAILABLE, "the service could not list the CFS file systems", "dataConfigs"
    ),
    "InternalError.GetCFSMountInfoFailed": Meaning(
        _K.UNAVAILABLE, "the service could not look up the mount point of a CFS file system", "dataConfigs"
    ),
    "InternalError.QueryHDFSInfoFailed": Meaning(
        _K.UNAVAILABLE,
        "the service could not look up the HDFS of a mount",
        "dataConfigs",
        "run `pulumi up` again later. If it fails again, check that the EMR cluster is running",
    ),
    "InternalError.QueryResourceGroupFailed": Meaning(
        _K.UNAVAILABLE, "the service could not look up the resource group", "resourceGroupId"
    ),
    "InternalError.QueryResourceSpecFailed": Meaning(
        _K.UNAVAILABLE, "the service could not look up the specification of the nodes", "resourceConfigInfos"
    ),
    "InternalError.QuerySubnetInfoFailed": Meaning(
        _K.UNAVAILABLE, "the service could not look up the subnet", "subnetId"
    ),
    "InternalError.QueryVPCInfoFailed": Meaning(_K.UNAVAILABLE, "the service could not look up the VPC", "vpcId"),
    "InternalError.ValidateCreateTaskFailed": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not accept this task",
        own_remedy="correct what the service's message names; if it names no property, several contradict each other",
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
        "a mount names a version of a public algorithm that does not exist",
        "dataConfigs",
        "copy the version id from the console's AI market",
    ),
    "InvalidParameterValue.BackOffLimitIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the number of automatic restarts is out of range",
        "additionalParameters",
        "correct BackOffLimit in `additional_parameters`",
    ),
    "InvalidParameterValue.BackOffLimitNotSupport": Meaning(
        _K.INVALID_ARGUMENT,
        "a task of this kind cannot restart automatically",
        "additionalParameters",
        "remove BackOffLimit from `additional_parameters`; `rerun_on_failure` starts a failed task again",
    ),
    "InvalidParameterValue.CosPathNotExist": Meaning(
        _K.INVALID_ARGUMENT,
        "a COS path does not exist",
        "codePackagePath",
        "check bucket, region and path of `code_package_path`, `output` and the mounts, and upload what is missing",
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
        "the path of a mount is not accessible",
        "dataConfigs",
        "grant access to the path, or mount another one",
    ),
    "InvalidParameterValue.FrameworkVersionNotSupport": Meaning(
        _K.INVALID_ARGUMENT,
        "the built-in framework is not offered in this version",
        "frameworkVersion",
        "choose a version that `get_training_frameworks` lists, or use your own image with `image_info`",
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
        "a mount names a GooseFS instance that does not exist",
        "dataConfigs",
        "correct the id of the GooseFS instance",
    ),
    "InvalidParameterValue.ImageIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the address of the image is malformed",
        "imageInfo.imageUrl",
        "write it as registry/namespace/name:tag, and set `image_type` to the registry's type",
    ),
    "InvalidParameterValue.ImageNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "the image does not exist or cannot be pulled",
        "imageInfo.imageUrl",
        "push the image first, or correct its address, registry_region and registry_id",
    ),
    "InvalidParameterValue.NotAllow": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not allow the value of a parameter",
        own_remedy="correct what the service's message names",
    ),
    "InvalidParameterValue.ParamLengthExceedLimit": Meaning(
        _K.INVALID_ARGUMENT,
        "a parameter is too long",
        own_remedy="shorten the parameter that the service's message names",
    ),
    "InvalidParameterValue.PathIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the path of a local disk cannot be mounted",
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
        "these nodes do not support RDMA",
        "resourceConfigInfos",
        "remove `rdma_config`, or choose nodes that support RDMA",
    ),
    "InvalidParameterValue.ResourceConfigIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the service cannot provide these groups of nodes",
        "resourceConfigInfos",
        "set `instance_type` to one that `tione.get_instance_specs` lists, or cpu, memory and gpu in a resource group; "
        "`tione:validate` checks them in a preview",
    ),
    "InvalidParameterValue.TAIJIResourceConfigIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "a fine-tuning task needs the nodes that its template recommends",
        "resourceConfigInfos",
        "use the nodes of the template in the console",
    ),
    "InvalidParameterValue.UnsupportedDataConfig": Meaning(
        _K.INVALID_ARGUMENT,
        "tasks in a bare-metal resource group cannot mount data",
        "dataConfigs",
        "remove `data_configs`, or choose another resource group",
    ),
    "MissingParameter": Meaning(
        _K.INVALID_ARGUMENT,
        "a parameter that the task needs is missing",
        own_remedy="set the property that the service's message names",
    ),
    "OperationDenied.BalanceInsufficient": Meaning(
        _K.BILLING, "the balance of the account is too low for another task", "chargeType"
    ),
    "OperationDenied.BillingException": Meaning(_K.UNAVAILABLE, "the service could not reach the billing system"),
    "OperationDenied.BillingStatusResourceInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "pay-as-you-go nodes of this specification are sold out",
        "resourceConfigInfos",
        "choose a specification that `get_instance_specs` shows as available, or wait and run `pulumi up` again",
    ),
    "OperationDenied.IpIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the task may not use an address",
        own_remedy="correct the address that the service's message names",
    ),
    "OperationDenied.MIYINGBalanceInsufficient": Meaning(
        _K.BILLING,
        "the account's Miying resource package is used up",
        "chargeType",
        "top up the resource package, then run `pulumi up` again",
    ),
    "OperationDenied.NetworkCidrIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the address range of the network cannot be used",
        "subnetId",
        "choose a VPC and subnet whose address range does not overlap with the platform's",
    ),
    "OperationDenied.NotAllow": Meaning(
        _K.INVALID_ARGUMENT,
        "the account is not allowed to do this",
        own_remedy="correct what the service's message names",
    ),
    "OperationDenied.ResourceGroupInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "the resource group has too little capacity for these nodes",
        "resourceGroupId",
        "free nodes in the group or enlarge it, or choose another one (`get_resource_groups` shows what is free)",
    ),
    "OperationDenied.SubnetIllegal": Meaning(
        _K.INVALID_ARGUMENT,
        "the subnet does not exist, or does not belong to the VPC",
        "subnetId",
        "set `subnet_id` to a subnet of the VPC in `vpc_id`, in the task's region",
    ),
    "OperationDenied.TAIJIApplicationGroupInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "the Taiji application group has too little capacity for these nodes",
        "resourceConfigInfos",
    ),
    "OperationDenied.WhitelistQuotaExceed": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "the account's free quota is used up",
        "resourceConfigInfos",
        "request a larger quota, or use paid nodes",
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
        "set `vpc_id` to a VPC in the task's region",
    ),
    "UnknownParameter": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not know a parameter",
        "additionalParameters",
        "correct its name in `additional_parameters`, or remove it",
    ),
    # Codes of other actions, or of all.
    "AuthFailure": Meaning(_K.PERMISSION_DENIED, "the service does not accept the credentials"),
    "AuthFailure.InvalidAuthorization": Meaning(_K.PERMISSION_DENIED, "the service cannot read the signature"),
    "AuthFailure.InvalidSecretId": Meaning(
        _K.PERMISSION_DENIED, "the secret id does not belong to an API key", own_remedy=_DENIED_CREDENTIALS
    ),
    "AuthFailure.NoPermission": Meaning(_K.PERMISSION_DENIED, "the user of these credentials may not do this"),
    "AuthFailure.SecretIdNotFound": Meaning(
        _K.PERMISSION_DENIED,
        "the secret id does not exist or is disabled",
        own_remedy=_DENIED_CREDENTIALS,
    ),
    "AuthFailure.SignatureExpire": Meaning(
        _K.PERMISSION_DENIED,
        "the time of the request differs from the service's",
        own_remedy="correct this machine's clock, which is more than five minutes off",
    ),
    "AuthFailure.SignatureFailure": Meaning(
        _K.PERMISSION_DENIED,
        "the secret key does not belong to the secret id",
        own_remedy=_DENIED_CREDENTIALS,
    ),
    "AuthFailure.TokenFailure": Meaning(
        _K.PERMISSION_DENIED,
        "the temporary credentials are not accepted",
        own_remedy="renew the temporary credentials: their token is invalid or has expired",
    ),
    "AuthFailure.UnauthorizedOperation": Meaning(_K.PERMISSION_DENIED, "the user of these credentials may not do this"),
    "FailedOperation.ContextLimitError": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not return more lines of this log",
        own_remedy="request a shorter period with `--since`, or one pod with `--pod`",
    ),
    "FailedOperation.DuplicateName": Meaning(_K.ALREADY_EXISTS, "another task has this name", "name"),
    "FailedOperation.RecordNotFound": Meaning(_K.NOT_FOUND, "the service does not find the task"),
    "FailedOperation.UnSubmitNotAllowToStop": Meaning(
        _K.FAILED_PRECONDITION, "a task cannot be stopped while it is being submitted"
    ),
    "InternalError.NoPermission": Meaning(
        _K.PERMISSION_DENIED, "the user of these credentials may not change the task"
    ),
    "InternalError.NotAllow": Meaning(
        _K.INVALID_ARGUMENT,
        "this is not possible in the task's current status",
        own_remedy="run `pulumi refresh`, then the command again",
    ),
    "InternalError.UnSubmittedStatusNotAllowStop": Meaning(
        _K.FAILED_PRECONDITION, "a task cannot be stopped before it is submitted"
    ),
    "InvalidAction": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not offer this action here",
        own_remedy="check tione:endpoint and tione:region: the service does not offer every action in every region",
    ),
    "InvalidParameter.FilterKeyStatusConflictWithChargeStatus": Meaning(
        _K.INVALID_ARGUMENT, "a list cannot be filtered by Status and CHARGE_STATUS at once"
    ),
    "InvalidParameterValue.BadName": Meaning(
        _K.INVALID_ARGUMENT,
        "the service does not accept the form of the name",
        "name",
        "use at most 60 letters, digits, `_` and `-`, or remove `name`",
    ),
    "InvalidParameterValue.ClsConfigRequired": Meaning(
        _K.INVALID_ARGUMENT,
        "log delivery has no destination",
        "logConfig",
        "set log set and topic in `log_config`, or remove `log_enable`",
    ),
    "InvalidParameterValue.DataConfigNumLimitExceeded": Meaning(
        _K.INVALID_ARGUMENT,
        "the task has more mounts than the service allows",
        "dataConfigs",
        "use at most ten mounts",
    ),
    "LimitExceeded": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "a quota of the account is used up",
        own_remedy="delete unused resources or request a larger quota, then run `pulumi up` again",
    ),
    "LimitExceeded.RateLimitExceeded": Meaning(_K.THROTTLED, "too many requests in a short time"),
    "RequestLimitExceeded": Meaning(_K.THROTTLED, "too many requests in a short time"),
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": Meaning(
        _K.THROTTLED, "the account sends too many requests to all regions"
    ),
    "RequestLimitExceeded.IPLimitExceeded": Meaning(_K.THROTTLED, "this address sends too many requests"),
    "RequestLimitExceeded.UinLimitExceeded": Meaning(_K.THROTTLED, "the account sends too many requests"),
    "RequestSizeLimitExceeded": Meaning(
        _K.INVALID_ARGUMENT,
        "the request is too large",
        "startCmdInfo",
        "move long scripts and parameters to the code package",
    ),
    "ResourceInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED, "the region has no capacity for these nodes", "resourceConfigInfos"
    ),
    "ResourceInsufficient.QuotaInsufficient": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "the account's quota for these nodes is used up",
        "resourceConfigInfos",
        "free nodes or request a larger quota, then run `pulumi up` again",
    ),
    "ResourceInsufficient.SSHPortIsConsumedUp": Meaning(
        _K.RESOURCE_EXHAUSTED,
        "no port is available for SSH access",
        "exposeNetworkConfig",
        "remove `ssh_config`, or wait and run `pulumi up` again",
    ),
    "ResourceNotFound": Meaning(_K.NOT_FOUND, "the service does not find the task"),
    "ResourceNotFound.ResourceGroupNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "the resource group does not exist in the task's region",
        "resourceGroupId",
        "set `resource_group_id` to a group that `get_resource_groups` lists",
    ),
    "InvalidParameterValue.SubnetNotFound": Meaning(
        _K.INVALID_ARGUMENT,
        "the subnet does not exist in the task's region",
        "subnetId",
        "set `subnet_id` to a subnet of the VPC in `vpc_id`",
    ),
    "ServiceUnavailable": Meaning(_K.INDETERMINATE, "the service is currently unavailable"),
    "UnauthorizedOperation": Meaning(_K.PERMISSION_DENIED, "the user of these credentials may not do this"),
    "UnauthorizedOperation.NoPermission": Meaning(
        _K.PERMISSION_DENIED, "the user of these credentials may not do this"
    ),
    "UnsupportedRegion": Meaning(
        _K.INVALID_ARGUMENT,
        "TI-ONE is not offered in this region",
        "region",
        "set `region` or tione:region to one where it is offered",
    ),
}
"""What each known code means."""

KIND_OF_CODE: dict[str, Kind] = {code: meaning.kind for code, meaning in CODES.items()}
