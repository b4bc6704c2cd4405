"""The names of Pulumi, gRPC and CPython that `_pulumi/` uses although no documentation promises them.

They are read from the source, so that no new one is forgotten. As a script, this module runs a program while one of
them is missing, or fails when it is called:

    python pulumi_internals.py missing|failing KIND NAME plugin|FILE
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import inspect
import re
import runpy
import sys
import threading
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "pulumi_tione" / "_pulumi"

_PUBLIC_MODULES = frozenset({"pulumi", "pulumi.automation", "pulumi.dynamic", "pulumi.log"})
"""The modules of Pulumi whose names are documented."""

_METHODS = frozenset({"future", "is_known", "is_secret", "resources"})
"""The methods of Pulumi's Output that have no documentation. Nor has its constructor, which nothing uses."""


@dataclass(frozen=True, order=True)
class Internal:
    """A name that may be gone in the next release of Pulumi."""

    kind: str
    """`import` (a name of a module), `method` (of Output), `layout` (of Output), `attribute`, or `local` (of a function
    of the plugin, or of registrations)."""
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def internals() -> list[Internal]:
    """Return every internal name that `_pulumi/` uses."""
    return sorted({name for file in FOLDER.glob("*.py") for name in internals_of(file.stem)})


@functools.cache
def internals_of(module: str) -> set[Internal]:
    """Return the internal names that a module of `_pulumi/` uses."""
    return {*_internals_in(ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8")))}


def imported_internals(tree: ast.AST) -> Iterator[str]:
    """Return the internal names of Pulumi that a module imports, with the modules that they are in."""
    yield from (name for name, _ in _imports(tree) if is_internal(name) or is_internal(name.rpartition(".")[0]))


def accessed_internals(tree: ast.AST) -> Iterator[str]:
    """Return the internal names of Pulumi that a module uses through a public one, as in `pulumi.runtime.rpc`."""
    imported = {alias: name for name, alias in _imports(tree) if not is_internal(name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            alias, _, path = ast.unparse(node).partition(".")
            name = f"{imported.get(alias, '')}.{path}"
            if is_internal(name) or is_internal(name.rpartition(".")[0]):
                yield name


def imported_names(tree: ast.AST) -> set[str]:
    """Return what a module imports, with the modules that it is in."""
    return {name for name, _ in _imports(tree)}


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Return what a module imports, and its name there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((f"{node.module}.{alias.name}", alias.asname or alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, alias.asname or ""
                if alias.asname is None:
                    yield (alias.name.partition(".")[0],) * 2


@functools.cache
def is_internal(module: str) -> bool:
    """Check whether this is a module that belongs to the internals of Pulumi or gRPC."""
    parts = module.split(".")
    if parts[0] not in ("pulumi", "grpc") or not all(part.isidentifier() for part in parts):
        return False
    if any(part.startswith("_") for part in parts[1:]):
        return True
    return parts[0] == "pulumi" and module not in _PUBLIC_MODULES and _is_module(module)


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of a name in what is no package
        return False


def undocumented_uses_of_output(tree: ast.AST) -> Iterator[str]:
    """Return the names of Pulumi's Output that a module uses although they have no documentation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _METHODS:
            yield node.attr
        if isinstance(node, ast.Call) and ast.unparse(node.func).partition("[")[0] in ("Output", "pulumi.Output"):
            yield "__init__"


def _internals_in(tree: ast.Module) -> Iterator[Internal]:
    for statement in tree.body:
        if isinstance(statement, ast.If):  # `if TYPE_CHECKING:`
            statement.body = []
    yield from (Internal("import", name) for name in imported_internals(tree))
    yield from (Internal("method", name) for name in undocumented_uses_of_output(tree))
    own = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("local_of_"):
            (name,) = (argument.value for argument in node.args if isinstance(argument, ast.Constant))
            yield Internal("local", str(name))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == "__class__":
            yield Internal("layout", node.attr)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            parts = list(_attributes(node))
            first = next((index for index, part in enumerate(parts) if part.startswith("_") and part not in own), None)
            if first is not None:
                yield from (Internal("attribute", part) for part in parts[first:])


def _attributes(node: ast.expr) -> Iterator[str]:
    """Return the attributes of `f().a.b`, the first one first; none of `self.a`."""
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls"):
        yield from _attributes(node.value)
        yield node.attr


# As a script.


class _Hiding:
    """Stands for an object, and what is reached through it, of which one attribute is missing."""

    def __init__(self, hidden: str, value: Any) -> None:
        self.__dict__.update({"hidden name": hidden, "real value": value})

    def __getattr__(self, name: str) -> Any:
        if name == self.__dict__["hidden name"]:
            raise AttributeError(name)
        value = getattr(self.__dict__["real value"], name)
        is_plain = isinstance(value, (type(None), int, str, list, dict)) or callable(value)
        return value if is_plain else _Hiding(self.__dict__["hidden name"], value)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["real value"], name, value)


def _fail(*_args: Any, **_named: Any) -> Any:
    raise TypeError("this function takes other arguments")


def _without_import(name: str, is_missing: bool) -> None:
    """Hide a name of a module from our own imports; Pulumi still has it."""
    real_import = builtins.__import__
    module, _, member = name.rpartition(".")

    def hiding_import(imported: str, importer: Any = None, scope: Any = None, names: Any = (), depth: int = 0) -> Any:
        is_from_us = str((importer or {}).get("__name__", "")).startswith("pulumi_tione.")
        real = real_import(imported, importer, scope, names, depth)
        if not is_from_us or imported != module or member not in (names or ()):
            return real
        if is_missing:
            raise ImportError(f"cannot import name {member!r} from {module!r}")
        return types.SimpleNamespace(**{**vars(real), member: _failing(getattr(real, member))})

    def import_hiding(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:  # noqa: A002
        return hiding_import(name, globals, locals, fromlist, level)

    vars(builtins)["__import__"] = import_hiding


def _failing(value: Any) -> Any:
    """Return a function or class that cannot be called, or a module whose functions and classes cannot."""
    if isinstance(value, types.ModuleType):
        return types.SimpleNamespace(**{name: _fail for name, part in vars(value).items() if callable(part)})
    return type("Other", (), {"__init__": _fail}) if isinstance(value, type) else _fail


def _without_attribute(name: str) -> None:
    """Hide an attribute of the interpreter, or of the server that the plugin makes."""
    if hasattr(sys, name):
        module: Any = importlib.import_module("pulumi_tione._pulumi.frames")
        module.sys = _Hiding(name, sys)
        return
    grpc: Any = importlib.import_module("grpc")
    make_server: Callable[..., Any] = grpc.server
    grpc.server = lambda *args, **keywords: _Hiding(name, make_server(*args, **keywords))


def _without_method(name: str, is_missing: bool) -> None:
    """Hide a method of Output from our own code; Pulumi still has it."""
    from pulumi import Output

    class Hidden:
        real = getattr(Output, name)

        def __get__(self, output: Any, _owner: Any) -> Any:
            frame = sys._getframe(1)
            while frame.f_code.co_name == "__getattribute__" and frame.f_back is not None:
                frame = frame.f_back
            if not str(frame.f_globals.get("__name__")).startswith("pulumi_tione."):
                return self.real.__get__(output, Output)
            if is_missing:
                raise AttributeError(name)
            return _fail

    setattr(Output, name, Hidden())


def _with_slots() -> None:
    """Change the layout of Output, so that the class of no object can be changed to it."""

    class Loader(SourceFileLoader):
        def get_code(self, fullname: str) -> types.CodeType:
            source, head = self.get_source(fullname) or "", "class Output(Generic[T_co]):\n"
            assert head in source
            return compile(source.replace(head, f"{head}    __slots__ = ('_data', '__weakref__')\n"), self.path, "exec")

    class Finder:
        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
            spec = PathFinder.find_spec(name, path, target) if name == "pulumi.output" else None
            if spec is not None:
                spec.loader = Loader(name, str(spec.origin))
            return spec

    sys.meta_path.insert(0, Finder)
    assert "__slots__" in vars(importlib.import_module("pulumi").Output)


def _run_plugin(without_local: str | None) -> None:
    """Run the plugin of dynamic providers, in which a local variable may have another name."""
    if without_local is None:
        runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
        return
    spec = find_spec("pulumi.dynamic.__main__")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    renamed, count = re.subn(rf"(?<![.\w]){without_local}\b", f"another_{without_local}", source)
    assert count > 1, f"the plugin has no local {without_local}"
    exec(compile(renamed, spec.origin, "exec"), {"__name__": "__main__", "__file__": spec.origin})  # noqa: S102  the plugin itself


def _rename_in_registrations(local: str) -> None:
    """Rename a local variable of the function that makes the Outputs of a resource."""
    from pulumi.runtime import rpc

    source = inspect.getsource(rpc.transfer_properties)
    renamed, count = re.subn(rf"(?<![.\w]){local}\b", f"another_{local}", source)
    assert count > 1, f"the function has no local {local}"
    exec(renamed, vars(rpc))  # noqa: S102  the function itself


def _main(state: str, kind: str, name: str, what: str) -> None:
    if kind == "import":
        _without_import(name, state == "missing")
    elif kind == "attribute":
        _without_attribute(name)
    elif kind == "method":
        _without_method(name, state == "missing")
    elif kind == "layout":
        _with_slots()
    assert threading.current_thread() is threading.main_thread()
    if what == "plugin":
        sys.argv = ["pulumi.dynamic"]
        _run_plugin(name if kind == "local" else None)
    else:
        if kind == "local":
            _rename_in_registrations(name)
        sys.argv = [what]
        runpy.run_path(what, run_name="__main__")


if __name__ == "__main__":
    _main(*sys.argv[1:])
