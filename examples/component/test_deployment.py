"""What the component does, with the real engine and a local TI-ONE of the test's own."""

import pytest
from pulumi import automation


def program():
    from team_training import TeamTraining

    TeamTraining("bert", "sleep 5", team="nlp")


@pytest.fixture
def stack(tione_emulator, tmp_path, monkeypatch):
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "test")
    return automation.create_stack("test", project_name="component", program=program)


def test_the_task_runs_is_tagged_and_is_deleted(stack, tione_emulator):
    stack.up()
    tione_emulator.advance(3600)
    [task] = tione_emulator.tasks()
    assert task["Status"] == "SUCCEED"
    assert {"TagKey": "team", "TagValue": "nlp"} in task["Tags"]

    stack.destroy()
    assert tione_emulator.tasks() == []
