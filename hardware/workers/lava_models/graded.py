"""Neuron programs for Lava that say numbers: on lava's own currents and potentials.

What is lava's: the decay of a current and its wrapping around, the bias and the clipping of a
potential (AbstractPyLifModelFixed). What is ours: which number of a potential is said, and that
nothing is reset; and wires within one neuron, which take no tick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.lif.models import AbstractPyLifModelFixed

from .neurons import Neurons


class Graded(Neurons):
    """Leaky integrators: a current that decays, a potential, and a number said of it.

    says  "level": the line through `knots`, 2^drop apart; "change": the potential without `drop`
          bits, for a Delta process to take the change of; "nothing"
    """

    def __init__(self, *, says: str, knots: Any, drop: int, **words: Any) -> None:
        super().__init__(vth=np.ones(words["shape"], int), says=says, **words)
        self.knots = Var(shape=knots.shape, init=knots)
        self.drop = Var(shape=(1,), init=drop)


def _level(potential: Any, knots: Any, drop: int) -> Any:
    """T_j + (T_{j+1} - T_j) r / 2^drop, the piece j and the rest r of the potential; T knots."""
    pieces = len(knots) - 1
    place = np.clip(potential + (pieces << drop) // 2, 0, (pieces << drop) - 1)
    piece, rest = np.divmod(place.astype(np.int64), 1 << drop)
    rise = np.diff(knots.astype(np.int64))[piece]
    return knots[piece] + rise * rest // (1 << drop)


_SAID: dict[str, Callable[[Any, Any, int], Any]] = {
    "change": lambda potential, _knots, drop: potential >> drop,
    "level": _level,
    "nothing": lambda potential, _knots, _drop: np.zeros_like(potential),
}


@implements(proc=Graded, protocol=LoihiProtocol)
@requires(CPU)
@tag("bit_accurate_loihi", "fixed_pt")
class GradedModel(AbstractPyLifModelFixed):
    """Lava's own arithmetic; what arrives is taken as it is, without the LIF's shift by 6."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    du: Any = LavaPyType(np.ndarray, np.int32, precision=12)
    dv: Any = LavaPyType(np.ndarray, np.int32, precision=12)
    vth: Any = LavaPyType(np.ndarray, np.int32, precision=17)
    knots: Any = LavaPyType(np.ndarray, np.int32, precision=24)
    drop: Any = LavaPyType(np.ndarray, np.int32, precision=5)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.act_shift = 0
        self.said = _SAID[proc_params["says"]]

    def scale_threshold(self) -> None:
        """There is none."""
        self.isthrscaled = True

    def spiking_activation(self) -> Any:
        """The number that is said."""
        return self.said(self.v, self.knots, int(self.drop[0])).astype(np.int32)

    def reset_voltage(self, spike_vector: Any) -> None:
        """Nothing is reset."""


class Wires(AbstractProcess):
    """Parts of one neuron hear each other in the same tick; a Dense would take one."""

    def __init__(self, *, weights: Any, shift: int) -> None:
        super().__init__(weights=weights, shift=shift)
        self.s_in = InPort(shape=(weights.shape[1],))
        self.a_out = OutPort(shape=(weights.shape[0],))
        self.weights = Var(shape=weights.shape, init=weights << shift)


@implements(proc=Wires, protocol=LoihiProtocol)
@requires(CPU)
@tag("bit_accurate_loihi", "fixed_pt")
class WiresModel(PyLoihiProcessModel):
    """A product without a buffer."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    weights: Any = LavaPyType(np.ndarray, np.int32, precision=24)

    def run_spk(self) -> None:
        """What is said is heard."""
        self.a_out.send(self.weights.dot(self.s_in.recv()))
