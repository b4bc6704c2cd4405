"""The resource options of a task: what they may be, and property paths in the spelling of the program.

`delete_before_replace=True` is always set. An option that has no effect on a dynamic resource is an error in the
program: `_REFUSED` has them with what to do instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pulumi

from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Scalar, Struct, Type
from pulumi_tione._text import kind_of

_REFUSED = {
    "import_": "does not work for dynamic resources. To import a task, remove it and run "
    "`pulumi-tione import {resource} ID`, with the id of the task",
    "custom_timeouts": "has no effect on dynamic resources. Remove it. To limit how long the program waits for the "
    "task, use `wait_for(…, timeout=…)`",
    "deleted_with": "is not possible: `pulumi destroy` would not delete the task, which would keep running. Remove it",
}
_PATHS = {"ignore_changes": False, "replace_on_changes": False, "hide_diffs": True, "additional_secret_outputs": True}
"""The options that have property paths, and whether these may be outputs."""


def task_options(resource_name: str, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Return the options to register a task with, whose paths may be written with Python names.

    Raises:
        pulumi.RunError: an option is not possible, has no effect, or has a path that does not exist.
    """
    if opts is not None and not isinstance(opts, pulumi.ResourceOptions):
        raise pulumi.RunError(
            f"training task {resource_name!r}: opts is {kind_of(opts)}. Pass pulumi.ResourceOptions(protect=True, …)"
        )
    opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(delete_before_replace=True), opts)
    if opts.parent is not None and not isinstance(opts.parent, pulumi.Resource):
        raise pulumi.RunError(f"training task {resource_name!r}: parent is {kind_of(opts.parent)}. Pass a resource")
    if not opts.delete_before_replace:
        raise pulumi.RunError(
            f"training task {resource_name!r}: delete_before_replace=False is not possible: two runs of one task "
            "would overlap, be billed twice and write to the same output. Remove it"
        )
    for option, reason in _REFUSED.items():
        if getattr(opts, option) is not None:
            raise pulumi.RunError(f"training task {resource_name!r}: {option} {reason.format(resource=resource_name)}")
    # Set in any case: otherwise a parent's option would count, of which the computed name knows nothing.
    opts.retain_on_delete = bool(opts.retain_on_delete)
    for option, has_outputs in _PATHS.items():
        paths = getattr(opts, option, None)
        if paths is not None:
            try:
                setattr(opts, option, [property_path(path, has_outputs=has_outputs) for path in paths])
            except ValueError as error:
                raise pulumi.RunError(f"training task {resource_name!r}: {option}: {error}") from None
    return opts


_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|\.?([^.\[\]]+)')
"""A step of a property path such as `data_configs[0].cos_source` or `tags["a.b"]`."""


def property_path(path: str, *, has_outputs: bool = False) -> str:
    """Return a path that may be written with Python names, as in `ignore_changes`, with property names at any depth.

    Args:
        path: the path.
        has_outputs: whether outputs have one as well as inputs.

    Raises:
        ValueError: a task has no such property.
    """
    kind: Type | None = TRAINING_TASK
    converted = before = ""
    for written, key, index in _steps(path):
        match kind:
            case Struct() if key != "*":
                names = {**kind.by_name, **({each.name: each for each in kind.outputs.values()} if has_outputs else {})}
                field = names.get(key) or (kind.outputs.get(key) if has_outputs else None)
                if field is None:
                    raise ValueError(_unknown(path, kind, key, has_outputs))
                converted += field.property if not converted else f".{field.property}"
                before += written
                kind = field.type
                continue
            case ListOf() if not index:
                step = f"[{key}]" if key.isdecimal() or key == "*" else f"[*].{key}"
                raise ValueError(f"{path}: {before} is a list. Write {before}{step}")
            case ListOf() | MapOf():
                kind = kind.item
            case Scalar.STRING | Scalar.INTEGER | Scalar.BOOLEAN | Scalar.DURATION:
                raise ValueError(f"{path}: there is no {key!r}, because its parent is {kind.value}, and has no parts")
            case _:
                kind = None
        converted += written
        before += written
    return converted


def _steps(path: str) -> Iterator[tuple[str, str, bool]]:
    """Return each step of a path: as it is written, its key, and whether it is an index.

    Raises:
        ValueError: this is no property path.
    """
    end = 0
    while end < len(path) or not path:
        step = _STEP.match(path, end)
        if step is None or (end == 0 and step[0].startswith(".")):
            raise ValueError(f"{path!r} is not a property path such as resource_config_infos[0].instance_num")
        quoted, index, name = step.groups()
        key = json.loads(f'"{quoted}"') if quoted is not None else index or name
        yield step[0], key, index is not None
        end = step.end()


def _unknown(path: str, kind: Struct, key: str, has_outputs: bool) -> str:
    from pulumi_tione._constraints import suggestion

    outputs = [field.name for field in kind.outputs.values()]
    if not has_outputs and key in (*outputs, *kind.outputs):
        return f"{key} is an output, and only inputs can be ignored or replace the task"
    prefix = "" if key == path else f"{path}: "
    names = [field.name for field in kind.fields.values()] + (outputs if has_outputs else [])
    return f"{prefix}there is no property {key!r}{suggestion(key, names)}"
