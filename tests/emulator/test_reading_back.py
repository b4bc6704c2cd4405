"""How a task reads: what was set, what the service fills in, and what it never returns.

What a lagging read shows is in `test_lag.py`, lists are in `test_lists.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pulumi_tione.emulator import Caller, Emulator, Key
from pulumi_tione.emulator.api.definition import definition

Call = Callable[..., dict[str, Any]]
Create = Callable[..., str]
Detail = Callable[..., dict[str, Any]]

COS = {"Bucket": "corpus-1250000000", "Region": "ap-guangzhou", "Paths": ["code/"]}
EMPTY_COS = {"Bucket": "", "Region": "", "Paths": []}


def _item(call: Call) -> dict[str, Any]:
    item: dict[str, Any] = call("DescribeTrainingTasks")["TrainingTaskSet"][0]
    return item


def test_what_was_not_set_comes_back_as_emptiness(create: Create, detail: Detail) -> None:
    result = detail(create())
    assert result["Remark"] == result["VpcId"] == result["TrainingMode"] == result["FrameworkName"] == ""
    assert result["DataConfigs"] == result["CodeRepos"] == []
    assert result["Output"] == result["CodePackagePath"] == EMPTY_COS
    assert result["LogConfig"] == {"LogsetId": "", "TopicId": ""}
    assert result["StartCmdInfo"] == {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": ""}
    assert result["ImageInfo"]["ImageSecret"] is None
    assert result["ImageInfo"]["ImageUrl"] == ""


def test_what_was_set_comes_back_as_it_was(create: Create, detail: Detail) -> None:
    requested = {
        "Remark": "r",
        "FrameworkName": "PYTORCH",
        "FrameworkVersion": "2.1",
        "TrainingMode": "DDP",
        "TuningParameters": "{abc,}",
        "DataSource": "COS",
        "CallbackUrl": "http://callback.example.com",
        "Output": COS,
        "CodePackagePath": COS,
        "VpcId": "vpc-1",
        "SubnetId": "subnet-1",
        "LogEnable": True,
        "LogConfig": {"LogsetId": "set-1", "TopicId": "topic-1"},
        "CodeRepos": [{"Id": "cr-1", "TargetPath": "/opt/ml/code"}],
    }
    result = detail(create(**requested))
    assert {name: result[name] for name in requested} == requested


def test_an_encoded_command_comes_back_decoded_with_all_three_keys(create: Create, detail: Detail) -> None:
    encoded = "eyJTdGFydENtZCI6IiIsIlBzU3RhcnRDbWQiOiIiLCJXb3JrZXJTdGFydENtZCI6InNsZWVwIDEwIn0="
    result = detail(
        create(EncodedStartCmdInfo={"StartCmdInfo": encoded}, StartCmdInfo={"WorkerStartCmd": "is overruled"})
    )
    assert result["StartCmdInfo"] == {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 10"}
    assert "EncodedStartCmdInfo" not in result


def test_the_detail_lacks_what_is_documented_to_be_missing(create: Create, detail: Detail) -> None:
    result = detail(
        create(
            TiProjectId="0",
            Envs=[{"Name": "A", "Value": "1"}],
            TrainToolConfig={"EnableHangMonitor": True},
            ResourceSupplyAttribute={"SupplyType": "SPOT"},
            Queues=["q-1"],
        )
    )
    assert result.keys().isdisjoint({"TiProjectId", "Envs", "TrainToolConfig", "ResourceSupplyAttribute", "Queues"})


def test_a_built_in_framework_has_its_image(create: Create, detail: Detail) -> None:
    image = detail(create(FrameworkName="PYTORCH", FrameworkEnvironment="torch1.9-py3.8-cuda11.1-gpu"))["ImageInfo"]
    assert image["ImageType"] == "PRE_SET"
    assert image["ImageName"] == "torch1.9-py3.8-cuda11.1-gpu"
    assert image["ImageUrl"]


def test_a_pay_as_you_go_node_has_its_size(create: Create, detail: Detail) -> None:
    node = {"Role": "WORKER", "InstanceType": "TI.GN10.2XLARGE40.POST", "InstanceNum": 2}
    [result] = detail(create(ResourceConfigInfos=[node]))["ResourceConfigInfos"]
    assert result == {
        **node,
        "Cpu": 8000,
        "Memory": 40960,
        "GpuType": "V100",
        "Gpu": 100,
        "InstanceTypeAlias": "8C40G V100*1",
        "RDMAConfig": {"Enable": False},
    }


def test_the_platform_binds_a_tag_of_its_own(create: Create, detail: Detail, emulator: Emulator) -> None:
    emulator.plan_runs(system_tags={"tencentcloud:autoscaling:auto-scaling-group-id": "asg-1"})
    result = detail(create(Tags=[{"TagKey": "team", "TagValue": "nlp"}]))
    assert {tag["TagKey"]: tag["TagValue"] for tag in result["Tags"]} == {
        "team": "nlp",
        "qcs:tag:createdBy": f"CAMUser:{emulator.key.caller.sub_uin}:emulator",
        "tencentcloud:autoscaling:auto-scaling-group-id": "asg-1",
    }


def test_a_member_that_no_sdk_knows_can_be_added(create: Create, detail: Detail, emulator: Emulator) -> None:
    task_id = create()
    emulator.gateway.on_answer = None  # the definition does not have it, either
    emulator.plan_runs(change={"NewThing": {"A": 1}})
    assert detail(task_id)["NewThing"] == {"A": 1}


def test_private_variables_and_image_secrets_cannot_be_read(create: Create, detail: Detail, call: Call) -> None:
    secret = {"Username": "u", "Password": "planted-2"}
    task_id = create(
        Envs=[{"Name": "A", "Value": "open"}, {"Name": "B", "Value": "planted-1", "IsPrivate": True}],
        ImageInfo={"ImageType": "CUSTOM", "ImageUrl": "registry.example.com/a:1", "ImageSecret": secret},
    )
    assert "planted" not in str(detail(task_id))
    item = _item(call)
    assert "planted" not in str(item)
    assert [variable["Name"] for variable in item["Envs"]] == ["A", "B"]
    assert item["Envs"][0]["Value"] == "open"


def test_times_are_written_as_the_service_writes_them(
    create: Create, detail: Detail, call: Call, emulator: Emulator
) -> None:
    task_id = create()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08", detail(task_id)["CreateTime"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", _item(call)["CreateTime"])
    assert detail(task_id)["StartTime"] == detail(task_id)["EndTime"] == _item(call)["EndTime"] == ""
    emulator.advance(60)
    assert detail(task_id)["EndTime"].replace("T", " ") == f"{_item(call)['EndTime']}+08"
    assert detail(task_id)["RuntimeInSeconds"] == 5


def test_the_date_of_every_answer_is_of_the_clock_that_creations_are_dated_by(
    create: Create, detail: Detail, raw: Callable[..., Any], emulator: Emulator
) -> None:
    """A client can measure a task's age by the service's own clock, however wrong or fast that is."""
    created_at = datetime.fromisoformat(f"{detail(create())['CreateTime']}:00")
    emulator.advance(7200)
    for answer in (raw(), raw("NoSuchAction"), raw(secret_key="wrong")):
        assert (parsedate_to_datetime(answer.date) - created_at).total_seconds() == 7200
    emulator.faults.add(status=502)
    assert (parsedate_to_datetime(raw().date) - created_at).total_seconds() == 7200


def test_only_operations_move_the_time_of_the_update(
    create: Create, detail: Detail, call: Call, emulator: Emulator
) -> None:
    task_id = create()
    created = detail(task_id)["UpdateTime"]
    emulator.advance(3)
    assert detail(task_id)["UpdateTime"] == created
    call("StopTrainingTask", {"Id": task_id})
    assert detail(task_id)["UpdateTime"] > created


def test_billing_shows_while_nodes_are_held(create: Create, detail: Detail, emulator: Emulator) -> None:
    task_id = create()
    result = []
    for _ in range(12):
        of_now = detail(task_id)
        result.append((of_now["Status"], of_now["ChargeStatus"], of_now["BillingInfo"]))
        emulator.advance(1)
    assert set(result) == {
        ("SUBMITTING", "NOT_BILLING", ""),
        ("PENDING", "NOT_BILLING", ""),
        ("STARTING", "BILLING", "0.70元/小时 (按量计费)"),
        ("RUNNING", "BILLING", "0.70元/小时 (按量计费)"),
        ("SUCCEED", "NOT_BILLING", ""),
    }


def test_the_billing_info_of_a_task_has_its_price(
    create: Create, call: Call, detail: Detail, emulator: Emulator
) -> None:
    nodes = [
        {"Role": "WORKER", "InstanceType": "TI.GN10.2XLARGE40.POST", "InstanceNum": 3},
        {"Role": "PS", "InstanceType": "TI.S.LARGE.POST", "InstanceNum": 2},
    ]
    task_id = create(ResourceConfigInfos=nodes, TrainingMode="PS_WORKER")
    units = [{"SpecName": node["InstanceType"], "SpecCount": node["InstanceNum"]} for node in nodes]
    prices = call("DescribeBillingSpecsPrice", {"SpecsParam": units})["SpecsPrice"]
    emulator.advance(4)
    total = sum(price["TotalCost"] for price in prices) / 100
    assert detail(task_id)["BillingInfo"].startswith(f"{total:.2f}")


def test_unset_sources_of_a_mount_are_null(create: Create, detail: Detail) -> None:
    mounts = [{"DataSourceType": "CFS", "MappingPath": "/a", "CFSSource": {"Id": "cfs-1", "Path": "/"}}]
    [result] = detail(create(DataConfigs=mounts))["DataConfigs"]
    assert result["COSSource"] is None
    assert (result["CFSSource"]["Id"], result["CFSSource"]["MountType"]) == ("cfs-1", "STORAGE")


def test_every_member_of_the_request_that_the_detail_can_have_is_read_back(create: Create, detail: Detail) -> None:
    """A member of both is never forgotten, whatever the vendor adds."""
    both = (
        definition().struct("tione", "CreateTrainingTaskRequest").keys()
        & definition().struct("tione", "TrainingTaskDetail").keys()
    )
    result = detail(create(ExposeNetworkConfig={"SSHConfig": {"Enable": True, "Port": 22}}))
    assert both <= result.keys()
    assert result["ExposeNetworkConfig"]["SSHConfig"]["Port"] == 22


def test_another_account_region_or_workspace_does_not_see_a_task(
    create: Create, call: Call, refusal: Callable[..., tuple[str, str]], emulator: Emulator
) -> None:
    task_id = create(TiProjectId="17")
    stranger = emulator.keyring.add(Key("AKIDother", "other", Caller("200000000001")))
    inside = {"Id": task_id, "TiProjectId": "17"}
    assert call("DescribeTrainingTask", inside)["TrainingTaskDetail"]["Id"] == task_id
    elsewhere: list[tuple[dict[str, str], dict[str, Any]]] = [
        (inside, {"key": stranger}),
        (inside, {"region": "ap-nanjing"}),
        ({"Id": task_id}, {}),
    ]
    for request, how in elsewhere:
        code, message = refusal("DescribeTrainingTask", request, **how)
        assert code == "ResourceNotFound"
        assert task_id in message
        listed = call("DescribeTrainingTasks", {k: v for k, v in request.items() if k != "Id"}, **how)
        assert listed["TotalCount"] == 0
