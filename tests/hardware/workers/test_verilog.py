"""Vectors in hexadecimal; failures of programs and designs are said."""

import numpy as np
import pytest

from hardware.workers.verilog import _trace, called, hexadecimal, stimulus

MADE = {"input_bits": 4, "value_bits": 6}


def test_negative_words_are_twos_complement_in_whole_digits() -> None:
    assert hexadecimal([1, -1, -32], 6) == b"01\n3f\n20\n"


def test_inputs_are_written_at_the_cores_width_and_refused_beyond_the_designs() -> None:
    assert stimulus(np.array([[[7], [-8]]]), MADE) == b"1 2\n07\n38\n"
    with pytest.raises(ValueError, match=r"-8\.\.7"):
        stimulus(np.array([[[8]]]), MADE)


def test_a_trace_is_fires_and_signed_states(tmp_path) -> None:
    (tmp_path / "t").write_text("1f\n0f\n07\n")
    fires, states = _trace(tmp_path / "t", 4)
    assert (fires.tolist(), states.tolist()) == ([1, 0, 0], [-1, -1, 7])
    (tmp_path / "t").write_text("0x\n")
    with pytest.raises(RuntimeError, match="undefined"):
        _trace(tmp_path / "t", 4)


def test_a_program_that_fails_says_its_last_words(tmp_path) -> None:
    with pytest.raises(RuntimeError, match="no such design"):
        called(["sh", "-c", "echo no such design; exit 3"], tmp_path)
