#!/usr/bin/env python3
"""Random histories of a stack, at the provider's gRPC boundary, in time that does not pass.

    python tools/reliability/soak/run.py [--histories N] [--seed FIRST]      this many, starting with this seed
    python tools/reliability/soak/run.py --seed SEED --histories 1 --verbose  one of them, shown step by step

Exit code 1: in some of them something was broken; their seeds are printed.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from tools.reliability.soak import virtual_time  # noqa: E402  before everything that keeps a clock

virtual_time.install()
os.environ["GRPC_VERBOSITY"] = "NONE"  # a server that is closed is no news

from pulumi_tione.emulator import DEFAULT_KEY  # noqa: E402
from tools.reliability.soak import history  # noqa: E402
from tools.reliability.soak.service import ADDRESS  # noqa: E402

FOREIGN = ("TENCENTCLOUD_", "TIONE_", "TKE_", "PULUMI_")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Random histories of a stack.")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--stop-after", type=int, default=10, metavar="BROKEN")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    os.environ.update(
        HOME=os.devnull,
        TIONE_ENDPOINT=ADDRESS,
        TENCENTCLOUD_REGION="ap-guangzhou",
        TENCENTCLOUD_SECRET_ID=DEFAULT_KEY.secret_id,
        TENCENTCLOUD_SECRET_KEY=DEFAULT_KEY.secret_key,
        PULUMI_PROJECT="soak",
    )
    begun, broken = virtual_time.real_seconds(), 0
    for seed in range(options.seed, options.seed + options.histories):
        found = history.run(seed, print if options.verbose else lambda _: None)
        if found is not None:
            broken += 1
            print(f"seed {seed}: {found}", flush=True)
            if broken == options.stop_after:
                break
    seconds = virtual_time.real_seconds() - begun
    print(f"{seed + 1 - options.seed} histories from seed {options.seed} on in {seconds:.0f} s, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
