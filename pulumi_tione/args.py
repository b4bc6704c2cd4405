"""The typed args of a training task: the only list of fields in this project.

An args class is a `TypedDict`: calling it and writing a plain dict give the same value, and type checkers check both
against the same fields. Everything else about a field (its property name, its name on the wire, its checks, its place
in the request, its comparison, the output of the same name) is derived from its one declaration here. `make outputs`
copies the texts of the fields into the docstrings of their classes, for `help()` and for editors, and generates
`outputs.py` and the reference. A new field is a parameter in the emulator's `api/definition.json`, too, or an
option of the provider, `ProviderSide()`; `CONTRIBUTING.md` has the steps.

Every field names its API parameter in parentheses. Where a list of values is open, other values are sent too, after a
warning. The values that only the service knows are declared at the end, in the `…Outputs` classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typing_extensions import Required, TypedDict

from pulumi_tione._constraints import (
    Base64,
    EncodedCommand,
    JsonText,
    KnownValues,
    MaxDuration,
    MaxItems,
    MaxLength,
    Minimum,
    NotEmpty,
    ProviderSide,
    Range,
    Secret,
    TaskName,
    Timestamp,
    Wire,
    WriteOnly,
)

if TYPE_CHECKING:
    from pulumi import Input
else:

    class Input:
        """Pulumi's `Input`, for those who evaluate the annotations. What only reads the fields needs no Pulumi."""

        def __class_getitem__(cls, item: Any) -> Any:
            import pulumi

            return pulumi.Input[item]


__all__ = [
    "AssumeRoleArgs",
    "CBSConfigArgs",
    "CFSConfigArgs",
    "CFSTurboArgs",
    "CodeRepoConfigArgs",
    "CosPathInfoArgs",
    "DataConfigArgs",
    "DataSetConfigArgs",
    "EncodedStartCmdInfoArgs",
    "ExposeNetworkConfigArgs",
    "ExposePortConfigArgs",
    "GooseFSArgs",
    "HDFSConfigArgs",
    "HostPathArgs",
    "ImageInfoArgs",
    "ImageSecretArgs",
    "LocalDiskArgs",
    "LogConfigArgs",
    "PublicDataSourceFSArgs",
    "RDMAConfigArgs",
    "ResourceConfigInfoArgs",
    "ResourceSupplyAttributeArgs",
    "SSHConfigArgs",
    "SettingsArgs",
    "StartCmdInfoArgs",
    "TrainToolConfigArgs",
    "TrainingTaskArgs",
]

_DATA_SOURCES = ("DATASET", "COS", "CFS", "CFSTurbo", "HDFS", "GooseFSx")


class RDMAConfigArgs(TypedDict, total=False):
    """Remote direct memory access between the nodes (`RDMAConfig`).

    Args:
        enable: Whether RDMA is used; by default false (`Enable`).
    """

    enable: Input[bool] | None
    """Whether RDMA is used; by default false (`Enable`)."""


class ResourceConfigInfoArgs(TypedDict, total=False):
    """One group of equal nodes (`ResourceConfigInfo`).

    A pay-as-you-go task sets `instance_type`. A task in a resource group sets how much of the group each node takes:
    `cpu`, `memory`, `gpu` and `gpu_type`.

    Args:
        role: (required) Role of the nodes in the training mode: `PS`, `WORKER`, `DRIVER`, `EXECUTOR` or `HEAD`
            (`Role`).
        instance_type: Specification of a pay-as-you-go node, for example `TI.GN10.2XLARGE40.POST`;
            `get_instance_specs` lists them (`InstanceType`).
        instance_num: How many nodes the group has, at least 1 (`InstanceNum`).
        cpu: CPU of a node in a resource group, in thousandths of a core: 1000 is one core (`Cpu`).
        memory: Memory of a node in a resource group, in MB (`Memory`).
        gpu: GPUs of a node in a resource group, in hundredths of a card: 100 is one card (`Gpu`).
        gpu_type: Kind of GPU in a resource group, for example `V100` (`GpuType`).
        instance_type_alias: Display name of the specification; the service returns its own name in any case
            (`InstanceTypeAlias`).
        rdma_config: RDMA of the nodes (`RDMAConfig`).
    """

    role: Required[Annotated[Input[str], KnownValues(("PS", "WORKER", "DRIVER", "EXECUTOR", "HEAD"))]]
    """Role of the nodes in the training mode: `PS`, `WORKER`, `DRIVER`, `EXECUTOR` or `HEAD` (`Role`)."""
    instance_type: Input[str] | None
    """Specification of a pay-as-you-go node, for example `TI.GN10.2XLARGE40.POST`; `get_instance_specs` lists them
    (`InstanceType`)."""
    instance_num: Annotated[Input[int] | None, Minimum(1)]
    """How many nodes the group has, at least 1 (`InstanceNum`)."""
    cpu: Annotated[Input[int] | None, Minimum(0)]
    """CPU of a node in a resource group, in thousandths of a core: 1000 is one core (`Cpu`)."""
    memory: Annotated[Input[int] | None, Minimum(0)]
    """Memory of a node in a resource group, in MB (`Memory`)."""
    gpu: Annotated[Input[int] | None, Minimum(0)]
    """GPUs of a node in a resource group, in hundredths of a card: 100 is one card (`Gpu`)."""
    gpu_type: Input[str] | None
    """Kind of GPU in a resource group, for example `V100` (`GpuType`)."""
    instance_type_alias: Annotated[Input[str] | None, WriteOnly()]
    """Display name of the specification; the service returns its own name in any case (`InstanceTypeAlias`)."""
    rdma_config: Annotated[Input[RDMAConfigArgs] | None, Wire("RDMAConfig")]
    """RDMA of the nodes (`RDMAConfig`)."""


class ImageSecretArgs(TypedDict, total=False):
    """How to sign in to a third party's image registry (`ImageSecret`).

    Args:
        username: User name (`Username`).
        password: Password, encoded as base64; with `key_id`, encrypted first. Always a Pulumi secret (`Password`).
        key_id: Id of the KMS key that the password was encrypted with (`KeyId`).
        secret_id: Id of a stored credential, in place of user name and password (`SecretId`).
    """

    username: Input[str] | None
    """User name (`Username`)."""
    password: Annotated[Input[str] | None, Base64(), Secret()]
    """Password, encoded as base64; with `key_id`, encrypted first. Always a Pulumi secret (`Password`)."""
    key_id: Input[str] | None
    """Id of the KMS key that the password was encrypted with (`KeyId`)."""
    secret_id: Input[str] | None
    """Id of a stored credential, in place of user name and password (`SecretId`)."""


class ImageInfoArgs(TypedDict, total=False):
    """A container image in place of a built-in framework (`ImageInfo`).

    Args:
        image_type: (required) `TCR`, `CCR` (TCR personal), `PreSet` (the platform's own) or `CUSTOM` (a third
            party's) (`ImageType`).
        image_url: (required) Address of the image, for example `ccr.ccs.tencentyun.com/nlp/bert:1.2` (`ImageUrl`).
        registry_region: Region of the TCR registry, for example `ap-beijing` (`RegistryRegion`).
        registry_id: Id of the TCR instance (`RegistryId`).
        image_name: Display name of the image (`ImageName`).
        image_secret: How to sign in to the registry; for `CUSTOM` images only (`ImageSecret`).
        allow_save_all_content: Whether all content of the image may be exported (`AllowSaveAllContent`).
        support_data_pipeline: Whether the image supports building data (`SupportDataPipeline`).
    """

    image_type: Required[Annotated[Input[str], KnownValues(("TCR", "CCR", "PreSet", "CUSTOM"))]]
    """`TCR`, `CCR` (TCR personal), `PreSet` (the platform's own) or `CUSTOM` (a third party's) (`ImageType`)."""
    image_url: Required[Input[str]]
    """Address of the image, for example `ccr.ccs.tencentyun.com/nlp/bert:1.2` (`ImageUrl`)."""
    registry_region: Input[str] | None
    """Region of the TCR registry, for example `ap-beijing` (`RegistryRegion`)."""
    registry_id: Input[str] | None
    """Id of the TCR instance (`RegistryId`)."""
    image_name: Input[str] | None
    """Display name of the image (`ImageName`)."""
    image_secret: Annotated[Input[ImageSecretArgs] | None, WriteOnly()]
    """How to sign in to the registry; for `CUSTOM` images only (`ImageSecret`)."""
    allow_save_all_content: Input[bool] | None
    """Whether all content of the image may be exported (`AllowSaveAllContent`)."""
    support_data_pipeline: Input[bool] | None
    """Whether the image supports building data (`SupportDataPipeline`)."""


class CosPathInfoArgs(TypedDict, total=False):
    """A place in the object storage COS (`CosPathInfo`).

    Args:
        bucket: (required) Name of the bucket with its APPID, for example `corpus-1250000000` (`Bucket`).
        region: (required) Region of the bucket, for example `ap-guangzhou` (`Region`).
        paths: (required) The path, as a list of exactly one element, for example `["code/"]` (`Paths`).
    """

    bucket: Required[Input[str]]
    """Name of the bucket with its APPID, for example `corpus-1250000000` (`Bucket`)."""
    region: Required[Input[str]]
    """Region of the bucket, for example `ap-guangzhou` (`Region`)."""
    paths: Required[Annotated[Input[Sequence[Input[str]]], NotEmpty(), MaxItems(1)]]
    """The path, as a list of exactly one element, for example `["code/"]` (`Paths`)."""


class StartCmdInfoArgs(TypedDict, total=False):
    """The commands that the nodes run, as plain text (`StartCmdInfo`).

    They are sent in the encoded form of the API, so any special character arrives unchanged.

    Args:
        start_cmd: Command of the whole task, for example of a SPARK one (`StartCmd`).
        ps_start_cmd: Command of the parameter servers (`PsStartCmd`).
        worker_start_cmd: Command of the workers, for example `python train.py` (`WorkerStartCmd`).
    """

    start_cmd: Input[str] | None
    """Command of the whole task, for example of a SPARK one (`StartCmd`)."""
    ps_start_cmd: Input[str] | None
    """Command of the parameter servers (`PsStartCmd`)."""
    worker_start_cmd: Input[str] | None
    """Command of the workers, for example `python train.py` (`WorkerStartCmd`)."""


class EncodedStartCmdInfoArgs(TypedDict, total=False):
    """The commands in the API's encoded form, for commands that are already encoded (`EncodedStartCmdInfo`).

    Args:
        start_cmd_info: Base64 of a JSON object with the keys StartCmd, PsStartCmd and WorkerStartCmd
            (`StartCmdInfo`).
    """

    start_cmd_info: Annotated[Input[str] | None, EncodedCommand()]
    """Base64 of a JSON object with the keys StartCmd, PsStartCmd and WorkerStartCmd (`StartCmdInfo`)."""


class DataSetConfigArgs(TypedDict, total=False):
    """A dataset of the platform (`DataSetConfig`).

    Args:
        id: (required) Id of the dataset (`Id`).
    """

    id: Required[Input[str]]
    """Id of the dataset (`Id`)."""


class CFSConfigArgs(TypedDict, total=False):
    """A directory of a CFS file system (`CFSConfig`).

    Args:
        id: (required) Id of the file system, for example `cfs-pchxhlg9` (`Id`).
        path: (required) The directory, for example `/my/path` (`Path`).
        mount_type: `STORAGE`, the service's default, or `SOURCE` (`MountType`).
        protocol: `NFS` or `TURBO`; an older page of the vendor writes `1` and `2` (`Protocol`).
        is_preset_storage: Whether it is preset storage of the platform (`IsPresetStorage`).
    """

    id: Required[Input[str]]
    """Id of the file system, for example `cfs-pchxhlg9` (`Id`)."""
    path: Required[Input[str]]
    """The directory, for example `/my/path` (`Path`)."""
    mount_type: Annotated[Input[str] | None, KnownValues(("STORAGE", "SOURCE"))]
    """`STORAGE`, the service's default, or `SOURCE` (`MountType`)."""
    protocol: Annotated[Input[str] | None, KnownValues(("NFS", "TURBO", "1", "2"))]
    """`NFS` or `TURBO`; an older page of the vendor writes `1` and `2` (`Protocol`)."""
    is_preset_storage: Input[bool] | None
    """Whether it is preset storage of the platform (`IsPresetStorage`)."""


class HDFSConfigArgs(TypedDict, total=False):
    """A directory of an HDFS in an EMR cluster (`HDFSConfig`).

    Args:
        id: (required) Id of the EMR cluster, for example `emr-demo0001` (`Id`).
        path: (required) The directory (`Path`).
    """

    id: Required[Input[str]]
    """Id of the EMR cluster, for example `emr-demo0001` (`Id`)."""
    path: Required[Input[str]]
    """The directory (`Path`)."""


class GooseFSArgs(TypedDict, total=False):
    """A GooseFS or GooseFSx file system (`GooseFS`).

    Args:
        id: Id of the instance (`Id`).
        type: `GooseFS` or `GooseFSx` (`Type`).
        path: The path in a GooseFSx to mount (`Path`).
        name_space: The namespace of a GooseFS (`NameSpace`).
        mount_options: Options of the client, separated by commas, for example `allow_other,direct_io`
            (`MountOptions`).
    """

    id: Input[str] | None
    """Id of the instance (`Id`)."""
    type: Annotated[Input[str] | None, KnownValues(("GooseFS", "GooseFSx"))]
    """`GooseFS` or `GooseFSx` (`Type`)."""
    path: Input[str] | None
    """The path in a GooseFSx to mount (`Path`)."""
    name_space: Input[str] | None
    """The namespace of a GooseFS (`NameSpace`)."""
    mount_options: Input[str] | None
    """Options of the client, separated by commas, for example `allow_other,direct_io` (`MountOptions`)."""


class CFSTurboArgs(TypedDict, total=False):
    """A directory of a CFS Turbo file system (`CFSTurbo`).

    Args:
        id: Id of the instance (`Id`).
        path: The directory (`Path`).
    """

    id: Input[str] | None
    """Id of the instance (`Id`)."""
    path: Input[str] | None
    """The directory (`Path`)."""


class LocalDiskArgs(TypedDict, total=False):
    """A local disk of a node; at most one per task (`LocalDisk`).

    Args:
        instance_id: (required) Id of the node (`InstanceId`).
        local_path: Path on the disk (`LocalPath`).
    """

    instance_id: Required[Input[str]]
    """Id of the node (`InstanceId`)."""
    local_path: Input[str] | None
    """Path on the disk (`LocalPath`)."""


class CBSConfigArgs(TypedDict, total=False):
    """A cloud disk that is created for each node; at most one per task (`CBSConfig`).

    Args:
        volume_size_in_gb: (required) Size of the disk in GB (`VolumeSizeInGB`).
    """

    volume_size_in_gb: Required[Annotated[Input[int], Wire("VolumeSizeInGB")]]
    """Size of the disk in GB (`VolumeSizeInGB`)."""


class HostPathArgs(TypedDict, total=False):
    """A directory of the machine that a node runs on (`HostPath`).

    Args:
        path: The directory (`Path`).
    """

    path: Input[str] | None
    """The directory (`Path`)."""


class PublicDataSourceFSArgs(TypedDict, total=False):
    """A data source of the public cloud (`PublicDataSourceFS`).

    Args:
        data_source_id: Id of the data source (`DataSourceId`).
        sub_path: Path below the path of the data source (`SubPath`).
    """

    data_source_id: Input[str] | None
    """Id of the data source (`DataSourceId`)."""
    sub_path: Input[str] | None
    """Path below the path of the data source (`SubPath`)."""


class DataConfigArgs(TypedDict, total=False):
    """One mount (`DataConfig`): what is mounted, and where in the container.

    Args:
        mapping_path: Where it is mounted, for example `/opt/ml/input/data/` (`MappingPath`).
        data_source_type: Kind of the source, for example `CFS` (`DataSourceType`).
        data_source_usage: What it is for, for example `USER_DATA` (`DataSourceUsage`).
        data_set_source: A dataset of the platform (`DataSetSource`).
        cos_source: A path in COS (`COSSource`).
        cfs_source: A CFS file system (`CFSSource`).
        hdfs_source: An HDFS (`HDFSSource`).
        goose_fs_source: A GooseFS or GooseFSx (`GooseFSSource`).
        cfs_turbo_source: A CFS Turbo file system (`CFSTurboSource`).
        local_disk_source: A local disk (`LocalDiskSource`).
        cbs_source: A cloud disk (`CBSSource`).
        host_path_source: A directory of the machine (`HostPathSource`).
        public_data_source: A data source of the public cloud (`PublicDataSource`).
        read_only: Whether it is mounted read-only (`ReadOnly`).
    """

    mapping_path: Input[str] | None
    """Where it is mounted, for example `/opt/ml/input/data/` (`MappingPath`)."""
    data_source_type: Annotated[
        Input[str] | None,
        KnownValues((*_DATA_SOURCES, "WEDATA_HDFS", "COSFS", "GooseFS", "PUBLIC_DATA_SOURCE")),
    ]
    """Kind of the source, for example `CFS` (`DataSourceType`)."""
    data_source_usage: Annotated[
        Input[str] | None,
        KnownValues(
            (
                "BUILTIN_CODE",
                "BUILTIN_DATA",
                "BUILTIN_MODEL",
                "USER_DATA",
                "USER_CODE",
                "USER_MODEL",
                "OUTPUT",
                "OTHER",
            )
        ),
    ]
    """What it is for, for example `USER_DATA` (`DataSourceUsage`)."""
    data_set_source: Input[DataSetConfigArgs] | None
    """A dataset of the platform (`DataSetSource`)."""
    cos_source: Annotated[Input[CosPathInfoArgs] | None, Wire("COSSource")]
    """A path in COS (`COSSource`)."""
    cfs_source: Annotated[Input[CFSConfigArgs] | None, Wire("CFSSource")]
    """A CFS file system (`CFSSource`)."""
    hdfs_source: Annotated[Input[HDFSConfigArgs] | None, Wire("HDFSSource")]
    """An HDFS (`HDFSSource`)."""
    goose_fs_source: Annotated[Input[GooseFSArgs] | None, Wire("GooseFSSource")]
    """A GooseFS or GooseFSx (`GooseFSSource`)."""
    cfs_turbo_source: Annotated[Input[CFSTurboArgs] | None, Wire("CFSTurboSource")]
    """A CFS Turbo file system (`CFSTurboSource`)."""
    local_disk_source: Input[LocalDiskArgs] | None
    """A local disk (`LocalDiskSource`)."""
    cbs_source: Annotated[Input[CBSConfigArgs] | None, Wire("CBSSource")]
    """A cloud disk (`CBSSource`)."""
    host_path_source: Input[HostPathArgs] | None
    """A directory of the machine (`HostPathSource`)."""
    public_data_source: Input[PublicDataSourceFSArgs] | None
    """A data source of the public cloud (`PublicDataSource`)."""
    read_only: Input[bool] | None
    """Whether it is mounted read-only (`ReadOnly`)."""


class LogConfigArgs(TypedDict, total=False):
    """Where in the log service CLS the logs go (`LogConfig`).

    Args:
        logset_id: (required) Id of the log set (`LogsetId`).
        topic_id: (required) Id of the log topic (`TopicId`).
    """

    logset_id: Required[Input[str]]
    """Id of the log set (`LogsetId`)."""
    topic_id: Required[Input[str]]
    """Id of the log topic (`TopicId`)."""


class CodeRepoConfigArgs(TypedDict, total=False):
    """A code repository that is cloned before the start (`CodeRepoConfig`).

    Args:
        id: (required) Id of the repository on the platform, for example `cr-1000669213287070080` (`Id`).
        target_path: (required) Where it is cloned to, for example `/opt/ml/code` (`TargetPath`).
    """

    id: Required[Input[str]]
    """Id of the repository on the platform, for example `cr-1000669213287070080` (`Id`)."""
    target_path: Required[Input[str]]
    """Where it is cloned to, for example `/opt/ml/code` (`TargetPath`)."""


class SSHConfigArgs(TypedDict, total=False):
    """SSH access to the nodes (`SSHConfig`); how to sign in is an output.

    Args:
        enable: Whether SSH is on (`Enable`).
        public_key: The public key that may sign in (`PublicKey`).
        port: Port (`Port`).
    """

    enable: Input[bool] | None
    """Whether SSH is on (`Enable`)."""
    public_key: Input[str] | None
    """The public key that may sign in (`PublicKey`)."""
    port: Input[int] | None
    """Port (`Port`)."""


class ExposePortConfigArgs(TypedDict, total=False):
    """A container's port, exposed through a load balancer (`ExposePortConfig`).

    Args:
        enable: Whether the port is exposed (`Enable`).
        vpc_id: Id of the VPC of the load balancer (`VpcId`).
        clb_id: Id of the load balancer (`ClbId`).
        clb_host: Domain of the load balancer (`ClbHost`).
    """

    enable: Input[bool] | None
    """Whether the port is exposed (`Enable`)."""
    vpc_id: Input[str] | None
    """Id of the VPC of the load balancer (`VpcId`)."""
    clb_id: Input[str] | None
    """Id of the load balancer (`ClbId`)."""
    clb_host: Input[str] | None
    """Domain of the load balancer (`ClbHost`)."""


class ExposeNetworkConfigArgs(TypedDict, total=False):
    """How the nodes are reached from outside (`ExposeNetworkConfig`).

    Args:
        ssh_config: SSH access (`SSHConfig`).
        expose_port_config: An exposed port (`ExposePortConfig`).
    """

    ssh_config: Annotated[Input[SSHConfigArgs] | None, Wire("SSHConfig")]
    """SSH access (`SSHConfig`)."""
    expose_port_config: Input[ExposePortConfigArgs] | None
    """An exposed port (`ExposePortConfig`)."""


class TrainToolConfigArgs(TypedDict, total=False):
    """The platform's diagnosis of a training that hangs (`TrainToolConfig`).

    Args:
        enable_hang_monitor: Whether the nodes are monitored; the service's default is false (`EnableHangMonitor`).
        hang_monitor_nodes: Which nodes are monitored, for example `["master-0"]` (`HangMonitorNodes`).
        log_hang_timeout_in_minute: After how many minutes without a log line a node counts as hanging: 1 to 14400
            (`LogHangTimeoutInMinute`).
    """

    enable_hang_monitor: Input[bool] | None
    """Whether the nodes are monitored; the service's default is false (`EnableHangMonitor`)."""
    hang_monitor_nodes: Input[Sequence[Input[str]]] | None
    """Which nodes are monitored, for example `["master-0"]` (`HangMonitorNodes`)."""
    log_hang_timeout_in_minute: Annotated[Input[int] | None, Range(1, 14400)]
    """After how many minutes without a log line a node counts as hanging: 1 to 14400 (`LogHangTimeoutInMinute`)."""


class ResourceSupplyAttributeArgs(TypedDict, total=False):
    """Where the computing power comes from (`ResourceSupplyAttribute`).

    Args:
        supply_type: `TIDE`, `SPOT`, or the empty text for ordinary pay-as-you-go (`SupplyType`).
        cluster_type: `DEFAULT`, the service's default, or `THIRD`, a third party's cluster (`ClusterType`).
    """

    supply_type: Annotated[Input[str] | None, KnownValues(("TIDE", "SPOT"))]
    """`TIDE`, `SPOT`, or the empty text for ordinary pay-as-you-go (`SupplyType`)."""
    cluster_type: Annotated[Input[str] | None, KnownValues(("DEFAULT", "THIRD"))]
    """`DEFAULT`, the service's default, or `THIRD`, a third party's cluster (`ClusterType`)."""


class AssumeRoleArgs(TypedDict, total=False):
    """A role to assume for all requests about a task, in the same account or another one (`AssumeRole` of `sts`).

    Args:
        role_arn: (required) The role, for example `qcs::cam::uin/100000000001:roleName/train` (`RoleArn`).
        session_name: Name of the session in the account's audit log; by default `pulumi-tione` (`RoleSessionName`).
        session_duration: Lifetime of the temporary credentials in seconds, 1 to 43200, by default 7200. They are
            renewed before they expire (`DurationSeconds`).
        policy: A policy, as JSON, that restricts the permissions of the role (`Policy`).
        external_id: External id that the role of another account requires; always a Pulumi secret (`ExternalId`).
    """

    role_arn: Required[Input[str]]
    """The role, for example `qcs::cam::uin/100000000001:roleName/train` (`RoleArn`)."""
    session_name: Input[str] | None
    """Name of the session in the account's audit log; by default `pulumi-tione` (`RoleSessionName`)."""
    session_duration: Annotated[Input[int] | None, Range(1, 43200)]
    """Lifetime of the temporary credentials in seconds, 1 to 43200, by default 7200. They are renewed before they
    expire (`DurationSeconds`)."""
    policy: Input[str] | None
    """A policy, as JSON, that restricts the permissions of the role (`Policy`)."""
    external_id: Annotated[Input[str] | None, Secret()]
    """External id that the role of another account requires; always a Pulumi secret (`ExternalId`)."""


class SettingsArgs(TypedDict, total=False):
    """Where the credentials of a task come from, for tasks of several accounts in one stack.

    They contain no credentials themselves. The state records them, so that `pulumi refresh` and `pulumi destroy` use
    the same settings for the task.

    Args:
        profile: A profile of `tccli`; its file is read on the machine where Pulumi runs.
        shared_credentials_dir: The folder of the profiles; by default `~/.tccli`.
        cam_role_name: Name of the role of the machine (CVM) that Pulumi runs on, instead of a profile.
        assume_role: A role to assume with the credentials of the profile, or with those that the stack is
            configured with.
    """

    profile: Input[str] | None
    """A profile of `tccli`; its file is read on the machine where Pulumi runs."""
    shared_credentials_dir: Input[str] | None
    """The folder of the profiles; by default `~/.tccli`."""
    cam_role_name: Input[str] | None
    """Name of the role of the machine (CVM) that Pulumi runs on, instead of a profile."""
    assume_role: Input[AssumeRoleArgs] | None
    """A role to assume with the credentials of the profile, or with those that the stack is configured with."""


class TrainingTaskArgs(TypedDict, total=False):
    """The arguments of a training task (`CreateTrainingTask`).

    Args:
        charge_type: (required) `POSTPAID_BY_HOUR` to pay as you go, or `PREPAID` to use a resource group
            (`ChargeType`).
        resource_config_infos: (required) The groups of nodes, at least one (`ResourceConfigInfos`).
        name: Name of the task: unique in the account, at most 60 characters (Chinese and English letters, digits,
            `_`, `-`), beginning with a letter or a digit. By default computed from organization, project, stack and
            resource (`Name`).
        framework_name: Built-in framework: `SPARK`, `PYSPARK`, `TENSORFLOW` or `PYTORCH` (`FrameworkName`).
        framework_version: Version of the framework, for example `1.9` (`FrameworkVersion`).
        framework_environment: Environment of the framework, for example `torch2.1-py3.10-cuda12.1-gpu`
            (`FrameworkEnvironment`).
        image_info: A container image in place of a built-in framework (`ImageInfo`).
        training_mode: How the nodes work together: `PS_WORKER`, `DDP`, `MPI`, `HOROVOD`, `SPARK` or `RAY`
            (`TrainingMode`).
        start_cmd_info: The commands, as plain text (`EncodedStartCmdInfo`, which is sent in place of
            `StartCmdInfo`).
        encoded_start_cmd_info: The commands, already encoded; not together with `start_cmd_info`
            (`EncodedStartCmdInfo`).
        code_package_path: Where the code is in COS (`CodePackagePath`).
        code_repos: Code repositories that are cloned before the start (`CodeRepos`).
        data_source: Kind of the data: `DATASET`, `COS`, `CFS`, `CFSTurbo`, `HDFS` or `GooseFSx` (`DataSource`).
        data_configs: The mounts, at most ten (`DataConfigs`).
        output: Where the results go in COS; the service adds the task's id to the path (`Output`).
        tuning_parameters: Parameters of the training: a map, for example `{"learning_rate": 0.001}`, which is sent
            as JSON with sorted keys, or a text of at most 2048 characters (`TuningParameters`).
        envs: Environment variables (`Envs`).
        private_envs: Environment variables with hidden values; always Pulumi secrets (`Envs`, with `IsPrivate`).
        resource_group_id: Id of the resource group of a `PREPAID` task, for example `rsg-1368bcxs`
            (`ResourceGroupId`).
        vpc_id: Id of the VPC that the nodes join, for example `vpc-a26qv3af` (`VpcId`).
        subnet_id: Id of the subnet that the nodes join, for example `subnet-m7xhqcyc` (`SubnetId`).
        expose_network_config: How the nodes are reached from outside (`ExposeNetworkConfig`).
        log_enable: Whether logs are delivered to the log service CLS (`LogEnable`).
        log_config: Where in CLS the logs go (`LogConfig`).
        remark: A remark of at most 1024 characters (`Remark`).
        callback_url: Address that the service calls when the task is created, started or stopped. Always a Pulumi
            secret, since such addresses often contain a password (`CallbackUrl`).
        tags: Tags, in addition to the default ones of `tione:defaultTags`. A key has 1 to 127, a value 1 to 255
            characters: letters, digits, Chinese, inner blanks and `+ - = . _ : / @ ( ) [ ] , ; > <`. Keys that
            start with `qcs:`, `tencentcloud:`, `project` or `项目`, and the labels `pulumi:…` of this package, are
            reserved (`Tags`).
        ti_project_id: Id of the workspace, if it is not the default one (`TiProjectId`).
        train_tool_config: Diagnosis of a training that hangs (`TrainToolConfig`).
        resource_supply_attribute: Where the computing power comes from (`ResourceSupplyAttribute`).
        queues: Ids of the queues, for example `["q-bj-2f0a9dca"]` (`Queues`).
        region: Region of the task, for example `ap-guangzhou`; by default the one that is configured.
        settings: Where the task's credentials come from, if not from the stack's settings:
            `tione.Settings(profile="research")`. Other credentials of the same account are an update; another
            account replaces the task.
        triggers: Any values. When one of them changes, the task is replaced, so it runs once more.
        desired_status: `STOPPED` stops the task and `RUNNING` starts it again, when the program changes from one to
            the other. A new task always runs; a finished one satisfies `RUNNING`.
        rerun_on_failure: How many times the task is started again after it FAILED, each time by the next `up`; by
            default 0. A run that its `max_duration` ended is not started again, unless `rerun_on_time_limit` is
            set.
        max_duration: How long a run may take: a text such as `12h` or `1h30m`, a timedelta, or seconds; 0 for no
            limit. By default that of `tione:maxDuration`, for new tasks only. The container ends the run: a prefix
            of the start commands does this, so a change of the limit replaces the task. As an output, seconds.
        rerun_on_time_limit: Whether `rerun_on_failure` also applies to a run that its `max_duration` ended; by
            default it does not.
        additional_parameters: Parameters that this package does not know, by their API names, merged into the
            request: for example `{"SchedulePolicy": {"BackOffLimit": 3}}`. Whole numbers are sent as such.
    """

    charge_type: Required[Input[Literal["PREPAID", "POSTPAID_BY_HOUR"] | str]]
    """`POSTPAID_BY_HOUR` to pay as you go, or `PREPAID` to use a resource group (`ChargeType`)."""
    resource_config_infos: Required[Annotated[Input[Sequence[Input[ResourceConfigInfoArgs]]], NotEmpty()]]
    """The groups of nodes, at least one (`ResourceConfigInfos`)."""
    name: Annotated[Input[str] | None, TaskName()]
    """Name of the task: unique in the account, at most 60 characters (Chinese and English letters, digits, `_`, `-`),
    beginning with a letter or a digit. By default computed from organization, project, stack and resource (`Name`)."""
    framework_name: Annotated[Input[str] | None, KnownValues(("SPARK", "PYSPARK", "TENSORFLOW", "PYTORCH"))]
    """Built-in framework: `SPARK`, `PYSPARK`, `TENSORFLOW` or `PYTORCH` (`FrameworkName`)."""
    framework_version: Input[str] | None
    """Version of the framework, for example `1.9` (`FrameworkVersion`)."""
    framework_environment: Input[str] | None
    """Environment of the framework, for example `torch2.1-py3.10-cuda12.1-gpu` (`FrameworkEnvironment`)."""
    image_info: Input[ImageInfoArgs] | None
    """A container image in place of a built-in framework (`ImageInfo`)."""
    training_mode: Annotated[Input[str] | None, KnownValues(("PS_WORKER", "DDP", "MPI", "HOROVOD", "SPARK", "RAY"))]
    """How the nodes work together: `PS_WORKER`, `DDP`, `MPI`, `HOROVOD`, `SPARK` or `RAY` (`TrainingMode`)."""
    start_cmd_info: Input[StartCmdInfoArgs] | None
    """The commands, as plain text (`EncodedStartCmdInfo`, which is sent in place of `StartCmdInfo`)."""
    encoded_start_cmd_info: Input[EncodedStartCmdInfoArgs] | None
    """The commands, already encoded; not together with `start_cmd_info` (`EncodedStartCmdInfo`)."""
    code_package_path: Input[CosPathInfoArgs] | None
    """Where the code is in COS (`CodePackagePath`)."""
    code_repos: Input[Sequence[Input[CodeRepoConfigArgs]]] | None
    """Code repositories that are cloned before the start (`CodeRepos`)."""
    data_source: Annotated[Input[str] | None, KnownValues(_DATA_SOURCES)]
    """Kind of the data: `DATASET`, `COS`, `CFS`, `CFSTurbo`, `HDFS` or `GooseFSx` (`DataSource`)."""
    data_configs: Annotated[Input[Sequence[Input[DataConfigArgs]]] | None, MaxItems(10)]
    """The mounts, at most ten (`DataConfigs`)."""
    output: Input[CosPathInfoArgs] | None
    """Where the results go in COS; the service adds the task's id to the path (`Output`)."""
    tuning_parameters: Annotated[Input[str | Mapping[str, Any]] | None, JsonText(), MaxLength(2048)]
    """Parameters of the training: a map, for example `{"learning_rate": 0.001}`, which is sent as JSON with sorted
    keys, or a text of at most 2048 characters (`TuningParameters`)."""
    envs: Input[Mapping[str, Input[str]]] | None
    """Environment variables (`Envs`)."""
    private_envs: Annotated[Input[Mapping[str, Input[str]]] | None, Wire("Envs"), Secret()]
    """Environment variables with hidden values; always Pulumi secrets (`Envs`, with `IsPrivate`)."""
    resource_group_id: Input[str] | None
    """Id of the resource group of a `PREPAID` task, for example `rsg-1368bcxs` (`ResourceGroupId`)."""
    vpc_id: Input[str] | None
    """Id of the VPC that the nodes join, for example `vpc-a26qv3af` (`VpcId`)."""
    subnet_id: Input[str] | None
    """Id of the subnet that the nodes join, for example `subnet-m7xhqcyc` (`SubnetId`)."""
    expose_network_config: Input[ExposeNetworkConfigArgs] | None
    """How the nodes are reached from outside (`ExposeNetworkConfig`)."""
    log_enable: Input[bool] | None
    """Whether logs are delivered to the log service CLS (`LogEnable`)."""
    log_config: Input[LogConfigArgs] | None
    """Where in CLS the logs go (`LogConfig`)."""
    remark: Annotated[Input[str] | None, MaxLength(1024)]
    """A remark of at most 1024 characters (`Remark`)."""
    callback_url: Annotated[Input[str] | None, Secret()]
    """Address that the service calls when the task is created, started or stopped. Always a Pulumi secret, since such
    addresses often contain a password (`CallbackUrl`)."""
    tags: Input[Mapping[str, Input[str]]] | None
    """Tags, in addition to the default ones of `tione:defaultTags`. A key has 1 to 127, a value 1 to 255 characters:
    letters, digits, Chinese, inner blanks and `+ - = . _ : / @ ( ) [ ] , ; > <`. Keys that start with `qcs:`,
    `tencentcloud:`, `project` or `项目`, and the labels `pulumi:…` of this package, are reserved (`Tags`)."""
    ti_project_id: Input[str] | None
    """Id of the workspace, if it is not the default one (`TiProjectId`)."""
    train_tool_config: Input[TrainToolConfigArgs] | None
    """Diagnosis of a training that hangs (`TrainToolConfig`)."""
    resource_supply_attribute: Input[ResourceSupplyAttributeArgs] | None
    """Where the computing power comes from (`ResourceSupplyAttribute`)."""
    queues: Input[Sequence[Input[str]]] | None
    """Ids of the queues, for example `["q-bj-2f0a9dca"]` (`Queues`)."""
    region: Annotated[Input[str] | None, ProviderSide()]
    """Region of the task, for example `ap-guangzhou`; by default the one that is configured."""
    settings: Annotated[Input[SettingsArgs] | None, ProviderSide()]
    """Where the task's credentials come from, if not from the stack's settings:
    `tione.Settings(profile="research")`. Other credentials of the same account are an update; another account
    replaces the task."""
    triggers: Annotated[Input[Sequence[Any]] | None, ProviderSide()]
    """Any values. When one of them changes, the task is replaced, so it runs once more."""
    desired_status: Annotated[Input[Literal["RUNNING", "STOPPED"] | str] | None, ProviderSide()]
    """`STOPPED` stops the task and `RUNNING` starts it again, when the program changes from one to the other. A new
    task always runs; a finished one satisfies `RUNNING`."""
    rerun_on_failure: Annotated[Input[int] | None, Minimum(0), ProviderSide()]
    """How many times the task is started again after it FAILED, each time by the next `up`; by default 0. A run that
    its `max_duration` ended is not started again, unless `rerun_on_time_limit` is set."""
    max_duration: Annotated[Input[float | str | timedelta] | None, MaxDuration(), ProviderSide()]
    """How long a run may take: a text such as `12h` or `1h30m`, a timedelta, or seconds; 0 for no limit. By default
    that of `tione:maxDuration`, for new tasks only. The container ends the run: a prefix of the start commands
    does this, so a change of the limit replaces the task. As an output, seconds."""
    rerun_on_time_limit: Annotated[Input[bool] | None, ProviderSide()]
    """Whether `rerun_on_failure` also applies to a run that its `max_duration` ended; by default it does not."""
    additional_parameters: Annotated[Input[Mapping[str, Any]] | None, ProviderSide()]
    """Parameters that this package does not know, by their API names, merged into the request: for example
    `{"SchedulePolicy": {"BackOffLimit": 3}}`. Whole numbers are sent as such."""


class PodSSHInfoOutputs(TypedDict):
    """How to reach a pod by SSH (`PodSSHInfo`)."""

    host: str
    """Address of the pod (`Host`)."""
    port: int
    """Port (`Port`)."""
    login_command: str
    """The command to sign in with (`LoginCommand`)."""


class SSHConfigOutputs(TypedDict):
    """What the service knows of the SSH access (`SSHConfig`)."""

    login_command: str
    """The command to sign in with (`LoginCommand`)."""
    is_address_changed: bool
    """Whether the address has changed (`IsAddressChanged`)."""
    pod_ssh_info: Annotated[PodSSHInfoOutputs, Wire("PodSSHInfo")]
    """How to reach the pod (`PodSSHInfo`)."""


class OperatorInfoOutputs(TypedDict):
    """Who acted last on the task (`OperatorInfo`)."""

    sub_uin: str
    """Id of the user (`SubUin`)."""
    sub_uin_name: str
    """Name of the user (`SubUinName`)."""
    is_platform_operator: bool
    """Whether it was the platform, not a user (`IsPlatformOperator`)."""
    operation_type: str
    """What was done, for example `STOP` (`OperationType`)."""


class TrainingTaskOutputs(TypedDict):
    """What the service knows of a task in addition to its arguments (`TrainingTaskDetail`)."""

    status: str
    """`SUBMITTING`, `PENDING`, `STARTING`, `RUNNING`, `STOPPING`, `STOPPED`, `FAILED`, `SUCCEED` or
    `SUBMIT_FAILED`, as it was at the last `up` or `refresh` (`Status`)."""
    latest_instance_id: str
    """Id of the latest run (`LatestInstanceId`)."""
    create_time: Annotated[str, Timestamp()]
    """When the task was created, for example `2025-08-01T10:59:53+08:00` (`CreateTime`)."""
    start_time: Annotated[str, Timestamp()]
    """When the training started (`StartTime`)."""
    end_time: Annotated[str, Timestamp()]
    """When the training ended (`EndTime`)."""
    update_time: Annotated[str, Timestamp()]
    """When the task last changed (`UpdateTime`)."""
    runtime_in_seconds: int
    """Running time in seconds (`RuntimeInSeconds`)."""
    failure_reason: str
    """Reason why the task failed or was stopped (`FailureReason`)."""
    message: str
    """Message of the service about the task (`Message`)."""
    charge_status: str
    """`BILLING`, `ARREARS_STOP` or `NOT_BILLING` (`ChargeStatus`)."""
    billing_info: str
    """Price of the task, as a text for people (`BillingInfo`)."""
    resource_group_name: str
    """Name of the resource group (`ResourceGroupName`)."""
    tensor_board_id: str
    """Id of the task's TensorBoard (`TensorBoardId`)."""
    uin: str
    """Id of the account that owns the task (`Uin`)."""
    sub_uin: str
    """Id of the user that created the task (`SubUin`)."""
    sub_uin_name: str
    """Name of the user that created the task (`SubUinName`)."""
    operator_info: OperatorInfoOutputs
    """Who acted last on the task (`OperatorInfo`)."""
    all_tags: Annotated[Mapping[str, str], ProviderSide()]
    """All tags of the task: the program's, the default ones, and the labels `pulumi:project`, `pulumi:stack` and
    `pulumi:resource`."""
    create_request_id: Annotated[str, ProviderSide()]
    """Request id of the CreateTrainingTask call that created the task, for the vendor's support. A task that was found
    by a lookup, imported, or created by an earlier version has none."""
