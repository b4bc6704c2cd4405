"""Whatever a program passes to check: it reports what is wrong, or accepts it. It never fails itself, and never hangs.

Half of the inputs are of the schema, with something wrong here and there; the other half was never meant. A message
holds neither half a character nor more than some forty levels of lists and maps: those do not even reach check.
"""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from boundary_support import OWNER, SMALLEST, UNKNOWN, Provider
from google.protobuf.struct_pb2 import NULL_VALUE, Value
from google.protobuf.struct_pb2 import Struct as ProtobufStruct
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2

from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Scalar, Struct, Type
from pulumi_tione._schema.identity import RETAINED

SECONDS = 10
"""How long a check may take."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Pulumi's own key, of which it knows only some values: another one does not even reach check."""

SECRET = "1b47061264138c4ac30d75fd1eb44270"
NAMES = [
    "",
    "__proto__",
    "__provider",
    "a.b",
    "名",
    "toString",
    'quo"te',
    "]",
    "\n",
]

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    [UNKNOWN, SECRET, "", " ", "\x00", "<{%reset%}>", "None", "true", "1e999", "x" * 5000, "../../etc", "Output[T]"]
)
NUMBERS = st.floats() | st.integers(-3, 3).map(float) | st.sampled_from([2.0**53, -(2.0**63), 1e308, 0.1, -0.0])
KEYS = TEXTS.filter(lambda text: text != SIGNATURE) | st.sampled_from(NAMES)
WILD = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def _deep(depth: int) -> Any:
    value: Any = 1.0
    for position in range(depth):
        value = [value] if position % 2 else {"k": value}
    return value


def values_of(kind: Type) -> st.SearchStrategy[Any]:
    """Values that are mostly of a type, with something wild here and there."""
    return st.one_of(_right(kind), _right(kind), _right(kind), WILD, st.just(UNKNOWN))


def _right(kind: Type) -> st.SearchStrategy[Any]:
    match kind:
        case Struct():
            some = st.lists(st.sampled_from(sorted(kind.fields)), max_size=5, unique=True)
            return some.flatmap(
                lambda names: st.fixed_dictionaries({name: values_of(kind.fields[name].type) for name in names})
            )
        case ListOf():
            return st.lists(values_of(kind.item), max_size=3)
        case MapOf():
            return st.dictionaries(KEYS, values_of(kind.item), max_size=3)
        case Scalar.STRING:
            return TEXTS
        case Scalar.INTEGER:
            return NUMBERS
        case Scalar.BOOLEAN:
            return st.booleans()
        case Scalar.DURATION:
            return NUMBERS | st.sampled_from(["12h", "1h30m", "0s", "12 hours", ""])
        case _:
            return WILD


PLANTED = "plantedword"
"""The text in the values of secrets, which must never be shown."""

HIDDEN = st.recursive(
    st.just(PLANTED) | st.sampled_from([f"a {PLANTED} b", f"http://{PLANTED}@x", f"Output[{PLANTED}"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("key"), inner, max_size=1),
    max_leaves=3,
)
OWNERS = st.one_of(
    *[st.just(OWNER)] * 6,
    st.just({**OWNER, RETAINED: True}),
    st.fixed_dictionaries({**dict.fromkeys(OWNER, TEXTS | WILD), RETAINED: WILD}),
    st.dictionaries(st.sampled_from([*OWNER, RETAINED]) | KEYS, WILD, max_size=4),
    WILD,
)


@st.composite
def inputs(draw: st.DrawFn) -> dict[str, Any]:
    """Inputs of a task: the smallest one with changes, parts of the schema, or nothing that was ever meant."""
    news: dict[str, Any] = draw(st.sampled_from([dict(SMALLEST), {}]))
    news |= draw(_right(TRAINING_TASK) | st.dictionaries(KEYS, WILD, max_size=4))
    odd = draw(st.sampled_from([None] * 6 + ["settings", "secrets", "levels"]))
    if odd == "settings":
        news["settings"] = draw(values_of(TRAINING_TASK.fields["settings"].type))
    if odd == "secrets":
        news["privateEnvs"] = draw(st.dictionaries(KEYS, HIDDEN, max_size=2) | HIDDEN)
        news["callbackUrl"] = draw(HIDDEN)
        news["imageInfo"] = {"imageType": "TCR", "imageSecret": {"password": draw(HIDDEN)}}
        news["settings"] = {"assumeRole": {"externalId": draw(HIDDEN)}}
    if odd == "levels":
        name = draw(st.sampled_from(["triggers", "additionalParameters", "settings", "privateEnvs", "dataConfigs"]))
        news[name] = [_deep(draw(st.integers(10, 37)))]
        news[name] = draw(st.sampled_from([news[name], {"k": news[name]}]))
    news["owner"] = draw(OWNERS)
    return news


def _value(value: Any) -> Value:
    """Return a value as it is sent; `json_format` refuses what is no JSON."""
    match value:
        case None:
            return Value(null_value=NULL_VALUE)
        case bool():
            return Value(bool_value=value)
        case int() | float():
            return Value(number_value=value)
        case str():
            return Value(string_value=value)
        case list():
            it = Value()
            it.list_value.values.extend(map(_value, value))
            return it
        case _:
            return Value(struct_value=_struct(value))


def _struct(values: dict[str, Any]) -> ProtobufStruct:
    struct = ProtobufStruct()
    for name, value in values.items():
        struct.fields[name].CopyFrom(_value(value))
    return struct


def check(provider: Provider, news: dict[str, Any], olds: dict[str, Any]) -> None:
    blob = {"__provider": provider.blob}
    request = provider_pb2.CheckRequest(news=_struct({**news, **blob}), olds=_struct({**olds, **blob} if olds else {}))
    try:
        answer = provider.stub.Check(request, timeout=SECONDS)
    except grpc.RpcError as error:
        raise AssertionError(f"check failed: {error.details()}") from None
    for failure in answer.failures:
        assert PLANTED not in failure.property + failure.reason
        assert not failure.property
        assert failure.reason
        assert "\n" not in failure.reason


def _fuzz(examples: int) -> settings:
    health = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=health)


BEFORE = {**SMALLEST, "name": "dev-bert-12345678", "region": "ap-guangzhou"}
OLDS = st.sampled_from([{}, BEFORE, {**BEFORE, "rerunOnFailure": 3.0, "run": 2.0}])


@_fuzz(300)
@given(news=inputs(), olds=OLDS)
@example(news={**SMALLEST, "owner": {}}, olds={})
@example(news={**SMALLEST, "owner": {**OWNER, "resource": UNKNOWN}}, olds={})
@example(news={**SMALLEST, "envs": {"\n": ""}, "privateEnvs": {"\n": ""}}, olds={})
@example(news={**SMALLEST, "imageInfo": {"imageType": "\n", "imageSecret": {}}}, olds={})
def test_check_answers_whatever_it_is_asked(provider: Provider, news: dict[str, Any], olds: dict[str, Any]) -> None:
    check(provider, news, olds)


@pytest.mark.long
@_fuzz(10_000)
@given(news=inputs(), olds=OLDS)
def test_check_answers_ten_thousand_times(provider: Provider, news: dict[str, Any], olds: dict[str, Any]) -> None:
    check(provider, news, olds)
