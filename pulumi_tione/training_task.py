"""`TrainingTask`: the resource, its outputs, its waits."""

from __future__ import annotations

import asyncio
import copy
import functools
import json
import re
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, overload

import pulumi
from typing_extensions import Unpack

from pulumi_tione import outputs
from pulumi_tione._api.client import Client
from pulumi_tione._api.status import Status
from pulumi_tione._masking import masking
from pulumi_tione._pulumi.display import displayable, displayable_report
from pulumi_tione._pulumi.exports import keep_exports
from pulumi_tione._pulumi.options import task_options
from pulumi_tione._pulumi.properties import Marked, marked_in, properties_of
from pulumi_tione._pulumi.provider_blob import PROVIDER_BLOB, PROVIDER_KEY
from pulumi_tione._pulumi.run_mode import is_mocked, is_preview
from pulumi_tione._pulumi.stack_config import are_default_tags_secret, check_config, settings_of
from pulumi_tione._schema.fields import TRAINING_TASK, Struct
from pulumi_tione._schema.identity import RETAINED, TYPE, resource_under
from pulumi_tione._schema.paths import PROGRAM_NAMES, names_in
from pulumi_tione._schema.secrets import SECRET_INPUTS
from pulumi_tione._schema.wire import recorded_outputs
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione._wait.tracker import WaitTracker
from pulumi_tione._wait.waiter import WaitTarget, wait
from pulumi_tione.args import SettingsArgs, TrainingTaskArgs
from pulumi_tione.errors import TaskError, TioneError, WaitFailedError
from pulumi_tione.outputs import TrainingTaskProperties

_WAITS = WaitTracker()
"""Those of this program."""

_COMPUTED = ("name", "region", "tags")
"""The inputs that check may set."""


class TrainingTask(TrainingTaskProperties):
    """A training task of Tencent Cloud TI-ONE.

    It is created by CreateTrainingTask and runs at once; it costs money while it runs. Tags, log delivery and the
    desired status change in place; what else changes in its args replaces it, the old task first. Destroying it stops
    it, if it runs, and deletes it.

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
        opts = task_options(resource_name, opts)
        program: Mapping[str, Any] = fields if args is None else args
        names = {PROGRAM_NAMES: [*dict.fromkeys(names_in(TRAINING_TASK, program))]}
        properties = {**properties_of(resource_name, program), **names, "owner": _owner(resource_name, opts)}
        outputs = [field.property for field in TRAINING_TASK.outputs.values()]
        self._register(resource_name, properties, [*_COMPUTED, *outputs], opts)

    def _register(
        self, resource_name: str, properties: Mapping[str, Any], outputs: Iterable[str], opts: pulumi.ResourceOptions
    ) -> None:
        """Register the resource with the engine, which returns the outputs in addition to the properties."""
        check_config()
        declared = {**dict.fromkeys(outputs), **properties}
        marked: Awaitable[Marked] = marked_in(properties)
        self._marked: pulumi.Output[Marked] = pulumi.Output.from_input(marked)
        secret_outputs = opts.additional_secret_outputs = [*(opts.additional_secret_outputs or ())]

        def secret_inputs(marked: Marked) -> list[str] | None:
            """Return the paths of what the program marked secret, which the engine does not pass to the provider.

            Outputs become secret too, also those of another name and those that were recorded in plain text before.
            Pulumi reads the list of them when all properties, this one included, have been awaited.
            """
            paths = {*marked.paths, *(["tags"] if "owner" in properties and are_default_tags_secret() else [])}
            names = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in paths}
            secret_outputs.extend(sorted({*names, "allTags"} if "tags" in names else names))
            return sorted(paths) or None

        hidden = {SECRET_INPUTS: self._marked.apply(secret_inputs), PROVIDER_KEY: PROVIDER_BLOB}
        super().__init__(TYPE, resource_name, {**declared, **hidden}, opts)
        # Pulumi writes each property to the resource and exports all of them: only fields, by their Python names.
        values = {name: self.__dict__.pop(name) for name in (*declared, SECRET_INPUTS)}
        for field in (*TRAINING_TASK.fields.values(), *TRAINING_TASK.outputs.values()):
            if field.property in values:
                self.__dict__[field.name] = values[field.property]

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
        task = cls.__new__(cls)
        properties = properties_of(
            resource_name, {"region": region, "ti_project_id": ti_project_id, "settings": settings}
        )
        opts = pulumi.ResourceOptions.merge(task_options(resource_name, opts), pulumi.ResourceOptions(id=id))
        task._register(resource_name, properties, [*TRAINING_TASK.fields, *TRAINING_TASK.outputs], opts)
        return task

    def wait_for(
        self, status: str | Sequence[str], *, timeout: timedelta | float | None = None, logs: bool = False
    ) -> pulumi.Output[TrainingTask]:
        """Wait in the program until the task has a status, and give the task as it is then.

        What is waited for works in `depends_on`, in `apply` and in exports. A status that the task has passed on its
        way counts as reached. When the task ends otherwise, or is not there in time, the update fails and the task
        stays in the state: the next `up` waits again. A preview never waits; its result is unknown there.
        Under Pulumi's mocks, the result is the task as the mock returns it.

        Args:
            status: the status to wait for, mostly `SUCCEED`, or several of which one is enough.
            timeout: how long to wait, as a timedelta or in seconds; by default without limit.
            logs: whether to show the newest line of the task's log on its row, one every few seconds at most.

        Raises:
            ValueError: there is no such status, or the timeout is not a length of time.
        """
        limit = _time_limit(timeout)
        wanted = (status,) if isinstance(status, str) else tuple(status)
        if not wanted:
            raise ValueError("name a status to wait for")
        for name in wanted:
            if name not in {*Status}:
                raise ValueError(f"{name!r} is no status of a training task: use {', '.join(Status)}")
        known = {
            name: getattr(self, name)
            for name in (
                *("id", "name", "uin", "region", "ti_project_id", "settings", "desired_status"),
                *("status", "create_time", "rerun_on_failure"),
            )
        }
        if is_preview():
            return pulumi.Output.all(**known, unknown=_unknown()).apply(lambda _: self)
        if is_mocked():
            return pulumi.Output.all(**known).apply(lambda _: self)
        return pulumi.Output.all(**known).apply(lambda task: self._wait(wanted, limit, logs, task))

    async def _wait(
        self, wanted: Sequence[str], timeout: timedelta | None, logs: bool, task: Mapping[str, Any]
    ) -> TrainingTask:
        with masking((await self._marked.future() or Marked()).texts):
            return await self._masked_wait(wanted, timeout, logs, task)

    async def _masked_wait(
        self, wanted: Sequence[str], timeout: timedelta | None, logs: bool, task: Mapping[str, Any]
    ) -> TrainingTask:
        recorded = task["status"] or "", task["create_time"] or "", int(task["rerun_on_failure"] or 0)
        goal = WaitTarget(task["id"], task["name"], task["uin"], wanted, timeout, logs, *recorded)
        try:
            if task["desired_status"] == Status.STOPPED and Status.STOPPED not in wanted:
                raise TaskError(f"{goal.task} is to be STOPPED, as desired_status says: it cannot become {goal}")
            with _WAITS.track():
                detail = await wait(goal, _lookout_of(task), self._show)
        except TioneError as error:
            report = error.report if isinstance(error, WaitFailedError) else str(error)
            pulumi.log.error(displayable_report(report), resource=self)
            failure = pulumi.RunError(displayable(str(error)))
        else:
            return self._as_of(detail)
        await _WAITS.finished()
        await keep_exports()
        raise failure

    def _show(self, message: str) -> None:
        pulumi.log.info(displayable(message), resource=self, ephemeral=True)

    def _as_of(self, detail: Mapping[str, Any]) -> TrainingTask:
        """Give a copy of the task whose outputs are fresh. It is the same resource: `depends_on` accepts it."""
        fresh = copy.copy(self)
        now = recorded_outputs({}, detail)
        for field in TRAINING_TASK.outputs.values():
            if field.property not in now:
                continue
            told = now[field.property]
            if isinstance(field.type, Struct) and told is not None:
                parts = field.type.outputs.values()
                told = getattr(outputs, field.type.name)(**{part.name: told[part.property] for part in parts})
            value = self.__dict__[field.name].apply(lambda _, told=told: told)
            fresh.__dict__[field.name] = value
        return fresh


def _lookout_of(task: Mapping[str, Any]) -> StatusPoller:
    own = task["settings"]
    return _lookout(task["region"], task["ti_project_id"], json.dumps(own, sort_keys=True))


@functools.cache
def _lookout(region: str, workspace: str | None, own: str) -> StatusPoller:
    """Give the one poller of this program for a region, a workspace and the settings that tasks have themselves."""
    settings = settings_of(json.loads(own))
    return StatusPoller(Client(settings, region), workspace)


def _owner(resource_name: str, opts: pulumi.ResourceOptions) -> dict[str, Any]:
    """Return what identifies the resource for ever. Check gets neither name nor stack, so they are inputs."""
    resource: pulumi.Input[str] = resource_name
    if opts.parent is not None:
        urn = opts.parent.urn
        # An input that depends on the parent would be a circle: to Pulumi a parent comes after its children.
        independent = pulumi.Output(set(), urn.future(), urn.is_known())
        resource = independent.apply(lambda known: resource_under(str(known).split("::")[2], resource_name))
    owner: dict[str, Any] = {
        "organization": pulumi.get_organization(),
        "project": pulumi.get_project(),
        "stack": pulumi.get_stack(),
        "resource": resource,
    }
    return {**owner, RETAINED: True} if opts.retain_on_delete else owner


def _time_limit(timeout: object) -> timedelta | None:
    """Return a timeout as a length of time.

    Raises:
        ValueError: it is none.
    """
    if timeout is None or isinstance(timeout, timedelta):
        return timeout
    if isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and 0 <= timeout < float("inf"):
        return timedelta(seconds=timeout)
    raise ValueError(f"timeout={timeout!r} is not a length of time: pass a timedelta, or seconds")


def _unknown() -> pulumi.Output[None]:
    known: asyncio.Future[bool] = asyncio.Future()
    known.set_result(False)
    value: asyncio.Future[None] = asyncio.Future()
    value.set_result(None)
    return pulumi.Output(set(), value, known)
