"""The stacks whose states are kept for every version, so that later versions are held to them.

`record.py` brings each about with a version's own code and keeps it in `tests/compat/VERSION/`;
`tests/compat/test_states.py` takes what was kept through previews, refreshes, changes and a destroy with today's code.
A program is kept as it was after its last step, and has `"team": "nlp"` in the tags that the test then changes.

A new case is an entry in `CASES`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_tione.emulator import DEFAULT_KEY, Caller, Emulator, Key, Switches

ANOTHER_ACCOUNT = "200000000002"
PROFILE_KEY = Key("AKIDprofile", "key-of-a-profile", Caller(ANOTHER_ACCOUNT))


@dataclass(frozen=True)
class Step:
    """One more `pulumi up`: what is changed in the program before it, and what fails in it."""

    edits: Sequence[tuple[str, str]]
    fault: Mapping[str, Any] = field(default_factory=dict)
    """A fault of the local TI-ONE, through which this `up` fails."""


@dataclass(frozen=True)
class Case:
    """A stack, and how it comes about."""

    program: str
    steps: Sequence[Step] = ()
    config: Mapping[str, str] = field(default_factory=dict)
    secret_config: Mapping[str, str] = field(default_factory=dict)
    deleted_names_are_free: bool = True

    def service(self) -> Emulator:
        """Return the local TI-ONE of this stack."""
        return Emulator(
            speed=20,
            requests_a_second=None,
            keys=(DEFAULT_KEY, PROFILE_KEY),
            switches=Switches(deleted_names_are_free=self.deleted_names_are_free),
        )


def write_profiles(home: Path, project: Path) -> None:
    """Write the profile of `tccli` that programs name, to its usual place and to where one of them names it."""
    keys = {"secretId": PROFILE_KEY.secret_id, "secretKey": PROFILE_KEY.secret_key}
    for folder in (home / ".tccli", project / "profiles"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "research.credential").write_text(json.dumps(keys), encoding="utf-8")


_PRELUDE = """\
import pulumi
import pulumi_tione as tione

SMALL = dict(
    framework_name="PYTORCH",
    framework_environment="torch2.1-py3.10-cuda12.1-gpu",
    training_mode="DDP",
    charge_type="POSTPAID_BY_HOUR",
    start_cmd_info={"worker_start_cmd": "sleep 360000"},
    resource_config_infos=[{"role": "WORKER", "instance_type": "TI.S.MEDIUM.POST", "instance_num": 1}],
    tags={"team": "nlp"},
)
"""

_FIELDS = """
every = tione.TrainingTask(
    "every",
    tione.TrainingTaskArgs(
        charge_type="POSTPAID_BY_HOUR",
        resource_config_infos=[
            tione.ResourceConfigInfoArgs(
                role="PS", instance_type="TI.S.MEDIUM.POST", instance_num=1, instance_type_alias="small"
            ),
            tione.ResourceConfigInfoArgs(
                role="WORKER", instance_type="TI.S.LARGE.POST", instance_num=2, rdma_config={"enable": False}
            ),
        ],
        framework_name="TENSORFLOW",
        framework_version="2.4",
        framework_environment="tf2.4-py3.8-gpu",
        training_mode="PS_WORKER",
        start_cmd_info=tione.StartCmdInfoArgs(
            start_cmd="", ps_start_cmd="sleep 360000", worker_start_cmd="sleep 360000 # 中文 'quoted' \\"twice\\"\\n"
        ),
        code_package_path=tione.CosPathInfoArgs(bucket="code-1250000000", region="ap-guangzhou", paths=["code/"]),
        code_repos=[{"id": "cr-1000669213287070080", "target_path": "/opt/ml/code/repo"}],
        data_source="CFS",
        data_configs=[
            {"mapping_path": "/data", "data_source_type": "DATASET", "data_set_source": {"id": "dataset-1"}},
            {
                "mapping_path": "/cos",
                "data_source_type": "COS",
                "data_source_usage": "USER_DATA",
                "cos_source": {"bucket": "corpus-1250000000", "region": "ap-beijing", "paths": ["a/"]},
                "read_only": True,
            },
            {
                "mapping_path": "/cfs",
                "data_source_type": "CFS",
                "cfs_source": {
                    "id": "cfs-pchxhlg9",
                    "path": "/my/path",
                    "mount_type": "STORAGE",
                    "protocol": "NFS",
                    "is_preset_storage": False,
                },
            },
            {"mapping_path": "/hdfs", "data_source_type": "HDFS", "hdfs_source": {"id": "emr-demo0001", "path": "/"}},
            {
                "mapping_path": "/goose",
                "data_source_type": "GooseFS",
                "goose_fs_source": {
                    "id": "goosefs-1",
                    "type": "GooseFS",
                    "path": "/",
                    "name_space": "ns",
                    "mount_options": "allow_other",
                },
            },
            {"mapping_path": "/turbo", "data_source_type": "CFSTurbo", "cfs_turbo_source": {"id": "t-1", "path": "/"}},
            {"mapping_path": "/disk", "local_disk_source": {"instance_id": "ins-1", "local_path": "/mnt"}},
            {"mapping_path": "/cbs", "cbs_source": {"volume_size_in_gb": 100}},
            {"mapping_path": "/host", "host_path_source": {"path": "/srv"}},
            {"mapping_path": "/public", "public_data_source": {"data_source_id": "ds-1", "sub_path": "a"}},
        ],
        output={"bucket": "results-1250000000", "region": "ap-guangzhou", "paths": ["out/"]},
        tuning_parameters='{"lr": 0.1}',
        envs={"EPOCHS": "3", "kept.Exactly_so": "x"},
        vpc_id="vpc-a26qv3af",
        subnet_id="subnet-m7xhqcyc",
        expose_network_config={
            "ssh_config": {"enable": True, "public_key": "ssh-rsa AAAA", "port": 22},
            "expose_port_config": {
                "enable": False, "vpc_id": "vpc-a26qv3af", "clb_id": "lb-1", "clb_host": "clb.example.com"
            },
        },
        log_enable=True,
        log_config={"logset_id": "logset-1", "topic_id": "topic-1"},
        remark="a remark",
        tags={"team": "nlp", "cost.center/EU": "7"},
        train_tool_config={
            "enable_hang_monitor": True, "hang_monitor_nodes": ["master-0"], "log_hang_timeout_in_minute": 30
        },
        resource_supply_attribute={"supply_type": "SPOT", "cluster_type": "DEFAULT"},
        queues=["q-bj-2f0a9dca"],
        region="ap-shanghai",
        triggers=[1, "two", {"three": 3.5}, every_time := True],
        additional_parameters={"SchedulePolicy": {"BackOffLimit": 3}},
    ),
)
tione.TrainingTask(
    "group",
    charge_type="PREPAID",
    resource_group_id="rsg-1368bcxs",
    resource_config_infos=[
        {"role": "WORKER", "cpu": 1000, "memory": 1024, "gpu": 100, "gpu_type": "V100", "instance_num": 1}
    ],
    encoded_start_cmd_info={
        "start_cmd_info": "eyJTdGFydENtZCI6IiIsIlBzU3RhcnRDbWQiOiIiLCJXb3JrZXJTdGFydENtZCI6InNsZWVwIDM2MDAwMCJ9"
    },
    ti_project_id="proj-1",
    tags={"team": "nlp"},
)
tione.TrainingTask(
    "image",
    **{
        **SMALL,
        "framework_name": None,
        "framework_environment": None,
        "image_info": {
            "image_type": "CUSTOM",
            "image_url": "registry.example.com/nlp/bert:1.2",
            "registry_region": "ap-beijing",
            "registry_id": "tcr-1",
            "image_name": "bert",
            "image_secret": {"username": "robot", "password": "cGxhbnRlZA==", "key_id": "", "secret_id": ""},
            "allow_save_all_content": False,
            "support_data_pipeline": False,
        },
    },
)
tione.TrainingTask(
    "empties",
    **{**SMALL, "remark": "", "queues": [], "code_repos": [], "envs": {}, "train_tool_config": {}, "data_configs": []},
)
pulumi.export("id", every.id)
pulumi.export("all_tags", every.all_tags)
"""

_SECRETS = """
token = pulumi.Output.secret("planted-token")
tione.TrainingTask(
    "secrets",
    **{
        **SMALL,
        "start_cmd_info": {"worker_start_cmd": pulumi.Output.concat("sleep 360000 # ", token)},
        "envs": {"PLAIN": "1", "SECRET": token},
        "private_envs": {"TOKEN": "planted-private", "ANOTHER": token},
        "callback_url": "https://hooks.example.com/planted-callback",
        "remark": pulumi.Output.secret("planted-remark"),
        "tags": {"team": "nlp", "secret": pulumi.Output.secret("planted-tag")},
        "tuning_parameters": pulumi.Output.secret('{"lr": 0.1}'),
        "triggers": [token],
        "additional_parameters": {"SchedulePolicy": {"BackOffLimit": 1}},
    },
)
"""

_REPLACED = """
tione.TrainingTask("remark", **SMALL, remark="a")
tione.TrainingTask("trigger", **SMALL, triggers=["a"])
"""

_RENAMED = """
class Experiment(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Experiment", name, None, opts)
        tione.TrainingTask("child", **SMALL, opts=pulumi.ResourceOptions(parent=self))

Experiment("old-component")
tione.TrainingTask("old", **SMALL)
tione.TrainingTask("old-explicit", **SMALL, name="named-explicitly")
"""

_PARTIAL = """
tione.TrainingTask("partial", **SMALL)
"""

_NAMES = """
tione.TrainingTask("explicit", **SMALL, name="explicit-名_1")
tione.TrainingTask("computed", **SMALL)
tione.TrainingTask("numbered", **SMALL, triggers=["a"])
tione.TrainingTask("retained", **SMALL, opts=pulumi.ResourceOptions(retain_on_delete=True))
tione.TrainingTask("a name of many words, 训练", **SMALL)
"""

_RUN_STATE = """
FAILS = {**SMALL, "start_cmd_info": {"worker_start_cmd": "exit 3"}}
tione.TrainingTask("stopped", **SMALL)
tione.TrainingTask("rerun", **FAILS, rerun_on_failure=1)
tione.TrainingTask("delivery", **SMALL)
tione.TrainingTask("allowed", **SMALL, rerun_on_failure=3, desired_status="RUNNING")
"""

_SETTINGS = """
role = tione.AssumeRoleArgs(
    role_arn="qcs::cam::uin/200000000002:roleName/train",
    session_name="ci",
    session_duration=7200,
    policy='{"version": "2.0", "statement": []}',
    external_id="planted-external-id",
)
tione.TrainingTask("role", **SMALL, settings=tione.SettingsArgs(assume_role=role))
tione.TrainingTask("profile", **SMALL, settings={"profile": "research"}, region="ap-nanjing")
tione.TrainingTask("folder", **SMALL, settings={"profile": "research", "shared_credentials_dir": "profiles"})
mine = tione.TrainingTask("mine", **SMALL)
found = tione.TrainingTask.get("found", mine.id)
pulumi.export("found", found.name)
"""

CASES: Mapping[str, Case] = {
    "fields": Case(_PRELUDE + _FIELDS),
    "secrets": Case(
        _PRELUDE + _SECRETS,
        config={"tione:defaultTags": '{"cost": "research"}'},
        secret_config={"test:unused": "planted-config"},
    ),
    "replaced": Case(
        _PRELUDE + _REPLACED, [Step([('remark="a"', 'remark="b"'), ('triggers=["a"]', 'triggers=["b"]')])]
    ),
    "renamed": Case(
        _PRELUDE + _RENAMED,
        [
            Step(
                [
                    (
                        'Experiment("old-component")',
                        'Experiment("component", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old-component")]))',
                    ),
                    (
                        'tione.TrainingTask("old", **SMALL)',
                        'tione.TrainingTask("new", **SMALL, opts=pulumi.ResourceOptions(aliases=['
                        'pulumi.Alias(name="old")]))',
                    ),
                    (
                        'tione.TrainingTask("old-explicit", **SMALL, name="named-explicitly")',
                        'tione.TrainingTask("new-explicit", **SMALL, name="named-explicitly", '
                        'opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old-explicit")]))',
                    ),
                ]
            )
        ],
    ),
    "partial": Case(
        _PRELUDE + _PARTIAL,
        [
            Step(
                [
                    (
                        "**SMALL)",
                        '**{**SMALL, "tags": {"team": "nlp", "added": "1"}}, log_enable=True, '
                        'log_config={"logset_id": "logset-1", "topic_id": "topic-1"})',
                    )
                ],
                fault={"action": "EnableTrainingTaskClsConfig", "code": "FailedOperation", "times": None},
            )
        ],
    ),
    "names": Case(_PRELUDE + _NAMES, [Step([('triggers=["a"]', 'triggers=["b"]')])], deleted_names_are_free=False),
    "run_state": Case(
        _PRELUDE + _RUN_STATE,
        [
            Step(
                [
                    ('"stopped", **SMALL', '"stopped", **SMALL, desired_status="STOPPED"'),
                    (
                        '"delivery", **SMALL',
                        '"delivery", **SMALL, log_enable=True, '
                        'log_config={"logset_id": "logset-1", "topic_id": "topic-1"}',
                    ),
                ]
            )
        ],
    ),
    "settings": Case(_PRELUDE + _SETTINGS),
}
