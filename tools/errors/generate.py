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
    Kind.INVALID_ARGUMENT: "The program has to change",
    Kind.ALREADY_EXISTS: "The name is taken",
    Kind.NOT_FOUND: "The task does not exist",
    Kind.PERMISSION_DENIED: "Credentials and rights",
    Kind.BILLING: "Money",
    Kind.RESOURCE_EXHAUSTED: "No room, or no quota",
    Kind.THROTTLED: "Too many requests",
    Kind.INTERNAL: "Perhaps the program, perhaps the service",
    Kind.UNAVAILABLE: "What the service depends on has failed",
    Kind.INDETERMINATE: "The service has failed",
    Kind.FAILED_PRECONDITION: "Too early",
}
_ABOUT: dict[Kind, str] = {
    Kind.INVALID_ARGUMENT: "The request is not sent again: it would be refused again.",
    Kind.ALREADY_EXISTS: "Before the error is shown, the task that has the name is looked at: it may be this very one.",
    Kind.NOT_FOUND: "Before a task is taken for deleted, it is made sure that the keys belong to its account.",
    Kind.PERMISSION_DENIED: "The request is not sent again.",
    Kind.BILLING: "The request is not sent again.",
    Kind.RESOURCE_EXHAUSTED: "The request is not sent again.",
    Kind.THROTTLED: "The request was surely not accepted. It is sent again by itself, for five minutes.",
    Kind.INTERNAL: "A task is created again once at the most; a mere question is not put again.",
    Kind.UNAVAILABLE: "The request is sent again by itself; for a task that is created, it is looked up first.",
    Kind.INDETERMINATE: "The request may have taken effect: a task is looked up before its create is sent again.",
    Kind.FAILED_PRECONDITION: "Stopping is tried again by itself.",
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
