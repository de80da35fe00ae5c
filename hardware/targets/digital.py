"""A generic integer core: what the portable graph becomes when nothing may be a float."""

from __future__ import annotations

from ..energy import EnergyTable, metered
from ..format import Format, Word
from ..placement import Cores, neurons, synapses
from ..populations import POPULATIONS, quantize_exactly
from ..target import Latency, Limits, Target

HOROWITZ = EnergyTable(
    name="Horowitz 2014, 32-bit integers",
    node="45 nm, 0.9 V",
    scope="arithmetic alone: no memory, no wires, no clock",
    source="M. Horowitz, ISSCC 2014, doi 10.1109/ISSCC.2014.6757323, figure 1.1.9",
    synop=0.1e-12,  # an addition
    update=3.3e-12,  # a multiplication and two additions
    mac=3.2e-12,  # a multiplication and an addition
    rate_mac=0.3e-12,  # a multiplication of 8 bits, an addition of 32
)

DIGITAL = Target(
    name="digital",
    about="generic digital core: 32-bit sums, decay m/4096, 16 fractional bits in the cell",
    source="not a product; the decay's 12 bits are Loihi's (Davies et al. 2018, IEEE Micro 38(1))",
    limits=Limits(),
    format=Format(
        weight_bits=32, current=Word(32, "clip"), potential=Word(32, "clip"), decay="half_up"
    ),
    latency=Latency(
        enter=0, loop=1, leave=0, source="by definition: a tick is a step of the model"
    ),
    family=POPULATIONS,
    quantize=quantize_exactly,
    cores=Cores(loads={"neurons": neurons, "synapses": synapses}),
    energy=(metered(HOROWITZ),),
    table=HOROWITZ,
)
