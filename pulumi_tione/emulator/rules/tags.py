"""The rules of tags [D]: one set for both services, which have codes of their own for breaking them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NoReturn

from pulumi_tione.emulator.errors import ApiError

MOST_TAGS = 50
"""On a resource; those of the platform do not count [I]."""
LONGEST_KEY = 127
LONGEST_VALUE = 255
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
"""TI-ONE documents no code for tags in particular."""

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


def check_tags(tags: Sequence[tuple[str, str]], place: str, codes: Codes, most: int = MOST_TAGS) -> None:
    """Refuse tags that cannot be bound; `place` is the list's, such as `Tags`."""
    if len(tags) > most:
        _refuse(codes[Flaw.TOO_MANY], place, f"has {len(tags)} tags: {most} at most")
    seen: set[str] = set()
    for index, (key, value) in enumerate(tags):
        check_key(key, f"{place}.{index}.TagKey", codes)
        check_value(value, f"{place}.{index}.TagValue", codes)
        if key in seen:
            _refuse(codes[Flaw.KEY_DUPLICATE], f"{place}.{index}.TagKey", "occurs a second time")
        seen.add(key)


def check_key(key: str, place: str, codes: Codes) -> None:
    if not key:
        _refuse(codes[Flaw.KEY_EMPTY], place, "is empty")
    if len(key) > LONGEST_KEY:
        _refuse(codes[Flaw.KEY_LENGTH], place, f"has {len(key)} characters: {LONGEST_KEY} at most")
    reserved = next((beginning for beginning in RESERVED if key.startswith(beginning)), None)
    if reserved is not None:
        _refuse(codes[Flaw.KEY_RESERVED], place, f"begins with `{reserved}`, which is reserved")
    _check_characters(key, codes[Flaw.KEY_CHARACTER], place)


def check_value(value: str, place: str, codes: Codes) -> None:
    if not value:
        _refuse(codes[Flaw.VALUE_EMPTY], place, "is empty")
    if len(value) > LONGEST_VALUE:
        _refuse(codes[Flaw.VALUE_LENGTH], place, f"has {len(value)} characters: {LONGEST_VALUE} at most")
    _check_characters(value, codes[Flaw.VALUE_CHARACTER], place)


def _check_characters(text: str, code: str, place: str) -> None:
    if text != text.strip():
        _refuse(code, place, "begins or ends with a space")
    illegal = next((character for character in text if not _CHARACTERS.fullmatch(character)), None)
    if illegal is not None:
        _refuse(code, place, f"has the character {illegal!a}, which no tag may have")


def _refuse(code: str, place: str, told: str) -> NoReturn:
    raise ApiError(code, f"The value of parameter `{place}` {told}.")
