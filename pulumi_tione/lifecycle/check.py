"""Check: report everything that is wrong with the inputs at once, each at its path, before anything is sent.

Only documented rules are failures. Values that are unknown in a preview pass through, at any depth.

In this order: the type and rules of each field (`args.py`, `_constraints.py`), rules that compare fields
(`check_rules.py`), rules that ask the account (`account_rules.py`), limits on costs (`cost_limits.py`). A request is
only sent for `rerun_on_failure`, `tione:validate` and prices. Which changes replace the task is in `diff.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_tione._api.status import FAILED, status_of
from pulumi_tione._constraints import Violation, suggestion
from pulumi_tione._durations import DURATION_FORMS, duration_of, duration_text
from pulumi_tione._pulumi.unknown import Unknown
from pulumi_tione._schema.fields import TRAINING_TASK, Field, ListOf, Scalar, Struct, Type, path_to
from pulumi_tione._schema.identity import OWNER, OWNER_PROPERTY, Owner, label_count_of
from pulumi_tione._schema.paths import ANNOUNCED_TASKS, PROGRAM_NAMES, ProgramSpelling
from pulumi_tione._schema.secrets import SECRET_INPUTS, is_secret, marked_paths, secret_paths
from pulumi_tione._schema.walk import OMIT, Part, is_of_type, rebuild, walk
from pulumi_tione._text import kind_of, sanitize
from pulumi_tione.lifecycle import check_rules
from pulumi_tione.lifecycle.diff import KEPT_FIELDS, RERUN_OF
from pulumi_tione.lifecycle.imported import IMPORTED
from pulumi_tione.lifecycle.names import computed_name

_TOO_LARGE = 2**53
"""The engine has numbers as floats: from this value on they may have changed on their way."""

_NOT_OF_THE_PROGRAM = (SECRET_INPUTS, PROGRAM_NAMES, ANNOUNCED_TASKS)
"""The inputs that `TrainingTask` adds to those of the program."""

_TEXT_OF_AN_OUTPUT = "Calling __str__ on an Output[T] is not supported"


@dataclass
class Checked:
    """The result of check."""

    inputs: dict[str, Any] = field(default_factory=dict)
    """The inputs in their declared types, with those that check computes: name, region, run."""
    owner: Owner | None = None
    """The owner that `TrainingTask` passes; None for another value in its place, which is a failure."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Property paths and reasons, in the program's order; if there are none, the inputs may be used."""
    likely: list[tuple[str, str]] = field(default_factory=list)
    """Property paths and likely mistakes, in the program's order; the inputs are sent all the same."""
    secret: Collection[str] = ()
    """The paths of secrets: neither failures nor warnings show their values."""
    spelling: ProgramSpelling = field(default_factory=ProgramSpelling, repr=False)

    def fail(self, path: str, violation: Violation | None) -> None:
        """Add what is wrong with the value at a property path, if anything is."""
        if violation is not None:
            self.failures.append((path, self._shown(path, violation)))

    def warn(self, path: str, warning: Violation | None) -> None:
        """Add what is likely wrong with the value at a property path, if anything is."""
        if warning is not None:
            self.likely.append((path, self._shown(path, warning)))

    @property
    def reasons(self) -> list[str]:
        """The failures as the user reads them: `resource_config_infos[0].instance_num: must be a whole number, …`."""
        return [self._line(*failure) for failure in self.failures]

    @property
    def warnings(self) -> list[str]:
        """The likely mistakes as the user reads them."""
        return [self._line(*mistake) for mistake in self.likely]

    def _shown(self, path: str, violation: Violation) -> str:
        # It may contain a value of the program, which may be anything.
        return sanitize(violation.shown(is_secret(path, self.secret)))

    def _line(self, path: str, text: str) -> str:
        return f"{sanitize(self.spelling.path(path))}: {text}"


@dataclass(frozen=True)
class CheckContext:
    """What check depends on besides the inputs."""

    region: str
    """The region of a task that does not set one."""
    labels_enabled: bool
    """Whether the task gets labels, which count among its tags."""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    """The tags that a task gets unless it sets them itself."""
    max_duration: int | None = None
    """The time limit in seconds of a new task that does not set one."""
    task_of: Callable[[Mapping[str, Any]], Mapping[str, Any] | None] = lambda _: None
    """Looks up the task with these inputs at the service; called only for `rerun_on_failure`."""
    time_limit_of: Callable[[Mapping[str, Any], Mapping[str, Any]], int | None] = lambda *_: None
    """Returns the time limit that has ended the latest run of the task with these inputs and this detail, if one has;
    called only for a failed task that has one."""
    replaced_for: Collection[str] = ()
    """The inputs for which this check's task replaces another one, by property name, as far as they are known."""
    add_rules: Callable[[Mapping[str, Any], Checked], None] = lambda _olds, _checked: None
    """Applies the rules that need the service or other tasks, given the old inputs: prices, limits, the account."""


def check(olds: Mapping[str, Any], news: Mapping[str, Any], context: CheckContext, *, owner: object) -> Checked:
    """Check the inputs of a task.

    Args:
        olds: the inputs of the last time, empty when the task is new or replaced.
        news: the inputs of the program.
        context: what the result depends on besides.
        owner: the owner that `TrainingTask` passes, as it has arrived; None if there is none.
    """
    spelling = ProgramSpelling(news.get(PROGRAM_NAMES))
    checked = Checked(secret=secret_paths(news, marked_paths(news)), spelling=spelling)
    checked.owner = _valid_owner(owner, checked)
    program = {name: value for name, value in news.items() if name not in _NOT_OF_THE_PROGRAM}
    checked.inputs = _typed_struct(TRAINING_TASK, program, "", checked)
    if context.default_tags and isinstance(checked.inputs.get("tags", {}), Mapping):
        checked.inputs["tags"] = {**context.default_tags, **checked.inputs.get("tags", {})}
    _set_max_duration(olds, checked, context.max_duration)
    invalid = {path for path, _ in checked.failures}
    label_count = label_count_of(checked.owner) if context.labels_enabled and checked.owner else 0
    own_tags = program.get("tags")
    own_keys = own_tags if isinstance(own_tags, Mapping) else ()
    by_default = {path_to("tags", key) for key in context.default_tags if key not in own_keys}
    for path, violation in check_rules.violations(checked.inputs, label_count, invalid):
        if path in by_default:
            violation = violation._replace(rule=f"from tione:defaultTags: {violation.rule}")
        if path not in invalid:
            checked.fail(path, violation)
    for path, warning in check_rules.warnings(checked.inputs, invalid):
        checked.warn(path, warning)
    _check_desired_status(olds, checked, context.replaced_for)
    checked.inputs.setdefault("region", context.region)
    if checked.owner is not None:
        # A computed name stays as long as the task does, even if this version would compute another one.
        checked.inputs.setdefault("name", olds.get("name") or computed_name(checked.owner, checked.inputs))
    _set_run(olds, checked, context)
    context.add_rules(olds, checked)
    for reports in (checked.failures, checked.likely):
        reports.sort(key=lambda report: spelling.order(report[0]))
    return checked


def _valid_owner(owner: object, checked: Checked) -> Owner | None:
    """Return the owner that `TrainingTask` passes; anything else in its place is a failure."""
    if owner is None:
        return None
    if isinstance(owner, Mapping) and all(isinstance(owner.get(part), (str, Unknown)) for part in OWNER):
        return owner
    checked.fail(OWNER_PROPERTY, Violation(check_rules.OWNER_IS_NO_ARGUMENT))
    return None


def _set_max_duration(olds: Mapping[str, Any], checked: Checked, default: int | None) -> None:
    """Set the time limit where the program sets none: a new task gets the default, an existing one keeps its limit.

    A limit that the program has set before, and does not set any more, is removed.
    """
    inputs = checked.inputs
    if inputs.get("maxDuration") == 0:
        del inputs["maxDuration"]
    elif "maxDuration" not in inputs:
        was_set = olds and "maxDuration" not in olds.get(KEPT_FIELDS, ()) and IMPORTED not in olds
        kept = None if was_set else olds.get("maxDuration") if olds else default
        if kept is not None:
            inputs |= {"maxDuration": int(kept), KEPT_FIELDS: ["maxDuration"]}


def _check_desired_status(olds: Mapping[str, Any], checked: Checked, replaced_for: Collection[str]) -> None:
    before, desired = olds.get("desiredStatus"), checked.inputs.get("desiredStatus")
    if desired == "STOPPED" and not olds:
        names = [TRAINING_TASK.fields[name].name for name in replaced_for if name in TRAINING_TASK.fields]
        message = check_rules.replaced_stopped(names) if names else check_rules.CREATED_STOPPED
        checked.fail("desiredStatus", Violation(message))
    if desired == "RUNNING" and olds and before != "RUNNING":
        checked.warn("desiredStatus", Violation(check_rules.STARTED_AGAIN))


def _set_run(olds: Mapping[str, Any], checked: Checked, context: CheckContext) -> None:
    """Count the runs of a task that may be run again: a higher number than the recorded one starts it anew.

    `rerunOf` is the id of the run that failed. A list that lags may still show that failure after the re-run has been
    started: each failure is counted once.
    """
    inputs = checked.inputs
    inputs |= {name: olds[name] for name in ("run", RERUN_OF) if name in olds}
    allowed = inputs.get("rerunOnFailure")
    if not isinstance(allowed, int) or checked.failures:
        return
    run = inputs["run"] = int(olds.get("run", 1))
    if not olds or run > allowed or inputs.get("desiredStatus") == "STOPPED":
        return
    # The lookup uses the new settings: the old ones may no longer work.
    lookup = {name: value for name, value in {**olds, "settings": inputs.get("settings")}.items() if value is not None}
    task = context.task_of(lookup)
    if task is None or status_of(task) not in FAILED:
        return
    failed = str(task.get("LatestInstanceId") or "")
    if failed and failed == olds.get(RERUN_OF):
        return
    may_be_limit = olds.get("maxDuration") and not inputs.get("rerunOnTimeLimit")
    limit = context.time_limit_of(lookup, task) if may_be_limit else None
    if limit is None:
        inputs |= {"run": run + 1, RERUN_OF: failed}
    else:
        checked.warn("rerunOnFailure", Violation(check_rules.ended_by_time_limit(duration_text(limit))))


def _typed(kind: Type, value: Any, path: str, checked: Checked) -> Any:
    """Return the value in its declared type; report what is wrong with it, and return that as it is."""
    if isinstance(value, Unknown):
        return value
    if kind is Scalar.ANY:
        _check_free_value(value, path, checked)
    elif kind is Scalar.DURATION:
        return _whole_seconds(value, path, checked)
    elif kind is Scalar.INTEGER and isinstance(value, float):
        return _whole_number(value, path, checked)
    elif not is_of_type(kind, value):
        checked.fail(path, Violation(f"must be {_expected(kind)}", f", got {kind_of(value)}"))
    elif kind is Scalar.INTEGER:
        return _whole_number(value, path, checked)
    elif isinstance(kind, Struct):
        return _typed_struct(kind, value, path, checked)
    elif isinstance(value, str):
        _check_text(value, path, checked)
    else:
        return rebuild(kind, value, lambda part: _typed(part.type, part.value, path_to(path, part.key), checked))
    return value


def _typed_struct(kind: Struct, value: Mapping[str, Any], path: str, checked: Checked) -> dict[str, Any]:
    def member(part: Part) -> Any:
        own_path = path_to(path, part.key)
        if part.field is None:
            checked.fail(own_path, Violation(check_rules.NO_SUCH_FIELD, _alternatives(kind, str(part.key))))
            return OMIT
        if part.value is None:
            return OMIT
        typed = _typed(part.type, part.value, own_path, checked)
        _apply_constraints(part.field, typed, own_path, checked)
        return typed

    typed: dict[str, Any] = rebuild(kind, value, member)
    for declared in kind.fields.values():
        if declared.required and declared.property not in typed:
            checked.fail(path_to(path, declared.property), Violation(check_rules.REQUIRED))
    return typed


def _alternatives(kind: Struct, key: str) -> str:
    """Return what may be meant by a field that does not exist: the nearest one, a part of a field, or all fields."""
    names = [each.name for each in kind.fields.values()]
    near = suggestion(key, names)
    if near:
        return near
    if kind is TRAINING_TASK:
        types = {
            each.name: each.type.item if isinstance(each.type, ListOf) else each.type for each in kind.fields.values()
        }
        holders = [name for name, part in types.items() if isinstance(part, Struct) and key in part.by_name]
        return f"; it is a field of {' and of '.join(holders)}" if holders else ""
    return f"; the fields are {', '.join(names)}"


def _apply_constraints(declared: Field, value: Any, path: str, checked: Checked) -> None:
    if isinstance(value, Unknown) or not is_of_type(declared.type, value) or isinstance(value, float):
        return
    for rule in declared.rules:
        checked.fail(path, rule.violation(value))
    if declared.known_values:
        checked.warn(path, declared.known_values.warning(value))


def _check_free_value(value: Any, path: str, checked: Checked) -> None:
    """Check a value of the program's choice, at any depth: texts and numbers may be changed on their way here."""
    for node in walk(Scalar.ANY, value, path):
        if isinstance(node.value, str):
            _check_text(node.value, node.path, checked)
        elif isinstance(node.value, float) and node.value.is_integer():
            _whole_number(node.value, node.path, checked)


def _check_text(value: str, path: str, checked: Checked) -> None:
    if _TEXT_OF_AN_OUTPUT in value:
        checked.fail(path, Violation(check_rules.TEXT_OF_AN_OUTPUT))


def _whole_number(value: Any, path: str, checked: Checked) -> Any:
    if isinstance(value, float) and not value.is_integer():
        checked.fail(path, Violation("must be a whole number", f", got {value}"))
    elif abs(value) >= _TOO_LARGE:
        checked.fail(path, Violation("must be a whole number below 2**53", f", got {value}"))
    else:
        return int(value)
    return value


def _whole_seconds(value: Any, path: str, checked: Checked) -> Any:
    try:
        seconds = duration_of(value).total_seconds()
    except ValueError:
        rule = f"must be a duration: a text such as {DURATION_FORMS}, a timedelta, or seconds"
        checked.fail(path, Violation(rule, f", got {value!r}" if isinstance(value, str) else f", got {kind_of(value)}"))
        return value
    if not seconds.is_integer():
        checked.fail(path, Violation("must be a whole number of seconds", f", got {seconds}"))
        return value
    return int(seconds)


def _expected(kind: Type) -> str:
    match kind:
        case Struct():
            return f"a map with {', '.join(each.name for each in kind.fields.values())}"
        case Scalar():
            return kind.value
        case _:
            return "a list" if is_of_type(kind, []) else "a map"
