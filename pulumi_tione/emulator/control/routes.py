"""The control endpoints: `/_emulator/…`, JSON in and out.

Each calls a method of `control_api.py`. Who may call them is decided in `http/access.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.faults.lag import Lag

from .control_api import ControlApi

PREFIX = "/_emulator"

Query = Mapping[str, str]


def answer(control: ControlApi, method: str, path: str, query: Query, raw_body: bytes) -> tuple[int, Any]:
    """Handle one control request; return the HTTP status and the JSON value to send."""
    known = ROUTES.get(path.removeprefix(PREFIX).strip("/"))
    if known is None:
        return 404, {"error": f"there is no {path}; there are {', '.join(f'{PREFIX}/{name}' for name in ROUTES)}"}
    if method not in known:
        return 405, {"error": f"{path} takes {', '.join(known)}"}
    try:
        body = json.loads(raw_body) if raw_body else {}
        if not isinstance(body, dict):
            return 400, {"error": "send a JSON object"}
        return 200, known[method](control, query, body)
    except (ValueError, TypeError, RecursionError) as error:
        return 400, {"error": str(error)}
    except ApiError as error:
        return 409, {"error": error.message}


def _requests(control: ControlApi, query: Query, _: dict[str, Any]) -> Any:
    return control.requests(secrets=query.get("secrets") == "1")


def _forget_requests(control: ControlApi, _: Query, __: dict[str, Any]) -> Any:
    control.forget_requests()
    return {}


def _tasks(control: ControlApi, _: Query, __: dict[str, Any]) -> Any:
    return control.tasks()


def _control_tasks(control: ControlApi, _: Query, body: dict[str, Any]) -> Any:
    """Do something at once (`do`), or decide how runs go (anything else)."""
    immediate = {"preempt": control.preempt, "platform_stop": control.platform_stop, "remove": control.remove}
    name = body.pop("do", None)
    if name is None:
        control.plan_runs(**body)
    elif isinstance(name, str) and name in immediate and set(body) == {"task"}:
        immediate[name](body["task"])
    else:
        raise ValueError(f"`do` is one of {', '.join(immediate)}, with the id or name of a `task` and nothing else")
    return {}


def _faults(control: ControlApi, _: Query, __: dict[str, Any]) -> Any:
    return [fault.to_json() for fault in control.faults]


def _add_fault(control: ControlApi, _: Query, body: dict[str, Any]) -> Any:
    return control.add_fault(body).to_json()


def _clear_faults(control: ControlApi, _: Query, __: dict[str, Any]) -> Any:
    control.faults.clear()
    return {}


def _clock(control: ControlApi, _: Query, __: dict[str, Any]) -> Any:
    return {"now": control.now().isoformat()}


def _advance(control: ControlApi, _: Query, body: dict[str, Any]) -> Any:
    if set(body) != {"advance_seconds"}:
        raise ValueError("a clock is moved by `advance_seconds` and nothing else")
    return {"now": control.advance(body["advance_seconds"]).isoformat()}


def _lag(control: ControlApi, _: Query, __: dict[str, Any]) -> Any:
    return control.lag().to_json()


def _set_lag(control: ControlApi, _: Query, body: dict[str, Any]) -> Any:
    control.set_lag(Lag.from_json(body))
    return control.lag().to_json()


def _clear_lag(control: ControlApi, _: Query, __: dict[str, Any]) -> Any:
    control.set_lag()
    return control.lag().to_json()


def _register(control: ControlApi, _: Query, body: dict[str, Any]) -> Any:
    control.register(**body)
    return {}


def _unregister(control: ControlApi, _: Query, body: dict[str, Any]) -> Any:
    control.unregister(**body)
    return {}


def _settings(control: ControlApi, _: Query, __: dict[str, Any]) -> Any:
    return control.settings()


def _set(control: ControlApi, _: Query, body: dict[str, Any]) -> Any:
    control.set(**body)
    return control.settings()


ROUTES: Mapping[str, Mapping[str, Callable[[ControlApi, Query, dict[str, Any]], Any]]] = {
    "requests": {"GET": _requests, "DELETE": _forget_requests},
    "tasks": {"GET": _tasks, "POST": _control_tasks},
    "faults": {"GET": _faults, "POST": _add_fault, "DELETE": _clear_faults},
    "clock": {"GET": _clock, "POST": _advance},
    "lag": {"GET": _lag, "POST": _set_lag, "DELETE": _clear_lag},
    "registered": {"POST": _register, "DELETE": _unregister},
    "settings": {"GET": _settings, "POST": _set},
}
