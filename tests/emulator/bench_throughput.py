"""How many answers a second the emulator gives: 50 clients create, list, stop and delete 1,000 tasks, limits off.

Run by hand: `python tests/emulator/bench_throughput.py`. Ends with exit code 1 when a task was lost, a count was wrong,
or there were fewer answers a second than required.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

from pulumi_tione.emulator.command import READY

CLIENTS = 50
TASKS = 1000
EXPECTED = 500
"""Answers a second, on two cores."""


class Client:
    """A client with one connection that it keeps, and its own signatures."""

    def __init__(self, address: str) -> None:
        self._host = address.removeprefix("http://")
        self._connection = http.client.HTTPConnection(self._host, timeout=60)

    def call(self, action: str, **body: Any) -> dict[str, Any]:
        raw = json.dumps(body).encode()
        now = int(time.time())
        scope = f"{datetime.fromtimestamp(now, timezone.utc):%Y-%m-%d}/tione/tc3_request"
        digest = hashlib.sha256(raw).hexdigest()
        canonical = f"POST\n/\n\ncontent-type:application/json\nhost:{self._host}\n\ncontent-type;host\n{digest}"
        key = b"TC3emulator"
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers = {
            "Content-Type": "application/json",
            "X-TC-Action": action,
            "X-TC-Version": "2021-11-11",
            "X-TC-Region": "ap-guangzhou",
            "X-TC-Timestamp": str(now),
            "Authorization": f"TC3-HMAC-SHA256 Credential=AKIDemulator/{scope}, "
            f"SignedHeaders=content-type;host, Signature={signature}",
        }
        self._connection.request("POST", "/", raw, headers)
        response: dict[str, Any] = json.loads(self._connection.getresponse().read())["Response"]
        if "Error" in response:
            raise AssertionError(f"{action}: {response['Error']}")
        return response


def main() -> int:
    command = [sys.executable, "-m", "pulumi_tione.emulator", "--port", "0", "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:
        try:
            assert emulator.stdout is not None
            address = next(line.removeprefix(READY).strip() for line in emulator.stdout if line.startswith(READY))
            return _measure(address)
        finally:
            emulator.terminate()


def _measure(address: str) -> int:
    # Tasks that can be stopped at once, run until they are, and can be deleted then.
    body = {"seconds": {"SUBMITTING": 0, "RUNNING": "forever", "STOPPING": 0}}
    with urllib.request.urlopen(f"{address}/_emulator/tasks", json.dumps(body).encode()):
        pass
    of_thread = threading.local()

    def client() -> Client:
        if not hasattr(of_thread, "client"):
            of_thread.client = Client(address)
        mine: Client = of_thread.client
        return mine

    def create(number: int) -> str:
        node = {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}
        body = {"ChargeType": "POSTPAID_BY_HOUR", "ResourceConfigInfos": [node]}
        created: str = client().call("CreateTrainingTask", Name=f"task-{number}", **body)["Id"]
        return created

    def look_up(number: int) -> str:
        filters = [{"Name": "Name", "Values": [f"task-{number}"]}]
        [task] = client().call("DescribeTrainingTasks", Filters=filters, Limit=50)["TrainingTaskSet"]
        found: str = task["Id"]
        return found

    begun = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as clients:
        ids = list(clients.map(create, range(TASKS)))
        found = list(clients.map(look_up, range(TASKS)))
        count = client().call("DescribeTrainingTasks")["TotalCount"]
        list(clients.map(lambda task_id: client().call("StopTrainingTask", Id=task_id), ids))
        list(clients.map(lambda task_id: client().call("DeleteTrainingTask", Id=task_id), ids))
        left = client().call("DescribeTrainingTasks")["TotalCount"]
    seconds = time.monotonic() - begun
    answers = 4 * TASKS + 2
    right = len(set(ids)) == TASKS and found == ids and count == TASKS and left == 0
    rate = answers / seconds
    print(f"{answers} answers to {CLIENTS} clients in {seconds:.1f} s: {rate:.0f} a second (expected: {EXPECTED})")
    print(f"tasks created {len(set(ids))}, found {sum(map(str.__eq__, found, ids))}, listed {count}, left {left}")
    return 0 if right and rate >= EXPECTED else 1


if __name__ == "__main__":
    sys.exit(main())
