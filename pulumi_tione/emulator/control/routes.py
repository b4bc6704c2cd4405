"""The control endpoints: `/_emulator/…`, JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.faults.lag import Lag

from .control_api import Control

PREFIX = "/_emulator"

Query = Mapping[str, str]


def answer(control: Control, method: str, path: str, query: Query, body: bytes) -> tuple[int, Any]:
    """Answer one question or take one order; give the HTTP status and what is to be sent as JSON."""
    known = ROUTES.get(path.removeprefix(PREFIX).strip("/"))
    if known is None:
        return 404, {"error": f"there is no {path}; there are {', '.join(f'{PREFIX}/{name}' for name in ROUTES)}"}
    if method not in known:
        return 405, {"error": f"{path} takes {', '.join(known)}"}
    try:
        order = json.loads(body) if body else {}
        if not isinstance(order, dict):
            return 400, {"error": "a JSON object is due"}
        return 200, known[method](control, query, order)
    except (ValueError, TypeError, RecursionError) as error:
        return 400, {"error": str(error)}
    except ApiError as error:
        return 409, {"error": error.message}


def _requests(control: Control, query: Query, _: dict[str, Any]) -> Any:
    return control.requests(secrets=query.get("secrets") == "1")


def _forget_requests(control: Control, _: Query, __: dict[str, Any]) -> Any:
    control.forget_requests()
    return {}


def _tasks(control: Control, _: Query, __: dict[str, Any]) -> Any:
    return control.tasks()


def _order_tasks(control: Control, _: Query, order: dict[str, Any]) -> Any:
    """`do` is something to happen at once; anything else is about how runs go."""
    deeds = {"preempt": control.preempt, "platform_stop": control.platform_stop, "remove": control.remove}
    deed = order.pop("do", None)
    if deed is None:
        control.order(**order)
    elif isinstance(deed, str) and deed in deeds and set(order) == {"task"}:
        deeds[deed](order["task"])
    else:
        raise ValueError(f"`do` is one of {', '.join(deeds)}, with the id or name of a `task` and nothing else")
    return {}


def _faults(control: Control, _: Query, __: dict[str, Any]) -> Any:
    return [fault.to_json() for fault in control.faults]


def _add_fault(control: Control, _: Query, order: dict[str, Any]) -> Any:
    return control.add_fault(order).to_json()


def _clear_faults(control: Control, _: Query, __: dict[str, Any]) -> Any:
    control.faults.clear()
    return {}


def _clock(control: Control, _: Query, __: dict[str, Any]) -> Any:
    return {"now": control.now().isoformat()}


def _advance(control: Control, _: Query, order: dict[str, Any]) -> Any:
    if set(order) != {"advance_seconds"}:
        raise ValueError("a clock is moved by `advance_seconds` and nothing else")
    return {"now": control.advance(order["advance_seconds"]).isoformat()}


def _lag(control: Control, _: Query, __: dict[str, Any]) -> Any:
    return control.lag().to_json()


def _set_lag(control: Control, _: Query, order: dict[str, Any]) -> Any:
    control.set_lag(Lag.from_json(order))
    return control.lag().to_json()


def _clear_lag(control: Control, _: Query, __: dict[str, Any]) -> Any:
    control.set_lag()
    return control.lag().to_json()


def _register(control: Control, _: Query, order: dict[str, Any]) -> Any:
    control.register(**order)
    return {}


def _unregister(control: Control, _: Query, order: dict[str, Any]) -> Any:
    control.unregister(**order)
    return {}


def _settings(control: Control, _: Query, __: dict[str, Any]) -> Any:
    return control.settings()


def _set(control: Control, _: Query, order: dict[str, Any]) -> Any:
    control.set(**order)
    return control.settings()


ROUTES: Mapping[str, Mapping[str, Callable[[Control, Query, dict[str, Any]], Any]]] = {
    "requests": {"GET": _requests, "DELETE": _forget_requests},
    "tasks": {"GET": _tasks, "POST": _order_tasks},
    "faults": {"GET": _faults, "POST": _add_fault, "DELETE": _clear_faults},
    "clock": {"GET": _clock, "POST": _advance},
    "lag": {"GET": _lag, "POST": _set_lag, "DELETE": _clear_lag},
    "registered": {"POST": _register, "DELETE": _unregister},
    "settings": {"GET": _settings, "POST": _set},
}
