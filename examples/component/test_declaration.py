"""What the component declares, with Pulumi's mocks: no engine, no service, milliseconds."""

import pulumi
import pytest


class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return f"{args.name}-id", args.inputs

    def call(self, args):
        return {}


pulumi.runtime.set_mocks(Mocks())

from team_training import TeamTraining  # noqa: E402  after set_mocks


@pulumi.runtime.test
def test_a_large_training_has_four_nodes():
    training = TeamTraining("bert", "python3 train.py", size="large", team="nlp")

    def check(groups):
        [group] = groups
        assert (group.instance_type, group.instance_num) == ("TI.GN10.2XLARGE40.POST", 4)

    return training.task.resource_config_infos.apply(check)


@pulumi.runtime.test
def test_its_team_is_a_tag():
    training = TeamTraining("tagged", "python3 train.py", team="nlp")

    def check(tags):
        assert tags == {"team": "nlp"}

    return training.task.tags.apply(check)


def test_an_unknown_size_is_refused():
    with pytest.raises(ValueError, match="size must be small or large"):
        TeamTraining("huge", "python3 train.py", size="huge", team="nlp")
