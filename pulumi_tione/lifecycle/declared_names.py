"""The names that the tasks of one process are declared with: two tasks cannot have the same one.

The service refuses the second create. A preview warns, if both tasks are in one program: where a name has to be unique
is not documented, so it refuses neither. What a create reports about a task that has its name is in `name_conflict.py`.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

from pulumi_tione._schema.identity import LOCATION
from pulumi_tione.lifecycle import check_rules
from pulumi_tione.lifecycle.check import Checked
from pulumi_tione.lifecycle.names import is_location_known

_LocatedName: TypeAlias = tuple[str, str]
"""A location, and a name there."""


class DeclaredNames:
    """The names that the tasks of this process are declared with. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._declared: dict[str, _LocatedName] = {}
        """Where each resource declares its name, by URN."""
        self._resources: defaultdict[_LocatedName, dict[str, bool]] = defaultdict(dict)
        """The resources that declare a name, by URN, and whether each is a task that will be created."""

    def check(self, urn: str, olds: Mapping[str, Any], checked: Checked) -> None:
        """Warn that another resource declares the same name, if one of the two tasks will be created.

        Args:
            urn: the resource.
            olds: its old inputs; a task without any will be created.
            checked: its new inputs, where a warning is added.
        """
        name, location = checked.inputs.get("name"), [checked.inputs.get(each) for each in LOCATION]
        with self._lock:
            if urn in self._declared:
                del self._resources[self._declared.pop(urn)][urn]
            if not urn or not isinstance(name, str) or not is_location_known(checked.inputs):
                return
            declared = json.dumps(location, sort_keys=True, default=str), name
            resources = self._resources[declared]
            others = [each for each, is_created in resources.items() if is_created or not olds]
            self._declared[urn] = declared
            resources[urn] = not olds
        if others:
            checked.warn("name", check_rules.name_declared_twice(name, others[0].rpartition("::")[2]))
