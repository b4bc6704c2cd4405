"""Start the emulator: `python -m pulumi_tione.emulator`."""

import sys

from .command import main

sys.exit(main())
