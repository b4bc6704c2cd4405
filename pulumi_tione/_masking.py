"""Mask secrets in texts that are shown, in any spelling.

The secrets belong to the current call: `masking` adds them, `mask` masks them. A call of the provider and a wait in a
program each have their own; threads that `asyncio.to_thread` starts inherit them.

Which inputs are secret is decided in `_schema/secrets.py`. A secret of less than 4 characters is only masked where it
is a whole quoted value (`_MIN_LENGTH_WITHIN`). `_text.py` calls `mask` for every text from elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import unquote, urlsplit

MASK = "[secret]"
"""What replaces a secret, as in Pulumi's own output."""

_MIN_LENGTH_WITHIN = 4
"""A shorter secret is masked only where it is a whole quoted value: within other texts it would be found by chance."""

_TASK_ID = re.compile(r"train-\d+")
"""A task's id stays readable although a secret, such as the word `train`, is a part of it."""

_BASE64_RUN = re.compile(r"(?:[A-Za-z0-9+/_-]|%2[BFbf]|\\+/){6,}(?:=|%3[Dd]){0,2}")
"""What may be base64, standard or URL-safe, and escaped by a URL or by JSON."""

_SECRETS: ContextVar[frozenset[str]] = ContextVar("secrets", default=frozenset())


@contextmanager
def masking(secrets: Iterable[str]) -> Iterator[None]:
    """Mask these secrets as well, in this thread or task, as long as the context lasts."""
    token = _SECRETS.set(_SECRETS.get() | frozenset(secrets))
    try:
        yield
    finally:
        _SECRETS.reset(token)


def mask_from_now_on(secrets: Iterable[str]) -> None:
    """Mask these secrets as well, in this thread or task, from now on."""
    _SECRETS.set(_SECRETS.get() | frozenset(secrets))


def mask(text: str) -> str:
    """Return a text without the secrets of the current call."""
    secrets = _SECRETS.get()
    return _mask_of(secrets).applied_to(text) if secrets else text


def holds_secret(text: str) -> bool:
    """Return whether a whole value holds a secret of the current call, or is one."""
    quoted = f'"{text}"'
    return mask(quoted) != quoted


@functools.lru_cache(maxsize=256)
def _mask_of(secrets: frozenset[str]) -> _Mask:
    return _Mask(secrets)


class _Mask:
    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form.strip() for secret in secrets for form in _with_parts(secret)}
        self._patterns = [_pattern(form) for form in forms if form]

    def applied_to(self, text: str) -> str:
        spans = [*self._plain_spans(text), *self._encoded_spans(text)]
        shown, end = "", 0
        for first, last in _merged(spans):
            shown += text[end:first] + MASK
            end = last
        return shown + text[end:]

    def _plain_spans(self, text: str) -> Iterator[tuple[int, int]]:
        ids = [match.span() for match in _TASK_ID.finditer(text)]
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                first, last = match.span("secret")
                if not any(begin <= first and last <= end and (first, last) != (begin, end) for begin, end in ids):
                    yield first, last

    def _encoded_spans(self, text: str) -> Iterator[tuple[int, int]]:
        runs = [(run.span(), _decoded(run[0])) for run in _BASE64_RUN.finditer(text)]
        # Most words of a text may be base64: all of them are searched together, and one by one only after a match.
        if any(self._plain_spans("\0".join(decoded for _, decoded in runs))):
            yield from (position for position, decoded in runs if any(self._plain_spans(decoded)))


def _decoded(run: str) -> str:
    """Return what a run may encode: where it was cut, it begins within a group of four."""
    coded = unquote(run).replace("\\", "").rstrip("=").replace("-", "+").replace("_", "/")
    return "\0".join(_decoded_from(coded[phase:]) for phase in range(4))


def _decoded_from(coded: str) -> str:
    remainder = len(coded) % 4
    padding = {2: "==", 3: "="}.get(remainder, "")
    complete = coded[:-1] if remainder == 1 else coded
    return base64.b64decode(complete + padding).decode("utf-8", "replace")


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join spans that overlap or touch: of two secrets that do, no end may remain."""
    current: tuple[int, int] | None = None
    for first, last in sorted(spans):
        if current is None:
            current = first, last
        elif first <= current[1]:
            current = current[0], max(current[1], last)
        else:
            yield current
            current = first, last
    if current is not None:
        yield current


def _with_parts(secret: str) -> Iterator[str]:
    """Return a secret and what it is made of, which may be shown without the rest: the password and the path of a URL,
    what base64 encodes, the texts of a JSON object."""
    yield secret
    parts = [*_parts_of_url(secret), *_parts_of_json(secret)]
    plain = _text_in_base64(secret)
    if plain is not None:
        parts += [plain, *_parts_of_json(plain)]
    yield from (part for part in parts if len(part) >= _MIN_LENGTH_WITHIN)


def _parts_of_url(secret: str) -> Iterator[str]:
    if "://" not in secret:
        return
    try:
        url = urlsplit(secret)
    except ValueError:
        return
    user_info = url.netloc.rpartition("@")[0]
    password = user_info.partition(":")[2]
    values = [part.partition("=")[2] or part for part in url.query.split("&")]
    for part in (user_info, password, url.path.strip("/"), url.query, url.fragment, *values):
        yield part
        yield unquote(part)


def _parts_of_json(secret: str) -> Iterator[str]:
    if secret.lstrip()[:1] not in ("{", "["):
        return
    try:
        value = json.loads(secret)
    except (ValueError, RecursionError):
        return
    yield from _texts_in(value)


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts_in(part)


def _text_in_base64(secret: str) -> str | None:
    """Return what a secret encodes, if that is a text: the password of an image registry is given in base64."""
    try:
        plain = base64.b64decode(secret, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return plain if plain.isprintable() else None


def _pattern(secret: str) -> re.Pattern[str]:
    """Compile what finds a secret, however each of its characters is written."""
    written = "".join(_spellings(run[0]) for run in _RUNS.finditer(secret))
    if len(secret) >= _MIN_LENGTH_WITHIN:
        return re.compile(f"(?P<secret>{written})")
    blanks = rf"(?:\s|{_ESCAPED}[nrtfv])*"
    return re.compile(rf"""(?P<quote>\\{{0,15}}["'`]){blanks}(?P<secret>{written}){blanks}(?P=quote)""")


_RUNS = re.compile(r"\s+|\\+|.", re.DOTALL)
"""What is looked for together: escaped or joined, runs of blanks and of backslashes have another length."""


_BACKSLASH = r"(?:\\|%(?:25)*5[Cc]|&#92;)"
"""A backslash as it is, or escaped by a URL or HTML."""

_ESCAPED = _BACKSLASH + "{1,15}"
"""The backslashes before an escape: JSON doubles them with each text in a text. Bounded, so that no text takes long."""


@functools.lru_cache(maxsize=4096)
def _spellings(run: str) -> str:
    """Return an expression for all the ways to write a character, or a run of blanks or of backslashes: as it is, or
    escaped by JSON at any depth, Go, Python, a URL, HTML or a shell."""
    character = run[0]
    if character.isascii() and character.isalnum():
        return character
    if character == "\\":
        return f"{_BACKSLASH}{{{len(run)},{len(run) * 8}}}"
    ways = "|".join(dict.fromkeys(way for each in run for way in _ways(each)))
    return rf"(?:\s|\+|{_ESCAPED}[nrtfv]|{ways})+" if run.isspace() else f"(?:{ways})"


def _ways(character: str) -> Iterator[str]:
    code = ord(character)
    octets = character.encode("utf-8", "surrogatepass")
    units = character.encode("utf-16-be", "surrogatepass")
    if character == "'":  # within the quotes of a shell, of which a word has to be left for it
        yield rf"'(?:{_ESCAPED}'|{_BACKSLASH}{{0,15}}\"'{_BACKSLASH}{{0,15}}\")'"
    if character in "\"'/":
        yield rf"{_BACKSLASH}{{0,15}}(?:{character}|%(?:25)*{_any_case(f'{code:02x}')})"
    else:
        yield re.escape(character)
    yield "".join(rf"{_ESCAPED}u{_any_case(units[at : at + 2].hex())}" for at in range(0, len(units), 2))
    yield "".join(rf"%(?:25)*{_any_case(f'{octet:02x}')}" for octet in octets)
    yield "".join(rf"{_ESCAPED}x{_any_case(f'{octet:02x}')}" for octet in octets)
    yield rf"&#(?:0*{code}|[xX]0*{_any_case(f'{code:x}')});"
    if code > 0xFFFF:
        yield rf"{_ESCAPED}U{_any_case(f'{code:08x}')}"
    elif 0x7F < code <= 0xFF:
        yield rf"{_ESCAPED}x{_any_case(f'{code:02x}')}"
    if character in _NAMED:
        yield f"&{_NAMED[character]};"


_NAMED = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


def _any_case(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
