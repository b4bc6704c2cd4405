"""Where the tools lie that record states and bring their tasks about."""

from __future__ import annotations

import sys

from engine_support import ROOT

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
