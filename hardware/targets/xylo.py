"""SynSense Xylo: one recurrent layer, 8-bit weights, 16-bit states, many spikes a step."""

from __future__ import annotations

from ..target import Limits, Target
from ..xylo_core import XYLO_CORE

# every number: synsense/rockpool, docs/devices/xylo-overview.ipynb and the defaults of its mapper
_SOURCE = "rockpool 3.1.0, docs/devices/xylo-overview.ipynb"
_SIMULATOR = "ours, XyloSim (xylosim 0.1.3)"

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
    simulator=_SIMULATOR,
    source=_SOURCE,
    core=XYLO_CORE,
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
    simulator=_SIMULATOR,
    source=_SOURCE,
    core=XYLO_CORE,
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
    simulator=_SIMULATOR,
    source=_SOURCE,
    core=XYLO_CORE,
)
