"""The stand-in for the tencentcloud plugin, as the engine meets it: the real executable, over gRPC."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import pytest
import tencentcloud_iac_pulumi as tencentcloud
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi._types import input_type_py_to_pulumi_names, resource_py_to_pulumi_names
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

EXECUTABLE = Path(__file__).parents[2] / "tools" / "neighbours" / "pulumi-resource-tencentcloud"
VPC = "tencentcloud:Vpc/instance:Instance"
SUBNET = "tencentcloud:Subnet/instance:Instance"
BUCKET = "tencentcloud:Cos/bucket:Bucket"
OBJECT = "tencentcloud:Cos/bucketObject:BucketObject"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
ZONE = "ap-guangzhou-3"
DEAD_PROXY = "http://127.0.0.1:9"
"""Nobody serves it: what is on the loopback must be reached without."""

Properties = dict[str, Any]


def urn(kind: str, name: str = "train") -> str:
    return f"urn:pulumi:dev::shop::{kind}::{name}"


def struct(properties: Properties) -> Struct:
    return json_format.ParseDict(properties, Struct())


@dataclass
class Plugin:
    """A running plugin, and the calls as an engine makes them."""

    process: subprocess.Popen[str]
    stub: ResourceProviderStub

    def check(self, kind: str, news: Properties, olds: Properties | None = None, *, seed: bytes = b"seed") -> Any:
        request = provider_pb2.CheckRequest(
            urn=urn(kind), news=struct(news), olds=struct(olds or {}), randomSeed=seed
        )  # fmt: skip
        return self.stub.Check(request)

    def inputs(
        self, kind: str, news: Properties, olds: Properties | None = None, *, seed: bytes = b"seed"
    ) -> Properties:
        checked = self.check(kind, news, olds, seed=seed)
        assert not checked.failures
        return dict(json_format.MessageToDict(checked.inputs))

    def failures(self, kind: str, news: Properties) -> dict[str, str]:
        return {failure.property: failure.reason for failure in self.check(kind, news).failures}

    def diff(self, kind: str, olds: Properties, news: Properties) -> Any:
        old_inputs, new_inputs = self.inputs(kind, olds), self.inputs(kind, news)
        return self.stub.Diff(
            provider_pb2.DiffRequest(id="id", urn=urn(kind), old_inputs=struct(old_inputs), news=struct(new_inputs))
        )

    def create(self, kind: str, news: Properties, *, preview: bool = False) -> tuple[str, Properties]:
        inputs = struct(self.inputs(kind, news))
        made = self.stub.Create(provider_pb2.CreateRequest(urn=urn(kind), properties=inputs, preview=preview))
        return made.id, dict(json_format.MessageToDict(made.properties))

    def update(self, kind: str, resource_id: str, news: Properties) -> Properties:
        request = provider_pb2.UpdateRequest(urn=urn(kind), id=resource_id, news=struct(self.inputs(kind, news)))
        return dict(json_format.MessageToDict(self.stub.Update(request).properties))

    def read(self, kind: str, resource_id: str) -> Any:
        return self.stub.Read(provider_pb2.ReadRequest(urn=urn(kind), id=resource_id))

    def delete(self, kind: str, resource_id: str) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(urn=urn(kind), id=resource_id))

    def vpc(self, cidr: str = "10.0.0.0/16") -> str:
        return self.create(VPC, {"cidrBlock": cidr})[0]

    def subnet(self, vpc_id: str, cidr: str = "10.0.1.0/24") -> str:
        return self.create(SUBNET, {"vpcId": vpc_id, "cidrBlock": cidr, "availabilityZone": ZONE})[0]


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    """The call fails with that code of the service, and its one line has all the words."""
    with pytest.raises(grpc.RpcError) as caught:
        yield
    messages = caught.value.details() or ""
    assert re.match(rf"Code={re.escape(code)}, Message=", messages)
    assert "\n" not in messages
    assert [word for word in words if word not in messages] == []


@contextmanager
def running(state: Path, *, engine: str | None = None, **environment: str) -> Iterator[Plugin]:
    inherited = {
        key: value for key, value in os.environ.items() if key not in ("TIONE_ENDPOINT", "TENCENTCLOUD_REGION")
    }
    own = {"PULUMI_PYTHON_CMD": sys.executable, "TENCENTCLOUD_STANDIN_STATE": str(state), **environment}
    command = [str(EXECUTABLE), *([engine] if engine else [])]
    with subprocess.Popen(command, env={**inherited, **own}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield Plugin(process, ResourceProviderStub(channel))
        finally:
            process.terminate()


@dataclass
class FakeTione:
    """What answers for the local TI-ONE: a body that a test may set."""

    endpoint: str = ""
    body: Any = field(default_factory=list)


@pytest.fixture(scope="module")
def tione() -> Iterator[FakeTione]:
    fake = FakeTione()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/_emulator/tasks"
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(json.dumps(fake.body).encode() if known else b"")

        def log_message(self, *_: object) -> None:
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield fake
        server.shutdown()
        thread.join()


class FakeEngine(engine_pb2_grpc.EngineServicer):
    """Keeps what the plugin logs."""

    def __init__(self) -> None:
        self.lines: list[engine_pb2.LogRequest] = []

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> Empty:  # noqa: N802 (the protocol's)
        self.lines.append(request)
        return Empty()


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory, tione: FakeTione) -> Iterator[Plugin]:
    """One process for all tests that need no other: each makes its own VPC."""
    state = tmp_path_factory.mktemp("account")
    with running(state, TIONE_ENDPOINT=tione.endpoint, http_proxy=DEAD_PROXY, HTTP_PROXY=DEAD_PROXY) as started:
        yield started


@pytest.fixture
def place_task(tione: FakeTione) -> Iterator[Callable[..., None]]:
    """Puts one task in front of the plugin, for the time of a test."""

    def place(*, wrapped: bool = False, **task: str) -> None:
        tasks = [{"Id": "train-1", "Name": "bert", "Status": "STOPPING", **task}]
        tione.body = {"Tasks": tasks} if wrapped else tasks

    yield place
    tione.body = []


names = (f"corpus{number}-1250000000" for number in count())


# --- Check


@pytest.mark.parametrize(
    ("resource", "args"),
    [
        (tencentcloud.vpc.Instance, tencentcloud.vpc.InstanceArgs),
        (tencentcloud.subnet.Instance, tencentcloud.subnet.InstanceArgs),
        (tencentcloud.cos.Bucket, tencentcloud.cos.BucketArgs),
    ],
)
def test_arguments_and_outputs_are_those_of_the_vendor_s_package(plugin: Plugin, resource: Any, args: Any) -> None:
    input_names = input_type_py_to_pulumi_names(args)
    keywords = [each for each in inspect.signature(args).parameters.values() if each.kind is each.KEYWORD_ONLY]
    required = {input_names[each.name] for each in keywords if each.default is each.empty}
    assert required
    assert plugin.failures(resource.pulumi_type, {}).keys() == required

    _, outputs = plugin.create(resource.pulumi_type, dict.fromkeys(required, UNKNOWN), preview=True)
    declared = set(resource_py_to_pulumi_names(resource).values())
    decided_by_the_cloud = declared - set(input_names.values())
    assert decided_by_the_cloud
    assert decided_by_the_cloud <= outputs.keys() <= declared


@pytest.mark.parametrize(
    "cidr", ["10.0.0.0", "10.0.0.0/33", "10.0.0.1/16", "10.0.0.0/255.255.0.0", "fd00::/64", "", 10]
)
@pytest.mark.parametrize("kind", [VPC, SUBNET])
def test_check_refuses_what_is_no_network_in_cidr_notation(plugin: Plugin, kind: str, cidr: object) -> None:
    news = {"cidrBlock": cidr, "vpcId": "vpc-00000000", "availabilityZone": ZONE}
    assert plugin.failures(kind, news).keys() == {"cidrBlock"}


def test_check_shows_which_network_an_address_within_it_would_be(plugin: Plugin) -> None:
    assert "10.0.0.0/16, not 10.0.3.1/16" in plugin.failures(VPC, {"cidrBlock": "10.0.3.1/16"})["cidrBlock"]


@pytest.mark.parametrize(
    "bucket",
    ["corpus", "corpus-125", "Corpus-1250000000", "-corpus-1250000000", "a_b-1250000000", "c" * 50 + "-1250000000"],
)
def test_check_refuses_a_bucket_name_without_the_appid_or_against_the_rules(plugin: Plugin, bucket: str) -> None:
    assert plugin.failures(BUCKET, {"bucket": bucket}).keys() == {"bucket"}


def test_check_refuses_a_name_of_more_than_60_characters(plugin: Plugin) -> None:
    assert plugin.failures(VPC, {"cidrBlock": "10.0.0.0/16", "name": "训" * 60}) == {}
    assert plugin.failures(VPC, {"cidrBlock": "10.0.0.0/16", "name": "训" * 61}).keys() == {"name"}


def test_check_passes_over_what_is_not_known_yet(plugin: Plugin) -> None:
    news = {"vpcId": UNKNOWN, "cidrBlock": UNKNOWN, "availabilityZone": UNKNOWN, "name": UNKNOWN}
    assert plugin.failures(SUBNET, news) == {}
    assert plugin.failures(BUCKET, {"bucket": UNKNOWN}) == {}


def test_an_automatic_name_is_that_of_the_preview_and_stays(plugin: Plugin) -> None:
    news = {"cidrBlock": "10.0.0.0/16"}
    first = plugin.inputs(VPC, news)
    assert re.fullmatch(r"train-[0-9a-f]{7}", first["name"])
    assert plugin.inputs(VPC, news) == first
    assert plugin.inputs(VPC, news, first, seed=b"another") == first
    assert plugin.inputs(VPC, news, seed=b"another")["name"] != first["name"]


def test_an_automatic_name_follows_where_the_program_gives_none_any_more(plugin: Plugin) -> None:
    news = {"cidrBlock": "10.0.0.0/16"}
    explicit = plugin.inputs(VPC, {**news, "name": "mine"})
    assert re.fullmatch(r"train-[0-9a-f]{7}", plugin.inputs(VPC, news, explicit)["name"])


# --- Diff


@pytest.mark.parametrize(
    ("kind", "key", "new", "replaces"),
    [
        (VPC, "cidrBlock", "10.1.0.0/16", True),
        (VPC, "name", "renamed", False),
        (VPC, "tags", {"team": "nlp"}, False),
        (SUBNET, "cidrBlock", "10.0.2.0/24", True),
        (SUBNET, "vpcId", "vpc-22222222", True),
        (SUBNET, "vpcId", UNKNOWN, True),
        (SUBNET, "availabilityZone", "ap-guangzhou-4", True),
        (SUBNET, "name", "renamed", False),
        (BUCKET, "bucket", "other-1250000000", True),
        (BUCKET, "tags", {"team": "nlp"}, False),
        (BUCKET, "acl", "public-read", False),
        (OBJECT, "key", "code/train.py", True),
        (OBJECT, "content", "print(2)", False),
    ],
)
def test_diff_shows_what_replaces_and_what_is_updated(
    plugin: Plugin, kind: str, key: str, new: object, replaces: bool
) -> None:
    olds: Properties = {
        VPC: {"cidrBlock": "10.0.0.0/16"},
        SUBNET: {"vpcId": "vpc-11111111", "cidrBlock": "10.0.1.0/24", "availabilityZone": ZONE},
        BUCKET: {"bucket": "corpus-1250000000"},
        OBJECT: {"bucket": "corpus-1250000000", "key": "code/main.py", "content": "print(1)"},
    }[kind]
    diff = plugin.diff(kind, olds, {**olds, key: new})
    assert diff.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(diff.diffs) == list(diff.detailedDiff) == [key]
    assert list(diff.replaces) == ([key] if replaces else [])
    kind_of_change = provider_pb2.PropertyDiff.Kind.Name(diff.detailedDiff[key].kind)
    assert kind_of_change.endswith("_REPLACE") is replaces


def test_diff_of_the_same_inputs_is_none(plugin: Plugin) -> None:
    inputs = {"cidrBlock": "10.0.0.0/16", "tags": {"team": "nlp"}}
    assert plugin.diff(VPC, inputs, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_the_old_one_goes_first_only_where_the_program_chose_the_name(plugin: Plugin) -> None:
    olds, news = {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16"}
    assert not plugin.diff(VPC, olds, news).deleteBeforeReplace
    assert plugin.diff(VPC, {**olds, "name": "mine"}, {**news, "name": "mine"}).deleteBeforeReplace


# --- Create


@pytest.mark.parametrize(
    ("kind", "news", "computed"),
    [
        (VPC, {"cidrBlock": "10.0.0.0/16"}, {"createTime", "defaultRouteTableId", "dnsServers", "isDefault"}),
        (
            SUBNET,
            {"vpcId": UNKNOWN, "cidrBlock": "10.0.1.0/24", "availabilityZone": ZONE},
            {"availableIpCount", "createTime", "routeTableId"},
        ),
        (BUCKET, {"bucket": "corpus-1250000000"}, {"cosBucketUrl"}),
    ],
)
def test_a_preview_leaves_id_and_computed_outputs_unknown(
    plugin: Plugin, kind: str, news: Properties, computed: set[str]
) -> None:
    made, outputs = plugin.create(kind, news, preview=True)
    assert made == ""
    assert computed <= {key for key, value in outputs.items() if value == UNKNOWN}
    assert outputs.items() >= news.items()


def test_a_preview_makes_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "state") as plugin:
        plugin.create(BUCKET, {"bucket": "corpus-1250000000"}, preview=True)
    assert not (tmp_path / "state").exists()


def test_a_vpc_and_its_subnet_get_ids_of_the_service_s_form(plugin: Plugin) -> None:
    vpc_id, vpc = plugin.create(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"team": "nlp"}})
    news = {"vpcId": vpc_id, "cidrBlock": "10.0.1.0/24", "availabilityZone": ZONE, "isMulticast": False}
    subnet_id, subnet = plugin.create(SUBNET, news)
    assert re.fullmatch(r"vpc-[a-z0-9]{8}", vpc_id)
    assert re.fullmatch(r"subnet-[a-z0-9]{8}", subnet_id)
    assert vpc["tags"] == {"team": "nlp"}
    assert subnet.items() >= news.items()
    assert subnet["routeTableId"] == vpc["defaultRouteTableId"]
    assert subnet["availableIpCount"] == 253


def test_a_bucket_s_id_is_its_name(plugin: Plugin) -> None:
    name = next(names)
    made, outputs = plugin.create(BUCKET, {"bucket": name})
    assert made == outputs["bucket"] == name
    assert outputs["cosBucketUrl"] == f"{name}.cos.ap-guangzhou.myqcloud.com"


def test_an_object_lies_in_a_bucket_which_cannot_go_before_it(plugin: Plugin, tmp_path: Path) -> None:
    bucket, file = next(names), tmp_path / "train.py"
    file.write_text("print(1)", encoding="utf-8")
    news = {"bucket": bucket, "key": "code/train.py", "source": str(file)}
    with refused("NoSuchBucket", bucket):
        plugin.create(OBJECT, news)

    plugin.create(BUCKET, {"bucket": bucket})
    made, outputs = plugin.create(OBJECT, news)
    assert made == f"{bucket}code/train.py"
    assert outputs["etag"] == hashlib.md5(b"print(1)", usedforsecurity=False).hexdigest()
    with refused("BucketNotEmpty", made):
        plugin.delete(BUCKET, bucket)

    plugin.delete(OBJECT, made)
    plugin.delete(BUCKET, bucket)


def test_check_refuses_a_file_that_is_not_there(plugin: Plugin, tmp_path: Path) -> None:
    news = {"bucket": "corpus-1250000000", "key": "train.py", "source": str(tmp_path / "none.py")}
    assert plugin.failures(OBJECT, news).keys() == {"source"}


def test_a_bucket_that_exists_is_refused(plugin: Plugin) -> None:
    name = next(names)
    plugin.create(BUCKET, {"bucket": name})
    with refused("BucketAlreadyOwnedByYou", name):
        plugin.create(BUCKET, {"bucket": name})


@pytest.mark.parametrize("cidr", ["11.0.0.0/16", "172.32.0.0/16", "10.0.0.0/11", "10.0.0.0/29"])
def test_a_vpc_outside_the_private_ranges_or_of_a_wrong_size_is_refused(plugin: Plugin, cidr: str) -> None:
    with refused("InvalidParameterValue", cidr):
        plugin.vpc(cidr)


@pytest.mark.parametrize("cidr", ["10.1.0.0/24", "192.168.0.0/24"])
def test_a_subnet_outside_its_vpc_is_refused(plugin: Plugin, cidr: str) -> None:
    vpc_id = plugin.vpc("10.0.0.0/16")
    with refused("InvalidParameterValue.SubnetRange", cidr, vpc_id, "10.0.0.0/16"):
        plugin.subnet(vpc_id, cidr)


def test_a_subnet_may_lie_in_an_assistant_range_of_its_vpc(plugin: Plugin) -> None:
    vpc_id, _ = plugin.create(VPC, {"cidrBlock": "10.0.0.0/16", "assistantCidrs": ["10.9.0.0/16"]})
    assert plugin.subnet(vpc_id, "10.9.1.0/24")


def test_a_subnet_that_overlaps_another_of_the_same_vpc_is_refused(plugin: Plugin) -> None:
    vpc_id, other_vpc_id = plugin.vpc(), plugin.vpc()
    subnet_id = plugin.subnet(vpc_id, "10.0.0.0/20")
    with refused("InvalidParameterValue.SubnetOverlap", "10.0.1.0/24", subnet_id):
        plugin.subnet(vpc_id, "10.0.1.0/24")
    assert plugin.subnet(other_vpc_id, "10.0.1.0/24")


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/29"])
def test_a_subnet_of_a_wrong_size_is_refused(plugin: Plugin, cidr: str) -> None:
    vpc_id = plugin.vpc("10.0.0.0/12")
    with refused("InvalidParameterValue", cidr):
        plugin.subnet(vpc_id, cidr)


def test_a_subnet_in_a_vpc_that_is_none_is_refused(plugin: Plugin) -> None:
    with refused("InvalidParameterValue.Malformed", "'vpc.id'"):
        plugin.subnet("vpc.id")
    with refused("ResourceNotFound", "vpc-00000000"):
        plugin.subnet("vpc-00000000")


# --- Update and read


def test_an_update_keeps_what_the_cloud_decided_and_takes_what_the_program_shows(plugin: Plugin) -> None:
    vpc_id, made = plugin.create(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"team": "nlp"}})
    updated = plugin.update(VPC, vpc_id, {"cidrBlock": "10.0.0.0/16", "name": "renamed"})
    assert updated == {**{key: value for key, value in made.items() if key != "tags"}, "name": "renamed"}
    assert json_format.MessageToDict(plugin.read(VPC, vpc_id).properties) == updated


def test_an_update_of_what_is_gone_is_refused(plugin: Plugin) -> None:
    with refused("ResourceNotFound", "vpc-00000000"):
        plugin.update(VPC, "vpc-00000000", {"cidrBlock": "10.0.0.0/16"})


def test_what_is_read_is_what_was_made(plugin: Plugin) -> None:
    news = {"cidrBlock": "10.0.0.0/16"}
    vpc_id, outputs = plugin.create(VPC, news)
    found = plugin.read(VPC, vpc_id)
    assert found.id == vpc_id
    assert json_format.MessageToDict(found.properties) == outputs
    assert json_format.MessageToDict(found.inputs) == plugin.inputs(VPC, news)


def test_what_is_gone_reads_as_an_empty_id(plugin: Plugin) -> None:
    vpc_id = plugin.vpc()
    plugin.delete(VPC, vpc_id)
    assert plugin.read(VPC, vpc_id).id == ""
    assert plugin.read(BUCKET, "never-1250000000").id == ""


# --- Delete


def test_a_vpc_that_still_has_a_subnet_is_not_deleted(plugin: Plugin) -> None:
    vpc_id = plugin.vpc()
    subnet_id = plugin.subnet(vpc_id)
    with refused("ResourceInUse", vpc_id, subnet_id):
        plugin.delete(VPC, vpc_id)
    assert plugin.read(VPC, vpc_id).id == vpc_id
    plugin.delete(SUBNET, subnet_id)
    plugin.delete(VPC, vpc_id)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_subnet_that_still_has_a_task_is_not_deleted(
    plugin: Plugin, place_task: Callable[..., None], wrapped: bool
) -> None:
    subnet_id = plugin.subnet(plugin.vpc())
    place_task(SubnetId=subnet_id, wrapped=wrapped)
    with refused("ResourceInUse", subnet_id, "train-1 (STOPPING)"):
        plugin.delete(SUBNET, subnet_id)
    assert plugin.read(SUBNET, subnet_id).id == subnet_id


def test_a_vpc_that_still_has_a_task_is_not_deleted(plugin: Plugin, place_task: Callable[..., None]) -> None:
    vpc_id = plugin.vpc()
    place_task(VpcId=vpc_id)
    with refused("ResourceInUse", vpc_id, "train-1"):
        plugin.delete(VPC, vpc_id)


def test_a_task_elsewhere_holds_nothing(plugin: Plugin, place_task: Callable[..., None]) -> None:
    place_task(VpcId="vpc-00000000", SubnetId="subnet-00000000")
    vpc_id = plugin.vpc()
    plugin.delete(SUBNET, plugin.subnet(vpc_id))
    plugin.delete(VPC, vpc_id)


def test_deleting_what_is_gone_is_no_error(plugin: Plugin) -> None:
    plugin.delete(VPC, "vpc-00000000")
    plugin.delete(SUBNET, "subnet-00000000")
    plugin.delete(BUCKET, "never-1250000000")


@pytest.mark.parametrize("body", [{}, {"Tasks": None}, "all fine"])
def test_an_answer_without_tasks_lets_nothing_go(plugin: Plugin, tione: FakeTione, body: object) -> None:
    vpc_id = plugin.vpc()
    tione.body = body
    try:
        with pytest.raises(grpc.RpcError, match="the answer has no list of tasks"):
            plugin.delete(VPC, vpc_id)
    finally:
        tione.body = []


def test_a_local_tione_that_does_not_answer_lets_nothing_go(tmp_path: Path) -> None:
    with running(tmp_path, TIONE_ENDPOINT="http://127.0.0.1:9") as plugin:
        vpc_id = plugin.vpc()
        with pytest.raises(grpc.RpcError, match=r"cannot find out which training tasks.*TIONE_ENDPOINT"):
            plugin.delete(VPC, vpc_id)
        assert plugin.read(VPC, vpc_id).id == vpc_id


def test_the_real_service_is_not_asked(tmp_path: Path) -> None:
    with running(tmp_path, TIONE_ENDPOINT="https://tione.invalid") as plugin:
        plugin.delete(VPC, plugin.vpc())


# --- The process


def test_what_one_process_made_another_knows(tmp_path: Path) -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(running(tmp_path)) for _ in range(2))
        vpc_id = first.vpc()
        subnet_id = second.subnet(vpc_id)
        with refused("ResourceInUse", subnet_id):
            first.delete(VPC, vpc_id)


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(running(tmp_path)) for _ in range(2)]
        vpc_id = processes[0].vpc()
        with ThreadPoolExecutor(max_workers=8) as pool:
            blocks = [f"10.0.{third}.0/24" for third in range(40)]
            made = list(pool.map(lambda turn: processes[turn[0] % 2].subnet(vpc_id, turn[1]), enumerate(blocks)))
        assert [processes[0].read(SUBNET, subnet_id).properties["cidrBlock"] for subnet_id in made] == blocks


def test_without_a_named_folder_the_state_is_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    program = tmp_path / "examples" / "network"
    program.mkdir(parents=True)
    monkeypatch.chdir(program)
    with running(Path(), TENCENTCLOUD_STANDIN_STATE="") as plugin:
        plugin.vpc()
    assert list((tmp_path / ".cache" / "neighbours").iterdir())
    assert not list(program.iterdir())


def test_the_first_creation_shows_what_the_plugin_is_and_no_later_one(tmp_path: Path) -> None:
    engine, server = FakeEngine(), grpc.server(ThreadPoolExecutor(max_workers=1))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        with running(tmp_path, engine=address, http_proxy=DEAD_PROXY, HTTP_PROXY=DEAD_PROXY) as plugin:
            plugin.create(VPC, {"cidrBlock": "10.0.0.0/16"}, preview=True)
            assert not engine.lines
            plugin.vpc()
            plugin.vpc()
    finally:
        server.stop(grace=None).wait()
    (line,) = engine.lines
    assert "nothing is created in the cloud" in line.message
    assert line.urn == urn(VPC)


def test_the_version_shows_that_it_is_a_stand_in(plugin: Plugin) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\+standin", plugin.stub.GetPluginInfo(Empty()).version)


def test_the_region_of_a_bucket_s_address_is_the_configured_one(tmp_path: Path) -> None:
    with running(tmp_path, TENCENTCLOUD_REGION="ap-shanghai") as plugin:
        name = next(names)
        assert plugin.create(BUCKET, {"bucket": name})[1]["cosBucketUrl"] == f"{name}.cos.ap-shanghai.myqcloud.com"
        plugin.stub.Configure(provider_pb2.ConfigureRequest(variables={"tencentcloud:config:region": "ap-beijing"}))
        name = next(names)
        assert plugin.create(BUCKET, {"bucket": name})[1]["cosBucketUrl"] == f"{name}.cos.ap-beijing.myqcloud.com"


def test_another_resource_or_function_of_the_package_is_refused_by_name(plugin: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="has no tencentcloud:Eip/instance:Instance, only"):
        plugin.check("tencentcloud:Eip/instance:Instance", {})
    with pytest.raises(grpc.RpcError, match="has no tencentcloud:Vpc/getInstances:getInstances, only"):
        plugin.stub.Invoke(provider_pb2.InvokeRequest(tok="tencentcloud:Vpc/getInstances:getInstances"))


def test_a_resource_within_a_component_is_known_by_its_own_type(plugin: Plugin) -> None:
    nested = urn(f"shop:index:Network${BUCKET}", name="a::b")
    checked = plugin.stub.Check(provider_pb2.CheckRequest(urn=nested, news=struct({"bucket": "x-1250000000"})))
    assert not checked.failures


def test_the_plugin_goes_at_once_when_the_engine_interrupts_it(tmp_path: Path) -> None:
    with running(tmp_path) as plugin:
        plugin.vpc()
        plugin.process.send_signal(signal.SIGINT)  # the engine's way; after 5 s it would kill
        assert plugin.process.wait(timeout=2) == 0


def test_the_plugin_goes_when_its_engine_is_gone(tmp_path: Path) -> None:
    # A shell that starts the plugin and then ends stands for an engine that was killed.
    command = f'"{EXECUTABLE}" > "{tmp_path}/port" & while [ ! -s "{tmp_path}/port" ]; do sleep 0.02; done'
    environment = {**os.environ, "PULUMI_PYTHON_CMD": sys.executable, "TENCENTCLOUD_STANDIN_STATE": str(tmp_path)}
    subprocess.run(["sh", "-c", command], env=environment, check=True, timeout=10)
    address = f"127.0.0.1:{int((tmp_path / 'port').read_text())}"
    deadline = time.monotonic() + 10
    while _answers(address):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _answers(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=2)
        except grpc.RpcError:
            return False
    return True
