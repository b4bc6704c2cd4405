"""The switch of each mutated function: it calls the original, or the mutant that this process tries."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MutantDict = dict[str, Callable[..., Any]]

_VARIABLE = "MUTANT_UNDER_TEST"
"""How processes that a test starts learn of the mutant."""

_module, _, _name = os.environ.get(_VARIABLE, "").rpartition(".")
_CALLS_FILE = "MUTANT_CALLS"
"""The file to which each mutated function adds its name when it is called, in every process."""

_called: set[str] = set()
"""The functions whose names are in the file already."""


def record(path: str) -> None:
    """Record calls anew from now on."""
    os.environ[_CALLS_FILE] = path
    Path(path).write_text("", encoding="utf-8")
    _called.clear()
    _clear_caches()


def _clear_caches() -> None:
    """Let cached functions of the package run again, and what they call: collection or an earlier test ran them."""
    for module, loaded in [*sys.modules.items()]:
        if module.partition(".")[0] == "pulumi_tione":
            for value in [*vars(loaded).values()]:
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


def _note(function: str) -> None:
    if function not in _called:
        _called.add(function)
        with open(os.environ[_CALLS_FILE], "a", encoding="utf-8") as file:
            file.write(f"{function}\n")


def choose(key: str, value: str) -> None:
    """Use a mutant in this process and in those that it starts; with a value, an expression, of a constant."""
    global _module, _name
    _module, _, _name = key.rpartition(".")
    os.environ[_VARIABLE] = key
    _clear_caches()
    if value:
        module, _, name = key.partition("=")[0].rpartition(".")
        variables = vars(sys.modules[module])
        old, new = variables[name], eval(value, variables)
        for each in [*sys.modules.values()]:
            if getattr(each, "__dict__", {}).get(name) == old:
                setattr(each, name, new)


def _mutmut_mutated(mutants: MutantDict, is_classmethod: bool = False) -> Callable[[Callable[..., Any]], Any]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def chosen(owner: Any) -> Callable[..., Any]:
            original = mutants["_mutmut_orig"]
            if _CALLS_FILE in os.environ:
                _note(f"{function.__module__}.{original.__name__.removesuffix('__mutmut_orig')}")
            used = mutants.get(_name, original) if function.__module__ == _module else original
            bound: Callable[..., Any] = getattr(owner, used.__name__) if is_classmethod else used
            return bound

        if is_classmethod:

            @functools.wraps(function)
            def switch(cls: Any, *args: Any, **kwargs: Any) -> Any:
                return chosen(cls)(*args, **kwargs)

        elif inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def switch(*args: Any, **kwargs: Any) -> Any:
                return (yield from chosen(None)(*args, **kwargs))

        elif inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def switch(*args: Any, **kwargs: Any) -> Any:
                return await chosen(None)(*args, **kwargs)

        else:

            @functools.wraps(function)
            def switch(*args: Any, **kwargs: Any) -> Any:
                return chosen(None)(*args, **kwargs)

        return switch

    return decorate
