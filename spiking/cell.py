"""One step of the spiking subLSTM: gates are populations, inhibition subtracts."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class CellState(NamedTuple):
    """What a layer remembers between steps.

    cell    K c_t, the cell state in quanta of 1/K       # (batch, hidden) float64
    counts  K h_t, signed spikes n_s - n_o of the step   # (batch, hidden) float32
    """

    cell: Tensor
    counts: Tensor


class CellSpikes(NamedTuple):
    """Spikes of one step, 0 or 1, of the populations z, i, o and s = act(c).

    Each (batch, hidden, levels); during `SpikingNetwork.run` with a time axis after batch.
    """

    z: Tensor
    i: Tensor
    o: Tensor
    s: Tensor


def integrate(cell: Tensor, forget: Tensor, excitation: Tensor, inhibition: Tensor) -> Tensor:
    """The cell between spikes: C_t = f C_{t-1} + (n_z - n_i), a leaky integrator never reset.

    C cell state in quanta of 1/K (float64), f constant forget in [0, 1), n_z and n_i signed
    spike counts of the input and the inhibition population. Two rounded operations, a product
    and a sum, and no fused multiply-add: this is the one sum that the fixed-point grid cannot
    make exact, so its order of operations is part of the definition.

    returns C_t  # (batch, hidden) float64
    """
    decayed = forget * cell
    return decayed + (excitation - inhibition).to(cell.dtype)
