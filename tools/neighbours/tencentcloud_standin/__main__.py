"""Serve the Pulumi engine on a free port of the loopback, and print the port as the engine expects it."""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

try:
    import grpc
    from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server
except ModuleNotFoundError as missing:
    sys.exit(
        f"the stand-in for the tencentcloud provider runs on {sys.executable}, which has no module {missing.name!r}: "
        "put the environment that has pulumi first on PATH, or name its Python in PULUMI_PYTHON_CMD"
    )

from .plugin import StandIn

ORPHAN_CHECK_SECONDS = 1
GRACE_SECONDS = 2
"""For calls under way at the end. The engine kills what has not gone after 5 seconds."""


def main() -> None:
    engine = os.getppid()
    stopped = threading.Event()
    # The engine gives its plugins a process group of their own and ends them with SIGINT: a Ctrl-C never gets here.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: stopped.set())
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    add_ResourceProviderServicer_to_server(StandIn(engine_address=next(iter(sys.argv[1:]), None)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    # An engine that was killed could not end its plugins; then another process is the parent.
    while os.getppid() == engine and not stopped.wait(ORPHAN_CHECK_SECONDS):
        pass
    server.stop(GRACE_SECONDS).wait()


if __name__ == "__main__":
    main()
