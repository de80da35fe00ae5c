"""Compile every GPU kernel for an H100, which needs none; print the shared memory of each, bytes.

Run by test_gpu.py in a process of its own: where Triton interprets, it does not compile.
"""

import re
import sys

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from spiking.kernels import gpu_near, gpu_wide

NEAR = {"ROWS": 16, "GATE": 0, "WIDTH": 64}
WIDE = {"ROWS": 16, "GATE": 0, "TILE": 64}
RATE = {"GATES": 4, "CELL": 0}
SPIKES = {"ABOVE": 4, "BELOW": 4, "LEARN": True}
KERNELS = {
    "near forward": (gpu_near.forward, NEAR | RATE),
    "near backward": (gpu_near.backward, NEAR | RATE),
    "near fire": (gpu_near.fire, NEAR | SPIKES),
    "wide forward": (gpu_wide.forward, WIDE | RATE | {"PRODUCT": gpu_wide.BF16}),
    "wide backward": (gpu_wide.backward, WIDE | RATE | {"PRODUCT": gpu_wide.BF16}),
    "wide fire": (gpu_wide.fire, WIDE | SPIKES),
}
EXACT = ("cell_above", "cell_below", "cell_io")


def compiled(kernel, constants):
    spikes = "LEARN" in constants

    def kind(name: str) -> str:
        if name in ("steps", "batch", "hidden"):
            return "i32"
        exact = name in EXACT or (spikes and name == "forget")
        return "constexpr" if name in constants else "*fp64" if exact else "*fp32"

    names = kernel.arg_names
    source = ASTSource(
        kernel,
        {name: kind(name) for name in names},
        {(names.index(name),): value for name, value in constants.items()},
    )
    options = {"enable_fp_fusion": not spikes}
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)


for label, (function, choices) in KERNELS.items():
    made = compiled(function, choices)
    fused = len(re.findall(r"fma\.rn\.f64", made.asm["ptx"]))
    sys.stdout.write(f"{label}: {made.metadata.shared} {fused}\n")
