"""A generic integer core: what the portable graph becomes when nothing may be a float."""

from __future__ import annotations

from ..format import Format, Word
from ..placement import Cores, neurons, synapses
from ..populations import POPULATIONS, quantize_exactly
from ..target import Latency, Limits, Target

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
)
