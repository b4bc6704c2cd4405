"""The fidelity table is right: every test that it names exists.

A new behaviour of the emulator needs a row in `docs/fidelity.md` that names its test.
"""

from __future__ import annotations

import re
from pathlib import Path

TABLE = Path(__file__).parents[2] / "docs" / "fidelity.md"


def test_every_test_that_the_fidelity_table_names_exists() -> None:
    tests_in_table = set(re.findall(r"`(test_\w+)`", TABLE.read_text(encoding="utf-8")))
    written = {
        name
        for module in Path(__file__).parent.glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", module.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert tests_in_table - written == set()
    assert len(tests_in_table) > 100


def test_every_row_shows_how_it_is_known() -> None:
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) in (2, 4), row
        assert len(cells) == 2 or re.match(r"[DVIU]\b|made|How known", cells[1]), row
