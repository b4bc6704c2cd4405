"""A stack's state as `pulumi stack export` writes it: the training tasks that it records, and how it is changed.

It never writes: `state_edit.py` does, with a backup and a question. Secrets are in `state_secrets.py`.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pulumi_tione._masking import mask_from_now_on
from pulumi_tione._schema.identity import STACK_TYPE, TYPE
from pulumi_tione.stacks.locations import Location
from pulumi_tione.stacks.pulumi_cli import Pulumi, StackName
from pulumi_tione.stacks.state_secrets import has_secrets, marked_secret, revealed, secret_texts
from pulumi_tione.stacks.urn import Urn, types_of

PROVIDER_TYPE = "pulumi:providers:pulumi-python"
"""The type of the resource that stands in the state for the provider of all dynamic resources."""


class State:
    """A stack's state. It is never changed: every change returns another state.

    Args:
        exported: the JSON of `pulumi stack export`.
    """

    def __init__(self, exported: Mapping[str, Any]) -> None:
        self.exported = exported

    @classmethod
    def of(cls, pulumi: Pulumi, stack: StackName, *, shows_tasks: bool = False) -> State:
        """Read a stack's state, with its secrets where they are needed to ask for its tasks.

        Args:
            pulumi: reads the state.
            stack: the stack.
            shows_tasks: whether texts of the tasks will be shown, in which their secrets must be masked.
        """
        state = cls(pulumi.export(stack))
        inputs = [resource.get("inputs", {}) for resource in (*state.tasks.values(), *state.pending_tasks)]
        needed = inputs if shows_tasks else [each.get("settings") for each in inputs]
        return cls.with_plain_secrets(pulumi, stack) if has_secrets(needed) else state

    @classmethod
    def with_plain_secrets(cls, pulumi: Pulumi, stack: StackName) -> State:
        """Read a stack's state with its secrets in plain text; all output masks those of its tasks."""
        state = cls(pulumi.export(stack, show_secrets=True))
        for resource in (*state.tasks.values(), *state.pending_tasks):
            mask_from_now_on(secret_texts([resource.get("inputs"), resource.get("outputs")]))
        return state

    @property
    def _deployment(self) -> Mapping[str, Any]:
        """The content of the state; a stack that was never updated may have none."""
        return self.exported.get("deployment") or {}

    @property
    def version(self) -> Any:
        """A value that differs after every change of the state."""
        return self._deployment.get("manifest")

    @property
    def resources(self) -> list[dict[str, Any]]:
        """All resources, in the order of the state."""
        return list(self._deployment.get("resources") or ())

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """The training tasks that the state records, by id, including those that are still to be deleted."""
        return {resource["id"]: resource for resource in self.resources if _is_task(resource) and resource.get("id")}

    @property
    def has_pending_operations(self) -> bool:
        """Whether an update was interrupted, or is running."""
        return bool(self._deployment.get("pending_operations"))

    @property
    def pending_creates(self) -> list[dict[str, Any]]:
        """The resources, of all types, whose creates were interrupted."""
        operations = self._deployment.get("pending_operations") or ()
        return [operation["resource"] for operation in operations if operation.get("type") == "creating"]

    @property
    def pending_tasks(self) -> list[dict[str, Any]]:
        """The pending creates of training tasks."""
        return [resource for resource in self.pending_creates if _is_task(resource)]

    @property
    def locations(self) -> Iterator[Location]:
        """The locations of all training tasks that the state records, including pending creates."""
        for resource in (*self.tasks.values(), *self.pending_tasks):
            location = Location.recorded(resource)
            if location is not None:
                yield location

    def resource(self, urn: str) -> dict[str, Any] | None:
        """Return the resource of this URN, unless it only waits for its deletion or for its replacement."""
        current = (each for each in self.resources if not each.get("delete") and not each.get("pendingReplacement"))
        return next((each for each in current if each["urn"] == urn), None)

    def with_foundation(self, stack: StackName, config: Mapping[str, Any], reference: str | None = None) -> State:
        """Return the state with what every task in it refers to: the stack itself, and the provider with the config.

        Args:
            stack: the stack.
            config: its config, which the provider's resource records.
            reference: how a task refers to its provider, as URN and id, if that provider may be gone. The provider is
                then added under the same URN and id.
        """
        added: list[dict[str, Any]] = []
        if self.root is None:
            root = Urn(stack.stack, stack.project, STACK_TYPE, f"{stack.project}-{stack.stack}")
            added.append({"urn": str(root), "custom": False, "type": STACK_TYPE})
        if self.provider is None:
            urn, _, id_ = (reference or "").rpartition("::")
            urn = urn or str(Urn(stack.stack, stack.project, PROVIDER_TYPE, "default"))
            values = {
                key: marked_secret(each["value"]) if each.get("secret") else each["value"]
                for key, each in config.items()
            }
            recorded = {"inputs": values, "outputs": values}
            added.append(
                {"urn": urn, "custom": True, "id": id_ or str(uuid.uuid4()), "type": PROVIDER_TYPE, **recorded}
            )
        return self._with_resources([*added, *self.resources])

    def has_settings(self, config: Mapping[str, Any]) -> bool:
        """Check whether the providers have the settings of a config; the state must have its secrets in plain text."""
        return all(
            {name: _text(value) for name, value in revealed(_settings_in(resource)).items()}
            == {name: each["value"] for name, each in _settings_for(resource, config).items()}
            for resource in self._default_providers
        )

    def with_settings(self, config: Mapping[str, Any]) -> State:
        """Return the state whose providers have the settings of a config, in place of those of the last update.

        Args:
            config: the config: by full key, `value` and whether it is `secret`.
        """
        changed = []
        for resource in self.resources:
            if resource in self._default_providers:
                current = {
                    name: marked_secret(each["value"]) if each.get("secret") else each["value"]
                    for name, each in _settings_for(resource, config).items()
                }
                replaced, resource = _settings_in(resource), {**resource}
                for kind in ("inputs", "outputs"):
                    values = {**(resource.get(kind) or {})}
                    others = {name: value for name, value in values.items() if name not in replaced}
                    resource[kind] = {**others, **current}
            changed.append(resource)
        return self._with_resources(changed)

    @property
    def retained(self) -> list[dict[str, Any]]:
        """The resources that stay when the stack is destroyed, because of `retain_on_delete`."""
        return [resource for resource in self.resources if resource.get("retainOnDelete")]

    def without_retained_tasks(self) -> State:
        """Return the state in which no training task stays when the stack is destroyed."""
        return self._with_resources(
            [{**each, "retainOnDelete": False} if _is_task(each) else each for each in self.resources]
        )

    @property
    def _default_providers(self) -> list[dict[str, Any]]:
        """The providers that get their settings from the config."""
        return [
            each
            for each in self.resources
            if each["type"] in _SETTINGS_PREFIX and str(each["urn"]).rpartition("::")[2].startswith("default")
        ]

    def with_parent(self, urn: str) -> State:
        """Return the state with the parent of a resource; if it is missing, it is added as a component.

        The names of the parent's own parents are unknown: the component is placed under the nearest one whose type is
        unambiguous. The next `pulumi up` moves all of them where they belong.
        """
        parsed = Urn.parsed(urn)
        if parsed is None or self.resource(urn) is not None:
            return self
        component = {"urn": urn, "custom": False, "type": parsed.types.rpartition("$")[2]}
        return self._with_resources([*self.resources, {**component, "parent": self.nearest_parent(parsed)}])

    def nearest_parent(self, urn: Urn) -> str | None:
        """Return the URN of the nearest of a resource's possible parents: the only one of its types, or the stack."""
        types = urn.types
        while "$" in types:
            types = types.rpartition("$")[0]
            known = [each["urn"] for each in self.resources if types_of(each["urn"]) == types]
            if len(set(known)) == 1:
                return str(known[0])
        return self.root

    def fitted(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Return a resource without references that the state cannot resolve: Pulumi would refuse the state."""
        known = {each["urn"] for each in self.resources}
        fitted = {**resource, "provider": self._known_provider(resource.get("provider"))}
        if resource.get("parent") not in known:
            fitted["parent"] = self.root
        for several in ("dependencies", "replaceWith"):
            if several in resource:
                fitted[several] = [urn for urn in resource[several] or () if urn in known]
        if "propertyDependencies" in resource:
            fitted["propertyDependencies"] = {
                name: [urn for urn in urns or () if urn in known]
                for name, urns in resource["propertyDependencies"].items()
            }
        if resource.get("deletedWith") not in known:
            fitted.pop("deletedWith", None)
        return fitted

    def _known_provider(self, reference: str | None) -> str | None:
        """Return the reference to a provider if the state has that provider, or else a reference to the one it has."""
        providers = {f"{each['urn']}::{each.get('id')}" for each in self.resources if each["type"] == PROVIDER_TYPE}
        return reference if reference in providers else self.provider

    @property
    def root(self) -> str | None:
        """The URN of the stack itself."""
        stack = self._first(lambda resource: resource["type"] == STACK_TYPE)
        return None if stack is None else str(stack["urn"])

    @property
    def provider(self) -> str | None:
        """How a training task in this state refers to its provider: as the others do, or as the first one will."""
        providers = [each for each in self.resources if each["type"] == PROVIDER_TYPE and not each.get("delete")]
        known = [f"{each['urn']}::{each['id']}" for each in providers]
        task = self._first(lambda resource: _is_task(resource) and resource.get("provider") in known)
        return str(task["provider"]) if task is not None else next(iter(known), None)

    def with_task(self, resource: Mapping[str, Any]) -> State:
        """Return the state with one more resource, in place of one of the same URN that waits for its replacement."""
        waiting = [each for each in self.resources if each["urn"] == resource["urn"] and each.get("pendingReplacement")]
        if not waiting:
            return self._with_resources([*self.resources, dict(resource)])
        # It takes the other's place in the list too: what depends on it has to come after it.
        return self._with_resources([dict(resource) if each is waiting[0] else each for each in self.resources])

    def additions_to(self, before: State) -> list[dict[str, Any]]:
        """Return the resources that another state does not have."""
        known = {(resource["urn"], resource.get("id")) for resource in before.resources}
        return [resource for resource in self.resources if (resource["urn"], resource.get("id")) not in known]

    def _with_resources(self, resources: list[dict[str, Any]]) -> State:
        exported = copy.deepcopy(dict(self.exported))
        exported["deployment"] = {**self._deployment, "resources": resources}
        return State(exported)

    def _first(self, is_match: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
        return next((resource for resource in self.resources if is_match(resource)), None)


_SETTINGS_PREFIX = {PROVIDER_TYPE: "", "pulumi:providers:tencentcloud": "tencentcloud:"}
"""By the type of a provider, what its inputs leave out of the full keys of the config."""

_SETTINGS_OF = ("tione:", "tencentcloud:")


def _settings_in(provider: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings among the inputs of a provider: not its version, nor what concerns other packages."""
    prefix = _SETTINGS_PREFIX[provider["type"]]
    return {
        name: value
        for name, value in (provider.get("inputs") or {}).items()
        if f"{prefix}{name}".startswith(_SETTINGS_OF) and name not in ("version", "__internal", "pluginDownloadURL")
    }


def _settings_for(provider: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    prefix = _SETTINGS_PREFIX[provider["type"]]
    spaces = (prefix,) if prefix else _SETTINGS_OF
    return {key.removeprefix(prefix): each for key, each in config.items() if key.startswith(spaces)}


def _text(value: Any) -> Any:
    """Return a value of a provider as the config has it: as text."""
    return value if isinstance(value, str) else json.dumps(value)


def _is_task(resource: Mapping[str, Any]) -> bool:
    """Check whether a resource is a training task that the stack manages; one that it only looks up is not."""
    return resource.get("type") == TYPE and not resource.get("external")
