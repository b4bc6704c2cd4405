"""The language of error messages, which a request chooses with `X-TC-Language`.

An error is English without the header. The English texts are where the error is raised.
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("zh-CN", "en-US")
"""The documented values of the header [D]."""

_CHINESE: Mapping[str, str] = {
    "AuthFailure": "签名或鉴权错误",
    "FailedOperation": "操作失败",
    "InternalError": "内部错误",
    "InvalidAction": "接口不存在",
    "InvalidParameter": "参数错误",
    "InvalidParameterValue": "参数取值错误",
    "LimitExceeded": "超过配额限制",
    "MissingParameter": "缺少参数",
    "NoSuchVersion": "接口版本不存在",
    "OperationDenied": "操作被拒绝",
    "RequestLimitExceeded": "请求的次数超过了频率限制",
    "RequestSizeLimitExceeded": "请求包超过限制大小",
    "ResourceNotFound": "资源不存在",
    "UnauthorizedOperation": "未授权操作",
    "UnknownParameter": "未知参数错误",
    "UnsupportedProtocol": "不支持的请求协议",
    "UnsupportedRegion": "接口不支持所传地域",
}
"""The meaning of each family of codes, after the vendor's page of common errors."""


def localized(code: str, message: str, language: str | None) -> str:
    """Return a message in the language of the request: for zh-CN, the meaning of its code and the English details."""
    if language != "zh-CN":
        return message
    meaning = _CHINESE.get(code.partition(".")[0], "请求被拒绝")
    return f"{meaning}（{message}）"
