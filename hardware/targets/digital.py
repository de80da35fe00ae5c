"""A generic integer core: what the portable graph becomes when nothing may be a float."""

from __future__ import annotations

from ..integer_core import INTEGER_CORE
from ..target import Limits, Target

DIGITAL = Target(
    name="digital",
    about="generic digital core: 32-bit sums, decay m/4096, 16 fractional bits in the cell",
    limits=Limits(weight_bits=32, state_bits=32),
    simulator="ours",
    source="not a product; the decay's 12 bits are Loihi's (Davies et al. 2018, IEEE Micro 38(1))",
    core=INTEGER_CORE,
)
