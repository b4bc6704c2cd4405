"""The vendor's definition of the API: its actions, and the members of their requests and responses.

The facts are in `definition.json`, distilled from the vendor's own package. What the vendor no longer publishes, or
never did, follows below as an addition, so that this module holds everything that is known about names and types.

`tools/definition/distil.py` writes `definition.json`. A body is checked against it in `schema.py`, error codes are in
`error_codes.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

ANY = "any"
"""The type of a member that nobody has described: it accepts every JSON value."""

SCALARS = frozenset({"string", "bool", "int64", "uint64", "float", ANY})

_WITHDRAWN: dict[str, Any] = {
    "actions": {
        "DescribeTrainingFrameworks": {
            "request": "DescribeTrainingFrameworksRequest",
            "response": "DescribeTrainingFrameworksResponse",
        },
        "DescribePublicKey": {"request": "DescribePublicKeyRequest", "response": "DescribePublicKeyResponse"},
    },
    "structs": {
        "DescribeTrainingFrameworksRequest": {},
        "DescribeTrainingFrameworksResponse": {
            "FrameworkInfos": {"type": "list<FrameworkInfo>", "returned": True},
            "RequestId": {"type": "string"},
        },
        "FrameworkInfo": {
            "Name": {"type": "string", "returned": True},
            "VersionInfos": {"type": "list<FrameworkVersion>", "returned": True},
        },
        "FrameworkVersion": {
            "Version": {"type": "string", "returned": True},
            "TrainingModes": {"type": "list<string>", "returned": True},
            "Environment": {"type": "string", "returned": True},
        },
    },
}
"""DescribeTrainingFrameworks left the SDKs between 3.0.1102 and 3.0.1200; the page of Create still points to it.
DescribePublicKey is only in the vendor's own kit (tikit 1.9.5), which encrypts passwords of registries with it."""

_UNDOCUMENTED: dict[str, Any] = {
    "CreateTrainingTaskRequest": {
        "TaskType": {"type": "string"},
        "TaskId": {"type": "string"},
        "PreTrainModel": {"type": ANY},
        "TAIJITemplateId": {"type": "string"},
        "AIMarketTemplateId": {"type": "string"},
        "AIMarketTemplateGroup": {"type": "string"},
        "ResourceGroupAnnotationInfo": {"type": ANY},
        "SourceTaskId": {"type": "string"},
        "SchedulePolicy": {"type": "SchedulePolicy"},
    },
    "SchedulePolicy": {"PriorityClass": {"type": "string"}, "BackOffLimit": {"type": "int64"}},
    "DataConfig": {
        "WeDataHDFSSource": {"type": "WeDataHDFSConfig"},
        "AIMarketAlgoDataSource": {"type": "AIMarketAlgo"},
        "AIMarketAlgoPreModelSource": {"type": "AIMarketAlgo"},
    },
    "WeDataHDFSConfig": {"Id": {"type": "int64"}, "Path": {"type": "string"}},
    "AIMarketAlgo": {
        "Id": {"type": "string"},
        "Path": {"type": "string"},
        "MaterialName": {"type": "string"},
        "Group": {"type": "string"},
    },
    "DescribeBillingResourceGroupsRequest": {"Type": {"type": "string"}},
    "DescribePublicKeyRequest": {"KeyId": {"type": "string"}, "EncryptAlgorithm": {"type": "string"}},
    "DescribePublicKeyResponse": {
        "KeyId": {"type": "string"},
        "PublicKey": {"type": "string"},
        "PublicKeyPem": {"type": "string"},
        "RequestId": {"type": "string"},
    },
}
"""Fields that only the vendor's own kit (tikit 1.9.5) sends: accepted, and marked undocumented."""


@dataclass(frozen=True)
class Field:
    """One member of a struct. `required` applies to requests, `returned` and `nullable` to responses."""

    name: str
    type: str
    required: bool = False
    returned: bool = False
    nullable: bool = False
    documented: bool = True

    @property
    def element(self) -> str | None:
        """The type of a list's elements; None for anything but a list."""
        return self.type[5:-1] if self.type.startswith("list<") else None


Struct = Mapping[str, Field]


@dataclass(frozen=True)
class Action:
    """An action, with the service and version that offer it."""

    service: str
    version: str
    name: str
    request: str
    response: str


@dataclass(frozen=True)
class Definition:
    """All services. The name of a struct has a meaning within its service only: there are three different `Tag`s."""

    actions: Mapping[str, Action]
    structs: Mapping[tuple[str, str], Struct]

    @property
    def versions(self) -> frozenset[str]:
        return frozenset(action.version for action in self.actions.values())

    def struct(self, service: str, name: str) -> Struct:
        return self.structs[service, name]


@cache
def definition() -> Definition:
    published = json.loads(resources.files(__package__).joinpath("definition.json").read_text(encoding="utf-8"))
    actions: dict[str, Action] = {}
    structs: dict[tuple[str, str], Struct] = {}
    for service, described in published["services"].items():
        additions = _WITHDRAWN if service == "tione" else {"actions": {}, "structs": {}}
        for name, parts in {**described["actions"], **additions["actions"]}.items():
            actions[name] = Action(service, described["version"], name, parts["request"], parts["response"])
        for name, fields in {**described["structs"], **additions["structs"]}.items():
            structs[service, name] = {field: Field(field, **facts) for field, facts in fields.items()}
    for name, fields in _UNDOCUMENTED.items():
        known = structs.get(("tione", name), {})
        unknown = {field: Field(field, documented=False, **facts) for field, facts in fields.items()}
        structs["tione", name] = {**known, **unknown}
    return Definition(actions, structs)
