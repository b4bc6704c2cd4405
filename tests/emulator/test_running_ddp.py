"""The proof that a task is really run: distributed programs that need each other to come to their result."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.running.process import can_show_opt_ml

Create = Callable[..., str]
Make = Callable[..., dict[str, Any]]

PROGRAM = '''
"""Sums vectors over all nodes: each sends its own to the chief, which sends everybody the sum."""
import json, os, socket, sys, time

node, nodes = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
assert (node, nodes) == (int(os.environ["INDEX"]), int(os.environ["NODE_NUM"]))
chief = (os.environ["CHIEF_IP"], int(os.environ["MASTER_PORT"]))
opt_ml = os.environ["TI_LOCAL_ROOT"] + "/opt/ml"


def receive(connection):
    return json.loads(connection.makefile("r").readline())


def send(connection, vector):
    connection.sendall(json.dumps(vector).encode() + b"\\n")


def reduced_by_chief(vector):
    with socket.create_server(chief) as server:
        others = [server.accept()[0] for _ in range(nodes - 1)]
    total = [sum(column) for column in zip(vector, *map(receive, others))]
    for connection in others:
        send(connection, total)
        connection.close()
    return total


def reduced_by_others(vector):
    while True:
        try:
            with socket.create_connection(chief) as connection:
                send(connection, vector)
                return receive(connection)
        except ConnectionRefusedError:
            time.sleep(0.01)


with open(opt_ml + "/input/data/vectors.json") as file:
    vectors = json.load(file)
with open(opt_ml + "/input/config/hyperparameters.json") as file:
    factor = json.load(file)["factor"]
gradient = [factor * number for number in vectors[node]]
print("gradient", gradient)
total = (reduced_by_others if node else reduced_by_chief)(gradient)
print("sum", total, file=sys.stderr)
with open(f"{opt_ml}/output/data/sum-{node}.json", "w") as file:
    json.dump(total, file)
'''

VECTORS = [[1, 10, 100], [2, 20, 200], [3, 30, 300]]


@pytest.fixture(params=["namespace", "variable"])
def shows_opt_ml(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both ways of having an `/opt/ml`, as far as this machine allows them."""
    if request.param == "namespace":
        if not can_show_opt_ml():
            pytest.skip("no mount namespaces here")
        return True
    monkeypatch.setattr("pulumi_tione.emulator.running.execution.can_show_opt_ml", lambda: False)
    return False


@pytest.fixture
def emulator(shows_opt_ml: bool, request: pytest.FixtureRequest) -> Emulator:
    emulator: Emulator = request.getfixturevalue("executing")
    assert emulator.execution is not None
    assert emulator.execution.shows_opt_ml == shows_opt_ml
    return emulator


@pytest.mark.parametrize("count", [2, 3])
def test_nodes_that_sum_over_the_network_write_one_result(
    create: Create,
    reach: Callable[..., dict[str, Any]],
    printed: Callable[..., list[str]],
    group: Make,
    place: Make,
    cos: Path,
    count: int,
) -> None:
    bucket = cos / "data-125"
    for name, text in {"code/train.py": PROGRAM, "vectors/vectors.json": json.dumps(VECTORS)}.items():
        (bucket / name).parent.mkdir()
        (bucket / name).write_text(text)
    task_id = create(
        TrainingMode="DDP",
        ResourceConfigInfos=[group(count)],
        CodePackagePath=place("code/"),
        DataConfigs=[{"DataSourceType": "COS", "COSSource": place("vectors/")}],
        TuningParameters='{"factor": 2}',
        Output=place("results/sums/"),
        StartCmdInfo={"WorkerStartCmd": f"exec {sys.executable} -I -S -u train.py"},
    )
    reach(task_id, "SUCCEED")
    total = [2 * sum(column) for column in zip(*VECTORS[:count], strict=True)]
    written = bucket / "results" / "sums" / task_id
    assert {file.name: json.loads(file.read_text()) for file in written.iterdir()} == {
        f"sum-{node}.json": total for node in range(count)
    }
    pods = ["master-0", *(f"worker-{number}" for number in range(count - 1))]
    for node, pod in enumerate(pods):
        gradient = [2 * number for number in VECTORS[node]]
        assert printed(task_id, pod) == [f"gradient {gradient}", f"sum {total}"]
        assert printed(task_id, pod, LogStream="stderr") == [f"sum {total}"]


def test_opt_ml_is_the_nodes_own_where_the_machine_allows_it(
    create: Create,
    reach: Callable[..., dict[str, Any]],
    printed: Callable[..., list[str]],
    group: Make,
    shows_opt_ml: bool,
) -> None:
    command = 'pwd; echo "$INDEX" > ../mine; cat "$TI_LOCAL_ROOT/opt/ml/mine"; ls -d /opt/ml; ls /opt'
    task_id = create(
        TrainingMode="DDP", ResourceConfigInfos=[group(2)], StartCmdInfo={"WorkerStartCmd": f"{command}; true"}
    )
    reach(task_id, "SUCCEED")
    of_machine = sorted(path.name for path in Path("/opt").iterdir()) if Path("/opt").is_dir() else []
    for node, pod in enumerate(("master-0", "worker-0")):
        folder, mine, *seen = printed(task_id, pod, LogStream="stdout")
        assert mine == str(node)
        if shows_opt_ml:
            assert (folder, seen[0]) == ("/opt/ml/code", "/opt/ml")
            assert set(seen[1:]) == {*of_machine, "ml"}
        else:
            assert folder.endswith("/opt/ml/code")
            assert folder != "/opt/ml/code"
