"""What the first program of an imported task may set without a new task.

The import itself is in `tests/cli/test_import.py`, what it writes in `test_imported_task.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione.lifecycle.diff import diff
from pulumi_tione.lifecycle.imported import IMPORTED, as_declared

KNOWN = [
    "chargeType",
    "codePackagePath",
    "dataConfigs",
    "envs",
    "exposeNetworkConfig",
    "imageInfo",
    "logEnable",
    "name",
    "region",
    "remark",
    "resourceConfigInfos",
    "startCmdInfo",
    "tags",
    "tiProjectId",
]
RECORDED: dict[str, Any] = {
    "name": "bert",
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "resourceConfigInfos": [
        {"role": "HEAD", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1},
        {"role": "WORKER", "instanceType": "TI.S.LARGE.POST", "instanceNum": 2},
    ],
    "imageInfo": {"imageType": "CUSTOM", "imageUrl": "registry.example.com/bert:1"},
    "dataConfigs": [{"mappingPath": "/a", "cosSource": {"bucket": "b", "region": "r"}}],
    "startCmdInfo": {"workerStartCmd": "sleep 1"},
    "remark": "night run",
    "tags": {"team": "nlp"},
    "allTags": {"team": "nlp"},
    IMPORTED: KNOWN,
}
DECLARED = {name: value for name, value in RECORDED.items() if name not in (IMPORTED, "allTags")}


def of(outputs: dict[str, Any], **declared: Any) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What replaces, what changes in place and what is accepted, when the program declares this; None is left out."""
    news = {name: value for name, value in {**DECLARED, **declared}.items() if value is not None}
    found = diff(outputs, news, recorded_owner=None, owner=None, labels_enabled=False)
    return found.replacing, found.in_place, found.accepted_paths


def test_a_program_that_declares_what_was_recorded_changes_nothing() -> None:
    assert of(RECORDED) == ((), (), ())


SECRET = {"username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("declared", "paths"),
    [
        ({"triggers": ["1"]}, ("triggers",)),
        ({"privateEnvs": {"TOKEN": "x"}}, ("private_envs",)),
        ({"additionalParameters": {"SchedulePolicy": {"BackOffLimit": 3}}}, ("additional_parameters",)),
        ({"queues": ["q-1"]}, ("queues",)),
        ({"callbackUrl": "https://example.com"}, ("callback_url",)),
        ({"startCmdInfo": None, "encodedStartCmdInfo": {"startCmdInfo": "e30="}}, None),
        ({"imageInfo": {**RECORDED["imageInfo"], "imageSecret": SECRET}}, ("image_info.image_secret",)),
        ({"remark": None}, ("remark",)),
        ({"tags": None}, ("tags",)),
        ({"dataConfigs": [{"mappingPath": "/a"}]}, ("data_configs[0].cos_source",)),
        ({"logEnable": False}, ("log_enable",)),
        ({"exposeNetworkConfig": {"sshConfig": {"enable": False}}}, None),
        (
            {
                "resourceConfigInfos": [
                    {**RECORDED["resourceConfigInfos"][0], "cpu": 2},
                    RECORDED["resourceConfigInfos"][1],
                ]
            },
            ("resource_config_infos[0].cpu",),
        ),
    ],
)
def test_what_the_service_never_returned_and_what_the_program_leaves_out_is_accepted(
    declared: dict[str, Any], paths: tuple[str, ...] | None
) -> None:
    replacing, in_place, accepted_paths = of(RECORDED, **declared)
    assert (replacing, in_place) == ((), ())
    assert accepted_paths == paths or (paths is None and accepted_paths)


@pytest.mark.parametrize(
    ("declared", "replacing"),
    [
        ({"remark": "day run"}, ("remark",)),
        ({"codePackagePath": {"bucket": "b", "region": "r", "paths": ["x/"]}}, ("codePackagePath",)),
        ({"envs": {"EPOCHS": "3"}}, ("envs",)),
        ({"resourceConfigInfos": RECORDED["resourceConfigInfos"][:1]}, ("resourceConfigInfos",)),
        (
            {"dataConfigs": [{"mappingPath": "/a", "cosSource": {"bucket": "b", "region": "r", "paths": ["p/"]}}]},
            ("dataConfigs",),
        ),
        ({"imageInfo": {"imageType": "CUSTOM", "imageUrl": "other", "imageSecret": SECRET}}, ("imageInfo",)),
        ({"region": "ap-shanghai"}, ("region",)),
        ({"tiProjectId": "7"}, ("tiProjectId",)),
    ],
)
def test_what_contradicts_the_service_replaces_as_always(declared: dict[str, Any], replacing: tuple[str, ...]) -> None:
    assert of(RECORDED, **declared) == (replacing, (), ())


@pytest.mark.parametrize(("name", "value"), [("tiProjectId", "7"), ("region", "ap-shanghai")])
def test_a_program_that_leaves_out_where_the_task_is_means_another_place(name: str, value: str) -> None:
    """Otherwise the state would no longer show where it runs: a refresh would not find it, nor a destroy stop it."""
    assert of({**RECORDED, name: value}, **{name: None}) == ((name,), (), ())
    outputs, paths = as_declared({**RECORDED, name: value}, {**DECLARED, "remark": "day run"})
    assert outputs[name] == value
    assert name not in paths


def test_a_time_limit_is_a_part_of_the_commands_that_the_service_returned() -> None:
    assert of(RECORDED, maxDuration=3600)[0] == ("maxDuration",)
    unknown = {**RECORDED, IMPORTED: [name for name in KNOWN if name != "startCmdInfo"]}
    assert of(unknown, maxDuration=3600) == ((), (), ("max_duration",))


def test_groups_of_nodes_may_stand_in_another_order() -> None:
    head, worker = RECORDED["resourceConfigInfos"]
    replacing, _, accepted_paths = of(RECORDED, resourceConfigInfos=[worker, {**head, "rdmaConfig": {"enable": False}}])
    assert replacing == ()
    assert accepted_paths


def test_a_group_in_another_order_is_found_although_the_program_leaves_a_part_of_it_to_the_service() -> None:
    head, worker = RECORDED["resourceConfigInfos"]
    left_out = {name: value for name, value in worker.items() if name != "instanceType"}
    assert of(RECORDED, resourceConfigInfos=[left_out, head]) == (
        (),
        (),
        ("resource_config_infos[0].instance_type",),
    )


def test_what_is_switched_off_in_the_program_is_no_value_that_is_left_out() -> None:
    assert of({**RECORDED, "logEnable": True}, logEnable=False)[:2] == ((), ("logEnable",))
    network = {"exposeNetworkConfig": {"sshConfig": {"enable": True}}, IMPORTED: [*KNOWN, "exposeNetworkConfig"]}
    assert of({**RECORDED, **network}, exposeNetworkConfig={"sshConfig": {"enable": False}})[0] == (
        "exposeNetworkConfig",
    )


@pytest.mark.parametrize("left_out", ["", None])
def test_an_empty_text_is_left_to_the_service(left_out: str | None) -> None:
    assert of(RECORDED, remark=left_out) == ((), (), ("remark",))


def test_a_number_of_zero_is_left_to_the_service_and_one_is_not() -> None:
    head, worker = RECORDED["resourceConfigInfos"]
    for number, is_accepted in ((0, True), (1, False)):
        replacing, _, paths = of(RECORDED, resourceConfigInfos=[head, {**worker, "instanceNum": number}])
        assert (paths == ("resource_config_infos[1].instance_num",)) is is_accepted
        assert (replacing == ()) is is_accepted


def test_what_was_recorded_though_the_service_does_not_return_it_is_no_news() -> None:
    assert of({**RECORDED, "triggers": ["1"]}, triggers=["1"]) == ((), (), ())


def test_an_unknown_member_hides_no_contradiction_after_it() -> None:
    path = {"bucket": "b", "region": "r", "paths": ["x/"]}
    recorded = {**RECORDED, "codePackagePath": path, IMPORTED: KNOWN}
    assert of(recorded, codePackagePath={"another": 1, **path, "bucket": "c"})[0] == ("codePackagePath",)


def test_equal_items_of_a_list_are_matched_one_by_one() -> None:
    paths = {"bucket": "b", "region": "r", "paths": ["x/", "x/"]}
    assert of({**RECORDED, "codePackagePath": paths}, codePackagePath={**paths, "paths": ["x/", "y/"]})[0] == (
        "codePackagePath",
    )


def test_what_acts_is_done_and_not_only_recorded() -> None:
    assert of(RECORDED, desiredStatus="STOPPED", tags={"team": "cv"})[:2] == ((), ("tags", "desiredStatus"))


def test_a_task_that_was_not_imported_is_compared_as_always() -> None:
    created = {name: value for name, value in RECORDED.items() if name != IMPORTED}
    assert of(created, triggers=["1"], remark=None) == (("remark", "triggers"), (), ())
    assert as_declared(created, DECLARED) == (created, ())


def test_what_was_accepted_is_recorded_and_nothing_remains_of_the_import() -> None:
    news = {**{name: value for name, value in DECLARED.items() if name != "remark"}, "triggers": ["1"]}
    outputs, paths = as_declared(RECORDED, news)
    assert set(paths) == {"remark", "triggers"}
    assert outputs == {**news, "allTags": {"team": "nlp"}}


def test_a_parameter_that_a_later_version_knows_is_accepted_for_a_task_that_an_earlier_one_imported() -> None:
    earlier = {**RECORDED, IMPORTED: [name for name in KNOWN if name != "exposeNetworkConfig"]}
    assert of(earlier, exposeNetworkConfig={"sshConfig": {"enable": True}})[0] == ()


def test_the_name_of_what_is_recorded_never_changes() -> None:
    assert IMPORTED == "importedFields"
    assert IMPORTED not in {*TRAINING_TASK.fields, *TRAINING_TASK.outputs}
