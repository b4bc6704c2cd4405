#!/usr/bin/env python3
"""`make live`: one short run of the cheapest task on the real service, if you have an account.

    TIONE_LIVE=1 make live

It uses the settings of the environment and of `tccli` (docs/settings.md), costs money for some minutes, and removes
what it created, whatever happens. It also removes what an earlier run left, so start only one in an account at a time.
At the end it prints which rows of docs/fidelity.md are confirmed or refuted.

    TIONE_LIVE_MAX_HOURLY_COST   the maximum cost of the task in an hour, in the currency of the site; by default 5
    TIONE_LIVE_WORKSPACE         the workspace; by default the account's default one
    TIONE_LIVE_POLL_SECONDS      the pause between two polls of the task; by default 5

Exit code 0: all went well; 1: something failed, or a row is refuted; 2: nothing was tried; 3: something may be left.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from pulumi_tione._api.client import Client  # noqa: E402  see the line above
from pulumi_tione._config.settings import Settings  # noqa: E402
from pulumi_tione.errors import TioneError  # noqa: E402
from tools.live.cheapest import RefusedError, cheapest, limit  # noqa: E402
from tools.live.observations import is_refuted, table  # noqa: E402
from tools.live.trial import Trial, show  # noqa: E402

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption(KeyboardInterrupt):
    """A signal. It is not an Exception, so that nothing treats it as a failed connection and retries."""


def main() -> int:
    try:
        trial = prepared()
    except (RefusedError, TioneError) as error:
        print(f"make live: {error}", file=sys.stderr)
        return 2
    try:
        for number in SIGNALS:
            signal.signal(number, interrupt)
        trial.run()
    except (TioneError, Interruption) as error:
        trial.fail(str(error))
    except Exception as error:  # noqa: BLE001  whatever it is: what was made must be removed
        trial.fail(f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
    finally:
        try:
            ignore_signals()  # nobody interrupts the removal
        except Interruption as error:  # one came in this moment; it has had the others ignored
            trial.fail(str(error))
        finally:
            is_clean = trial.clean()
    show(f"\nWhat docs/fidelity.md states, and what {trial.client.region} showed:\n{table(trial.seen)}", sys.stdout)
    if not is_clean:
        return 3
    return int(bool(trial.failures) or is_refuted(trial.seen))


def interrupt(number: int, _: Any) -> None:
    ignore_signals()
    raise Interruption(f"interrupted by {signal.Signals(number).name}")


def ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def prepared() -> Trial:
    """Prepare the trial; nothing is created yet.

    Raises:
        RefusedError: it is not asked for, or it would cost too much.
        TioneError: the service cannot be asked.
    """
    if os.environ.get("TIONE_LIVE") != "1":
        raise RefusedError("this creates a task on the real service, which costs money: set TIONE_LIVE=1 to confirm")
    maximum = limit(os.environ.get("TIONE_LIVE_MAX_HOURLY_COST", "5"))
    try:
        pause = float(os.environ.get("TIONE_LIVE_POLL_SECONDS", "5"))
    except ValueError:
        raise RefusedError("TIONE_LIVE_POLL_SECONDS must be a number") from None
    settings = Settings(lambda _: None, os.environ)
    client = Client(settings, settings.region)
    print(f"account {client.account_id()}, {client.region}, {settings.endpoint('tione')}", flush=True)
    offer = cheapest(client, maximum)
    print(
        f"the cheapest specification is {offer.spec}: {offer.cost} {offer.currency} an hour, of {maximum} allowed",
        flush=True,
    )
    return Trial(client, os.environ.get("TIONE_LIVE_WORKSPACE") or None, offer, pause)


if __name__ == "__main__":
    sys.exit(main())
