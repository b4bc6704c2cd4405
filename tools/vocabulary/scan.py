#!/usr/bin/env python3
"""Find words that this project no longer uses, so that one thing has one word: the word a newcomer would search for.

    python tools/vocabulary/scan.py [PATH …]

Identifiers are compared word by word (`snake_case` and `CamelCase` are split); comments, strings, and the
text of all other files by words and phrases. Exit code 1: there are findings.

`make check` runs it. A new word is an entry in `WORDS_OF_IDENTIFIERS`, `IDENTIFIERS` or `PROSE`; an exception needs a
reason in `EXCEPTIONS`.
"""

from __future__ import annotations

import ast
import functools
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

WORDS_OF_IDENTIFIERS: Mapping[str, str] = {
    "told tell tells telling say says said": "returned, reported, shown",
    "wanted": "desired, requested, expected",
    "observed": "remote",
    "lent lend lends": "temporary",
    "whom whoever": "owner, account",
    "seal sealed seals": "secret",
    "patience patient": "timeout",
    "announce": "show_status",
    "rest rests resting": "terminal; remaining",
    "look": "poll, check, request",
    "settle settled settles settlement": "resolve",
    "adopt adopted adopts adoption": "import",
    "survey surveys": "scan",
    "rewriting": "edit",
    "lookout": "poller",
    "goal goals": "target",
    "surroundings": "context",
    "pace": "rate_limit",
    "harmless": "sanitize",
    "complaint complaints": "violation",
    "doubt doubts doubtful": "warning",
    "unclear": "indeterminate",
    "unreached": "failed",
    "labelled unlabelled": "labels_enabled, labeled",
    "numbered": "suffixed",
    "reached": "progress, recorded, has_status",
    "presence": "existence",
    "truth": "boolean",
    "ours": "own",
    "busy": "in_use",
    "spoil spoils spoilt": "distort",
    "pulse": "heartbeat",
    "borne bear": "tolerate",
    "pair pairs": "items, credentials, what the two are",
}
"""Words that no identifier contains, and what is used instead."""

IDENTIFIERS: Mapping[str, str] = {
    "one other there given": "left and right, desired and remote, what the variable holds",
    "Keys KeySupply Level Waits Whose": "ResolvedCredentials, CredentialResolver, SettingsSource, WaitTracker",
    "Cloud Control orders": "the emulator's new names",
    "same named span level": "values_equal, with_name, format_duration, source",
    "TEXT WHOLE GONE NOT_YET BUSY UNCLEAR AT_REST": "STRING, INTEGER, the gRPC words",
    "LeftBehind left_behind may_pass at_rest is_at_rest": "Leftovers, is_transient, is_terminal",
    "without_colours without_colors": "sanitize",
    "KeysRefusedError MalformedAnswerError": "CredentialsRefusedError, MalformedResponseError",
}
"""Whole identifiers that do not exist."""

PROSE: Mapping[str, str] = {
    "tell|tells|told|telling|say|says|said": "returns, reports, shows",
    "whoever|whomever|whom": "who, you",
    "lend|lends|lent": "temporary",
    "sealed": "secret, marked secret",
    "patience": "timeout",
    "lookout|surroundings|harmless|complaints?|doubtful|unreached|settlement": "the new names",
    "at rest|comes? to rest|rests|(tasks?|it|they|both|all) rest": "terminal",
    "borne": "tolerated",
    "sets? nothing up": "needs no setup",
    "as it goes": "",
    "of ours": "our",
    "so many": "",
    "ways on": "next steps",
    "left behind": "leftover",
    "taken for gone": "treated as deleted",
    "for certain": "",
    "whose keys": "account",
    "beside": "next to, with",
    "pairs? of keys|half a pair": "secret id and key",
    "unclear (answer|response|result)s?": "indeterminate",
    r"look-ups?(?!\.md)": "lookup",
    "wanted": "desired, requested, expected",
    "observed": "remote, seen, measured",
    "doubts?": "warning, indeterminate",
    "pace|paces": "rate, rate limit",
    "presence": "existence",
    "(un|re)?labelled": "labeled",
    "numbered names?": "with a suffix",
    "adopt|adopts|adopted|adopting|adoption": "import",
    "surveys?": "scan",
    r'(?<!")goals?': "target",
    "orders (of|for) the (local TI-ONE|emulator)|an order for|orders": "request, fault, control",
    r"(?<!surrogate )(?<!key )pairs?": "what the two are together: item, combination, static credentials",
    "spoils?|spoilt": "distort",
}
"""Words and phrases that no comment, docstring, message or page contains."""

CONSTANTS: Mapping[str, str] = {"MOST": "MAX_", "LEAST": "MIN_"}

DOCSTRING = re.compile(r"(Gives?|Tells?|Says?)\b")

EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("review/markdown.py", "level"): "the severity of a finding, not a source of settings",
    ("support/pulumi_internals.py", "level"): "a parameter of Python's `__import__`, which may be passed by its name",
}
"""Where a word stays (the end of a path, and the word), and why. At most ten."""

NOT_SCANNED = ("tools/vocabulary/", "tests/unit/test_vocabulary.py", "tests/compat/", "LICENSE")
"""This tool and its test, the states of earlier versions, and a text that is not ours."""

NOT_WRITTEN_HERE = (
    "go.mod",
    "go.sum",
    "package-lock.json",
    "emulator/api/definition.json",
    "action_codes.json",
    ".png",
)
"""Ends of files that a tool writes from what a vendor publishes, and pictures."""

OTHER_LANGUAGES = (".go", ".java", ".js", ".sh", ".ts")
"""Programs of which the identifiers are compared word by word, but not as a whole."""


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    word: str
    instead: str
    text: str

    def __str__(self) -> str:
        instead = f" (use: {self.instead})" if self.instead else ""
        return f"{self.path}:{self.line}: {self.word}{instead}: {self.text.strip()[:100]}"


def _table(words: Mapping[str, str]) -> dict[str, str]:
    return {word: instead for together, instead in words.items() for word in together.split()}


_WORDS = _table(WORDS_OF_IDENTIFIERS)
_WHOLE = _table(IDENTIFIERS)
_PROSE = [(re.compile(rf"\b({words})\b", re.IGNORECASE), instead) for words, instead in PROSE.items()]
_NAME = re.compile(r"[A-Za-z_]\w*")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@functools.cache
def _of_identifier(name: str) -> tuple[tuple[str, str], ...]:
    parts = _PARTS.findall(name)
    lower = [part.lower() for part in parts]
    found = [(word, _WORDS[word]) for word in dict.fromkeys(lower) if word in _WORDS]
    if "look" in lower and lower[(lower.index("look") + 1) % len(lower)] in ("up", "ups", "for", "gone"):
        found = [each for each in found if each[0] != "look"]
    if name in _WHOLE:
        found.append((name, _WHOLE[name]))
    if name.isupper():
        found += [(part, CONSTANTS[part]) for part in parts if part in CONSTANTS]
    return tuple(found)


def _of_text(path: str, first_line: int, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), first_line):
        for pattern, instead in _PROSE:
            for match in pattern.finditer(line):
                yield Finding(path, number, match[0].lower(), instead, line)


def _of_tokens(path: str, source: str) -> Iterator[Finding]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING) or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield from _of_text(path, token.start[0], token.string)


def _defined(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Find the names that a module defines. Names it only uses are defined elsewhere, perhaps not by this project."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.alias(asname=str(name)) | ast.MatchAs(name=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name, node.lineno


def _of_identifiers(path: str, source: str) -> Iterator[Finding]:
    lines = source.splitlines()
    names = {Path(path).stem: 1}
    for name, line in _defined(ast.parse(source)):
        names.setdefault(name, line)
    for name, line in names.items():
        for word, instead in _of_identifier(name):
            yield Finding(path, line, word, instead, lines[line - 1] if lines else "")


def _of_tree(path: str, source: str) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            docstring = ast.get_docstring(node) or ""
            if match := DOCSTRING.match(docstring):
                line = getattr(node, "lineno", 1)
                yield Finding(path, line, match[0], "Return, Check, Format, …", docstring.splitlines()[0])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _of_parameters(path, node)
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(each) for each in node.decorator_list):
            yield from _of_fields(path, node)


def _of_parameters(path: str, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[Finding]:
    """Find parameters whose name begins with an underscore although they are used."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    names = {each.arg: each.lineno for each in every if each and each.arg.startswith("_")}
    body = function.body if isinstance(function.body, list) else [function.body]
    used = {node.id for part in body for node in ast.walk(part) if isinstance(node, ast.Name)}
    for name in names.keys() & used:
        yield Finding(path, names[name], name, "no underscore: it is used", getattr(function, "name", "lambda"))


def _of_fields(path: str, dataclass: ast.ClassDef) -> Iterator[Finding]:
    """Find fields of a dataclass whose name begins with an underscore although they are parameters of it."""
    for field in dataclass.body:
        match field:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value) if name.startswith("_"):
                is_parameter = not (value and "init=False" in ast.unparse(value))
                if is_parameter and "ClassVar" not in ast.unparse(annotation):
                    yield Finding(path, field.lineno, name, "`init=False`, or no underscore", dataclass.name)


def _of_words(path: str, source: str) -> Iterator[Finding]:
    for number, line in enumerate(source.splitlines(), 1):
        for name in _NAME.findall(line):
            for word, instead in _of_identifier(name):
                if word in _WORDS:
                    yield Finding(path, number, word, instead, line)


def findings_of(path: str, source: str) -> Iterator[Finding]:
    """Find every word in one file that is no longer used, exceptions aside."""
    if path.endswith(".py"):
        every = [*_of_tokens(path, source), *_of_identifiers(path, source), *_of_tree(path, source)]
    else:
        every = [*_of_text(path, 1, source)]
    if path.endswith(OTHER_LANGUAGES):
        every += _of_words(path, source)
    for finding in sorted(every, key=lambda each: each.line):
        if not any(path.endswith(end) and finding.word == word for end, word in EXCEPTIONS):
            yield finding


def files() -> list[str]:
    """List the text files of the repository that people write."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        path
        for path in listed.splitlines()
        if not path.startswith(NOT_SCANNED) and not path.endswith(NOT_WRITTEN_HERE) and (ROOT / path).is_file()
    ]


def main(arguments: Sequence[str]) -> int:
    chosen = [path for path in files() if not arguments or path.startswith(tuple(arguments))]
    found = [finding for path in chosen for finding in findings_of(path, (ROOT / path).read_text(encoding="utf-8"))]
    print(*found, f"{len(found)} findings in {len(chosen)} files", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
