"""What each code of the API means for us, and how an error reads.

That every code is explained is in `test_error_codes.py`.
"""

from __future__ import annotations

import pytest

from pulumi_tione.errors import (
    KIND_OF_CODE,
    ApiError,
    IndeterminateResultError,
    Kind,
    RequestNotSentError,
    SettingsError,
    TaskError,
    TioneError,
)

OF_CREATE_TRAINING_TASK = {
    "FailedOperation": "transient-read-before-retry",
    "FailedOperation.DuplicateNameTaskIsCreating": "conflict",
    "FailedOperation.FreezeBillFailed": "billing",
    "FailedOperation.QueryResourceSpecFailed": "transient-dependency",
    "InternalError": "transient-read-before-retry",
    "InternalError.BindingTagsFailed": "transient-read-before-retry",
    "InternalError.CFSNotFound": "caller",
    "InternalError.CheckFSPathAccessibilityFailed": "transient-dependency",
    "InternalError.CreateTcrInstanceTokenFailed": "transient-dependency",
    "InternalError.GetCFSFileSystemsFailed": "transient-dependency",
    "InternalError.GetCFSMountInfoFailed": "transient-dependency",
    "InternalError.QueryHDFSInfoFailed": "transient-dependency",
    "InternalError.QueryResourceGroupFailed": "transient-dependency",
    "InternalError.QueryResourceSpecFailed": "transient-dependency",
    "InternalError.QuerySubnetInfoFailed": "transient-dependency",
    "InternalError.QueryVPCInfoFailed": "transient-dependency",
    "InternalError.ValidateCreateTaskFailed": "caller",
    "InvalidParameter": "caller",
    "InvalidParameterValue": "caller",
    "InvalidParameterValue.AIMarketOutputConfigEmpty": "caller",
    "InvalidParameterValue.AIMarketPublicAlgoVersionNotExist": "caller",
    "InvalidParameterValue.BackOffLimitIllegal": "caller",
    "InvalidParameterValue.BackOffLimitNotSupport": "caller",
    "InvalidParameterValue.CosPathNotExist": "caller",
    "InvalidParameterValue.DatasetNumLimitExceeded": "caller",
    "InvalidParameterValue.DuplicateName": "conflict",
    "InvalidParameterValue.FSPathInaccessible": "caller",
    "InvalidParameterValue.FrameworkVersionNotSupport": "caller",
    "InvalidParameterValue.GetCFSMountIPFailed": "ambiguous (retry at most once)",
    "InvalidParameterValue.GetGooseFSFailed": "ambiguous (retry at most once)",
    "InvalidParameterValue.GooseFSNotExist": "caller",
    "InvalidParameterValue.ImageIllegal": "caller",
    "InvalidParameterValue.ImageNotFound": "caller",
    "InvalidParameterValue.NotAllow": "caller",
    "InvalidParameterValue.ParamLengthExceedLimit": "caller",
    "InvalidParameterValue.PathIllegal": "caller",
    "InvalidParameterValue.QueryVPCInfoFailed": "ambiguous (retry at most once)",
    "InvalidParameterValue.RDMAConfigIllegal": "caller",
    "InvalidParameterValue.ResourceConfigIllegal": "caller",
    "InvalidParameterValue.TAIJIResourceConfigIllegal": "caller",
    "InvalidParameterValue.UnsupportedDataConfig": "caller",
    "MissingParameter": "caller",
    "OperationDenied.BalanceInsufficient": "billing",
    "OperationDenied.BillingException": "transient-dependency",
    "OperationDenied.BillingStatusResourceInsufficient": "capacity",
    "OperationDenied.IpIllegal": "caller",
    "OperationDenied.MIYINGBalanceInsufficient": "billing",
    "OperationDenied.NetworkCidrIllegal": "caller",
    "OperationDenied.NotAllow": "caller",
    "OperationDenied.ResourceGroupInsufficient": "capacity",
    "OperationDenied.SubnetIllegal": "caller",
    "OperationDenied.TAIJIApplicationGroupInsufficient": "capacity",
    "OperationDenied.WhitelistQuotaExceed": "capacity",
    "ResourceNotFound.CfsNotFound": "caller",
    "ResourceNotFound.VPCNotFound": "caller",
    "UnknownParameter": "caller",
}
"""The 56 codes of the page of CreateTrainingTask, each with the class that it was found to be in."""

KINDS = {
    "caller": Kind.INVALID_ARGUMENT,
    "conflict": Kind.ALREADY_EXISTS,
    "billing": Kind.BILLING,
    "capacity": Kind.RESOURCE_EXHAUSTED,
    "transient-dependency": Kind.UNAVAILABLE,
    "transient-read-before-retry": Kind.INDETERMINATE,
    "ambiguous (retry at most once)": Kind.INTERNAL,
}

OF_EVERY_ACTION = {
    "AuthFailure.InvalidSecretId": Kind.PERMISSION_DENIED,
    "AuthFailure.SecretIdNotFound": Kind.PERMISSION_DENIED,
    "AuthFailure.SignatureExpire": Kind.PERMISSION_DENIED,
    "AuthFailure.SignatureFailure": Kind.PERMISSION_DENIED,
    "AuthFailure.TokenFailure": Kind.PERMISSION_DENIED,
    "AuthFailure.UnauthorizedOperation": Kind.PERMISSION_DENIED,
    "FailedOperation.DuplicateName": Kind.ALREADY_EXISTS,
    "FailedOperation.RecordNotFound": Kind.NOT_FOUND,
    "FailedOperation.UnSubmitNotAllowToStop": Kind.FAILED_PRECONDITION,
    "InternalError.NotAllow": Kind.INVALID_ARGUMENT,
    "InternalError.UnSubmittedStatusNotAllowStop": Kind.FAILED_PRECONDITION,
    "InvalidAction": Kind.INVALID_ARGUMENT,
    "LimitExceeded": Kind.RESOURCE_EXHAUSTED,
    "LimitExceeded.RateLimitExceeded": Kind.THROTTLED,
    "RequestLimitExceeded": Kind.THROTTLED,
    "RequestLimitExceeded.UinLimitExceeded": Kind.THROTTLED,
    "RequestSizeLimitExceeded": Kind.INVALID_ARGUMENT,
    "ResourceInsufficient": Kind.RESOURCE_EXHAUSTED,
    "ResourceNotFound": Kind.NOT_FOUND,
    "ServiceUnavailable": Kind.INDETERMINATE,
    "UnauthorizedOperation": Kind.PERMISSION_DENIED,
    "UnsupportedRegion": Kind.INVALID_ARGUMENT,
}


def test_the_page_has_56_codes() -> None:
    assert len(OF_CREATE_TRAINING_TASK) == 56


@pytest.mark.parametrize(("code", "found"), OF_CREATE_TRAINING_TASK.items())
def test_each_code_of_create_is_classified(code: str, found: str) -> None:
    assert KIND_OF_CODE[code] is KINDS[found]
    assert ApiError("CreateTrainingTask", code, "", "").kind is KINDS[found]


@pytest.mark.parametrize(("code", "kind"), OF_EVERY_ACTION.items())
def test_each_common_code_is_classified(code: str, kind: Kind) -> None:
    assert KIND_OF_CODE[code] is kind


@pytest.mark.parametrize(
    "code",
    [
        "InternalError.Whatever",
        "FailedOperation.Whatever",
        "RequestLimitExceededX",
        "ResourceNotFound.Whatever",
        "LimitExceeded.Whatever",
        "DataConfigNumLimitExceeded",
        "",
    ],
)
def test_an_unknown_code_is_shown_as_it_is_and_never_judged_by_how_it_begins(code: str) -> None:
    error = ApiError("DescribeTrainingTask", code, "whatever", "r-1")
    assert error.code == code
    assert error.kind is Kind.INVALID_ARGUMENT
    assert f"refused with {code}: whatever" in str(error)


@pytest.mark.parametrize("code", [*KIND_OF_CODE, "Unheard.Of"])
def test_a_refusal_is_one_line_with_action_code_the_services_words_request_id_and_what_to_do(code: str) -> None:
    error = ApiError("StopTrainingTask", code, "  first line\nsecond\tline ", "0161f5a9")
    text = str(error)
    assert "\n" not in text
    assert text.startswith(f"StopTrainingTask was refused with {code}: first line second line")
    assert "0161f5a9" in text
    remedy = text.rpartition("; ")[2]
    assert len(remedy) > 10
    assert (error.action, error.code, error.request_id) == ("StopTrainingTask", code, "0161f5a9")


def test_a_missing_request_id_is_shown_as_unknown() -> None:
    assert "request id unknown" in str(ApiError("StopTrainingTask", "InternalError", "", ""))


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AuthFailure.SignatureExpire", "clock"),
        ("AuthFailure.TokenFailure", "token"),
        ("AuthFailure.SignatureFailure", "tione:secretKey"),
        ("OperationDenied.BalanceInsufficient", "top up the account"),
        ("InvalidParameterValue.DuplicateName", "another name"),
        ("RequestLimitExceeded", "--parallel"),
    ],
)
def test_the_advice_fits_the_code(code: str, advice: str) -> None:
    assert advice in str(ApiError("CreateTrainingTask", code, "no", "r-1"))


@pytest.mark.parametrize("kind", [SettingsError, RequestNotSentError, IndeterminateResultError, ApiError, TaskError])
def test_whatever_this_package_complains_of_can_be_caught_as_one(kind: type[Exception]) -> None:
    assert issubclass(kind, TioneError)
    assert kind.__doc__


def test_control_characters_of_an_answer_do_not_reach_a_terminal() -> None:
    text = str(ApiError("Act", "Code\x1b[31m", "bad\x07 \x9b2J name", "id\x1b]0;x"))
    assert text.isprintable()
    assert "bad\\x07" in text


@pytest.mark.parametrize("message", ["no such region", "no such region."])
def test_the_sentence_of_the_service_and_our_own_are_separated_by_one_sign(message: str) -> None:
    text = str(ApiError("StopTrainingTask", "UnsupportedRegion", message, "r-1"))
    assert "UnsupportedRegion: no such region: TI-ONE is not offered" in text
    assert ".:" not in text
    assert "wait ...: " in str(ApiError("StopTrainingTask", "UnsupportedRegion", "wait ...", "r-1"))
