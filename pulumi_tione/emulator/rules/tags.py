"""The rules of tags [D]: the same for both services, which have their own codes for violations.

A task has 50 tags at most; the quota of an account is in `resources/tag_quota.py`. The provider's rules of tags are in
`_constraints.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NoReturn

from pulumi_tione.emulator.errors import ApiError

MAX_TAGS = 50
"""The limit of a resource; tags of the platform do not count [I]."""
MAX_KEY_LENGTH = 127
MAX_VALUE_LENGTH = 255
RESERVED = ("qcs:", "project", "项目")

_CHARACTERS = re.compile(r"[^\W_]|[ +\-=._:/@()\[\],;><，；：。（）【】《》]")
"""Letters, digits and Chinese, inner spaces, the documented signs, and the Chinese forms of some."""


class Flaw(Enum):
    """What can be wrong with a tag."""

    KEY_EMPTY = "key empty"
    KEY_LENGTH = "key length"
    KEY_CHARACTER = "key character"
    KEY_RESERVED = "key reserved"
    KEY_DUPLICATE = "key duplicate"
    VALUE_EMPTY = "value empty"
    VALUE_LENGTH = "value length"
    VALUE_CHARACTER = "value character"
    TOO_MANY = "too many"


Codes = Mapping[Flaw, str]

TIONE_CODES: Codes = {
    **dict.fromkeys(Flaw, "InvalidParameterValue"),
    Flaw.KEY_LENGTH: "InvalidParameterValue.ParamLengthExceedLimit",
    Flaw.VALUE_LENGTH: "InvalidParameterValue.ParamLengthExceedLimit",
}
"""TI-ONE documents no code specifically for tags."""

TAG_CODES: Codes = {
    Flaw.KEY_EMPTY: "InvalidParameterValue.TagKeyEmpty",
    Flaw.KEY_LENGTH: "InvalidParameterValue.TagKeyLengthExceeded",
    Flaw.KEY_CHARACTER: "InvalidParameterValue.TagKeyCharacterIllegal",
    Flaw.KEY_RESERVED: "InvalidParameter.ReservedTagKey",
    Flaw.KEY_DUPLICATE: "InvalidParameterValue.TagKeyDuplicate",
    Flaw.VALUE_EMPTY: "InvalidParameterValue.TagValueEmpty",
    Flaw.VALUE_LENGTH: "InvalidParameterValue.TagValueLengthExceeded",
    Flaw.VALUE_CHARACTER: "InvalidParameterValue.TagValueCharacterIllegal",
    Flaw.TOO_MANY: "LimitExceeded.TagNumPerRequest",
}


def check_tags(tags: Sequence[tuple[str, str]], parameter: str, codes: Codes, maximum: int = MAX_TAGS) -> None:
    """Refuse tags that cannot be bound; `parameter` is the list's name, such as `Tags`."""
    if len(tags) > maximum:
        _refuse(codes[Flaw.TOO_MANY], parameter, f"has {len(tags)} tags: {maximum} at maximum")
    seen: set[str] = set()
    for index, (key, value) in enumerate(tags):
        check_key(key, f"{parameter}.{index}.TagKey", codes)
        check_value(value, f"{parameter}.{index}.TagValue", codes)
        if key in seen:
            _refuse(codes[Flaw.KEY_DUPLICATE], f"{parameter}.{index}.TagKey", "occurs a second time")
        seen.add(key)


def check_key(key: str, parameter: str, codes: Codes) -> None:
    if not key:
        _refuse(codes[Flaw.KEY_EMPTY], parameter, "is empty")
    if len(key) > MAX_KEY_LENGTH:
        _refuse(codes[Flaw.KEY_LENGTH], parameter, f"has {len(key)} characters: {MAX_KEY_LENGTH} at maximum")
    reserved = next((beginning for beginning in RESERVED if key.startswith(beginning)), None)
    if reserved is not None:
        _refuse(codes[Flaw.KEY_RESERVED], parameter, f"begins with `{reserved}`, which is reserved")
    _check_characters(key, codes[Flaw.KEY_CHARACTER], parameter)


def check_value(value: str, parameter: str, codes: Codes) -> None:
    if not value:
        _refuse(codes[Flaw.VALUE_EMPTY], parameter, "is empty")
    if len(value) > MAX_VALUE_LENGTH:
        _refuse(codes[Flaw.VALUE_LENGTH], parameter, f"has {len(value)} characters: {MAX_VALUE_LENGTH} at maximum")
    _check_characters(value, codes[Flaw.VALUE_CHARACTER], parameter)


def _check_characters(text: str, code: str, parameter: str) -> None:
    if text != text.strip():
        _refuse(code, parameter, "begins or ends with a space")
    illegal = next((character for character in text if not _CHARACTERS.fullmatch(character)), None)
    if illegal is not None:
        _refuse(code, parameter, f"has the character {illegal!a}, which no tag may have")


def _refuse(code: str, parameter: str, problem: str) -> NoReturn:
    raise ApiError(code, f"The value of parameter `{parameter}` {problem}.")
