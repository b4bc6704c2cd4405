"""Secrets are taken out of texts in whatever spelling, and what is needed to act stays readable.

What is secret is in `test_secret_paths.py` and `test_check.py`; secrets through the whole engine are in
`tests/engine/test_secrets.py`.
"""

from __future__ import annotations

import asyncio
import base64
import html
import json
import shlex
import threading
import time
import urllib.parse

import pytest

from pulumi_tione._masking import MASK, holds_secret, mask, masking
from pulumi_tione._schema.time_limit import with_time_limit
from pulumi_tione._text import sanitize, sanitize_line
from pulumi_tione.errors import ApiError

SECRETS = (
    'plantedone "quoted" \\ slash/é',
    "plantedtwo \\pass/word&<geheim>",
    "plantedthree 中文\n秘密 value",
    "plantedfour🎉\t'x'",
    "plantedfive 'x' '' \\'it''s",
    "abcd",
)


def spellings(secret: str) -> list[str]:
    texts = [
        secret,
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        json.dumps(json.dumps(secret)),
        json.dumps(json.dumps(json.dumps({"a": secret}))),
        json.dumps(secret, ensure_ascii=False).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003E"),
        json.dumps(secret).replace("/", "\\/"),
        repr(secret),
        repr(secret.encode()),
        html.escape(secret),
        urllib.parse.quote(secret),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        urllib.parse.quote(urllib.parse.quote(secret, safe=""), safe=""),
        urllib.parse.quote(json.dumps(secret)),
        urllib.parse.quote(json.dumps(json.dumps(secret)), safe=""),
        urllib.parse.quote(urllib.parse.quote(json.dumps(secret), safe=""), safe=""),
        json.dumps(secret).replace("\\", "&#92;"),
        " ".join(secret.split()),
        secret.encode("unicode_escape").decode(),
        shlex.quote(f"a {secret}"),
        json.dumps(shlex.quote(f"a {secret}")),
        with_time_limit(secret, 60),
        json.dumps(json.dumps(with_time_limit(secret, 60))),
        base64.b64encode(json.dumps({"StartCmd": with_time_limit(secret, 60)}).encode()).decode(),
    ]
    encoded = [
        coding(b"{" * shift + text.encode() + b"}").decode()
        for shift in range(3)
        for text in texts[:5]
        for coding in (base64.b64encode, base64.urlsafe_b64encode)
    ]
    return [*texts, *encoded, *(urllib.parse.quote(text, safe="") for text in encoded)]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_masked_in_every_spelling(secret: str) -> None:
    with masking([secret]):
        for text in spellings(secret):
            shown = mask(f"before {text} after")
            assert MASK in shown, text
            assert shown.startswith("before ")
            assert shown.endswith(" after")
            assert not any(word in shown for word in (secret, secret.split()[0], "quoted", "geheim", "秘密")), text


def test_a_base64_that_was_cut_at_its_front_is_masked() -> None:
    coded = base64.b64encode(json.dumps({"WorkerStartCmd": "", "StartCmd": "run planted-token"}).encode()).decode()
    with masking(["planted-token"]):
        for cut in range(1, 8):
            assert mask(f"…{coded[cut:]}") == f"…{MASK}"
        assert mask(coded.replace("=", "")) == MASK


def test_of_secrets_that_overlap_nothing_remains() -> None:
    with masking(["planted-one", "one-and-two", "planted"]):
        assert mask("planted-one-and-two! planted?") == f"{MASK}! {MASK}?"


def test_parts_that_are_shown_by_themselves_are_masked() -> None:
    command = json.dumps({"StartCmd": "run planted-token", "PsStartCmd": "", "WorkerStartCmd": ""})
    secrets = [
        "https://user:pa%2Fss%2Dword@hooks.example.com/services/T0/B0?key=planted-key&n=1",  # pragma: allowlist secret
        base64.b64encode(b"planted-password").decode(),
        base64.b64encode(command.encode()).decode(),
    ]
    with masking(secrets):
        for part in ("pa/ss-word", "services/T0/B0", "planted-key", "planted-password", "run planted-token"):
            assert mask(f"it is {part}!") == f"it is {MASK}!", part
        assert mask("hooks.example.com cannot be reached") == "hooks.example.com cannot be reached"


def test_a_short_secret_is_masked_where_it_is_a_whole_quoted_value() -> None:
    with masking(["abc", "é"]):
        assert mask('{"a": "abc", "b": \'abc\', "c": "abcd"} abc') == (
            f'{{"a": "{MASK}", "b": \'{MASK}\', "c": "abcd"}} abc'
        )
        assert mask('{\\"a\\": \\"abc\\", "e": "\\u00e9"}') == f'{{\\"a\\": \\"{MASK}\\", "e": "{MASK}"}}'


def test_a_whole_value_that_is_a_short_secret_holds_one() -> None:
    with masking(["abc", "planted"]):
        held = [text for text in ("abc", "abcd", "a abc", "it was planted", "") if holds_secret(text)]
    assert held == ["abc", "it was planted"]


def test_nothing_is_made_of_secrets_without_content() -> None:
    with masking(["", " ", "\n"]):
        assert mask('a text with  blanks, "" and " "') == 'a text with  blanks, "" and " "'


def test_the_id_of_a_task_stays_readable() -> None:
    with masking(["train", "1208"]):
        assert mask("train-1208038387393233920 trains 1208") == f"train-1208038387393233920 {MASK}s {MASK}"
    with masking(["train-1208038387393233920"]):
        assert mask("train-1208038387393233920") == MASK


def test_what_is_secret_is_bound_to_the_call() -> None:
    seen: list[str] = []

    def other_call() -> None:
        seen.append(mask("planted-1 planted-2"))

    with masking(["planted-1"]):
        with masking(["planted-2"]):
            assert mask("planted-1 planted-2") == f"{MASK} {MASK}"
        assert mask("planted-1 planted-2") == f"{MASK} planted-2"
        thread = threading.Thread(target=other_call)
        thread.start()
        thread.join()
        assert asyncio.run(_in_a_thread()) == f"{MASK} planted-2"
    assert seen == ["planted-1 planted-2"]
    assert mask("planted-1") == "planted-1"


async def _in_a_thread() -> str:
    return await asyncio.to_thread(mask, "planted-1 planted-2")


def test_what_comes_from_the_service_is_masked_before_it_is_cut_or_decided_on() -> None:
    with masking(["planted-token", "NotAllow"]):
        assert sanitize("\x1b[31mplanted-token") == f"\\x1b[31m{MASK}"
        assert sanitize_line("a\tplanted-token  ") == f"a       {MASK}"
        error = ApiError(
            "StopTrainingTask", "InternalError.NotAllow", "no \x1b planted-\ntoken planted-token", "r-1\x07"
        )
        assert error.code == "InternalError.NotAllow"
        assert ApiError("StopTrainingTask", "Odd\x1b[31m", "", "").code == "Odd\\x1b[31m"
        assert "planted-token" not in f"{error} {error.service_message}"
        assert f"no \\x1b planted- token {MASK}: " in str(error)
        assert str(error).endswith("(request id r-1\\x07)")


@pytest.mark.parametrize("text", ["\\" * 20_000, '\\"' * 10_000, "%25" * 10_000, "A" * 60_000, "plantedone " * 6_000])
def test_no_text_takes_long(text: str) -> None:
    with masking([*SECRETS, "\\" * 40 + "a", '"' * 40, " " * 20 + "x" * 20, *(f"secret-{n}" for n in range(50))]):
        mask("")
        begun = time.process_time()
        mask(text)
        assert time.process_time() - begun < 5
