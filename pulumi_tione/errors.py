"""What can go wrong, and what each code of the API means for us.

    TioneError
    ├── SettingsError       region, keys or endpoint are missing or contradict each other
    ├── NotSentError        the request never reached the service: nothing has happened
    ├── UnclearError        the request was sent, and no clear answer came: it may have taken effect
    ├── ApiError            the service refused the request, and said so with a code
    └── TaskError           a task is not in the state that an operation needs
        └── UnreachedError  it did not become what it was awaited to be

Every message is one line: which task or setting, what happened, the service's own words and request id, what to do.
"""

from __future__ import annotations

import enum

__all__ = ["ApiError", "NotSentError", "SettingsError", "TaskError", "TioneError", "UnclearError", "UnreachedError"]


class Kind(enum.Enum):
    """What a refusal means for the caller. Only its own entry decides, never the beginning of a code."""

    CALLER = "the request is wrong: sending it again cannot help"
    CONFLICT = "the name is taken"
    GONE = "there is no such task"
    DENIED = "the keys or their rights are not accepted"
    BILLING = "the account cannot pay for it"
    CAPACITY = "there is no room for it now"
    THROTTLED = "too many requests: surely not accepted, to be sent again later"
    DOUBTFUL = "a dependency of the service failed, perhaps by the caller's mistake: may be sent again once"
    BUSY = "a dependency of the service failed: surely not accepted, may be sent again"
    UNCLEAR = "the service failed: the request may have taken effect"
    NOT_YET = "the task cannot be stopped yet: to be sent again shortly"


_CODES: dict[Kind, tuple[str, ...]] = {
    Kind.CALLER: (
        "InternalError.CFSNotFound",
        "InternalError.NotAllow",
        "InternalError.ValidateCreateTaskFailed",
        "InvalidAction",
        "InvalidParameter",
        "InvalidParameter.FilterKeyStatusConflictWithChargeStatus",
        "InvalidParameterValue",
        "InvalidParameterValue.AIMarketOutputConfigEmpty",
        "InvalidParameterValue.AIMarketPublicAlgoVersionNotExist",
        "InvalidParameterValue.BackOffLimitIllegal",
        "InvalidParameterValue.BackOffLimitNotSupport",
        "InvalidParameterValue.CosPathNotExist",
        "InvalidParameterValue.DatasetNumLimitExceeded",
        "InvalidParameterValue.FSPathInaccessible",
        "InvalidParameterValue.FrameworkVersionNotSupport",
        "InvalidParameterValue.GooseFSNotExist",
        "InvalidParameterValue.ImageIllegal",
        "InvalidParameterValue.ImageNotFound",
        "InvalidParameterValue.NotAllow",
        "InvalidParameterValue.ParamLengthExceedLimit",
        "InvalidParameterValue.PathIllegal",
        "InvalidParameterValue.RDMAConfigIllegal",
        "InvalidParameterValue.ResourceConfigIllegal",
        "InvalidParameterValue.TAIJIResourceConfigIllegal",
        "InvalidParameterValue.UnsupportedDataConfig",
        "MissingParameter",
        "OperationDenied.IpIllegal",
        "OperationDenied.NetworkCidrIllegal",
        "OperationDenied.NotAllow",
        "OperationDenied.SubnetIllegal",
        "RequestSizeLimitExceeded",
        "ResourceNotFound.CfsNotFound",
        "ResourceNotFound.VPCNotFound",
        "UnknownParameter",
        "UnsupportedRegion",
    ),
    Kind.CONFLICT: (
        "FailedOperation.DuplicateName",
        "FailedOperation.DuplicateNameTaskIsCreating",
        "InvalidParameterValue.DuplicateName",
    ),
    Kind.GONE: ("ResourceNotFound", "FailedOperation.RecordNotFound"),
    Kind.DENIED: (
        "AuthFailure",
        "AuthFailure.InvalidAuthorization",
        "AuthFailure.InvalidSecretId",
        "AuthFailure.SecretIdNotFound",
        "AuthFailure.SignatureExpire",
        "AuthFailure.SignatureFailure",
        "AuthFailure.TokenFailure",
        "AuthFailure.UnauthorizedOperation",
        "InternalError.NoPermission",
        "UnauthorizedOperation",
    ),
    Kind.BILLING: (
        "FailedOperation.FreezeBillFailed",
        "OperationDenied.BalanceInsufficient",
        "OperationDenied.MIYINGBalanceInsufficient",
    ),
    Kind.CAPACITY: (
        "LimitExceeded",
        "OperationDenied.BillingStatusResourceInsufficient",
        "OperationDenied.ResourceGroupInsufficient",
        "OperationDenied.TAIJIApplicationGroupInsufficient",
        "OperationDenied.WhitelistQuotaExceed",
        "ResourceInsufficient",
    ),
    Kind.THROTTLED: (
        "LimitExceeded.RateLimitExceeded",
        "RequestLimitExceeded",
        "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
        "RequestLimitExceeded.IPLimitExceeded",
        "RequestLimitExceeded.UinLimitExceeded",
    ),
    Kind.DOUBTFUL: (
        "InvalidParameterValue.GetCFSMountIPFailed",
        "InvalidParameterValue.GetGooseFSFailed",
        "InvalidParameterValue.QueryVPCInfoFailed",
    ),
    Kind.BUSY: (
        "FailedOperation.QueryResourceSpecFailed",
        "InternalError.CheckFSPathAccessibilityFailed",
        "InternalError.CreateTcrInstanceTokenFailed",
        "InternalError.GetCFSFileSystemsFailed",
        "InternalError.GetCFSMountInfoFailed",
        "InternalError.QueryHDFSInfoFailed",
        "InternalError.QueryResourceGroupFailed",
        "InternalError.QueryResourceSpecFailed",
        "InternalError.QuerySubnetInfoFailed",
        "InternalError.QueryVPCInfoFailed",
        "OperationDenied.BillingException",
    ),
    Kind.UNCLEAR: ("FailedOperation", "InternalError", "InternalError.BindingTagsFailed", "ServiceUnavailable"),
    Kind.NOT_YET: ("FailedOperation.UnSubmitNotAllowToStop", "InternalError.UnSubmittedStatusNotAllowStop"),
}
KIND_OF_CODE: dict[str, Kind] = {code: kind for kind, codes in _CODES.items() for code in codes}
"""The kind of each code that is known. A code that is not here is shown as it is, and taken for a caller's mistake."""

_REMEDIES: dict[Kind, str] = {
    Kind.CALLER: "change the program accordingly",
    Kind.CONFLICT: "choose another name, or leave `name` out to get a free one",
    Kind.GONE: "run `pulumi refresh` to take it out of the state",
    Kind.DENIED: "check the keys (tione:secretId, tione:secretKey, tione:securityToken) and the rights of their user",
    Kind.BILLING: "top the account up, then run `pulumi up` again",
    Kind.CAPACITY: "wait, or choose another specification, resource group or region, then run `pulumi up` again",
    Kind.THROTTLED: "run `pulumi up` again later, or with less --parallel",
    Kind.DOUBTFUL: "check what the program names, then run `pulumi up` again",
    Kind.BUSY: "run `pulumi up` again later",
    Kind.UNCLEAR: "run `pulumi up` again: it meets what this attempt may have left",
    Kind.NOT_YET: "try again in a minute",
}
_REMEDIES_OF_CODES: dict[str, str] = {
    "AuthFailure.SignatureExpire": "set this machine's clock: it is more than five minutes off",
    "AuthFailure.TokenFailure": "renew the temporary keys: their token is not valid, or no longer",
}


class TioneError(Exception):
    """Anything that this package has to complain about."""


class SettingsError(TioneError):
    """Region, keys or endpoint are missing or contradict each other."""


class NotSentError(TioneError):
    """The request never reached the service, so nothing has happened."""


class UnclearError(TioneError):
    """The request was sent, but no clear answer came: it may or may not have taken effect."""


class TaskError(TioneError):
    """A task is not in the state that an operation needs."""


class UnreachedError(TaskError):
    """A task did not become what it was awaited to be. `report` tells in several lines what is known of why."""

    def __init__(self, message: str, report: str) -> None:
        self.report = report
        super().__init__(message)


class ApiError(TioneError):
    """The service refused a request.

    `code` and `service_message` are the service's own words, `request_id` is what its support asks for, and `kind`
    says what the code means for us.
    """

    def __init__(self, action: str, code: str, service_message: str, request_id: str) -> None:
        self.action = action
        self.code = code
        self.service_message = service_message
        self.request_id = request_id
        self.kind = KIND_OF_CODE.get(code, Kind.CALLER)
        super().__init__(
            f"{action} was refused with {code}: {' '.join(service_message.split())} "
            f"(request id {request_id or 'unknown'}); {_REMEDIES_OF_CODES.get(code) or _REMEDIES[self.kind]}"
        )


def was_throttled(error: BaseException) -> bool:
    """Tell whether a request was refused only because there were too many: it was surely not accepted."""
    return isinstance(error, ApiError) and error.kind is Kind.THROTTLED


def may_be_asked_again(error: BaseException) -> bool:
    """Tell whether an error may pass, for requests that do no harm when they are done twice."""
    if isinstance(error, ApiError):
        return error.kind in (Kind.THROTTLED, Kind.BUSY, Kind.UNCLEAR)
    return isinstance(error, UnclearError)


def may_pass(error: BaseException) -> bool:
    """Tell whether a question that failed may be answered later."""
    return may_be_asked_again(error) or isinstance(error, NotSentError)
