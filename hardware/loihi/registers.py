"""The registers of Loihi: how wide each number is that a neuron core holds."""

from __future__ import annotations

from dataclasses import dataclass

# a synaptic weight and a threshold enter the 24-bit states shifted left by so many bits
ALIGN = 6


@dataclass(frozen=True)
class Registers:
    """Widths in bits, signs included.

    weight           mantissa; with both signs in one connection the lowest bit is lost
    exponents        of weights: least and largest; below 0 a tick's sum is shifted right
    decay            unsigned: 4096ths that a state loses in a tick, for a current one more
    threshold        unsigned mantissa, shifted by ALIGN
    bias             mantissa
    bias_exponent    largest
    accumulator      of what arrives at a neuron in one tick
    message          of a graded spike's payload, 0 where spikes are binary
    """

    weight: int
    exponents: tuple[int, int]
    decay: int
    threshold: int
    bias: int
    bias_exponent: int
    accumulator: int
    message: int

    @property
    def top_weight(self) -> int:
        """The largest mantissa."""
        return (1 << self.weight) - 1

    @property
    def top_threshold(self) -> int:
        """The largest threshold, as a potential."""
        return ((1 << self.threshold) - 1) << ALIGN

    @property
    def top_bias(self) -> int:
        """The largest bias, as a potential."""
        return ((1 << self.bias - 1) - 1) << self.bias_exponent

    @property
    def top_sum(self) -> int:
        """The largest sum that can arrive in a tick."""
        return (1 << self.accumulator - 1) - 1


# nengo-loihi 1.1.0, builder/discretize.py (Q_BITS, U_BITS, VTH_MAN_MAX, BIAS_MAN_MAX, BIAS_EXP_MAX)
# and block.py (SynapseConfig); Davies et al. 2018, IEEE Micro 38(1)
LOIHI_1 = Registers(
    weight=8,
    exponents=(0, 7),
    decay=12,
    threshold=17,
    bias=13,
    bias_exponent=7,
    accumulator=22,
    message=0,
)

# lava-nc 0.10.0, proc/lif/models.py (AbstractPyLifModelFixed), proc/dense/process.py (weight_exp,
# num_message_bits); a tick's sum has no register of its own there
LOIHI_2 = Registers(
    weight=8,
    exponents=(-8, 7),
    decay=12,
    threshold=17,
    bias=13,
    bias_exponent=7,
    accumulator=24,
    message=24,
)
