"""Mask the secrets in what the emulator shows of its requests.

The provider's own masking is `_masking.py`, which shares no code with this. `requests(secrets=True)` shows them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

MASK = "***"

_STRING = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?')
"""A string of a JSON text, and the colon that makes it a key."""

_MIN_LENGTH_WITHIN = 6
"""A shorter secret is masked only where it is a whole string: within other strings it would match by chance."""


def masked_body(text: str, body: dict[str, Any] | None) -> str:
    """Return the text of a request body with its secrets masked and everything else as it was sent.

    Every string that equals a secret is masked. A body that is not a JSON object may hold secrets anywhere.
    """
    if body is None:
        return f"<{len(text)} characters that are not a JSON object>" if text else ""
    hidden = dict.fromkeys(_secrets(body), MASK) | _callback(body)
    if not hidden:
        return text

    def cover(match: re.Match[str]) -> str:
        if match[2]:
            return match[0]
        value = json.loads(match[1], strict=False)
        covered = _covered(value, hidden)
        return match[1] if covered == value else json.dumps(covered, ensure_ascii=False)

    return _STRING.sub(cover, text)


def masked_object(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request body with its secrets masked."""
    covered: dict[str, Any] = json.loads(masked_body(json.dumps(body), body))
    return covered


def _covered(value: str, hidden: dict[str, str]) -> str:
    if value in hidden:
        return hidden[value]
    for secret in sorted(hidden, key=len, reverse=True):
        if len(secret) >= _MIN_LENGTH_WITHIN:
            value = value.replace(secret, hidden[secret])
    return value


def _secrets(body: dict[str, Any]) -> Iterator[str]:
    """Yield the secret strings of a request: passwords, private variables, credentials in URLs, tokens."""
    image = body.get("ImageInfo")
    secret = image.get("ImageSecret") if isinstance(image, dict) else None
    if isinstance(secret, dict):
        yield from _texts(secret.get("Password"))
    variables = body.get("Envs")
    for variable in variables if isinstance(variables, list) else ():
        if isinstance(variable, dict) and variable.get("IsPrivate") not in (None, False):
            yield from _texts(variable.get("Value"))
    yield from _texts(body.get("WebIdentityToken"))
    yield from _texts(body.get("ExternalId"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value


def _callback(body: dict[str, Any]) -> dict[str, str]:
    """Return the replacements for the callback URL and its parts: only its scheme and host are shown."""
    url = body.get("CallbackUrl")
    if not isinstance(url, str) or not url:
        return {}
    try:
        scheme, netloc, path, query, fragment = urlsplit(url)
    except ValueError:
        return {url: MASK}
    if not netloc:
        return {url: MASK}
    credentials, at, host = netloc.rpartition("@")
    behind = url.partition(netloc)[2].strip("/")
    values = (item.partition("=")[2] for item in query.split("&"))
    hidden = {part: MASK for part in (credentials, behind, path.strip("/"), query, fragment, *values) if part}
    start = f"{scheme}://{MASK if at else ''}{at}{host}"
    return hidden | {url: f"{start}/{MASK}" if behind else f"{start}{path}"} if hidden else {}
