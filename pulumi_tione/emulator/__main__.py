"""Start the emulator: `python -m pulumi_tione.emulator`.

The options are in `command.py`; `Emulator` in `emulator.py` is the same for tests.
"""

import sys

from .command import main

sys.exit(main())
