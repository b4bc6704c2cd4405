"""The annotations of a field's type in its declaration: its wire name, and the rules that the vendor documents.

A rule is an object with one method, `violation`, which returns what is wrong with a value, or None. It is written once,
at its field in `args.py`, and `lifecycle/check.py` applies it. A rule that compares several fields is in
`lifecycle/check_rules.py`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Violation(NamedTuple):
    """What is wrong with a value. The parts that contain the value are kept apart, as it may be a secret."""

    rule: str
    """The rule that the value breaks."""
    value: str = ""
    """What the value is instead, after the rule."""
    subject: str = ""
    """The value, where the sentence begins with it."""

    def shown(self, is_secret: bool) -> str:
        """Return the sentence, without the value where that is a secret."""
        if is_secret:
            return f"the value {self.rule}" if self.subject else self.rule
        return f"{self.subject} {self.rule}{self.value}".lstrip()


class Wire(NamedTuple):
    """The API's name of a field, where it is not simply the Python name in PascalCase."""

    name: str


class Minimum(NamedTuple):
    """A whole number that has no documented upper limit."""

    minimum: int

    @property
    def allowed(self) -> str:
        return f"at least {self.minimum}"

    def violation(self, value: int) -> Violation | None:
        return None if value >= self.minimum else Violation(f"must be {self.allowed}", f", got {value}")


class ProviderSide:
    """The field is an option of this provider: it is not sent to the API under any name."""


class Secret:
    """The value is always a Pulumi secret, and is never compared with the one that the service returns."""


class WriteOnly:
    """The service accepts the value and never returns it, or returns another one of its own."""


class Timestamp:
    """The value is a time, which outputs have in RFC 3339 with a zone."""


class JsonText:
    """The value is a text for the service; a program may also pass a map, which is sent as JSON."""


@runtime_checkable
class Rule(Protocol):
    """A documented rule: breaking it is a failure at the field's path."""

    @property
    def allowed(self) -> str:
        """What the rule allows, for the reference and for the violation."""

    def violation(self, value: Any) -> Violation | None:
        """Return what is wrong with a value of the field's own type, or None."""


class MaxLength(NamedTuple):
    """A text with a maximum length."""

    characters: int

    @property
    def allowed(self) -> str:
        return f"at most {self.characters} characters"

    def violation(self, value: str) -> Violation | None:
        return None if len(value) <= self.characters else Violation(f"must have {self.allowed}", f", got {len(value)}")


class MaxItems(NamedTuple):
    """A list with a maximum length."""

    items: int

    @property
    def allowed(self) -> str:
        return f"at most {self.items} element{'s' if self.items > 1 else ''}"

    def violation(self, value: Sequence[Any]) -> Violation | None:
        return None if len(value) <= self.items else Violation(f"must have {self.allowed}", f", got {len(value)}")


class NotEmpty:
    """A list with at least one element."""

    @property
    def allowed(self) -> str:
        return "at least 1 element"

    def violation(self, value: Sequence[Any]) -> Violation | None:
        return None if value else Violation(f"must have {self.allowed}", ", got 0")


class Range(NamedTuple):
    """A whole number from `minimum` to `maximum`, both included."""

    minimum: int
    maximum: int

    @property
    def allowed(self) -> str:
        return f"from {self.minimum} to {self.maximum}"

    def violation(self, value: int) -> Violation | None:
        if self.minimum <= value <= self.maximum:
            return None
        return Violation(f"must be {self.allowed}", f", got {value}")


class MaxDuration:
    """A number of seconds with a limit; zero means that there is none."""

    @property
    def allowed(self) -> str:
        return "at least 1s and at most 365d, or 0 for no limit"

    def violation(self, value: int) -> Violation | None:
        if 0 <= value <= MAX_DURATION_SECONDS:
            return None
        return Violation(f"must be {self.allowed}", f", got {value} seconds")


MAX_DURATION_SECONDS = 365 * 86_400
"""A longer time limit limits nothing; milliseconds in place of seconds, for example."""


class OneOf(NamedTuple):
    """A closed list of values: no other one is accepted."""

    values: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return " or ".join(self.values)

    def violation(self, value: str) -> Violation | None:
        if value in self.values:
            return None
        return Violation(f"must be {self.allowed}", f", got {value!r}{suggestion(value, self.values)}")


class KnownValues(NamedTuple):
    """An open list ("eg:" in the vendor's words): another value is sent all the same, after a warning."""

    values: tuple[str, ...]

    def warning(self, value: str) -> Violation | None:
        """Return the warning that a value is not among the known ones, or None. The empty text means "not set"."""
        if value in self.values or not value:
            return None
        known = f"is not among the known values ({', '.join(self.values)})"
        return Violation(known, suggestion(value, self.values), subject=repr(value))


class TaskName:
    """The documented rule of a task's name."""

    @property
    def allowed(self) -> str:
        return (
            f"at most {MAX_NAME_LENGTH} Chinese and English letters, digits, '_' and '-', the first a letter or a digit"
        )

    def violation(self, value: str) -> Violation | None:
        if re.fullmatch(r"[0-9A-Za-z一-龥][0-9A-Za-z一-龥_-]{0,59}", value):
            return None
        if len(value) > MAX_NAME_LENGTH:
            return Violation(f"must have at most {MAX_NAME_LENGTH} characters", f", got {len(value)}")
        return Violation(
            "must consist of Chinese and English letters, digits, '_' and '-', and start with a letter or a digit",
            f", got {value!r}",
        )


MAX_NAME_LENGTH = 60
"""How many characters a task's name may have (`Name`)."""


class Base64:
    """Base64, or several parts of it with commas between them: what was encrypted is sent so. Empty means "not set"."""

    @property
    def allowed(self) -> str:
        return "base64"

    def violation(self, value: str) -> Violation | None:
        try:
            for part in value.split(","):
                base64.b64decode(part.strip(), validate=True)
        except ValueError:
            return Violation(f'must be {self.allowed}, for example the output of `printf %s "$PASSWORD" | base64`')
        return None


class EncodedCommand:
    """Base64 of a JSON object that has all three commands as texts."""

    @property
    def allowed(self) -> str:
        return "base64 of a JSON object"

    def violation(self, value: str) -> Violation | None:
        try:
            text = base64.b64decode(value, validate=True).decode()
        except ValueError:
            return Violation(f"must be {self.allowed}; it is not base64 of any text")
        try:
            commands = json.loads(text)
        except json.JSONDecodeError:
            return Violation(f"must be {self.allowed}; what it encodes is not JSON")
        expected = set(COMMANDS)
        if (
            isinstance(commands, dict)
            and set(commands) == expected
            and all(isinstance(c, str) for c in commands.values())
        ):
            return None
        return Violation(f"must encode a JSON object with exactly the keys {', '.join(COMMANDS)}, each a text")


COMMANDS = ("StartCmd", "PsStartCmd", "WorkerStartCmd")
"""The commands of `StartCmdInfo`; the encoded form needs all of them."""

MAX_TAGS = 50
"""How many tags a resource of Tencent Cloud may have, our labels included."""

_TAG_SIGNS = "+ - = . _ : / @ ( ) [ ] , ; > <"
_TAG_TEXT = r"[0-9A-Za-z\u4e00-\u9fff +\-=._:/@()\[\],;><（）【】，；：。]*"
_RESERVED_TAG_KEYS = ("qcs:", "tencentcloud:", "project", "项目")


def tag_violation(key: str, value: str) -> Violation | None:
    """Return which rule of the tag service a tag breaks, or None."""
    if not 1 <= len(key) <= 127:
        return Violation(f"a tag's key must have 1 to 127 characters, got {len(key)}")
    if not 1 <= len(value) <= 255:
        return Violation("a tag's value must have 1 to 255 characters", f", got {len(value)}")
    if key.startswith(_RESERVED_TAG_KEYS):
        return Violation(f"a tag's key must not start with {', '.join(_RESERVED_TAG_KEYS)}: reserved by Tencent Cloud")
    for what, text in (("key", key), ("value", value)):
        if text != text.strip():
            return Violation(f"a tag's {what} must not start or end with a blank")
        if not re.fullmatch(_TAG_TEXT, text):
            wrong = sorted({character for character in text if not re.fullmatch(_TAG_TEXT, character)})
            return Violation(
                f"a tag's {what} must consist of letters, digits, blanks and {_TAG_SIGNS}", f", got {wrong[0]!r}"
            )
    return None


def cleaned_tag_text(text: str, length: int) -> str:
    """Return the text as a legal key or value of a tag: other characters become `-`, and the end is cut."""
    return (
        "".join(character if re.fullmatch(_TAG_TEXT, character) else "-" for character in text)[:length].strip() or "-"
    )


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the known word nearest to a wrong one, or an empty text where none is near."""
    import difflib  # few commands have something to suggest

    folded = {name.replace("_", "").lower(): name for name in known}
    near = difflib.get_close_matches(word.replace("_", "").lower(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]}?" if near else ""


def tag_violations(tags: Mapping[str, str]) -> dict[str, Violation]:
    """Return the violation of each tag that breaks a rule, by key."""
    found = {key: tag_violation(key, value) for key, value in tags.items()}
    return {key: violation for key, violation in found.items() if violation}
