"""SynSense Xylo: one recurrent layer, 8-bit weights, 16-bit states, many spikes a step."""

from __future__ import annotations

from ..format import Format, Word
from ..placement import Cores, input_synapses, neurons, synapses
from ..quantise import quantize_chain
from ..rules import CHAINS
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

XYLO_AUDIO_2 = Target(
    name="xylo-audio2",
    about="SynSense Xylo Audio 2 (SYNS61201)",
    limits=Limits(
        inputs=16,
        hidden=1000,
        outputs=8,
        fan_out=64,
        recurrent=32_000,  # 32 a neuron on average in each synapse; only the first is used here
        input_reach=1000,
        output_reach=1000,
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
)

XYLO_IMU = Target(
    name="xylo-imu",
    about="SynSense Xylo IMU (SYNS63300)",
    limits=Limits(
        inputs=16,
        hidden=496,
        outputs=16,
        fan_out=512,
        recurrent=31_744,  # 64 a neuron on average
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
)
