"""The rules of the tag service, for tags bound at creation and later [D]."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pulumi_tione.emulator.errors import ApiError

MOST_TAGS = 50
LONGEST_KEY = 127
LONGEST_VALUE = 255
RESERVED = ("qcs:", "project", "项目")

_CHARACTERS = re.compile(r"[^\W_]|[ +\-=._:/@()\[\],;><，；：。（）【】《》]")
"""Letters, digits and Chinese, inner spaces, the documented signs, and the Chinese forms of some."""


def check_tags(tags: Sequence[tuple[str, str]], place: str) -> None:
    """Refuse tags that cannot be bound; `place` is the list's, such as `Tags`."""
    if len(tags) > MOST_TAGS:
        _refuse(
            "InvalidParameterValue.LimitExceeded", place, f"has {len(tags)} tags: a resource has {MOST_TAGS} at most"
        )
    seen: set[str] = set()
    for index, (key, value) in enumerate(tags):
        check_key(key, f"{place}.{index}.TagKey")
        check_value(value, f"{place}.{index}.TagValue")
        if key in seen:
            _refuse("InvalidParameterValue", f"{place}.{index}.TagKey", "occurs a second time")
        seen.add(key)


def check_key(key: str, place: str) -> None:
    _check_text(key, place, LONGEST_KEY)
    reserved = next((beginning for beginning in RESERVED if key.startswith(beginning)), None)
    if reserved is not None:
        _refuse("InvalidParameterValue", place, f"begins with `{reserved}`, which is reserved")


def check_value(value: str, place: str) -> None:
    _check_text(value, place, LONGEST_VALUE)


def _check_text(text: str, place: str, longest: int) -> None:
    if not text:
        _refuse("InvalidParameterValue", place, "is empty")
    if len(text) > longest:
        _refuse("InvalidParameterValue.ParamLengthExceedLimit", place, f"has {len(text)} characters: {longest} at most")
    if text != text.strip():
        _refuse("InvalidParameterValue", place, "begins or ends with a space")
    illegal = next((character for character in text if not _CHARACTERS.fullmatch(character)), None)
    if illegal is not None:
        _refuse("InvalidParameterValue", place, f"has the character {illegal!a}, which no tag may have")


def _refuse(code: str, place: str, told: str) -> None:
    raise ApiError(code, f"The value of parameter `{place}` {told}.")
