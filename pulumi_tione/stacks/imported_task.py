"""A task that Pulumi did not create, as a resource of a stack: its inputs, its outputs, its declaration.

The program declares what the service returns of the task, without what the service has filled in by itself. The inputs
are what check makes of that, so that the next `pulumi up` with this program changes nothing.

`task_import.py` decides whether a task may be imported, `python_code.py` formats the declaration, and
`lifecycle/imported.py` compares it with the first program.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_tione._config.settings import Settings
from pulumi_tione._pulumi.provider_blob import PROVIDER_BLOB, PROVIDER_KEY
from pulumi_tione._schema.fields import TRAINING_TASK, Scalar
from pulumi_tione._schema.identity import RESERVED_LABELS, TYPE, Owner, desired_tags, with_owner
from pulumi_tione._schema.walk import OMIT, Part, rebuild
from pulumi_tione._schema.wire import imported_outputs, inputs_among, recorded_outputs, user_tags
from pulumi_tione.errors import TaskError
from pulumi_tione.lifecycle.check import CheckContext, check
from pulumi_tione.lifecycle.diff import Difference, diff
from pulumi_tione.lifecycle.imported import IMPORTED, SPECIFICATION
from pulumi_tione.stacks.locations import Location
from pulumi_tione.stacks.python_code import Argument, declaration, literal
from pulumi_tione.stacks.state_secrets import marked_secret

_BUILT_IN_IMAGE = "PRE_SET"
"""The type of the image that the service fills in for a built-in framework."""

NEVER_RETURNED = ("trainToolConfig", "resourceSupplyAttribute", "queues")
"""The inputs that neither a task's detail nor the list returns."""


@dataclass(frozen=True)
class ImportedTask:
    """A task of the service, imported as a resource.

    Args:
        resource: the resource's name.
        owner: the owner, which identifies the resource.
        detail: the task's detail.
        envs: its environment variables, which only the list has; None if no list shows the task yet.
        location: where the task is.
        settings: the stack's settings.
    """

    resource: str
    owner: Owner
    detail: Mapping[str, Any]
    envs: Sequence[Mapping[str, Any]] | None
    location: Location
    settings: Settings

    @functools.cached_property
    def declared(self) -> dict[str, Any]:
        """The inputs that the program declares, by property name."""
        inputs = _without_defaults(inputs_among(imported_outputs(self.detail)))
        inputs["resourceConfigInfos"] = [
            _without_specification(nodes) for nodes in inputs.get("resourceConfigInfos", [])
        ]
        if self._has_built_in_image:
            inputs.pop("imageInfo", None)
        defaults = self.settings.default_tags
        tags = {
            key: value
            for key, value in inputs.pop("tags", {}).items()
            if key not in RESERVED_LABELS and defaults.get(key) != value
        }
        envs = {str(env["Name"]): str(env["Value"]) for env in self.envs or () if not env.get("IsPrivate")}
        region = "" if self.location.region == self.settings.region else self.location.region
        by_other_means = {"tags": tags, "envs": envs, "region": region, "tiProjectId": self.location.workspace}
        return {**inputs, **_without_defaults(by_other_means)}

    @property
    def callback_url(self) -> str:
        """A secret that the service returns."""
        return str(self.detail.get("CallbackUrl") or "")

    @functools.cached_property
    def inputs(self) -> dict[str, Any]:
        """The inputs that check makes of the program.

        Raises:
            TaskError: check rejects them.
        """
        context = CheckContext(
            region=self.settings.region, labels_enabled=self.settings.labels, default_tags=self.settings.default_tags
        )
        callback = {"callbackUrl": self.callback_url} if self.callback_url else {}
        checked = check({}, {**self.declared, **callback}, context, owner=self.owner)
        if checked.failures:
            failures = "; ".join(checked.reasons)
            raise TaskError(f"training task {self.detail.get('Name')!r} cannot be declared in a program: {failures}")
        return checked.inputs

    @property
    def missing_tags(self) -> dict[str, str]:
        """The labels and default tags that the task lacks."""
        remote = user_tags(self.detail.get("Tags"))
        desired = desired_tags(self.owner, self.inputs.get("tags"), self.settings.labels)
        return {key: value for key, value in desired.items() if remote.get(key) != value}

    @property
    def known(self) -> list[str]:
        """The inputs that the service returned: the program can contradict only these."""
        readable = [each for each in TRAINING_TASK.fields.values() if each.readable and each.sent]
        # To the service a null means that it could not get a value.
        known = {each.property for each in readable if self.detail.get(each.wire) is not None}
        known |= {"region", "tiProjectId"}
        known = known - {"imageInfo"} if self._has_built_in_image else known
        return sorted(known | {"envs"} if self.envs is not None else known - {"envs"})

    @property
    def _has_built_in_image(self) -> bool:
        return bool((self.detail.get("ImageInfo") or {}).get("ImageType") == _BUILT_IN_IMAGE)

    def outputs(self, added_tags: Mapping[str, str]) -> dict[str, Any]:
        """Return the outputs that are recorded once these tags are added to the task."""
        tags = {**user_tags(self.detail.get("Tags")), **added_tags}
        detail = {**self.detail, "Tags": [{"TagKey": key, "TagValue": value} for key, value in tags.items()]}
        return {**recorded_outputs(self.inputs, detail), IMPORTED: self.known}

    def difference(self, added_tags: Mapping[str, str]) -> Difference:
        """Return what the next `pulumi up` would change."""
        return diff(
            self.outputs(added_tags),
            self.inputs,
            recorded_owner=self.owner,
            owner=self.owner,
            labels_enabled=self.settings.labels,
        )

    def entry(
        self, urn: str, parent: str | None, provider: str | None, added_tags: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return its resource in the state."""
        blob = {PROVIDER_KEY: PROVIDER_BLOB}
        return {
            "urn": urn,
            "custom": True,
            "id": self.detail["Id"],
            "type": TYPE,
            "inputs": {**with_owner(self.owner, _with_secrets(self.inputs)), IMPORTED: self.known, **blob},
            "outputs": {**with_owner(self.owner, _with_secrets(self.outputs(added_tags))), **blob},
            "parent": parent,
            "provider": provider,
        }

    def declaration(self, parent: str | None) -> str:
        """Return its declaration in Python; `parent` is the URN of the resource's parent, if it has one."""
        arguments = []
        if self.callback_url:
            key = re.sub(r"[^0-9A-Za-z]+", "-", self.resource).strip("-") + "-callback-url"
            value = f"pulumi.Config().require_secret({literal(key)})"
            arguments.append(Argument("callback_url", value, f"pulumi config set --secret {key}"))
        if parent is not None:
            name = re.sub(r"\W", "_", parent.rpartition("::")[2])
            arguments.append(Argument("opts", f"pulumi.ResourceOptions(parent={name})", literal(parent)[1:-1]))
        return declaration(self.declared, self.resource, arguments, self._notes)

    @property
    def _notes(self) -> list[str]:
        """Comments about the inputs that the service does not return."""
        missing = [TRAINING_TASK.fields[name].name for name in NEVER_RETURNED]
        if "imageInfo" in self.declared:
            missing.append("the image_secret of image_info")
        private = [literal(str(env["Name"])) for env in self.envs or () if env.get("IsPrivate")]
        if private:
            missing.append("the values of private_envs")
        secrets = ", ".join(f"{name}: pulumi.Config().require_secret({name})" for name in private)
        return [
            f"The service does not return {', '.join(missing)}.",
            "If you add any of these, or triggers or additional_parameters, the next",
            "`pulumi up` records them without replacing the task.",
            *([f"private_envs={{{secrets}}},"] if private else []),
        ]


def _without_specification(nodes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group of nodes without what its instance type implies."""
    return {name: value for name, value in nodes.items() if "instanceType" not in nodes or name not in SPECIFICATION}


def _without_defaults(value: Any) -> Any:
    """Return a value without what equals the service's defaults: false, zero and empty, at any depth."""

    def converted(part: Part) -> Any:
        new = _without_defaults(part.value)
        return OMIT if isinstance(part.key, str) and new in (None, "", False, 0, [], {}) else new

    return rebuild(Scalar.ANY, value, converted)


def _with_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    fields = TRAINING_TASK.fields
    return {
        name: marked_secret(value) if name in fields and fields[name].secret else value
        for name, value in values.items()
    }
