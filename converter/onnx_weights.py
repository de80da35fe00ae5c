"""Weight matrices of an ONNX file: float, or int8 with one power of two a row, both exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spiking import CodedNetwork, SpikingNetwork
from spiking.errors import ExportError

from .onnx_parts import Parts
from .quantize import FINEST_WEIGHT_BITS

MOST = 127
Spiking = SpikingNetwork | CodedNetwork


def array(tensor: Any) -> NDArray[Any]:
    """A copy of a torch tensor."""
    return np.array(tensor.detach().cpu().numpy())


def float_weight(parts: Parts, name: str, weight: NDArray[Any]) -> str:
    """The name of `weight` (output, input) in the graph, transposed for MatMul."""
    return parts.constant(np.ascontiguousarray(weight.T), name)


def int8_weight(parts: Parts, name: str, weight: NDArray[Any], *, weight_bits: int) -> str:
    """As `float_weight`, stored as int8 and a scale a row in front of a DequantizeLinear.

    An integer of 7 bits times a power of two is exact in float32, so MatMul sees the same floats.
    Raises ExportError where a row does not fit.
    """
    integers, scales = int8_rows(weight, weight_bits=weight_bits)
    if np.abs(integers).max(initial=0) > MOST:
        raise ExportError(f"{name}: {np.abs(integers).max()} steps of its row, int8 holds {MOST}")
    whole = np.ascontiguousarray(integers.T.astype(np.int8))
    # in the outer graph, so that it is computed once and not at every step of a Scan
    with parts.collect(parts.nodes):
        stored, scale = parts.constant(whole, name), parts.constant(scales / 2, f"{name}.scale")
        half = parts.add("DequantizeLinear", stored, scale, axis=1)
        # ONNX Runtime 1.32.0 rewrites a DequantizeLinear right in front of a MatMul into
        # MatMulNBits, which rounds the inputs to 8 bits as well: half and half keep them apart
        return parts.add("Add", half, half)


def int8_rows(
    weight: NDArray[Any], *, weight_bits: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Integers and the scale of each row, with integers * scale = weight bit for bit.

    weight  multiples of 2^-weight_bits  # (output, input)

    The scale is the largest power of two that divides the whole row, so that a row may use more
    bits than another.  # (output, input) int64, (output,) float32
    """
    steps = np.rint(weight.astype(np.float64) * 2.0**weight_bits).astype(np.int64)
    together = np.bitwise_or.reduce(np.abs(steps), axis=1)
    shared = np.where(together == 0, 1, together & -together)
    scales = (shared * 2.0**-weight_bits).astype(np.float32)
    return steps // shared[:, None], scales


@torch.no_grad()
def spiking_weights(net: Spiking) -> dict[str, NDArray[Any]]:
    """Every weight matrix of `net` per quantum (or per input), named as in the ONNX file.

    {"l0.weight_ih": (3 * hidden, input), "l0.weight_hh": ..., "readout.weight": ...}
    """
    found: dict[str, Tensor] = {}
    stack: list[Any] = [*net.stack]
    for index, layer in enumerate(stack):
        below = 1.0 if layer.below is None else layer.below
        found[f"l{index}.weight_ih"] = layer.weight_ih / below
        found[f"l{index}.weight_hh"] = layer.weight_hh / layer.code.levels
    if net.readout is not None:
        found["readout.weight"] = net.readout.weight / net.code.levels
    return {name: array(value) for name, value in found.items()}


def int8_bits(net: Spiking) -> int:
    """The most `weight_bits`, up to 16, with which `quantize` makes every weight fit int8.

    Raises ExportError where a weight per spike is larger than 127.
    """
    matrices = spiking_weights(net)
    worst = {name: float(np.abs(value).max(initial=0.0)) for name, value in matrices.items()}
    for bits in range(FINEST_WEIGHT_BITS, -1, -1):
        if np.rint(max(worst.values()) * 2.0**bits) <= MOST:
            return bits
    name = max(worst, key=lambda key: worst[key])
    raise ExportError(f"{name}: a weight per spike is {worst[name]:.4g}, int8 holds {MOST}")


def require_int8(net: Spiking, *, weight_bits: int) -> None:
    """ExportError unless every weight matrix of `net`, on the grid, fits int8."""
    largest = {
        name: int(np.abs(int8_rows(value, weight_bits=weight_bits)[0]).max(initial=0))
        for name, value in spiking_weights(net).items()
    }
    too_large = [name for name, most in largest.items() if most > MOST]
    if too_large:
        name = max(too_large, key=lambda key: largest[key])
        raise ExportError(
            f"{', '.join(too_large)}: on the grid of 2^-{weight_bits} the largest weight is "
            f"{largest[name]} steps ({name}), int8 holds {MOST}; "
            f"call quantize(net, weight_bits={int8_bits(net)}) first"
        )
