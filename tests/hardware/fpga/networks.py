"""Random integer networks that no population made, for the tests of this folder."""

import shutil

import numpy as np
import pytest

from hardware import Configuration, Entry, Exit, Neurons, Quantized, Synapses
from hardware.fpga import ECP5_25K, Device, verilog_files
from hardware.network import INPUT
from hardware.placement import placed
from hardware.targets import TARGETS

TARGET = TARGETS["fpga-ecp5-25k"]
INPUT_BITS = 6

needs_icarus = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="iverilog is not installed: scripts/fpga-tools"
)
needs_verilator = pytest.mark.skipif(
    shutil.which("verilator") is None, reason="verilator is not installed: scripts/fpga-tools"
)


def drawn(seed: int, *, target: str) -> tuple[Quantized, np.ndarray]:
    """A network of one or two layers and inputs; two seeds in five leave 32 bits, one is silent."""
    kind = ("wild", "wild", "silent", "plain", "plain")[seed % 5]
    network = random_network(seed, kind=kind, layers=1 + seed % 2, target=target)
    return network, random_inputs(seed, network, steps=30)


def random_network(
    seed: int, *, kind: str = "plain", layers: int = 1, target: str = TARGET.name
) -> Quantized:
    """Gates and cells of any weights.

    kind  "plain"; "wild": states that leave 32 bits; "silent": nobody ever fires
    """
    rng = np.random.default_rng(seed)
    inputs, outputs = (int(n) for n in rng.integers(1, 5, 2))
    groups, synapses, below, size = [], [], INPUT, inputs
    high = 2**28 if kind == "wild" else 300

    def weights(rows: int, columns: int, most: int) -> np.ndarray:
        drawn = rng.integers(-most, most + 1, (rows, columns))
        return np.where(rng.random((rows, columns)) < 0.6, drawn, 0)

    for layer in range(layers):
        gates, cells = (int(n) for n in rng.integers(2, 9, 2))
        away = 10**6 if kind == "silent" else 0
        threshold = rng.integers(-100, 200, gates) + away
        zeros = np.zeros(gates, np.int64)
        gate, cell = f"g{layer}", f"c{layer}"
        groups.append(Neurons(gate, threshold, rng.integers(-60, 60, gates), zeros, zeros))
        decay = rng.choice([3900, 4095] if kind == "wild" else [0, 1, 2048, 3900, 4095], cells)
        rest = np.zeros(cells, np.int64)
        groups.append(Neurons(cell, rng.integers(0, high // 2, cells) + away, rest, decay, rest))
        synapses += [
            Synapses(below, gate, weights(gates, size, 40), 0),
            Synapses(cell, gate, weights(gates, cells, 40), 1, shift=int(rng.integers(0, 4))),
            Synapses(gate, cell, weights(cells, gates, high), 0),
        ]
        below, size = cell, cells
    nothing = np.zeros(outputs, np.int64)
    bias = rng.integers(-9, 9, outputs)
    groups.append(Neurons("out", nothing, bias, nothing, nothing, spikes=0))
    synapses.append(Synapses(below, "out", weights(outputs, size, 50), 0))
    entry = Entry(inputs, digits=INPUT_BITS)
    return Quantized(target, 1e-3, entry, Exit("out", unit=0.5), tuple(groups), tuple(synapses))


def random_inputs(seed: int, network: Quantized, steps: int = 12) -> np.ndarray:
    half = 2 ** (INPUT_BITS - 1)
    shape = (2, steps, network.entry.inputs)
    return np.random.default_rng(seed).integers(-half, half, shape).astype(np.float64)


def configured(network: Quantized, lanes: int = 3, device: Device = ECP5_25K) -> Configuration:
    """With any number of lanes."""
    files = verilog_files(network, TARGET.format, device, lanes=lanes)
    return Configuration(network, placed(network, TARGET.cores), files)
