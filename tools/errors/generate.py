"""Write `docs/errors.md`: what each code of the API means, from `pulumi_tione/_error_codes.py`.

python tools/errors/generate.py            write the page anew
python tools/errors/generate.py --check    exit code 1 if the page is not what would be written
"""

from __future__ import annotations

import sys
from pathlib import Path

from pulumi_tione._error_codes import CODES, Kind, Meaning

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"

_HEAD = """\
# What errors of the service mean

Written by tools/errors/generate.py from pulumi_tione/_error_codes.py: change that one.

When the service refuses a request, the error on the task's row has its code, its own message and its request id, and
after them what stands here: what happened, the property that it is about, and what to do. A code that is not here is
shown as it is.
"""
_HEADINGS: dict[Kind, str] = {
    Kind.CALLER: "The program has to change",
    Kind.CONFLICT: "The name is taken",
    Kind.GONE: "The task does not exist",
    Kind.DENIED: "Keys and rights",
    Kind.BILLING: "Money",
    Kind.CAPACITY: "No room, or no quota",
    Kind.THROTTLED: "Too many requests",
    Kind.DOUBTFUL: "Perhaps the program, perhaps the service",
    Kind.BUSY: "What the service depends on has failed",
    Kind.UNCLEAR: "The service has failed",
    Kind.NOT_YET: "Too early",
}
_ABOUT: dict[Kind, str] = {
    Kind.CALLER: "The request is not sent again: it would be refused again.",
    Kind.CONFLICT: "Before the error is shown, the task that has the name is looked at: it may be this very one.",
    Kind.GONE: "Before a task is taken for deleted, it is made sure that the keys belong to its account.",
    Kind.DENIED: "The request is not sent again.",
    Kind.BILLING: "The request is not sent again.",
    Kind.CAPACITY: "The request is not sent again.",
    Kind.THROTTLED: "The request was surely not accepted. It is sent again by itself, for five minutes.",
    Kind.DOUBTFUL: "A task is created again once at the most; a mere question is not put again.",
    Kind.BUSY: "The request is sent again by itself; for a task that is created, it is looked up first.",
    Kind.UNCLEAR: "The request may have taken effect: a task is looked up before its create is sent again.",
    Kind.NOT_YET: "Stopping is tried again by itself.",
}


def main() -> int:
    text = generated()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def generated() -> str:
    """Give the text of the page."""
    return "\n".join((_HEAD, *(_section(kind) for kind in Kind)))


def _section(kind: Kind) -> str:
    rows = [_row(code, meaning) for code, meaning in sorted(CODES.items()) if meaning.kind is kind]
    table = ["| code | what happened | property | what to do |", "|---|---|---|---|", *rows]
    return "\n".join((f"## {_HEADINGS[kind]}", "", _ABOUT[kind], "", *table, ""))


def _row(code: str, meaning: Meaning) -> str:
    about = f"`{meaning.about}`" if meaning.about else ""
    return f"| `{code}` | {meaning.sentence} | {about} | {meaning.remedy} |"


if __name__ == "__main__":
    sys.exit(main())
