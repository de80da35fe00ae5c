"""SynSense Xylo: one recurrent layer, 8-bit weights, 16-bit states, many spikes a step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..configuration import Configuration
from ..energy import ESTIMATE, Estimate, unavailable
from ..format import Format, Word
from ..network import Quantized
from ..placement import Cores, input_synapses, neurons, synapses
from ..quantise import quantize_chain
from ..rules import CHAINS
from ..run import Run
from ..simulator import Simulator
from ..target import Latency, Limits, Target

# every limit: synsense/rockpool, docs/devices/xylo-overview.ipynb and the defaults of its mapper
_SOURCE = "rockpool 3.1.0, docs/devices/xylo-overview.ipynb"
# xylosim 0.1.3, v2, XyloIAFNeuron.cpp and XyloLayer.cpp
_FORMAT = Format(
    weight_bits=8,
    current=Word(16, "saturate"),
    potential=Word(16, "saturate"),
    decay="shift",
    add_first=True,
    fires="at",
    reset="subtract",
)
_LATENCY = Latency(enter=0, loop=1, leave=1, source="xylosim 0.1.3, XyloLayer.cpp")
_XYLOSIM = Simulator("xylosim", "0.1.3", "pip install 'subspike[xylo]'", module="xylosim")
_CORES = Cores(
    loads={"neurons": neurons, "synapses": synapses, "input synapses": input_synapses},
)

_CLOCK = 50e6  # Hz, the devices' default main clock: rockpool 3.1.0, xylo_monitor.py, afe_samna.py


def cycles(network: Quantized, run: Run) -> float:
    """Master clock cycles of a tick, on average.

        n_in (3.5 p_in n_ien + 1) + n (7 F p + 3) + n_oen p (1 + 8 n_out) + n (19 + 3 p) + 12 n_out

    n_in, n, n_out  input channels, hidden and output neurons
    n_ien, n_oen    hidden neurons with input, and that feed the output
    F               recurrent synapses of a hidden neuron on average
    p_in, p         share of channels and of hidden neurons that spike in a tick, however often

    The vendor's model: rockpool 3.1.0, power_cycles_model.py of syns61201 and syns63300, without
    aliases.
    """
    w_in, w_rec, w_out = (each.weight for each in network.synapses)
    hidden, inputs = w_in.shape
    p_in = np.count_nonzero(run.arriving) / run.arriving.size
    raster = run.trace.spikes[network.groups[0].name]
    p = np.count_nonzero(raster) / raster.size
    fan_out = np.count_nonzero(w_rec) / hidden
    entering, leaving = int(w_in.any(axis=1).sum()), int(w_out.any(axis=0).sum())
    return float(
        inputs * (3.5 * p_in * entering + 1)
        + hidden * (7 * fan_out * p + 3)
        + leaving * p * (1 + 8 * len(w_out))
        + hidden * (19 + 3 * p)
        + 12 * len(w_out)
    )


def _seconds(configuration: Configuration, run: Run) -> Estimate:
    found = cycles(configuration.network, run)
    return Estimate(
        "latency",
        found * run.ticks / _CLOCK,
        "s",
        ESTIMATE,
        "cycles model",
        "",
        f"{found:.0f} cycles a tick at 50 MHz, ticks back to back; in real time a tick is dt",
        "rockpool 3.1.0, power_cycles_model.py",
    )


def _joules(_configuration: Configuration, _run: Run) -> Estimate:
    return unavailable(
        "energy",
        "J",
        "the vendor publishes no energy an event; for comparison, keyword spotting on Xylo Audio 2 "
        "was measured at 291 uW of dynamic power (arXiv 2406.15112)",
    )


XYLO_AUDIO_3 = Target(
    name="xylo-audio3",
    about="SynSense Xylo Audio 3 (SYNS65302)",
    limits=Limits(
        inputs=16,
        hidden=992,
        outputs=16,  # 32 exist; the vendor's design rules warn above 16
        fan_out=1024,
        recurrent=31_744,  # 32 a neuron on average in each synapse; only the first is used here
        input_reach=128,
        output_reach=128,
        input_spikes=15,
        spikes=31,
        dash_bits=4,
    ),
    source=_SOURCE,
    format=_FORMAT,
    latency=_LATENCY,
    family=CHAINS,
    quantize=quantize_chain,
    cores=_CORES,
    simulators=(_XYLOSIM,),
    energy=(_joules,),
    seconds=_seconds,
)

XYLO_AUDIO_2 = replace(
    XYLO_AUDIO_3,
    name="xylo-audio2",
    about="SynSense Xylo Audio 2 (SYNS61201)",
    limits=replace(
        XYLO_AUDIO_3.limits,
        hidden=1000,
        outputs=8,
        fan_out=64,
        recurrent=32_000,  # as above, 32 a neuron
        input_reach=1000,
        output_reach=1000,
    ),
)

# half the neurons with one synapse each instead of two: 64 weights a neuron on average
XYLO_IMU = replace(
    XYLO_AUDIO_3,
    name="xylo-imu",
    about="SynSense Xylo IMU (SYNS63300)",
    limits=replace(XYLO_AUDIO_3.limits, hidden=496, fan_out=512),
)
