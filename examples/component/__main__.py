"""A stack with one training of the team."""

import pulumi
from team_training import TeamTraining

training = TeamTraining("bert", "python3 train.py", size="small", team="nlp")

pulumi.export("task", training.task.id)
