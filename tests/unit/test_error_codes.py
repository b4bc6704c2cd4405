"""Each code of the API is explained: in one sentence, with what to do, and with the property that it is about.

Which kinds are retried is in `test_errors.py`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_tione import args, functions
from pulumi_tione._error_codes import CODES, Kind
from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, Struct, Type, struct
from pulumi_tione.errors import ApiError

ROOT = Path(__file__).parents[2]
SECTIONS = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").count("\n## ")


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_explained_in_one_sentence_with_what_to_do(code: str) -> None:
    meaning = CODES[code]
    text = str(ApiError("CreateTrainingTask", code, "服务的话", "r-1"))
    assert text == (
        f"CreateTrainingTask was refused with {code}: 服务的话: {meaning}; {meaning.remedy} (request id r-1)"
    )
    for part in (meaning.sentence, meaning.remedy):
        assert 10 < len(part) < 160
        assert part.isascii()
        assert not part.endswith(".")
        assert part[0].islower() or part.startswith(("TI-ONE", "RDMA"))
        assert "|" not in part


def _resolve(path: str) -> Type:
    kind: Type = TRAINING_TASK
    for name in path.split("."):
        part = kind.item if isinstance(kind, ListOf) else kind
        assert isinstance(part, Struct)
        kind = part.fields[name].type
    return kind


@pytest.mark.parametrize("code", [code for code, meaning in CODES.items() if meaning.about])
def test_the_property_that_a_code_is_about_exists(code: str) -> None:
    _resolve(CODES[code].about)


def test_what_remedies_name_exists() -> None:
    structs = [struct(name.removesuffix("Args")) for name in args.__all__]
    fields = {field.name for each in structs for field in each.fields.values()}
    names = {
        name
        for meaning in CODES.values()
        for name in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", f"{meaning.remedy} {meaning.sentence}")
    }
    assert names
    assert names <= fields | set(functions.__all__)


def test_every_kind_has_a_code_and_a_section_on_the_page() -> None:
    assert {meaning.kind for meaning in CODES.values()} == set(Kind)
    assert len(Kind) == SECTIONS


def test_the_page_is_generated_from_the_codes() -> None:
    command = [sys.executable, str(ROOT / "tools" / "errors" / "generate.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0
