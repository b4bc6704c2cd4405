"""A model of Pulumi's engine and of its CLI, as far as one stack of training tasks needs them.

It keeps the state as `pulumi stack export` shows it, and calls the provider as the engine does: what is checked with
which olds, when it is deleted before it is created anew, what is left when a command is cut off. The commands of
`pulumi-tione` run against it: they reach Pulumi by its CLI alone, and here the CLI is this model.
"""

from __future__ import annotations

import copy
import json
import os
import random
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from pulumi_tione.cli import main
from pulumi_tione.stacks.pulumi_cli import Pulumi, PulumiError
from tools.reliability.soak.provider import Provider, ProviderError

ORGANIZATION, PROJECT, STACK = "organization", "soak", "dev"
TYPE = "pulumi-python:dynamic/tione:TrainingTask"
_ROOT = f"urn:pulumi:{STACK}::{PROJECT}::pulumi:pulumi:Stack::{PROJECT}-{STACK}"
_PROVIDER = f"urn:pulumi:{STACK}::{PROJECT}::pulumi:providers:pulumi-python::default"
_PROVIDER_ID = "6f9a5e0e-1a2b-4c3d-8e4f-000000000001"

Program = Mapping[str, Mapping[str, Any]]
"""The inputs of each resource, by its name."""


def urn_of(name: str) -> str:
    return f"urn:pulumi:{STACK}::{PROJECT}::{TYPE}::{name}"


class CommandFailedError(Exception):
    """A command ended with an error, which it has shown."""


class CommandKilledError(Exception):
    """The CLI was killed."""


class Engine:
    """One stack.

    Args:
        chance: decides nothing but ids.
        folder: the working directory of `pulumi-tione`.
    """

    def __init__(self, chance: random.Random, folder: Path) -> None:
        self._chance = chance
        self._folder = folder
        self.config: dict[str, str] = {}
        self.resources: list[dict[str, Any]] = []
        self.pending: list[dict[str, Any]] = []
        self._moment = 0
        self._calls_until_kill: int | None = None
        self.on_call: Callable[[str, str, str | None], None] = lambda _verb, _name, _id: None
        """Called before each call that may change something, with its verb, the resource's name and the task's id."""

    # --- what a history looks at

    def task(self, name: str) -> dict[str, Any] | None:
        """Return the living resource of this name."""
        return next((r for r in self.resources if r["urn"] == urn_of(name) and not r.get("pendingReplacement")), None)

    @property
    def task_ids(self) -> list[str]:
        return [r["id"] for r in self.resources if r["type"] == TYPE and not r.get("pendingReplacement")]

    @property
    def pending_names(self) -> set[str]:
        return {str(operation["resource"]["inputs"].get("name")) for operation in self._pending_creates()}

    def _pending_creates(self) -> list[dict[str, Any]]:
        return [operation for operation in self.pending if operation["type"] == "creating"]

    # --- commands

    def kill_at_call(self, number: int | None) -> None:
        """Kill the CLI during the so-many-th call that changes something: its answer never arrives."""
        self._calls_until_kill = number

    def up(self, program: Program) -> None:
        """Run `pulumi up`: one resource after the other, and what is left over at the end."""
        with _Process(self.config) as provider:
            self._foundation()
            for name, inputs in program.items():
                self._bring_up(provider, name, inputs)
            for resource in reversed(self.resources[:]):
                name = resource["urn"].rpartition("::")[2]
                if resource["type"] == TYPE and name not in program:
                    self._delete(provider, resource)

    def refresh(self) -> None:
        with _Process(self.config) as provider:
            for resource in self.resources[:]:
                if resource["type"] == TYPE and not resource.get("pendingReplacement"):
                    self._refresh(provider, resource)

    def destroy(self) -> None:
        with _Process(self.config) as provider:
            for resource in reversed(self.resources[:]):
                if resource["type"] == TYPE:
                    self._delete(provider, resource)
        self.resources = []
        self._changed()

    def forget(self, task_id: str) -> None:
        """Run `pulumi state delete` of a task's resource."""
        self.resources = [resource for resource in self.resources if resource.get("id") != task_id]
        self._changed()

    def tione(self, *arguments: str) -> tuple[int, str]:
        """Run `pulumi-tione`; return its exit code and all that it printed."""
        original, here = Pulumi._run, Path.cwd()
        Pulumi._run = self._cli  # type: ignore[method-assign,assignment]
        os.chdir(self._folder)
        try:
            result = CliRunner().invoke(main, [*arguments])
        finally:
            os.chdir(here)
            Pulumi._run = original  # type: ignore[method-assign]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    # --- steps

    def _bring_up(self, provider: Provider, name: str, program: Mapping[str, Any]) -> None:
        urn, news = urn_of(name), {**program, "owner": owner_of(name)}
        old = next((r for r in self.resources if r["urn"] == urn), None)
        if old is None or old.get("pendingReplacement"):
            self._create(provider, urn, self._ask(lambda: provider.check(urn, {}, news)))
            return
        inputs = self._ask(lambda: provider.check(urn, old["inputs"], news))
        difference = self._ask(lambda: provider.diff(urn, old["id"], old["outputs"], old["inputs"], inputs))
        changes = old["inputs"] != inputs if difference.changes is None else difference.changes
        if difference.replaces and changes:
            inputs = self._ask(lambda: provider.check(urn, {}, news))
            self._delete(provider, old, is_replaced=True)
            self._create(provider, urn, inputs)
        elif changes or old.get("initErrors"):
            self._update(provider, old, inputs)
        else:
            old["inputs"] = inputs

    def _create(self, provider: Provider, urn: str, inputs: Mapping[str, Any]) -> None:
        resource = self._entry(urn, inputs)
        self._begin("creating", resource)
        task_id, outputs = self._change("create", resource, lambda: provider.create(urn, inputs))
        resource = {**resource, "id": task_id, "outputs": outputs}
        self.resources = [r for r in self.resources if r["urn"] != urn]
        self.resources.append(resource)
        self._end(resource)

    def _update(self, provider: Provider, resource: dict[str, Any], inputs: Mapping[str, Any]) -> None:
        self._begin("updating", resource)
        update = lambda: provider.update(  # noqa: E731
            resource["urn"], resource["id"], resource["outputs"], resource["inputs"], inputs
        )
        resource["outputs"] = self._change("update", resource, update)
        resource["inputs"] = dict(inputs)
        resource.pop("initErrors", None)
        self._end(resource)

    def _delete(self, provider: Provider, resource: dict[str, Any], *, is_replaced: bool = False) -> None:
        if not resource.get("pendingReplacement"):
            self._begin("deleting", resource)
            delete = lambda: provider.delete(resource["urn"], resource["id"], resource["outputs"])  # noqa: E731
            self._change("delete", resource, delete)
            self._end(resource)
        if is_replaced:
            resource["pendingReplacement"] = True
        else:
            self.resources.remove(resource)
        self._changed()

    def _refresh(self, provider: Provider, resource: dict[str, Any]) -> None:
        read = lambda: provider.read(  # noqa: E731
            resource["urn"], resource["id"], resource["outputs"], resource["inputs"]
        )
        task_id, outputs, inputs = self._change("read", resource, read)
        if task_id:
            resource["outputs"], resource["inputs"] = outputs, inputs
            resource.pop("initErrors", None)
        else:
            self.resources.remove(resource)
        self._changed()

    def _ask(self, call: Callable[[], Any]) -> Any:
        """Make a call that changes nothing: Check or Diff."""
        try:
            return call()
        except ProviderError as error:
            raise CommandFailedError(str(error)) from None

    def _change(self, verb: str, resource: dict[str, Any], call: Callable[[], Any]) -> Any:
        """Make a call whose answer the engine may not live to see."""
        self.on_call(verb, resource["urn"].rpartition("::")[2], resource.get("id"))
        is_last = self._calls_until_kill == 0
        if self._calls_until_kill is not None:
            self._calls_until_kill -= 1
        try:
            answer = call()
        except ProviderError as error:
            if is_last:
                raise CommandKilledError from None
            if verb == "update" and error.partial is not None:
                resource["outputs"], resource["initErrors"] = error.partial, [str(error)]
            self._end(resource)
            raise CommandFailedError(str(error)) from None
        if is_last:
            raise CommandKilledError
        return answer

    # --- the state

    def _begin(self, kind: str, resource: dict[str, Any]) -> None:
        self.pending.append({"type": kind, "resource": copy.deepcopy(resource)})
        self._changed()

    def _end(self, resource: dict[str, Any]) -> None:
        """The operation that was begun last is over. What earlier commands have left pending stays."""
        last = self.pending[-1] if self.pending else None
        if last is not None and last["resource"]["urn"] == resource["urn"]:
            self.pending.pop()
        self._changed()

    def _changed(self) -> None:
        self._moment += 1

    def _foundation(self) -> None:
        if not self.resources:
            self.resources = [
                {"urn": _ROOT, "custom": False, "type": "pulumi:pulumi:Stack"},
                {"urn": _PROVIDER, "custom": True, "id": _PROVIDER_ID, "type": "pulumi:providers:pulumi-python"},
            ]
            self._changed()

    def _entry(self, urn: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "urn": urn,
            "custom": True,
            "type": TYPE,
            "inputs": dict(inputs),
            "parent": _ROOT,
            "provider": f"{_PROVIDER}::{_PROVIDER_ID}",
        }

    def _exported(self) -> dict[str, Any]:
        deployment: dict[str, Any] = {"manifest": {"time": str(self._moment)}, "resources": self.resources}
        if self.pending:
            deployment["pending_operations"] = self.pending
        return {"version": 3, "deployment": deployment}

    def _cli(self, *arguments: str, stdin: str = "") -> str:
        """Answer a command of the Pulumi CLI as it does."""
        match [argument for argument in arguments if not argument.startswith("-")]:
            case ["stack"]:
                return f"{ORGANIZATION}/{PROJECT}/{STACK}"
            case ["stack", "ls"]:
                return json.dumps([{"name": f"{ORGANIZATION}/{PROJECT}/{STACK}"}])
            case ["stack", "export"]:
                return json.dumps(self._exported())
            case ["stack", "import"]:
                deployment = json.loads(stdin)["deployment"]
                self._ensure_it_is_whole(deployment)
                self.resources, self.pending = deployment.get("resources") or [], []
                self._changed()
                return ""
            case ["config"]:
                return json.dumps({key: {"value": value, "secret": False} for key, value in self.config.items()})
            case ["whoami"]:
                return json.dumps({"user": "soak", "url": "file://soak"})
        raise PulumiError(f"this model of the CLI does not know `pulumi {shlex.join(arguments)}`")

    def _ensure_it_is_whole(self, deployment: Mapping[str, Any]) -> None:
        """Refuse what Pulumi refuses: a reference to a provider or a parent that is not there before it."""
        seen: set[str] = set()
        for resource in deployment.get("resources") or []:
            provider, parent = resource.get("provider"), resource.get("parent")
            if provider and provider not in seen:
                raise PulumiError(f"resource {resource['urn']} refers to unknown provider '{provider}'")
            if parent and parent not in seen:
                raise PulumiError(f"resource {resource['urn']} refers to unknown parent {parent}")
            seen |= {resource["urn"], f"{resource['urn']}::{resource.get('id')}"}


class _Process:
    """The provider's process, as long as a command needs it."""

    def __init__(self, config: Mapping[str, str]) -> None:
        self._config = config

    def __enter__(self) -> Provider:
        self._provider = Provider(self._config)
        return self._provider

    def __exit__(self, *_: object) -> None:
        self._provider.close()


def owner_of(name: str) -> dict[str, str]:
    return {"organization": ORGANIZATION, "project": PROJECT, "stack": STACK, "resource": name}
