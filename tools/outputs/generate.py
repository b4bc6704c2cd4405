"""Write `pulumi_tione/outputs.py`: the output classes that `pulumi_tione/args.py` implies.

A type checker cannot derive the type of an output from that of an input, so both have to stand somewhere. The
declarations in `args.py` stay the only ones that are written by hand.

    python tools/outputs/generate.py            write the module anew
    python tools/outputs/generate.py --check    exit code 1 if the module is not what would be written
"""

from __future__ import annotations

import ast
import inspect
import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pulumi_tione import args
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type

MODULE = Path(__file__).parents[2] / "pulumi_tione" / "outputs.py"

_HEAD = '''\
"""The outputs of a training task, typed. Written by tools/outputs/generate.py from args.py: change that one.

An output class is a dict with attributes, as in every Pulumi package: `task.resource_config_infos[0].instance_num`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi


def _init(self: dict[str, Any], **values: Any) -> None:
    """Take the values by their Python names. Shared, where Pulumi would compile one for each class."""
    self.update({name: value for name, value in values.items() if value is not None})


'''
_PROPERTIES_HEAD = '''\
class TrainingTaskProperties(pulumi.CustomResource):
    """What a `TrainingTask` knows of its task."""

    def _output(self, name: str) -> pulumi.Output[Any]:
        """Give what the engine tells, or nothing of what the program has not set: an Output each would take long."""
        return self.__dict__.get(name) or pulumi.Output.from_input(None)'''
_NEVER_TOLD = ("encodedStartCmdInfo", "envs", "trainToolConfig", "resourceSupplyAttribute", "queues")
"""What the definition of the vendor's `TrainingTaskDetail` does not have."""
_LOOKED_UP = "GetTrainingTaskResult"
_LOOKED_UP_HEAD = f'''\
@pulumi.output_type
class {_LOOKED_UP}(dict[str, Any]):
    """A task that was looked up, as the service tells of it (`TrainingTaskDetail`)."""

    __init__ = _init
    id: str = pulumi.property("id")
    """Its id, for example `train-1208038387393233920` (`Id`)."""
    region: str = pulumi.property("region")
    """Where it is, for example `ap-guangzhou`."""'''
_SCALARS = {Scalar.STRING: "str", Scalar.INTEGER: "int", Scalar.BOOLEAN: "bool", Scalar.ANY: "Any"}
_NEVER_MISSING = ("name", "region", "allTags")
"""What check or the service adds when the program does not say it."""


def main() -> int:
    text = generated()
    if "--check" in sys.argv[1:]:
        return 0 if MODULE.read_text(encoding="utf-8") == text else 1
    MODULE.write_text(text, encoding="utf-8")
    return 0


def generated() -> str:
    """Give the text of the module."""
    structs = [*_below(TRAINING_TASK, set())]
    names = sorted([*(struct.name for struct in structs), _LOOKED_UP, "TrainingTaskProperties"])
    exports = "\n".join(f'    "{name}",' for name in names)
    blocks = [f"__all__ = [\n{exports}\n]", *(_output_class(struct) for struct in structs), _looked_up(), _properties()]
    text = _HEAD + "\n\n\n".join(blocks) + "\n"
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(MODULE), "-"]
    return subprocess.run(ruff, input=text, stdout=subprocess.PIPE, text=True, check=True).stdout


def _below(struct: Struct, seen: set[str]) -> Iterator[Struct]:
    """Give the structs that a struct refers to, each after those that it refers to itself."""
    for field in (*struct.fields.values(), *struct.outputs.values()):
        part = field.type.item if isinstance(field.type, (ListOf, MapOf)) else field.type
        if isinstance(part, Struct) and part.name not in seen:
            seen.add(part.name)
            yield from _below(part, seen)
            yield part


def _output_class(struct: Struct) -> str:
    fields = {**struct.fields, **struct.outputs}.values()
    lines = [
        f"@pulumi.output_type\nclass {struct.name}(dict[str, Any]):\n    {_docstring(struct)}\n",
        "    __init__ = _init",
    ]
    for field in sorted(fields, key=lambda field: not field.required):
        default = "" if field.required else ", default=None"
        lines.append(f'    {field.name}: {_annotation(field)} = pulumi.property("{field.property}"{default})')
        lines.append(f"    {_field_docstring(struct, field)}")
    return "\n".join(lines)


def _looked_up() -> str:
    """Give the class of a task that a program has looked up: what the service tells of it, secrets aside."""
    inputs = TRAINING_TASK.fields.values()
    fields = [field for field in inputs if field.readable and field.sent and field.property not in _NEVER_TOLD]
    lines = [_LOOKED_UP_HEAD]
    for field in (*TRAINING_TASK.outputs.values(), *fields):
        annotation = _annotation(field)
        default = ", default=None" if annotation.endswith("| None") else ""
        lines.append(f'    {field.name}: {annotation} = pulumi.property("{field.property}"{default})')
        lines.append(f"    {_field_docstring(TRAINING_TASK, field)}")
    return "\n".join(lines)


def _properties() -> str:
    head = _PROPERTIES_HEAD
    fields = (*TRAINING_TASK.fields.values(), *TRAINING_TASK.outputs.values())
    return "\n\n".join([head, *(_property(field) for field in fields)])


def _property(field: Field) -> str:
    return (
        f'    @property\n    @pulumi.getter(name="{field.property}")\n'
        f"    def {field.name}(self) -> pulumi.Output[{_annotation(field)}]:\n"
        f"        {_field_docstring(TRAINING_TASK, field)}\n"
        f'        return self._output("{field.name}")'
    )


def _annotation(field: Field) -> str:
    name = _type_name(field.type)
    present = field.required or field.property in _NEVER_MISSING
    if field.property in TRAINING_TASK.outputs and not isinstance(field.type, Struct):
        present = True
    return name if present else f"{name} | None"


def _type_name(kind: Type) -> str:
    match kind:
        case Struct():
            return kind.name
        case ListOf():
            return f"Sequence[{_type_name(kind.item)}]"
        case MapOf():
            return f"Mapping[str, {_type_name(kind.item)}]"
        case _:
            return _SCALARS[kind]


def _docstring(struct: Struct) -> str:
    declaration = getattr(args, f"{struct.name}Args", None) or getattr(args, f"{struct.name}Outputs")
    return f'"""{inspect.cleandoc(declaration.__doc__).splitlines()[0]}"""'


def _field_docstring(struct: Struct, field: Field) -> str:
    return f'"""{_FIELD_DOCSTRINGS[struct.name, field.name]}"""'


def _field_docstrings() -> Iterator[tuple[tuple[str, str], str]]:
    """Give the text under each field of `args.py`, by struct and field."""
    for declaration in ast.parse(inspect.getsource(args)).body:
        if not isinstance(declaration, ast.ClassDef):
            continue
        struct = declaration.name.removesuffix("Args").removesuffix("Outputs")
        for field, text in itertools.pairwise(declaration.body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                yield (struct, ast.unparse(field.target)), ast.literal_eval(text.value)


_FIELD_DOCSTRINGS = dict(_field_docstrings())


if __name__ == "__main__":
    sys.exit(main())
