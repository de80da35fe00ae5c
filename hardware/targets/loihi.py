"""Intel Loihi 1 and 2: binary or graded spikes, 24-bit states, one tick a synapse."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..compound import COMPOUNDS
from ..configuration import Configuration
from ..energy import Estimate, unavailable
from ..format import Format, Word
from ..loihi.compound import (
    changes_fit_a_message,
    compound,
    drives_fit_an_accumulator,
    values_fit_their_states,
)
from ..loihi.cores import (
    SYNAPSE_BITS,
    compartment_formats,
    in_axons,
    likely_out_axons,
    out_axons,
    synapse_bits,
    synapse_formats,
    threshold_formats,
)
from ..loihi.energy import SANAFE, sanafe_joules, sanafe_seconds, table_joules
from ..loihi.population import population
from ..loihi.registers import LOIHI_1, LOIHI_2
from ..placement import Cores, neurons
from ..populations import POPULATIONS
from ..run import Run
from ..simulator import Simulator
from ..target import Latency, Limits, Target
from ..turns import inputs_lie_on_a_known_grid

_LAVA = Simulator("lava", "lava-nc 0.10.0", "scripts/vendors lava", apart=True)
_NENGO = Simulator("nengo_loihi", "nengo-loihi 1.1.0", "scripts/vendors nengo_loihi", apart=True)

# lava-nc 0.10.0, proc/lif/models.py (AbstractPyLifModelFixed): 24 bits, u wraps, v is clipped;
# proc/dense/models.py: weights of 8 bits and a sign, and the buffer that makes a tick of delay
_FORMAT = Format(
    weight_bits=9,
    current=Word(24, "wrap"),
    potential=Word(24, "clip"),
    decay="toward_zero",
)
_LATENCY = Latency(enter=1, loop=1, leave=1, source="lava-nc 0.10.0, proc/dense/models.py (a_buff)")


def _joules(_configuration: Configuration, _run: Run) -> Estimate:
    return unavailable("energy", "J", "Intel has published no energy an event of Loihi 2")


def _seconds(_configuration: Configuration, _run: Run) -> Estimate:
    return unavailable("latency", "s", "Intel has published no time an event of Loihi 2")


LOIHI1 = Target(
    name="loihi1",
    about="Intel Loihi: binary spikes, 8-bit weights, 24-bit states",
    source="nengo-loihi 1.1.0 (block.py, builder/discretize.py); Davies et al. 2018, "
    "IEEE Micro 38(1)",
    limits=Limits(),
    # nengo-loihi 1.1.0, builder/discretize.py (Q_BITS, U_BITS) and emulator/interface.py (update)
    format=replace(_FORMAT, arrival=Word(22, "wrap"), drive=Word(24, "wrap")),
    latency=_LATENCY,
    family=POPULATIONS,
    quantize=partial(population, registers=LOIHI_1),
    cores=Cores(
        count=128,
        limits={
            "neurons": 1024,
            "in-axons": 4096,
            "out-axons": 4096,
            "synapse bits": SYNAPSE_BITS,
            "likely out-axons": 4096,
            "compartment formats": 32,
            "threshold formats": 16,
            "synapse formats": 16,
        },
        loads={
            "neurons": neurons,
            "in-axons": in_axons,
            "likely out-axons": likely_out_axons,
            "synapse bits": synapse_bits,
            "compartment formats": compartment_formats,
            "threshold formats": threshold_formats,
            "synapse formats": synapse_formats,
        },
        tallies={"out-axons": out_axons},
        source="nengo-loihi 1.1.0, block.py and hardware/validate.py (validate_core)",
    ),
    rules=(inputs_lie_on_a_known_grid,),
    simulators=(_NENGO, _LAVA),
    tools=(SANAFE,),
    energy=(sanafe_joules, table_joules),
    seconds=sanafe_seconds,
)

LOIHI2 = Target(
    name="loihi2",
    about="Intel Loihi 2: graded spikes, 8-bit weights, 24-bit states",
    source="lava-nc 0.10.0, proc/lif and proc/dense; Intel, Taking Neuromorphic Computing to the "
    "Next Level with Loihi 2 (technology brief, 2021)",
    limits=Limits(),
    format=_FORMAT,
    latency=_LATENCY,
    family=POPULATIONS,
    quantize=partial(population, registers=LOIHI_2),
    cores=Cores(
        count=128,
        limits={"neurons": 8192},
        loads={"neurons": neurons, "synapse bits": synapse_bits},
        source="technology brief, 2021: 128 cores, up to 8192 neurons each",
    ),
    rules=(inputs_lie_on_a_known_grid,),
    simulators=(_LAVA,),
    energy=(_joules,),
    seconds=_seconds,
)

# the same chip, other programs
LOIHI2_GRADED = replace(
    LOIHI2,
    name="loihi2-graded",
    about="Intel Loihi 2 with neuron programs of our own: graded changes, gates inside the neuron",
    family=COMPOUNDS,
    quantize=partial(compound, registers=LOIHI_2),
    rules=tuple(
        partial(rule, registers=LOIHI_2)
        for rule in (drives_fit_an_accumulator, values_fit_their_states, changes_fit_a_message)
    ),
)
