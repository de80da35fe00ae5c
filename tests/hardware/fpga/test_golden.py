"""The test bench by itself: it passes on golden vectors, and fails on one wrong bit."""

import numpy as np
import pytest

from hardware import emulate, write_files
from hardware.fpga import golden_files
from hardware.run import entered
from hardware.workers.icarus_worker import build
from hardware.workers.verilog import called
from spiking.errors import ConfigError
from tests.hardware.fpga.networks import configured, needs_icarus, random_inputs, random_network


def golden(seed: int):
    network = random_network(seed)
    configuration, inputs = configured(network), random_inputs(seed, network)
    names = [group.name for group in network.groups]
    trace = emulate(network, inputs, watched=names).trace
    return configuration, golden_files(configuration, entered(network, inputs), trace)


@needs_icarus
def test_it_passes_and_one_wrong_bit_fails(tmp_path) -> None:
    configuration, vectors = golden(4)
    write_files(configuration, tmp_path)
    for name, data in vectors.items():
        (tmp_path / name).write_bytes(data)
    command = build(tmp_path)
    said = called(command, tmp_path)
    neurons = len(vectors["expected.hex"].splitlines())
    assert said.startswith(f"PASS neurons {neurons} states ")
    lines = vectors["expected.hex"].splitlines()
    lines[7] = f"{int(lines[7], 16) ^ 1:0{len(lines[7])}x}".encode()
    (tmp_path / "expected.hex").write_bytes(b"\n".join(lines))
    assert "FAIL 1 differences" in called(command, tmp_path)


def test_states_that_were_not_watched_are_asked_for() -> None:
    network = random_network(4)
    configuration, inputs = configured(network), random_inputs(4, network)
    with pytest.raises(ConfigError, match="g0"):
        golden_files(configuration, entered(network, inputs), emulate(network, inputs).trace)


def test_a_line_is_a_spike_above_a_state() -> None:
    configuration, vectors = golden(4)
    network, inputs = configuration.network, random_inputs(4, configuration.network)
    ours = emulate(network, inputs, watched=["g0"])
    first = vectors["expected.hex"].splitlines()[0]
    bits = int(
        configuration.files["network.vh"].decode().split("localparam STATE = ")[1].split(";")[0]
    )
    state = int(ours.trace.currents["g0"][0, 0, 0] + network.groups[0].bias[0])
    fires = int(ours.trace.spikes["g0"][0, 0, 0])
    assert int(first, 16) == (fires << bits) | (state & (2**bits - 1))
    assert np.array_equal(ours.outputs, emulate(network, inputs).outputs)
