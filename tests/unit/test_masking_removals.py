"""The list of maskings that `tools/secrets/removals.py` takes out, which takes too long to run at each change.

The masking itself is in `test_masking.py`.
"""

from __future__ import annotations

import pytest

from tools.secrets.removals import REMOVALS, ROOT, Removal


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda removal: removal.name)
def test_what_is_to_be_taken_out_is_there_and_so_are_its_tests(removal: Removal) -> None:
    assert removal.text in (ROOT / "pulumi_tione" / removal.file).read_text(encoding="utf-8")
    assert (ROOT / removal.tests).exists()
