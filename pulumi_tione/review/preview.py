"""The JSON of `pulumi preview`, as one document or as a stream of events: what it contains about training tasks.

Nothing here depends on the order of steps, of reasons or of events: the engine has none.

What a step means for a task is decided in `build.py`. Text that is no preview is a `PreviewError`, and the command ends
with exit code 2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pulumi_tione._schema.identity import TYPE
from pulumi_tione.errors import TioneError

UNKNOWN_MARKER = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is known only after the update."""

SECRET_MARKER = "[secret]"  # noqa: S105  it stands for one
"""What stands for a secret."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key that marks an object of the engine in a stream of events."""

_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  it stands for one
_OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

_URN = re.compile(r"urn:pulumi:(?P<stack>[^:]+)::(?P<project>[^:]+)::(?P<types>.+?)::(?P<name>.+)", re.DOTALL)
_POSITION = re.compile(r"project:///(?P<path>.+)#(?P<line>\d+)(?:,\d+)?")
_FAILURE = re.compile(
    r"(?:[^\s]+ resource '[^']*':? )?(?:has a problem: |property (?P<path>\S+) value \{.*?\} has a problem: )",
    re.DOTALL,
)
_PATH = r"[A-Za-z_][\w.\[\]\"']*"
_REFUSED_START = re.compile(rf" is started again: ({_PATH}): ")
_OPERATIONS = ("create", "update", "delete", "same", "import")
_STACK_TYPE = "pulumi:pulumi:Stack"
_STEPS_OF_REPLACEMENT = ("create-replacement", "delete-replaced", "discard-replaced")
_STREAM_KEYS = ("sequence", "timestamp")

_REFRESHED = "refreshed"
"""The operation of a step with what a refresh has returned: only a stream has it."""


class PreviewError(TioneError):
    """The text is not the JSON of a preview that a review can be made of."""


class Placeholder:
    """What stands for a value that the preview does not show."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


UNKNOWN: Final = Placeholder("(known after up)")
SECRET: Final = Placeholder("(secret)")


def contains_placeholder(value: Any) -> bool:
    """Return whether a value, or a part of it, is not shown."""
    if isinstance(value, Mapping):
        return any(map(contains_placeholder, value.values()))
    if isinstance(value, list):
        return any(map(contains_placeholder, value))
    return isinstance(value, Placeholder)


@dataclass(frozen=True)
class Source:
    """Where a program declares a resource."""

    path: str
    """The file, from the project's folder."""
    line: int


@dataclass(frozen=True)
class Step:
    """What a preview would do with one training task."""

    urn: str
    name: str
    """The resource's name."""
    operation: str
    """`create`, `replace`, `update`, `delete`, `same` or `import`; `unknown`, if the preview failed before it."""
    id: str
    """The task's id, empty for a new one."""
    old_inputs: Mapping[str, Any]
    old_outputs: Mapping[str, Any]
    """What is recorded of the task; what is true of it, if `is_current`."""
    new_inputs: Mapping[str, Any]
    changed_paths: tuple[str, ...]
    """Property paths, as far into the properties as the engine knows."""
    changed_properties: tuple[str, ...]
    replacing_properties: tuple[str, ...]
    source: Source | None
    retained: bool = False
    is_current: bool = True
    """Whether what is recorded of the task is as current as the preview: `--target` refreshes some tasks alone."""


@dataclass(frozen=True)
class Diagnostic:
    """A message of the preview."""

    resource: str
    """The name of the training task that it is about, empty where it is about none."""
    path: str
    """The property that it names, empty where it names none."""
    severity: str
    message: str
    source: Source | None = None
    """Where the program declares the task."""
    urn: str = ""

    @property
    def line(self) -> int | None:
        """The line of the source."""
        return self.source.line if self.source else None


@dataclass
class Preview:
    """What a preview of one stack contains about training tasks."""

    organization: str = ""
    project: str = ""
    stack: str = ""
    steps: list[Step] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    refreshed: bool = False
    """Whether the preview asked for the current statuses of all its tasks first."""
    failed: bool = False
    is_partial: bool = False
    """Whether the stack may have tasks that are not among the steps."""


def read_previews(text: str) -> list[Preview]:
    """Read one or several previews, one after the other, each as a document or as a stream of events.

    Raises:
        PreviewError: the text is something else, or a preview without reasons.
    """
    values = list(_json_values(text))
    if not values:
        raise PreviewError(f"there is no JSON in it; {_HOW}")
    previews: list[Preview] = []
    events: list[Mapping[str, Any]] = []
    for value in values:
        if not isinstance(value, Mapping):
            raise PreviewError(f"it is JSON, but not a preview; {_HOW}")
        if any(key in value for key in _STREAM_KEYS):
            events.append(value)
        elif _is_summary(value) and events:
            # A stream ends with a summary that has no reasons: the events had them all.
            previews.append(_of_events(events, value))
            events = []
        elif _is_summary(value):
            raise PreviewError(f"`--output json` has no reasons in it; {_HOW}")
        else:
            previews.append(_of_document(value))
    if events:
        previews.append(_of_events(events, {}))
    return previews


_HOW = "make it with `pulumi preview --json --show-sames --refresh`"


def _json_values(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position >= len(text):
            return
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            line = text.count("\n", 0, position) + 1
            raise PreviewError(f"line {line} is not JSON; {_HOW}") from None
        yield value


def _is_summary(value: Mapping[str, Any]) -> bool:
    return "resources" in value and "steps" not in value and ("summary" in value or "result" in value)


def _of_document(document: Mapping[str, Any]) -> Preview:
    if not any(key in document for key in ("steps", "diagnostics", "changeSummary")):
        raise PreviewError(f"it is JSON, but not a preview; {_HOW}")
    steps, diagnostics = _mappings(document.get("steps")), _mappings(document.get("diagnostics"))
    preview = _preview(steps, diagnostics, is_failed=False)
    unchanged = _mapping(document.get("changeSummary")).get("same")
    is_without_sames = isinstance(unchanged, int) and unchanged > sum(each.get("op") == "same" for each in steps)
    # A failed one contains the tasks that it has refreshed.
    preview.is_partial = preview.is_partial or (is_without_sames and not preview.failed)
    return preview


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(values: Any) -> list[Mapping[str, Any]]:
    return [each for each in values if isinstance(each, Mapping)] if isinstance(values, list) else []


def _of_events(events: Iterable[Mapping[str, Any]], summary: Mapping[str, Any]) -> Preview:
    steps, diagnostics, is_failed = [], [], summary.get("result") in ("failed", "error")
    for event in events:
        for name in ("resourcePreEvent", "resOpFailedEvent"):
            metadata = _mapping(event.get(name)).get("metadata")
            if isinstance(metadata, Mapping):
                steps.append(_step_of_event(metadata))
        outputs = _mapping(_mapping(event.get("resOutputsEvent")).get("metadata"))
        if outputs.get("op") == "refresh":
            steps.append({**_step_of_event(outputs), "op": _REFRESHED})
        if isinstance(event.get("diagnosticEvent"), Mapping):
            diagnostics.append(event["diagnosticEvent"])
        if isinstance(event.get("errorEvent"), Mapping):
            diagnostics.append({"severity": "error", "message": event["errorEvent"].get("error", "")})
    return _preview(steps, diagnostics, is_failed=is_failed)


def _step_of_event(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event's metadata as a step of a document."""
    reasons = metadata.get("diffs") or ()
    return {
        "op": metadata.get("op"),
        "urn": metadata.get("urn"),
        "oldState": metadata.get("old"),
        "newState": metadata.get("new"),
        "diffReasons": reasons,
        "replaceReasons": metadata.get("keys") or (),
        "detailedDiff": metadata.get("detailedDiff"),
    }


def _preview(
    steps: Iterable[Mapping[str, Any]], diagnostics: Iterable[Mapping[str, Any]], *, is_failed: bool
) -> Preview:
    preview = Preview(failed=is_failed)
    by_urn: dict[str, dict[str, Mapping[str, Any]]] = {}
    pending_deletes = []
    is_refreshed = is_new = False
    for step in steps:
        urn, operation = str(step.get("urn") or ""), str(step.get("op") or "")
        found = _URN.fullmatch(urn)
        if found:
            preview.stack, preview.project = preview.stack or found["stack"], preview.project or found["project"]
        is_refreshed = is_refreshed or operation == "refresh"
        is_new = is_new or (operation == "create" and f"::{_STACK_TYPE}::" in urn)
        if not found or found["types"].rpartition("$")[2] != TYPE:
            continue
        if operation == "delete" and _state(step, "oldState").get("delete") is True:
            pending_deletes.append(step)  # of a task that was replaced earlier: another one has its URN now
        else:
            by_urn.setdefault(urn, {})[operation] = step
    for urn, operations in by_urn.items():
        made = _task_step(urn, operations)
        if made is not None:
            preview.steps.append(made)
    preview.steps += [_step(str(each["urn"]), "delete", each) for each in pending_deletes]
    preview.steps = _with_freshness(preview.steps, by_urn, is_refreshed=is_refreshed)
    sources = {step.urn: step.source for step in preview.steps if step.source}
    read = {diagnostic for each in diagnostics if (diagnostic := _diagnostic(each, sources)) is not None}
    preview.failed = preview.failed or any(each.severity == "error" for each in read)
    if preview.failed:
        preview.steps += _steps_without_operation(preview.steps, by_urn)
        recorded = {step.urn: step.source for step in preview.steps}
        read = {each if each.source else replace(each, source=recorded.get(each.urn)) for each in read}
    # Without a refresh, a failed preview does not show which tasks there are besides those that it has come to.
    preview.is_partial = preview.failed and not (is_refreshed or is_new)
    # Without a recorded task there is no status: an empty stack is not refreshed.
    preview.refreshed = not preview.is_partial and all(step.is_current for step in preview.steps)
    preview.steps.sort(key=lambda step: (step.urn, step.operation, step.id))
    preview.diagnostics = sorted(
        read, key=lambda each: (each.resource, each.path, each.message, each.urn, each.severity)
    )
    owners = sorted({_organization(step) for step in preview.steps} - {""})
    preview.organization = owners[0] if owners else ""
    return preview


def _with_freshness(
    steps: Iterable[Step], by_urn: Mapping[str, Mapping[str, Mapping[str, Any]]], *, is_refreshed: bool
) -> list[Step]:
    """Return steps that show whether what is recorded is current.

    A refresh is one of the steps of its resource. If there is one of the stack alone, it was of everything.
    """
    refreshed = {
        (urn, str(_state(operations["refresh"], "oldState").get("id")))
        for urn, operations in by_urn.items()
        if "refresh" in operations
    }
    is_of_all = is_refreshed and not refreshed
    return [replace(step, is_current=is_of_all or not step.id or (step.urn, step.id) in refreshed) for step in steps]


def _organization(step: Step) -> str:
    owner = step.new_inputs.get("owner") or step.old_inputs.get("owner")
    organization = owner.get("organization") if isinstance(owner, Mapping) else None
    return organization if isinstance(organization, str) else ""


def _task_step(urn: str, operations: Mapping[str, Mapping[str, Any]]) -> Step | None:
    """Return the one step that the operations on a resource amount to; None, if it is only refreshed or read."""
    operation = _operation(operations)
    if operation is None:
        return None
    step = operations.get("replace") or operations.get("create-replacement") or operations.get(operation)
    if step is None or _state(step, "newState").get("external") is True:
        return None
    old = _state(step, "oldState")
    if operation == "same" and not (old.get("id") or old.get("outputs")):
        return None  # a new task that `--target` leaves out
    if operation == "replace" and not _state(step, "oldState"):
        step = {**step, "oldState": _state(operations.get("delete-replaced") or {}, "oldState")}
    is_external = _state(step, "oldState").get("external") is True
    if is_external and operation != "replace":
        return None
    # Nothing happens to a task that was only looked up so far. One whose replacement has failed is deleted already. A
    # document marks it in its refresh; the mark of the step itself is on every replacement. A stream has all steps of a
    # replacement, and no deletion then.
    is_deleted = _state(operations.get("refresh") or {}, "oldState").get("pendingReplacement") is True or (
        "create-replacement" in operations
        and not any(each in operations for each in ("delete-replaced", "discard-replaced"))
        and old.get("delete") is not True
    )
    return _step(urn, "create" if operation == "replace" and (is_external or is_deleted) else operation, step)


def _steps_without_operation(known: Iterable[Step], by_urn: Mapping[str, Mapping[str, Any]]) -> Iterator[Step]:
    """Yield the tasks that were refreshed before the preview failed, and that it has not come to."""
    ids = {step.id for step in known}
    for urn, operations in by_urn.items():
        # A document has only what was recorded before the refresh.
        is_current = _REFRESHED in operations
        recorded = _state(operations.get(_REFRESHED) or operations.get("refresh") or {}, "newState")
        is_read = any(operation not in ("refresh", _REFRESHED) for operation in operations)
        is_managed = recorded and not any(recorded.get(mark) is True for mark in ("external", "pendingReplacement"))
        if is_managed and not is_read and recorded.get("id") not in ids:
            yield replace(_step(urn, "unknown", {"oldState": recorded}), is_current=is_current)


def _state(step: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    state = step.get(name)
    return state if isinstance(state, Mapping) else {}


def _step(urn: str, operation: str, step: Mapping[str, Any]) -> Step:
    old = {} if operation == "create" else _state(step, "oldState")
    new = {} if operation == "delete" else _state(step, "newState")
    detailed = step.get("detailedDiff")
    return Step(
        urn=urn,
        name=urn.rpartition("::")[2],
        operation=operation,
        id=str(old.get("id") or ""),
        old_inputs=_properties(old.get("inputs")),
        old_outputs=_properties(old.get("outputs")),
        new_inputs=_properties(new.get("inputs")),
        changed_paths=tuple(sorted(detailed)) if isinstance(detailed, Mapping) else (),
        changed_properties=_texts(step.get("diffReasons")),
        replacing_properties=_texts(step.get("replaceReasons")),
        source=_source(new.get("sourcePosition") or old.get("sourcePosition")),
        retained=old.get("retainOnDelete") is True,
    )


def _operation(operations: Mapping[str, Mapping[str, Any]]) -> str | None:
    if "replace" in operations or "create-replacement" in operations:
        return "replace"
    found = next((operation for operation in _OPERATIONS if operation in operations), None)
    if found is None and any(operation in operations for operation in _STEPS_OF_REPLACEMENT):
        return "delete"
    return found


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(sorted({str(value) for value in values})) if isinstance(values, (list, tuple)) else ()


def _properties(values: Any) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        return {}
    return {str(key): _value(value) for key, value in values.items() if key != "__provider"}


def _value(value: Any) -> Any:
    if value == UNKNOWN_MARKER:
        return UNKNOWN
    if value == SECRET_MARKER:
        return SECRET
    if isinstance(value, Mapping) and _SIGNATURE in value:
        return _marked_value(value)
    if isinstance(value, Mapping):
        return {str(key): _value(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_value(part) for part in value]
    if isinstance(value, str) and UNKNOWN_MARKER in value:
        return UNKNOWN
    # The engine has only floats.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _marked_value(value: Mapping[str, Any]) -> Any:
    """Return what an object of the engine stands for. Documents have texts in their place, streams the objects."""
    if value[_SIGNATURE] == _SECRET_SIGNATURE or value.get("secret") is True:
        return SECRET
    if value[_SIGNATURE] == _OUTPUT_SIGNATURE:
        return _value(value["value"]) if "value" in value else UNKNOWN
    return UNKNOWN


def _source(position: Any) -> Source | None:
    found = _POSITION.fullmatch(position) if isinstance(position, str) else None
    return Source(found["path"], int(found["line"])) if found else None


def _diagnostic(event: Mapping[str, Any], sources: Mapping[str, Source]) -> Diagnostic | None:
    severity = str(event.get("severity") or "")
    urn = str(event.get("urn") or "")
    found = _URN.fullmatch(urn)
    is_of_task = bool(found) and urn.split("::")[2].rpartition("$")[2] == TYPE
    if severity not in ("error", "warning") or (severity == "warning" and not is_of_task):
        return None
    message = str(event.get("message") or "").strip()
    for prefix in ("error: ", "warning: "):
        message = message.removeprefix(prefix)
    if not message or message.startswith("Resource monitor has terminated"):
        return None
    message = message.replace(UNKNOWN_MARKER, repr(UNKNOWN))
    failure = _FAILURE.match(message)
    path = (failure["path"] or "") if failure else ""
    if failure:
        message = message[failure.end() :]
    if not path:
        before, colon, after = message.partition(": ")
        if colon and re.fullmatch(_PATH, before) and is_of_task:
            path, message = before, after
    if not path and is_of_task and (refused := _REFUSED_START.search(message)):
        path = refused[1]
    return Diagnostic(
        resource=found["name"] if found and is_of_task else "",
        path=path,
        severity=severity,
        message=message,
        source=sources.get(urn),
        urn=urn,
    )
