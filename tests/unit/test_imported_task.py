"""What becomes of a task that Pulumi did not create, without an engine.

The first program of such a task is in `test_imported.py`, the command in `tests/cli/test_import.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pulumi_tione._config.settings import Settings
from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import RESERVED_LABELS
from pulumi_tione.emulator.api.definition import definition
from pulumi_tione.errors import TaskError
from pulumi_tione.stacks.imported_task import NEVER_RETURNED, ImportedTask
from pulumi_tione.stacks.locations import Location

OWNER = {"organization": "organization", "project": "nlp", "stack": "dev", "resource": "bert"}
DETAIL: Mapping[str, Any] = {
    "Id": "train-1",
    "Name": "bert",
    "ChargeType": "PREPAID",
    "ResourceConfigInfos": [{"Role": "WORKER", "Cpu": 1000, "Gpu": 0, "InstanceNum": 1, "InstanceType": ""}],
    "Tags": [{"TagKey": "qcs:tag:createdBy", "TagValue": "x"}, {"TagKey": "pulumi:stack", "TagValue": "old"}],
    "LogEnable": False,
    "Output": {"Bucket": "", "Region": "", "Paths": []},
    "Uin": "100000000001",
    "Status": "RUNNING",
}


HERE = Location("ap-guangzhou")


def imported_task(place: Location = HERE, detail: Mapping[str, Any] = DETAIL, **config: str) -> ImportedTask:
    settings = Settings({f"tione:{key}": value for key, value in config.items()}.get, {})
    return ImportedTask("bert", OWNER, detail, [], place, settings)


def test_what_the_service_never_returns_is_what_its_definition_lacks() -> None:
    returned = {
        *definition().struct("tione", "TrainingTaskDetail"),
        *definition().struct("tione", "TrainingTaskSetItem"),
    }
    by_other_means = {"encodedStartCmdInfo", "tiProjectId"}
    missing = [field.property for field in TRAINING_TASK.fields.values() if field.sent and field.wire not in returned]
    assert {*missing} - by_other_means == {*NEVER_RETURNED}


def test_emptiness_and_the_labels_of_another_stack_are_not_declared() -> None:
    assert imported_task().declared == {
        "name": "bert",
        "chargeType": "PREPAID",
        "resourceConfigInfos": [{"role": "WORKER", "cpu": 1000, "instanceNum": 1}],
    }


def test_no_label_of_this_package_is_declared() -> None:
    detail = {**DETAIL, "Tags": [*DETAIL["Tags"], *({"TagKey": key, "TagValue": "x"} for key in RESERVED_LABELS)]}
    assert "tags" not in imported_task(detail=detail).declared


def test_the_labels_are_what_is_missing_unless_they_are_turned_off() -> None:
    assert imported_task().missing_tags == {
        "pulumi:project": "nlp",
        "pulumi:stack": "dev",
        "pulumi:resource": "bert",
    }
    assert imported_task(labels="false", defaultTags='{"team": "nlp"}').missing_tags == {"team": "nlp"}


def test_a_task_in_another_region_declares_it() -> None:
    assert imported_task(Location("ap-shanghai")).declared["region"] == "ap-shanghai"
    assert "region" not in imported_task(Location("ap-shanghai"), region="ap-shanghai").declared


def test_a_task_in_another_workspace_declares_it() -> None:
    assert imported_task(Location("ap-guangzhou", "7")).declared["tiProjectId"] == "7"


def test_the_next_up_finds_nothing_to_do_once_the_tags_are_there() -> None:
    imported = imported_task()
    nothing = imported.difference(imported.missing_tags)
    assert (nothing.replacing, nothing.in_place) == ((), ())
    assert imported.difference({}).in_place == ("owner",)


def test_what_the_service_returned_is_known_and_what_it_could_not_get_is_not() -> None:
    known = imported_task(detail={**DETAIL, "Remark": "", "VpcId": None}).known
    assert {"name", "remark", "output", "envs", "region"} <= {*known}
    assert not {"vpcId", "privateEnvs", "triggers", "queues", "callbackUrl"} & {*known}
    assert "envs" not in ImportedTask("bert", OWNER, DETAIL, None, HERE, imported_task().settings).known
    preset = {"ImageType": "PRE_SET", "ImageUrl": "x"}
    assert "imageInfo" not in imported_task(detail={**DETAIL, "ImageInfo": preset}).known


def test_a_task_that_no_program_could_declare_is_an_error_with_the_reasons() -> None:
    mounts = [{"MappingPath": f"/{number}"} for number in range(11)]
    with pytest.raises(TaskError, match="cannot be declared in a program: data_configs: must have at most 10"):
        _ = imported_task(detail={**DETAIL, "DataConfigs": mounts}).inputs
