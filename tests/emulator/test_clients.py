"""The vendor's typed client for Python, unmodified: every action, its signature verified, its answer understood.

Clients in other languages are in `test_foreign_clients.py`, the vendor's kit is in `test_tikit.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.abstract_client import AbstractClient
from tencentcloud.common.abstract_model import AbstractModel
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.sts.v20180813 import models as sts_models
from tencentcloud.sts.v20180813.sts_client import StsClient
from tencentcloud.tag.v20180813 import models as tag_models
from tencentcloud.tag.v20180813.tag_client import TagClient
from tencentcloud.tione.v20211111 import models as tione_models
from tencentcloud.tione.v20211111.tione_client import TioneClient
from tencentcloud.vpc.v20170312 import models as vpc_models
from tencentcloud.vpc.v20170312.vpc_client import VpcClient

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.actions import HANDLERS
from pulumi_tione.emulator.api.definition import definition

Ask = Callable[..., Any]

SERVICES: dict[str, tuple[type[AbstractClient], Any]] = {
    "tione": (TioneClient, tione_models),
    "tag": (TagClient, tag_models),
    "sts": (StsClient, sts_models),
    "vpc": (VpcClient, vpc_models),
}


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.long)], ids=["http", "https"])
def emulator(request: pytest.FixtureRequest, conforming: Callable[[Emulator], Emulator]) -> Iterator[Emulator]:
    with conforming(Emulator(manual_clock=True, requests_a_second=None, tls=request.param)) as emulator:
        yield emulator


@pytest.fixture
def ask(emulator: Emulator, profile: ClientProfile) -> Ask:
    """Asks by the typed client: a request object in, a response object out."""

    def ask(action: str, **members: Any) -> Any:
        client_type, models = SERVICES[definition().actions[action].service]
        client = client_type(Credential(emulator.key.secret_id, emulator.key.secret_key), "ap-guangzhou", profile)
        request: AbstractModel = getattr(models, f"{action}Request")()
        request.from_json_string(json.dumps(members))
        return getattr(client, action)(request)

    return ask


def test_a_task_is_made_looked_at_stopped_started_and_deleted(ask: Ask, emulator: Emulator) -> None:
    node = {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}
    task_id = ask(
        "CreateTrainingTask",
        Name="任务-1",
        ChargeType="POSTPAID_BY_HOUR",
        ResourceConfigInfos=[node],
        StartCmdInfo={"WorkerStartCmd": "echo hello; sleep 60"},
        Tags=[{"TagKey": "team", "TagValue": "nlp"}],
    ).Id
    emulator.advance(10)
    detail = ask("DescribeTrainingTask", Id=task_id).TrainingTaskDetail
    assert (detail.Name, detail.Status, detail.ResourceConfigInfos[0].Cpu) == ("任务-1", "RUNNING", 2000)
    listed = ask("DescribeTrainingTasks", Filters=[{"Name": "Name", "Values": ["任务-1"]}])
    assert (listed.TotalCount, listed.TrainingTaskSet[0].Id) == (1, task_id)
    pods = ask("DescribeTrainingTaskPods", Id=task_id)
    assert pods.PodInfoList[0].Status == "RUNNING"
    logs = ask("DescribeLogs", Service="TRAIN", ServiceId=detail.LatestInstanceId, PodName=pods.PodNames[0])
    assert logs.Content[0].Message == "hello"
    assert ask("DescribeEvents", Service="TRAIN", ServiceId=detail.LatestInstanceId).TotalCount == 4
    config = {"LogsetId": "set-1", "TopicId": "topic-1"}
    ask("EnableTrainingTaskClsConfig", TaskId=task_id, LogEnable=True, LogConfig=config)
    ask("StopTrainingTask", Id=task_id)
    emulator.advance(10)
    ask("StartTrainingTask", Id=task_id)
    emulator.advance(100)
    assert ask("DescribeTrainingTask", Id=task_id).TrainingTaskDetail.Status == "SUCCEED"
    ask("DeleteTrainingTask", Id=task_id)
    with pytest.raises(TencentCloudSDKException) as caught:
        ask("DescribeTrainingTask", Id=task_id)
    assert caught.value.code == "ResourceNotFound"


def test_what_there_is_to_choose_from_is_looked_up(ask: Ask, emulator: Emulator) -> None:
    emulator.register("resource_group", "rsg-1", name="demo", cpu=1000)
    assert ask("DescribeBillingSpecs", ChargeType="POSTPAID_BY_HOUR", TaskType="TRAIN").Specs[0].SpecName
    unit = {"SpecName": "TI.S.MEDIUM.POST", "SpecCount": 1}
    assert ask("DescribeBillingSpecsPrice", SpecsParam=[unit]).SpecsPrice[0].RealTotalCost == 70
    assert ask("DescribeBillingResourceGroups").ResourceGroupSet[0].ResourceGroupName == "demo"
    assert ask("DescribeBuildInImages").BuildInImageInfos[0].ImageUrl
    assert ask("DescribeWorkspaces").Workspaces[0].TiProjectId == "0"
    emulator.register("subnet", "subnet-00000001", vpc="vpc-00000001")
    assert ask("DescribeSubnets", SubnetIds=["subnet-00000001"]).SubnetSet[0].VpcId == "vpc-00000001"


def test_tags_are_bound_unbound_and_found(ask: Ask, create: Callable[..., str]) -> None:
    resource = f"qcs::tione:ap-guangzhou:uin/100000000001:trainingtask/{create()}"
    assert ask("TagResources", ResourceList=[resource], Tags=[{"TagKey": "a", "TagValue": "b"}]).FailedResources == []
    [found] = ask("GetResources", TagFilters=[{"TagKey": "a", "TagValue": ["b"]}]).ResourceTagMappingList
    assert found.Resource == resource
    assert ask("UnTagResources", ResourceList=[resource], TagKeys=["a"]).FailedResources == []


def test_keys_are_temporary(ask: Ask) -> None:
    role = {"RoleArn": "qcs::cam::uin/100000000001:roleName/train", "RoleSessionName": "ci"}
    assert ask("AssumeRole", **role).Credentials.Token
    issued = ask("AssumeRoleWithWebIdentity", **role, ProviderId="OIDC", WebIdentityToken="e30.e30.e30")
    assert issued.Credentials.TmpSecretId
    assert ask("GetCallerIdentity").AccountId == "100000000001"


def test_every_action_of_the_definition_is_answered() -> None:
    assert HANDLERS.keys() == definition().actions.keys()


def test_every_action_that_the_typed_client_offers_was_asked_for_above() -> None:
    asked = set(re.findall(r'\bask\(\s*"(\w+)"', Path(__file__).read_text(encoding="utf-8")))
    offered = {name for name, known in definition().actions.items() if hasattr(SERVICES[known.service][0], name)}
    assert asked == offered
    assert definition().actions.keys() - offered == {"DescribeTrainingFrameworks", "DescribePublicKey"}


def test_a_wrong_secret_key_is_refused(emulator: Emulator, profile: ClientProfile) -> None:
    client = TioneClient(Credential(emulator.key.secret_id, "guessed"), "ap-guangzhou", profile)
    with pytest.raises(TencentCloudSDKException) as caught:
        client.DescribeTrainingTasks(tione_models.DescribeTrainingTasksRequest())
    assert caught.value.code == "AuthFailure.SignatureFailure"


def test_a_body_may_be_left_unsigned(
    ask: Ask, create: Callable[..., str], emulator: Emulator, profile: ClientProfile
) -> None:
    profile.unsignedPayload = True
    task_id = create()
    assert ask("DescribeTrainingTask", Id=task_id).TrainingTaskDetail.Id == task_id
    assert emulator.key.caller.uin == ask("GetCallerIdentity").AccountId


def test_the_sdk_knows_an_error_by_the_exact_content_type(ask: Ask, emulator: Emulator) -> None:
    """Why the content type is to the letter: with a charset behind it an error passes for a success without an id."""
    emulator.faults.add(code="InternalError", content_type="application/json; charset=utf-8")
    assert ask("CreateTrainingTask", Name="bert", ChargeType="PREPAID", ResourceConfigInfos=[]).Id is None
