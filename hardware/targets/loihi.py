"""Intel Loihi 1 and 2: binary or graded spikes, 24-bit states, one tick a synapse."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..format import Format, Word
from ..loihi.population import population
from ..loihi.registers import LOIHI_1, LOIHI_2
from ..populations import POPULATIONS
from ..target import Latency, Limits, Target

_FORMAT = Format(
    weight_bits=9,
    current=Word(24, "wrap"),
    potential=Word(24, "clip"),
    decay="toward_zero",
)
_LATENCY = Latency(enter=1, loop=1, leave=1, source="lava-nc 0.10.0, proc/dense/models.py (a_buff)")

LOIHI1 = Target(
    name="loihi1",
    about="Intel Loihi",
    source="",
    limits=Limits(),
    format=replace(_FORMAT, arrival=Word(22, "wrap"), drive=Word(24, "wrap")),
    latency=_LATENCY,
    family=POPULATIONS,
    quantize=partial(population, registers=LOIHI_1),
)
LOIHI2 = Target(
    name="loihi2",
    about="Intel Loihi 2",
    source="",
    limits=Limits(),
    format=_FORMAT,
    latency=_LATENCY,
    family=POPULATIONS,
    quantize=partial(population, registers=LOIHI_2),
)
