"""The declarations of `args.py`, held against the vendor's machine-readable definition."""

from __future__ import annotations

import ast
import importlib.util
import json
import pydoc
import re
import sys
import types
from collections.abc import Awaitable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
import typing_extensions
from pulumi import Output

import pulumi_tione
from pulumi_tione import args, functions, outputs
from pulumi_tione._constraints import OneOf
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type, struct

ROOT = Path(__file__).parents[2]
STRUCTS: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (ROOT / "pulumi_tione" / "emulator" / "api" / "definition.json").read_text(encoding="utf-8")
)["services"]["tione"]["structs"]
REQUEST = "CreateTrainingTaskRequest"
DETAIL = "TrainingTaskDetail"

OUTPUT_ONLY = {
    "SSHConfig": {"LoginCommand", "IsAddressChanged", "PodSSHInfo"},
    "PodSSHInfo": {"Host", "Port", "LoginCommand"},
}
"""What the vendor documents as output, although it stands in structs of the request."""

AS_A_MAP = {"Tag": ("tags",), "EnvVar": ("envs", "private_envs")}
"""The structs that have no class: a list of them is written as a map."""

NOT_OF_THE_API = {
    "region",
    "settings",
    "triggers",
    "max_duration",
    "rerun_on_time_limit",
    "desired_status",
    "rerun_on_failure",
    "additional_parameters",
    "all_tags",
    "create_request_id",
}
"""The provider's own fields."""

COMPUTED = {("TrainingTask", "Name"): "required by the API, computed by check when the program leaves it out"}

LEFT_OUT_OF_THE_OUTPUTS = {
    "Id": "it is the resource's own id",
    "Region": "it is the input `region`, which selects where requests go; check writes it into the inputs",
    "CallbackUrl": "a secret is never read back: the program's own value stays",
}
"""The fields of a detail that become no output, and why."""

KEPT_FROM_THE_INPUTS = {
    "TiProjectId",
    "Envs",
    "TrainToolConfig",
    "ResourceSupplyAttribute",
    "Queues",
    "EncodedStartCmdInfo",
}
"""The parameters that no detail has: only the inputs of the program are known."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]+")


def words(api_name: str) -> list[str]:
    """The one rule of names: a capital letter begins a word, and an acronym is one word."""
    found = _WORD.findall(api_name)
    assert "".join(found) == api_name
    return [word.lower() for word in found]


def structs_below(name: str, seen: dict[str, None]) -> dict[str, None]:
    """The structs that a struct of the definition refers to, at any depth."""
    for field in STRUCTS[name].values():
        part = field["type"].removeprefix("list<").removesuffix(">")
        if part in STRUCTS and part not in seen:
            seen[part] = None
            structs_below(part, seen)
    return seen


OF_THE_REQUEST = [*structs_below(REQUEST, {})]
DECLARED = {"TrainingTask": REQUEST, **{name: name for name in OF_THE_REQUEST if name not in AS_A_MAP}}
"""Our structs, and what each is called in the definition."""

FIELDS = [(own_name, field) for own_name, theirs in DECLARED.items() for field in STRUCTS[theirs]]


def declared(own_name: str, api_name: str) -> Field:
    """Our declaration of a field of the API."""
    fields = [*struct(own_name).fields.values(), *struct(own_name).outputs.values()]
    return next(field for field in fields if field.sent and field.wire == api_name)


def of_the_definition(own_name: str, api_name: str) -> dict[str, Any]:
    return STRUCTS[DECLARED[own_name]][api_name]


def type_of(api_type: str) -> Type:
    """The type that a field of the API's type has with us."""
    item = api_type.removeprefix("list<").removesuffix(">")
    if item in AS_A_MAP:
        return MapOf(Scalar.STRING)
    scalars = {"string": Scalar.STRING, "uint64": Scalar.INTEGER, "int64": Scalar.INTEGER, "bool": Scalar.BOOLEAN}
    kind: Type = scalars[item] if item in scalars else struct(item)
    return ListOf(kind) if item != api_type else kind


def test_the_definition_is_the_one_that_was_counted() -> None:
    assert len(STRUCTS[REQUEST]) == 30
    assert len(OF_THE_REQUEST) == 27
    assert sum(len(STRUCTS[name]) for name in OF_THE_REQUEST) == 93


@pytest.mark.parametrize(
    ("api_name", "expected"),
    [
        ("GooseFSSource", ["goose", "fs", "source"]),
        ("RDMAConfig", ["rdma", "config"]),
        ("PodSSHInfo", ["pod", "ssh", "info"]),
        ("VolumeSizeInGB", ["volume", "size", "in", "gb"]),
        ("PublicDataSourceFS", ["public", "data", "source", "fs"]),
        ("Id", ["id"]),
    ],
)
def test_a_name_of_the_api_is_split_into_words(api_name: str, expected: list[str]) -> None:
    assert words(api_name) == expected


def test_every_field_of_a_struct_is_an_input_or_a_documented_output_and_nothing_else_is() -> None:
    declared_inputs, expected_inputs, declared_outputs, expected_outputs = {}, {}, {}, {}
    for own_name, theirs in DECLARED.items():
        outputs_of_struct = struct(own_name).outputs.values() if own_name != "TrainingTask" else ()
        expected_outputs[own_name] = OUTPUT_ONLY.get(own_name, set())
        expected_inputs[own_name] = set(STRUCTS[theirs]) - expected_outputs[own_name]
        declared_inputs[own_name] = {field.wire for field in struct(own_name).fields.values() if field.sent}
        declared_outputs[own_name] = {field.wire for field in outputs_of_struct}
    assert declared_inputs == expected_inputs
    assert declared_outputs == expected_outputs


def test_only_the_providers_own_fields_are_not_of_the_api() -> None:
    fields = [*TRAINING_TASK.fields.values(), *TRAINING_TASK.outputs.values()]
    assert {field.name for field in fields if not field.sent} == NOT_OF_THE_API
    below = [struct(name) for name in DECLARED if name != "TrainingTask"]
    assert all(field.sent for kind in below for field in (*kind.fields.values(), *kind.outputs.values()))


def test_a_field_is_named_by_the_words_of_its_api_name() -> None:
    names, expected = {}, {}
    for own_name, api_name in FIELDS:
        first, *others = words(api_name)
        expected[own_name, api_name] = (
            "_".join([first, *others]),
            first + "".join(word.capitalize() for word in others),
        )
        names[own_name, api_name] = (declared(own_name, api_name).name, declared(own_name, api_name).property)
    assert names == expected


def test_private_variables_are_the_only_second_field_of_one_parameter() -> None:
    names = [field.wire for field in TRAINING_TASK.fields.values() if field.sent]
    assert sorted(name for name in set(names) if names.count(name) > 1) == ["Envs"]
    assert TRAINING_TASK.fields["privateEnvs"].wire == "Envs"
    assert TRAINING_TASK.fields["privateEnvs"].type == MapOf(Scalar.STRING)
    assert TRAINING_TASK.fields["privateEnvs"].secret


def test_a_field_has_the_type_of_the_definition() -> None:
    expected = {field: type_of(of_the_definition(*field)["type"]) for field in FIELDS}
    assert {field: declared(*field).type for field in FIELDS} == expected


def test_a_field_is_required_where_the_definition_requires_it() -> None:
    required = {field for field in FIELDS if of_the_definition(*field).get("required", False)} - set(COMPUTED)
    expected = {
        (own_name, name) for own_name, name in required if declared(own_name, name).property in struct(own_name).fields
    }
    assert {field for field in FIELDS if declared(*field).required} == expected


def test_only_an_unsigned_number_refuses_negatives() -> None:
    inputs = [(own_name, name) for own_name, name in FIELDS if name not in OUTPUT_ONLY.get(own_name, ())]
    integers = [field for field in inputs if declared(*field).type is Scalar.INTEGER]
    unsigned = {field for field in integers if of_the_definition(*field)["type"] == "uint64"}

    def refusing(number: int) -> set[tuple[str, str]]:
        return {field for field in integers if any(rule.violation(number) for rule in declared(*field).rules)}

    assert integers
    assert refusing(-1) == unsigned
    assert refusing(1) == set()


@pytest.mark.parametrize("module", [args, pulumi_tione])
def test_the_class_of_a_struct_is_its_name_and_args(module: types.ModuleType) -> None:
    with_inputs = {name for name in OF_THE_REQUEST if set(STRUCTS[name]) - OUTPUT_ONLY.get(name, set())}
    classes = {name for name in OF_THE_REQUEST if hasattr(module, f"{name}Args")}
    assert classes == with_inputs - set(AS_A_MAP)
    assert all(typing_extensions.is_typeddict(getattr(module, f"{name}Args")) for name in classes)


@pytest.mark.parametrize("names", [*AS_A_MAP.values()])
def test_a_list_of_names_and_values_is_written_as_a_map(names: tuple[str, ...]) -> None:
    assert all(TRAINING_TASK.by_name[name].type == MapOf(Scalar.STRING) for name in names)


def test_every_input_takes_outputs_at_any_depth() -> None:
    for name in args.__all__:
        hints = typing_extensions.get_type_hints(
            getattr(args, name), localns={"Output": Output, "T": Any}, include_extras=True
        )
        for field, hint in hints.items():
            plain: Any = hint
            for wrapping in (typing_extensions.Required, Annotated):
                origin: Any = get_origin(plain)
                plain = get_args(plain)[0] if origin is wrapping else plain
            forms = {get_origin(form) or form for form in get_args(plain)}
            assert {Awaitable, Output} <= forms, f"{name}.{field} is no Input"


def test_each_field_of_a_detail_is_an_output_or_left_out_for_a_stated_reason() -> None:
    shown = {field.wire for field in TRAINING_TASK.outputs.values() if field.sent}
    shown |= {field.wire for field in TRAINING_TASK.fields.values() if field.sent and field.readable}
    assert set(STRUCTS[DETAIL]) - shown == set(LEFT_OUT_OF_THE_OUTPUTS)


def test_the_parameters_that_no_detail_has_are_the_documented_ones() -> None:
    assert set(STRUCTS[REQUEST]) - set(STRUCTS[DETAIL]) == KEPT_FROM_THE_INPUTS


@pytest.mark.parametrize(
    ("own_name", "theirs"), [("TrainingTask", DETAIL), ("OperatorInfo", "OperatorInfo"), ("PodSSHInfo", "PodSSHInfo")]
)
def test_an_output_has_name_and_type_of_the_definition(own_name: str, theirs: str) -> None:
    fields = [field for field in struct(own_name).outputs.values() if field.sent]
    if own_name != "TrainingTask":
        assert {field.wire for field in fields} == set(STRUCTS[theirs])
    for field in fields:
        assert field.name == "_".join(words(field.wire))
        expected = type_of(STRUCTS[theirs][field.wire]["type"])
        assert field.type == expected or (isinstance(expected, Struct) and field.type is struct(expected.name))


@pytest.fixture
def generator() -> types.ModuleType:
    specification = importlib.util.spec_from_file_location("generate", ROOT / "tools" / "outputs" / "generate.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_module_of_outputs_is_what_the_generator_writes(
    generator: types.ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generator.main() == 0

    stale = tmp_path / "outputs.py"
    stale.write_text(Path(outputs.__file__).read_text(encoding="utf-8").replace("vpc_id", "vpc"), encoding="utf-8")
    monkeypatch.setattr(generator, "MODULE", stale)
    assert generator.main() == 1


def test_the_public_names_are_the_resource_and_the_args_and_all_of_them_are_exported() -> None:
    assert set(pulumi_tione.__all__) == {"TrainingTask", "Settings", *args.__all__, *functions.__all__}
    assert len(pulumi_tione.__all__) == len(set(pulumi_tione.__all__))


def declarations() -> Iterator[ast.ClassDef]:
    for statement in ast.parse(Path(args.__file__).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ClassDef):
            yield statement


def field_docstrings(declaration: ast.ClassDef) -> Mapping[str, str]:
    """The text under each field of a class, empty where there is none."""
    found = {}
    for statement, following in zip(declaration.body, [*declaration.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign):
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            found[ast.unparse(statement.target)] = (
                str(ast.literal_eval(following.value)) if is_text and isinstance(following, ast.Expr) else ""
            )
    return found


OF_SETTINGS = ("AssumeRoleArgs", "SettingsArgs")
"""The declarations that are no structs of a task."""


def undocumented(declaration: ast.ClassDef) -> Iterator[str]:
    """List what the docstrings of a class and its fields lack: a text, and the name of the API's parameter."""
    name = declaration.name.removesuffix("Args").removesuffix("Outputs")
    of_the_task = {"TrainingTaskArgs": "CreateTrainingTask", "TrainingTaskOutputs": DETAIL}
    if f"(`{of_the_task.get(declaration.name, name)}`)" not in (ast.get_docstring(declaration) or ""):
        yield f"{declaration.name} does not name its struct"
    docstrings = field_docstrings(declaration)
    own = struct(name).outputs if declaration.name.endswith("Outputs") else struct(name).fields
    if set(docstrings) != {field.name for field in own.values()}:
        yield f"{declaration.name} documents other fields than it has"
    for field in own.values():
        text = docstrings.get(field.name, "")
        if len(text) <= 5:
            yield f"{declaration.name}.{field.name} has no text"
        if field.sent and f"`{field.wire}`" not in text.rpartition("(")[2]:
            yield f"{declaration.name}.{field.name} does not name {field.wire}"


def test_every_class_and_field_is_documented_and_names_its_api_parameter() -> None:
    of_a_task = [each for each in declarations() if each.name not in OF_SETTINGS]
    assert len(of_a_task) > 20
    assert [lack for declaration in of_a_task for lack in undocumented(declaration)] == []


@pytest.mark.parametrize("member", ["__init__", "get", "wait_for"])
def test_the_resource_and_its_methods_are_documented(member: str) -> None:
    assert pulumi_tione.TrainingTask.__doc__
    documentation = getattr(pulumi_tione.TrainingTask, member).__doc__
    assert documentation
    assert "Args:" in documentation


def test_every_output_is_documented() -> None:
    properties = vars(outputs.TrainingTaskProperties)
    fields = [*TRAINING_TASK.fields.values(), *TRAINING_TASK.outputs.values()]
    assert all(properties[field.name].__doc__ for field in fields)


ARGS_CLASSES = [each for each in declarations() if each.name.endswith("Args")]


@pytest.mark.parametrize("declaration", ARGS_CLASSES, ids=lambda declaration: declaration.name)
def test_help_and_editors_show_the_fields_of_an_args_class(declaration: ast.ClassDef) -> None:
    shown = " ".join(
        pydoc.plain(pydoc.render_doc(getattr(pulumi_tione, declaration.name))).replace(" |  ", " ").split()
    )
    for name, text in field_docstrings(declaration).items():
        required = "(required) " if struct(declaration.name.removesuffix("Args")).by_name[name].required else ""
        assert f"{name}: {required}{' '.join(text.split())}" in shown


def test_closed_sets_of_values_are_literal_types() -> None:
    closed = {
        field.name: rule.values
        for name in DECLARED
        for field in struct(name).fields.values()
        for rule in field.rules
        if isinstance(rule, OneOf)
    }
    assert closed == {"charge_type": ("PREPAID", "POSTPAID_BY_HOUR"), "desired_status": ("RUNNING", "STOPPED")}
    hints = typing_extensions.get_type_hints(args.TrainingTaskArgs, localns={"Output": list, "T": Any})
    for name, values in closed.items():
        assert {Literal[values], str} <= {*get_args(hints[name])}, "for completion, and for a value of the config"
