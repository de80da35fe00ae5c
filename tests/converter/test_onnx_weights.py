"""Weights as int8 are the same numbers: rows, scales, the finest grid that fits."""

import numpy as np
import pytest

from converter import quantize, run_onnx, to_onnx
from converter.onnx_weights import MOST, int8_bits, int8_rows, require_int8, spiking_weights
from spiking.codes import Compound
from spiking.errors import ExportError
from tests.converter.small_models import random_net, random_x
from tests.spiking.coded_nets import coded_net


def test_integers_times_scales_are_the_weights() -> None:
    rng = np.random.default_rng(0)
    weight = (rng.integers(-127, 128, (9, 4)) * 2.0 ** rng.integers(-8, 0, (9, 1))).astype("f4")
    weight[3] = 0.0
    integers, scales = int8_rows(weight, weight_bits=8)
    assert np.array_equal(integers * scales[:, None], weight)
    assert scales.dtype == np.float32
    assert all(np.gcd.reduce(row) % 2 or not row.any() for row in integers)


@pytest.mark.parametrize("make", [random_net, lambda: coded_net(Compound(8))])
def test_the_finest_grid_that_fits_does_and_the_next_does_not(make) -> None:
    net = make()
    bits = int8_bits(net)
    fits = quantize(net, weight_bits=bits, input_bits=4)
    require_int8(fits, weight_bits=bits)
    largest = max(abs(value).max() for value in spiking_weights(fits).values())
    assert MOST / 2 < largest * 2.0**bits <= MOST
    finer = quantize(net, weight_bits=bits + 2, input_bits=4)
    with pytest.raises(ExportError, match=rf"call quantize\(net, weight_bits={bits}\)"):
        to_onnx(finer, weights="int8")


def test_stored_as_int8_they_are_int8_and_a_quarter_as_large() -> None:
    net, x = random_net(weight_bits=4, hidden=30), random_x().numpy()
    whole, small = to_onnx(net), to_onnx(net, weights="int8")
    kinds = {tensor.name: tensor.data_type for tensor in small.graph.initializer}
    assert kinds["l0.weight_hh"] == kinds["readout.weight"] == 3  # int8
    assert small.ByteSize() < 0.6 * whole.ByteSize()
    one, other = run_onnx(whole, x), run_onnx(small, x)
    assert np.array_equal(one.output, other.output)


def test_a_weight_beyond_every_grid_is_named() -> None:
    net = random_net()
    net.stack[0].weight_hh.data[:] = 128.0 * 8
    with pytest.raises(ExportError, match=r"l0\.weight_hh: a weight per spike is 128"):
        int8_bits(net)
