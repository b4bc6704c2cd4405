"""The paths of what is declared as secret: found without entering what has no secrets."""

from __future__ import annotations

from typing import Any

from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Struct, Type
from pulumi_tione._schema.secrets import secret_paths, secret_texts
from pulumi_tione._schema.walk import walk


def sample(kind: Type) -> Any:
    """Return a value of a type with every field at every depth."""
    match kind:
        case Struct():
            return {field.property: sample(field.type) for field in kind.fields.values()}
        case ListOf():
            return [sample(kind.item), sample(kind.item)]
        case MapOf():
            return {"a": sample(kind.item), "b.c": sample(kind.item)}
    return "text"


def test_every_declared_secret_is_found_at_any_depth() -> None:
    task = sample(TRAINING_TASK)
    nodes = [*walk(TRAINING_TASK, task)]
    declared = {node.path for node in nodes if node.field is not None and node.field.secret}
    assert secret_paths(task, ()) == declared
    assert {"privateEnvs", "callbackUrl", "settings.assumeRole.externalId"} <= declared


def test_what_the_program_marked_is_secret_too() -> None:
    task = {"remark": "planted-1", "privateEnvs": {"A": "planted-2"}, "frameworkName": "PYTORCH"}
    paths = secret_paths(task, ["remark"])
    assert paths == {"remark", "privateEnvs"}
    assert {*secret_texts(task, paths)} == {"planted-1", "planted-2"}
    assert [*secret_texts(task, ())] == []


def test_a_value_of_another_type_than_declared_hides_nothing() -> None:
    assert secret_paths({"privateEnvs": ["planted-1"], "settings": [{"assumeRole": 1}], "imageInfo": "text"}, ()) == {
        "privateEnvs"
    }
