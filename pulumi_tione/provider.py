"""Pulumi's calls (check, diff, create, read, update, delete), handed to the module of `lifecycle/` with the same name.

This module's path and the name of its last function are recorded in the state of every stack: Pulumi pickles the
provider into each resource, and reads and deletes with what it finds there. They must exist for ever, and the pickled
bytes never change.

Most commands check and compare all tasks and do little else: what the other calls need is imported by them.

How many calls run at once is set in `_pulumi/server.py`. Every call passes `_handles_call`, which masks secrets and
makes each error one line. A new verb is a module in `lifecycle/` and a method here.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from pulumi_tione._api.client import Client
from pulumi_tione._api.status import FAILED, status_of
from pulumi_tione._config.settings import Settings
from pulumi_tione._masking import masking
from pulumi_tione._pulumi import display, log, request, server
from pulumi_tione._pulumi.error_response import show_without_traceback
from pulumi_tione._pulumi.provider_blob import PROVIDER_KEY
from pulumi_tione._pulumi.secret_values import mark_secrets, secret
from pulumi_tione._schema.fields import TRAINING_TASK
from pulumi_tione._schema.identity import (
    OWNER_PROPERTY,
    RETAINED,
    SUFFIXES_TO_TRY,
    Owner,
    split_owner,
    suffixed_name,
    with_owner,
)
from pulumi_tione._schema.paths import ANNOUNCED_TASKS
from pulumi_tione._schema.secrets import SECRET_INPUTS, marked_paths, paths_of_secrets, secret_paths, secret_texts
from pulumi_tione.call_context import CallContext, current_call, handling, sleep_in_call
from pulumi_tione.errors import CredentialsRefusedError, SettingsError, TioneError
from pulumi_tione.lifecycle import messages
from pulumi_tione.lifecycle.check import CheckContext, Checked, check
from pulumi_tione.lifecycle.declared_names import DeclaredNames
from pulumi_tione.lifecycle.diff import announced_rerun, diff
from pulumi_tione.lifecycle.imported import IMPORTED
from pulumi_tione.lifecycle.leftovers import Leftovers
from pulumi_tione.lifecycle.names import contains_unknown
from pulumi_tione.lifecycle.own_deletions import OwnDeletions
from pulumi_tione.lifecycle.recorded_task import RecordedTask, task_title

if TYPE_CHECKING:
    from pulumi_tione.lifecycle.cost_limits import Costs, Subject
    from pulumi_tione.pricing.price_list import PriceList

_LOOKUP_ATTEMPTS = 2
"""How often a preview sends a lookup. Without a response the preview goes on: it only shows less."""
_CONFIG = ("tione:", "tencentcloud:")
_F = TypeVar("_F", bound=Callable[..., Any])
_T = TypeVar("_T")


def _handles_call(method: _F) -> _F:
    """Set the context of the call that a method handles, and mask its secrets in all that is shown.

    Whatever goes wrong ends as an error of one line that names the task.
    """

    @functools.wraps(method)
    def wrapper(self: TrainingTaskProvider, *args: Any) -> Any:
        secrets = {*self._secret_texts(*(props for props in args if isinstance(props, dict)))}
        self._known_secrets |= secrets
        with masking(secrets), handling(self._new_context(args)):
            try:
                return method(self, *args)
            except TioneError as error:
                message = f"{error}{_credentials_hint(error, method.__name__)}"
                raised = _with_message(error, display.displayable(_naming_task(args, message)))
            except Exception as error:  # noqa: BLE001  whatever it is: it may hold a secret
                message = messages.unexpected(method.__name__, error)
                raised = TioneError(display.displayable(_naming_task(args, message)))
            show_without_traceback(str(raised))
            raise raised

    return wrapper  # type: ignore[return-value]


def _with_message(error: TioneError, message: str) -> TioneError:
    """Return a copy of an error with another message. The error itself may belong to calls that share a list."""
    copied = type(error).__new__(type(error))
    copied.__dict__.update(error.__dict__)
    copied.args = (message,)
    return copied


def _naming_task(args: tuple[Any, ...], message: str) -> str:
    """Return the message of an error with the name of the task that the method was called for, and its id."""
    if not args:
        return message
    if isinstance(args[0], str):
        return message if args[0] in message else messages.of_task(task_title(args[0], args[1]), message)
    name = next((props["name"] for props in args if isinstance(props.get("name"), str)), None)
    return message if name is None or name in message else messages.of_task(messages.new_task_title(name), message)


def _credentials_hint(error: TioneError, method: str) -> str:
    """Return what to do when credentials of the recorded config are refused: the current config may have newer ones."""
    command = {"read": "refresh", "delete": "destroy"}.get(method)
    if command is None or not isinstance(error, CredentialsRefusedError) or not error.source.startswith(_CONFIG):
        return ""
    # An `up` reads and deletes as well, and cannot be distinguished here.
    return messages.set_newer_credentials(command)


class TrainingTaskProvider(ResourceProvider):
    """The provider of `TrainingTask`. Nothing of it is pickled but its name."""

    serialize_as_secret_always = False

    def __init__(self) -> None:
        super().__init__()
        self._settings = Settings(lambda _: None, os.environ)
        self._clients: dict[tuple[str, Settings, str | None, bool, int | None], Client] = {}
        self._price_lists: dict[tuple[Client, str | None], PriceList] = {}
        self._costs = self._new_costs()
        self._shared: dict[type[Any], Any] = {}
        self._sharing = threading.Lock()
        self._leftovers = Leftovers()
        self._deleted = OwnDeletions()
        self._declared_names = DeclaredNames()
        self._marked: dict[str, list[str]] = {}
        self._replaced_for: dict[str, tuple[str, ...]] = {}
        """For each resource that diff has found to be replaced, the inputs that changed."""
        self._known_secrets: set[str] = set()
        self._cancelled = threading.Event()

    def __reduce__(self) -> tuple[Callable[[], TrainingTaskProvider], tuple[()]]:
        return training_task_provider, ()

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's config. What is missing in it is reported when it is needed."""
        server.widen_workers()
        server.on_cancel(self._cancelled.set)
        self._settings = Settings(req.config.get, os.environ)
        self._costs = self._new_costs()

    def _secret_texts(self, *all_props: Mapping[str, Any]) -> Iterator[str]:
        for props in all_props:
            marked = {*marked_paths(props), *self._marked_by_program(props)}
            yield from secret_texts(props, secret_paths(props, marked))

    def _split_with_marks(self, news: dict[str, Any]) -> tuple[Owner | None, dict[str, Any]]:
        """Return the owner of a task, and its inputs with the paths of those that the program marked as secret."""
        owner, inputs = _split(news)
        return owner, {**inputs, SECRET_INPUTS: self._marked_by_program(news)}

    def _marked_by_program(self, props: Mapping[str, Any]) -> list[str]:
        """Return what the program marked as secret in these inputs, which check received in this very process."""
        return self._marked.get(_key_of(props), [])

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        self._marked[_key_of(news)] = marked_paths(news)
        return self._checked(olds, news)

    @_handles_call
    def _checked(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        around = CheckContext(
            region=self._settings_of(news).region,
            labels_enabled=self._settings.labels,
            default_tags=self._settings.default_tags,
            max_duration=self._settings.max_duration,
            task_of=self._task_of,
            time_limit_of=self._time_limit_of,
            replaced_for=self._replaced_for.get(_key_of(news), ()),
            add_rules=self._add_rules,
        )
        owner, program = _split(news)
        if self._costs:
            self._costs.expect(program.get(ANNOUNCED_TASKS))
        checked = check(_split(olds)[1], program, around, owner=owner)
        for warning in checked.warnings:
            current_call().warn(warning)
        # The engine shows the value at a nested property as `{<nil>}`, so the path is in the reason.
        reasons = [*checked.reasons, *self._violations(news)]
        failures = [CheckFailure("", display.displayable(reason)) for reason in reasons]
        tags = checked.inputs.get("tags")
        if "tags" in marked_paths(news) and isinstance(tags, Mapping):
            # Default tags may be among them, which the program has not marked. The engine ignores
            # the mark of a map as a whole where the program's own map has none.
            checked.inputs["tags"] = {key: secret(value) for key, value in tags.items()}
        return CheckResult(with_owner(checked.owner, checked.inputs), failures)

    def _violations(self, news: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the settings of a task, unless a preview does not know them yet."""
        if contains_unknown(news.get("settings")):
            return []
        region = news.get("region")
        return self._settings_of(news).violations(
            region if isinstance(region, str) and not contains_unknown(region) else None
        )

    def _add_rules(self, olds: Mapping[str, Any], checked: Checked) -> None:
        """Apply the rules that need the service or other tasks."""
        self._declared_names.check(current_call().urn, olds, checked)
        if self._validates and not olds:
            from pulumi_tione.lifecycle.account_rules import AccountRules

            rules = self._one(AccountRules, lambda: AccountRules(self._look_up_client, self._price_list))
            rules.check(_subject(checked.owner, checked.inputs), checked)
        if self._costs:
            self._costs.check(_subject(checked.owner, checked.inputs), olds, checked)

    def _one(self, kind: type[_T], make: Callable[[], _T]) -> _T:
        """Return the one object of a class in this process. It is made when a call needs it, as few do."""
        with self._sharing:
            if kind not in self._shared:
                self._shared[kind] = make()
        shared: _T = self._shared[kind]
        return shared

    @property
    def _validates(self) -> bool:
        try:
            return self._settings.validates
        except SettingsError:  # reported by check
            return False

    def _new_costs(self) -> Costs | None:
        """Return the costs of this process's tasks; None, if the settings request neither prices nor limits."""
        if not self._settings.has_cost_options:
            return None
        from pulumi_tione.lifecycle.cost_limits import CostOptions, Costs
        from pulumi_tione.pricing.amounts import currency_of

        try:
            is_international = Client(self._settings, self._settings.region).is_international()
        except TioneError:  # reported by check
            is_international = False
        return Costs(
            CostOptions.of(self._settings),
            price_list_of=self._price_list,
            status_of=self._status,
            currency=currency_of(is_international=is_international),
        )

    def _price_list(self, task: Mapping[str, Any]) -> PriceList:
        """Return the price list of a task's region, workspace and settings: one in this process."""
        from pulumi_tione.pricing.price_list import PriceList

        workspace = task.get("tiProjectId") or None
        client = self._look_up_client(task)
        return self._price_lists.setdefault((client, workspace), PriceList(client, workspace))

    def _look_up_client(self, task: Mapping[str, Any]) -> Client:
        """Return the client for what a preview looks up for a task: it does not try for long."""
        return self._client({"region": self._settings_of(task).region, **task}, max_attempts=_LOOKUP_ATTEMPTS)

    def _status(self, task_id: str, outputs: Mapping[str, Any], owner: Owner | None) -> str:
        """Return the current status of a task."""
        from pulumi_tione.lifecycle.live_status import LiveStatuses

        return self._one(LiveStatuses, LiveStatuses).of(
            self._look_up_client(outputs), task_id, outputs, owner if self._settings.labels else None
        )

    def _task_of(self, inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the task with these inputs, whose name may have a suffix; one that failed with its detail.

        A list may lag: it may show a deleted task, or a failure that has been followed by another run. All suffixes
        share one list call, which only a task without the plain name needs.
        """
        client, name, workspace = self._client(inputs), inputs["name"], inputs.get("tiProjectId")
        for names in ((name,), [suffixed_name(name, number) for number in SUFFIXES_TO_TRY]):
            for item in client.find_training_tasks(names, workspace):
                is_failed = status_of(item) in FAILED
                task = client.describe_training_task(str(item["Id"]), workspace) if is_failed else item
                if task is not None:
                    return task
        return None

    def _time_limit_of(self, inputs: Mapping[str, Any], detail: Mapping[str, Any]) -> int | None:
        """Return the time limit that has ended the latest run of a failed task, if one has."""
        from pulumi_tione.lifecycle.time_limit import read_limit_that_ended

        return read_limit_that_ended(self._client(inputs), detail, inputs.get("tiProjectId"))

    @_handles_call
    def diff(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        recorded_owner, outputs = _recorded(olds)
        owner, inputs = self._split_with_marks(news)
        difference = diff(
            outputs,
            inputs,
            recorded_owner=recorded_owner,
            owner=owner,
            labels_enabled=self._settings.labels,
            account_of=self._account_of,
        )
        self._replaced_for[_key_of(news)] = difference.replacing
        if self._costs:
            self._costs.compare(_subject(owner, inputs), id_, outputs, inputs, difference)
        changes = bool(difference.replacing or difference.in_place or difference.accepted_paths)
        if difference.accepted_paths and not difference.replacing:
            current_call().warn(messages.imported_fields_kept(difference.accepted_paths))
        announced = None if difference.replacing else announced_rerun(outputs, inputs)
        if announced is not None:
            current_call().warn(announced)
        # Where the inputs themselves show the change, the engine compares them: then it knows which ones changed, for
        # `replace_on_changes` and for the preview. Not where the old task stays: there the preview shows all inputs of
        # the new one, with its name, which is computed after this.
        is_retained = owner is not None and owner.get(RETAINED)
        engine_compares = changes and request.inputs_changed() and not is_retained
        return DiffResult(
            changes=None if engine_compares else changes,
            replaces=list(difference.replacing),
            delete_before_replace=True,
        )

    @_handles_call
    def create(self, props: dict[str, Any]) -> CreateResult:
        from pulumi_tione.lifecycle.create import Creation

        owner, inputs = self._split_with_marks(props)
        creation = Creation(
            client=self._client(inputs),
            owner=owner,
            inputs=inputs,
            labels_enabled=self._settings.labels,
            context=current_call(),
            leftovers=self._leftovers,
            deleted=self._deleted,
            deleted_names_are_kept=self._settings.deleted_names_are_kept,
        )
        task_id, outputs = creation.run()
        return CreateResult(task_id, _joined(owner, outputs))

    @_handles_call
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        from pulumi_tione.lifecycle.read import read

        owner, outputs = _split(props)
        recorded = {"region": self._settings_of(props).region, **outputs}
        if id_ in self._deleted:
            return ReadResult("", {})
        now = read(RecordedTask(self._client(recorded, recorded.get("uin")), id_, recorded, current_call()))
        if now is None:
            return ReadResult("", {})
        outputs, inputs = now
        if not request.recorded_inputs_have(IMPORTED):
            inputs.pop(IMPORTED, None)
        if owner is not None:
            return ReadResult(id_, _joined(owner, outputs), with_owner(owner, inputs))
        # Nothing marks the secrets of a task that is only looked up, but it may be a task of this program.
        with masking(self._known_secrets):
            paths = sorted(paths_of_secrets(outputs))
            recorded_paths = {SECRET_INPUTS: paths} if paths else {}
            return ReadResult(id_, mark_secrets({**outputs, **recorded_paths}), mark_secrets(inputs))

    @_handles_call
    def update(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        from pulumi_tione.lifecycle.update import update

        recorded_owner, outputs = _recorded(olds)
        owner, inputs = self._split_with_marks(news)
        client = self._client(inputs, outputs.get("uin"), retries_outages=True)
        task = RecordedTask(client, id_, outputs, current_call(), recorded_owner)
        updated = update(task, inputs, owner=owner, labels_enabled=self._settings.labels)
        return UpdateResult(_joined(owner, updated))

    @_handles_call
    def delete(self, id_: str, props: dict[str, Any]) -> None:
        from pulumi_tione.lifecycle.delete import delete

        owner, outputs = _split(props)
        if id_ in self._deleted:
            return
        client = self._client(outputs, outputs.get("uin"), retries_outages=True)
        if delete(RecordedTask(client, id_, outputs, current_call())):
            self._deleted.add(id_, owner)

    def _new_context(self, args: tuple[Any, ...]) -> CallContext:
        """Return the context of the call that is being handled, of which these are the arguments."""
        urn = request.current_urn()

        def record_partial_result(outputs: Mapping[str, Any], owner: Owner | None, reason: str) -> None:
            from pulumi_tione._pulumi.partial_result import record_partial_update

            task_id, _, news = args
            record_partial_update(task_id, {**_joined(owner, outputs), PROVIDER_KEY: news[PROVIDER_KEY]}, reason)

        return CallContext(
            urn=urn,
            warn=lambda message: log.warn(message, urn),
            note=lambda message: log.note(message, urn),
            show_status=lambda message: log.show_status(message, urn),
            record_partial_result=record_partial_result,
            cancelled=self._cancelled,
        )

    def _client(
        self,
        props: Mapping[str, Any],
        account: str | None = None,
        *,
        retries_outages: bool = False,
        max_attempts: int | None = None,
    ) -> Client:
        """Return the client for a task.

        Args:
            props: the task's inputs or outputs, with its region and settings.
            account: the account that the task is in, if it is recorded.
            retries_outages: whether the client waits through outages.
            max_attempts: how often the client sends a request that changes nothing.
        """
        region, settings = props["region"], self._settings_of(props)
        key = (region, settings, account, retries_outages, max_attempts)
        if key not in self._clients:
            # A client is shared by many calls: each request logs, and sleeps, for the call that makes it.
            client = Client(
                settings,
                region,
                sleep=sleep_in_call,
                show_status=lambda message: current_call().show_status(message),
                warn=lambda message: current_call().warn(message),
                account=account,
                retries_outages=retries_outages,
                max_attempts=max_attempts,
            )
            self._clients.setdefault(key, client)
        return self._clients[key]

    def _settings_of(self, props: Mapping[str, Any]) -> Settings:
        """Return the settings of a task, which may have some of its own; those that check refuses are left out."""
        own = props.get("settings")
        return self._settings.of(own if isinstance(own, Mapping) and not contains_unknown(own) else None)

    def _account_of(self, inputs: Mapping[str, Any]) -> str | None:
        """Return the account of the credentials that inputs select; None in a preview that does not know them yet."""
        return None if contains_unknown(inputs.get("settings")) else self._client(inputs).account_id()


def _joined(owner: Owner | None, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return outputs with the owner, and with those marked secret that hold a secret. The engine marks the others like
    their inputs.

    One that cannot be marked is left out: an error would lose the task.
    """
    marked: dict[str, Any] = {}
    for name, value in outputs.items():
        with contextlib.suppress(Exception):
            marked[name] = mark_secrets(value) if name in TRAINING_TASK.outputs else value
    return with_owner(owner, marked)


def _subject(owner: Owner | None, inputs: Mapping[str, Any]) -> Subject:
    """Return the resource that the current call is about."""
    from pulumi_tione.lifecycle.cost_limits import Subject

    context = current_call()
    identity = context.urn or str((owner or inputs).get("resource" if owner else "name"))
    return Subject(identity, identity.rpartition("::")[2], context, owner)


def _key_of(props: Mapping[str, Any]) -> str:
    """Return a key that identifies the resource of these inputs in this process."""
    owner = props.get(OWNER_PROPERTY)
    return repr(sorted(owner.items()) if isinstance(owner, Mapping) else None)


def _recorded(props: dict[str, Any]) -> tuple[Owner | None, dict[str, Any]]:
    """Return the recorded owner and outputs of a task. Its mark as imported ends with the first update."""
    owner, outputs = _split(props)
    if not request.recorded_inputs_have(IMPORTED):
        outputs.pop(IMPORTED, None)
    return owner, outputs


def _split(props: dict[str, Any]) -> tuple[Owner | None, dict[str, Any]]:
    """Return the owner of a task, and its inputs or outputs, without the pickled provider."""
    owner, others = split_owner(props)
    others.pop(PROVIDER_KEY, None)
    return owner, others


def training_task_provider() -> TrainingTaskProvider:
    """What every pickled provider becomes. A plain function: a decorated one would be pickled with its code."""
    return TrainingTaskProvider()
