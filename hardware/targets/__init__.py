"""One file a family of chips; TARGETS lists them all by name."""

from ..target import Target
from .akida import AKIDA_PICO
from .digital import DIGITAL
from .fpga import FPGA_ECP5_25K, FPGA_ICE40_HX8K
from .loihi import LOIHI1, LOIHI2, LOIHI2_GRADED
from .spinnaker import SPINNAKER1, SPINNAKER2
from .xylo import XYLO_AUDIO_2, XYLO_AUDIO_3, XYLO_IMU

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        AKIDA_PICO,
        DIGITAL,
        FPGA_ECP5_25K,
        FPGA_ICE40_HX8K,
        LOIHI1,
        LOIHI2,
        LOIHI2_GRADED,
        SPINNAKER1,
        SPINNAKER2,
        XYLO_AUDIO_2,
        XYLO_AUDIO_3,
        XYLO_IMU,
    )
}

__all__ = ["TARGETS"]
