"""Every code of the API, answered to a create: what the real provider reports to the engine.

Their sentences are in `tests/unit/test_error_codes.py`.
"""

from __future__ import annotations

import grpc
import pytest
from boundary_support import SMALLEST, Provider
from local_tione import accepted

from pulumi_tione._error_codes import CODES, Kind
from pulumi_tione.emulator import Emulator

MESSAGE = "服务自己的话"


def codes_of(*kinds: Kind) -> list[str]:
    return [code for code, meaning in CODES.items() if meaning.kind in kinds]


SHOWN_AS_THEY_ARE = [kind for kind in Kind if kind not in (Kind.ALREADY_EXISTS, Kind.THROTTLED)]


def refused(provider: Provider, emulator: Emulator, code: str) -> str:
    """The error of a create that the service refuses with this code, however often it is asked."""
    emulator.faults.clear()
    emulator.faults.add("CreateTrainingTask", code=code, message=MESSAGE, times=None)
    with pytest.raises(grpc.RpcError) as caught:
        provider.create(provider.checked({**SMALLEST, "name": "bert"}))
    return str(caught.value.details())


@pytest.mark.parametrize("kind", SHOWN_AS_THEY_ARE)
def test_a_refusal_has_what_happened_where_and_what_to_do(
    hasty_provider: Provider, emulator: Emulator, kind: Kind
) -> None:
    codes = codes_of(kind)
    assert codes
    for code in codes:
        text = refused(hasty_provider, emulator, code)
        meaning = CODES[code]
        for part in (code, MESSAGE, "request id ", meaning.sentence, meaning.about, meaning.remedy, "'bert'"):
            assert part in text, f"{code}: {part!r} is not in {text!r}"
        assert "Traceback" not in text
        assert "\n" not in text.strip().rpartition("calling application: ")[2]
    assert emulator.tasks() == []


@pytest.mark.parametrize("code", codes_of(Kind.ALREADY_EXISTS))
def test_a_name_that_is_taken_has_its_next_steps(hasty_provider: Provider, emulator: Emulator, code: str) -> None:
    text = refused(hasty_provider, emulator, code)
    for part in (code, MESSAGE, "request id ", "'bert'", "hoose another name"):
        assert part in text
    assert "Traceback" not in text


def test_what_is_throttled_is_sent_again(hasty_provider: Provider, emulator: Emulator) -> None:
    codes = codes_of(Kind.THROTTLED)
    for number, code in enumerate(codes):
        emulator.faults.add("CreateTrainingTask", code=code)
        task_id, _ = hasty_provider.create(hasty_provider.checked({**SMALLEST, "name": f"task-{number}"}))
        assert task_id.startswith("train-")
    assert len(accepted(emulator, "CreateTrainingTask")) == len(emulator.tasks()) == len(codes)
