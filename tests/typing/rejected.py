"""Programs that a type checker rejects. A comment `E: …` names a part of the message about its line."""

from __future__ import annotations

import pulumi

import pulumi_tione
from pulumi_tione import (
    CosPathInfoArgs,
    DataConfigArgs,
    HostPathArgs,
    ResourceConfigInfoArgs,
    SSHConfigArgs,
    TrainingTask,
    TrainingTaskArgs,
)

number: pulumi.Output[int] = pulumi.Output.from_input(2)
groups = [ResourceConfigInfoArgs(role="WORKER")]
task = TrainingTask("t", charge_type="PREPAID", resource_config_infos=groups)

# A wrong field, in each form.
ResourceConfigInfoArgs(role="WORKER", instance_count=2)  # E: Extra key "instance_count"
TrainingTaskArgs(charge_type="PREPAID", resource_config_infos=groups, vpc="v")  # E: Extra key "vpc"
TrainingTask("t", charge_type="PREPAID", resource_config_infos=groups, vpc="v")  # E: Unexpected keyword argument "vpc"
TrainingTask("t", {"charge_type": "PREPAID", "resource_config_infos": groups, "vpc": "v"})  # E: No overload variant
wrong_field: TrainingTaskArgs = {"charge_type": "C", "resource_config_infos": groups, "vpc": "v"}  # E: Extra key "vpc"

# A wrong type, in each form.
ResourceConfigInfoArgs(role="WORKER", instance_num="2")  # E: has type "str", TypedDict item "instance_num"
ResourceConfigInfoArgs(role=5)  # E: has type "int", TypedDict item "role"
TrainingTaskArgs(charge_type=True, resource_config_infos=groups)  # E: TypedDict item "charge_type"
TrainingTask("t", charge_type="PREPAID", resource_config_infos=groups, vpc_id=5)  # E: No overload variant
TrainingTask("t", {"charge_type": "PREPAID", "resource_config_infos": groups, "vpc_id": 5})  # E: No overload variant
wrong_type: TrainingTaskArgs = {"charge_type": 5, "resource_config_infos": groups}  # E: TypedDict item "charge_type"

# Something required that is missing, in each form.
CosPathInfoArgs(bucket="b", region="r")  # E: Missing key "paths"
TrainingTask("t", resource_config_infos=groups)  # E: No overload variant
TrainingTask("t", {"charge_type": "PREPAID"})  # E: No overload variant
missing: TrainingTaskArgs = {"resource_config_infos": groups}  # E: Missing key "charge_type"
TrainingTask("t")  # E: No overload variant

# The same inside of other args.
DataConfigArgs(cos_source=CosPathInfoArgs(bucket="b", region="r", paths=[], path="x"))  # E: Extra key "path"
DataConfigArgs(cos_source={"bucket": "b", "region": "r", "paths": [], "path": "x"})  # E: TypedDict item "cos_source"
DataConfigArgs(cfs_source={"id": 5, "path": "/"})  # E: TypedDict item "cfs_source"
DataConfigArgs(cfs_source=HostPathArgs(path="/"))  # E: has type "HostPathArgs", TypedDict item "cfs_source"
TrainingTask("t", charge_type="PREPAID", resource_config_infos=[{"role": "W", "num": 1}])  # E: List item 0 has
TrainingTask("t", charge_type="PREPAID", resource_config_infos=[{"role": 5}])  # E: List item 0 has
TrainingTask("t", {"charge_type": "C", "resource_config_infos": [{"role": 5}]})  # E: No overload variant
TrainingTask("t", {"charge_type": "C", "resource_config_infos": [{"rol": "W"}]})  # E: No overload variant

# Outputs of the wrong type, and a map that is no map.
ResourceConfigInfoArgs(role=number)  # E: has type "Output[int]", TypedDict item "role"
TrainingTask("t", charge_type="PREPAID", resource_config_infos=groups, envs={"A": 1})  # E: Dict entry 0 has
TrainingTask("t", charge_type="PREPAID", resource_config_infos=groups, tags=[("a", "b")])  # E: No overload variant

# Args and keyword arguments together; what is an output only; what is no output.
TrainingTask("t", {"charge_type": "C", "resource_config_infos": groups}, remark="x")  # E: No overload variant
SSHConfigArgs(enable=True, login_command="ssh")  # E: Extra key "login_command"
TrainingTaskArgs(charge_type="PREPAID", resource_config_infos=groups, status="RUNNING")  # E: Extra key "status"
progress = task.progress  # E: has no attribute "progress"
vpc: pulumi.Output[int] = task.status  # E: Incompatible types in assignment
task.resource_config_infos.apply(lambda groups: groups[0].instance_count)  # E: has no attribute "instance_count"
task.wait_for(5)  # E: incompatible type "Literal[5]"
task.wait_for("SUCCEED", timeout=[60])  # E: incompatible type "list[int]"
TrainingTask.get("t")  # E: Missing positional argument "id"

# What the package does not have.
print(pulumi_tione.TrainingTasks)  # E: has no attribute "TrainingTasks"
