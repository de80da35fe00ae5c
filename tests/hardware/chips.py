"""Random networks and graphs for the tests of this folder."""

from collections.abc import Callable
from functools import partial

import nir
import numpy as np

from hardware import TARGETS, Configuration, Entry, Exit, Neurons, Quantized, Synapses, configure
from hardware.placement import placed
from tests.hardware.fpga import networks
from tests.hardware.loihi.graded import random_graded
from tests.hardware.loihi.nets import random_network as loihi_network
from tests.hardware.pico.nets import random_network as pico_network
from tests.hardware.spinnaker.nets import random_network as spinnaker_network

DT = 1e-3


def random_network(
    seed: int, *, most: int = 20, target: str = "xylo-audio3"
) -> tuple[Quantized, np.ndarray]:
    """A Xylo network and inputs; two seeds in five saturate 16 bits, one in five is silent."""
    rng = np.random.default_rng(seed)
    hidden, inputs, outputs = rng.integers(1, most), rng.integers(1, 16), rng.integers(1, 8)
    wild = seed % 5 < 2

    def weights(*shape: int) -> np.ndarray:
        return np.where(rng.random(shape) < 0.7, rng.integers(-128, 128, shape), 0)

    def neurons(name: str, count: int, spikes: int) -> Neurons:
        reach = 32767 if wild else 500
        bias = rng.integers(-reach - 1, reach + 1, count)
        return Neurons(
            name,
            rng.integers(1, 60 if wild else 3000, count),
            np.full(count, -32768) if seed % 5 == 2 else bias,
            rng.integers(1, 16 if wild else 5, count),
            rng.integers(0, 16 if wild else 5, count),
            spikes,
        )

    network = Quantized(
        target,
        DT,
        Entry(int(inputs), "counts", most=15),
        Exit("n5_readout"),
        (neurons("n2_hidden", hidden, 31), neurons("n5_readout", outputs, 1)),
        (
            Synapses("input", "n2_hidden", weights(hidden, inputs), 0),
            Synapses("n2_hidden", "n2_hidden", weights(hidden, hidden), 1),
            Synapses("n2_hidden", "n5_readout", weights(outputs, hidden), 1),
        ),
    )
    return network, rng.integers(0, 16, (2, 20, inputs))


def configured(network: Quantized) -> Configuration:
    """`network` where its chip would put it."""
    return configure(network, placed(network, TARGETS[network.target].cores))


def cuba(size: int, **words: object) -> nir.CubaLIF:
    """Neurons as the chip has them: dash_syn 1, dash_mem 0, threshold 100."""
    ones = np.ones(size)
    given = {
        "tau_syn": 2 * DT * ones,
        "tau_mem": DT * ones,
        "r": ones,
        "v_leak": 0 * ones,
        "v_threshold": 100 * ones,
        "v_reset": 0 * ones,
        "w_in": ones,
    } | words
    return nir.CubaLIF(**{name: np.asarray(value) for name, value in given.items()})


def chain(
    inputs: int = 2,
    hidden: int = 4,
    outputs: int = 3,
    *,
    w_in: np.ndarray | None = None,
    w_rec: np.ndarray | None = None,
    w_out: np.ndarray | None = None,
    neurons: nir.CubaLIF | None = None,
    recurrent: bool = True,
) -> nir.NIRGraph:
    """A graph that fits any Xylo, unless told otherwise."""
    nodes = {
        "input": nir.Input({"input": np.array([inputs])}),
        "a": nir.Linear(np.ones((hidden, inputs)) if w_in is None else w_in),
        "b": cuba(hidden) if neurons is None else neurons,
        "c": nir.Linear(np.eye(hidden) if w_rec is None else w_rec),
        "d": nir.Linear(np.ones((outputs, hidden)) if w_out is None else w_out),
        "e": cuba(outputs),
        "output": nir.Output({"output": np.array([outputs])}),
    }
    edges = [("input", "a"), ("a", "b"), ("b", "d"), ("d", "e"), ("e", "output")]
    if recurrent:
        edges += [("b", "c"), ("c", "b")]
    else:
        nodes.pop("c")
    return nir.NIRGraph(nodes=nodes, edges=edges)


# random networks of the default suite, by simulator; benchmarks/vendor_fuzz.py takes more
NETS = {
    "akida": 40,
    "icarus": 20,
    "lava": 20,
    "nengo_loihi": 20,
    "spinnaker_arm": 40,
    "verilator": 0,
    "xylosim": 200,
}
# what simulators of a target are compared on: (seed) to a network and inputs
RANDOM: dict[str, Callable[[int], tuple[Quantized, np.ndarray]]] = (
    {
        f"xylo-{name}": partial(random_network, target=f"xylo-{name}")
        for name in ("audio2", "audio3", "imu")
    }
    | {
        "akida-pico": pico_network,
        "loihi1": partial(loihi_network, tame=True),
        "loihi2": partial(loihi_network, target="loihi2"),
        "loihi2-graded": random_graded,
        "spinnaker1": spinnaker_network,
    }
    | {name: partial(networks.drawn, target=name) for name in TARGETS if name.startswith("fpga")}
)
