"""The log of a run, read from a local TI-ONE.

Pages, repeated lines and errors are in `tests/unit/test_logs.py`.
"""

from __future__ import annotations

from local_tione import SMALLEST_BODY, client_of

from pulumi_tione._api.logs import TaskLog
from pulumi_tione.emulator import Emulator


def test_the_local_tione_gives_every_line_over_all_its_pages_and_pods(emulator: Emulator) -> None:
    emulator.plan_runs(output=[(0.0, f"line {number}") for number in range(2_500)])
    body = {**SMALLEST_BODY, "Name": "bert"}
    body["ResourceConfigInfos"] = [{**SMALLEST_BODY["ResourceConfigInfos"][0], "InstanceNum": 2}]
    client = client_of(emulator)
    task_id = client.create_training_task(body)
    emulator.advance(60)
    emulator.faults.add("DescribeLogs", first=2, connection="close")
    log = TaskLog(client, task_id, None).of_latest_run()
    assert log is not None
    lines = [*log.new_lines()]
    for pod in ("master-0", "worker-0"):
        assert [line.text for line in lines if line.pod.endswith(pod)] == [f"line {number}" for number in range(2_500)]
    assert len({line.id for line in lines}) == len(lines) == 5_000
