"""Write what follows from `pulumi_tione/args.py`: the output classes, and the lists of fields in its own docstrings.

A type checker cannot derive the type of an output from that of an input, and neither `help()` nor an editor shows the
texts under the fields of a class. The declarations in `args.py` stay the only ones that are written by hand.

    python tools/outputs/generate.py            write both modules
    python tools/outputs/generate.py --check    exit code 1 if a module is not up to date
"""

from __future__ import annotations

import ast
import inspect
import itertools
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from pulumi_tione import args
from pulumi_tione._schema import fields
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type

MODULE = Path(__file__).parents[2] / "pulumi_tione" / "outputs.py"
ARGS = MODULE.with_name("args.py")

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
    """The properties of a `TrainingTask`."""

    def _output(self, name: str) -> pulumi.Output[Any]:
        """Return the engine's value, or None for a field that is not set: an Output for each of them takes long."""
        return self.__dict__.get(name) or pulumi.Output.from_input(None)'''
_NOT_RETURNED = (
    "encodedStartCmdInfo",
    "envs",
    "trainToolConfig",
    "resourceSupplyAttribute",
    "queues",
    "createRequestId",
)
"""The fields that the vendor's `TrainingTaskDetail` does not have."""
_LOOKED_UP = "GetTrainingTaskResult"
_LOOKED_UP_HEAD = f'''\
@pulumi.output_type
class {_LOOKED_UP}(dict[str, Any]):
    """The result of a lookup of a task (`TrainingTaskDetail`)."""

    __init__ = _init
    id: str = pulumi.property("id")
    """Its id, for example `train-1208038387393233920` (`Id`)."""
    region: str = pulumi.property("region")
    """Its region, for example `ap-guangzhou`."""'''
_SCALARS = {
    Scalar.STRING: "str",
    Scalar.INTEGER: "int",
    Scalar.BOOLEAN: "bool",
    Scalar.DURATION: "int",
    Scalar.ANY: "Any",
}
_NEVER_MISSING = ("name", "region", "allTags")
"""The fields that check or the service sets when the program does not."""
_MAY_BE_MISSING = ("createRequestId",)
"""The outputs that not every task has."""
_WIDTH = 116
"""Chinese characters count twice in the linter's 120 columns."""


def main() -> int:
    texts = {MODULE: generated(), ARGS: documented(ARGS.read_text(encoding="utf-8"))}
    if "--check" in sys.argv[1:]:
        return 0 if all(path.read_text(encoding="utf-8") == text for path, text in texts.items()) else 1
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return 0


def documented(source: str) -> str:
    """Return the source of `args.py` with a list of the fields in the docstring of each args class."""
    lines = source.splitlines(keepends=True)
    for declaration in reversed(ast.parse(source).body):
        if isinstance(declaration, ast.ClassDef) and declaration.name.endswith("Args"):
            docstring = declaration.body[0]
            lines[docstring.lineno - 1 : docstring.end_lineno] = [_with_fields(declaration)]
    return "".join(lines)


def _with_fields(declaration: ast.ClassDef) -> str:
    head = (ast.get_docstring(declaration) or "").partition("\n\nArgs:\n")[0]
    struct = fields.struct(declaration.name.removesuffix("Args"))
    texts = [
        f"{field.name}: {'(required) ' if field.required else ''}{_FIELD_DOCSTRINGS[struct.name, field.name]}"
        for field in struct.fields.values()
    ]
    wrapped = [_wrapped(text, " " * 8, " " * 12) for text in texts]
    text = textwrap.indent(head, " " * 4).lstrip()
    return "\n".join([f'    """{text}', "", "    Args:", *wrapped, '    """', ""])


def _wrapped(text: str, first_margin: str, margin: str) -> str:
    wrapper = textwrap.TextWrapper(_WIDTH, first_margin, margin, break_long_words=False, break_on_hyphens=False)
    return wrapper.fill(" ".join(text.split()))


def generated() -> str:
    """Return the text of the module of outputs."""
    structs = [*_below(TRAINING_TASK, set())]
    names = sorted([*(struct.name for struct in structs), _LOOKED_UP, "TrainingTaskProperties"])
    exports = "\n".join(f'    "{name}",' for name in names)
    blocks = [f"__all__ = [\n{exports}\n]", *(_output_class(struct) for struct in structs), _looked_up(), _properties()]
    text = _HEAD + "\n\n\n".join(blocks) + "\n"
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(MODULE), "-"]
    return subprocess.run(ruff, input=text, stdout=subprocess.PIPE, text=True, check=True).stdout


def _below(struct: Struct, seen: set[str]) -> Iterator[Struct]:
    """Yield the structs that a struct refers to, each after those that it refers to itself."""
    for field in (*struct.fields.values(), *struct.outputs.values()):
        part = field.type.item if isinstance(field.type, (ListOf, MapOf)) else field.type
        if isinstance(part, Struct) and part.name not in seen:
            seen.add(part.name)
            yield from _below(part, seen)
            yield part


def _output_class(struct: Struct) -> str:
    members = {**struct.fields, **struct.outputs}.values()
    lines = [
        f"@pulumi.output_type\nclass {struct.name}(dict[str, Any]):\n    {_docstring(struct)}\n",
        "    __init__ = _init",
    ]
    for field in sorted(members, key=lambda field: not field.required):
        default = "" if field.required else ", default=None"
        lines.append(f'    {field.name}: {_annotation(field)} = pulumi.property("{field.property}"{default})')
        lines.append(_field_docstring(struct, field, 4))
    return "\n".join(lines)


def _looked_up() -> str:
    """Return the class of a task that a program has looked up: what the service returns, without secrets."""
    fields_read = [field for field in TRAINING_TASK.fields.values() if field.readable and field.sent]
    inputs = [*fields_read, TRAINING_TASK.fields["maxDuration"]]  # which is read from the commands
    lines = [_LOOKED_UP_HEAD]
    for field in (*TRAINING_TASK.outputs.values(), *inputs):
        if field.property in _NOT_RETURNED:
            continue
        annotation = _annotation(field)
        default = ", default=None" if annotation.endswith("| None") else ""
        lines.append(f'    {field.name}: {annotation} = pulumi.property("{field.property}"{default})')
        lines.append(_field_docstring(TRAINING_TASK, field, 4))
    return "\n".join(lines)


def _properties() -> str:
    head = _PROPERTIES_HEAD
    members = (*TRAINING_TASK.fields.values(), *TRAINING_TASK.outputs.values())
    return "\n\n".join([head, *(_property(field) for field in members)])


def _property(field: Field) -> str:
    return (
        f'    @property\n    @pulumi.getter(name="{field.property}")\n'
        f"    def {field.name}(self) -> pulumi.Output[{_annotation(field)}]:\n"
        f"{_field_docstring(TRAINING_TASK, field, 8)}\n"
        f'        return self._output("{field.name}")'
    )


def _annotation(field: Field) -> str:
    name = _type_name(field.type)
    present = field.required or field.property in _NEVER_MISSING
    is_output = field.property in TRAINING_TASK.outputs and field.property not in _MAY_BE_MISSING
    if is_output and not isinstance(field.type, Struct):
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


def _field_docstring(struct: Struct, field: Field, indent: int) -> str:
    margin = " " * indent
    return _wrapped(f'"""{_FIELD_DOCSTRINGS[struct.name, field.name]}"""', margin, margin)


def _field_docstrings() -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the text under each field of `args.py`, by struct and field."""
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
