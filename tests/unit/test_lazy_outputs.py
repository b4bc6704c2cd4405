"""Outputs that are made when a program uses them: values of several at once, and another value in the place of one.

Programs that use them are in `test_training_task.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, TypeVar

import pulumi
import pytest
from pulumi.runtime import settings

from pulumi_tione._pulumi.lazy_outputs import LazyOutput, LazyProperties, _Pending, values_of, with_value

NAMES = ("status", "region", "settings")
T = TypeVar("T")


@pytest.fixture(autouse=True)
def forgotten_outputs() -> Iterator[None]:
    yield
    settings.SETTINGS.outputs.clear()


class Property:
    """A property of a resource, whose Output is lazy."""

    def __init__(self, name: str, resource: Any) -> None:
        self.made: list[str] = []
        """The names of the Outputs that were made."""
        self.resolve = _Pending(name, self._make)
        self.output: Any = LazyOutput(self.resolve)
        self._resource = resource

    def _make(self, name: str) -> tuple[Callable[..., None], pulumi.Output[Any]]:
        self.made.append(name)
        loop = asyncio.get_running_loop()
        value, is_known, is_secret = loop.create_future(), loop.create_future(), loop.create_future()

        def resolve(new: Any, known: bool, secret: bool, _: Any, error: Exception | None, later: str = "") -> None:
            for future, result in ((value, f"{new}{later}" if later else new), (is_known, known), (is_secret, secret)):
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)

        return resolve, pulumi.Output({self._resource}, value, is_known, is_secret)

    def has(self, value: Any, *, is_known: bool = True, is_secret: bool = False) -> None:
        self.resolve(value, is_known, is_secret, None, None)


class Task:
    """A resource with three properties."""

    def __init__(self) -> None:
        self.resource: Any = SimpleNamespace()
        self.status, self.region, self.settings = (Property(name, self) for name in NAMES)
        for name in NAMES:
            setattr(self.resource, name, getattr(self, name).output)

    def has(self, **changed: dict[str, Any]) -> None:
        """Resolve the properties; of those that are named some things differ."""
        for name in NAMES:
            getattr(self, name).has(**{"value": name.upper(), **changed.get(name, {})})

    def made(self) -> list[str]:
        return [*self.status.made, *self.region.made, *self.settings.made]


def run(test: Callable[[Task], Any]) -> None:
    """Run a test in an event loop."""

    async def main() -> None:
        await asyncio.wait_for(test(Task()), 20)

    asyncio.run(main())


async def facts(output: pulumi.Output[T]) -> tuple[T | None, bool, bool]:
    """Return the value, whether it is known, and whether it is secret."""
    return await output.future(), await output.is_known(), await output.is_secret()


ALL = {"status": "STATUS", "region": "REGION", "settings": "SETTINGS"}


def test_of_several_values_only_the_first_one_needs_an_output() -> None:
    async def test(task: Task) -> None:
        values = values_of(task.resource, [*NAMES, "tags"])
        task.has()
        assert await facts(values) == ({**ALL, "tags": None}, True, False)
        resources: Any = await values.resources()
        assert resources == {task}
        assert task.made() == ["status"]

    run(test)


@pytest.mark.parametrize("name", NAMES)
def test_values_of_which_any_one_is_secret_are_secret(name: str) -> None:
    async def test(task: Task) -> None:
        values = values_of(task.resource, NAMES)
        task.has(**{name: {"is_secret": True}})
        assert await facts(values) == (ALL, True, True)

    run(test)


@pytest.mark.parametrize("name", NAMES)
def test_values_of_which_any_one_is_unknown_are_unknown(name: str) -> None:
    async def test(task: Task) -> None:
        values = values_of(task.resource, NAMES)
        task.has(**{name: {"is_known": False}})
        assert not await values.is_known()

    run(test)


def test_a_value_with_an_unknown_part_makes_all_of_them_unknown() -> None:
    async def test(task: Task) -> None:
        values = values_of(task.resource, NAMES)
        task.has(settings={"value": {"profile": pulumi.UNKNOWN}})
        assert not await values.is_known()

    run(test)


@pytest.mark.parametrize("name", NAMES)
def test_the_error_of_a_registration_is_the_error_of_its_values(name: str) -> None:
    async def test(task: Task) -> None:
        values = values_of(task.resource, NAMES)
        for each in NAMES:
            error = ValueError("the registration failed") if each == name else None
            getattr(task, each).resolve(each.upper(), True, False, None, error)
        with pytest.raises(ValueError, match="the registration failed"):
            await values.future()

    run(test)


def test_values_that_come_after_the_first_one_are_awaited() -> None:
    async def test(task: Task) -> None:
        values = values_of(task.resource, NAMES)
        task.status.has("STATUS")
        for _ in range(20):
            await asyncio.sleep(0)
        task.region.has("REGION")
        task.settings.has("SETTINGS")
        assert await facts(values) == (ALL, True, False)

    run(test)


@pytest.mark.parametrize("is_secret", [False, True], ids=["plain", "secret"])
@pytest.mark.parametrize("is_early", [True, False], ids=["before", "after"])
def test_an_output_that_the_program_has_used_is_one_of_the_values_all_the_same(is_early: bool, is_secret: bool) -> None:
    async def test(task: Task) -> None:
        if is_early:
            task.region.output.apply(str)
        values = values_of(task.resource, NAMES)
        if not is_early:
            task.region.output.apply(str)
        task.has(region={"is_secret": is_secret})
        assert await facts(values) == (ALL, True, is_secret)

    run(test)


@pytest.mark.parametrize("is_early", [True, False], ids=["before", "after"])
def test_a_resolver_with_more_arguments_than_today_gets_them(is_early: bool) -> None:
    """Pulumi may add some: then each value comes from an Output."""

    async def test(task: Task) -> None:
        if is_early:
            values = values_of(task.resource, NAMES)
        task.status.has("STATUS")
        task.region.has("REGION")
        task.settings.resolve("SETTINGS", True, False, None, None, later=" of later")
        if not is_early:
            values = values_of(task.resource, NAMES)
        assert await facts(values) == ({**ALL, "settings": "SETTINGS of later"}, True, False)

    run(test)


def test_a_resolver_with_one_more_positional_argument_gets_it() -> None:
    async def test(task: Task) -> None:
        values = values_of(task.resource, NAMES)
        task.status.has("STATUS")
        task.region.has("REGION")
        task.settings.resolve("SETTINGS", True, False, None, None, " of later")
        assert await facts(values) == ({**ALL, "settings": "SETTINGS of later"}, True, False)

    run(test)


def test_an_output_is_made_once_and_then_an_ordinary_one() -> None:
    async def test(task: Task) -> None:
        output = task.status.output
        assert isinstance(output, pulumi.Output)
        assert task.made() == []
        first, second = output.apply(str.lower), output.apply(str.title)
        assert type(output) is pulumi.Output
        task.has()
        assert [await first.future(), await second.future(), await output.future()] == ["status", "Status", "STATUS"]
        assert task.made() == ["status"]

    run(test)


def test_an_output_that_was_made_before_its_value_came_gets_all_that_the_resolver_gets() -> None:
    async def test(task: Task) -> None:
        used = task.status.output.apply(str)
        task.status.resolve("STATUS", True, False, None, None, later=" of later")
        assert await used.future() == "STATUS of later"

    run(test)


def test_one_output_is_made_of_a_property_however_often_it_is_requested() -> None:
    async def test(task: Task) -> None:
        outputs = [task.status.resolve.output() for _ in range(2)]
        assert outputs[0] is outputs[1]
        task.has()
        assert await outputs[0].future() == "STATUS"

    run(test)


def test_an_output_that_is_used_keeps_nothing_of_what_made_it() -> None:
    """Else a copy of it, such as the one of a pickle, would refer to its resource."""

    async def test(task: Task) -> None:
        task.status.output.apply(str)
        task.has()
        assert "pending" not in vars(task.status.output)

    run(test)


def test_a_value_that_has_an_output_is_taken_from_it() -> None:
    async def test(task: Task) -> None:
        task.status.has("STATUS")
        assert task.status.resolve.plain() == "STATUS"
        task.status.resolve.output()
        with pytest.raises(LookupError, match="status"):
            task.status.resolve.plain()

    run(test)


def test_a_value_that_has_not_come_is_missing() -> None:
    async def test(task: Task) -> None:
        with pytest.raises(LookupError, match="status"):
            task.status.resolve.plain()

    run(test)


def test_an_attribute_that_is_no_output_is_a_value_itself() -> None:
    async def test(task: Task) -> None:
        task.resource.region = "ap-guangzhou"
        values = values_of(task.resource, NAMES)
        task.has()
        assert await facts(values) == ({**ALL, "region": "ap-guangzhou"}, True, False)

    run(test)


def test_outputs_that_pulumi_has_made_have_their_names_in_python_alone() -> None:
    resource: Any = SimpleNamespace(chargeType="a", owner="b")
    properties = LazyProperties({"chargeType": None, "owner": None}, {"chargeType": "charge_type", "remark": "remark"})
    assert [*properties] == ["chargeType", "owner"]
    outputs: dict[str, Any] = {**properties.outputs_of(resource)}
    assert outputs == {"charge_type": "a"}
    assert vars(resource) == {}


def test_only_the_first_iteration_makes_lazy_outputs() -> None:
    """Whatever iterates later gets the names."""

    def names(properties: LazyProperties, resolvers: dict[str, Any], res: Any, custom: bool) -> list[str]:
        return [*properties]

    async def test(_task: Task) -> None:
        properties = LazyProperties({"chargeType": None}, {"chargeType": "charge_type"})
        assert names(properties, {}, SimpleNamespace(), False) == []
        assert names(properties, {}, SimpleNamespace(), False) == ["chargeType"]
        assert isinstance(properties.outputs_of(SimpleNamespace())["charge_type"], LazyOutput)  # type: ignore[arg-type]

    run(test)


# Another value in the place of one.


@pytest.mark.parametrize("is_used", [False, True], ids=["lazy", "used before"])
@pytest.mark.parametrize("is_secret", [False, True], ids=["plain", "secret"])
def test_another_value_is_as_secret_and_as_dependent_as_the_one_that_it_replaces(
    is_used: bool, is_secret: bool
) -> None:
    async def test(task: Task) -> None:
        if is_used:
            task.status.output.apply(str)
        replaced = with_value(task.status.output, "SUCCEED")
        assert isinstance(replaced, LazyOutput) is not is_used
        assert task.made() == ["status"] * is_used
        task.has(status={"is_secret": is_secret})
        assert await facts(replaced) == ("SUCCEED", True, is_secret)
        resources: Any = await replaced.resources()
        assert resources == {task}

    run(test)


def test_another_value_of_an_unknown_one_is_unknown() -> None:
    async def test(task: Task) -> None:
        replaced = with_value(task.status.output, "SUCCEED")
        task.has(status={"is_known": False})
        assert await facts(replaced) == (None, False, False)

    run(test)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ({**ALL, "settings": "lab"}, True, False)),
        ({"is_secret": True}, ({**ALL, "settings": "lab"}, True, True)),
        ({"is_known": False}, None),
    ],
    ids=["plain", "secret", "unknown"],
)
def test_among_several_values_another_one_is_what_the_first_one_was(changed: dict[str, Any], expected: Any) -> None:
    async def test(task: Task) -> None:
        task.resource.settings = with_value(task.settings.output, "lab")
        values = values_of(task.resource, NAMES)
        task.has(settings=changed)
        if expected is None:
            assert not await values.is_known()
        else:
            assert await facts(values) == expected
        assert task.made() == ([*NAMES] if changed else ["status"])

    run(test)
