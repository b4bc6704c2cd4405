"""Write the mutants of some modules into a copy of the package. The mutations are mutmut's.

Each mutated function becomes a switch between the original and its mutants. mutmut leaves functions with decorators and
constants as they are. Here a decorator becomes an assignment after the function, which mutmut can mutate. A constant
that is a number gets two mutants, twice and half of it; a collection gets one without each of its elements.

Which modules get mutants is `MODULES` in `run.py`.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")

_LEFT_ALONE = {"staticmethod", "classmethod", "overload"}
"""The decorators that mutmut can mutate under, and one that has no code."""


@dataclass(frozen=True)
class Mutant:
    """One change of the code, or code that cannot be changed."""

    key: str
    """What the switch knows it by: `pulumi_tione.lifecycle.stop.x_stop_and_wait__mutmut_3`."""
    name: str
    """`lifecycle/stop.py: stop_and_wait`, the class before the method."""
    change: str
    """The changed lines, old and new."""
    function: str = ""
    """What the tests of the mutant run: a function, or a module for a constant; empty if nothing was mutated."""
    value: str = ""
    """The mutated value of a constant, as an expression in its module."""
    source: str = ""
    """The hash of the function without a mutation: with another one, the key means another mutant."""

    @property
    def id(self) -> str:
        """What outcomes are recorded by."""
        return f"{self.key}@{self.source}"

    def json(self) -> dict[str, Any]:
        return asdict(self)


def mutate(copy: Path, files: Sequence[str], cache: Path) -> list[Mutant]:
    """Replace these files of the copy by mutated ones, and list their mutants."""
    here = Path.cwd()
    os.chdir(copy)  # mutmut reads its configuration there
    try:
        return [mutant for path in files for mutant in _mutated(copy / path, path, cache)]
    finally:
        os.chdir(here)


def _mutated(target: Path, path: str, cache: Path) -> list[Mutant]:
    """Mutate a file, unless that has been done before: it takes a second for each file."""
    cache.mkdir(exist_ok=True)
    kept = cache / hashlib.sha256(Path(__file__).read_bytes() + path.encode() + target.read_bytes()).hexdigest()
    if kept.exists():
        known = json.loads(kept.read_text(encoding="utf-8"))
        target.write_text(known["code"], encoding="utf-8")
        return [Mutant(**mutant) for mutant in known["mutants"]]
    mutants = list(_mutate_file(target, path))
    known = {"code": target.read_text(encoding="utf-8"), "mutants": [mutant.json() for mutant in mutants]}
    kept.write_text(json.dumps(known), encoding="utf-8")
    return mutants


def _mutate_file(target: Path, path: str) -> Iterator[Mutant]:
    from mutmut.mutation.file_mutation import mutate_file_contents

    source = target.read_text(encoding="utf-8")
    module = path.removesuffix(".py").replace("/", ".")
    where = path.removeprefix("pulumi_tione/")
    yield from _excluded(source, where)
    yield from _constants(source, module, where)
    mutated = mutate_file_contents(path, _without_decorators(source))
    code = re.sub(
        r"from mutmut\.\S+ import .*", "from mutant_switch import MutantDict, _mutmut_mutated", str(mutated.code)
    )
    target.write_text(code, encoding="utf-8")
    lines = code.splitlines()
    texts = {
        node.name: lines[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for mutant in mutated.mutant_names:
        function = re.sub(r"__mutmut_\d+$", "", mutant)
        shown = [text.strip() for text in _changed_lines(texts[f"{function}__mutmut_orig"], texts[mutant])]
        source = hashlib.sha256("\n".join(texts[f"{function}__mutmut_orig"]).encode()).hexdigest()[:16]
        name = f"{where}: {_plain(function)}"
        yield Mutant(f"{module}.{mutant}", name, "\n".join(shown), f"{module}.{function}", source=source)


def _changed_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    for line in difflib.unified_diff(old, new, n=0, lineterm=""):
        if re.match(r"[-+](?![-+])", line) and "__mutmut_" not in line:
            yield f"{line[0]} {line[1:].strip()}"


def _plain(mangled: str) -> str:
    return mangled[1:].strip("ǁ").replace("ǁ", ".") if "ǁ" in mangled else mangled.removeprefix("x_")


def _functions(source: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Yield the functions of a module and of its classes, with their names and the depth of the class."""
    scopes: list[tuple[str, int, Sequence[ast.stmt]]] = [("", 0, ast.parse(source).body)]
    while scopes:
        prefix, depth, body = scopes.pop()
        for node in body:
            if isinstance(node, ast.ClassDef):
                scopes.append((f"{prefix}{node.name}.", depth + 1, node.body))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{prefix}{node.name}", node, depth


def _without_decorators(source: str) -> str:
    """Turn `@property def f…` into `def f…` and `f = property(f)`."""
    lines = source.splitlines(keepends=True)
    for _, node, depth in sorted(_functions(source), key=lambda each: -each[1].lineno):
        decorators = [ast.unparse(each) for each in node.decorator_list]
        if not decorators or depth > 1 or not _LEFT_ALONE.isdisjoint(decorators) or node.end_lineno is None:
            continue
        applied = node.name
        for decorator in reversed(decorators):
            applied = f"{decorator}({applied})"
        lines.insert(node.end_lineno, f"{' ' * node.col_offset}{node.name} = {applied}\n")
        del lines[node.decorator_list[0].lineno - 1 : node.lineno - 1]
    return "".join(lines)


def _excluded(source: str, where: str) -> Iterator[Mutant]:
    """List the code that has no mutants: under a pragma, and in classes within classes."""
    for number, line in enumerate(source.splitlines(), 1):
        if "no mutate" in line:
            yield Mutant("", f"{where}: line {number}", f"excluded: {line.strip()}")
    for name, _, depth in _functions(source):
        if depth > 1:
            yield Mutant("", f"{where}: {name}", "not mutated: a class within a class")


def _constants(source: str, module: str, where: str) -> Iterator[Mutant]:
    for statement in ast.parse(source).body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                assigned = [(name, value)]
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                assigned = [(ast.unparse(name), value) for name, value in zip(names, values, strict=True)]
            case _:
                continue
        for name, value in assigned:
            old = ast.unparse(value)
            for new in other_values(value):
                change = f"- {name} = {old}\n+ {name} = {new}"
                key = f"{module}.{name}={hashlib.sha256(new.encode()).hexdigest()[:16]}"
                source = hashlib.sha256(old.encode()).hexdigest()[:16]
                yield Mutant(key, f"{where}: {name}", change, module, new, source)


def other_values(value: ast.expr) -> list[str]:
    """Return the mutated values of a constant, as expressions."""
    match value:
        case ast.Constant(value=bool()):
            return []
        case ast.Constant(value=int(old)):
            return [str(new) for new in {old * 2 or 1, old // 2} - {old}]
        case ast.Constant(value=float(old)):
            return [str(new) for new in {old * 2 or 1.0, old / 2} - {old}]
        case ast.Tuple(elts=elements):
            return [ast.unparse(ast.Tuple(_without(elements, index), ast.Load())) for index in range(len(elements))]
        case ast.Dict(keys=keys, values=values):
            return [ast.unparse(ast.Dict(_without(keys, index), _without(values, index))) for index in range(len(keys))]
        case ast.Call(func=ast.Name(id="frozenset"), args=[ast.Set(elts=elements)]):
            return [
                f"frozenset([{', '.join(map(ast.unparse, _without(elements, index)))}])"
                for index in range(len(elements))
            ]
    return []


def _without(elements: Sequence[_T], index: int) -> list[_T]:
    return [*elements[:index], *elements[index + 1 :]]
