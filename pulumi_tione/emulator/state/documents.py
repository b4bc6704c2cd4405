"""Convert tasks and keys to documents, and back.

The keys of documents never change: a later emulator reads the state file of an earlier one.

Where documents are stored is decided in `storage.py`. A new attribute of `Task` or `Run` needs a default, because
documents of an earlier emulator lack it.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pulumi_tione.emulator.accounts import Caller, Key
from pulumi_tione.emulator.tasks.task import Operator, Run, Task
from pulumi_tione.emulator.tasks.transitions import Event, RunPlan, Status

Document = dict[str, Any]


def task_to_document(task: Task) -> Document:
    return {
        "id": task.id,
        "region": task.region,
        "owner": asdict(task.owner),
        "body": task.body,
        "created_at": task.created_at.isoformat(),
        "updated_at": task.updated_at.isoformat(),
        "tags": task.tags,
        "system_tags": task.system_tags,
        "log_enable": task.log_enable,
        "log_config": task.log_config,
        "operator": None if task.operator is None else asdict(task.operator),
        "runs": [_run_to_document(run) for run in task.runs],
        "changed": task.overrides,
        "hidden_list_calls": task.hidden_list_calls,
    }


def task_from_document(document: Document) -> Task:
    fields = {name: value for name, value in document.items() if name != "changed"}
    return Task(
        **{
            **fields,
            "overrides": document["changed"],
            "owner": Caller(**document["owner"]),
            "created_at": datetime.fromisoformat(document["created_at"]),
            "updated_at": datetime.fromisoformat(document["updated_at"]),
            "operator": None if document["operator"] is None else Operator(**document["operator"]),
            "runs": [_run_from_document(run) for run in document["runs"]],
        }
    )


def key_to_document(key: Key) -> Document:
    document = asdict(key)
    return {**document, "expires": key.expires.isoformat() if key.expires else None}


def key_from_document(document: Document) -> Key:
    expires = document["expires"]
    return Key(
        **{
            **document,
            "caller": Caller(**document["caller"]),
            "expires": datetime.fromisoformat(expires) if expires else None,
        }
    )


def _run_to_document(run: Run) -> Document:
    plan = run.plan
    return {
        "instance_id": run.instance_id,
        "history": [[status.value, at.isoformat()] for status, at in run.history],
        "due": None if run.due is None else run.due.isoformat(),
        "failure_reason": run.failure_reason,
        "is_executed": run.is_executed,
        "course": {
            "outcome": plan.outcome.value,
            "failure_reason": plan.failure_reason,
            "seconds": {status.value: seconds for status, seconds in plan.seconds.items()},
            "output": plan.output,
        },
    }


def _run_from_document(document: Document) -> Run:
    plan, due = document["course"], document["due"]
    output = plan["output"]
    return Run(
        instance_id=document["instance_id"],
        plan=RunPlan(
            outcome=Event(plan["outcome"]),
            failure_reason=plan["failure_reason"],
            seconds={Status(status): seconds for status, seconds in plan["seconds"].items()},
            output=None if output is None else tuple((after, line) for after, line in output),
        ),
        history=[(Status(status), datetime.fromisoformat(at)) for status, at in document["history"]],
        due=None if due is None else datetime.fromisoformat(due),
        failure_reason=document["failure_reason"],
        is_executed=document.get("is_executed", False),
    )
