"""The outputs of a training task, typed. Written by tools/outputs/generate.py from args.py: change that one.

An output class is a dict with attributes, as in every Pulumi package: `task.resource_config_infos[0].instance_num`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi


def _init(self: dict[str, Any], **values: Any) -> None:
    """Take the values by their Python names. Shared, where Pulumi would compile one for each class."""
    self.update({name: value for name, value in values.items() if value is not None})


__all__ = [
    "AssumeRole",
    "CBSConfig",
    "CFSConfig",
    "CFSTurbo",
    "CodeRepoConfig",
    "CosPathInfo",
    "DataConfig",
    "DataSetConfig",
    "EncodedStartCmdInfo",
    "ExposeNetworkConfig",
    "ExposePortConfig",
    "GetTrainingTaskResult",
    "GooseFS",
    "HDFSConfig",
    "HostPath",
    "ImageInfo",
    "ImageSecret",
    "LocalDisk",
    "LogConfig",
    "OperatorInfo",
    "PodSSHInfo",
    "PublicDataSourceFS",
    "RDMAConfig",
    "ResourceConfigInfo",
    "ResourceSupplyAttribute",
    "SSHConfig",
    "Settings",
    "StartCmdInfo",
    "TrainToolConfig",
    "TrainingTaskProperties",
]


@pulumi.output_type
class RDMAConfig(dict[str, Any]):
    """Remote direct memory access between the nodes (`RDMAConfig`)."""

    __init__ = _init
    enable: bool | None = pulumi.property("enable", default=None)
    """Whether RDMA is used; by default false (`Enable`)."""


@pulumi.output_type
class ResourceConfigInfo(dict[str, Any]):
    """One group of equal nodes (`ResourceConfigInfo`)."""

    __init__ = _init
    role: str = pulumi.property("role")
    """Role of the nodes in the training mode: `PS`, `WORKER`, `DRIVER`, `EXECUTOR` or `HEAD` (`Role`)."""
    instance_type: str | None = pulumi.property("instanceType", default=None)
    """Specification of a pay-as-you-go node, for example `TI.GN10.2XLARGE40.POST`; `get_instance_specs` lists them
    (`InstanceType`)."""
    instance_num: int | None = pulumi.property("instanceNum", default=None)
    """How many nodes the group has, at least 1 (`InstanceNum`)."""
    cpu: int | None = pulumi.property("cpu", default=None)
    """CPU of a node in a resource group, in thousandths of a core: 1000 is one core (`Cpu`)."""
    memory: int | None = pulumi.property("memory", default=None)
    """Memory of a node in a resource group, in MB (`Memory`)."""
    gpu: int | None = pulumi.property("gpu", default=None)
    """GPUs of a node in a resource group, in hundredths of a card: 100 is one card (`Gpu`)."""
    gpu_type: str | None = pulumi.property("gpuType", default=None)
    """Kind of GPU in a resource group, for example `V100` (`GpuType`)."""
    instance_type_alias: str | None = pulumi.property("instanceTypeAlias", default=None)
    """Display name of the specification; the service returns its own name in any case (`InstanceTypeAlias`)."""
    rdma_config: RDMAConfig | None = pulumi.property("rdmaConfig", default=None)
    """RDMA of the nodes (`RDMAConfig`)."""


@pulumi.output_type
class ImageSecret(dict[str, Any]):
    """How to sign in to a third party's image registry (`ImageSecret`)."""

    __init__ = _init
    username: str | None = pulumi.property("username", default=None)
    """User name (`Username`)."""
    password: str | None = pulumi.property("password", default=None)
    """Password, encoded as base64; with `key_id`, encrypted first. Always a Pulumi secret (`Password`)."""
    key_id: str | None = pulumi.property("keyId", default=None)
    """Id of the KMS key that the password was encrypted with (`KeyId`)."""
    secret_id: str | None = pulumi.property("secretId", default=None)
    """Id of a stored credential, in place of user name and password (`SecretId`)."""


@pulumi.output_type
class ImageInfo(dict[str, Any]):
    """A container image in place of a built-in framework (`ImageInfo`)."""

    __init__ = _init
    image_type: str = pulumi.property("imageType")
    """`TCR`, `CCR` (TCR personal), `PreSet` (the platform's own) or `CUSTOM` (a third party's) (`ImageType`)."""
    image_url: str = pulumi.property("imageUrl")
    """Address of the image, for example `ccr.ccs.tencentyun.com/nlp/bert:1.2` (`ImageUrl`)."""
    registry_region: str | None = pulumi.property("registryRegion", default=None)
    """Region of the TCR registry, for example `ap-beijing` (`RegistryRegion`)."""
    registry_id: str | None = pulumi.property("registryId", default=None)
    """Id of the TCR instance (`RegistryId`)."""
    image_name: str | None = pulumi.property("imageName", default=None)
    """Display name of the image (`ImageName`)."""
    image_secret: ImageSecret | None = pulumi.property("imageSecret", default=None)
    """How to sign in to the registry; for `CUSTOM` images only (`ImageSecret`)."""
    allow_save_all_content: bool | None = pulumi.property("allowSaveAllContent", default=None)
    """Whether all content of the image may be exported (`AllowSaveAllContent`)."""
    support_data_pipeline: bool | None = pulumi.property("supportDataPipeline", default=None)
    """Whether the image supports building data (`SupportDataPipeline`)."""


@pulumi.output_type
class StartCmdInfo(dict[str, Any]):
    """The commands that the nodes run, as plain text (`StartCmdInfo`)."""

    __init__ = _init
    start_cmd: str | None = pulumi.property("startCmd", default=None)
    """Command of the whole task, for example of a SPARK one (`StartCmd`)."""
    ps_start_cmd: str | None = pulumi.property("psStartCmd", default=None)
    """Command of the parameter servers (`PsStartCmd`)."""
    worker_start_cmd: str | None = pulumi.property("workerStartCmd", default=None)
    """Command of the workers, for example `python train.py` (`WorkerStartCmd`)."""


@pulumi.output_type
class EncodedStartCmdInfo(dict[str, Any]):
    """The commands in the API's encoded form, for commands that are already encoded (`EncodedStartCmdInfo`)."""

    __init__ = _init
    start_cmd_info: str | None = pulumi.property("startCmdInfo", default=None)
    """Base64 of a JSON object with the keys StartCmd, PsStartCmd and WorkerStartCmd (`StartCmdInfo`)."""


@pulumi.output_type
class CosPathInfo(dict[str, Any]):
    """A place in the object storage COS (`CosPathInfo`)."""

    __init__ = _init
    bucket: str = pulumi.property("bucket")
    """Name of the bucket with its APPID, for example `corpus-1250000000` (`Bucket`)."""
    region: str = pulumi.property("region")
    """Region of the bucket, for example `ap-guangzhou` (`Region`)."""
    paths: Sequence[str] = pulumi.property("paths")
    """The path, as a list of exactly one element, for example `["code/"]` (`Paths`)."""


@pulumi.output_type
class CodeRepoConfig(dict[str, Any]):
    """A code repository that is cloned before the start (`CodeRepoConfig`)."""

    __init__ = _init
    id: str = pulumi.property("id")
    """Id of the repository on the platform, for example `cr-1000669213287070080` (`Id`)."""
    target_path: str = pulumi.property("targetPath")
    """Where it is cloned to, for example `/opt/ml/code` (`TargetPath`)."""


@pulumi.output_type
class DataSetConfig(dict[str, Any]):
    """A dataset of the platform (`DataSetConfig`)."""

    __init__ = _init
    id: str = pulumi.property("id")
    """Id of the dataset (`Id`)."""


@pulumi.output_type
class CFSConfig(dict[str, Any]):
    """A directory of a CFS file system (`CFSConfig`)."""

    __init__ = _init
    id: str = pulumi.property("id")
    """Id of the file system, for example `cfs-pchxhlg9` (`Id`)."""
    path: str = pulumi.property("path")
    """The directory, for example `/my/path` (`Path`)."""
    mount_type: str | None = pulumi.property("mountType", default=None)
    """`STORAGE`, the service's default, or `SOURCE` (`MountType`)."""
    protocol: str | None = pulumi.property("protocol", default=None)
    """`NFS` or `TURBO`; an older page of the vendor writes `1` and `2` (`Protocol`)."""
    is_preset_storage: bool | None = pulumi.property("isPresetStorage", default=None)
    """Whether it is preset storage of the platform (`IsPresetStorage`)."""


@pulumi.output_type
class HDFSConfig(dict[str, Any]):
    """A directory of an HDFS in an EMR cluster (`HDFSConfig`)."""

    __init__ = _init
    id: str = pulumi.property("id")
    """Id of the EMR cluster, for example `emr-demo0001` (`Id`)."""
    path: str = pulumi.property("path")
    """The directory (`Path`)."""


@pulumi.output_type
class GooseFS(dict[str, Any]):
    """A GooseFS or GooseFSx file system (`GooseFS`)."""

    __init__ = _init
    id: str | None = pulumi.property("id", default=None)
    """Id of the instance (`Id`)."""
    type: str | None = pulumi.property("type", default=None)
    """`GooseFS` or `GooseFSx` (`Type`)."""
    path: str | None = pulumi.property("path", default=None)
    """The path in a GooseFSx to mount (`Path`)."""
    name_space: str | None = pulumi.property("nameSpace", default=None)
    """The namespace of a GooseFS (`NameSpace`)."""
    mount_options: str | None = pulumi.property("mountOptions", default=None)
    """Options of the client, separated by commas, for example `allow_other,direct_io` (`MountOptions`)."""


@pulumi.output_type
class CFSTurbo(dict[str, Any]):
    """A directory of a CFS Turbo file system (`CFSTurbo`)."""

    __init__ = _init
    id: str | None = pulumi.property("id", default=None)
    """Id of the instance (`Id`)."""
    path: str | None = pulumi.property("path", default=None)
    """The directory (`Path`)."""


@pulumi.output_type
class LocalDisk(dict[str, Any]):
    """A local disk of a node; at most one per task (`LocalDisk`)."""

    __init__ = _init
    instance_id: str = pulumi.property("instanceId")
    """Id of the node (`InstanceId`)."""
    local_path: str | None = pulumi.property("localPath", default=None)
    """Path on the disk (`LocalPath`)."""


@pulumi.output_type
class CBSConfig(dict[str, Any]):
    """A cloud disk that is created for each node; at most one per task (`CBSConfig`)."""

    __init__ = _init
    volume_size_in_gb: int = pulumi.property("volumeSizeInGb")
    """Size of the disk in GB (`VolumeSizeInGB`)."""


@pulumi.output_type
class HostPath(dict[str, Any]):
    """A directory of the machine that a node runs on (`HostPath`)."""

    __init__ = _init
    path: str | None = pulumi.property("path", default=None)
    """The directory (`Path`)."""


@pulumi.output_type
class PublicDataSourceFS(dict[str, Any]):
    """A data source of the public cloud (`PublicDataSourceFS`)."""

    __init__ = _init
    data_source_id: str | None = pulumi.property("dataSourceId", default=None)
    """Id of the data source (`DataSourceId`)."""
    sub_path: str | None = pulumi.property("subPath", default=None)
    """Path below the path of the data source (`SubPath`)."""


@pulumi.output_type
class DataConfig(dict[str, Any]):
    """One mount (`DataConfig`): what is mounted, and where in the container."""

    __init__ = _init
    mapping_path: str | None = pulumi.property("mappingPath", default=None)
    """Where it is mounted, for example `/opt/ml/input/data/` (`MappingPath`)."""
    data_source_type: str | None = pulumi.property("dataSourceType", default=None)
    """Kind of the source, for example `CFS` (`DataSourceType`)."""
    data_source_usage: str | None = pulumi.property("dataSourceUsage", default=None)
    """What it is for, for example `USER_DATA` (`DataSourceUsage`)."""
    data_set_source: DataSetConfig | None = pulumi.property("dataSetSource", default=None)
    """A dataset of the platform (`DataSetSource`)."""
    cos_source: CosPathInfo | None = pulumi.property("cosSource", default=None)
    """A path in COS (`COSSource`)."""
    cfs_source: CFSConfig | None = pulumi.property("cfsSource", default=None)
    """A CFS file system (`CFSSource`)."""
    hdfs_source: HDFSConfig | None = pulumi.property("hdfsSource", default=None)
    """An HDFS (`HDFSSource`)."""
    goose_fs_source: GooseFS | None = pulumi.property("gooseFsSource", default=None)
    """A GooseFS or GooseFSx (`GooseFSSource`)."""
    cfs_turbo_source: CFSTurbo | None = pulumi.property("cfsTurboSource", default=None)
    """A CFS Turbo file system (`CFSTurboSource`)."""
    local_disk_source: LocalDisk | None = pulumi.property("localDiskSource", default=None)
    """A local disk (`LocalDiskSource`)."""
    cbs_source: CBSConfig | None = pulumi.property("cbsSource", default=None)
    """A cloud disk (`CBSSource`)."""
    host_path_source: HostPath | None = pulumi.property("hostPathSource", default=None)
    """A directory of the machine (`HostPathSource`)."""
    public_data_source: PublicDataSourceFS | None = pulumi.property("publicDataSource", default=None)
    """A data source of the public cloud (`PublicDataSource`)."""
    read_only: bool | None = pulumi.property("readOnly", default=None)
    """Whether it is mounted read-only (`ReadOnly`)."""


@pulumi.output_type
class PodSSHInfo(dict[str, Any]):
    """How to reach a pod by SSH (`PodSSHInfo`)."""

    __init__ = _init
    host: str | None = pulumi.property("host", default=None)
    """Address of the pod (`Host`)."""
    port: int | None = pulumi.property("port", default=None)
    """Port (`Port`)."""
    login_command: str | None = pulumi.property("loginCommand", default=None)
    """The command to sign in with (`LoginCommand`)."""


@pulumi.output_type
class SSHConfig(dict[str, Any]):
    """SSH access to the nodes (`SSHConfig`); how to sign in is an output."""

    __init__ = _init
    enable: bool | None = pulumi.property("enable", default=None)
    """Whether SSH is on (`Enable`)."""
    public_key: str | None = pulumi.property("publicKey", default=None)
    """The public key that may sign in (`PublicKey`)."""
    port: int | None = pulumi.property("port", default=None)
    """Port (`Port`)."""
    login_command: str | None = pulumi.property("loginCommand", default=None)
    """The command to sign in with (`LoginCommand`)."""
    is_address_changed: bool | None = pulumi.property("isAddressChanged", default=None)
    """Whether the address has changed (`IsAddressChanged`)."""
    pod_ssh_info: PodSSHInfo | None = pulumi.property("podSshInfo", default=None)
    """How to reach the pod (`PodSSHInfo`)."""


@pulumi.output_type
class ExposePortConfig(dict[str, Any]):
    """A container's port, exposed through a load balancer (`ExposePortConfig`)."""

    __init__ = _init
    enable: bool | None = pulumi.property("enable", default=None)
    """Whether the port is exposed (`Enable`)."""
    vpc_id: str | None = pulumi.property("vpcId", default=None)
    """Id of the VPC of the load balancer (`VpcId`)."""
    clb_id: str | None = pulumi.property("clbId", default=None)
    """Id of the load balancer (`ClbId`)."""
    clb_host: str | None = pulumi.property("clbHost", default=None)
    """Domain of the load balancer (`ClbHost`)."""


@pulumi.output_type
class ExposeNetworkConfig(dict[str, Any]):
    """How the nodes are reached from outside (`ExposeNetworkConfig`)."""

    __init__ = _init
    ssh_config: SSHConfig | None = pulumi.property("sshConfig", default=None)
    """SSH access (`SSHConfig`)."""
    expose_port_config: ExposePortConfig | None = pulumi.property("exposePortConfig", default=None)
    """An exposed port (`ExposePortConfig`)."""


@pulumi.output_type
class LogConfig(dict[str, Any]):
    """Where in the log service CLS the logs go (`LogConfig`)."""

    __init__ = _init
    logset_id: str = pulumi.property("logsetId")
    """Id of the log set (`LogsetId`)."""
    topic_id: str = pulumi.property("topicId")
    """Id of the log topic (`TopicId`)."""


@pulumi.output_type
class TrainToolConfig(dict[str, Any]):
    """The platform's diagnosis of a training that hangs (`TrainToolConfig`)."""

    __init__ = _init
    enable_hang_monitor: bool | None = pulumi.property("enableHangMonitor", default=None)
    """Whether the nodes are monitored; the service's default is false (`EnableHangMonitor`)."""
    hang_monitor_nodes: Sequence[str] | None = pulumi.property("hangMonitorNodes", default=None)
    """Which nodes are monitored, for example `["master-0"]` (`HangMonitorNodes`)."""
    log_hang_timeout_in_minute: int | None = pulumi.property("logHangTimeoutInMinute", default=None)
    """After how many minutes without a log line a node counts as hanging: 1 to 14400 (`LogHangTimeoutInMinute`)."""


@pulumi.output_type
class ResourceSupplyAttribute(dict[str, Any]):
    """Where the computing power comes from (`ResourceSupplyAttribute`)."""

    __init__ = _init
    supply_type: str | None = pulumi.property("supplyType", default=None)
    """`TIDE`, `SPOT`, or the empty text for ordinary pay-as-you-go (`SupplyType`)."""
    cluster_type: str | None = pulumi.property("clusterType", default=None)
    """`DEFAULT`, the service's default, or `THIRD`, a third party's cluster (`ClusterType`)."""


@pulumi.output_type
class AssumeRole(dict[str, Any]):
    """A role to assume for all requests about a task, in the same account or another one (`AssumeRole` of `sts`)."""

    __init__ = _init
    role_arn: str = pulumi.property("roleArn")
    """The role, for example `qcs::cam::uin/100000000001:roleName/train` (`RoleArn`)."""
    session_name: str | None = pulumi.property("sessionName", default=None)
    """Name of the session in the account's audit log; by default `pulumi-tione` (`RoleSessionName`)."""
    session_duration: int | None = pulumi.property("sessionDuration", default=None)
    """Lifetime of the temporary credentials in seconds, 1 to 43200, by default 7200. They are renewed before they
    expire (`DurationSeconds`)."""
    policy: str | None = pulumi.property("policy", default=None)
    """A policy, as JSON, that restricts the permissions of the role (`Policy`)."""
    external_id: str | None = pulumi.property("externalId", default=None)
    """External id that the role of another account requires; always a Pulumi secret (`ExternalId`)."""


@pulumi.output_type
class Settings(dict[str, Any]):
    """Where the credentials of a task come from, for tasks of several accounts in one stack."""

    __init__ = _init
    profile: str | None = pulumi.property("profile", default=None)
    """A profile of `tccli`; its file is read on the machine where Pulumi runs."""
    shared_credentials_dir: str | None = pulumi.property("sharedCredentialsDir", default=None)
    """The folder of the profiles; by default `~/.tccli`."""
    cam_role_name: str | None = pulumi.property("camRoleName", default=None)
    """Name of the role of the machine (CVM) that Pulumi runs on, instead of a profile."""
    assume_role: AssumeRole | None = pulumi.property("assumeRole", default=None)
    """A role to assume with the credentials of the profile, or with those that the stack is configured with."""


@pulumi.output_type
class OperatorInfo(dict[str, Any]):
    """Who acted last on the task (`OperatorInfo`)."""

    __init__ = _init
    sub_uin: str = pulumi.property("subUin", default=None)
    """Id of the user (`SubUin`)."""
    sub_uin_name: str = pulumi.property("subUinName", default=None)
    """Name of the user (`SubUinName`)."""
    is_platform_operator: bool | None = pulumi.property("isPlatformOperator", default=None)
    """Whether it was the platform, not a user (`IsPlatformOperator`)."""
    operation_type: str | None = pulumi.property("operationType", default=None)
    """What was done, for example `STOP` (`OperationType`)."""


@pulumi.output_type
class GetTrainingTaskResult(dict[str, Any]):
    """The result of a lookup of a task (`TrainingTaskDetail`)."""

    __init__ = _init
    id: str = pulumi.property("id")
    """Its id, for example `train-1208038387393233920` (`Id`)."""
    region: str = pulumi.property("region")
    """Its region, for example `ap-guangzhou`."""
    status: str = pulumi.property("status")
    """`SUBMITTING`, `PENDING`, `STARTING`, `RUNNING`, `STOPPING`, `STOPPED`, `FAILED`, `SUCCEED` or
    `SUBMIT_FAILED`, as it was at the last `up` or `refresh` (`Status`)."""
    latest_instance_id: str = pulumi.property("latestInstanceId")
    """Id of the latest run (`LatestInstanceId`)."""
    create_time: str = pulumi.property("createTime")
    """When the task was created, for example `2025-08-01T10:59:53+08:00` (`CreateTime`)."""
    start_time: str = pulumi.property("startTime")
    """When the training started (`StartTime`)."""
    end_time: str = pulumi.property("endTime")
    """When the training ended (`EndTime`)."""
    update_time: str = pulumi.property("updateTime")
    """When the task last changed (`UpdateTime`)."""
    runtime_in_seconds: int = pulumi.property("runtimeInSeconds")
    """Running time in seconds (`RuntimeInSeconds`)."""
    failure_reason: str = pulumi.property("failureReason")
    """Reason why the task failed or was stopped (`FailureReason`)."""
    message: str = pulumi.property("message")
    """Message of the service about the task (`Message`)."""
    charge_status: str = pulumi.property("chargeStatus")
    """`BILLING`, `ARREARS_STOP` or `NOT_BILLING` (`ChargeStatus`)."""
    billing_info: str = pulumi.property("billingInfo")
    """Price of the task, as a text for people (`BillingInfo`)."""
    resource_group_name: str = pulumi.property("resourceGroupName")
    """Name of the resource group (`ResourceGroupName`)."""
    tensor_board_id: str = pulumi.property("tensorBoardId")
    """Id of the task's TensorBoard (`TensorBoardId`)."""
    uin: str = pulumi.property("uin")
    """Id of the account that owns the task (`Uin`)."""
    sub_uin: str = pulumi.property("subUin")
    """Id of the user that created the task (`SubUin`)."""
    sub_uin_name: str = pulumi.property("subUinName")
    """Name of the user that created the task (`SubUinName`)."""
    operator_info: OperatorInfo | None = pulumi.property("operatorInfo", default=None)
    """Who acted last on the task (`OperatorInfo`)."""
    all_tags: Mapping[str, str] = pulumi.property("allTags")
    """All tags of the task: the program's, the default ones, and the labels `pulumi:project`, `pulumi:stack` and
    `pulumi:resource`."""
    charge_type: str = pulumi.property("chargeType")
    """`POSTPAID_BY_HOUR` to pay as you go, or `PREPAID` to use a resource group (`ChargeType`)."""
    resource_config_infos: Sequence[ResourceConfigInfo] = pulumi.property("resourceConfigInfos")
    """The groups of nodes, at least one (`ResourceConfigInfos`)."""
    name: str = pulumi.property("name")
    """Name of the task: unique in the account, at most 60 characters (Chinese and English letters, digits, `_`,
    `-`), beginning with a letter or a digit. By default computed from organization, project, stack and resource
    (`Name`)."""
    framework_name: str | None = pulumi.property("frameworkName", default=None)
    """Built-in framework: `SPARK`, `PYSPARK`, `TENSORFLOW` or `PYTORCH` (`FrameworkName`)."""
    framework_version: str | None = pulumi.property("frameworkVersion", default=None)
    """Version of the framework, for example `1.9` (`FrameworkVersion`)."""
    framework_environment: str | None = pulumi.property("frameworkEnvironment", default=None)
    """Environment of the framework, for example `torch2.1-py3.10-cuda12.1-gpu` (`FrameworkEnvironment`)."""
    image_info: ImageInfo | None = pulumi.property("imageInfo", default=None)
    """A container image in place of a built-in framework (`ImageInfo`)."""
    training_mode: str | None = pulumi.property("trainingMode", default=None)
    """How the nodes work together: `PS_WORKER`, `DDP`, `MPI`, `HOROVOD`, `SPARK` or `RAY` (`TrainingMode`)."""
    start_cmd_info: StartCmdInfo | None = pulumi.property("startCmdInfo", default=None)
    """The commands, as plain text (`EncodedStartCmdInfo`, which is sent in place of `StartCmdInfo`)."""
    code_package_path: CosPathInfo | None = pulumi.property("codePackagePath", default=None)
    """Where the code is in COS (`CodePackagePath`)."""
    code_repos: Sequence[CodeRepoConfig] | None = pulumi.property("codeRepos", default=None)
    """Code repositories that are cloned before the start (`CodeRepos`)."""
    data_source: str | None = pulumi.property("dataSource", default=None)
    """Kind of the data: `DATASET`, `COS`, `CFS`, `CFSTurbo`, `HDFS` or `GooseFSx` (`DataSource`)."""
    data_configs: Sequence[DataConfig] | None = pulumi.property("dataConfigs", default=None)
    """The mounts, at most ten (`DataConfigs`)."""
    output: CosPathInfo | None = pulumi.property("output", default=None)
    """Where the results go in COS; the service adds the task's id to the path (`Output`)."""
    tuning_parameters: str | None = pulumi.property("tuningParameters", default=None)
    """Parameters of the training: a map, for example `{"learning_rate": 0.001}`, which is sent as JSON with sorted
    keys, or a text of at most 2048 characters (`TuningParameters`)."""
    resource_group_id: str | None = pulumi.property("resourceGroupId", default=None)
    """Id of the resource group of a `PREPAID` task, for example `rsg-1368bcxs` (`ResourceGroupId`)."""
    vpc_id: str | None = pulumi.property("vpcId", default=None)
    """Id of the VPC that the nodes join, for example `vpc-a26qv3af` (`VpcId`)."""
    subnet_id: str | None = pulumi.property("subnetId", default=None)
    """Id of the subnet that the nodes join, for example `subnet-m7xhqcyc` (`SubnetId`)."""
    expose_network_config: ExposeNetworkConfig | None = pulumi.property("exposeNetworkConfig", default=None)
    """How the nodes are reached from outside (`ExposeNetworkConfig`)."""
    log_enable: bool | None = pulumi.property("logEnable", default=None)
    """Whether logs are delivered to the log service CLS (`LogEnable`)."""
    log_config: LogConfig | None = pulumi.property("logConfig", default=None)
    """Where in CLS the logs go (`LogConfig`)."""
    remark: str | None = pulumi.property("remark", default=None)
    """A remark of at most 1024 characters (`Remark`)."""
    tags: Mapping[str, str] | None = pulumi.property("tags", default=None)
    """Tags, in addition to the default ones of `tione:defaultTags`. A key has 1 to 127, a value 1 to 255
    characters: letters, digits, Chinese, inner blanks and `+ - = . _ : / @ ( ) [ ] , ; > <`. Keys that start with
    `qcs:`, `tencentcloud:`, `project` or `项目`, and the labels `pulumi:…` of this package, are reserved (`Tags`)."""
    ti_project_id: str | None = pulumi.property("tiProjectId", default=None)
    """Id of the workspace, if it is not the default one (`TiProjectId`)."""
    max_duration: int | None = pulumi.property("maxDuration", default=None)
    """How long a run may take: a text such as `12h` or `1h30m`, a timedelta, or seconds; 0 for no limit. By default
    that of `tione:maxDuration`, for new tasks only. The container ends the run: a prefix of the start commands does
    this, so a change of the limit replaces the task. As an output, seconds."""


class TrainingTaskProperties(pulumi.CustomResource):
    """The properties of a `TrainingTask`."""

    def _output(self, name: str) -> pulumi.Output[Any]:
        """Return the engine's value, or None for a field that is not set: an Output for each of them takes long."""
        return self.__dict__.get(name) or pulumi.Output.from_input(None)

    @property
    @pulumi.getter(name="chargeType")
    def charge_type(self) -> pulumi.Output[str]:
        """`POSTPAID_BY_HOUR` to pay as you go, or `PREPAID` to use a resource group (`ChargeType`)."""
        return self._output("charge_type")

    @property
    @pulumi.getter(name="resourceConfigInfos")
    def resource_config_infos(self) -> pulumi.Output[Sequence[ResourceConfigInfo]]:
        """The groups of nodes, at least one (`ResourceConfigInfos`)."""
        return self._output("resource_config_infos")

    @property
    @pulumi.getter(name="name")
    def name(self) -> pulumi.Output[str]:
        """Name of the task: unique in the account, at most 60 characters (Chinese and English letters, digits, `_`,
        `-`), beginning with a letter or a digit. By default computed from organization, project, stack and resource
        (`Name`)."""
        return self._output("name")

    @property
    @pulumi.getter(name="frameworkName")
    def framework_name(self) -> pulumi.Output[str | None]:
        """Built-in framework: `SPARK`, `PYSPARK`, `TENSORFLOW` or `PYTORCH` (`FrameworkName`)."""
        return self._output("framework_name")

    @property
    @pulumi.getter(name="frameworkVersion")
    def framework_version(self) -> pulumi.Output[str | None]:
        """Version of the framework, for example `1.9` (`FrameworkVersion`)."""
        return self._output("framework_version")

    @property
    @pulumi.getter(name="frameworkEnvironment")
    def framework_environment(self) -> pulumi.Output[str | None]:
        """Environment of the framework, for example `torch2.1-py3.10-cuda12.1-gpu` (`FrameworkEnvironment`)."""
        return self._output("framework_environment")

    @property
    @pulumi.getter(name="imageInfo")
    def image_info(self) -> pulumi.Output[ImageInfo | None]:
        """A container image in place of a built-in framework (`ImageInfo`)."""
        return self._output("image_info")

    @property
    @pulumi.getter(name="trainingMode")
    def training_mode(self) -> pulumi.Output[str | None]:
        """How the nodes work together: `PS_WORKER`, `DDP`, `MPI`, `HOROVOD`, `SPARK` or `RAY` (`TrainingMode`)."""
        return self._output("training_mode")

    @property
    @pulumi.getter(name="startCmdInfo")
    def start_cmd_info(self) -> pulumi.Output[StartCmdInfo | None]:
        """The commands, as plain text (`EncodedStartCmdInfo`, which is sent in place of `StartCmdInfo`)."""
        return self._output("start_cmd_info")

    @property
    @pulumi.getter(name="encodedStartCmdInfo")
    def encoded_start_cmd_info(self) -> pulumi.Output[EncodedStartCmdInfo | None]:
        """The commands, already encoded; not together with `start_cmd_info` (`EncodedStartCmdInfo`)."""
        return self._output("encoded_start_cmd_info")

    @property
    @pulumi.getter(name="codePackagePath")
    def code_package_path(self) -> pulumi.Output[CosPathInfo | None]:
        """Where the code is in COS (`CodePackagePath`)."""
        return self._output("code_package_path")

    @property
    @pulumi.getter(name="codeRepos")
    def code_repos(self) -> pulumi.Output[Sequence[CodeRepoConfig] | None]:
        """Code repositories that are cloned before the start (`CodeRepos`)."""
        return self._output("code_repos")

    @property
    @pulumi.getter(name="dataSource")
    def data_source(self) -> pulumi.Output[str | None]:
        """Kind of the data: `DATASET`, `COS`, `CFS`, `CFSTurbo`, `HDFS` or `GooseFSx` (`DataSource`)."""
        return self._output("data_source")

    @property
    @pulumi.getter(name="dataConfigs")
    def data_configs(self) -> pulumi.Output[Sequence[DataConfig] | None]:
        """The mounts, at most ten (`DataConfigs`)."""
        return self._output("data_configs")

    @property
    @pulumi.getter(name="output")
    def output(self) -> pulumi.Output[CosPathInfo | None]:
        """Where the results go in COS; the service adds the task's id to the path (`Output`)."""
        return self._output("output")

    @property
    @pulumi.getter(name="tuningParameters")
    def tuning_parameters(self) -> pulumi.Output[str | None]:
        """Parameters of the training: a map, for example `{"learning_rate": 0.001}`, which is sent as JSON with
        sorted keys, or a text of at most 2048 characters (`TuningParameters`)."""
        return self._output("tuning_parameters")

    @property
    @pulumi.getter(name="envs")
    def envs(self) -> pulumi.Output[Mapping[str, str] | None]:
        """Environment variables (`Envs`)."""
        return self._output("envs")

    @property
    @pulumi.getter(name="privateEnvs")
    def private_envs(self) -> pulumi.Output[Mapping[str, str] | None]:
        """Environment variables with hidden values; always Pulumi secrets (`Envs`, with `IsPrivate`)."""
        return self._output("private_envs")

    @property
    @pulumi.getter(name="resourceGroupId")
    def resource_group_id(self) -> pulumi.Output[str | None]:
        """Id of the resource group of a `PREPAID` task, for example `rsg-1368bcxs` (`ResourceGroupId`)."""
        return self._output("resource_group_id")

    @property
    @pulumi.getter(name="vpcId")
    def vpc_id(self) -> pulumi.Output[str | None]:
        """Id of the VPC that the nodes join, for example `vpc-a26qv3af` (`VpcId`)."""
        return self._output("vpc_id")

    @property
    @pulumi.getter(name="subnetId")
    def subnet_id(self) -> pulumi.Output[str | None]:
        """Id of the subnet that the nodes join, for example `subnet-m7xhqcyc` (`SubnetId`)."""
        return self._output("subnet_id")

    @property
    @pulumi.getter(name="exposeNetworkConfig")
    def expose_network_config(self) -> pulumi.Output[ExposeNetworkConfig | None]:
        """How the nodes are reached from outside (`ExposeNetworkConfig`)."""
        return self._output("expose_network_config")

    @property
    @pulumi.getter(name="logEnable")
    def log_enable(self) -> pulumi.Output[bool | None]:
        """Whether logs are delivered to the log service CLS (`LogEnable`)."""
        return self._output("log_enable")

    @property
    @pulumi.getter(name="logConfig")
    def log_config(self) -> pulumi.Output[LogConfig | None]:
        """Where in CLS the logs go (`LogConfig`)."""
        return self._output("log_config")

    @property
    @pulumi.getter(name="remark")
    def remark(self) -> pulumi.Output[str | None]:
        """A remark of at most 1024 characters (`Remark`)."""
        return self._output("remark")

    @property
    @pulumi.getter(name="callbackUrl")
    def callback_url(self) -> pulumi.Output[str | None]:
        """Address that the service calls when the task is created, started or stopped. Always a Pulumi secret,
        since such addresses often contain a password (`CallbackUrl`)."""
        return self._output("callback_url")

    @property
    @pulumi.getter(name="tags")
    def tags(self) -> pulumi.Output[Mapping[str, str] | None]:
        """Tags, in addition to the default ones of `tione:defaultTags`. A key has 1 to 127, a value 1 to 255
        characters: letters, digits, Chinese, inner blanks and `+ - = . _ : / @ ( ) [ ] , ; > <`. Keys that start
        with `qcs:`, `tencentcloud:`, `project` or `项目`, and the labels `pulumi:…` of this package, are reserved
        (`Tags`)."""
        return self._output("tags")

    @property
    @pulumi.getter(name="tiProjectId")
    def ti_project_id(self) -> pulumi.Output[str | None]:
        """Id of the workspace, if it is not the default one (`TiProjectId`)."""
        return self._output("ti_project_id")

    @property
    @pulumi.getter(name="trainToolConfig")
    def train_tool_config(self) -> pulumi.Output[TrainToolConfig | None]:
        """Diagnosis of a training that hangs (`TrainToolConfig`)."""
        return self._output("train_tool_config")

    @property
    @pulumi.getter(name="resourceSupplyAttribute")
    def resource_supply_attribute(self) -> pulumi.Output[ResourceSupplyAttribute | None]:
        """Where the computing power comes from (`ResourceSupplyAttribute`)."""
        return self._output("resource_supply_attribute")

    @property
    @pulumi.getter(name="queues")
    def queues(self) -> pulumi.Output[Sequence[str] | None]:
        """Ids of the queues, for example `["q-bj-2f0a9dca"]` (`Queues`)."""
        return self._output("queues")

    @property
    @pulumi.getter(name="region")
    def region(self) -> pulumi.Output[str]:
        """Region of the task, for example `ap-guangzhou`; by default the one that is configured."""
        return self._output("region")

    @property
    @pulumi.getter(name="settings")
    def settings(self) -> pulumi.Output[Settings | None]:
        """Where the task's credentials come from, if not from the stack's settings:
        `tione.Settings(profile="research")`. Other credentials of the same account are an update; another account
        replaces the task."""
        return self._output("settings")

    @property
    @pulumi.getter(name="triggers")
    def triggers(self) -> pulumi.Output[Sequence[Any] | None]:
        """Any values. When one of them changes, the task is replaced, so it runs once more."""
        return self._output("triggers")

    @property
    @pulumi.getter(name="desiredStatus")
    def desired_status(self) -> pulumi.Output[str | None]:
        """`STOPPED` stops the task and `RUNNING` starts it again, when the program changes from one to the other. A
        new task always runs; a finished one satisfies `RUNNING`."""
        return self._output("desired_status")

    @property
    @pulumi.getter(name="rerunOnFailure")
    def rerun_on_failure(self) -> pulumi.Output[int | None]:
        """How many times the task is started again after it FAILED, each time by the next `up`; by default 0. A run
        that its `max_duration` ended is not started again, unless `rerun_on_time_limit` is set."""
        return self._output("rerun_on_failure")

    @property
    @pulumi.getter(name="maxDuration")
    def max_duration(self) -> pulumi.Output[int | None]:
        """How long a run may take: a text such as `12h` or `1h30m`, a timedelta, or seconds; 0 for no limit. By
        default that of `tione:maxDuration`, for new tasks only. The container ends the run: a prefix of the start
        commands does this, so a change of the limit replaces the task. As an output, seconds."""
        return self._output("max_duration")

    @property
    @pulumi.getter(name="rerunOnTimeLimit")
    def rerun_on_time_limit(self) -> pulumi.Output[bool | None]:
        """Whether `rerun_on_failure` also applies to a run that its `max_duration` ended; by default it does
        not."""
        return self._output("rerun_on_time_limit")

    @property
    @pulumi.getter(name="additionalParameters")
    def additional_parameters(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """Parameters that this package does not know, by their API names, merged into the request: for example
        `{"SchedulePolicy": {"BackOffLimit": 3}}`. Whole numbers are sent as such."""
        return self._output("additional_parameters")

    @property
    @pulumi.getter(name="status")
    def status(self) -> pulumi.Output[str]:
        """`SUBMITTING`, `PENDING`, `STARTING`, `RUNNING`, `STOPPING`, `STOPPED`, `FAILED`, `SUCCEED` or
        `SUBMIT_FAILED`, as it was at the last `up` or `refresh` (`Status`)."""
        return self._output("status")

    @property
    @pulumi.getter(name="latestInstanceId")
    def latest_instance_id(self) -> pulumi.Output[str]:
        """Id of the latest run (`LatestInstanceId`)."""
        return self._output("latest_instance_id")

    @property
    @pulumi.getter(name="createTime")
    def create_time(self) -> pulumi.Output[str]:
        """When the task was created, for example `2025-08-01T10:59:53+08:00` (`CreateTime`)."""
        return self._output("create_time")

    @property
    @pulumi.getter(name="startTime")
    def start_time(self) -> pulumi.Output[str]:
        """When the training started (`StartTime`)."""
        return self._output("start_time")

    @property
    @pulumi.getter(name="endTime")
    def end_time(self) -> pulumi.Output[str]:
        """When the training ended (`EndTime`)."""
        return self._output("end_time")

    @property
    @pulumi.getter(name="updateTime")
    def update_time(self) -> pulumi.Output[str]:
        """When the task last changed (`UpdateTime`)."""
        return self._output("update_time")

    @property
    @pulumi.getter(name="runtimeInSeconds")
    def runtime_in_seconds(self) -> pulumi.Output[int]:
        """Running time in seconds (`RuntimeInSeconds`)."""
        return self._output("runtime_in_seconds")

    @property
    @pulumi.getter(name="failureReason")
    def failure_reason(self) -> pulumi.Output[str]:
        """Reason why the task failed or was stopped (`FailureReason`)."""
        return self._output("failure_reason")

    @property
    @pulumi.getter(name="message")
    def message(self) -> pulumi.Output[str]:
        """Message of the service about the task (`Message`)."""
        return self._output("message")

    @property
    @pulumi.getter(name="chargeStatus")
    def charge_status(self) -> pulumi.Output[str]:
        """`BILLING`, `ARREARS_STOP` or `NOT_BILLING` (`ChargeStatus`)."""
        return self._output("charge_status")

    @property
    @pulumi.getter(name="billingInfo")
    def billing_info(self) -> pulumi.Output[str]:
        """Price of the task, as a text for people (`BillingInfo`)."""
        return self._output("billing_info")

    @property
    @pulumi.getter(name="resourceGroupName")
    def resource_group_name(self) -> pulumi.Output[str]:
        """Name of the resource group (`ResourceGroupName`)."""
        return self._output("resource_group_name")

    @property
    @pulumi.getter(name="tensorBoardId")
    def tensor_board_id(self) -> pulumi.Output[str]:
        """Id of the task's TensorBoard (`TensorBoardId`)."""
        return self._output("tensor_board_id")

    @property
    @pulumi.getter(name="uin")
    def uin(self) -> pulumi.Output[str]:
        """Id of the account that owns the task (`Uin`)."""
        return self._output("uin")

    @property
    @pulumi.getter(name="subUin")
    def sub_uin(self) -> pulumi.Output[str]:
        """Id of the user that created the task (`SubUin`)."""
        return self._output("sub_uin")

    @property
    @pulumi.getter(name="subUinName")
    def sub_uin_name(self) -> pulumi.Output[str]:
        """Name of the user that created the task (`SubUinName`)."""
        return self._output("sub_uin_name")

    @property
    @pulumi.getter(name="operatorInfo")
    def operator_info(self) -> pulumi.Output[OperatorInfo | None]:
        """Who acted last on the task (`OperatorInfo`)."""
        return self._output("operator_info")

    @property
    @pulumi.getter(name="allTags")
    def all_tags(self) -> pulumi.Output[Mapping[str, str]]:
        """All tags of the task: the program's, the default ones, and the labels `pulumi:project`, `pulumi:stack`
        and `pulumi:resource`."""
        return self._output("all_tags")

    @property
    @pulumi.getter(name="createRequestId")
    def create_request_id(self) -> pulumi.Output[str | None]:
        """Request id of the CreateTrainingTask call that created the task, for the vendor's support. A task that
        was found by a lookup, imported, or created by an earlier version has none."""
        return self._output("create_request_id")
