"""The resource in a program: what reaches the engine, and what the program sees. The engine is Pulumi's own mock.

Waits are in `test_waiter.py`, arguments of `wait_for` in `test_wait_arguments.py`, what check refuses in
`test_check.py`.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dill  # type: ignore[import-untyped]
import pulumi
import pytest
from pulumi.dynamic import ReadResult, Resource, ResourceProvider
from pulumi.runtime import _serialization, settings
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

import pulumi_tione as tione
from pulumi_tione import training_task
from pulumi_tione._api.client import Client
from pulumi_tione._masking import mask
from pulumi_tione._pulumi import stack_config
from pulumi_tione._pulumi.options import property_path
from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import RETAINED
from pulumi_tione._schema.paths import PROGRAM_NAMES
from pulumi_tione._wait import task_wait
from pulumi_tione.errors import WaitFailedError
from pulumi_tione.lifecycle.messages import not_created

# Of the loops that the mock engine leaves in its threads, some are collected after their own sockets.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:Exception ignored in. <function BaseEventLoop.__del__:pytest.PytestUnraisableExceptionWarning"
)

TOKEN = "pulumi-python:dynamic/tione:TrainingTask"
SECRET = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks what is no plain map; a secret has its `value` next to it."""
GROUP: tione.ResourceConfigInfoArgs = {"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 2}
SMALLEST: tione.TrainingTaskArgs = {
    "charge_type": "POSTPAID_BY_HOUR",
    "resource_config_infos": [GROUP],
    "start_cmd_info": {"worker_start_cmd": "sleep 5"},
}


class Engine(Mocks):
    """Keeps what is registered, and returns `outputs` of each resource in addition to its inputs."""

    def __init__(self) -> None:
        self.registered: dict[str, MockResourceArgs] = {}
        self.outputs: dict[str, Any] = {
            "name": "dev-bert",
            "region": "ap-guangzhou",
            "status": "RUNNING",
            "endTime": "",
        }

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.registered[args.name] = args
        return args.resource_id or f"{args.name}-id", {**args.inputs, **self.outputs}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {}, None

    def inputs(self, name: str = "bert") -> dict[str, Any]:
        """What reached the engine, without the provider, the owner, and how the program writes its arguments."""
        inputs = self.registered[name].inputs
        return {key: value for key, value in inputs.items() if key not in ("__provider", "owner", PROGRAM_NAMES)}

    def owner(self, name: str = "bert") -> dict[str, Any]:
        owner: dict[str, Any] = self.registered[name].inputs["owner"]
        return owner


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Pulumi's mock engine, on an event loop of the test's own."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # What an earlier test of the process has left belongs to another loop: to wait for it would fail.
    settings.SETTINGS.outputs.clear()
    settings.SETTINGS.rpc_manager.clear()
    settings.set_root_resource(None)  # type: ignore[arg-type]
    try:
        yield Engine()
    finally:
        with warnings.catch_warnings():
            # The mock engine makes an event loop in each of its threads and closes none.
            warnings.simplefilter("ignore", ResourceWarning)
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            asyncio.set_event_loop(None)
            gc.collect()


def run(engine: Engine, program: Callable[[], Any], *, preview: bool = False) -> Any:
    """Run a program to its end, and give what the Output that it returns has become."""
    seen: list[Any] = []

    def main() -> Any:
        result = program()
        return result.apply(seen.append) if isinstance(result, pulumi.Output) else None

    pulumi.runtime.set_mocks(engine, project="nlp", stack="dev", organization="acme", preview=preview)
    to_its_end: Any = pulumi.runtime.test
    to_its_end(main)()
    return seen[0] if seen else None


def declare(args: Any = SMALLEST, opts: pulumi.ResourceOptions | None = None) -> None:
    """Declare a task, with args that a type checker need not like."""
    tione.TrainingTask("bert", args, opts)


def run_task(engine: Engine, **changes: Any) -> dict[str, Any]:
    """Run a program with one task, the smallest with some fields changed, and give its inputs."""
    run(engine, lambda: declare({**SMALLEST, **changes}))
    return engine.inputs()


class Neighbour(pulumi.CustomResource):
    """Some resource that a task may refer to."""

    def __init__(self, name: str) -> None:
        super().__init__("tencentcloud:Subnet/instance:Instance", name)


class Group(pulumi.ComponentResource):
    """Some component that a task may be a part of."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("acme:train:Group", name, None, opts)


# Forms.

EXPECTED = {
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 2}],
    "startCmdInfo": {"workerStartCmd": "sleep 5"},
    "dataConfigs": [{"mappingPath": "/data", "gooseFsSource": {"nameSpace": "n"}, "cbsSource": {"volumeSizeInGb": 50}}],
    "tags": {"team_of": "nlp"},
}


def by_keywords() -> tione.TrainingTask:
    return tione.TrainingTask(
        "bert",
        charge_type="POSTPAID_BY_HOUR",
        resource_config_infos=[
            tione.ResourceConfigInfoArgs(role="WORKER", instance_type="TI.S.MEDIUM.POST", instance_num=2)
        ],
        start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd="sleep 5"),
        data_configs=[
            tione.DataConfigArgs(
                mapping_path="/data",
                goose_fs_source=tione.GooseFSArgs(name_space="n"),
                cbs_source=tione.CBSConfigArgs(volume_size_in_gb=50),
            )
        ],
        tags={"team_of": "nlp"},
    )


def by_args() -> tione.TrainingTask:
    return tione.TrainingTask(
        "bert",
        tione.TrainingTaskArgs(
            charge_type="POSTPAID_BY_HOUR",
            resource_config_infos=[GROUP],
            start_cmd_info={"worker_start_cmd": "sleep 5"},
            data_configs=[
                {
                    "mapping_path": "/data",
                    "goose_fs_source": {"name_space": "n"},
                    "cbs_source": {"volume_size_in_gb": 50},
                }
            ],
            tags={"team_of": "nlp"},
        ),
    )


def by_dict() -> tione.TrainingTask:
    return tione.TrainingTask(
        "bert",
        {
            "charge_type": "POSTPAID_BY_HOUR",
            "resource_config_infos": ({"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 2},),
            "start_cmd_info": {"worker_start_cmd": "sleep 5"},
            "data_configs": [
                {
                    "mapping_path": "/data",
                    "goose_fs_source": {"name_space": "n"},
                    "cbs_source": {"volume_size_in_gb": 50},
                }
            ],
            "tags": {"team_of": "nlp"},
        },
    )


def by_properties() -> tione.TrainingTask:
    return tione.TrainingTask("bert", EXPECTED)  # type: ignore[call-overload, no-any-return]


def by_outputs() -> tione.TrainingTask:
    async def later() -> str:
        return "/data"

    return tione.TrainingTask(
        "bert",
        charge_type=pulumi.Output.from_input("POSTPAID_BY_HOUR"),
        resource_config_infos=pulumi.Output.from_input([GROUP]),
        start_cmd_info=pulumi.Output.from_input("sleep 5").apply(
            lambda command: tione.StartCmdInfoArgs(worker_start_cmd=command)
        ),
        data_configs=[
            pulumi.Output.from_input(
                tione.DataConfigArgs(
                    mapping_path=later(),
                    goose_fs_source=pulumi.Output.from_input(tione.GooseFSArgs(name_space="n")),
                    cbs_source={"volume_size_in_gb": pulumi.Output.from_input(50)},
                )
            )
        ],
        tags=pulumi.Output.from_input({"team_of": "nlp"}),
    )


@pytest.mark.parametrize("program", [by_keywords, by_args, by_dict, by_properties, by_outputs])
def test_every_form_of_the_args_gives_the_same_properties(
    engine: Engine, program: Callable[[], tione.TrainingTask]
) -> None:
    run(engine, lambda: [program()])
    assert engine.inputs() == EXPECTED
    assert engine.registered["bert"].typ == TOKEN


def test_none_is_not_set(engine: Engine) -> None:
    inputs = run_task(
        engine, remark=None, private_envs=None, callback_url=None, resource_config_infos=[{**GROUP, "gpu": None}]
    )
    assert not {"remark", "privateEnvs", "callbackUrl"} & set(inputs)
    assert inputs["resourceConfigInfos"] == EXPECTED["resourceConfigInfos"]


def test_the_keys_of_a_map_are_the_users_own(engine: Engine) -> None:
    own = {"vpc_id": "a", "resource_config_infos": "b", "a.b/c": "d"}
    inputs = run_task(
        engine, tags=own, envs=own, additional_parameters={"Some_Thing": {"vpc_id": 1, "list_of": [{"a_b": 1}]}}
    )
    assert inputs["tags"] == own
    assert inputs["envs"] == own
    assert inputs["additionalParameters"] == {"Some_Thing": {"vpc_id": 1, "list_of": [{"a_b": 1}]}}


def test_the_args_of_the_program_are_left_as_they_were(engine: Engine) -> None:
    args: tione.TrainingTaskArgs = {**SMALLEST, "private_envs": {"TOKEN": "x"}}
    before = repr(args)
    run(engine, lambda: [tione.TrainingTask(name, args) for name in ("bert", "gpt")])
    assert repr(args) == before
    assert engine.inputs("bert") == engine.inputs("gpt")


def test_a_misspelt_key_reaches_check_which_names_it(engine: Engine) -> None:
    inputs = run_task(engine, vpcid="vpc-1", resource_config_infos=[{**GROUP, "instance_nums": 3}])
    assert inputs["vpcid"] == "vpc-1"
    assert inputs["resourceConfigInfos"][0]["instance_nums"] == 3


# What cannot be handed to the engine.


def refused(engine: Engine, **changes: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        run_task(engine, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"tuning_parameters": b"{}"}, "tuningParameters"),
        ({"encoded_start_cmd_info": {"start_cmd_info": base64.b64encode(b"{}")}}, "encodedStartCmdInfo.startCmdInfo"),
        ({"envs": {"A": bytearray(b"x")}}, "envs.A"),
        ({"tags": {"a.b": b"x"}}, 'tags["a.b"]'),
        ({"queues": ["q-1", b"q-2"]}, "queues[1]"),
        ({"triggers": [b"x"]}, "triggers[0]"),
        ({"data_configs": [{}, {"cfs_source": {"id": b"cfs-1"}}]}, "dataConfigs[1].cfsSource.id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bytes_are_an_error_at_their_path(engine: Engine, changes: dict[str, Any], path: str) -> None:
    text = refused(engine, **changes)
    assert f"{path}: got bytes, not text; use .decode()" in text


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("tuning_parameters", b"{}", "tuningParameters"),
        ("resource_config_infos", [{"role": b"WORKER"}], "resourceConfigInfos[0].role"),
        ("output", {"bucket": "b", "region": b"r", "paths": []}, "output.region"),
    ],
)
def test_bytes_that_an_output_holds_are_an_error_at_their_path_too(
    engine: Engine, name: str, value: Any, path: str
) -> None:
    def program() -> None:
        output = pulumi.Output.from_input("later").apply(lambda _: value)
        declare({**SMALLEST, name: output})

    with pytest.raises(pulumi.RunError) as caught:
        run(engine, program)
    assert f"{path}: got bytes, not text; use .decode()" in str(caught.value)
    assert "training task 'bert'" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (lambda: {"subnet_id": Neighbour("subnet")}, "subnetId"),
        (lambda: {"output": {"bucket": Neighbour("subnet"), "region": "r", "paths": []}}, "output.bucket"),
        (lambda: {"envs": {"SUBNET": Neighbour("subnet")}}, "envs.SUBNET"),
        (lambda: {"queues": [Neighbour("subnet")]}, "queues[0]"),
        (lambda: {"image_info": Neighbour("subnet")}, "imageInfo"),
    ],
    ids=["subnet", "bucket", "variable", "queue", "struct"],
)
def test_a_resource_where_its_id_belongs_is_an_error_at_its_path_with_a_hint(
    engine: Engine, changes: Callable[[], dict[str, Any]], path: str
) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run(engine, lambda: declare({**SMALLEST, **changes()}))
    assert str(caught.value) == f"training task 'bert': {path}: got the resource 'subnet' itself; pass its .id"


def test_a_resource_among_triggers_is_fine(engine: Engine) -> None:
    run(engine, lambda: declare({**SMALLEST, "triggers": [Neighbour("subnet")]}))
    assert "triggers" in engine.inputs()


def test_all_violations_are_reported_at_once(engine: Engine) -> None:
    text = refused(engine, tuning_parameters=b"{}", queues=[b"q"])
    assert text.startswith("training task 'bert': ")
    assert "tuningParameters" in text
    assert "queues[0]" in text


def test_a_field_that_is_given_under_both_names_is_an_error(engine: Engine) -> None:
    assert "vpcId: is set twice" in refused(engine, vpc_id="vpc-1", vpcId="vpc-2")


def test_args_and_keyword_arguments_together_are_an_error(engine: Engine) -> None:
    with pytest.raises(pulumi.RunError, match="training task 'bert': pass either args or keyword arguments, not both"):
        run(engine, lambda: tione.TrainingTask("bert", SMALLEST, remark="x"))  # type: ignore[call-overload]


# Secrets.


def secret(value: Any) -> dict[str, Any]:
    return {SECRET: "1b47061264138c4ac30d75fd1eb44270", "value": value}


def test_what_is_secret_by_nature_is_marked_whether_or_not_the_program_marks_it(engine: Engine) -> None:
    image = {
        "image_type": "CUSTOM",
        "image_url": "u",
        "image_secret": {"username": "somebody", "password": "cGxhbnRlZA=="},
    }
    inputs = run_task(engine, private_envs={"TOKEN": "planted"}, callback_url="http://planted", image_info=image)
    assert inputs["privateEnvs"] == secret({"TOKEN": "planted"})
    assert inputs["callbackUrl"] == secret("http://planted")
    assert inputs["imageInfo"] == secret(
        {
            "imageType": "CUSTOM",
            "imageUrl": "u",
            "imageSecret": {"username": "somebody", "password": "cGxhbnRlZA=="},
        }
    )


def test_tuning_parameters_may_be_a_map_in_any_order(engine: Engine) -> None:
    values: dict[str, Any] = {"lr": 0.001, "epochs": 3, "名": ["文", True, None]}
    text = '{"epochs":3,"lr":0.001,"名":["文",true,null]}'
    assert run_task(engine, tuning_parameters=values)["tuningParameters"] == text
    assert run_task(engine, tuning_parameters=dict(reversed(values.items())))["tuningParameters"] == text
    assert run_task(engine, tuning_parameters=pulumi.Output.from_input(values))["tuningParameters"] == text
    with_output = {**values, "lr": pulumi.Output.from_input(0.001)}
    assert run_task(engine, tuning_parameters=with_output)["tuningParameters"] == text
    assert run_task(engine, tuning_parameters="{abc,}")["tuningParameters"] == "{abc,}"


@pytest.mark.parametrize("value", [{"a": b"x"}, {"a": float("nan")}, {"a": object()}], ids=["bytes", "NaN", "object"])
@pytest.mark.parametrize("as_output", [False, True])
def test_tuning_parameters_that_are_no_json_are_an_error_at_their_path(
    engine: Engine, value: dict[str, Any], as_output: bool
) -> None:
    given_value = pulumi.Output.from_input(value) if as_output else value
    with pytest.raises(pulumi.RunError, match="tuningParameters: cannot be sent as JSON"):
        run_task(engine, tuning_parameters=given_value)


def test_a_secret_stays_one_inside_outputs_and_next_to_what_is_none(engine: Engine) -> None:
    def program() -> Any:
        image = pulumi.Output.from_input({"image_type": "CUSTOM", "image_url": "u", "image_secret": {"password": "x"}})
        task = tione.TrainingTask(
            "bert",
            charge_type="POSTPAID_BY_HOUR",
            resource_config_infos=[GROUP],
            image_info=image,  # type: ignore[arg-type]
            private_envs={"TOKEN": pulumi.Output.from_input("planted")},
            envs={"TOKEN": pulumi.Output.secret("planted")},
            tags={"team": "nlp"},
        )
        outputs = (task.image_info, task.private_envs, task.envs, task.tags, task.resource_config_infos, task.status)
        return pulumi.Output.all(*(output.is_secret() for output in outputs))

    assert run(engine, program) == [True, True, True, False, False, False]


# Owner and options.


def test_the_owner_is_organization_project_stack_and_name(engine: Engine) -> None:
    run_task(engine)
    assert engine.owner() == {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}


def test_the_owner_of_a_child_names_the_types_of_its_parents_as_its_urn_does(engine: Engine) -> None:
    def program() -> Any:
        outer = Group("outer")
        inner = Group("inner", pulumi.ResourceOptions(parent=outer))
        tione.TrainingTask("bert", SMALLEST, pulumi.ResourceOptions(parent=inner))
        tione.TrainingTask("gpt", SMALLEST, pulumi.ResourceOptions(parent=outer))
        return pulumi.Output.all(inner.urn, outer.urn)

    inner, outer = (urn.split("::")[2] for urn in run(engine, program))
    assert inner.endswith("acme:train:Group$acme:train:Group")
    assert engine.owner("bert")["resource"] == f"{inner}::bert"
    assert engine.owner("gpt")["resource"] == f"{outer}::gpt"


def test_the_owner_records_that_the_old_task_stays(engine: Engine) -> None:
    options = pulumi.ResourceOptions(retain_on_delete=True)
    run(engine, lambda: declare(opts=options))
    assert engine.owner()[RETAINED] is True


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> list[pulumi.ResourceOptions]:
    """The options that the resources of a program are registered with."""
    seen: list[pulumi.ResourceOptions] = []
    original = pulumi.CustomResource.__init__

    def keeping(
        resource: Any, t: str, name: str, props: Any = None, opts: Any = None, *more: Any, **keywords: Any
    ) -> None:
        if isinstance(resource, tione.TrainingTask):
            seen.append(opts)
        original(resource, t, name, props, opts, *more, **keywords)

    monkeypatch.setattr(pulumi.CustomResource, "__init__", keeping)
    return seen


@pytest.mark.parametrize(
    "program_opts",
    [None, pulumi.ResourceOptions(), pulumi.ResourceOptions(delete_before_replace=True)],
    ids=["none", "empty", "true"],
)
def test_the_old_task_always_goes_first(
    engine: Engine, options: list[pulumi.ResourceOptions], program_opts: pulumi.ResourceOptions | None
) -> None:
    run(engine, lambda: declare(opts=program_opts))
    assert [opts.delete_before_replace for opts in options] == [True]


def test_two_runs_at_once_are_refused_with_the_reason(engine: Engine) -> None:
    program_opts = pulumi.ResourceOptions(delete_before_replace=False)
    with pytest.raises(pulumi.RunError, match=r"'bert': delete_before_replace=False is not possible: two runs"):
        run(engine, lambda: declare(opts=program_opts))
    assert engine.registered == {}


def test_other_options_are_kept_and_paths_may_be_written_with_python_names(
    engine: Engine, options: list[pulumi.ResourceOptions]
) -> None:
    program_opts = pulumi.ResourceOptions(
        protect=True,
        ignore_changes=["vpc_id", "tags", 'tags["a_b"]', "envs.my_key"],
        replace_on_changes=["log_config"],
        additional_secret_outputs=["billing_info"],
    )
    run(engine, lambda: declare(opts=program_opts))
    (opts,) = options
    assert opts.protect is True
    assert opts.ignore_changes == ["vpcId", "tags", 'tags["a_b"]', "envs.my_key"]
    assert opts.replace_on_changes == ["logConfig"]
    assert opts.additional_secret_outputs == ["billingInfo"]
    assert program_opts.ignore_changes == ["vpc_id", "tags", 'tags["a_b"]', "envs.my_key"]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("vpc_id", "vpcId"),
        ("vpcId", "vpcId"),
        ("billing_info", "billingInfo"),
        ("resource_config_infos[0].instance_num", "resourceConfigInfos[0].instanceNum"),
        ("resource_config_infos[*].rdma_config.enable", "resourceConfigInfos[*].rdmaConfig.enable"),
        ("expose_network_config.ssh_config.public_key", "exposeNetworkConfig.sshConfig.publicKey"),
        ("envs.my_key", "envs.my_key"),
        ('tags["a_b.c_d"]', 'tags["a_b.c_d"]'),
        ("additional_parameters.Some_Thing.a_b", "additionalParameters.Some_Thing.a_b"),
        ("additional_parameters[0].*", "additionalParameters[0].*"),
        ("data_configs[0][*]", "dataConfigs[0][*]"),
        ("*", "*"),
    ],
)
def test_a_path_is_translated_at_any_depth_but_not_in_the_users_own_keys(written: str, path: str) -> None:
    assert property_path(written, has_outputs=True) == path


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("vpc_idd", "there is no property 'vpc_idd'; did you mean vpc_id?"),
        ("resource_config_infos[*].instance_nums", "'instance_nums'; did you mean instance_num?"),
        (
            "resource_config_infos.instance_num",
            "resource_config_infos is a list. Write resource_config_infos[*].instance_num",
        ),
        ('resource_config_infos["role"]', "resource_config_infos is a list. Write resource_config_infos[*].role"),
        ("data_configs.0.mapping_path", "data_configs is a list. Write data_configs[0]"),
        ("remark.length", "is text, and has no parts"),
        ("status", "status is an output, and only inputs"),
        ("billingInfo", "billingInfo is an output, and only inputs"),
        ("owner", "there is no property 'owner'"),
        ("", "is not a property path"),
        (".vpc_id", "is not a property path"),
        ("tags[", "is not a property path"),
        ("tags..a", "is not a property path"),
    ],
)
@pytest.mark.parametrize("option", ["ignore_changes", "replace_on_changes"])
def test_a_misspelt_path_is_an_error_in_the_program(engine: Engine, option: str, written: str, reason: str) -> None:
    opts = pulumi.ResourceOptions()
    setattr(opts, option, ["vpc_id", written])
    with pytest.raises(pulumi.RunError, match=rf"^training task 'bert': {option}: .*{re.escape(reason)}"):
        run(engine, lambda: declare(opts=opts))
    assert engine.registered == {}


def test_a_misspelt_path_of_a_hidden_diff_is_an_error_and_a_right_one_is_converted(
    engine: Engine, options: list[pulumi.ResourceOptions]
) -> None:
    with pytest.raises(pulumi.RunError, match=r"hide_diffs: there is no property 'envz'; did you mean envs\?"):
        run(engine, lambda: declare(opts=pulumi.ResourceOptions(hide_diffs=["envz"])))
    run(engine, lambda: declare(opts=pulumi.ResourceOptions(hide_diffs=["private_envs", "start_time"])))
    assert options[-1].hide_diffs == ["privateEnvs", "startTime"]


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        (
            lambda: declare(opts={"protect": True}),  # type: ignore[arg-type]
            r"opts is a map\. Pass pulumi\.ResourceOptions\(",
        ),
        (lambda: tione.TrainingTask.get("bert", "train-1", opts=5), r"opts is a number\. Pass pulumi"),  # type: ignore[arg-type]
        (lambda: declare(pulumi.ResourceOptions(parent="p")), r"parent is text\. Pass a resource"),  # type: ignore[arg-type]
        (lambda: tione.TrainingTask("bert", "PYTORCH"), "args is text. Pass tione.TrainingTaskArgs"),  # type: ignore[call-overload]
        (lambda: tione.TrainingTask("bert", [GROUP]), "args is a list. Pass tione.TrainingTaskArgs"),  # type: ignore[call-overload]
        (lambda: tione.TrainingTask.get("bert", None), "id is nothing. Pass the id of a task"),  # type: ignore[arg-type]
        (lambda: tione.TrainingTask.get("bert", " "), "id is empty. Pass the id of a task"),
        (lambda: tione.TrainingTask.get("bert", 7), "id is a number. Pass the id of a task"),  # type: ignore[arg-type]
    ],
)
def test_an_argument_of_another_kind_is_an_error_of_one_line(engine: Engine, declared: Any, reason: str) -> None:
    with pytest.raises(pulumi.RunError, match=rf"^training task 'bert': {reason}"):
        run(engine, declared)
    assert engine.registered == {}


@pytest.mark.parametrize("declared", [declare, lambda opts: tione.TrainingTask.get("bert", "train-1", opts=opts)])
@pytest.mark.parametrize(
    ("opts", "reason"),
    [
        (pulumi.ResourceOptions(import_="train-1"), "import_ does not work .* run `pulumi-tione import bert ID`"),
        (pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1h")), "custom_timeouts .*wait_for"),
        (
            pulumi.ResourceOptions(deleted_with=pulumi.ProviderResource.__new__(pulumi.ProviderResource)),
            "deleted_with is not possible: ",
        ),
    ],
    ids=["import_", "custom_timeouts", "deleted_with"],
)
def test_an_option_without_effect_is_an_error_that_names_what_to_do(
    engine: Engine, declared: Any, opts: pulumi.ResourceOptions, reason: str
) -> None:
    with pytest.raises(pulumi.RunError, match=rf"^training task 'bert': {reason}"):
        run(engine, lambda: declared(opts=opts))
    assert engine.registered == {}


def test_options_may_be_the_second_argument_as_in_other_packages(
    engine: Engine, options: list[pulumi.ResourceOptions]
) -> None:
    def program() -> None:
        tione.TrainingTask("bert", pulumi.ResourceOptions(protect=True), **SMALLEST)

    run(engine, program)
    assert options[0].protect is True
    assert engine.inputs()["chargeType"] == "POSTPAID_BY_HOUR"
    with pytest.raises(pulumi.RunError, match="pass ResourceOptions once"):
        run(engine, lambda: declare(pulumi.ResourceOptions(), pulumi.ResourceOptions()))


def test_an_exported_task_shows_each_field_once(engine: Engine) -> None:
    exported: dict[str, Any] = {}

    def program() -> Any:
        task = tione.TrainingTask("bert", SMALLEST)
        exported.update(task.__dict__)
        return task.charge_type

    assert run(engine, program) == "POSTPAID_BY_HOUR"
    fields = (*TRAINING_TASK.fields.values(), *TRAINING_TASK.outputs.values())
    public = {name for name in exported if not name.startswith("_")}
    assert public - {field.name for field in fields} == {"id", "urn"}
    assert {"charge_type", "resource_config_infos", "status", "end_time"} <= public


def test_outputs_are_made_when_the_program_uses_them(engine: Engine) -> None:
    made: list[int] = []

    def program() -> None:
        before = len(settings.SETTINGS.outputs)
        for number in range(10):
            tione.TrainingTask(f"task-{number}", SMALLEST)
        made.append(len(settings.SETTINGS.outputs) - before)

    run(engine, program)
    assert made == [10 * len(("id", "urn", "one that shows whether it works"))]


def test_an_output_may_be_used_before_and_after_its_value_is_known(engine: Engine) -> None:
    def program() -> Any:
        task = tione.TrainingTask("bert", SMALLEST)
        early = task.status
        kinds = [isinstance(early, pulumi.Output), type(early) is pulumi.Output]
        used = early.apply(str.lower)
        kinds.append(type(task.status) is pulumi.Output)

        def of_later(_: str) -> Any:
            return pulumi.Output.all(task.region, task.resource_config_infos[0].role, task.envs)

        late: Any = task.id.apply(of_later)
        return pulumi.Output.all(early, used, late, kinds, task.end_time)

    values = run(engine, program)
    assert values == [
        *("RUNNING", "running", ["ap-guangzhou", "WORKER", None]),
        *([True, False, True], ""),
    ]


def test_an_output_depends_on_its_task_and_is_as_secret_as_its_input(engine: Engine) -> None:
    async def facts(task: tione.TrainingTask, output: pulumi.Output[Any]) -> tuple[bool, bool, bool]:
        return await output.resources() == {task}, await output.is_secret(), await output.is_known()

    def program() -> Any:
        task = tione.TrainingTask("bert", {**SMALLEST, "private_envs": {"PASSWORD": "a password"}})
        outputs = (task.private_envs, task.status, task.message)
        return pulumi.Output.from_input([facts(task, output) for output in outputs])

    # In a preview, what has no value is not known.
    assert run(engine, program, preview=True) == [(True, True, True), (True, False, True), (True, False, False)]


def test_an_output_may_be_captured_by_a_dynamic_provider_of_the_program(engine: Engine) -> None:
    def program() -> None:
        status = tione.TrainingTask("bert", SMALLEST).status

        class Provider(ResourceProvider):
            def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
                return ReadResult(id_, {**props, "status": status.get()})

        class Other(Resource):
            """A dynamic resource of the program."""

        Other(Provider(), "other", {})

    run(engine, program)
    pickled = base64.b64decode(engine.registered["other"].inputs["__provider"]["value"])
    provider = _serialization._deserialize(lambda: dill.loads(pickled))
    assert provider.read("1", {}).outs == {"status": "RUNNING"}


def test_under_mocks_a_wait_resolves_to_what_the_mock_returns_without_a_request(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "_call", lambda *_, **__: pytest.fail("a request was sent"))
    engine.outputs["status"] = "STOPPED"
    assert run(engine, lambda: tione.TrainingTask("bert", SMALLEST).wait_for("SUCCEED").status) == "STOPPED"


# Outputs.


def test_outputs_have_the_names_and_types_of_python(engine: Engine) -> None:
    engine.outputs |= {
        "resourceConfigInfos": [{"role": "WORKER", "instanceNum": 2.0, "rdmaConfig": {"enable": True}}],
        "runtimeInSeconds": 42.0,
        "exposeNetworkConfig": {"sshConfig": {"enable": True, "podSshInfo": {"host": "h", "port": 22.0}}},
        "tags": {"team_of": "nlp"},
        "allTags": {"team_of": "nlp", "pulumi:stack": "dev"},
        "operatorInfo": {"subUin": "7", "isPlatformOperator": True},
    }

    seen: dict[str, Any] = {}

    def program() -> None:
        task = tione.TrainingTask(
            "bert", {**SMALLEST, "expose_network_config": {"ssh_config": {"enable": True}}, "tags": {"team_of": "nlp"}}
        )
        names = ("resource_config_infos", "runtime_in_seconds", "expose_network_config", "tags", "all_tags")
        for name in (*names, "operator_info", "id", "status"):
            getattr(task, name).apply(lambda value, name=name: seen.update({name: value}))

    run(engine, program)
    (group,) = seen["resource_config_infos"]
    assert group.instance_num == 2
    assert type(group.instance_num) is int
    assert group.rdma_config.enable is True
    assert group.gpu_type is None
    assert (seen["runtime_in_seconds"], type(seen["runtime_in_seconds"])) == (42, int)
    assert seen["expose_network_config"].ssh_config.pod_ssh_info.port == 22
    assert seen["operator_info"].is_platform_operator is True
    assert seen["tags"] == {"team_of": "nlp"}
    assert seen["all_tags"] == {"team_of": "nlp", "pulumi:stack": "dev"}
    assert (seen["id"], seen["status"]) == ("bert-id", "RUNNING")


@pytest.mark.parametrize("name", ["vpc_id", "remark", "data_configs", "log_enable", "envs"])
def test_the_output_of_a_field_that_nobody_set_is_none(engine: Engine, name: str) -> None:
    seen: list[Any] = []

    def program() -> None:
        task = tione.TrainingTask("bert", SMALLEST)
        value = getattr(task, name)
        if isinstance(value, pulumi.Output):
            value.apply(seen.append)
        else:
            seen.append(value)

    run(engine, program)
    assert seen == [None]


def test_a_task_that_exists_is_looked_up_by_its_id(engine: Engine) -> None:
    engine.outputs |= {"vpcId": "vpc-1", "resourceConfigInfos": [{"role": "WORKER", "instanceNum": 3.0}]}

    def program() -> Any:
        task = tione.TrainingTask.get("bert", "train-7", region="ap-shanghai", ti_project_id="p-1")
        return pulumi.Output.all(task.id, task.status, task.vpc_id, task.resource_config_infos[0].instance_num)

    assert run(engine, program) == ["train-7", "RUNNING", "vpc-1", 3]
    found = engine.registered["bert"]
    assert found.resource_id == "train-7"
    assert found.typ == TOKEN
    assert engine.inputs() == {"region": "ap-shanghai", "tiProjectId": "p-1"}


# Secrets.


def test_where_the_program_marked_a_secret_goes_along_and_what_is_always_one_does_not(engine: Engine) -> None:
    secret = pulumi.Output.secret
    inputs = run_task(
        engine,
        envs={"TOKEN": secret("a"), "EPOCHS": "3"},
        tags=secret({"team": "nlp"}),
        output={"bucket": pulumi.Output.from_input("b"), "region": "r", "paths": [secret("p/"), "q/"]},
        private_envs={"P": secret("x")},
        callback_url=secret("https://hooks.example.com/x"),
        image_info={"image_type": "CUSTOM", "image_url": "u", "image_secret": {"password": secret("p")}},
        triggers=[{"a.b": secret(1)}, pulumi.Output.from_input({"deep": secret("z")})],
        remark=pulumi.Output.concat("a remark on ", secret("it")),
    )
    paths = ["envs.TOKEN", "output.paths[0]", "remark", "tags", 'triggers[0]["a.b"]', "triggers[1]"]
    assert inputs["secretInputs"] == paths


def test_default_tags_that_are_secret_make_all_tags_so(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_config, "are_default_tags_secret", lambda: True)
    assert run_task(engine, remark="r")["secretInputs"] == ["tags"]


def test_without_marks_nothing_goes_along(engine: Engine) -> None:
    assert "secretInputs" not in run_task(engine, private_envs={"P": "x"}, remark=pulumi.Output.from_input("a"))


def test_what_is_secret_is_known_while_a_task_is_waited_for(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    async def wait(*_: Any) -> Any:
        shown.append(mask("planted-1, planted-2 and planted-3"))
        raise WaitFailedError("the reason is planted-1", "a report\nwith \x1b planted-2")

    monkeypatch.setattr(task_wait, "wait", wait)
    monkeypatch.setattr(training_task, "is_mocked", lambda: False)
    monkeypatch.setattr(pulumi.log, "error", lambda text, **_: shown.append(text))
    engine.outputs |= {"uin": "1"}

    def program() -> Any:
        args = {**SMALLEST, "private_envs": {"P": "planted-1"}, "remark": pulumi.Output.secret("planted-2")}
        return tione.TrainingTask("bert", args).wait_for("SUCCEED").id  # type: ignore[call-overload]  # a plain dict

    with pytest.raises(pulumi.RunError, match=r"the reason is \[secret\]$"):
        run(engine, program)
    assert shown == ["[secret], [secret] and planted-3", "a report\nwith \\x1b [secret]"]


def test_each_value_of_the_config_is_read_once_however_many_tasks_a_program_has(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    get = pulumi.Config.get

    def counted(self: pulumi.Config, key: str, *others: Any) -> Any:
        read.append(f"{self.name}:{key}")
        return get(self, key, *others)

    monkeypatch.setattr(stack_config, "is_mocked", lambda: False)
    monkeypatch.setattr(pulumi.Config, "get", counted)
    run(engine, lambda: [tione.TrainingTask(f"task-{number}", SMALLEST) for number in range(3)] and None)
    config = [key for key in read if key != "tione:environment"]  # a part of the owner, which is not a setting
    assert len(config) > 5
    assert sorted(config) == sorted({*config})


def test_under_mocks_a_changed_config_counts(engine: Engine) -> None:
    for region in ("ap-shanghai", "ap-beijing"):
        pulumi.runtime.set_config("tione:region", region)
        try:
            assert run(engine, lambda: pulumi.Output.from_input(stack_config._get("tione:region"))) == region
        finally:
            pulumi.runtime.config.CONFIG.set({})


# Waits.


@pytest.mark.parametrize("used", [(), ("region",), ("name", "settings")], ids=["no", "one", "several"])
def test_a_wait_makes_no_outputs_but_those_that_it_awaits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, used: Sequence[str]
) -> None:
    """Each takes a fifth of a millisecond and some kilobytes, and a program may await a thousand tasks."""
    awaited: list[Mapping[str, Any]] = []
    made: list[str] = []

    async def wait(task: Mapping[str, Any], *_: Any) -> Mapping[str, Any]:
        awaited.append(task)
        return {"Status": "SUCCEED"}

    monkeypatch.setattr(task_wait, "wait_for_task", wait)
    monkeypatch.setattr(training_task, "is_mocked", lambda: False)
    engine.outputs |= {"uin": "1", "createTime": "2026-11-26T12:00:00+08:00"}
    settings_args = {"profile": "lab"}

    def program() -> Any:
        task = tione.TrainingTask("bert", {**SMALLEST, "settings": settings_args})  # type: ignore[call-overload]
        for name in used:
            getattr(task, name).apply(lambda _: None)
        done = task.wait_for("SUCCEED")
        return done.apply(
            lambda _: made.extend(name for name, each in vars(task).items() if type(each) is pulumi.Output)
        )

    run(engine, program)
    expected: dict[str, Any] = {
        "id": "bert-id",
        "name": "dev-bert",
        "status": "RUNNING",
        "uin": "1",
        "region": "ap-guangzhou",
    }
    expected |= {"ti_project_id": None, "desired_status": None, "rerun_on_failure": None}
    [task] = awaited
    assert {name: task[name] for name in expected} == expected
    assert task["settings"] == {"profile": "lab"}
    if not used:
        assert {*made} - {"urn", "_childResources"} == {"id", "status"}


def test_a_wait_for_a_task_with_secret_settings_is_secret(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets: list[bool] = []

    async def wait(task: Mapping[str, Any], *_: Any) -> Mapping[str, Any]:
        assert task["settings"] == {"profile": "lab"}
        return {"Status": "SUCCEED"}

    monkeypatch.setattr(task_wait, "wait_for_task", wait)
    monkeypatch.setattr(training_task, "is_mocked", lambda: False)

    def program() -> Any:
        settings_args = {"profile": pulumi.Output.secret("lab")}
        task = tione.TrainingTask("bert", {**SMALLEST, "settings": settings_args})  # type: ignore[call-overload]
        done = task.wait_for("SUCCEED")
        asyncio.ensure_future(done.is_secret()).add_done_callback(lambda each: secrets.append(each.result()))
        return done.apply(lambda _: None)

    run(engine, program)
    assert secrets == [True]


def test_a_preview_never_waits_and_its_result_is_unknown(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def call(_: Client, action: str, *__: Any, **___: Any) -> dict[str, Any]:
        asked.append(action)
        return {}

    monkeypatch.setattr(Client, "_call", call)
    seen: list[Any] = []

    def program() -> None:
        done = tione.TrainingTask("bert", SMALLEST).wait_for("SUCCEED")
        done.status.apply(seen.append)
        tione.TrainingTask("after", SMALLEST, pulumi.ResourceOptions(depends_on=[done]))

    run(engine, program, preview=True)
    assert seen == []
    assert asked == []
    assert "after" in engine.registered


@pytest.mark.parametrize("timeout", ["soon", -1, float("nan"), True], ids=str)
def test_a_timeout_that_is_not_a_duration_is_an_error_at_once(engine: Engine, timeout: Any) -> None:
    with pytest.raises(ValueError, match=r"is not a duration|is negative"):
        run(engine, lambda: tione.TrainingTask("bert", SMALLEST).wait_for("SUCCEED", timeout=timeout), preview=True)


def test_an_output_is_not_a_timeout_or_a_status(engine: Engine) -> None:
    def program(**arguments: Any) -> Any:
        wait_for: Any = tione.TrainingTask("bert", SMALLEST).wait_for
        return wait_for(**arguments)

    with pytest.raises(ValueError, match="an Output is not a status"):
        run(engine, lambda: program(status=pulumi.Output.from_input("SUCCEED")))
    with pytest.raises(ValueError, match="an Output is not a status"):
        run(engine, lambda: program(status=[pulumi.Output.from_input("SUCCEED")]))
    with pytest.raises(ValueError, match="timeout=an Output is not a duration"):
        run(engine, lambda: program(status="SUCCEED", timeout=pulumi.Output.from_input(60)))


def test_a_wrong_argument_of_a_wait_is_shown_without_a_traceback(engine: Engine) -> None:
    with pytest.raises(pulumi.RunError, match=f"{not_created('bert')}: timeout='soon' is not a duration"):
        run(engine, lambda: tione.TrainingTask("bert", SMALLEST).wait_for("SUCCEED", timeout="soon"))


@pytest.mark.parametrize("timeout", [200, 0.5, "1h30m", timedelta(seconds=1), None], ids=str)
def test_a_timeout_is_a_timedelta_seconds_or_a_text(engine: Engine, timeout: Any) -> None:
    run(engine, lambda: tione.TrainingTask("bert", SMALLEST).wait_for("SUCCEED", timeout=timeout), preview=True)


@pytest.mark.parametrize("status", ["SUCCEEDED", "succeed", "", ["SUCCEED", "DONE"]])
def test_a_status_that_does_not_exist_is_an_error_that_names_those_that_do(engine: Engine, status: Any) -> None:
    with pytest.raises(
        ValueError, match=r"is not a status of a training task(\.|; did you mean SUCCEED\?) Use SUBMITTING, PENDING"
    ):
        run(engine, lambda: tione.TrainingTask("bert", SMALLEST).wait_for(status))
