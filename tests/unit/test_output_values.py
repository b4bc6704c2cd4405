"""Values of Outputs in code that awaits them, with Pulumi's undocumented methods and without them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import settings

import pulumi_tione.args  # noqa: F401  while no loop runs: CPython 3.11 cannot compile a module during a collection
from pulumi_tione._pulumi import output_values
from pulumi_tione._pulumi.output_values import is_secret, unknown_output, value_of, without_dependencies
from pulumi_tione._pulumi.properties import Marked, marked_in


def _fail(*_args: Any, **_keywords: Any) -> Any:
    raise TypeError("this method takes other arguments")


class Without(type):
    """Hides methods of Output from the module, as a later Pulumi may."""

    hidden: tuple[str, ...] = ()

    def __getattr__(cls, name: str) -> Any:
        if name in cls.hidden:
            raise AttributeError(name)
        return getattr(pulumi.Output, name)


@pytest.fixture(autouse=True)
def forgotten_outputs() -> Iterator[None]:
    yield
    settings.SETTINGS.outputs.clear()


@pytest.fixture(params=["there", "missing", "failing", "later"])
def methods(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The undocumented methods: as today; missing; with other arguments; or asynchronous no longer."""
    state: str = request.param
    if state != "there":
        body = {"missing": {}, "failing": dict.fromkeys(("future", "is_secret"), _fail)}.get(
            state, {"future": lambda *_, **__: "no awaitable", "is_secret": lambda *_: False}
        )
        output = Without("Output", (), {**body, "hidden": ("future", "is_secret")})
        monkeypatch.setattr(output_values, "pulumi", type("pulumi", (), {"Output": output}))
    return state


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def test_the_value_of_an_output_is_awaited(methods: str) -> None:
    async def test() -> None:
        soon: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        output: pulumi.Output[str] = pulumi.Output.from_input(soon)
        asyncio.get_running_loop().call_later(0.01, soon.set_result, "a")
        assert [await value_of(output), await value_of(output)] == ["a", "a"]

    run(test)


def test_a_value_keeps_its_unknown_parts(methods: str) -> None:
    async def test() -> None:
        value = await value_of(pulumi.Output.from_input({"a": 1, "b": pulumi.UNKNOWN}))
        assert value in ({"a": 1, "b": pulumi.UNKNOWN}, pulumi.UNKNOWN)
        assert await value_of(unknown_output()) is pulumi.UNKNOWN

    run(test)


def test_the_error_of_an_output_is_raised(methods: str) -> None:
    """Otherwise a program would wait for ever for a parent that could not be registered."""

    async def test() -> None:
        nothing: dict[str, int] = {}
        failed = pulumi.Output.from_input("missing").apply(lambda name: nothing[name])
        with pytest.raises(KeyError, match="missing"):
            await value_of(failed)
        with pytest.raises(KeyError, match="missing"):
            await value_of(without_dependencies(failed))

    run(test)


def test_what_cannot_be_found_out_counts_as_secret(methods: str) -> None:
    async def test() -> None:
        assert await is_secret(pulumi.Output.secret("a"))
        assert await is_secret(pulumi.Output.from_input("a")) is (methods != "there")

    run(test)


def test_every_secret_of_the_properties_is_found(methods: str) -> None:
    async def test() -> None:
        properties = {"remark": pulumi.Output.secret("planted-1"), "envs": {"A": pulumi.Output.from_input("planted-2")}}
        exact = Marked(("remark",), frozenset({"planted-1"}))
        all_of_them = Marked(("envs.A", "remark"), frozenset({"planted-1", "planted-2"}))
        assert await marked_in(properties) == (exact if methods == "there" else all_of_them)

    run(test)


def test_an_output_without_dependencies_has_the_value_alone(methods: str) -> None:
    async def test() -> None:
        resource: Any = object()
        known = asyncio.ensure_future(asyncio.sleep(0, True))
        dependent = pulumi.Output({resource}, asyncio.ensure_future(asyncio.sleep(0, "urn")), known)
        independent = without_dependencies(dependent)
        resources: Any = await independent.resources()
        assert (await independent.future(), resources) == ("urn", set())
        lengths = without_dependencies(unknown_output()).apply(len)
        assert not await lengths.is_known()

    run(test)


def test_an_unknown_output_is_unknown() -> None:
    async def test() -> None:
        output = unknown_output()
        assert not await output.is_known()
        assert await output.future() is None

    run(test)
