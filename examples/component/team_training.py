"""A team's own kind of training task: a few arguments, and the team's conventions for the rest."""

import pulumi

import pulumi_tione as tione

SIZES = {"small": ("TI.S.LARGE.POST", 1), "large": ("TI.GN10.2XLARGE40.POST", 4)}
"""What the team rents: a specification, and how many nodes of it."""


class TeamTraining(pulumi.ComponentResource):
    """A PyTorch training as this team runs them: sized, tagged, with its output in the team's bucket.

    Args:
        name: its name, which is also the folder of its output.
        command: what each node runs.
        size: `small` or `large`.
        team: who pays for it; becomes a tag.
    """

    task: tione.TrainingTask

    def __init__(
        self, name: str, command: str, *, size: str = "small", team: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("team:index:TeamTraining", name, {}, opts)
        if size not in SIZES:
            raise ValueError(f"size must be {' or '.join(SIZES)}, got {size!r}")
        instance_type, count = SIZES[size]
        self.task = tione.TrainingTask(
            name,
            framework_name="PYTORCH",
            framework_environment="torch2.1-py3.10-cuda12.1-gpu",
            training_mode="DDP",
            charge_type="POSTPAID_BY_HOUR",
            resource_config_infos=[
                tione.ResourceConfigInfoArgs(role="WORKER", instance_type=instance_type, instance_num=count)
            ],
            start_cmd_info=tione.StartCmdInfoArgs(worker_start_cmd=command),
            output=tione.CosPathInfoArgs(bucket="team-1250000000", region="ap-guangzhou", paths=[f"{name}/"]),
            tags={"team": team},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"task": self.task.id})
