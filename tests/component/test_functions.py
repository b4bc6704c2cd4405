"""What a program looks up, on a local TI-ONE: typed results, all pages, nothing secret.

Under the engine they are in `tests/engine/test_functions.py`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pulumi
import pytest
from local_tione import SMALLEST_BODY, client_of

import pulumi_tione as tione
from pulumi_tione import functions, outputs
from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione._schema.time_limit import with_time_limit
from pulumi_tione.emulator import Caller, Emulator, Key

PLAIN = [name for name in functions.__all__ if name.startswith("get_") and not name.endswith("_output")]


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with Emulator(manual_clock=True, requests_a_second=None) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def create(emulator: Emulator, name: str = "bert", **members: Any) -> str:
    return client_of(emulator).create_training_task({**SMALLEST_BODY, "Name": name, **members})


def test_a_task_is_looked_up_by_id_and_by_name_with_typed_parts(emulator: Emulator) -> None:
    task_id = create(emulator, Tags=[{"TagKey": "team", "TagValue": "nlp"}], Remark="mine")
    emulator.advance(60)
    task = tione.get_training_task(task_id)
    assert task == tione.get_training_task(name="bert")
    assert (task.id, task.name, task.status, task.region) == (task_id, "bert", "SUCCEED", "ap-guangzhou")
    assert isinstance(task.resource_config_infos[0], outputs.ResourceConfigInfo)
    assert task.resource_config_infos[0].instance_num == 1
    assert task.runtime_in_seconds == 5
    assert task.start_cmd_info is not None
    assert task.start_cmd_info.worker_start_cmd == "sleep 5"
    assert task.tags == {"team": "nlp"}
    assert task.remark == "mine"
    assert task.vpc_id is None
    assert task.latest_instance_id.startswith(task_id)


def test_a_task_with_a_time_limit_is_looked_up_with_its_original_command(emulator: Emulator) -> None:
    command = with_time_limit("it's", 5400)
    task_id = create(emulator, StartCmdInfo={"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": command})
    task = tione.get_training_task(task_id)
    assert task.max_duration == 5400
    assert task.start_cmd_info is not None
    assert task.start_cmd_info.worker_start_cmd == "it's"
    assert tione.get_training_task(create(emulator, "other")).max_duration is None


def test_nothing_secret_is_in_a_result(emulator: Emulator) -> None:
    private = [{"Name": "TOKEN", "Value": "planted-1", "IsPrivate": True}]
    task_id = create(emulator, Envs=private, CallbackUrl="https://user:planted-2@example.com/hook")
    results = [tione.get_training_task(task_id), *tione.get_training_tasks()]
    assert "planted" not in repr(results)
    assert not hasattr(tione.GetTrainingTaskResult, "callback_url")


def test_tasks_are_listed_over_all_pages_and_by_what_is_asked_for(emulator: Emulator) -> None:
    for number in range(120):
        create(emulator, f"task-{number}", Tags=[{"TagKey": "team", "TagValue": "nlp" if number % 2 else "cv"}])
    emulator.advance(60)
    create(emulator, "last")
    listed = tione.get_training_tasks()
    assert len({task.id for task in listed}) == len(listed) == 121
    assert listed[0].name == "last"
    assert len(tione.get_training_tasks(tags={"team": "nlp"})) == 60
    assert [task.name for task in tione.get_training_tasks(statuses=["SUBMITTING", "PENDING"])] == ["last"]
    assert tione.get_training_tasks(charge_type="PREPAID") == []
    assert tione.get_training_tasks(region="ap-shanghai") == []
    assert listed[0].resource_config_infos[0].role == "WORKER"


def test_a_text_is_one_status_and_an_unknown_status_is_an_error(emulator: Emulator) -> None:
    create(emulator)
    assert [task.name for task in tione.get_training_tasks(statuses="SUBMITTING")] == ["bert"]
    assert tione.get_training_tasks(statuses="RUNNING") == []
    emulator.forget_requests()
    for statuses in ("RUNING", ["SUBMITTING", "RUNING"], ["running"], [""]):
        with pytest.raises(pulumi.RunError, match=r"^get_training_tasks: '.*' is not a status .* Use SUBMITTING, "):
            tione.get_training_tasks(statuses=statuses)
    with pytest.raises(pulumi.RunError, match=r"did you mean RUNNING\?"):
        tione.get_training_tasks(statuses="RUNING")
    assert emulator.requests() == []


def test_tasks_are_listed_by_creator_and_with_other_settings(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    create(emulator)
    (uin,) = (key.caller.sub_uin for key in emulator.keyring if key == emulator.key)
    assert [task.name for task in tione.get_training_tasks(creator=uin)] == ["bert"]
    assert tione.get_training_tasks(creator="7") == []
    their_key = emulator.keyring.add(
        Key("AKIDother", "another secret key", Caller("200000000002", "200000000003", "other"))
    )
    keys = {"TENCENTCLOUD_SECRET_ID": their_key.secret_id, "TENCENTCLOUD_SECRET_KEY": their_key.secret_key}
    theirs = Client(Settings(lambda _: None, {**emulator.environment, **keys}), "ap-guangzhou")
    theirs.create_training_task({**SMALLEST_BODY, "Name": "theirs"})
    (tmp_path / "other.credential").write_text(
        json.dumps({"secretId": their_key.secret_id, "secretKey": their_key.secret_key}), encoding="utf-8"
    )
    by_python: Any = {"profile": "other", "shared_credentials_dir": str(tmp_path)}
    by_property: Any = {"profile": "other", "sharedCredentialsDir": str(tmp_path), "camRoleName": None}
    misspelt: Any = {"profil": "other"}
    for settings in (by_python, by_property):
        assert [task.name for task in tione.get_training_tasks(settings=settings)] == ["theirs"]
    with pytest.raises(pulumi.RunError, match=r"settings: there is no property 'profil'; did you mean profile\?"):
        tione.get_training_tasks(settings=misspelt)


@pytest.mark.parametrize("name", PLAIN)
def test_an_output_where_a_value_belongs_is_an_error_that_names_the_output_form(emulator: Emulator, name: str) -> None:
    emulator.forget_requests()

    async def program() -> None:
        output = pulumi.Output.from_input("x")
        parameters = inspect.signature(getattr(functions, name)).parameters
        for parameter in parameters:
            for value in (output, [output], {"a": {"b": output}}):
                with pytest.raises(pulumi.RunError, match=f"^{name}: {parameter} is an Output .* Use {name}_output"):
                    getattr(functions, name)(
                        **{"id": "train-1", parameter: value} if "id" in parameters else {parameter: value}
                    )
        if "id" in parameters:
            with pytest.raises(pulumi.RunError, match=f"^{name}: id is an Output"):
                getattr(functions, name)(output)

    asyncio.run(program())
    assert emulator.requests() == []


def test_times_are_in_rfc_3339_with_a_zone(emulator: Emulator) -> None:
    task_id = create(emulator)
    emulator.advance(60)
    task, (listed,), (pod,) = (
        tione.get_training_task(task_id),
        tione.get_training_tasks(),
        tione.get_training_task_pods(task_id),
    )
    times = [each.create_time for each in (task, listed)] + [each.start_time for each in (task, listed, pod)]
    times += [task.end_time, listed.end_time, pod.end_time, task.update_time]
    form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
    assert [time for time in times if not form.fullmatch(time)] == []
    create(emulator, "waiting")
    assert tione.get_training_task(name="waiting").end_time == ""


def test_pods_and_logs_of_a_task_are_looked_up(emulator: Emulator) -> None:
    emulator.plan_runs("bert", output=[(float(number) / 1000, f"line {number}") for number in range(2_500)])
    task_id = create(emulator)
    assert tione.get_training_task_pods(task_id) == []
    assert tione.get_training_task_logs(task_id) == []
    emulator.advance(60)
    (pod,) = tione.get_training_task_pods(task_id)
    assert pod.name.endswith("-master-0")
    assert (pod.status, bool(pod.ip), bool(pod.end_time)) == ("SUCCEEDED", True, True)
    lines = tione.get_training_task_logs(task_id, pod="master-0", tail=2_000)
    assert [line.message for line in lines] == [f"line {number}" for number in range(500, 2_500)]
    assert lines[0].pod == pod.name
    assert len(tione.get_training_task_logs(task_id)) == 1000
    assert tione.get_training_task_logs(task_id, since=emulator.now() - timedelta(seconds=10)) == []


def test_what_new_tasks_can_be_made_of_is_looked_up(emulator: Emulator) -> None:
    for number in range(60):
        emulator.register("resource_group", f"rsg-{number}", name=f"group {number}", cpu=8000, memory=16384, gpu=200)
    emulator.set(discount=0.5, sold_out=["TI.S.LARGE.POST"])
    groups = tione.get_resource_groups()
    assert len(groups) == 60
    assert (groups[0].id, groups[0].free_cpu, groups[0].free_gpu) == ("rsg-0", 8000, 200)
    specs = {spec.name: spec for spec in tione.get_instance_specs()}
    assert specs["TI.S.MEDIUM.POST"].hourly_price == Decimal("0.35")
    assert specs["TI.S.MEDIUM.POST"].currency == "CNY"
    assert specs["TI.S.MEDIUM.POST"].is_available
    listed = client_of(emulator).specs("POSTPAID_BY_HOUR", None)
    assert {spec["SpecName"] for spec in listed if spec["SpecType"] == "CBS"} - specs.keys()
    assert {spec["SpecName"] for spec in listed if spec["SpecType"] != "CBS"} == specs.keys()
    assert not specs["TI.S.LARGE.POST"].is_available
    assert all(spec.gpu_type for spec in tione.get_instance_specs(resource_type="GPU"))
    assert tione.get_instance_specs(charge_type="PREPAID") == []
    frameworks = tione.get_training_frameworks()
    assert any(framework.name == "PYTORCH" and "DDP" in framework.training_modes for framework in frameworks)
    assert {framework.environment for framework in frameworks} == {image.name for image in tione.get_preset_images()}


def test_frameworks_that_the_service_no_longer_returns_are_none(emulator: Emulator) -> None:
    emulator.faults.add("DescribeTrainingFrameworks", code="InvalidAction")
    assert tione.get_training_frameworks() == []
    emulator.faults.add("DescribeTrainingFrameworks", code="UnauthorizedOperation")
    with pytest.raises(pulumi.RunError, match="UnauthorizedOperation"):
        tione.get_training_frameworks()


def test_what_is_not_there_ends_the_program_in_one_line(emulator: Emulator) -> None:
    for task_id, name in (("train-1", None), (None, "nobody")):
        with pytest.raises(pulumi.RunError, match=r"^get_training_task: there is no training task .* in ap-guangzhou$"):
            tione.get_training_task(task_id, name=name)
    with pytest.raises(pulumi.RunError, match="either the id of a task or its name"):
        tione.get_training_task()
    with pytest.raises(pulumi.RunError, match=r"^get_training_task_logs: training task train-1 does not exist"):
        tione.get_training_task_logs("train-1")


@pytest.mark.parametrize("name", PLAIN)
def test_every_function_has_an_output_form_with_the_same_parameters(name: str) -> None:
    plain, output = getattr(functions, name), getattr(functions, f"{name}_output")
    assert [*inspect.signature(plain).parameters] == [*inspect.signature(output).parameters]
    defaults = [parameter.default for parameter in inspect.signature(plain).parameters.values()]
    assert defaults == [parameter.default for parameter in inspect.signature(output).parameters.values()]
    result = str(inspect.signature(plain).return_annotation)
    assert str(inspect.signature(output).return_annotation) == f"pulumi.Output[{result}]"
    assert plain.__doc__
    assert output.__doc__


@pytest.mark.parametrize("name", PLAIN)
def test_an_output_form_gives_what_the_plain_one_gives(emulator: Emulator, name: str) -> None:
    task_id = create(emulator)
    emulator.advance(60)
    needed = {"id": task_id} if "id" in inspect.signature(getattr(functions, name)).parameters else {}

    async def resolved() -> Any:
        inputs = {key: pulumi.Output.from_input(value) for key, value in needed.items()}
        return await getattr(functions, f"{name}_output")(**inputs).future()

    assert asyncio.run(resolved()) == getattr(functions, name)(**needed)


@pytest.mark.parametrize("name", [name for name in functions.__all__ if not name.startswith("get_")])
def test_results_are_typed_and_cannot_be_changed(name: str) -> None:
    result = getattr(functions, name)
    assert result.__doc__
    if name != "GetTrainingTaskResult":
        assert [field.name for field in dataclasses.fields(result)]
        assert "frozen=True" in repr(vars(result)["__dataclass_params__"])


# Answers of other forms.


def test_members_of_other_types_are_empty(emulator: Emulator) -> None:
    create(emulator)
    item = {"Id": "train-1", "Name": "bert", "Status": "RUNNING", "RuntimeInSeconds": "5", "FailureReason": {}}
    emulator.faults.add("DescribeTrainingTasks", members={"TrainingTaskSet": [{**item, "Tags": "x"}], "TotalCount": 1})
    (task,) = tione.get_training_tasks()
    assert (task.id, task.runtime_in_seconds, task.failure_reason, task.tags) == ("train-1", 0, "", {})

    groups = [
        {"ResourceGroupId": "rsg-1", "ResourceGroupName": 7, "FreeInstance": "3", "TotalResource": "x"},
        {"ResourceGroupId": "rsg-2", "TotalResource": {"Cpu": 2000, "Gpu": "100"}, "UsedResource": [7]},
    ]
    emulator.faults.add("DescribeBillingResourceGroups", members={"ResourceGroupSet": groups, "TotalCount": 2})
    first, second = tione.get_resource_groups()
    assert (first.id, first.name, first.free_nodes, first.free_cpu) == ("rsg-1", "", 0, 0)
    assert (second.free_cpu, second.free_gpu) == (2000, 0)

    known = "TI.S.MEDIUM.POST"
    specs = [{"SpecName": known, "Available": "true", "SpecAlias": None, "GpuType": 7}]
    for price in ({"RealTotalCost": "7"}, {"RealTotalCost": [7]}, {"RealTotalCost": -7}, {"RealTotalCost": 1.5}, {}):
        emulator.faults.add("DescribeBillingSpecs", members={"Specs": specs})
        emulator.faults.add("DescribeBillingSpecsPrice", members={"SpecsPrice": [{"SpecName": known, **price}]})
        (spec,) = tione.get_instance_specs()
        assert (spec.name, spec.alias, spec.is_available, spec.gpu_type) == (known, "", False, "")
        assert spec.hourly_price is None

    frameworks = [{"Name": "PYTORCH", "VersionInfos": [None, "2.1", {"Version": 2.1, "TrainingModes": "DDP"}]}, {}]
    emulator.faults.add("DescribeTrainingFrameworks", members={"FrameworkInfos": frameworks})
    (framework,) = tione.get_training_frameworks()
    assert (framework.name, framework.version, framework.training_modes) == ("PYTORCH", "", ())

    emulator.faults.add("DescribeBuildInImages", members={"BuildInImageInfos": [{"ImageName": 7}]})
    assert [image.name for image in tione.get_preset_images()] == [""]


@pytest.mark.parametrize("name", PLAIN)
def test_an_argument_of_another_type_ends_the_program_in_one_line(emulator: Emulator, name: str) -> None:
    function = getattr(tione, name)
    required = {"id": "train-1"} if name in ("get_training_task_pods", "get_training_task_logs") else {}
    for parameter in inspect.signature(function).parameters:
        for wrong in (5.5, True, object()):
            with pytest.raises(pulumi.RunError, match=rf"^{name}: {parameter} must be [^\n]+, got [^\n]+$"):
                function(**{**required, parameter: wrong})
    assert emulator.requests() == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"tail": -1}, "tail must be at least 0, got -1"),
        ({"tail": "5"}, "tail must be a whole number, got text"),
        ({"region": "Mars"}, "region is 'Mars', which is not the name of a region. Use one such as 'ap-guangzhou'"),
        ({"settings": "research"}, "settings must be a map, got text"),
        ({"settings": {"profile": "no-such-profile"}}, "settings.profile names the profile 'no-such-profile', but "),
    ],
    ids=str,
)
def test_a_wrong_argument_is_refused_without_a_request(
    emulator: Emulator, arguments: dict[str, Any], reason: str
) -> None:
    with pytest.raises(pulumi.RunError, match=rf"^get_training_task_logs: {re.escape(reason)}"):
        tione.get_training_task_logs("train-1", **arguments)
    assert emulator.requests() == []
