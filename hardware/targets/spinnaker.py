"""SpiNNaker 1 and 2 with sPyNNaker's neurons: S16.15, 16-bit weights, one tick a synapse."""

from __future__ import annotations

from dataclasses import replace

from ..energy import metered
from ..format import Format, Word
from ..mapper import Mapper
from ..placement import Cores
from ..populations import POPULATIONS
from ..simulator import Simulator
from ..spinnaker.cores import LIMITS, LOADS, SOURCE
from ..spinnaker.energy import CORES_A_CHIP, SPINNAKER_1, SPINNAKER_2, board_joules, seconds
from ..spinnaker.population import population
from ..spinnaker.rules import ring_buffers_resolve_thresholds
from ..target import Latency, Limits, Target
from ..turns import inputs_lie_on_a_known_grid

_SPYNNAKER = Simulator("spynnaker", "spynnaker 1!7.4.1", "scripts/vendors spynnaker", apart=True)
# the machine code is SpiNNaker 1's: SpiNNaker 2 runs another compiler's
_ARM = Simulator(
    "spinnaker_arm",
    "machine code of spynnaker 1!7.4.1 under unicorn 2.1.4",
    "scripts/vendors spinnaker_arm",
    apart=True,
)
_SOURCE = (
    "sPyNNaker, neural_modelling/src/neuron (synapses.c, synapse_row.h, models/"
    "neuron_model_lif_impl.h, synapse_types/exp_synapse_utils.h); spynnaker 7.4.1"
)
# synapse_row.h: weights of 16 bits without a sign, one type for each sign; synapses.c: what arrives
# saturates at 65535; the rest is S16.15 in 32 bits, whose sums wrap. decay.h, decay_s1615: a
# product with a factor in U0.32 is rounded down. A product of two S16.15 (accum) is rounded down
# too in 7.4.1's machine code (IF_curr_exp.aplx at 0x25ec: smull, then the bits above the 15th);
# R = 1 and e^-16 = 0 leave nothing of it to round. threshold_type_static.h: at the threshold
_FORMAT = Format(
    weight_bits=17,
    arrival=Word(17, "clip"),
    current=Word(32, "wrap"),
    potential=Word(32, "wrap"),
    decay="exponential",
    gain="mean",
    apart=True,
    fires="at",
)
_LATENCY = Latency(
    enter=1,
    loop=1,
    leave=1,
    source="sPyNNaker 7.4.1, pyNN/utilities/constants.py (MIN_SUPPORTED_DELAY)",
)

SPINNAKER1 = Target(
    name="spinnaker1",
    about="SpiNNaker, a SpiNN-5 board of 48 chips: S16.15, 16-bit weights",
    source=_SOURCE,
    limits=Limits(),
    format=_FORMAT,
    latency=_LATENCY,
    family=POPULATIONS,
    quantize=population,
    cores=Cores(count=48 * CORES_A_CHIP, limits=LIMITS, loads=LOADS, source=SOURCE),
    rules=(inputs_lie_on_a_known_grid, ring_buffers_resolve_thresholds),
    simulators=(_ARM,),
    mapper=Mapper(_SPYNNAKER, board="5", limits={"routing entries": 1023}),
    energy=(metered(SPINNAKER_1), board_joules),
    table=SPINNAKER_1,
    seconds=seconds,
)

SPINNAKER2 = replace(
    SPINNAKER1,
    name="spinnaker2",
    about="SpiNNaker 2, a board of 48 chips with sPyNNaker's neurons: S16.15, 16-bit weights",
    # version_248.py, CHIPS_PER_BOARD, one of each chip's runs the chip
    cores=replace(SPINNAKER1.cores, count=7283),
    simulators=(),
    mapper=Mapper(_SPYNNAKER, board="248", limits={"routing entries": 16_384}),
    energy=(metered(SPINNAKER_2),),
    table=SPINNAKER_2,
)
