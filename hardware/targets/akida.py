"""BrainChip Akida Pico: a bank of leaky integrators of 16 bits, closed over a host."""

from __future__ import annotations

from ..configuration import Configuration
from ..energy import Estimate, unavailable
from ..format import Format, Word
from ..pico.bank import MOST_CHANNELS, MOST_WORDS, STATE, filter_words, state_channels
from ..pico.mapper import AKIDA, mapped
from ..pico.population import RULES, population
from ..placement import Cores
from ..populations import POPULATIONS
from ..run import Run
from ..target import Latency, Limits, Target

_SOURCE = "akida 2.19.3, layers/stateful_recurrent.py and Model.map(PicoIP(), hw_only=True)"


def _joules(_configuration: Configuration, _run: Run) -> Estimate:
    return unavailable("energy", "J", "BrainChip publishes no energy an event")


def _seconds(_configuration: Configuration, _run: Run) -> Estimate:
    why = "akida counts no clocks without a device, and the loop over the host decides"
    return unavailable("latency", "s", why)


AKIDA_PICO = Target(
    name="akida-pico",
    about="BrainChip Akida Pico: cells in its recurrent layer, gates and thresholds on a host",
    source=_SOURCE,
    limits=Limits(),
    # a host's sums have 32 bits; a threshold below 0 is that of a neuron for negative states
    format=Format(
        weight_bits=8,
        current=Word(32, "clip"),
        potential=Word(32, "clip"),
        decay="half_up",
        fires="beyond",
        leaky=STATE,
    ),
    latency=Latency(
        enter=0, loop=1, leave=0, source="the host's loop: a step of the bank is a tick"
    ),
    family=POPULATIONS,
    quantize=population,
    rules=RULES,
    cores=Cores(
        limits={"state channels": MOST_CHANNELS, "filter words": MOST_WORDS},
        loads={"state channels": state_channels, "filter words": filter_words},
        source=_SOURCE,
    ),
    simulators=(AKIDA,),
    energy=(_joules,),
    seconds=_seconds,
    footprint=mapped,
)
