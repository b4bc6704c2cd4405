"""What the program marked as secret, at the provider's real boundary: the engine hands everything over in clear.

Paths and texts are in `tests/unit/test_secret_paths.py` and `tests/unit/test_masking.py`, the whole way through the
engine is in `tests/engine/test_secrets.py`.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import grpc
import pytest
from boundary_support import OWNER, SMALLEST, Provider
from google.protobuf import json_format
from pulumi.runtime.proto import provider_pb2, status_pb2

from pulumi_tione.emulator import Emulator

SECRET = 'planted "one" \\ é'
MARKED = ["envs.TOKEN", "tags.team", "startCmdInfo.workerStartCmd", "output.paths", "remark", "name"]
NEWS: dict[str, Any] = {
    **SMALLEST,
    "envs": {"TOKEN": SECRET, "EPOCHS": "3"},
    "tags": {"team": "plantedtag", "b": "c"},
    "startCmdInfo": {"workerStartCmd": f"run --token {SECRET} plantedcommand"},
    "output": {"bucket": "b-1250000000", "region": "ap-guangzhou", "paths": ["plantedpath/"]},
    "remark": "plantedremark",
    "name": "plantedname",
    "privateEnvs": {"P": "plantedprivate"},
    "secretInputs": MARKED,
}


def refused(provider: Provider, **changes: Any) -> str:
    inputs = provider.checked({**NEWS, **changes})
    with pytest.raises(grpc.RpcError) as caught:
        provider.create(inputs)
    return str(caught.value.details())


@pytest.mark.parametrize("message", ["not good: {body}", "{code} \x1b[31m {body}"])
def test_a_refusal_that_repeats_the_request_shows_none_of_it(
    provider: Provider, emulator: Emulator, message: str
) -> None:
    emulator.faults.add("CreateTrainingTask", code="InvalidParameterValue", message=message)
    shown = refused(provider)
    assert "InvalidParameterValue" in shown
    assert "EPOCHS" in shown
    assert "\x1b" not in shown
    assert "planted" not in shown
    for run in re.findall("[A-Za-z0-9+/_-]{8,}", shown):
        coded = run[: len(run) // 4 * 4]
        assert b"planted" not in base64.b64decode(coded, altchars=b"-_")


def test_the_program_s_list_of_secrets_is_no_input(provider: Provider) -> None:
    inputs = provider.checked(NEWS)
    assert "secretInputs" not in inputs
    task_id, outputs = provider.create(inputs)
    assert outputs["secretInputs"] == MARKED
    _, read, read_inputs = provider.read(task_id, outputs)
    assert read["secretInputs"] == MARKED
    assert "secretInputs" not in read_inputs
    assert provider.diff(task_id, outputs, inputs) == (False, [])


def test_tags_that_are_secret_as_a_whole_are_so_with_the_default_ones_among_them(provider: Provider) -> None:
    inputs = provider.checked({**NEWS, "secretInputs": ["tags"]})
    assert without_secrets(inputs["tags"]) == {"team": {}, "b": {}}
    task_id, outputs = provider.create(inputs)
    assert provider.diff(task_id, outputs, inputs) == (False, [])


def test_what_is_secret_is_known_from_the_state_where_no_program_has_run(
    provider: Provider, emulator: Emulator
) -> None:
    task_id, outputs = provider.create(provider.checked(NEWS))
    emulator.faults.add(
        "DescribeTrainingTask", code="InvalidParameterValue", message="it is a plantedtag plantedremark"
    )
    with pytest.raises(grpc.RpcError) as caught:
        provider.read(task_id, outputs)
    assert "it is a [secret] [secret]" in str(caught.value.details())


def test_marks_that_change_are_an_update_in_place_and_none_of_a_task_that_has_no_record(provider: Provider) -> None:
    inputs = provider.checked({**NEWS, "secretInputs": []})
    task_id, outputs = provider.create(inputs)
    assert outputs["secretInputs"] == []
    provider.checked(NEWS)
    assert provider.diff(task_id, outputs, inputs) == (True, [])
    updated = provider.update(task_id, outputs, inputs)
    assert updated["secretInputs"] == MARKED
    assert provider.diff(task_id, updated, inputs) == (False, [])
    of_an_earlier_version = {name: value for name, value in outputs.items() if name != "secretInputs"}
    assert provider.diff(task_id, of_an_earlier_version, inputs) == (False, [])


def test_outputs_that_repeat_a_secret_are_secret(provider: Provider, emulator: Emulator) -> None:
    _, outputs = provider.create(provider.checked(NEWS))
    assert set(outputs["allTags"]["team"].values()) >= {"plantedtag", "1b47061264138c4ac30d75fd1eb44270"}
    assert outputs["allTags"]["b"] == "c"
    assert outputs["allTags"]["pulumi:resource"] == OWNER["resource"]
    assert emulator.tasks()


def test_a_task_that_is_only_looked_up_keeps_what_is_a_secret_of_this_program(
    provider: Provider, emulator: Emulator
) -> None:
    task_id, _ = provider.create(provider.checked(NEWS))
    place = {"region": "ap-guangzhou"}
    _, outputs, inputs = provider.read(task_id, place)
    for found in (outputs, inputs):
        assert "planted" not in json.dumps(without_secrets(found))
        assert "EPOCHS" not in found
    assert outputs["tags"]["b"] == "c"
    _, refreshed, inputs = provider.read(task_id, outputs)
    assert "planted" not in json.dumps([without_secrets(refreshed), without_secrets(inputs)])
    assert emulator.tasks()


def without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {} if "4dabf18193072939515e22adb298388d" in value else value
        return {key: without_secrets(part) for key, part in kept.items()}
    return [without_secrets(part) for part in value] if isinstance(value, list) else value


def test_a_failed_update_records_and_shows_nothing_of_a_secret(provider: Provider, emulator: Emulator) -> None:
    task_id, outputs = provider.create(provider.checked(NEWS))
    news = provider.checked({**NEWS, "tags": {"team": "plantedother"}})
    emulator.faults.add("TagResources", code="InvalidParameter", message="{body}", times=None)
    with pytest.raises(grpc.RpcError) as caught:
        provider.update(task_id, outputs, news)
    assert "was not changed completely" in str(caught.value.details())
    assert "planted" not in str(caught.value.details())
    metadata: Any = caught.value.trailing_metadata()
    status = status_pb2.Status.FromString(dict(metadata)["grpc-status-details-bin"])
    failed = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(failed)
    assert "planted" not in f"{status.message} {[*failed.reasons]}"
    assert "planted" not in json.dumps(without_secrets(json_format.MessageToDict(failed.properties)["allTags"]))


def test_a_failure_shows_nothing_of_a_secret(provider: Provider) -> None:
    _, failures = provider.check({**NEWS, "tags": {"team": "plantedtag!"}, "remark": "plantedremark" * 100})
    assert set(failures) == {"tags.team", "remark"}
    assert "planted" not in json.dumps(failures)
