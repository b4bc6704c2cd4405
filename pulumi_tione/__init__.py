"""Pulumi resources for the training tasks of Tencent Cloud TI-ONE.

A name is imported when it is used: neither the provider's process nor a test run that has this package installed waits
for what it does not use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_tione import args as args
    from pulumi_tione import errors as errors
    from pulumi_tione import functions as functions
    from pulumi_tione import outputs as outputs
    from pulumi_tione.args import (
        AssumeRoleArgs,
        CBSConfigArgs,
        CFSConfigArgs,
        CFSTurboArgs,
        CodeRepoConfigArgs,
        CosPathInfoArgs,
        DataConfigArgs,
        DataSetConfigArgs,
        EncodedStartCmdInfoArgs,
        ExposeNetworkConfigArgs,
        ExposePortConfigArgs,
        GooseFSArgs,
        HDFSConfigArgs,
        HostPathArgs,
        ImageInfoArgs,
        ImageSecretArgs,
        LocalDiskArgs,
        LogConfigArgs,
        PublicDataSourceFSArgs,
        RDMAConfigArgs,
        ResourceConfigInfoArgs,
        ResourceSupplyAttributeArgs,
        SettingsArgs,
        SSHConfigArgs,
        StartCmdInfoArgs,
        TrainingTaskArgs,
        TrainToolConfigArgs,
    )
    from pulumi_tione.functions import (
        GetTrainingTaskResult,
        InstanceSpec,
        LogLine,
        PresetImage,
        ResourceGroup,
        TrainingFramework,
        TrainingTaskPod,
        TrainingTaskSummary,
        get_instance_specs,
        get_instance_specs_output,
        get_preset_images,
        get_preset_images_output,
        get_resource_groups,
        get_resource_groups_output,
        get_training_frameworks,
        get_training_frameworks_output,
        get_training_task,
        get_training_task_logs,
        get_training_task_logs_output,
        get_training_task_output,
        get_training_task_pods,
        get_training_task_pods_output,
        get_training_tasks,
        get_training_tasks_output,
    )
    from pulumi_tione.training_task import TrainingTask

    Settings = SettingsArgs
    """Where a task's credentials come from. It reads better so: `settings=tione.Settings(profile="research")`."""

    __version__: str

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
    "GetTrainingTaskResult",
    "GooseFSArgs",
    "HDFSConfigArgs",
    "HostPathArgs",
    "ImageInfoArgs",
    "ImageSecretArgs",
    "InstanceSpec",
    "LocalDiskArgs",
    "LogConfigArgs",
    "LogLine",
    "PresetImage",
    "PublicDataSourceFSArgs",
    "RDMAConfigArgs",
    "ResourceConfigInfoArgs",
    "ResourceGroup",
    "ResourceSupplyAttributeArgs",
    "SSHConfigArgs",
    "Settings",
    "SettingsArgs",
    "StartCmdInfoArgs",
    "TrainToolConfigArgs",
    "TrainingFramework",
    "TrainingTask",
    "TrainingTaskArgs",
    "TrainingTaskPod",
    "TrainingTaskSummary",
    "get_instance_specs",
    "get_instance_specs_output",
    "get_preset_images",
    "get_preset_images_output",
    "get_resource_groups",
    "get_resource_groups_output",
    "get_training_frameworks",
    "get_training_frameworks_output",
    "get_training_task",
    "get_training_task_logs",
    "get_training_task_logs_output",
    "get_training_task_output",
    "get_training_task_pods",
    "get_training_task_pods_output",
    "get_training_tasks",
    "get_training_tasks_output",
]

_MODULES = ("args", "errors", "functions", "outputs")

if not TYPE_CHECKING:  # else type checkers would accept any name

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            value: Any = importlib.import_module("importlib.metadata").version("pulumi-tione")
        elif name in _MODULES:
            return importlib.import_module(f"{__name__}.{name}")
        elif name in __all__:
            module = importlib.import_module(f"{__name__}.{_module_of(name)}")
            value = getattr(module, "SettingsArgs" if name == "Settings" else name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def _module_of(name: str) -> str:
    if name.endswith(("Args", "Settings")):
        return "args"
    return "training_task" if name == "TrainingTask" else "functions"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES, "__version__"})
