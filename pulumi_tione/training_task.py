"""`TrainingTask`: the resource, its outputs, its waits.

What only some programs need (waits, prices) is imported where it is needed: to import this class takes little longer
than to import Pulumi.

`wait_for` does not wait in a preview, under mocks, with `TIONE_WAIT=false`, or in a `destroy` or `refresh` that runs
the program. How it waits is in `_wait/`, and how arguments become properties in `_pulumi/properties.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, overload
from weakref import WeakKeyDictionary

import pulumi
from typing_extensions import Unpack

from pulumi_tione import outputs
from pulumi_tione._masking import masking
from pulumi_tione._pulumi.lazy_outputs import LazyProperties, values_of, with_value
from pulumi_tione._pulumi.options import task_options
from pulumi_tione._pulumi.output_values import unknown_output, without_dependencies
from pulumi_tione._pulumi.properties import Deferred, Marks, properties_of
from pulumi_tione._pulumi.provider_blob import PROVIDER_BLOB, PROVIDER_KEY
from pulumi_tione._pulumi.run_mode import is_mocked, is_preview
from pulumi_tione._schema.fields import TRAINING_TASK, Struct
from pulumi_tione._schema.identity import ENVIRONMENT, RETAINED, TYPE, resource_under
from pulumi_tione._schema.paths import ANNOUNCED_TASKS, PROGRAM_NAMES, program_names
from pulumi_tione._schema.secrets import SECRET_INPUTS
from pulumi_tione._text import kind_of
from pulumi_tione.outputs import TrainingTaskProperties

if TYPE_CHECKING:
    from pulumi_tione._api.status import TaskStatus
    from pulumi_tione.args import SettingsArgs, TrainingTaskArgs
    from pulumi_tione.pricing.announcements import Announcements

_ANNOUNCEMENTS: WeakKeyDictionary[asyncio.AbstractEventLoop, Announcements] = WeakKeyDictionary()
"""Those of this program: a process may run one after the other, each in an event loop of its own."""

_COMPUTED = ("name", "region", "tags", "maxDuration")
"""The inputs that check may set."""


class _WaitArgumentError(pulumi.RunError, ValueError):
    """A wait has a wrong argument. Pulumi shows a RunError without a traceback.

    Pulumi would still create what the program has declared before, so the registration of the task fails with it too.
    """


_P = ParamSpec("_P")
_R = TypeVar("_R")


def _checking_arguments(
    method: Callable[Concatenate[TrainingTask, _P], _R],
) -> Callable[Concatenate[TrainingTask, _P], _R]:
    """Refuse arguments that the method does not have before the task is created. Python would refuse them as well."""

    def wrapper(task: TrainingTask, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        from pulumi_tione._wait.arguments import check_call

        try:
            check_call(method, task, *args, **kwargs)
        except ValueError as error:
            raise task._wait_refused(error) from None
        return method(task, *args, **kwargs)

    functools.update_wrapper(wrapper, method)
    return wrapper


class TrainingTask(TrainingTaskProperties):
    """A training task of Tencent Cloud TI-ONE.

    `pulumi up` creates it with CreateTrainingTask. It runs at once, and costs money while it runs. Tags, log delivery
    and the desired status change in place. Any other changed argument replaces it: the old task is stopped and deleted
    before the new one is created. `pulumi destroy` stops and deletes it. `help(tione.TrainingTaskArgs)` lists the
    arguments.

    Example:
        task = tione.TrainingTask(
            "bert",
            framework_name="PYTORCH",
            framework_environment="torch2.1-py3.10-cuda12.1-gpu",
            training_mode="DDP",
            charge_type="POSTPAID_BY_HOUR",
            resource_config_infos=[{"role": "WORKER", "instance_type": "TI.GN10.2XLARGE40.POST", "instance_num": 2}],
            start_cmd_info={"worker_start_cmd": "python train.py"},
        )
    """

    @overload
    def __init__(
        self, resource_name: str, args: TrainingTaskArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...

    @overload
    def __init__(
        self,
        resource_name: str,
        args: pulumi.ResourceOptions | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[TrainingTaskArgs],
    ) -> None: ...

    def __init__(
        self,
        resource_name: str,
        args: TrainingTaskArgs | pulumi.ResourceOptions | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Any,
    ) -> None:
        """Declare a task.

        Args:
            resource_name: its name in the program.
            args: its arguments; or pass them as keyword arguments, see `TrainingTaskArgs`. As in other packages, the
                options may stand here.
            opts: how Pulumi treats it.

        Raises:
            pulumi.RunError: the engine cannot take a value, or an option is not possible.
        """
        if isinstance(args, pulumi.ResourceOptions):
            if opts is not None:
                raise pulumi.RunError(f"training task {resource_name!r}: pass ResourceOptions once, not twice")
            args, opts = None, args
        if args is not None and fields:
            raise pulumi.RunError(f"training task {resource_name!r}: pass either args or keyword arguments, not both")
        if args is not None and not isinstance(args, Mapping):
            raise pulumi.RunError(
                f"training task {resource_name!r}: args is {kind_of(args)}. Pass tione.TrainingTaskArgs(…), or keyword "
                "arguments"
            )
        opts = task_options(resource_name, opts)
        program: Mapping[str, Any] = fields if args is None else args
        names = {PROGRAM_NAMES: program_names(program)}
        declared = properties_of(resource_name, program)
        added = {**names, **_announced(declared), "owner": _owner(resource_name, opts)}
        outputs = [field.property for field in TRAINING_TASK.outputs.values()]
        self._register(resource_name, declared, added, [*_COMPUTED, *outputs], opts)

    def _register(
        self,
        resource_name: str,
        declared: Mapping[str, Any],
        added: Mapping[str, Any],
        outputs: Iterable[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register the resource with the engine.

        Args:
            resource_name: its name in the program.
            declared: its properties that the program has declared, among which may be secrets.
            added: other properties.
            outputs: what the engine returns in addition to the properties.
            opts: how Pulumi treats it.
        """
        from pulumi_tione._pulumi.stack_config import are_default_tags_secret, check_config

        check_config()
        self._marked = Marks(declared)
        self._resource_name = resource_name
        self._refusal = ""
        secret_outputs = opts.additional_secret_outputs = [*(opts.additional_secret_outputs or ())]

        async def secret_inputs() -> list[str] | None:
            """Return the paths of what the program marked secret, which the engine does not pass to the provider.

            Outputs become secret too, also those of another name and those that were recorded in plain text before.
            Pulumi reads the list of them when all properties, this one included, have been awaited.
            """
            marked = await self._marked.found()
            if self._refusal:
                raise pulumi.RunError(self._refusal)
            paths = {*marked.paths, *(["tags"] if "owner" in added and are_default_tags_secret() else [])}
            names = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in paths}
            secret_outputs.extend(sorted({*names, "allTags"} if "tags" in names else names))
            return sorted(paths) or None

        hidden = {SECRET_INPUTS: Deferred(secret_inputs), PROVIDER_KEY: PROVIDER_BLOB}
        registered = LazyProperties({**dict.fromkeys(outputs), **declared, **added, **hidden}, TRAINING_TASK.attributes)
        super().__init__(TYPE, resource_name, registered, opts)
        # Pulumi exports all that is here.
        self.__dict__.update(registered.outputs_of(self))

    @classmethod
    def get(
        cls,
        resource_name: str,
        id: pulumi.Input[str],  # noqa: A002  Pulumi's own name for it
        *,
        region: pulumi.Input[str] | None = None,
        ti_project_id: pulumi.Input[str] | None = None,
        settings: pulumi.Input[SettingsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> TrainingTask:
        """Look up a task that exists. The stack does not manage it.

        Args:
            resource_name: its name in the program.
            id: its id, for example `train-1208038387393233920`.
            region: where it is; by default the configured region.
            ti_project_id: the workspace that it is in, where that is not the default one.
            settings: the credentials, if not those of the stack's settings.
            opts: how Pulumi treats it.
        """
        is_text = isinstance(id, str)
        if not (is_text or isinstance(id, (pulumi.Output, Awaitable))) or (is_text and not str(id).strip()):
            kind = "empty" if is_text else kind_of(id)
            raise pulumi.RunError(
                f"training task {resource_name!r}: id is {kind}. Pass the id of a task, such as "
                "train-1208038387393233920"
            )
        task = cls.__new__(cls)
        properties = properties_of(
            resource_name, {"region": region, "ti_project_id": ti_project_id, "settings": settings}
        )
        opts = pulumi.ResourceOptions.merge(task_options(resource_name, opts), pulumi.ResourceOptions(id=id))
        task._register(resource_name, properties, {}, [*TRAINING_TASK.fields, *TRAINING_TASK.outputs], opts)
        return task

    @_checking_arguments
    def wait_for(
        self,
        status: TaskStatus | str | Sequence[TaskStatus | str],
        *,
        timeout: timedelta | float | str | None = None,
        logs: bool = False,
    ) -> pulumi.Output[TrainingTask]:
        """Wait in the program until the task has a status, and return the task as it is then.

        You can use the result in `depends_on`, in `apply` and in exports. A status that the run has already passed is
        accepted too. If the task ends with another status, or after `timeout`, the update fails and the task stays in
        the state. The next `up` waits again, and fails at once if the task has ended.

        A preview does not wait: the result is unknown there, unless the task does not change and the state records that
        the wait is over, for example after `pulumi refresh`. `destroy --run-program`, `refresh --run-program`,
        programs under Pulumi's mocks and programs run with `TIONE_WAIT=false` do not wait either: the result is the
        task as it is recorded.

        Args:
            status: the status to wait for, usually `SUCCEED`, or several of which any one ends the wait.
            timeout: how long to wait: a timedelta, seconds, or a text such as `1h30m`; by default without limit.
            logs: whether to show the newest line of the task's log on its row, every few seconds at most.

        Raises:
            ValueError: an argument is wrong, or `TIONE_WAIT` is neither true nor false.
        """
        from pulumi_tione._pulumi.command import is_without_update
        from pulumi_tione._pulumi.stack_config import program_settings
        from pulumi_tione._wait import messages
        from pulumi_tione._wait.arguments import check_flag, statuses_of, timeout_of
        from pulumi_tione.errors import SettingsError

        try:
            statuses, limit = statuses_of(status), timeout_of(timeout)
            check_flag("logs", logs)
            has_waits = is_mocked() or program_settings().waits
        except (ValueError, SettingsError) as error:
            raise self._wait_refused(error) from None
        names = (
            *("status", "name", "uin", "region", "ti_project_id", "settings", "desired_status"),
            *("create_time", "rerun_on_failure"),
        )
        outputs_and_id = pulumi.Output.all(outputs=values_of(self, names), id=self.id)
        recorded = outputs_and_id.apply(lambda both: {**both["outputs"], "id": both["id"]})
        if is_preview():
            return recorded.apply(lambda task: self if _is_over(task["status"], statuses) else unknown_output())
        if not has_waits:
            self._show(messages.SKIPPED)
        if not has_waits or is_mocked() or is_without_update():
            return recorded.apply(lambda _: self)
        return recorded.apply(lambda task: self._wait(statuses, limit, logs, task))

    def _wait_refused(self, error: Exception) -> _WaitArgumentError:
        """Return the error for a wrong argument, and let the registration of the task fail with it."""
        from pulumi_tione.lifecycle.messages import not_created

        refusal = _WaitArgumentError(f"{not_created(self._resource_name)}: {error}")
        # Under mocks nothing is created, and a failed registration would make the next program fail as well.
        self._refusal = "" if is_mocked() else str(refusal)
        return refusal

    async def _wait(
        self, statuses: Sequence[str], timeout: timedelta | None, logs: bool, task: Mapping[str, Any]
    ) -> TrainingTask:
        with masking((await self._marked.found()).texts):
            return await self._masked_wait(statuses, timeout, logs, task)

    async def _masked_wait(
        self, statuses: Sequence[str], timeout: timedelta | None, logs: bool, task: Mapping[str, Any]
    ) -> TrainingTask:
        from pulumi_tione._pulumi.display import displayable, displayable_report
        from pulumi_tione._pulumi.exports import keep_exports
        from pulumi_tione._wait.task_wait import WAITS, TaskWaitError, wait_for_task

        try:
            return self._as_of(await wait_for_task(task, statuses, timeout, logs, self._show))
        except TaskWaitError as error:
            failed = error
        # The report on the task's own row begins with the reason, which the end of the program does not repeat.
        pulumi.log.error(displayable_report(failed.report), resource=self)
        failure = pulumi.RunError(displayable(str(failed)))
        await WAITS.finished()
        await keep_exports()
        raise failure

    def _show(self, message: str) -> None:
        from pulumi_tione._pulumi.display import displayable

        pulumi.log.info(displayable(message), resource=self, ephemeral=True)

    def _as_of(self, detail: Mapping[str, Any]) -> TrainingTask:
        """Return a copy of the task whose outputs are fresh. It is the same resource: `depends_on` accepts it."""
        from pulumi_tione._schema.wire import recorded_outputs

        fresh = copy.copy(self)
        current = recorded_outputs({}, detail)
        for field in TRAINING_TASK.outputs.values():
            if field.property not in current:
                continue
            output = current[field.property]
            if isinstance(field.type, Struct) and output is not None:
                parts = field.type.outputs.values()
                output = getattr(outputs, field.type.name)(**{part.name: output[part.property] for part in parts})
            fresh.__dict__[field.name] = with_value(self.__dict__[field.name], output)
        return fresh


def _announced(properties: Mapping[str, Any]) -> dict[str, pulumi.Output[Any]]:
    """Return the input that announces tasks to the provider, if prices are needed; nothing otherwise."""
    from pulumi_tione._pulumi.stack_config import program_settings
    from pulumi_tione.errors import SettingsError

    with contextlib.suppress(SettingsError, RuntimeError):  # check reports settings; a program has a running loop
        if not is_mocked() and program_settings().needs_prices:
            from pulumi_tione.pricing.announcements import Announcements

            announced = _ANNOUNCEMENTS.setdefault(asyncio.get_running_loop(), Announcements())
            announced.add(properties)
            return {ANNOUNCED_TASKS: pulumi.Output.from_input(announced.text())}
    return {}


def _owner(resource_name: str, opts: pulumi.ResourceOptions) -> dict[str, Any]:
    """Return what identifies the resource for ever. Check gets neither name nor stack, so they are inputs."""
    resource: pulumi.Input[str] = resource_name
    if opts.parent is not None:
        # An input that depends on the parent would be a circle: to Pulumi a parent comes after its children.
        urn = without_dependencies(opts.parent.urn)
        resource = urn.apply(lambda known: resource_under(known.split("::")[2], resource_name))
    owner: dict[str, Any] = {
        "organization": pulumi.get_organization(),
        "project": pulumi.get_project(),
        "stack": pulumi.get_stack(),
        "resource": resource,
    }
    environment = pulumi.Config("tione").get(ENVIRONMENT)
    if environment:
        owner[ENVIRONMENT] = environment
    return {**owner, RETAINED: True} if opts.retain_on_delete else owner


def _is_over(recorded: str | None, statuses: Sequence[str]) -> bool:
    """Return whether a task whose recorded status is terminal satisfies a wait; that status will not change."""
    from pulumi_tione._api.status import is_at_or_past, is_terminal

    return is_terminal(recorded or "") and any(is_at_or_past(recorded or "", status) for status in statuses)
