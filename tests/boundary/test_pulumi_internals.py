"""What `_pulumi/` takes from Pulumi without being handed it, held against the installed Pulumi.

What happens without each of them is in `test_without_internals.py`. A new internal name is found by
`tests/support/pulumi_internals.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from boundary_support import SMALLEST, Provider
from google.protobuf import empty_pb2, json_format
from google.protobuf.struct_pb2 import Struct
from local_tione import accepted
from pulumi.runtime.proto import provider_pb2, status_pb2

from pulumi_tione.emulator import Emulator
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.imported import IMPORTED
from pulumi_tione.lifecycle.recorded_task import task_title

NEVER_ENDING = {"startCmdInfo": {"workerStartCmd": "sleep 36000"}}


def test_more_than_four_calls_are_handled_at_once(provider: Provider, emulator: Emulator) -> None:
    tasks = [
        provider.create(
            provider.checked({**SMALLEST, **NEVER_ENDING, "owner": {**SMALLEST["owner"], "resource": name}})
        )
        for name in "abcdefghijkl"
    ]
    emulator.forget_requests()
    with ThreadPoolExecutor(len(tasks)) as at_once:
        list(at_once.map(lambda task: provider.delete(*task), tasks))
    actions = [request["action"] for request in emulator.requests() if request["accepted"]]
    before_any_delete = actions[: actions.index("DeleteTrainingTask")]
    assert before_any_delete.count("StopTrainingTask") > 4
    assert emulator.tasks() == []


def test_a_partial_update_records_its_progress(provider: Provider, emulator: Emulator) -> None:
    inputs = provider.checked(SMALLEST)
    task_id, outputs = provider.create(inputs)
    emulator.faults.add("EnableTrainingTaskClsConfig", code="InternalError.NotAllow")
    log = {"logEnable": True, "logConfig": {"logsetId": "logset-1", "topicId": "topic-1"}}
    with pytest.raises(grpc.RpcError) as raised:
        provider.update(task_id, outputs, provider.checked({**inputs, "tags": {"team": "cv"}, **log}))
    metadata = {item.key: item.value for item in raised.value.trailing_metadata() or ()}
    details = metadata["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    status, packed = status_pb2.Status.FromString(details), provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(packed)
    recorded = json_format.MessageToDict(packed.properties)
    assert packed.id == task_id
    assert recorded["tags"] == {"team": "cv"}
    assert "logConfig" not in recorded
    assert recorded["__provider"] == provider.blob
    assert len(accepted(emulator, "TagResources")) == 1


def test_an_error_is_one_line_with_its_message_alone_and_tracebacks_of_others_stay(
    provider: Provider, emulator: Emulator
) -> None:
    task_id, outputs = provider.create(provider.checked(SMALLEST))
    emulator.faults.add("DescribeTrainingTask", code="AuthFailure.UnauthorizedOperation")
    with pytest.raises(grpc.RpcError) as raised:
        provider.read(task_id, outputs)
    assert (raised.value.details() or "").startswith(f"training task '{outputs['name']}' ({task_id}): ")
    assert "\n" not in (raised.value.details() or "")
    with pytest.raises(grpc.RpcError) as of_the_plugin:
        provider.stub.Read(provider_pb2.ReadRequest(id=task_id, properties=Struct()))
    assert (of_the_plugin.value.details() or "").startswith("Traceback")


def test_a_delete_that_the_engine_cancels_ends_and_reports_what_the_task_is_doing(
    provider: Provider, emulator: Emulator
) -> None:
    task_id, outputs = provider.create(provider.checked({**SMALLEST, **NEVER_ENDING}))
    emulator.faults.add("StopTrainingTask", code="InternalError.UnSubmittedStatusNotAllowStop", times=100_000)
    with ThreadPoolExecutor(1) as pool:
        deleting = pool.submit(provider.delete, task_id, outputs)
        while not any(request["action"] == "StopTrainingTask" for request in emulator.requests()):
            deleting.exception(0.05) if deleting.done() else time.sleep(0.05)
        provider.stub.Cancel(empty_pb2.Empty())
        error = deleting.exception(60)
    assert isinstance(error, grpc.RpcError)
    begin, _, end = messages.call_ended(
        task_title(task_id, outputs), "cancelled", messages.deleting("PROGRESS"), messages.STAYS_IN_STATE
    ).partition("PROGRESS")
    assert f"{begin}the task is " in str(error)
    assert end in str(error)
    assert [task["Id"] for task in emulator.tasks()] == [task_id]


@pytest.mark.parametrize(
    ("in_the_inputs", "replaces"), [(None, []), (["name"], []), ([], ["triggers"])], ids=["unseen", "there", "gone"]
)
def test_an_import_counts_as_long_as_it_is_in_the_inputs_of_the_state(
    provider: Provider, in_the_inputs: list[str] | None, replaces: list[str]
) -> None:
    inputs = provider.checked(SMALLEST)
    task_id, outputs = provider.create(inputs)
    before = {} if in_the_inputs is None else {**inputs, **({IMPORTED: in_the_inputs} if in_the_inputs else {})}
    request = provider_pb2.DiffRequest(
        id=task_id,
        olds=sent(provider, {**outputs, IMPORTED: ["name"]}),
        news=sent(provider, {**inputs, "triggers": ["1"]}),
        old_inputs=None if in_the_inputs is None else sent(provider, before),
    )
    assert list(provider.stub.Diff(request).replaces) == replaces


def sent(provider: Provider, values: Mapping[str, Any]) -> Struct:
    return json_format.ParseDict({**values, "__provider": provider.blob}, Struct())
