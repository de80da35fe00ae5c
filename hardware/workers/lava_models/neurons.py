"""Lava's LIF neurons with parameters of each neuron's own."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.lif.models import AbstractPyLifModelFixed, PyLifModelBitAcc
from lava.proc.lif.process import LIF


class Neurons(LIF):
    """LIF with decays and thresholds of each neuron's own, as the chip has them."""

    def __init__(self, *, du: Any, dv: Any, vth: Any, **words: Any) -> None:
        super().__init__(du=0, dv=0, vth=0, **words)
        shape = words["shape"]
        self.du = Var(shape=shape, init=du)
        self.dv = Var(shape=shape, init=dv)
        self.vth = Var(shape=shape, init=vth)


@implements(proc=Neurons, protocol=LoihiProtocol)
@requires(CPU)
@tag("bit_accurate_loihi", "fixed_pt")
class NeuronsModel(AbstractPyLifModelFixed):
    """Lava's own arithmetic; only the types of the three parameters are arrays.

    A model that implements a process cannot be derived from, so its two methods are taken over.
    """

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    du: Any = LavaPyType(np.ndarray, np.int32, precision=12)
    dv: Any = LavaPyType(np.ndarray, np.int32, precision=12)
    vth: Any = LavaPyType(np.ndarray, np.int32, precision=17)
    scale_threshold = PyLifModelBitAcc.scale_threshold
    spiking_activation = PyLifModelBitAcc.spiking_activation
    effective_vth: Any = 0
