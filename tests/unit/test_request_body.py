"""The body of CreateTrainingTask as it is shown: what is sent, without secrets and with what is not known yet.

The request that is sent is in `test_wire.py`.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from review_samples import inputs, review_of, step

from pulumi_tione._schema.wire import request_body
from pulumi_tione.review.preview import UNKNOWN_MARKER
from pulumi_tione.review.request_body import shown_request, shown_requests

COMMANDS = {"StartCmd": "train.py --password hunter2hunter2", "PsStartCmd": "", "WorkerStartCmd": ""}


def encoded(commands: dict[str, str]) -> str:
    return base64.b64encode(json.dumps(commands).encode()).decode()


def body(**more: Any) -> dict[str, Any]:
    """Return what is shown of a new task with these inputs, as a preview has them."""
    (shown,) = shown_requests(review_of([step("bert", "create", None, inputs(**more))]).stacks[0])
    assert (shown["stack"], shown["resource"]) == ("nlp/dev", "bert")
    return dict(shown["request"])


def test_what_holds_no_secret_is_shown_as_it_is_sent() -> None:
    task = inputs(startCmdInfo={"workerStartCmd": "python train.py"}, envs={"A": "1"}, vpcId="vpc-1", remark="")
    task.pop("owner")
    task |= {"additionalParameters": {"SchedulePolicy": {"BackOffLimit": 3.0}}}
    assert shown_request(task, {"team": "nlp"}) == request_body(task, {"team": "nlp"})


def test_the_labels_are_shown_and_the_one_that_is_drawn_has_no_value_yet() -> None:
    tags = {each["TagKey"]: each["TagValue"] for each in body(tags={"team": "nlp"})["Tags"]}
    assert tags == {
        "team": "nlp",
        "pulumi:project": "nlp",
        "pulumi:stack": "dev",
        "pulumi:resource": "bert",
        "pulumi:create": "(drawn when the task is created)",
    }


@pytest.mark.parametrize(
    ("more", "path", "expected"),
    [
        ({"vpcId": UNKNOWN_MARKER}, ["VpcId"], "(known after up)"),
        ({"callbackUrl": "planted"}, ["CallbackUrl"], "(secret)"),
        ({"startCmdInfo": "[secret]"}, ["EncodedStartCmdInfo", "StartCmdInfo"], "(secret)"),
        ({"startCmdInfo": {"startCmd": "[secret]"}}, ["EncodedStartCmdInfo", "StartCmdInfo"], "(secret)"),
        ({"envs": "[secret]"}, ["Envs", 0, "Value"], "(secret)"),
        ({"envs": {"HF_TOKEN": "planted"}}, ["Envs", 0, "Value"], "(secret?)"),
        ({"privateEnvs": {"A": "planted"}}, ["Envs", 0, "Value"], "(secret)"),
        ({"maxDuration": UNKNOWN_MARKER}, ["ChargeType"], "POSTPAID_BY_HOUR"),
        (
            {"imageInfo": {"imageType": "CUSTOM", "imageUrl": "r/t:1", "imageSecret": {"password": "planted"}}},
            ["ImageInfo", "ImageSecret", "Password"],
            "(secret)",
        ),
    ],
)
def test_secrets_and_unknown_values_are_texts_in_brackets(more: Any, path: list[str | int], expected: str) -> None:
    shown: Any = body(**more)
    assert "planted" not in json.dumps(shown)
    assert UNKNOWN_MARKER not in json.dumps(shown)
    for part in path:
        shown = shown[part]
    assert shown == expected


def test_a_command_in_plain_text_is_encoded_without_what_looks_like_a_secret() -> None:
    for more in (
        {"startCmdInfo": {"startCmd": COMMANDS["StartCmd"]}},
        {"encodedStartCmdInfo": {"startCmdInfo": encoded(COMMANDS)}},
    ):
        text = base64.b64decode(body(**more)["EncodedStartCmdInfo"]["StartCmdInfo"]).decode()
        assert json.loads(text) == {"StartCmd": "train.py (secret?)", "PsStartCmd": "", "WorkerStartCmd": ""}


def test_a_task_that_stays_has_no_request() -> None:
    steps = [step("a", "same", inputs(), inputs()), step("b", "delete", inputs())]
    assert shown_requests(review_of(steps).stacks[0]) == []
