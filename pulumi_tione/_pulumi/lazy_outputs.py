"""Outputs of a resource that are made when a program uses them.

For each property that a resource is registered with, Pulumi makes an Output: five futures, a task of the event loop,
and one more to wait for in each round of the program's end. A task has thirty, of which a program uses one or two: in
a program of a thousand tasks they take most of its time and half of its memory.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pulumi

from pulumi_tione._pulumi.frames import local_of_iterating

_Resolver: TypeAlias = Callable[..., None]
"""What Pulumi calls with the value of a property, or with the error of the registration."""


class LazyProperties(dict[str, Any]):
    """Properties to register a resource with.

    Args:
        properties: what the engine gets, and None for each output.
        attributes: the names in Python of the properties that a program sees.
    """

    def __init__(self, properties: Mapping[str, Any], attributes: Mapping[str, str]) -> None:
        super().__init__(properties)
        self._attributes = {name: attribute for name, attribute in attributes.items() if name in properties}
        self._pending: dict[str, _Pending] | None = None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names; but Pulumi, which is about to make an Output for each, gets none."""
        if self._pending is None:
            with contextlib.suppress(Exception):
                resolvers: dict[str, _Resolver] = local_of_iterating("resolvers")
                resource, is_custom = local_of_iterating("res"), local_of_iterating("custom")
                self._pending = _resolved_later(self._attributes, resolvers, resource, is_custom)
                return iter(())
        return super().__iter__()

    def outputs_of(self, resource: pulumi.Resource) -> dict[str, pulumi.Output[Any]]:
        """Return the Outputs of the resource that has been registered with these properties, by their names in Python.

        Those that Pulumi has made are taken from the resource, where they have the names of the properties.
        """
        if self._pending is not None:
            return {self._attributes[name]: LazyOutput(pending) for name, pending in self._pending.items()}
        made = {name: vars(resource).pop(name) for name in self.keys()}
        return {attribute: made[name] for name, attribute in self._attributes.items()}


def _resolved_later(
    names: Iterable[str], resolvers: dict[str, _Resolver], resource: pulumi.Resource, is_custom: bool
) -> dict[str, _Pending]:
    """Put what takes the values of properties into the table of a registration, and return it."""
    from pulumi.runtime.rpc import transfer_properties

    def make(name: str) -> tuple[_Resolver, pulumi.Output[Any]]:
        """Let Pulumi make the Output of a property, which it writes to the resource."""
        before = vars(resource).get(name)
        resolver = transfer_properties(resource, {name: None}, is_custom)[name]
        output = vars(resource).pop(name)
        if before is not None:
            vars(resource)[name] = before
        return resolver, output

    _try_lazy_output()
    pending = {name: _Pending(name, make) for name in names}
    next(iter(pending.values())).output()  # while there is another way, if this one fails
    resolvers.update(pending)
    return pending


@functools.cache
def _try_lazy_output() -> None:
    """Use a lazy Output that nobody needs, which fails where it cannot become an ordinary one."""

    def make() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(None)

    LazyOutput(_Replaced(make, make)).apply(lambda value: value)


class _Pending:
    """Takes the value of one property, and makes its Output when somebody uses it: before or after the value."""

    __slots__ = ("_made", "_make", "_name", "_resolved")

    def __init__(self, name: str, make: Callable[[str], tuple[_Resolver, pulumi.Output[Any]]]) -> None:
        self._name = name
        self._make = make
        self._made: tuple[_Resolver, pulumi.Output[Any]] | None = None
        self._resolved: tuple[tuple[Any, ...], dict[str, Any]] | None = None

    def __call__(self, *value: Any, **keywords: Any) -> None:
        if self._made is None:
            self._resolved = value, keywords
        else:
            self._made[0](*value, **keywords)

    def plain(self) -> Any:
        """Return the value.

        Raises:
            LookupError: the value has not come, is unknown or secret, or an Output has been made of it.
        """
        if self._made is None and self._resolved is not None:
            (value, is_known, is_secret, _, error), keywords = self._resolved
            if is_known is True and is_secret is False and error is None and not keywords:
                return value
        raise LookupError(self._name)

    def output(self) -> pulumi.Output[Any]:
        if self._made is None:
            self._made = self._make(self._name)
            if self._resolved is not None:
                value, keywords = self._resolved
                self._made[0](*value, **keywords)
        return self._made[1]


def values_of(resource: pulumi.Resource, names: Sequence[str]) -> pulumi.Output[dict[str, Any]]:
    """Return an Output of the values of several attributes, as `pulumi.Output.all` does, without an Output of each.

    Args:
        resource: the resource, whose properties get their values at the same time.
        names: the names of the attributes; one that the resource does not have is None. The Output of the first one is
            made, and awaited.
    """
    attributes = {name: vars(resource).get(name) for name in names}

    def values(first: Any) -> dict[str, Any] | pulumi.Output[dict[str, Any]]:
        try:
            return {name: _plain(attribute) for name, attribute in attributes.items()} | {names[0]: first}
        except Exception:  # noqa: BLE001  one that is no plain value, or of another form than today
            return pulumi.Output.all(**{names[0]: first, **attributes})

    awaited: pulumi.Output[dict[str, Any]] = attributes.pop(names[0]).apply(values)  # type: ignore[union-attr]
    return awaited


def with_value(output: pulumi.Output[Any], value: Any) -> pulumi.Output[Any]:
    """Return an Output of another value that is as secret, and as dependent on its resource, as this one."""

    def make() -> pulumi.Output[Any]:
        return output.apply(lambda _: value)

    def plain() -> Any:
        _plain(output)
        return value

    return LazyOutput(_Replaced(make, plain)) if type(output) is LazyOutput else make()


class _Replaced:
    """Makes the Output of another value when somebody uses it."""

    __slots__ = ("output", "plain")

    def __init__(self, output: Callable[[], pulumi.Output[Any]], plain: Callable[[], Any]) -> None:
        self.output = output
        self.plain = plain


def _plain(attribute: Any) -> Any:
    """Return the value of an attribute that is no Output, or a lazy one of which none has been made."""
    if not isinstance(attribute, pulumi.Output):
        return attribute
    return object.__getattribute__(attribute, "__dict__")["pending"].plain()


class LazyOutput(pulumi.Output[Any]):
    """An Output that is made when somebody uses it. From then on it is an ordinary one."""

    def __init__(self, pending: _Pending | _Replaced) -> None:
        object.__getattribute__(self, "__dict__")["pending"] = pending

    def __getattribute__(self, item: str) -> Any:
        state = object.__getattribute__(self, "__dict__")
        pending = state.get("pending")  # of a pickled one, in a dynamic provider, there is none
        # What begins so is asked of any object, by Python and by libraries, and needs no value; to pickle it does.
        if pending is None or (item.startswith("__") and item != "__reduce_ex__"):
            return object.__getattribute__(self, item)
        state |= vars(pending.output())
        del state["pending"]
        self.__class__ = pulumi.Output  # type: ignore[assignment]
        return getattr(self, item)
