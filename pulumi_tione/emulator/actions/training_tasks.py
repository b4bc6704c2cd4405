"""The actions of training tasks: create, describe, start, stop, delete.

The rules of a create are in `rules/parameters.py` and `rules/existence.py`. Which status allows a start, stop or delete
is in `tasks/transitions.py`; what Describe returns is in `tasks/responses.py`. A list has 10 tasks a page by default,
50 tasks at most.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.rules.existence import check_existence, check_resources
from pulumi_tione.emulator.rules.parameters import check_parameters
from pulumi_tione.emulator.state.view import View
from pulumi_tione.emulator.tasks import responses
from pulumi_tione.emulator.tasks.task import Run, Task
from pulumi_tione.emulator.tasks.transitions import Event, Status
from pulumi_tione.emulator.tasks.workload import Program

from .call import Call
from .listing import check_choice, filtered_tasks, page

DEFAULT_LIMIT = 10
MAX_LIMIT = 50


def prepare_creation(body: dict[str, Any]) -> Program:
    check_parameters(body)
    return Program.of(body)


def create(call: Call) -> dict[str, Any]:
    check_existence(call.service, call.caller, call.region, call.body)
    task = call.service.create(call.caller, call.region, call.body, call.now, call.prepared)
    tags = {tag["TagKey"]: tag["TagValue"] for tag in call.body.get("Tags", ())}
    if not call.service.tag_quota.has_room(call.caller.uin, tags):
        # The tags are bound last: a failure leaves the task without them [I].
        message = "The parameter `Tags` has values beyond the account's quota."
        raise ApiError("InternalError.BindingTagsFailed", message, created=task.id)
    call.service.bind_tags(task, tags)
    return {"Id": task.id}


def describe(call: Call) -> dict[str, Any]:
    view = call.service.view("details")
    task, run = _asked_for(call, view)
    detail = responses.detail(task, run, view.now, call.service.registry)
    if task.status is Status.SUBMITTING and not call.service.switches.instance_id_while_submitting:
        detail["LatestInstanceId"] = ""
    return {"TrainingTaskDetail": detail}


def describe_list(call: Call) -> dict[str, Any]:
    view = call.service.view("lists")
    matching = filtered_tasks(call, [task for task in call.tasks_in(view) if not call.service.hides(task.id)])
    matching.sort(key=_sort_key(call.body.get("OrderField") or "UpdateTime"), reverse=_descends(call.body))
    of_page = page(matching, call.body, DEFAULT_LIMIT, MAX_LIMIT)
    items = [responses.item(task, view.now, call.service.registry) for task in of_page]
    return {"TotalCount": len(matching), "TrainingTaskSet": items}


def start(call: Call) -> dict[str, Any]:
    task = call.task()
    if task.status is Status.FAILED and not call.service.switches.start_from_failed:
        raise ApiError("InternalError.NotAllow", f"The training task `{task.id}` (Id) is FAILED: it cannot be started.")
    task.next_status(Event.IS_STARTED)
    check_resources(call.service, call.caller, task.body)
    call.service.start(task, call.operator("START"), call.now)
    return {}


def stop(call: Call) -> dict[str, Any]:
    task = call.task()
    if task.status is Status.SUBMITTING:
        message = f"The training task `{task.id}` (Id) is SUBMITTING: it can be stopped once it is submitted."
        raise ApiError("InternalError.UnSubmittedStatusNotAllowStop", message)
    call.service.stop(task, call.operator("STOP"), call.now)
    return {}


def delete(call: Call) -> dict[str, Any]:
    task = call.task()
    if task.is_active:
        message = (
            f"The training task `{task.id}` (Id) is {task.status.value}: stop it, and delete it when it has stopped."
        )
        raise ApiError("InternalError.NotAllow", message)
    call.service.delete(task)
    return {}


HANDLERS = {
    "CreateTrainingTask": create,
    "DescribeTrainingTask": describe,
    "DescribeTrainingTasks": describe_list,
    "StartTrainingTask": start,
    "StopTrainingTask": stop,
    "DeleteTrainingTask": delete,
}


PREPARATIONS = {"CreateTrainingTask": prepare_creation}


def _asked_for(call: Call, view: View) -> tuple[Task, Run]:
    """Return the task with the id, and one of its runs.

    The id of a run is accepted, too: the vendor's kit sends it when it saves a log of several pages [I]."""
    task_id, _, of_run = call.body["Id"].rpartition("-")
    if task_id.startswith("train-") and of_run:
        runs = ((task, run) for task in call.tasks_in(view) for run in task.runs)
        found = next(((task, run) for task, run in runs if run.instance_id == call.body["Id"]), None)
        if found is not None:
            return found
    task = call.task_in(view)
    return task, _run_of(task, call.body.get("InstanceId"))


def _run_of(task: Task, instance_id: str | None) -> Run:
    if not instance_id:
        return task.run
    run = next((run for run in task.runs if run.instance_id == instance_id), None)
    if run is None:
        raise ApiError(
            "ResourceNotFound", f"`{instance_id[:80]}` (InstanceId) is not a run of the training task `{task.id}`."
        )
    return run


def _sort_key(order_field: str) -> Callable[[Task], tuple[datetime, int]]:
    """Return the sort key: a time, and the id for tasks of the same time."""
    moments: dict[str, Callable[[Task], datetime | None]] = {
        "CreateTime": lambda task: task.created_at,
        "UpdateTime": lambda task: task.updated_at,
        "StartTime": lambda task: task.run.started_at,
    }
    check_choice(order_field, tuple(moments), "OrderField")
    moment = moments[order_field]
    first = datetime.min.replace(tzinfo=responses.BEIJING)
    return lambda task: (moment(task) or first, int(task.id.rpartition("-")[2]))


def _descends(body: dict[str, Any]) -> bool:
    order = body.get("Order") or "DESC"
    check_choice(order, ("ASC", "DESC"), "Order")
    return bool(order == "DESC")
