"""The value of an Output, and whether it is secret, in code that awaits it.

`apply` is the documented way to a value, but its function cannot await one, and does not learn whether the value is
secret. `properties.py` needs both for the secrets of a program, `exports.py` needs the value for the exports of one
that fails, and `training_task.py` needs a parent's URN without its dependencies.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, TypeVar

import pulumi

from pulumi_tione._pulumi.unknown import UNKNOWN

_T = TypeVar("_T")


async def value_of(output: pulumi.Output[Any]) -> Any:
    """Return the value of an Output, with unknown parts, or raise its error."""
    # Methods are taken from the class: of an Output, a name that it does not have is an Output too.
    with contextlib.suppress(Exception):
        return await pulumi.Output.future(output, with_unknowns=True)
    return await _applied(output)


async def is_secret(output: pulumi.Output[Any]) -> bool:
    """Return whether an Output is secret; True where that cannot be found out."""
    with contextlib.suppress(Exception):
        return await pulumi.Output.is_secret(output) is not False
    return True


def without_dependencies(output: pulumi.Output[_T]) -> pulumi.Output[_T]:
    """Return an Output of the same value that depends on no resource. Not for secrets: it is not marked as one."""
    return pulumi.Output.from_input(value_of(output.apply(lambda value: value, run_with_unknowns=True)))


def unknown_output() -> pulumi.Output[Any]:
    """Return an Output whose value a preview does not know."""
    return pulumi.Output.from_input(UNKNOWN)


async def _applied(output: pulumi.Output[Any]) -> Any:
    """Return the value of an Output, by its documented methods alone."""
    result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def fail(error: Exception) -> Any:
        result.set_exception(error)
        raise error

    # Older versions of Pulumi, which have no `recover`, have `future`.
    recover = getattr(pulumi.Output, "recover", None)
    known = output if recover is None else recover(output, fail)
    known.apply(result.set_result, run_with_unknowns=True)
    return await result
